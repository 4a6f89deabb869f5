// Two-dimensional convolution. Its two gradients are operators of their own, and the gradients of those are again these
// three, so derivatives of any order need nothing more.
#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/window.h"

namespace webai {
namespace {

using namespace ops;

/// Checks the attributes that all three share (C1, C2).
void check_settings(const ShapeContext& context) {
  const Attributes& attributes = context.attributes();
  context.require(input_layout(attributes) && filter_layout(attributes), "C1",
                  "layouts are nhwc or nchw for inputs, hwio, oihw, ohwi or ihwo for filters");
  context.require(within(attributes.integers("strides"), 2, 1) && within(attributes.integers("dilations"), 2, 1) &&
                      within(attributes.integers("padding"), 4, 0) && attributes.integer("groups") >= 1,
                  "C2",
                  "strides and dilations are two numbers of 1 or more, padding four of 0 or more, groups 1 or more");
}

// ---- conv2d

/// The shape of a convolution's result; checks C3 to C6 with `input` and `filter` as they stand.
Shape conv_shape(const ShapeContext& context, const Shape& input, const Shape& filter) {
  const Attributes& attributes = context.attributes();
  const Layout x = *input_layout(attributes), f = *filter_layout(attributes);
  const std::int64_t groups = attributes.integer("groups");
  context.require(input.rank() == 4 && filter.rank() == 4, "C3", "input and filter have four dimensions");
  const Dimension channels = input.dim(x[3]);
  for (const Dimension dim :
       {channels, input.dim(x[1]), input.dim(x[2]), filter.dim(0), filter.dim(1), filter.dim(2), filter.dim(3)})
    context.require(!dim.is_symbol(), "C3", "only the batch may be an open dimension");
  const std::int64_t expected = filter[f[2]], filters = filter[f[3]];
  context.require(expected <= largest_length / groups && expected * groups == channels.value(), "C4",
                  "filter expects " + std::to_string(expected) + " input channels" +
                      (groups > 1 ? " in each of " + std::to_string(groups) + " groups" : std::string()) +
                      ", input has " + std::to_string(channels.value()));
  context.require(filters % groups == 0, "C5",
                  std::to_string(filters) + " filters do not divide into " + std::to_string(groups) + " groups");
  Shape result = input.with(x[3], filters);
  for (std::size_t k = 0; k < 2; ++k) {
    const std::int64_t length = input[x[k + 1]], size = filter[f[k]];
    const auto output = size >= 1 && size <= largest_setting && length <= largest_length
                            ? side_of(attributes, k).result(length, size)
                            : std::nullopt;
    if (!output)
      context.require(false, "C6",
                      std::string(k == 0 ? "rows" : "columns") + ": a filter of " + std::to_string(size) +
                          " does not fit into " + std::to_string(length) + " with padding");
    result.set(x[k + 1], *output);
  }
  return result;
}

std::vector<Constraint> shared_constraints() {
  return {{"C1", "layouts are known ones"},
          {"C2", "strides and dilations are two numbers of 1 or more, padding four of 0 or more, groups 1 or more"},
          {"C3", "input and filter have four dimensions, all known but the batch"},
          {"C4", "input channels = the filter's channels per group x groups"},
          {"C5", "the number of filters is a multiple of groups"},
          {"C6", "the dilated filter has one tap or more and fits into the padded input"},
          {"C7", "all operands have one floating-point type"}};
}

void conv_kernel(const KernelContext& context) {
  const Operand &input = context.inputs[0], &filter = context.inputs[1], &output = context.outputs[0];
  const ConvGeometry g(context.attributes, input.shape, filter.shape, output.shape);
  const bool biased = context.inputs.size() > 2 && context.inputs[2].data != nullptr;
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t y = 0; y < g.output[0]; ++y)
      for (std::int64_t x = 0; x < g.output[1]; ++x)
        for (std::int64_t o = 0; o < g.filters; ++o) {
          const std::int64_t first = o / (g.filters / g.groups) * g.group_channels;
          double sum = 0;
          for (std::int64_t v = 0; v < g.filter[0]; ++v)
            for (std::int64_t u = 0; u < g.filter[1]; ++u) {
              const std::int64_t row = g.tap(0, y, v), column = g.tap(1, x, u);
              if (!g.inside(0, row) || !g.inside(1, column)) continue;
              for (std::int64_t i = 0; i < g.group_channels; ++i)
                sum += input.load(g.input_at(n, row, column, first + i)) * filter.load(g.filter_at(v, u, i, o));
            }
          output.store(g.output_at(n, y, x, o), biased ? sum + context.inputs[2].load(o) : sum);
        }
}

/// All three multiply each number of the (output-shaped) map with the taps of one filter.
double conv_operations(const Graph& graph, const Node& node, ValueId map, ValueId filter) {
  const Shape& taps = graph.value(filter).type.shape;
  const Layout f = *filter_layout(node.attributes);
  const double filters = std::max(1.0, elements_of_one(Shape{taps.dim(f[3])}));  // there may be none
  return 2 * elements_of_one(graph.value(map).type.shape) * elements_of_one(taps) / filters;
}

Ref input_gradient(Builder& builder, Ref dy, Ref filter, const Attributes& attributes, Integers size) {
  return builder.emit("conv2dInputGradient", {dy, filter}, conv_settings(attributes, "inputSize", std::move(size)));
}
Ref filter_gradient(Builder& builder, Ref input, Ref dy, const Attributes& attributes, Integers size) {
  return builder.emit("conv2dFilterGradient", {input, dy}, conv_settings(attributes, "filterSize", std::move(size)));
}

/// Sum of an output-shaped value over all axes but the channels.
Ref channel_sum(Builder& builder, Ref value, const Attributes& attributes) {
  const Layout x = *input_layout(attributes);
  Integers axes;
  for (std::size_t k = 0; k < 3; ++k) axes.push_back(static_cast<std::int64_t>(x[k]));
  return builder.emit("reduceSum", {value}, {{"axes", axes}});
}

OpDef conv2d() {
  OpDef op = operation(
      "conv2d",
      "Two-dimensional convolution (cross-correlation: the filter is not turned around) with an optional bias.",
      "y[n, p, q, o] = bias[o] + sum over v, u, i of x[n, p*stride + v*dilation - top, q*stride + u*dilation - left, "
      "i] * f[v, u, i, o]");
  op.inputs = {{"input", "[n, height, width, channels] or as inputLayout says"},
               {"filter", "[height, width, channels / groups, filters] or as filterLayout says"},
               {"bias", "[filters]", InputSpec::optional}};
  op.attributes = conv_attributes();
  op.constraints = shared_constraints();
  op.constraints.push_back({"C8", "the bias has one number per filter"});
  op.shape = [](ShapeContext& context) {
    check_settings(context);
    const Shape result = conv_shape(context, context.shape(0), context.shape(1));
    context.require_type(is_floating(context.type(0)) && context.type(1) == context.type(0) &&
                             (!context.has(2) || context.type(2) == context.type(0)),
                         "C7", "all operands have one floating-point type");
    const Layout x = *input_layout(context.attributes());
    context.require(!context.has(2) || context.shape(2) == Shape{result.dim(x[3])}, "C8",
                    "the bias has one number per filter, of which there are " + text_of(result.dim(x[3])));
    context.output(context.type(0), result);
  };
  op.reference = conv_kernel;
  op.operations = [](const Graph& graph, const Node& node) {
    return conv_operations(graph, node, node.outputs[0], node.inputs[1]);
  };
  op.gradient = [](GradientContext& context) {
    Builder& builder = context.builder;
    const Ref input = context.inputs[0], filter = context.inputs[1], dy = context.output_gradients[0];
    const Integers inner = image_size(*input_layout(context.attributes), builder.shape(input));
    const Integers taps = filter_size(*filter_layout(context.attributes), builder.shape(filter));
    std::vector<Ref> result = {input_gradient(builder, dy, filter, context.attributes, inner),
                               filter_gradient(builder, input, dy, context.attributes, taps)};
    if (context.inputs.size() > 2)
      result.push_back(context.inputs[2] ? channel_sum(builder, dy, context.attributes) : Ref{});
    return result;
  };
  op.takes_epilogue = true;
  op.samples = {
      {{{2, 5, 4, 3}, {3, 3, 3, 2}, {2}}},
      {{{1, 1, 1, 1}, {1, 1, 1, 1}}},
      {{{2, 7, 6, 2}, {3, 2, 2, 5}}, conv_sample({2, 1}, {1, 0, 0, 1})},
      {{{1, 7, 7, 4}, {3, 3, 2, 6}, {6}}, conv_sample({1, 2}, {1, 1, 2, 0}, {2, 1}, 2)},
      {{{1, 5, 5, 3}, {3, 3, 1, 3}}, conv_sample({1, 1}, {1, 1, 1, 1}, {1, 1}, 3)},
      {{{2, 3, 5, 4}, {2, 3, 3, 2}, {2}}, conv_sample({1, 1}, {0, 0, 0, 0}, {1, 1}, 1, "nchw", "oihw")},
      {{{1, 4, 5, 2}, {3, 2, 2, 2}}, conv_sample({1, 1}, {0, 0, 0, 0}, {1, 1}, 1, "nhwc", "ohwi")},
      {{{1, 4, 5, 2}, {2, 2, 2, 3}}, conv_sample({2, 2}, {0, 0, 0, 0}, {1, 1}, 1, "nhwc", "ihwo")},
      {{{0, 4, 4, 2}, {2, 2, 2, 3}}},
      {{{1, 0, 4, 2}, {2, 2, 2, 3}}, conv_sample({1, 1}, {1, 1, 0, 0})},
      {{{2, 9, 9, 1}, {5, 5, 1, 6}, {6}}, conv_sample({1, 1}, {2, 2, 2, 2})},
  };
  return op;
}

// ---- the gradients

OpDef conv2d_input_gradient() {
  OpDef op = operation("conv2dInputGradient",
                       "The gradient of conv2d with respect to its input; also a transposed convolution.",
                       "y[n, h, w, i] = sum over p, q, o of dy[n, p, q, o] * f[v, u, i, o] where h = p*stride + "
                       "v*dilation - top, w likewise");
  op.inputs = {{"outputGradient", "shaped like conv2d's output"}, {"filter", "as for conv2d"}};
  op.attributes = conv_attributes();
  op.attributes.push_back({"inputSize", AttributeKind::integers, std::nullopt, "height and width of conv2d's input"});
  op.constraints = shared_constraints();
  op.constraints.push_back({"C8", "conv2d of an input of inputSize gives the shape of the output gradient"});
  op.shape = [](ShapeContext& context) {
    check_settings(context);
    const Attributes& attributes = context.attributes();
    const Shape &dy = context.shape(0), &filter = context.shape(1);
    context.require(dy.rank() == 4 && filter.rank() == 4 && filter.is_concrete(), "C3",
                    "both operands have four dimensions, the filter's known");
    const Layout x = *input_layout(attributes), f = *filter_layout(attributes);
    const Integers& size = attributes.integers("inputSize");
    context.require(size.size() == 2 && std::min(size[0], size[1]) >= 0 && std::max(size[0], size[1]) <= largest_length,
                    "C8", "inputSize is height and width");
    const auto channels = multiply(filter[f[2]], attributes.integer("groups"));
    context.require(channels.has_value(), "C4", "there are too many groups");
    Shape input = dy;
    input.set(x[1], size[0]);
    input.set(x[2], size[1]);
    input.set(x[3], *channels);
    const Shape expected = conv_shape(context, input, filter);
    context.require(expected == dy, "C8", "conv2d of " + input.text() + " gives " + expected.text());
    context.require_type(is_floating(context.type(0)) && context.type(0) == context.type(1), "C7",
                         "all operands have one floating-point type");
    context.output(context.type(0), input);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &dy = context.inputs[0], &filter = context.inputs[1], &output = context.outputs[0];
    const ConvGeometry g(context.attributes, output.shape, filter.shape, dy.shape);
    const std::int64_t group_filters = g.filters / g.groups;
    for (std::int64_t n = 0; n < g.batch; ++n)
      for (std::int64_t y = 0; y < g.input[0]; ++y)
        for (std::int64_t x = 0; x < g.input[1]; ++x)
          for (std::int64_t c = 0; c < g.channels; ++c) {
            const std::int64_t first = c / g.group_channels * group_filters;
            double sum = 0;
            for (std::int64_t v = 0; v < g.filter[0]; ++v)
              for (std::int64_t u = 0; u < g.filter[1]; ++u) {
                const std::int64_t row = g.source(0, y, v), column = g.source(1, x, u);
                if (row < 0 || column < 0) continue;
                for (std::int64_t o = first; o < first + group_filters; ++o)
                  sum +=
                      dy.load(g.output_at(n, row, column, o)) * filter.load(g.filter_at(v, u, c % g.group_channels, o));
              }
            output.store(g.input_at(n, y, x, c), sum);
          }
  };
  op.operations = [](const Graph& graph, const Node& node) {
    return conv_operations(graph, node, node.inputs[0], node.inputs[1]);
  };
  op.gradient = [](GradientContext& context) {
    Builder& builder = context.builder;
    const Ref dy = context.inputs[0], filter = context.inputs[1], upstream = context.output_gradients[0];
    const Integers taps = filter_size(*filter_layout(context.attributes), builder.shape(filter));
    return std::vector<Ref>{builder.emit("conv2d", {upstream, filter}, conv_settings(context.attributes)),
                            filter_gradient(builder, upstream, dy, context.attributes, taps)};
  };
  const auto sized = [](Attributes attributes, Integers size) {
    attributes.set("inputSize", std::move(size));
    return attributes;
  };
  op.samples = {
      {{{2, 3, 2, 2}, {3, 3, 3, 2}}, {{"inputSize", Integers{5, 4}}}},
      {{{2, 3, 6, 5}, {3, 2, 2, 5}}, sized(conv_sample({2, 1}, {1, 0, 0, 1}), {7, 6})},
      {{{1, 5, 4, 6}, {3, 3, 2, 6}}, sized(conv_sample({1, 2}, {1, 1, 2, 0}, {2, 1}, 2), {7, 7})},
      {{{2, 2, 4, 3}, {2, 3, 2, 2}}, sized(conv_sample({1, 1}, {0, 0, 0, 0}, {1, 1}, 1, "nchw", "oihw"), {5, 4})},
      {{{0, 3, 3, 3}, {2, 2, 2, 3}}, {{"inputSize", Integers{4, 4}}}},
  };
  return op;
}

OpDef conv2d_filter_gradient() {
  OpDef op = operation("conv2dFilterGradient", "The gradient of conv2d with respect to its filter.",
                       "y[v, u, i, o] = sum over n, p, q of x[n, p*stride + v*dilation - top, q*stride + u*dilation - "
                       "left, i] * dy[n, p, q, o]");
  op.inputs = {{"input", "as for conv2d"}, {"outputGradient", "shaped like conv2d's output"}};
  op.attributes = conv_attributes();
  op.attributes.push_back({"filterSize", AttributeKind::integers, std::nullopt, "height and width of the filter"});
  op.constraints = shared_constraints();
  op.constraints[2] = {"C3", "input and output gradient have four dimensions, all known but the batch"};
  op.constraints[3] = {"C4", "input channels are a multiple of groups"};
  op.constraints.push_back(
      {"C8", "conv2d of the input with a filter of filterSize gives the shape of the output gradient"});
  op.shape = [](ShapeContext& context) {
    check_settings(context);
    const Attributes& attributes = context.attributes();
    const Shape &input = context.shape(0), &dy = context.shape(1);
    const Layout x = *input_layout(attributes), f = *filter_layout(attributes);
    context.require(input.rank() == 4 && dy.rank() == 4 && !input.dim(x[3]).is_symbol() && !dy.dim(x[3]).is_symbol(),
                    "C3", "both operands have four dimensions, all known but the batch");
    const Integers& size = attributes.integers("filterSize");
    context.require(size.size() == 2 && std::min(size[0], size[1]) >= 0, "C8", "filterSize is height and width");
    const std::int64_t groups = attributes.integer("groups");
    context.require(
        input[x[3]] % groups == 0, "C4",
        std::to_string(input[x[3]]) + " input channels do not divide into " + std::to_string(groups) + " groups");
    Shape filter = input;
    filter.set(f[0], size[0]);
    filter.set(f[1], size[1]);
    filter.set(f[2], input[x[3]] / groups);
    filter.set(f[3], dy[x[3]]);
    const Shape expected = conv_shape(context, input, filter);
    context.require(expected == dy, "C8",
                    "conv2d of " + input.text() + " with " + filter.text() + " gives " + expected.text());
    context.require_type(is_floating(context.type(0)) && context.type(0) == context.type(1), "C7",
                         "all operands have one floating-point type");
    context.output(context.type(0), filter);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &dy = context.inputs[1], &output = context.outputs[0];
    const ConvGeometry g(context.attributes, input.shape, output.shape, dy.shape);
    for (std::int64_t v = 0; v < g.filter[0]; ++v)
      for (std::int64_t u = 0; u < g.filter[1]; ++u)
        for (std::int64_t i = 0; i < g.group_channels; ++i)
          for (std::int64_t o = 0; o < g.filters; ++o) {
            const std::int64_t channel = o / (g.filters / g.groups) * g.group_channels + i;
            double sum = 0;
            for (std::int64_t n = 0; n < g.batch; ++n)
              for (std::int64_t p = 0; p < g.output[0]; ++p)
                for (std::int64_t q = 0; q < g.output[1]; ++q) {
                  const std::int64_t row = g.tap(0, p, v), column = g.tap(1, q, u);
                  if (g.inside(0, row) && g.inside(1, column))
                    sum += input.load(g.input_at(n, row, column, channel)) * dy.load(g.output_at(n, p, q, o));
                }
            output.store(g.filter_at(v, u, i, o), sum);
          }
  };
  op.operations = [](const Graph& graph, const Node& node) {
    return conv_operations(graph, node, node.inputs[1], node.outputs[0]);
  };
  op.gradient = [](GradientContext& context) {
    Builder& builder = context.builder;
    const Ref input = context.inputs[0], dy = context.inputs[1], upstream = context.output_gradients[0];
    const Integers inner = image_size(*input_layout(context.attributes), builder.shape(input));
    return std::vector<Ref>{input_gradient(builder, dy, upstream, context.attributes, inner),
                            builder.emit("conv2d", {input, upstream}, conv_settings(context.attributes))};
  };
  const auto sized = [](Attributes attributes, Integers size) {
    attributes.set("filterSize", std::move(size));
    return attributes;
  };
  op.takes_epilogue = true;
  op.samples = {
      {{{2, 5, 4, 3}, {2, 3, 2, 2}}, {{"filterSize", Integers{3, 3}}}},
      {{{2, 7, 6, 2}, {2, 3, 6, 5}}, sized(conv_sample({2, 1}, {1, 0, 0, 1}), {3, 2})},
      {{{1, 7, 7, 4}, {1, 5, 4, 6}}, sized(conv_sample({1, 2}, {1, 1, 2, 0}, {2, 1}, 2), {3, 3})},
      {{{2, 3, 5, 4}, {2, 2, 4, 3}}, sized(conv_sample({1, 1}, {0, 0, 0, 0}, {1, 1}, 1, "nchw", "oihw"), {2, 2})},
      {{{0, 4, 4, 2}, {0, 3, 3, 3}}, {{"filterSize", Integers{2, 2}}}},
  };
  return op;
}

}  // namespace

void add_conv(Registry& registry) {
  registry.add(conv2d());
  registry.add(conv2d_input_gradient());
  registry.add(conv2d_filter_gradient());
}

}  // namespace webai
