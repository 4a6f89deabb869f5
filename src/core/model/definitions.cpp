// Keeping domains and operations; domains by description.
#include "core/model/definitions.h"

#include <algorithm>
#include <array>

#include "core/model/json.h"
#include "core/model/vocabulary.h"
#include "core/op/kept.h"
#include "webai/error.hpp"

namespace webai {

const OperationParameter* UserOperation::find(std::string_view parameter) const noexcept {
  const auto at = std::ranges::find(params, parameter, &OperationParameter::name);
  return at == params.end() ? nullptr : &*at;
}

void HostActivations::add(const std::shared_ptr<const UserOperation>& activation) {
  const std::lock_guard guard(mutex_);
  known_[activation->domain + "#" + activation->name] = activation;
}

std::shared_ptr<const UserOperation> HostActivations::find(std::string_view name) const {
  const std::lock_guard guard(mutex_);
  const auto at = known_.find(name);
  return at == known_.end() ? nullptr : at->second.lock();
}

const DomainDefinition* Definitions::domain(std::string_view name) const noexcept {
  for (const auto& entry : domains)
    if (entry->name == name) return entry.get();
  return nullptr;
}

std::shared_ptr<const UserOperation> Definitions::operation(std::string_view domain,
                                                            std::string_view name) const noexcept {
  if (const std::size_t hash = name.find('#'); hash != std::string_view::npos) {
    domain = name.substr(0, hash);
    name = name.substr(hash + 1);
  }
  for (const auto& entry : operations)
    if (entry->name == name && entry->domain == domain) return entry;
  return nullptr;
}

std::vector<std::string_view> Definitions::domain_names() const {
  std::vector<std::string_view> names = {"core"};
  for (const auto& entry : domains) names.push_back(entry->name);
  return names;
}

bool Definitions::explicit_batch(std::string_view name) const noexcept {
  const DomainDefinition* own = domain(name);
  return own && own->explicit_batch;
}

void check_explicit_batch(const UserOperation& operation, bool around, std::string path) {
  if (operation.explicit_batch == around) return;
  const std::string name = "\"" + operation.domain + "#" + operation.name + "\"";
  throw Error(Code::unsupported,
              {.message = around ? name + " works on samples of a batch, here are whole tensors without one"
                                 : name + " works on whole tensors, here are samples of a batch",
               .reason = "EXPLICIT_BATCH",
               .path = std::move(path),
               .operation = operation.name,
               .expected = std::string("an operation of a domain with") + (around ? "" : "out") + " \"explicitBatch\"",
               .hint = "define the operation in such a domain too"});
}

std::shared_ptr<const Definitions> definitions_of(const Context& context) {
  auto all = std::make_shared<Definitions>();
  for (const auto& entry : context.kept_operations()) {
    const Kept& kept = *static_cast<const Kept*>(entry.get());
    if (!kept.definition) continue;
    const auto& one = *static_cast<const Definitions*>(kept.definition.get());
    all->domains.insert(all->domains.end(), one.domains.begin(), one.domains.end());
    all->operations.insert(all->operations.end(), one.operations.begin(), one.operations.end());
    all->algorithms.insert(all->algorithms.end(), one.algorithms.begin(), one.algorithms.end());
    all->variants.insert(all->variants.end(), one.variants.begin(), one.variants.end());
  }
  return all;
}

namespace {

void keep(const Context& context, Definitions one) {
  context.keep_operation(std::make_shared<const Kept>(Kept{.definition = std::make_shared<const Definitions>(std::move(one))}));
}

}  // namespace

// Added first, then looked for: of two threads that define one name exactly one finds its own.
bool keep_definition(const Context& context, std::shared_ptr<const DomainDefinition> domain) {
  if (definitions_of(context)->domain(domain->name)) return false;
  Definitions one;
  one.domains = {domain};
  keep(context, std::move(one));
  return definitions_of(context)->domain(domain->name) == domain.get();
}

bool keep_definition(const Context& context, std::shared_ptr<const UserOperation> operation) {
  if (definitions_of(context)->operation(operation->domain, operation->name)) return false;
  Definitions one;
  one.operations = {operation};
  keep(context, std::move(one));
  return definitions_of(context)->operation(operation->domain, operation->name) == operation;
}

bool keep_definition(const Context& context, std::shared_ptr<const Algorithm> algorithm) {
  const auto first = [&] {
    const auto all = definitions_of(context);
    for (const auto& entry : all->algorithms)
      if (entry->kind == algorithm->kind && entry->domain == algorithm->domain && entry->name == algorithm->name)
        return entry;
    return std::shared_ptr<const Algorithm>();
  };
  if (first()) return false;
  Definitions one;
  one.algorithms = {algorithm};
  keep(context, std::move(one));
  return first() == algorithm;
}

bool keep_definition(const Context& context, std::shared_ptr<const Variant> variant) {
  const auto first = [&] { return definitions_of(context)->variant(variant->domain, variant->name, variant->variant); };
  if (first()) return false;
  Definitions one;
  one.variants = {variant};
  keep(context, std::move(one));
  return first() == variant;
}

std::shared_ptr<const Variant> Definitions::variant(std::string_view domain, std::string_view name,
                                                    std::string_view wanted) const {
  for (const auto& entry : variants)
    if (entry->domain == domain && entry->name == name && entry->variant == wanted) return entry;
  return nullptr;
}

std::shared_ptr<const void> Definitions::algorithm(Algorithm::Kind kind, std::string_view domain,
                                                   std::string_view name) const {
  for (const std::string_view where : {domain, std::string_view("core")})
    for (const auto& entry : algorithms)
      if (entry->kind == kind && entry->domain == where && entry->name == name) return entry->function;
  return nullptr;
}

char call_prefix(std::string_view entry) noexcept {
  return !entry.empty() && std::string_view(":&$#^%").find(entry.front()) != std::string_view::npos ? entry.front() : 0;
}

bool is_reserved_parameter(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 7> names = {"input",         "output", "state", "activation",
                                                            "activationStr", "id",     "size"};
  return std::ranges::find(names, name) != names.end();
}

void define_domain(const Context& context, DomainDefinition definition) {
  // Versions may stand in it: "http://w3c/onnx-2019.06".
  if (definition.name.empty() || definition.name.find_first_of("# \"\\\t\n") != std::string::npos)
    throw Error(Code::invalid_argument, {.message = "\"" + definition.name + "\" cannot be the name of a domain",
                                         .reason = "NAME",
                                         .path = "/domainName",
                                         .hint = "give it a name without spaces, quotes and #"});
  if (!definition.default_data_type.empty() && !dtype_from_name(definition.default_data_type))
    throw Error(Code::unsupported, {.message = "\"" + definition.default_data_type + "\" is no data type of models",
                                    .reason = "DATATYPE",
                                    .path = "/defaultDataType",
                                    .hint = "\"fp32\", for example"});
  const std::string name = definition.name;
  if (name == "core" || name == "internal" ||
      !keep_definition(context, std::make_shared<const DomainDefinition>(std::move(definition))))
    throw Error(Code::already_exists, {.message = "the domain \"" + name + "\" exists already",
                                       .reason = "DOMAIN_EXISTS",
                                       .path = "/domainName",
                                       .expected = "a name that is free",
                                       .actual = "\"" + name + "\"",
                                       .hint = "use it as it is, or choose another name"});
}

void define_domain(const Context& context, std::string_view text) {
  const Json json = read_json(text, context.limits());
  if (!json.is_object()) wrong_value("", "a domain", "an object", json);
  DomainDefinition definition;
  const std::pair<std::string_view, std::string*> keys[] = {
      {"domainName", &definition.name},
      {"defaultDataType", &definition.default_data_type},
      {"defaultOperationType", &definition.default_operation_type},
      {"defaultActivationType", &definition.default_activation_type}};
  std::vector<std::string_view> known = {"explicitBatch"};
  for (const auto& [key, member] : keys) known.push_back(key);
  for (const auto& [key, value] : json.members()) {
    if (key == "explicitBatch") {
      if (!value.is_boolean()) wrong_value(pointer_to("", key), key, "true or false", value);
      definition.explicit_batch = value.as_boolean();
      continue;
    }
    const auto entry = std::ranges::find(keys, key, &std::pair<std::string_view, std::string*>::first);
    if (entry == std::end(keys)) unknown_property("", key, "a domain", known);
    if (!value.is_text()) wrong_value(pointer_to("", key), key, "a text", value);
    *entry->second = value.as_text();
  }
  define_domain(context, std::move(definition));
}

}  // namespace webai
