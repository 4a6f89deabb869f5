// Pipes into parameters: each sample brings its own, for every layer type (A-61, A-69).
#include <catch2/catch.hpp>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct PipedCase {
  std::string type;       // words of the layer
  std::string size;       // of the input
  int values;             // of an input sample
  std::string parameter;  // that is piped to
  int count;              // of its values
  std::string shape;      // as nested sizes, for the layer that has it inline
};

const std::vector<PipedCase>& piped_cases() {
  static const std::vector<PipedCase> list = {
      {R"("type": "neurons", "size": 2, "bias": false)", "3", 3, "weights", 6, ""},
      {R"("type": "neurons", "size": 2, "weights": [1, 2, 3, 4, 5, 6])", "3", 3, "bias", 2, ""},
      {R"("type": "conv2d", "filters": 2, "kernelSize": [2, 3], "padding": "same", "bias": [0.5, -1])", "[3, 4, 2]", 24, "weights", 24, ""},
      {R"("type": "conv2d", "filters": 4, "kernelSize": 2, "strides": [2, 1], "groups": 2, "dilationRate": [1, 2], "bias": false)", "[4, 5, 4]", 80, "weights", 32, ""},
      {R"("type": "conv2d", "filters": 2, "kernelSize": 1, "weights": [1, 2, 3, 4])", "[2, 2, 2]", 8, "bias", 2, ""},
      {R"("type": "depthwiseConv2d", "depthMultiplier": 2, "kernelSize": 2, "padding": [[1, 0], [0, 1]], "bias": false)", "[2, 3, 2]", 12, "weights", 16, ""},
      {R"("type": "layerNorm", "bias": [1, 2, 3])", "[2, 3]", 6, "scale", 3, ""},
      {R"("type": "layerNorm", "scale": false)", "3", 3, "bias", 3, ""},
      {R"("type": "batchNorm", "scale": [1, 2], "movingMean": [0.5, 1], "movingVariance": [2, 3])", "[2, 2]", 4, "bias", 2, ""},
      {R"("type": "embedding", "inputDim": 3, "outputDim": 2)", "4", 4, "weights", 6, ""},
      {R"("type": "rnn", "size": 2, "weights": [1, 2, 3, 4, 5, 6], "bias": false)", "3", 3, "recurrentWeights", 4, ""},
      {R"("type": "gru", "size": 2, "bias": false, "weights": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])", "1", 1, "recurrentWeights", 12, ""},
      {R"("type": "lstm", "size": 1, "weights": [1, -1, 0.5, 2], "bias": false)", "1", 1, "recurrentWeights", 4, ""},
      {R"("type": "lstm-n", "size": 2, "weights": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], "bias": false)", "1", 1, "recurrentWeights", 16, ""},
  };
  return list;
}

std::string text_of(const std::vector<double>& values) { return write_json(Json::numbers(values)); }

std::vector<double> joined(std::vector<double> first, const std::vector<double>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

TEST_CASE("A-61 A-69 what is piped into a parameter is each sample's own, and computes as a constant does") {
  for (const PipedCase& one : piped_cases()) {
    INFO(one.type << " " << one.parameter);
    NeuralNetwork piped = make(R"({"dataType": "fp64", "layers": [{"size": )" + one.size + R"(, "pipes": [{"name": "k", "size": )" + std::to_string(one.count) +
                               R"(, "to": "layer.)" + one.parameter + R"("}]}, {"name": "layer", )" + one.type + "}]}");
    CHECK(piped.outputs().front().shape.elements() > 0);
    std::vector<double> batch, expected;
    for (const double pace : {1.1, 2.3}) {
      std::vector<double> input = waves(one.values, pace), weights = waves(one.count, pace + 0.4);
      if (one.type.find("embedding") != std::string::npos) input = pace < 2 ? std::vector<double>{0, 2, 1, -1} : std::vector<double>{7, 1, -9, 2};
      NeuralNetwork fixed = make(R"({"dataType": "fp64", "layers": [{"size": )" + one.size + R"(}, {")" + one.parameter + R"(": )" + text_of(weights) + ", " + one.type + "}]}");
      batch = joined(batch, joined(input, weights));
      expected = joined(expected, fixed.run(input).values());
      // A second step, in which cells see what they remember.
      if (fixed.is_stateful()) expected = joined(std::vector<double>(expected.begin(), expected.end() - static_cast<std::ptrdiff_t>(fixed.output_size())), fixed.run(input).values());
    }
    const Tensor input = Tensor::from(piped.context(), DType::fp64, Shape{2, static_cast<std::int64_t>(batch.size() / 2)}, batch);
    if (piped.is_stateful()) piped.run(input);
    const std::vector<double> out = piped.run(input).values();
    REQUIRE(out.size() == expected.size());
    for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i] == Approx(expected[i]).margin(1e-12));
  }
}

TEST_CASE("A-61 A-69 gradients go through what is piped into parameters: finite differences in fp64") {
  for (const PipedCase& one : piped_cases()) {
    INFO(one.type << " " << one.parameter);
    NeuralNetwork net = make(R"({"dataType": "fp64", "layers": [{"pipes": [{"name": "x", "size": )" + one.size + R"(, "to": "layer"}, {"size": 2}]},
      {"name": "k", "size": )" + std::to_string(one.count) + R"(, "activation": "tanh", "to": "layer.)" + one.parameter + R"("}, {"name": "layer", )" + one.type + R"(}, {"type": "flatten"}, {"size": 1}]})");
    std::vector<double> first = waves(one.values, 1.3), second = waves(one.values, 0.7);
    if (one.type.find("embedding") != std::string::npos) first = {0, 2, 1, 1}, second = {2, 1, 0, 2};
    const Dataset data = Dataset::from({{joined(first, {0.5, -0.3}), {0.4}}, {joined(second, {-0.2, 0.9}), {-0.1}}});
    CHECK(test::check_gradients(net, data) >= 4);
  }
}

TEST_CASE("A-69 running averages take no pipe, and the reason is told") {
  try {
    make(R"({"layers": [{"size": 2, "pipes": [{"size": 2, "to": "n.movingMean"}]}, {"name": "n", "type": "batchNorm"}]})");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Code::unsupported);
    CHECK(error.reason() == "PARAM_PIPE");
    CHECK(error.path() == "/layers/0/pipes/0/to");
  }
}
