// setup.data and setup.instructions: encodings, order, exact counts; export puts values back where they came from.
#include "support.h"

#include <cstring>

#include "core/model/base64.h"
#include "core/model/export.h"
#include "core/model/setup_data.h"

using namespace webai;
using test::values_of;
using test::World;

namespace {

std::string base64_of(std::vector<float> values) { return encode_base64(std::as_bytes(std::span(values))); }

std::string net(const std::string& setup) { return R"({"layers": [2, 1], "setup": {"data": )" + setup + "}}"; }

std::vector<double> first_values(const World& world, const std::string& setup) {
  const BuiltModel built = world.build(net(setup));
  std::vector<double> values = values_of(built.parameters[0].initial);
  values.push_back(built.parameters[1].initial.at(0));
  return values;
}

std::vector<Tensor> initials(const BuiltModel& built) {
  std::vector<Tensor> tensors;
  for (const BuiltParameter& parameter : built.parameters) tensors.push_back(parameter.initial);
  return tensors;
}

}  // namespace

TEST_CASE("base64 reads back what it wrote, for every length") {
  for (std::size_t length = 0; length < 70; ++length) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < length; ++i) bytes.push_back(static_cast<std::byte>(i * 37 + length));
    CHECK(decode_base64(encode_base64(bytes), "") == bytes);
  }
  CHECK(encode_base64(std::as_bytes(std::span("hello", 5))) == "aGVsbG8=");
}

TEST_CASE("A-06 base64 may be URL-safe, unpadded, spaced; anything else is refused") {
  const std::vector<std::byte> wanted = {std::byte{0xfb}, std::byte{0xff}, std::byte{0xfe}, std::byte{0xfb}};
  for (const char* text : {"+//++w==", "-__--w==", "-__--w", " +//\n+\t+w =\r= "})
    CHECK(decode_base64(text, "") == wanted);
  for (const char* text : {"a", "abcde", "ab=c", "abc==", "=", "====", "ab*d", "ab\x80z", "abcd=", "ab=", "abcd=="})
    CHECK_THROWS_AS(decode_base64(text, "/setup/data"), Error);
}

TEST_CASE("A-06 setup.data as base64, array, nested and ragged arrays") {
  const World world;
  const std::vector<double> wanted = {1, -2, 0.5};
  CHECK(first_values(world, "\"" + base64_of({1, -2, 0.5}) + "\"") == wanted);
  CHECK(first_values(world, "[1, -2, 0.5]") == wanted);
  CHECK(first_values(world, "[[1, -2], [0.5]]") == wanted);
  CHECK(first_values(world, "[[[1], -2], 0.5]") == wanted);
}

TEST_CASE("A-06 absent, null and empty setup.data mean random; an empty array is a wrong amount (A-73)") {
  const World world;
  const std::vector<double> random = values_of(world.build(R"({"layers": [2, 1]})").parameters[0].initial);
  CHECK(random != std::vector<double>{0, 0});
  CHECK(values_of(world.build(net("\"\"")).parameters[0].initial) == random);
  CHECK(values_of(world.build(net("null")).parameters[0].initial) == random);
  for (const char* setup : {"null", "{}"})
    CHECK(values_of(world.build(R"({"layers": [2, 1], "setup": )" + std::string(setup) + "}").parameters[0].initial) == random);
  CHECK(world.error_of(net("[]")).reason() == "SETUP_SIZE");
}

TEST_CASE("ERR-18 a wrong amount is SETUP_SIZE with expected, got and the first parameter affected") {
  const World world;
  const Error error = world.error_of(net("[1, 2]"));
  CHECK(error.code() == Code::invalid_model);
  CHECK(error.reason() == "SETUP_SIZE");
  CHECK(error.path() == "/setup/data");
  CHECK(error.expected() == "3");
  CHECK(error.actual() == "2");
  CHECK_THAT(error.what(), Catch::Contains("\"1.bias\""));
  CHECK_THAT(world.error_of(net("[1]")).what(), Catch::Contains("\"1.weights\""));
  CHECK(world.error_of(net("[1, 2, 3, 4]")).actual() == "4");
  CHECK(world.error_of(net("\"AAAAAAA=\"")).reason() == "SETUP_SIZE");  // five bytes: no whole number of elements
  const std::vector<std::byte> thirteen(13);  // three elements and a byte
  const Error cut = world.error_of(net("\"" + encode_base64(thirteen) + "\""));
  CHECK(cut.reason() == "SETUP_SIZE");
  CHECK(cut.actual() == "13");
  CHECK(world.error_of(R"({"layers": [2, {"type": "tanh"}], "setup": {"data": [1]}})").expected() == "0");
  const Error inner = world.error_of(R"({"layers": [2, {"type": "net", "net": {"layers": [2, 1], "setup": {"data": [1, 2, 3, 4]}}}]})");
  CHECK(inner.reason() == "SETUP_SIZE");
  CHECK(inner.path() == "/layers/1/net/setup/data");
  CHECK(world.error_of(net("[1, \"x\", 3]")).path() == "/setup/data/1");
}

TEST_CASE("EX-26 the author's greeting as setupData is a wrong amount") {
  const World world;
  const Error error =
      world.error_of(R"({"activation":"tanh","layers":[8,14,9],"setupData":"ISEhIEhlbGxvIHdlYiBNTCAhISE="})");
  CHECK(error.reason() == "SETUP_SIZE");
  CHECK(error.path() == "/setupData");
  CHECK(error.expected() == "261");
  CHECK(error.actual() == "5");
}

TEST_CASE("A-33 the order is: a layer's parameters, then its pipes, layer by layer; inline ones are left out") {
  const World world;
  const BuiltModel built =
      world.build(R"({"layers": [1, {"size": 1, "pipes": [{"name": "p", "size": 1, "bias": false}]},
      {"size": 1, "weights": [[7], [8]]}], "setup": {"data": [1, 2, 3, 4]}})");
  REQUIRE(built.parameters.size() == 5);
  CHECK(built.parameters[0].initial.at(0) == 1);  // 1.weights
  CHECK(built.parameters[1].initial.at(0) == 2);  // 1.bias
  CHECK(built.parameters[2].name == "p.weights");
  CHECK(built.parameters[2].initial.at(0) == 3);
  CHECK(built.parameters[3].initial.at(1) == 8);  // inline
  CHECK(built.parameters[4].initial.at(0) == 4);  // 2.bias
  // Also where a pull has a later layer built first.
  const BuiltModel pulled = world.build(R"({"layers": [1, {"name": "first", "size": 1, "pipeFrom": "second"},
      {"name": "second", "size": 1, "pipeFrom": "0", "pipes": [1]}], "outputs": [{"name": "y", "pipeFrom": "first"}],
      "setup": {"data": [1, 2, 3, 4, 5, 6]}})");
  std::vector<std::string> names;
  for (const BuiltParameter& parameter : pulled.parameters) {
    names.push_back(parameter.name);
    CHECK(parameter.initial.at(0) == static_cast<double>(names.size()));
  }
  CHECK(names == std::vector<std::string>{"first.weights", "first.bias", "second.weights", "second.bias", "2/0.weights", "2/0.bias"});
}

TEST_CASE("setup.data has the elements of the model's data type") {
  const World world;
  const std::vector<std::uint16_t> half = {0x3c00, 0xc000, 0x3800};
  const BuiltModel built = world.build(R"({"dataType": "fp16", "layers": [2, 1], "setup": {"data": ")" +
                                       encode_base64(std::as_bytes(std::span(half))) + "\"}}");
  CHECK(values_of(built.parameters[0].initial) == std::vector<double>{1, -2});
  CHECK(built.parameters[1].initial.at(0) == 0.5);
}

namespace {

constexpr std::uint32_t fp32_code = 2 + 256 * 32;

std::string with_table(std::vector<std::uint32_t> entries, std::vector<float> data) {
  std::vector<std::uint32_t> words = {0x31495357, static_cast<std::uint32_t>(entries.size() / 6)};
  words.insert(words.end(), entries.begin(), entries.end());
  return R"({"layers": [2, 1], "setup": {"data": ")" + base64_of(std::move(data)) + R"(", "instructions": ")" +
         encode_base64(std::as_bytes(std::span(words))) + "\"}}";
}

}  // namespace

TEST_CASE("A-05 instructions place each parameter in the data") {
  const World world;
  const BuiltModel built = world.build(with_table({2, 1, fp32_code, 0, 0, 1, 2, 0, fp32_code, 2, 0, 2}, {9, -1, 5, 6}));
  CHECK(built.parameters[1].initial.at(0) == 9);
  CHECK(values_of(built.parameters[0].initial) == std::vector<double>{5, 6});
}

TEST_CASE("A-05 tables that do not fit are refused: bounds, counts, coverage, overlap") {
  const World world;
  const std::vector<float> data = {9, -1, 5, 6};
  for (const std::vector<std::uint32_t>& entries :
       {std::vector<std::uint32_t>{2, 1, fp32_code, 0, 0, 1},                               // weights missing
        {2, 1, fp32_code, 0, 0, 1, 2, 0, fp32_code, 3, 0, 2},                               // out of bounds
        {2, 1, fp32_code, 0, 0, 1, 2, 0, fp32_code, 0, 1, 2},                               // offset of 2^32
        {2, 1, fp32_code, 0, 0, 2, 2, 0, fp32_code, 2, 0, 2},                               // wrong count
        {2, 1, fp32_code, 2, 0, 1, 2, 0, fp32_code, 2, 0, 2},                               // overlap
        {2, 1, 77, 0, 0, 1, 2, 0, fp32_code, 2, 0, 2},                                      // no such type
        {3, 1, fp32_code, 0, 0, 1, 2, 0, fp32_code, 2, 0, 2},                               // no such layer
        {2, 1, fp32_code, 0, 0, 1, 2, 0, fp32_code, 2, 0, 2, 2, 0, fp32_code, 2, 0, 2}}) {  // twice
    CHECK(world.error_of(with_table(entries, data)).reason() == "INSTRUCTIONS");
  }
  for (const char* table : {"[1, 2]", "[827872087]", "[827872087, 4000000000]", "\"AAAA\"", "{}"})
    CHECK(world.error_of(R"({"layers": [2, 1], "setup": {"data": "AAAA", "instructions": )" + std::string(table) + "}}")
              .reason() == "INSTRUCTIONS");
}

TEST_CASE("A-49 export returns what was given with current values where they came from") {
  const World world;
  const char* text =
      R"({"x-tool":1,"layers":[2,{"bias":[0,0],"name":"h","size":2},{"size":1}],"activation":"tanh","setup":{"data":"","x":null}})";
  std::string clean = text;
  clean.replace(clean.find(",\"x\":null"), 9, "");
  const Model model = world.parse(clean);
  const BuiltModel built = build_model(world.context, world.registry, model);
  std::vector<Tensor> current = initials(built);
  current[1].set(0, 0.1);
  const std::string out = export_json(model, built, current, {}, {.setup_data_as = SetupDataAs::array});
  CHECK(out.substr(0, 62) == R"({"x-tool":1,"layers":[2,{"bias":[0.1,0],"name":"h","size":2},{)");
  const BuiltModel again = world.build(out);
  for (std::size_t i = 0; i < current.size(); ++i)
    CHECK(values_of(again.parameters[i].initial) == values_of(current[i]));
  CHECK(read_json(out, Limits{}).find("webai")->as_integer() == 1);
}

TEST_CASE("export finds the place of inline values also under old names") {
  const World world;
  const Model model = world.parse(R"({"layers":[1,{"pipe":[{"count":1,"bias":[3],"weights":[[2]]}]}]})");
  const BuiltModel built = build_model(world.context, world.registry, model);
  std::vector<Tensor> current = initials(built);
  current[1].set(0, 4);
  CHECK(export_json(model, built, current) ==
        R"({"layers":[1,{"pipe":[{"count":1,"bias":[4],"weights":[[2]]}]}],"webai":1})");
}

TEST_CASE("export in base64 reads back bit by bit, for every floating type") {
  const World world;
  for (const char* type : {"fp16", "bf16", "fp32", "fp64"}) {
    const Model model = world.parse(R"({"dataType": ")" + std::string(type) + R"(", "layers": [5, [2, 2], 3]})");
    const BuiltModel built = build_model(world.context, world.registry, model);
    for (const SetupDataAs as : {SetupDataAs::base64, SetupDataAs::array}) {
      const std::vector<Tensor> current = initials(built);
      const BuiltModel again =
          world.build(export_json(model, built, current, {}, {.setup_data_as = as, .pretty = true}));
      for (std::size_t i = 0; i < current.size(); ++i)
        CHECK(std::memcmp(again.parameters[i].initial.data(), current[i].data(), current[i].bytes()) == 0);
    }
  }
}

TEST_CASE("export writes what auto normalisation learned as the step it stands for") {
  const World world;
  const Model model = world.parse(R"({"io": {"input": {"normalize": "auto"}}, "layers": [2, 1]})");
  const BuiltModel built = build_model(world.context, world.registry, model);
  const double means[] = {3, 4}, deviations[] = {2, 4};
  const Tensor learned[] = {Tensor::from(world.context, DType::fp32, {2}, means),
                            Tensor::from(world.context, DType::fp32, {2}, deviations)};
  const Json json = export_model(model, built, initials(built), learned);
  const Json& step = *json.find("io")->find("input")->find("normalize");
  CHECK(step.find("type")->as_text() == "standardize");
  CHECK(step.find("std")->as_numbers()[1] == 4);
  CHECK_NOTHROW(world.build(write_json(json)));
}

TEST_CASE("models of zero stored parameters take no setup.data and export none") {
  const World world;
  const char* text = R"({"layers":[2,{"type":"tanh"}]})";
  const Model model = world.parse(text);
  CHECK(export_json(model, build_model(world.context, world.registry, model), {}) ==
        R"({"layers":[2,{"type":"tanh"}],"webai":1})");
}
