#include "core/model/flow_notes.h"

#include <algorithm>

#include "core/model/layer_def.h"

namespace webai {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool has_state(const Layer& iterator, std::string_view name) {
  return std::ranges::find(iterator.states, name, &StateVariable::name) != iterator.states.end();
}

// Where a parameter of a layer in a net, or without a name its input, is pulled from or, by its label, piped from; also
// what is meant where nothing is said.
std::string source_of(const Layer& layer, std::string_view parameter, const Layer& around) {
  for (const OutsidePull& pull : around.net->outside)
    if (pull.target == layer.id && pull.parameter == parameter)
      return (has_state(around, pull.name) ? "the state " : "") + pull.name;
  if (parameter.empty()) return layer.pipe_from;
  const Json* given = layer.properties.find(parameter);
  if (given && given->is_object()) given = given->find("pipeFrom");
  return given && given->is_text() ? given->as_text() : std::string();
}

}  // namespace

std::string plural(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

FlowNotes::FlowNotes(const Model& model, const BuiltModel& built) : model_(model), built_(built) {
  for (const Route& route : model.routes) {
    from_[route.source].push_back(&route);
    if (route.pulled) to_[route.target].push_back(&route);
    if (route.parameter.empty()) into_[route.target].push_back(&route);
  }
  for (const BuiltLayer& layer : built.layers) {
    layers_.emplace(layer.id, &layer);
    if (built.outputs.size() == 1 && layer.value == built.outputs.front().value) output_ = layer.id;
  }
}

std::string FlowNotes::of(const Layer& layer) const {
  std::vector<std::string> parts;
  const auto from = from_.find(layer.id);
  if (const std::string sources = sources_of(layer); !sources.empty()) parts.push_back(sources);
  if (from != from_.end()) {
    const auto targets = [&](auto chosen) {
      std::vector<std::string> names;
      for (const Route* route : from->second)
        if (!route->hidden && !route->pulled && chosen(*route)) names.push_back(target_of(*route));
      return joined(names);
    };
    const std::string forward =
        targets([&](const Route& route) { return layer.routed && !route.delayed && !route.history; });
    const std::string next = targets([](const Route& route) { return route.delayed; });
    const std::string history = targets([](const Route& route) { return route.history; });
    if (!forward.empty()) parts.push_back("to " + forward);
    if (!next.empty()) parts.push_back("in the next run to " + next);
    if (!history.empty()) parts.push_back("its values of the last " + plural(layer.history, "run") + " to " + history);
  }
  if (const auto pulls = to_.find(layer.id); pulls != to_.end())
    for (const Route* pull : pulls->second)
      if (!pull->hidden)
        parts.push_back((pull->parameter.empty() || pull->parameter.front() == ':' ? "from " : pull->parameter + " from ") +
                        called(pull->source));
  for (const BuiltTie& tie : built_.ties)
    if (tie.setup.empty() && tie.table_owner == layer.id)
      parts.push_back(tie.name.substr(tie.name.rfind('.') + 1) + " tied to " + tie.like);
  std::int64_t kept = 0;
  for (const BuiltState& state : built_.states)
    if (state.owner == layer.id) kept += lane_of(state);
  if (kept > 0) parts.push_back("keeps " + plural(kept, "value"));
  return joined(parts);
}

std::int64_t FlowNotes::lane_of(const BuiltState& state) {
  const Shape dims = state.type.shape.without(0);
  return dims.is_concrete() ? dims.elements() : 0;
}

std::string FlowNotes::target_of(const Route& route) const {
  if (route.target == 0) return "the output";
  return route.parameter.empty() ? called(route.target) : model_.element(route.target).title + "." + route.parameter;
}

std::string FlowNotes::called(int id) const {
  const Layer& layer = model_.element(id);
  const bool numbered = layer.title.find_first_not_of("0123456789/") == std::string::npos;
  if (!layer.name.empty() || !numbered) return layer.title;
  if (layer.is_pipe) return "pipe " + layer.title;
  if (layer.layer_index == 0 && layer.type == "input") return "the input layer";
  return id == output_ ? "the output layer" : "layer " + layer.title;
}

std::string FlowNotes::sources_of(const Layer& layer) const {
  const auto into = into_.find(layer.id);
  if (into == into_.end() || into->second.size() < 2) return "";
  std::vector<std::string> names;
  const auto add = [&](const Route& route, const std::string& way) {
    std::string name = called(route.source);
    if (route.history) name += " of the last " + plural(model_.element(route.source).history, "run");
    else if (route.delayed) name += " of the run before";
    name += way;
    if (const std::int64_t size = size_of(route); size > 0) name += " (" + std::to_string(size) + ")";
    names.push_back(std::move(name));
  };
  for (const Route* route : into->second) {
    if (!route->hidden) add(*route, "");
    else if (const auto behind = into_.find(route->source); behind != into_.end())
      for (const Route* piped : behind->second)
        if (!piped->hidden) add(*piped, piped->source == route->source ? "" : " by way of " + called(route->source));
  }
  return "takes " + joined(names);
}

std::int64_t FlowNotes::size_of(const Route& route) const {
  const auto source = layers_.find(route.source);
  if (source == layers_.end() || !route.output.empty() || !source->second->output.is_concrete()) return 0;
  return source->second->output.elements() * (route.history ? model_.element(route.source).history : 1);
}

std::string steps_note(const Layer& layer) {
  if (layer.steps.count == 0) return "";
  const IteratorSteps& steps = layer.steps;
  std::vector<std::string> parts = {plural(steps.count, "step") + ", iterator:step from " + std::to_string(steps.from) +
                                    " to " + std::to_string(steps.from + (steps.count - 1) * steps.step)};
  for (const StateVariable& state : layer.states) {
    const bool number = state.pipe_from.find_first_not_of("0123456789/") == std::string::npos;
    const std::string from = (number ? "layer " : "") + state.pipe_from;
    parts.push_back("the state " + state.name + " goes from step to step and starts as " +
                    (state.pipe_from.empty() ? "zeros" : from));
  }
  if (layer.until) parts.push_back("until " + layer.until->from + " is " + (layer.until->below ? "below" : "above") + " a bound");
  std::vector<std::string> given;
  for (const CollectedName& one : layer.collect) given.push_back(one.name);
  if (given.empty())
    for (const StateVariable& state : layer.states) given.push_back(state.name);
  if (!given.empty())
    parts.push_back("gives " + joined(given) + (layer.collect.empty() ? " of the last step" : " of each step"));
  return joined(parts);
}

std::string inner_note(const Layer& layer, const Layer& around) {
  std::vector<std::string> parts;
  if (layer.type == "input" && layer.pipe_from.empty()) parts.push_back("from what flows into the " + around.type);
  if (const std::string steps = steps_note(layer); !steps.empty()) parts.push_back(steps);
  if (const std::string source = source_of(layer, "", around); !source.empty()) parts.push_back("from " + source);
  if (layer.definition)
    for (const ParameterDef& parameter : layer.definition->parameters) {
      const std::string source = source_of(layer, parameter.name, around);
      if (!source.empty()) parts.push_back(std::string(parameter.name) + " from " + source);
    }
  std::vector<std::string> targets;
  for (const Target& target : layer.to) {
    const bool state = std::ranges::any_of(around.net->outputs, [&](const ModelOutput& output) {
      return output.source == layer.id && output.name == target.name && has_state(around, target.name);
    });
    const std::string number = target.index ? std::to_string(*target.index) : "";
    const std::string name = number.empty() ? target.name : "layer " + number + " of this " + around.type;
    targets.push_back(state ? "the state " + name + " of the next step" : name);
  }
  if (!targets.empty()) parts.push_back("to " + joined(targets));
  if (layer.history > 0) parts.push_back("with its last " + plural(layer.history, "run"));
  return joined(parts);
}

}  // namespace webai
