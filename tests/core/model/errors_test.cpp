// The numbered conditions of models (ERR): code, reason, place, layer, what was expected and there, and the hint, to
// the letter.
#include "support.h"

using namespace webai;
using test::World;

namespace {

struct Wanted {
  const char* text;
  Code code;
  const char* reason;
  const char* path;
  const char* layer;
  const char* expected;
  const char* actual;
  const char* hint;
};

void check(const World& world, const Wanted& wanted) {
  INFO(wanted.text);
  const Error error = world.error_of(wanted.text);
  CHECK(error.code() == wanted.code);
  CHECK(error.reason() == wanted.reason);
  CHECK(error.path() == wanted.path);
  CHECK(error.layer() == wanted.layer);
  CHECK(error.expected() == wanted.expected);
  CHECK(error.actual() == wanted.actual);
  CHECK(error.hint() == wanted.hint);
  CHECK_FALSE(error.path().empty());
  CHECK_FALSE(error.expected().empty());
  CHECK_FALSE(error.actual().empty());
  CHECK_FALSE(error.hint().empty());
}

}  // namespace

TEST_CASE("ERR-01 an unknown domain is DOMAIN, with the nearest one") {
  check(World(), {R"({"domain": "cor", "layers": [1, 1]})", Code::not_found, "DOMAIN", "/domain", "", "one of: core", "\"cor\"",
                  "did you mean \"core\"?"});
  // That of a layer or a pipe too.
  check(World(), {R"({"layers": [1, {"name": "a", "domain": "cor", "size": 1}]})", Code::not_found, "DOMAIN",
                  "/layers/1/domain", "", "one of: core", "\"cor\"", "did you mean \"core\"?"});
  check(World(), {R"({"layers": [1, {"size": 1, "pipes": [{"domain": "cor", "size": 1}]}]})", Code::not_found, "DOMAIN",
                  "/layers/1/pipes/0/domain", "", "one of: core", "\"cor\"", "did you mean \"core\"?"});
}

TEST_CASE("ERR-03 an unknown data type is DATATYPE, with those there are") {
  check(World(), {R"({"dataType": "fp31", "layers": [1, 1]})", Code::unsupported, "DATATYPE", "/dataType", "",
                  "one of fp16, bf16, fp32, fp64, i8 to i64, u8 to u64", "fp31", "did you mean \"fp32\"?"});
  check(World(), {R"({"dataType": "bool", "layers": [1, 1]})", Code::unsupported, "DATATYPE", "/dataType", "",
                  "one of fp16, bf16, fp32, fp64, i8 to i64, u8 to u64", "bool", "leave it out for fp32"});
}

TEST_CASE("values that would make no numbers are refused, and quotes that are too many are told") {
  const auto normalizing = [](const char* words) { return R"({"layers": [2, {"type": "batchNorm", )" + std::string(words) + "}]}"; };
  const auto refused = [](const std::string& model, const char* place, const char* expected, const char* actual, const char* hint) {
    check(World(), {model.c_str(), Code::invalid_model, "PROPERTY_VALUE", place, "", expected, actual, hint});
  };
  refused(normalizing(R"("epsilon": 0)"), "/layers/1/epsilon", "a number above 0", "0", "such as 0.5");
  refused(normalizing(R"("epsilon": -1)"), "/layers/1/epsilon", "a number above 0", "-1", "such as 0.5");
  refused(normalizing(R"("momentum": 7)"), "/layers/1/momentum", "a number from 0 to 1", "7", "such as 0.5");
  refused(normalizing(R"("momentum": "0.9")"), "/layers/1/momentum", "a number from 0 to 1", "\"0.9\"",
          "numbers stand without quotes");
  refused(R"({"layers": [2, {"size": 1, "activation": 5}]})", "/layers/1/activation", "the name of an activation, or null", "5",
          "texts stand in double quotes");
}

TEST_CASE("ERR-08 a layer that takes no inputs from outside cannot be the first") {
  const World world;
  const char* const hint = "put an input layer in front, such as a number of inputs";
  const char* const expected = "\"input\", \"net\", \"iterator\" or an operation for the first layer";
  check(world, {R"({"layers": [{"name": "a", "type": "neurons", "size": 1}, 1]})", Code::invalid_model,
                "FIRST_LAYER_TYPE", "/layers/0/type", "a", expected, "\"neurons\"", hint});
  check(world, {R"({"layers": [{"size": 1, "pipes": [{"type": "tanh"}]}, 1]})", Code::invalid_model, "FIRST_LAYER_TYPE",
                "/layers/0/pipes/0/type", "", expected, "\"tanh\"", hint});
  check(world, {R"({"layers": [2, {"type": "net", "net": {"layers": [{"name": "a", "type": "neurons", "size": 1}, 1]}}]})",
                Code::invalid_model, "FIRST_LAYER_TYPE", "/layers/1/net/layers/0/type", "a", expected, "\"neurons\"", hint});
}

TEST_CASE("ERR-10 joins of unequal leading dimensions say which layer, what was expected and what came") {
  check(World(), {R"({"layers": [{"name": "a", "size": [8, 8, 16], "pipes": [{"name": "b", "size": [4, 4, 16]}]},
                                 {"name": "join", "type": "flatten"}]})",
                  Code::shape_mismatch, "JOIN_DIMS", "/layers/1", "join", "8x8x16", "4x4x16",
                  "flatten what comes, or give it the same sizes but for the last"});
}

TEST_CASE("ERR-12 a name that stands twice is DUPLICATE_NAME, also between layers and pipes") {
  const World world;
  check(world, {R"({"layers": [{"size": 2, "name": "a"}, {"size": 1, "name": "a"}]})", Code::invalid_model,
                "DUPLICATE_NAME", "/layers/1/name", "a", "different names", "\"a\"", "names are unique in a model"});
  check(world,
        {R"({"layers": [{"size": 2, "name": "a"}, {"size": 1, "pipes": [{"size": 1, "name": "a"}]}]})",
         Code::invalid_model, "DUPLICATE_NAME", "/layers/1/pipes/0/name", "a", "different names", "\"a\"", "names are unique in a model"});
  const auto twice_at = [&](const char* text) { return world.error_of(text).path(); };
  CHECK(twice_at(R"({"layers": [{"pipes": [{"size": 1, "name": "a"}, {"size": 1, "name": "a"}]}, 1]})") == "/layers/0/pipes/1/name");
  CHECK(twice_at(R"({"layers": [{"size": 2, "pipes": [{"size": 1, "name": "a"}]}, {"size": 1, "pipes": [{"size": 1, "name": "a"}]}]})") ==
        "/layers/1/pipes/0/name");
  CHECK(twice_at(R"({"layers": [{"size": 2, "pipes": [{"size": 1, "name": "a"}]}, {"size": 1, "name": "a"}]})") == "/layers/1/name");
  CHECK(twice_at(R"({"layers": [2, {"type": "net", "net": {"layers": [2, {"size": 2, "name": "a"}, {"size": 2, "name": "a"}]}}]})") ==
        "/layers/1/net/layers/2/name");
  // Names of a net are its own.
  CHECK_NOTHROW(world.build(R"({"layers": [{"size": 2, "name": "a"}, {"name": "b", "type": "net",
      "net": {"layers": [{"size": 2, "name": "a"}, {"size": 2, "name": "b"}]}}]})"));
}

TEST_CASE("ERR-15 a layer without a size, and nothing that gives it one, is NO_SIZE") {
  check(World(), {R"({"layers": [{"name": "x"}, 1]})", Code::invalid_model, "NO_SIZE", "/layers/0", "x", "a size", "none",
                  "say how many values come in: \"size\": 4"});
}

TEST_CASE("ERR-18 too few numbers in setup.data name the layer whose parameter misses them") {
  check(World(), {R"({"layers": [2, {"name": "last", "size": 1}], "setup": {"data": [1, 2]}})", Code::invalid_model,
                  "SETUP_SIZE", "/setup/data", "last", "3", "2", "without setup.data the parameters start at random"});
}

TEST_CASE("ERR-21 an activation that is none is NOT_ACTIVATION, whether unknown or an operator") {
  const World world;
  const std::string known = world.error_of(R"({"activation": "tnah", "layers": [1, 1]})").expected();
  for (const char* const name : {"one of: ", "tanh", "relu", "softmax"}) CHECK(known.find(name) != std::string::npos);
  CHECK(known.find("matmul") == std::string::npos);
  check(world, {R"({"activation": "tnah", "layers": [1, 1]})", Code::not_found, "NOT_ACTIVATION", "/activation", "",
                known.c_str(), "\"tnah\"", "did you mean \"tanh\"?"});
  check(world, {R"({"layers": [1, {"size": 1, "activation": "matmul"}]})", Code::invalid_model, "NOT_ACTIVATION",
                "/layers/1/activation", "", known.c_str(), "\"matmul\"", "name one such as \"tanh\", or null for none"});
}

TEST_CASE("ERR-23 a target that is not there is TARGET_UNKNOWN, with the nearest name or how layers count") {
  const World world;
  check(world, {R"({"layers": [2, {"name": "a", "size": 1, "to": "ouput"}, {"name": "output", "size": 1}]})",
                Code::invalid_model, "TARGET_UNKNOWN", "/layers/1/to", "a", "one of: a, output", "\"ouput\"", "did you mean \"output\"?"});
  check(world, {R"({"layers": [2, {"name": "a", "size": 1, "to": 7}, 1]})", Code::invalid_model, "TARGET_UNKNOWN",
                "/layers/1/to", "a", "an index from 0 to 2", "7", "layers count from 0, the input layer"});
  check(world, {R"({"layers": [2, {"name": "a", "size": 1, "to": ["layr.bias", 2]}, {"name": "layer", "size": 1}]})", Code::invalid_model,
                "TARGET_UNKNOWN", "/layers/1/to/0", "a", "one of: a, layer", "\"layr.bias\"", "did you mean \"layer.bias\"?"});
}

TEST_CASE("ERR-25 aliases in conflict, keys that stand twice, and wrong syntax by line and column") {
  const World world;
  check(world, {R"({"layers": [2, {"name": "a", "count": 3, "size": 4}]})", Code::invalid_model, "ALIAS_CONFLICT",
                "/layers/1/count", "", "4", "3", "keep \"size\" alone"});
  check(world, {"{\"layers\": [2, 3],\n \"layers\": [2, 1]}", Code::invalid_json, "DUPLICATE_KEY", "line 2, column 9",
                "", "each key once", "\"layers\"", "remove one of the two"});
  check(world, {"{\"layers\": [2, 3], \"seed\": 1,\n \"layers\": [2, 1]}", Code::invalid_json, "DUPLICATE_KEY", "line 2, column 9",
                "", "each key once", "\"layers\"", "remove one of the two"});
  check(world, {"{\"layers\": [2,\n  3 1]}", Code::invalid_json, "JSON_SYNTAX", "line 2, column 5", "", "']'", "'1'",
                "is a comma missing in front of it?"});
}

TEST_CASE("whole numbers beyond 2^53 are LIMIT_EXCEEDED wherever one may stand, and are told as too large") {
  const std::pair<const char*, const char*> all[] = {
      {R"({"layers": [2, {"type": "iterator", "steps": 9007199254740994, "state": [{"name": "x", "pipeFrom": "0"}], "net": {"layers": [{"pipeFrom": "x", "to": "x"}]}}]})", "/layers/1/steps"},
      {R"({"layers": [2, {"type": "iterator", "steps": {"from": 0, "to": 1e18}, "state": [{"name": "x", "pipeFrom": "0"}], "net": {"layers": [{"pipeFrom": "x", "to": "x"}]}}]})", "/layers/1/steps/to"},
      {R"({"layers": [[8, 8, 1], {"type": "conv2d", "filters": 1e18, "kernelSize": 3}]})", "/layers/1/filters"},
      {R"({"layers": [[8, 8, 1], {"type": "conv2d", "filters": 2, "kernelSize": 1e17}]})", "/layers/1/kernelSize"},
      {R"({"layers": [[8, 8, 1], {"type": "conv2d", "filters": 2, "kernelSize": 3, "strides": [1, 1e18]}]})", "/layers/1/strides"},
      {R"({"layers": [{"size": [null, 2], "shapeHints": {"dim_0": {"max": 1e18}}}, 1]})", "/layers/0/shapeHints/dim_0/max"},
      {R"({"layers": [2, {"size": 2, "history": 1e18, "historyTo": 0}, 1]})", "/layers/1/history"},
      {R"({"layers": [2, 1e300]})", "/layers/1/size"}};
  const World world;
  for (const auto& [model, path] : all) {
    INFO(model);
    const Error error = world.error_of(model);
    CHECK(error.code() == Code::limit_exceeded);
    CHECK(error.path() == path);
    CHECK(std::string(error.what()).find("too large") != std::string::npos);
    CHECK(!error.hint().empty());
  }
}
