// Maximum pooling. The gradient places and its own gradient selects: each is the other's, so derivatives of any order
// need nothing more.
#include "core/ops/families.h"
#include "core/ops/pool.h"

namespace webai {
namespace {

using namespace ops;

OpDef max_pool2d() {
  OpDef op = pool_operator(
      "maxPool2d",
      "Greatest element under each window; not-a-number wins; minus infinity where a window sees padding alone.",
      "y[n, p, q, c] = max over the window of x");
  op.inputs = {{"input", "[n, height, width, channels] or as layout says"}};
  op.shape = [](ShapeContext& context) {
    const Shape result = pool_shape(context, context.shape(0));
    require_floating(context);
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const Pool pool(context.attributes, input.shape, output.shape);
    pool.each_window([&](std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c, std::int64_t to) {
      const std::int64_t from = pool.greatest(input, n, p, q, c);
      output.store(to, from < 0 ? -std::numeric_limits<double>::infinity() : input.load(from));
    });
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{context.builder.emit("maxPool2dGradient", {context.inputs[0], context.output_gradients[0]},
                                                 context.attributes)};
  };
  op.samples = pool_samples();
  return op;
}

OpDef max_pool2d_gradient() {
  OpDef op =
      pool_operator("maxPool2dGradient", "The gradient of maxPool2d: each window's goes to its first greatest element.",
                    "y[the place of window w's maximum] += dy[w]");
  op.inputs = {{"input", "as for maxPool2d"}, {"outputGradient", "shaped like maxPool2d's output"}};
  op.constraints.push_back({"C6", "the output gradient has the shape of maxPool2d's output"});
  op.shape = [](ShapeContext& context) {
    const Shape result = pool_shape(context, context.shape(0));
    context.require(context.shape(1) == result, "C6", "maxPool2d gives " + result.text());
    require_floating(context);
    context.output(context.type(0), context.shape(0));
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &dy = context.inputs[1], &output = context.outputs[0];
    const Pool pool(context.attributes, input.shape, dy.shape);
    const std::int64_t total = output.shape.elements();
    for (std::int64_t i = 0; i < total; ++i) output.store(i, 0);
    pool.each_window([&](std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c, std::int64_t from) {
      const std::int64_t to = pool.greatest(input, n, p, q, c);
      if (to >= 0) output.store(to, output.load(to) + dy.load(from));
    });
  };
  op.gradient = [](GradientContext& context) {
    // Constant in the input but for jumps; linear in the output gradient.
    return std::vector<Ref>{
        Ref{},
        context.builder.emit("maxPool2dSelect", {context.inputs[0], context.output_gradients[0]}, context.attributes)};
  };
  op.samples = paired_samples(false);
  return op;
}

OpDef max_pool2d_select() {
  OpDef op = pool_operator("maxPool2dSelect",
                           "From each window of the second operand the element at the place of the first operand's "
                           "maximum; 0 where a window sees padding alone.",
                           "y[w] = values[the place of window w's maximum in x]");
  op.inputs = {{"input", "as for maxPool2d"}, {"values", "shaped like the input"}};
  op.constraints.push_back({"C6", "input and values have one shape"});
  op.shape = [](ShapeContext& context) {
    const Shape result = pool_shape(context, context.shape(0));
    context.require(context.shape(0) == context.shape(1), "C6", "input and values have one shape");
    require_floating(context);
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &values = context.inputs[1], &output = context.outputs[0];
    const Pool pool(context.attributes, input.shape, output.shape);
    pool.each_window([&](std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c, std::int64_t to) {
      const std::int64_t from = pool.greatest(input, n, p, q, c);
      output.store(to, from < 0 ? 0 : values.load(from));
    });
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{Ref{},
                            context.builder.emit("maxPool2dGradient", {context.inputs[0], context.output_gradients[0]},
                                                 context.attributes)};
  };
  op.samples = paired_samples(true);
  return op;
}

}  // namespace

void add_max_pool(Registry& registry) {
  registry.add(max_pool2d());
  registry.add(max_pool2d_gradient());
  registry.add(max_pool2d_select());
}

}  // namespace webai
