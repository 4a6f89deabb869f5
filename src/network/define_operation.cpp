// Operations that a program composes of Variables, as definitions like the built-in ones.
#include <memory>

#include "core/op/op_def.h"
#include "core/op/registry.h"
#include "webai/error.hpp"
#include "webai/json.hpp"
#include "webai/operation.hpp"

namespace webai {

struct VariableAccess {
  static Variable make(Builder& builder, Ref ref) {
    Variable variable;
    variable.builder_ = &builder;
    variable.id_ = ref.id;
    return variable;
  }
  static Builder& builder(const Variable& variable) {
    if (!variable.builder_)
      throw Error(Code::invalid_argument, {.message = "an empty Variable stands for no value",
                                           .reason = "VARIABLE",
                                           .hint = "use those that the operation's function is given"});
    return *static_cast<Builder*>(variable.builder_);
  }
  static Ref ref(const Variable& variable) { return {variable.id_}; }
};

namespace {

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
                                       .path = "/" + name});
}

void check_name(const std::string& word, const char* what) {
  if (word.empty() || word.find_first_of(".:/#\" ") != std::string::npos)
    throw Error(Code::invalid_argument, {.message = "\"" + word + "\" cannot be the " + what + " of an operation",
                                         .reason = "NAME",
                                         .hint = "give it letters and digits"});
}

using Function = std::function<Variable(std::span<const Variable>)>;

std::vector<Ref> compose(const std::string& name, const Function& function, Builder& builder,
                         std::span<const Ref> inputs) {
  std::vector<Variable> variables;
  for (const Ref input : inputs) variables.push_back(VariableAccess::make(builder, input));
  const Variable result = function(variables);
  if (&VariableAccess::builder(result) != &builder)
    throw Error(Code::invalid_argument, {.message = name + ": gave a Variable that it had kept from another call",
                                         .reason = "VARIABLE",
                                         .operation = name});
  return {VariableAccess::ref(result)};
}

/// Type and shape of the result, found by composing it beside.
ValueType traced(const std::string& name, const Function& function, const Context& context, const Registry& registry,
                 std::span<const ValueType> inputs, const std::string& path) {
  Graph graph;
  GraphBuilder builder(context, registry, graph);
  builder.set_path(path);
  std::vector<Ref> refs;
  for (std::size_t i = 0; i < inputs.size(); ++i) refs.push_back({graph.add_input("x" + std::to_string(i), inputs[i])});
  return builder.type(compose(name, function, builder, refs).front());
}

}  // namespace

DType Variable::type() const { return VariableAccess::builder(*this).dtype({id_}); }
Shape Variable::shape() const { return VariableAccess::builder(*this).shape({id_}); }

Variable apply(std::string_view operation, std::span<const Variable> inputs, std::string_view attributes) {
  if (inputs.empty())
    throw Error(Code::invalid_argument, {.message = std::string(operation) + " is applied to nothing",
                                         .reason = "INPUT_COUNT",
                                         .operation = std::string(operation)});
  Builder& builder = VariableAccess::builder(inputs.front());
  std::vector<Ref> refs;
  for (const Variable& input : inputs) {
    if (&VariableAccess::builder(input) != &builder)
      throw Error(Code::invalid_argument,
                  {.message = std::string(operation) + ": Variables of two operations do not meet",
                   .reason = "VARIABLE",
                   .operation = std::string(operation)});
    refs.push_back(VariableAccess::ref(input));
  }
  Attributes settings;
  if (!attributes.empty()) {
    const Json json = read_json(attributes, builder.context().limits());
    if (!json.is_object())
      throw Error(
          Code::invalid_argument,
          {.message = "attributes are an object", .reason = "ATTRIBUTE_KIND", .operation = std::string(operation)});
    for (const auto& [name, value] : json.members()) settings.set(name, attribute_of(name, value));
  }
  return VariableAccess::make(builder, builder.emit(operation, refs, std::move(settings)));
}

Variable constant(double value, Variable like) {
  Builder& builder = VariableAccess::builder(like);
  return VariableAccess::make(builder, builder.scalar(value, like.type()));
}

void define_operation(const Context& context, OperationDefinition definition, std::size_t inputs, Function function) {
  check_name(definition.name, "name");
  check_name(definition.domain, "domain");
  if (definition.domain == "core" || definition.domain == "internal")
    throw Error(Code::invalid_argument, {.message = "the domain \"" + definition.domain + "\" is the library's own",
                                         .reason = "DOMAIN",
                                         .hint = "choose another name for yours"});
  if (inputs == 0 || !function)
    throw Error(Code::invalid_argument,
                {.message = "an operation takes one value or more, and has a function", .reason = "OPERATION"});
  auto op = std::make_shared<OpDef>();
  op->name = definition.name;
  op->domain = definition.domain;
  op->doc = definition.doc.empty() ? "Composed by the program." : definition.doc;
  op->formula = "a function of the program";
  for (std::size_t i = 0; i < inputs; ++i)
    op->inputs.push_back({inputs == 1 ? "x" : "x" + std::to_string(i), "any value"});
  op->activation = definition.activation && inputs == 1;
  op->samples = {{std::vector<Shape>(inputs, Shape{2, 3})}};
  const std::string name = definition.name;
  op->body = [name, function](Builder& builder, std::span<const Ref> refs, const Attributes&) {
    return compose(name, function, builder, refs);
  };
  op->shape = [name, function, inputs](ShapeContext& shapes) {
    std::vector<ValueType> types;
    for (std::size_t i = 0; i < inputs; ++i) types.push_back({shapes.type(i), shapes.shape(i)});
    const Builder& builder = shapes.builder();
    ValueType result = traced(name, function, builder.context(), builder.registry(), types, builder.path());
    shapes.output(result.type, std::move(result.shape));
  };
  // What it calls must be known already: then no operation can lead back to itself. Other shapes may be needed.
  Registry known = make_registry(context);
  try {
    traced(name, function, context, known, std::vector<ValueType>(inputs, {DType::fp32, Shape{2, 3}}), {});
  } catch (const Error& error) {
    if (error.code() != Code::shape_mismatch && error.code() != Code::type_mismatch) throw;
  }
  known.add(*op);  // refuses what leaves a gap, and a name that is taken
  context.keep_operation(std::move(op));
}

}  // namespace webai
