// The smallest spelling of a model: written anew from what the parser understood, layer by layer.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/model/definitions.h"
#include "core/model/export.h"
#include "core/model/json_edit.h"
#include "core/model/setup_instructions.h"
#include "core/model/vocabulary.h"

namespace webai {
namespace {

// a, b, ..., z, aa, ab, ...
std::string short_name(std::size_t number) {
  std::string name;
  for (++number; number > 0; number = (number - 1) / 26)
    name.insert(name.begin(), static_cast<char>('a' + (number - 1) % 26));
  return name;
}

// [3, 3] says no more than 3.
Json one_for_all(const Json& value) {
  if (!value.is_array() || !value.is_packed() || value.size() == 0) return value;
  for (const double number : value.as_numbers())
    if (number != value.as_numbers().front()) return value;
  return Json::number(value.as_numbers().front());
}

bool is_fallback(const PropertyDef& definition, const Json& value) {
  const std::string_view text = definition.fallback;
  if (text.empty()) return false;
  if (value.is_boolean()) return value.as_boolean() == (text == "true");
  if (value.is_text()) return value.as_text() == text;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && one_for_all(value) == Json::number(number);
}

class Minifier {
 public:
  Minifier(const Model& model, const BuiltModel& built, bool keep_names, bool keep_values)
      : model_(model), built_(built), keep_names_(keep_names || has_iterator(model)), keep_values_(keep_values) {
    const auto count = static_cast<std::size_t>(model.element_count) + 1;
    alive_.resize(count);
    names_.resize(count);
    flows_.resize(count);
    arrivals_.resize(count);
    for (const Route& route : model.routes) {
      flows_[at(route.source)].push_back(&route);
      arrivals_[at(route.target)].push_back(&route);
    }
    for (const BuiltParameter& parameter : built.parameters)
      places_.insert(pointer_to(parameter.layer, parameter.parameter));
    add_places_of_operations(model, of_operations_);
    find_alive();
    number_layers();
    give_names();
  }

  // What an iterator pulls it names inside its net, which stays as it is: the name stays too, and where it is a number
  // instead, so do all numbers.
  static bool is_pulled_inside(const Route& route) { return route.pulled && route.parameter.starts_with(':'); }
  bool is_counted_inside(const Route& route) const {
    const std::string& name = model_.element(route.source).name;
    return is_pulled_inside(route) && (name.empty() || !std::string_view(route.parameter).substr(1).starts_with(name));
  }
  static bool has_iterator(const Model& model) {
    for (int id = 1; id <= model.element_count; ++id)
      if (model.element(id).type == "iterator") return true;
    return false;
  }

  Json run(std::span<const Tensor> current, SetupDataAs as, WeightsFile* file) {
    take_out_of_nets(current, as, file);
    for (std::size_t i = 0; i < built_.parameters.size() && !keep_values_; ++i)
      if (const BuiltParameter& parameter = built_.parameters[i]; stays_in_layer(parameter))
        inline_.emplace(parameter.path, json_from_parameter(parameter, current[i]));
    std::vector<Json::Member> members = {{"webai", Json::integer(1)}};
    const auto add = [&](std::string_view key, Json value) {
      members.emplace_back(std::string(key), std::move(value));
    };
    if (model_.domain != "core") add("domain", Json::text(model_.domain));
    const bool has_defaults = model_.domain != "core";  // of the domain's own, which this context may not know
    if (model_.type != DType::fp32 || has_defaults) add("dataType", Json::text(std::string(name_of(model_.type))));
    if (!model_.activation.empty())
      add("activation", Json::text(model_.activation));
    else if (model_.activation_given && (has_defaults || has_own_activations()))
      add("activation", Json());
    if (!model_.default_type.empty() && (model_.default_type != "neurons" || has_defaults))
      add("type", Json::text(model_.default_type));
    const auto is_alive = [&](int id) { return static_cast<bool>(alive_[at(id)]); };
    if (std::vector<Json> used = used_operations(model_, is_alive); !used.empty())
      add("operations", Json::array(std::move(used)));
    for (const std::string_view key : {"minMops", "seed"})
      if (const Json* value = model_.json.find(key)) add(key, *value);
    if (const Json* io = model_.json.find("io"); io && io->size() > 0) add("io", renamed_io(*io));
    std::vector<Json> layers;
    for (const Layer& layer : model_.layers)
      if (lives(layer)) layers.push_back(written(layer));
    add("layers", Json::array(std::move(layers)));
    if (!model_.outputs.empty()) add("outputs", renamed_outputs(*model_.json.find("outputs")));
    BuiltModel stored;
    std::vector<Tensor> values;
    std::vector<TableEntry> entries;
    const std::vector<int> ids = new_ids();
    for (std::size_t i = 0; i < built_.parameters.size() && !keep_values_; ++i) {
      const BuiltParameter& parameter = built_.parameters[i];
      if (!parameter.setup.empty() || stays_in_layer(parameter)) continue;
      if (!parameter.stored && stays_in_net(parameter)) continue;
      const std::size_t named = entries.size();
      if (alive_[at(parameter.owner)]) entries.push_back({ids[at(parameter.owner)], parameter.table_index, values.size()});
      for (const BuiltTie& tie : built_.ties)
        if (tie.setup.empty() && tie.like == parameter.name && alive_[at(tie.table_owner)])
          entries.push_back({ids[at(tie.table_owner)], tie.table_index, values.size()});
      if (entries.size() == named) continue;
      stored.parameters.push_back(parameter);
      stored.parameters.back().stored = true;
      values.push_back(current[i]);
    }
    if (!values.empty()) {
      std::vector<Json::Member> setup = {{"data", write_setup_data(stored, values, as, file)}};
      if (has_ties(built_, {})) setup.emplace_back("instructions", write_instructions(stored.parameters, entries));
      add("setup", Json::object(std::move(setup)));
    }
    return Json::object(std::move(members));
  }

  bool has_own_activations() const {
    for (int id = 1; id <= model_.element_count; ++id)
      if (const LayerDef* definition = model_.element(id).definition;
          alive_[at(id)] && definition && !definition->own_activation.empty())
        return true;
    return false;
  }

  std::string usual_activation(const Layer& layer) const {
    if (layer.custom && layer.custom->takes_activation) return model_.activation;
    if (!layer.definition || !layer.definition->takes_default_activation) return {};
    return model_.activation_given ? model_.activation : std::string(layer.definition->own_activation);
  }

  RenamedLayers renamed() const {
    RenamedLayers result;
    for (int id = 1; id <= model_.element_count; ++id) {
      const std::string& old = model_.element(id).name;
      if (!old.empty() && old != names_[at(id)]) result.emplace_back(old, names_[at(id)]);
    }
    return result;
  }

 private:
  static std::size_t at(int id) { return static_cast<std::size_t>(id); }

  // What stands in the layers of an inner net goes to setup.data as well, unless the net has one of its own.
  void take_out_of_nets(std::span<const Tensor> current, SetupDataAs as, WeightsFile* file) {
    document_ = model_.json;
    if (keep_values_) return;
    JsonEdit edit;
    set_inner_setups(edit, model_.json, built_, current, as, file);
    for (std::size_t i = 0; i < built_.parameters.size(); ++i) {
      const BuiltParameter& parameter = built_.parameters[i];
      if (!model_.element(parameter.owner).net || parameter.stored || !parameter.setup.empty()) continue;
      if (stays_in_net(parameter) || stays_in_layer(parameter))
        edit.set(parameter.path, json_from_parameter(parameter, current[i]));
      else
        edit.remove(parameter.path);
    }
    document_ = edit.apply(model_.json);
  }

  // The table of a net names all that its setup.data holds, and nothing else.
  bool stays_in_net(const BuiltParameter& parameter) const {
    const auto& net = model_.element(parameter.owner).net;
    return net && has_instructions_inside(*net);
  }

  // An operation learns from what its layer gives it how many elements there are, and what is not stored anywhere.
  bool stays_in_layer(const BuiltParameter& parameter) const {
    return !parameter.stored && of_operations_.contains(parameter.path);
  }

  /// Of layers and pipes that are written, by their old ids.
  std::vector<int> new_ids() const {
    std::vector<int> ids(alive_.size(), 0);
    int count = 0;
    for (const Layer& layer : model_.layers) {
      if (lives(layer)) ids[at(layer.id)] = ++count;
      for (const Layer& pipe : layer.pipes)
        if (alive_[at(pipe.id)] || pipe.layer_index == 0) ids[at(pipe.id)] = ++count;
    }
    return ids;
  }

  // Backwards from the outputs. Inputs stay: they are what the caller gives.
  void find_alive() {
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

  bool lives(const Layer& layer) const {
    return layer.layer_index == 0 || alive_[at(layer.id)] ||
           std::ranges::any_of(layer.pipes, [&](const Layer& pipe) { return alive_[at(pipe.id)]; });
  }

  void number_layers() {
    std::int64_t number = 0;
    for (const Layer& layer : model_.layers) numbers_.push_back(lives(layer) ? number++ : -1);
  }

  // Layers are reached by number; pipes and parameters of layers only by name.
  void give_names() {
    std::set<int> needed, ports;
    for (const Route& route : model_.routes) {
      if (is_pulled_inside(route))
        ports.insert(route.source);
      else if (route.pulled)
        needed.insert(route.source);
      else if (route.target == 0)
        ports.insert(route.source);
      else if (alive_[at(route.source)] && (model_.element(route.target).is_pipe || !route.parameter.empty()))
        needed.insert(route.target);
    }
    for (const ModelOutput& output : model_.outputs) needed.insert(output.source);
    for (int id = 1; id <= model_.element_count; ++id)
      if (model_.element(id).type == "input") ports.insert(id);
    std::set<std::string, std::less<>> taken;
    for (const int id : ports) {
      const std::string& name = model_.element(id).name;
      if (keep_names_)
        taken.insert(names_[at(id)] = name);
      else if (!name.empty() && io_names(name))
        needed.insert(id);
    }
    std::size_t number = 0;
    for (const int id : needed) {
      std::string& name = names_[at(id)];
      if (!alive_[at(id)] || !name.empty()) continue;
      do name = short_name(number++);
      while (!taken.insert(name).second);
    }
  }

  bool io_names(std::string_view name) const {
    return std::ranges::any_of(model_.io.input, [&](const IoRules& rules) { return rules.name == name; }) ||
           std::ranges::any_of(model_.io.output, [&](const IoRules& rules) { return rules.name == name; });
  }

  Json renamed_io(const Json& io) const {
    if (keep_names_) return io;
    std::map<std::string, std::string, std::less<>> now;
    for (int id = 1; id <= model_.element_count; ++id)
      if (const std::string& old = model_.element(id).name; !old.empty() && io_names(old)) now[old] = names_[at(id)];
    std::vector<Json::Member> sides;
    for (const auto& [side, rules] : io.members()) {
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

  Json target(const Route& route) const {
    const Layer& element = model_.element(route.target);
    if (!element.is_pipe && route.parameter.empty()) return Json::integer(numbers_[at(element.layer_index)]);
    return Json::text(names_[at(route.target)] + (route.parameter.empty() ? "" : "." + route.parameter));
  }

  bool is_last(const Layer& source) const { return at(source.layer_index) + 1 == model_.layers.size(); }

  // What `to` or `historyTo` lists, or nothing where the document's order does it. Hidden inputs go where their source
  // goes, and what is pulled stands at its target.
  std::optional<std::vector<Json>> targets(const Layer& source, bool history) const {
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
    const bool own_of_last = is_last(source) && !source.is_pipe;
    if (leaves && (list.empty() || !own_of_last)) return std::nullopt;
    if (list.empty() && (own_of_last || (!model_.outputs.empty() && nothing_follows(source)))) return std::nullopt;
    // Hidden inputs stand right behind the values of a layer that says where it goes, else behind its pipes.
    if (source.routed && brings_hidden && !list.empty()) return list;
    if (!is_last(source) && (list.empty() ? next_pulls(source) : list.size() == 1 && follows && !next_pulls(source)))
      return std::nullopt;
    return list;
  }

  bool nothing_follows(const Layer& source) const {
    return std::all_of(numbers_.begin() + source.layer_index + 1, numbers_.end(), [](auto number) { return number < 0; });
  }

  bool next_pulls(const Layer& source) const {
    for (std::size_t i = at(source.layer_index) + 1; i < model_.layers.size(); ++i)
      if (numbers_[i] >= 0) return !model_.layers[i].pipe_from.empty();
    return false;
  }

  // A flow into a layer lives when its own operator or one of its pipes does.
  bool alive_target(const Route& route) const {
    if (alive_[at(route.target)]) return true;
    const Layer& element = model_.element(route.target);
    return !element.is_pipe && route.parameter.empty() &&
           std::ranges::any_of(element.pipes, [&](const Layer& pipe) { return alive_[at(pipe.id)]; });
  }

  static Json list_or_one(std::vector<Json> list) {
    return list.size() == 1 ? std::move(list.front()) : Json::array(std::move(list));
  }

  Json written(const Layer& layer) const {
    std::vector<Json> pipes;
    for (const Layer& pipe : layer.pipes)
      if (alive_[at(pipe.id)] || pipe.layer_index == 0) pipes.push_back(written(pipe));
    std::vector<Json::Member> members;
    const auto add = [&](std::string_view key, Json value) {
      members.emplace_back(std::string(key), std::move(value));
    };
    if (!names_[at(layer.id)].empty()) add("name", Json::text(names_[at(layer.id)]));
    if (alive_[at(layer.id)] && layer.operates()) own_words(layer, !pipes.empty(), add);
    if (!pipes.empty()) add("pipes", Json::array(std::move(pipes)));
    if (members.size() == 1 && members[0].first == "size") return members[0].second;
    return Json::object(std::move(members));
  }

  template <class Add> void own_words(const Layer& layer, bool has_pipes, const Add& add) const {
    const Json* size = layer.properties.find("size");
    if (layer.operation || (layer.definition && layer.definition->size == SizeRule::follows)) size = nullptr;
    const std::string usual = layer.layer_index == 0 ? "input" : model_.default_type;
    const std::string type = layer.domain == model_.domain ? layer.type : layer.domain + "#" + layer.type;
    if (type != usual || (has_pipes && !size)) add("type", Json::text(type));
    if (size) add("size", size->size() == 1 ? size->at(0) : *size);
    if (layer.activation != usual_activation(layer))
      add("activation", layer.activation.empty() ? Json() : Json::text(layer.activation));
    const Json* label = layer.properties.find("label");
    if (label && keep_names_ && is_port(layer)) add("label", *label);
    bool remembers = layer.history > 0;
    const auto to = targets(layer, false);
    if (to) add("to", list_or_one(*to));
    const bool own_of_last = is_last(layer) && !layer.is_pipe;
    if (remembers) {
      // Without `historyTo` the history goes where the values go.
      auto past = targets(layer, true);
      remembers = !past || !past->empty();
      if (!past && to && !own_of_last) past = {Json::integer(numbers_[at(layer.layer_index)] + 1)};
      if (remembers && past && !(to && *past == *to && !own_of_last)) add("historyTo", list_or_one(*past));
    }
    for (const auto& [key, value] : layer.properties.members())
      if ((key != "history" || remembers) && !is_said_elsewhere(key) && !inline_.contains(pointer_to(layer.path, key)) &&
          !holds_anyway(layer, key, value))
        add(key, key == "net" ? value_at(document_, pointer_to(layer.path, key)) : renamed_pull(layer, key, value));
    for (const auto& operation : {layer.custom, layer.custom_activation})
      if (operation)
        for (const OperationParameter& parameter : operation->params)
          if (const auto value = inline_.find(pointer_to(layer.path, parameter.name)); value != inline_.end())
            add(parameter.name, value->second);
  }

  // "producer" or "producer:output", as a property of its own or of a parameter; other values as short as can be.
  Json renamed_pull(const Layer& layer, std::string_view key, const Json& value) const {
    for (const Route* route : arrivals_[at(layer.id)]) {
      if (!route->pulled || route->hidden || route->parameter != (key == "pipeFrom" || key == "input" ? "" : key)) continue;
      const Json from = Json::text(names_[at(route->source)] + (route->output.empty() ? "" : ":" + route->output));
      return key == "pipeFrom" ? from : value.with("pipeFrom", from);
    }
    return layer.definition && is_count(*layer.definition, key) ? one_for_all(value) : value;
  }

  Json renamed_outputs(const Json& outputs) const {
    std::vector<Json> list;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const ModelOutput& output = model_.outputs[i];
      const Json from = Json::text(names_[at(output.source)] + (output.output.empty() ? "" : ":" + output.output));
      list.push_back(outputs.at(i).is_object() ? outputs.at(i).with("pipeFrom", from) : from);
    }
    return Json::array(std::move(list));
  }

  bool is_port(const Layer& layer) const {
    return layer.type == "input" || std::ranges::find(model_.outputs, layer.id, &ModelOutput::source) != model_.outputs.end() ||
           std::ranges::any_of(flows_[at(layer.id)], [](const Route* route) { return route->target == 0; });
  }

  static bool is_said_elsewhere(std::string_view key) {
    static constexpr std::string_view keys[] = {"name",       "label", "domain",    "type", "size",
                                                "activation", "to",    "historyTo", "pipes"};
    return std::ranges::find(keys, key) != std::end(keys) || is_kept_and_ignored(key);
  }

  static bool is_count(const LayerDef& definition, std::string_view key) {
    const auto found = std::ranges::find(definition.properties, key, &PropertyDef::name);
    return found != definition.properties.end() && found->kind == PropertyKind::counts;
  }

  bool holds_anyway(const Layer& layer, std::string_view key, const Json& value) const {
    // The end of a pipe by a name of its own: flows name the parameter instead.
    if (value.is_text() && std::ranges::any_of(arrivals_[at(layer.id)], [&](const Route* route) {
          return route->parameter == key && !route->pulled;
        }))
      return true;
    // Parameters that are stored; other words in their place (null, false, a constant) stay.
    const std::string place = pointer_to(layer.path, key);
    const bool moved = places_.contains(place) && !of_operations_.contains(place);
    if (moved && !value.is_text() && !(keep_values_ && value.is_array())) return true;
    if (layer.definition) {
      const auto found = std::ranges::find(layer.definition->properties, key, &PropertyDef::name);
      if (found != layer.definition->properties.end() && is_fallback(*found, value)) return true;
    }
    return key == "pipeFrom" && value.is_null();
  }

  const Model& model_;
  const BuiltModel& built_;
  Json document_;  // the model with nets that keep no weights in their layers
  bool keep_names_;
  bool keep_values_;                                 // where they stand, as nothing is written to setup.data
  std::vector<char> alive_;                          // by id
  std::vector<std::string> names_;                   // by id: the new ones
  std::vector<std::int64_t> numbers_;                // by index of the layer: the new one, or -1
  std::vector<std::vector<const Route*>> flows_;     // by id of the source
  std::vector<std::vector<const Route*>> arrivals_;  // by id of the target; 0: the outputs
  std::set<std::string, std::less<>> places_;        // pointers of parameters
  std::set<std::string, std::less<>> of_operations_; // those that operations of the program or the model take
  std::map<std::string, Json, std::less<>> inline_;  // what is written there, by pointer
};

}  // namespace

Json minify_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as,
                  bool keep_names, RenamedLayers* renamed, WeightsFile* file) {
  Minifier minifier(model, built, keep_names, as == SetupDataAs::none);
  if (renamed) *renamed = minifier.renamed();
  return minifier.run(current, as, file);
}

}  // namespace webai
