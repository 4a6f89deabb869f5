// Programs of models with open dimensions: the lengths are arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "interchange/program.h"

namespace webai {

/// Of one open dimension.
struct OpenLengthRange {
  std::string path;                 ///< of the null, for messages
  std::optional<std::int64_t> max;  ///< what the program has room for
};

/// Made of programs for numbers: what `write` writes for some lengths, in full or as a sketch without weights, with
/// ProgramOptions::lengths set. Numbers that differ become expressions of the lengths; a length for which these do not hold
/// is refused by the program. Throws UNSUPPORTED where more than numbers depends on a length, or none of the forms that
/// are known fits.
std::string open_program(Language language, bool is_double, const std::vector<OpenLengthRange>& ranges,
                         const std::function<std::string(const std::vector<std::int64_t>& lengths, bool sketch)>& write);

/// The reason of the error where a graph has not the nodes that memory was planned for.
inline constexpr std::string_view other_nodes = "OPEN_NODES";
/// A line that open_program replaces: the checks of the lengths, and what is computed from them.
inline constexpr std::string_view lengths_line = "@lengths\n";

}  // namespace webai
