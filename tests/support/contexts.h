// The contexts that tests work in.
#pragma once

#include <cstddef>

#include "webai/context.hpp"

namespace webai::test {

inline Context with_threads(std::size_t threads) { return Context::system({.threads = threads}); }
inline Context one_thread() { return with_threads(1); }

/// One that a whole program shares.
inline Context& context() {
  static Context instance = one_thread();
  return instance;
}

}  // namespace webai::test
