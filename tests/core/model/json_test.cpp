// The JSON reader: what it takes, what it refuses and where, how it counts; writing reads back.
#include "support.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/model/json.h"
#include "core/model/json5.h"

using namespace webai;

namespace {

Json read(std::string_view text, JsonOptions options = {}) { return read_json(text, Limits{}, options); }

Error json_error(std::string_view text, Limits limits = {}, JsonOptions options = {}) {
  try {
    read_json(text, limits, options);
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error for " << text.substr(0, 80));
  return Error(Code::internal, "unreachable");
}

}  // namespace

TEST_CASE("JSON values keep their kind, order and exact integers") {
  const Json json =
      read(R"( {"b": [1, 2.5, -3], "a": {"t": true, "n": null, "s": "x\u00e9\n"}, "i": 9223372036854775807} )");
  REQUIRE(json.is_object());
  CHECK(json.members()[0].first == "b");
  CHECK(json.members()[1].first == "a");
  CHECK(json.find("b")->is_packed());
  CHECK(json.find("b")->as_numbers()[1] == 2.5);
  CHECK(json.find("i")->as_integer() == INT64_MAX);
  CHECK(json.find("a")->find("s")->as_text() == "x\xc3\xa9\n");
  CHECK(json.find("a")->find("t")->as_boolean());
  CHECK(json.find("missing") == nullptr);
  std::string many = "{";
  for (int i = 40; i > 0; --i) many += "\"k" + std::to_string(i * 7 % 41) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  CHECK(write_json(read(many)) == many);  // objects of many keys too
  CHECK(write_json(json.with("a", Json::number(1)).with("z", Json::number(2))) ==
        "{\"b\":[1,2.5,-3],\"a\":1,\"i\":9223372036854775807,\"z\":2}");
  CHECK(write_json(json) ==
        "{\"b\":[1,2.5,-3],\"a\":{\"t\":true,\"n\":null,\"s\":\"x\xc3\xa9\\n\"},\"i\":9223372036854775807}");
}

TEST_CASE("an array that starts with numbers and goes on with others keeps all of them") {
  const Json json = read("[1, 2, [3], \"x\", 4]");
  REQUIRE(json.size() == 5);
  CHECK(!json.is_packed());
  CHECK(json.at(1).as_number() == 2);
  CHECK(json.at(2).as_numbers()[0] == 3);
  CHECK(json.at(4).as_number() == 4);
}

TEST_CASE("JSON comparison looks at structure, not at the order of keys") {
  CHECK(read(R"({"a":1,"b":[1,"x"]})") == read(R"({"b":[1.0,"x"],"a":1})"));
  CHECK_FALSE(read(R"({"a":1})") == read(R"({"a":2})"));
  CHECK_FALSE(read("[1,2]") == read("[1,2,3]"));
}

TEST_CASE("a syntax error names line and column, what was expected and what was there") {
  const Error error = json_error("{\n  \"a\": 1,\n  \"layers\": [1, 2}\n}");
  CHECK(error.code() == Code::invalid_json);
  CHECK(error.reason() == "JSON_SYNTAX");
  CHECK(error.path() == "line 3, column 18");
  CHECK_THAT(error.what(), Catch::Contains("unexpected '}'") && Catch::Contains("']'"));
  CHECK(json_error("").path() == "line 1, column 1");
  CHECK(json_error("{\"a\" 1}").path() == "line 1, column 6");
  CHECK(json_error("[1e999]").reason() == "NUMBER_RANGE");
}

TEST_CASE("A-60 duplicate keys are refused with their place, in small and in large objects") {
  const Error error = json_error("{\"size\": 1,\n \"size\": 2}");
  CHECK(error.code() == Code::invalid_json);
  CHECK(error.reason() == "DUPLICATE_KEY");
  CHECK(error.path() == "line 2, column 7");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  CHECK(read(many + "\"k100\":0}").size() == 101);
  CHECK(json_error(many + "\"k7\":0}").reason() == "DUPLICATE_KEY");
  CHECK(json_error(many + "\n\"k99\":0}").path() == "line 2, column 5");
  // However many keys stand around the two, and wherever these stand.
  for (int keys = 2; keys < 40; ++keys)
    for (int first = 0; first < keys; ++first) {
      std::string text = "{";
      for (int i = 0; i < keys; ++i) text += "\"k" + std::to_string(i) + "\":0,";
      CHECK(json_error(text + "\"k" + std::to_string(first) + "\":0}").reason() == "DUPLICATE_KEY");
    }
  CHECK(json_error(R"({"a": [{"b": 1, "c": {}, "b": 2}]})").path() == "line 1, column 28");
  CHECK(json_error(R"({"ab": 1, "\u0061b": 2})").reason() == "DUPLICATE_KEY");
}

TEST_CASE("bad UTF-8 and zero bytes are refused") {
  CHECK(json_error("[\"\xff\"]").code() == Code::invalid_json);
  CHECK(json_error("[\"\xc0\x80\"]").code() == Code::invalid_json);
  CHECK(json_error(std::string_view("[1]\0[2]", 7)).code() == Code::invalid_json);
}

TEST_CASE("limits end the reading as soon as they are passed") {
  Limits limits;
  limits.json_depth = 10;
  CHECK(json_error("[[[[[[[[[[[1]]]]]]]]]]]", limits).reason() == "JSON_DEPTH");
  CHECK_NOTHROW(read_json("[[[[[[[[[[1]]]]]]]]]]", limits));
  limits = {};
  limits.json_depth = ~0u;
  CHECK(json_error(std::string(1'000'000, '['), limits).reason() == "JSON_DEPTH");
  limits = {};
  limits.json_bytes = 5;
  CHECK(json_error("[1,2,3]", limits).reason() == "JSON_BYTES");
  limits = {};
  limits.nodes = 10;
  std::string objects = "[";
  for (int i = 0; i < 1000; ++i) objects += "{},";
  CHECK(json_error(objects + "{}]", limits).reason() == "OBJECTS");
  std::string texts = "[";
  for (int i = 0; i < 1000; ++i) texts += "true,";
  CHECK(json_error(texts + "true]", limits).reason() == "VALUES");
  limits.host_bytes = 64;
  CHECK(json_error("[1,2,3,4,5,6,7,8,9]", limits).reason() == "NUMBERS");
  CHECK_NOTHROW(read_json("[1,2,3,4,5,6,7,8]", limits));
}

TEST_CASE("A-57 the lenient mode takes comments, trailing commas, bare keys and single quotes") {
  const char* text = R"({ // a net
    dataType: 'fp32', /* both
    kinds */ activation: "tanh",
    layers: [2, {size: 3, 'name': 'it\'s "me"', /* it */ }, 1,  // the output
    ],
  })";
  const Json json = read(text, {.json5 = true});
  CHECK(json.find("dataType")->as_text() == "fp32");
  CHECK(json.find("layers")->size() == 3);
  CHECK(json.find("layers")->at(1).find("name")->as_text() == "it's \"me\"");
  CHECK(json_error(text).code() == Code::invalid_json);
}

TEST_CASE("A-57 the lenient mode still refuses what is wrong, at its place in the original text") {
  for (const char* text : {"[,]", "[1,,2]", "{a:1,,}", "{a}", "[undefined]", "'open", "[1] /* open", "[1] 2"})
    CHECK(json_error(text, {}, {.json5 = true}).code() == Code::invalid_json);
  CHECK(json_error("// one\n{a: 'x', b: }", {}, {.json5 = true}).path() == "line 2, column 13");
  CHECK(json_error("{a: 1, 'a': 2}", {}, {.json5 = true}).reason() == "DUPLICATE_KEY");
  CHECK_NOTHROW(json_error(std::string(200'000, '/') + std::string(1, '*'), {}, {.json5 = true}));
  std::string stars;
  for (int i = 0; i < 200'000; ++i) stars += "/*/";
  CHECK(json_error(stars, {}, {.json5 = true}).code() == Code::invalid_json);
}

TEST_CASE("the JSON conformance suite behaves as its file names say") {
  const std::filesystem::path folder = std::filesystem::path(WEBAI_TEST_DATA) / "conformance/json/test_parsing";
  REQUIRE(std::filesystem::is_directory(folder));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << stream.rdbuf();
    const std::string name = entry.path().filename().string(), text = bytes.str();
    ++files;
    bool taken = true;
    try {
      const Json json = read(text);
      CHECK(read(write_json(json)) == json);
    } catch (const Error& error) {
      taken = false;
      INFO(name);
      CHECK((error.code() == Code::invalid_json || error.reason() == "JSON_DEPTH"));
    }
    INFO(name);
    const bool duplicates = name.find("duplicated_key") != std::string::npos;  // refused on purpose (A-60)
    if (name[0] == 'y') CHECK(taken == !duplicates);
    if (name[0] == 'n') CHECK_FALSE(taken);
    CHECK_NOTHROW([&] {
      try {
        read(text, {.json5 = true});
      } catch (const Error&) {
      }
    }());
  }
  CHECK(files > 300);
}

TEST_CASE("written numbers are the shortest that read back") {
  CHECK(write_json(read("[0.1, 1e300, 1.0, -0.0, 123456789012]")) == "[0.1,1e+300,1,-0.0,123456789012]");
  CHECK_THROWS_AS(write_json(Json::number(std::numeric_limits<double>::infinity())), Error);
}

TEST_CASE("pretty JSON puts on one line what fits there, wraps rows of numbers, and reads back") {
  CHECK(write_json(read(R"({"a":[1,{"b":[]}]})"), true) == "{\n  \"a\": [1, {\"b\": []}]\n}");
  const std::string long_text(120, 'x');
  CHECK(write_json(read(R"({"a":[1,")" + long_text + R"("]})"), true) ==
        "{\n  \"a\": [\n    1,\n    \"" + long_text + "\"\n  ]\n}");
  std::vector<double> numbers;
  for (int i = 0; i < 300; ++i) numbers.push_back(i / 7.0);
  const Json value = Json::object({{"row", Json::numbers(numbers)}, {"deep", Json::array({Json::object({{"row", Json::numbers(numbers)}})})}});
  const std::string text = write_json(value, true);
  CHECK(read(text) == value);
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) CHECK(end - begin <= 121);
}

TEST_CASE("JSON pointers escape slashes and tildes") {
  CHECK(pointer_to("/layers/1", "a/b~c") == "/layers/1/a~1b~0c");
  CHECK(pointer_to("", std::size_t{3}) == "/3");
}
