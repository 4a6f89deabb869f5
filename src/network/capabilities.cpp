// What this machine and this program can do.
#include <algorithm>
#include <optional>

#include "core/base/names.h"
#include "core/model/definitions.h"
#include "core/model/layer_def.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"
#include "webai/functions.hpp"

namespace webai {
namespace {

/// Why an operator does not take values of the type: what its shape rule says to the first of its samples.
std::optional<std::string> refusal_of(const Context& context, const Registry& registry, const OpDef& op, DType type) {
  if (op.samples.empty()) return std::nullopt;
  const Sample& sample = op.samples.front();
  const auto usual = [&](std::size_t i) { return i < sample.types.size() ? sample.types[i] : DType::fp32; };
  Graph graph;
  GraphBuilder builder(context, registry, graph);
  std::vector<Ref> inputs;
  for (std::size_t i = 0; i < sample.shapes.size(); ++i) {  // indices, conditions and labels have a type of their own
    const bool is_value = op.input(i).kind == InputSpec::values && usual(i) == usual(0);
    inputs.push_back({graph.add_input("x" + std::to_string(i), {is_value ? type : usual(i), sample.shapes[i]})});
  }
  Attributes attributes = sample.attributes;
  const bool has_values = std::ranges::any_of(op.inputs, [](const InputSpec& input) { return input.kind == InputSpec::values; });
  if (!has_values && std::ranges::find(op.attributes, "type", &AttributeSpec::name) != op.attributes.end())
    attributes.set("type", std::string(name_of(type)));
  try {
    builder.emit_all(op, inputs, std::move(attributes));
  } catch (const Error& error) {
    if (error.code() == Code::type_mismatch) return error.details().message;
  }
  return std::nullopt;
}

/// Why models cannot name the operation, or it cannot be called with the type; nothing where they can. `name` may be
/// "domain#name", which goes before `domain`.
std::optional<std::string> reason_against(const Context& context, const Definitions& known, std::string_view domain,
                                          std::string_view name, std::optional<DType> type) {
  std::string_view bare = name;
  if (const std::size_t mark = name.rfind('#'); mark != std::string_view::npos) {
    domain = name.substr(0, mark);
    bare = name.substr(mark + 1);
  }
  const Registry registry = make_registry(context);
  const std::string no_bool = "no model is of the type bool, in which \"" + std::string(name) + "\" could be a layer";
  if (const auto own = known.operation(domain, bare)) {
    if (type == DType::boolean) return no_bool;
    if (!type || type == own->type.value_or(*type)) return std::nullopt;
    return "the operation \"" + own->name + "\" works in " + std::string(name_of(*own->type)) + " alone";
  }
  if (const OpDef* op = registry.find(domain, bare)) return type ? refusal_of(context, registry, *op, *type) : std::nullopt;
  AliasLog log;
  if (domain == "core" && find_layer_definition(canonical_type(std::string(bare), {}, log))) {
    return type == DType::boolean ? std::optional(no_bool) : std::nullopt;
  }
  std::vector<std::string_view> names;
  for (const OpDef* op : registry.all(domain)) names.push_back(op->name);
  for (const auto& operation : known.operations)
    if (operation->domain == domain) names.push_back(operation->name);
  if (domain == "core")
    for (const LayerDef* layer : layer_definitions()) names.push_back(layer->name);
  const std::string near = nearest_name(bare, names);
  return "there is no operation \"" + std::string(name) + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?");
}

/// Types that a model of the domain can have, of these: those of its operations, where each is made for one.
std::vector<std::string> types_of_domain(const Definitions& known, std::string_view domain, const std::vector<std::string>& types) {
  std::vector<std::string_view> own;
  for (const auto& operation : known.operations) {
    if (operation->domain != domain) continue;
    if (!operation->type) return types;
    own.push_back(name_of(*operation->type));
  }
  std::vector<std::string> both;
  for (const std::string& type : types)
    if (domain == "core" || own.empty() || std::ranges::find(own, type) != own.end()) both.push_back(type);
  return both;
}

}  // namespace

Capabilities get_capabilities(const Context& context, const CapabilitiesQuery& query) {
  Capabilities result;
  std::vector<std::string> types;
  for (DeviceDescription& device : devices(context)) {
    if (!device.absent.empty()) continue;
    const bool wanted =
        query.data_type.empty() ||
        std::ranges::any_of(device.types, [&](DType type) { return name_of(type) == query.data_type; });
    for (const DType type : device.types) {
      const std::string name(name_of(type));
      if (std::ranges::find(types, name) == types.end() && (query.data_type.empty() || query.data_type == name))
        types.push_back(name);
    }
    if (wanted) result.execution_units.push_back(std::move(device));
  }
  const auto known = definitions_of(context);
  std::vector<std::string> of_models = types;
  std::erase(of_models, name_of(DType::boolean));  // what masks are of, and no model
  for (const std::string_view domain : known->domain_names())
    if (query.domain.empty() || query.domain == domain)
      if (auto own = types_of_domain(*known, domain, of_models); !own.empty())
        result.domains.emplace(std::string(domain), std::move(own));
  const auto cannot = [&](std::string reason) {
    result.can_run = false;
    if (result.reason.empty()) result.reason = std::move(reason);
  };
  if (!query.data_type.empty() && types.empty()) cannot("no device works in \"" + query.data_type + "\"");
  if (!query.domain.empty() && result.domains.empty()) {
    const auto names = known->domain_names();
    if (std::ranges::find(names, query.domain) == names.end())
      cannot("there is no domain \"" + query.domain + "\"");
    // Masks are of no model's type, and yet the operators of core give and take them; of an operation it is told below.
    else if (!query.model.empty() || (query.operation.empty() && query.domain != "core"))
      cannot("no model of the domain \"" + query.domain + "\" is of the type \"" + query.data_type + "\"");
  }
  if (!query.operation.empty()) {
    const std::string_view domain = query.domain.empty() ? std::string_view("core") : std::string_view(query.domain);
    if (auto reason = reason_against(context, *known, domain, query.operation, dtype_from_name(query.data_type)))
      cannot(std::move(*reason));
  }
  if (!query.model.empty()) try {
      NeuralNetwork::from_json(query.model, context);
    } catch (const Error& error) {
      cannot(error.what());
    }
  return result;
}

}  // namespace webai
