// What the tests of models with open dimensions share: tensors that tell their elements apart, and what a refusal says.
#pragma once

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <vector>

#include "webai/webai.hpp"

namespace webai::test {

inline Tensor counted(const Shape& shape) {
  Tensor tensor(Context::system(), DType::fp32, shape);
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.set(i, std::sin(static_cast<double>(i)));
  return tensor;
}

inline std::vector<double> as_numbers(const Tensor& tensor) {
  std::vector<double> list;
  for (std::size_t i = 0; i < tensor.elements(); ++i) list.push_back(tensor.at(i));
  return list;
}

inline Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return Error(Code::internal, "");
}

}  // namespace webai::test
