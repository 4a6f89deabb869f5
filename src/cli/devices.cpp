// webai devices: what could work here, and why the rest cannot.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/json_text.h"
#include "cli/terminal.h"
#include "webai/error.hpp"

namespace webai::cli {
namespace {

class Devices final : public Command {
 public:
  void declare(Arguments& arguments) override { common_.declare(arguments); }

  int run() override {
    std::vector<DeviceDescription> all = devices(common_.context());
    if (common_.device != "auto") {
      const bool is_name = std::ranges::any_of(all, [&](const DeviceDescription& device) { return device.name == common_.device; });
      std::vector<DeviceDescription> rest = all;
      std::erase_if(rest, [&](const DeviceDescription& device) { return (is_name ? device.name : device.kind) != common_.device; });
      if (rest.empty()) refuse_device(all);
      all = std::move(rest);
    }
    std::size_t names = 0;
    for (const DeviceDescription& device : all) names = std::max(names, device.name.size());
    std::string text;
    std::vector<std::string> items;
    for (const DeviceDescription& device : all) {
      std::vector<std::string> types;
      for (const DType type : device.types) types.emplace_back(name_of(type));
      JsonObject item;
      item.text("name", device.name).text("kind", device.kind).text("description", device.description);
      item.raw("types", json_array(types));
      if (device.memory_bytes) item.count("memory_bytes", device.memory_bytes);
      if (device.same_bits) item.raw("same_bits", *device.same_bits ? "true" : "false");
      if (!device.absent.empty()) item.text("absent", device.absent);
      items.push_back(item.str());
      text += fmt::format("{:<{}}  ", device.name, names);
      if (!device.absent.empty()) {
        text += "not here: " + device.absent + "\n";
        continue;
      }
      text += device.description + (device.memory_bytes ? ", " + size_text(device.memory_bytes) : "") + "\n";
      text += fmt::format("{:<{}}  types: {}\n", "", names, fmt::join(types, " "));
      if (!device.same_bits)
        text += fmt::format("{:<{}}  bits: not tested yet (when first used: `webai inspect MODEL --device {}`)\n", "", names,
                            device.name);
    }
    const Limits limits = common_.context().limits();
    text += "\nlimits (--limit NAME=VALUE): nodes=" + std::to_string(limits.nodes) + " jsonBytes=" + size_text(limits.json_bytes) +
            " tensorBytes=" + size_text(limits.tensor_bytes) + " hostBytes=" + size_text(limits.host_bytes) +
            " deviceBytes=" + size_text(limits.device_bytes) + "\n";
    print(common_.json ? JsonObject().raw("devices", json_list(items)).str() + "\n" : text);
    return exit_done;
  }

 private:
  [[noreturn]] void refuse_device(const std::vector<DeviceDescription>& all) const {
    std::vector<std::string_view> names;
    for (const DeviceDescription& device : all) names.push_back(device.name);
    throw Error(Code::not_found, {.message = "there is no device \"" + common_.device + "\"", .reason = "DEVICE", .path = "--device",
                                  .expected = fmt::format("auto, {}", fmt::join(names, ", "))});
  }

  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_devices() { return std::make_unique<Devices>(); }

}  // namespace webai::cli
