// The smallest spelling of a model: written anew from what the parser understood, layer by layer.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/model/definitions.h"
#include "core/model/export.h"
#include "core/model/export_kept.h"
#include "core/model/json_edit.h"
#include "core/model/setup_instructions.h"
#include "core/model/vocabulary.h"

namespace webai {
namespace {

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
      : model_(model), built_(built), kept_(model, built, keep_names), keep_values_(keep_values) {
    for (const BuiltParameter& parameter : built.parameters)
      places_.insert(pointer_to(parameter.layer, parameter.parameter));
    add_places_of_operations(model, of_operations_);
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
    const auto is_alive = [&](int id) { return kept_.lives(id); };
    if (std::vector<Json> used = used_operations(model_, is_alive); !used.empty())
      add("operations", Json::array(std::move(used)));
    for (const std::string_view key : {"minMops", "seed"})
      if (const Json* value = model_.json.find(key)) add(key, *value);
    if (const Json* io = model_.json.find("io"); io && io->size() > 0) add("io", kept_.renamed_io(*io));
    std::vector<Json> layers;
    for (const Layer& layer : model_.layers)
      if (kept_.is_written(layer)) layers.push_back(written(layer));
    add("layers", Json::array(std::move(layers)));
    if (!model_.outputs.empty()) add("outputs", kept_.renamed_outputs(*model_.json.find("outputs")));
    if (std::vector<Stored> stored = stored_values(current); !stored.empty())
      add("setup", setup(std::move(stored), as, file));
    return drop_names_inside(Json::object(std::move(members)));
  }

  RenamedLayers renamed() const { return kept_.renamed(); }

  std::vector<std::size_t> kept_parameters() const {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < built_.parameters.size(); ++i)
      if (!owners_of(built_.parameters[i]).empty()) list.push_back(i);
    return list;
  }

 private:
  /// A parameter of setup.data, and those who have it.
  struct Stored {
    BuiltParameter parameter;
    Tensor values;
    std::vector<TableEntry> owners;
  };

  static std::size_t at(int id) { return static_cast<std::size_t>(id); }

  bool has_own_activations() const {
    for (int id = 1; id <= model_.element_count; ++id)
      if (const LayerDef* definition = model_.element(id).definition;
          kept_.lives(id) && definition && !definition->own_activation.empty())
        return true;
    return false;
  }

  std::string usual_activation(const Layer& layer) const {
    if (layer.custom && layer.custom->takes_activation) return model_.activation;
    if (!layer.definition || !layer.definition->takes_default_activation) return {};
    return model_.activation_given ? model_.activation : std::string(layer.definition->own_activation);
  }

  // By the numbers of the model as it was: those of a parameter that are left.
  std::vector<TableEntry> owners_of(const BuiltParameter& parameter) const {
    std::vector<TableEntry> owners;
    if (kept_.lives(parameter.owner)) owners.push_back({parameter.table_owner, parameter.table_index});
    for (const BuiltTie& tie : built_.ties)
      if (tie.setup.empty() && tie.like == parameter.name && kept_.lives(tie.table_owner))
        owners.push_back({tie.table_owner, tie.table_index});
    return owners;
  }

  // Ties whose other owners are gone are none. In the order of the document, by their first owners.
  std::vector<Stored> stored_values(std::span<const Tensor> current) const {
    std::vector<Stored> list;
    const std::vector<int> ids = kept_.new_ids();
    for (std::size_t i = 0; i < built_.parameters.size() && !keep_values_; ++i) {
      const BuiltParameter& parameter = built_.parameters[i];
      if (!parameter.setup.empty() || stays_in_layer(parameter)) continue;
      if (!parameter.stored && stays_in_net(parameter)) continue;
      std::vector<TableEntry> owners = owners_of(parameter);
      if (owners.empty()) continue;
      for (TableEntry& entry : owners) entry.owner = ids[at(entry.owner)];
      list.push_back({parameter, current[i], std::move(owners)});
      list.back().parameter.stored = true;
    }
    std::ranges::sort(list, {}, [](const Stored& one) { return std::pair(one.owners[0].owner, one.owners[0].index); });
    return list;
  }

  static Json setup(std::vector<Stored> list, SetupDataAs as, WeightsFile* file) {
    BuiltModel stored;
    std::vector<Tensor> values;
    std::vector<TableEntry> entries;
    for (Stored& one : list) {
      for (TableEntry& entry : one.owners) entries.push_back({entry.owner, entry.index, values.size()});
      stored.parameters.push_back(std::move(one.parameter));
      values.push_back(std::move(one.values));
    }
    std::vector<Json::Member> members = {{"data", write_setup_data(stored, values, as, file)}};
    if (entries.size() > values.size())
      members.emplace_back("instructions", write_instructions(stored.parameters, entries));
    return Json::object(std::move(members));
  }

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

  // The table of a net names all that its setup.data holds, and nothing else; and a setup.data of its own holds what it did.
  bool stays_in_net(const BuiltParameter& parameter) const {
    const auto& net = model_.element(parameter.owner).net;
    return net && (has_instructions_inside(*net) || has_data_inside(*net));
  }

  // An operation learns from what its layer gives it how many elements there are, and what is not stored anywhere.
  bool stays_in_layer(const BuiltParameter& parameter) const {
    return !parameter.stored && of_operations_.contains(parameter.path);
  }

  static Json list_or_one(std::vector<Json> list) {
    return list.size() == 1 ? std::move(list.front()) : Json::array(std::move(list));
  }

  Json written(const Layer& layer) const {
    std::vector<Json> pipes;
    for (const Layer& pipe : layer.pipes)
      if (kept_.lives(pipe.id) || pipe.layer_index == 0) pipes.push_back(written(pipe));
    std::vector<Json::Member> members;
    const auto add = [&](std::string_view key, Json value) {
      members.emplace_back(std::string(key), std::move(value));
    };
    if (!kept_.name_of(layer.id).empty()) add("name", Json::text(kept_.name_of(layer.id)));
    if (kept_.lives(layer.id) && layer.operates())
      own_words(layer, !pipes.empty(), add);
    else if (!layer.pipe_from.empty())
      add("pipeFrom", renamed_pull(layer, "pipeFrom", Json::text(layer.pipe_from)));
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
    if (size) add("size", size->size() == 1 && size->at(0).is_number() ? size->at(0) : *size);
    if (layer.activation != usual_activation(layer))
      add("activation", layer.activation.empty() ? Json() : Json::text(layer.activation));
    const Json* label = layer.properties.find("label");
    if (label && kept_.is_port(layer) && (kept_.keeps_names() || kept_.io_names(layer.label))) add("label", *label);
    bool remembers = layer.history > 0;
    const auto to = kept_.targets(layer, false);
    if (to) add("to", list_or_one(*to));
    const bool own_of_last = kept_.nothing_follows(layer) && !layer.is_pipe;  // also where what stood behind it is gone
    if (remembers) {
      // Without `historyTo` the history goes where the values go, but for the last layer's.
      auto past = kept_.targets(layer, true);
      remembers = !past || !past->empty();
      if (!past && to && !own_of_last) past = {Json::integer(kept_.number_of(layer.layer_index) + 1)};
      if (remembers && past && !(to && *past == *to && !own_of_last)) add("historyTo", list_or_one(*past));
    }
    for (const auto& [key, value] : layer.properties.members())
      if ((key != "history" || remembers) && !is_said_elsewhere(key) &&
          !inline_.contains(pointer_to(layer.path, key)) && !holds_anyway(layer, key, value))
        add(key, key == "net" ? value_at(document_, pointer_to(layer.path, key)) : renamed_pull(layer, key, value));
    for (auto& [parameter, name] : kept_.labels_of(layer.id)) add(parameter, Json::text(std::move(name)));
    for (const auto& operation : {layer.custom, layer.custom_activation})
      if (operation)
        for (const OperationParameter& parameter : operation->params)
          if (const auto value = inline_.find(pointer_to(layer.path, parameter.name)); value != inline_.end())
            add(parameter.name, value->second);
  }

  // "producer" or "producer:output", as a property of its own or of a parameter; other values as short as can be.
  Json renamed_pull(const Layer& layer, std::string_view key, const Json& value) const {
    for (const Route* route : kept_.arrivals_at(layer.id)) {
      if (!route->pulled || route->hidden || route->parameter != (key == "pipeFrom" || key == "input" ? "" : key)) continue;
      const Json from = Json::text(kept_.name_of(route->source) + (route->output.empty() ? "" : ":" + route->output));
      if (key == "pipeFrom") return from;
      if (value.is_object()) return value.with("pipeFrom", from);
    }
    return layer.definition && is_count(*layer.definition, key) ? one_for_all(value) : value;
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
    if (value.is_text() && std::ranges::any_of(kept_.arrivals_at(layer.id), [&](const Route* route) {
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
  const KeptLayers kept_;
  Json document_;                                     // the model with nets that keep no weights in their layers
  bool keep_values_;                                  // where they stand, as nothing is written to setup.data
  std::set<std::string, std::less<>> places_;         // pointers of parameters
  std::set<std::string, std::less<>> of_operations_;  // those that operations of the program or the model take
  std::map<std::string, Json, std::less<>> inline_;   // what is written there, by pointer
};

}  // namespace

std::vector<std::size_t> kept_by_minify(const Model& model, const BuiltModel& built) {
  return Minifier(model, built, true, true).kept_parameters();
}

Json minify_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as,
                  bool keep_names, RenamedLayers* renamed, WeightsFile* file) {
  Minifier minifier(model, built, keep_names, as == SetupDataAs::none);
  if (renamed) *renamed = minifier.renamed();
  return minifier.run(current, as, file);
}

}  // namespace webai
