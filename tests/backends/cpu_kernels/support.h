// What the kernel tests share: numbers to multiply, a thread pool of a given width, a loop over processor targets.
#pragma once

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "backends/cpu/kernels/targets.h"
#include "webai/context.hpp"

namespace kernel_test {

constexpr float infinity = std::numeric_limits<float>::infinity();
inline const float nothing = std::nanf("");

/// Floats in (-1, 1) with full mantissas, the same for the same seed.
inline std::vector<float> numbers(std::size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31F;
  }
  return values;
}

/// One step of a chain as this target must do it.
inline float chain_step(float a, float b, float sum, bool fused) {
  if (fused) return std::fma(a, b, sum);
  const float product = a * b;
  return product + sum;
}

inline bool same_bits(const std::vector<float>& one, const std::vector<float>& other) {
  return one.size() == other.size() &&
         (one.empty() || std::memcmp(one.data(), other.data(), one.size() * sizeof(float)) == 0);
}

/// Equal bits; where OpenBLAS computes the large products, equal within rounding.
inline bool same_product(const std::vector<float>& one, const std::vector<float>& other) {
  if (!WEBAI_WITH_OPENBLAS) return same_bits(one, other);
  bool near = one.size() == other.size();
  for (std::size_t i = 0; near && i < one.size(); ++i) near = std::abs(one[i] - other[i]) < 1e-3F;
  return near;
}

inline std::uint64_t hash(const std::vector<float>& values) {
  std::uint64_t state = 1469598103934665603ULL;
  for (const float value : values) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    state = (state ^ bits) * 1099511628211ULL;
  }
  return state;
}

/// Fresh threads for each run: slow, simple and seen through by the thread sanitizer.
class Threads final : public webai::Executor {
 public:
  explicit Threads(std::size_t width) : width_(width) {}
  std::size_t width() const noexcept override { return width_; }
  void run(std::size_t count, Task task, void* data) noexcept override {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t index = next++; index < count; index = next++) task(data, index);
    };
    std::vector<std::thread> helpers;
    for (std::size_t i = 1; i < width_ && i < count; ++i) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();
  }

 private:
  std::size_t width_;
};

/// Calls test(target) with each target selected, then returns to the best.
template <class Test> void on_each_target(Test&& test) {
  for (const webai::cpu::KernelTarget& target : webai::cpu::supported_targets()) {
    webai::cpu::use_target(target.bits);
    test(target);
  }
  webai::cpu::use_target(0);
}

}  // namespace kernel_test
