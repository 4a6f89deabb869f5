// What programs in other languages say, and what cannot be said in them.
#include <catch2/catch.hpp>

#include "core/op/registry.h"
#include "interchange/program.h"
#include "webai/webai.hpp"

using namespace webai;

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
