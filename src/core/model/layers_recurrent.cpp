// Recurrent cells: layers that remember. Each run is one step; the memory is a state of the graph.
#include "core/model/cells.h"

namespace webai {
namespace {

Ref build_cell(LayerBuilder& layer) {
  const CellKind& kind = cell_kind(layer.layer().type);
  const Shape size = layer.layer().size.value_or(layer.input_dims());
  const std::int64_t inputs = layer.input_count();
  if (!size.is_concrete())
    layer.fail(Code::invalid_model, "OPEN_SIZE", "the number of neurons cannot be open (null)",
               "only inputs may have open dimensions", "size");
  const std::int64_t units = size.elements();
  const CellWeights weights(layer, kind, layer.flattened(layer.input()), inputs, units);
  std::vector<Term> memory;
  for (const std::string_view name : kind.memory) memory.emplace_back(layer.builder(), layer.state(name, {units}));
  const CellStep step = kind.step(weights.parts, weights.x, memory);
  for (std::size_t i = 0; i < memory.size(); ++i) layer.write(memory[i], step.memory[i]);
  return layer.reshaped(step.output, size);
}

constexpr PropertyDef connections = {"connections", PropertyKind::any, "as on neurons, from the input to each gate",
                                     "all-to-all"};
constexpr PropertyDef cell_properties[] = {connections};
constexpr PropertyDef gru_properties[] = {
    connections,
    {"resetAfter", PropertyKind::boolean, "apply the reset gate behind the recurrent product", "false"},
};
constexpr PropertyDef lstm_properties[] = {
    connections,
    {"peepholes", PropertyKind::boolean, "let the gates see the memory", "false"},
};
constexpr ParameterDef rnn_parameters[] = {
    {"weights", "[inputs, units]"},
    {"recurrentWeights", "[units, units]"},
    {"bias", "[units]; false or null: none, a number: this constant"},
};
constexpr ParameterDef gru_parameters[] = {
    {"weights", "[inputs, 3 * units]: z, r, n"},
    {"recurrentWeights", "[units, 3 * units]: z, r, n"},
    {"bias", "[3 * units]; false or null: none, a number: this constant"},
    {"recurrentBias", "[3 * units], with resetAfter; as bias"},
};
constexpr ParameterDef lstm_parameters[] = {
    {"weights", "[inputs, 4 * units]: i, o, f, g"},
    {"recurrentWeights", "[units, 4 * units]: i, o, f, g"},
    {"bias", "[4 * units], starts at 1 for f and 0 else; false or null: none, a number: this constant"},
    {"peepholeWeights", "[3 * units]: i, o, f, with peepholes"},
};
constexpr std::span prototype_parameters(lstm_parameters, 3);

constexpr LayerDef recurrent_definitions[] = {
    {.name = "rnn",
     .doc = "A plain recurrent layer: neurons that also see their own last outputs.",
     .properties = cell_properties,
     .parameters = rnn_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_cell},
    {.name = "gru",
     .doc = "Gated recurrent units: gates say how much of the memory to read and to replace.",
     .properties = gru_properties,
     .parameters = gru_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_cell},
    {.name = "lstm",
     .doc = "Long short-term memory: a memory behind input, output and forget gates.",
     .properties = lstm_properties,
     .parameters = lstm_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_cell},
    {.name = "lstm-n",
     .doc = "The prototype of long short-term memory, its memory normalised over the units.",
     .properties = cell_properties,
     .parameters = prototype_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_cell},
    {.name = "lstm-p",
     .doc = "Pseudo long short-term memory: the prototype with its memory read through the activation.",
     .properties = cell_properties,
     .parameters = prototype_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_cell},
};

}  // namespace

std::span<const LayerDef> recurrent_layers() { return recurrent_definitions; }

}  // namespace webai
