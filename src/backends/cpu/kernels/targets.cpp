// Lists and selects Highway's targets.
#include "backends/cpu/kernels/targets.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace webai::cpu {

std::vector<KernelTarget> supported_targets() {
  std::vector<KernelTarget> targets;
  for (const std::int64_t bit : hwy::SupportedAndGeneratedTargets()) {
    if (bit == HWY_SSSE3) continue;  // not built: SSE4 takes its place, the scalar target the rest
    const bool fused = bit != HWY_SSE4 && bit != HWY_SCALAR && bit != HWY_EMU128 && bit != HWY_WASM;
    targets.push_back({hwy::TargetName(bit), bit, fused});
  }
  return targets;
}

void use_target(std::int64_t bits) {
  hwy::SetSupportedTargetsForTest(bits);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace webai::cpu
