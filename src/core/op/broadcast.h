// NumPy's broadcasting rule: shapes are aligned at the last axis, an axis of length 1 (or a missing one) is repeated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "webai/shape.hpp"

namespace webai {

/// The common shape, or nothing when two lengths differ and neither is 1. A symbol equals itself only.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);

/// One stride in elements for each axis of `output`: 0 where `input` is repeated. Both concrete; `input` broadcasts to
/// `output`.
using BroadcastStrides = std::array<std::int64_t, Shape::max_rank>;
BroadcastStrides broadcast_strides(const Shape& input, const Shape& output);

}  // namespace webai
