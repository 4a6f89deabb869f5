// The list of the families of layer types.
#include "core/model/layer_def.h"

namespace webai {
namespace {

constexpr std::span<const LayerDef> (*families[])() = {dense_layers,         image_layers,     shape_layers,
                                                       normalization_layers, recurrent_layers, net_layers,
                                                       iterator_layers,      diffusion_layers, text_layers};

}  // namespace

std::vector<const LayerDef*> layer_definitions() {
  std::vector<const LayerDef*> all;
  for (const auto family : families)
    for (const LayerDef& definition : family()) all.push_back(&definition);
  return all;
}

const LayerDef* find_layer_definition(std::string_view type) {
  for (const auto family : families)
    for (const LayerDef& definition : family())
      if (definition.name == type) return &definition;
  return nullptr;
}

}  // namespace webai
