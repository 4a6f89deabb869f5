// What the tests of operations that a program defines have in common.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "webai/webai.hpp"

namespace webai::test {

inline Context one_thread() { return Context::system({.threads = 1}); }

/// What host functions are given.
using Numbers = std::span<const double>;

/// The reason of the error that `work` ends with.
inline std::string reason_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.reason();
  }
  return "nothing thrown";
}

}  // namespace webai::test
