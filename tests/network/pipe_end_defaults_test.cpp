// Pipe ends with a default: what they hold before anything has been delivered to them.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "network/finite_differences.h"
#include "network/program_runs.h"
#include "network/seeded.h"
#include "support/refusals.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

namespace {

using Values = std::vector<double>;

const std::string minus = R"({"name": "minus", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]},
  "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}})";

/// x plus what the layer behind gave in the run before, negated.
std::string fed_back(const std::string& parameter, const std::string& layers, const std::string& type = "fp64") {
  return R"({"dataType": ")" + type + R"(", "operations": [)" + minus + R"(, {"name": "plus", "model": {"defineParams": ["*input", )" + parameter +
         R"(, {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": "add", "inputs": ["input", "b"]}]}}], "layers": [2, )" +
         layers + "]}";
}

const std::string array = R"({"name": "*b", "default": [5, 7]})";
const std::string back = R"({"type": "plus", "name": "p"}, {"type": "minus", "to": "p.b"})";

}  // namespace

TEST_CASE("A-16 a pipe end holds its default until the first delivery, and again after a reset") {
  for (const char* type : {"fp64", "fp32", "fp16", "bf16"}) {
    NeuralNetwork net = make(fed_back(array, back, type));
    CHECK(net.run({1, 2}).values() == Values{-6, -9});
    const std::string kept = net.get_internal_state();
    CHECK(net.run({1, 2}).values() == Values{5, 7});
    net.reset();
    CHECK(net.run({0, 0}).values() == Values{-5, -7});
    net.set_internal_state(kept);
    CHECK(net.run({0, 0}).values() == Values{6, 9});
    for (const char* form : {"", "pretty", "minify"}) {
      NeuralNetwork again = make(net.export_model({.optimize = form}));
      CHECK(again.run({1, 2}).values() == Values{-6, -9});
      CHECK(again.run({1, 2}).values() == Values{5, 7});
    }
  }
  NeuralNetwork number = make(fed_back(R"({"name": "*b", "default": [4]})", back));
  CHECK(number.run({1, 2}).values() == Values{-5, -6});
  // Each sample of a batch starts with them; what flows forward has no first run to wait for.
  NeuralNetwork net = make(fed_back(array, back));
  CHECK(net.run(Tensor::from(net.context(), DType::fp64, Shape{2, 2}, Values{0, 0, 1, 1})).values() == Values{-5, -7, -6, -8});
  NeuralNetwork forward = make(fed_back(array, R"({"type": "minus", "to": ["p", "p.b"]}, {"type": "plus", "name": "p"})"));
  CHECK(forward.run({1, 2}).values() == Values{-2, -4});
}

TEST_CASE("A-16 ends of one source start each with its own default, and with zeros where there is none") {
  const auto model = [&](const std::string& to) {
    return make(R"({"dataType": "fp64", "operations": [)" + minus + R"(, {"name": "sum", "model": {"defineParams": ["*input", {"name": "*b", "default": [5, 7]},
      {"name": "*c", "default": [100, 200]}, {"name": "*d", "default": 2}, {"name": "size", "default": ":input"}]},
      "body": {"steps": [{"op": "add", "inputs": ["input", "b"], "name": "s"}, {"op": "sub", "inputs": ["c", "d"], "name": "t"}, {"op": "add", "inputs": ["s", "t"]}]}}],
      "layers": [2, {"type": "sum", "name": "p"}, {"type": "minus", "to": )" + to + "}]}");
  };
  for (const char* to : {R"(["p.b", "p.c", "p.d"])", R"(["p.d", "p.c", "p.b"])", R"(["p.c", "p.d", "p.b"])"}) {
    NeuralNetwork net = model(to);
    CHECK(net.run({1, 2}).values() == Values{-106, -209});
    CHECK(net.run({1, 2}).values() == Values{105, 207});  // x + b + c - d, and all of them are alike now
    net.reset();
    CHECK(net.run({1, 2}).values() == Values{-106, -209});
  }
}

TEST_CASE("A-16 a default of another size than what is piped back is refused with its place") {
  const std::string sized = replaced(back, R"("minus")", R"("minus", "size": 2)");
  const Error size = error_of(fed_back(R"({"name": "*b", "default": [5, 7, 9]})", sized));
  CHECK(size.reason() == "PIPE_SIZE");
  CHECK(size.path() == "/layers/1");
  CHECK(size.expected() == "3");
  CHECK(size.actual() == "2");
  CHECK(!size.hint().empty());
  const Error wide = error_of(fed_back(R"({"name": "*b", "default": [5, 1e6]})", sized, "fp16"));
  CHECK(wide.reason() == "STATE_DEFAULT");
}

TEST_CASE("A-16 A-31 sequences and programs begin with the default of a pipe end, and gradients know it") {
  const std::string model = fed_back(array, R"({"type": "plus", "name": "p"}, {"size": 2, "activation": "tanh", "to": "p.b",
    "weights": [[0.5, -0.25], [0.125, 0.75]], "bias": false}, {"size": 1, "weights": [[1], [1]], "bias": false})");
  NeuralNetwork net = make(replaced(model, R"("to": "p.b")", R"("to": ["p.b", 3])"));
  const std::vector<std::pair<Values, double>> steps = {{{0.3, -0.2}, 0.5}, {{0.1, 0.4}, -1}, {{-0.7, 0.2}, 0.25}};
  const Dataset data = Dataset::sequences({{{{0.3, -0.2}, {0.5}}, {{0.1, 0.4}, {-1}}, {{-0.7, 0.2}, {0.25}}}});
  double sum = 0;
  Values before = {5, 7};
  for (const auto& [input, target] : steps) {
    const double a = input[0] + before[0], b = input[1] + before[1];
    before = {std::tanh(0.5 * a + 0.125 * b), std::tanh(-0.25 * a + 0.75 * b)};
    sum += std::pow(before[0] + before[1] - target, 2);
  }
  CHECK(net.verify(data, {.error_measure_type = "mean-square"}).error == Approx(sum / 3));
  NeuralNetwork trained = make(replaced(model, R"("to": "p.b",
    "weights": [[0.5, -0.25], [0.125, 0.75]])", R"("to": ["p.b", 3])"));
  CHECK(check_gradients(trained, data, {.error_measure_type = "mean-square"}, 0.5) > 0);

  const std::vector<Case> cases = {{fed_back(array, back), {{1, 2}, {3, 4}}}, {fed_back(array, back, "fp32"), {{1, 2}, {3, 4}}}};
  check_programs("python-numpy", cases);
  check_programs("c", cases);
  check_programs("javascript", cases);
}
