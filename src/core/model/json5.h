// Turns the lenient spelling (comments, trailing commas, unquoted keys, single quotes) into strict JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webai {

struct StrictText {
  std::string text;
  /// (offset in `text`, offset in the original), rising; between two entries both advance together.
  std::vector<std::pair<std::size_t, std::size_t>> offsets;
  std::size_t original(std::size_t offset) const;
};

/// Never fails: what it does not understand it leaves for the strict reader to refuse.
StrictText strict_from_json5(std::string_view text);

}  // namespace webai
