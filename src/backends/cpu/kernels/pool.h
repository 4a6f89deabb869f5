// Pooling over windows of channels-last images in fp32, with gradients. Threads split images or rows, never a window's
// sum; every sum has an order that only the shape decides.
#pragma once

#include <cstddef>
#include <vector>

#include "webai/context.hpp"

namespace webai::cpu {

/// Images [batch, height, width, channels]. A window as large as the image pools globally.
struct PoolShape {
  std::size_t batch = 1, height = 1, width = 1, channels = 1;
  std::size_t window_height = 1, window_width = 1;
  std::size_t stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  std::size_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;

  std::size_t output_height() const noexcept {
    return outputs_of(height + pad_top + pad_bottom, window_height, stride_y, dilation_y);
  }
  std::size_t output_width() const noexcept {
    return outputs_of(width + pad_left + pad_right, window_width, stride_x, dilation_x);
  }

 private:
  static std::size_t outputs_of(std::size_t size, std::size_t window, std::size_t stride, std::size_t dilation) {
    const std::size_t reach = (window - 1) * dilation + 1;
    return window == 0 || size < reach ? 0 : (size - reach) / stride + 1;
  }
};

enum class PoolKind {
  max,              ///< greatest element, not-a-number being the greatest; minus infinity under padding alone
  max_gradient,     ///< each window's gradient goes to its first greatest element, found again in the input
  average,          ///< mean of the elements under the window, or of the whole window; 0 under padding alone
  average_gradient  ///< each window's gradient is shared out over its elements
};

/// What the kernels read.
struct PoolLayout {
  std::size_t channels = 0, input_width = 0, input_height = 0, output_width = 0, output_height = 0;
  std::size_t dilation_y = 1, dilation_x = 1;
  float window_size = 0;        ///< what averages divide by, 0: the elements present
  bool covers_exactly = false;  ///< each input element lies under exactly one window: gradients are stored, not added
  /// Of each output row and column: its first input row or column under the window, and how many follow.
  struct Reach {
    std::size_t first = 0, count = 0;
  };
  std::vector<Reach> rows, columns;
};

class PoolPlan {
 public:
  PoolPlan() = default;
  /// `count_padding`: averages divide by the size of the window even where it lies over padding.
  PoolPlan(const PoolShape& shape, PoolKind kind, bool count_padding = false, std::size_t width = 1);
  /// Forward kinds read input and write an output; gradients read output_gradient (max_gradient also input) and write
  /// an input gradient. What a kind does not read may be null.
  void run(const float* input, const float* output_gradient, float* result,
           Executor* executor = nullptr) const noexcept;

 private:
  struct Job;
  void part(const Job& job, std::size_t index) const noexcept;

  using Kernel = void (*)(const PoolLayout&, const float* input, const float* output_gradient, float* result,
                          std::size_t row, std::size_t row_end);
  Kernel kernel_ = nullptr;
  PoolLayout layout_;
  std::size_t batch_ = 0;
  bool gradient_ = false;
  std::size_t image_parts_ = 1, row_parts_ = 1;
};

/// The kernels of the chosen processor target: output rows [row, row_end) of one image.
struct PoolKernels {
  void (*max)(const PoolLayout&, const float*, const float*, float*, std::size_t, std::size_t);
  void (*max_gradient)(const PoolLayout&, const float*, const float*, float*, std::size_t, std::size_t);
  void (*average)(const PoolLayout&, const float*, const float*, float*, std::size_t, std::size_t);
  void (*average_gradient)(const PoolLayout&, const float*, const float*, float*, std::size_t, std::size_t);
};
const PoolKernels& pool_kernels();

}  // namespace webai::cpu
