// The surrounding process as a Host: its memory, clock and randomness. It logs nothing: the library never prints.
#pragma once

#include <memory>

#include "webai/context.hpp"

namespace webai {

std::shared_ptr<Host> make_system_host();

/// The executor that Context::system uses for `threads` (0: one per usable processor).
std::shared_ptr<Executor> make_system_executor(std::size_t threads);

}  // namespace webai
