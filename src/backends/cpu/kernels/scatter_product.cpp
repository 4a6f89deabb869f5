// Adds window rows of output-gradient products to the input gradient. Tiles take one output column of many rows and
// images at a time: no two rows of a tile touch the same floats.
#include "backends/cpu/kernels/scatter_product.h"

#include <algorithm>
#include <array>

#include "backends/cpu/kernels/tile.h"

namespace webai::cpu {
namespace {

constexpr double job_cost = 400'000;  // multiply-adds worth handing to another thread
constexpr std::size_t most_chunk_floats = 96 * 1024;

std::size_t ceil_divide(std::size_t value, std::size_t divisor) { return (value + divisor - 1) / divisor; }
std::size_t aligned(std::size_t floats) { return ceil_divide(floats, 16) * 16; }

}  // namespace

struct ScatterProduct::Job {
  const ScatterProduct* product;
  const float* output_gradient;
  const float* packed;
  float* input_gradient;
  float* scratch;
};

ScatterProduct::ScatterProduct(const ScatterShape& shape, std::size_t width)
    : shape_(shape),
      tiles_(&tile_forms()),
      copies_(shape.pad_left + shape.pad_right > 0),
      pitch_((shape.pad_left + shape.width + shape.pad_right) * shape.channels),
      window_(shape.kernel_width * shape.channels) {
  const double work = static_cast<double>(shape.batch * shape.output_height * shape.output_width) *
                      static_cast<double>(shape.kernel_height * window_ * shape.outputs);
  const double pieces = work / job_cost;
  const std::size_t jobs = pieces < 2 ? 1 : static_cast<std::size_t>(std::min(pieces, static_cast<double>(width)));
  parts_ = std::clamp<std::size_t>(jobs, 1, std::max<std::size_t>(1, shape.batch));
  const std::size_t image_floats = std::max<std::size_t>(1, shape.height * pitch_);
  chunk_images_ = std::clamp<std::size_t>(most_chunk_floats / image_floats, 1,
                                          std::max<std::size_t>(1, ceil_divide(shape.batch, parts_)));
  if (copies_) job_floats_ = aligned(chunk_images_ * image_floats);
  const std::size_t panel = tiles_->full().width, tail = window_ % panel;
  packed_floats_ =
      aligned(shape.kernel_height * shape.outputs * (window_ - tail + (tail ? tiles_->narrowest(tail).width : 0)));
}

double ScatterProduct::cost() const noexcept {
  const std::size_t panel = tiles_->full().width, tail = window_ % panel;
  const double lanes = static_cast<double>(window_ - tail + (tail ? tiles_->narrowest(tail).width : 0));
  // The sums are loaded and stored once for each window row: as much time as a few more products.
  return static_cast<double>(shape_.output_height * shape_.output_width * shape_.kernel_height) * lanes *
         (static_cast<double>(shape_.outputs) + 6);
}

/// Per panel of the window row and per kernel row: outputs rows of the panel's width.
void ScatterProduct::pack(const float* filter, float* packed) const noexcept {
  const std::size_t panel = tiles_->full().width;
  for (std::size_t column = 0; column < window_; column += panel) {
    const std::size_t count = std::min(panel, window_ - column), width = tiles_->narrowest(count).width;
    for (std::size_t y = 0; y < shape_.kernel_height; ++y) {
      pack_kernels().pack_transposed(filter + (y * window_ + column) * shape_.outputs, shape_.outputs, shape_.outputs,
                                     count, width, packed);
      packed += shape_.outputs * width;
    }
  }
}

void ScatterProduct::run(const float* output_gradient, const float* filter, float* input_gradient, float* scratch,
                         Executor* executor) const noexcept {
  pack(filter, scratch);
  Job job{this, output_gradient, scratch, input_gradient, scratch + packed_floats_};
  if (parts_ > 1 && executor) {
    executor->run(
        parts_,
        [](void* data, std::size_t index) {
          const Job& shared = *static_cast<const Job*>(data);
          shared.product->part(shared, index);
        },
        &job);
  } else {
    for (std::size_t index = 0; index < parts_; ++index) part(job, index);
  }
}

void ScatterProduct::part(const Job& job, std::size_t index) const noexcept {
  const ScatterShape& s = shape_;
  const std::size_t width = s.width * s.channels, left = s.pad_left * s.channels;
  const std::size_t end = s.batch * (index + 1) / parts_;
  for (std::size_t image = s.batch * index / parts_; image < end; image += chunk_images_) {
    const std::size_t images = std::min(chunk_images_, end - image);
    float* const result = job.input_gradient + image * s.height * width;
    float* const sums = copies_ ? job.scratch + index * job_floats_ : result;
    std::fill_n(sums, images * s.height * pitch_, 0.0F);
    add_images(job, image, images, sums);
    for (std::size_t row = 0; copies_ && row < images * s.height; ++row) {
      std::copy_n(sums + row * pitch_ + left, width, result + row * width);
    }
  }
}

/// Kernel rows descending are output rows ascending, as everywhere; columns ascend, and what is innermost touches
/// different floats.
void ScatterProduct::add_images(const Job& job, std::size_t image, std::size_t images, float* sums) const noexcept {
  const ScatterShape& s = shape_;
  const std::size_t panel = tiles_->full().width;
  for (std::size_t kernel_row = s.kernel_height; kernel_row-- > 0;) {
    // Output rows whose window row lies inside the image.
    const std::size_t offset = kernel_row * s.dilation_y;
    const std::size_t first = offset < s.pad_top ? ceil_divide(s.pad_top - offset, s.stride_y) : 0;
    std::size_t end = first;
    while (end < s.output_height && end * s.stride_y + offset - s.pad_top < s.height) ++end;
    if (first >= end) continue;
    for (std::size_t x = 0; x < s.output_width; ++x) {
      const float* rows = job.output_gradient + ((image * s.output_height + first) * s.output_width + x) * s.outputs;
      float* to = sums + (first * s.stride_y + offset - s.pad_top) * pitch_ + x * s.stride_x * s.channels;
      for (std::size_t column = 0; column < window_; column += panel) {
        add_column(job, images, end - first, kernel_row, column, rows, to + column);
      }
    }
  }
}

/// One panel of one kernel row at one output column: `count` output rows of each image.
void ScatterProduct::add_column(const Job& job, std::size_t images, std::size_t count, std::size_t kernel_row,
                                std::size_t column, const float* from, float* to) const noexcept {
  const ScatterShape& s = shape_;
  const std::size_t columns = std::min(tiles_->full().width, window_ - column);
  const TileForm& form = tiles_->narrowest(columns);
  const std::size_t row_floats = s.output_width * s.outputs;
  std::array<const float*, most_tile_rows> rows;
  std::array<float*, most_tile_rows> c_rows;
  TileCall tile;
  tile.rows = rows.data();
  tile.c_rows = c_rows.data();
  tile.depth = s.outputs;
  tile.b = job.packed + column * s.kernel_height * s.outputs + kernel_row * s.outputs * form.width;
  tile.b_stride = form.width;
  tile.prefetch = tile.b;
  tile.columns = columns;
  tile.accumulate = true;
  std::size_t image = 0, y = 0;
  for (std::size_t left = images * count; left > 0;) {
    const std::size_t height = form.next_rows(left);
    for (std::size_t r = 0; r < height; ++r) {
      rows[r] = from + (image * s.output_height + y) * row_floats;
      c_rows[r] = to + (image * s.height + y * s.stride_y) * pitch_;
      if (++y == count) {
        y = 0;
        ++image;
      }
    }
    form.by_rows[height](tile);
    left -= height;
  }
}

}  // namespace webai::cpu
