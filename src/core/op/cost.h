// What running one node costs: arithmetic by its operator's own count, traffic by the shapes of its values.
#pragma once

#include <string>

#include "core/ir/graph.h"
#include "webai/profile.hpp"

namespace webai {

/// Elements of a shape in which open dimensions, the batch among them, count as 1.
double elements_of_one(const Shape& shape) noexcept;
double bytes_of_one(const ValueType& type) noexcept;

/// Floating-point operations of one run of the node, those of its chain included; a view has none.
double operations_of(const Graph& graph, const Node& node);
/// Bytes of what it reads and writes, each operand once; a view has none.
double bytes_of(const Graph& graph, const Node& node);

/// For operators that only move elements.
double no_operations(const Graph& graph, const Node& node) noexcept;

/// "matmul + add, tanh" for a product whose results go through a chain; "add, tanh" for a chain alone.
std::string work_text(const Node& node);

/// All of it as the row of a profile that lacks only its time.
NodeProfile profile_row(const Graph& graph, const Node& node, std::string device);

}  // namespace webai
