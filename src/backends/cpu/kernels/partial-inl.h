// Loads and stores of a vector's first lanes that never touch memory behind them. Included inside each target's pass.
#if defined(WEBAI_CPU_PARTIAL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEBAI_CPU_PARTIAL_INL_H
#undef WEBAI_CPU_PARTIAL_INL_H
#else
#define WEBAI_CPU_PARTIAL_INL_H
#endif

#include <cstddef>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {

/// The first `count` lanes of `from` (1 to all of them), zeros behind.
template <class D> HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> load_partial(D d, const float* from, std::size_t count) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, count), d, from);
#else
  constexpr std::size_t lanes = hn::MaxLanes(D());
  if (count >= lanes) return hn::LoadU(d, from);
  alignas(64) float buffer[lanes] = {};
  for (std::size_t i = 0; i < count; ++i) buffer[i] = from[i];
  return hn::Load(d, buffer);
#endif
}

template <class D> HWY_INLINE void store_partial(hwy::HWY_NAMESPACE::Vec<D> value, D d, float* to, std::size_t count) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_TARGET <= HWY_AVX3  // AVX2 has masked stores too, but AMD executes them in microcode
  hn::BlendedStore(value, hn::FirstN(d, count), d, to);
#else
  constexpr std::size_t lanes = hn::MaxLanes(D());
  alignas(64) float buffer[lanes];
  hn::Store(value, d, buffer);
  for (std::size_t i = 0; i < count && i < lanes; ++i) to[i] = buffer[i];
#endif
}

}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
