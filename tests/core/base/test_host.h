// A host for tests: counts what it hands out, fills fresh memory with a pattern, and can refuse the n-th allocation.
#pragma once

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "webai/context.hpp"

namespace webai::testing {

class TestHost final : public Host {
 public:
  std::atomic<std::size_t> calls{0};
  std::atomic<std::int64_t> live_bytes{0};
  std::size_t refuse_call = 0;  ///< the number of the call to refuse, from 1; 0: none
  bool refuse_all = false;
  std::string lines;

  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    if (++calls == refuse_call || refuse_all) return nullptr;
    void* memory = std::aligned_alloc(alignment, bytes);
    if (memory) {
      std::memset(memory, 0xcd, bytes);
      live_bytes += static_cast<std::int64_t>(bytes);
    }
    return memory;
  }
  void deallocate(void* memory, std::size_t bytes, std::size_t) noexcept override {
    live_bytes -= static_cast<std::int64_t>(bytes);
    std::free(memory);
  }
  double now() noexcept override { return 0.0; }
  bool entropy(void* bytes, std::size_t size) noexcept override {
    std::memset(bytes, 7, size);
    return true;
  }
  void log(int level, std::string_view text) noexcept override {
    lines += std::to_string(level) + std::string(text) + "\n";
  }
};

}  // namespace webai::testing
