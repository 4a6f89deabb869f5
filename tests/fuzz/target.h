// What every fuzz target shares: a context with small limits that asks no system, and one rule: whatever the bytes are,
// the outcome is a result or a webai::Error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "webai/context.hpp"

namespace webai::fuzz {

/// Memory from the C library; the clock stands still, no entropy, no log.
class StillHost final : public Host {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  void deallocate(void* memory, std::size_t, std::size_t) noexcept override { std::free(memory); }
  double now() noexcept override { return 0; }
  bool entropy(void*, std::size_t) noexcept override { return false; }
  void log(int, std::string_view) noexcept override {}
};

inline Context small_context() {
  Context::Options options;
  options.limits.json_bytes = 1 << 20;
  options.limits.nodes = 1000;
  options.limits.tensor_bytes = 1 << 22;
  options.limits.host_bytes = 1 << 25;
  return Context(std::make_shared<StillHost>(), nullptr, options);
}

}  // namespace webai::fuzz

/// The name libFuzzer calls; replay.cpp calls it too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
