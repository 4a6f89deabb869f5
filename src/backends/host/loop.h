// A loop node on host memory: its body is an executable of its own that runs all steps in one call.
#pragma once

#include <memory>

#include "backends/host/kernel.h"

namespace webai {

/// `body` was compiled from the loop's body in step form.
std::unique_ptr<HostKernel> make_loop(const Node& node, std::unique_ptr<Executable> body);

}  // namespace webai
