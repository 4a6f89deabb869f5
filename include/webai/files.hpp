// Files as the library reads and writes them: whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "webai/export.hpp"
#include "webai/weights.hpp"

namespace webai {

/// All of a file. Throws NOT_FOUND or HOST_ERROR naming it, LIMIT_EXCEEDED when it is longer than `most_bytes`.
WEBAI_EXPORT std::string read_file(const std::string& path, std::uint64_t most_bytes = std::uint64_t{1} << 30);
/// Replaces a file whole or not at all: until all of it is written the old one stays. Throws HOST_ERROR.
WEBAI_EXPORT void write_file(const std::string& path, std::span<const std::byte> bytes);
/// Replaces both or none: what the first is to hold and the second, which names it.
WEBAI_EXPORT void write_files(const std::string& first_path, std::span<const std::byte> first, const std::string& second_path,
                              std::span<const std::byte> second);
/// Files of weights in the folder of that model file, mapped into memory. No link below the folder is followed. While a
/// network is made they are to be replaced, if at all, by renaming, as write_file does: not shortened.
WEBAI_EXPORT WeightFiles weight_files_beside(const std::string& model_path);

}  // namespace webai
