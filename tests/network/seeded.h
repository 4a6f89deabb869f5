// Models whose first weights are the same in each run of a test, and the errors of those that cannot be.
#pragma once

#include <catch2/catch.hpp>

#include <string>

#include "webai/webai.hpp"

namespace webai::test {

inline NeuralNetwork make(const std::string& model, std::size_t threads = 1) {
  return NeuralNetwork::from_json(model, Context::system({.threads = threads}), {.seed = 7});
}

inline Error error_of(const std::string& model) {
  try {
    make(model);
  } catch (const Error& error) {
    return error;
  }
  FAIL("accepted: " << model);
  return Error(Code::internal, "");
}

}  // namespace webai::test
