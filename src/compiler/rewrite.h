// The frame of most passes: a new graph is written node by node from an old one, with values mapped on the way.
#pragma once

#include <string>
#include <vector>

#include "core/ir/graph.h"

namespace webai {

class Rewrite {
 public:
  /// Starts with the inputs, parameters and states of `source` (which must outlive this). Constants come along when
  /// they are first asked for, so those nobody reads are left behind.
  explicit Rewrite(const Graph& source);

  Graph& graph() { return result_; }
  /// Where an old value is now; no_value stays no_value.
  ValueId operator()(ValueId old);
  void map(ValueId old, ValueId now) { map_[static_cast<std::size_t>(old)] = now; }
  /// Copies a node as it is, with its inputs mapped, and maps its outputs.
  NodeId copy(const Node& node);
  /// The new graph with the interface outputs and writes mapped.
  Graph finish();

 private:
  const Graph& source_;
  Graph result_;
  std::vector<ValueId> map_;
};

/// How often each value is read by nodes, outputs and writes.
std::vector<std::int32_t> count_uses(const Graph& graph);

}  // namespace webai
