// Bounds in seconds that only something wrong by orders of magnitude goes past.
#pragma once

#include <chrono>

namespace webai::test {

/// `usual` is such a bound for a plain build; sanitizers, on a machine that does other things too, are many times slower.
constexpr std::chrono::seconds watchdog(int usual) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::chrono::seconds(10 * usual);
#else
  return std::chrono::seconds(usual);
#endif
}

}  // namespace webai::test
