// The same operator on the same inputs with the same attributes gives the same values, so it runs once. Equal scalar
// constants are merged too, since gradient rules write one each time.
#include <cstring>
#include <string>
#include <unordered_map>

#include "compiler/passes.h"
#include "compiler/rewrite.h"

namespace webai {
namespace {

void append_number(std::string& key, std::int64_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string node_key(Rewrite& rewrite, const Node& node) {
  std::string key = node.op->domain + "#" + node.op->name;
  for (const ValueId input : node.inputs) append_number(key, rewrite(input));
  for (const auto& [name, value] : node.attributes) key += name + ":" + text_of(value) + ";";
  return key;
}

std::string constant_key(const Tensor& tensor) {
  std::string key = std::string(name_of(tensor.type())) + tensor.shape().text() + ":";
  key.append(static_cast<const char*>(tensor.data()), tensor.bytes());
  return key;
}

}  // namespace

Graph merge_common(const Graph& graph) {
  Rewrite rewrite(graph);
  std::unordered_map<std::string, ValueId> constants;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.kind != ValueKind::constant || value.constant.bytes() > 256) continue;
    const ValueId id = static_cast<ValueId>(i);
    const auto [at, first] = constants.try_emplace(constant_key(value.constant), no_value);
    if (first) at->second = rewrite(id);
    rewrite.map(id, at->second);
  }
  std::unordered_map<std::string, NodeId> seen;
  for (const Node& node : graph.nodes) {
    if (definition(node).random || node.chain) {
      rewrite.copy(node);
      continue;
    }
    const std::string key = node_key(rewrite, node);
    const auto at = seen.find(key);
    if (at == seen.end()) {
      seen.emplace(key, rewrite.copy(node));
      continue;
    }
    const Node& first = rewrite.graph().node(at->second);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) rewrite.map(node.outputs[i], first.outputs[i]);
  }
  return rewrite.finish();
}

Graph drop_dead(const Graph& graph) {
  std::vector<bool> live(graph.values.size(), false);
  const auto mark = [&](ValueId id) {
    if (id != no_value) live[static_cast<std::size_t>(id)] = true;
  };
  for (const NamedValue& output : graph.outputs) mark(output.value);
  for (const Write& write : graph.writes) mark(write.value);
  std::vector<bool> keep(graph.nodes.size(), false);
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    for (const ValueId output : node.outputs) keep[n] = keep[n] || live[static_cast<std::size_t>(output)];
    if (keep[n])
      for (const ValueId input : node.inputs) mark(input);
  }
  Rewrite rewrite(graph);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n)
    if (keep[n]) rewrite.copy(graph.nodes[n]);
  return rewrite.finish();
}

}  // namespace webai
