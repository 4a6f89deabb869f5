// The elementwise operators read as SIMD loops, compiled once per processor target.
#include "backends/cpu/elementwise_tiles.h"

#include <concepts>
#include <cstdint>

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_tiles.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {

#include "backends/cpu/elementwise_words-inl.h"

using REAL = F;
using NUMBER = F;
using ANY = F;
struct LOGIC : M {
  HWY_INLINE LOGIC(F a) : M{hn::Not(hn::Eq(a.v, hn::Zero(Floats())))} {}
};

FUNCTION void store(M value, float* to) { store(where(value, F(1.0f), F(0.0f)), to); }

#undef ATTRIBUTE
#undef FLAG
#undef UNARY
#undef BINARY
#undef TERNARY
#define ATTRIBUTE(name, fallback, doc) [[maybe_unused]] const F name = *attributes++;
#define FLAG(name, doc) ATTRIBUTE(name, 0, doc)
#define UNARY(name, domain, traits, settings, doc, formula, value, gradient)                                          \
  void tile_##name(const float* const* in, float* out, std::size_t count, [[maybe_unused]] const float* attributes) { \
    settings const float* const in0 = in[0];                                                                          \
    for (std::size_t i = 0; i < count; i += lanes) {                                                                  \
      const domain x = load(in0 + i);                                                                                 \
      store(value, out + i);                                                                                          \
    }                                                                                                                 \
  }
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b)                     \
  void tile_##name(const float* const* in, float* out, std::size_t count, [[maybe_unused]] const float* attributes) { \
    settings const float* const in0 = in[0];                                                                          \
    const float* const in1 = in[1];                                                                                   \
    for (std::size_t i = 0; i < count; i += lanes) {                                                                  \
      const domain a = load(in0 + i), b = load(in1 + i);                                                              \
      store(value, out + i);                                                                                          \
    }                                                                                                                 \
  }
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  void tile_##name(const float* const* in, float* out, std::size_t count, const float*) {             \
    const float* const in0 = in[0];                                                                   \
    const float* const in1 = in[1];                                                                   \
    const float* const in2 = in[2];                                                                   \
    for (std::size_t i = 0; i < count; i += lanes) {                                                  \
      const LOGIC c = load(in0 + i);                                                                  \
      const domain a = load(in1 + i), b = load(in2 + i);                                              \
      store(value, out + i);                                                                          \
    }                                                                                                 \
  }
#include "core/ops/elementwise.inc.h"

#undef UNARY
#undef BINARY
#undef TERNARY
#define UNARY(name, ...) tile_##name,
#define BINARY(name, ...) tile_##name,
#define TERNARY(name, ...) tile_##name,
constexpr TileFunction functions[] = {
#include "core/ops/elementwise.inc.h"
};

const TileFunction* find_functions() { return functions; }

// Pairs that updates, gradients and biases are made of. The value in terms of the operands a, b, c, d.
#define PAIRS                                 \
  PAIR(mul, add, 0, a* b + c)                 \
  PAIR(mul, add, 1, a* b + c)                 \
  PAIR(mul, sub, 0, a* b - c)                 \
  PAIR(mul, sub, 1, c - a * b)                \
  PAIR(mul, mul, 0, (a * b) * c)              \
  PAIR(mul, mul, 1, (a * b) * c)              \
  PAIR(sub, mul, 0, (a - b) * c)              \
  PAIR(sub, mul, 1, (a - b) * c)              \
  PAIR(add, mul, 0, (a + b) * c)              \
  PAIR(add, mul, 1, (a + b) * c)              \
  PAIR(div, mul, 0, (a / b) * c)              \
  PAIR(div, mul, 1, (a / b) * c)              \
  PAIR(add, add, 0, (a + b) + c)              \
  PAIR(add, add, 1, (a + b) + c)              \
  PAIR(add, relu, 0, relu_of(a + b))          \
  PAIR(greater, where, 0, where(a > b, c, d)) \
  PAIR(less, where, 0, where(a < b, c, d))

FUNCTION F relu_of(F x) { return where(x < 0.0f, 0.0f, x); }
#define PAIR(first, second, position, value)                                                                    \
  void pair_##first##_##second##position(const float* const* in, float* out, std::size_t count, const float*) { \
    const float *const in0 = in[0], *const in1 = in[1], *const in2 = in[2], *const in3 = in[3];                 \
    for (std::size_t i = 0; i < count; i += lanes) {                                                            \
      const F a = load(in0 + i), b = load(in1 + i);                                                             \
      [[maybe_unused]] const F c = load(in2 + i), d = load(in3 + i);                                            \
      store(value, out + i);                                                                                    \
    }                                                                                                           \
  }
PAIRS
#undef PAIR
#define PAIR(first, second, position, value) {#first, #second, position, pair_##first##_##second##position},
constexpr TilePair pairs[] = {PAIRS};
#undef PAIR
#undef PAIRS

std::span<const TilePair> find_pairs() { return pairs; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_functions);
HWY_EXPORT(find_pairs);
}  // namespace

TileFunction tile_function(const Elementwise& elementwise) {
  // Both lists are read from the same text, so they have the same order.
  return HWY_DYNAMIC_DISPATCH(find_functions)()[&elementwise - elementwise_operators().data()];
}

std::span<const TilePair> tile_pairs() { return HWY_DYNAMIC_DISPATCH(find_pairs)(); }

}  // namespace webai::cpu
#endif
