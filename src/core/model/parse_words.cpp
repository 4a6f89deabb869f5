// What words and names in a model mean: which properties the type of a layer, its operation and its activation know,
// and which domain, operation or activation is called so by the model, those around it, the program or the library.
#include <algorithm>
#include <ranges>

#include "core/base/names.h"
#include "core/model/json.h"
#include "core/model/layer_error.h"
#include "core/model/parse.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {

std::string owner_of(const Layer& layer) {
  const std::string noun = layer.is_pipe ? "pipe" : "layer";
  const bool plain = layer.type.empty() || layer.type == "neurons";
  if (plain) return "a " + noun;
  const bool vowel = std::string_view("aeiou").find(layer.type.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + layer.type + " " + noun;
}

void check_layer_words(const ParseState& state, const Layer& layer, DType computed) {
  std::vector<std::string_view> known(core_layer_properties().begin(), core_layer_properties().end());
  if (layer.definition) {
    for (const PropertyDef& entry : layer.definition->properties) known.push_back(entry.name);
    for (const ParameterDef& entry : layer.definition->parameters) known.push_back(entry.name);
  }
  if (layer.is_pipe) std::erase(known, std::string_view("pipes"));
  const OpDef* activation = layer.activation.empty() || layer.custom_activation
                                ? nullptr
                                : state.registry.find(layer.domain, layer.activation);
  for (const auto& operation : {layer.custom, layer.custom_activation})
    if (operation)
      for (const OperationParameter& entry : operation->params)
        if (!entry.internal_state) known.push_back(entry.name);
  for (const OpDef* operation : {layer.operation, activation})
    if (operation)
      for (const AttributeSpec& entry : operation->attributes)
        if (is_constant_of_activation(entry)) known.push_back(entry.name);
  for (const auto& [key, value] : layer.properties.members()) {
    if (is_kept_and_ignored(key)) continue;
    if (layer.is_pipe && key == "pipes")
      unknown_property(layer.path, key, owner_of(layer), known,
                       "pipes have none of their own: put them beside this one");
    if (std::ranges::find(known, key) == known.end()) unknown_property(layer.path, key, owner_of(layer), known);
    if (layer.definition)
      for (const PropertyDef& entry : layer.definition->properties)
        if (entry.name == key) check_property(entry, value, pointer_to(layer.path, key), computed);
    for (const OpDef* operation : {layer.operation, activation})
      if (operation)
        for (const AttributeSpec& entry : operation->attributes)
          if (entry.name == key && is_constant_of_activation(entry))
            check_constant(entry, value, pointer_to(layer.path, key), computed);
  }
  if (layer.definition)
    for (const PropertyDef& entry : layer.definition->properties)
      if (entry.required && !layer.properties.find(entry.name))
        fail(layer, Code::invalid_model, "PROPERTY_MISSING", layer.path,
             owner_of(layer) + " needs the property \"" + std::string(entry.name) + "\"",
             "docs/model-format.md tells what each kind of layer needs", "\"" + std::string(entry.name) + "\"",
             "nothing");
}

std::shared_ptr<const UserOperation> find_custom(const ParseState& state, const Model& model, std::string_view domain,
                                                 std::string_view name) {
  const std::size_t hash = name.find('#');
  const std::string_view own = hash == std::string_view::npos ? domain : name.substr(0, hash);
  const std::string_view word = hash == std::string_view::npos ? name : name.substr(hash + 1);
  for (const auto& local : std::views::reverse(model.operations))  // a model's own before those around it
    if (local->name == word && local->domain == own) return local;
  return state.definitions->operation(own, word);
}

void check_domain(const ParseState& state, const std::string& domain, const std::string& path) {
  const auto known = state.definitions->domain_names();
  const auto built_in = state.registry.domains();
  if (std::ranges::find(known, domain) != known.end() || std::ranges::find(built_in, domain) != built_in.end()) return;
  throw Error(Code::not_found, {.message = "there is no domain \"" + domain + "\"",
                                .reason = "DOMAIN",
                                .path = path,
                                .expected = one_of(known),
                                .actual = "\"" + domain + "\"",
                                .hint = did_you_mean(domain, known,
                                                     "define it first, with define_domain; \"core\" is always there")});
}

bool is_activation(const ParseState& state, const Model& model, const std::string& domain, const std::string& name) {
  if (const auto custom = find_custom(state, model, domain, name)) return custom->activation;
  const OpDef* operation = state.registry.find(domain, name);
  return operation && operation->activation;
}

std::shared_ptr<const UserOperation> check_activation(const ParseState& state, const Model& model,
                                                      const std::string& domain, const std::string& name,
                                                      const std::string& path) {
  const auto custom = find_custom(state, model, domain, name);
  if (custom && custom->activation) return custom;
  const OpDef* operation = state.registry.find(domain, name);
  if (!custom && operation && operation->activation) return nullptr;
  std::vector<std::string_view> known;
  for (const OpDef* other : state.registry.all(domain))
    if (other->activation) known.push_back(other->name);
  for (const auto* list : {&state.definitions->operations, &model.operations})
    for (const auto& other : *list)
      if (other->activation && other->domain == domain) known.push_back(other->name);
  const std::string near = nearest_name(name, known);
  throw Error(operation || custom ? Code::invalid_model : Code::not_found,
              {.message = operation || custom ? "\"" + name + "\" is an operator, but no activation"
                                    : "there is no activation \"" + name + "\"",
               .reason = "NOT_ACTIVATION",
               .path = path,
               .expected = one_of(known),
               .actual = "\"" + name + "\"",
               .hint = domain == "core" && find_layer_definition(name)
                           ? "it is a layer of its own: {\"type\": \"" + name + "\"}"
                       : !near.empty()  ? "did you mean \"" + near + "\"?"
                       : domain == "core" ? "name one such as \"tanh\", or null for none"
                                          : "name one of this domain, one such as \"core#tanh\", or null for none"});
}

}  // namespace webai
