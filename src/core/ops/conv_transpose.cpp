// Transposed convolution: the gradient of conv2d with respect to its input, used forwards.
#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/window.h"

namespace webai {
namespace {

using namespace ops;

/// conv2d's name for the layout of a transposed convolution's filter, in which inputs and outputs change places.
std::string exchanged(std::string layout) {
  for (char& letter : layout) letter = letter == 'i' ? 'o' : letter == 'o' ? 'i' : letter;
  return layout;
}

/// Length of one axis of the result, or nothing when it would be negative.
std::optional<std::int64_t> transposed_length(const Attributes& attributes, std::size_t k, std::int64_t length,
                                              std::int64_t filter) {
  const Side side = side_of(attributes, k);
  const std::int64_t extra = attributes.integers("outputPadding")[k];
  const std::int64_t result =
      (length - 1) * side.stride + (filter - 1) * side.dilation + 1 - side.before - side.after + extra;
  if (length < 1 || filter < 1 || result < 0 || side.result(result, filter) != length) return std::nullopt;
  return result;
}

OpDef conv_transpose2d() {
  OpDef op = operation("convTranspose2d",
                       "Transposed convolution with an optional bias: what conv2d does to gradients, used forwards to "
                       "make images larger.",
                       "y = bias + conv2dInputGradient(x, f)");
  op.inputs = {{"input", "[n, height, width, channels] or as inputLayout says"},
               {"filter", "[height, width, filters / groups, channels] or as filterLayout says"},
               {"bias", "[filters]", InputSpec::optional}};
  op.attributes = conv_attributes();
  op.attributes[5] = {"filterLayout", AttributeKind::text, "hwoi",
                      "order of the filter's axes: hwoi, iohw, ohwi or ihwo (i: channels, o: filters per group)"};
  op.attributes.push_back({"outputPadding", AttributeKind::integers, Integers{0, 0},
                           "rows and columns added at the end, fewer than the stride"});
  op.constraints = {
      {"C1", "layouts are known ones"},
      {"C2", "strides and dilations are two numbers of 1 or more, padding four of 0 or more, groups 1 or more"},
      {"C3", "input and filter have four dimensions, all known but the batch"},
      {"C4", "input channels = the filter's channels, a multiple of groups"},
      {"C5", "outputPadding is two numbers of 0 or more, below the stride, and the result is not smaller than nothing"},
      {"C6", "all operands have one floating-point type"},
      {"C7", "the bias has one number per filter"}};
  op.shape = [](ShapeContext& context) {
    Attributes attributes = context.attributes();
    attributes.set("filterLayout", exchanged(attributes.text("filterLayout")));
    context.require(input_layout(attributes) && filter_layout(attributes), "C1",
                    "layouts are nhwc or nchw for inputs, hwoi, iohw, ohwi or ihwo for filters");
    context.require(within(attributes.integers("strides"), 2, 1) && within(attributes.integers("dilations"), 2, 1) &&
                        within(attributes.integers("padding"), 4, 0) && attributes.integer("groups") >= 1 &&
                        attributes.integer("groups") <= largest_setting,
                    "C2",
                    "strides and dilations are two numbers of 1 or more, padding four of 0 or more, groups 1 or more");
    const Shape &input = context.shape(0), &filter = context.shape(1);
    const Layout x = *input_layout(attributes), f = *filter_layout(attributes);
    context.require(input.rank() == 4 && filter.rank() == 4 && filter.is_concrete() && !input.dim(x[1]).is_symbol() &&
                        !input.dim(x[2]).is_symbol() && !input.dim(x[3]).is_symbol(),
                    "C3", "input and filter have four dimensions, all known but the batch");
    const std::int64_t groups = attributes.integer("groups");
    context.require(filter[f[3]] == input[x[3]] && input[x[3]] % groups == 0 && filter[f[2]] <= largest_length / groups,
                    "C4",
                    "filter expects " + std::to_string(filter[f[3]]) + " input channels, input has " +
                        std::to_string(input[x[3]]) + " in " + std::to_string(groups) + " groups");
    context.require(within(attributes.integers("outputPadding"), 2, 0), "C5",
                    "outputPadding is two numbers of 0 or more");
    Shape result = input.with(x[3], filter[f[2]] * groups);
    for (std::size_t k = 0; k < 2; ++k) {
      const bool small = input[x[k + 1]] <= largest_setting && filter[f[k]] <= largest_setting;
      const auto length = small ? transposed_length(attributes, k, input[x[k + 1]], filter[f[k]]) : std::nullopt;
      context.require(length.has_value(), "C5",
                      "outputPadding is not below the stride, or the padding takes away more than there is");
      result.set(x[k + 1], *length);
    }
    context.require_type(is_floating(context.type(0)) && context.type(1) == context.type(0) &&
                             (!context.has(2) || context.type(2) == context.type(0)),
                         "C6", "all operands have one floating-point type");
    context.require(!context.has(2) || context.shape(2) == Shape{result.dim(x[3])}, "C7",
                    "the bias has one number per filter, of which there are " + text_of(result.dim(x[3])));
    context.output(context.type(0), result);
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& given) {
    Attributes attributes = given;
    attributes.set("filterLayout", exchanged(given.text("filterLayout")));
    const Layout x = *input_layout(attributes);
    const Shape input = builder.shape(inputs[0]);
    const Integers taps = filter_size(*filter_layout(attributes), builder.shape(inputs[1]));
    Integers size;
    for (std::size_t k = 0; k < 2; ++k) size.push_back(*transposed_length(attributes, k, input[x[k + 1]], taps[k]));
    Ref y = builder.emit("conv2dInputGradient", {inputs[0], inputs[1]}, conv_settings(attributes, "inputSize", size));
    if (inputs.size() > 2 && inputs[2]) {
      Shape bias{1, 1, 1, 1};
      bias.set(x[3], builder.shape(inputs[2]).dim(0));
      y = builder.emit("add", {y, reshape_to(builder, inputs[2], bias)});
    }
    return std::vector<Ref>{y};
  };
  const auto transposed = [](Attributes attributes, Integers extra, const char* filter = "hwoi") {
    attributes.set("filterLayout", filter);
    attributes.set("outputPadding", std::move(extra));
    return attributes;
  };
  op.operations = [](const Graph& graph, const Node& node) {
    const Shape &map = graph.value(node.inputs[0]).type.shape, &filter = graph.value(node.inputs[1]).type.shape;
    const Layout x = *input_layout(node.attributes);
    const double channels = std::max(1.0, elements_of_one(Shape{map.dim(x[3])}));  // there may be none
    return 2 * elements_of_one(map) / channels * elements_of_one(filter);
  };
  op.samples = {
      {{{2, 3, 4, 2}, {3, 3, 5, 2}, {5}}},
      {{{1, 3, 2, 4}, {3, 2, 3, 4}, {6}}, transposed(conv_sample({2, 3}, {1, 0, 1, 1}, {1, 2}, 2), {1, 2})},
      {{{2, 3, 2, 2}, {3, 4, 2, 2}, {4}},
       transposed(conv_sample({2, 2}, {0, 0, 0, 0}, {1, 1}, 1, "nchw"), {0, 1}, "iohw")},
      {{{0, 3, 2, 2}, {2, 2, 1, 2}}},
  };
  return op;
}

}  // namespace

void add_conv_transpose(Registry& registry) { registry.add(conv_transpose2d()); }

}  // namespace webai
