// Models whose first weights are the same in each run of a test, texts of such models and numbers for them, and the
// errors of those that cannot be.
#pragma once

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "support/contexts.h"
#include "webai/webai.hpp"

namespace webai::test {

inline NeuralNetwork make(const std::string& model, std::size_t threads = 1) {
  return NeuralNetwork::from_json(model, with_threads(threads), {.seed = 7});
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

/// The text with a part of it, which has to be there, replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// A model of two inputs and an iterator of three steps around the layers.
inline std::string looped(const std::string& state, const std::string& layers, const std::string& more = "") {
  return R"({"layers": [2, {"type": "iterator", "steps": 3, "state": [)" + state + R"(], "net": {"layers": [)" +
         layers + "]}" + more + "}]}";
}

inline std::vector<double> waves(int count, double pace) {
  std::vector<double> list;
  for (int i = 0; i < count; ++i) list.push_back(std::sin(pace * (i + 1)));
  return list;
}

}  // namespace webai::test
