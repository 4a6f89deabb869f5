// functions.inc.h as plain C++ on single floats. No include guard: included in a namespace by a build with and a build
// without contraction.
#define FUNCTION [[maybe_unused]] static inline
#define RARE_FUNCTION [[maybe_unused]] static

struct F {
  float v = 0;
  F(float value) : v(value) {}
};
struct I {
  std::uint32_t v = 0;
  template <std::integral Number> I(Number number) : v(static_cast<std::uint32_t>(number)) {}
  std::int32_t number() const { return static_cast<std::int32_t>(v); }
};
using M = bool;

FUNCTION I bits(F a) { return to_bits(a.v); }
FUNCTION F flt(I a) { return from_bits(a.v); }
FUNCTION F i2f(I a) { return static_cast<float>(a.number()); }
FUNCTION F operator+(F a, F b) { return a.v + b.v; }
FUNCTION F operator-(F a, F b) { return a.v - b.v; }
FUNCTION F operator*(F a, F b) { return a.v * b.v; }
FUNCTION F operator/(F a, F b) { return a.v / b.v; }
FUNCTION M operator<(F a, F b) { return a.v < b.v; }
FUNCTION M operator>(F a, F b) { return a.v > b.v; }
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
FUNCTION I shlv(I a, I count) { return a.v << (count.v & 31); }
FUNCTION I shrv(I a, I count) { return a.v >> (count.v & 31); }
FUNCTION M operator<(I a, I b) { return a.number() < b.number(); }
FUNCTION M operator>(I a, I b) { return a.number() > b.number(); }
FUNCTION M equal(I a, I b) { return a.v == b.v; }
FUNCTION I where(M m, I a, I b) { return m ? a : b; }
FUNCTION M logicalAnd(M a, M b) { return a && b; }
FUNCTION M logicalOr(M a, M b) { return a || b; }
FUNCTION M logicalNot(M a) { return !a; }
FUNCTION F operator-(F a) { return flt(bits(a) ^ 0x80000000); }
FUNCTION F abs(F a) { return flt(bits(a) & 0x7fffffff); }
FUNCTION F rare(M m, F (*function)(F), F argument, F otherwise) { return m ? function(argument) : otherwise; }

#include "core/ops/functions.inc.h"

inline std::uint64_t hash_function(int function, std::uint32_t step) {
  F (*const functions[])(F) = {exp, log, tanh, erf, sin};
  const std::uint64_t samples = (std::uint64_t{1} << 32) / step;
  Hash hash;
  for (std::uint64_t i = 0; i < samples; ++i) {
    hash.add(functions[function](from_bits(static_cast<std::uint32_t>(i * step))).v);
  }
  return hash.state;
}

#undef FUNCTION
#undef RARE_FUNCTION
