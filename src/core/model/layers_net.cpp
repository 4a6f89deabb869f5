// A whole model as a layer: its graph is written into the one around it, with names and weights of its own.
#include <algorithm>
#include <numeric>

#include "core/model/layer_builder.h"
#include "core/op/op_def.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

class Inlining {
 public:
  Inlining(LayerBuilder& layer, BuiltModel& outer)
      : layer_(layer), outer_(outer), builder_(layer.builder()), title_(layer.layer().title),
        inner_(build_model(builder_.context(), builder_.registry(), *layer.layer().net,
                           {.batch = outer.batch, .normalize = false, .fill = layer.fills(), .training = layer.training()})),
        now_(inner_.graph.values.size()) {}

  Ref run() {
    bind_inputs();
    bind_parameters();
    bind_states();
    for (const Node& node : inner_.graph.nodes) copy(node);
    for (const Write& write : inner_.graph.writes) layer_.write(at(write.state), at(write.value));
    builder_.set_path(layer_.layer().path);
    return at(inner_.output);
  }

 private:
  Ref at(ValueId id) {
    if (id == no_value) return {};
    Ref& ref = now_[static_cast<std::size_t>(id)];
    if (!ref && inner_.graph.value(id).kind == ValueKind::constant) ref = builder_.constant(inner_.graph.value(id).constant);
    return ref;
  }
  void set(ValueId id, Ref ref) { now_[static_cast<std::size_t>(id)] = ref; }
  std::string inside(const std::string& name) const { return title_ + "/" + name; }

  // What is piped into the layer, in the order of the inner model's inputs; without any they are inputs of the model.
  void bind_inputs() {
    if (!layer_.input()) {
      for (const BuiltInput& input : inner_.inputs) {
        const bool taken = std::ranges::find(outer_.inputs, input.name, &BuiltInput::name) != outer_.inputs.end();
        const std::string name = taken ? inside(input.name) : input.name;
        const Ref value{outer_.graph.add_input(name, inner_.graph.value(input.value).type)};
        outer_.inputs.push_back({.name = name, .label = input.label, .value = value.id, .shape = input.shape});
        set(input.value, value);
      }
      return;
    }
    std::int64_t wanted = 0;
    for (const BuiltInput& input : inner_.inputs) wanted += input.shape.is_concrete() ? input.shape.elements() : 0;
    if (inner_.inputs.size() == 1 && layer_.input_dims() == inner_.inputs.front().shape) return set(inner_.inputs.front().value, layer_.input());
    const std::int64_t given = layer_.input_count();
    if (given != wanted)
      throw Error(Code::shape_mismatch, {.message = "what is piped into this net is not what its inputs take",
                                         .reason = "NET_INPUT",
                                         .path = layer_.layer().path,
                                         .layer = layer_.layer().name,
                                         .expected = std::to_string(wanted) + " values, the inputs of the inner model",
                                         .actual = std::to_string(given) + " values"});
    const Ref flat = layer_.flattened(layer_.input());
    std::int64_t begin = 0;
    for (const BuiltInput& input : inner_.inputs) {
      const std::int64_t count = input.shape.elements();
      Ref part = flat;
      if (inner_.inputs.size() > 1)
        part = builder_.emit("slice", {flat}, {{"starts", Integers{0, begin}}, {"sizes", Integers{-1, count}}});
      set(input.value, layer_.reshaped(part, input.shape));
      begin += count;
    }
  }

  // Their values stand in the inner setup.data where there is one, else with those of the model around.
  void bind_parameters() {
    const Model& model = *layer_.layer().net;
    const bool own_data = !model.setup_data.is_null() && !(model.setup_data.is_text() && model.setup_data.as_text().empty());
    const std::string share = layer_.property("share") ? layer_.text("share") : std::string();
    std::vector<ValueId>& shared = outer_.shared_nets[share.empty() ? title_ : share];
    const bool again = !shared.empty();
    if (again && shared.size() != inner_.parameters.size()) differs();
    for (std::size_t i = 0; i < inner_.parameters.size(); ++i) {
      BuiltParameter parameter = std::move(inner_.parameters[i]);
      const ValueId inner = parameter.value;
      if (again) {
        if (outer_.graph.value(shared[i]).type != parameter.type) differs();
        set(inner, {shared[i]});
        continue;
      }
      parameter.name = inside(parameter.name);
      parameter.owner = layer_.layer().id;
      parameter.index = static_cast<int>(i);
      if (parameter.stored && own_data) {
        parameter.stored = false;
        parameter.setup = model.setup_data_path;
      }
      parameter.value = outer_.graph.add_parameter(parameter.name, parameter.type, parameter.trainable);
      set(inner, {parameter.value});
      shared.push_back(parameter.value);
      outer_.parameters.push_back(std::move(parameter));
    }
  }

  [[noreturn]] void differs() const {
    layer_.fail(Code::invalid_model, "NET_SHARE", "nets that share their weights are of one shape", "give them different names in \"share\"", "share");
  }

  void bind_states() {
    for (BuiltState state : inner_.states) {
      state.name = inside(state.name);
      state.owner = layer_.layer().id;
      const Ref value{outer_.graph.add_state(state.name, state.type)};
      set(state.value, value);
      state.value = value.id;
      outer_.states.push_back(std::move(state));
    }
    if (inner_.random_step != no_value) set(inner_.random_step, layer_.random_step());
  }

  void copy(const Node& node) {
    builder_.set_path(node.path);
    std::vector<Ref> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(at(input));
    const std::vector<Ref> outputs = builder_.emit_all(definition(node), inputs, node.attributes);
    for (std::size_t i = 0; i < outputs.size(); ++i) set(node.outputs[i], outputs[i]);
  }

  LayerBuilder& layer_;
  BuiltModel& outer_;
  Builder& builder_;
  std::string title_;
  BuiltModel inner_;
  std::vector<Ref> now_;  // by value of the inner graph
};

Ref build_net(LayerBuilder& layer) { return Inlining(layer, layer.built()).run(); }

constexpr PropertyDef net_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the inner model", .required = true},
    {.name = "share", .kind = PropertyKind::text, .doc = "nets of one name share their weights"},
};

constexpr LayerDef definitions[] = {
    {.name = "net",
     .doc = "A whole model as a layer.",
     .properties = net_properties,
     .on_first_layer = true,
     .build = build_net},
};

}  // namespace

std::span<const LayerDef> net_layers() { return definitions; }

}  // namespace webai
