#include "network/flat_graph.h"

#include <map>

#include "core/op/builder.h"
#include "core/op/op_def.h"

namespace webai {
namespace {

Ref reshaped(Builder& builder, Ref value, const Shape& shape) {
  std::vector<std::int64_t> lengths;
  for (const Dimension dim : shape.dims()) lengths.push_back(dim.is_symbol() ? -1 : dim.value());
  return builder.emit("reshape", {value}, {{"shape", std::move(lengths)}});
}

}  // namespace

Graph flat_graph(const Context& context, const Registry& registry, const BuiltModel& built, const FlatForm& form) {
  const Graph& source = built.graph;
  Graph graph;
  GraphBuilder builder(context, registry, graph);
  std::vector<ValueId> map(source.values.size(), no_value);
  const auto now = [&](ValueId id) -> ValueId& {
    ValueId& known = map[static_cast<std::size_t>(id)];
    const Value& value = source.value(id);
    if (known == no_value && value.kind == ValueKind::constant) known = graph.add_constant(value.constant);
    return known;
  };
  // Behind the flat interface a value without a batch is that of one sample.
  const auto as_sample = [&](Ref value) {
    return built.explicit_batch ? reshaped(builder, value, builder.shape(value).inserted(0, 1)) : value;
  };

  std::int64_t total = 0;
  // Of the graph: shapes of the inputs may be open.
  const auto shape_of = [&](const BuiltInput& input) { return built.dims_of(source.value(input.value).type.shape); };
  for (const BuiltInput& input : built.inputs) total += shape_of(input).elements();
  const DType type = source.value(built.output).type.type;
  const Ref flat{graph.add_input(std::string(flat_input), {type, Shape{built.batch, total}})};
  std::int64_t begin = 0;
  for (const BuiltInput& input : built.inputs) {
    Ref part = flat;
    const Shape shape = shape_of(input);
    const std::int64_t count = shape.elements();
    if (built.inputs.size() > 1)
      part = builder.emit("slice", {flat}, {{"starts", std::vector<std::int64_t>{0, begin}},
                                            {"sizes", std::vector<std::int64_t>{-1, count}}});
    if (shape.rank() != 1 || built.explicit_batch) part = reshaped(builder, part, built.in_graph(shape));
    now(input.value) = part.id;
    begin += count;
  }
  std::map<ValueId, const BuiltParameter*> coded;
  for (const BuiltParameter& parameter : built.parameters)
    if (parameter.code && form.codes) coded.emplace(parameter.value, &parameter);
  for (const ValueId id : source.parameters) {
    const Value& value = source.value(id);
    const auto kept = coded.find(id);
    if (kept == coded.end()) {
      now(id) = graph.add_parameter(value.name, value.type, value.trainable);
      continue;
    }
    const BuiltParameter& parameter = *kept->second;
    const Ref codes{graph.add_parameter(value.name, parameter.type, value.trainable)};
    const Ref scale{graph.add_state(scale_name(value.name), {value.type.type, parameter.code.scale.shape()})};
    now(id) = parameter_from_code(builder, codes, scale, parameter.code, value.type.type).id;
  }
  for (const ValueId id : source.states) now(id) = graph.add_state(source.value(id).name, source.value(id).type);
  std::map<ValueId, ValueId> samples;  // states of a graph without a batch, as they are kept
  for (const BuiltState& state : built.states) {
    if (!built.explicit_batch) break;
    Value& kept = graph.value(now(state.value));
    const Shape shape = kept.type.shape;
    kept.type.shape = shape.inserted(0, 1);
    samples.emplace(state.value, now(state.value));
    now(state.value) = reshaped(builder, {now(state.value)}, shape).id;
  }
  for (const Node& node : source.nodes) {
    builder.set_path(node.path);
    std::vector<Ref> inputs;
    for (const ValueId input : node.inputs) inputs.push_back({input == no_value ? no_value : now(input)});
    const std::vector<Ref> outputs = builder.emit_all(definition(node), inputs, node.attributes);
    for (std::size_t i = 0; i < outputs.size(); ++i) now(node.outputs[i]) = outputs[i].id;
  }
  Ref output{now(built.output)};
  if (form.rounds && !is_floating(built.type)) {  // as a part of the layer that gives it
    if (const NodeId from = graph.value(output.id).producer; from >= 0) builder.set_path(graph.node(from).path);
    output = rounded_value(builder, output, built.type);
  }
  graph.outputs.push_back({std::string(flat_output), as_sample(output).id});
  for (const NamedValue& output : form.also) graph.outputs.push_back({output.name, now(output.value)});
  for (const Write& write : source.writes) {
    const auto sample = samples.find(write.state);
    if (sample == samples.end()) graph.writes.push_back({now(write.state), now(write.value)});
    else graph.writes.push_back({sample->second, as_sample({now(write.value)}).id});
  }
  if (form.training && built.random_step != no_value) {
    const Ref step{now(built.random_step)};
    graph.writes.push_back({step.id, builder.emit("add", {step, builder.scalar(1, builder.dtype(step))}).id});
  }
  return graph;
}

}  // namespace webai
