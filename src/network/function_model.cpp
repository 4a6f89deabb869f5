// Calling an operation of a program as a function: it stands in a model of one layer, whose inputs are the arrays of
// the call.
#include "core/model/json.h"
#include "core/model/setup_data.h"
#include "network/function_source.h"
#include "webai/error.hpp"
#include "webai/network.hpp"

namespace webai {
namespace {

// Whether the parameter gets values where a call leaves it out. In a model it would be learned; a function learns
// nothing.
bool has_values(const OperationParameter& parameter) {
  if (parameter.no_setup || parameter.default_function) return true;
  if (!parameter.default_value) return false;
  return !parameter.array_type || parameter.default_value->is_array() || parameter.default_value->is_text();
}

}  // namespace

Json OperationFunction::Source::model(std::span<const FunctionValue> arguments, const std::vector<std::string>& names,
                                      std::vector<double>& inputs) const {
  std::vector<Json::Member> layer = {{"name", Json::text("operation")},
                                     {"type", Json::text(operation->domain + "#" + operation->name)}};
  std::vector<Json> pipes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    const FunctionValue& argument = i < arguments.size() ? arguments[i] : FunctionValue();
    const OperationParameter* parameter = operation->find(name);
    if (name != "input" && parameter && std::holds_alternative<std::monostate>(argument.value_) &&
        !has_values(*parameter))
      wrong_call(operation->name, "\"" + name + "\" is missing, and has no default", "INPUT_COUNT");
    const Tensor* tensor = argument.array();
    const bool array = name == "input" || (parameter && parameter->array_type);
    if (array && tensor && !(parameter && parameter->subject_of_training)) {
      std::vector<Json> dims;
      for (const Dimension dim : tensor->shape().dims()) dims.push_back(Json::integer(dim.value()));
      if (dims.empty()) dims.push_back(Json::integer(1));
      for (std::size_t k = 0; k < tensor->elements(); ++k) inputs.push_back(tensor->at(k));
      pipes.push_back(Json::object({{"size", Json::array(std::move(dims))},
                                    {"to", Json::text(name == "input" ? "operation" : "operation." + name)}}));
    } else if (tensor) {
      layer.emplace_back(name, json_from_tensor(*tensor));
    } else if (const auto* text = std::get_if<std::string>(&argument.value_)) {
      const bool own = name != "activation" || text->find('#') != std::string::npos ||
                       definitions_of(context)->operation(operation->domain, *text) || operation->domain == "core";
      layer.emplace_back(name, Json::text(own ? *text : "core#" + *text));
    } else if (const auto* number = std::get_if<double>(&argument.value_)) {
      if (name == "input") {
        inputs.push_back(*number);
        pipes.push_back(Json::object({{"size", Json::integer(1)}, {"to", Json::text("operation")}}));
      } else {
        layer.emplace_back(name, array ? Json::numbers({*number}) : Json::number(*number));
      }
    } else if (const auto* flag = std::get_if<bool>(&argument.value_)) {
      layer.emplace_back(name, Json::boolean(*flag));
    }
  }
  if (pipes.empty()) wrong_call(operation->name, "needs an array to work on");
  return Json::object({{"domain", Json::text(operation->explicit_batch ? operation->domain : "core")},
                       {"dataType", Json::text(std::string(name_of(type)))},
                       {"activation", Json()},
                       {"layers", Json::array({Json::object({{"pipes", Json::array(std::move(pipes))}}),
                                               Json::object(std::move(layer))})}});
}

Tensor OperationFunction::Source::run_operation(std::span<const FunctionValue> arguments,
                                                const std::vector<std::string>& names, FunctionState* state) const {
  std::vector<double> inputs;
  const Json json = model(arguments, names, inputs);
  NeuralNetwork network = NeuralNetwork::from_json(write_json(json), context, {.device = device});
  if (state && !state->text_.empty()) try {
      network.set_internal_state(state->text_);
    } catch (const Error& error) {
      if (error.reason() != "STATE_MISMATCH") throw;
      ErrorDetails details{.message = operation->name + ": the state comes from a call with arrays of other sizes or "
                                                        "another activation",
                           .reason = error.reason(),
                           .operation = operation->name,
                           .hint = "call it as before, or begin anew with get_new_state()"};
      std::throw_with_nested(Error(error.code(), std::move(details)));
    }
  const Output output = network.run(inputs);
  if (state) state->text_ = network.get_internal_state();
  return output.tensor();
}

}  // namespace webai
