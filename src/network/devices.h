// The devices a network may use, best first, and which of them it gets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "core/op/registry.h"

namespace webai {

struct DeviceWish {
  std::string name = "auto";
  bool require = false;
  double min_mops = 0;                    ///< for "auto": million operations a second, in `type`; 0: whatever there is
  DType type = DType::fp32;
  std::vector<std::string> among = {};    ///< what "auto" may choose; none: all

  friend bool operator==(const DeviceWish&, const DeviceWish&) = default;
};

struct DeviceList {
  DeviceWish wish;
  std::vector<std::unique_ptr<Device>> owned;
  std::vector<Device*> order;  ///< best first; the last takes what the others refuse, unless `require`
};

/// "auto" is the CPU; with min_mops the first, in order of the power they draw, that was measured to be as fast, or the
/// fastest, with the warning MIN_MOPS. Throws NOT_FOUND for an unknown name, UNSUPPORTED (with the reason) for one that
/// is absent.
DeviceList choose_devices(const Context& context, const Registry& registry, const DeviceWish& wish);

}  // namespace webai
