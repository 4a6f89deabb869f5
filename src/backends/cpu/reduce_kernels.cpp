// The trees of the reductions, compiled once per processor target.
#include "backends/cpu/reduce_kernels.h"

#include <algorithm>
#include <concepts>
#include <cstdint>

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {

#include "backends/cpu/elementwise_words-inl.h"

struct Sum {
  static constexpr float neutral = 0;
  static HWY_INLINE F combine(F a, F b) { return a + b; }
  static HWY_INLINE float combine_one(float a, float b) { return a + b; }
  template <class V> static HWY_INLINE V combine_vectors(V a, V b) { return hn::Add(a, b); }
};
struct Product {
  static constexpr float neutral = 1;
  static HWY_INLINE F combine(F a, F b) { return a * b; }
  static HWY_INLINE float combine_one(float a, float b) { return a * b; }
  template <class V> static HWY_INLINE V combine_vectors(V a, V b) { return hn::Mul(a, b); }
};
struct Max {
  static constexpr float neutral = -infinity;
  static HWY_INLINE F combine(F a, F b) { return where(a >= b, a, where(equal(a, a), b, a)); }
  static HWY_INLINE float combine_one(float a, float b) { return a >= b || a != a ? a : b; }
  template <class V> static HWY_INLINE V combine_vectors(V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Ge(a, b), hn::Not(hn::Eq(a, a))), a, b);
  }
};
struct Min {
  static constexpr float neutral = infinity;
  static HWY_INLINE F combine(F a, F b) { return where(a <= b, a, where(equal(a, a), b, a)); }
  static HWY_INLINE float combine_one(float a, float b) { return a <= b || a != a ? a : b; }
  template <class V> static HWY_INLINE V combine_vectors(V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Le(a, b), hn::Not(hn::Eq(a, a))), a, b);
  }
};

constexpr std::size_t partials = 64, vectors = partials / lanes;

template <class Kind> float reduce_elements(const float* from, std::size_t count) {
  const Floats d;
  hn::Vec<Floats> sums[vectors];
  if (count < partials) {
    // Halves that only hold neutral elements are left out: they change nothing.
    std::size_t size = lanes;
    while (size < count) size *= 2;
    const std::size_t used = size / lanes;
#pragma GCC unroll 64
    for (std::size_t k = 0; k < vectors; ++k) {
      if (k >= used) break;
      const std::size_t first = std::min(k * lanes, count), rest = std::min(lanes, count - first);
      sums[k] = rest == lanes ? load(from + first).v
                : rest == 0   ? hn::Set(d, Kind::neutral)
                              : hn::IfThenElse(hn::FirstN(d, rest), load_partial(d, from + first, rest),
                                               hn::Set(d, Kind::neutral));
    }
#pragma GCC unroll 8
    for (std::size_t half = vectors / 2; half > 0; half /= 2) {
      if (half >= used) continue;
#pragma GCC unroll 64
      for (std::size_t k = 0; k < half; ++k) sums[k] = Kind::combine_vectors(sums[k], sums[k + half]);
    }
    return combine_lanes<Kind>(d, sums[0]);
  }
#pragma GCC unroll 64
  for (std::size_t k = 0; k < vectors; ++k) sums[k] = load(from + k * lanes).v;
  std::size_t i = partials;
  for (; i + partials <= count; i += partials) {
#pragma GCC unroll 64
    for (std::size_t k = 0; k < vectors; ++k) sums[k] = Kind::combine(F(sums[k]), load(from + i + k * lanes)).v;
  }
  if (i < count) {
    alignas(64) float values[partials];
#pragma GCC unroll 64
    for (std::size_t k = 0; k < vectors; ++k) store(F(sums[k]), values + k * lanes);
    for (std::size_t k = 0; i + k < count; ++k) values[k] = Kind::combine_one(values[k], from[i + k]);
#pragma GCC unroll 64
    for (std::size_t k = 0; k < vectors; ++k) sums[k] = load(values + k * lanes).v;
  }
#pragma GCC unroll 8
  for (std::size_t half = vectors / 2; half > 0; half /= 2) {
#pragma GCC unroll 64
    for (std::size_t k = 0; k < half; ++k) sums[k] = Kind::combine_vectors(sums[k], sums[k + half]);
  }
  return combine_lanes<Kind>(d, sums[0]);
}

/// The columns of `width` vectors, the last of which may hold fewer than `lanes`.
template <class Kind, std::size_t width>
HWY_INLINE void reduce_strip(const float* from, std::size_t rows, std::size_t stride, std::size_t last, float* to) {
  const auto read = [&](const float* row, std::size_t v) HWY_ATTR -> F {
    if (v + 1 < width || last == lanes) return hn::LoadU(Floats(), row + v * lanes);
    return load_partial(Floats(), row + v * lanes, last);
  };
  hn::Vec<Floats> sums[4 * width];
#pragma GCC unroll 16
  for (std::size_t k = 0; k < 4 * width; ++k) sums[k] = hn::Set(Floats(), Kind::neutral);
  std::size_t row = 0;
  for (; row + 4 <= rows; row += 4, from += 4 * stride) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < width; ++v) {
        sums[k * width + v] = Kind::combine(F(sums[k * width + v]), read(from + k * stride, v)).v;
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < 3; ++k) {
    if (row + k >= rows) break;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < width; ++v) {
      sums[k * width + v] = Kind::combine(F(sums[k * width + v]), read(from + k * stride, v)).v;
    }
  }
#pragma GCC unroll 4
  for (std::size_t v = 0; v < width; ++v) {
    const F result = Kind::combine(Kind::combine(F(sums[v]), F(sums[width + v])),
                                   Kind::combine(F(sums[2 * width + v]), F(sums[3 * width + v])));
    if (v + 1 < width || last == lanes) {
      store(result, to + v * lanes);
    } else {
      store_partial(result.v, Floats(), to + v * lanes, last);
    }
  }
}

template <class Kind>
void reduce_rows(const float* from, std::size_t rows, std::size_t stride, std::size_t columns, float* to) {
  std::size_t column = 0;
  for (; column + 2 * lanes <= columns; column += 2 * lanes) {
    reduce_strip<Kind, 2>(from + column, rows, stride, lanes, to + column);
  }
  for (; column < columns; column += lanes) {
    reduce_strip<Kind, 1>(from + column, rows, stride, std::min(lanes, columns - column), to + column);
  }
}

void divide(float* values, std::size_t count, float divisor) {
  for (std::size_t i = 0; i < count; ++i) values[i] /= divisor;
}

// In the order of ReduceKind; a mean is a sum, divided afterwards.
constexpr ReduceKernels kernels = {
    {reduce_elements<Sum>, reduce_elements<Sum>, reduce_elements<Product>, reduce_elements<Max>, reduce_elements<Min>},
    {reduce_rows<Sum>, reduce_rows<Sum>, reduce_rows<Product>, reduce_rows<Max>, reduce_rows<Min>},
    divide,
};
const ReduceKernels* find_kernels() { return &kernels; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_kernels);
}
const ReduceKernels& reduce_kernels() { return *HWY_DYNAMIC_DISPATCH(find_kernels)(); }
}  // namespace webai::cpu
#endif
