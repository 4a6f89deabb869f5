#include "core/model/build_outputs.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "core/base/names.h"
#include "core/model/layer_builder.h"
#include "webai/error.hpp"

namespace webai {
namespace {

void check_name(const std::string& name, const std::vector<std::string_view>& known, std::string_view path) {
  if (name.empty() || std::ranges::find(known, name) != known.end()) return;
  throw Error(Code::invalid_model, {.message = "no input or output is called \"" + name + "\"",
                                    .reason = "IO_NAME",
                                    .path = pointer_to(path, name),
                                    .expected = one_of(known),
                                    .actual = "\"" + name + "\"",
                                    .hint = did_you_mean(name, known, "name the layer that is meant, or leave the name out: rules of \"io\" then hold for all")});
}

// Names in the io block exist, and there are not more labels than outputs.
void check_io(const Context& context, const Model& model, const BuiltModel& built, bool with_labels) {
  std::vector<std::string_view> inputs, outputs;
  for (const BuiltInput& input : built.inputs) {
    inputs.push_back(input.name);
    inputs.push_back(input.label);
  }
  for (const NamedValue& output : built.outputs) outputs.push_back(output.name);
  outputs.insert(outputs.end(), built.output_labels.begin(), built.output_labels.end());
  for (const IoRules& rules : model.io.input) check_name(rules.name, inputs, "/io/input");
  for (const IoRules& rules : model.io.output) check_name(rules.name, outputs, "/io/output");
  if (!with_labels) return;
  for (std::size_t i = 0; i < built.outputs.size(); ++i)
    if (const Shape& dims = built.output_shapes[i]; dims.is_concrete())
      check_labels(context, model.io.output_rules(built.outputs[i].name, built.output_labels[i]), static_cast<std::size_t>(dims.elements()));
}

// What the model says of the output itself, else the label of the layer or pipe that gives it.
std::string label_of(const Model& model, const BuiltModel& built, std::size_t index) {
  if (index < model.outputs.size() && !model.outputs[index].label.empty()) return model.outputs[index].label;
  const auto layer = std::ranges::find(built.layers, built.outputs[index].value, &BuiltLayer::value);
  return layer == built.layers.end() ? std::string() : model.element(layer->id).label;
}

// Between operations that work on whole shapes other types may flow; what the model gives is of its own.
void check_type(const Model& model, const BuiltModel& built, ValueId value) {
  const DType type = built.graph.value(value).type.type;
  if (type == built.computed) return;
  const auto layer = std::ranges::find(built.layers, value, &BuiltLayer::value);
  throw Error(Code::type_mismatch, {.message = "what the model gives is not of its type",
                                    .reason = "OP_OUTPUT_TYPE",
                                    .path = layer == built.layers.end() ? model.layers.back().path : model.element(layer->id).path,
                                    .expected = std::string(name_of(built.computed)),
                                    .actual = std::string(name_of(type)),
                                    .hint = "let a last operation cast it"});
}

}  // namespace

void finish_outputs(Builder& builder, const Model& model, BuiltModel& built, std::vector<NamedValue> outputs,
                    bool with_labels) {
  std::set<std::string> taken;
  for (const NamedValue& output : outputs) taken.insert(output.name);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::string& name = outputs[i].name;
    if (!name.empty()) continue;
    name = outputs.size() == 1 ? "output" : std::to_string(i);
    while (!taken.insert(name).second) name = "output/" + name;
  }
  built.graph.outputs = outputs;
  built.output = outputs.front().value;
  built.outputs = std::move(outputs);
  for (std::size_t i = 0; i < built.outputs.size(); ++i) {
    check_type(model, built, built.outputs[i].value);
    built.output_shapes.push_back(built.dims_of(built.graph.value(built.outputs[i].value).type.shape));
    built.output_labels.push_back(label_of(model, built, i));
  }
  built.output_shape = built.output_shapes.front();
  check_io(builder.context(), model, built, with_labels);
  if (built.outputs.size() == 1) return;
  const Layer& last = model.layers.back();
  builder.set_path(last.path);
  LayerBuilder writer(builder, model, last, {}, built, false);
  std::vector<Ref> flat;
  for (const NamedValue& output : built.outputs) flat.push_back(writer.flattened({output.value}));
  built.output = builder.emit("concat", flat, {{"axis", std::int64_t{-1}}}).id;
  built.output_shape = built.dims_of(built.graph.value(built.output).type.shape);
}

}  // namespace webai
