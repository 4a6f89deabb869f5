// What a target means: an index, a label, a parameter, a name, a state variable.
#include <algorithm>
#include <cctype>

#include "core/base/names.h"
#include "core/model/layer_error.h"
#include "core/model/routes.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

bool has_parameter(const Layer& layer, std::string_view name) {
  if (name == "input") return !layer.custom || layer.custom->takes_default_input;
  if (layer.custom) {
    const OperationParameter* parameter = layer.custom->find(name);
    return parameter && parameter->array_type && !parameter->internal_state;
  }
  if (layer.definition)
    return std::ranges::any_of(layer.definition->parameters,
                               [&](const ParameterDef& entry) { return entry.name == name; });
  return layer.operation &&
         std::ranges::any_of(layer.operation->inputs, [&](const InputSpec& entry) { return entry.name == name; });
}

}  // namespace

std::vector<End> RouteFinder::resolve(const Layer& source, const Target& target, Stream stream) {
  if (target.index) {
    if (*target.index > last())
      fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path,
           "there is no layer " + std::to_string(*target.index) + ": the last one is " + std::to_string(last()),
           "layers count from 0, the input layer", "an index from 0 to " + std::to_string(last()), std::to_string(*target.index));
    const Layer& layer = model_.layers[static_cast<std::size_t>(*target.index)];
    check_default_input(source, layer, target.path);
    return {{layer.id, {}}};
  }
  if (const auto label = labels_.find(target.name); label != labels_.end()) return label->second;
  if (const std::size_t dot = target.name.find('.'); dot != std::string::npos) {
    const auto owner = names_.find(std::string_view(target.name).substr(0, dot));
    if (owner != names_.end()) return {parameter_end(source, target, owner->second, target.name.substr(dot + 1))};
  } else if (const auto named = names_.find(target.name); named != names_.end()) {
    check_default_input(source, element(named->second), target.path);
    return {{named->second, {}}};
  }
  std::vector<std::string_view> known;
  if (state_.iterator) {
    for (const StateVariable& variable : state_.iterator->states) {
      known.push_back(variable.name);
      if (variable.name != target.name) continue;
      if (stream == Stream::history)
        fail(source, Code::invalid_model, "STATE_WRITE", target.path, "a history cannot be written to a state",
             "write the layer's own values with \"to\"");
      if (stream == Stream::own) model_.outputs.push_back({target.name, source.id, {}, target.path});
      return {};
    }
  }
  for (const auto& [name, id] : names_) known.push_back(name);
  for (const auto& [name, ends] : labels_) known.push_back(name);
  const bool index = std::isdigit(static_cast<unsigned char>(target.name[0])) != 0;
  // Of "layer.parameter" the layer is what was not found.
  const std::size_t dot = target.name.find('.');
  std::vector<std::string_view> owners;
  for (const auto& [name, id] : names_) owners.push_back(name);
  const std::string owner = dot == std::string::npos ? "" : nearest_name(std::string_view(target.name).substr(0, dot), owners);
  fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path, "nothing here is called \"" + target.name + "\"",
       !owner.empty() ? "did you mean \"" + owner + target.name.substr(dot) + "\"?"
                      : did_you_mean(target.name, known,
                                     index ? "the index of a layer stands without quotes: \"to\": 1; a pipe needs a name to be named"
                                           : "give the layer that is meant this \"name\""),
       one_of(known), "\"" + target.name + "\"");
}

End RouteFinder::parameter_end(const Layer& source, const Target& target, int id, std::string parameter) const {
  const Layer& owner = element(id);
  // The one input of an operator that stands as a layer is its default input, whatever it is called.
  if (has_parameter(owner, parameter))
    return {id, parameter == "input" || owner.operation ? std::string() : std::move(parameter)};
  const std::vector<std::string> inner = owner.net ? input_names(*owner.net) : std::vector<std::string>();
  if (std::ranges::find(inner, parameter) != inner.end()) return {id, std::move(parameter)};
  // A state of an iterator begins with what is piped to it, as with what it pulls.
  for (const StateVariable& variable : owner.states)
    if (variable.name == parameter && variable.pipe_from.empty()) return {id, std::move(parameter)};
  std::vector<std::string_view> known = {"input"};
  for (const std::string& name : inner)
    if (!name.empty()) known.push_back(name);
  for (const StateVariable& variable : owner.states)
    if (variable.pipe_from.empty()) known.push_back(variable.name);
  if (owner.definition)
    for (const ParameterDef& entry : owner.definition->parameters) known.push_back(entry.name);
  if (owner.custom)
    for (const OperationParameter& entry : owner.custom->params) {
      const bool state = entry.internal_state;
      if (entry.array_type && !state && entry.name != "input") known.push_back(entry.name);
      if (entry.name == parameter)
        fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path,
             "\"" + parameter + "\" of \"" + owner.name + "\" is " + (state ? "internal state" : "no array") +
                 ": nothing can be piped into it",
             state ? "the operation alone writes it"
                   : "define it as \"*" + parameter + "\" in the operation \"" + owner.custom->name + "\"",
             "a parameter that is an array", "\"" + parameter + "\"");
    }
  const std::string near = nearest_name(parameter, known);
  const std::string some = owner.name + "." + std::string(known.back());
  fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path,
       "\"" + owner.name + "\" has no " + (owner.net ? "input" : "parameter") + " \"" + parameter + "\"",
       near.empty() ? "what can be piped into stands behind the dot, such as \"" + some + "\""
                    : "did you mean \"" + owner.name + "." + near + "\"?",
       one_of(known), "\"" + parameter + "\"");
}

void RouteFinder::check_default_input(const Layer& source, const Layer& target, const std::string& path) const {
  if (takes_flow(target)) return;
  if (target.type == "iterator")
    fail(source, Code::invalid_model, "NO_DEFAULT_INPUT", path,
         "the net of \"" + target.title + "\" pulls all that it needs: nothing can flow into it",
         "pull with \"pipeFrom\", or give its net an input layer");
  fail(source, Code::invalid_model, "NO_DEFAULT_INPUT", path,
       "\"" + target.title + "\" of type \"" + target.type + "\" has no default input",
       "name one of its parameters: \"" + target.title + ".parameter\"");
}

}  // namespace webai
