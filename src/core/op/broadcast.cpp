// NumPy's broadcasting rule over shapes and strides.
#include "core/op/broadcast.h"

namespace webai {

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape result = longer;
  const std::size_t missing = longer.rank() - shorter.rank();
  for (std::size_t axis = 0; axis < shorter.rank(); ++axis) {
    const Dimension one = longer.dim(missing + axis), other = shorter.dim(axis);
    if (one == other || other == Dimension(1)) continue;
    if (one != Dimension(1)) return std::nullopt;
    result.set(missing + axis, other);
  }
  return result;
}

BroadcastStrides broadcast_strides(const Shape& input, const Shape& output) {
  BroadcastStrides strides{};
  const auto own = strides_of(input);
  const std::size_t missing = output.rank() - input.rank();
  for (std::size_t axis = 0; axis < input.rank(); ++axis) {
    const bool repeated = input[axis] == 1 && output[missing + axis] != 1;
    strides[missing + axis] = repeated ? 0 : own[axis];
  }
  return strides;
}

}  // namespace webai
