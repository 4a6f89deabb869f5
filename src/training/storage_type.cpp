#include "training/storage_type.h"

#include "core/op/op_def.h"

namespace webai {
namespace {

class Storing {
 public:
  Storing(const Context& context, const Registry& registry, const StepGraph& step, const Graph& forward, DType storage)
      : source_(step.graph),
        forward_(forward),
        storage_(storage),
        result_{{}, step.states, 0},
        builder_(context, registry, result_.graph),
        now_(source_.values.size()),
        stored_(source_.values.size()),
        masters_(source_.values.size()) {
    for (std::size_t i = 0; i < source_.values.size(); ++i) place_interface(i);
    for (std::size_t n = 0; n < source_.nodes.size(); ++n) {
      if (n == step.updates) result_.updates = result_.graph.nodes.size();
      copy(n, n >= step.updates);
    }
    if (step.updates >= source_.nodes.size()) result_.updates = result_.graph.nodes.size();
    for (const NamedValue& output : source_.outputs)
      result_.graph.outputs.push_back({output.name, now_[index(output.value)].id});
    for (const Write& write : source_.writes) finish(index(write.state), now_[index(write.value)]);
  }
  StepGraph take() { return std::move(result_); }

 private:
  static std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }
  bool of_model(std::size_t value) const { return value < forward_.values.size(); }
  Ref cast(Ref value, DType type) { return builder_.emit("cast", {value}, {{"type", std::string(name_of(type))}}); }
  Ref rounded(Ref value) { return cast(cast(value, storage_), DType::fp32); }

  void place_interface(std::size_t i) {
    const Value& value = source_.values[i];
    Graph& graph = result_.graph;
    const bool converts = of_model(i) && value.type.type == DType::fp32;
    const ValueType stored{converts ? storage_ : value.type.type, value.type.shape};
    switch (value.kind) {
      case ValueKind::input:
        now_[i] = {graph.add_input(value.name, value.type)};
        if (converts) now_[i] = rounded(now_[i]);
        break;
      case ValueKind::parameter:
        now_[i] = {graph.add_parameter(value.name, stored, value.trainable)};
        if (!converts) break;
        stored_[i] = now_[i];
        if (is_written(i)) {
          const std::string name = "$master of " + value.name;
          masters_[i] = {graph.add_state(name, value.type)};
          result_.states.push_back({name, value.type, 0, value.name});
          now_[i] = rounded(masters_[i]);
        } else {
          now_[i] = cast(now_[i], DType::fp32);
        }
        break;
      case ValueKind::state:
        now_[i] = {graph.add_state(value.name, stored)};
        if (!converts) break;
        stored_[i] = now_[i];
        now_[i] = cast(now_[i], DType::fp32);
        break;
      case ValueKind::constant:
        now_[i] = {graph.add_constant(
            converts ? value.constant.converted(builder_.context(), storage_).converted(builder_.context(), DType::fp32)
                     : value.constant)};
        break;
      case ValueKind::node:
        break;
    }
  }

  bool is_written(std::size_t i) const {
    for (const Write& write : source_.writes)
      if (index(write.state) == i) return true;
    return false;
  }

  void copy(std::size_t n, bool updates) {
    const Node& node = source_.nodes[n];
    builder_.set_path(node.path);
    std::vector<Ref> inputs;
    for (const ValueId id : node.inputs) {
      if (id == no_value) {
        inputs.emplace_back();
      } else {
        const Ref master = masters_[index(id)];
        inputs.push_back(updates && master ? master : now_[index(id)]);
      }
    }
    const OpDef& op = definition(node);
    const std::vector<Ref> outputs = builder_.emit_all(op, inputs, node.attributes);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const bool rounds = n < forward_.nodes.size() && !op.view && builder_.dtype(outputs[i]) == DType::fp32;
      now_[index(node.outputs[i])] = rounds ? rounded(outputs[i]) : outputs[i];
    }
  }

  void finish(std::size_t state, Ref value) {
    Graph& graph = result_.graph;
    if (masters_[state]) graph.writes.push_back({masters_[state].id, value.id});
    if (stored_[state]) {
      graph.writes.push_back({stored_[state].id, cast(value, storage_).id});
    } else {
      graph.writes.push_back({now_[state].id, value.id});
    }
  }

  const Graph& source_;
  const Graph& forward_;
  DType storage_;
  StepGraph result_;
  GraphBuilder builder_;
  std::vector<Ref> now_, stored_, masters_;  // by value of the source: to read, to keep, to update
};

}  // namespace

DType step_type(DType model) noexcept { return model == DType::fp16 || model == DType::bf16 ? DType::fp32 : model; }

StepGraph stored_as(const Context& context, const Registry& registry, const StepGraph& step, const Graph& forward,
                    DType storage) {
  return Storing(context, registry, step, forward, storage).take();
}

}  // namespace webai
