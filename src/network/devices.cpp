#include "network/devices.h"

#include <algorithm>

#include "backends/cpu/cpu.h"
#include "backends/host/device.h"
#if WEBAI_WITH_OPENCL
#include "backends/opencl/opencl.h"
#endif
#include "backends/reference/reference.h"
#include "core/base/names.h"
#include "core/base/number_text.h"
#include "network/device_speed.h"
#include "webai/error.hpp"
#include "webai/network.hpp"

namespace webai {
namespace {

constexpr DType all_types[] = {DType::boolean, DType::i8,  DType::i16,  DType::i32,  DType::i64,  DType::u8,  DType::u16,
                               DType::u32,     DType::u64, DType::fp16, DType::bf16, DType::fp32, DType::fp64};

DeviceInfo info_of(std::string name, std::string kind, std::string description) {
  const bool same_bits = name == "cpu";  // the judge computes in double, with the C library
  return {std::move(name), std::move(kind), std::move(description), {std::begin(all_types), std::end(all_types)}, 0, true, same_bits};
}

std::unique_ptr<Device> make_reference(const Context& context) {
  return make_host_device(context, info_of("reference", "cpu", "plain kernels in double precision: the judge"),
                          {reference::kernels()});
}

std::unique_ptr<Device> make_cpu(const Context& context, bool require) {
  std::vector<KernelTable> tables = {cpu::kernels()};
  if (!require) tables.push_back(reference::kernels());
  return make_host_device(context, info_of("cpu", "cpu", "vector kernels, " + std::to_string(context.executor().width()) +
                                                             " threads"),
                          std::move(tables));
}

std::unique_ptr<Device> not_here(const std::string& what, std::string& absent) {
  absent = "this library was built without " + what;
  return nullptr;
}

// One row per device, those that draw less power first: whether "auto" may choose it, and how it is made, or why it
// cannot be.
struct Known {
  const char* name;
  bool chosen;
  std::unique_ptr<Device> (*make)(const Context& context, bool require, std::string& absent);
};
constexpr Known known[] = {
    {"cpu", true, [](const Context& context, bool require, std::string&) { return make_cpu(context, require); }},
    {"reference", false, [](const Context& context, bool, std::string&) { return make_reference(context); }},
#if WEBAI_WITH_OPENCL
    {"opencl", true,
     [](const Context& context, bool, std::string& absent) { return opencl::make_opencl_device(context, absent); }},
#else
    {"opencl", false, [](const Context&, bool, std::string& absent) { return not_here("OpenCL", absent); }},
#endif
    {"vulkan", false, [](const Context&, bool, std::string& absent) { return not_here("Vulkan", absent); }},
};

std::string automatic(const Context& context, const Registry& registry, const DeviceWish& wish) {
  std::string fastest = "cpu";
  double most = 0;
  if (!(wish.min_mops > 0)) return fastest;
  for (const Known& entry : known) {
    if (!entry.chosen || (!wish.among.empty() && std::ranges::find(wish.among, entry.name) == wish.among.end())) continue;
    std::string absent;
    const std::unique_ptr<Device> device = entry.make(context, false, absent);
    const std::optional<double> mops = device ? measured_mops(context, registry, *device, wish.type) : std::nullopt;
    if (!mops) continue;
    if (*mops > most) {
      most = *mops;
      fastest = entry.name;
    }
    if (*mops >= wish.min_mops) return entry.name;
  }
  context.log(1, "minMops: MIN_MOPS: the model asks for " + number_text(wish.min_mops, 6) + " Mops in " +
                     std::string(name_of(wish.type)) + "; no device has them, so it gets the fastest, \"" + fastest +
                     "\", with " + number_text(most, 6));
  return fastest;
}

}  // namespace

DeviceList choose_devices(const Context& context, const Registry& registry, const DeviceWish& wish) {
  const bool require = wish.require;
  const std::string wanted = wish.name.empty() || wish.name == "auto" ? automatic(context, registry, wish) : wish.name;
  std::vector<std::string_view> names;
  DeviceList list;
  list.wish = wish;
  for (const Known& entry : known) {
    names.push_back(entry.name);
    if (entry.name != wanted) continue;
    std::string absent;
    std::unique_ptr<Device> device = entry.make(context, require, absent);
    if (!device && require)
      throw Error(Code::unsupported, {.message = "device \"" + wanted + "\" is required: " + absent, .reason = "DEVICE_ABSENT",
                                      .hint = "where it is not required this runs on the CPU"});
    if (!device) context.log(1, "device \"" + wanted + "\": " + absent + "; this runs on the CPU");
    list.owned.push_back(device ? std::move(device) : make_cpu(context, false));
  }
  if (list.owned.empty()) {
    const std::string near = nearest_name(wanted, names);
    throw Error(Code::not_found, {.message = "there is no device \"" + wanted + "\"", .reason = "DEVICE",
                                  .hint = near.empty() ? "see `webai devices`" : "did you mean \"" + near + "\"?"});
  }
  // The CPU takes what another device refuses.
  if (!require && !list.owned.front()->info().host_memory) list.owned.push_back(make_cpu(context, false));
  for (const auto& device : list.owned) list.order.push_back(device.get());
  return list;
}

std::vector<DeviceDescription> devices(const Context& context) {
  std::vector<DeviceDescription> result;
  for (const Known& entry : known) {
    DeviceDescription row;
    row.name = entry.name;
    if (const std::unique_ptr<Device> device = entry.make(context, false, row.absent)) {
      const DeviceInfo& info = device->info();
      row.kind = info.kind;
      row.description = info.description;
      row.types = info.types;
      row.memory_bytes = info.memory_bytes;
      row.same_bits = device->same_bits();
    }
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace webai
