// The devices whose buffers are host memory: `cpu` and `reference`. They differ only in their kernel tables.
#pragma once

#include <memory>
#include <vector>

#include "backends/backend.h"
#include "backends/host/kernel.h"

namespace webai {

/// A device over kernel tables asked in turn: a node runs where the first of them takes it.
std::unique_ptr<Device> make_host_device(const Context& context, DeviceInfo info, std::vector<KernelTable> tables);

/// Zeroed host memory of the context as a Buffer.
std::unique_ptr<Buffer> make_host_buffer(const Context& context, std::size_t bytes);

}  // namespace webai
