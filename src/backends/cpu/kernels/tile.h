// The contract between the drivers (products, convolutions) and the SIMD kernels that are compiled once per processor
// target: one call computes a small tile of outputs in registers. Private to this folder.
#pragma once

#include <array>
#include <cstddef>

namespace webai::cpu {

struct GemmPlan;
struct GemmCall;

/// One tile: c[r][j] = (or +=) sum over taps t and k of a[t][r][k] * b[t * depth + k][j], one fma chain per output with
/// (t, k) ascending. The row count is fixed by the kernel that is called. Row r of the left operand starts at
/// rows[r], or at a + r * a_row_stride where rows is null, plus tap_offsets[t] where those are given.
struct TileCall {
  const float* const* rows = nullptr;
  const float* a = nullptr;
  std::ptrdiff_t a_row_stride = 0;
  std::ptrdiff_t a_step = 1;  ///< floats between neighbours k of one row
  const std::ptrdiff_t* tap_offsets = nullptr;
  std::size_t taps = 1;
  std::size_t depth = 0;     ///< k per tap
  const float* b = nullptr;  ///< rows of the form's width, readable (and ignored) behind `columns` unless masks_tail
  std::size_t b_stride = 0;  ///< floats between rows of b
  float* const* c_rows = nullptr;  ///< where each row is stored; null: c + r * ldc
  float* c = nullptr;
  std::size_t ldc = 0;
  std::size_t columns = 0;          ///< outputs to store per row: more than width - lanes, at most the form's width
  bool accumulate = false;          ///< chains start from what c holds
  const float* prefetch = nullptr;  ///< one line of it is fetched per k, b_stride apart: the part of b needed next
};

using TileFunction = void (*)(const TileCall&);

inline constexpr std::size_t most_tile_rows = 12;

/// Kernels for one panel width. by_rows[r] computes r rows; null where that height was not built.
struct TileForm {
  std::size_t width = 0;
  std::size_t lanes = 0;
  std::size_t rows = 0;     ///< the best height
  bool masks_tail = false;  ///< b may end behind `columns`: nothing has to be padded
  std::array<TileFunction, most_tile_rows + 1> by_rows = {};

  /// The height to use next when `remaining` rows are left: full tiles first, the last two of even size, so that no
  /// tile of one or two rows waits for its few chains.
  std::size_t next_rows(std::size_t remaining) const noexcept {
    if (remaining >= 2 * rows || remaining == rows) return rows;
    std::size_t height = remaining > rows ? (remaining + 1) / 2 : remaining;
    if (by_rows[height]) return height;
    if (remaining > rows) {
      while (height < rows && !by_rows[height]) ++height;
      return height;
    }
    height = (remaining + 1) / 2;
    while (!by_rows[height]) --height;
    return height;
  }
};

/// The tiles of one processor target.
struct TileForms {
  std::size_t count = 0;
  std::array<TileForm, 5> forms = {};  ///< ascending width; the last is the full panel

  constexpr const TileForm& full() const noexcept { return forms[count - 1]; }
  /// The narrowest form that holds so many columns (at most full().width).
  constexpr const TileForm& narrowest(std::size_t columns) const noexcept {
    std::size_t index = 0;
    while (forms[index].width < columns && index + 1 < count) ++index;
    return forms[index];
  }
};

/// A product of 1 to 4 rows. a[r][k] lies at a + r * a_row_stride + k * a_step.
using FewRows = void (*)(std::size_t rows, std::size_t depth, std::size_t columns, const float* a,
                         std::ptrdiff_t a_row_stride, std::ptrdiff_t a_step, const float* b, std::size_t ldb, float* c,
                         std::size_t ldc, bool accumulate);

/// What rearranges or reads a transposed right operand.
struct PackKernels {
  /// out[k][0 .. width) = b[k][0 .. columns), zeros behind.
  void (*pack)(const float* b, std::size_t ldb, std::size_t depth, std::size_t columns, std::size_t width, float* out);
  /// out[k][0 .. columns) = b[0 .. columns)[k], anything finite or not behind.
  void (*pack_transposed)(const float* b, std::size_t ldb, std::size_t depth, std::size_t columns, std::size_t width,
                          float* out);
  FewRows few_rows_transposed;  ///< b[k][j] lies at b + j * ldb + k
};

/// Products that need no tiles.
struct VectorKernels {
  FewRows few_rows;  ///< b[k][j] lies at b + k * ldb + j
  /// c[r][j] = (or +=) a[r * a_stride] * b[j].
  void (*outer)(std::size_t rows, std::size_t columns, const float* a, std::ptrdiff_t a_stride, const float* b,
                float* c, std::size_t ldc, bool accumulate);
  /// A whole product of a few dozen multiply-adds, epilogue included.
  void (*tiny)(const GemmPlan&, const GemmCall&);
};

/// Tiles that multiply lane by lane instead of broadcasting, for convolution by channel: c[r][j] = (or +=) sum over
/// taps t and k of a[t][r][k][j] * b[t * depth + k][j].
const TileForms& lane_tile_forms();

/// Those of the best target this processor supports (Highway's choice).
const TileForms& tile_forms();
const PackKernels& pack_kernels();
const VectorKernels& vector_kernels();

}  // namespace webai::cpu
