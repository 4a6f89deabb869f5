// Folder by folder from an open one, so that nobody can put a link in between.
#include "host/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

#include "host/descriptor.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void cannot_map(const std::string& name, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  const bool link = error == ELOOP || error == EMLINK;
  throw Error(
      absent ? Code::not_found
      : link ? Code::denied
             : Code::host_error,
      {.message = link ? "a link stands in its way" : "cannot be opened: " + std::generic_category().message(error),
       .reason = absent ? "FILE_NOT_FOUND"
                 : link ? "FILE_LINK"
                        : "FILE",
       .path = name,
       .hint = link ? "put the file itself into the model's folder" : ""});
}

Descriptor open_at(int folder, const std::string& part, int flags, const std::string& name) {
  int number;
  do {
    number = ::openat(folder, part.c_str(), flags | O_CLOEXEC);
  } while (number < 0 && errno == EINTR);
  // A folder's place taken by a link is told as "no folder".
  struct stat facts;
  if (number < 0 && errno == ENOTDIR && ::fstatat(folder, part.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(facts.st_mode))
    cannot_map(name, ELOOP);
  if (number < 0) cannot_map(name, errno);
  return Descriptor(number);
}

Descriptor open_within(const std::string& folder, const std::string& name) {
  Descriptor at = open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, name);
  for (std::string_view rest = name;;) {
    const std::size_t slash = rest.find('/');
    const std::string part(rest.substr(0, slash));
    // Not blocking: a pipe in the file's place would wait for a writer.
    if (slash == std::string_view::npos) return open_at(at.number(), part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, name);
    at = open_at(at.number(), part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, name);
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

Tensor map_file_within(const std::string& folder, const std::string& name) {
  const Descriptor file = open_within(folder, name);
  struct stat facts;
  if (::fstat(file.number(), &facts) != 0) cannot_map(name, errno);
  if (!S_ISREG(facts.st_mode)) cannot_map(name, S_ISDIR(facts.st_mode) ? EISDIR : EINVAL);
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return Tensor::wrap(nullptr, DType::u8, Shape{0});
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.number(), 0);
  if (memory == MAP_FAILED) cannot_map(name, errno);
  return Tensor::wrap(memory, DType::u8, Shape{static_cast<std::int64_t>(size)},
                      [memory, size] { ::munmap(memory, size); });
}

}  // namespace webai
