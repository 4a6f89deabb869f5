// Ctrl-C as a question that a loop asks.
#pragma once

namespace webai::cli {

/// From here on the first Ctrl-C (or SIGTERM) only sets the answer; a second one ends the process as usual.
void watch_for_interrupt();
bool interrupted() noexcept;

}  // namespace webai::cli
