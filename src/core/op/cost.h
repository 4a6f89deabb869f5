// What a node costs by its shapes, and what it does in a few words: for `info`, `inspect` and profiles.
#pragma once

#include "core/ir/graph.h"
#include "webai/profile.hpp"

namespace webai {

/// Elements of a value; open dimensions, the batch among them, count as one.
double elements_of_one(const Shape& shape);

/// Arithmetic operations of a node, its epilogue's among them. A multiply-add is 2; views do nothing.
double operations_of(const Graph& graph, const Node& node);

/// Bytes of a node's operands and results, each once; open dimensions count as one.
std::uint64_t bytes_of(const Graph& graph, const Node& node);

/// "matmul + add, tanh" for a product whose results go through a chain; "add, tanh" for a chain alone.
std::string work_text(const Node& node);

/// All of it as the row of a profile that lacks only its time.
NodeProfile profile_row(const Graph& graph, const Node& node, std::string device);

}  // namespace webai
