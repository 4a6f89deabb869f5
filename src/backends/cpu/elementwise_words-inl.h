// The words of functions.inc.h and elementwise.inc.h as Highway vectors, for each processor target. No include guard:
// included once per target inside webai::cpu::HWY_NAMESPACE and an unnamed namespace, after <hwy/highway.h>.

namespace hn = hwy::HWY_NAMESPACE;

#undef FUNCTION
#undef RARE_FUNCTION
#undef LET
#define FUNCTION [[maybe_unused]] static HWY_INLINE
#define RARE_FUNCTION [[maybe_unused]] static HWY_NOINLINE
#define LET(name, value, expression) [&](auto name) HWY_ATTR { return expression; }(value)

using Floats = hn::ScalableTag<float>;
using Words = hn::RebindToUnsigned<Floats>;
using Signed = hn::RebindToSigned<Floats>;
constexpr std::size_t lanes = hn::MaxLanes(Floats());
[[maybe_unused]] constexpr float infinity = __builtin_inff();

struct F {
  hn::Vec<Floats> v;
  HWY_INLINE F(hn::Vec<Floats> vector) : v(vector) {}
  template <std::floating_point Number>
  HWY_INLINE F(Number number) : v(hn::Set(Floats(), static_cast<float>(number))) {}
};
struct I {
  hn::Vec<Words> v;
  HWY_INLINE I(hn::Vec<Words> vector) : v(vector) {}
  template <std::integral Number>
  HWY_INLINE I(Number number) : v(hn::Set(Words(), static_cast<std::uint32_t>(number))) {}
};
struct M {
  hn::Mask<Floats> m;
};

FUNCTION F load(const float* from) { return hn::LoadU(Floats(), from); }
FUNCTION void store(F value, float* to) { hn::StoreU(value.v, Floats(), to); }

/// Combines halves of a vector until one lane is left: lane k with lane k + lanes / 2, and so on.
template <class Kind, class D> FUNCTION float combine_lanes([[maybe_unused]] D d, hn::Vec<D> v) {
#if HWY_TARGET == HWY_SCALAR
  return hn::GetLane(v);
#else
  if constexpr (hn::MaxLanes(D()) == 4) {
    const hn::Vec<D> pairs = Kind::combine_vectors(v, hn::Shuffle1032(v));
    return hn::GetLane(Kind::combine_vectors(pairs, hn::Shuffle2301(pairs)));
  } else {
    const hn::Half<D> half;
    return combine_lanes<Kind>(half, Kind::combine_vectors(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
#endif
}

FUNCTION I bits(F a) { return hn::BitCast(Words(), a.v); }
FUNCTION F flt(I a) { return hn::BitCast(Floats(), a.v); }
FUNCTION F i2f(I a) { return hn::ConvertTo(Floats(), hn::BitCast(Signed(), a.v)); }

FUNCTION F operator+(F a, F b) { return hn::Add(a.v, b.v); }
FUNCTION F operator-(F a, F b) { return hn::Sub(a.v, b.v); }
FUNCTION F operator*(F a, F b) { return hn::Mul(a.v, b.v); }
FUNCTION F operator/(F a, F b) { return hn::Div(a.v, b.v); }
FUNCTION F operator-(F a) { return hn::BitCast(Floats(), hn::Xor(bits(a).v, I(0x80000000).v)); }
FUNCTION F abs(F a) { return hn::BitCast(Floats(), hn::And(bits(a).v, I(0x7fffffff).v)); }
FUNCTION F sqrt(F a) { return hn::Sqrt(a.v); }
FUNCTION M operator<(F a, F b) { return {hn::Lt(a.v, b.v)}; }
FUNCTION M operator>(F a, F b) { return {hn::Lt(b.v, a.v)}; }
FUNCTION M operator<=(F a, F b) { return {hn::Le(a.v, b.v)}; }
FUNCTION M operator>=(F a, F b) { return {hn::Le(b.v, a.v)}; }
FUNCTION M equal(F a, F b) { return {hn::Eq(a.v, b.v)}; }
FUNCTION F where(M m, F a, F b) { return hn::IfThenElse(m.m, a.v, b.v); }

FUNCTION I operator+(I a, I b) { return hn::Add(a.v, b.v); }
FUNCTION I operator-(I a, I b) { return hn::Sub(a.v, b.v); }
FUNCTION I operator*(I a, I b) { return hn::Mul(a.v, b.v); }
FUNCTION I operator&(I a, I b) { return hn::And(a.v, b.v); }
FUNCTION I operator|(I a, I b) { return hn::Or(a.v, b.v); }
FUNCTION I operator^(I a, I b) { return hn::Xor(a.v, b.v); }
template <int count> FUNCTION I shl(I a) { return hn::ShiftLeft<count>(a.v); }
template <int count> FUNCTION I shr(I a) { return hn::ShiftRight<count>(a.v); }
template <int count> FUNCTION I sar(I a) {
  return hn::BitCast(Words(), hn::ShiftRight<count>(hn::BitCast(Signed(), a.v)));
}
FUNCTION I shlv(I a, I count) { return a.v << count.v; }
FUNCTION I shrv(I a, I count) { return a.v >> count.v; }
FUNCTION M operator<(I a, I b) {
  return {hn::RebindMask(Floats(), hn::Lt(hn::BitCast(Signed(), a.v), hn::BitCast(Signed(), b.v)))};
}
FUNCTION M operator>(I a, I b) { return b < a; }
FUNCTION M equal(I a, I b) { return {hn::RebindMask(Floats(), hn::Eq(a.v, b.v))}; }
FUNCTION I where(M m, I a, I b) { return hn::IfThenElse(hn::RebindMask(Words(), m.m), a.v, b.v); }

FUNCTION M logicalAnd(M a, M b) { return {hn::And(a.m, b.m)}; }
FUNCTION M logicalOr(M a, M b) { return {hn::Or(a.m, b.m)}; }
FUNCTION M logicalXor(M a, M b) { return {hn::Xor(a.m, b.m)}; }
FUNCTION M logicalNot(M a) { return {hn::Not(a.m)}; }

/// function(argument) where the mask holds; not called when it holds nowhere.
template <class Function> FUNCTION F rare(M m, Function* function, F argument, F otherwise) {
  if (HWY_LIKELY(hn::AllFalse(Floats(), m.m))) return otherwise;
  return where(m, function(argument), otherwise);
}

#include "core/ops/functions.inc.h"
