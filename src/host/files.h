// The FileSystem over the operating system's files.
#pragma once

#include <memory>

#include "core/base/byte_source.h"

namespace webai {

/// Reads through a buffer; a source named "/dev/stdin" or a pipe can be read once only. write_atomically keeps an
/// existing file's permissions, follows symbolic links, and writes straight into what is not a regular file
/// (/dev/stdout). Where the system knows files without a name, a process killed at it leaves nothing behind. Stateless: may be used from any thread.
class SystemFiles final : public FileSystem {
 public:
  std::unique_ptr<ByteSource> open(const std::string& path) override;
  using FileSystem::write_atomically;
  void write_atomically(std::span<const FileContent> files) override;
};

}  // namespace webai
