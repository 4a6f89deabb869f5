// setup.data in a file of its own: {"file": "m.weights", "offset": 0}. Private to core/model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/json.h"
#include "webai/context.hpp"
#include "webai/weights.hpp"

namespace webai {

struct SetupFile {
  std::string name;                    ///< relative to the model, inside its folder
  std::uint64_t offset = 0;            ///< in bytes
  std::optional<std::uint64_t> bytes;  ///< how many belong to the model; absent: all from the offset on
  std::string checksum;                ///< of those bytes, as checksum_of writes it; empty: not checked
};

/// Throws INVALID_MODEL for a name that leads out of the model's folder, with `path` as its place.
void check_setup_file_name(const std::string& name, const std::string& path);

/// Reads and checks the object. Throws INVALID_MODEL.
SetupFile parse_setup_file(const Json& object, const std::string& path);

/// The bytes that belong to the model, u8 of rank 1, in the memory of the file. Throws SETUP_FILE when the file is
/// shorter than the model says, or is not the one that was written with it.
Tensor read_setup_file(const SetupFile& file, const WeightFiles* files, const std::string& path);

/// Little-endian bytes as elements of `type`: in the same memory where that can be, else a copy.
Tensor elements_of(const Context& context, const Tensor& bytes, DType type, const std::string& path);

/// FNV-1a with 64 bits over the bytes, in 16 hexadecimal digits.
std::string checksum_of(std::span<const std::byte> bytes);

/// A file of weights in the making. Each part begins at a multiple of 64 bytes.
struct WeightsFile {
  std::string name;
  std::vector<std::byte> bytes = {};

  /// Makes room behind what is there; `begin` is where the part starts.
  std::size_t begin_part();
  /// What setup.data says of the bytes from `begin` to the end.
  Json end_part(std::size_t begin) const;
};

}  // namespace webai
