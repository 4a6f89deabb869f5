// Operations by description: checked once here, so that whoever builds a layer of one can rely on it.
#include <algorithm>
#include <cctype>
#include <set>

#include "core/base/names.h"
#include "core/model/definitions.h"
#include "core/model/json.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::string_view forbidden = ".:/#\" ";

[[noreturn]] void refuse(const OperationDefinition& definition, std::string reason, std::string message,
                         std::string hint, std::string path = {}, std::string expected = {}, std::string actual = {}) {
  throw Error(Code::invalid_argument, {.message = "operation \"" + definition.name + "\": " + message,
                                       .reason = std::move(reason),
                                       .path = std::move(path),
                                       .operation = definition.name,
                                       .expected = std::move(expected),
                                       .actual = std::move(actual),
                                       .hint = std::move(hint)});
}

void check_name(const std::string& word, const char* what) {
  if (word.empty() || word.find_first_of(forbidden) != std::string::npos)
    throw Error(Code::invalid_argument, {.message = "\"" + word + "\" cannot be the " + what + " of an operation",
                                         .reason = "NAME",
                                         .hint = "give it letters and digits"});
}

// Other languages' letters may stand in it.
bool is_of_names(char letter) {
  const auto code = static_cast<unsigned char>(letter);
  return code >= 128 || std::isalnum(code) || letter == '_' || letter == '-';
}

bool has_flags(const OperationParameter& parameter) {
  return parameter.internal_state || parameter.no_setup || parameter.subject_of_training ||
         parameter.train_only_if_not_in_model;
}

bool has_default(const OperationParameter& parameter) {
  return parameter.default_value || parameter.default_function || !parameter.call_default_with.empty();
}

// Words of the model language mean the same everywhere; only `connections` may mean something else.
bool is_language(std::string_view name) {
  if (name == "net" || name == "steps" || name == "quantization" || name == "id") return true;
  const auto words = core_layer_properties();
  return std::ranges::find(words, name) != words.end() || is_kept_and_ignored(name) ||
         std::ranges::any_of(aliases_of(Scope::layer), [&](const auto& alias) { return alias.first == name; });
}

class Completion {
 public:
  Completion(const OperationDefinition& given, UserOperation& operation) : given_(given), operation_(operation) {}

  void run(std::size_t inputs) {
    if (given_.params.empty() && given_.call_with.empty()) {
      for (std::size_t i = 0; i < inputs; ++i) {
        OperationParameter parameter(inputs == 1 ? std::string("input") : "x" + std::to_string(i));
        parameter.array_type = true;
        operation_.call_with.push_back(parameter.name);
        operation_.params.push_back(std::move(parameter));
      }
    } else {
      for (std::size_t i = 0; i < given_.params.size(); ++i) take(given_.params[i], i);
      if (!given_.call_with.empty()) operation_.call_with = given_.call_with;
    }
    for (std::size_t i = 0; i < operation_.call_with.size(); ++i)
      check_entry(operation_.call_with[i], "/model/callWith/" + std::to_string(i));
    for (const OperationParameter& parameter : operation_.params)
      for (const std::string& entry : parameter.call_default_with) check_entry(entry, "/model/defineParams");
    for (const std::string& entry : operation_.init_state_with) check_entry(entry, "/model/initState");
    if (!operation_.init_state && !operation_.init_state_with.empty())
      refuse(given_, "STATE", "initState says what a function is called with, but there is no such function",
             "give the function that makes the state, or define the state as a parameter: \"~name\"",
             "/model/initState");
    if (operation_.size)
      for (const std::string& entry : operation_.size->call_default_with) check_entry(entry, "/model/defineParams");
    if (inputs && inputs != operation_.call_with.size())
      refuse(given_, "CALL_WITH",
             "the function takes " + std::to_string(inputs) + " arguments and is called with " +
                 std::to_string(operation_.call_with.size()),
             "callWith has an entry for each argument of the function", "/model/callWith", std::to_string(inputs),
             std::to_string(operation_.call_with.size()));
    operation_.takes_default_input = uses("input");
    operation_.takes_activation = takes_activation_ || uses("activation") || uses("activationStr");
  }

 private:
  void take(OperationParameter parameter, std::size_t index) {
    const std::string path = "/model/defineParams/" + std::to_string(index);
    const std::string& name = parameter.name;
    const std::string quoted = "\"" + name + "\"";
    if (name.empty() || !std::ranges::all_of(name, is_of_names))
      refuse(given_, "PARAM", "\"" + name + "\" cannot be the name of a parameter",
             "letters, digits, _ and - behind the shorthands * @ ! ~", path, "letters, digits, _ and -", quoted);
    if (!seen_.insert(name).second)
      refuse(given_, "DUPLICATE_PARAM", "\"" + name + "\" is defined twice", "keep one of the two", path,
             "different names", quoted);
    if (name == "size") {
      if (has_flags(parameter) || parameter.array_type)
        refuse(given_, "SIZE_PARAM", "\"size\" is defined before you: only its default can be said",
               "keep name, callDefaultWith and default", path, "its default", "other words");
      operation_.size = std::move(parameter);
      return;
    }
    if (given_.call_with.empty() && !parameter.internal_state) operation_.call_with.push_back(name);
    if (name == "input") {
      if (has_flags(parameter))
        refuse(given_, "RESERVED_NAME", "\"input\" is the default input: only its default can be said",
               "keep name, callDefaultWith and default", path, "its default", "other words");
      parameter.array_type = true;
    } else if (is_reserved_parameter(name)) {
      if (has_flags(parameter) || parameter.array_type || has_default(parameter))
        refuse(given_, "RESERVED_NAME", "\"" + name + "\" is defined before you and cannot mean something else",
               "choose another name", path, "a name that is free", quoted);
      takes_activation_ = takes_activation_ || name == "activation" || name == "activationStr";
      return;
    } else if (is_language(name)) {
      refuse(given_, "RESERVED_NAME", "\"" + name + "\" is a word of the model language and cannot be a parameter",
             "choose another name", path, "a name that is free", quoted);
    }
    if (parameter.internal_state && (parameter.subject_of_training || parameter.no_setup))
      refuse(given_, "PARAM", "\"" + name + "\" is internal state: it is neither trained nor set up",
             "leave ~ (internalState) or the other words out", path, "internalState alone",
             "subjectOfTraining or noSetup too");
    if (parameter.default_value && parameter.default_function)
      refuse(given_, "PARAM", "\"" + name + "\" has a default value and a default function",
             "keep one of the two", path, "one default", "two");
    if (name == "connections" && !has_default(parameter)) parameter.default_value = Json::text("all-to-all");
    operation_.params.push_back(std::move(parameter));
  }

  void check_entry(const std::string& entry, const std::string& path) const {
    const std::string_view name = without_prefix(entry);
    if (operation_.find(name) || is_reserved_parameter(name)) return;
    std::vector<std::string_view> known;
    for (const OperationParameter& parameter : operation_.params) known.push_back(parameter.name);
    refuse(given_, "CALL_WITH", "there is no parameter \"" + std::string(name) + "\" to call with",
           did_you_mean(name, known, "name a parameter of defineParams, or leave it out"), path, one_of(known),
           "\"" + std::string(name) + "\"");
  }

  bool uses(std::string_view name) const {
    const auto among = [&](const std::vector<std::string>& entries) {
      return std::ranges::any_of(entries, [&](const std::string& entry) { return without_prefix(entry) == name; });
    };
    return operation_.find(name) || among(operation_.call_with) ||
           (operation_.size && among(operation_.size->call_default_with)) ||
           std::ranges::any_of(operation_.params,
                               [&](const OperationParameter& entry) { return among(entry.call_default_with); });
  }

  const OperationDefinition& given_;
  UserOperation& operation_;
  std::set<std::string> seen_;
  bool takes_activation_ = false;
};

}  // namespace

void operation_exists(const UserOperation& operation) {
  throw Error(Code::already_exists, {.message = "operation \"" + operation.name + "\" exists already in domain \"" +
                                                operation.domain + "\"",
                                     .reason = "OPERATION_EXISTS",
                                     .operation = operation.name,
                                     .expected = "a name that is free",
                                     .actual = "\"" + operation.name + "\"",
                                     .hint = "choose another name, or a domain of your own"});
}

std::shared_ptr<UserOperation> complete_operation(const Context& context, const Registry& registry,
                                                  OperationDefinition definition, std::size_t inputs) {
  check_name(definition.name, "name");
  const auto known = definitions_of(context);
  if (definition.domain != "core" && !known->domain(definition.domain)) {
    const auto domains = known->domain_names();
    throw Error(Code::not_found, {.message = "there is no domain \"" + definition.domain + "\"",
                                  .reason = "DOMAIN",
                                  .path = "/domain",
                                  .operation = definition.name,
                                  .expected = one_of(domains),
                                  .actual = "\"" + definition.domain + "\"",
                                  .hint = did_you_mean(definition.domain, domains,
                                                       "define it first, with define_domain")});
  }
  auto operation = std::make_shared<UserOperation>();
  operation->name = definition.name;
  operation->domain = definition.domain;
  operation->doc = definition.doc.empty() ? "Defined by the program." : definition.doc;
  operation->allowed_on_first_layer = definition.allowed_on_first_layer;
  operation->fit_output = definition.fit_output;
  operation->explicit_batch = known->explicit_batch(definition.domain);
  operation->init_state = definition.init_state;
  operation->init_state_with = definition.init_state_with;
  if (!definition.data_type.empty()) {
    operation->type = dtype_from_name(definition.data_type);
    if (!operation->type)
      throw Error(Code::unsupported, {.message = "\"" + definition.data_type + "\" is no data type",
                                      .reason = "DATATYPE",
                                      .path = "/dataType",
                                      .operation = definition.name,
                                      .hint = "\"fp32\", for example; without one the operation works in every type"});
  }
  // Another spelling of an operator is free to be taken.
  const OpDef* const of_library = registry.find(definition.domain, definition.name);
  if (known->operation(definition.domain, definition.name) || (of_library && of_library->name == definition.name) ||
      (definition.domain == "core" && (find_layer_definition(definition.name) || definition.name == old_neurons)) ||
      definition.name == "input" ||
      definition.name == "net" || definition.name == "iterator")
    operation_exists(*operation);
  Completion(definition, *operation).run(inputs);
  const bool simple = definition.params.empty() && definition.call_with.empty();
  operation->activation = definition.activation.value_or(simple && inputs == 1);
  return operation;
}

}  // namespace webai
