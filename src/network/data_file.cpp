// Files of the system by their path: the one place where data sets, models and the host meet.
#include <algorithm>

#include "host/files.h"
#include "host/mapped_file.h"
#include "webai/dataset.hpp"
#include "webai/error.hpp"
#include "webai/files.hpp"

namespace webai {

DataFile::DataFile(std::string path) : DataFile(std::make_shared<SystemFiles>(), std::move(path)) {}

std::string read_file(const std::string& path, std::uint64_t most_bytes) {
  const std::unique_ptr<ByteSource> source = SystemFiles().open(path);
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (used == text.size()) text.resize(std::max<std::size_t>(2 * used, 1 << 16));
    const std::size_t count = source->read(std::as_writable_bytes(std::span(text.data() + used, text.size() - used)));
    if (count == 0) break;
    used += count;
    if (used > most_bytes)
      throw Error(Code::limit_exceeded, {.message = "the file is larger than the limit", .reason = "FILE_BYTES",
                                         .path = path, .expected = std::to_string(most_bytes) + " bytes at most",
                                         .hint = "a dataset reads files of any size: csv:, idx:, npy:"});
  }
  text.resize(used);
  return text;
}

WeightFiles weight_files_beside(const std::string& model_path) {
  const std::size_t slash = model_path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : model_path.substr(0, slash);
  return [folder = std::move(folder)](const std::string& name) { return map_file_within(folder, name); };
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  SystemFiles().write_atomically(path, bytes);
}

void write_files(const std::string& first_path, std::span<const std::byte> first, const std::string& second_path,
                 std::span<const std::byte> second) {
  const FileContent both[] = {{first_path, first}, {second_path, second}};
  SystemFiles().write_atomically(both);
}

}  // namespace webai
