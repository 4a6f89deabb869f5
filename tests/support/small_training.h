// Small networks, and data that they can learn.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "webai/webai.hpp"

namespace webai::test {

inline const char* const small = R"({"layers": [4, {"size": 6, "activation": "tanh"}, {"size": 3, "activation": "softmax"}]})";

inline const char* const xor_model = R"({"layers": [2, 3, 1], "activation": "tanh"})";

/// Classes 0 to 2 that can be learned; the labels of the first `wrong` samples are wrong.
inline Dataset classes(const Context& context, std::size_t samples = 60, std::size_t wrong = 0) {
  Tensor inputs(context, DType::fp32, Shape{static_cast<std::int64_t>(samples), 4}), labels(context, DType::i32, Shape{static_cast<std::int64_t>(samples)});
  for (std::size_t i = 0; i < samples; ++i) {
    for (std::size_t k = 0; k < 4; ++k) inputs.set(4 * i + k, std::sin(static_cast<double>(i * 7 + k * 3)) + (k == i % 3 ? 1 : 0));
    labels.set(i, static_cast<double>(i < wrong ? (i + 1) % 3 : i % 3));
  }
  return Dataset::from(inputs, labels);
}

}  // namespace webai::test
