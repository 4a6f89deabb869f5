// Register tiles of the matrix product, compiled once per processor target: rows x vectors of outputs, the left
// operand read in place by broadcast, the right one from a panel. Accumulators never leave their registers.
#include "backends/cpu/kernels/tile.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/tile_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// Whether the last vector of b is read through a mask, so that b needs no padding behind the columns.
constexpr bool masks_tail = HWY_TARGET <= HWY_AVX3;

template <class D, int vectors>
HWY_INLINE void load_right(D d, const float* b, hn::Mask<D> tail, hn::Vec<D> (&right)[vectors]) {
  constexpr std::size_t lanes = hn::MaxLanes(D());
#pragma GCC unroll 16
  for (int v = 0; v + 1 < vectors; ++v) right[v] = hn::LoadU(d, b + v * lanes);
  const float* last = b + (vectors - 1) * lanes;
  right[vectors - 1] = masks_tail ? hn::MaskedLoad(tail, d, last) : hn::LoadU(d, last);
}

/// The chains of one tap whose rows lie a_row_stride apart: a third of the pointers is enough, the rest is addressing.
template <class D, int rows, int vectors>
HWY_INLINE const float* multiply_evenly(D d, const TileCall& call, std::ptrdiff_t offset, const float* b,
                                        hn::Mask<D> tail, hn::Vec<D> (&sum)[rows][vectors]) {
  const std::ptrdiff_t stride = call.a_row_stride, step = call.a_step, ahead = call.prefetch - call.b;
  const std::size_t b_stride = call.b_stride;
  const float* left[(rows + 2) / 3];
#pragma GCC unroll 16
  for (int i = 0; i < (rows + 2) / 3; ++i) left[i] = call.a + offset + 3 * i * stride;
  for (std::size_t k = call.depth; k != 0; --k) {
    hn::Vec<D> right[vectors];
    load_right<D, vectors>(d, b, tail, right);
    __builtin_prefetch(b + ahead, 0, 2);
    b += b_stride;
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const hn::Vec<D> value = hn::Set(d, left[r / 3][(r % 3) * stride]);
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(value, right[v], sum[r][v]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < (rows + 2) / 3; ++i) left[i] += step;
  }
  return b;
}

/// The chains of one tap with a pointer for each row.
template <class D, int rows, int vectors>
HWY_INLINE const float* multiply_rows(D d, const TileCall& call, std::ptrdiff_t offset, const float* b,
                                      hn::Mask<D> tail, hn::Vec<D> (&sum)[rows][vectors]) {
  const std::ptrdiff_t step = call.a_step, ahead = call.prefetch - call.b;
  const std::ptrdiff_t end = static_cast<std::ptrdiff_t>(call.depth) * step;
  const std::size_t b_stride = call.b_stride;
  const float* row[rows];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) row[r] = call.rows[r] + offset;
  for (std::ptrdiff_t k = 0; k != end; k += step) {
    hn::Vec<D> right[vectors];
    load_right<D, vectors>(d, b, tail, right);
    __builtin_prefetch(b + ahead, 0, 2);
    b += b_stride;
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const hn::Vec<D> value = hn::Set(d, row[r][k]);
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(value, right[v], sum[r][v]);
    }
  }
  return b;
}

template <class D, int rows, int vectors> void tile(const TileCall& call) {
  const D d;
  using Vector = hn::Vec<D>;
  constexpr std::size_t lanes = hn::MaxLanes(D());
  float* c_row[rows];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) c_row[r] = call.c_rows ? call.c_rows[r] : call.c + r * call.ldc;
  const std::size_t last = call.columns - (vectors - 1) * lanes;  // columns of the last vector
  const hn::Mask<D> tail = hn::FirstN(d, last);

  Vector sum[rows][vectors];
  if (call.accumulate) {
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v + 1 < vectors; ++v) sum[r][v] = hn::LoadU(d, c_row[r] + v * lanes);
      sum[r][vectors - 1] = load_partial(d, c_row[r] + (vectors - 1) * lanes, last);
    }
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
    }
  }

  const float* b = call.b;
  for (std::size_t tap = 0; tap < call.taps; ++tap) {
    const std::ptrdiff_t offset = call.tap_offsets ? call.tap_offsets[tap] : 0;
    b = call.rows ? multiply_rows<D, rows, vectors>(d, call, offset, b, tail, sum)
                  : multiply_evenly<D, rows, vectors>(d, call, offset, b, tail, sum);
  }

#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v + 1 < vectors; ++v) hn::StoreU(sum[r][v], d, c_row[r] + v * lanes);
  }
  if (last == lanes) {
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) hn::StoreU(sum[r][vectors - 1], d, c_row[r] + (vectors - 1) * lanes);
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) store_partial(sum[r][vectors - 1], d, c_row[r] + (vectors - 1) * lanes, last);
  }
}

template <class D, int vectors, std::size_t best_rows> constexpr TileForm form() {
  TileForm form;
  form.lanes = hn::MaxLanes(D());
  form.width = form.lanes * vectors;
  form.rows = best_rows;
  form.masks_tail = masks_tail;
  form.by_rows[1] = tile<D, 1, vectors>;
  form.by_rows[2] = tile<D, 2, vectors>;
  form.by_rows[3] = tile<D, 3, vectors>;
  form.by_rows[4] = tile<D, 4, vectors>;
  form.by_rows[5] = tile<D, 5, vectors>;
  form.by_rows[6] = tile<D, 6, vectors>;
  if constexpr (best_rows > 6) {
    form.by_rows[7] = tile<D, 7, vectors>;
    form.by_rows[8] = tile<D, 8, vectors>;
    form.by_rows[10] = tile<D, 10, vectors>;
    form.by_rows[12] = tile<D, 12, vectors>;
  }
  return form;
}

using Wide = hn::ScalableTag<float>;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SCALAR
// Sixteen registers.
constexpr TileForms tiles = {2, {form<Wide, 1, 12>(), form<Wide, 2, 6>()}};
#elif HWY_TARGET <= HWY_AVX3
// Half vectors for at most 8 columns: no slower per lane, and fewer of them are padding.
constexpr TileForms tiles = {5,
                             {form<hn::CappedTag<float, 8>, 1, 12>(), form<Wide, 1, 12>(), form<Wide, 2, 12>(),
                              form<Wide, 3, 6>(), form<Wide, 4, 6>()}};
#else
constexpr TileForms tiles = {4, {form<Wide, 1, 12>(), form<Wide, 2, 12>(), form<Wide, 3, 6>(), form<Wide, 4, 6>()}};
#endif

const TileForms* find_tiles() { return &tiles; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_tiles);
}
const TileForms& tile_forms() { return *HWY_DYNAMIC_DISPATCH(find_tiles)(); }
}  // namespace webai::cpu
#endif
