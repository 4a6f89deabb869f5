// Pooling over windows of images. The gradients are operators of their own; those that place and those that select are
// each other's gradients, so derivatives of any order need nothing more.
#include <cmath>

#include "core/ops/families.h"
#include "core/ops/window.h"

namespace webai {
namespace {

using namespace ops;

const Integers& strides_or_size(const Attributes& attributes) {
  const Integers& strides = attributes.integers("strides");
  return strides.empty() ? attributes.integers("poolSize") : strides;
}

Side pool_side(const Attributes& attributes, std::size_t k) {
  return side_of(strides_or_size(attributes), attributes.integers("padding"), attributes.integers("dilations"), k);
}

/// The geometry of one pooling: `input` is the large image, `output` the small one.
struct Pool {
  std::int64_t batch, channels, input[2], output[2], window[2];
  Side side[2];
  Strides input_strides, output_strides;  // in the order n h w c

  Pool(const Attributes& attributes, const Shape& input_shape, const Shape& output_shape) {
    const Layout layout = *image_layout(attributes.text("layout"));
    const Strides own_input = strides_of(input_shape), own_output = strides_of(output_shape);
    for (std::size_t k = 0; k < 4; ++k) {
      input_strides[k] = own_input[layout[k]];
      output_strides[k] = own_output[layout[k]];
    }
    batch = input_shape[layout[0]];
    channels = input_shape[layout[3]];
    for (std::size_t k = 0; k < 2; ++k) {
      input[k] = input_shape[layout[k + 1]];
      output[k] = output_shape[layout[k + 1]];
      window[k] = attributes.integers("poolSize")[k];
      side[k] = pool_side(attributes, k);
    }
  }

  /// Calls window(n, p, q, c, offset of the result) for each result.
  template <class Visit> void each_window(Visit&& visit) const {
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t p = 0; p < output[0]; ++p)
        for (std::int64_t q = 0; q < output[1]; ++q)
          for (std::int64_t c = 0; c < channels; ++c)
            visit(n, p, q, c,
                  n * output_strides[0] + p * output_strides[1] + q * output_strides[2] + c * output_strides[3]);
  }
  /// Calls visit(offset into the input) for each element under a window, padding left out.
  template <class Visit>
  void each_element(std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c, Visit&& visit) const {
    for (std::int64_t v = 0; v < window[0]; ++v)
      for (std::int64_t u = 0; u < window[1]; ++u) {
        const std::int64_t row = side[0].tap(p, v), column = side[1].tap(q, u);
        if (row >= 0 && row < input[0] && column >= 0 && column < input[1])
          visit(n * input_strides[0] + row * input_strides[1] + column * input_strides[2] + c * input_strides[3]);
      }
  }
  /// Offset of the first greatest element under a window, not-a-number being the greatest; -1 where all is padding.
  std::int64_t greatest(const Operand& image, std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t c) const {
    std::int64_t best = -1;
    double value = 0;
    each_element(n, p, q, c, [&](std::int64_t at) {
      const double next = image.load(at);
      if (best < 0 || (!std::isnan(value) && (next > value || std::isnan(next)))) {
        best = at;
        value = next;
      }
    });
    return best;
  }
};

/// Checks C1 to C4 and returns the shape of the result for an input of shape `input`.
Shape pool_shape(const ShapeContext& context, const Shape& input) {
  const Attributes& attributes = context.attributes();
  const auto layout = image_layout(attributes.text("layout"));
  context.require(layout.has_value(), "C1", "layout is nhwc or nchw");
  context.require(within(attributes.integers("poolSize"), 2, 1) && within(strides_or_size(attributes), 2, 1) &&
                      within(attributes.integers("dilations"), 2, 1) && within(attributes.integers("padding"), 4, 0),
                  "C2", "poolSize, strides and dilations are two numbers of 1 or more, padding four of 0 or more");
  context.require(input.rank() == 4 && !input.dim((*layout)[1]).is_symbol() && !input.dim((*layout)[2]).is_symbol(),
                  "C3", "the input has four dimensions, height and width known");
  Shape result = input;
  for (std::size_t k = 0; k < 2; ++k) {
    const std::int64_t length = input[(*layout)[k + 1]], size = attributes.integers("poolSize")[k];
    const auto output = length <= largest_length ? pool_side(attributes, k).result(length, size) : std::nullopt;
    if (!output)
      context.require(false, "C4",
                      std::string(k == 0 ? "rows" : "columns") + ": a window of " + std::to_string(size) +
                          " does not fit into " + std::to_string(length) + " with padding");
    result.set((*layout)[k + 1], *output);
  }
  return result;
}

OpDef pool_operator(std::string name, std::string doc, std::string formula) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.attributes = window_attributes({});
  op.attributes.insert(op.attributes.begin(),
                       {"poolSize", AttributeKind::integers, Integers{2, 2}, "height and width of the window"});
  op.attributes.push_back({"layout", AttributeKind::text, "nhwc", "order of the axes: nhwc or nchw"});
  op.constraints = {{"C1", "layout is nhwc or nchw"},
                    {"C2", "poolSize, strides and dilations are two numbers of 1 or more, padding four of 0 or more"},
                    {"C3", "the input has four dimensions, height and width known"},
                    {"C4", "the dilated window fits into the padded input"},
                    {"C5", "the operands have one floating-point type"}};
  return op;
}

void require_floating(const ShapeContext& context) {
  bool holds = is_floating(context.type(0));
  for (std::size_t i = 1; i < context.input_count(); ++i) holds = holds && context.type(i) == context.type(0);
  context.require_type(holds, "C5", "the operands have one floating-point type");
}

Attributes pool_sample(Integers size, Integers strides, Integers padding, Integers dilations = {1, 1},
                       const char* layout = "nhwc") {
  return {{"poolSize", std::move(size)},
          {"strides", std::move(strides)},
          {"padding", std::move(padding)},
          {"dilations", std::move(dilations)},
          {"layout", layout}};
}

/// Samples of the forward operators: shape of the input and attributes.
std::vector<Sample> pool_samples() {
  return {
      {{{2, 4, 6, 3}}},
      {{{1, 2, 2, 1}}},
      {{{1, 5, 7, 2}}, pool_sample({3, 2}, {2, 1}, {1, 0, 0, 1})},
      {{{2, 3, 7, 6}}, pool_sample({2, 2}, {1, 2}, {0, 1, 1, 0}, {2, 3}, "nchw")},
      {{{1, 1, 1, 2}}, pool_sample({2, 2}, {1, 1}, {1, 1, 1, 1}, {2, 2})},
      {{{0, 4, 4, 2}}},
      {{{1, 9, 9, 5}}, pool_sample({3, 3}, {2, 2}, {1, 1, 1, 1})},
  };
}

/// The same with a second operand shaped like the input (`large`) or the result.
std::vector<Sample> paired_samples(bool large) {
  std::vector<Sample> result = pool_samples();
  const std::vector<Shape> small = {{2, 2, 3, 3}, {1, 1, 1, 1}, {1, 2, 7, 2}, {2, 3, 6, 2},
                                    {1, 1, 1, 2}, {0, 2, 2, 2}, {1, 5, 5, 5}};
  for (std::size_t i = 0; i < result.size(); ++i) result[i].shapes.push_back(large ? result[i].shapes[0] : small[i]);
  return result;
}

// ---- maximum

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

// ---- average

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

void add_pool(Registry& registry) {
  registry.add(max_pool2d());
  registry.add(max_pool2d_gradient());
  registry.add(max_pool2d_select());
  registry.add(average_pool2d());
  registry.add(average_pool2d_gradient());
  registry.add(global_pool("globalAveragePool2d", "reduceMean", "Mean of each channel over the whole image.",
                           "y[n, c] = mean over h, w of x"));
  registry.add(global_pool("globalMaxPool2d", "reduceMax", "Greatest element of each channel over the whole image.",
                           "y[n, c] = max over h, w of x"));
}

}  // namespace webai
