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
};
struct Product {
  static constexpr float neutral = 1;
  static HWY_INLINE F combine(F a, F b) { return a * b; }
  static HWY_INLINE float combine_one(float a, float b) { return a * b; }
};
struct Max {
  static constexpr float neutral = -infinity;
  static HWY_INLINE F combine(F a, F b) { return where(a >= b, a, where(equal(a, a), b, a)); }
  static HWY_INLINE float combine_one(float a, float b) { return a >= b || a != a ? a : b; }
};
struct Min {
  static constexpr float neutral = infinity;
  static HWY_INLINE F combine(F a, F b) { return where(a <= b, a, where(equal(a, a), b, a)); }
  static HWY_INLINE float combine_one(float a, float b) { return a <= b || a != a ? a : b; }
};

constexpr std::size_t partials = 64, vectors = partials / lanes;

/// Combines halves of `size` (a power of two) values into the first; lanes behind them mean nothing.
template <class Kind> HWY_INLINE float reduce_halves(float* values, std::size_t size) {
  std::size_t half = size / 2;
  for (; half >= lanes; half /= 2) {
    for (std::size_t k = 0; k < half; k += lanes) {
      store(Kind::combine(load(values + k), load(values + k + half)), values + k);
    }
  }
  for (; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) values[k] = Kind::combine_one(values[k], values[k + half]);
  }
  return values[0];
}

template <class Kind> float reduce_elements(const float* from, std::size_t count) {
  alignas(64) float values[partials];
  if (count <= partials) {
    // Halves that only hold neutral elements are left out: they change nothing.
    std::size_t size = 1;
    while (size < count) size *= 2;
    for (std::size_t i = 0; i < count; ++i) values[i] = from[i];
    for (std::size_t i = count; i < size; ++i) values[i] = Kind::neutral;
    return reduce_halves<Kind>(values, size);
  }
  hn::Vec<Floats> sums[vectors];
#pragma GCC unroll 64
  for (std::size_t k = 0; k < vectors; ++k) sums[k] = load(from + k * lanes).v;
  std::size_t i = partials;
  for (; i + partials <= count; i += partials) {
#pragma GCC unroll 64
    for (std::size_t k = 0; k < vectors; ++k) sums[k] = Kind::combine(F(sums[k]), load(from + i + k * lanes)).v;
  }
#pragma GCC unroll 64
  for (std::size_t k = 0; k < vectors; ++k) store(F(sums[k]), values + k * lanes);
  for (std::size_t k = 0; i + k < count; ++k) values[k] = Kind::combine_one(values[k], from[i + k]);
  return reduce_halves<Kind>(values, partials);
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
