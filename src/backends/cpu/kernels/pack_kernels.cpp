// Packing of the right operand and products of few rows with a transposed one, compiled once per processor target: both
// transpose blocks of four by four in registers.
#include "backends/cpu/kernels/tile.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/pack_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<float>;
constexpr std::size_t lanes = hn::MaxLanes(Wide());

void pack(const float* b, std::size_t ldb, std::size_t depth, std::size_t columns, std::size_t width, float* out) {
  const Wide d;
  const std::size_t whole = columns - columns % lanes;
  for (std::size_t k = 0; k < depth; ++k, b += ldb, out += width) {
    __builtin_prefetch(b + 8 * ldb);
    std::size_t j = 0;
    for (; j < whole; j += lanes) hn::StoreU(hn::LoadU(d, b + j), d, out + j);
    if (j < columns) {
      // A form may be narrower than a vector (8 columns on AVX-512), so the last store may be partial too.
      store_partial(load_partial(d, b + j, columns - j), d, out + j, width - j < lanes ? width - j : lanes);
      j += lanes;
    }
    for (; j < width; j += lanes) store_partial(hn::Zero(d), d, out + j, width - j < lanes ? width - j : lanes);
  }
}

#if HWY_TARGET != HWY_SCALAR
/// Lane block i holds four floats at `k` of rows[4 * i]. Joined from halves: blending broadcast loads would do as well,
/// but g++ 12 fails on it under sanitizers.
template <class D> HWY_INLINE hn::Vec<D> load_blocks(D d, const float* const* rows, std::size_t k) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return hn::LoadU(d, rows[0] + k);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_blocks(half, rows + hn::MaxLanes(half), k), load_blocks(half, rows, k));
  }
}

struct Four {
  hn::Vec<Wide> row0, row1, row2, row3;
};

/// Four vectors of blocks, transposed within the blocks: four rows of the transposed matrix.
HWY_INLINE Four transpose(hn::Vec<Wide> row0, hn::Vec<Wide> row1, hn::Vec<Wide> row2, hn::Vec<Wide> row3) {
  const Wide d;
  const hn::Repartition<double, Wide> pairs;
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
  return {hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)),
          hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)),
          hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)),
          hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23))};
}

HWY_INLINE void store_transposed(hn::Vec<Wide> row0, hn::Vec<Wide> row1, hn::Vec<Wide> row2, hn::Vec<Wide> row3,
                                 float* to, std::size_t width) {
  const Wide d;
  const Four four = transpose(row0, row1, row2, row3);
  hn::StoreU(four.row0, d, to);
  hn::StoreU(four.row1, d, to + width);
  hn::StoreU(four.row2, d, to + 2 * width);
  hn::StoreU(four.row3, d, to + 3 * width);
}
#endif

/// As many rows of the result's columns as a vector has lanes; rows of the result are `width` apart.
void transpose_strip(const float* const* rows, std::size_t depth, std::size_t width, float* out) {
  std::size_t k = 0;
#if HWY_TARGET != HWY_SCALAR
  const Wide d;
  // A cache line of each row at a time, and few rows before the next: rows a power of two apart share cache sets.
  constexpr int blocks = lanes / 4;
  for (; k + lanes <= depth; k += lanes) {
    hn::Vec<Wide> row[4][blocks];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 4
      for (int i = 0; i < blocks; ++i) row[r][i] = load_blocks(d, rows + r, k + 4 * i);
    }
#pragma GCC unroll 4
    for (int i = 0; i < blocks; ++i) {
      store_transposed(row[0][i], row[1][i], row[2][i], row[3][i], out + (k + 4 * i) * width, width);
    }
  }
  for (; k + 4 <= depth; k += 4) {
    store_transposed(load_blocks(d, rows, k), load_blocks(d, rows + 1, k), load_blocks(d, rows + 2, k),
                     load_blocks(d, rows + 3, k), out + k * width, width);
  }
#endif
  for (; k < depth; ++k) {
    for (std::size_t j = 0; j < lanes; ++j) out[k * width + j] = rows[j][k];
  }
}

/// Whole vectors only: a form narrower than a vector is packed by scalars.
void pack_transposed(const float* b, std::size_t ldb, std::size_t depth, std::size_t columns, std::size_t width,
                     float* out) {
  if (width % lanes != 0) {
    for (std::size_t k = 0; k < depth; ++k) {
      for (std::size_t j = 0; j < width; ++j) out[k * width + j] = j < columns ? b[j * ldb + k] : 0.0F;
    }
    return;
  }
  const float* rows[lanes];
  // Depth in pieces, so that the strips of one piece share the cache lines of the rows of out.
  for (std::size_t k = 0; k < depth; k += 64) {
    const std::size_t piece = depth - k < 64 ? depth - k : 64;
    for (std::size_t j = 0; j < columns; j += lanes) {
      // Behind the last column it is repeated: what is computed from it is never stored.
      for (std::size_t i = 0; i < lanes; ++i) rows[i] = b + (j + i < columns ? j + i : columns - 1) * ldb + k;
      transpose_strip(rows, piece, width, out + k * width + j);
    }
  }
}

/// Which strip of columns, and what multiplies it: one row of a for each sum.
struct Strip {
  const float* rows[lanes];  // of b, the last one repeated where columns end
};

/// Adds the products of k .. k + 4 * blocks to the sums of one strip.
template <int rows, int blocks>
HWY_INLINE void add_blocks(const Strip& strip, std::size_t k, const float* a, std::ptrdiff_t a_row_stride,
                           std::ptrdiff_t a_step, hn::Vec<Wide> (&sum)[rows]) {
  const Wide d;
#if HWY_TARGET != HWY_SCALAR
  hn::Vec<Wide> row[4][blocks];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 4
    for (int i = 0; i < blocks; ++i) row[r][i] = load_blocks(d, strip.rows + r, k + 4 * i);
  }
#pragma GCC unroll 4
  for (int i = 0; i < blocks; ++i) {
    const Four right = transpose(row[0][i], row[1][i], row[2][i], row[3][i]);
    const float* left = a + static_cast<std::ptrdiff_t>(k + 4 * i) * a_step;
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      const float* from = left + r * a_row_stride;
      sum[r] = hn::MulAdd(hn::Set(d, from[0]), right.row0, sum[r]);
      sum[r] = hn::MulAdd(hn::Set(d, from[a_step]), right.row1, sum[r]);
      sum[r] = hn::MulAdd(hn::Set(d, from[2 * a_step]), right.row2, sum[r]);
      sum[r] = hn::MulAdd(hn::Set(d, from[3 * a_step]), right.row3, sum[r]);
    }
  }
#else
  for (std::size_t i = k; i < k + 4 * blocks; ++i) {
    for (int r = 0; r < rows; ++r) {
      const float left = a[r * a_row_stride + static_cast<std::ptrdiff_t>(i) * a_step];
      sum[r] = hn::MulAdd(hn::Set(d, left), hn::Set(d, strip.rows[0][i]), sum[r]);
    }
  }
#endif
}

/// `strips` strips of columns from column j on; their chains run beside each other.
template <int rows, int strips>
void few_columns(std::size_t depth, std::size_t j, std::size_t columns, const float* a, std::ptrdiff_t a_row_stride,
                 std::ptrdiff_t a_step, const float* b, std::size_t ldb, float* c, std::size_t ldc, bool accumulate) {
  const Wide d;
  Strip strip[strips];
  hn::Vec<Wide> sum[strips][rows];
#pragma GCC unroll 4
  for (int s = 0; s < strips; ++s) {
    const std::size_t first = j + s * lanes, count = columns - first < lanes ? columns - first : lanes;
    for (std::size_t i = 0; i < lanes; ++i) strip[s].rows[i] = b + (first + (i < count ? i : count - 1)) * ldb;
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      sum[s][r] = accumulate ? load_partial(d, c + r * ldc + first, count) : hn::Zero(d);
    }
  }
  constexpr int blocks = lanes < 4 ? 1 : static_cast<int>(lanes) / 4;
  std::size_t k = 0;
  for (; k + 4 * blocks <= depth; k += 4 * blocks) {
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) add_blocks<rows, blocks>(strip[s], k, a, a_row_stride, a_step, sum[s]);
  }
  for (; k + 4 <= depth; k += 4) {
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) add_blocks<rows, 1>(strip[s], k, a, a_row_stride, a_step, sum[s]);
  }
  for (; k < depth; ++k) {
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) {
      alignas(64) float column[lanes];
      for (std::size_t i = 0; i < lanes; ++i) column[i] = strip[s].rows[i][k];
      const auto right = hn::Load(d, column);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) {
        const float left = a[r * a_row_stride + static_cast<std::ptrdiff_t>(k) * a_step];
        sum[s][r] = hn::MulAdd(hn::Set(d, left), right, sum[s][r]);
      }
    }
  }
#pragma GCC unroll 4
  for (int s = 0; s < strips; ++s) {
    const std::size_t first = j + s * lanes, count = columns - first < lanes ? columns - first : lanes;
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) store_partial(sum[s][r], d, c + r * ldc + first, count);
  }
}

template <int rows>
void few_rows_of(std::size_t depth, std::size_t columns, const float* a, std::ptrdiff_t a_row_stride,
                 std::ptrdiff_t a_step, const float* b, std::size_t ldb, float* c, std::size_t ldc, bool accumulate) {
  constexpr int most = rows == 1 ? 4 : 2;
  std::size_t j = 0;
  for (; j + (most - 1) * lanes < columns; j += most * lanes) {
    few_columns<rows, most>(depth, j, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
  }
  for (; j < columns; j += lanes) {
    few_columns<rows, 1>(depth, j, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
  }
}

void few_rows_transposed(std::size_t rows, std::size_t depth, std::size_t columns, const float* a,
                         std::ptrdiff_t a_row_stride, std::ptrdiff_t a_step, const float* b, std::size_t ldb, float* c,
                         std::size_t ldc, bool accumulate) {
  switch (rows) {
    case 1:
      return few_rows_of<1>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
    case 2:
      return few_rows_of<2>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
    case 3:
      return few_rows_of<3>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
    case 4:
      return few_rows_of<4>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
  }
}

constexpr PackKernels kernels = {pack, pack_transposed, few_rows_transposed};

const PackKernels* find_kernels() { return &kernels; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_kernels);
}
const PackKernels& pack_kernels() { return *HWY_DYNAMIC_DISPATCH(find_kernels)(); }
}  // namespace webai::cpu
#endif
