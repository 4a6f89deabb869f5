// Base64 (RFC 4648): lenient reading, standard writing.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webai {

/// Takes the standard and the URL-safe alphabet, ignores white space, padding may be absent. Throws INVALID_MODEL
/// naming `path` and the character that does not belong.
std::vector<std::byte> decode_base64(std::string_view text, const std::string& path);
std::string encode_base64(std::span<const std::byte> bytes);

}  // namespace webai
