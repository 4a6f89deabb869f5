// Everything about one layer type in one block: its properties, its parameters, and how it is written as operators.
// Private to core/model.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/op/builder.h"

namespace webai {

class LayerBuilder;

enum class PropertyKind : std::uint8_t {
  boolean,
  number,
  positive,  ///< a number above 0
  share,     ///< a number from 0 to 1
  part,      ///< a number from 0 to below 1
  integer,  ///< whole, 0 or more
  count,    ///< whole, 1 or more
  counts,   ///< a count, or an array of counts (one per spatial axis)
  padding,  ///< "valid", "same", a whole number, or one (or one pair) per spatial axis
  text,
  any,
};

struct PropertyDef {
  std::string_view name;
  PropertyKind kind;
  std::string_view doc;
  std::string_view fallback = {};  ///< as JSON without quotes; empty: none
  bool required = false;
  std::string_view choices = {};  ///< of texts: the allowed ones, separated by spaces
};

struct ParameterDef {
  std::string_view name;
  std::string_view doc;
  /// What an iterator gives it where nothing is said: "iterator:step", or "state", which is the one the layer writes.
  std::string_view implied = {};
};

enum class SizeRule : std::uint8_t { follows, optional, required };  ///< follows: from the input and the properties

struct LayerDef {
  std::string_view name;
  std::string_view doc;
  std::span<const PropertyDef> properties = {};
  std::span<const ParameterDef> parameters = {};  ///< in the order of setup.data
  SizeRule size = SizeRule::follows;
  bool takes_default_activation = false;  ///< the root's `activation` applies
  /// Set: the layer applies its activation itself, this one where neither layer nor root names any.
  std::string_view own_activation = {};
  bool on_first_layer = false;
  bool has_default_input = true;
  Ref (*build)(LayerBuilder& layer) = nullptr;  ///< nullptr: of inputs, which are written without
};

/// All layer types of the core domain.
std::vector<const LayerDef*> layer_definitions();
const LayerDef* find_layer_definition(std::string_view type);

// The families that layer_definitions() is made of.
std::span<const LayerDef> dense_layers();
std::span<const LayerDef> image_layers();
std::span<const LayerDef> shape_layers();
std::span<const LayerDef> normalization_layers();
std::span<const LayerDef> recurrent_layers();
std::span<const LayerDef> sequence_layers();
std::span<const LayerDef> net_layers();
std::span<const LayerDef> iterator_layers();
std::span<const LayerDef> diffusion_layers();
std::span<const LayerDef> text_layers();

}  // namespace webai
