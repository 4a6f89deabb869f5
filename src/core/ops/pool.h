// The geometry of pooling, and what the pooling operators share.
#pragma once

#include <cmath>

#include "core/ops/window.h"

namespace webai::ops {

/// strides, or poolSize where strides are empty.
const Integers& strides_or_size(const Attributes& attributes);
Side pool_side(const Attributes& attributes, std::size_t side);

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

/// Checks C1 to C4 of pool_operator and returns the shape of the result for an input of shape `input`.
Shape pool_shape(const ShapeContext& context, const Shape& input);
/// Checks its C5.
void require_floating(const ShapeContext& context);
/// The window attributes and constraints C1 to C5.
OpDef pool_operator(std::string name, std::string doc, std::string formula);

Attributes pool_sample(Integers size, Integers strides, Integers padding, Integers dilations = {1, 1},
                       const char* layout = "nhwc");
/// Samples of the forward operators: shape of the input and attributes.
std::vector<Sample> pool_samples();
/// The same with a second operand shaped like the input (`large`) or the result.
std::vector<Sample> paired_samples(bool large);

}  // namespace webai::ops
