// A run leaves its results in buffers that the caller bound: outputs in theirs, new weights in the very buffer of the
// old ones. This pass makes sure that each such result is computed by a node of its own, and that the old content has no
// reader left when the new one is written; where that is not so it inserts a copy.
#include <algorithm>
#include <set>
#include <vector>

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

// The nodes that read each value's memory, directly or through views; views themselves read nothing.
using Readers = std::vector<std::vector<NodeId>>;

void note_reader(const Graph& graph, NodeId id, Readers& readers) {
  const Node& node = graph.node(id);
  if (definition(node).view) return;
  for (const ValueId input : node.inputs) {
    if (input == no_value) continue;
    std::vector<NodeId>& known = readers[static_cast<std::size_t>(origin(graph, input))];
    if (known.empty() || known.back() != id) known.push_back(id);
  }
}

bool can_write_in_place(const Graph& graph, const Write& write, const Readers& readers) {
  const NodeId producer = graph.value(write.value).producer;
  for (const NodeId id : readers[static_cast<std::size_t>(write.state)])
    if (id > producer || (id == producer && !reads_elementwise(graph, graph.node(id), write.state))) return false;
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

  Readers readers(result.values.size());
  for (std::size_t n = 0; n < result.nodes.size(); ++n) note_reader(result, static_cast<NodeId>(n), readers);
  // Copies read as well; what they give is read by nobody, so `readers` needs no place for it.
  const auto copy_of = [&](ValueId value) {
    const ValueId copy = append_copy(registry, result, value);
    note_reader(result, result.value(copy).producer, readers);
    return copy;
  };
  std::set<ValueId> taken;  // values that have a buffer of their own already
  for (NamedValue& output : result.outputs) {
    const bool node_value = result.value(output.value).kind == ValueKind::node;
    if (!node_value || origin(result, output.value) != output.value || taken.contains(output.value))
      output.value = copy_of(output.value);
    taken.insert(output.value);
  }
  for (Write& write : result.writes) {
    const bool view = origin(result, write.value) != write.value;
    if (view || taken.contains(write.value) || !can_write_in_place(result, write, readers))
      write.value = copy_of(write.value);
    taken.insert(write.value);
  }
  return result;
}

}  // namespace webai
