#include "core/model/flow_notes.h"

namespace webai {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
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
  for (const BuiltLayer& layer : built.layers) layers_.emplace(layer.id, &layer);
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
    if (!history.empty()) parts.push_back("its last " + plural(layer.history, "run") + " to " + history);
  }
  if (const auto pulls = to_.find(layer.id); pulls != to_.end())
    for (const Route* pull : pulls->second)
      if (!pull->hidden)
        parts.push_back((pull->parameter.empty() || pull->parameter.front() == ':' ? "from " : pull->parameter + " from ") +
                        model_.element(pull->source).title);
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
  const std::string& title = model_.element(route.target).title;
  return route.parameter.empty() ? title : title + "." + route.parameter;
}

std::string FlowNotes::sources_of(const Layer& layer) const {
  const auto into = into_.find(layer.id);
  if (into == into_.end() || into->second.size() < 2) return "";
  std::vector<std::string> names;
  for (const Route* route : into->second) {
    const Layer& source = model_.element(route->source);
    std::string name = route->hidden    ? "what is piped into " + source.title
                       : route->history ? source.title + " of the last " + plural(source.history, "run")
                       : route->delayed ? source.title + " of the run before"
                                        : source.title;
    if (const std::int64_t size = size_of(*route); size > 0) name += " (" + std::to_string(size) + ")";
    names.push_back(std::move(name));
  }
  return "takes " + joined(names);
}

std::int64_t FlowNotes::size_of(const Route& route) const {
  if (route.hidden) {
    std::int64_t sum = 0;
    if (const auto into = into_.find(route.source); into != into_.end())
      for (const Route* piped : into->second)
        if (!piped->hidden) sum += size_of(*piped);
    return sum;
  }
  const auto source = layers_.find(route.source);
  if (source == layers_.end() || !route.output.empty() || !source->second->output.is_concrete()) return 0;
  return source->second->output.elements() * (route.history ? model_.element(route.source).history : 1);
}

std::string steps_note(const Layer& layer) {
  if (layer.steps.count == 0) return "";
  const IteratorSteps& steps = layer.steps;
  std::vector<std::string> parts = {plural(steps.count, "step") + " from " + std::to_string(steps.from) + " to " +
                                    std::to_string(steps.from + (steps.count - 1) * steps.step)};
  for (const StateVariable& state : layer.states) {
    const bool number = state.pipe_from.find_first_not_of("0123456789/") == std::string::npos;
    const std::string from = (number ? "layer " : "") + state.pipe_from;
    parts.push_back(state.name + " starts as " + (state.pipe_from.empty() ? "zeros" : from));
  }
  if (layer.until) parts.push_back("until " + layer.until->from + " is " + (layer.until->below ? "below" : "above") + " a bound");
  return joined(parts);
}

std::string inner_note(const Layer& layer) {
  std::vector<std::string> parts;
  if (const std::string steps = steps_note(layer); !steps.empty()) parts.push_back(steps);
  if (!layer.pipe_from.empty()) parts.push_back("from " + layer.pipe_from);
  std::vector<std::string> targets;
  for (const Target& target : layer.to) targets.push_back(target.index ? std::to_string(*target.index) : target.name);
  if (!targets.empty()) parts.push_back("to " + joined(targets));
  if (layer.history > 0) parts.push_back("with its last " + plural(layer.history, "run"));
  return joined(parts);
}

}  // namespace webai
