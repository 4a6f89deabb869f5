// Runs small chains, compiled once per processor target.
#include "backends/cpu/elementwise_small.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_small.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
constexpr std::size_t lanes = hn::MaxLanes(Floats());

/// `one`: the elements fill at most one vector.
template <bool one>
HWY_INLINE void run_chain(const SmallChain& chain, const void* const* inputs, const void* first, void* const* results) {
  const Floats d;
  alignas(64) float memory[SmallChain::most_floats];
  const std::size_t count = chain.elements;
  float* place = memory;
  for (const SmallChain::Input& input : chain.inputs) {
    const float* source = static_cast<const float*>(place == memory ? first : *inputs);
    ++inputs;
    if (input.access == SmallChain::Access::whole) {
      std::size_t i = 0;
      if constexpr (!one) {
        for (; i + lanes < count; i += lanes) hn::Store(hn::LoadU(d, source + i), d, place + i);
      }
      hn::Store(load_partial(d, source + i, count - i), d, place + i);
    } else if (input.access == SmallChain::Access::picked) {
      hn::Store(hn::Zero(d), d, place + (count - 1) / lanes * lanes);
      for (std::size_t i = 0; i < count; ++i) place[i] = source[input.picks[i]];
    } else {
      const auto value = hn::Set(d, input.access == SmallChain::Access::single ? *source : input.constant);
      hn::Store(value, d, place);
      if constexpr (!one) {
        for (std::size_t i = lanes; i < count; i += lanes) hn::Store(value, d, place + i);
      }
    }
    place += chain.room;
  }
  const float* attributes = chain.attributes.data();
  for (const SmallChain::Step& step : chain.steps) {
    const float* operands[] = {memory + step.operands[0], memory + step.operands[1], memory + step.operands[2],
                               memory + step.operands[3]};
    step.function(operands, memory + step.value, count, attributes + step.attributes);
  }
  for (const std::uint32_t result : chain.results) {
    const float* value = memory + result;
    float* to = static_cast<float*>(*results++);
    std::size_t i = 0;
    if constexpr (!one) {
      for (; i + lanes < count; i += lanes) hn::StoreU(hn::Load(d, value + i), d, to + i);
    }
    store_partial(hn::Load(d, value + i), d, to + i, count - i);
  }
}

void run(const SmallChain& chain, const void* const* inputs, const void* first, void* const* results) {
  if (chain.elements <= lanes) return run_chain<true>(chain, inputs, first, results);
  run_chain<false>(chain, inputs, first, results);
}

SmallChain::Run find_run() { return run; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_run);
}
SmallChain::Run small_chain_run() { return HWY_DYNAMIC_DISPATCH(find_run)(); }
}  // namespace webai::cpu
#endif
