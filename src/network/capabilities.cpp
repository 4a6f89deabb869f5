// What this machine and this program can do.
#include <algorithm>

#include "core/model/definitions.h"
#include "core/model/layer_def.h"
#include "core/op/registry.h"
#include "webai/error.hpp"
#include "webai/functions.hpp"

namespace webai {

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
  for (const std::string_view domain : known->domain_names())
    if ((query.domain.empty() || query.domain == domain) && !types.empty())
      result.domains.emplace(std::string(domain), types);
  const auto cannot = [&](std::string reason) {
    result.can_run = false;
    if (result.reason.empty()) result.reason = std::move(reason);
  };
  if (!query.data_type.empty() && types.empty()) cannot("no device works in \"" + query.data_type + "\"");
  if (!query.domain.empty() && result.domains.empty()) cannot("there is no domain \"" + query.domain + "\"");
  if (!query.operation.empty()) {
    const std::string domain = query.domain.empty() ? "core" : query.domain;
    const Registry registry = make_registry(context);
    if (!registry.find(domain, query.operation) && !known->operation(domain, query.operation) &&
        !(domain == "core" && find_layer_definition(query.operation)))
      cannot("there is no operation \"" + query.operation + "\"");
  }
  if (!query.model.empty()) try {
      NeuralNetwork::from_json(query.model, context);
    } catch (const Error& error) {
      cannot(error.what());
    }
  return result;
}

}  // namespace webai
