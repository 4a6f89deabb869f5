// A graph over several devices: stretches of nodes that share one, and the transfers between them.
#pragma once

#include <memory>
#include <span>

#include "backends/backend.h"

namespace webai {

/// Every node carries its device's name. The caller binds host buffers; copies on other devices are kept by the
/// executable, are brought up to date before a stretch reads them and are read back when the host needs them.
std::unique_ptr<Executable> partition(const Context& context, Graph graph, std::span<Device* const> devices);

}  // namespace webai
