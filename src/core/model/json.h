// What the model's reader needs besides JSON values: places in a document, and words for what stands there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "webai/json.hpp"

namespace webai {

/// 2^53: up to it every whole double is the number that was written.
inline constexpr double largest_exact = 9007199254740992.0;

/// "/layers/1" + "a/b" = "/layers/1/a~1b"
std::string pointer_to(std::string_view parent, std::string_view key);
std::string pointer_to(std::string_view parent, std::size_t index);
/// For error texts: `"tanh"`, `3`, `an array of 4`, `an object`, ...
std::string describe(const Json& value);

}  // namespace webai
