// Statistics of a batch in which some places are empty: those of a window whose lane has no more samples.
#pragma once

#include <span>
#include <vector>

#include "core/op/builder.h"

namespace webai {

/// Whether the graph, or a loop in it, takes statistics of the batch.
bool takes_statistics(const Graph& graph);

/// Writes a node as it is over the samples that are there: `present` [batch] is 1 for these and 0 for empty places. Only
/// statistics of the batch, also those in bodies of loops, come to something else than the node itself.
std::vector<Ref> emit_over_present(Builder& builder, const Node& node, std::span<const Ref> inputs, Ref present);

}  // namespace webai
