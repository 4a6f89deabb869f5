// Every optimizer follows the trajectories recorded from PyTorch, in fp64.
#include <catch2/catch.hpp>

#include <fstream>

#include <nlohmann/json.hpp>

#include "autodiff/gradients.h"
#include "support/run_graph.h"
#include "training/optimizer.h"
#include "training/step_graph.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;
using nlohmann::json;

namespace {

Tensor tensor_of(const json& value) {
  std::vector<std::int64_t> shape = value.at("shape");
  return Tensor::from(context(), DType::fp64, Shape(std::span<const std::int64_t>(shape)),
                      value.at("data").get<std::vector<double>>());
}

TrainOptions options_of(const json& test) {
  const json& all = test.at("all_options");
  TrainOptions options;
  std::string name = test.at("optimizer");
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  options.optimizer = name;
  options.learning_rate = all.at("lr");
  options.momentum = all.value("momentum", 0.0);
  options.dampening = all.value("dampening", 0.0);
  options.weight_decay = all.value("weight_decay", 0.0);
  options.nesterov = all.value("nesterov", false);
  options.amsgrad = all.value("amsgrad", false);
  options.centered = all.value("centered", false);
  options.epsilon = all.value("eps", 1e-8);
  options.rho = all.value("alpha", 0.99);
  if (all.contains("betas")) {
    options.beta1 = all.at("betas")[0];
    options.beta2 = all.at("betas")[1];
  }
  options.learning_rate_decay = all.value("lr_decay", 0.0);
  options.initial_accumulator = all.value("initial_accumulator_value", 0.0);
  return options;
}

// The gradient of the problem at `x`: quadratic 1/2 x'Ax - b'x, or Rosenbrock's function with factor 10.
std::vector<double> gradient_of(const json& problem, const Tensor& x) {
  if (problem.at("kind") == "quadratic") {
    const Tensor a = tensor_of(problem.at("A")), b = tensor_of(problem.at("b"));
    std::vector<double> result(x.elements());
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = -b.at(i);
      for (std::size_t k = 0; k < result.size(); ++k) result[i] += a.at(i * result.size() + k) * x.at(k);
    }
    return result;
  }
  std::vector<double> result(x.elements());
  for (std::size_t i = 0; i + 1 < result.size(); ++i) {
    const double p = x.at(i), rest = x.at(i + 1) - p * p;
    result[i] += -2 * (1 - p) - 40 * p * rest;
    result[i + 1] += 20 * rest;
  }
  return result;
}

}  // namespace

TEST_CASE("optimizers follow PyTorch's trajectories") {
  std::ifstream file(std::string(WEBAI_TEST_DATA) + "/conformance/training/optimizers.json");
  REQUIRE(file);
  const json cases = json::parse(file).at("cases");
  REQUIRE(cases.size() == 25);
  const auto device = reference_device(context());
  for (const json& test : cases) {
    const TrainOptions options = options_of(test);
    Tensor x = tensor_of(test.at("start"));
    const StepGraph step = update_step(context(), registry(), {{"x", {DType::fp64, x.shape()}, 0}}, options);
    std::map<std::string, Tensor> values = {{"x", x}};
    for (const StepState& state : step.states) {
      Tensor initial(context(), state.type.type, state.type.shape);
      for (std::size_t i = 0; i < initial.elements(); ++i) initial.set(i, state.initial);
      values.emplace(state.name, initial);
    }
    values.emplace(std::string(learning_rate_name), Tensor::from(context(), DType::fp64, Shape{}, std::vector<double>{*options.learning_rate}));
    std::size_t number = 0;
    for (const json& expected_json : test.at("steps")) {
      values["gradient of x"] = Tensor::from(context(), DType::fp64, x.shape(), gradient_of(test.at("problem"), x));
      run_graph(step.graph, *device, values);
      const Tensor expected = tensor_of(expected_json);
      for (std::size_t i = 0; i < x.elements(); ++i) {
        INFO(test.at("id").get<std::string>() << " step " << number << " element " << i);
        REQUIRE(x.at(i) == Approx(expected.at(i)).epsilon(1e-9).margin(1e-12));
      }
      ++number;
    }
    REQUIRE(number >= 25);
  }
}

TEST_CASE("an unknown optimizer is refused with the nearest name") {
  try {
    find_optimizer("adamm");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.hint().find("adam") != std::string::npos);
  }
}
