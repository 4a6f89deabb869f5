// Average pooling with its gradient, and pooling over whole images.
#include "core/ops/families.h"
#include "core/ops/pool.h"

namespace webai {
namespace {

using namespace ops;

AttributeSpec count_padding() {
  return {"countIncludePadding", AttributeKind::boolean, false, "divide by the whole window, padding included"};
}

/// What an average divides by: elements under the window, 0 for none.
double divisor(const Pool& pool, const Attributes& attributes, std::int64_t n, std::int64_t p, std::int64_t q,
               std::int64_t c) {
  if (attributes.boolean("countIncludePadding")) return static_cast<double>(pool.window[0] * pool.window[1]);
  double count = 0;
  pool.each_element(n, p, q, c, [&](std::int64_t) { ++count; });
  return count;
}

OpDef average_pool2d() {
  OpDef op =
      pool_operator("averagePool2d", "Mean of the elements under each window; 0 where a window sees padding alone.",
                    "y[n, p, q, c] = sum over the window of x / count");
  op.inputs = {{"input", "[n, height, width, channels] or as layout says"}};
  op.attributes.push_back(count_padding());
  op.shape = [](ShapeContext& context) {
    const Shape result = pool_shape(context, context.shape(0));
    require_floating(context);
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const Pool pool(context.attributes, input.shape, output.shape);
    pool.each_window([&](std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c, std::int64_t to) {
      double sum = 0;
      pool.each_element(n, p, q, c, [&](std::int64_t from) { sum += input.load(from); });
      const double count = divisor(pool, context.attributes, n, p, q, c);
      output.store(to, count == 0 ? 0 : sum / count);
    });
  };
  op.gradient = [](GradientContext& context) {
    Attributes attributes = context.attributes;
    const Layout layout = *image_layout(attributes.text("layout"));
    attributes.set("inputSize", image_size(layout, context.builder.shape(context.inputs[0])));
    return std::vector<Ref>{context.builder.emit("averagePool2dGradient", {context.output_gradients[0]}, attributes)};
  };
  op.samples = pool_samples();
  op.samples.push_back({{{1, 5, 7, 2}}, pool_sample({3, 2}, {2, 1}, {1, 0, 0, 1})});
  op.samples.back().attributes.set("countIncludePadding", true);
  return op;
}

OpDef average_pool2d_gradient() {
  OpDef op = pool_operator("averagePool2dGradient",
                           "The gradient of averagePool2d: each window's is shared out over its elements.",
                           "y[i] = sum over the windows w that see i of dy[w] / count of w");
  op.inputs = {{"outputGradient", "shaped like averagePool2d's output"}};
  op.attributes.push_back(count_padding());
  op.attributes.push_back(
      {"inputSize", AttributeKind::integers, std::nullopt, "height and width of averagePool2d's input"});
  op.constraints.push_back({"C6", "averagePool2d of an input of inputSize gives the shape of the output gradient"});
  op.shape = [](ShapeContext& context) {
    const auto layout = image_layout(context.attributes().text("layout"));
    const Integers& size = context.attributes().integers("inputSize");
    context.require(layout.has_value(), "C1", "layout is nhwc or nchw");
    context.require(context.shape(0).rank() == 4, "C3", "the output gradient has four dimensions");
    context.require(size.size() == 2 && std::min(size[0], size[1]) >= 0 && std::max(size[0], size[1]) <= largest_length,
                    "C6", "inputSize is height and width");
    Shape input = context.shape(0);
    input.set((*layout)[1], size[0]);
    input.set((*layout)[2], size[1]);
    const Shape expected = pool_shape(context, input);
    context.require(expected == context.shape(0), "C6",
                    "averagePool2d of " + input.text() + " gives " + expected.text());
    require_floating(context);
    context.output(context.type(0), input);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &dy = context.inputs[0], &output = context.outputs[0];
    const Pool pool(context.attributes, output.shape, dy.shape);
    const std::int64_t total = output.shape.elements();
    for (std::int64_t i = 0; i < total; ++i) output.store(i, 0);
    pool.each_window([&](std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c, std::int64_t from) {
      const double count = divisor(pool, context.attributes, n, p, q, c);
      const double share = count == 0 ? 0 : dy.load(from) / count;
      pool.each_element(n, p, q, c, [&](std::int64_t to) { output.store(to, output.load(to) + share); });
    });
  };
  op.gradient = [](GradientContext& context) {
    Attributes attributes = context.attributes;
    attributes.erase("inputSize");
    return std::vector<Ref>{context.builder.emit("averagePool2d", {context.output_gradients[0]}, attributes)};
  };
  for (const Sample& sample : paired_samples(false)) {
    Sample own{{sample.shapes[1]}, sample.attributes};
    const Attributes& attributes = sample.attributes;
    const AttributeValue* layout = attributes.find("layout");
    own.attributes.set("inputSize",
                       image_size(*image_layout(layout ? attributes.text("layout") : "nhwc"), sample.shapes[0]));
    op.samples.push_back(own);
  }
  return op;
}

// ---- over the whole image

OpDef global_pool(std::string name, const char* reduction, std::string doc, std::string formula) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.inputs = {{"input", "[n, height, width, channels] or as layout says"}};
  op.attributes = {{"keepDimensions", AttributeKind::boolean, false, "leave height and width with length 1"},
                   {"layout", AttributeKind::text, "nhwc", "order of the axes: nhwc or nchw"}};
  op.constraints = {
      {"C1", "layout is nhwc or nchw"}, {"C2", "the input has four dimensions"}, {"C3", "the input is floating-point"}};
  op.shape = [](ShapeContext& context) {
    const auto layout = image_layout(context.attributes().text("layout"));
    context.require(layout.has_value(), "C1", "layout is nhwc or nchw");
    context.require(context.shape(0).rank() == 4, "C2", "the input has four dimensions");
    context.require_type(is_floating(context.type(0)), "C3", "the input is floating-point");
    const Shape kept = context.shape(0).with((*layout)[1], 1).with((*layout)[2], 1);
    context.output(context.type(0), context.attributes().boolean("keepDimensions")
                                        ? kept
                                        : kept.without((*layout)[2]).without((*layout)[1]));
  };
  op.body = [reduction](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Layout layout = *image_layout(attributes.text("layout"));
    const Integers axes = {static_cast<std::int64_t>(layout[1]), static_cast<std::int64_t>(layout[2])};
    return std::vector<Ref>{builder.emit(reduction, {inputs[0]},
                                         {{"axes", axes}, {"keepDimensions", attributes.boolean("keepDimensions")}})};
  };
  op.samples = {{{{2, 3, 5, 4}}}, {{{2, 3, 5, 4}}, {{"layout", "nchw"}, {"keepDimensions", true}}}, {{{0, 2, 2, 3}}}};
  return op;
}

}  // namespace

void add_average_pool(Registry& registry) {
  registry.add(average_pool2d());
  registry.add(average_pool2d_gradient());
  registry.add(global_pool("globalAveragePool2d", "reduceMean", "Mean of each channel over the whole image.",
                           "y[n, c] = mean over h, w of x"));
  registry.add(global_pool("globalMaxPool2d", "reduceMax", "Greatest element of each channel over the whole image.",
                           "y[n, c] = max over h, w of x"));
}

}  // namespace webai
