// Runs a built graph several times with the reference kernels, and carries its states from run to run.
#pragma once

#include "core/op/evaluate.h"
#include "support.h"

namespace webai::test {

using Row = std::vector<double>;

class Steps {
 public:
  Steps(const World& world, BuiltModel built) : world_(world), built_(std::move(built)) {
    const Graph& graph = built_.graph;
    for (const Value& value : graph.values) {
      const bool given = value.kind == ValueKind::constant;
      values_.push_back(given ? value.constant : Tensor(world.context, value.type.type, value.type.shape));
    }
    for (const BuiltParameter& parameter : built_.parameters)
      if (parameter.initial.elements() > 0) at(parameter.value) = parameter.initial;
    for (const BuiltState& state : built_.states) fill(state.value, state.initial.front());
  }
  Steps(const World& world, std::string_view model, std::int64_t batch = 1)
      : Steps(world, world.build(model, {.batch = batch})) {}

  /// The output of one run; one row per input of the model.
  Row run(const std::vector<Row>& inputs) {
    const Graph& graph = built_.graph;
    for (std::size_t i = 0; i < inputs.size(); ++i) set(built_.inputs.at(i).value, inputs[i]);
    compute();
    const Row output = values_of(at(built_.output));
    std::vector<Row> next;
    for (const Write& write : graph.writes) next.push_back(values_of(at(write.value)));
    for (std::size_t i = 0; i < next.size(); ++i) set(graph.writes[i].state, next[i]);
    return output;
  }

  /// All nodes once; the states stay as they are.
  void compute() { compute(built_.graph, values_); }

  Row value(ValueId id) const { return values_of(values_[static_cast<std::size_t>(id)]); }
  Row value(std::string_view name) const { return value(built_.graph.find(name)); }
  void set(ValueId id, const Row& numbers) {
    REQUIRE(at(id).elements() == numbers.size());
    for (std::size_t k = 0; k < numbers.size(); ++k) at(id).set(k, numbers[k]);
  }
  void set(std::string_view name, const Row& numbers) { set(built_.graph.find(name), numbers); }
  const BuiltModel& built() const { return built_; }

 private:
  void compute(const Graph& graph, std::vector<Tensor>& values) const {
    const auto now = [&](ValueId id) -> Tensor& { return values[static_cast<std::size_t>(id)]; };
    for (const Node& node : graph.nodes) {
      std::vector<const Tensor*> inputs;
      for (const ValueId id : node.inputs) inputs.push_back(id == no_value ? nullptr : &now(id));
      std::vector<Tensor> outputs =
          can_evaluate(node) ? evaluate(world_.context, graph, node, inputs) : opened(node, inputs);
      for (std::size_t i = 0; i < outputs.size(); ++i) now(node.outputs[i]) = std::move(outputs[i]);
    }
  }

  // A composite operator by the nodes of its body.
  std::vector<Tensor> opened(const Node& node, const std::vector<const Tensor*>& inputs) const {
    Graph body;
    GraphBuilder builder(world_.context, world_.registry, body);
    std::vector<Ref> given;
    for (const Tensor* input : inputs) given.push_back(input ? builder.constant(*input) : Ref{});
    const std::vector<Ref> results = definition(node).body(builder, given, node.attributes);
    std::vector<Tensor> values;
    for (const Value& value : body.values) values.push_back(value.constant);
    compute(body, values);
    std::vector<Tensor> outputs;
    for (const Ref result : results) outputs.push_back(values[static_cast<std::size_t>(result.id)]);
    return outputs;
  }

  Tensor& at(ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  void fill(ValueId id, double number) {
    for (std::size_t k = 0; k < at(id).elements(); ++k) at(id).set(k, number);
  }

  const World& world_;
  BuiltModel built_;
  std::vector<Tensor> values_;
};

}  // namespace webai::test
