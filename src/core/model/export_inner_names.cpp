// Names in nets that stay nets: those that nothing in the document says go, and with them what tools keep there.
#include <algorithm>
#include <set>

#include "core/model/export_kept.h"
#include "core/model/layer_def.h"
#include "core/model/vocabulary.h"

namespace webai {
namespace {

using NameSet = std::set<std::string, std::less<>>;

bool holds_elements(std::string_view key) { return key == "layers" || key == "pipes" || key == "pipe"; }
bool is_list(const Json& value) { return value.is_array() && !value.is_packed(); }

class InnerNames {
 public:
  explicit InnerNames(const Json& document) {
    collect(document, false);
    for (const LayerDef* definition : layer_definitions())
      for (const ParameterDef& parameter : definition->parameters) said_.emplace(parameter.name);
  }

  /// A model around nets, whose own names are as they should be. What the nets of its first layer take is the caller's
  /// to name.
  Json around(const Json& model) const {
    const NameSet own = names_in(model, false);
    return elements_changed(model, [&](const Json& layer, bool first) { return with_net(layer, own, first); });
  }

 private:
  // Texts and keys, in parts: "layer.parameter", "net:output". Names of layers and pipes alone say nothing.
  void collect(const Json& value, bool is_element) {
    if (value.is_text()) say(value.as_text());
    if (is_list(value))
      for (std::size_t i = 0; i < value.size(); ++i) collect(value.at(i), is_element);
    if (!value.is_object()) return;
    for (const auto& [key, inner] : value.members()) {
      if (is_kept_and_ignored(key) || (is_element && (key == "name" || key == "label"))) continue;
      say(key);
      collect(inner, holds_elements(key));
    }
  }
  void say(std::string_view text) {
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(std::min(text.size(), end + 1))) {
      end = text.find_first_of(".:/");
      said_.emplace(text.substr(0, end));
    }
  }

  // `change` gets layers, and whether each is the first one.
  template <class Change> static Json elements_changed(const Json& model, Change change) {
    std::vector<Json::Member> members;
    for (const auto& [key, value] : model.members()) {
      if (key != "layers" || !is_list(value)) {
        members.emplace_back(key, value);
        continue;
      }
      std::vector<Json> layers;
      for (std::size_t i = 0; i < value.size(); ++i) layers.push_back(change(value.at(i), i == 0));
      members.emplace_back(key, Json::array(std::move(layers)));
    }
    return Json::object(std::move(members));
  }

  static bool is_input(const Json& element, bool in_first_layer) {
    const Json* type = element.find("type");
    return type ? *type == Json::text("input") : in_first_layer;
  }

  // `see` gets each layer and pipe, and whether it stands in the first layer.
  template <class See> static void see_elements(const Json& model, See see) {
    const Json* layers = model.find("layers");
    for (std::size_t i = 0; layers && is_list(*layers) && i < layers->size(); ++i) {
      const Json layer = layers->at(i);
      see(layer, i == 0);
      for (const std::string_view key : {"pipes", "pipe"})
        if (const Json* pipes = layer.find(key); pipes && is_list(*pipes))
          for (std::size_t k = 0; k < pipes->size(); ++k) see(pipes->at(k), i == 0);
    }
  }

  static NameSet names_in(const Json& model, bool inputs_alone) {
    NameSet names;
    see_elements(model, [&](const Json& element, bool in_first) {
      const Json* name = element.find("name");
      if (name && name->is_text() && (!inputs_alone || is_input(element, in_first))) names.insert(name->as_text());
    });
    return names;
  }

  // `around`: names in the model that holds the layer.
  Json with_net(const Json& layer, const NameSet& around, bool on_first_layer) const {
    if (!layer.is_object()) return layer;
    std::vector<Json::Member> members;
    for (const auto& [key, value] : layer.members())
      if (key == "net" && value.is_object())
        members.emplace_back(key, inside(value, around, on_first_layer));
      else if (holds_elements(key) && is_list(value))
        members.emplace_back(key,
                             each(value, [&](const Json& pipe) { return with_net(pipe, around, on_first_layer); }));
      else
        members.emplace_back(key, value);
    return Json::object(std::move(members));
  }

  // A net binds by name what flows into it where all of that is called like its inputs.
  Json inside(const Json& net, const NameSet& around, bool on_first_layer) const {
    const NameSet own = names_in(net, false);
    NameSet bound;
    see_elements(net, [&](const Json& element, bool) {
      if (const Json* inner = element.find("net")) bound.merge(names_in(*inner, true));
    });
    return elements_changed(without_notes(net), [&](const Json& layer, bool first) {
      return renamed(
          with_net(layer, own, on_first_layer && first), first, [&](const Json& element, const std::string& name) {
            const bool input = is_input(element, first);
            return (input && (on_first_layer || around.contains(name))) || said_.contains(name) || bound.contains(name);
          });
    });
  }

  // Names of inputs of the whole model stay, and so do the labels that these go by.
  template <class Needs> static Json renamed(const Json& element, bool first, Needs needs) {
    if (!element.is_object()) return element;
    const Json noted = without_notes(element);
    std::vector<Json::Member> members;
    for (const auto& [key, value] : noted.members()) {
      if ((key == "name" || key == "label") && value.is_text() && !needs(element, value.as_text())) continue;
      if (holds_elements(key) && is_list(value))
        members.emplace_back(key, each(value, [&](const Json& pipe) { return renamed(pipe, first, needs); }));
      else
        members.emplace_back(key, value);
    }
    if (members.size() == 1 && members[0].first == "size") return members[0].second;
    return Json::object(std::move(members));
  }

  template <class Change> static Json each(const Json& list, Change change) {
    std::vector<Json> items;
    for (std::size_t i = 0; i < list.size(); ++i) items.push_back(change(list.at(i)));
    return Json::array(std::move(items));
  }

  static Json without_notes(const Json& object) {
    std::vector<Json::Member> members;
    for (const auto& member : object.members())
      if (!is_kept_and_ignored(member.first)) members.push_back(member);
    return Json::object(std::move(members));
  }

  NameSet said_;
};

}  // namespace

Json drop_names_inside(const Json& document) { return InnerNames(document).around(document); }

}  // namespace webai
