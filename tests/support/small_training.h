// A small network, data that it can learn, and its weights as bytes.
#pragma once

#include <catch2/catch.hpp>

#include <cmath>

#include "webai/webai.hpp"

namespace webai::test {

inline const char* const small = R"({"layers": [4, {"size": 6, "activation": "tanh"}, {"size": 3, "activation": "softmax"}]})";

inline Context one_thread() { return Context::system({.threads = 1}); }

/// Classes 0 to 2 that can be learned; the labels of the first `wrong` samples are wrong.
inline Dataset classes(const Context& context, std::size_t samples = 60, std::size_t wrong = 0) {
  Tensor inputs(context, DType::fp32, Shape{static_cast<std::int64_t>(samples), 4}), labels(context, DType::i32, Shape{static_cast<std::int64_t>(samples)});
  for (std::size_t i = 0; i < samples; ++i) {
    for (std::size_t k = 0; k < 4; ++k) inputs.set(4 * i + k, std::sin(static_cast<double>(i * 7 + k * 3)) + (k == i % 3 ? 1 : 0));
    labels.set(i, static_cast<double>(i < wrong ? (i + 1) % 3 : i % 3));
  }
  return Dataset::from(inputs, labels);
}

inline std::vector<std::byte> bytes_of(const NeuralNetwork& net) {
  std::vector<std::byte> bytes;
  for (const auto& [name, tensor] : net.parameters()) {
    const auto* data = static_cast<const std::byte*>(tensor.data());
    bytes.insert(bytes.end(), data, data + tensor.bytes());
  }
  return bytes;
}

template <class Call> Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("accepted");
  return Error(Code::internal, "accepted");
}

}  // namespace webai::test
