#include "core/model/counted_inputs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/op/loop.h"

namespace webai {

namespace {

// By value: whether an output needs it, in this run or by what a memory keeps for a later one.
std::vector<bool> needed_values(const Graph& graph, std::span<const NamedValue> outputs) {
  std::vector<bool> needed(graph.values.size());
  const auto at = [&](ValueId id) -> std::vector<bool>::reference { return needed[static_cast<std::size_t>(id)]; };
  for (const NamedValue& output : outputs) at(output.value) = true;
  for (bool again = true; again;) {
    for (std::size_t i = graph.nodes.size(); i-- > 0;)
      if (std::ranges::any_of(graph.nodes[i].outputs, at))
        for (const ValueId input : graph.nodes[i].inputs)
          if (input != no_value) at(input) = true;
    again = false;
    for (const Write& write : graph.writes) {
      if (!at(write.state) || at(write.value)) continue;
      at(write.value) = true;
      again = true;
    }
  }
  return needed;
}

}  // namespace

bool is_counted(const Graph& graph, ValueId value, std::span<const NamedValue> outputs) {
  static constexpr std::array<std::string_view, 7> forms = {"cast", "reshape", "flatten", "copy", "slice", "concat", "transpose"};
  std::vector<bool> same(graph.values.size());
  std::vector<bool> needed;  // asked for where it matters: few models have tables
  same[static_cast<std::size_t>(value)] = true;
  const auto reads = [&](ValueId id) { return id != no_value && same[static_cast<std::size_t>(id)]; };
  const auto counts = [&](const Node& node) {
    if (!is_loop(node)) return node.op->name == "gather" && node.inputs.size() == 2 && reads(node.inputs[1]);
    const Graph& body = *LoopView(node.attributes).body;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (reads(node.inputs[i]) && is_counted(body, body.inputs[i], body.outputs)) return true;
    return false;
  };
  for (const Node& node : graph.nodes) {
    if (node.op->domain != "core") continue;
    if (counts(node)) {
      if (needed.empty()) needed = needed_values(graph, outputs);
      if (std::ranges::any_of(node.outputs, [&](ValueId id) { return needed[static_cast<std::size_t>(id)]; })) return true;
    }
    if (std::ranges::find(forms, node.op->name) == forms.end() || std::ranges::none_of(node.inputs, reads)) continue;
    for (const ValueId output : node.outputs) same[static_cast<std::size_t>(output)] = true;
  }
  return false;
}

void replace_reads(Graph& graph, ValueId old, ValueId now) {
  for (Node& node : graph.nodes) std::ranges::replace(node.inputs, old, now);
  for (NamedValue& output : graph.outputs)
    if (output.value == old) output.value = now;
  for (Write& write : graph.writes)
    if (write.value == old) write.value = now;
}

}  // namespace webai
