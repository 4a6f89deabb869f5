#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base/memory_source.h"
#include "host/files.h"
#include "support/folder.h"
#include "support/refusals.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;
namespace fs = std::filesystem;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string content(const std::string& path) {
  SystemFiles files;
  return read_text(*files.open(path), 1 << 24);
}

mode_t mode_of(const std::string& path) {
  struct stat facts;
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

}  // namespace

TEST_CASE("what is written is read back, in small and large pieces, twice") {
  Folder folder;
  SystemFiles files;
  std::string text;
  for (int i = 0; text.size() < 700'000; ++i) text += std::to_string(i) + ",";
  files.write_atomically(folder.at("data"), bytes_of(text));
  CHECK(folder.count() == 1);
  const auto source = files.open(folder.at("data"));
  CHECK(source->name() == folder.at("data"));
  for (int round = 0; round < 2; ++round) {
    std::string read;
    char piece[300'000];
    // Sizes around the buffer's, so that buffered and direct reads alternate.
    for (std::size_t size = 1;; size = size * 7 % 300'000 + 1) {
      const std::size_t count = source->read(std::as_writable_bytes(std::span(piece, size)));
      if (count == 0) break;
      read.append(piece, count);
    }
    CHECK(read == text);
    source->rewind();
  }
  files.write_atomically(folder.at("empty"), {});
  CHECK(content(folder.at("empty")).empty());
}

TEST_CASE("absent files and folders are named in the error") {
  Folder folder;
  SystemFiles files;
  const Error absent = error_of([&] { files.open(folder.at("none.json")); });
  CHECK(absent.code() == Code::not_found);
  CHECK(absent.path() == folder.at("none.json"));
  CHECK(std::string(absent.what()).find("No such file") != std::string::npos);
  CHECK(error_of([&] { files.open(folder.path); }).code() == Code::host_error);
  CHECK(error_of([&] { files.open(""); }).code() == Code::invalid_argument);
  CHECK(error_of([&] { files.open(std::string("a\0b", 3)); }).code() == Code::invalid_argument);
  const Error nowhere = error_of([&] { files.write_atomically(folder.at("no/such/x"), {}); });
  CHECK(nowhere.code() == Code::not_found);
  CHECK(std::string(nowhere.what()).find("there is no such folder") != std::string::npos);
  CHECK(error_of([&] { files.write_atomically(folder.path, {}); }).code() == Code::host_error);
  CHECK(folder.count() == 0);
}

TEST_CASE("a new file obeys the process's mask, an old one keeps its permissions") {
  Folder folder;
  SystemFiles files;
  const mode_t before = ::umask(027);
  files.write_atomically(folder.at("new"), bytes_of("1"));
  ::umask(before);
  CHECK(mode_of(folder.at("new")) == 0640);
  REQUIRE(::chmod(folder.at("new").c_str(), 0604) == 0);
  files.write_atomically(folder.at("new"), bytes_of("2"));
  CHECK(mode_of(folder.at("new")) == 0604);
  CHECK(content(folder.at("new")) == "2");
}

TEST_CASE("a symbolic link stays a link, and its target is replaced") {
  Folder folder;
  SystemFiles files;
  files.write_atomically(folder.at("target"), bytes_of("old"));
  fs::create_symlink("target", folder.at("link"));
  files.write_atomically(folder.at("link"), bytes_of("new"));
  CHECK(fs::is_symlink(folder.at("link")));
  CHECK(content(folder.at("target")) == "new");
}

TEST_CASE("a name as long as names may be can be written") {
  Folder folder;
  SystemFiles files;
  const std::string longest = folder.at(std::string(255, 'n'));
  files.write_atomically(longest, bytes_of("x"));
  CHECK(content(longest) == "x");
  CHECK(error_of([&] { files.write_atomically(longest + "n", {}); }).code() == Code::host_error);
  CHECK(folder.count() == 1);
}

TEST_CASE("when the write fails half way the old file stays and nothing is left behind") {
  Folder folder;
  SystemFiles files;
  files.write_atomically(folder.at("model"), bytes_of("old"));
  // A limit on file sizes fails as a full disk does: some bytes are written, then no more.
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{1000, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string large(5000, 'x');
  const Error error = error_of([&] { files.write_atomically(folder.at("model"), bytes_of(large)); });
  const Error fresh = error_of([&] { files.write_atomically(folder.at("fresh"), bytes_of(large)); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old_handler);
  CHECK(error.code() == Code::host_error);
  CHECK(error.path() == folder.at("model"));
  CHECK(error.hint() == "the old file was kept");
  CHECK(fresh.hint() == "no file was made");
  CHECK(content(folder.at("model")) == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("of two files that belong together both are replaced or none") {
  Folder folder;
  SystemFiles files;
  const FileContent good[] = {{folder.at("weights"), bytes_of("w1")}, {folder.at("model"), bytes_of("m1")}};
  files.write_atomically(good);
  CHECK(content(folder.at("weights")) == "w1");
  CHECK(content(folder.at("model")) == "m1");
  const FileContent bad[] = {{folder.at("weights"), bytes_of("w2")}, {folder.path, bytes_of("m2")}};
  CHECK(error_of([&] { files.write_atomically(bad); }).code() == Code::host_error);
  CHECK(content(folder.at("weights")) == "w1");
  CHECK(folder.count() == 2);
}

TEST_CASE("a process killed while it writes leaves the old file and nothing beside it") {
  if (!fs::exists("/proc/self/fd")) return;
  Folder folder;
  SystemFiles files;
  files.write_atomically(folder.at("model"), bytes_of("old"));
  const int probe = ::open(folder.path.c_str(), O_WRONLY | O_TMPFILE, 0666);
  if (probe < 0) return;  // a file system without nameless files
  ::close(probe);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_DFL);  // ends the process at the thousandth byte
    const struct rlimit small{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    files.write_atomically(folder.at("model"), bytes_of(std::string(5000, 'x')));
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(content(folder.at("model")) == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("a device is written to, not replaced, and a full one is an error") {
  if (!fs::is_character_file("/dev/full")) return;
  SystemFiles files;
  const Error error = error_of([&] { files.write_atomically("/dev/full", bytes_of("x")); });
  CHECK(error.code() == Code::host_error);
  CHECK(error.reason() == "DISK_FULL");
  CHECK(fs::is_character_file("/dev/full"));
  files.write_atomically("/dev/null", bytes_of("x"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a write-protected file or folder is left as it is") {
  if (::geteuid() == 0) return;  // an administrator is not stopped by permissions
  Folder folder;
  SystemFiles files;
  files.write_atomically(folder.at("model"), bytes_of("old"));
  REQUIRE(::chmod(folder.at("model").c_str(), 0444) == 0);
  CHECK(error_of([&] { files.write_atomically(folder.at("model"), bytes_of("new")); }).code() == Code::host_error);
  REQUIRE(::chmod(folder.at("model").c_str(), 0644) == 0);
  REQUIRE(::chmod(folder.path.c_str(), 0555) == 0);
  CHECK(error_of([&] { files.write_atomically(folder.at("model"), bytes_of("new")); }).code() == Code::host_error);
  CHECK(content(folder.at("model")) == "old");
  REQUIRE(::chmod(folder.path.c_str(), 0755) == 0);
}

TEST_CASE("a pipe is read once") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "abc", 3) == 3);
  ::close(ends[1]);
  SystemFiles files;
  const auto source = files.open("/dev/fd/" + std::to_string(ends[0]));
  CHECK(read_text(*source, 100) == "abc");
  CHECK(error_of([&] { source->rewind(); }).code() == Code::host_error);
  ::close(ends[0]);
}
