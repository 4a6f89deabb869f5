#include "core/model/inner_model.h"

#include <algorithm>

#include "core/model/model_inputs.h"
#include "core/model/open_dimensions.h"
#include "core/model/setup_instructions.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

[[noreturn]] void refuse_input(const LayerBuilder& layer, std::int64_t wanted, std::int64_t given) {
  throw Error(Code::shape_mismatch, {.message = "what is piped into this " + layer.layer().type + " is not what its inputs take",
                                     .reason = "NET_INPUT",
                                     .path = layer.layer().path,
                                     .layer = layer.layer().name,
                                     .expected = std::to_string(wanted) + " values, the inputs of the inner model",
                                     .actual = std::to_string(given) + " values",
                                     .hint = "what flows in is as long as the first layer of \"net\""});
}

[[noreturn]] void differs(const LayerBuilder& layer) {
  layer.fail(Code::invalid_model, "NET_SHARE", "nets that share their weights are of one shape",
             "give them different names in \"share\"", "share");
}

}  // namespace

BuiltModel build_inner(LayerBuilder& layer, BuildOptions options) {
  const Model& net = *layer.layer().net;
  options.sizes_only = false;
  const auto build = [&] { return build_model(layer.builder().context(), layer.builder().registry(), net, options); };
  if (!has_open_sizes(net)) return build();
  Lengths lengths = options.lengths ? *options.lengths : Lengths();
  options.lengths = &lengths;
  const Layer& front = net.layers.front();
  if (layer.input() && front.type == "input" && front.size && front.size->rank() == layer.input_dims().rank())
    for (std::size_t axis = 0; axis < front.size->rank(); ++axis)
      lengths[pointer_to(pointer_to(front.path, "size"), axis)] = layer.input_dims()[axis];
  add_examples(net, lengths);
  BuiltModel inner = build();
  // What else flows in shows once it is known which inputs there are.
  const Lengths before = lengths;
  for (const OpenDimension& dim : inner.open) {
    const BuiltInput& input = inner.inputs[dim.input];
    const Ref flows = layer.input() && inner.inputs.size() == 1 ? layer.input() : layer.piped(input.name);
    if (flows && layer.dims(flows).rank() == input.shape.rank()) lengths[dim.path] = layer.dims(flows)[dim.axis];
  }
  if (lengths == before) return inner;
  options.inner = {};
  return build();
}

Ref declare_input(LayerBuilder& layer, const std::string& name, const std::string& label, const Shape& dims) {
  const std::vector<BuiltInput>& known = layer.built().inputs;
  bool taken = std::ranges::find(known, name, &BuiltInput::name) != known.end();
  for (int id = 1; id <= layer.model().element_count && !taken; ++id)  // or will be, by one that is built later
    taken = layer.model().element(id).type == "input" && layer.model().element(id).name == name;
  return layer.inputs().declare(taken ? inner_name(layer.layer(), name) : name, label, dims, layer.layer());
}

std::vector<Ref> adopt_inputs(LayerBuilder& layer, const BuiltModel& inner) {
  std::vector<Ref> values(inner.inputs.size());
  std::vector<std::size_t> left;  // that nothing is piped to by name
  std::int64_t wanted = 0;
  for (std::size_t i = 0; i < inner.inputs.size(); ++i) {
    const BuiltInput& input = inner.inputs[i];
    const Ref named = layer.piped(input.name);
    if (!named) {
      left.push_back(i);
      wanted += input.shape.elements();
      continue;
    }
    const Shape dims = layer.dims(named);
    if (dims.elements() != input.shape.elements()) refuse_input(layer, input.shape.elements(), dims.elements());
    values[i] = layer.reshaped(named, input.shape);
  }
  if (!layer.input()) {
    for (const std::size_t i : left) {
      const BuiltInput& input = inner.inputs[i];
      if (layer.layer().layer_index > 0)
        layer.fail(Code::invalid_model, "NET_INPUT", "nothing flows into the input \"" + input.name + "\" of this " + layer.layer().type,
                   "let a layer go to it: \"to\": \"" + layer.layer().title + "." + input.name + "\"");
      for (OpenDimension dim : inner.open) {
        if (dim.input != i) continue;
        dim.input = layer.built().inputs.size();
        layer.built().open.push_back(std::move(dim));
      }
      values[i] = declare_input(layer, input.name, input.label, input.shape);
    }
    return values;
  }
  if (left.size() == 1 && layer.input_dims() == inner.inputs[left.front()].shape) {
    values[left.front()] = layer.input();
    return values;
  }
  const std::int64_t given = layer.input_count();
  if (given != wanted) refuse_input(layer, wanted, given);
  const Ref flat = layer.flattened(layer.input());
  std::int64_t begin = 0;
  for (const std::size_t i : left) {
    const BuiltInput& input = inner.inputs[i];
    const std::int64_t count = input.shape.elements();
    Ref part = flat;
    if (left.size() > 1)
      part = layer.emit("slice", {flat}, {{"starts", Integers{0, begin}}, {"sizes", Integers{-1, count}}});
    values[i] = layer.reshaped(part, input.shape);
    begin += count;
  }
  return values;
}

std::vector<Ref> adopt_parameters(LayerBuilder& layer, const BuiltModel& inner) {
  BuiltModel& outer = layer.built();
  const Model& model = *layer.layer().net;
  const bool own_data = has_own_data(model);
  const std::string share = layer.property("share") ? layer.text("share") : std::string();
  std::vector<ValueId> own;
  std::vector<ValueId>& shared = share.empty() ? own : outer.shared_nets[share];
  const bool again = !shared.empty();
  if (again && shared.size() != inner.parameters.size()) differs(layer);
  layer.number_parameters(static_cast<int>(inner.parameters.size()));
  std::vector<Ref> values;
  for (std::size_t i = 0; i < inner.parameters.size(); ++i) {
    if (again) {
      if (outer.graph.value(shared[i]).type != inner.graph.value(inner.parameters[i].value).type) differs(layer);
      values.push_back({shared[i]});
      outer.shared_names.emplace_back(inner_name(layer.layer(), inner.parameters[i].name), outer.graph.value(shared[i]).name);
      continue;
    }
    BuiltParameter parameter = inner.parameters[i];
    parameter.name = inner_name(layer.layer(), parameter.name);
    parameter.owner = layer.layer().id;
    parameter.index = static_cast<int>(i);
    if (parameter.stored && own_data) {
      parameter.stored = false;
      parameter.setup = model.setup_data_path;
    }
    if (parameter.setup.empty()) {
      parameter.table_owner = parameter.owner;
      parameter.table_index = parameter.index;
    }
    if (const Ref other = layer.tied(parameter)) {
      values.push_back(other);
      shared.push_back(other.id);
      continue;
    }
    parameter.value = outer.graph.add_parameter(parameter.name, inner.graph.value(parameter.value).type, parameter.trainable);
    values.push_back({parameter.value});
    shared.push_back(parameter.value);
    outer.parameters.push_back(std::move(parameter));
  }
  for (const auto& [name, like] : inner.shared_names)
    if (!again) outer.shared_names.emplace_back(inner_name(layer.layer(), name), inner_name(layer.layer(), like));
  // Of a table that goes with a setup.data of the net's own; other ties are made anew by the net itself.
  for (BuiltTie tie : inner.ties) {
    if (again || (tie.setup.empty() && !own_data)) continue;
    tie.name = inner_name(layer.layer(), tie.name);
    tie.like = inner_name(layer.layer(), tie.like);
    if (tie.setup.empty()) tie.setup = model.setup_data_path;
    outer.ties.push_back(std::move(tie));
  }
  return values;
}

std::vector<Ref> adopt_states(LayerBuilder& layer, const BuiltModel& inner) {
  BuiltModel& outer = layer.built();
  std::vector<Ref> values;
  for (BuiltState state : inner.states) {
    state.name = inner_name(layer.layer(), state.name);
    state.owner = layer.layer().id;
    state.value = outer.graph.add_state(state.name, state.type);
    values.push_back({state.value});
    outer.states.push_back(std::move(state));
  }
  return values;
}

}  // namespace webai
