// Appending to a graph and finding its named values.
#include "core/ir/graph.h"

namespace webai {
namespace {

ValueId append(Graph& graph, Value value) {
  graph.values.push_back(std::move(value));
  return static_cast<ValueId>(graph.values.size() - 1);
}

// That names differ is the verifier's rule V7: looking for each among all would cost hours on a model of many layers.
ValueId append_named(Graph& graph, ValueKind kind, std::string name, ValueType type) {
  Value value;
  value.type = type;
  value.kind = kind;
  value.name = std::move(name);
  return append(graph, std::move(value));
}

}  // namespace

std::size_t Node::own_inputs() const noexcept {
  if (!chain || op->name == "fused") return inputs.size();
  return inputs.size() - static_cast<std::size_t>(chain->inputs - 1);
}

ValueId Graph::add_input(std::string name, ValueType type) {
  const ValueId id = append_named(*this, ValueKind::input, std::move(name), type);
  inputs.push_back(id);
  return id;
}

ValueId Graph::add_parameter(std::string name, ValueType type, bool trainable) {
  const ValueId id = append_named(*this, ValueKind::parameter, std::move(name), type);
  value(id).trainable = trainable;
  parameters.push_back(id);
  return id;
}

ValueId Graph::add_state(std::string name, ValueType type) {
  const ValueId id = append_named(*this, ValueKind::state, std::move(name), type);
  states.push_back(id);
  return id;
}

ValueId Graph::add_constant(Tensor tensor) {
  Value value;
  value.type = {tensor.type(), tensor.shape()};
  value.kind = ValueKind::constant;
  value.constant = std::move(tensor);
  return append(*this, std::move(value));
}

NodeId Graph::add_node(Node node, const std::vector<ValueType>& output_types) {
  const NodeId id = static_cast<NodeId>(nodes.size());
  for (std::size_t i = 0; i < output_types.size(); ++i) {
    Value value;
    value.type = output_types[i];
    value.producer = id;
    node.outputs.push_back(append(*this, std::move(value)));
  }
  nodes.push_back(std::move(node));
  return id;
}

ValueId Graph::find(std::string_view name) const noexcept {
  for (const std::vector<ValueId>* ids : {&inputs, &parameters, &states})
    for (const ValueId id : *ids)
      if (value(id).name == name) return id;
  return no_value;
}

ValueId Graph::output(std::string_view name) const noexcept {
  for (const NamedValue& output : outputs)
    if (output.name == name) return output.value;
  return no_value;
}

}  // namespace webai
