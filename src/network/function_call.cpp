// Calling an operation as a function: at once on tensors, or inside another operation that is being composed. One of
// the library is a graph of one node; one of a program stands in a model of one layer (function_model.cpp).
#include <algorithm>
#include <cmath>
#include <ranges>

#include "compiler/compile.h"
#include "core/base/names.h"
#include "core/base/number_text.h"
#include "core/model/json.h"
#include "core/model/setup_data.h"
#include "core/model/trace.h"
#include "core/op/builder.h"
#include "network/devices.h"
#include "network/function_source.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void no_parameter(const std::string& function, const std::string& name,
                               const std::vector<std::string>& names) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw Error(Code::not_found, {.message = function + ": has no parameter \"" + name + "\"",
                                .reason = "PARAM",
                                .operation = function,
                                .expected = one_of(known),
                                .actual = "\"" + name + "\"",
                                .hint = did_you_mean(name, known, "take one of those, or leave it out")});
}

[[noreturn]] void wrong_value(const OpDef& op, const AttributeSpec& spec, std::string actual) {
  const bool list = spec.kind == AttributeKind::integers || spec.kind == AttributeKind::numbers;
  const bool is_whole = spec.kind == AttributeKind::integer || spec.kind == AttributeKind::integers;
  const std::string one = is_whole ? "whole number" : "number";
  throw Error(Code::invalid_argument, {.message = op.name + ": \"" + spec.name + "\" takes another kind of value",
                                       .reason = "ARGUMENT",
                                       .operation = op.name,
                                       .expected = spec.kind == AttributeKind::boolean ? "true or false"
                                                   : spec.kind == AttributeKind::text  ? "a text"
                                                   : list ? "a " + one + " or a tensor of such"
                                                                                       : "a " + one,
                                       .actual = std::move(actual),
                                       .hint = "get_operations(context) tells the parameters of each function"});
}

std::int64_t whole(const OpDef& op, const AttributeSpec& spec, double number) {
  if (std::trunc(number) != number || std::fabs(number) > 9007199254740992.0)
    wrong_value(op, spec, number_text(number, 9));
  return static_cast<std::int64_t>(number);
}

AttributeValue attribute_of(const OpDef& op, const AttributeSpec& spec, const Tensor* tensor, const double* number,
                            const bool* flag, const std::string* text) {
  switch (spec.kind) {
    case AttributeKind::boolean:
      if (flag) return *flag;
      if (number) return *number != 0;
      break;
    case AttributeKind::integer:
      if (number) return whole(op, spec, *number);
      break;
    case AttributeKind::number:
      if (number) return *number;
      break;
    case AttributeKind::text:
      if (text) return *text;
      break;
    case AttributeKind::graph:
      break;
    case AttributeKind::integers:
    case AttributeKind::numbers: {
      std::vector<double> values;
      if (number) values = {*number};
      if (tensor)
        for (std::size_t i = 0; i < tensor->elements(); ++i) values.push_back(tensor->at(i));
      if (!number && !tensor) break;
      if (spec.kind == AttributeKind::numbers) return values;
      std::vector<std::int64_t> wholes;
      for (const double value : values) wholes.push_back(whole(op, spec, value));
      return wholes;
    }
  }
  wrong_value(op, spec,
              tensor ? "a tensor" : number ? "a number" : flag ? "true or false" : text ? "a text" : "nothing");
}

}  // namespace

void wrong_call(const std::string& function, const std::string& message, std::string reason) {
  throw Error(Code::invalid_argument,
              {.message = function + ": " + message, .reason = std::move(reason), .operation = function,
               .hint = "get_operations(context) tells the parameters of each function"});
}

// Numbers have no type of their own: whole ones stay what they are, and fractions are rounded to the floating type.
Tensor OperationFunction::Source::tensor_of(const FunctionValue& value, DType wanted) const {
  if (const Tensor* tensor = std::get_if<Tensor>(&value.value_)) return *tensor;
  double number = 0;
  if (const double* given = std::get_if<double>(&value.value_)) number = *given;
  if (const bool* flag = std::get_if<bool>(&value.value_)) number = *flag ? 1 : 0;
  const Tensor* numbers = value.array();
  const Tensor given = numbers ? *numbers : Tensor::from(context, DType::fp64, Shape{}, std::span(&number, 1));
  Tensor made = given.converted(context, wanted);
  for (std::size_t i = 0; i < given.elements(); ++i)
    if (is_floating(wanted) ? std::isfinite(given.at(i)) && !std::isfinite(made.at(i)) : made.at(i) != given.at(i)) {
      const std::string& name = op ? op->name : operation->name;
      throw Error(Code::invalid_argument,
                  {.message = name + ": " + number_text(given.at(i), 9) + " is no number of the type " +
                              std::string(name_of(wanted)),
                   .reason = "ARGUMENT",
                   .operation = name,
                   .expected = "numbers of " + std::string(name_of(wanted)) +
                               ", the type that is asked for at this place",
                   .actual = number_text(given.at(i), 9),
                   .hint = "numbers take the type of the arrays beside them, indices are whole; cast the arrays, or "
                           "give an array of the type that is meant"});
    }
  return made;
}

std::vector<std::optional<DType>> OperationFunction::Source::types_of(
    std::span<const FunctionValue* const> values) const {
  std::vector<std::optional<DType>> types;
  for (const FunctionValue* value : values) {
    types.emplace_back();
    if (!value) continue;
    if (const Tensor* tensor = std::get_if<Tensor>(&value->value_)) types.back() = tensor->type();
    if (const Variable* variable = std::get_if<Variable>(&value->value_))
      types.back() = VariableAccess::type(*variable);
  }
  return types;
}

// Of an operator that takes any number of arrays all arrays in front are inputs; then come the attributes.
OperatorCall OperationFunction::Source::sorted(std::span<const FunctionValue> arguments,
                                               std::span<const NamedArgument> named,
                                               const std::vector<std::string>& names) const {
  const auto is_array = [](const FunctionValue& value) {
    return value.array() || std::holds_alternative<Variable>(value.value_);
  };
  OperatorCall call;
  call.inputs.resize(op->inputs.size());
  const auto give = [&](const std::string& name, const FunctionValue& argument) {
    const auto input = std::ranges::find(op->inputs, name, &InputSpec::name);
    if (input != op->inputs.end()) {
      if (std::holds_alternative<std::string>(argument.value_))
        wrong_call(op->name, "\"" + name + "\" is an array, got a text");
      const FunctionValue*& slot = call.inputs[static_cast<std::size_t>(input - op->inputs.begin())];
      if (slot && input->presence == InputSpec::variadic) return call.inputs.push_back(&argument);
      if (slot) wrong_call(op->name, "\"" + name + "\" is given twice");
      slot = &argument;
      return;
    }
    const auto spec = std::ranges::find(op->attributes, name, &AttributeSpec::name);
    if (spec == op->attributes.end()) no_parameter(op->name, name, names);
    for (const auto& [other, value] : call.attributes)
      if (other->name == name) wrong_call(op->name, "\"" + name + "\" is given twice");
    call.attributes.emplace_back(&*spec, &argument);
  };
  std::size_t arrays = 0;
  while (takes_any_number() && arrays < arguments.size() && is_array(arguments[arrays])) ++arrays;
  const std::size_t more = arrays > op->inputs.size() ? arrays - op->inputs.size() : 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (std::holds_alternative<std::monostate>(arguments[i].value_)) continue;
    const std::size_t place = i < arrays ? std::min(i, op->inputs.size() - 1) : i - more;
    if (place >= names.size())
      wrong_call(op->name, "got " + std::to_string(arguments.size()) + " arguments", "INPUT_COUNT");
    give(names[place], arguments[i]);
  }
  for (const auto& [name, value] : named)
    if (!std::holds_alternative<std::monostate>(value.value_)) give(name, value);
  while (!call.inputs.empty() && !call.inputs.back()) call.inputs.pop_back();
  return call;
}

Tensor OperationFunction::Source::run_operator(const OperatorCall& call) const {
  Graph graph;
  GraphBuilder builder(context, *registry, graph);
  std::vector<Tensor> tensors;
  std::vector<Ref> inputs;
  const std::vector<std::optional<DType>> types = types_of(call.inputs);
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    if (!call.inputs[i]) {
      inputs.emplace_back();
      continue;
    }
    tensors.push_back(tensor_of(*call.inputs[i], type_of_number(*op, i, types, type)));
    inputs.push_back({graph.add_input("x" + std::to_string(tensors.size() - 1),
                                      {tensors.back().type(), tensors.back().shape()})});
  }
  Attributes attributes;
  for (const auto& [spec, value] : call.attributes)
    attributes.set(spec->name, attribute_of(*op, *spec, value->array(), std::get_if<double>(&value->value_),
                                            std::get_if<bool>(&value->value_),
                                            std::get_if<std::string>(&value->value_)));
  const Ref result = builder.emit_all(*op, inputs, std::move(attributes)).front();
  graph.outputs.push_back({"result", result.id});
  const ValueType out = builder.type(result);
  const DeviceList devices = choose_devices(context, *registry, {.name = device});
  const auto executable = compile(context, *registry, graph, devices.order);
  Tensor answer = Tensor::uninitialised(context, out.type, out.shape);
  std::vector<HostWindow> windows(executable->slots().size());
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Slot& slot = executable->slots()[i];
    if (slot.role == Slot::output) {
      windows[i].look_at(answer.data(), answer.bytes());
    } else {
      const Tensor& tensor = tensors[static_cast<std::size_t>(std::stoul(slot.name.substr(1)))];
      windows[i].look_at(tensor.data(), tensor.bytes());
    }
    bindings.push_back({&windows[i], 0, 0});
  }
  executable->run(bindings, 1);
  for (Device* const one : devices.order) one->wait();
  return answer;
}

// Inside an operation that is being composed.
Variable OperationFunction::Source::like(std::span<const FunctionValue* const> values, const std::string& name) const {
  for (const FunctionValue* value : values)
    if (const Variable* variable = value ? std::get_if<Variable>(&value->value_) : nullptr) return *variable;
  wrong_call(name, "needs a value that is being composed among its arrays");
}

Variable OperationFunction::Source::variable_of(const FunctionValue& value, DType wanted, const Variable& beside,
                                                const std::string& name) const {
  if (const Variable* variable = std::get_if<Variable>(&value.value_)) return *variable;
  if (const Tensor* tensor = value.array()) return constant(*tensor, wanted, beside);
  if (const double* number = std::get_if<double>(&value.value_)) return constant(*number, wanted, beside);
  if (const bool* flag = std::get_if<bool>(&value.value_)) return constant(*flag ? 1 : 0, wanted, beside);
  wrong_call(name, "an array cannot be a text, or left out in front of others");
}

Variable OperationFunction::Source::compose_operator(const OperatorCall& call) const {
  const Variable beside = like(call.inputs, op->name);
  std::vector<std::optional<DType>> types = types_of(call.inputs);
  for (std::size_t i = 0; i < types.size(); ++i)  // a tensor becomes a constant: Variables say the type
    if (call.inputs[i] && !std::holds_alternative<Variable>(call.inputs[i]->value_)) types[i].reset();
  const DType model_type = VariableAccess::trace(beside).type;
  std::vector<Variable> inputs;
  for (std::size_t i = 0; i < call.inputs.size(); ++i)
    inputs.push_back(variable_of(call.inputs[i] ? *call.inputs[i] : FunctionValue(),
                                 type_of_number(*op, i, types, model_type),
                                 beside, op->name));
  std::vector<Json::Member> attributes;
  for (const auto& [spec, value] : call.attributes) {
    Json json;
    if (const auto* number = std::get_if<double>(&value->value_)) json = Json::number(*number);
    if (const auto* flag = std::get_if<bool>(&value->value_)) json = Json::boolean(*flag);
    if (const auto* text = std::get_if<std::string>(&value->value_)) json = Json::text(*text);
    if (const Tensor* tensor = value->array()) json = json_from_tensor(*tensor);
    if (json.is_null()) wrong_value(*op, *spec, "an array that is being composed");
    attributes.emplace_back(spec->name, std::move(json));
  }
  return webai::apply(op->domain + "#" + op->name, inputs, write_json(Json::object(std::move(attributes))));
}

Variable OperationFunction::Source::compose_operation(std::span<const FunctionValue> arguments,
                                                      const std::vector<std::string>& names) const {
  const std::string name = operation->domain + "#" + operation->name;
  if (!registry->find(operation->domain, operation->name))
    throw Error(Code::unsupported, {.message = name + " takes more than arrays: other operations cannot call it",
                                    .reason = "CALL_WITH",
                                    .operation = operation->name,
                                    .hint = "define a variant whose callWith names arrays alone"});
  if (arguments.size() != names.size())
    wrong_call(operation->name,
               "takes " + std::to_string(names.size()) + " arguments, got " + std::to_string(arguments.size()),
               "INPUT_COUNT");
  std::vector<const FunctionValue*> values;
  for (const FunctionValue& argument : arguments) values.push_back(&argument);
  const Variable model = like(values, operation->name);
  std::vector<Variable> inputs;
  for (const FunctionValue& argument : arguments)
    inputs.push_back(variable_of(argument, VariableAccess::type(model), model, operation->name));
  return webai::apply(name, inputs);
}

// Names become positions.
std::vector<FunctionValue> OperationFunction::placed(std::span<const FunctionValue> arguments,
                                                     std::span<const NamedArgument> named) const {
  std::vector<FunctionValue> all(arguments.begin(), arguments.end());
  for (const auto& [name, value] : named) {
    const auto at = std::ranges::find(parameters_, name);
    if (at == parameters_.end()) no_parameter(name_, name, parameters_);
    const auto place = static_cast<std::size_t>(at - parameters_.begin());
    if (place < arguments.size() && !std::holds_alternative<std::monostate>(arguments[place].value_))
      wrong_call(name_, "\"" + name + "\" is given twice");
    if (all.size() <= place) all.resize(place + 1);
    all[place] = value;
  }
  return all;
}

Tensor OperationFunction::call(std::span<const FunctionValue> arguments, std::span<const NamedArgument> named) const {
  FunctionState* state = nullptr;
  if (!arguments.empty())
    if (FunctionState* const* last = std::get_if<FunctionState*>(&arguments.back().value_)) {
      state = *last;
      arguments = arguments.first(arguments.size() - 1);
    }
  if (state && !stateful_) wrong_call(name_, "remembers nothing: it takes no state");
  for (const FunctionValue& argument : arguments) {
    if (std::holds_alternative<FunctionState*>(argument.value_))
      wrong_call(name_, "the state stands behind all other arguments");
    if (std::holds_alternative<Variable>(argument.value_))
      wrong_call(name_, "a Variable has no numbers yet: compose with it");
  }
  if (arguments.size() > parameters_.size() && !source_->takes_any_number())
    wrong_call(name_,
               "takes " + std::to_string(parameters_.size()) + " arguments, got " + std::to_string(arguments.size()),
               "INPUT_COUNT");
  if (source_->op && !source_->variant) return source_->run_operator(source_->sorted(arguments, named, parameters_));
  const std::vector<FunctionValue> all = placed(arguments, named);
  if (!source_->variant) return source_->run_operation(all, parameters_, state);
  DType type = type_;
  for (const FunctionValue& argument : std::ranges::reverse_view(all))
    if (const Tensor* tensor = std::get_if<Tensor>(&argument.value_)) type = tensor->type();
  std::vector<Tensor> tensors;
  for (const FunctionValue& argument : all) {
    if (std::holds_alternative<std::string>(argument.value_))
      wrong_call(name_, "a variant takes arrays and numbers, got a text");
    tensors.push_back(source_->tensor_of(argument, type));
  }
  return source_->variant(tensors);
}

Variable OperationFunction::compose(std::span<const FunctionValue> arguments,
                                    std::span<const NamedArgument> named) const {
  if (source_->variant || stateful_)
    throw Error(Code::unsupported, {.message = name_ +
                                               (stateful_ ? " remembers, which only layers can"
                                                          : " is a variant of plain arrays") +
                                               ": it cannot be composed with",
                                    .reason = "COMPOSE",
                                    .operation = name_,
                                    .hint = "call it on tensors, or name the operation as a layer"});
  if (arguments.size() > parameters_.size() && !source_->takes_any_number())
    wrong_call(name_,
               "takes " + std::to_string(parameters_.size()) + " arguments, got " + std::to_string(arguments.size()),
               "INPUT_COUNT");
  if (source_->op) return source_->compose_operator(source_->sorted(arguments, named, parameters_));
  return source_->compose_operation(placed(arguments, named), parameters_);
}

}  // namespace webai
