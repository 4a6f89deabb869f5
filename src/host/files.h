// The FileSystem over the operating system's files.
#pragma once

#include <memory>

#include "core/base/byte_source.h"

namespace webai {

/// Reads through a buffer; a source named "/dev/stdin" or a pipe can be read once only. write_atomically keeps an
/// existing file's permissions, follows symbolic links, and writes straight into what is not a regular file
/// (/dev/stdout). Stateless: may be used from any thread.
class SystemFiles final : public FileSystem {
 public:
  std::unique_ptr<ByteSource> open(const std::string& path) override;
  void write_atomically(const std::string& path, std::span<const std::byte> bytes) override;
};

}  // namespace webai
