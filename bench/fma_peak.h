// The arithmetic limit of one core, measured beside each kernel so that a share of it survives a changing clock.
#pragma once

namespace webai_bench {

/// Floating-point operations per second of a loop of independent fused multiply-adds, the best of `repetitions` short
/// measurements on the widest vectors this processor has.
double fma_peak(int repetitions);

}  // namespace webai_bench
