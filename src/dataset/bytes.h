// Reading files of samples: buffered, unpacked where they are gzip, and with errors that say where.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/byte_source.h"
#include "webai/dataset.hpp"

namespace webai {

/// Opens the file; one that starts as gzip does is unpacked while it is read. Never rewinds it by itself.
std::unique_ptr<ByteSource> open_unpacked(const DataFile& file);

/// A buffered reader of bytes. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(const DataFile& file) : source_(open_unpacked(file)), name_(file.name), buffer_(64 << 10) {}

  const std::string& name() const noexcept { return name_; }
  std::uint64_t position() const noexcept { return base_ + used_; }  // bytes since the start
  void rewind();
  /// Reads up to into.size() bytes; fewer mean the end.
  std::size_t read(std::span<std::byte> into);
  /// Reads all of it or throws that the file ends early; `what` is what it should have held there.
  void read_exactly(std::span<std::byte> into, std::string_view what);
  void skip_exactly(std::uint64_t bytes, std::string_view what);
  /// The next byte, -1 at the end.
  int get() {
    if (used_ == filled_ && !fill()) return -1;
    return static_cast<int>(buffer_[used_++]);
  }
  bool at_end() { return used_ == filled_ && !fill(); }

 private:
  bool fill();
  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0, filled_ = 0;  // buffer_[used_ .. filled_) is yet to be read
  std::uint64_t base_ = 0;             // position of buffer_[0]
};

/// Reverses the bytes of each element, for files written on the other kind of machine.
void swap_bytes(std::byte* data, std::size_t count, std::size_t element_size) noexcept;

}  // namespace webai
