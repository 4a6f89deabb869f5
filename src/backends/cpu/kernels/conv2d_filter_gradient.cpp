// Convolution's gradient with respect to its filter: for each filter row (tap, input channel) and output channel one
// chain over all output pixels. The input is read through offsets, in chunks that stay in cache; nothing is unfolded.
#include <algorithm>
#include <array>

#include "backends/cpu/kernels/conv2d.h"
#include "backends/cpu/kernels/tile.h"

namespace webai::cpu {
namespace {

constexpr std::size_t job_cost = 400'000;  // multiply-adds worth handing to another thread
constexpr std::size_t most_strip_floats = 96 * 1024;
constexpr std::size_t chunk_pixels = 512;
constexpr std::size_t epilogue_rows = 48;

std::size_t ceil_divide(std::size_t value, std::size_t divisor) { return (value + divisor - 1) / divisor; }
std::size_t aligned(std::size_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace

struct Conv2dFilterGradientPlan::Job {
  const Conv2dFilterGradientPlan* plan;
  const float* input;
  const float* output_gradient;
  float* filter_gradient;
  float* scratch;
  Epilogue epilogue;
};

Conv2dFilterGradientPlan::Conv2dFilterGradientPlan(const Conv2dShape& shape, std::size_t width, bool accumulate)
    : shape_(shape), accumulate_(accumulate) {
  const std::size_t output_height = shape.output_height(), output_width = shape.output_width();
  const std::size_t pixels = shape.batch * output_height * output_width;
  is_product_ = shape.kernel_height == 1 && shape.kernel_width == 1 && shape.stride_y == 1 && shape.stride_x == 1 &&
                shape.groups == 1 && shape.pad_top + shape.pad_bottom + shape.pad_left + shape.pad_right == 0;
  if (is_product_) {
    GemmShape product;
    product.m = shape.channels;
    product.n = shape.outputs;
    product.k = pixels;
    product.transpose_a = true;
    product.accumulate = accumulate;
    product_ = GemmPlan(product, width);
    scratch_floats_ = product_.scratch_floats;
    return;
  }
  const bool depthwise = shape.depthwise();
  tiles_ = depthwise ? &lane_tile_forms() : &tile_forms();
  groups_ = depthwise ? 1 : shape.groups;
  columns_ = shape.outputs / groups_;
  panels_ = ceil_divide(columns_, tiles_->full().width);
  const std::size_t channels = depthwise ? 1 : shape.channels / shape.groups;
  copies_ = shape.pad_top + shape.pad_bottom + shape.pad_left + shape.pad_right > 0;
  pitch_ = (shape.pad_left + shape.width + shape.pad_right) * shape.channels;
  for (std::size_t y = 0; y < shape.kernel_height; ++y) {
    for (std::size_t x = 0; x < shape.kernel_width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) {
        row_offsets_.push_back(
            static_cast<std::ptrdiff_t>(y * shape.dilation_y * pitch_ + x * shape.dilation_x * shape.channels + c));
      }
    }
  }
  const std::size_t rows = row_offsets_.size();
  if (pixels == 0 || rows == 0 || columns_ == 0) return;

  const std::size_t reach = (shape.kernel_height - 1) * shape.dilation_y + 1;
  const auto strip_rows = [&](std::size_t out_rows) { return (out_rows - 1) * shape.stride_y + reach; };
  const std::size_t image_floats = strip_rows(output_height) * pitch_;
  if (output_height * output_width <= chunk_pixels / 2 && image_floats <= most_strip_floats) {
    chunk_images_ = std::clamp<std::size_t>(
        std::min(chunk_pixels / (output_height * output_width), most_strip_floats / image_floats), 1, shape.batch);
    chunk_rows_ = output_height;
  } else {
    const std::size_t most = std::max<std::size_t>(1, most_strip_floats / (shape.stride_y * pitch_));
    chunk_rows_ = std::min({ceil_divide(chunk_pixels, output_width), most, output_height});
    chunk_rows_ = ceil_divide(output_height, ceil_divide(output_height, chunk_rows_));
  }
  strip_rows_ = strip_rows(chunk_rows_);
  const std::size_t image_pitch = copies_ ? strip_rows_ * pitch_ : shape.height * pitch_;
  for (std::size_t image = 0; image < chunk_images_; ++image) {
    for (std::size_t row = 0; row < chunk_rows_; ++row) {
      tap_offsets_.push_back(static_cast<std::ptrdiff_t>(image * image_pitch + row * shape.stride_y * pitch_));
    }
  }

  // Jobs: a grid of filter rows and panels. Every job makes its own copies of the input and of its panels.
  row_unit_ = tiles_->narrowest(std::min(columns_, tiles_->full().width)).rows;
  const double cost = static_cast<double>(rows) * static_cast<double>(pixels) *
                      static_cast<double>(columns_ * groups_) * (depthwise ? 4 : 1);
  const double pieces = cost / static_cast<double>(job_cost);
  const std::size_t jobs = pieces < 2 ? 1 : static_cast<std::size_t>(std::min(pieces, static_cast<double>(width)));
  const std::size_t row_units = ceil_divide(rows, row_unit_);
  unit_parts_ = std::min(jobs, panels_ * groups_);
  row_parts_ = std::clamp<std::size_t>(jobs / unit_parts_, 1, row_units);
  strip_floats_ = copies_ ? aligned(chunk_images_ * strip_rows_ * pitch_) : 0;
  const bool packs = !depthwise && columns_ % tiles_->full().width != 0;
  const std::size_t panel_floats = chunk_images_ * chunk_rows_ * output_width * tiles_->full().width;
  job_floats_ = strip_floats_ + (packs ? aligned(panel_floats) : 0);
  scratch_floats_ = job_floats_ * row_parts_ * unit_parts_;
}

void Conv2dFilterGradientPlan::run(const float* input, const float* output_gradient, float* filter_gradient,
                                   float* scratch, Executor* executor, Epilogue epilogue) const noexcept {
  if (is_product_) return product_.run(input, output_gradient, filter_gradient, scratch, executor, epilogue);
  const std::size_t rows = row_offsets_.size(), columns = columns_ * groups_;
  if (rows == 0 || columns == 0) return;
  if (chunk_rows_ == 0) {  // no output pixels
    if (!accumulate_) std::fill_n(filter_gradient, rows * columns, 0.0F);
    if (epilogue.function) epilogue.function(epilogue.data, 0, 0, rows, columns, filter_gradient, columns);
    return;
  }
  Job job{this, input, output_gradient, filter_gradient, scratch, epilogue};
  const std::size_t parts = row_parts_ * unit_parts_;
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

void Conv2dFilterGradientPlan::part(const Job& job, std::size_t index) const noexcept {
  const std::size_t row_part = index / unit_parts_, unit_part = index % unit_parts_;
  const std::size_t row_units = ceil_divide(row_offsets_.size(), row_unit_), units = panels_ * groups_;
  const std::size_t row = row_units * row_part / row_parts_ * row_unit_;
  const std::size_t row_end = std::min(row_offsets_.size(), row_units * (row_part + 1) / row_parts_ * row_unit_);
  const std::size_t unit = units * unit_part / unit_parts_, unit_end = units * (unit_part + 1) / unit_parts_;
  float* strip = job.scratch + index * job_floats_;
  const std::size_t output_height = shape_.output_height(), output_width = shape_.output_width();
  for (std::size_t image = 0; image < shape_.batch; image += chunk_images_) {
    const std::size_t images = std::min(chunk_images_, shape_.batch - image);
    for (std::size_t y = 0; y < output_height; y += chunk_rows_) {
      const std::size_t rows = std::min(chunk_rows_, output_height - y);
      const float* source = windows(job.input, image, images, y, rows, strip);
      for (std::size_t u = unit; u < unit_end; ++u) {
        run_unit(job, source, (image * output_height + y) * output_width, images * rows * output_width, u, row, row_end,
                 strip + strip_floats_);
      }
    }
  }
}

/// Where the windows of output rows [row, row + rows) of some images start: in the input, or in a copy with zeros.
const float* Conv2dFilterGradientPlan::windows(const float* input, std::size_t image, std::size_t images,
                                               std::size_t row, std::size_t rows, float* strip) const noexcept {
  const Conv2dShape& s = shape_;
  const std::size_t width = s.width * s.channels, image_floats = s.height * width;
  if (!copies_) return input + image * image_floats + row * s.stride_y * pitch_;
  const std::size_t left = s.pad_left * s.channels;
  const std::size_t used = (rows - 1) * s.stride_y + (s.kernel_height - 1) * s.dilation_y + 1;
  for (std::size_t i = 0; i < images; ++i) {
    float* to = strip + i * strip_rows_ * pitch_;
    for (std::size_t y = 0; y < used; ++y, to += pitch_) {
      const std::size_t at = row * s.stride_y + y;
      if (at < s.pad_top || at - s.pad_top >= s.height) {
        std::fill_n(to, pitch_, 0.0F);
        continue;
      }
      std::fill_n(to, left, 0.0F);
      std::copy_n(input + (image + i) * image_floats + (at - s.pad_top) * width, width, to + left);
      std::fill_n(to + left + width, pitch_ - left - width, 0.0F);
    }
  }
  return strip;
}

/// Adds the products of some output pixels to filter rows [row, row_end) of one panel.
void Conv2dFilterGradientPlan::run_unit(const Job& job, const float* source, std::size_t pixel, std::size_t pixels,
                                        std::size_t unit, std::size_t row, std::size_t row_end,
                                        float* packed) const noexcept {
  const bool depthwise = shape_.depthwise();
  const std::size_t panel = tiles_->full().width;
  const std::size_t group = unit / panels_, column = unit % panels_ * panel;
  const std::size_t columns = std::min(panel, columns_ - column);
  const std::size_t out_column = group * columns_ + column;
  const TileForm& form = tiles_->narrowest(columns);
  const std::size_t output_width = shape_.output_width();

  std::array<const float*, most_tile_rows> rows;
  TileCall tile;
  tile.rows = rows.data();
  tile.a_step = static_cast<std::ptrdiff_t>(shape_.stride_x * shape_.channels);
  tile.tap_offsets = tap_offsets_.data();
  tile.taps = pixels / output_width;
  tile.depth = output_width;
  tile.b = job.output_gradient + pixel * shape_.outputs + out_column;
  tile.b_stride = shape_.outputs;
  if (!depthwise && columns != form.width) {
    pack_kernels().pack(tile.b, shape_.outputs, pixels, columns, form.width, packed);
    tile.b = packed;
    tile.b_stride = form.width;
  }
  tile.prefetch = tile.b;
  tile.columns = columns;
  tile.ldc = shape_.outputs;
  tile.accumulate = accumulate_ || pixel > 0;
  const std::size_t channel = depthwise ? column : group * (shape_.channels / shape_.groups);
  const bool last = pixel + pixels == shape_.batch * shape_.output_height() * output_width;
  std::size_t finished = row;
  for (std::size_t r = row; r < row_end;) {
    const std::size_t height = form.next_rows(row_end - r);
    for (std::size_t i = 0; i < height; ++i) rows[i] = source + row_offsets_[r + i] + channel;
    tile.c = job.filter_gradient + r * shape_.outputs + out_column;
    form.by_rows[height](tile);
    r += height;
    if (last && job.epilogue.function && (r - finished >= epilogue_rows || r == row_end)) {
      job.epilogue.function(job.epilogue.data, finished, out_column, r - finished, columns,
                            job.filter_gradient + finished * shape_.outputs + out_column, shape_.outputs);
      finished = r;
    }
  }
}

}  // namespace webai::cpu
