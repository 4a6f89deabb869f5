#include "core/op/loop.h"

#include "webai/error.hpp"

namespace webai {

LoopView::LoopView(const Attributes& attributes)
    : body(&attributes.graph("body")), steps(attributes.integer("steps")),
      carried(static_cast<std::size_t>(attributes.integer("carried"))),
      stacked(static_cast<std::size_t>(attributes.integer("stacked"))), reverse(attributes.boolean("reverse")),
      recompute(attributes.boolean("recompute")), ends(attributes.integer("ends")) {}

double steps_inside(const Graph& graph) {
  double steps = 0;
  for (const Node& node : graph.nodes) {
    if (!is_loop(node)) continue;
    const LoopView loop(node.attributes);
    steps += static_cast<double>(loop.steps) * (1 + steps_inside(*loop.body));
  }
  return steps;
}

std::vector<Ref> inline_graph(Builder& builder, const Graph& graph, std::span<const Ref> inputs) {
  std::vector<Ref> now(graph.values.size());
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) now[static_cast<std::size_t>(graph.inputs[i])] = inputs[i];
  const auto at = [&](ValueId id) -> Ref {
    if (id == no_value) return {};
    Ref& ref = now[static_cast<std::size_t>(id)];
    if (!ref && graph.value(id).kind == ValueKind::constant) ref = builder.constant(graph.value(id).constant);
    return ref;
  };
  for (const Node& node : graph.nodes) {
    builder.set_path(node.path);
    std::vector<Ref> operands;
    for (const ValueId input : node.inputs) operands.push_back(at(input));
    const std::vector<Ref> results = builder.emit_all(definition(node), operands, node.attributes);
    for (std::size_t i = 0; i < results.size(); ++i) now[static_cast<std::size_t>(node.outputs[i])] = results[i];
  }
  std::vector<Ref> outputs;
  for (const NamedValue& output : graph.outputs) outputs.push_back(at(output.value));
  return outputs;
}

std::vector<Ref> emit_loop(Builder& builder, Graph body, const LoopInputs& inputs, std::int64_t steps, bool reverse,
                           bool recompute, std::int64_t ends) {
  const auto count = static_cast<std::int64_t>(inputs.carried.size());
  for (std::size_t i = 0; i < inputs.carried.size(); ++i)
    body.outputs.push_back({"carried " + std::to_string(i), body.inputs[i]});
  std::vector<Ref> all(inputs.carried.begin(), inputs.carried.end());
  all.insert(all.end(), inputs.stacked.begin(), inputs.stacked.end());
  all.insert(all.end(), inputs.shared.begin(), inputs.shared.end());
  return builder.emit_all("loop", all,
                          {{"body", Subgraph{std::make_shared<const Graph>(std::move(body))}},
                           {"steps", steps},
                           {"carried", count},
                           {"stacked", static_cast<std::int64_t>(inputs.stacked.size())},
                           {"reverse", reverse},
                           {"recompute", recompute},
                           {"ends", ends}});
}

std::string loop_input_name(std::size_t input) { return "in " + std::to_string(input); }
std::string loop_output_name(std::size_t output) { return "out " + std::to_string(output); }

Graph step_form(const LoopView& loop, std::size_t inputs) {
  const Graph& body = *loop.body;
  Graph result;
  std::vector<ValueId> now(body.values.size(), no_value);
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    const ValueType& type = body.value(body.inputs[i]).type;
    const std::string name = i == inputs ? std::string(loop_index_name) : loop_input_name(i);
    now[static_cast<std::size_t>(body.inputs[i])] = i < loop.carried ? result.add_state(name, type) : result.add_input(name, type);
  }
  const auto at = [&](ValueId id) {
    if (id == no_value) return no_value;
    ValueId& value = now[static_cast<std::size_t>(id)];
    if (value == no_value) value = result.add_constant(body.value(id).constant);
    return value;
  };
  for (const Node& node : body.nodes) {
    Node copy = node;
    copy.outputs.clear();
    for (ValueId& input : copy.inputs) input = at(input);
    std::vector<ValueType> types;
    for (const ValueId output : node.outputs) types.push_back(body.value(output).type);
    const NodeId id = result.add_node(std::move(copy), types);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) now[static_cast<std::size_t>(node.outputs[i])] = result.node(id).outputs[i];
  }
  for (std::size_t i = 0; i < body.outputs.size(); ++i) {
    const ValueId value = at(body.outputs[i].value);
    if (i < loop.carried)
      result.writes.push_back({result.states[i], value});
    else
      result.outputs.push_back({loop_output_name(i), value});
  }
  return result;
}

}  // namespace webai
