// What programs in other languages say, and what cannot be said in them.
#include <catch2/catch.hpp>

#include "core/op/registry.h"
#include "interchange/program.h"
#include "network/program_runs.h"
#include "support/folder.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Values of programs are called by parameter and layer.
std::vector<Case> with_names_that_programs_use() {
  const auto scaled = [](const std::string& name) {
    return R"({"name": ")" + name + R"(", "type": "scaled", "float": [2, 3], "from": [1, 1], "uint8": [0.5, 0.25], "log": [1, 3], "next": [1, 2]})";
  };
  const std::string model = R"({"operations": [{"name": "scaled", "model": {"defineParams": ["*input", "@*float", "@*from", "@*uint8", "@*log", "@*next",
      {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": "mul", "inputs": ["input", "float"], "name": "a"}, {"op": "add", "inputs": ["a", "from"], "name": "b"},
      {"op": "mul", "inputs": ["b", "log"], "name": "c"}, {"op": "mul", "inputs": ["c", "next"], "name": "d"}, {"op": "add", "inputs": ["d", "uint8"]}]}}],
      "layers": [2, )" + scaled("t") + R"(, {"type": "gelu"}, )" + scaled("below") + ", " + scaled("softmax") + ", " + scaled("history_end") +
                            R"(, {"type": "softmax"}, {"name": "end", "size": 2, "history": 1, "historyTo": "end"}]})";
  const std::string open = R"({"operations": [{"name": "scaled", "model": {"defineParams": ["*input", "@*dim", {"name": "size", "default": ":input"}]},
      "body": {"steps": [{"op": "mul", "inputs": ["input", "dim"], "name": "a"}, {"op": "tanh", "inputs": ["a"]}]}}],
      "layers": [{"size": [null, 2], "shapeHints": {"dim_0": {"max": 9}}}, {"type": "scaled", "dim": [[2, 3]]}, {"type": "tanh"}]})";
  std::vector<Case> cases = {{model, {{0.1, -0.2}, {0.3, 0.05}}}};
  for (const char* form : {"base64", "array"})
    cases.push_back({.model = open, .inputs = {{0.1, 0.2, 0.3, 0.4}, {0.1, 0.2, 0.3, -0.4, 0.5, 0.6}}, .options = {.setup_data_as = form}, .lengths = {{2}, {3}},
                     .shapes = {Shape{1, 2, 2}, Shape{1, 3, 2}}});
  return cases;
}

}  // namespace

TEST_CASE("programs write operations that are composed of known ones") {
  const Context context = Context::system({.threads = 1});
  define_domain(context, {.name = "mine"});
  define_operation(context, {.name = "swish", .domain = "mine"}, [](Variable x) { return x * sigmoid(x); });
  const NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#swish"}]})", context);
  CHECK(net.export_model({.to = "c"}).find("sigmoid(input[i])") != std::string::npos);
}

TEST_CASE("what a language has no words for is named with its place") {
  const Context context = Context::system({.threads = 1});
  const Registry registry = make_registry(context);
  Graph graph;
  GraphBuilder builder(context, registry, graph);
  const Ref input{graph.add_input("input", {DType::fp32, Shape{1, 2}})};
  builder.set_path("/layers/1");
  const Ref noise =
      builder.emit("randomUniform", {builder.scalar(0, DType::i64)}, {{"shape", std::vector<std::int64_t>{1, 2}}});
  graph.outputs.push_back({"output", builder.emit("add", {input, noise}).id});
  try {
    ProgramOptions options;
    options.language = Language::c;
    write_program(graph, options);
    FAIL("was written");
  } catch (const Error& error) {
    CHECK(error.code() == Code::unsupported);
    CHECK(error.reason() == "EXPORT_OPERATION");
    CHECK(error.path() == "/layers/1");
    CHECK_THAT(error.what(), Catch::Contains("the operator \"randomUniform\" cannot be written in C"));
  }
}

TEST_CASE("programs have names that are names") {
  const NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, 1]})");
  for (const char* name : {"", "1st", "a b", "x;y", "na\xc3\xafve"})
    CHECK_THROWS_AS(net.export_model({.to = "c", .name = name}), Error);
  CHECK(net.export_model({.to = "c", .name = "tiny"}).find("void tiny_run(const float *input, float *output)") !=
        std::string::npos);
}

TEST_CASE("G-13 EX-17 what programs use is not hidden by the names of layers and parameters") {
  for (const char* language : {"python-numpy", "c", "javascript"}) check_programs(language, with_names_that_programs_use());
  // The functions of a program in C are called as the program is.
  const NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"name": "run", "size": 2}, {"name": "reset", "size": 2, "history": 1, "historyTo": "reset"}]})");
  const std::string text = net.export_model({.to = "c", .name = "weights"});
  CHECK(text.find("weights_run[") == std::string::npos);
  CHECK(text.find("weights_reset[") == std::string::npos);
}

TEST_CASE("G-13 a program in JavaScript is called as nothing that it uses") {
  const NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"size": 2, "activation": "tanh"}, {"type": "softmax"}, 1]})");
  for (const char* name : {"Math", "Float32Array", "Float64Array", "Uint8Array", "atob", "RangeError", "Infinity", "NaN", "undefined"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(net.export_model({.to = "javascript", .name = name}), Error);
    CHECK_NOTHROW(net.export_model({.to = "c", .name = name}));  // where the name has an end
  }
  const std::string text = net.export_model({.to = "javascript", .name = "v1"});
  CHECK(text.find("export function v1(") != std::string::npos);
  CHECK(text.find("const v1 ") == std::string::npos);
}
