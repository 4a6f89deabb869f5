#include "network/flat_graph.h"

#include <map>

#include "core/op/builder.h"
#include "core/op/op_def.h"

namespace webai {
namespace {

std::vector<std::int64_t> with_batch(const Shape& sample) {
  std::vector<std::int64_t> lengths = {-1};
  for (const Dimension dim : sample.dims()) lengths.push_back(dim.value());
  return lengths;
}

}  // namespace

Graph flat_graph(const Context& context, const Registry& registry, const BuiltModel& built, const FlatForm& form) {
  const Graph& source = built.graph;
  Graph graph;
  GraphBuilder builder(context, registry, graph);
  std::vector<ValueId> map(source.values.size(), no_value);
  const auto now = [&](ValueId id) -> ValueId& { return map[static_cast<std::size_t>(id)]; };

  std::int64_t total = 0;
  // Of the graph: shapes of the inputs may be open.
  const auto shape_of = [&](const BuiltInput& input) { return source.value(input.value).type.shape.without(0); };
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
    if (shape.rank() != 1) part = builder.emit("reshape", {part}, {{"shape", with_batch(shape)}});
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
  for (const Node& node : source.nodes) {
    builder.set_path(node.path);
    std::vector<Ref> inputs;
    for (const ValueId input : node.inputs) {
      if (input != no_value && now(input) == no_value) now(input) = graph.add_constant(source.value(input).constant);
      inputs.push_back({input == no_value ? no_value : now(input)});
    }
    const std::vector<Ref> outputs = builder.emit_all(definition(node), inputs, node.attributes);
    for (std::size_t i = 0; i < outputs.size(); ++i) now(node.outputs[i]) = outputs[i].id;
  }
  Ref output{now(built.output)};
  if (form.rounds && !is_floating(built.type)) output = rounded_value(builder, output, built.type);
  graph.outputs.push_back({std::string(flat_output), output.id});
  for (const NamedValue& output : form.also) graph.outputs.push_back({output.name, now(output.value)});
  for (const Write& write : source.writes) graph.writes.push_back({now(write.state), now(write.value)});
  if (form.training && built.random_step != no_value) {
    const Ref step{now(built.random_step)};
    graph.writes.push_back({step.id, builder.emit("add", {step, builder.scalar(1, builder.dtype(step))}).id});
  }
  return graph;
}

}  // namespace webai
