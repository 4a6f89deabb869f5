// Two-dimensional convolution in fp32, channels last: forward and both gradients. As with products, a plan fixes the
// geometry once, run() allocates nothing, every sum has an order that only the shape decides, and threads split
// outputs.
#pragma once

#include <cstddef>
#include <vector>

#include "backends/cpu/kernels/gemm.h"
#include "backends/cpu/kernels/scatter_product.h"
#include "backends/cpu/kernels/tap_product.h"

namespace webai::cpu {

/// Input [batch, height, width, channels], filter [kernel_height, kernel_width, channels / groups, outputs], output
/// [batch, output_height, output_width, outputs]. The kernel cross-correlates: no flip.
struct Conv2dShape {
  std::size_t batch = 1, height = 1, width = 1, channels = 1;
  std::size_t outputs = 1, kernel_height = 1, kernel_width = 1;
  std::size_t stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  std::size_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
  std::size_t groups = 1;

  std::size_t output_height() const noexcept {
    return outputs_of(height + pad_top + pad_bottom, kernel_height, stride_y, dilation_y);
  }
  std::size_t output_width() const noexcept {
    return outputs_of(width + pad_left + pad_right, kernel_width, stride_x, dilation_x);
  }
  bool depthwise() const noexcept { return groups > 1 && groups == channels && groups == outputs; }

 private:
  static std::size_t outputs_of(std::size_t size, std::size_t kernel, std::size_t stride, std::size_t dilation) {
    const std::size_t reach = (kernel - 1) * dilation + 1;
    return kernel == 0 || size < reach ? 0 : (size - reach) / stride + 1;
  }
};

/// output = convolution(input, filter), then the epilogue with row = output pixel, counted over the batch, and
/// column = output channel.
class Conv2dPlan {
 public:
  Conv2dPlan() = default;
  /// `prepacked`: the filter is given as pack() left it, as suits weights that stay for many runs.
  explicit Conv2dPlan(const Conv2dShape& shape, std::size_t width = 1, bool prepacked = false);
  /// `scratch` has scratch_floats() floats.
  void run(const float* input, const float* filter, float* output, float* scratch, Executor* executor = nullptr,
           Epilogue epilogue = {}) const noexcept;
  void pack(const float* filter, float* packed, Executor* executor = nullptr) const noexcept;
  std::size_t packed_floats() const noexcept;
  std::size_t scratch_floats() const noexcept;

 private:
  bool is_product_ = false;  // 1x1 windows over all pixels: a matrix product
  bool prepacked_ = false;
  GemmPlan product_;
  TapProduct taps_;
};

/// input_gradient = the convolution's transpose applied to output_gradient: a convolution of it for each residue of
/// the input coordinates modulo the stride.
class Conv2dInputGradientPlan {
 public:
  Conv2dInputGradientPlan() = default;
  explicit Conv2dInputGradientPlan(const Conv2dShape& shape, std::size_t width = 1);
  void run(const float* output_gradient, const float* filter, float* input_gradient, float* scratch,
           Executor* executor = nullptr) const noexcept;
  std::size_t scratch_floats() const noexcept { return scratch_floats_; }

 private:
  struct Phase {
    std::size_t origin = 0;                       // of its first pixel, in floats
    std::vector<std::size_t> filter_y, filter_x;  // the filter's row and column of each tap
    TapProduct taps;
  };
  struct Packing;
  static void pack(void* data, std::size_t index);

  Conv2dShape shape_;
  const PackKernels* packing_ = nullptr;
  bool is_product_ = false;
  GemmPlan product_;
  bool scatters_ = false;
  ScatterProduct scatter_;
  std::vector<Phase> phases_;
  std::size_t packed_offset_ = 0;
  std::size_t scratch_floats_ = 0;
};

/// filter_gradient = sum over all output pixels of input window times output gradient, pixels in ascending order.
class Conv2dFilterGradientPlan {
 public:
  Conv2dFilterGradientPlan() = default;
  /// `accumulate`: the sums start from what filter_gradient holds.
  explicit Conv2dFilterGradientPlan(const Conv2dShape& shape, std::size_t width = 1, bool accumulate = false);
  void run(const float* input, const float* output_gradient, float* filter_gradient, float* scratch,
           Executor* executor = nullptr, Epilogue epilogue = {}) const noexcept;
  std::size_t scratch_floats() const noexcept { return scratch_floats_; }

 private:
  struct Job;
  void part(const Job& job, std::size_t index) const noexcept;
  const float* windows(const float* input, std::size_t image, std::size_t images, std::size_t row, std::size_t rows,
                       float* strip) const noexcept;
  void run_unit(const Job& job, const float* source, std::size_t pixel, std::size_t pixels, std::size_t unit,
                std::size_t row, std::size_t row_end, float* packed) const noexcept;

  Conv2dShape shape_;
  bool accumulate_ = false;
  bool is_product_ = false;
  GemmPlan product_;
  const TileForms* tiles_ = nullptr;
  bool copies_ = false;                            // input rows are copied with zeros around them
  std::size_t pitch_ = 0;                          // floats per input row, as read
  std::size_t strip_rows_ = 0;                     // input rows per image of a chunk
  std::size_t chunk_images_ = 1, chunk_rows_ = 0;  // output rows summed per pass
  std::vector<std::ptrdiff_t> row_offsets_;        // where each filter row (tap, channel) of a group reads, in floats
  std::vector<std::ptrdiff_t> tap_offsets_;        // where each output row of a chunk reads
  std::size_t panels_ = 0, columns_ = 0, groups_ = 1;
  std::size_t row_unit_ = 1, row_parts_ = 1, unit_parts_ = 1;
  std::size_t strip_floats_ = 0, job_floats_ = 0;
  std::size_t scratch_floats_ = 0;
};

}  // namespace webai::cpu
