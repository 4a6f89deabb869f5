// Entry points about what there is: devices, domains, element types.
#include <algorithm>
#include <map>

#include "capi/guard.h"
#include "capi/json.h"
#include "capi/library_function.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

Value texts(webai_context& context, const std::vector<std::string>& words) {
  std::vector<Value> values;
  for (const std::string& word : words) values.push_back(make_text(context, word));
  return make_list(context, std::move(values));
}

struct Query {
  CapabilitiesQuery wanted;
  std::string dump;        ///< a domain whose operations are listed
  bool is_old = false;     ///< with the words of 2019
  bool asks_can_run = false;
};

Query read_query(webai_context& context, webai_value* given) {
  check_context(context, given);
  Options opts(given);
  Query query;
  query.wanted.domain = opts.text("domain", "");
  query.wanted.data_type = opts.text("dataType", "");
  query.wanted.operation = opts.text("op", "");
  if (webai_value* const model = opts.find("model")) {
    expect<Map>(model, "model");
    query.wanted.model = write_json(json_from_value(model, TensorForm::setup));
  }
  query.dump = opts.text("dump", "");
  const std::string compat = opts.text("compat", "");
  if (!compat.empty() && compat != "2019")
    throw Error(Code::invalid_argument, {.message = "option \"compat\" is \"" + compat + "\"",
                                         .reason = "OPTION", .path = "compat", .expected = "\"2019\""});
  query.is_old = !compat.empty();
  query.asks_can_run = !query.wanted.operation.empty() || !query.wanted.model.empty();
  opts.finish(context, "getCapabilities");
  return query;
}

bool is_allowed(const webai_context& context, const DeviceDescription& device) {
  return device.kind == "cpu" || (context.settings().backends & (WEBAI_OPENCL | WEBAI_VULKAN));
}

// What an operation is, and its arguments in order: the proposal's printDomainObject. Functions are of one type; here those
// stand as well that are made for another than the domain's own.
Value dump_of(webai_context& context, const std::string& domain) {
  std::map<std::string, std::vector<std::string>> arguments;
  for (std::size_t type = 0; type < dtype_count; ++type)
    for (const auto& [name, function] :
         get_operations(context.core(), {.domain = domain, .data_type = std::string(name_of(static_cast<DType>(type)))}))
      arguments.emplace(name, function.parameters());
  std::vector<Map::Entry> entries;
  for (const auto& [name, order] : arguments) entries.emplace_back(name, texts(context, order));
  return make_map(context, std::move(entries));
}

Value capabilities(webai_context& context, const Query& query) {
  const Capabilities known = get_capabilities(context.core(), query.wanted);
  std::vector<std::string> types;
  std::vector<Value> units;
  std::size_t waiting;
  {
    const std::lock_guard guard(context.mutex);
    waiting = context.scheduler().unfinished() - 1;  // this question is one of them
  }
  for (const DeviceDescription& device : known.execution_units) {
    if (!is_allowed(context, device)) continue;
    std::vector<std::string> own;
    for (const DType type : device.types) own.emplace_back(name_of(type));
    for (const std::string& type : own)
      if (std::ranges::find(types, type) == types.end() && (query.wanted.data_type.empty() || query.wanted.data_type == type))
        types.push_back(type);
    if (context.is_private()) continue;  // a page learns what can be computed, not on what
    std::vector<Map::Entry> unit;
    unit.emplace_back("id", make_text(context, device.name));
    unit.emplace_back("type", make_text(context, device.kind));
    unit.emplace_back("name", make_text(context, device.description));
    unit.emplace_back("dataTypes", texts(context, own));
    if (device.memory_bytes)
      unit.emplace_back("memory", make_number(context, static_cast<double>(device.memory_bytes)));
    // Operations of this context, whichever unit they run on: each is done by one thread at a time.
    for (const char* const word : {"queue", "cue"})
      if (query.is_old || word[0] == 'q') unit.emplace_back(word, make_number(context, static_cast<double>(waiting)));
    units.push_back(make_map(context, std::move(unit)));
  }
  std::vector<Map::Entry> domains;
  for (const auto& [domain, all] : known.domains) {
    std::vector<std::string> own;  // in the order of the units that this context may use
    for (const std::string& type : types)
      if (std::ranges::find(all, type) != all.end()) own.push_back(type);
    domains.emplace_back(domain, texts(context, own));
  }
  std::vector<Map::Entry> result;
  result.emplace_back("domains", make_map(context, std::move(domains)));
  if (!context.is_private()) result.emplace_back("executionUnits", make_list(context, std::move(units)));
  if (query.is_old) result.emplace_back("dataTypes", texts(context, types));
  if (query.asks_can_run || !known.can_run) result.emplace_back("canRun", make_boolean(context, known.can_run));
  if (!known.can_run) result.emplace_back("reason", make_text(context, known.reason));
  if (!query.dump.empty()) result.emplace_back("operations", dump_of(context, query.dump));
  return make_map(context, std::move(result));
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" webai_status webai_get_capabilities(webai_context* ctx, webai_value* query, webai_future** out,
                                               webai_error** err) {
  return produced(ctx, out, err, [&] {
    webai_context& context = required(ctx, "ctx");
    const Query wanted = read_query(context, query);
    Placement placement;
    placement.loop_thread_only = context.registrations().binds_loop_thread(wanted.wanted.model);
    return submit(context, once([&context, wanted] { return capabilities(context, wanted); }), nullptr, std::move(placement));
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
