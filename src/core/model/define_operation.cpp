// Operations of a program: as operators of graphs, where all that they are called with are arrays, and kept with the
// context.
#include <algorithm>

#include "core/model/definitions.h"
#include "core/model/host_operation.h"
#include "core/model/json.h"
#include "core/model/operation_body.h"
#include "core/model/trace.h"
#include "core/model/vocabulary.h"
#include "core/op/kept.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::string_view shorthands = "*!@~";

[[noreturn]] void no_function(const OperationDefinition& definition) {
  throw Error(Code::invalid_argument, {.message = "operation \"" + definition.name + "\": an operation has a function",
                                       .reason = "OPERATION",
                                       .operation = definition.name,
                                       .hint = "give one of the kinds that docs/operations.md tells of"});
}

// Every argument is an array or a number of the graph, as it stands: such an operation can also be called by others.
bool is_plain(const UserOperation& operation) {
  return !operation.takes_activation && std::ranges::all_of(operation.call_with, [&](const std::string& entry) {
    const OperationParameter* parameter = operation.find(entry);
    return entry == "input" || (parameter && !parameter->internal_state);
  });
}

std::vector<Ref> compose(const UserOperation& operation, Builder& builder, std::span<const Ref> inputs) {
  Trace trace{.builder = builder, .operation = operation.name, .type = builder.dtype(inputs.front()),
              .explicit_batch = operation.explicit_batch};
  std::vector<Argument> arguments;
  for (const Ref input : inputs)
    arguments.push_back(ArgumentAccess::variable(VariableAccess::make(trace, input),
                                                 dims_of(builder.shape(input), operation.explicit_batch)));
  return {run_composed(trace, operation.composed, arguments)};
}

/// Type and shape of the result, found by composing it beside.
ValueType traced(const UserOperation& operation, const Context& context, const Registry& registry,
                 std::span<const ValueType> inputs, const std::string& path) {
  Graph graph;
  GraphBuilder builder(context, registry, graph);
  builder.set_path(path);
  std::vector<Ref> refs;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    refs.push_back({graph.add_input("x" + std::to_string(i), inputs[i])});
  return builder.type(compose(operation, builder, refs).front());
}

OpDef composed_operator(const std::shared_ptr<const UserOperation>& operation) {
  OpDef op;
  op.name = operation->name;
  op.domain = operation->domain;
  op.doc = operation->doc;
  op.formula = "a function of the program";
  for (const std::string& entry : operation->call_with) op.inputs.push_back({entry, "any value"});
  op.activation = operation->activation;
  op.samples = {{std::vector<Shape>(op.inputs.size(), Shape{2, 3})}};
  op.body = [operation](Builder& builder, std::span<const Ref> refs, const Attributes&) {
    return compose(*operation, builder, refs);
  };
  op.shape = [operation](ShapeContext& shapes) {
    std::vector<ValueType> types;
    for (std::size_t i = 0; i < shapes.input_count(); ++i) types.push_back({shapes.type(i), shapes.shape(i)});
    const Builder& builder = shapes.builder();
    ValueType result = traced(*operation, builder.context(), builder.registry(), types, builder.path());
    shapes.output(result.type, std::move(result.shape));
  };
  return op;
}

// What it calls must be known already: then no operation can lead back to itself. Other shapes may be needed.
void try_composing(const UserOperation& operation, const Context& context, const Registry& known) {
  const std::vector<ValueType> types(operation.call_with.size(), {DType::fp32, Shape{2, 3}});
  try {
    traced(operation, context, known, types, {});
  } catch (const Error& error) {
    if (error.code() != Code::shape_mismatch && error.code() != Code::type_mismatch) throw;
  }
}

// Of a function that can be either: what it is, where that can be told without a layer around it.
bool decided(UserOperation& operation, const Context& context, const Registry& known) {
  if (!operation.composed || !operation.host || !is_plain(operation)) return false;
  try {
    try_composing(operation, context, known);
    operation.host = nullptr;
  } catch (const Error& error) {
    if (error.code() == Code::symbolic)
      operation.composed = nullptr;
    else
      operation.host = nullptr;  // it wants other values; a layer will have them, or tell the error with its place
  }
  return true;
}

void keep(const Context& context, const Registry& known, const std::shared_ptr<UserOperation>& operation) {
  Registry copy = make_registry(context);
  std::vector<std::shared_ptr<OpDef>> operators;
  const bool tried = decided(*operation, context, known);
  if (operation->host) {
    for (OpDef& op : host_operators(operation)) operators.push_back(std::make_shared<OpDef>(std::move(op)));
  } else if (is_plain(*operation)) {
    if (!tried && operation->params.size() == operation->call_with.size()) try_composing(*operation, context, known);
    operators.push_back(std::make_shared<OpDef>(composed_operator(operation)));
  }
  for (const auto& op : operators) copy.add(*op);  // refuses what leaves a gap
  if (!keep_definition(context, operation)) operation_exists(*operation);
  for (auto& op : operators) context.keep_operation(std::make_shared<const Kept>(Kept{.op = std::move(op)}));
}

}  // namespace

void define_composed_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                               ComposedFunction function) {
  if (!function) no_function(definition);
  const Registry registry = make_registry(context);
  const auto operation = complete_operation(context, registry, std::move(definition), inputs);
  operation->composed = std::move(function);
  keep(context, registry, operation);
}

void define_host_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                           HostFunction function, HostGradient gradient) {
  OperationFunctions functions;
  if (function)
    functions.host = [function = std::move(function)](Arguments given, const HostCall&) { return function(given); };
  if (gradient)
    functions.gradient = [gradient = std::move(gradient)](const ForwardInputs& given, std::span<const double> output,
                                                          std::span<const double> arriving, const HostCall&) {
      return gradient(given, output, arriving);
    };
  define_operation(context, std::move(definition), inputs, std::move(functions));
}

void define_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                      OperationFunctions functions) {
  if (!functions.composed && !functions.host) no_function(definition);
  const Registry registry = make_registry(context);
  const auto operation = complete_operation(context, registry, std::move(definition), inputs);
  operation->composed = std::move(functions.composed);
  operation->host = std::move(functions.host);
  operation->gradient = std::move(functions.gradient);
  keep(context, registry, operation);
}

void define_operation(const Context& context, std::string_view text) {
  const Registry registry = make_registry(context);
  const Json json = read_json(text, context.limits());
  AliasLog aliases(context, false);
  keep(context, registry, operation_from_json(context, registry, json, {.domain = "core"}, aliases));
}

OperationParameter::OperationParameter(std::string given) {
  std::size_t at = 0;
  for (; at < given.size() && shorthands.find(given[at]) != std::string_view::npos; ++at) {
    if (given[at] == '*') array_type = true;
    if (given[at] == '!') no_setup = true;
    if (given[at] == '@') subject_of_training = true;
    if (given[at] == '~') internal_state = true;
  }
  name = given.substr(at);
}

OperationParameter&& OperationParameter::defaults_to(Json value) && {
  default_value = std::move(value);
  return std::move(*this);
}

OperationParameter&& OperationParameter::defaults_to(std::vector<std::string> call_with,
                                                     std::function<Json(std::span<const Json>)> function) && {
  call_default_with = std::move(call_with);
  default_function = std::move(function);
  return std::move(*this);
}

OperationParameter& OperationDefinition::parameter(std::string_view wanted) {
  const auto at = std::ranges::find(params, wanted, &OperationParameter::name);
  if (at != params.end()) return *at;
  throw Error(Code::not_found,
              {.message = "operation \"" + name + "\" has no parameter \"" + std::string(wanted) + "\"",
               .reason = "PARAM",
               .operation = name,
               .hint = "name what stands in defineParams"});
}

}  // namespace webai
