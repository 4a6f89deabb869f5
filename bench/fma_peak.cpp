// Sixteen chains of fused multiply-adds per target: enough to fill two pipes of four or five cycles.
#include "fma_peak.h"

#include <algorithm>
#include <chrono>

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace webai_bench::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// Returns the operations done; `sink` keeps the compiler from removing them.
double chains(long rounds, float start, float* sink) {
  const hn::ScalableTag<float> d;
  using Vector = hn::Vec<hn::ScalableTag<float>>;
  constexpr int count = 12;
  Vector sum[count];
  const Vector factor = hn::Set(d, start), addend = hn::Set(d, 1.0F - start);
#pragma GCC unroll 16
  for (int i = 0; i < count; ++i) sum[i] = hn::Set(d, 0.1F * static_cast<float>(i));
  for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) sum[i] = hn::MulAdd(sum[i], factor, addend);
  }
  Vector total = sum[0];
#pragma GCC unroll 16
  for (int i = 1; i < count; ++i) total = hn::Add(total, sum[i]);
  *sink = hn::GetLane(total);
  return 2.0 * count * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace
}  // namespace webai_bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai_bench {
namespace {
HWY_EXPORT(chains);
}
double fma_peak(int repetitions) {
  double best = 0;
  volatile float sink = 0;
  for (int i = 0; i < repetitions; ++i) {
    float out = 0;
    const auto start = std::chrono::steady_clock::now();
    const double operations = HWY_DYNAMIC_DISPATCH(chains)(20'000, 0.999F, &out);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    sink = out;
    best = std::max(best, operations / time.count());
  }
  (void)sink;
  return best;
}
}  // namespace webai_bench
#endif
