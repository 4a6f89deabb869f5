// Applying the steps of a body.
#include "core/model/body_steps.h"

#include <array>
#include <cmath>
#include <deque>
#include <optional>

#include "core/base/number_text.h"
#include "core/model/json.h"
#include "core/model/trace.h"
#include "core/op/registry.h"

namespace webai {
namespace {

// Of numbers beside it there has to be a value that says their type.
Variable value_among(const BodyStep& step, Arguments arguments, const std::vector<Variable>& done) {
  for (const BodyInput& operand : step.inputs) {
    if (operand.kind == BodyInput::step) return done[operand.index];
    if (operand.kind != BodyInput::argument) continue;
    const Argument& argument = arguments[operand.index];
    if (argument.kind() == Argument::Kind::variable || argument.kind() == Argument::Kind::number) return argument;
  }
  refuse_description(Code::invalid_model, "BODY", step.path, "a step of numbers alone has no type",
                     "let one of its inputs be a parameter or another step");
}

bool is_argument(const BodyInput& operand, Arguments arguments, Argument::Kind kind) {
  return operand.kind == BodyInput::argument && arguments[operand.index].kind() == kind;
}

bool is_number(const BodyInput& operand, Arguments arguments) {
  return operand.kind == BodyInput::number || is_argument(operand, arguments, Argument::Kind::number);
}

// A number has no type of its own, written here or given with the layer: the operator and the values beside it say
// which it is to be, or those beside which it was handed on.
Variable number_of(const BodyStep& step, std::size_t place, Arguments arguments, const std::vector<Variable>& done) {
  const Variable beside = value_among(step, arguments, done);
  const Trace& trace = VariableAccess::trace(beside);
  std::vector<std::optional<DType>> types;
  std::optional<DType> handed_on;
  for (const BodyInput& operand : step.inputs) {
    types.emplace_back();
    if (operand.kind == BodyInput::step) types.back() = VariableAccess::type(done[operand.index]);
    if (is_argument(operand, arguments, Argument::Kind::variable))
      types.back() = VariableAccess::type(arguments[operand.index]);
    else if (is_argument(operand, arguments, Argument::Kind::number) && !handed_on)
      handed_on = ArgumentAccess::type(arguments[operand.index]);
  }
  const BodyInput& number = step.inputs[place];
  const bool given = number.kind == BodyInput::argument;
  if (given) handed_on = ArgumentAccess::type(arguments[number.index]);
  const OpDef& op = trace.builder.registry().get(step.operation.name);
  const DType type = type_of_number(op, place, types, handed_on.value_or(trace.type));
  const double value = given ? arguments[number.index].number() : number.value;
  const double held = Tensor::from(trace.builder.context(), type, Shape{}, std::span(&value, 1)).at(0);
  if (is_floating(type) ? std::isfinite(value) && !std::isfinite(held) : held != value)
    refuse_description(Code::invalid_model, "BODY", pointer_to(pointer_to(step.path, "inputs"), place),
                       number_text(value, 9) + " is no number of the type " + std::string(name_of(type)),
                       "numbers take the type of the values beside them: cast those, or give another number");
  return constant(value, type, beside);
}

Variable apply_named(const Applied& operation, Variable x, bool explicit_batch) {
  if (!operation.inner) return apply(operation.name, {x});
  const std::array<Argument, 1> one = {ArgumentAccess::variable(x, dims_of(x.shape(), explicit_batch))};
  return operation.inner->composed(one);
}

// An inner operation says nothing of its numbers: the first array beside them that is no condition gives the type, or
// the one beside which another number was handed on. Without any they are of the model's type.
Argument handed(std::span<double> number, const BodyStep& step, Arguments arguments,
                const std::vector<Variable>& done) {
  Variable before;
  for (const BodyInput& operand : step.inputs) {
    Variable beside;
    if (operand.kind == BodyInput::step) beside = done[operand.index];
    if (operand.kind == BodyInput::argument) beside = ArgumentAccess::beside(arguments[operand.index]);
    if (VariableAccess::is_empty(beside) || VariableAccess::type(beside) == DType::boolean) continue;
    if (!is_number(operand, arguments)) return ArgumentAccess::number(number, beside);
    before = beside;
  }
  if (!VariableAccess::is_empty(before)) return ArgumentAccess::number(number, before);
  return ArgumentAccess::number(number, &VariableAccess::trace(value_among(step, arguments, done)));
}

// What the layer gave is handed on as it is, names and activations too.
Variable run_inner(const BodyStep& step, Arguments arguments, const std::vector<Variable>& done) {
  const UserOperation& operation = *step.operation.inner;
  std::deque<double> numbers;  // deques: Arguments point into them
  std::deque<std::function<Variable(Variable)>> activations;
  std::vector<Argument> inner;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const BodyInput& operand = step.inputs[i];
    switch (operand.kind) {
      case BodyInput::argument:
        inner.push_back(arguments[operand.index]);
        if (is_number(operand, arguments)) {
          numbers.push_back(inner.back().number());
          inner.back() = handed({&numbers.back(), 1}, step, arguments, done);
        }
        break;
      case BodyInput::step: {
        const Variable value = done[operand.index];
        inner.push_back(ArgumentAccess::variable(value, dims_of(value.shape(), operation.explicit_batch)));
        break;
      }
      case BodyInput::number:
        numbers.push_back(operand.value);
        inner.push_back(handed({&numbers.back(), 1}, step, arguments, done));
        break;
      case BodyInput::activation:
        if (operation.call_with[i] == "activationStr") {
          inner.push_back(ArgumentAccess::text(operand.named.name));
          break;
        }
        activations.emplace_back([&](Variable x) { return apply_named(operand.named, x, operation.explicit_batch); });
        inner.push_back(ArgumentAccess::activation(activations.back()));
        break;
      case BodyInput::none:
        inner.emplace_back();
        break;
    }
  }
  return operation.composed(inner);
}

Variable run_step(const BodyStep& step, Arguments arguments, const std::vector<Variable>& done) {
  if (step.operation.inner) return run_inner(step, arguments, done);
  std::vector<Variable> inputs;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const BodyInput& operand = step.inputs[i];
    if (!step.is_activation && is_number(operand, arguments))
      inputs.push_back(number_of(step, i, arguments, done));
    else
      inputs.push_back(operand.kind == BodyInput::step ? done[operand.index] : Variable(arguments[operand.index]));
  }
  if (step.is_activation) return arguments[step.activation](inputs.front());
  return apply(step.operation.name, inputs, step.attributes);
}

}  // namespace

// What depends on shapes is found in a layer, whose place the error has: it names the step as well.
Variable run_body(const StepList& body, Arguments arguments) {
  std::vector<Variable> done;
  for (const BodyStep& step : body.steps) {
    try {
      done.push_back(run_step(step, arguments, done));
    } catch (const Error& error) {
      if (error.path().empty()) std::throw_with_nested(error.with_path(step.path));
      if (step.operation.inner || error.path() == step.path) throw;
      ErrorDetails details = error.details();
      details.message += ", in the step " + step.path;
      std::throw_with_nested(Error(error.code(), std::move(details)));
    }
  }
  for (const BodyWrite& write : body.writes) {
    const BodyInput& value = write.value;
    const Variable next = value.kind == BodyInput::step ? done[value.index] : Variable(arguments[value.index]);
    try {
      const bool number = is_number(value, arguments);  // a state is of the model's type, whatever stands beside it
      arguments[write.state].set(number ? constant(arguments[value.index].number(), arguments[write.state]) : next);
    } catch (const Error&) {
      refuse_description(Code::invalid_model, "STATE", write.path, "what is written to here is no internal state",
                         "where one operation applies another one that remembers, it gives it a state of its own: \"~*name\"");
    }
  }
  return done[body.result];
}

}  // namespace webai
