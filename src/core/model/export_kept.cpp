#include "core/model/export_kept.h"

#include <algorithm>

#include "core/model/layer_def.h"

namespace webai {
namespace {

// a, b, ..., z, aa, ab, ...
std::string short_name(std::size_t number) {
  std::string name;
  for (++number; number > 0; number = (number - 1) / 26)
    name.insert(name.begin(), static_cast<char>('a' + (number - 1) % 26));
  return name;
}

// What an iterator pulls it names inside its net, which stays as it is: the name stays too, and where it is a number
// instead, so do all numbers.
bool is_pulled_inside(const Route& route) { return route.pulled && route.parameter.starts_with(':'); }

bool has_iterator(const Model& model) {
  for (int id = 1; id <= model.element_count; ++id)
    if (model.element(id).type == "iterator") return true;
  return false;
}

}  // namespace

KeptLayers::KeptLayers(const Model& model, const BuiltModel& built, bool keep_names)
    : model_(model), built_(built), keep_names_(keep_names || has_iterator(model)) {
  const auto count = static_cast<std::size_t>(model.element_count) + 1;
  alive_.resize(count);
  names_.resize(count);
  flows_.resize(count);
  arrivals_.resize(count);
  for (const Route& route : model.routes) {
    flows_[at(route.source)].push_back(&route);
    arrivals_[at(route.target)].push_back(&route);
  }
  find_alive();
  number_layers();
  give_names();
}

bool KeptLayers::is_counted_inside(const Route& route) const {
  const std::string& name = model_.element(route.source).name;
  return is_pulled_inside(route) && (name.empty() || !std::string_view(route.parameter).substr(1).starts_with(name));
}

RenamedLayers KeptLayers::renamed() const {
  RenamedLayers result;
  for (int id = 1; id <= model_.element_count; ++id) {
    const std::string& old = model_.element(id).name;
    if (!old.empty() && old != names_[at(id)]) result.emplace_back(old, names_[at(id)]);
  }
  for (const ModelOutput& output : model_.outputs) {
    const auto is_it = [&](const auto& pair) { return pair.first == output.name; };
    if (!output.name.empty() && !keeps_name(output) && std::ranges::none_of(result, is_it)) result.emplace_back(output.name, "");
  }
  return result;
}

std::vector<int> KeptLayers::new_ids() const {
  std::vector<int> ids(alive_.size(), 0);
  int count = 0;
  for (const Layer& layer : model_.layers) {
    if (is_written(layer)) ids[at(layer.id)] = ++count;
    for (const Layer& pipe : layer.pipes)
      if (alive_[at(pipe.id)] || pipe.layer_index == 0) ids[at(pipe.id)] = ++count;
  }
  return ids;
}

// Backwards from the outputs. Inputs stay: they are what the caller gives.
void KeptLayers::find_alive() {
  std::vector<int> open;
  const auto mark = [&](int id) {
    if (alive_[at(id)]) return;
    alive_[at(id)] = true;
    open.push_back(id);
  };
  for (const Route* route : arrivals_[0]) mark(route->source);
  for (const ModelOutput& output : model_.outputs) mark(output.source);
  for (int id = 1; id <= model_.element_count; ++id)
    if (model_.element(id).type == "input") mark(id);
  if (std::ranges::any_of(model_.routes, [this](const Route& route) { return is_counted_inside(route); }))
    for (int id = 1; id <= model_.element_count; ++id) mark(id);
  while (!open.empty()) {
    const Layer& element = model_.element(open.back());
    open.pop_back();
    for (const Route* route : arrivals_[at(element.id)]) mark(route->source);
    // The first of the nets that share their weights has them, whether or not it leads anywhere.
    if (const Json* share = element.properties.find("share"))
      for (int id = 1; id < element.id; ++id)
        if (const Json* other = model_.element(id).properties.find("share"); other && *other == *share) mark(id);
    if (!element.is_pipe) continue;
    // A pipe sees what comes to its layer.
    for (const Route* route : arrivals_[at(model_.layers[at(element.layer_index)].id)])
      if (route->parameter.empty()) mark(route->source);
  }
}

bool KeptLayers::is_written(const Layer& layer) const {
  return layer.layer_index == 0 || alive_[at(layer.id)] ||
         std::ranges::any_of(layer.pipes, [&](const Layer& pipe) { return alive_[at(pipe.id)]; });
}

void KeptLayers::number_layers() {
  std::int64_t number = 0;
  for (const Layer& layer : model_.layers) numbers_.push_back(is_written(layer) ? number++ : -1);
}

// Layers are reached by number; pipes and parameters of layers only by name.
void KeptLayers::give_names() {
  std::set<int> needed;
  std::set<std::string, std::less<>> taken;
  const std::set<int> ports = this->ports();
  const std::set<std::string, std::less<>> labels = labels_of_io();
  for (const Route& route : model_.routes)
    if (is_pulled_inside(route)) taken.insert(route.parameter.substr(1));
  for (const int id : ports) {
    const std::string& name = model_.element(id).name;
    if (keep_names_ || labels.contains(name))
      taken.insert(names_[at(id)] = name);
    else if (!name.empty() && (io_names(name) || io_names(name + ".history") || io_names(name + ".hidden")))
      needed.insert(id);
  }
  // Nets and iterators whose inputs are called after them: "N/input".
  for (int id = 1; id <= model_.element_count; ++id) {
    const Layer& layer = model_.element(id);
    const auto is_of_it = [&](const BuiltInput& input) { return input.name.starts_with(layer.name + "/") && (keep_names_ || io_names(input.name)); };
    if (layer.net && !layer.name.empty() && std::ranges::any_of(built_.inputs, is_of_it)) taken.insert(names_[at(id)] = layer.name);
  }
  std::size_t number = 0;
  const auto next_name = [&] {
    std::string name;
    do name = short_name(number++);
    while (labels.contains(name) || !taken.insert(name).second);
    return name;
  };
  for (const ModelOutput& output : model_.outputs) needed.insert(output.source);
  for (const Route& route : model_.routes) {
    if (is_pulled_inside(route) || route.target == 0) continue;
    if (route.pulled) {
      if (alive_target(route)) needed.insert(route.source);
    } else if (alive_[at(route.source)] && alive_[at(route.target)] &&
               (model_.element(route.target).is_pipe || !route.parameter.empty())) {
      if (keep_names_ && ports.contains(route.target) && takes_label(route))
        labels_.try_emplace({route.target, route.parameter});
      else
        needed.insert(route.target);
    }
  }
  for (const int id : needed) {
    std::string& name = names_[at(id)];
    if (!alive_[at(id)] || !name.empty()) continue;
    if (keep_names_ && ports.contains(id)) name = port_name(id);
    if (name.empty() || !taken.insert(name).second) name = next_name();
  }
  for (auto& [end, label] : labels_) label = next_name();
}

std::set<int> KeptLayers::ports() const {
  std::set<int> ports;
  for (const Route& route : model_.routes)
    if (is_pulled_inside(route) || route.target == 0) ports.insert(route.source);
  for (int id = 1; id <= model_.element_count; ++id)
    if (model_.element(id).type == "input") ports.insert(id);
  return ports;
}

// A name would change what the outputs of a layer without one are called.
bool KeptLayers::takes_label(const Route& route) const {
  const Layer& end = model_.element(route.target);
  return end.name.empty() && end.definition &&
         std::ranges::find(end.definition->parameters, route.parameter, &ParameterDef::name) !=
             end.definition->parameters.end();
}

std::vector<std::pair<std::string, std::string>> KeptLayers::labels_of(int id) const {
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& [end, label] : labels_)
    if (end.first == id) list.emplace_back(end.second, label);
  return list;
}

// What an input or output without a name is called from outside; empty where no layer can be called so.
std::string KeptLayers::port_name(int id) const {
  const auto layer = std::ranges::find(built_.layers, id, &BuiltLayer::id);
  if (layer == built_.layers.end()) return {};
  std::string name = layer->input_name;
  for (const NamedValue& output : built_.outputs)
    if (name.empty() && output.value == layer->value) name = output.name;
  return name.find('/') == std::string::npos ? name : std::string();
}

bool KeptLayers::io_names(std::string_view name) const {
  return std::ranges::any_of(model_.io.input, [&](const IoRules& rules) { return rules.name == name; }) ||
         std::ranges::any_of(model_.io.output, [&](const IoRules& rules) { return rules.name == name; });
}

// Foreign names of inputs and outputs by which `io` has rules for them.
std::set<std::string, std::less<>> KeptLayers::labels_of_io() const {
  std::set<std::string, std::less<>> labels;
  const auto add = [&](const std::string& label) {
    if (!label.empty() && io_names(label)) labels.insert(label);
  };
  for (int id = 1; id <= model_.element_count; ++id)
    if (is_port(model_.element(id))) add(model_.element(id).label);
  for (const ModelOutput& output : model_.outputs) add(output.label);
  return labels;
}

// Names of inputs and of outputs are two things: one may be called as the other.
Json KeptLayers::renamed_io(const Json& io) const {
  if (keep_names_) return io;
  std::map<std::string, std::string, std::less<>> inputs, outputs;
  for (int id = 1; id <= model_.element_count; ++id) {
    const std::string &old = model_.element(id).name, &now = names_[at(id)];
    if (old.empty() || now.empty()) continue;
    if (model_.element(id).type == "input") inputs[old] = now;
    for (const Route* route : flows_[at(id)]) {
      const std::string kind = route->history ? ".history" : route->hidden ? ".hidden" : "";
      if (route->target == 0) outputs[old + kind] = now + kind;
    }
  }
  for (const BuiltLayer& layer : built_.layers)  // inputs without a name that get one
    if (const std::string& name = names_[at(layer.id)]; !name.empty() && !layer.input_name.empty() && io_names(layer.input_name))
      inputs.emplace(layer.input_name, name);
  std::vector<Json::Member> sides;
  for (const auto& [side, rules] : io.members()) {
    const auto& now = side == "input" ? inputs : outputs;
    std::vector<Json::Member> members;
    if (rules.is_object())
      for (const auto& [key, value] : rules.members()) {
        const auto found = now.find(key);
        members.emplace_back(found == now.end() ? key : found->second, value);
      }
    sides.emplace_back(side, rules.is_object() ? Json::object(std::move(members)) : rules);
  }
  return Json::object(std::move(sides));
}

Json KeptLayers::target(const Route& route) const {
  const Layer& element = model_.element(route.target);
  if (!element.is_pipe && route.parameter.empty()) return Json::integer(numbers_[at(element.layer_index)]);
  if (const auto label = labels_.find({route.target, route.parameter}); label != labels_.end())
    return Json::text(label->second);
  return Json::text(names_[at(route.target)] + (route.parameter.empty() ? "" : "." + route.parameter));
}

// What `to` or `historyTo` lists, or nothing where the document's order does it. Hidden inputs go where their source
// goes, and what is pulled stands at its target.
std::optional<std::vector<Json>> KeptLayers::targets(const Layer& source, bool history) const {
  std::vector<Json> list;
  bool leaves = false, follows = false, brings_hidden = false;
  for (const Route* route : flows_[at(source.id)]) {
    brings_hidden = brings_hidden || route->hidden;
    if (route->history != history || route->hidden || route->pulled) continue;
    if (route->target == 0) {
      leaves = true;
      continue;
    }
    if (!alive_target(*route)) continue;
    const Layer& element = model_.element(route->target);
    follows = follows || (!element.is_pipe && route->parameter.empty() && !route->delayed &&
                          numbers_[at(element.layer_index)] == numbers_[at(source.layer_index)] + 1);
    list.push_back(target(*route));
  }
  if (history && list.empty() && !leaves) return list;  // all that it leads to is gone
  const bool own_of_last = is_last(source) && !source.is_pipe;
  if (leaves && (list.empty() || !own_of_last)) return std::nullopt;
  if (list.empty() && (own_of_last || (!model_.outputs.empty() && nothing_follows(source)))) return std::nullopt;
  // Hidden inputs stand right behind the values of a layer that says where it goes, else behind its pipes.
  if (source.routed && brings_hidden) return list;
  if (!is_last(source) && (list.empty() ? next_pulls(source) : list.size() == 1 && follows && !next_pulls(source)))
    return std::nullopt;
  return list;
}

bool KeptLayers::nothing_follows(const Layer& source) const {
  return std::all_of(numbers_.begin() + source.layer_index + 1, numbers_.end(), [](auto number) { return number < 0; });
}

bool KeptLayers::next_pulls(const Layer& source) const {
  for (std::size_t i = at(source.layer_index) + 1; i < model_.layers.size(); ++i)
    if (numbers_[i] >= 0) return !model_.layers[i].pipe_from.empty();
  return false;
}

// A flow into a layer lives when its own operator or one of its pipes does.
bool KeptLayers::alive_target(const Route& route) const {
  if (alive_[at(route.target)]) return true;
  const Layer& element = model_.element(route.target);
  return !element.is_pipe && route.parameter.empty() &&
         std::ranges::any_of(element.pipes, [&](const Layer& pipe) { return alive_[at(pipe.id)]; });
}

// Without their names outputs are called by their numbers, or "output": no rule of `io` may mean these.
bool KeptLayers::keeps_name(const ModelOutput& output) const {
  const auto is_number = [](const IoRules& rules) {
    return rules.name.starts_with("output") || (!rules.name.empty() && rules.name.find_first_not_of("0123456789") == std::string::npos);
  };
  return keep_names_ || io_names(output.name) || std::ranges::any_of(model_.io.output, is_number);
}

Json KeptLayers::renamed_outputs(const Json& outputs) const {
  std::vector<Json> list;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const ModelOutput& output = model_.outputs[i];
    const Json given = outputs.at(i);
    const bool keeps_label = keep_names_ || io_names(output.label) || io_names(model_.element(output.source).label);
    std::vector<Json::Member> members;
    for (const auto& [key, value] : given.members()) {
      if ((key == "name" && !keeps_name(output)) || (key == "label" && !keeps_label)) continue;
      const std::string from = names_[at(output.source)] + (output.output.empty() ? "" : ":" + output.output);
      members.emplace_back(key, key == "pipeFrom" ? Json::text(from) : value);
    }
    list.push_back(Json::object(std::move(members)));
  }
  return Json::array(std::move(list));
}

bool KeptLayers::is_port(const Layer& layer) const {
  return layer.type == "input" ||
         std::ranges::find(model_.outputs, layer.id, &ModelOutput::source) != model_.outputs.end() ||
         std::ranges::any_of(flows_[at(layer.id)], [](const Route* route) { return route->target == 0; });
}

}  // namespace webai
