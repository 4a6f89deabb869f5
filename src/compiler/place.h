// Which device runs which node, and the executable that comes of it.
#pragma once

#include <memory>
#include <span>

#include "backends/backend.h"

namespace webai {

/// Gives every node the first device that takes it, with the reasons of those that did not. Views go with the node
/// they look at. Throws UNSUPPORTED naming the node, its path and every refusal when no device takes it.
Graph place(Graph graph, std::span<Device* const> devices);

/// Plans memory and compiles: one program where all nodes share one device, else one per stretch of nodes with
/// transfers between (partition.cpp).
std::unique_ptr<Executable> assemble(const Context& context, Graph graph, std::span<Device* const> devices);

}  // namespace webai
