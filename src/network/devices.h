// The devices a network may use, best first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"

namespace webai {

struct DeviceList {
  std::vector<std::unique_ptr<Device>> owned;
  std::vector<Device*> order;  ///< best first; the last takes what the others refuse, unless `require`
  Device* memory = nullptr;    ///< whose buffers are host memory: parameters, states and results live there
};

/// "auto" is the CPU. Throws NOT_FOUND for an unknown name, UNSUPPORTED (with the reason) for one that is absent.
DeviceList choose_devices(const Context& context, const std::string& name, bool require);

}  // namespace webai
