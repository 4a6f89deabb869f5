// Operations as functions: finding them, and their variants.
#include "webai/functions.hpp"

#include <algorithm>

#include "core/base/names.h"
#include "core/model/json.h"
#include "core/model/layer_def.h"
#include "network/devices.h"
#include "network/function_source.h"
#include "webai/error.hpp"

namespace webai {
namespace {

bool is_stateful(const UserOperation& operation) {
  return operation.init_state || std::ranges::any_of(operation.params, &OperationParameter::internal_state);
}

// Nobody asks for a variant of a domain that no operation of it has.
void check_variant(const Definitions& known, const OperationsQuery& query) {
  std::vector<std::string_view> names = {"default", "standalone"};
  for (const auto& variant : known.variants) {
    if (variant->domain != query.domain) continue;
    if (variant->variant == query.variant) return;
    names.push_back(variant->variant);
  }
  const std::string near = nearest_name(query.variant, names);
  throw Error(Code::not_found, {.message = "no operation of the domain \"" + query.domain + "\" has a variant \"" +
                                           query.variant + "\"",
                                .reason = "VARIANT",
                                .hint = near.empty() ? "define it first, with define_operation_variant"
                                                     : "did you mean \"" + near + "\"?"});
}

}  // namespace

// fusedMatMul is called as the proposal writes it; others take inputs, then attributes.
std::vector<std::string> call_order(const OpDef& op) {
  if (op.domain == "core" && op.name == "fusedMatMul")
    return {"a", "b", "transposeA", "transposeB", "bias", "activation"};
  std::vector<std::string> order;
  for (const InputSpec& input : op.inputs) order.push_back(input.name);
  for (const AttributeSpec& attribute : op.attributes) order.push_back(attribute.name);
  return order;
}

std::vector<std::string> call_order(const UserOperation& operation) {
  std::vector<std::string> order;
  for (const std::string& entry : operation.call_with) {
    const OperationParameter* parameter = operation.find(entry);
    const bool given = entry == "input" || entry == "activation" || (parameter && !parameter->internal_state);
    if (given && std::ranges::find(order, entry) == order.end()) order.push_back(entry);
  }
  return order;
}

FunctionState OperationFunction::get_new_state() const {
  if (!stateful_)
    throw Error(Code::unsupported, {.message = name_ + ": remembers nothing", .reason = "STATELESS", .operation = name_,
                                    .hint = "only operations with initState give a new state"});
  return {};  // empty: everything as the defaults say
}

std::map<std::string, OperationFunction> get_operations(const Context& context, const OperationsQuery& query) {
  const auto registry = std::make_shared<const Registry>(make_registry(context));
  const auto known = definitions_of(context);
  const DomainDefinition* own = known->domain(query.domain);
  const auto built_in = registry->domains();
  if (!own && std::ranges::find(built_in, query.domain) == built_in.end()) {
    const auto domains = known->domain_names();
    throw Error(Code::not_found, {.message = "there is no domain \"" + query.domain + "\"",
                                  .reason = "DOMAIN",
                                  .expected = one_of(domains),
                                  .actual = "\"" + query.domain + "\"",
                                  .hint = did_you_mean(query.domain, domains, "define it first, with define_domain")});
  }
  std::string type_name = query.data_type;
  if (type_name.empty()) type_name = own && !own->default_data_type.empty() ? own->default_data_type : "fp32";
  const auto type = dtype_from_name(type_name);
  if (!type)
    throw Error(Code::unsupported, {.message = "\"" + type_name + "\" is no data type", .reason = "DATATYPE",
                                    .hint = "\"fp32\", for example"});
  if (!query.device.empty() && query.device != "auto") choose_devices(context, *registry, {.name = query.device});
  const bool plain = query.variant.empty() || query.variant == "default" || query.variant == "standalone";
  if (!plain) check_variant(*known, query);
  std::map<std::string, OperationFunction> functions;
  const auto add = [&](const std::string& name, std::vector<std::string> parameters, OperationFunction::Source source,
                       bool stateful) {
    const auto variant = known->variant(query.domain, name, query.variant);
    if (!variant && !plain) return;
    OperationFunction function;
    function.name_ = name;
    function.parameters_ = variant ? variant->call_with : std::move(parameters);
    function.type_ = *type;
    function.stateful_ = stateful && !variant;
    if (variant) source.variant = *std::static_pointer_cast<const VariantFunction>(variant->function);
    function.source_ = std::make_shared<const OperationFunction::Source>(std::move(source));
    functions.emplace(name, std::move(function));
  };
  for (const auto& operation : known->operations)
    if (operation->domain == query.domain && (!query.activations || operation->activation) &&
        (!operation->type || *operation->type == *type))
      add(operation->name, call_order(*operation), {context, *type, query.device, registry, nullptr, operation, {}},
          is_stateful(*operation));
  for (const OpDef* op : registry->all(query.domain))
    if (!functions.contains(op->name) && op->name.find('/') == std::string::npos && !known->operation(query.domain, op->name) &&
        (!query.activations || op->activation))
      add(op->name, call_order(*op), {context, *type, query.device, registry, op, nullptr, {}}, false);
  return functions;
}

void define_operation_variant(const Context& context, OperationVariant variant, VariantFunction function) {
  const auto known = definitions_of(context);
  const Registry registry = make_registry(context);
  const auto operation = known->operation(variant.domain, variant.name);
  const OpDef* op = operation ? nullptr : registry.find(variant.domain, variant.name);
  if (!operation && !op) {
    std::vector<std::string_view> names;
    for (const auto& other : known->operations)
      if (other->domain == variant.domain) names.push_back(other->name);
    for (const OpDef* other : registry.all(variant.domain)) names.push_back(other->name);
    throw Error(Code::not_found, {.message = "there is no operation \"" + variant.name + "\" in domain \"" +
                                             variant.domain + "\"",
                                  .reason = "OPERATION",
                                  .path = "/name",
                                  .operation = variant.name,
                                  .expected = one_of(names),
                                  .actual = "\"" + variant.name + "\"",
                                  .hint = did_you_mean(variant.name, names, "define it first, with define_operation")});
  }
  const auto refuse = [&](std::string reason, const std::string& message) {
    throw Error(Code::invalid_argument, {.message = message,
                                         .reason = std::move(reason),
                                         .operation = variant.name,
                                         .hint = "docs/operations.md tells how variants are defined"});
  };
  if (variant.variant.empty() || variant.variant == "default" || !function)
    refuse("VARIANT", "a variant has a name, other than \"default\", and a function");
  const std::vector<std::string> order = operation ? call_order(*operation) : call_order(*op);
  if (variant.call_with.empty()) variant.call_with = order;
  for (const std::string& entry : variant.call_with)
    if (std::ranges::find(order, without_prefix(entry)) == order.end() &&
        !(operation && (operation->find(without_prefix(entry)) || is_reserved_parameter(without_prefix(entry)))))
      refuse("CALL_WITH", "the operation \"" + variant.name + "\" has no parameter \"" + entry + "\"");
  auto kept = std::make_shared<const Variant>(Variant{variant.domain, variant.name, variant.variant,
                                                      std::move(variant.call_with),
                                                      std::make_shared<const VariantFunction>(std::move(function))});
  if (!keep_definition(context, kept))
    throw Error(Code::already_exists, {.message = "the variant \"" + kept->variant + "\" of \"" + kept->name +
                                                  "\" exists already",
                                       .reason = "VARIANT_EXISTS",
                                       .path = "/variant",
                                       .operation = kept->name,
                                       .expected = "a name that is free",
                                       .actual = "\"" + kept->variant + "\"",
                                       .hint = "choose another name for the variant"});
}

}  // namespace webai
