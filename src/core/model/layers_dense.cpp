// Layer types of plain nets: inputs and neurons.
#include "core/model/layer_builder.h"

namespace webai {
namespace {

// A 0/1 mask as numbers [inputs][neurons].
Ref connection_mask(LayerBuilder& layer, const Json& mask, std::int64_t inputs, std::int64_t neurons) {
  std::vector<double> values;
  bool fits = mask.size() == static_cast<std::size_t>(inputs);
  for (std::size_t i = 0; fits && i < mask.size(); ++i) {
    const Json row = mask.at(i);
    fits = row.is_array() && row.is_packed() && row.size() == static_cast<std::size_t>(neurons);
    if (!fits) break;
    for (const double value : row.as_numbers()) {
      fits = fits && (value == 0.0 || value == 1.0);
      values.push_back(value);
    }
  }
  if (!fits)
    layer.fail(Code::invalid_model, "CONNECTIONS",
               "a mask of connections has a row of 0s and 1s for each of the " + std::to_string(inputs) +
                   " inputs, one for each of the " + std::to_string(neurons) + " neurons",
               {}, "connections");
  return layer.builder().constant(
      Tensor::from(layer.builder().context(), layer.type(), Shape{inputs, neurons}, values));
}

Ref weighted(LayerBuilder& layer, Ref input, std::int64_t inputs, std::int64_t neurons) {
  const Json* connections = layer.property("connections");
  const bool named = connections && connections->is_text();
  if (connections && !named && !connections->is_array())
    layer.fail(Code::invalid_model, "CONNECTIONS",
               "connections are \"all-to-all\", \"one-to-one\" or a mask of 0s and 1s, got " + describe(*connections),
               {}, "connections");
  const std::string kind = named ? connections->as_text() : "all-to-all";
  if (kind == "one-to-one") {
    if (inputs != neurons)
      layer.fail(Code::shape_mismatch, "CONNECTIONS",
                 "one-to-one connections need as many neurons as inputs: " + std::to_string(neurons) + " neurons, " +
                     std::to_string(inputs) + " inputs",
                 {}, "connections");
    const Ref weights =
        layer.parameter({.name = "weights", .shape = {neurons}, .start = Initial::uniform(1, 1), .takes_pipe = true});
    return layer.emit("mul", {input, weights});
  }
  if (kind != "all-to-all" && kind != "every-to-every")
    layer.fail(Code::invalid_model, "CONNECTIONS", "there are no connections \"" + kind + "\"",
               "use \"all-to-all\", \"one-to-one\" or a mask", "connections");
  Ref weights = layer.parameter(
      {.name = "weights", .shape = {inputs, neurons}, .start = Initial::uniform(inputs, neurons), .takes_pipe = true});
  if (connections && connections->is_array())
    weights = layer.emit("mul", {weights, connection_mask(layer, *connections, inputs, neurons)});
  if (!layer.is_piped("weights")) return layer.emit("matmul", {input, weights});
  // Each sample brings weights of its own: one product of a row and a matrix per sample.
  return layer.flattened(layer.emit("matmul", {layer.reshaped(input, {1, inputs}), weights}));
}

Ref build_neurons(LayerBuilder& layer) {
  const std::int64_t inputs = layer.input_count();
  const Shape size = layer.layer().size.value_or(layer.input_dims());
  if (!size.is_concrete())
    layer.fail(Code::invalid_model, "OPEN_SIZE", "the number of neurons cannot be open (null)",
               "only inputs may have open dimensions", "size");
  const std::int64_t neurons = size.elements();
  Ref value = weighted(layer, layer.flattened(layer.input()), inputs, neurons);
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

constexpr LayerDef definitions[] = {
    {.name = "input", .doc = "Takes data from outside.", .size = SizeRule::required, .on_first_layer = true},
    {.name = "neurons",
     .doc = "Each neuron sums its weighted inputs and a bias: y = x W + b.",
     .properties = neuron_properties,
     .parameters = neuron_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .build = build_neurons},
};

}  // namespace

std::span<const LayerDef> dense_layers() { return definitions; }

}  // namespace webai
