// Reading a body: a list of steps, each a known operation on parameters, numbers or earlier steps. What can be wrong
// whatever the shapes is found here, with its place in the body; the limit of nodes bounds what a stranger can write.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/base/names.h"
#include "core/model/body_steps.h"
#include "core/model/json.h"
#include "core/model/trace.h"
#include "core/op/registry.h"

namespace webai {
namespace {

bool is_activation_entry(std::string_view entry) { return entry == "activation" || entry == "activationStr"; }

class BodyReader {
 public:
  BodyReader(const Context& context, const Registry& registry, const OperationDefinition& definition,
             const BodyOptions& options)
      : context_(context),
        registry_(registry),
        definition_(definition),
        options_(options),
        known_(definitions_of(context)) {}

  ReadBody read(const Json& json, const std::string& path) {
    check_description(json, "a body", path, {"steps", "output", "state"});
    const Json* steps = json.find("steps");
    const std::string at = pointer_to(path, "steps");
    if (!steps || !steps->is_array() || steps->size() == 0)
      wrong_value(at, "steps", "an array of at least one step", steps ? *steps : Json());
    if (steps->size() > context_.limits().nodes)
      refuse_description(Code::limit_exceeded, "NODES", at, "the body has " + std::to_string(steps->size()) + " steps",
                         "raise the limit \"nodes\" if this is meant");
    StepList body;
    steps_ = steps;
    for (std::size_t i = 0; i < steps->size(); ++i) body.steps.push_back(step(steps->at(i), pointer_to(at, i), i));
    body.result = body.steps.size() - 1;
    if (json.find("output")) {
      const std::string name = description_text(json, "output", path, true);
      const auto found = names_.find(name);
      if (found == names_.end()) no_step(name, pointer_to(path, "output"));
      body.result = found->second;
    }
    if (const Json* states = json.find("state")) body.writes = writes(*states, pointer_to(path, "state"));
    sort_call_list(body);
    return {std::move(call_with_), depth_, std::move(body)};
  }

 private:
  BodyStep step(const Json& json, const std::string& path, std::size_t index) {
    check_description(json, "a step", path, {"op", "inputs", "attributes", "name"});
    BodyStep step;
    step.path = path;
    const std::string at = pointer_to(path, "inputs");
    const Json* inputs = json.find("inputs");
    if (!inputs || !inputs->is_array() || inputs->size() == 0)
      wrong_value(at, "inputs", "an array of names and numbers", inputs ? *inputs : Json());
    const Json* attributes = json.find("attributes");
    if (attributes && !attributes->is_object())
      wrong_value(pointer_to(path, "attributes"), "attributes", "an object", *attributes);
    if (attributes) step.attributes = write_json(*attributes);
    const std::string name = description_text(json, "op", path, true);
    step.is_activation = name == "activation";
    if (step.is_activation)
      step.activation = entry(name);
    else
      step.operation = applied(name, pointer_to(path, "op"));
    if (step.operation.inner)
      inner_inputs(step, *inputs, at);
    else
      for (std::size_t i = 0; i < inputs->size(); ++i) step.inputs.push_back(value(inputs->at(i), pointer_to(at, i)));
    if (std::ranges::all_of(step.inputs, [](const BodyInput& input) { return input.kind == BodyInput::number; }))
      refuse_description(Code::invalid_model, "BODY", path, "a step of numbers alone has no type",
                         "let one of its inputs be a parameter or another step");
    check(step, attributes ? *attributes : Json::object({}));
    if (const std::string own = description_text(json, "name", path, false);
        !own.empty() && !names_.emplace(own, index).second)
      refuse_description(Code::invalid_model, "DUPLICATE_NAME", pointer_to(path, "name"),
                         "two steps are called \"" + own + "\"",
                         "give each step a name of its own");
    return step;
  }

  Applied applied(const std::string& name, const std::string& path) {
    Applied found;
    for (const auto& local : options_.local)
      if (local->name == name || local->domain + "#" + local->name == name) found.inner = local;
    if (!found.inner) found.inner = known_->operation(definition_.domain, name);
    if (!found.inner) {
      if (!registry_.find("core", name)) no_operation(name, path);
      found.name = name;
      return found;
    }
    check_explicit_batch(*found.inner, known_->explicit_batch(definition_.domain), path);
    if (found.inner->composed) {
      depth_ = std::max(depth_, found.inner->depth);
      return found;
    }
    return {found.inner->domain + "#" + found.inner->name, nullptr};  // a host function: a node of its own
  }

  // An activation may be left out of them: none.
  void inner_inputs(BodyStep& step, const Json& inputs, const std::string& path) {
    const UserOperation& operation = *step.operation.inner;
    const std::vector<std::string>& entries = operation.call_with;
    const auto optional = static_cast<std::size_t>(std::ranges::count_if(entries, is_activation_entry));
    const bool without = inputs.size() + optional == entries.size();
    if (!without && inputs.size() != entries.size()) {
      std::string list;
      for (const std::string& entry : entries) list += (list.empty() ? "" : ", ") + entry;
      refuse_description(Code::invalid_model, "INPUT_COUNT", path,
                         "\"" + operation.name + "\" takes " + std::to_string(entries.size()) + " inputs (" + list +
                             "), got " + std::to_string(inputs.size()),
                         optional ? "an activation may be left out: then there is none" : "");
    }
    std::size_t next = 0;
    for (const std::string& name : entries) {
      const bool takes_activation = is_activation_entry(name);
      if (takes_activation && without) {
        step.inputs.emplace_back();
        continue;
      }
      const std::string at = pointer_to(path, next);
      const Json given = inputs.at(next++);
      step.inputs.push_back(takes_activation ? activation(given, name, at) : value(given, at));
    }
  }

  // The layer's own, or one by name.
  BodyInput activation(const Json& json, const std::string& wanted, const std::string& path) {
    if (!json.is_text() || json.as_text().empty()) wrong_value(path, "an activation", "\"activation\" or a name", json);
    const std::string& name = json.as_text();
    if (is_activation_entry(name)) return {.kind = BodyInput::argument, .index = entry(wanted)};
    BodyInput input{.kind = BodyInput::activation};
    if (!names_.contains(name) && !is_parameter(name)) input.named = applied(name, path);
    const UserOperation* inner = input.named.inner.get();
    const OpDef* op = input.named.name.empty() ? nullptr : registry_.find("core", input.named.name);
    if (inner ? !inner->activation || inner->call_with.size() != 1 : !op || !op->activation)
      refuse_description(Code::invalid_model, "NOT_ACTIVATION", path, "\"" + name + "\" is no activation",
                         "\"activation\" is the layer's; name one such as \"tanh\", or leave it out for none");
    if (wanted == "activationStr") input.named.name = name;
    return input;
  }

  std::vector<BodyWrite> writes(const Json& json, const std::string& path) {
    if (!json.is_object()) wrong_value(path, "state", "an object: the name of each state and what it is to hold", json);
    std::vector<std::string_view> known;
    for (const OperationParameter& parameter : definition_.params)
      if (parameter.internal_state) known.push_back(parameter.name);
    std::vector<BodyWrite> list;
    for (const auto& [name, next] : json.members()) {
      const std::string at = pointer_to(path, name);
      if (std::ranges::find(known, name) == known.end()) {
        const std::string near = nearest_name(name, known);
        refuse_description(Code::not_found, "BODY_NAME", at, "there is no internal state \"" + name + "\"",
                           near.empty() ? "define it: \"~" + name + "\" in defineParams" : "did you mean \"" + near + "\"?");
      }
      if (!next.is_text()) wrong_value(at, name, "the name of a step or of a parameter", next);
      list.push_back({.state = entry(name), .value = value(next, at), .path = at});
    }
    return list;
  }

  BodyInput value(const Json& json, const std::string& path) {
    if (json.is_number()) return {.kind = BodyInput::number, .value = json.as_number()};
    if (!json.is_text() || json.as_text().empty()) wrong_value(path, "an input", "a name or a number", json);
    const std::string& name = json.as_text();
    if (const auto step = names_.find(name); step != names_.end())
      return {.kind = BodyInput::step, .index = step->second};
    if (is_activation_entry(name) || name == "output")
      refuse_description(Code::invalid_model, "BODY_NAME", path, "\"" + name + "\" is no value",
                         name == "output" ? "what the last step gives is the result"
                                          : "apply it: {\"op\": \"activation\", \"inputs\": [..]}");
    if (!is_parameter(without_prefix(name))) no_value(name, path);
    return {.kind = BodyInput::argument, .index = entry(name)};
  }

  bool is_parameter(std::string_view name) const {
    return is_reserved_parameter(name) ||
           std::ranges::find(definition_.params, name, &OperationParameter::name) != definition_.params.end();
  }

  std::size_t entry(const std::string& name) {
    const auto at = std::ranges::find(call_with_, name);
    if (at != call_with_.end()) return static_cast<std::size_t>(at - call_with_.begin());
    call_with_.push_back(name);
    return call_with_.size() - 1;
  }

  void check(const BodyStep& step, const Json& attributes) const {
    const std::string inputs = pointer_to(step.path, "inputs"), at = pointer_to(step.path, "attributes");
    if (step.is_activation && step.inputs.size() != 1)
      refuse_description(Code::invalid_model, "INPUT_COUNT", inputs, "the activation takes one input",
                         "{\"activation\": \"tanh\", \"inputs\": [\"x\"]}");
    if (step.is_activation || step.operation.inner) {
      const std::string name = step.is_activation ? "activation" : step.operation.inner->name;
      if (attributes.size() > 0)
        refuse_description(Code::invalid_model, "ATTRIBUTE_UNKNOWN", at, "\"" + name + "\" has no attributes",
                           "leave them out");
      return;
    }
    const OpDef& op = registry_.get(step.operation.name);
    check_input_count(op, step.inputs.size(), inputs);
    for (std::size_t i = 0; i < step.inputs.size(); ++i)
      if (const BodyInput& input = step.inputs[i]; input.kind == BodyInput::number && op.input(i).kind == InputSpec::indices &&
                                                   std::trunc(input.value) != input.value)
        wrong_value(pointer_to(inputs, i), "an index", "a whole number", Json::number(input.value));
    try {
      complete_attributes(op, attributes_from(attributes), at);
    } catch (const Error& error) {
      ErrorDetails details = error.details();
      details.path = at;
      std::throw_with_nested(Error(error.code(), std::move(details)));
    }
  }

  // An operation is called with its parameters in order, whichever of them a step names first.
  void sort_call_list(StepList& body) {
    std::vector<std::size_t> order(call_with_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) {
      const auto at = std::ranges::find(definition_.params, call_with_[i], &OperationParameter::name);
      return call_with_[i] == "input" && at == definition_.params.end() ? -1 : at - definition_.params.begin();
    });
    std::vector<std::string> sorted;
    std::vector<std::size_t> place(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted.push_back(call_with_[order[i]]);
    }
    for (BodyStep& step : body.steps) {
      if (step.is_activation) step.activation = place[step.activation];
      for (BodyInput& input : step.inputs)
        if (input.kind == BodyInput::argument) input.index = place[input.index];
    }
    for (BodyWrite& write : body.writes) {
      write.state = place[write.state];
      if (write.value.kind == BodyInput::argument) write.value.index = place[write.value.index];
    }
    call_with_ = std::move(sorted);
  }

  [[noreturn]] void no_operation(const std::string& name, const std::string& path) const {
    if (name == definition_.name)
      refuse_description(Code::not_found, "OPERATION", path, "an operation cannot apply itself",
                         "steps apply operators and the operations that were defined before");
    std::vector<std::string_view> known = {"activation"};
    for (const OpDef* op : registry_.all("core")) known.push_back(op->name);
    for (const auto& local : options_.local) known.push_back(local->name);
    std::vector<std::string> whole;
    for (const auto& other : known_->operations) whole.push_back(other->domain + "#" + other->name);
    for (const auto& other : known_->operations)
      if (other->domain == definition_.domain) known.push_back(other->name);
    known.insert(known.end(), whole.begin(), whole.end());
    refuse_description(Code::not_found, "OPERATION", path, "there is no operator \"" + name + "\"",
                       did_you_mean(name, known, "docs/operations.md tells the operators"));
  }

  [[noreturn]] void no_value(const std::string& name, const std::string& path) const {
    for (std::size_t i = 0; i < steps_->size(); ++i)
      if (const Json step = steps_->at(i); const Json* other = step.find("name"))
        if (other->is_text() && other->as_text() == name)
          refuse_description(Code::not_found, "BODY_NAME", path, "the step \"" + name + "\" is not done yet",
                             "steps are done in order: put it in front");
    std::vector<std::string_view> known = {"input"};
    for (const OperationParameter& parameter : definition_.params) known.push_back(parameter.name);
    for (const auto& [step, index] : names_) known.push_back(step);
    refuse_description(Code::not_found, "BODY_NAME", path, "there is no parameter and no step \"" + name + "\"",
                       did_you_mean(name, known, "name a parameter, or give a step that stands before this \"name\""));
  }

  [[noreturn]] void no_step(const std::string& name, const std::string& path) const {
    std::vector<std::string_view> known;
    for (const auto& [other, index] : names_) known.push_back(other);
    refuse_description(Code::not_found, "BODY_NAME", path, "no step is called \"" + name + "\"",
                       did_you_mean(name, known, "give the step that is meant this \"name\""));
  }

  const Context& context_;
  const Registry& registry_;
  const OperationDefinition& definition_;
  const BodyOptions& options_;
  std::shared_ptr<const Definitions> known_;
  const Json* steps_ = nullptr;
  std::map<std::string, std::size_t, std::less<>> names_;
  std::vector<std::string> call_with_;
  int depth_ = 0;
};

}  // namespace

ReadBody read_body(const Context& context, const Registry& registry, const OperationDefinition& definition,
                   const Json& body, const BodyOptions& options) {
  return BodyReader(context, registry, definition, options).read(body, pointer_to(options.path, "body"));
}

}  // namespace webai
