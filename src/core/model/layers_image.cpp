// Layer types over images: convolution and pooling, height x width x channels.
#include <algorithm>

#include "core/model/layer_builder.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

void need_image(LayerBuilder& layer) {
  const Shape dims = layer.input_dims();
  if (dims.rank() == 3 && dims.is_concrete()) return;
  layer.fail(
      Code::shape_mismatch, "INPUT_DIMS",
      layer.layer().type + " expects an input of height x width x channels, got " + dims.text(),
      "give the input layer such a size, [28, 28, 1], or put {\"type\": \"reshape\", \"size\": [28, 28, 1]} in front");
}

/// top, bottom, left, right for windows of `taps` (dilated) over the input.
Integers padding_of(LayerBuilder& layer, const Integers& taps, const Integers& strides, const Integers& dilations) {
  const Json* given = layer.property("padding");
  Integers padding(4, 0);
  if (!given || (given->is_text() && given->as_text() == "valid")) return padding;
  if (given->is_text()) {  // "same": ceil(length / stride) positions, the odd one behind
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const std::int64_t length = layer.input_dims()[axis], stride = strides[axis];
      const std::int64_t reach = (taps[axis] - 1) * dilations[axis] + 1;
      const std::int64_t positions = length / stride + (length % stride != 0);
      const std::int64_t missing = std::max<std::int64_t>(0, (positions - 1) * stride + reach - length);
      padding[2 * axis] = missing / 2;
      padding[2 * axis + 1] = missing - missing / 2;
    }
    return padding;
  }
  if (given->is_number()) return Integers(4, given->as_integer().value_or(0));
  if (given->size() != 2)
    layer.fail(Code::invalid_model, "PROPERTY_VALUE", "padding has one entry for rows and one for columns",
               "one number for all four sides, or [rows, columns], where [before, after] may stand for each", "padding");
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Json entry = given->at(axis);
    for (std::size_t end = 0; end < 2; ++end)
      padding[2 * axis + end] = (entry.is_array() ? entry.at(end) : entry).as_integer().value_or(0);
  }
  return padding;
}

// Sizes and strides so large that their products overflow mean nothing; the operators have the same bound.
Integers small_counts(LayerBuilder& layer, std::string_view name) {
  constexpr std::int64_t most = std::int64_t{1} << 20;
  Integers values = layer.counts(name, 2);
  if (std::ranges::any_of(values, [](std::int64_t value) { return value > most; }))
    layer.fail(Code::limit_exceeded, "PROPERTY_VALUE", std::string(name) + " is at most " + std::to_string(most),
               "no filter reaches so far: is a digit too many there?", name);
  return values;
}

// Each sample brings filters of its own, [batch, height, width, channels / groups, filters]: the pixels under the filter
// side by side, in each group multiplied with its filters as one matrix.
Ref convolve_each(LayerBuilder& layer, Ref weights, const Shape& filter, const Attributes& attributes) {
  constexpr std::int64_t most_taps = 1024;
  const std::int64_t taps = filter[0] * filter[1], channels = filter[2], filters = filter[3];
  const std::int64_t groups = attributes.integer("groups");
  if (taps > most_taps)
    layer.fail(Code::limit_exceeded, "PROPERTY_VALUE",
               "filters that a pipe brings have at most " + std::to_string(most_taps) + " taps, not " + std::to_string(taps),
               "filters of the layer's own may be larger", "kernelSize");
  const Integers &strides = attributes.integers("strides"), &dilations = attributes.integers("dilations");
  const Integers& padding = attributes.integers("padding");  // top, bottom, left, right
  const Ref padded = layer.emit("pad", {layer.input()},
                                {{"beginningPadding", Integers{0, padding[0], padding[2], 0}},
                                 {"endingPadding", Integers{0, padding[1], padding[3], 0}}});
  const Shape dims = layer.dims(padded);
  std::int64_t positions[2];
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t reach = (filter[axis] - 1) * dilations[axis] + 1;
    if (reach > dims[axis])
      layer.fail(Code::shape_mismatch, "INPUT_DIMS", "the filter is larger than the picture with its padding",
                 "a smaller one, or \"padding\": \"same\"", "kernelSize");
    positions[axis] = (dims[axis] - reach) / strides[axis] + 1;
  }
  std::vector<Ref> patches;
  for (std::int64_t row = 0; row < filter[0]; ++row)
    for (std::int64_t column = 0; column < filter[1]; ++column) {
      const Ref seen = layer.emit("slice", {padded},
                                  {{"starts", Integers{0, row * dilations[0], column * dilations[1], 0}},
                                   {"sizes", Integers{-1, (positions[0] - 1) * strides[0] + 1, (positions[1] - 1) * strides[1] + 1, -1}},
                                   {"strides", Integers{1, strides[0], strides[1], 1}}});
      patches.push_back(layer.reshaped(seen, Shape{positions[0] * positions[1], groups, channels}));
    }
  Builder& builder = layer.builder();
  const Attributes swapped = {{"permutation", Integers{0, 2, 1, 3}}};
  const Ref side_by_side = layer.reshaped(patches.size() == 1 ? patches.front() : builder.emit("concat", patches, {{"axis", std::int64_t{-1}}}),
                                          Shape{positions[0] * positions[1], groups, taps * channels});
  const Ref matrices = layer.reshaped(weights, Shape{taps * channels, groups, filters / groups});
  const Ref products = layer.emit("matmul", {layer.emit("transpose", {side_by_side}, swapped), layer.emit("transpose", {matrices}, swapped)});
  return layer.reshaped(layer.emit("transpose", {products}, swapped), Shape{positions[0], positions[1], filters});
}

Ref convolve(LayerBuilder& layer, std::int64_t filters, std::int64_t groups) {
  const std::int64_t channels = layer.input_dims()[2];
  const Integers kernel = small_counts(layer, "kernelSize");
  const Integers strides = small_counts(layer, "strides"), dilations = small_counts(layer, "dilationRate");
  if (channels % groups != 0)
    layer.fail(Code::shape_mismatch, "GROUPS",
               std::to_string(channels) + " channels do not divide into " + std::to_string(groups) + " groups",
               "\"groups\" divides the channels of the input and the filters",
               "groups");
  const Shape shape{kernel[0], kernel[1], channels / groups, filters};
  const std::int64_t taps = kernel[0] * kernel[1];
  const std::int64_t fan_in = Shape{taps, channels / groups}.elements(),
                     fan_out = Shape{taps, filters}.elements() / groups;
  const Ref weights = layer.parameter(
      {.name = "weights", .shape = shape, .start = Initial::uniform(fan_in, fan_out), .takes_pipe = true});
  const Ref bias = layer.parameter({.name = "bias",
                                    .shape = {filters},
                                    .start = Initial::number(0),
                                    .optional = true,
                                    .takes_number = true,
                                    .takes_pipe = true});
  const Attributes attributes = {{"strides", strides},
                                 {"padding", padding_of(layer, kernel, strides, dilations)},
                                 {"dilations", dilations},
                                 {"groups", groups}};
  // The bias is added by an operator of its own: channels are last, and so it becomes an epilogue with the activation.
  const Ref value = layer.is_piped("weights") ? convolve_each(layer, weights, shape, attributes)
                                              : layer.emit("conv2d", {layer.input(), weights}, attributes);
  if (!bias) return value;
  return layer.emit("add", {value, layer.is_piped("bias") ? layer.spread_over(bias, value) : bias});
}

Ref build_conv2d(LayerBuilder& layer) {
  need_image(layer);
  return convolve(layer, layer.integer("filters"), layer.integer("groups"));
}

// Each channel has filters of its own: a convolution of as many groups as channels.
Ref build_depthwise(LayerBuilder& layer) {
  need_image(layer);
  const std::int64_t channels = layer.input_dims()[2];
  return convolve(layer, Shape{channels, layer.integer("depthMultiplier")}.elements(), channels);
}

Ref build_pool(LayerBuilder& layer) {
  need_image(layer);
  const Integers size = small_counts(layer, "poolSize");
  const Integers strides = layer.property("strides") ? small_counts(layer, "strides") : size;
  return layer.emit(layer.layer().type, {layer.input()},
                    {{"poolSize", size}, {"strides", strides}, {"padding", padding_of(layer, size, strides, {1, 1})}});
}

Ref build_global_pool(LayerBuilder& layer) {
  need_image(layer);
  return layer.emit(layer.layer().type, {layer.input()});
}

constexpr std::string_view padding_doc =
    "\"valid\": none; \"same\": the result is as large as the input divided by "
    "strides; a number, one per axis, or [before, after] per axis";

constexpr PropertyDef conv_properties[] = {
    {.name = "filters", .kind = PropertyKind::count, .doc = "how many channels come out", .required = true},
    {.name = "kernelSize", .kind = PropertyKind::counts, .doc = "height and width of the filters", .required = true},
    {.name = "strides", .kind = PropertyKind::counts, .doc = "how far the filter moves", .fallback = "1"},
    {.name = "padding", .kind = PropertyKind::padding, .doc = padding_doc, .fallback = "valid"},
    {.name = "dilationRate", .kind = PropertyKind::counts, .doc = "distance of the filter's taps", .fallback = "1"},
    {.name = "groups", .kind = PropertyKind::count, .doc = "channels are split into so many parts", .fallback = "1"},
};
constexpr PropertyDef depthwise_properties[] = {
    {.name = "depthMultiplier", .kind = PropertyKind::count, .doc = "filters for each channel", .fallback = "1"},
    {.name = "kernelSize", .kind = PropertyKind::counts, .doc = "height and width of the filters", .required = true},
    {.name = "strides", .kind = PropertyKind::counts, .doc = "how far the filter moves", .fallback = "1"},
    {.name = "padding", .kind = PropertyKind::padding, .doc = padding_doc, .fallback = "valid"},
    {.name = "dilationRate", .kind = PropertyKind::counts, .doc = "distance of the filter's taps", .fallback = "1"},
};
constexpr PropertyDef pool_properties[] = {
    {.name = "poolSize", .kind = PropertyKind::counts, .doc = "height and width of the window", .fallback = "2"},
    {.name = "strides", .kind = PropertyKind::counts, .doc = "how far the window moves; absent: poolSize"},
    {.name = "padding", .kind = PropertyKind::padding, .doc = padding_doc, .fallback = "valid"},
};
constexpr ParameterDef conv_parameters[] = {
    {"weights", "[height, width, channels / groups, filters]"},
    {"bias", "[filters]; false or null: none, a number: this constant"},
};
constexpr ParameterDef depthwise_parameters[] = {
    {"weights", "[height, width, 1, channels * depthMultiplier]"},
    {"bias", "[channels * depthMultiplier]; false or null: none, a number: this constant"},
};

constexpr LayerDef image_definitions[] = {
    {.name = "conv2d",
     .doc = "Two-dimensional convolution with a bias.",
     .properties = conv_properties,
     .parameters = conv_parameters,
     .takes_default_activation = true,
     .build = build_conv2d},
    {.name = "depthwiseConv2d",
     .doc = "Convolution of each channel by itself.",
     .properties = depthwise_properties,
     .parameters = depthwise_parameters,
     .takes_default_activation = true,
     .build = build_depthwise},
    {.name = "maxPool2d",
     .doc = "The largest value under a moving window.",
     .properties = pool_properties,
     .build = build_pool},
    {.name = "averagePool2d",
     .doc = "The mean under a moving window, padding left out.",
     .properties = pool_properties,
     .build = build_pool},
    {.name = "globalAveragePool2d", .doc = "The mean of each channel.", .build = build_global_pool},
    {.name = "globalMaxPool2d", .doc = "The largest value of each channel.", .build = build_global_pool},
};

}  // namespace

std::span<const LayerDef> image_layers() { return image_definitions; }

}  // namespace webai
