// Nets of a model written as layers of it, for minify: one net at a time, where nothing that is computed can change.
#include <algorithm>
#include <charconv>
#include <map>

#include "core/model/definitions.h"
#include "core/model/export.h"
#include "core/model/layer_def.h"
#include "core/model/setup_instructions.h"

namespace webai {
namespace {

class Merger {
 public:
  Merger(const Model& model, const BuiltModel& built, int index)
      : model_(model), built_(built), index_(index), outer_(model.layers[static_cast<std::size_t>(index)]) {}

  bool possible() const {
    if (outer_.type != "net" || !outer_.net || !outer_.activation.empty() || outer_.history > 0) return false;
    for (const std::string_view key : {"share", "pipes", "size", "label", "pipeFrom"})
      if (outer_.properties.find(key)) return false;
    for (const Route& route : model_.routes) {
      if (route.target == outer_.id && (!route.parameter.empty() || route.delayed)) return false;
      if (route.source == outer_.id && !is_whole(route.output)) return false;
    }
    for (const ModelOutput& output : model_.outputs)
      if (output.source == outer_.id && !is_whole(output.output)) return false;
    for (int id = 1; id <= model_.element_count; ++id)
      if (model_.element(id).type == "iterator") return false;  // its net may name what is around it by number
    return !is_label(outer_.name) && keeps_input_name() && inner_is_plain();
  }

  Json run() {
    name_layers();
    std::vector<Json> layers;
    const Json& given = *model_.json.find("layers");
    for (int i = 0; i < static_cast<int>(model_.layers.size()); ++i) {
      if (i == index_)
        add_inner(layers);
      else
        layers.push_back(moved(given.at(static_cast<std::size_t>(i))));
    }
    std::vector<Json::Member> members;
    for (const auto& [key, value] : model_.json.members())
      if (key == "layers")
        members.emplace_back(key, Json::array(std::move(layers)));
      else if (key == "outputs")
        members.emplace_back(key, each(value, [&](const Json& output) { return moved_pull("", output); }));
      else if (key != "setup" && key != "setupData")
        members.emplace_back(key, value);
    return Json::object(std::move(members));
  }

 private:
  const Model& inner() const { return *outer_.net; }
  static bool is_whole(const std::string& output) { return output.empty() || output == "0"; }
  int last() const { return static_cast<int>(inner().layers.size()) - 1; }

  // One plain input that feeds the layer behind it and nothing else, one output, nothing that draws by its number.
  bool inner_is_plain() const {
    if (last() < 1 || has_ties(built_, {}) || has_instructions_inside(inner()) || !inner().outputs.empty() || inner().operations.size() != model_.operations.size()) return false;
    const Layer &first = inner().layers.front(), &final = inner().layers.back();
    if (first.type != "input" || !first.pipes.empty() || first.routed || first.history > 0 || !first.activation.empty())
      return false;
    if (!final.pipes.empty() || final.routed || final.history > 0 || !final.operates()) return false;
    for (int id = 1; id <= inner().element_count; ++id) {
      const Layer& layer = inner().element(id);
      if (layer.type == "iterator" || layer.type == "dropout" || layer.type == "ddpmUpdateStep" ||
          !layer.label.empty() || (id > 1 && layer.type == "input") || layer.properties.find("id"))
        return false;
    }
    for (const Route& route : inner().routes) {
      if (route.target == first.id || route.pulled || !route.parameter.empty()) return false;
      if (route.source == first.id && route.target != inner().layers[1].id) return false;
    }
    return true;
  }

  bool is_label(const std::string& name) const {
    if (name.empty()) return false;
    for (int id = 1; id <= model_.element_count; ++id)
      for (const auto& [key, value] : model_.element(id).properties.members())
        if (key != "name" && key != "to" && key != "historyTo" && key != "pipeFrom" && value.is_text() &&
            value.as_text() == name)
          return true;
    return false;
  }

  // What flows into the net in the shape that its input takes.
  Shape wanted() const { return *inner().layers.front().size; }
  bool keeps_input() const { return index_ == 0; }
  // The input of a net on the first layer is the model's, which callers and `io` name.
  bool keeps_input_name() const {
    if (!keeps_input()) return true;
    const std::string& name = built_.inputs.front().name;
    for (int id = 1; id <= model_.element_count; ++id)
      if (model_.element(id).name == name) return false;
    return !is_label(name);
  }
  bool reshapes() const {
    const auto at = std::ranges::find(built_.layers, outer_.id, &BuiltLayer::id);
    return !keeps_input() && (at == built_.layers.end() || at->input != wanted());
  }
  /// Where layer j of the net stands now.
  std::int64_t place(int j) const { return index_ + j - (keeps_input() || reshapes() ? 0 : 1); }
  /// Where layer i of the model stands now.
  std::int64_t place_around(std::int64_t i) const { return i <= index_ ? i : i + place(last()) - index_; }

  // Names of the net's own get others that nobody has; the last layer is called as the net was.
  void name_layers() {
    const auto taken = [&](const std::string& name) {
      for (int id = 1; id <= model_.element_count; ++id)
        if (model_.element(id).name == name) return true;
      return is_label(name) || std::ranges::any_of(names_, [&](const auto& pair) { return pair.second == name; });
    };
    for (int id = 1; id <= inner().element_count; ++id) {
      const std::string& name = inner().element(id).name;
      if (name.empty()) continue;
      std::string free = name;
      for (int i = 1; taken(free); ++i) free = name + "_" + std::to_string(i);
      names_[name] = free;
    }
    if (!outer_.name.empty() && !inner().layers.back().name.empty()) names_[inner().layers.back().name] = outer_.name;
    // Behind a net without a name that ends the model the output has none: it keeps none, and is reached by its place.
    const bool ends_model = static_cast<std::size_t>(index_) + 1 == model_.layers.size();
    if (outer_.name.empty() && ends_model && model_.outputs.empty() && !inner().layers.back().name.empty())
      names_[inner().layers.back().name].clear();
  }

  void add_inner(std::vector<Json>& layers) const {
    if (keeps_input())
      layers.push_back(written(inner().layers.front(), false));
    else if (reshapes())
      layers.push_back(
          Json::object({{"type", Json::text("reshape")}, {"size", *inner().layers.front().properties.find("size")}}));
    for (int j = 1; j <= last(); ++j)
      layers.push_back(written(inner().layers[static_cast<std::size_t>(j)], j == last()));
  }

  // With its type and activation said, since the net's root is gone.
  Json written(const Layer& layer, bool is_last) const {
    std::vector<Json::Member> members;
    const auto add = [&](std::string_view key, Json value) {
      members.emplace_back(std::string(key), std::move(value));
    };
    const std::string name = is_last && !outer_.name.empty() ? outer_.name
                             : layer.name.empty()            ? ""
                                                             : names_.at(layer.name);
    if (!name.empty()) add("name", Json::text(name));
    if (layer.operates() && !(layer.type == "input" && keeps_input()))
      add("type", Json::text(layer.domain == model_.domain ? layer.type : layer.domain + "#" + layer.type));
    const bool takes = (layer.definition && layer.definition->takes_default_activation) ||
                       (layer.custom && layer.custom->takes_activation);
    if (!layer.activation.empty() || (takes && layer.operates()))
      add("activation", layer.activation.empty() ? Json() : Json::text(layer.activation));
    for (const auto& [key, value] : layer.properties.members()) {
      if (key == "name" || key == "type" || key == "domain" || key == "activation" || key == "pipes") continue;
      add(key, key == "to" || key == "historyTo" ? moved_inner(value) : value);
    }
    if (is_last)
      if (const Json* to = outer_.properties.find("to")) add("to", moved_list(*to));
    std::vector<Json> pipes;
    for (const Layer& pipe : layer.pipes) pipes.push_back(written(pipe, false));
    if (!pipes.empty()) add("pipes", Json::array(std::move(pipes)));
    return Json::object(std::move(members));
  }

  template <class Change> static Json each(const Json& targets, Change change) {
    if (!targets.is_array()) return change(targets);
    std::vector<Json> list;
    for (std::size_t i = 0; i < targets.size(); ++i) list.push_back(change(targets.at(i)));
    return Json::array(std::move(list));
  }

  Json moved_inner(const Json& targets) const {
    return each(targets, [&](const Json& target) {
      if (!target.is_text()) return Json::integer(place(static_cast<int>(target.as_integer().value_or(0))));
      const auto at = names_.find(target.as_text());
      if (at == names_.end()) return target;
      return at->second.empty() ? Json::integer(place(last())) : Json::text(at->second);
    });
  }

  // The net as a target is the first of its layers.
  Json moved_list(const Json& targets) const {
    return each(targets, [&](const Json& target) {
      const std::string& name = outer_.name;
      if (target.is_text())
        return !name.empty() && (target.as_text() == name || target.as_text() == name + ".input") ? Json::integer(index_) : target;
      const auto index = target.is_number() ? target.as_integer() : std::nullopt;
      return index ? Json::integer(place_around(*index)) : target;
    });
  }

  Json moved(const Json& layer) const {
    if (!layer.is_object()) return layer;
    std::vector<Json::Member> members;
    for (const auto& [key, value] : layer.members()) {
      if (key == "to" || key == "toLayers" || key == "historyTo")
        members.emplace_back(key, moved_list(value));
      else if ((key == "pipes" || key == "pipe") && value.is_array() && !value.is_packed())
        members.emplace_back(key, each(value, [&](const Json& pipe) { return moved(pipe); }));
      else
        members.emplace_back(key, moved_pull(key, value));
    }
    return Json::object(std::move(members));
  }

  // Pulls name layers without a name by their number: "2", "2/0", "2:mean". The net as a source is the last of its
  // layers.
  Json moved_pull(std::string_view key, const Json& value) const {
    if (key != "pipeFrom") {
      const Json* from = value.find("pipeFrom");
      return from ? value.with("pipeFrom", moved_pull("pipeFrom", *from)) : value;
    }
    if (!value.is_text()) return value;
    const std::string& text = value.as_text();
    const std::size_t digits = text.find_first_not_of("0123456789");
    const std::string number = text.substr(0, digits);
    const bool rest = digits == std::string::npos || text[digits] == '/' || text[digits] == ':';
    if (number.empty() || number.size() > 9 || !rest) return value;
    for (int id = 1; id <= model_.element_count; ++id)
      if (model_.element(id).name == number) return value;
    std::int64_t index = 0;
    std::from_chars(number.data(), number.data() + number.size(), index);
    const std::int64_t now = index == index_ ? place(last()) : place_around(index);
    return Json::text(std::to_string(now) + (digits == std::string::npos ? "" : text.substr(digits)));
  }

  const Model& model_;
  const BuiltModel& built_;
  const int index_;
  const Layer& outer_;
  std::map<std::string, std::string> names_;  // of the net's layers and pipes
};

}  // namespace

std::vector<Json> merge_nets(const Model& model, const BuiltModel& built) {
  std::vector<Json> choices;
  for (int i = 0; i < static_cast<int>(model.layers.size()); ++i)
    if (Merger merger(model, built, i); merger.possible()) choices.push_back(merger.run());
  return choices;
}

}  // namespace webai
