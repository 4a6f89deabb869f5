// Models stored in 16 bits learn with fp32 master weights: what is too small for one step adds up.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "network/seeded.h"
#include "support/contexts.h"
#include "support/refusals.h"
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

TEST_CASE("A-66 what an optimizer gathers is not rounded to 16 bits") {
  // y = w x with x = 1 and a target far below: the gradient is 1 in every step, so that a momentum grows to 100 by less and less.
  const auto learned = [](const std::string& type) {
    NeuralNetwork network = stored_network(type, R"([1, {"size": 1, "bias": false}])", "[1]");
    TrainOptions options{.max_iterations = 400, .learning_rate = 1e-4, .optimizer = "momentum"};
    options.error_measure_type = "mean-absolute";
    options.momentum = 0.99;
    network.train(one_sample(1, -100), options);
    return network.parameters().front().second.at(0);
  };
  const double wide = learned("fp32");
  CHECK(wide == Approx(1 - 3.028).margin(0.01));
  CHECK(std::fabs(learned("fp16") - wide) <= 0x1p-9);
  CHECK(std::fabs(learned("bf16") - wide) <= 0x1p-6);
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

TEST_CASE("A-66 what 16 bits cannot hold is refused where it comes in, by runs and by training") {
  const Context context = one_thread();
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"dataType": "fp16", "io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 60000], "to": [0, 1]}}}, "layers": [1, 1]})",
      context);
  CHECK(std::isfinite(network.run({60000})[0]));
  const auto told = [&](const std::function<void()>& call, const char* reason) {
    const Error error = error_of(call);
    CHECK(error.reason() == reason);
    CHECK(error.actual() == "250400");
    CHECK(error.hint().find("dataType") != std::string::npos);
  };
  told([&] { network.run({1, 250400}); }, "VALUES");
  told([&] { network.run(Tensor::from(context, DType::fp32, Shape{1, 1}, std::vector<double>{250400})); }, "VALUES");
  for (const DType type : {DType::fp64, DType::fp32, DType::i32}) {
    INFO(name_of(type));
    const Dataset data = Dataset::from(Tensor::from(context, type, Shape{2, 1}, std::vector<double>{1, 250400}),
                                       Tensor::from(context, DType::fp32, Shape{2, 1}, std::vector<double>{0, 1}));
    told([&] { network.train(data, {.max_iterations = 1}); }, "RANGE");
    told([&] { network.compute_gradients(data); }, "RANGE");
    told([&] { network.verify(data); }, "RANGE");
  }
  NeuralNetwork wide = NeuralNetwork::from_json(R"({"dataType": "bf16", "layers": [1, 1]})", context);
  CHECK(std::isfinite(wide.run({250400})[0]));
}

TEST_CASE("A-29 A-67 constants and numbers of io that the type of the model cannot hold are refused") {
  const auto refused = [](const std::string& type, const std::string& rest) {
    const Error error = error_of(R"({"dataType": ")" + type + R"(", )" + rest + "}");
    CHECK(!error.hint().empty());
    CHECK(!error.actual().empty());
    CHECK(error.expected().find("number") != std::string::npos);
    return error.reason() + " " + error.path();
  };
  const auto layer = [](const std::string& words) { return R"("layers": [2, {)" + words + "}]"; };
  const auto input = [](const std::string& step) { return R"("layers": [2, 2], "io": {"input": {"normalize": {)" + step + "}}}"; };
  const std::string at = "PROPERTY_VALUE /layers/1/", in = "IO_RANGE /io/input/normalize/";
  for (const char* type : {"fp32", "fp16", "bf16", "u8"}) {
    CAPTURE(type);
    CHECK(refused(type, layer(R"("size": 2, "activation": "elu", "alpha": 1e300)")) == at + "alpha");
    CHECK(refused(type, layer(R"("type": "leakyRelu", "alpha": -1e300)")) == at + "alpha");
    CHECK(refused(type, layer(R"("type": "layerNorm", "epsilon": 1e300)")) == at + "epsilon");
    CHECK(refused(type, input(R"("type": "standardize", "mean": [0, 1e300])")) == in + "mean");
    CHECK(refused(type, input(R"("type": "standardize", "std": 1e300)")) == in + "std");
    CHECK(refused(type, input(R"("type": "standardize", "std": 1e-300)")) == in + "std");
    CHECK(refused(type, input(R"("type": "rescale-linear", "from": [0, 1e300])")) == in + "from");
    CHECK(refused(type, input(R"("type": "rescale-linear", "from": [0, 1e-300])")) == in + "from");
    CHECK(refused(type, input(R"("type": "rescale-linear", "to": [-1e300, 0])")) == in + "to");
    CHECK(refused(type, input(R"("type": "log", "offset": 1e300)")) == in + "offset");
    CHECK(refused(type, input(R"("type": "clip", "min": 1e300)")) == in + "min");
    CHECK(refused(type, R"("layers": [2, 2], "io": {"output": {"denormalize": {"type": "rescale-linear", "to": [0, 1e300]}}})") ==
          "IO_RANGE /io/output/denormalize/to");
  }
  // Targets are scaled in double, and so are answers until they leave.
  for (const char* rules : {R"("normalize": {"type": "rescale-linear", "from": [0, 1e5]})",
                            R"("denormalize": [{"type": "rescale-linear", "to": [1, 1e5]}, {"type": "log"}])"})
    CHECK(std::isfinite(make(R"({"dataType": "fp16", "layers": [2, {"type": "sigmoid"}], "io": {"output": {)" + std::string(rules) + "}}}").run({1, 1})[0]));
  // The ends fit, what lies between them does not.
  CHECK(refused("fp16", input(R"("type": "rescale-linear", "from": [-60000, 60000])")) == in + "from");
  CHECK(refused("fp16", input(R"("type": "standardize", "mean": 1e5)")) == in + "mean");
  CHECK(refused("fp16", layer(R"("type": "layerNorm", "epsilon": 1e5)")) == at + "epsilon");
  // A wider type holds them; a bound beyond all numbers bounds none; inside a node constants have fp32.
  CHECK(std::isfinite(make("{\"dataType\": \"fp64\", " + layer(R"("type": "elu", "alpha": 1e300)") + "}").run({-1, 1})[0]));
  CHECK(make("{" + input(R"("type": "clip", "min": -1e300, "max": 1e300)") + "}").inputs().size() == 1);
  CHECK(std::isfinite(make("{\"dataType\": \"fp16\", " + layer(R"("type": "elu", "alpha": 1e5)") + "}").run({-0.5, 1})[0]));
}
