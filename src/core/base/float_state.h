// The processor's rounding mode and its treatment of subnormal numbers, while the library computes. A caller (or a
// program linked with -ffast-math) may have changed them; results must not depend on that, nor on which thread computes.
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#elif defined(__aarch64__)
#else
#include <cfenv>
#endif

namespace webai {

/// Round to nearest even, subnormal numbers kept, no traps; what was there before comes back at the end of the scope.
/// Costs some nanoseconds when the state was the default already. Belongs to one thread.
class DefaultFloatState {
 public:
  DefaultFloatState() noexcept : before_(read()) {
    if (!is_default(before_)) write(default_state);
  }
  ~DefaultFloatState() {
    if (!is_default(before_)) write(before_);
  }
  DefaultFloatState(const DefaultFloatState&) = delete;
  DefaultFloatState& operator=(const DefaultFloatState&) = delete;

 private:
#if defined(__SSE__)
  using State = std::uint32_t;
  static constexpr State default_state = 0x1f80;
  static constexpr State flags = 0x3f;  // which exceptions happened so far: no matter
  static State read() noexcept { return _mm_getcsr(); }
  static void write(State state) noexcept { _mm_setcsr(state); }
  static bool is_default(State state) noexcept { return (state & ~flags) == default_state; }
#elif defined(__aarch64__)
  using State = std::uint64_t;
  static constexpr State default_state = 0;
  static State read() noexcept {
    State state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void write(State state) noexcept { __asm__ volatile("msr fpcr, %0" : : "r"(state)); }
  static bool is_default(State state) noexcept { return state == default_state; }
#else
  using State = int;  // the rounding mode alone: such processors (WebAssembly) have nothing else to set
  static constexpr State default_state = FE_TONEAREST;
  static State read() noexcept { return std::fegetround(); }
  static void write(State state) noexcept { std::fesetround(state); }
  static bool is_default(State state) noexcept { return state == default_state; }
#endif

  State before_;
};

}  // namespace webai
