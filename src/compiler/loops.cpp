// A loop is written with everything that its gradient could need; here goes what nobody reads. Gradients in turn bring
// sums for inputs that are not trained, which are carried but feed only themselves.
#include <algorithm>
#include <utility>

#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/loop.h"

namespace webai {
namespace {

struct Needed {
  std::vector<bool> outputs;  ///< of the body
  std::vector<bool> values;   ///< of the body: what these are computed from
};

// Outputs that somebody reads, and what is carried into these.
Needed find_needed(const LoopView& loop, const Node& node, const std::vector<std::int32_t>& uses) {
  const Graph& body = *loop.body;
  Needed needed{std::vector<bool>(body.outputs.size()), {}};
  for (std::size_t i = 0; i < needed.outputs.size(); ++i) needed.outputs[i] = uses[static_cast<std::size_t>(node.outputs[i])] > 0;
  for (bool grown = true; grown;) {
    grown = false;
    needed.values.assign(body.values.size(), false);
    const auto live = [&](ValueId id) -> std::vector<bool>::reference { return needed.values[static_cast<std::size_t>(id)]; };
    for (std::size_t i = 0; i < needed.outputs.size(); ++i)
      if (needed.outputs[i]) live(body.outputs[i].value) = true;
    for (std::size_t n = body.nodes.size(); n-- > 0;) {
      const Node& inner = body.nodes[n];
      if (std::none_of(inner.outputs.begin(), inner.outputs.end(), live)) continue;
      for (const ValueId input : inner.inputs)
        if (input != no_value) live(input) = true;
    }
    for (std::size_t i = 0; i < loop.carried; ++i)
      if (!needed.outputs[i] && live(body.inputs[i])) needed.outputs[i] = grown = true;
  }
  return needed;
}

// The body with some of its inputs and outputs, and the nodes in between.
Graph part_of(const Graph& body, const std::vector<bool>& inputs, const Needed& needed) {
  Graph part;
  std::vector<ValueId> now(body.values.size(), no_value);
  const auto at = [&](ValueId id) {
    if (id == no_value) return no_value;
    ValueId& value = now[static_cast<std::size_t>(id)];
    if (value == no_value) value = part.add_constant(body.value(id).constant);
    return value;
  };
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    const Value& value = body.value(body.inputs[i]);
    if (inputs[i]) now[static_cast<std::size_t>(body.inputs[i])] = part.add_input(value.name, value.type);
  }
  for (const Node& node : body.nodes) {
    if (std::none_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return needed.values[static_cast<std::size_t>(id)]; }))
      continue;
    Node copy = node;
    copy.outputs.clear();
    for (ValueId& input : copy.inputs) input = at(input);
    std::vector<ValueType> types;
    for (const ValueId output : node.outputs) types.push_back(body.value(output).type);
    const NodeId id = part.add_node(std::move(copy), types);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) now[static_cast<std::size_t>(node.outputs[i])] = part.node(id).outputs[i];
  }
  for (std::size_t i = 0; i < body.outputs.size(); ++i)
    if (needed.outputs[i]) part.outputs.push_back({body.outputs[i].name, at(body.outputs[i].value)});
  return part;
}

}  // namespace

Graph trim_loops(const Graph& graph) {
  const std::vector<std::int32_t> uses = count_uses(graph);
  Rewrite rewrite(graph);
  for (const Node& node : graph.nodes) {
    if (!is_loop(node)) {
      rewrite.copy(node);
      continue;
    }
    const LoopView loop(node.attributes);
    const Graph& body = *loop.body;
    const Needed needed = find_needed(loop, node, uses);
    Node trimmed = node;
    trimmed.inputs.clear();
    trimmed.outputs.clear();
    std::int64_t carried = 0, stacked = 0, ends = -1;
    std::vector<bool> kept(body.inputs.size(), true);  // the index, if any, stays
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      kept[i] = i < loop.carried ? needed.outputs[i] : static_cast<bool>(needed.values[static_cast<std::size_t>(body.inputs[i])]);
      if (!kept[i]) continue;
      if (std::cmp_equal(i, loop.ends)) ends = carried;
      carried += i < loop.carried;
      stacked += loop.is_stacked(i);
      trimmed.inputs.push_back(rewrite(node.inputs[i]));
    }
    trimmed.attributes.set("body", Subgraph{std::make_shared<const Graph>(part_of(body, kept, needed))});
    trimmed.attributes.set("carried", carried);
    trimmed.attributes.set("stacked", stacked);
    trimmed.attributes.set("ends", ends);
    std::vector<ValueType> types;
    for (std::size_t i = 0; i < needed.outputs.size(); ++i)
      if (needed.outputs[i]) types.push_back(graph.value(node.outputs[i]).type);
    const NodeId id = rewrite.graph().add_node(std::move(trimmed), types);
    for (std::size_t i = 0, k = 0; i < needed.outputs.size(); ++i)
      if (needed.outputs[i]) rewrite.map(node.outputs[i], rewrite.graph().node(id).outputs[k++]);
  }
  return rewrite.finish();
}

}  // namespace webai
