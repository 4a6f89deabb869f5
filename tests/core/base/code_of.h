// The code of the error that a call ends in, for the tests of the base.
#pragma once

#include "webai/error.hpp"

namespace webai::test {

/// 0 if nothing is thrown: no code has that number.
template <class Callable> Code code_of(Callable callable) {
  try {
    callable();
  } catch (const Error& error) {
    return error.code();
  }
  return static_cast<Code>(0);
}

}  // namespace webai::test
