#include "compiler/rewrite.h"

namespace webai {

Rewrite::Rewrite(const Graph& source) : source_(source), map_(source.values.size(), no_value) {
  // Ids of the interface keep their order; node values come as their nodes are copied.
  for (std::size_t i = 0; i < source.values.size(); ++i) {
    const Value& value = source.values[i];
    const ValueId old = static_cast<ValueId>(i);
    switch (value.kind) {
      case ValueKind::input: map(old, result_.add_input(value.name, value.type)); break;
      case ValueKind::parameter: map(old, result_.add_parameter(value.name, value.type, value.trainable)); break;
      case ValueKind::state: map(old, result_.add_state(value.name, value.type)); break;
      case ValueKind::constant:
      case ValueKind::node: break;
    }
  }
}

ValueId Rewrite::operator()(ValueId old) {
  if (old == no_value) return no_value;
  ValueId& now = map_[static_cast<std::size_t>(old)];
  const Value& value = source_.value(old);
  if (now == no_value && value.kind == ValueKind::constant) now = result_.add_constant(value.constant);
  return now;
}

NodeId Rewrite::copy(const Node& node) {
  Node now = node;
  now.outputs.clear();
  std::vector<ValueType> types;
  for (ValueId& input : now.inputs) input = (*this)(input);
  for (const ValueId output : node.outputs) types.push_back(source_.value(output).type);
  const NodeId id = result_.add_node(std::move(now), types);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) map(node.outputs[i], result_.node(id).outputs[i]);
  return id;
}

Graph Rewrite::finish() {
  for (const NamedValue& output : source_.outputs) result_.outputs.push_back({output.name, (*this)(output.value)});
  for (const Write& write : source_.writes) result_.writes.push_back({(*this)(write.state), (*this)(write.value)});
  return std::move(result_);
}

std::vector<std::int32_t> count_uses(const Graph& graph) {
  std::vector<std::int32_t> uses(graph.values.size(), 0);
  const auto use = [&](ValueId id) {
    if (id != no_value) ++uses[static_cast<std::size_t>(id)];
  };
  for (const Node& node : graph.nodes)
    for (const ValueId input : node.inputs) use(input);
  for (const NamedValue& output : graph.outputs) use(output.value);
  for (const Write& write : graph.writes) use(write.value);
  return uses;
}

}  // namespace webai
