// The JSON schema of the model language accepts what the parser takes, and refuses words that it does not know.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../support/random_model.h"
#include "../support/schema_validator.h"
#include "../support/seed_models.h"
#include "core/model/layer_def.h"
#include "core/model/vocabulary.h"
#include "webai/webai.hpp"

using namespace webai;
using webai::test::SchemaValidator;

namespace {

const Context& quiet_context() {
  static const Context made = Context::system({.threads = 1, .log_level = 0});
  return made;
}

Json schema_json(const std::string& text, bool json5 = false) {
  return read_json(text, quiet_context().limits(), {.json5 = json5});
}

const SchemaValidator& validator() {
  static const SchemaValidator made(schema_json(model_schema(quiet_context())));
  return made;
}

// What the parser says of it: nothing, or its reason.
std::string parser_refusal(const std::string& text) {
  try {
    NeuralNetwork::from_json(text, quiet_context());
  } catch (const Error& error) {
    return error.reason();
  }
  return {};
}

}  // namespace

TEST_CASE("G-10 G-15 the schema has no reference to nothing, and says what every type and property is for") {
  const Json schema = schema_json(model_schema(quiet_context()));
  validator().check_schema();
  CHECK(schema.find("$schema")->as_text() == "https://json-schema.org/draft/2020-12/schema");
  const Json& parts = *schema.find("$defs");
  for (const LayerDef* definition : layer_definitions()) {
    CAPTURE(definition->name);
    const Json* part = parts.find("layer-" + std::string(definition->name));
    REQUIRE(part);
    CHECK(part->find("description")->as_text() == definition->doc);
    const Json& properties = *part->find("properties");
    for (const PropertyDef& entry : definition->properties) {
      REQUIRE(properties.find(entry.name));
      CHECK(properties.find(entry.name)->find("description")->as_text() == entry.doc);
      CHECK((properties.find(entry.name)->find("default") != nullptr) == !entry.fallback.empty());
    }
    for (const ParameterDef& entry : definition->parameters) REQUIRE(properties.find(entry.name));
    for (const std::string_view word : core_layer_properties()) REQUIRE(properties.find(word));
  }
  const Json& root = *parts.find("model")->find("properties");
  for (const std::string_view word : root_properties()) CHECK(root.find(word));
}

TEST_CASE("G-10 every model of the proposal is valid by the schema, in every version's spelling") {
  for (const test::SeedModel& model : test::seed_models()) {
    CAPTURE(model.id, model.version);
    CHECK(validator().accepts(schema_json(model.text, true)));
  }
  CHECK(validator().accepts(schema_json("{}")));
}

TEST_CASE(
    "G-10 every model of the examples and 500 random ones are valid by the schema, as given, pretty and minified") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEBAI_TEST_DATA "/../examples")) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json" || name.find("training") != std::string::npos) continue;
    CAPTURE(name);
    CHECK(validator().accepts(schema_json(read_file(entry.path().string()))));
    ++files;
  }
  CHECK(files >= 3);
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    test::RandomModel random(seed);
    const std::string text = random.text();
    CAPTURE(text);
    if (!validator().accepts(schema_json(text))) FAIL("a random model is not valid by the schema");
    if (seed % 25 != 0) continue;
    NeuralNetwork net = NeuralNetwork::from_json(text, quiet_context());
    for (const char* optimize : {"", "minify", "pretty"})
      if (!validator().accepts(schema_json(net.export_model({.optimize = optimize})))) FAIL("exported as " << optimize);
  }
}

TEST_CASE("G-10 what else the language has is valid by the schema") {
  for (
      const char* text :
      {R"({"layers": [[28, 28, 1], {"type": "conv2d", "filters": 8, "kernelSize": [3, 3], "padding": "same", "x-note": 1}, {"type": "flatten"}, {"size": 10, "activation": "softmax"}]})",
       R"({"io": {"input": {"normalize": {"type": "chain", "steps": [{"type": "lookup", "vocabulary": "abc", "oneHot": true, "unknown": "c"}]}}, "output": {"denormalize": "lookup"}}, "layers": [3, {"type": "embedding", "outputDim": 2}, {"type": "flatten"}, 3]})",
           R"({"layers": [{"size": [null, null], "shapeHints": {"dim_0": {"min": 1, "max": 9}, "dim_1": {"common": [2, 4], "meta": 1}}}, {"type": "softmax"}]})",
           R"({"dataType": "u8", "layers": [4, {"size": 3, "quantization": {"scale": 2, "bias": {"scale": 0.5, "zeroPoint": 100}, "weights": {"axis": 1, "scale": [1, 1, 2]}}}]})",
           R"({"dataType": "u8", "layers": [4, {"type": "layerNorm", "quantization": {"scale": {"scale": 2}}}, {"type": "layerNorm", "quantization": {"scale": 2}}]})",
           R"({"layers": [4, {"size": 3, "activation": "elu", "alpha": 2, "weights": [[1,2,3],[1,2,3],[1,2,3],[1,2,3]], "bias": false}], "meta": {"tool": [1]}})",
       R"({"io": {"input": {"normalize": ["round", {"type": "chain", "steps": ["round", {"type": "chain", "steps": ["round"]}]}]}}, "layers": [2, {"size": 3, "weights": {"size": [2, 3]}, "bias": {"size": 3}}]})",
       R"({"dataType": "u8", "layers": [4, {"size": 3, "quantization": {"scale": 2, "x-a": 1, "bias": {"scale": 0.5, "meta": {}}}}]})",
       R"({"operations": [{"name": "sum", "model": {"defineParams": ["*input", {"name": "~*sum", "default": [1, 2]}, {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": "add", "inputs": ["input", "sum"], "name": "n"}], "state": {"sum": "n"}}}], "layers": [2, {"type": "sum"}]})",
       R"({"type": "LSTM", "layers": [4, {"size": 3, "peepholes": true}, {"type": "neurons", "size": 1}]})",
       R"({"type": "conv2d", "layers": [[8, 8, 1], {"filters": 2, "kernelSize": 3}]})",
       R"({"layers": [2, {"name": "a", "size": 3, "bias": "end"}, {"size": 3, "to": "end", "history": 2, "historyTo": [0]}, {"type": "tanh"}], "outputs": [{"name": "o", "pipeFrom": "a"}]})",
       R"({"layers": [2, 1], "setup": {"data": {"file": "w/m.weights", "offset": 64, "bytes": 12, "checksum": "00112233aabbccdd"}, "instructions": []}, "seed": null, "webai": 1})",
       R"({"operations": [{"name": "double", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": "mul", "inputs": ["input", 2]}]}}], "layers": [4, {"type": "double"}]})",
       R"({"layers": [4, {"type": "mine#swish", "gain": 2}, {"size": 2, "activation": "mine#swish"}]})",
       R"({"layers": [1, {"type": "embedding", "outputDim": 4}, {"size": 3, "activation": "softmax"}], "io": {"input": {"normalize": {"type": "chain", "steps": [{"type": "lookup", "vocabulary": ["a", "bc", "?"], "level": "word", "unknown": "?"}]}}, "output": {"denormalize": "lookup"}}})",
       R"({"io": {"input": {"a": {"normalize": ["round", {"type": "clip", "min": 0}]}}, "output": {"denormalize": null}}, "layers": [{"pipes": [{"name": "a", "size": 2}, 3]}, 1]})"}) {
    CAPTURE(text);
    CHECK(validator().accepts(schema_json(text)));
  }
}

TEST_CASE("A-67 words that a model cannot have are refused by the schema as by the parser") {
  for (
      const char* text :
      {R"({"layers": [4, {"size": 8, "activaton": "tanh"}, 3]})", R"({"layers": [4, 3], "activaton": "tanh"})",
       R"({"layers": [4, {"type": "conv2d", "filters": 1, "kernelSize": 3, "stride": 2}]})",
       R"({"layers": [{"size": 4, "connections": "all-to-all"}, 3]})", R"({"layers": [4, {"size": 3, "filters": 3}]})",
       R"({"layers": [4, {"size": 3, "pipes": [{"size": 1, "pipes": []}]}]})",
       R"({"layers": [4, {"type": "flatten", "weights": [1]}]})",
           R"({"dataType": "u8", "layers": [4, {"size": 2, "quantization": {"scal": 1}}]})",
           R"({"layers": [{"size": [null, 2], "shapeHints": {"dim_0": {"maximum": 3}}}, {"type": "softmax"}]})",
           R"({"layers": [{"size": [null, 2], "shapeHints": {"dimension": {"max": 3}}}, {"type": "softmax"}]})",
           R"({"dataType": "u8", "layers": [4, {"size": 2, "quantization": {"bias": {"zero": 1}}}]})",
       R"({"layers": [4, {"type": "net", "net": {"layers": [4, 2], "dimension": 2}}]})",
       R"({"layers": [4, 2], "setup": {"date": ""}})",
       R"({"layers": [4, 2], "setup": {"data": {"file": "a", "ofset": 1}}})",
       R"({"layers": [4, 2], "io": {"inputs": {}}})",
       R"({"layers": [4, 2], "io": {"input": {"normalize": {"type": "clip", "from": [0, 1]}}}})",
       R"({"layers": [4, 2], "outputs": [{"name": "a", "pipeFrom": "1", "size": 2}]})",
       R"({"layers": [{"type": "iterator", "steps": 3, "state": [{"name": "x", "size": 2, "from": "y"}], "net": {"layers": [{"pipeFrom": "x", "to": "x"}]}}]})"}) {
    CAPTURE(text);
    CHECK(parser_refusal(text) == "UNKNOWN_PROPERTY");
    CHECK_FALSE(validator().accepts(schema_json(text)));
  }
  for (const char* text :
       {R"({"layers": [{"size": [null, 2], "shapeHints": {"dim_0": {"max": 0}}}, {"type": "softmax"}]})",
        R"({"layers": [{"size": [null, 2], "shapeHints": {"dim_0": {"common": []}}}, {"type": "softmax"}]})",
        R"({"layers": []})", R"({"layers": ["4"]})", R"({"layers": [4, null]})", R"({"layers": [4, {"size": 0}]})",
        R"({"layers": [4, {"size": 2, "history": 0}]})", R"({"layers": [4, {"size": 2, "activation": "tahn"}]})",
        R"({"layers": [4, {"type": "conv3d"}]})", R"({"webai": 2, "layers": [1, 1]})",
        R"({"layers": [4, {"size": 2, "name": "a.b"}]})", R"({"layers": [4, {"type": "conv2d", "kernelSize": 3}]})",
        R"({"dataType": "fp33"})", R"({"layers": [2, 1], "setup": {"data": {"file": "/etc/passwd"}}})"}) {
    CAPTURE(text);
    CHECK(!parser_refusal(text).empty());
    CHECK_FALSE(validator().accepts(schema_json(text)));
  }
}

TEST_CASE("A-67 values that a model cannot have are refused by the schema as by the parser, others by neither") {
  const auto io = [](const std::string& block) { return R"({"layers": [2, 2], "io": )" + block + "}"; };
  const auto step = [&](const std::string& text) { return io(R"({"input": {"normalize": )" + text + "}}"); };
  const auto answer = [&](const std::string& text) { return io(R"({"output": {"denormalize": )" + text + "}}"); };
  const auto params = [](const std::string& map) {
    return R"({"operations": [{"name": "double", "model": {"defineParams": )" + map + R"(}, "body": {"steps": [{"op": "mul", "inputs": ["input", 2]}]}}], "layers": [4, {"type": "double"}]})";
  };
  const auto net = [](const std::string& words) { return R"({"layers": [2, {"type": "net", "net": {"layers": [2, 1], )" + words + "}}]}"; };
  for (const std::string& text :
       {std::string(R"({"layers": [2, {"type": "dropout", "rate": 1}]})"), std::string(R"({"layers": [2, {"size": 2, "connections": "all"}]})"),
        std::string(R"({"layers": [2, {"size": 2, "connections": null}]})"), std::string(R"({"layers": [2, {"size": 2, "connections": [[1, 2], [0, 1]]}]})"),
        step(R"("bits")"), step(R"({"type": "bits"})"), step(R"({"type": "bits", "count": 54})"), step("{}"), step("[{}]"), step(R"("image")"),
        step(R"({"type": "image"})"), step(R"({"type": "label-to-index"})"), step(R"("lookup")"), step(R"({"type": "lookup"})"),
        step(R"({"type": "one-hot-to-label", "labels": ["a", "b"]})"), step(R"(["auto", "round"])"), answer("{}"), answer(R"("auto")"),
        answer(R"({"type": "label-to-one-hot", "labels": ["a", "b"]})"), answer(R"({"type": "image", "size": [2, 2]})"),
        net(R"("io": 3)"), net(R"("io": {"input": {"normalise": "round"}})"), net(R"("minMops": "a")"),
        std::string(R"({"layers": [{"name": "a", "size": 2}, {"size": 2, "bias": {"pipeFrom": "a", "of": 1}}]})"),
        std::string(R"({"dataType": "u8", "layers": [2, {"size": 2, "quantization": {"scale": -1}}]})"),
        params(R"({"*input": {}, "count": 2})"), params(R"({"*input": {}, "other": [1]})")}) {
    CAPTURE(text);
    CHECK(!parser_refusal(text).empty());
    CHECK_FALSE(validator().accepts(schema_json(text)));
  }
  for (const std::string& text :
       {std::string(R"({"layers": [2, {"type": "dropout", "rate": 0}]})"), std::string(R"({"layers": [2, {"size": 2, "connections": "every-to-every"}]})"),
        std::string(R"({"layers": [2, {"size": 2, "connections": [[1, 0], [0, 1]]}]})"), step(R"({"type": "bits", "count": 2})"), step("[]"),
        step(R"(["auto"])"), step(R"({"type": "chain", "steps": [{"type": "auto"}]})"), net(R"("io": {})"), net(R"("io": {"input": {"normalize": "round"}})"),
        io(R"({"input": {"x-note": 1, "input": {"normalize": "round"}}})"), io(R"({"input": {"x-note": 1}})"),
        params(R"({"*input": {}, "size": {"default": ":input"}})"),
        std::string(R"({"layers": [1, {"type": "embedding", "outputDim": 1}, {"size": 2}], "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab"}}, "output": {"denormalize": {"type": "lookup", "x-note": 1}}}})")}) {
    CAPTURE(text);
    CHECK(parser_refusal(text).empty());
    CHECK(validator().accepts(schema_json(text)));
  }
}

TEST_CASE("G-10 the schema knows what a program defined") {
  const Context own = Context::system({.threads = 1, .log_level = 0});
  define_domain(own, {.name = "mine"});
  define_operation(own, {.name = "twice", .domain = "core"}, [](Variable x) { return x + x; });
  const SchemaValidator known(schema_json(model_schema(own)));
  known.check_schema();
  const Json made = schema_json(model_schema(own));
  CHECK(made.find("$defs")->find("model")->find("properties")->find("domain")->find("description")->as_text() ==
        "Known here: core, mine.");
  const Json as_type = schema_json(R"({"layers": [2, {"type": "twice"}]})"),
             as_activation = schema_json(R"({"layers": [2, {"size": 2, "activation": "twice"}]})");
  CHECK(known.accepts(as_type));
  CHECK(known.accepts(as_activation));
  CHECK_FALSE(validator().accepts(as_type));
  CHECK_FALSE(validator().accepts(as_activation));
}
