// Types of inputs in short words, for the tests that are tables.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ir/graph.h"
#include "webai/dtype.hpp"
#include "webai/shape.hpp"

namespace webai::test {

using Integers = std::vector<std::int64_t>;
inline constexpr Dimension n0 = batch_symbol;

inline ValueType of(Shape shape, DType type = DType::fp32) { return {type, shape}; }

}  // namespace webai::test
