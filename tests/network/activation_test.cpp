// ACT: each activation at points worked out by hand, value and slope, on the judge and on the processor.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "network/finite_differences.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using test::error_of;

namespace {

const double e = 2.718281828459045, pi = 3.141592653589793, ln2 = 0.6931471805599453, ln3 = 1.0986122886681098;

struct Point {
  double x, y, slope;
};

// One neuron without a choice: y = f(1 x + 0). With y - 1 as the target, half the squared distance has the slope of f
// as its derivative by the bias.
void check(const std::string& name, const std::vector<Point>& points, const std::string& constants = "") {
  for (const char* device : {"reference", "cpu"})
    for (const char* type : {"fp64", "fp32"}) {
      const double near = std::string(type) == "fp64" ? 1e-12 : 1e-6;
      NeuralNetwork net = NeuralNetwork::from_json(
          R"({"dataType": ")" + std::string(type) +
              R"(", "layers": [1, {"size": 1, "weights": [[1]], "bias": [0], "activation": ")" + name + "\"" + constants + "}]}",
          {.device = device});
      for (const Point& point : points) {
        INFO(name << " at " << point.x << " on " << device << " in " << type);
        const double y = net.run({point.x})[0];
        CHECK(y == Approx(point.y).epsilon(near).margin(near));
        const Gradients gradients = net.compute_gradients(Dataset::from({{{point.x}, {y - 1}}}));
        CHECK(gradients.gradients.at("1.bias").at(0) == Approx(point.slope).epsilon(near).margin(near));
      }
    }
}

}  // namespace

TEST_CASE("ACT-01 identity is x") {
  check("identity", {{-1.5, -1.5, 1}, {0, 0, 1}, {4, 4, 1}});
  // Also where layers that say nothing have another activation, and as a layer of its own.
  NeuralNetwork net = NeuralNetwork::from_json(R"({"activation": "tanh", "layers": [1,
      {"size": 1, "weights": [[1]], "bias": [0], "activation": "identity"}, {"type": "identity"}]})");
  CHECK(net.run({4.0})[0] == 4);
  CHECK(net.compute_gradients(Dataset::from({{{4}, {3}}})).gradients.at("1.bias").at(0) == 1);
}

TEST_CASE("ACT-02 binary is 0 below 0, else 1, and has no slope unless it is passed straight through") {
  check("binary", {{-0.5, 0, 0}, {0, 1, 0}, {2, 1, 0}});
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": [0], "activation": "binary", "straightThrough": true}]})");
  CHECK(net.compute_gradients(Dataset::from({{{2}, {0}}})).gradients.at("1.bias").at(0) == 1);
  CHECK(net.compute_gradients(Dataset::from({{{-2}, {1}}})).gradients.at("1.bias").at(0) == -1);  // where it gives 0 too
}

TEST_CASE("ACT-03 tanh is the hyperbolic tangent") { check("tanh", {{ln2, 0.6, 0.64}, {-ln2, -0.6, 0.64}, {0, 0, 1}}); }

TEST_CASE("ACT-04 isrlu is x / sqrt(1 + x^2) below 0, else x") {
  check("isrlu", {{-0.75, -0.6, 0.512}, {0, 0, 1}, {2, 2, 1}});
  // Where the square, or what is below it, is no longer a number.
  check("isrlu", {{-1e15, -1, 0}, {-1e18, -1, 0}, {-3e18, -1, 0}, {-1e30, -1, 0}});
  for (const char* device : {"reference", "cpu"}) {
    CAPTURE(device);
    NeuralNetwork net = NeuralNetwork::from_json(
        R"({"dataType": "fp64", "layers": [1, {"size": 1, "weights": [[1]], "bias": [0]}, {"type": "isrlu", "alpha": 4}]})",
        {.device = device});
    CHECK(net.run({-0.375})[0] == Approx(-0.3).epsilon(1e-12));  // the root of 1 + 4 * 0.375^2 is 1.25
    CHECK(net.run({-1e30})[0] == Approx(-0.5).epsilon(1e-12));
    CHECK(net.run({1e30})[0] == 1e30);
    const Gradients gradients = net.compute_gradients(Dataset::from({{{-0.375}, {-1.3}}}));
    CHECK(gradients.gradients.at("1.bias").at(0) == Approx(0.512).epsilon(1e-12));
  }
}

TEST_CASE("ACT-05 relu is the positive part, with slope 0 at 0") { check("relu", {{-3, 0, 0}, {0, 0, 0}, {2, 2, 1}}); }

TEST_CASE("ACT-06 elu is e^x - 1 below 0, else x") {
  check("elu", {{-ln2, -0.5, 0.5}, {0, 0, 1}, {3, 3, 1}});
  check("elu", {{-ln2, -1.5, 1.5}, {0, 0, 1}, {3, 3, 1}}, R"(, "alpha": 3)");
}

TEST_CASE("ACT-07 softclip is ln((1 + e^x) / (1 + e^(x - 1))), also far from 0") {
  check("softclip",
        {{0.5, 0.5, std::tanh(0.25)}, {0, std::log(2 / (1 + 1 / e)), 0.5 - 1 / (1 + e)}, {80, 1, 0}, {-80, 0, 0}});
  for (const char* device : {"reference", "cpu"}) {
    CAPTURE(device);
    NeuralNetwork net = NeuralNetwork::from_json(
        R"({"dataType": "fp64", "layers": [1, {"size": 1, "weights": [[1]], "bias": [0], "activation": "softclip", "alpha": 4}]})", {.device = device});
    for (const double x : {-1.0, 0.0, 0.5, 2.0}) {
      CAPTURE(x);
      const double up = std::exp(4 * x), down = std::exp(4 * (x - 1)), y = net.run({x})[0];
      CHECK(y == Approx(std::log((1 + up) / (1 + down)) / 4).epsilon(1e-12));
      CHECK(net.compute_gradients(Dataset::from({{{x}, {y - 1}}})).gradients.at("1.bias").at(0) ==
            Approx(up / (1 + up) - down / (1 + down)).epsilon(1e-12));
    }
  }
}

TEST_CASE("ACT-08 sin is the sine") { check("sin", {{pi / 6, 0.5, std::sqrt(0.75)}, {0, 0, 1}, {pi / 2, 1, 0}}); }

TEST_CASE("ACT-09 sinc is sin x / x, and 1 at 0") {
  check("sinc", {{0, 1, 0}, {pi / 2, 2 / pi, -4 / (pi * pi)}, {-pi, 0, 1 / pi}});
  // Near 0, where the slope is a difference of nearly equal numbers.
  for (const double x : {0.05, -0.05, 0.001, -0.001}) check("sinc", {{x, std::sin(x) / x, x * x * x / 30 - x / 3 - x * x * x * x * x / 840}});
}

TEST_CASE("ACT-10 gauss is e^(-x^2)") {
  const double half = std::sqrt(ln2);
  check("gauss", {{0, 1, 0}, {half, 0.5, -half}, {-half, 0.5, half}});
}

TEST_CASE("ACT-11 the activations that other libraries have are here as well") {
  check("sigmoid", {{ln3, 0.75, 0.1875}, {0, 0.5, 0.25}});
  check("leakyRelu", {{-2, -0.02, 0.01}, {3, 3, 1}});
  check("softplus", {{ln3, 2 * ln2, 0.75}, {0, ln2, 0.5}});
  check("softsign", {{-3, -0.75, 0.0625}, {1, 0.5, 0.25}});
  const double scale = 1.0507009873554805, limit = 1.6732632423543772;
  check("selu", {{2, 2 * scale, scale}, {-ln2, -scale * limit / 2, scale * limit / 2}});
  const double bell = std::exp(-0.5) / std::sqrt(2 * pi), below = 0.5 * (1 + std::erf(1 / std::sqrt(2.0)));
  check("gelu", {{0, 0, 0.5}, {1, below, below + bell}});
  check("geluTanh", {{0, 0, 0.5},
                     {1, 0.5 * (1 + std::tanh(std::sqrt(2 / pi) * 1.044715)),
                      0.5 * (1 + std::tanh(std::sqrt(2 / pi) * 1.044715)) +
                          0.5 / std::pow(std::cosh(std::sqrt(2 / pi) * 1.044715), 2) * std::sqrt(2 / pi) * 1.134145}});
  check("silu", {{0, 0, 0.5}, {ln3, 0.75 * ln3, 0.75 + 0.1875 * ln3}});
  check("mish", {{0, 0, 0.6}});  // tanh(ln 2) = 0.6
  check("hardSigmoid", {{1, 0.7, 0.2}, {-3, 0, 0}, {3, 1, 0}});
  check("hardSwish", {{1, 4.0 / 6, 5.0 / 6}, {-4, 0, 0}, {4, 4, 1}});
  check("relu6", {{-1, 0, 0}, {5, 5, 1}, {7, 6, 0}});
  check("exp", {{ln3, 3, 3}});
  check("celu", {{-ln2, -0.5, 0.5}, {2, 2, 1}});
  check("bentIdentity", {{0.75, 0.875, 1.3}});
  check("arctan", {{1, pi / 4, 0.5}});
  check("isru", {{0.75, 0.6, 0.512}});
  check("swish", {{0, 0, 0.5}, {ln3, 0.75 * ln3, 0.75 + 0.1875 * ln3}});  // another spelling of silu
  check("leaky-relu", {{-2, -0.02, 0.01}, {3, 3, 1}});
  check("hard-sigmoid", {{1, 0.7, 0.2}});
  check("hard-swish", {{1, 4.0 / 6, 5.0 / 6}});
  check("bent-identity", {{0.75, 0.875, 1.3}});
  const double inner = std::tanh(std::sqrt(2 / pi) * 1.044715);
  check("gelu-tanh", {{1, 0.5 * (1 + inner), 0.5 * (1 + inner) + 0.5 * (1 - inner * inner) * std::sqrt(2 / pi) * 1.134145}});
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, {"type": "swish"}]})").run({0, ln3})[1] == Approx(0.75 * ln3).epsilon(1e-6));
  NeuralNetwork sloped = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [2, {"type": "prelu", "name": "p"}]})");
  CHECK(sloped.run({-2, 3}).values() == std::vector<double>{-0.5, 3});
  NeuralNetwork learning = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [2, {"type": "prelu"}, 1]})");
  CHECK(test::check_gradients(learning, Dataset::from({{{-2.0, 3.0}, {0.5}}, {{0.7, -1.1}, {0.25}}})) > 2);
  sloped.set_parameter("p.slope", Tensor::from(sloped.context(), DType::fp64, Shape{2}, std::vector<double>{0.5, 0.125}));
  CHECK(sloped.run({-2, -8}).values() == std::vector<double>{-1, -1});
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"type": "softmax"}]})");
  CHECK(net.run({ln3, 0})[0] == Approx(0.75).epsilon(1e-6));
  NeuralNetwork logarithm = NeuralNetwork::from_json(R"({"layers": [2, {"type": "logSoftmax"}]})");
  CHECK(logarithm.run({ln3, 0})[1] == Approx(-2 * ln2).epsilon(1e-6));
}

TEST_CASE("slopes of activations agree with extrapolated differences to eleven digits") {
  for (const char* name : {"tanh",  "isrlu",   "elu",      "softclip", "sin",          "cos",    "sinc",
                           "gauss", "sigmoid", "softplus", "softsign", "selu",         "gelu",   "geluTanh",
                           "silu",  "mish",    "exp",      "celu",     "bentIdentity", "arctan", "isru"}) {
    NeuralNetwork net = NeuralNetwork::from_json(
        R"({"dataType": "fp64", "layers": [1, {"size": 1, "weights": [[1]], "bias": [0], "activation": ")" +
            std::string(name) + "\"}]}",
        {.device = "reference"});
    for (const double x : {-7.9, -2.77, -0.9, -0.31, -0.05, 0.05, 0.37, 0.93, 2.9, 6.7}) {
      INFO(name << " at " << x);
      const auto difference = [&](double h) { return (net.run({x + h})[0] - net.run({x - h})[0]) / (2 * h); };
      const double h = 0.01 * std::fmax(0.05, std::fmin(1, std::fabs(x)));
      // Twice extrapolated: what is left is of the order of h^6.
      const double coarse = (4 * difference(h / 2) - difference(h)) / 3,
                   fine = (4 * difference(h / 4) - difference(h / 2)) / 3;
      const double slope = (16 * fine - coarse) / 15;
      const double computed =
          net.compute_gradients(Dataset::from({{{x}, {net.run({x})[0] - 1}}})).gradients.at("1.bias").at(0);
      CHECK(computed == Approx(slope).epsilon(1e-11).margin(1e-11));
    }
  }
}

TEST_CASE("ACT-12 an activation is an operation that says so, and stands as a layer type too") {
  NeuralNetwork inside =
      NeuralNetwork::from_json(R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": [0], "activation": "gauss"}]})");
  NeuralNetwork behind =
      NeuralNetwork::from_json(R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": [0]}, {"type": "gauss"}]})");
  CHECK(inside.run({0.7})[0] == behind.run({0.7})[0]);
  CHECK_THROWS_AS(NeuralNetwork::from_json(R"({"layers": [1, {"size": 1, "activation": "add"}]})"), Error);
  // Operators of one value that do not say so are neither.
  for (const std::string name : {"transpose", "reduceSum"}) {
    CAPTURE(name);
    CHECK(error_of([&] { NeuralNetwork::from_json(R"({"layers": [1, {"size": 1, "activation": ")" + name + "\"}]}"); }).reason() == "NOT_ACTIVATION");
    CHECK(error_of([&] { NeuralNetwork::from_json(R"({"layers": [1, {"type": ")" + name + "\"}]}"); }).reason() == "OPERATION_AS_LAYER");
  }
}

TEST_CASE("ACT-13 null disables the root's activation, on a layer and on a pipe") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"activation": "tanh", "layers": [1,
      {"size": 1, "activation": null, "weights": [[3]], "bias": [0],
       "pipes": [{"size": 1, "activation": null, "weights": [[5]], "bias": [0]}, {"size": 1, "weights": [[5]], "bias": [0]}]}]})");
  const Output output = net.run({2});
  CHECK(output[0] == 6);
  CHECK(output[1] == 10);
  CHECK(output[2] == Approx(1).margin(1e-6));
  // Nor is there the activation that a cell has of its own.
  for (const char* root : {"", R"("activation": "tanh", )"}) {
    NeuralNetwork cell = NeuralNetwork::from_json("{" + std::string(root) + R"("layers": [1, {"type": "rnn", "size": 1, "activation": null,
        "weights": [[3]], "recurrentWeights": [[1]], "bias": [0]}]})");
    CHECK(cell.run({2})[0] == 6);
    CHECK(cell.run({1})[0] == 9);
  }
}
