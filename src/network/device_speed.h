// How fast a device is, measured once in a context.
#pragma once

#include <optional>

#include "backends/backend.h"
#include "core/op/registry.h"

namespace webai {

/// Million operations a second in products of matrices of that type, a multiplication and an addition being two; nothing
/// where the device has no such products. Some milliseconds of work the first time, then known by device and type.
std::optional<double> measured_mops(const Context& context, const Registry& registry, Device& device, DType type);

}  // namespace webai
