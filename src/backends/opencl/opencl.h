// The OpenCL device: present where a driver's loader, a platform and a device are found at run time.
#pragma once

#include <memory>
#include <string>

#include "backends/backend.h"
#include "webai/context.hpp"

namespace webai::opencl {

/// The first graphics processor that any platform offers, else an accelerator, else a processor. Null where there is
/// none: `absent` then says why.
std::unique_ptr<Device> make_opencl_device(const Context& context, std::string& absent);

}  // namespace webai::opencl
