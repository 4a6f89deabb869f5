#include "training/storage_type.h"

#include <map>

#include "core/op/op_def.h"

namespace webai {
namespace {

class Storing {
 public:
  Storing(const Context& context, const Registry& registry, const StepGraph& step, const Graph& forward,
          const BuiltModel& model)
      : source_(step.graph),
        forward_(forward),
        storage_(model.type),
        result_{{}, step.states, 0},
        builder_(context, registry, result_.graph),
        now_(source_.values.size()),
        stored_(source_.values.size()),
        masters_(source_.values.size()),
        scales_(source_.values.size()),
        is_written_(source_.values.size()) {
    for (const BuiltParameter& parameter : model.parameters)
      if (parameter.code) codes_.emplace(parameter.name, &parameter.code);
    for (const Write& write : source_.writes) is_written_[index(write.state)] = true;
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
    const bool converts = rounds_all() && of_model(i) && value.type.type == DType::fp32;
    const ValueType stored{converts ? storage_ : value.type.type, value.type.shape};
    switch (value.kind) {
      case ValueKind::input:
        now_[i] = {graph.add_input(value.name, value.type)};
        if (converts) now_[i] = rounded(now_[i]);
        break;
      case ValueKind::parameter:
        if (code_of(value.name)) {
          place_codes(i);
          break;
        }
        now_[i] = {graph.add_parameter(value.name, stored, value.trainable)};
        if (!converts) break;
        stored_[i] = now_[i];
        if (is_written_[i]) {
          add_master(i);
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

  void add_master(std::size_t i) {
    const Value& value = source_.values[i];
    const std::string name = std::string(master_prefix) + value.name;
    masters_[i] = {result_.graph.add_state(name, value.type)};
    result_.states.push_back({.name = name, .type = value.type, .starts_as = value.name});
  }

  const ParameterCode* code_of(const std::string& name) const {
    const auto found = codes_.find(name);
    return found == codes_.end() ? nullptr : found->second;
  }

  void place_codes(std::size_t i) {
    const Value& value = source_.values[i];
    const ParameterCode& code = *code_of(value.name);
    const DType computed = value.type.type;
    Ref codes = stored_[i] = {result_.graph.add_parameter(value.name, {storage_, value.type.shape}, value.trainable)};
    scales_[i] = {result_.graph.add_state(scale_name(value.name), {computed, code.scale.shape()})};
    if (is_written_[i]) {
      add_master(i);
      codes = parameter_to_code(builder_, masters_[i], scales_[i], code, storage_);
    }
    now_[i] = parameter_from_code(builder_, codes, scales_[i], code, computed);
  }

  bool rounds_all() const { return is_floating(storage_); }

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
      const bool rounds = rounds_all() && n < forward_.nodes.size() && !op.view && builder_.dtype(outputs[i]) == DType::fp32;
      now_[index(node.outputs[i])] = rounds ? rounded(outputs[i]) : outputs[i];
    }
  }

  void finish(std::size_t state, Ref value) {
    Graph& graph = result_.graph;
    if (masters_[state]) graph.writes.push_back({masters_[state].id, value.id});
    if (scales_[state]) {
      const ParameterCode& code = *code_of(source_.values[state].name);
      const Ref scale = widened_scale(builder_, value, scales_[state], code, storage_);
      graph.writes.push_back({scales_[state].id, scale.id});
      graph.writes.push_back({stored_[state].id, parameter_to_code(builder_, value, scale, code, storage_).id});
    } else if (stored_[state]) {
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
  std::vector<Ref> scales_;                  // of codes
  std::vector<bool> is_written_;
  std::map<std::string_view, const ParameterCode*> codes_;  // of the model's parameters that have such
};

}  // namespace

DType step_type(DType model) noexcept {
  return model == DType::fp16 || model == DType::bf16 ? DType::fp32 : computed_in(model);
}

StepGraph stored_as(const Context& context, const Registry& registry, StepGraph step, const Graph& forward,
                    const BuiltModel& model) {
  if (step_type(model.type) == model.type) return step;
  return Storing(context, registry, step, forward, model).take();
}

}  // namespace webai
