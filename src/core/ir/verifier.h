// Says whether a graph keeps the rules every pass relies on; runs between passes.
#pragma once

#include <string_view>

#include "core/ir/graph.h"

namespace webai {

/// Throws INTERNAL naming `stage` and the broken rule: V1 ids exist; V2 nodes come after what they read; V3 each value
/// has one producer that names it; V4 chains refer to slots that exist; V5 writes go to parameters or states, once
/// each, with equal types; V6 shapes are concrete when `concrete` is set; V7 inputs, parameters and states have names
/// of their own.
void verify(const Graph& graph, std::string_view stage, bool concrete);

}  // namespace webai
