// Loops laid open for writers: the nodes of a loop's body stand among the others, between a node that begins it and one
// that ends it. Private to src/interchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/op/op_def.h"

namespace webai {

/// A value as the index of a list that has one entry for each.
inline std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

/// A loop between two nodes of a graph. What all steps share is read where it stands; of the node that begins the loop
/// come what is carried, the rows of what is stacked and perhaps the index of the step; the node that ends it takes what
/// is carried on and one row of each stacked output, and gives what the loop gives.
struct OpenLoop {
  std::size_t begin = 0, end = 0;  ///< places among the nodes
  std::int64_t steps = 1;
  std::size_t carried = 0, stacked = 0;
  bool reverse = false, index = false;
};

struct OpenGraph {
  Graph graph;                  ///< values of the loops have ids of their own
  std::vector<OpenLoop> loops;  ///< in the order of their begins: outer ones first
  /// The loop that begins or ends with the node; nullptr for other nodes.
  const OpenLoop* at(std::size_t node) const;
};

OpenGraph open_loops(const Graph& graph);

}  // namespace webai
