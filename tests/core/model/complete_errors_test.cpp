// Whatever is wrong with a model: its error says what to try, and those of the numbered conditions (ERR) and of words that
// do not exist say what was expected and what is there.
#include "core/model/layer_def.h"
#include "core/model/vocabulary.h"
#include "support.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace webai;
using test::World;

namespace {

// The reasons of the numbered conditions that a model's text can meet.
constexpr std::string_view numbered[] = {
    "ALIAS_CONFLICT", "DATATYPE",   "DOMAIN",     "DUPLICATE_KEY", "DUPLICATE_NAME", "FIRST_LAYER_TYPE", "JOIN_DIMS",
    "JSON_SYNTAX",    "NET_MISMATCH", "NO_SIZE",  "NOT_ACTIVATION", "NUMBER_RANGE",  "OPERATION",        "PIPE_SIZE",
    "PROPERTY_MISSING", "PROPERTY_VALUE", "SETUP_SIZE", "TARGET_UNKNOWN", "UNKNOWN_PROPERTY", "IO_NAME"};

// How many of the texts were refused; models that are right after all are not judged.
int refused(const World& world, const std::vector<std::string>& texts) {
  int count = 0;
  for (const std::string& text : texts) {
    try {
      world.build(text);
    } catch (const Error& error) {
      ++count;
      INFO(text);
      INFO(error.what());
      CHECK_FALSE(error.reason().empty());
      CHECK_FALSE(error.hint().empty());
      if (std::ranges::find(numbered, error.reason()) == std::end(numbered)) continue;
      CHECK_FALSE(error.path().empty());
      CHECK_FALSE(error.expected().empty());
      CHECK_FALSE(error.actual().empty());
    }
  }
  return count;
}

std::vector<std::string> around(const std::string& before, const std::vector<std::string>& words, const std::string& after) {
  std::vector<std::string> texts;
  for (const std::string& word : words) texts.push_back(before + word + after);
  return texts;
}

std::vector<std::string> layers_of(const std::vector<std::string>& words) {
  return around(R"({"layers": [2, {)", words, "}, 1]}");
}

std::vector<std::string> iterators_of(const std::vector<std::string>& words) {
  return layers_of(around(R"("type": "iterator", )", words, ""));
}

const std::vector<std::string> values = {"null", "true", "-1", "0", "1.5", "1e300", R"("")", R"("zz")", "[]", "[[1], [1, 2]]", "{}"};

}  // namespace

TEST_CASE("A-67 each property of each layer type with each kind of wrong value is refused with what to try") {
  const World world;
  int count = 0;
  const auto judge = [&](std::string_view type, std::string_view key) {
    count += refused(world, layers_of(around("\"type\": \"" + std::string(type) + "\", \"" + std::string(key) + "\": ", values, "")));
  };
  for (const std::string_view key : core_layer_properties()) judge("neurons", key);
  for (const LayerDef* definition : layer_definitions()) {
    for (const PropertyDef& property : definition->properties) judge(definition->name, property.name);
    for (const ParameterDef& parameter : definition->parameters) judge(definition->name, parameter.name);
    judge(definition->name, "notThere");
  }
  for (const std::string_view key : root_properties())
    count += refused(world, around("{\"" + std::string(key) + "\": ", values, key == "layers" ? "}" : R"(, "layers": [2, 1]})"));
  CHECK(count > 600);
}

TEST_CASE("A-67 wrong words at the root of a model are refused with what to try") {
  const std::vector<std::string> words = {
      R"("dataType": "fp31")", R"("dataType": 3)", R"("dataType": null)", R"("domain": "cor")", R"("domain": 1)",
      R"("activation": "tnah")", R"("activation": 3)", R"("activation": "matmul")", R"("type": "gruu")",
      R"("type": 3)", R"("seed": 1.5)", R"("seed": "a")", R"("minMops": -1)", R"("minMops": "x")", R"("webai": 2)",
      R"("webai": "1")", R"("setup": [])", R"("setup": 3)", R"("setup": {"dat": ""})", R"("setup": {"data": {}})",
      R"("setup": {"data": {"file": 3}})", R"("setup": {"data": {"file": "../x"}})",
      R"("setup": {"data": {"file": "a"}})", R"("setup": {"data": "@@@"})", R"("setup": {"data": "A"})",
      R"("setup": {"data": "AAAAAA=="})", R"("setup": {"data": [1]})", R"("setup": {"data": []})",
      R"("setup": {"data": ["a"]})", R"("setup": {"data": true})", R"("setup": {"data": "", "instructions": 3})",
      R"("setup": {"data": [1, 2], "instructions": [1, 2, 3]})", R"("setup": {"instructions": "AAAA"})", R"("io": 3)",
      R"("io": {"inpt": {}})", R"("io": {"input": {"normalise": "auto"}})", R"("io": {"input": {"normalize": "aut"}})",
      R"("io": {"input": {"normalize": {"type": "rescale"}}})",
      R"("io": {"input": {"normalize": {"type": "rescale-linear", "form": [0, 1]}}})",
      R"("io": {"input": {"normalize": {"type": "rescale-linear", "from": [1, 1]}}})",
      R"("io": {"input": {"normalize": {"type": "rescale-linear", "from": [1]}}})",
      R"("io": {"input": {"normalize": {"type": "rescale-linear", "from": "a"}}})",
      R"("io": {"input": {"normalize": {"type": "one-hot-to-label", "labels": ["a"]}}})",
      R"("io": {"output": {"denormalize": {"type": "one-hot-to-label"}}})",
      R"("io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["a", "b", "c"]}}})",
      R"("io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": []}}})",
      R"("io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["a", "a"]}}})",
      R"("io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": [1]}}})",
      R"("io": {"output": {"denormalize": {"type": "label-to-one-hot", "labels": ["a"]}}})",
      R"("io": {"output": {"denormalize": "auto"}})", R"("io": {"input": {"normalize": {"type": "lookup"}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": ""}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "aa"}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": ["a", ""]}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab", "level": "char"}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab", "unknown": "z"}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab", "padding": "z"}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab", "oneHot": 1}}})",
      R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}}})",
      R"("io": {"input": {"normalize": {"type": "bits"}}})",
      R"("io": {"input": {"normalize": {"type": "bits", "count": 3}}})",
      R"("io": {"input": {"normalize": {"type": "bits", "count": 0}}})",
      R"("io": {"input": {"normalize": {"type": "bits", "count": 99}}})",
      R"("io": {"input": {"normalize": {"type": "image"}}})",
      R"("io": {"input": {"normalize": {"type": "image", "size": [2, 2, 1]}}})",
      R"("io": {"input": {"normalize": {"type": "standardize", "std": 0}}})",
      R"("io": {"input": {"normalize": {"type": "standardize", "mean": [1, 2, 3]}}})",
      R"("io": {"input": {"normalize": {"type": "clip", "min": 3, "max": 1}}})",
      R"("io": {"input": {"normalize": {"type": "log", "offset": "a"}}})", R"("io": {"input": {"normalize": []}})",
      R"("io": {"input": {"normalize": ["round", {"type": "chain", "steps": "round"}]}})",
      R"("io": {"input": {"normalize": {"type": "chain"}}})", R"("io": {"input": {"a": {"normalize": "round"}}})",
      R"("io": {"output": {"zz": {"normalize": "round"}}})", R"("outputs": 3)", R"("outputs": [])",
      R"("outputs": [3])", R"("outputs": [{}])", R"("outputs": [{"pipeFrom": "z"}])",
      R"("outputs": [{"pipeFrom": "1", "name": "a"}, {"pipeFrom": "2", "name": "a"}])",
      R"("outputs": [{"pipeFrom": "1", "nam": "a"}])", R"("outputs": [{"pipeFrom": 3}])", R"("operations": 3)",
      R"("operations": [{}])", R"("operations": [{"name": "x"}])", R"("layer": [])", R"("timeStep": "x")",
      R"("setup": {"data": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]})"};
  CHECK(refused(World(), around(R"({"layers": [2, {"size": 3}, 1], )", words, "}")) > 80);
}

TEST_CASE("A-67 wrong layers, nets and iterators are refused with what to try") {
  const World world;
  const std::vector<std::string> words = {
      R"("size": "3")", R"("size": -1)", R"("size": 0)", R"("size": 1.5)", R"("size": [])", R"("size": [2, null])",
      R"("size": {"a": 1})", R"("sise": 3)", R"("size": 3, "activaton": "tanh")", R"("size": 3, "name": 3)",
      R"("size": 3, "name": "")", R"("size": 3, "name": "a.b")", R"("size": 3, "name": "*a")",
      R"("size": 3, "name": "a/b")", R"("size": 3, "name": "a:b")", R"("size": 3, "label": 3)",
      R"("size": 3, "type": "nope")", R"("size": 3, "type": 3)", R"("size": 3, "type": "core#nope")",
      R"("size": 3, "type": "zz#nope")", R"("size": 3, "domain": "zz")", R"("size": 3, "activation": "rlu")",
      R"("size": 3, "activation": 1)", R"("size": 3, "activation": "concat")", R"("size": 3, "pipes": 3)",
      R"("size": 3, "pipes": [])", R"("size": 3, "pipes": ["a"])",
      R"("size": 3, "pipes": [{"size": 1, "pipes": [{"size": 1}]}])", R"("size": 3, "pipes": [{}])",
      R"("pipes": [{"size": 1}], "activation": "tanh")", R"("pipes": [{"size": 1}], "to": 2)",
      R"("pipes": [{"size": 1}], "history": 2)", R"("size": 3, "to": "x")", R"("size": 3, "to": 9)",
      R"("size": 3, "to": -1)", R"("size": 3, "to": 1.5)", R"("size": 3, "to": [2, 2])",
      R"("size": 3, "to": {"a": 1})", R"("size": 3, "to": null)", R"("size": 3, "to": true)", R"("size": 3, "to": [])",
      R"("size": 3, "name": "q", "to": ["q.weigths"])", R"("size": 3, "name": "q", "to": ["q.bias", 2])",
      R"("size": 3, "history": 0)", R"("size": 3, "history": -1)", R"("size": 3, "history": 1.5)",
      R"("size": 3, "history": 65536)", R"("size": 3, "history": "a")", R"("size": 3, "historyTo": 2)",
      R"("size": 3, "history": 1, "historyTo": "zz")", R"("size": 3, "pipeFrom": "zz")", R"("size": 3, "pipeFrom": 3)",
      R"("size": 3, "pipeFrom": ["0"])", R"("size": 3, "pipeFrom": "1")", R"("size": 3, "pipeFrom": "2")",
      R"("size": 3, "connections": "all")", R"("size": 3, "connections": "one-to-one")",
      R"("size": 3, "connections": [[1, 0]])", R"("size": 3, "connections": [[1, 0, 2], [1, 1, 1]])",
      R"("size": 3, "connections": 3)", R"("size": 3, "weights": [1, 2])", R"("size": 3, "weights": [[1, 2], [1]])",
      R"("size": 3, "weights": "zz")", R"("size": 3, "weights": 3)", R"("size": 3, "weights": true)",
      R"("size": 3, "weights": null)", R"("size": 3, "weights": {"pipeFrom": "zz"})",
      R"("size": 3, "weights": {"pipefrom": "0"})", R"("size": 3, "weights": {"size": [2, 3]})",
      R"("size": 3, "bias": [1])", R"("size": 3, "bias": "b")", R"("size": 3, "bias": true)",
      R"("size": 3, "bias": {})", R"("size": 3, "shapeHints": {"dim_0": {"max": 3}})", R"("size": 3, "shapeHints": 3)",
      R"("size": 3, "quantization": {"scale": 1})", R"("type": "conv2d")", R"("type": "conv2d", "filters": 2)",
      R"("type": "conv2d", "filters": 2, "kernelSize": 3)",
      R"("type": "conv2d", "filters": 2, "kernelSize": [1, 2, 3])", R"("type": "maxPool2d", "poolSize": 0)",
      R"("type": "dropout", "rate": 1)", R"("type": "dropout", "rate": -1)", R"("type": "dropout", "rate": "a")",
      R"("type": "reshape")", R"("type": "reshape", "size": [3])", R"("type": "batchNorm", "epsilon": 0)",
      R"("type": "batchNorm", "momentum": 2)", R"("type": "layerNorm", "epsilon": -1)",
      R"("type": "rnn", "size": 2, "activation": "softmaxx")", R"("type": "gru", "size": 2, "resetAfter": 1)",
      R"("type": "lstm", "size": 2, "peephole": true)", R"("type": "recurrent")",
      R"("type": "recurrent", "cell": "grru", "units": 2)", R"("type": "recurrent", "cell": "gru")",
      R"("type": "recurrent", "cell": "gru", "units": 0)",
      R"("type": "recurrent", "cell": "gru", "units": 2, "direction": "back")", R"("type": "embedding")",
      R"("type": "embedding", "outputDim": 2)", R"("type": "net")", R"("type": "net", "net": 3)",
      R"("type": "net", "net": {})", R"("type": "net", "net": {"layers": [3, 1]})",
      R"("type": "net", "net": {"dataType": "fp64", "layers": [2, 1]})",
      R"("type": "net", "net": {"domain": "zz", "layers": [2, 1]})",
      R"("type": "net", "net": {"layers": [2, {"size": 1, "activation": "x"}]})",
      R"("type": "net", "share": 3, "net": {"layers": [2, 1]})", R"("type": "iterator")",
      R"("type": "iterator", "steps": 2)", R"("type": "ddpmUpdateStep")",
      R"("type": "ddpmUpdateStep", "noise": {"pipeFrom": "0"})", R"("type": "input")", R"("type": "input", "size": 2)",
      R"("type": "matmul")", R"("type": "add")", R"("type": "leakyRelu", "alpha": "a")",
      R"("type": "leakyRelu", "alfa": 1)", R"("type": "tanh", "size": 5)", R"("type": "tanh", "alpha": 1)",
      R"("type": "prelu", "slope": "a")", R"("type": "prelu", "slope": [1, 2, 3])"};
  CHECK(refused(world, layers_of(words)) > 100);
  const std::string state = R"(, "state": [{"name": "x", "pipeFrom": "0"}], "net": {"layers": [{"pipeFrom": "x"}, )",
                    whole = state + R"({"size": 2, "to": ["x"]}]})";
  CHECK(refused(world, iterators_of({
      R"("steps": 2, "state": [], "net": {"layers": [2]})",
      R"("steps": 0)" + whole, R"("steps": -2)" + whole, R"("steps": {"from": 0, "to": 5, "step": -1})" + whole,
      R"("steps": {"from": 0, "to": 5, "step": 0})" + whole, R"("steps": {"from": 0, "too": 5})" + whole,
      R"("steps": {"from": 0})" + whole, R"("steps": 3, "until": "z")" + whole, R"("steps": 3, "until": "x")" + whole,
      R"("steps": 3, "until": {"above": 1})" + whole, R"("steps": 3, "collect": "z")" + whole,
      R"("steps": 3)" + state + R"({"type": "identity"}]})", R"("steps": 3)" + state + R"({"size": 2, "to": ["x", "x"]}]})",
      R"("steps": 3)" + state + R"({"size": 3, "to": ["x"]}]})", R"("steps": 3)" + state + R"({"size": 2, "to": ["y"]}]})",
      R"("steps": 3)" + state + R"({"pipeFrom": "iterator:stp"}, {"size": 2, "to": ["x"]}]})",
      R"("steps": 3, "state": [{"name": "x"}], "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "x"}]})",
      R"("steps": 3, "state": [{"nam": "x"}], "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "x"}]})",
      R"("steps": 3, "state": [{"name": "x", "pipeFrom": "z"}], "net": {"layers": [{"pipeFrom": "x"}, {"size": 2, "to": "x"}]})",
      R"("steps": 3, "state": [{"name": "x", "size": 2}, {"name": "x", "size": 2}], "net": {"layers": [{"pipeFrom": "x"}]})"})) == 20);
}

TEST_CASE("A-67 wrong models as a whole are refused with what to try") {
  CHECK(refused(World(), {
      R"({"layers": 3})", R"({"layers": null})", R"({"layers": "a"})", R"({"layers": {}})", R"({"layers": []})",
      R"({"layers": [null]})", R"({"layers": ["a"]})", R"({"layers": [true]})", R"({"layers": [-1]})",
      R"({"layers": [0]})", R"({"layers": [1.5]})", R"({"layers": [1e+300]})", R"({"layers": [[]]})",
      R"({"layers": [[0]]})", R"({"layers": [[1, -1]]})", R"({"layers": [["a"]]})",
      R"({"layers": [[1, 2, 3, 4, 5, 6, 7, 8, 9]]})", R"({"layers": [1099511627776]})",
      R"({"layers": [2, 1099511627776]})", R"({"layers": [{}]})", R"({"layers": [{"type": "neurons", "size": 2}]})",
      R"({"layers": [{"type": "gru"}]})", R"({"layers": [{"size": null}]})", R"({"layers": [{"name": "a"}]})",
      R"({"layers": null})", R"({"layers": [2, {"name": "a", "size": 2}, {"name": "a", "size": 2}]})",
      R"({"layers": [2, {"name": "a", "size": 2, "pipes": [{"name": "a", "size": 2}]}]})",
      R"({"layers": [2, {"name": "1", "size": 2}, {"size": 2}]})", R"({"layers": [{"size": 2, "type": "gru"}, 1]})",
      R"({"layers": [{"size": 2, "pipes": [{"size": 2, "type": "neurons"}]}, 1]})",
      R"({"layers": [{"size": [2, 2], "pipes": [{"size": [3, 2]}]}, 1]})",
      R"({"layers": [{"size": 2, "weights": [1]}, 1]})", R"({"layers": [{"size": 2, "count": 3}, 1]})",
      R"({"layers": [{"size": 2, "count": 2}, 1]})",
      R"({"layers": [2, 1], "setupData": "AA", "setup": {"data": "BB"}})",
      R"({"layers": [2, {"size": 1, "to": [0]}, {"size": 2}]})"}) > 25);
}

TEST_CASE("ERR-25 wrong syntax says what to try, what was expected and what is there, and the hint is true") {
  const World world;
  const auto check = [&](const char* text, std::string_view expected, std::string_view actual, std::string_view hint) {
    INFO(text);
    const Error error = world.error_of(text);
    CHECK(error.reason() == "JSON_SYNTAX");
    CHECK(error.expected() == expected);
    CHECK(error.actual() == actual);
    CHECK(error.hint() == hint);
  };
  check(R"({"layers": [2, 1]} x)", "end of input", "'x'", "a text is one value: nothing may stand behind its end");
  check(R"({"layers": [2, NaN]})", "a value", "'NaN'", "numbers are finite: there is no NaN and no infinity");
  check(R"({"layers": [2, +1]})", "a value", "'+1'", "numbers are written like 0.5, -1 or 1e-3");
  check(R"({"layers": [2, .5]})", "a value", "'.5'", "numbers are written like 0.5, -1 or 1e-3");
  check(R"({"layers": [2, 01]})", "']'", "'01'", "numbers are written like 0.5, -1 or 1e-3");
  check(R"({"layers": [2, nul]})", "a value", "'nul'", "texts stand in double quotes; true, false and null in small letters");
  check(R"({"layers": [2 1]})", "']'", "'1'", "is a comma missing in front of it?");
  check(R"({"layers" [2]})", "':'", "'['", "a colon stands between a name and its value");
  check(R"({"layers": [2, 1],})", "string literal", "'}'", "is there a comma behind the last entry, or a value missing?");
  check(R"({layers: [2, 1]})", "string literal", "'layers'", "keys stand in double quotes");
  check(R"({"layers": [2, 1])", "'}'", "end of input", "the text ends early: is a bracket or a quote not closed?");
  CHECK(world.error_of(R"({"layers": [2, 1], "x-a": "\ud800"})").hint() == R"(a letter of two halves is written with both: \ud83d\ude00)");
  CHECK(world.error_of("{\"a\x01\": 1}").hint() == R"(inside of texts a line break is \n, a tab \t, others \u0001)");
  const auto of_json5 = [&](const char* text) {
    try {
      parse_model(world.context, world.registry, text, {.json5 = true});
    } catch (const Error& error) {
      return error.hint();
    }
    return std::string("no error");
  };
  CHECK(of_json5("{layers: [2, 1}") == "brackets close in the order in which they were opened");
  for (const char* const text : {"{layers [2, 1]}", "{layers: [2, 1], 5: 1}", "{layers: [2, tanh]}", "{layers: , 3}", "{'a': 'b' 'c'}"}) {
    INFO(text);
    CHECK(of_json5(text).find("JSON5") == std::string::npos);
    CHECK(of_json5(text).find("double quotes") == std::string::npos);
    CHECK_FALSE(of_json5(text).empty());
  }
}

TEST_CASE("A-67 ERR-23 an index in quotes and a pipe in a pipe hear what is wrong") {
  const World world;
  const Error index = world.error_of(R"({"layers": [2, {"size": 1, "name": "a", "to": ["1"]}, 1]})");
  CHECK(index.reason() == "TARGET_UNKNOWN");
  CHECK(index.expected() == "one of: a");
  CHECK(index.actual() == "\"1\"");
  CHECK(index.hint() == "the index of a layer stands without quotes: \"to\": 1; a pipe needs a name to be named");
  const Error pipes = world.error_of(R"({"layers": [2, {"size": 1, "pipes": [{"size": 1, "pipes": [{"size": 1}]}]}]})");
  CHECK(pipes.reason() == "UNKNOWN_PROPERTY");
  CHECK(pipes.hint() == "pipes have none of their own: put them beside this one");
  CHECK(pipes.expected().find("pipes") == std::string::npos);
}
