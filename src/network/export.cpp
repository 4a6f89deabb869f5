// Exports: the model as JSON in its forms.
#include <cstring>

#include "core/model/export.h"
#include "core/op/registry.h"
#include "network/export.h"
#include "network/state.h"
#include "webai/error.hpp"

namespace webai {
namespace {

SetupDataAs setup_form(const std::string& name, const Model& model) {
  if (name == "given")
    return model.setup_data.is_null()    ? SetupDataAs::none
           : model.setup_data.is_array() ? SetupDataAs::array
                                         : SetupDataAs::base64;
  return name == "array" ? SetupDataAs::array : SetupDataAs::base64;
}

}  // namespace

NeuralNetwork::State::Weights NeuralNetwork::State::weights() {
  Weights result;
  const std::lock_guard guard(turn);
  for (const BuiltParameter& parameter : built.parameters) {
    result.parameters.push_back(tensor_of(parameter));
    if (parameter.code || !result.scales.empty()) {
      result.scales.resize(result.parameters.size());
      result.scales.back() = scale_of(parameter);
    }
  }
  for (const AutoNormalize& entry : built.auto_normalize)
    for (const ValueId id : {entry.mean, entry.scale}) {
      const Value& value = built.graph.value(id);
      Tensor tensor(context, value.type.type, value.type.shape);
      std::memcpy(tensor.data(), buffer(value.name)->host(), tensor.bytes());
      result.learned.push_back(std::move(tensor));
    }
  return result;
}

std::string NeuralNetwork::to_json(const SaveOptions& options) const {
  State& state = *state_;
  check_export({.setup_data_as = options.setup_data_as});
  if (options.setup_data_as == "given") return write_json(state.model.json, options.pretty);
  const State::Weights weights = state.weights();
  const JsonExport form{setup_form(options.setup_data_as, state.model), options.pretty, weights.scales};
  return export_json(state.model, state.built, weights.parameters, weights.learned, form);
}

std::string NeuralNetwork::export_model(const ExportOptions& options,
                                        std::vector<std::pair<std::string, std::string>>* renamed) const {
  State& state = *state_;
  check_export(options);
  const SetupDataAs as = setup_form(options.setup_data_as, state.model);
  if (renamed) renamed->clear();
  State::Weights weights = state.weights();
  const bool cuts = !options.from.empty() || !options.upto.empty();
  if (!cuts && options.optimize.empty() && options.to == "json")
    return export_json(state.model, state.built, weights.parameters, weights.learned, {as, options.indent, weights.scales});

  // What was learned beside the weights and what is left of the layers make a model to start from.
  const auto read = [&](const Json& json) { return parse_model(state.context, *state.registry, json); };
  const auto build = [&](const Model& model) {
    return build_model(state.context, *state.registry, model, {.fill = false});
  };
  Model model = state.model;
  if (!weights.learned.empty() || !weights.scales.empty())
    model = read(webai::export_model(state.model, state.built, weights.parameters, weights.learned, {.scales = weights.scales}));
  BuiltModel built = build(model);
  if (cuts) {
    std::vector<std::size_t> kept;
    model = read(cut_model(model, built, {options.from, options.upto}, kept));
    built = build(model);
    std::vector<Tensor> left;
    for (const std::size_t index : kept) left.push_back(weights.parameters[index]);
    weights.parameters = std::move(left);
  }
  if (options.to != "json")
    return export_program(state.context, *state.registry, model, weights.parameters, options);
  if (options.optimize == "minify")
    return write_json(minify_model(model, built, weights.parameters, as, options.keep_names, renamed), options.indent);
  if (options.optimize == "pretty") return write_json(pretty_model(model, built, weights.parameters, as), true);
  return export_json(model, built, weights.parameters, {}, {as, options.indent});
}

}  // namespace webai
