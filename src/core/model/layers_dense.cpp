// Layer types of plain nets: inputs and neurons.
#include "core/model/connections.h"

namespace webai {
namespace {

Ref build_neurons(LayerBuilder& layer) {
  const std::int64_t inputs = layer.input_count();
  const Shape size = layer.layer().size.value_or(layer.input_dims());
  if (!size.is_concrete())
    layer.fail(Code::invalid_model, "OPEN_SIZE", "the number of neurons cannot be open (null)",
               "only inputs may have open dimensions", "size");
  const std::int64_t neurons = size.elements();
  Ref value = weighted_input(layer, layer.flattened(layer.input()), inputs, neurons);
  const Ref bias = layer.parameter({.name = "bias",
                                    .shape = {neurons},
                                    .start = Initial::number(0),
                                    .optional = true,
                                    .takes_number = true,
                                    .takes_pipe = true});
  if (bias) value = layer.emit("add", {value, bias});
  return layer.reshaped(value, size);
}

constexpr PropertyDef neuron_properties[] = {
    {"connections", PropertyKind::any,
     "\"all-to-all\", \"one-to-one\", or a mask: for each input a row with a 0 or 1 for each neuron", "all-to-all"},
};
constexpr ParameterDef neuron_parameters[] = {
    {"weights", "[inputs, neurons]; [neurons] for one-to-one connections"},
    {"bias", "[neurons]; false or null: none, a number: this constant"},
};

constexpr ParameterDef prelu_parameters[] = {{"slope", "[channels], at first 0.25; a number: that one, and not learned"}};

Ref build_prelu(LayerBuilder& layer) {
  const Shape dims = layer.input_dims();
  if (dims.rank() == 0 || dims.dim(dims.rank() - 1).is_symbol())
    layer.fail(Code::invalid_model, "OPEN_SIZE", "the last dimension of the input has to be a number",
               "only dimensions before the last may be open (null)");
  const Ref slope = layer.parameter(
      {.name = "slope", .shape = {dims[dims.rank() - 1]}, .start = Initial::number(0.25), .takes_number = true, .takes_pipe = true});
  return layer.emit("prelu", {layer.input(), layer.is_piped("slope") ? layer.spread_over(slope, layer.input()) : slope});
}

constexpr LayerDef dense_definitions[] = {
    {.name = "input", .doc = "Takes data from outside.", .size = SizeRule::required, .on_first_layer = true},
    {.name = "neurons",
     .doc = "Each neuron sums its weighted inputs and a bias: y = x W + b.",
     .properties = neuron_properties,
     .parameters = neuron_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .build = build_neurons},
    {.name = "prelu",
     .doc = "A leaky relu whose slope below 0 is learned, one for each channel.",
     .parameters = prelu_parameters,
     .build = build_prelu},
};

}  // namespace

std::span<const LayerDef> dense_layers() { return dense_definitions; }

}  // namespace webai
