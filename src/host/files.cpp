// POSIX files: reading through a buffer, replacing a file whole or not at all.
#include "host/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <list>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "host/descriptor.h"
#include "webai/error.hpp"

namespace webai {
namespace {

std::string words_of(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(const std::string& path, const std::string& what, int error, std::string hint = {}) {
  const bool is_absent = error == ENOENT || error == ENOTDIR;
  const bool is_full = error == ENOSPC || error == EDQUOT;
  throw Error(is_absent ? Code::not_found : Code::host_error,
              {.message = what + ": " + words_of(error),
               .reason = is_absent ? "FILE_NOT_FOUND" : is_full ? "DISK_FULL" : "FILE",
               .path = path,
               .hint = std::move(hint)});
}

int open_file(const std::string& path, int flags, mode_t mode = 0) {
  int number;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (number < 0 && errno == EINTR);
  return number;
}

// A path with a zero byte would name another file than the text says.
void check_path(const std::string& path) {
  if (path.empty()) throw Error(Code::invalid_argument, "the name of a file is empty");
  if (path.find('\0') != std::string::npos) {
    throw Error(Code::invalid_argument, "the name of a file contains a zero byte");
  }
}

class FileSource final : public ByteSource {
 public:
  FileSource(std::string path, int number) : path_(std::move(path)), file_(number) {}

  std::size_t read(std::span<std::byte> into) override {
    if (into.empty()) return 0;
    if (begin_ == end_) {
      if (into.size() >= buffer_size) return read_file(into);
      buffer_.resize(buffer_size);
      begin_ = 0;
      end_ = read_file(buffer_);
    }
    const std::size_t count = std::min(into.size(), end_ - begin_);
    if (count != 0) std::memcpy(into.data(), buffer_.data() + begin_, count);
    begin_ += count;
    return count;
  }

  void rewind() override {
    begin_ = end_ = 0;
    if (::lseek(file_.number(), 0, SEEK_SET) < 0) fail(path_, "cannot be read a second time", errno);
  }

  const std::string& name() const override { return path_; }

 private:
  static constexpr std::size_t buffer_size = std::size_t{1} << 17;

  std::size_t read_file(std::span<std::byte> into) {
    for (;;) {
      const ssize_t count = ::read(file_.number(), into.data(), into.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail(path_, "cannot be read", errno);
    }
  }

  std::string path_;
  Descriptor file_;
  std::vector<std::byte> buffer_;  // taken at the first small read
  std::size_t begin_ = 0, end_ = 0;
};

// 0 or the error.
int write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return count == 0 ? EIO : errno;
    }
  }
  return 0;
}

// 0 or the error. Some file systems have nothing to flush and say so.
int flush(int file) {
  int result;
  do {
    result = ::fsync(file);
  } while (result != 0 && errno == EINTR);
  return result == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS ? 0 : errno;
}

// Where the path leads once symbolic links are followed; the path itself where nothing is yet.
std::string resolved(const std::string& path) {
  char* found = ::realpath(path.c_str(), nullptr);
  if (!found) return path;
  std::string result = found;
  std::free(found);
  return result;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Removes an unfinished file unless told that it is finished.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  ~Unfinished() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::string& path() const { return path_; }
  void finished() { path_.clear(); }

 private:
  std::string path_;
};

// A new file in `folder`. `make` gets names that nobody should have; their length does not depend on the final name's.
template <class Make> int make_temporary(const std::string& folder, std::string& path, const Make& make) {
  for (unsigned attempt = 0; attempt < 10'000; ++attempt) {
    path = folder + "/.webai-" + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".tmp";
    const int result = make(path);
    if (result >= 0 || errno != EEXIST) return result;
  }
  errno = EEXIST;
  return -1;
}

// A file without a name, which the system removes with the process; -1 where it does not know such or cannot name it later.
int open_nameless([[maybe_unused]] const std::string& folder) {
#ifdef O_TMPFILE
  if (::access("/proc/self/fd", X_OK) == 0) return open_file(folder, O_WRONLY | O_TMPFILE, 0666);
#endif
  return -1;
}

void write_directly(const std::string& path, std::span<const std::byte> bytes) {
  Descriptor file(open_file(path, O_WRONLY));
  if (!file.is_open()) fail(path, "cannot be written", errno);
  int error = write_all(file.number(), bytes);
  if (const int at_close = file.close(); error == 0) error = at_close;
  if (error != 0) fail(path, "cannot be written", error);
}

// One file on its way: first its content beside the old one, then its name.
class Replacement {
 public:
  explicit Replacement(const FileContent& content) : path_(content.path), target_(resolved(path_)), bytes_(content.bytes) {
    struct stat existing;
    const bool exists = ::stat(target_.c_str(), &existing) == 0;
    kept_ = exists ? "the old file was kept" : "no file was made";
    if (exists && S_ISDIR(existing.st_mode)) fail(path_, "cannot be written", EISDIR);
    direct_ = exists && !S_ISREG(existing.st_mode);
    if (direct_) return;
    // Renaming over a write-protected file would succeed: its protection is meant for us too.
    if (exists && ::access(target_.c_str(), W_OK) != 0) fail(path_, "cannot be written", errno, kept_);
    stage(exists ? &existing : nullptr);
  }

  void commit() {
    if (direct_) return write_directly(target_, bytes_);
    int error = unfinished_ ? 0 : give_name();
    if (const int at_close = file_->close(); error == 0) error = at_close;
    if (error == 0 && ::rename(unfinished_->path().c_str(), target_.c_str()) != 0) error = errno;
    if (error != 0) fail(path_, "cannot be written", error, kept_);
    unfinished_->finished();
    // The new name itself reaches the disk with its folder; where folders cannot be flushed nothing can be done.
    if (const Descriptor parent(open_file(folder_of(target_), O_RDONLY | O_DIRECTORY)); parent.is_open()) flush(parent.number());
  }

 private:
  void stage(const struct stat* existing) {
    const std::string folder = folder_of(target_);
    file_.emplace(open_nameless(folder));
    if (!file_->is_open()) {
      std::string temporary;
      file_.emplace(make_temporary(folder, temporary, [](const std::string& path) {
        return open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0666);  // less the process's mask
      }));
      if (!file_->is_open())
        fail(path_, errno == ENOENT ? "cannot be written, there is no such folder" : "cannot be written, its folder refuses new files",
             errno, kept_);
      unfinished_.emplace(temporary);
    }
    int error = 0;
    if (existing) {
      // The owner can be kept by an administrator only; for others the file becomes theirs, as with any editor.
      const bool same_owner = ::fchown(file_->number(), existing->st_uid, existing->st_gid) == 0;
      const mode_t mode = existing->st_mode & (same_owner ? 07777 : 0777);
      if (::fchmod(file_->number(), mode) != 0) error = errno;
    }
    if (error == 0) error = write_all(file_->number(), bytes_);
    if (error == 0) error = flush(file_->number());
    if (error != 0) fail(path_, "cannot be written", error, kept_);
  }

  // 0 or the error.
  int give_name() {
    const std::string own = "/proc/self/fd/" + std::to_string(file_->number());
    std::string name;
    const int result = make_temporary(folder_of(target_), name, [&](const std::string& path) {
      return ::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
    });
    if (result != 0) return errno;
    unfinished_.emplace(name);
    return 0;
  }

  std::string path_, target_, kept_;
  std::span<const std::byte> bytes_;
  bool direct_ = false;               // into what is no regular file
  std::optional<Descriptor> file_;
  std::optional<Unfinished> unfinished_;  // once it has a name
};

}  // namespace

std::unique_ptr<ByteSource> SystemFiles::open(const std::string& path) {
  check_path(path);
  const int number = open_file(path, O_RDONLY);
  if (number < 0) fail(path, "cannot be opened", errno);
  auto source = std::make_unique<FileSource>(path, number);
  struct stat facts;
  if (::fstat(number, &facts) == 0 && S_ISDIR(facts.st_mode)) fail(path, "cannot be opened", EISDIR);
  return source;
}

void SystemFiles::write_atomically(std::span<const FileContent> files) {
  for (const FileContent& file : files) check_path(file.path);
  std::list<Replacement> staged;
  for (const FileContent& file : files) staged.emplace_back(file);
  for (Replacement& file : staged) file.commit();
}

}  // namespace webai
