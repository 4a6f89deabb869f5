// Ctrl-C as a question that a loop asks.
#pragma once

namespace webai::cli {

/// From here on Ctrl-C (or SIGTERM, or SIGHUP of a closed terminal) ends the process with one line on standard error: for
/// what comes before there is anything to save. `line` lives on and ends in a line break.
void end_on_interrupt(const char* line);
/// From here on the first Ctrl-C (or SIGTERM, or SIGHUP of a closed terminal) only sets the answer; a second one ends
/// the process as usual.
void watch_for_interrupt();
/// From now on what nobody reads any more is an error of the write, not the end of the process.
void survive_closed_pipes();

bool interrupted() noexcept;
const char* interruption() noexcept;  ///< what it was, for messages

}  // namespace webai::cli
