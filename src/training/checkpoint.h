// The file that keeps a training: one line that names the format, one line of JSON, then raw bytes, then a check sum.
//
//   webai checkpoint 1
//   {"state": {...}, "parts": [{"name": "1.weights", "bytes": 24}, ...]}
//   <the bytes of the parts, one after the other>
//   sum 0123456789abcdef            (FNV-1a of all before the line, 64 bits)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webai/context.hpp"
#include "webai/json.hpp"

namespace webai {

/// A block of bytes by name; not owned.
struct CheckpointPart {
  std::string name;
  std::span<const std::byte> bytes;
};

/// What a file says. Parts point into the text it was read from.
struct Checkpoint {
  Json state;
  std::vector<CheckpointPart> parts;

  /// Throws INVALID_ARGUMENT where there is none or it has another size.
  const CheckpointPart& part(std::string_view name, std::size_t bytes) const;
  /// A number of the state; throws INVALID_ARGUMENT where it is absent or no (whole) number.
  double number(std::string_view name) const;
  std::uint64_t count(std::string_view name) const;
};

std::string write_checkpoint(const Json& state, std::span<const CheckpointPart> parts);
/// Throws INVALID_ARGUMENT (reason CHECKPOINT) for text that is no whole, unchanged checkpoint. `text` outlives the result.
Checkpoint read_checkpoint(std::string_view text, const Limits& limits);

}  // namespace webai
