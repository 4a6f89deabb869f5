// Reading descriptions of operations; the steps of a body are read in body_reader.cpp.
#include "core/model/operation_body.h"

#include <algorithm>

#include "core/model/body_steps.h"
#include "core/model/json.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr int deepest_body = 64;  // operations that stand in one another

bool boolean(const Json& object, std::string_view key, const std::string& path) {
  const Json* value = object.find(key);
  if (value && !value->is_boolean()) wrong_value(pointer_to(path, key), key, "true or false", *value);
  return value && value->as_boolean();
}

std::vector<std::string> texts(const Json& value, std::string_view key, const std::string& path) {
  if (!value.is_array()) wrong_value(path, key, "an array of texts", value);
  std::vector<std::string> list;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!value.at(i).is_text()) wrong_value(pointer_to(path, i), key, "a text", value.at(i));
    list.push_back(value.at(i).as_text());
  }
  return list;
}

OperationParameter parameter_from_json(const Json& json, const std::string& path) {
  if (json.is_text()) return OperationParameter(json.as_text());
  check_description(json, "a parameter", path,
             {"name", "internalState", "arrayType", "noSetup", "subjectOfTraining", "trainOnlyIfNotInModel",
              "allowedOnFirstLayer", "callDefaultWith", "default"});
  OperationParameter parameter(description_text(json, "name", path, true));
  const auto flag = [&](std::string_view key, bool& member) { member = boolean(json, key, path) || member; };
  flag("internalState", parameter.internal_state);
  flag("arrayType", parameter.array_type);
  flag("noSetup", parameter.no_setup);
  flag("subjectOfTraining", parameter.subject_of_training);
  flag("trainOnlyIfNotInModel", parameter.train_only_if_not_in_model);
  if (const Json* with = json.find("callDefaultWith"))
    parameter.call_default_with = texts(*with, "callDefaultWith", pointer_to(path, "callDefaultWith"));
  if (const Json* value = json.find("default")) parameter.default_value = *value;
  return parameter;
}

OperationDefinition definition_from_json(const Json& json, const std::string& path, const std::string& domain) {
  check_description(json, "an operation", path, {"name", "domain", "dataType", "doc", "model", "body"});
  OperationDefinition definition;
  definition.name = description_text(json, "name", path, true);
  definition.domain = description_text(json, "domain", path, false);
  if (definition.domain.empty()) definition.domain = domain;
  definition.data_type = description_text(json, "dataType", path, false);
  definition.doc = description_text(json, "doc", path, false);
  definition.activation = false;
  const Json* model = json.find("model");
  if (!model) return definition;
  const std::string inside = pointer_to(path, "model");
  check_description(*model, "an operation's model", inside,
             {"isActivation", "allowedOnFirstLayer", "fitOutput", "defineParams", "callWith", "initState"});
  definition.activation = boolean(*model, "isActivation", inside);
  definition.allowed_on_first_layer = boolean(*model, "allowedOnFirstLayer", inside);
  definition.fit_output = boolean(*model, "fitOutput", inside);
  if (const Json* params = model->find("defineParams")) {
    const std::string at = pointer_to(inside, "defineParams");
    const auto add = [&](const Json& given, const std::string& place) {
      definition.params.push_back(parameter_from_json(given, place));
      if (boolean(given, "allowedOnFirstLayer", place)) definition.allowed_on_first_layer = true;
    };
    // A list, or an object from names to what is said of them.
    if (params->is_object()) {
      for (const auto& [name, value] : params->members()) {
        const std::string place = pointer_to(at, name);
        if (value.is_number() || value.is_array()) wrong_value(place, "a parameter", "an object, or true", value);
        add(value.is_object() ? value.with("name", Json::text(name)) : Json::text(name), place);
      }
    } else if (params->is_array()) {
      for (std::size_t i = 0; i < params->size(); ++i) add(params->at(i), pointer_to(at, i));
    } else {
      wrong_value(at, "defineParams", "an array", *params);
    }
  }
  if (const Json* with = model->find("callWith"))
    definition.call_with = texts(*with, "callWith", pointer_to(inside, "callWith"));
  if (const Json* with = model->find("initState"))
    definition.init_state_with = texts(*with, "initState", pointer_to(inside, "initState"));
  return definition;
}

}  // namespace

void refuse_description(Code code, std::string reason, std::string path, std::string message, std::string hint) {
  throw Error(code, {.message = std::move(message),
                     .reason = std::move(reason),
                     .path = std::move(path),
                     .hint = std::move(hint)});
}

void check_description(const Json& object, std::string_view owner, const std::string& path,
                       const std::vector<std::string_view>& known) {
  if (!object.is_object()) wrong_value(path, owner, "an object", object);
  for (const auto& [key, value] : object.members())
    if (!is_kept_and_ignored(key) && std::ranges::find(known, key) == known.end())
      unknown_property(path, key, owner, known);
}

std::string description_text(const Json& object, std::string_view key, const std::string& path, bool required) {
  const Json* value = object.find(key);
  if (!value && !required) return {};
  if (!value || !value->is_text() || value->as_text().empty())
    wrong_value(pointer_to(path, key), key, "a text that is not empty", value ? *value : Json());
  return value->as_text();
}

std::shared_ptr<UserOperation> operation_from_json(const Context& context, const Registry& registry, const Json& given,
                                                   const BodyOptions& options, AliasLog& aliases) {
  const Json json = canonical_operation(given, options.path, aliases);
  OperationDefinition definition = definition_from_json(json, options.path, options.domain);
  const std::string path = pointer_to(options.path, "body");
  const Json* body = json.find("body");
  if (!body)
    refuse_description(Code::invalid_model, "BODY", options.path, "the operation has no body",
                       "without a function an operation says what it does in \"body\"");
  if (!definition.call_with.empty())
    refuse_description(Code::invalid_model, "CALL_WITH", pointer_to(options.path, "model"),
                       "a body names what it works on itself: callWith has no meaning here", "leave \"callWith\" out");
  if (const Json* model = json.find("model"); model && model->find("initState"))
    refuse_description(Code::invalid_model, "STATE", pointer_to(pointer_to(options.path, "model"), "initState"),
                       "a body has no function that initState could be the arguments of",
                       "define the state as a parameter: \"~name\"");
  if (definition.params.empty()) definition.params.emplace_back("input");
  ReadBody read = read_body(context, registry, definition, *body, options);
  definition.call_with = std::move(read.call_with);
  if (definition.call_with.empty())
    refuse_description(Code::invalid_model, "BODY", path, "the body uses none of the operation's parameters",
                       "name a parameter in the inputs of a step");
  std::shared_ptr<UserOperation> operation;
  try {
    operation = complete_operation(context, registry, std::move(definition), 0);
    for (const auto& other : options.local.subspan(options.outer))
      if (other->name == operation->name && other->domain == operation->domain) operation_exists(*operation);
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    details.path = options.path + details.path;
    throw Error(error.code(), std::move(details));
  }
  operation->depth = read.depth + 1;
  if (operation->depth > deepest_body)
    refuse_description(Code::limit_exceeded, "BODY_DEPTH", path,
                       "operations stand in one another more than " + std::to_string(deepest_body) + " deep",
                       "write the steps of inner operations out");
  operation->composed = [body = std::make_shared<const StepList>(std::move(read.body))](Arguments arguments) {
    return run_body(*body, arguments);
  };
  return operation;
}

OperationDefinition OperationDefinition::from_json(const Context& context, std::string_view json) {
  const Json read = read_json(json, context.limits());
  if (read.find("body"))
    refuse_description(Code::invalid_argument, "BODY", "/body", "an operation with a body needs no function",
                       "define it with define_operation(context, json)");
  AliasLog aliases(context, false);
  return definition_from_json(canonical_operation(read, {}, aliases), {}, "core");
}

}  // namespace webai
