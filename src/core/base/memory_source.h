// A ByteSource over memory: built-in samples, downloaded bytes, tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/byte_source.h"

namespace webai {

class MemorySource final : public ByteSource {
 public:
  /// Owns its bytes.
  MemorySource(std::string name, std::vector<std::byte> bytes);
  MemorySource(std::string name, const std::string& text);
  /// Borrows `bytes`, which must outlive the source.
  static std::unique_ptr<MemorySource> over(std::string name, std::span<const std::byte> bytes);

  std::size_t read(std::span<std::byte> into) override;
  void rewind() override { position_ = 0; }
  const std::string& name() const override { return name_; }

  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;

 private:
  std::string name_;
  std::vector<std::byte> owned_;
  std::span<const std::byte> bytes_;  // of owned_, or borrowed
  std::size_t position_ = 0;
};

/// The rest of a source. Throws LIMIT_EXCEEDED when it holds more than `limit` bytes.
std::vector<std::byte> read_all(ByteSource& source, std::uint64_t limit);
/// The same as text.
std::string read_text(ByteSource& source, std::uint64_t limit);

}  // namespace webai
