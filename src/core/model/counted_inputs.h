// Inputs whose values are rows of a table: whole numbers, which an integer model must not take for codes. Private to
// src/core/model and src/network.
#pragma once

#include <span>

#include "core/ir/graph.h"

namespace webai {

/// Whether a value says which rows of a table are looked up, through nothing but casts and other forms of itself, for
/// something that the outputs need.
bool is_counted(const Graph& graph, ValueId value, std::span<const NamedValue> outputs);

/// Nodes, outputs and writes that read `old` read `now` instead.
void replace_reads(Graph& graph, ValueId old, ValueId now);

}  // namespace webai
