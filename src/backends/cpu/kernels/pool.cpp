// Plans of pooling: which rows and columns each window reaches, and the split between threads.
#include "backends/cpu/kernels/pool.h"

#include <algorithm>

namespace webai::cpu {
namespace {

constexpr std::size_t job_cost = 40'000;  // elements under windows worth handing to another thread

/// The elements of one axis under each window, padding left out.
std::vector<PoolLayout::Reach> reaches(std::size_t outputs, std::size_t size, std::size_t window, std::size_t stride,
                                       std::size_t dilation, std::size_t pad) {
  std::vector<PoolLayout::Reach> result;
  result.reserve(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    const std::size_t start = o * stride;
    const std::size_t skipped = start < pad ? (pad - start + dilation - 1) / dilation : 0;
    PoolLayout::Reach reach;
    if (skipped < window && start + skipped * dilation - pad < size) {
      reach.first = start + skipped * dilation - pad;
      reach.count = std::min(window - skipped, (size - 1 - reach.first) / dilation + 1);
    }
    result.push_back(reach);
  }
  return result;
}

}  // namespace

PoolPlan::PoolPlan(const PoolShape& shape, PoolKind kind, bool count_padding, std::size_t width)
    : batch_(shape.batch), gradient_(kind == PoolKind::max_gradient || kind == PoolKind::average_gradient) {
  const PoolKernels& kernels = pool_kernels();
  kernel_ = kind == PoolKind::max            ? kernels.max
            : kind == PoolKind::max_gradient ? kernels.max_gradient
            : kind == PoolKind::average      ? kernels.average
                                             : kernels.average_gradient;
  layout_.channels = shape.channels;
  layout_.input_height = shape.height;
  layout_.input_width = shape.width;
  layout_.output_height = shape.output_height();
  layout_.output_width = shape.output_width();
  layout_.dilation_y = shape.dilation_y;
  layout_.dilation_x = shape.dilation_x;
  if (count_padding) layout_.window_size = static_cast<float>(shape.window_height * shape.window_width);
  layout_.rows = reaches(layout_.output_height, shape.height, shape.window_height, shape.stride_y, shape.dilation_y,
                         shape.pad_top);
  layout_.columns =
      reaches(layout_.output_width, shape.width, shape.window_width, shape.stride_x, shape.dilation_x, shape.pad_left);
  layout_.covers_exactly =
      shape.pad_top + shape.pad_bottom + shape.pad_left + shape.pad_right == 0 && shape.dilation_y == 1 &&
      shape.dilation_x == 1 && shape.stride_y == shape.window_height && shape.stride_x == shape.window_width &&
      layout_.output_height * shape.stride_y == shape.height && layout_.output_width * shape.stride_x == shape.width;

  const double cost = static_cast<double>(batch_ * layout_.output_height * layout_.output_width) *
                      static_cast<double>(shape.window_height * shape.window_width * shape.channels);
  const double pieces = cost / static_cast<double>(job_cost);
  const std::size_t jobs = pieces < 2 ? 1 : static_cast<std::size_t>(std::min(pieces, static_cast<double>(width)));
  image_parts_ = std::clamp<std::size_t>(jobs, 1, std::max<std::size_t>(1, batch_));
  // Rows of windows that overlap add to the same elements: one thread does them all.
  if (!gradient_ || layout_.covers_exactly) {
    row_parts_ = std::clamp<std::size_t>(jobs / image_parts_, 1, std::max<std::size_t>(1, layout_.output_height));
  }
}

struct PoolPlan::Job {
  const PoolPlan* plan;
  const float* input;
  const float* output_gradient;
  float* result;
};

void PoolPlan::run(const float* input, const float* output_gradient, float* result, Executor* executor) const noexcept {
  Job job{this, input, output_gradient, result};
  const std::size_t parts = image_parts_ * row_parts_;
  if (parts > 1 && executor) {
    executor->run(
        parts,
        [](void* data, std::size_t index) {
          const Job& shared = *static_cast<const Job*>(data);
          shared.plan->part(shared, index);
        },
        &job);
  } else {
    for (std::size_t index = 0; index < parts; ++index) part(job, index);
  }
}

void PoolPlan::part(const Job& job, std::size_t index) const noexcept {
  const std::size_t image_part = index / row_parts_, row_part = index % row_parts_;
  const std::size_t image_end = batch_ * (image_part + 1) / image_parts_;
  const std::size_t row = layout_.output_height * row_part / row_parts_;
  const std::size_t row_end = layout_.output_height * (row_part + 1) / row_parts_;
  const std::size_t inputs = layout_.input_height * layout_.input_width * layout_.channels;
  const std::size_t outputs = layout_.output_height * layout_.output_width * layout_.channels;
  for (std::size_t image = batch_ * image_part / image_parts_; image < image_end; ++image) {
    float* result = job.result + image * (gradient_ ? inputs : outputs);
    if (gradient_ && !layout_.covers_exactly) std::fill_n(result, inputs, 0.0F);
    kernel_(layout_, job.input ? job.input + image * inputs : nullptr,
            job.output_gradient ? job.output_gradient + image * outputs : nullptr, result, row, row_end);
  }
}

}  // namespace webai::cpu
