// The elementwise operators and the functions under them read as plain fp32: what a device is compared with.
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

#include "core/op/fp32_element.h"

namespace webai {
namespace {

#define FUNCTION [[maybe_unused]] static inline
#define RARE_FUNCTION [[maybe_unused]] static

struct F {
  float v = 0;
  template <std::floating_point Number> F(Number number) : v(static_cast<float>(number)) {}
};
struct I {
  std::uint32_t v = 0;
  template <std::integral Number> I(Number number) : v(static_cast<std::uint32_t>(number)) {}
  std::int32_t number() const { return static_cast<std::int32_t>(v); }
};
using M = bool;

FUNCTION I bits(F a) { return std::bit_cast<std::uint32_t>(a.v); }
FUNCTION F flt(I a) { return std::bit_cast<float>(a.v); }
FUNCTION F i2f(I a) { return static_cast<float>(a.number()); }

FUNCTION F operator+(F a, F b) { return a.v + b.v; }
FUNCTION F operator-(F a, F b) { return a.v - b.v; }
FUNCTION F operator*(F a, F b) { return a.v * b.v; }
FUNCTION F operator/(F a, F b) { return a.v / b.v; }
FUNCTION F sqrt(F a) { return std::sqrt(a.v); }
FUNCTION M operator<(F a, F b) { return a.v < b.v; }
FUNCTION M operator>(F a, F b) { return a.v > b.v; }
FUNCTION M operator<=(F a, F b) { return a.v <= b.v; }
FUNCTION M operator>=(F a, F b) { return a.v >= b.v; }
FUNCTION M equal(F a, F b) { return a.v == b.v; }
FUNCTION F where(M m, F a, F b) { return m ? a : b; }

FUNCTION I operator+(I a, I b) { return a.v + b.v; }
FUNCTION I operator-(I a, I b) { return a.v - b.v; }
FUNCTION I operator*(I a, I b) { return a.v * b.v; }
FUNCTION I operator&(I a, I b) { return a.v & b.v; }
FUNCTION I operator|(I a, I b) { return a.v | b.v; }
FUNCTION I operator^(I a, I b) { return a.v ^ b.v; }
template <int count> FUNCTION I shl(I a) { return a.v << count; }
template <int count> FUNCTION I shr(I a) { return a.v >> count; }
template <int count> FUNCTION I sar(I a) { return a.number() >> count; }
FUNCTION I shlv(I a, I count) { return a.v << (count.v & 31U); }
FUNCTION I shrv(I a, I count) { return a.v >> (count.v & 31U); }
FUNCTION M operator<(I a, I b) { return a.number() < b.number(); }
FUNCTION M operator>(I a, I b) { return a.number() > b.number(); }
FUNCTION M equal(I a, I b) { return a.v == b.v; }
FUNCTION I where(M m, I a, I b) { return m ? a : b; }

FUNCTION M logicalAnd(M a, M b) { return a && b; }
FUNCTION M logicalOr(M a, M b) { return a || b; }
FUNCTION M logicalXor(M a, M b) { return a != b; }
FUNCTION M logicalNot(M a) { return !a; }

FUNCTION F operator-(F a) { return flt(bits(a) ^ 0x80000000); }
FUNCTION F abs(F a) { return flt(bits(a) & 0x7fffffff); }

FUNCTION F rare(M m, F (*function)(F), F argument, F otherwise) { return m ? function(argument) : otherwise; }

#include "core/ops/functions.inc.h"

// ---- operators -----------------------------------------------------------------------------------------------------

constexpr float infinity = std::numeric_limits<float>::infinity();

using REAL = F;
using NUMBER = F;
using ANY = F;
struct LOGIC {
  bool value;
  explicit LOGIC(float number) : value(number != 0) {}
  operator bool() const { return value; }
};

FUNCTION float encoded(F value) { return value.v; }
FUNCTION float encoded(M value) { return value ? 1.0F : 0.0F; }

#define LET(name, value, expression) [&](auto name) { return expression; }(value)
#define ATTRIBUTE(name, fallback, doc) [[maybe_unused]] const F name(*attributes++);
#define FLAG(name, doc) ATTRIBUTE(name, 0, doc)
#define UNARY(name, domain, traits, settings, doc, formula, value, gradient)         \
  float element_##name(const float* in, [[maybe_unused]] const double* attributes) { \
    const domain x(in[0]);                                                           \
    settings return encoded(value);                                                  \
  }
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  float element_##name(const float* in, [[maybe_unused]] const double* attributes) {              \
    const domain a(in[0]), b(in[1]);                                                              \
    settings return encoded(value);                                                               \
  }
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  float element_##name(const float* in, [[maybe_unused]] const double* attributes) {                  \
    const LOGIC c(in[0]);                                                                             \
    const domain a(in[1]), b(in[2]);                                                                  \
    settings return encoded(value);                                                                   \
  }
#include "core/ops/elementwise.inc.h"

#undef UNARY
#undef BINARY
#undef TERNARY
#define UNARY(name, ...) element_##name,
#define BINARY(name, ...) element_##name,
#define TERNARY(name, ...) element_##name,
constexpr float (*elements[])(const float*, const double*) = {
#include "core/ops/elementwise.inc.h"
};

}  // namespace

float evaluate_fp32(const Elementwise& elementwise, const float* inputs, const double* attributes) {
  // Both lists are read from the same text, so they have the same order.
  return elements[&elementwise - elementwise_operators().data()](inputs, attributes);
}

}  // namespace webai
