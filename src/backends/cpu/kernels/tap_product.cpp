// Convolution engine: cuts the grid into chunks whose source stays in cache, copies rows that need zeros around them,
// skips tap rows that fall outside the image, and runs register tiles over the rest.
#include "backends/cpu/kernels/tap_product.h"

#include <algorithm>
#include <array>

#include "backends/cpu/kernels/tile.h"

namespace webai::cpu {
namespace {

constexpr std::size_t job_cost = 400'000;        // multiply-adds worth handing to another thread
constexpr std::size_t strip_floats = 96 * 1024;  // of a copied piece of the source: stays in a second-level cache
constexpr std::size_t block_depth = 1024;        // k per pass over a panel of weights
constexpr std::size_t epilogue_rows = 48, epilogue_floats = 8192;

std::size_t ceil_divide(std::size_t value, std::size_t divisor) { return (value + divisor - 1) / divisor; }

}  // namespace

TapProduct::TapProduct(TapShape shape, std::size_t width)
    : shape_(std::move(shape)), tiles_(shape_.depthwise ? &lane_tile_forms() : &tile_forms()) {
  const TapShape& s = shape_;
  panel_width_ = tiles_->full().width;
  panels_ = ceil_divide(s.columns, panel_width_);
  const std::size_t tail = s.columns % panel_width_;
  group_floats_ =
      s.depthwise ? depth_total() * s.columns : depth_total() * (s.columns - tail + (tail ? width_for(tail) : 0));
  if (s.images == 0 || s.grid_height == 0 || s.grid_width == 0 || s.columns == 0) return;

  // How source rows are read, and where a tap lies from a grid point.
  const std::size_t channels = s.source_channels;
  std::size_t pad_right = 0;
  merged_ = !s.depthwise && s.depth == channels && !s.tap_x.empty();
  if (!s.tap_x.empty()) {
    if (s.tap_x.front() < 0) pad_left_ = static_cast<std::size_t>(-s.tap_x.front());
    const std::ptrdiff_t reach = static_cast<std::ptrdiff_t>((s.grid_width - 1) * s.step_x) + s.tap_x.back() -
                                 static_cast<std::ptrdiff_t>(s.source_width) + 1;
    if (reach > 0) pad_right = static_cast<std::size_t>(reach);
    for (std::size_t x = 1; x < s.tap_x.size(); ++x) merged_ = merged_ && s.tap_x[x] == s.tap_x[x - 1] + 1;
  }
  copies_ = pad_left_ + pad_right > 0;
  pitch_ = (pad_left_ + s.source_width + pad_right) * channels;
  row_taps_ = merged_ ? 1 : s.tap_x.size();
  tap_depth_ = merged_ ? s.tap_x.size() * s.depth : s.depth;
  for (const std::ptrdiff_t y : s.tap_y) {
    for (std::size_t x = 0; x < row_taps_; ++x) {
      offsets_.push_back(y * static_cast<std::ptrdiff_t>(pitch_) + s.tap_x[x] * static_cast<std::ptrdiff_t>(channels));
    }
  }
  for (std::size_t row = 0; row < s.grid_height; ++row) {
    std::size_t first = 0, end = s.tap_y.size();
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(row * s.step_y);
    while (first < end && at + s.tap_y[first] < 0) ++first;
    while (end > first && at + s.tap_y[end - 1] >= static_cast<std::ptrdiff_t>(s.source_height)) --end;
    first_row_.push_back(first);
    end_row_.push_back(end);
  }
  block_tap_rows_ = std::max<std::size_t>(1, block_depth / std::max<std::size_t>(1, row_taps_ * tap_depth_));

  // Chunks: enough grid points to pay for a pass over the weights, few enough that what they read stays in cache.
  const std::size_t image_points = s.grid_height * s.grid_width;
  const double cost = static_cast<double>(s.images * image_points) * static_cast<double>(depth_total()) *
                      static_cast<double>(s.columns * s.groups) / (s.depthwise ? static_cast<double>(1) / 4 : 1);
  const double pieces = cost / static_cast<double>(job_cost);
  const std::size_t jobs = pieces < 2 ? 1 : static_cast<std::size_t>(std::min(pieces, static_cast<double>(width)));
  const std::size_t target = packed_floats() > 64 * 1024 ? 512 : 256;
  const std::size_t image_floats = s.source_height * pitch_;
  if (image_points <= target / 2 && image_floats <= strip_floats) {
    chunk_images_ = std::min(target / image_points, strip_floats / std::max<std::size_t>(1, image_floats));
    chunk_images_ = std::clamp<std::size_t>(chunk_images_, 1, ceil_divide(s.images, jobs));
    chunk_rows_ = s.grid_height;
  } else {
    const std::size_t row_floats = std::max<std::size_t>(1, s.step_y * pitch_);
    std::size_t rows = std::min(ceil_divide(target, s.grid_width), std::max<std::size_t>(1, strip_floats / row_floats));
    if (s.images < jobs) rows = std::min(rows, ceil_divide(s.grid_height * s.images, jobs));
    chunk_rows_ = ceil_divide(s.grid_height, ceil_divide(s.grid_height, rows));
  }
  chunks_per_image_ = ceil_divide(s.grid_height, chunk_rows_);
  chunk_count_ = ceil_divide(s.images, chunk_images_) * chunks_per_image_;
  chunk_parts_ = std::min(jobs, chunk_count_);
  column_parts_ = std::clamp<std::size_t>(jobs / chunk_parts_, 1, panels_ * s.groups);
  if (copies_ && !s.tap_y.empty()) {
    const std::size_t span = static_cast<std::size_t>(s.tap_y.back() - s.tap_y.front());
    const std::size_t rows = std::min(s.source_height, (chunk_rows_ - 1) * s.step_y + span + 1);
    job_scratch_ = ceil_divide(chunk_images_ * rows * pitch_, 16) * 16;
  }
}

std::size_t TapProduct::width_for(std::size_t columns) const noexcept { return tiles_->narrowest(columns).width; }

double TapProduct::cost() const noexcept {
  std::size_t tap_rows = 0;
  for (std::size_t row = 0; row < first_row_.size(); ++row) tap_rows += end_row_[row] - first_row_[row];
  return static_cast<double>(tap_rows * shape_.grid_width * shape_.tap_x.size()) *
         static_cast<double>(shape_.depthwise ? shape_.columns
                                              : group_floats_ / std::max<std::size_t>(1, depth_total()) * shape_.depth);
}

bool TapProduct::packs_nothing() const noexcept {
  return shape_.depthwise || (shape_.groups == 1 && panels_ == 1 && width_for(shape_.columns) == shape_.columns);
}

TapProduct::Chunk TapProduct::chunk(std::size_t index) const noexcept {
  const std::size_t image = index / chunks_per_image_ * chunk_images_;
  const std::size_t row = index % chunks_per_image_ * chunk_rows_;
  return {image, std::min(chunk_images_, shape_.images - image), row, std::min(chunk_rows_, shape_.grid_height - row)};
}

struct TapProduct::Job {
  const TapProduct* product;
  const TapCall* call;
};

void TapProduct::run(const TapCall& call) const noexcept {
  Job job{this, &call};
  const std::size_t parts = chunk_parts_ * column_parts_;
  if (chunk_count_ == 0) return;
  if (parts > 1 && call.executor) {
    call.executor->run(
        parts,
        [](void* data, std::size_t index) {
          const Job& shared = *static_cast<const Job*>(data);
          shared.product->part(*shared.call, index);
        },
        &job);
  } else {
    for (std::size_t index = 0; index < parts; ++index) part(call, index);
  }
}

void TapProduct::part(const TapCall& call, std::size_t index) const noexcept {
  const std::size_t chunk_part = index / column_parts_, column_part = index % column_parts_;
  const std::size_t units = panels_ * shape_.groups;
  const std::size_t unit = units * column_part / column_parts_;
  const std::size_t unit_end = units * (column_part + 1) / column_parts_;
  const std::size_t end = chunk_count_ * (chunk_part + 1) / chunk_parts_;
  for (std::size_t c = chunk_count_ * chunk_part / chunk_parts_; c < end; ++c) {
    run_chunk(call, chunk(c), unit, unit_end - unit, call.scratch + index * job_scratch_);
  }
}

/// One chunk for `units` panels, counted over all groups.
void TapProduct::run_chunk(const TapCall& call, const Chunk& chunk, std::size_t unit, std::size_t units,
                           float* strip) const noexcept {
  const TapShape& s = shape_;
  const std::size_t width = s.source_width * s.source_channels;
  const float* source = call.source + chunk.image * s.source_height * width;
  std::size_t image_pitch = s.source_height * width;
  std::ptrdiff_t first_row = 0;
  if (copies_ && !s.tap_y.empty()) {
    first_row = std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(chunk.row * s.step_y) + s.tap_y.front());
    const std::ptrdiff_t end_row =
        std::min(static_cast<std::ptrdiff_t>(s.source_height),
                 static_cast<std::ptrdiff_t>((chunk.row + chunk.rows - 1) * s.step_y) + s.tap_y.back() + 1);
    const std::size_t rows = end_row > first_row ? static_cast<std::size_t>(end_row - first_row) : 0;
    const std::size_t left = pad_left_ * s.source_channels;
    float* to = strip;
    for (std::size_t image = 0; image < chunk.images; ++image) {
      const float* from = source + image * image_pitch + static_cast<std::size_t>(first_row) * width;
      for (std::size_t row = 0; row < rows; ++row, to += pitch_, from += width) {
        std::fill_n(to, left, 0.0F);
        std::copy_n(from, width, to + left);
        std::fill_n(to + left + width, pitch_ - left - width, 0.0F);
      }
    }
    source = strip;
    image_pitch = rows * pitch_;
  }

  const std::size_t points = chunk.images * chunk.rows * s.grid_width;
  const std::size_t start = (chunk.image * s.grid_height + chunk.row) * s.grid_width;
  const std::size_t first_column = unit / panels_ * s.columns + unit % panels_ * panel_width_;
  const std::size_t last = unit + units - 1;
  const std::size_t end_column = last / panels_ * s.columns + std::min(s.columns, (last % panels_ + 1) * panel_width_);
  const bool finish_all = points * (end_column - first_column) <= epilogue_floats;
  TapCall inner = call;
  if (finish_all) inner.epilogue = {};
  for (std::size_t u = unit; u <= last; ++u) {
    const std::size_t column = u % panels_ * panel_width_;
    const std::size_t columns = std::min(panel_width_, s.columns - column);
    std::size_t block = 0;
    do {
      const std::size_t block_end = std::min(block + block_tap_rows_, s.tap_y.size());
      run_segments(inner, chunk, source, image_pitch, first_row, u / panels_, column, columns, block, block_end);
      block = block_end;
    } while (block < s.tap_y.size());
  }
  if (finish_all && call.epilogue.function) {
    call.epilogue.function(call.epilogue.data, start, first_column, points, end_column - first_column,
                           call.destination + start * s.destination_pixel + first_column, s.destination_pixel);
  }
}

/// Tap rows [tap_begin, tap_end) of one panel for a chunk, segment by segment: a segment is a run of grid rows that
/// reach the same tap rows.
void TapProduct::run_segments(const TapCall& call, const Chunk& chunk, const float* source, std::size_t image_pitch,
                              std::ptrdiff_t first_row, std::size_t group, std::size_t column, std::size_t columns,
                              std::size_t tap_begin, std::size_t tap_end) const noexcept {
  const TapShape& s = shape_;
  const TileForm& form = tiles_->narrowest(columns);
  const float* const weights = call.weights + group * group_floats_ + (s.depthwise ? column : column * depth_total());
  const std::size_t channel = s.depthwise ? column : group * s.depth;
  const std::size_t out_column = group * s.columns + column;
  const std::size_t x_step = s.step_x * s.source_channels;
  const bool finishes = tap_end == s.tap_y.size() && call.epilogue.function;
  std::array<const float*, most_tile_rows> rows;
  std::array<float*, most_tile_rows> c_rows;
  TileCall tile;
  // Tall tiles prefer rows at an even distance: they end where a line of the grid does.
  const bool by_line = form.rows > 6 && s.grid_width >= 4;
  tile.a_row_stride = static_cast<std::ptrdiff_t>(x_step);
  tile.depth = tap_depth_;
  tile.b_stride = s.depthwise ? s.columns : form.width;
  tile.columns = columns;
  tile.ldc = s.destination_pixel;
  if (!s.dense_destination) tile.c_rows = c_rows.data();

  for (std::size_t image = 0; image < chunk.images; ++image) {
    for (std::size_t row = chunk.row; row < chunk.row + chunk.rows;) {
      std::size_t row_end = row + 1;
      while (row_end < chunk.row + chunk.rows && first_row_[row_end] == first_row_[row] &&
             end_row_[row_end] == end_row_[row]) {
        ++row_end;
      }
      const std::size_t begin = std::max(tap_begin, first_row_[row]), end = std::min(tap_end, end_row_[row]);
      const bool empty = first_row_[row] == end_row_[row];
      const std::size_t points = (row_end - row) * s.grid_width;
      const std::size_t start = ((chunk.image + image) * s.grid_height + row) * s.grid_width;
      float* const base =
          call.destination + (chunk.image + image) * s.destination_image + row * s.destination_row + out_column;
      std::size_t finished = 0;
      if (begin < end || (empty && tap_begin == 0)) {
        tile.taps = begin < end ? (end - begin) * row_taps_ : 0;
        tile.tap_offsets = offsets_.data() + begin * row_taps_;
        tile.b = weights + begin * row_taps_ * tap_depth_ * tile.b_stride;
        tile.prefetch = tile.b;
        tile.accumulate = begin < end && begin > first_row_[row];
        // Where the next row of a tile lies: along x, then down.
        const std::ptrdiff_t source_row = static_cast<std::ptrdiff_t>(row * s.step_y) - first_row;
        std::ptrdiff_t offset =
            source_row * static_cast<std::ptrdiff_t>(pitch_) +
            static_cast<std::ptrdiff_t>(image * image_pitch + pad_left_ * s.source_channels + channel);
        std::size_t x = 0, y = 0;
        for (std::size_t point = 0; point < points;) {
          const std::size_t height = form.next_rows(by_line ? s.grid_width - x : points - point);
          tile.c = base + point * s.destination_pixel;
          tile.a = source + offset + x * x_step;
          const bool even = x + height <= s.grid_width && !s.depthwise;
          tile.rows = even ? nullptr : rows.data();
          for (std::size_t r = 0; r < height && !(even && s.dense_destination); ++r) {
            rows[r] = source + offset + x * x_step;
            if (!s.dense_destination) c_rows[r] = base + y * s.destination_row + x * s.destination_pixel;
            if (++x == s.grid_width) {
              x = 0;
              ++y;
              offset += static_cast<std::ptrdiff_t>(s.step_y * pitch_);
            }
          }
          if (even && s.dense_destination) x += height;
          if (x == s.grid_width) {
            x = 0;
            ++y;
            offset += static_cast<std::ptrdiff_t>(s.step_y * pitch_);
          }
          form.by_rows[height](tile);
          point += height;
          if (finishes && point - finished >= epilogue_rows) {
            call.epilogue.function(call.epilogue.data, start + finished, out_column, point - finished, columns,
                                   base + finished * s.destination_pixel, s.destination_pixel);
            finished = point;
          }
        }
      }
      if (finishes && finished < points) {
        call.epilogue.function(call.epilogue.data, start + finished, out_column, points - finished, columns,
                               base + finished * s.destination_pixel, s.destination_pixel);
      }
      row = row_end;
    }
  }
}

}  // namespace webai::cpu
