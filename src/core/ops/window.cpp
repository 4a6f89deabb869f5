// Layouts, settings and geometry of sliding windows.
#include "core/ops/window.h"

namespace webai::ops {
namespace {

std::optional<Layout> positions(std::string_view text, std::string_view axes) {
  Layout layout{};
  for (std::size_t k = 0; k < 4; ++k) layout[k] = text.find(axes[k]);
  return layout;
}

}  // namespace

std::optional<Layout> image_layout(std::string_view text) {
  if (text != "nhwc" && text != "nchw") return std::nullopt;
  return positions(text, "nhwc");
}

std::optional<Layout> filter_layout(std::string_view text) {
  if (text != "hwio" && text != "oihw" && text != "ohwi" && text != "ihwo") return std::nullopt;
  return positions(text, "hwio");
}

Side side_of(const Integers& strides, const Integers& padding, const Integers& dilations, std::size_t side) {
  return {strides[side], padding[2 * side], padding[2 * side + 1], dilations[side]};
}

Side side_of(const Attributes& attributes, std::size_t side) {
  return side_of(attributes.integers("strides"), attributes.integers("padding"), attributes.integers("dilations"),
                 side);
}

bool within(const Integers& values, std::size_t count, std::int64_t least) {
  return values.size() == count && std::all_of(values.begin(), values.end(), [&](std::int64_t value) {
           return value >= least && value <= largest_setting;
         });
}

std::vector<AttributeSpec> window_attributes(Integers strides) {
  const char* const strides_doc = strides.empty() ? "step of the window: rows, columns; empty: the window's size"
                                                  : "step of the window: rows, columns";
  return {{"strides", AttributeKind::integers, std::move(strides), strides_doc},
          {"padding", AttributeKind::integers, Integers{0, 0, 0, 0},
           "rows and columns put around the input: top, bottom, left, right"},
          {"dilations", AttributeKind::integers, Integers{1, 1}, "distance between the window's taps: rows, columns"}};
}

ConvGeometry::ConvGeometry(const Attributes& attributes, const Shape& input_shape, const Shape& filter_shape,
                           const Shape& output_shape) {
  const Layout x = *input_layout(attributes), f = *filter_layout(attributes);
  const Strides own_input = strides_of(input_shape), own_filter = strides_of(filter_shape);
  const Strides own_output = strides_of(output_shape);
  for (std::size_t k = 0; k < 4; ++k) {
    input_strides[k] = own_input[x[k]];
    output_strides[k] = own_output[x[k]];
    filter_strides[k] = own_filter[f[k]];
  }
  batch = input_shape[x[0]];
  channels = input_shape[x[3]];
  group_channels = filter_shape[f[2]];
  filters = filter_shape[f[3]];
  groups = attributes.integer("groups");
  for (std::size_t k = 0; k < 2; ++k) {
    input[k] = input_shape[x[k + 1]];
    output[k] = output_shape[x[k + 1]];
    filter[k] = filter_shape[f[k]];
    side[k] = side_of(attributes, k);
  }
}

std::vector<AttributeSpec> conv_attributes() {
  std::vector<AttributeSpec> result = window_attributes({1, 1});
  result.push_back(
      {"groups", AttributeKind::integer, 1, "input channels and filters are cut into so many independent groups"});
  result.push_back(
      {"inputLayout", AttributeKind::text, "nhwc", "order of the input's and output's axes: nhwc or nchw"});
  result.push_back({"filterLayout", AttributeKind::text, "hwio",
                    "order of the filter's axes: hwio, oihw, ohwi or ihwo (i: channels per group, o: filters)"});
  return result;
}

Attributes conv_settings(const Attributes& attributes) {
  Attributes result;
  for (const char* name : {"strides", "padding", "dilations", "groups", "inputLayout", "filterLayout"})
    result.set(name, *attributes.find(name));
  return result;
}

Attributes conv_settings(const Attributes& attributes, std::string_view name, Integers size) {
  Attributes result = conv_settings(attributes);
  result.set(name, std::move(size));
  return result;
}

Attributes conv_sample(Integers strides, Integers padding, Integers dilations, std::int64_t groups, const char* input,
                       const char* filter) {
  return {{"strides", std::move(strides)},
          {"padding", std::move(padding)},
          {"dilations", std::move(dilations)},
          {"groups", groups},
          {"inputLayout", input},
          {"filterLayout", filter}};
}

Integers image_size(const Layout& layout, const Shape& image) { return {image[layout[1]], image[layout[2]]}; }
Integers filter_size(const Layout& layout, const Shape& filter) { return {filter[layout[0]], filter[layout[1]]}; }

}  // namespace webai::ops
