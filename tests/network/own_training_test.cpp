// What a training of the program's own needs to learn as well as the library's: gradients as a step of training has them,
// normalisation that is learned once, steps that add up although weights are rounded.
#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Gradient descent with steps of 0.05, on whole batches.
TrainInfo descend(InternalModel& model, const Dataset& data, const TrainOptions& options, ControlSignal&) {
  TrainInfo info;
  for (; info.iterations < options.max_iterations; ++info.iterations)
    model.each_batch(data, info.iterations, options.batch_size, [&](const Dataset& batch) {
      const Gradients gradients = model.compute_gradients(batch);
      info.error = gradients.error;
      model.apply_gradients(gradients, {.scale = 0.05});
      return true;
    });
  return info;
}

Dataset rows(const Context& context, std::vector<double> inputs, std::int64_t width, std::vector<double> outputs) {
  const auto count = static_cast<std::int64_t>(outputs.size());
  return Dataset::from(Tensor::from(context, DType::fp64, Shape{count, width}, inputs),
                       Tensor::from(context, DType::fp64, Shape{count, 1}, outputs));
}

Tensor parameter(const NeuralNetwork& network, const std::string& name) {
  for (const auto& [own, tensor] : network.parameters())
    if (own == name) return tensor;
  FAIL("no parameter " << name);
  return {};
}

TrainOptions own_training(std::uint64_t epochs, std::size_t batch) {
  TrainOptions options{.max_iterations = epochs};
  options.type = "descend";
  options.batch_size = batch;
  return options;
}

}  // namespace

TEST_CASE("EX-16 EXT-03 gradients of a training of one's own drop out and learn moving averages as the library's steps do") {
  const Context context = one_thread();
  define_train(context, {.name = "descend", .domain = "core"}, descend);
  for (const std::string type : {"fp64", "fp16", "u16"}) {
    INFO(type);
    NeuralNetwork network = NeuralNetwork::from_json(
        R"({"dataType": ")" + type + R"(", "seed": 4, "layers": [2, {"type": "batchNorm", "momentum": 0.5}, 1]})", context);
    const Dataset data = rows(context, {0.2, 0.4, 0.6, 0.8, 0.1, 0.3, 0.5, 0.9}, 2, {0.1, 0.5, 0.2, 0.6});
    // By itself a gradient changes nothing.
    network.compute_gradients(data);
    const Tensor before = parameter(network, "1.movingMean");
    network.compute_gradients(data);
    CHECK(parameter(network, "1.movingMean").at(0) == before.at(0));
    network.train(data, own_training(12, 4));
    // mean of the first column: 0.35
    const auto numbers = network.run({0.35, 0.6}).values();
    CHECK(std::isfinite(numbers[0]));
    if (type != "u16") {
      CHECK(parameter(network, "1.movingMean").at(0) == Approx(0.35).epsilon(0.01));
      NeuralNetwork asked = NeuralNetwork::from_json(
          R"({"dataType": ")" + type + R"(", "seed": 4, "layers": [2, {"type": "batchNorm", "momentum": 0.5}, 1]})", context);
      asked.compute_gradients(data, {.training = true});
      CHECK(parameter(asked, "1.movingMean").at(0) == Approx(0.175).epsilon(0.01));
    } else {
      CHECK(parameter(network, "1.movingMean").at(0) != before.at(0));
    }
  }
  NeuralNetwork dropping = NeuralNetwork::from_json(
      R"({"dataType": "fp64", "seed": 4, "layers": [4, {"type": "dropout", "rate": 0.5}, {"size": 1, "weights": [1, 2, 4, 8], "bias": false}]})", context);
  const Dataset one = rows(context, {1, 1, 1, 1}, 4, {0});
  std::set<double> seen;
  for (int i = 0; i < 12; ++i) seen.insert(dropping.compute_gradients(one, {.training = true}).error);
  CHECK(seen.size() > 3);  // each step draws anew
  CHECK(dropping.compute_gradients(one).error == dropping.compute_gradients(one).error);
}

TEST_CASE("TRAIN-03 layers that are skipped keep their moving averages as well") {
  const Context context = one_thread();
  const Dataset data = rows(context, {0.2, 0.4, 0.6, 0.8, 0.1, 0.3, 0.5, 0.9}, 2, {0.1, 0.5, 0.2, 0.6});
  const std::string model = R"({"dataType": "fp64", "seed": 4, "layers": [2, {"name": "b", "type": "batchNorm"}, {"name": "o", "size": 1}]})";
  for (const bool skip : {false, true}) {
    NeuralNetwork network = NeuralNetwork::from_json(model, context);
    TrainOptions options{.max_iterations = 3};
    options.batch_size = 4;
    if (skip) options.to_skip = {"b"};
    else options.to_train = {"o"};
    network.train(data, options);
    for (const char* name : {"b.movingMean", "b.movingVariance", "b.scale", "b.bias"}) {
      INFO(name);
      CHECK(parameter(network, name).at(0) == parameter(NeuralNetwork::from_json(model, context), name).at(0));
    }
    CHECK(parameter(network, "o.weights").at(0) != parameter(NeuralNetwork::from_json(model, context), "o.weights").at(0));
  }
  NeuralNetwork whole = NeuralNetwork::from_json(model, context);
  whole.train(data, {.max_iterations = 3});
  CHECK(parameter(whole, "b.movingMean").at(0) != 0);
}

TEST_CASE("A-51 auto is left to the first training by exports, is learned by it, and stays") {
  const Context context = one_thread();
  define_train(context, {.name = "descend", .domain = "core"}, descend);
  const std::string model = R"({"dataType": "fp64", "seed": 3, "io": {"input": {"normalize": "auto"}}, "layers": [1, 1]})";
  NeuralNetwork network = NeuralNetwork::from_json(model, context);
  for (const char* optimize : {"", "minify", "pretty"}) {
    INFO(optimize);
    CHECK(network.export_model({.optimize = optimize}).find(R"("auto")") != std::string::npos);
  }
  for (const bool own : {false, true}) {
    INFO(own);
    NeuralNetwork learner = NeuralNetwork::from_json(network.export_model({.optimize = "minify"}), context);
    TrainOptions options = own_training(1, 1);
    if (!own) options.type = "back-propagation";
    learner.train(rows(context, {100, 200}, 1, {0, 1}), options);
    const std::string learned = learner.export_model({});
    CHECK(learned.find(R"("mean":[150],"std":[50])") != std::string::npos);
    // Weights were trained behind it: another training keeps it, as it does for the exported model.
    learner.train(rows(context, {1, 2, 3}, 1, {0, 1, 0}), options);
    CHECK(learner.export_model({}).find(R"("mean":[150],"std":[50])") != std::string::npos);
  }
}

TEST_CASE("A-43 steps of applied gradients add up although weights are rounded to codes or 16 bits") {
  const Context context = one_thread();
  const Dataset data = rows(context, {0.2, 0.9, 0.7, 0.1}, 2, {0.8, 0.3});
  const auto error_after = [&](const std::string& type, const char* optimizer) {
    NeuralNetwork network = NeuralNetwork::from_json(R"({"dataType": ")" + type + R"(", "seed": 3, "layers": [2, 1]})", context);
    for (int i = 0; i < 400; ++i) {
      ApplyOptions options{.scale = 0.02};
      if (*optimizer) {
        options = {.optimizer = optimizer};
        options.options.learning_rate = 0.02;
        options.options.momentum = 0;
      }
      network.apply_gradients(network.compute_gradients(data), options);
    }
    return network.verify(data).error;
  };
  const double exact = error_after("fp64", "");
  for (const char* type : {"u8", "i8", "u16", "fp16", "bf16"}) {
    INFO(type);
    CHECK(error_after(type, "") < exact + 0.02);
  }
  for (const char* type : {"u8", "fp16", "bf16"}) CHECK(error_after(type, "sgd") < exact + 0.02);
  // What is written in between counts.
  NeuralNetwork network = NeuralNetwork::from_json(R"({"dataType": "bf16", "layers": [1, {"size": 1, "weights": [0.5], "bias": false}]})", context);
  Gradients small = network.compute_gradients(rows(context, {1}, 1, {1}));
  small.gradients.at("1.weights").set(0, 0.0001);
  network.apply_gradients(small);
  CHECK(parameter(network, "1.weights").at(0) == 0.5);
  network.set_parameter("1.weights", Tensor::from(context, DType::fp32, Shape{1, 1}, std::vector<double>{0.25}));
  network.apply_gradients(small);
  CHECK(parameter(network, "1.weights").at(0) == Approx(0.25).epsilon(0.01));
}

TEST_CASE("A-43 options of an optimizer without its name, and a scale beside one, are refused") {
  const Context context = one_thread();
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, 1]})", context);
  const Gradients gradients = network.compute_gradients(rows(context, {0.2, 0.9}, 2, {0.8}));
  const auto path_of = [&](ApplyOptions options) { return error_of([&] { network.apply_gradients(gradients, options); }).path(); };
  ApplyOptions options;
  options.options.learning_rate = 0.1;
  CHECK(path_of(options) == "learningRate");
  options = {};
  options.options.clip_norm = 1;
  CHECK(path_of(options) == "clipNorm");
  CHECK(path_of({.scale = 0.1, .optimizer = "sgd"}) == "scale");
}
