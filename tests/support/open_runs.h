// Tensors that tell their elements apart, for the tests of models with open dimensions.
#pragma once

#include <cmath>
#include <cstddef>

#include "webai/webai.hpp"

namespace webai::test {

inline Tensor counted(const Shape& shape) {
  Tensor tensor(Context::system(), DType::fp32, shape);
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.set(i, std::sin(static_cast<double>(i)));
  return tensor;
}

}  // namespace webai::test
