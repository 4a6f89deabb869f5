// A run leaves its results in buffers that the caller bound: outputs in theirs, new weights in the very buffer of the
// old ones. This pass makes sure that each such result is computed by a node of its own, and that the old content has no
// reader left when the new one is written; where that is not so it inserts a copy.
#include <algorithm>
#include <set>

#include "compiler/passes.h"
#include "compiler/rewrite.h"

namespace webai {
namespace {

ValueId append_copy(const Registry& registry, Graph& graph, ValueId value) {
  Node node;
  node.op = &registry.get("copy");
  node.inputs = {value};
  if (const NodeId producer = graph.value(value).producer; producer >= 0) node.path = graph.node(producer).path;
  const NodeId id = graph.add_node(std::move(node), {graph.value(value).type});
  return graph.node(id).outputs[0];
}

// The value whose memory this one shares through views.
ValueId origin(const Graph& graph, ValueId id) {
  while (graph.value(id).producer >= 0 && definition(graph.node(graph.value(id).producer)).view)
    id = graph.node(graph.value(id).producer).inputs[0];
  return id;
}

// Reading and writing the same memory in one node is harmless where each element is read just before it is written.
bool reads_elementwise(const Graph& graph, const Node& node, ValueId state) {
  const std::size_t own = node.op->name == "fused" ? 0 : node.own_inputs();
  if (!node.chain && !definition(node).elementwise) return false;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == no_value || origin(graph, node.inputs[i]) != state) continue;
    if (node.chain && i < own) return false;
    if (graph.value(node.inputs[i]).type != graph.value(node.outputs[0]).type) return false;
  }
  return true;
}

bool can_write_in_place(const Graph& graph, const Write& write) {
  const NodeId producer = graph.value(write.value).producer;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
      return input != no_value && origin(graph, input) == write.state;
    });
    if (!reads || definition(node).view) continue;
    const NodeId id = static_cast<NodeId>(n);
    if (id > producer || (id == producer && !reads_elementwise(graph, node, write.state))) return false;
  }
  return std::none_of(graph.outputs.begin(), graph.outputs.end(),
                      [&](const NamedValue& output) { return origin(graph, output.value) == write.state; });
}

}  // namespace

Graph separate_outputs(const Registry& registry, const Graph& graph) {
  // States handed over to other states are read out first, before anything writes them.
  Rewrite rewrite(graph);
  std::vector<ValueId> early(graph.writes.size(), no_value);
  for (std::size_t i = 0; i < graph.writes.size(); ++i) {
    const Value& value = graph.value(graph.writes[i].value);
    if (value.kind != ValueKind::node) early[i] = append_copy(registry, rewrite.graph(), rewrite(graph.writes[i].value));
  }
  for (const Node& node : graph.nodes) rewrite.copy(node);
  Graph result = rewrite.finish();
  for (std::size_t i = 0; i < early.size(); ++i)
    if (early[i] != no_value) result.writes[i].value = early[i];

  std::set<ValueId> taken;  // values that have a buffer of their own already
  for (NamedValue& output : result.outputs) {
    const bool node_value = result.value(output.value).kind == ValueKind::node;
    if (!node_value || origin(result, output.value) != output.value || taken.contains(output.value))
      output.value = append_copy(registry, result, output.value);
    taken.insert(output.value);
  }
  for (Write& write : result.writes) {
    const bool view = origin(result, write.value) != write.value;
    if (view || taken.contains(write.value) || !can_write_in_place(result, write))
      write.value = append_copy(registry, result, write.value);
    taken.insert(write.value);
  }
  return result;
}

}  // namespace webai
