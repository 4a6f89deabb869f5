#include "core/model/connections.h"

namespace webai {
namespace {

// A 0/1 mask as numbers [inputs][gates * neurons].
Ref connection_mask(LayerBuilder& layer, const Json& mask, std::int64_t inputs, std::int64_t neurons,
                    std::int64_t gates) {
  std::vector<double> values;
  bool fits = mask.size() == static_cast<std::size_t>(inputs);
  for (std::size_t i = 0; fits && i < mask.size(); ++i) {
    const Json row = mask.at(i);
    fits = row.is_array() && row.is_packed() && row.size() == static_cast<std::size_t>(neurons);
    if (!fits) break;
    for (std::int64_t gate = 0; gate < gates; ++gate)
      for (const double value : row.as_numbers()) {
        fits = fits && (value == 0.0 || value == 1.0);
        values.push_back(value);
      }
  }
  if (!fits)
    layer.fail(Code::invalid_model, "CONNECTIONS",
               "a mask of connections has a row of 0s and 1s for each of the " + std::to_string(inputs) +
                   " inputs, one for each of the " + std::to_string(neurons) + " neurons",
               "[[1, 0], [0, 1]] for two inputs and two neurons", "connections");
  return layer.builder().constant(
      Tensor::from(layer.builder().context(), layer.type(), Shape{inputs, gates * neurons}, values));
}

}  // namespace

Ref weighted_input(LayerBuilder& layer, Ref input, std::int64_t inputs, std::int64_t neurons, std::int64_t gates,
                   std::string_view name) {
  const bool steps = layer.builder().shape(input).rank() == 3;
  const Json* connections = layer.property("connections");
  const bool named = connections && connections->is_text();
  if (connections && !named && !connections->is_array())
    layer.fail(Code::invalid_model, "CONNECTIONS",
               "connections are \"all-to-all\", \"one-to-one\" or a mask of 0s and 1s, got " + describe(*connections),
               "leave it out for all-to-all", "connections");
  const std::string kind = named ? connections->as_text() : "all-to-all";
  if (kind == "one-to-one") {
    if (inputs != neurons)
      layer.fail(Code::shape_mismatch, "CONNECTIONS",
                 "one-to-one connections need as many neurons as inputs: " + std::to_string(neurons) + " neurons, " +
                     std::to_string(inputs) + " inputs",
                 "give the layer the size of its input", "connections");
    const Ref weights = layer.parameter(
        {.name = name, .shape = {gates * neurons}, .start = Initial::uniform(1, 1), .takes_pipe = true});
    const std::vector<Ref> copies(static_cast<std::size_t>(gates), input);
    const Ref repeated = gates == 1 ? input : layer.builder().emit("concat", copies, {{"axis", std::int64_t{-1}}});
    return layer.emit("mul", {repeated, steps && layer.is_piped(name) ? layer.spread_over(weights, repeated) : weights});
  }
  if (kind != "all-to-all")
    layer.fail(Code::invalid_model, "CONNECTIONS", "there are no connections \"" + kind + "\"",
               "use \"all-to-all\", \"one-to-one\" or a mask", "connections");
  Ref weights = layer.parameter({.name = name,
                                 .shape = {inputs, gates * neurons},
                                 .start = Initial::uniform(inputs, neurons),
                                 .takes_pipe = true});
  if (connections && connections->is_array())
    weights = layer.emit("mul", {weights, connection_mask(layer, *connections, inputs, neurons, gates)});
  if (steps || !layer.is_piped(name)) return layer.emit("matmul", {input, weights});
  // Each sample brings weights of its own: one product of a row and a matrix per sample.
  return layer.flattened(layer.emit("matmul", {layer.reshaped(input, {1, inputs}), weights}));
}

}  // namespace webai
