// The passes, in the order of the recipe (pipeline.cpp). Each takes a graph and gives the next one; each stands in a
// file of its own with the reason for its existence.
#pragma once

#include <functional>
#include <map>
#include <span>

#include "backends/backend.h"
#include "core/ir/graph.h"
#include "core/op/registry.h"

namespace webai {

/// Puts numbers for symbols: every node is emitted anew with the inputs' sizes, so shape rules see numbers.
/// `sizes` by symbol number; throws INVALID_ARGUMENT for a symbol without a size.
Graph specialise(const Context& context, const Registry& registry, const Graph& graph,
                 const std::map<int, std::int64_t>& sizes);
/// Sets `training` on operators that behave differently in training.
Graph set_mode(const Graph& graph, bool training);
/// Writes out the body of every composite for which `keep` is false.
Graph expand(const Context& context, const Registry& registry, const Graph& graph,
             const std::function<bool(const Graph&, const Node&)>& keep);
/// Computes nodes whose inputs are all constants (results up to 1 MiB).
Graph fold_constants(const Context& context, const Graph& graph);
/// Removes work that changes nothing: x*1, x/1, casts and reshapes to the same, double negation and transposition;
/// transposes and views in front of matmul become its attributes.
Graph simplify(const Context& context, const Registry& registry, const Graph& graph);
/// Merges nodes that compute the same from the same.
Graph merge_common(const Graph& graph);
/// Drops nodes whose results nobody reads. Inputs, parameters and states stay: they are the interface.
Graph drop_dead(const Graph& graph);
/// Leaves out of loops what nobody reads: stacked outputs, and carried values that only feed themselves.
Graph trim_loops(const Graph& graph);
/// Moves out of loops what steps need not do one by one: it is done once, or for all steps at once.
Graph lift_from_loops(const Context& context, const Registry& registry, const Graph& graph);
/// Joins elementwise nodes into chains, and chains onto the product or convolution in front of them, where
/// `may_fuse(graph, node)` says that one device takes them.
Graph fuse(const Registry& registry, const Graph& graph);
/// Makes every output and every write a value of its own that a node has computed: inserts `copy` where an output is an
/// input, a parameter or a view, or where a state could not be written in place.
Graph separate_outputs(const Registry& registry, const Graph& graph);

}  // namespace webai
