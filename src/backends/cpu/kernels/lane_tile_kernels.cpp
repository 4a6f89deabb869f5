// Register tiles of convolution by channel, compiled once per processor target: both operands are vectors of channels.
// Rows are output pixels (forward, over taps) or taps (filter gradient, over pixels).
#include "backends/cpu/kernels/tile.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/lane_tile_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<float>;
constexpr std::size_t lanes = hn::MaxLanes(Wide());

/// `partial`: the last vector has fewer than `lanes` columns, and nothing behind them may be read.
template <int rows, int vectors, bool partial> HWY_INLINE void run_tile(const TileCall& call) {
  const Wide d;
  using Vector = hn::Vec<Wide>;
  const std::size_t last = call.columns - (vectors - 1) * lanes;
  const auto load = [&](const float* from, int v) HWY_ATTR {
    if constexpr (partial) {
      if (v == vectors - 1) return load_partial(d, from + v * lanes, last);
    }
    return hn::LoadU(d, from + v * lanes);
  };
  float* c_row[rows];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) c_row[r] = call.c_rows ? call.c_rows[r] : call.c + r * call.ldc;
  Vector sum[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) sum[r][v] = call.accumulate ? load(c_row[r], v) : hn::Zero(d);
  }
  const float* b = call.b;
  for (std::size_t tap = 0; tap < call.taps; ++tap) {
    const std::ptrdiff_t offset = call.tap_offsets ? call.tap_offsets[tap] : 0;
    const float* row[rows];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) row[r] = (call.rows ? call.rows[r] : call.a + r * call.a_row_stride) + offset;
    std::ptrdiff_t at = 0;
    for (std::size_t k = 0; k < call.depth; ++k, at += call.a_step, b += call.b_stride) {
      Vector right[vectors];
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) right[v] = load(b, v);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(load(row[r] + at, v), right[v], sum[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      if (partial && v == vectors - 1)
        store_partial(sum[r][v], d, c_row[r] + v * lanes, last);
      else
        hn::StoreU(sum[r][v], d, c_row[r] + v * lanes);
    }
  }
}

template <int rows, int vectors> void tile(const TileCall& call) {
  if (call.columns == vectors * lanes)
    run_tile<rows, vectors, false>(call);
  else
    run_tile<rows, vectors, true>(call);
}

template <int vectors> constexpr TileForm form() {
  TileForm form;
  form.lanes = lanes;
  form.width = lanes * vectors;
  form.rows = 6;
  form.by_rows[1] = tile<1, vectors>;
  form.by_rows[2] = tile<2, vectors>;
  form.by_rows[3] = tile<3, vectors>;
  form.by_rows[4] = tile<4, vectors>;
  form.by_rows[5] = tile<5, vectors>;
  form.by_rows[6] = tile<6, vectors>;
  return form;
}

constexpr TileForms tiles = {2, {form<1>(), form<2>()}};

const TileForms* find_tiles() { return &tiles; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_tiles);
}
const TileForms& lane_tile_forms() { return *HWY_DYNAMIC_DISPATCH(find_tiles)(); }
}  // namespace webai::cpu
#endif
