// Words and numbers for people: standard output, notices on standard error, sizes and shares as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace webai::cli {

/// Names and labels come from foreign files: what would move a terminal's cursor is spelled, as in messages.
std::string spelled(std::string_view text);
/// Writes that to standard output at once; throws Error when that fails (a full disk, a closed pipe).
void print(std::string_view text);
/// Writes to standard error, as it is.
void notice(std::string_view text);
bool errors_reach_a_terminal();
/// Columns of the terminal behind standard error, 80 where that is unknown.
std::size_t terminal_width();

std::string thousands(std::uint64_t number);       ///< "60,000"
std::string size_text(std::uint64_t bytes);        ///< "12 B", "1.1 kB", "397 kB", "3.4 MB" (1 kB = 1024 B)
std::string percent_text(double share);            ///< "83.9 %" for 0.839
std::string duration_text(double milliseconds);    ///< "12 ms", "1.9 s", "4 min 3 s"
std::string loss_text(double loss);                ///< "0.612", "2.31e-05"
std::string plural(std::uint64_t number, std::string_view noun);  ///< "1 epoch", "2 epochs"

}  // namespace webai::cli
