// Memory that work done again and again keeps.
#pragma once

#include "webai/tensor.hpp"

namespace webai {

/// Makes `tensor` one of that type and shape; where it is so already its memory stays, and its values with it. Not for
/// tensors that others hold as well: they would see what is written next.
inline void keep(Tensor& tensor, const Context& context, DType type, const Shape& shape) {
  if (!tensor.data() || tensor.type() != type || !(tensor.shape() == shape)) tensor = Tensor::uninitialised(context, type, shape);
}

}  // namespace webai
