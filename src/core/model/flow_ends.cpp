// What can flow into a layer by itself, and which layer an id names.
#include <algorithm>

#include "core/model/parse.h"
#include "core/op/registry.h"

namespace webai {

bool takes_hidden_inputs(const Layer& layer) {
  if (layer.operates()) return layer.type == "input";
  return std::ranges::all_of(layer.pipes, [](const Layer& pipe) { return pipe.type == "input"; });
}

bool takes_flow(const Layer& layer) {
  if (layer.custom) return layer.custom->takes_default_input;
  if (layer.definition && !layer.definition->has_default_input) return false;
  if (layer.type != "iterator" || !layer.net) return true;
  const Model& net = *layer.net;
  for (const Layer& first : net.layers) {
    const bool has_inputs = first.layer_index == 0 && first.net && (first.type != "iterator" || takes_flow(first));
    const auto is_input = [](const Layer& part) { return part.type == "input" && part.pipe_from.empty(); };
    if (has_inputs || is_input(first) || std::ranges::any_of(first.pipes, is_input)) return true;
  }
  return false;
}

std::vector<std::string> input_names(const Model& model) {
  std::vector<std::string> names;
  for (int id = 1; id <= model.element_count; ++id) {
    const Layer& layer = model.element(id);
    if (layer.type == "input" && layer.pipe_from.empty()) names.push_back(layer.name);
    if (layer.type != "net" || !layer.net || layer.layer_index > 0) continue;
    // What is piped into a net on the first layer is no input of the model.
    const bool joined = std::ranges::any_of(model.routes, [&](const Route& route) { return route.target == id && route.parameter.empty(); });
    for (std::string& name : input_names(*layer.net)) {
      const auto feeds = [&](const Route& route) { return route.target == id && route.parameter == name; };
      if (!joined && std::ranges::none_of(model.routes, feeds)) names.push_back(std::move(name));
    }
  }
  return names;
}

const Layer& Model::element(int id) const {
  const auto [layer, pipe] = places.at(static_cast<std::size_t>(id) - 1);
  const Layer& owner = layers[static_cast<std::size_t>(layer)];
  return pipe < 0 ? owner : owner.pipes[static_cast<std::size_t>(pipe)];
}

}  // namespace webai
