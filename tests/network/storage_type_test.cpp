// Models stored in 16 bits learn with fp32 master weights: what is too small for one step adds up.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "support/contexts.h"
#include "webai/network.hpp"

using namespace webai;
using namespace webai::test;

namespace {

NeuralNetwork stored_network(const std::string& type, const std::string& layers, const std::string& data) {
  return NeuralNetwork::from_json(
      R"({"dataType": ")" + type + R"(", "layers": )" + layers + R"(, "setup": {"data": )" + data + "}}", context());
}

Dataset one_sample(double input, double target) {
  return Dataset::from(Tensor::from(context(), DType::fp32, Shape{1, 1}, std::vector<double>{input}),
                       Tensor::from(context(), DType::fp32, Shape{1, 1}, std::vector<double>{target}));
}

}  // namespace

TEST_CASE("steps smaller than the spacing of 16-bit weights add up") {
  // y = w x with w = 1, x = 1 and the target 0: the gradient is w, so that a step moves w by 0.0001 of itself, while
  // neighbours of 1 are 0.001 (fp16) and 0.008 (bf16) away.
  for (const auto& [type, spacing] : {std::pair{"fp16", 0x1p-11}, std::pair{"bf16", 0x1p-8}}) {
    INFO(type);
    NeuralNetwork network = stored_network(type, R"([1, {"size": 1, "bias": false}])", "[1]");
    TrainOptions options;
    options.momentum = 0;
    options.learning_rate = 1e-4;
    options.max_iterations = 1000;
    network.train(one_sample(1, 0), options);
    const Tensor weights = network.parameters().front().second;
    REQUIRE(network.data_type() == weights.type());
    CHECK(std::fabs(weights.at(0) - std::pow(1 - 1e-4, 1000)) <= spacing);  // rounded, with the gradient of a rounded w
  }
}

TEST_CASE("a model in 16 bits computes with rounded weights while it learns") {
  // w = 1 + 2^-12 as master would round to 1: the first step's gradient is that of w = 1 exactly.
  NeuralNetwork network = stored_network("fp16", R"([1, {"size": 1, "bias": false}])", "[1]");
  const Gradients gradients = network.compute_gradients(one_sample(1 + 0x1p-12, 0.5));
  // The input is rounded to 1 as well, so y = 1 and dw = (1 - 0.5) * 1.
  CHECK(gradients.gradients.at("1.weights").at(0) == 0.5);
}

TEST_CASE("models in 16 bits learn XOR") {
  for (const char* type : {"fp16", "bf16"}) {
    INFO(type);
    NeuralNetwork network = NeuralNetwork::from_json(
        R"({"dataType": ")" + std::string(type) + R"(", "layers": [2, 3, 1], "activation": "tanh"})", context());
    const Dataset data = Dataset::from({{{0, 0}, {0}}, {{0, 1}, {1}}, {{1, 0}, {1}}, {{1, 1}, {0}}});
    const TrainInfo info = network.train(data, {.max_iterations = 5000, .error_threshold = 0.5});
    CHECK(info.stop_reason == "errorThreshold");
    CHECK(network.run({1, 0})[0] > 0.8);
    CHECK(network.run({1, 1})[0] < 0.2);
    // What was learned is what is kept: the weights as text give the same answers.
    const NeuralNetwork again = NeuralNetwork::from_json(network.to_json(), context());
    NeuralNetwork copy = again;
    CHECK(copy.run({0, 1})[0] == network.run({0, 1})[0]);
  }
}
