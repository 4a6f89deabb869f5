// Entry points about what there is: devices, domains, element types.
#include <algorithm>

#include "capi/guard.h"
#include "capi/library_function.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

Value type_names(webai_context& context, const std::vector<DType>& types) {
  std::vector<Value> names;
  for (const DType type : types) names.push_back(make_text(context, name_of(type)));
  return make_list(context, std::move(names));
}

std::vector<DeviceDescription> usable_devices(const webai_context& context) {
  std::vector<DeviceDescription> usable;
  for (DeviceDescription& device : devices(context.core())) {
    const bool allowed = device.kind == "cpu" || (context.settings().backends & (WEBAI_OPENCL | WEBAI_VULKAN));
    if (device.absent.empty() && allowed) usable.push_back(std::move(device));
  }
  return usable;
}

Value capabilities(webai_context& context, const std::string& domain) {
  const std::vector<DeviceDescription> all = usable_devices(context);
  std::vector<DType> types;
  std::vector<Value> units;
  for (const DeviceDescription& device : all) {
    for (const DType type : device.types)
      if (std::ranges::find(types, type) == types.end()) types.push_back(type);
    if (context.is_private()) continue;  // a page learns what can be computed, not on what
    std::vector<Map::Entry> unit;
    unit.emplace_back("id", make_text(context, device.name));
    unit.emplace_back("type", make_text(context, device.kind));
    unit.emplace_back("name", make_text(context, device.description));
    unit.emplace_back("dataTypes", type_names(context, device.types));
    if (device.memory_bytes)
      unit.emplace_back("memory", make_number(context, static_cast<double>(device.memory_bytes)));
    units.push_back(make_map(context, std::move(unit)));
  }
  std::vector<Map::Entry> domains;
  if (domain.empty() || domain == "core") domains.emplace_back("core", type_names(context, types));
  std::vector<Map::Entry> result;
  result.emplace_back("domains", make_map(context, std::move(domains)));
  if (!context.is_private()) result.emplace_back("executionUnits", make_list(context, std::move(units)));
  return make_map(context, std::move(result));
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" webai_status webai_get_capabilities(webai_context* ctx, webai_value* query, webai_future** out,
                                               webai_error** err) {
  return produced(ctx, out, err, [&] {
    webai_context& context = required(ctx, "ctx");
    check_context(context, query);
    Options opts(query);
    const std::string domain = opts.text("domain", "");
    opts.finish(context, "getCapabilities");
    return submit(context, once([&context, domain] { return capabilities(context, domain); }), nullptr);
  });
}

extern "C" webai_status webai_get_operations(webai_context* ctx, webai_value* query, webai_future** out,
                                             webai_error** err) {
  return produced(ctx, out, err, [&] {
    webai_context& context = required(ctx, "ctx");
    check_context(context, query);
    Options opts(query);
    webai::OperationsQuery wanted;
    wanted.domain = opts.text("domain", "core");
    wanted.data_type = opts.text("dataType", "");
    wanted.variant = opts.text("variant", "default");
    wanted.activations = opts.boolean("activations", false);
    wanted.device = chosen_device(context, opts);
    opts.finish(context, "getOperations");
    const Value functions = functions_value(context, wanted);  // what is wrong with the query is told at once
    return submit(context, once([functions] { return functions; }), nullptr);
  });
}
