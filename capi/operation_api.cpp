// Entry points that add to what models can name: domains, operations, variants of operations.
#include <algorithm>

#include "capi/guard.h"
#include "capi/json.h"
#include "capi/operation_adapter.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/tensor.h"
#include "capi/value.h"
#include "webai/functions.hpp"

namespace webai::capi {
namespace {

/// A description without its functions, which JSON has no form for, and those.
struct Description {
  Json json;
  std::vector<std::pair<std::size_t, Ref<Function>>> defaults;  ///< by place among the parameters
  Ref<Function> init_state;
};

// One parameter, of which `default` may be a function.
Json read_parameter(Description& into, std::size_t place, webai_value* value) {
  if (kind_of(value) != WEBAI_MAP) return json_from_value(value, TensorForm::array);
  std::vector<Json::Member> members;
  for (const auto& [key, item] : static_cast<Map*>(value)->entries()) {
    Ref<Function> function = key == "default" ? function_of(item.get()) : Ref<Function>();
    if (function)
      into.defaults.emplace_back(place, std::move(function));
    else
      members.emplace_back(key, json_from_value(item.get(), TensorForm::array));
  }
  return Json::object(std::move(members));
}

Json read_parameters(Description& into, webai_value* value) {
  if (kind_of(value) == WEBAI_LIST && !static_cast<List*>(value)->numbers()) {
    std::vector<Json> items;
    for (std::size_t i = 0; i < static_cast<List*>(value)->size(); ++i)
      items.push_back(read_parameter(into, i, static_cast<List*>(value)->at(i)));
    return Json::array(std::move(items));
  }
  if (kind_of(value) != WEBAI_MAP) return json_from_value(value, TensorForm::array);
  std::vector<Json::Member> members;
  for (const auto& [name, item] : static_cast<Map*>(value)->entries())
    members.emplace_back(name, read_parameter(into, members.size(), item.get()));
  return Json::object(std::move(members));
}

Description read_description(webai_value* given) {
  Description result;
  std::vector<Json::Member> members;
  for (const auto& [key, value] : expect<Map>(given, "description").entries()) {
    if (key == "initState" && (result.init_state = function_of(value.get()))) continue;
    if (key != "model" || kind_of(value.get()) != WEBAI_MAP) {
      members.emplace_back(key, json_from_value(value.get(), TensorForm::array));
      continue;
    }
    std::vector<Json::Member> model;
    for (const auto& [word, item] : static_cast<Map*>(value.get())->entries()) {
      const bool parameters = word == "defineParams" || word == "params";
      model.emplace_back(word, parameters ? read_parameters(result, item.get()) : json_from_value(item.get(), TensorForm::array));
    }
    members.emplace_back(key, Json::object(std::move(model)));
  }
  result.json = Json::object(std::move(members));
  return result;
}

std::string name_in(const Json& json) {
  const Json* const name = json.find("name");
  return name && name->is_text() ? name->as_text() : std::string();
}

// A list of steps: no function of the host, but perhaps operations that are.
void define_steps(webai_context& context, const Description& description) {
  if (!description.defaults.empty() || description.init_state)
    refuse(Code::invalid_argument, "BODY", "an operation that is a list of steps has no functions, not even for defaults");
  const std::string text = write_json(description.json);
  auto registered = std::make_shared<Registered>(name_in(description.json), std::vector<Ref<Function>>());
  if (context.registrations().binds_loop_thread(text)) registered->bind_loop_thread();
  keep_registered(context.registrations(), registered, [&] { webai::define_operation(context.core(), text); });
}

// What the function is called with where the description leaves it to the parameters.
void complete_call_list(OperationDefinition& definition) {
  if (definition.params.empty() && definition.call_with.empty()) definition.params.emplace_back("*input");
  if (definition.call_with.empty())
    for (const OperationParameter& parameter : definition.params)
      if (parameter.name != "size" && !parameter.internal_state) definition.call_with.push_back(parameter.name);
}

void define_operation(webai_context& context, webai_value* given, webai_value* operation, webai_value* gradient) {
  for (webai_value* const value : {given, operation, gradient}) check_context(context, value);
  Description description = read_description(given);
  Ref<Function> backward = gradient ? Ref<Function>::share(&expect<Function>(gradient, "gradient")) : Ref<Function>();
  if (!operation) {
    if (backward) missing("operation");
    return define_steps(context, description);
  }
  Ref<Function> forward = Ref<Function>::share(&expect<Function>(operation, "operation"));
  OperationDefinition definition = OperationDefinition::from_json(context.core(), write_json(description.json));
  complete_call_list(definition);
  const bool composes = forward->is_pure() && !backward, differentiates = static_cast<bool>(backward);
  std::vector<Ref<Function>> functions = {std::move(forward), std::move(backward)};
  for (const auto& [place, function] : description.defaults) functions.push_back(function);
  if (description.init_state) functions.push_back(description.init_state);
  const auto registered = std::make_shared<Registered>(definition.name, std::move(functions));
  std::size_t index = 2;
  for (const auto& [place, function] : description.defaults)
    definition.params[place].default_function = json_function(context, registered, index++);
  if (description.init_state) definition.init_state = json_function(context, registered, index);
  const auto adapter = std::make_shared<const OperationAdapter>(context, registered, definition);
  OperationFunctions ways;
  if (composes) ways.composed = [adapter](Arguments arguments) { return adapter->compose(arguments); };
  ways.host = [adapter](Arguments arguments, const HostCall& call) { return adapter->run(arguments, call); };
  if (differentiates)
    ways.gradient = [adapter](const ForwardInputs& inputs, std::span<const double> output,
                              std::span<const double> arriving, const HostCall& call) {
      return adapter->gradient(inputs, output, arriving, call);
    };
  keep_registered(context.registrations(), registered, [&] {
    webai::define_operation(context.core(), std::move(definition), 0, std::move(ways));
  });
}

std::vector<std::string> words_in(webai_value* given, std::string_view name) {
  std::vector<std::string> words;
  if (!given) return words;
  List& list = expect<List>(given, name);
  for (std::size_t i = 0; i < list.size(); ++i) words.push_back(expect<Text>(list.at(i), name).value);
  return words;
}

void define_variant(webai_context& context, webai_value* given, webai_value* operation) {
  for (webai_value* const value : {given, operation}) check_context(context, value);
  expect<Map>(given, "description");
  Options words(given);
  OperationVariant variant;
  variant.name = words.text("name", "");
  variant.domain = words.text("domain", "core");
  variant.variant = words.text("variant", "");
  variant.call_with = words_in(words.find("callWith"), "callWith");
  words.find("dataType");  // tensors bring their own
  words.finish(context, "defineOperationVariant");
  Ref<Function> function = Ref<Function>::share(&expect<Function>(operation, "operation"));
  const auto registered = std::make_shared<Registered>(variant.name + "@" + variant.variant, std::vector<Ref<Function>>{std::move(function)});
  const auto call = [&context, registered](std::span<const Tensor> tensors) {
    const Ref<Function> own = registered->function();
    std::vector<Value> values;
    std::vector<webai_value*> raw;
    for (const Tensor& tensor : tensors) raw.push_back(values.emplace_back(make_tensor(context, tensor)).get());
    const Value result = own->call(raw);
    if (!result)
      throw Error(Code::host_error, {.message = "\"" + registered->name() + "\" gave no result",
                                     .reason = "OPERATION_RESULT",
                                     .operation = registered->name(),
                                     .hint = "return a tensor"});
    if (result->kind == WEBAI_TENSOR) return static_cast<TensorValue*>(result.get())->tensor();
    return tensor_from_value(context.core(), DType::fp32, result.get(), "the result of a variant");
  };
  keep_registered(context.registrations(), registered,
                  [&] { webai::define_operation_variant(context.core(), std::move(variant), call); });
}

void define_domain(webai_context& context, webai_value* given) {
  check_context(context, given);
  expect<Map>(given, "description");
  webai::define_domain(context.core(), write_json(json_from_value(given, TensorForm::array)));
}

// The frame of all that defines: the context must be alive.
template <class Body> webai_status defining(webai_context* ctx, webai_error** err, Body&& body) noexcept {
  return guarded(ctx, err, [&] {
    webai_context& context = required(ctx, "ctx");
    context.check_alive();
    body(context);
  });
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_define_domain(webai_context* ctx, webai_value* description, webai_error** err) {
  return defining(ctx, err, [&](webai_context& context) { define_domain(context, description); });
}

webai_status webai_define_operation(webai_context* ctx, webai_value* description, webai_function* operation,
                                    webai_function* gradient, webai_error** err) {
  return defining(ctx, err, [&](webai_context& context) { define_operation(context, description, operation, gradient); });
}

webai_status webai_define_operation_variant(webai_context* ctx, webai_value* description, webai_function* operation,
                                            webai_error** err) {
  return defining(ctx, err, [&](webai_context& context) { define_variant(context, description, operation); });
}

}  // extern "C"
