// What exports keep of operations that a program or the model defines: the descriptions that are used, and what their
// layers are given.
#include <algorithm>

#include "core/model/export.h"
#include "core/model/operation_body.h"

namespace webai {
namespace {

using Names = std::set<std::string, std::less<>>;

bool is_named(const UserOperation& operation, const Names& names) {
  return names.contains(operation.name) || names.contains(operation.domain + "#" + operation.name);
}

// Names that a body calls or hands on as activations; what is no operation of a model does no harm.
void add_steps(const Json& description, Names& names) {
  const Json* body = description.find("body");
  const Json* steps = body ? body->find("steps") : nullptr;
  for (std::size_t i = 0; steps && i < steps->size(); ++i)
    if (const Json step = steps->at(i); const Json* name = step.find("op")) {
      if (name->is_text()) names.insert(name->as_text());
      const Json* inputs = step.find("inputs");
      for (std::size_t k = 0; inputs && k < inputs->size(); ++k)
        if (const Json input = inputs->at(k); input.is_text()) names.insert(input.as_text());
    }
}

// Nets are written as they stand, with all that they name.
void add_names(const Model& model, const std::function<bool(int)>& alive, Names& names) {
  names.insert({model.activation, model.default_type});
  for (int id = 1; id <= model.element_count; ++id) {
    const Layer& layer = model.element(id);
    if (!alive(id)) continue;
    for (const auto& operation : {layer.custom, layer.custom_activation})
      if (operation) names.insert(operation->domain + "#" + operation->name);
    if (!layer.net) continue;
    add_names(*layer.net, [](int) { return true; }, names);
    if (const Json* own = layer.net->json.find("operations"))
      for (std::size_t i = 0; i < own->size(); ++i) add_steps(own->at(i), names);
  }
}

Json without_words(const Json& description) {
  std::vector<Json::Member> members;
  for (const auto& [key, value] : description.members())
    if (key != "doc" && !is_kept_and_ignored(key)) members.emplace_back(key, value);
  return Json::object(std::move(members));
}

}  // namespace

std::vector<Json> used_operations(const Model& model, const std::function<bool(int)>& alive) {
  const Json* given = model.json.find("operations");
  std::vector<Json> used;
  if (!given) return used;
  Names names;
  add_names(model, alive, names);
  AliasLog read_before;
  for (std::size_t i = given->size(); i-- > 0;) {  // each calls only those before it
    if (!is_named(*model.operations[i], names)) continue;
    const Json description = given->at(i);
    add_steps(description, names);
    used.push_back(canonical_operation(without_words(description), {}, read_before));
  }
  std::ranges::reverse(used);
  return used;
}

bool is_trained_outside(const OperationParameter& parameter) {
  return parameter.subject_of_training && parameter.train_only_if_not_in_model;
}

void add_places_of_operations(const Model& model, std::set<std::string, std::less<>>& places,
                              bool (*which)(const OperationParameter&)) {
  for (int id = 1; id <= model.element_count; ++id) {
    const Layer& layer = model.element(id);
    for (const auto& operation : {layer.custom, layer.custom_activation})
      if (operation)
        for (const OperationParameter& parameter : operation->params)
          if (!which || which(parameter)) places.insert(pointer_to(layer.path, parameter.name));
    if (layer.net) add_places_of_operations(*layer.net, places, which);
  }
}

}  // namespace webai
