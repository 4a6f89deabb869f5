// What runs and trains for long takes nothing from the heap or the context once it is warm.
#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

#include "support/allocation_count.h"
#include "support/small_training.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct Taken {
  std::size_t heap, context;
};

Taken taken_by(const Context& context, const std::function<void()>& work) {
  const std::size_t heap = allocations(), own = context.allocation_count();
  work();
  return {allocations() - heap, context.allocation_count() - own};
}

// Twenty numbers in, one out (or the labels 0 to 3); what is said of the layers and beside them is given.
struct SteadyCase {
  const char* title;
  std::string rest;      // of the root's properties, behind the layers
  std::string layers;
  bool labels = true;
};

const std::vector<SteadyCase>& steady_cases() {
  static const std::vector<SteadyCase> cases = {
      {"dense", "", R"(20, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "softmax"})"},
      {"values", "", R"(20, {"size": 12, "activation": "gelu"}, {"size": 4, "activation": "sigmoid"})", false},
      {"convolution", "", R"({"size": [5, 4, 1]}, {"type": "conv2d", "filters": 3, "kernelSize": 3, "padding": "same", "activation": "relu"},
        {"type": "maxPool2d", "poolSize": 2}, {"size": 4, "activation": "softmax"})"},
      {"normalised", "", R"(20, {"size": 12}, {"type": "layerNorm"}, {"type": "dropout", "rate": 0.5}, {"size": 4, "activation": "softmax"})"},
      {"learned normalisation", R"(, "io": {"input": {"normalize": "auto"}})", R"(20, 8, {"size": 4, "activation": "softmax"})"},
      {"targets in the user's units", R"(, "io": {"output": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [-10, 10]}}})",
       R"(20, 8, {"size": 4, "activation": "sigmoid"})", false},
      {"history and pipes", "", R"(20, {"name": "h", "size": 8, "history": 2, "activation": "tanh"}, {"size": 4, "activation": "softmax", "pipes": [{"size": 2, "to": "h"}]})"},
      {"recurrent", "", R"(20, {"type": "gru", "size": 8}, {"size": 4, "activation": "softmax"})"},
      {"iterator", "", R"(20, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "0"}],
        "net": {"layers": [{"pipeFrom": "x"}, {"size": 20, "activation": "tanh", "to": "x"}]}}, {"size": 4, "activation": "softmax"})"},
      {"net", "", R"(20, {"type": "net", "net": {"layers": [20, {"size": 6, "activation": "tanh"}]}}, {"size": 4, "activation": "softmax"})"},
      {"fp16", R"(, "dataType": "fp16")", R"(20, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "softmax"})"},
      {"fp64", R"(, "dataType": "fp64")", R"(20, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "softmax"})"},
      {"u8", R"(, "dataType": "u8")", R"(20, {"size": 12, "activation": "relu"}, {"size": 4, "activation": "softmax"})"},
      {"i8, values", R"(, "dataType": "i8")", R"(20, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "tanh"})", false},
  };
  return cases;
}

DType code_of(const SteadyCase& one) {
  return one.rest.find("\"u8\"") != std::string::npos ? DType::u8 : one.rest.find("\"i8\"") != std::string::npos ? DType::i8 : DType::fp32;
}

Dataset data_of(const Context& context, const SteadyCase& one) {
  constexpr std::int64_t samples = 256;
  Tensor inputs(context, code_of(one), Shape{samples, 20});
  for (std::size_t i = 0; i < inputs.elements(); ++i) inputs.set(i, static_cast<double>(i % 7) / 7 * (code_of(one) == DType::fp32 ? 1 : 100));
  Tensor outputs = one.labels ? Tensor(context, DType::i32, Shape{samples}) : Tensor(context, code_of(one), Shape{samples, 4});
  for (std::size_t i = 0; i < outputs.elements(); ++i) outputs.set(i, static_cast<double>(i % 4) / (one.labels || code_of(one) != DType::fp32 ? 1 : 4));
  return Dataset::from(inputs, outputs).shuffle().batch(32);
}

}  // namespace

TEST_CASE("training steps of every kind of model allocate nothing in the steady state, on every device of the host") {
  const Context context = Context::system({.threads = 2});
  for (const char* device : {"cpu", "reference"})
    for (const SteadyCase& one : steady_cases()) {
      INFO(one.title << " on " << device);
      NeuralNetwork net = NeuralNetwork::from_json("{\"layers\": [" + one.layers + "]" + one.rest + "}", context, {.device = device});
      TrainingSession session(net, data_of(context, one), {.max_iterations = 1000, .learning_rate = 0.001});
      while (session.info().iterations < 4) REQUIRE(session.advance());  // buffers grow to their size
      const Taken taken = taken_by(context, [&] {
        for (const std::size_t end = session.info().iterations + 3; session.info().iterations < end;) session.advance();
      });
      CHECK(taken.heap == 0);
      CHECK(taken.context == 0);
    }
}

TEST_CASE("runs of every kind of model allocate nothing in the steady state, on every device of the host") {
  const Context context = Context::system({.threads = 2});
  std::vector<float> input(20, 0.25f), output(4);
  for (const char* device : {"cpu", "reference"})
    for (const SteadyCase& one : steady_cases()) {
      INFO(one.title << " on " << device);
      NeuralNetwork net = NeuralNetwork::from_json("{\"layers\": [" + one.layers + "]" + one.rest + "}", context, {.device = device});
      if (one.rest.find("fp") != std::string::npos) continue;  // run_into takes fp32
      for (int i = 0; i < 3; ++i) net.run_into(input, output);
      const Taken taken = taken_by(context, [&] {
        for (int i = 0; i < 20; ++i) net.run_into(input, output);
      });
      CHECK(taken.heap == 0);
      CHECK(taken.context == 0);
    }
}

TEST_CASE("models with a memory allocate nothing in the steady state, for one number of samples or several in turn") {
  for (const char* device : {"cpu", "reference"})
    for (const char* model : {R"({"layers": [4, {"type": "lstm", "size": 5}, 3]})", R"({"layers": [4, {"size": 5, "history": 2}, 3]})"}) {
      const Context context = Context::system({.threads = 2});
      NeuralNetwork net = NeuralNetwork::from_json(model, context, {.device = device});
      std::vector<float> input(32, 0.2f), output(24), first(3), alone(3);
      const auto run = [&](std::size_t samples) {
        net.run_into(std::span(input).first(4 * samples), std::span(output).first(3 * samples));
      };
      net.run_into(std::span(input).first(4), first);  // from the start, as after each other number of samples
      for (int i = 0; i < 6; ++i)
        for (const std::size_t samples : {1, 8, 3, 2}) run(samples);
      net.run_into(std::span(input).first(4), alone);
      INFO(model << " on " << device);
      CHECK(alone == first);
      const Taken now = taken_by(context, [&] {
        for (int i = 0; i < 5; ++i)
          for (const std::size_t samples : {2, 3, 1, 8}) run(samples);
      });
      CHECK(now.heap == 0);
      CHECK(now.context == 0);
    }
}

TEST_CASE("runs in the steady state allocate nothing") {
  const Context context = Context::system({.threads = 2});
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [64, {"size": 48, "activation": "tanh"}, {"size": 10, "activation": "softmax"}]})", context);
  std::vector<float> input(64, 0.5f), output(10);
  net.run_into(input, output);
  const std::size_t before = allocations(), context_before = context.allocation_count();
  for (int i = 0; i < 100; ++i) net.run_into(input, output);
  CHECK(allocations() == before);
  CHECK(context.allocation_count() == context_before);
}

TEST_CASE("training steps in the steady state allocate nothing") {
  const Context context = Context::system({.threads = 2});
  for (const char* model : {R"({"layers": [16, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "softmax"}]})",
                            R"({"layers": [{"size": [4, 4, 1]}, {"type": "conv2d", "filters": 3, "kernelSize": 3, "activation": "relu"},
                                {"type": "maxPool2d", "poolSize": 2}, {"size": 4, "activation": "softmax"}]})"}) {
    NeuralNetwork net = NeuralNetwork::from_json(model, context);
    Tensor inputs(context, DType::fp32, Shape{256, 16}), labels(context, DType::i32, Shape{256});
    for (std::size_t i = 0; i < labels.elements(); ++i) labels.set(i, static_cast<double>(i % 4));
    TrainingSession session(net, Dataset::from(inputs, labels).shuffle().batch(32), {.max_iterations = 40, .learning_rate = 0.01});
    for (int i = 0; i < 6; ++i) session.advance();  // first epochs: buffers grow to their size
    const std::size_t before = allocations(), context_before = context.allocation_count();
    for (int i = 0; i < 20; ++i) REQUIRE(session.advance());
    CHECK(allocations() == before);
    CHECK(context.allocation_count() == context_before);
  }
}

TEST_CASE("held-out samples, clipping, accumulation and warm-up allocate nothing in the steady state either") {
  const Context context = Context::system({.threads = 1});
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [16, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "softmax"}]})", context);
  Tensor inputs(context, DType::fp32, Shape{256, 16}), labels(context, DType::i32, Shape{256});
  for (std::size_t i = 0; i < inputs.elements(); ++i) inputs.set(i, static_cast<double>(i % 7) / 7);
  for (std::size_t i = 0; i < labels.elements(); ++i) labels.set(i, static_cast<double>(i % 4));
  TrainOptions options{.max_iterations = 1000, .learning_rate = 0.01, .optimizer = "adam", .batch_size = 32};
  options.validation_split = 0.25;
  options.patience = 1000;
  options.accumulate = 2;
  options.clip_norm = 0.5;
  options.learning_rate_schedule.warmup_epochs = 900;
  TrainingSession session(net, Dataset::from(inputs, labels).shuffle(), options);
  for (int i = 0; i < 40; ++i) session.advance();
  const std::size_t before = allocations(), context_before = context.allocation_count();
  for (int i = 0; i < 100; ++i) REQUIRE(session.advance());
  CHECK(session.info().iterations > 5);
  CHECK(allocations() == before);
  CHECK(context.allocation_count() == context_before);
}
