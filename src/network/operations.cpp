// The pages of `webai ops`: every layer type and operator in its own words.
#include <algorithm>

#include "core/model/layer_def.h"
#include "core/op/op_def.h"
#include "core/op/registry.h"
#include "webai/network.hpp"

namespace webai {
namespace {

constexpr std::string_view kind_words(PropertyKind kind) {
  switch (kind) {
    case PropertyKind::boolean: return "true or false";
    case PropertyKind::number: return "a number";
    case PropertyKind::positive: return "a number above 0";
    case PropertyKind::share: return "a number from 0 to 1";
    case PropertyKind::part: return "a number from 0 to below 1";
    case PropertyKind::integer: return "a whole number, 0 or more";
    case PropertyKind::count: return "a whole number, 1 or more";
    case PropertyKind::counts: return "a whole number, or one per axis";
    case PropertyKind::padding: return "\"valid\", \"same\", a number, or one (or a pair) per axis";
    case PropertyKind::text: return "a text";
    case PropertyKind::any: return "a value";
  }
  return "a value";
}

constexpr std::string_view kind_words(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::boolean: return "true or false";
    case AttributeKind::integer: return "a whole number";
    case AttributeKind::number: return "a number";
    case AttributeKind::text: return "a text";
    case AttributeKind::integers: return "an array of whole numbers";
    case AttributeKind::numbers: return "an array of numbers";
    case AttributeKind::graph: return "a graph";
  }
  return "a value";
}

std::string section(const std::string& title, const std::string& lines) {
  return lines.empty() ? "" : "\n" + title + "\n" + lines;
}

std::string line(std::string_view name, const std::string& doc) { return "  " + std::string(name) + ": " + doc + "\n"; }

OperationDescription describe(const LayerDef& layer) {
  OperationDescription result{std::string(layer.name), "core", std::string(layer.doc), {}, "layer"};
  std::string properties, parameters;
  for (const PropertyDef& property : layer.properties) {
    std::string doc = std::string(property.doc) + " (";
    doc += property.choices.empty() ? std::string(kind_words(property.kind)) : "one of " + std::string(property.choices);
    if (property.required) doc += "; must be given";
    if (!property.fallback.empty()) doc += "; default " + std::string(property.fallback);
    properties += line(property.name, doc + ")");
  }
  if (layer.size == SizeRule::required) properties = line("size", "its size; must be given") + properties;
  for (const ParameterDef& parameter : layer.parameters) parameters += line(parameter.name, std::string(parameter.doc));
  result.page = result.name + " (layer)\n  " + result.doc + "\n" + section("properties", properties) +
                section("parameters, in the order of setup.data", parameters);
  return result;
}

OperationDescription describe(const OpDef& op) {
  OperationDescription result{op.name, op.domain, op.doc, {}, "operator"};
  std::string inputs, attributes, outputs, constraints, traits;
  for (const InputSpec& input : op.inputs) {
    const char* const presence = input.presence == InputSpec::optional ? " (optional)"
                                 : input.presence == InputSpec::variadic ? " (any number)" : "";
    inputs += line(input.name, input.doc + presence);
  }
  for (const AttributeSpec& attribute : op.attributes)
    attributes += line(attribute.name, attribute.doc + " (" + std::string(kind_words(attribute.kind)) +
                                           (attribute.fallback ? "; default " + text_of(*attribute.fallback) : "; must be given") + ")");
  for (const std::string& output : op.output_names) outputs += "  " + output + "\n";
  for (const Constraint& constraint : op.constraints) constraints += line(constraint.label, constraint.text);
  const auto trait = [&](bool holds, const char* words) { if (holds) traits += "  " + std::string(words) + "\n"; };
  trait(op.elementwise != nullptr, "works element by element; shapes are broadcast");
  trait(op.view, "copies nothing: another shape of the same memory");
  trait(op.random, "draws random numbers");
  trait(op.activation, "may stand as an activation");
  trait(op.commutative, "its inputs may be swapped");
  trait(static_cast<bool>(op.body), "composed of simpler operators");
  trait(!op.not_differentiable.empty(), ("has no gradient: " + op.not_differentiable).c_str());
  result.page = result.name + " (operator of " + op.domain + ")\n  " + op.doc + "\n" +
                (op.formula.empty() ? "" : "  " + op.formula + "\n") + section("inputs", inputs) +
                section("attributes", attributes) + section("outputs", outputs) + section("requirements", constraints) +
                section("traits", traits);
  return result;
}

}  // namespace

std::vector<OperationDescription> operations(std::string_view domain) {
  std::vector<OperationDescription> result;
  if (domain == "core")
    for (const LayerDef* layer : layer_definitions()) result.push_back(describe(*layer));
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const Registry registry = make_registry();
  for (const OpDef* op : registry.all(domain)) result.push_back(describe(*op));
  return result;
}

}  // namespace webai
