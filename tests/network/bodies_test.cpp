// Operations without code: where their errors are, what their steps can be handed, and that samples stay apart.
#include <catch2/catch.hpp>

#include <array>

#include "network/operations.h"
#include "support/refusals.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

namespace {

std::string model_of(const std::string& operations, const std::string& layers) {
  return R"({"operations": [)" + operations + R"(], "layers": [)" + layers + "]}";
}

/// An operation "s" on `input` whose first step is this one.
std::string stepping(const std::string& step, const std::string& more = "") {
  return R"({"name": "s", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]}, "body": {"steps": [)" +
         step + more + "]}}";
}

const std::string gated = R"({"name": "gated", "model": {"defineParams": ["*input", "@*weights", "activation", {"name": "size", "default": ":input"}]},
    "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
                       {"op": "activation", "inputs": ["product"], "name": "gate"},
                       {"op": "mul", "inputs": ["gate", "input"]}]}})";

}  // namespace

TEST_CASE("A-58 operations do not carry values from one sample of a batch to another") {
  const Context context = with_domain();
  const auto load = [&](const std::string& steps) {
    return reason_of([&] { NeuralNetwork::from_json(model_of(stepping(steps), R"([3, 2], {"type": "s"})"), context); });
  };
  const std::string sum = R"("name": "a"}, {"op": "add", "inputs": ["input", "a"]})";
  for (const std::string mixing :
       {R"({"op": "reduceSum", "inputs": ["input"], "attributes": {"axes": [0], "keepDimensions": true}, )" + sum,
        R"({"op": "reduceMax", "inputs": ["input"], )" + sum,
        R"({"op": "reduceMean", "inputs": ["input"], "attributes": {"axes": [-3, 1]}, )" + sum,
        std::string(R"({"op": "reverse", "inputs": ["input"], "attributes": {"axes": [0]}})"),
        std::string(R"({"op": "reverse", "inputs": ["input"]})"),
        std::string(R"({"op": "softmax", "inputs": ["input"], "attributes": {"axis": 0}})"),
        std::string(R"({"op": "cumulativeSum", "inputs": ["input"], "attributes": {"axis": -3}})"),
        std::string(R"({"op": "layerNorm", "inputs": ["input"], "attributes": {"axes": [0, 2]}})"),
        std::string(R"({"op": "reshape", "inputs": ["input"], "attributes": {"shape": [3, -1, 2]}})"),
        // What was transposed stays known: the length of an axis says that it is the batch.
        R"({"op": "transpose", "inputs": ["input"], "attributes": {"permutation": [1, 2, 0]}, "name": "t"},
           {"op": "reduceSum", "inputs": ["t"], "attributes": {"axes": [-1]}, )" + sum}) {
    CAPTURE(mixing);
    CHECK(load(mixing) == "BATCH_AXIS");
  }
  for (const std::string apart :
       {R"({"op": "reduceSum", "inputs": ["input"], "attributes": {"axes": [1], "keepDimensions": true}, )" + sum,
        std::string(R"({"op": "reverse", "inputs": ["input"], "attributes": {"axes": [1, 2]}})"),
        std::string(R"({"op": "softmax", "inputs": ["input"]})"),
        std::string(R"({"op": "layerNorm", "inputs": ["input"], "attributes": {"axes": [1, 2]}})"),
        std::string(R"({"op": "reshape", "inputs": ["input"], "attributes": {"shape": [-1, 2, 3]}})"),
        std::string(R"({"op": "transpose", "inputs": ["input"], "attributes": {"permutation": [0, 2, 1]}})")}) {
    CAPTURE(apart);
    CHECK(load(apart) == "nothing thrown");
  }
  // Functions of the program are asked the same; tables and weights have no samples.
  define_operation(context, {.name = "gram", .domain = "mine"}, [](Variable x) {
    return matmul(matmul(x, apply("transpose", {x})), x);
  });
  define_operation(context, {.name = "mean", .domain = "mine", .params = {"*input", "*table"}},
                   [](Variable x, Variable table) { return x + apply("reduceMean", {table}, R"({"axes": [0]})"); });
  const Error error = error_of([&] { NeuralNetwork::from_json(R"({"layers": [3, {"type": "mine#gram"}]})", context); });
  CHECK(error.reason() == "BATCH_AXIS");
  CHECK(error.path() == "/layers/1");
  CHECK(error.hint().find("explicitBatch") != std::string::npos);
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#mean", "size": 2, "table": [[1, 2], [3, 4]]}]})", context)
            .run({1, 1}).values() == std::vector<double>{3, 4});
  // Whole tensors have no batch.
  define_domain(context, {.name = "whole", .default_data_type = "fp32", .explicit_batch = true});
  NeuralNetwork turned = NeuralNetwork::from_json(
      R"({"domain": "whole", "operations": [{"name": "turned", "body": {"steps": [{"op": "reverse", "inputs": ["input"], "attributes": {"axes": [0]}}]}}],
          "layers": [[3, 2], {"type": "turned"}]})", context);
  CHECK(turned.run({1, 2, 3, 4, 5, 6}).values() == std::vector<double>{5, 6, 3, 4, 1, 2});
}
