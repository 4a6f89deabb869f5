// What the kernel benchmarks share: memory, counters and the list of what they measure.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdlib>

#include "fma_peak.h"

namespace webai_bench {

/// Cache-line aligned floats with harmless values.
class Floats {
 public:
  explicit Floats(std::size_t count)
      : data_(static_cast<float*>(std::aligned_alloc(4096, (count * sizeof(float) / 4096 + 1) * 4096))) {
    for (std::size_t i = 0; i < count; ++i) data_[i] = static_cast<float>(i % 61) * 0.01F - 0.3F;
  }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  ~Floats() { std::free(data_); }
  float* get() const { return data_; }

 private:
  float* data_;
};

inline void report(benchmark::State& state, double operations, double bytes) {
  const double peak = fma_peak(20);
  state.counters["GFLOP/s"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["of_peak"] = benchmark::Counter(operations / peak, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void add_convolutions();

}  // namespace webai_bench
