// Reading descriptions and bodies. A body is a list of steps, each a known operation on parameters, numbers or earlier
// steps; what it composes is inlined, so the limit of nodes bounds whatever a stranger writes.
#include "core/model/operation_body.h"

#include <algorithm>
#include <map>

#include "core/base/names.h"
#include "core/model/json.h"
#include "core/model/trace.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr int deepest_body = 64;  // operations that stand in one another

[[noreturn]] void fail(Code code, std::string reason, std::string path, std::string message, std::string hint = {}) {
  throw Error(code, {.message = std::move(message),
                     .reason = std::move(reason),
                     .path = std::move(path),
                     .hint = std::move(hint)});
}

void check_keys(const Json& object, std::string_view owner, const std::string& path,
                const std::vector<std::string_view>& known) {
  if (!object.is_object()) wrong_value(path, owner, "an object", object);
  for (const auto& [key, value] : object.members())
    if (!is_kept_and_ignored(key) && std::ranges::find(known, key) == known.end())
      unknown_property(path, key, owner, known);
}

bool boolean(const Json& object, std::string_view key, const std::string& path) {
  const Json* value = object.find(key);
  if (value && !value->is_boolean()) wrong_value(pointer_to(path, key), key, "true or false", *value);
  return value && value->as_boolean();
}

std::string text(const Json& object, std::string_view key, const std::string& path, bool required) {
  const Json* value = object.find(key);
  if (!value && !required) return {};
  if (!value || !value->is_text() || value->as_text().empty())
    wrong_value(pointer_to(path, key), key, "a text that is not empty", value ? *value : Json());
  return value->as_text();
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
  check_keys(json, "a parameter", path,
             {"name", "internalState", "arrayType", "noSetup", "subjectOfTraining", "trainOnlyIfNotInModel",
              "allowedOnFirstLayer", "callDefaultWith", "default"});
  OperationParameter parameter(text(json, "name", path, true));
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
  check_keys(json, "an operation", path, {"name", "domain", "dataType", "doc", "model", "body"});
  OperationDefinition definition;
  definition.name = text(json, "name", path, true);
  definition.domain = text(json, "domain", path, false);
  if (definition.domain.empty()) definition.domain = domain;
  definition.data_type = text(json, "dataType", path, false);
  definition.doc = text(json, "doc", path, false);
  definition.activation = false;
  const Json* model = json.find("model");
  if (!model) return definition;
  const std::string inside = pointer_to(path, "model");
  check_keys(*model, "an operation's model", inside,
             {"isActivation", "allowedOnFirstLayer", "fitOutput", "defineParams", "callWith", "initState"});
  definition.activation = boolean(*model, "isActivation", inside);
  definition.allowed_on_first_layer = boolean(*model, "allowedOnFirstLayer", inside);
  definition.fit_output = boolean(*model, "fitOutput", inside);
  if (const Json* params = model->find("defineParams")) {
    const std::string at = pointer_to(inside, "defineParams");
    // A list, or an object from names to what is said of them.
    if (params->is_object()) {
      for (const auto& [name, value] : params->members()) {
        const Json named = value.is_object() ? value.with("name", Json::text(name)) : Json::text(name);
        definition.params.push_back(parameter_from_json(named, pointer_to(at, name)));
      }
    } else if (params->is_array()) {
      for (std::size_t i = 0; i < params->size(); ++i)
        definition.params.push_back(parameter_from_json(params->at(i), pointer_to(at, i)));
    } else {
      wrong_value(at, "defineParams", "an array", *params);
    }
  }
  if (const Json* with = model->find("callWith"))
    definition.call_with = texts(*with, "callWith", pointer_to(inside, "callWith"));
  if (const Json* with = model->find("initState"))
    definition.init_state_with = texts(*with, "initState", pointer_to(inside, "initState"));
  if (const Json* params = model->find("defineParams"); params && params->is_array())
    for (std::size_t i = 0; i < params->size(); ++i)
      if (params->at(i).is_object() && boolean(params->at(i), "allowedOnFirstLayer", inside))
        definition.allowed_on_first_layer = true;
  return definition;
}

/// An operand of a step: a parameter by its place in the call, an earlier step, or a number.
struct StepInput {
  enum Kind : std::uint8_t { argument, step, number } kind = number;
  std::size_t index = 0;
  double value = 0;
};

struct Step {
  std::string operation;  ///< of the registry; empty where `inner` is set or the layer's activation is meant
  std::shared_ptr<const UserOperation> inner;
  std::size_t activation = 0;  ///< place of the layer's activation in the call
  std::vector<StepInput> inputs;
  std::string attributes;
  std::string path;
};

struct StepList {
  std::vector<Step> steps;
  std::size_t result = 0;
};

Variable run_step(const Step& step, Arguments arguments, const std::vector<Variable>& done) {
  std::vector<Variable> inputs(step.inputs.size());
  const Variable* like = nullptr;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const StepInput& operand = step.inputs[i];
    if (operand.kind == StepInput::argument) inputs[i] = arguments[operand.index];
    if (operand.kind == StepInput::step) inputs[i] = done[operand.index];
    if (operand.kind != StepInput::number && !like) like = &inputs[i];
  }
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (step.inputs[i].kind == StepInput::number) {
      if (!like) fail(Code::invalid_model, "BODY", step.path, "a step of numbers alone has no type");
      inputs[i] = constant(step.inputs[i].value, *like);
    }
  if (step.inner) {
    std::vector<Argument> inner;
    for (const Variable& input : inputs) {
      inner.push_back(ArgumentAccess::variable(input, dims_of(input.shape(), step.inner->explicit_batch)));
    }
    return step.inner->composed(inner);
  }
  if (step.operation.empty()) return arguments[step.activation](inputs.at(0));
  return apply(step.operation, inputs, step.attributes);
}

Variable run_body(const StepList& body, Arguments arguments) {
  std::vector<Variable> done;
  for (const Step& step : body.steps) {
    try {
      done.push_back(run_step(step, arguments, done));
    } catch (const Error& error) {
      if (error.path().empty()) std::throw_with_nested(error.with_path(step.path));
      throw;
    }
  }
  return done[body.result];
}

class BodyReader {
 public:
  BodyReader(const Context& context, const Registry& registry, const BodyOptions& options, const std::string& domain)
      : context_(context), registry_(registry), options_(options), domain_(domain), known_(definitions_of(context)) {}

  int depth() const { return depth_; }
  /// Entries of the call list, in the order in which the body first names them.
  const std::vector<std::string>& call_with() const { return call_with_; }

  StepList read(const Json& json, const std::string& path) {
    check_keys(json, "a body", path, {"steps", "output"});
    const Json* steps = json.find("steps");
    const std::string at = pointer_to(path, "steps");
    if (!steps || !steps->is_array() || steps->size() == 0)
      wrong_value(at, "steps", "an array of at least one step", steps ? *steps : Json());
    if (steps->size() > context_.limits().nodes)
      fail(Code::limit_exceeded, "NODES", at, "the body has " + std::to_string(steps->size()) + " steps",
           "raise the limit \"nodes\" if this is meant");
    StepList body;
    for (std::size_t i = 0; i < steps->size(); ++i) body.steps.push_back(step(steps->at(i), pointer_to(at, i), i));
    body.result = body.steps.size() - 1;
    if (json.find("output")) {
      const std::string name = text(json, "output", path, true);
      const auto found = names_.find(name);
      if (found == names_.end()) unknown_name(name, pointer_to(path, "output"));
      body.result = found->second;
    }
    return body;
  }

 private:
  Step step(const Json& json, const std::string& path, std::size_t index) {
    check_keys(json, "a step", path, {"op", "inputs", "attributes", "name"});
    Step step;
    step.path = path;
    const Json* inputs = json.find("inputs");
    if (!inputs || !inputs->is_array() || inputs->size() == 0)
      wrong_value(pointer_to(path, "inputs"), "inputs", "an array of names and numbers", inputs ? *inputs : Json());
    for (std::size_t i = 0; i < inputs->size(); ++i)
      step.inputs.push_back(operand(inputs->at(i), pointer_to(pointer_to(path, "inputs"), i)));
    const Json* attributes = json.find("attributes");
    if (attributes && !attributes->is_object())
      wrong_value(pointer_to(path, "attributes"), "attributes", "an object", *attributes);
    if (attributes) step.attributes = write_json(*attributes);
    find(step, text(json, "op", path, true), pointer_to(path, "op"));
    if (const std::string name = text(json, "name", path, false);
        !name.empty() && !names_.emplace(name, index).second)
      fail(Code::invalid_model, "DUPLICATE_NAME", pointer_to(path, "name"),
           "two steps are called \"" + name + "\"");
    return step;
  }

  StepInput operand(const Json& json, const std::string& path) {
    if (json.is_number()) return {.kind = StepInput::number, .value = json.as_number()};
    if (!json.is_text() || json.as_text().empty()) wrong_value(path, "an input", "a name or a number", json);
    const std::string& name = json.as_text();
    if (const auto step = names_.find(name); step != names_.end()) return {StepInput::step, step->second};
    return {StepInput::argument, argument(name)};
  }

  std::size_t argument(const std::string& name) {
    const auto at = std::ranges::find(call_with_, name);
    if (at != call_with_.end()) return static_cast<std::size_t>(at - call_with_.begin());
    call_with_.push_back(name);
    return call_with_.size() - 1;
  }

  void find(Step& step, const std::string& name, const std::string& path) {
    if (name == "activation") {
      if (step.inputs.size() != 1)
        fail(Code::invalid_model, "INPUT_COUNT", path, "the activation takes one input");
      step.activation = argument(name);
      return;
    }
    for (const auto& local : options_.local)
      if (local->name == name || local->domain + "#" + local->name == name) step.inner = local;
    if (!step.inner) step.inner = known_->operation(domain_, name);
    if (step.inner) check_explicit_batch(*step.inner, known_->explicit_batch(domain_), path);
    if (!step.inner) {
      registry_.get(name);  // throws with the nearest name
      step.operation = name;
      return;
    }
    if (!step.inner->composed) {  // a host function: a node of its own
      step.operation = step.inner->domain + "#" + step.inner->name;
      step.inner = nullptr;
      return;
    }
    if (step.inner->call_with.size() != step.inputs.size())
      fail(Code::invalid_model, "INPUT_COUNT", path,
           "\"" + name + "\" takes " + std::to_string(step.inner->call_with.size()) + " inputs, got " +
               std::to_string(step.inputs.size()));
    if (!step.attributes.empty())
      fail(Code::invalid_model, "ATTRIBUTE_UNKNOWN", path, "\"" + name + "\" has no attributes");
    depth_ = std::max(depth_, step.inner->depth);
  }

  [[noreturn]] void unknown_name(const std::string& name, const std::string& path) const {
    std::vector<std::string_view> known;
    for (const auto& [other, index] : names_) known.push_back(other);
    const std::string near = nearest_name(name, known);
    fail(Code::not_found, "BODY_NAME", path, "no step is called \"" + name + "\"",
         near.empty() ? "" : "did you mean \"" + near + "\"?");
  }

  const Context& context_;
  const Registry& registry_;
  const BodyOptions& options_;
  const std::string& domain_;
  std::shared_ptr<const Definitions> known_;
  std::map<std::string, std::size_t, std::less<>> names_;
  std::vector<std::string> call_with_;
  int depth_ = 0;
};

}  // namespace

std::shared_ptr<UserOperation> operation_from_json(const Context& context, const Registry& registry, const Json& given,
                                                   const BodyOptions& options, AliasLog& aliases) {
  const Json json = canonical_operation(given, options.path, aliases);
  OperationDefinition definition = definition_from_json(json, options.path, options.domain);
  const std::string path = pointer_to(options.path, "body");
  const Json* body = json.find("body");
  if (!body)
    fail(Code::invalid_model, "BODY", options.path, "the operation has no body",
         "without a function an operation says what it does in \"body\"");
  if (!definition.call_with.empty())
    fail(Code::invalid_model, "CALL_WITH", pointer_to(options.path, "model"),
         "a body names what it works on itself: callWith has no meaning here", "leave \"callWith\" out");
  if (definition.params.empty()) definition.params.emplace_back("input");
  BodyReader reader(context, registry, options, definition.domain);
  auto read = std::make_shared<const StepList>(reader.read(*body, path));
  definition.call_with = reader.call_with();
  if (definition.call_with.empty())
    fail(Code::invalid_model, "BODY", path, "the body uses none of the operation's parameters");
  std::shared_ptr<UserOperation> operation;
  try {
    operation = complete_operation(context, registry, std::move(definition), 0);
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    details.path = options.path + details.path;
    throw Error(error.code(), std::move(details));
  }
  operation->depth = reader.depth() + 1;
  if (operation->depth > deepest_body)
    fail(Code::limit_exceeded, "BODY_DEPTH", path,
         "operations stand in one another more than " + std::to_string(deepest_body) + " deep");
  operation->composed = [read](Arguments arguments) { return run_body(*read, arguments); };
  return operation;
}

OperationDefinition OperationDefinition::from_json(const Context& context, std::string_view json) {
  const Json read = read_json(json, context.limits());
  if (read.find("body"))
    fail(Code::invalid_argument, "BODY", "/body", "an operation with a body needs no function",
         "define it with define_operation(context, json)");
  AliasLog aliases(context, false);
  return definition_from_json(canonical_operation(read, {}, aliases), {}, "core");
}

}  // namespace webai
