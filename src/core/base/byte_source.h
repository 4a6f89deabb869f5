// Where files come from: the core never opens one. src/host has the one over files; tests use memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace webai {

/// A readable sequence of bytes that can be read again from the start. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to into.size() bytes; 0 at the end. Throws Error (HOST_ERROR) naming the place.
  virtual std::size_t read(std::span<std::byte> into) = 0;
  virtual void rewind() = 0;
  /// For error texts: the file name.
  virtual const std::string& name() const = 0;
};

/// What a file is to hold; the bytes are borrowed.
struct FileContent {
  std::string path;
  std::span<const std::byte> bytes;
};

/// Opens a named source; throws NOT_FOUND. Passed to whoever may open files (dataset, network, cli), never global.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual std::unique_ptr<ByteSource> open(const std::string& path) = 0;
  /// Replaces all of these files or none, each whole: writes beside them, flushes, and renames, in this order, when all
  /// are on the disk. Throws HOST_ERROR; the old files stay.
  virtual void write_atomically(std::span<const FileContent> files) = 0;
  void write_atomically(const std::string& path, std::span<const std::byte> bytes) {
    const FileContent only{path, bytes};
    write_atomically(std::span(&only, 1));
  }
};

}  // namespace webai
