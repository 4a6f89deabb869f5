// emit: check against the definition, fill in defaults, run the shape rule, append.
#include "core/op/builder.h"

#include "core/base/names.h"
#include "core/op/op_def.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void fail(const OpDef& op, const std::string& path, Code code, std::string reason, std::string message,
                       std::string hint = {}) {
  throw Error(code, {.message = op.name + ": " + message, .reason = std::move(reason), .path = path,
                     .operation = op.name, .hint = std::move(hint)});
}

void check_inputs(const OpDef& op, std::span<const Ref> inputs, const Graph& graph, const std::string& path) {
  check_input_count(op, inputs.size(), path);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const InputSpec& spec = op.inputs[std::min(i, op.inputs.size() - 1)];
    if (!inputs[i]) {
      if (spec.presence != InputSpec::optional)
        fail(op, path, Code::invalid_argument, "INPUT_MISSING", "input \"" + spec.name + "\" is missing",
             "\"webai ops\" tells what each operator takes");
    } else if (static_cast<std::size_t>(inputs[i].id) >= graph.values.size()) {
      fail(op, path, Code::internal, "BAD_REF", "input \"" + spec.name + "\" belongs to another graph",
           "build with the Refs that this builder gave");
    }
  }
}

// An integer list given where numbers are expected (and an integer for a number) is taken as such.
bool matches(AttributeKind kind, AttributeValue& value) {
  switch (kind) {
    case AttributeKind::boolean: return std::holds_alternative<bool>(value);
    case AttributeKind::integer: return std::holds_alternative<std::int64_t>(value);
    case AttributeKind::text: return std::holds_alternative<std::string>(value);
    case AttributeKind::integers: return std::holds_alternative<std::vector<std::int64_t>>(value);
    case AttributeKind::graph:
      return std::holds_alternative<Subgraph>(value) && std::get<Subgraph>(value).graph;
    case AttributeKind::number:
      if (const auto* whole = std::get_if<std::int64_t>(&value)) value = static_cast<double>(*whole);
      return std::holds_alternative<double>(value);
    case AttributeKind::numbers:
      if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&value))
        value = std::vector<double>(whole->begin(), whole->end());
      return std::holds_alternative<std::vector<double>>(value);
  }
  return false;
}

}  // namespace

void check_input_count(const OpDef& op, std::size_t count, const std::string& path) {
  std::size_t needed = 0;
  for (const InputSpec& spec : op.inputs) needed += spec.presence != InputSpec::optional;
  const bool variadic = !op.inputs.empty() && op.inputs.back().presence == InputSpec::variadic;
  if (count < needed || (!variadic && count > op.inputs.size()))
    fail(op, path, Code::invalid_argument, "INPUT_COUNT",
         "takes " + std::to_string(needed) + (variadic ? " or more" : "") + " inputs, got " + std::to_string(count),
         "\"webai ops\" tells what each operator takes");
}

Attributes complete_attributes(const OpDef& op, Attributes given, const std::string& path) {
  Attributes result;
  for (const AttributeSpec& spec : op.attributes) {
    if (const AttributeValue* value = given.find(spec.name)) {
      AttributeValue copy = *value;
      if (!matches(spec.kind, copy))
        fail(op, path, Code::invalid_argument, "ATTRIBUTE_KIND",
             "attribute \"" + spec.name + "\" is " + text_of(*value) + ", which is of the wrong kind",
             "\"webai ops\" tells the kinds of all attributes");
      result.set(spec.name, std::move(copy));
    } else if (spec.fallback) {
      result.set(spec.name, *spec.fallback);
    } else {
      fail(op, path, Code::invalid_argument, "ATTRIBUTE_MISSING", "attribute \"" + spec.name + "\" must be given",
           "\"webai ops\" tells what each operator takes");
    }
  }
  for (const auto& [name, value] : given) {
    if (result.find(name)) continue;
    std::vector<std::string_view> known;
    for (const AttributeSpec& spec : op.attributes) known.push_back(spec.name);
    fail(op, path, Code::invalid_argument, "ATTRIBUTE_UNKNOWN", "has no attribute \"" + name + "\"",
         did_you_mean(name, known, known.empty() ? "it takes none: leave it out" : "docs/operations.md tells its attributes"));
  }
  return result;
}

Builder::Builder(const Context& context, const Registry& registry, Graph& graph)
    : context_(context), registry_(registry), graph_(graph) {}

std::vector<Ref> Builder::emit_all(std::string_view op, std::span<const Ref> inputs, Attributes attributes) {
  return emit_all(registry_.get(op), inputs, std::move(attributes));
}

std::vector<Ref> Builder::emit_all(const OpDef& op, std::span<const Ref> inputs, Attributes attributes) {
  check_inputs(op, inputs, graph_, path_);
  if (graph_.nodes.size() >= context_.limits().nodes)
    throw Error(Code::limit_exceeded, {.message = "the graph has more than " + std::to_string(context_.limits().nodes) +
                                                  " nodes", .reason = "NODES", .path = path_, .operation = op.name,
                                       .hint = "raise the limit \"nodes\" if this is meant"});
  Node node;
  node.op = &op;
  node.attributes = complete_attributes(op, std::move(attributes), path_);
  node.path = path_;
  std::vector<const ValueType*> types;
  for (const Ref input : inputs) {
    node.inputs.push_back(input.id);
    types.push_back(input ? &graph_.value(input.id).type : nullptr);
  }
  ShapeContext shapes(op, types, node.attributes, path_, *this);
  op.shape(shapes);
  const NodeId id = graph_.add_node(std::move(node), shapes.outputs());
  appended(id);
  std::vector<Ref> outputs;
  for (const ValueId output : graph_.node(id).outputs) outputs.push_back({output});
  return outputs;
}

Ref Builder::emit(std::string_view op, std::span<const Ref> inputs, Attributes attributes) {
  return emit_all(op, inputs, std::move(attributes)).front();
}

Ref Builder::constant(Tensor value) {
  const ValueId id = graph_.add_constant(std::move(value));
  appended_constant(id);
  return {id};
}

Ref Builder::scalar(double value, DType type) {
  Tensor tensor(context_, type, Shape{});
  tensor.set(0, value);
  return constant(std::move(tensor));
}

}  // namespace webai
