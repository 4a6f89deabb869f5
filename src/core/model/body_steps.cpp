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

// A number has no type of its own: the operator and the values beside it say which it is to be.
Variable number_of(const BodyStep& step, std::size_t place, Arguments arguments, const std::vector<Variable>& done) {
  const Variable beside = value_among(step, arguments, done);
  const Trace& trace = VariableAccess::trace(beside);
  std::vector<std::optional<DType>> types;
  for (const BodyInput& operand : step.inputs) {
    types.emplace_back();
    if (operand.kind == BodyInput::step) types.back() = VariableAccess::type(done[operand.index]);
    if (operand.kind == BodyInput::argument && arguments[operand.index].kind() == Argument::Kind::variable)
      types.back() = VariableAccess::type(arguments[operand.index]);
  }
  const OpDef& op = trace.builder.registry().get(step.operation.name);
  const DType type = type_of_number(op, place, types, trace.type);
  const double value = step.inputs[place].value;
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

// What the layer gave is handed on as it is: numbers, names and activations too.
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
        break;
      case BodyInput::step: {
        const Variable value = done[operand.index];
        inner.push_back(ArgumentAccess::variable(value, dims_of(value.shape(), operation.explicit_batch)));
        break;
      }
      case BodyInput::number:
        numbers.push_back(operand.value);
        inner.push_back(
            ArgumentAccess::number({&numbers.back(), 1}, &VariableAccess::trace(value_among(step, arguments, done))));
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
    if (operand.kind == BodyInput::number)
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
      arguments[write.state].set(next);
    } catch (const Error&) {
      refuse_description(Code::invalid_model, "STATE", write.path, "what is written to here is no internal state",
                         "where one operation applies another one that remembers, it gives it a state of its own: \"~*name\"");
    }
  }
  return done[body.result];
}

}  // namespace webai
