// Files of weights inside a model's folder: found, mapped, and nothing outside of it.
#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "host/mapped_file.h"
#include "support/folder.h"
#include "support/refusals.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;
namespace fs = std::filesystem;

namespace {

struct ModelFolder : Folder {
  ModelFolder() {
    fs::create_directories(path / "model/deep");
    write("secret", "secret");
    write("model/m.weights", "12345678");
    write("model/deep/er", "ab");
    write("model/empty", "");
  }
  Tensor map(const char* name) const { return map_file_within((path / "model").string(), name); }
  Error error_of(const char* name) const {
    INFO(name);
    return test::error_of([&] { map(name); });
  }
};

std::string text_of(const Tensor& tensor) { return {static_cast<const char*>(tensor.data()), tensor.bytes()}; }

}  // namespace

TEST_CASE("A-63 a file of weights is found below its model's folder and mapped; writing to it reaches no file") {
  const ModelFolder folder;
  Tensor weights = folder.map("m.weights");
  REQUIRE(weights.type() == DType::u8);
  REQUIRE(text_of(weights) == "12345678");
  *static_cast<char*>(weights.data()) = 'x';
  REQUIRE(text_of(folder.map("m.weights")) == "12345678");
  REQUIRE(text_of(folder.map("deep/er")) == "ab");
  REQUIRE(folder.map("empty").bytes() == 0);
  // Replacing the file, as writers do, leaves what is mapped as it was.
  folder.write("new", "87654321");
  fs::rename(folder.path / "new", folder.path / "model/m.weights");
  REQUIRE(text_of(weights) == "x2345678");
}

TEST_CASE("A-63 no link below the model's folder is followed, and nothing but a file is taken") {
  const ModelFolder folder;
  fs::create_symlink(folder.path / "secret", folder.path / "model/link");
  fs::create_symlink(folder.path / "model/m.weights", folder.path / "model/inside");
  fs::create_directory_symlink(folder.path, folder.path / "model/up");
  for (const char* name : {"link", "inside", "up/secret", "up/model/m.weights"}) {
    CAPTURE(name);
    const Error error = folder.error_of(name);
    CHECK(error.code() == Code::denied);
    CHECK(error.reason() == "FILE_LINK");
  }
  REQUIRE(::mkfifo((folder.path / "model/pipe").c_str(), 0600) == 0);
  CHECK(folder.error_of("pipe").code() == Code::host_error);  // and does not wait for a writer
  CHECK(folder.error_of("deep").code() == Code::host_error);
  CHECK(folder.error_of("absent").code() == Code::not_found);
  CHECK(folder.error_of("m.weights/x").code() == Code::not_found);
  CHECK(folder.error_of("absent/x").reason() == "FILE_NOT_FOUND");
}
