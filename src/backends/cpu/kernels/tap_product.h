// The engine under convolution and its input gradient: for each point of a grid over an image, the product of the
// pixels under a set of taps with a matrix of weights. Private to this folder.
#pragma once

#include <cstddef>
#include <vector>

#include "backends/cpu/kernels/gemm.h"

namespace webai::cpu {

/// What is computed: destination(g) = sum over tap rows y, tap columns x and channels c, ascending, of
/// source(g * step + (tap_y[y], tap_x[x]))[c] * weights[y][x][c]; pixels outside the source count as zero.
struct TapShape {
  std::size_t images = 0, source_height = 0, source_width = 0, source_channels = 0;
  std::size_t grid_height = 0, grid_width = 0, step_y = 1, step_x = 1;
  std::vector<std::ptrdiff_t> tap_y, tap_x;        ///< ascending offsets in source pixels
  std::size_t groups = 1, depth = 0, columns = 0;  ///< channels read and outputs written per group
  bool depthwise = false;  ///< one channel in, the same out: depth is 1, columns all channels, groups 1
  // Grid point (i, y, x) is written at destination + i * image + y * row + x * pixel (floats).
  std::size_t destination_image = 0, destination_row = 0, destination_pixel = 0;
  bool dense_destination = true;  ///< those follow each other without gaps
};

struct TapCall {
  const float* source = nullptr;
  const float* weights = nullptr;  ///< per group: panels as packed by pack_weights, or plain rows if `plain`
  float* destination = nullptr;
  float* scratch = nullptr;
  Executor* executor = nullptr;
  Epilogue epilogue = {};  ///< dense destinations only
};

class TapProduct {
 public:
  TapProduct() = default;
  TapProduct(TapShape shape, std::size_t width);

  void run(const TapCall& call) const noexcept;
  std::size_t scratch_floats() const noexcept { return job_scratch_ * chunk_parts_ * column_parts_; }

  /// Weights of one group are depth_total() rows of shape.columns floats, in panels of the tile kernels' widths:
  /// panel after panel, rows within. One panel starts at panel_offset of its first column.
  std::size_t depth_total() const noexcept { return shape_.tap_y.size() * shape_.tap_x.size() * shape_.depth; }
  std::size_t packed_floats() const noexcept { return shape_.groups * group_floats_; }
  std::size_t group_floats() const noexcept { return group_floats_; }
  std::size_t panel_width() const noexcept { return panel_width_; }
  std::size_t units() const noexcept { return panels_ * shape_.groups; }  ///< panels of all groups
  std::size_t width_for(std::size_t columns) const noexcept;
  /// Dense weights already have the packed form.
  bool packs_nothing() const noexcept;

  /// Vector work of one image in floats, to compare with other ways.
  double cost() const noexcept;

  const TapShape& shape() const noexcept { return shape_; }

 private:
  struct Chunk {
    std::size_t image, images, row, rows;
  };
  struct Job;
  Chunk chunk(std::size_t index) const noexcept;
  void part(const TapCall& call, std::size_t index) const noexcept;
  void run_chunk(const TapCall& call, const Chunk& chunk, std::size_t unit, std::size_t units,
                 float* strip) const noexcept;
  void run_segments(const TapCall& call, const Chunk& chunk, const float* source, std::size_t image_pitch,
                    std::ptrdiff_t first_row, std::size_t group, std::size_t column, std::size_t columns,
                    std::size_t tap_begin, std::size_t tap_end) const noexcept;

  TapShape shape_;
  const TileForms* tiles_ = nullptr;
  std::size_t panel_width_ = 0, panels_ = 0, group_floats_ = 0;
  bool merged_ = false;                           // a tap row is one run of floats
  std::size_t pad_left_ = 0;                      // zero pixels in front of each copied row
  std::size_t pitch_ = 0;                         // floats per source row, as read
  bool copies_ = false;                           // source rows are copied with zeros around them
  std::vector<std::ptrdiff_t> offsets_;           // of each tap, in floats as read
  std::vector<std::size_t> first_row_, end_row_;  // tap rows that hit the source, per grid row
  std::size_t row_taps_ = 0, tap_depth_ = 0;      // taps per tap row and floats per tap, as the kernel sees them
  std::size_t chunk_images_ = 1, chunk_rows_ = 0, chunks_per_image_ = 1, chunk_count_ = 0;
  std::size_t block_tap_rows_ = 1;  // tap rows per pass
  std::size_t chunk_parts_ = 1, column_parts_ = 1, job_scratch_ = 0;
};

}  // namespace webai::cpu
