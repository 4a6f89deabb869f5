#include "core/model/counted_inputs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace webai {

bool is_counted(const Graph& graph, ValueId value) {
  static constexpr std::array<std::string_view, 7> forms = {"cast", "reshape", "flatten", "copy", "slice", "concat", "transpose"};
  std::vector<bool> same(graph.values.size());
  same[static_cast<std::size_t>(value)] = true;
  for (const Node& node : graph.nodes) {
    if (node.op->domain != "core") continue;
    const auto reads = [&](ValueId id) { return id != no_value && same[static_cast<std::size_t>(id)]; };
    if (node.op->name == "gather" && node.inputs.size() == 2 && reads(node.inputs[1])) return true;
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
