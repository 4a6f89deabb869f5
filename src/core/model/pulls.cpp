// Flows that are written at their end: pulls of layers, parameters and outputs, what iterators start from and read.
#include <algorithm>
#include <charconv>
#include <tuple>

#include "core/base/names.h"
#include "core/model/routes.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {

namespace {

// Where the layer's own pull is written: under "input" where an operation of the program names it so.
std::string place_of_pull(const Layer& layer) {
  return pointer_to(layer.properties.find("pipeFrom") ? layer.path : pointer_to(layer.path, "input"), "pipeFrom");
}

}  // namespace

void RouteFinder::collect_pulls(const Layer& target) {
  if (target.type == "iterator" && target.net) collect_iterator_pulls(target);
  if (!target.pipe_from.empty()) collect_pull(target, {}, target.pipe_from, place_of_pull(target));
  std::vector<std::string_view> parameters;
  if (target.definition)
    for (const ParameterDef& parameter : target.definition->parameters) parameters.push_back(parameter.name);
  if (target.custom)
    for (const OperationParameter& parameter : target.custom->params)
      if (parameter.array_type && parameter.name != "input") parameters.push_back(parameter.name);
  for (const std::string_view parameter : parameters) {
    const Json* value = target.properties.find(parameter);
    const Json* from = value && value->is_object() ? value->find("pipeFrom") : nullptr;
    if (!from) continue;
    const std::string path = pointer_to(pointer_to(target.path, parameter), "pipeFrom");
    if (!from->is_text() || from->as_text().empty())
      wrong_value(path, "pipeFrom", "the name of a layer or pipe", *from);
    constexpr std::string_view only[] = {"pipeFrom"};
    for (const auto& [key, more] : value->members())
      if (target.definition && key != only[0] && !is_kept_and_ignored(key))
        unknown_property(pointer_to(target.path, parameter), key, "what is pulled", {only[0]});
    collect_pull(target, std::string(parameter), from->as_text(), path);
  }
}

void RouteFinder::collect_pull(const Layer& target, std::string parameter, const std::string& from,
                               const std::string& path, bool may_be_input) {
  const auto producer = find_producer(from, target, path, may_be_input);
  if (!producer) {
    if (state_.iterator) model_.outside.push_back({target.id, std::move(parameter), from, path});
    return;
  }
  pulls_[producer->first].push_back({.source = producer->first,
                                     .target = target.id,
                                     .parameter = std::move(parameter),
                                     .pulled = true,
                                     .path = path,
                                     .output = producer->second});
}

std::optional<std::pair<int, std::string>> RouteFinder::find_producer(const std::string& from, const Layer& target,
                                                                      const std::string& path,
                                                                      bool may_be_input) const {
  const std::string& puller = target.name;
  const std::size_t colon = from.find(':');
  const std::string name = from.substr(0, colon);
  std::string output = colon == std::string::npos ? std::string() : from.substr(colon + 1);
  const Layer* producer = nullptr;
  if (const auto named = names_.find(name); named != names_.end()) {
    producer = &element(named->second);
  } else {
    int index = -1;
    const char* const behind = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data(), behind, index);
    if (error == std::errc() && index >= 0 && index <= last()) {
      const Layer& layer = model_.layers[static_cast<std::size_t>(index)];
      std::size_t pipe = layer.pipes.size();
      if (end == behind)
        producer = &layer;
      else if (*end == '/' && std::from_chars(end + 1, behind, pipe).ptr == behind && pipe < layer.pipes.size())
        producer = &layer.pipes[pipe];
    }
  }
  const auto refuse = [&](std::string message, std::string hint, std::string expected) {
    throw Error(Code::invalid_model, {.message = std::move(message),
                                      .reason = "TARGET_UNKNOWN",
                                      .path = path,
                                      .layer = puller,
                                      .expected = std::move(expected),
                                      .actual = "\"" + from + "\"",
                                      .hint = std::move(hint)});
  };
  if (state_.iterator && name == "iterator" && colon != std::string::npos) {
    if (output == "step" || output == "index") return {};
    refuse("an iterator has no \"" + output + "\" to pull", "pull \"iterator:step\" or \"iterator:index\"", "step or index");
  }
  if (state_.iterator && producer == &target) return {};  // a state that its reader is named after
  if (!producer) {
    if (state_.iterator || (may_be_input && colon == std::string::npos)) return {};
    std::vector<std::string_view> known;
    for (const auto& [key, id] : names_) known.push_back(key);
    refuse("nothing here is called \"" + name + "\"",
           did_you_mean(name, known, "name a layer, a pipe, or a layer's index in quotes: \"0\""), one_of(known));
  }
  if (!producer->operates())
    refuse("\"" + name + "\" is made of pipes only and gives nothing itself", "pull from one of its pipes", "a layer or pipe with values of its own");
  if (!output.empty() && output != "0" && !producer->net)
    refuse("\"" + name + "\" has one output, there is no \"" + output + "\"", "pull from \"" + name + "\"", "\"" + name + "\"");
  return std::pair(producer->id, std::move(output));
}

void RouteFinder::collect_outputs() {
  for (ModelOutput& output : model_.outputs) {
    const auto producer = find_producer(output.output, Layer(), pointer_to(output.path, "pipeFrom"), false);
    if (!producer)
      throw Error(Code::invalid_model, {.message = "nothing here is called \"" + output.output + "\"",
                                        .reason = "TARGET_UNKNOWN",
                                        .path = pointer_to(output.path, "pipeFrom"),
                                        .expected = "the name of a layer, a pipe or an input of the model",
                                        .actual = "\"" + output.output + "\"",
                                        .hint = "name a layer, a pipe, or an input of the model"});
    std::tie(output.source, output.output) = *producer;
  }
}

void RouteFinder::collect_iterator_pulls(const Layer& target) {
  std::map<std::string, std::string, std::less<>> names;  // and where each is written
  for (const StateVariable& variable : target.states)
    if (!variable.pipe_from.empty()) names.emplace(variable.pipe_from, variable.path + "/pipeFrom");
  for (const OutsidePull& pull : target.net->outside)
    if (!pull.name.starts_with("iterator:") &&
        std::ranges::find(target.states, pull.name, &StateVariable::name) == target.states.end())
      names.emplace(pull.name, pull.path);
  for (const auto& [name, path] : names)
    collect_pull(target, pulled_parameter(name), name, path, target.layer_index == 0 && !state_.iterator);
}

void RouteFinder::add_implied_pulls() {
  for (int id = 1; id <= model_.element_count; ++id) {
    const Layer& layer = element(id);
    if (!layer.definition) continue;
    for (const ParameterDef& parameter : layer.definition->parameters) {
      const auto given = [&](const auto& one) { return one.target == id && one.parameter == parameter.name; };
      if (parameter.implied.empty() || std::ranges::any_of(model_.routes, given) ||
          std::ranges::any_of(model_.outside, given))
        continue;
      const auto written = std::ranges::find(model_.outputs, id, &ModelOutput::source);
      const bool state = parameter.implied == "state";
      if (state && written == model_.outputs.end()) continue;
      model_.outside.push_back(
          {id, std::string(parameter.name), state ? written->name : std::string(parameter.implied), layer.path});
    }
  }
}

void RouteFinder::check_states_written() {
  std::vector<ModelOutput> writes;
  for (const StateVariable& variable : state_.iterator->states) {
    const auto is_it = [&](const ModelOutput& output) { return output.name == variable.name; };
    const auto first = std::ranges::find_if(model_.outputs, is_it);
    const auto refuse = [&](const std::string& path, std::string message, std::string hint) {
      throw Error(Code::invalid_model, {.message = std::move(message),
                                        .reason = "STATE_WRITE",
                                        .path = path,
                                        .layer = state_.iterator->name,
                                        .hint = std::move(hint)});
    };
    if (first == model_.outputs.end())
      refuse(variable.path, "nothing writes the state \"" + variable.name + "\"",
             "name it in the \"to\" of one layer of the net");
    const auto second = std::find_if(first + 1, model_.outputs.end(), is_it);
    if (second != model_.outputs.end())
      refuse(second->path, "the state \"" + variable.name + "\" is written twice in one step",
             "one layer writes a state");
    writes.push_back(*first);
  }
  model_.outputs = std::move(writes);
}

void RouteFinder::add_step_results() {
  const std::size_t count = state_.iterator->states.size();
  for (const CollectedName& wanted : state_.iterator->collect)
    model_.outputs.push_back(step_result(wanted.name, wanted.path, count));
  if (const auto& end = state_.iterator->until) model_.outputs.push_back(step_result(end->from, end->path, count));
}

ModelOutput RouteFinder::step_result(const std::string& name, const std::string& path, std::size_t states) const {
  const auto written = model_.outputs.begin() + static_cast<std::ptrdiff_t>(states);
  const auto state = std::find_if(model_.outputs.begin(), written, [&](const ModelOutput& one) { return one.name == name; });
  const std::string label = "step:" + name;  // no state is called so
  if (state != written) return {label, state->source, state->output, path};
  if (const auto producer = find_producer(name, Layer(), path, false)) return {label, producer->first, producer->second, path};
  std::vector<std::string_view> known;
  for (const StateVariable& variable : state_.iterator->states) known.push_back(variable.name);
  for (const auto& [key, id] : names_) known.push_back(key);
  throw Error(Code::invalid_model, {.message = "no state and no layer of this iterator's net is called \"" + name + "\"",
                                    .reason = "TARGET_UNKNOWN",
                                    .path = path,
                                    .layer = state_.iterator->name,
                                    .expected = one_of(known),
                                    .actual = "\"" + name + "\"",
                                    .hint = did_you_mean(name, known, "name a state of the iterator, or a layer of its net")});
}

}  // namespace webai
