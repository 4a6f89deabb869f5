// How a model inside a layer (a net, an iterator) gets its inputs, weights and memory from the model around it. Private to
// core/model.
#pragma once

#include <vector>

#include "core/model/layer_builder.h"

namespace webai {

/// A name of the inner model in the model around: "title/name".
inline std::string inner_name(const Layer& layer, const std::string& name) { return layer.title + "/" + name; }

/// A further input of the model around, which the layer takes.
Ref declare_input(LayerBuilder& layer, const std::string& name, const std::string& label, const Shape& dims);

/// The layer's inner model, built for the lengths that flow into its open dimensions; those of what flows in from
/// outside the model are the options'.
BuiltModel build_inner(LayerBuilder& layer, BuildOptions options);

// Each result has one value of the graph around for each entry of the inner model's list.
/// What is piped into the layer, in order or all by name; without any they become inputs of the model around.
std::vector<Ref> adopt_inputs(LayerBuilder& layer, const BuiltModel& inner);
/// Their values stand in the inner setup.data where there is one, else with those of the model around. Nets of one
/// "share" have them once.
std::vector<Ref> adopt_parameters(LayerBuilder& layer, const BuiltModel& inner);
std::vector<Ref> adopt_states(LayerBuilder& layer, const BuiltModel& inner);

}  // namespace webai
