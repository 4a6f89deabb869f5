// A whole model as a layer: its graph is written into the one around it, with names and weights of its own.
#include "core/model/inner_model.h"
#include "core/op/op_def.h"

namespace webai {
namespace {

class Inlining {
 public:
  explicit Inlining(LayerBuilder& layer)
      : layer_(layer), builder_(layer.builder()), inner_(layer.inner_model()), now_(inner_.graph.values.size()) {}

  Ref run() {
    const auto bind = [&](const auto& list, const std::vector<Ref>& values) {
      for (std::size_t i = 0; i < list.size(); ++i) set(list[i].value, values[i]);
    };
    bind(inner_.inputs, adopt_inputs(layer_, inner_));
    bind(inner_.parameters, adopt_parameters(layer_, inner_));
    bind(inner_.states, adopt_states(layer_, inner_));
    if (inner_.random_step != no_value) set(inner_.random_step, layer_.random_step());
    // Averages that nets share go on, in each of them, from what the net before has made of them.
    std::vector<std::pair<Ref, ValueId>> writes;
    for (const Write& write : inner_.graph.writes) {
      writes.emplace_back(at(write.state), write.value);
      set(write.state, layer_.latest(at(write.state)));
    }
    for (const Node& node : inner_.graph.nodes) copy(node);
    for (const auto& [state, value] : writes) layer_.write(state, at(value));
    builder_.set_path(layer_.layer().path);
    for (const NamedValue& output : inner_.outputs) layer_.gives(output.name, at(output.value));
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

  void copy(const Node& node) {
    builder_.set_path(node.path);
    std::vector<Ref> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(at(input));
    const std::vector<Ref> outputs = builder_.emit_all(definition(node), inputs, node.attributes);
    for (std::size_t i = 0; i < outputs.size(); ++i) set(node.outputs[i], outputs[i]);
  }

  LayerBuilder& layer_;
  Builder& builder_;
  const BuiltModel& inner_;
  std::vector<Ref> now_;  // by value of the inner graph
};

Ref build_net(LayerBuilder& layer) { return Inlining(layer).run(); }

constexpr PropertyDef net_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the inner model", .required = true},
    {.name = "share", .kind = PropertyKind::text, .doc = "nets of one name share their weights"},
};

constexpr LayerDef net_definitions[] = {
    {.name = "net",
     .doc = "A whole model as a layer.",
     .properties = net_properties,
     .on_first_layer = true,
     .build = build_net},
};

}  // namespace

std::span<const LayerDef> net_layers() { return net_definitions; }

}  // namespace webai
