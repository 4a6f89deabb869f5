// Convolution's input gradient for few channels: each output pixel's products are added to the run of floats that a
// row of its window covers. The vectors are then kernel_width * channels wide instead of channels. Private to this
// folder.
#pragma once

#include <cstddef>

#include "webai/context.hpp"

namespace webai::cpu {

struct TileForms;

/// Geometry as in Conv2dShape, with one group and dense window rows (dilation 1 along x).
struct ScatterShape {
  std::size_t batch = 0, height = 0, width = 0, channels = 0;
  std::size_t output_height = 0, output_width = 0, outputs = 0;
  std::size_t kernel_height = 0, kernel_width = 0, stride_y = 1, stride_x = 1, dilation_y = 1;
  std::size_t pad_top = 0, pad_left = 0, pad_right = 0;
};

/// The chains of the tap engine in the same order (output pixels ascending, then output channels), so the same bits.
class ScatterProduct {
 public:
  ScatterProduct() = default;
  ScatterProduct(const ScatterShape& shape, std::size_t width);
  void run(const float* output_gradient, const float* filter, float* input_gradient, float* scratch,
           Executor* executor) const noexcept;
  std::size_t scratch_floats() const noexcept { return packed_floats_ + job_floats_ * parts_; }
  /// Vector work in floats, to compare with other ways.
  double cost() const noexcept;

 private:
  struct Job;
  void pack(const float* filter, float* packed) const noexcept;
  void part(const Job& job, std::size_t index) const noexcept;
  void add_images(const Job& job, std::size_t image, std::size_t images, float* sums) const noexcept;
  void add_column(const Job& job, std::size_t images, std::size_t count, std::size_t kernel_row, std::size_t column,
                  const float* from, float* to) const noexcept;

  ScatterShape shape_;
  const TileForms* tiles_ = nullptr;
  bool copies_ = false;     // sums are made beside the result, with room for what falls into the padding
  std::size_t pitch_ = 0;   // floats per row of sums
  std::size_t window_ = 0;  // floats per window row
  std::size_t chunk_images_ = 1, parts_ = 1;
  std::size_t packed_floats_ = 0, job_floats_ = 0;
};

}  // namespace webai::cpu
