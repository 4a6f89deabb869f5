// Weights in files of their own (A-63), read from memory instead of a disk.
#include "core/model/setup_file.h"

#include <cstring>
#include <map>

#include "core/model/base64.h"
#include "core/model/export.h"
#include "support.h"

using namespace webai;
using webai::test::values_of;
using webai::test::World;

namespace {

std::vector<std::byte> bytes_of(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct Disk {
  std::map<std::string, std::vector<std::byte>> files;
  std::vector<std::string> asked;
  WeightFiles weights = [this](const std::string& name) {
    asked.push_back(name);
    const auto file = files.find(name);
    if (file == files.end())
      throw Error(Code::not_found, {.message = "there is no such file", .reason = "FILE_NOT_FOUND"});
    return Tensor::wrap(file->second.data(), DType::u8, Shape{static_cast<std::int64_t>(file->second.size())});
  };
};

std::string model(const std::string& data) { return R"({"layers": [2, 1], "setup": {"data": )" + data + "}}"; }

}  // namespace

TEST_CASE("A-63 weights stand in a file, from an offset on, and are not copied") {
  World world;
  Disk disk;
  disk.files["m.weights"] = bytes_of({9, 9, 1, 2, 3});
  const BuiltModel built = world.build(model(R"({"file": "m.weights", "offset": 8})"), {.files = &disk.weights});
  REQUIRE(values_of(built.parameters[0].initial) == std::vector<double>{1, 2});
  REQUIRE(values_of(built.parameters[1].initial) == std::vector<double>{3});
  REQUIRE(static_cast<const void*>(built.parameters[0].initial.data()) == disk.files["m.weights"].data() + 8);
  REQUIRE(disk.asked == std::vector<std::string>{"m.weights"});

  // An offset that no float can stand at is read all the same.
  std::vector<std::byte> shifted(1);
  const auto values = bytes_of({4, 5, 6});
  shifted.insert(shifted.end(), values.begin(), values.end());
  disk.files["deep/odd.weights"] = shifted;
  const BuiltModel odd = world.build(model(R"({"file": "deep/odd.weights", "offset": 1})"), {.files = &disk.weights});
  REQUIRE(values_of(odd.parameters[0].initial) == std::vector<double>{4, 5});

  // Trial builds and graphs without values ask for no file.
  disk.asked.clear();
  world.build(model(R"({"file": "absent"})"), {.fill = false});
  REQUIRE(disk.asked.empty());
}

TEST_CASE("A-63 files too short, too long, changed, absent, or that nobody may open") {
  World world;
  Disk disk;
  disk.files["short"] = bytes_of({1, 2});
  disk.files["right"] = bytes_of({1, 2, 3});
  disk.files["long"] = bytes_of({1, 2, 3, 4});
  disk.files["ragged"] = std::vector<std::byte>(11);
  disk.files["empty"] = {};
  disk.files["changed"] = bytes_of({1, 2, 4});
  const std::string checksum = checksum_of(disk.files["right"]);
  struct Case {
    std::string data;
    Code code;
    const char* reason;
    const char* expected;
    const char* actual;
  };
  const Case cases[] = {
      {R"({"file": "short"})", Code::invalid_model, "SETUP_SIZE", "3", "2"},
      {R"({"file": "short", "bytes": 12})", Code::invalid_model, "SETUP_FILE", "12 bytes or more", "8"},
      {R"({"file": "short", "offset": 9})", Code::invalid_model, "SETUP_FILE", "more than 9 bytes", "8"},
      {R"({"file": "short", "offset": 9007199254740000, "bytes": 9007199254740000})", Code::invalid_model, "SETUP_FILE",
       "18014398509480000 bytes or more", "8"},
      {R"({"file": "empty"})", Code::invalid_model, "SETUP_SIZE", "3", "0"},
      {R"({"file": "ragged"})", Code::invalid_model, "SETUP_SIZE", "a multiple of 4 bytes", "11"},
      {R"({"file": "long"})", Code::invalid_model, "SETUP_SIZE", "3", "4"},
      {R"({"file": "long", "offset": 4, "bytes": 12, "checksum": ")" + checksum + R"("})", Code::invalid_model,
       "SETUP_FILE", nullptr, nullptr},
      {R"({"file": "changed", "checksum": ")" + checksum + R"("})", Code::invalid_model, "SETUP_FILE", nullptr, nullptr},
      {R"({"file": "absent"})", Code::not_found, "FILE_NOT_FOUND", "", ""},
  };
  for (const Case& one : cases) {
    CAPTURE(one.data);
    const Error error = world.error_of(model(one.data), {.files = &disk.weights});
    CHECK(error.code() == one.code);
    CHECK(error.reason() == one.reason);
    CHECK(error.path() == "/setup/data");
    if (one.expected) CHECK(error.expected() == one.expected);
    if (one.actual) CHECK(error.actual() == one.actual);
  }
  CHECK(world.error_of(model(R"({"file": "long"})"), {.files = &disk.weights}).hint() ==
        "say how much of the file is meant: \"bytes\": 12");
  world.build(model(R"({"file": "long", "bytes": 12, "checksum": ")" + checksum + R"("})"), {.files = &disk.weights});

  const Error closed = world.error_of(model(R"({"file": "right"})"));
  CHECK(closed.code() == Code::denied);
  CHECK(closed.reason() == "SETUP_FILE");
}

TEST_CASE("A-63 a name that leads out of the model's folder is refused before anybody is asked") {
  World world;
  Disk disk;
  for (const char* name : {"/etc/passwd", "../m", "a/../m", "./m", "a//m", "a/", "", ".", "..", "C:m", "http://h/m",
                           "a\\\\m", "a\\u0000b", "a\\nb"}) {
    CAPTURE(name);
    const Error error = world.error_of(model(R"({"file": ")" + std::string(name) + R"("})"), {.files = &disk.weights});
    CHECK(error.code() == Code::invalid_model);
    CHECK(error.reason() == "SETUP_FILE");
    CHECK(error.path() == "/setup/data/file");
  }
  REQUIRE(disk.asked.empty());
  const auto reason = [&](const std::string& data) { return world.error_of(model(data), {.files = &disk.weights}); };
  CHECK(reason("{}").reason() == "PROPERTY_MISSING");
  CHECK(reason(R"({"file": "m", "ofset": 0})").hint() == "did you mean \"offset\"?");
  CHECK(reason(R"({"file": "m", "offset": -1})").path() == "/setup/data/offset");
  CHECK(reason(R"({"file": "m", "offset": 0.5})").reason() == "PROPERTY_VALUE");
  CHECK(reason(R"({"file": "m", "bytes": "all"})").path() == "/setup/data/bytes");
  CHECK(reason(R"({"file": "m", "checksum": "12"})").expected() == "16 hexadecimal digits");
  CHECK(reason(R"({"file": 3})").path() == "/setup/data/file");
}

TEST_CASE("A-63 A-05 with instructions each entry of a file has a type of its own") {
  World world;
  Disk disk;
  const auto halves =
      std::vector<std::byte>{std::byte{0x00}, std::byte{0x3c}, std::byte{0x00}, std::byte{0x40}};  // fp16 1, 2
  disk.files["mixed"] = halves;
  const auto bias = bytes_of({7});
  disk.files["mixed"].insert(disk.files["mixed"].end(), bias.begin(), bias.end());
  // Layer 2 (the second in the document): parameter 0 as fp16 at element 0, parameter 1 as fp32 at element 1.
  const std::string text = R"({"layers": [2, 1], "setup": {"data": {"file": "mixed"}, "instructions":
      [826889047, 2,  2, 0, 4098, 0, 0, 2,  2, 1, 8194, 1, 0, 1]}})";
  const BuiltModel built = world.build(text, {.files = &disk.weights});
  REQUIRE(values_of(built.parameters[0].initial) == std::vector<double>{1, 2});
  REQUIRE(built.parameters[0].initial.type() == DType::fp32);
  REQUIRE(values_of(built.parameters[1].initial) == std::vector<double>{7});
  disk.files["mixed"].resize(7);
  REQUIRE(world.error_of(text, {.files = &disk.weights}).reason() == "INSTRUCTIONS");
}

TEST_CASE("A-63 what is written into a file reads back, inner nets with data of their own as well") {
  World world;
  const std::string text =
      R"({"layers": [2, {"type": "net", "net": {"layers": [2, 3], "setup": {"data": [1,2,3,4,5,6,7,8,9]}}}, 1]})";
  const Model given = world.parse(text);
  const BuiltModel built = build_model(world.context, world.registry, given);
  std::vector<Tensor> current;
  for (const BuiltParameter& parameter : built.parameters) current.push_back(parameter.initial);
  WeightsFile file{.name = "m.weights"};
  const Json json = export_model(given, built, current, {}, {.setup_data_as = SetupDataAs::file, .file = &file});
  const Json& setup = *json.find("setup")->find("data");
  REQUIRE(setup.find("file")->as_text() == "m.weights");
  REQUIRE(*setup.find("offset")->as_integer() % 64 == 0);
  REQUIRE(setup.find("bytes")->as_integer() == 16);

  Disk disk;
  disk.files["m.weights"] = file.bytes;
  const BuiltModel again = world.build(write_json(json), {.files = &disk.weights});
  REQUIRE(again.parameters.size() == current.size());
  for (std::size_t i = 0; i < current.size(); ++i)
    CHECK(values_of(again.parameters[i].initial) == values_of(current[i]));
  disk.files["m.weights"][0] ^= std::byte{1};
  CHECK(world.error_of(write_json(json), {.files = &disk.weights}).reason() == "SETUP_FILE");
}
