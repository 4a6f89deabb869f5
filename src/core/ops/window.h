// Windows that slide over images, shared by convolution and pooling (and by kernels that implement them): layouts, the
// arithmetic of one axis, and the geometry of one convolution in a single order of axes.
#pragma once

#include "core/ops/support.h"

namespace webai::ops {

/// Where the axes of an input or filter stand: for images n, h, w, c; for filters h, w, i, o.
using Layout = std::array<std::size_t, 4>;

/// "nhwc" or "nchw"; nothing for another text.
std::optional<Layout> image_layout(std::string_view text);
/// "hwio", "oihw", "ohwi" or "ihwo".
std::optional<Layout> filter_layout(std::string_view text);
inline std::optional<Layout> input_layout(const Attributes& attributes) {
  return image_layout(attributes.text("inputLayout"));
}
inline std::optional<Layout> filter_layout(const Attributes& attributes) {
  return filter_layout(attributes.text("filterLayout"));
}

/// One of the two spatial axes.
struct Side {
  std::int64_t stride, before, after, dilation;
  /// Length of the result, or nothing when a window of `window` taps does not fit.
  std::optional<std::int64_t> result(std::int64_t length, std::int64_t window) const {
    const std::int64_t reach = length + before + after - ((window - 1) * dilation + 1);
    if (reach < 0) return std::nullopt;
    return reach / stride + 1;
  }
  /// Input position that tap `tap` of result position `position` reads; outside the input for padding.
  std::int64_t tap(std::int64_t position, std::int64_t tap) const {
    return position * stride - before + tap * dilation;
  }
  /// The result position whose tap `tap` reads input position `at`, or -1.
  std::int64_t source(std::int64_t at, std::int64_t tap, std::int64_t results) const {
    const std::int64_t shifted = at + before - tap * dilation;
    if (shifted < 0 || shifted % stride != 0 || shifted / stride >= results) return -1;
    return shifted / stride;
  }
};

/// Rows are side 0, columns side 1; padding is top, bottom, left, right.
Side side_of(const Integers& strides, const Integers& padding, const Integers& dilations, std::size_t side);
Side side_of(const Attributes& attributes, std::size_t side);

/// Bound on strides, paddings, dilations and window sizes, so that their sums and products stay small.
inline constexpr std::int64_t largest_setting = std::int64_t{1} << 20;
/// `count` numbers between `least` and largest_setting.
bool within(const Integers& values, std::size_t count, std::int64_t least);

/// strides, padding and dilations, with those fallbacks.
std::vector<AttributeSpec> window_attributes(Integers strides);

/// One convolution, read from the shapes of conv2d's operands: its input, its filter, its output.
struct ConvGeometry {
  std::int64_t batch, input[2], channels, filter[2], group_channels, filters, output[2], groups;
  Side side[2];
  Strides input_strides, filter_strides, output_strides;  // in the order n h w c, h w i o, n h w c

  ConvGeometry(const Attributes& attributes, const Shape& input_shape, const Shape& filter_shape,
               const Shape& output_shape);

  std::int64_t input_at(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t c) const {
    return n * input_strides[0] + y * input_strides[1] + x * input_strides[2] + c * input_strides[3];
  }
  std::int64_t output_at(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t o) const {
    return n * output_strides[0] + y * output_strides[1] + x * output_strides[2] + o * output_strides[3];
  }
  std::int64_t filter_at(std::int64_t y, std::int64_t x, std::int64_t i, std::int64_t o) const {
    return y * filter_strides[0] + x * filter_strides[1] + i * filter_strides[2] + o * filter_strides[3];
  }
  std::int64_t tap(std::size_t k, std::int64_t position, std::int64_t tap) const { return side[k].tap(position, tap); }
  bool inside(std::size_t k, std::int64_t at) const { return at >= 0 && at < input[k]; }
  std::int64_t source(std::size_t k, std::int64_t at, std::int64_t tap) const {
    return side[k].source(at, tap, output[k]);
  }
};

// ---- what the convolution files share

/// strides, padding, dilations, groups, inputLayout, filterLayout.
std::vector<AttributeSpec> conv_attributes();
/// Those of a node, and with one more.
Attributes conv_settings(const Attributes& attributes);
Attributes conv_settings(const Attributes& attributes, std::string_view name, Integers size);
/// The same, spelled out for samples.
Attributes conv_sample(Integers strides, Integers padding, Integers dilations = {1, 1}, std::int64_t groups = 1,
                       const char* input = "nhwc", const char* filter = "hwio");
/// Height and width of an image or filter.
Integers image_size(const Layout& layout, const Shape& image);
Integers filter_size(const Layout& layout, const Shape& filter);

}  // namespace webai::ops
