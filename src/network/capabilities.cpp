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

/// Why models cannot name the operation; nothing where they can. `name` may be "domain#name", which goes before `domain`.
std::optional<std::string> reason_against(const Context& context, const Definitions& known, std::string_view domain,
                                          std::string_view name) {
  std::string_view bare = name;
  if (const std::size_t mark = name.rfind('#'); mark != std::string_view::npos) {
    domain = name.substr(0, mark);
    bare = name.substr(mark + 1);
  }
  const Registry registry = make_registry(context);
  if (registry.find(domain, bare) || known.operation(domain, bare)) return std::nullopt;
  AliasLog log;
  if (domain == "core" && find_layer_definition(canonical_type(std::string(bare), {}, log))) return std::nullopt;
  std::vector<std::string_view> names;
  for (const OpDef* op : registry.all(domain)) names.push_back(op->name);
  for (const auto& operation : known.operations)
    if (operation->domain == domain) names.push_back(operation->name);
  if (domain == "core")
    for (const LayerDef* layer : layer_definitions()) names.push_back(layer->name);
  const std::string near = nearest_name(bare, names);
  return "there is no operation \"" + std::string(name) + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?");
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
    if ((query.domain.empty() || query.domain == domain) && !of_models.empty())
      result.domains.emplace(std::string(domain), of_models);
  const auto cannot = [&](std::string reason) {
    result.can_run = false;
    if (result.reason.empty()) result.reason = std::move(reason);
  };
  if (!query.data_type.empty() && types.empty()) cannot("no device works in \"" + query.data_type + "\"");
  if (!query.domain.empty() && result.domains.empty()) cannot("there is no domain \"" + query.domain + "\"");
  if (!query.operation.empty()) {
    const std::string_view domain = query.domain.empty() ? std::string_view("core") : std::string_view(query.domain);
    if (auto reason = reason_against(context, *known, domain, query.operation)) cannot(std::move(*reason));
  }
  if (!query.model.empty()) try {
      NeuralNetwork::from_json(query.model, context);
    } catch (const Error& error) {
      cannot(error.what());
    }
  return result;
}

}  // namespace webai
