// Variables and Arguments.
#include "core/model/trace.h"

#include <new>

#include "core/model/definitions.h"
#include "core/model/operation_failure.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void wrong_variable(std::string operation, std::string message, std::string hint) {
  throw Error(Code::invalid_argument, {.message = std::move(message),
                                       .reason = "VARIABLE",
                                       .operation = std::move(operation),
                                       .hint = std::move(hint)});
}

AttributeValue attribute_of(const std::string& name, const Json& value) {
  if (value.is_boolean()) return value.as_boolean();
  if (value.is_text()) return value.as_text();
  if (value.is_number()) {
    if (const auto whole = value.as_integer()) return *whole;
    return value.as_number();
  }
  if (value.is_array() && value.is_packed()) {
    std::vector<std::int64_t> whole;
    for (std::size_t i = 0; i < value.size(); ++i)
      if (const auto integer = value.at(i).as_integer()) whole.push_back(*integer);
    if (whole.size() == value.size()) return whole;
    return std::vector<double>(value.as_numbers().begin(), value.as_numbers().end());
  }
  throw Error(Code::invalid_argument, {.message = "attribute \"" + name +
                                                  "\" is neither a number, a word, true or false, nor "
                                                  "a list of numbers",
                                       .reason = "ATTRIBUTE_KIND",
                                       .path = "/" + name,
                                       .hint = "give arrays as inputs of the operation, not as attributes"});
}

// The first use of a parameter of unknown dimensions says what they are: weights of a product are [inputs, units],
// what is combined element by element is as large as what it meets.
void settle_open(Trace& trace, const OpDef& op, std::span<const Variable> inputs, const Attributes& attributes) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!VariableAccess::is_open(inputs[i])) continue;
    const std::size_t index = VariableAccess::open_index(inputs[i]);
    Shape dims;
    bool known = false;
    const std::size_t other = i == 0 && inputs.size() > 1 ? 1 : 0;
    if (other != i && !VariableAccess::is_open(inputs[other])) {
      const Shape met = inputs[other].shape();
      if (op.domain == "core" && (op.name == "matmul" || op.name == "fusedMatMul") && i == 1 && met.rank() >= 2) {
        const AttributeValue* transposed = attributes.find("transposeB");
        const bool turned = transposed && std::holds_alternative<bool>(*transposed) && std::get<bool>(*transposed);
        const Dimension last = met.dim(met.rank() - 1);
        dims = turned ? Shape{trace.units, last} : Shape{last, trace.units};
        known = !last.is_symbol() && trace.units > 0;
      } else if (op.elementwise && met.rank() >= 1) {
        dims = dims_of(met, trace.explicit_batch);
        known = dims.is_concrete();
      }
    }
    if (!known) VariableAccess::ref(inputs[i]);  // throws
    trace.open[index] = trace.declare(index, dims);
  }
}

[[noreturn]] void wrong_argument(Argument::Kind kind, const char* wanted) {
  static constexpr const char* kinds[] = {"nothing",    "a number", "numbers",     "a text",
                                          "a Variable", "an activation", "the output", "the state"};
  throw Error(Code::invalid_argument, {.message = std::string("an argument of the operation is ") +
                                                  kinds[static_cast<std::size_t>(kind)] + ", not " + wanted,
                                       .reason = "ARGUMENT",
                                       .expected = wanted,
                                       .actual = kinds[static_cast<std::size_t>(kind)],
                                       .hint = "the order of the function's parameters is that of callWith"});
}

}  // namespace

Attributes attributes_from(const Json& json) {
  Attributes attributes;
  for (const auto& [name, value] : json.members()) attributes.set(name, attribute_of(name, value));
  return attributes;
}

Trace& VariableAccess::trace(const Variable& variable) {
  if (!variable.trace_)
    wrong_variable({}, "an empty Variable stands for no value", "use those that the operation's function is given");
  return *static_cast<Trace*>(variable.trace_);
}

bool VariableAccess::is_open(const Variable& variable) {
  return variable.id_ <= first_open && !trace(variable).open[open_index(variable)];
}

Ref VariableAccess::ref(const Variable& variable) {
  Trace& at = trace(variable);
  if (variable.id_ > first_open) return {variable.id_};
  const std::size_t index = open_index(variable);
  if (at.open[index]) return at.open[index];
  throw Error(Code::invalid_model, {.message = "the size of the array \"" + at.open_names[index] + "\" of \"" +
                                               at.operation + "\" cannot be determined",
                                    .reason = "ARRAY_SIZE",
                                    .operation = at.operation,
                                    .expected = "a size",
                                    .actual = "none",
                                    .hint = "give it in the model, as {\"size\": [..]}, or define a default"});
}

DType VariableAccess::type(const Variable& variable) {
  return is_open(variable) ? trace(variable).type : variable.type();
}

DType Variable::type() const { return VariableAccess::trace(*this).builder.dtype(VariableAccess::ref(*this)); }
Shape Variable::shape() const { return VariableAccess::trace(*this).builder.shape(VariableAccess::ref(*this)); }

Variable apply(std::string_view operation, std::span<const Variable> inputs, std::string_view attributes) {
  if (inputs.empty())
    throw Error(Code::invalid_argument, {.message = std::string(operation) + " is applied to nothing",
                                         .reason = "INPUT_COUNT",
                                         .operation = std::string(operation),
                                         .hint = "give it one value or more"});
  Trace& trace = VariableAccess::trace(inputs.front());
  for (const Variable& input : inputs)
    if (&VariableAccess::trace(input) != &trace)
      wrong_variable(std::string(operation), std::string(operation) + ": Variables of two operations do not meet",
                     "use what this call of the function was given");
  Attributes settings;
  if (!attributes.empty()) {
    const Json json = read_json(attributes, trace.builder.context().limits());
    if (!json.is_object())
      throw Error(
          Code::invalid_argument,
          {.message = "attributes are an object", .reason = "ATTRIBUTE_KIND", .operation = std::string(operation),
           .hint = "{\"axis\": 1}, for example"});
    settings = attributes_from(json);
  }
  const OpDef& op = trace.builder.registry().get(operation);
  if (op.domain != "core" || trace.explicit_batch)  // no operation of the core sees whole tensors
    if (const auto own = definitions_of(trace.builder.context())->operation(op.domain, op.name))
      check_explicit_batch(*own, trace.explicit_batch, {});
  settle_open(trace, op, inputs, settings);
  std::vector<Ref> refs;
  for (const Variable& input : inputs) refs.push_back(VariableAccess::ref(input));
  const Ref result = trace.builder.emit_all(op, refs, std::move(settings)).front();
  check_samples_apart(trace, trace.builder.graph().nodes.back());
  return VariableAccess::make(trace, result);
}

Variable constant(double value, Variable like) { return constant(value, like.type(), like); }
Variable constant(const Tensor& values, Variable like) { return constant(values, like.type(), like); }

Variable constant(double value, DType type, Variable beside) {
  Trace& trace = VariableAccess::trace(beside);
  return VariableAccess::make(trace, trace.builder.scalar(value, type));
}

Variable constant(const Tensor& values, DType type, Variable beside) {
  Trace& trace = VariableAccess::trace(beside);
  const Context& context = trace.builder.context();
  Tensor own = Tensor::uninitialised(context, type, values.shape());
  convert(values.type(), values.data(), own.type(), own.data(), values.elements());
  return VariableAccess::make(trace, trace.builder.constant(std::move(own)));
}

Argument ArgumentAccess::number(std::span<double> value, Trace* trace) {
  Argument argument;
  argument.kind_ = Argument::Kind::number;
  argument.numbers_ = value;
  argument.trace_ = trace;
  return argument;
}

Argument ArgumentAccess::number(std::span<double> value, Variable beside) {
  Argument argument = number(value, &VariableAccess::trace(beside));
  argument.variable_ = beside;
  return argument;
}

DType ArgumentAccess::type(const Argument& argument) {
  if (VariableAccess::is_empty(argument.variable_) && argument.trace_)
    return static_cast<Trace*>(argument.trace_)->type;
  return VariableAccess::type(argument.variable_);
}

Argument ArgumentAccess::numbers(std::span<double> values, Shape dims) {
  Argument argument;
  argument.kind_ = Argument::Kind::numbers;
  argument.numbers_ = values;
  argument.dims_ = dims;
  return argument;
}

Argument ArgumentAccess::text(std::string_view text) {
  Argument argument;
  argument.kind_ = Argument::Kind::text;
  argument.text_ = text;
  return argument;
}

Argument ArgumentAccess::variable(Variable variable, Shape dims) {
  Argument argument;
  argument.kind_ = Argument::Kind::variable;
  argument.variable_ = variable;
  argument.dims_ = dims;
  return argument;
}

Argument ArgumentAccess::output(std::span<double> room, Shape dims) {
  Argument argument = numbers(room, dims);
  argument.kind_ = Argument::Kind::output;
  return argument;
}

Argument ArgumentAccess::state(std::span<double> values, Shape dims) {
  Argument argument = numbers(values, dims);
  argument.kind_ = Argument::Kind::state;
  return argument;
}

Argument ArgumentAccess::state(Variable now, Shape dims, std::int32_t* next) {
  Argument argument = variable(now, dims);
  argument.next_ = next;
  return argument;
}

Argument ArgumentAccess::states(const ForwardInputs& members) {
  Argument argument;
  argument.kind_ = Argument::Kind::state;
  argument.members_ = &members;
  return argument;
}

Argument ArgumentAccess::activation(const std::function<Variable(Variable)>& function) {
  Argument argument;
  argument.kind_ = Argument::Kind::activation;
  argument.composed_ = &function;
  return argument;
}

Argument ArgumentAccess::activation(double (*element)(double, const void*), const void* data) {
  Argument argument;
  argument.kind_ = Argument::Kind::activation;
  argument.element_ = element;
  argument.element_data_ = data;
  return argument;
}

Argument::operator Variable() const {
  if (kind_ == Kind::variable) return variable_;
  if (kind_ != Kind::number || !trace_) wrong_argument(kind_, "a Variable");
  Trace& trace = *static_cast<Trace*>(trace_);
  return VariableAccess::make(trace, trace.builder.scalar(numbers_[0], ArgumentAccess::type(*this)));
}

Argument::operator double() const {
  if ((kind_ != Kind::number && kind_ != Kind::numbers) || numbers_.size() != 1) wrong_argument(kind_, "one number");
  return numbers_[0];
}

Argument::operator std::span<const double>() const {
  if (kind_ != Kind::number && kind_ != Kind::numbers && kind_ != Kind::output && kind_ != Kind::state)
    wrong_argument(kind_, "numbers");
  return numbers_;
}

Argument::operator std::span<double>() const {
  if (kind_ != Kind::output && kind_ != Kind::state) wrong_argument(kind_, "the output");
  return numbers_;
}

Argument::operator std::string_view() const {
  if (kind_ != Kind::text) wrong_argument(kind_, "a text");
  return text_;
}

const Argument& Argument::operator[](std::string_view name) const {
  if (!members_) wrong_argument(kind_, "the state");
  return (*members_)[name];
}

std::span<const std::string> Argument::names() const {
  if (!members_) wrong_argument(kind_, "the state");
  return members_->names();
}

void Argument::set(Variable next) const {
  if (!next_) wrong_argument(kind_, "an internal state");
  *next_ = VariableAccess::ref(next).id;
}

Variable Argument::operator()(Variable x) const {
  if (kind_ == Kind::absent) return x;
  if (kind_ != Kind::activation || !composed_) wrong_argument(kind_, "an activation of Variables");
  return (*composed_)(x);
}

double Argument::operator()(double x) const {
  if (kind_ == Kind::absent) return x;
  if (kind_ != Kind::activation || !element_) wrong_argument(kind_, "an activation of numbers");
  return element_(x, element_data_);
}

const Argument& ForwardInputs::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (names_[i] == name) return arguments_[i];
  throw Error(Code::not_found,
              {.message = "the operation is not called with \"" + std::string(name) + "\"", .reason = "ARGUMENT",
               .hint = "name it in callWith, or leave callWith out"});
}

namespace {

// What the program's function throws reaches whoever builds the model, with its place.
Variable call_composed(const Trace& trace, const ComposedFunction& function, std::span<const Argument> arguments) {
  const std::string& layer = trace.builder.path();  // none where it is tried at its definition
  return of_operation(trace.operation, layer.empty() ? "/name" : layer, [&] { return function(arguments); });
}

}  // namespace

Ref run_composed(Trace& trace, const ComposedFunction& function, std::span<const Argument> arguments) {
  const Variable result = call_composed(trace, function, arguments);
  if (&VariableAccess::trace(result) != &trace)
    wrong_variable(trace.operation, trace.operation + ": gave a Variable that it had kept from another call",
                   "use what this call of the function was given");
  const Ref ref = VariableAccess::ref(result);
  if (static_cast<std::size_t>(ref.id) >= trace.builder.graph().values.size())
    wrong_variable(trace.operation, trace.operation + ": gave a Variable that it had kept from another call",
                   "use what this call of the function was given");
  return ref;
}

}  // namespace webai
