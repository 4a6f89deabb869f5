// Places every value of a graph: in a bound slot, among the constants, or in one scratch arena.
#pragma once

#include "backends/backend.h"

namespace webai {

/// `graph` must have gone through separate_outputs. Values that never live at the same time share memory; a chain may
/// write over an operand it reads for the last time. Offsets are multiples of 64 bytes. Throws LIMIT_EXCEEDED when the
/// arena would pass limits().host_bytes.
Program plan(const Context& context, Graph graph);

}  // namespace webai
