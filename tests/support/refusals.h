// What a call that is to be refused throws.
#pragma once

#include <catch2/catch.hpp>

#include <functional>
#include <string>

#include "webai/error.hpp"

namespace webai::test {

inline Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return Error(Code::internal, "");
}

/// The reason alone, or that there was none.
inline std::string reason_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.reason();
  }
  return "nothing thrown";
}

}  // namespace webai::test
