// Every optimizer follows the trajectories recorded from PyTorch, in fp64.
#include <catch2/catch.hpp>

#include <cmath>
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
    const StepGraph step = update_step(context(), registry(), {{.name = "x", .type = {DType::fp64, x.shape()}}}, options);
    std::map<std::string, Tensor> values = {{"x", x}};
    for (const StepState& state : step.states) {
      Tensor initial(context(), state.type.type, state.type.shape);
      for (std::size_t i = 0; i < initial.elements(); ++i) initial.set(i, state.initial.front());
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

namespace {

// An optimizer of our own arithmetic beside its graph: the update of x by g in step t (from 1), with two numbers kept
// for each element.
using PlainUpdate = void (*)(const TrainOptions& o, double rate, std::size_t t, std::vector<double>& x, const std::vector<double>& g,
                             std::vector<double>& a, std::vector<double>& b);

void plain_nesterov(const TrainOptions&, double rate, std::size_t, std::vector<double>& x, const std::vector<double>& g,
                    std::vector<double>& a, std::vector<double>&) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    a[i] = 0.9 * a[i] + rate * g[i];
    x[i] -= rate * g[i] + 0.9 * a[i];
  }
}
void plain_adadelta(const TrainOptions& o, double rate, std::size_t, std::vector<double>& x, const std::vector<double>& g,
                    std::vector<double>& a, std::vector<double>& b) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = g[i] + o.weight_decay.value_or(0) * x[i];
    a[i] = 0.9 * a[i] + 0.1 * d * d;
    const double step = std::sqrt(b[i] + 1e-6) / std::sqrt(a[i] + 1e-6) * d;
    b[i] = 0.9 * b[i] + 0.1 * step * step;
    x[i] -= rate * step;
  }
}
void plain_adamax(const TrainOptions& o, double rate, std::size_t t, std::vector<double>& x, const std::vector<double>& g,
                  std::vector<double>& a, std::vector<double>& b) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = g[i] + o.weight_decay.value_or(0) * x[i];
    a[i] = 0.9 * a[i] + 0.1 * d;
    b[i] = std::max(0.999 * b[i], std::fabs(d) + 1e-8);
    x[i] -= rate / (1 - std::pow(0.9, t)) * a[i] / b[i];
  }
}
void plain_lion(const TrainOptions& o, double rate, std::size_t, std::vector<double>& x, const std::vector<double>& g,
                std::vector<double>& a, std::vector<double>&) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double c = 0.9 * a[i] + 0.1 * g[i];
    x[i] -= rate * ((c > 0) - (c < 0) + o.weight_decay.value_or(0) * x[i]);
    a[i] = 0.99 * a[i] + 0.01 * g[i];
  }
}
void plain_lamb(const TrainOptions& o, double rate, std::size_t t, std::vector<double>& x, const std::vector<double>& g,
                std::vector<double>& a, std::vector<double>& b) {
  std::vector<double> step(x.size());
  double weights = 0, steps = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    a[i] = 0.9 * a[i] + 0.1 * g[i];
    b[i] = 0.999 * b[i] + 0.001 * g[i] * g[i];
    step[i] = a[i] / (1 - std::pow(0.9, t)) / (std::sqrt(b[i] / (1 - std::pow(0.999, t))) + 1e-6) + o.weight_decay.value_or(0) * x[i];
    weights += x[i] * x[i];
    steps += step[i] * step[i];
  }
  const double ratio = weights > 0 && steps > 0 ? std::sqrt(weights / steps) : 1;
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= rate * ratio * step[i];
}

// Runs `steps` updates of `x` with gradients x - target, and calls `check` after each of them.
template <class Check> void follow(const TrainOptions& options, Tensor x, std::vector<double> target, std::size_t steps, Check&& check) {
  const auto device = reference_device(context());
  const StepGraph step = update_step(context(), registry(), {{.name = "x", .type = {DType::fp64, x.shape()}}}, options);
  std::map<std::string, Tensor> values = {{"x", x}};
  for (const StepState& state : step.states) {
    Tensor initial(context(), state.type.type, state.type.shape);
    for (std::size_t i = 0; i < initial.elements(); ++i) initial.set(i, state.initial.front());
    values.emplace(state.name, initial);
  }
  const double rate = options.learning_rate.value_or(find_optimizer(options.optimizer).learning_rate);
  values.emplace(std::string(learning_rate_name), Tensor::from(context(), DType::fp64, Shape{}, std::vector<double>{rate}));
  for (std::size_t t = 1; t <= steps; ++t) {
    std::vector<double> g(x.elements());
    for (std::size_t i = 0; i < g.size(); ++i) g[i] = x.at(i) - target[i];
    values["gradient of x"] = Tensor::from(context(), DType::fp64, x.shape(), g);
    run_graph(step.graph, *device, values);
    check(t, g);
  }
}

}  // namespace

TEST_CASE("TRAIN-17 nesterov, adadelta, adamax, lion and lamb follow their formulas in plain arithmetic") {
  struct Case {
    const char* name;
    PlainUpdate update;
    double rate;
  };
  const Case cases[] = {{"nesterov", plain_nesterov, 0.03}, {"adadelta", plain_adadelta, 1}, {"adamax", plain_adamax, 0.002},
                        {"lion", plain_lion, 0.0001}, {"lamb", plain_lamb, 0.001}};
  for (const Case& test : cases)
    for (const double decay : {0.0, 0.02}) {
      if (decay > 0 && test.update == plain_nesterov) continue;
      TrainOptions options;
      options.optimizer = test.name;
      options.momentum = find_optimizer(test.name).momentum;
      options.weight_decay = decay;
      CHECK(find_optimizer(test.name).learning_rate == test.rate);
      // Steps of lion are all of one length: only where they overshoot does it show what is remembered.
      const double rate = test.update == plain_lion ? 0.3 : test.rate;
      options.learning_rate = rate;
      std::vector<double> plain = {0.9, -2, 0, 3.5}, a(4, 0), b(4, 0);
      Tensor x = Tensor::from(context(), DType::fp64, Shape{2, 2}, plain);
      follow(options, x, {0.5, 0.5, 0, -1}, 40, [&](std::size_t t, const std::vector<double>& g) {
        test.update(options, rate, t, plain, g, a, b);
        for (std::size_t i = 0; i < plain.size(); ++i) {
          INFO(test.name << " step " << t << " element " << i);
          REQUIRE(x.at(i) == Approx(plain[i]).epsilon(1e-9).margin(1e-12));
        }
      });
    }
}

TEST_CASE("TRAIN-17 by default adamw takes 0.01 of the rate off the weights, the others nothing") {
  for (const std::string name :
       {"sgd", "momentum", "nesterov", "adam", "adamw", "adamax", "rmsprop", "adagrad", "adadelta", "lion", "lamb"}) {
    INFO(name);
    TrainOptions options;
    options.optimizer = name;
    options.learning_rate = 0.5;
    // No gradient: what moves is the decay alone.
    Tensor x = Tensor::from(context(), DType::fp64, Shape{2}, std::vector<double>{4, -2});
    const double kept = name == "adamw" ? 1 - 0.5 * 0.01 : 1;
    follow(options, x, {4, -2}, 1, [&](std::size_t, const std::vector<double>&) {
      CHECK(x.at(0) == Approx(4 * kept));
      CHECK(x.at(1) == Approx(-2 * kept));
    });
  }
}

TEST_CASE("lamb with weights of length 0 takes the step as it is") {
  TrainOptions options;
  options.optimizer = "lamb";
  Tensor x(context(), DType::fp64, Shape{2});
  follow(options, x, {1, -1}, 1, [&](std::size_t, const std::vector<double>&) {
    CHECK(x.at(0) == Approx(0.001).epsilon(1e-4));
    CHECK(x.at(1) == Approx(-0.001).epsilon(1e-4));
  });
}

TEST_CASE("gradients are clipped by their size and by their common length, and those within are left to the bit") {
  TrainOptions options;
  options.momentum = 0;
  options.learning_rate = 1;
  options.clip_value = 2;
  Tensor x(context(), DType::fp64, Shape{3});
  follow(options, x, {5, -0.5, -9}, 1, [&](std::size_t, const std::vector<double>&) {
    CHECK(x.at(0) == 2);
    CHECK(x.at(1) == -0.5);
    CHECK(x.at(2) == -2);
  });
  options.clip_value.reset();
  options.clip_norm = 5;
  Tensor y(context(), DType::fp64, Shape{2});
  follow(options, y, {30, -40}, 1, [&](std::size_t, const std::vector<double>&) {
    CHECK(y.at(0) == Approx(3));
    CHECK(y.at(1) == Approx(-4));
  });
  Tensor z(context(), DType::fp64, Shape{2});
  follow(options, z, {0.3, 0.1}, 1, [&](std::size_t, const std::vector<double>&) {
    CHECK(z.at(0) == 0.3);
    CHECK(z.at(1) == 0.1);
  });
}

TEST_CASE("an unknown optimizer is refused with the nearest name") {
  try {
    find_optimizer("adamm");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.hint().find("adam") != std::string::npos);
  }
}
