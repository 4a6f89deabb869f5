// Learning rates: none at all, the default for sequences, and what is told of a training that blows up in an iterator.
#include <catch2/catch.hpp>

#include <vector>

#include "support/contexts.h"
#include "support/refusals.h"
#include "support/small_training.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

std::vector<double> numbers_of(const NeuralNetwork& network) {
  std::vector<double> all;
  for (const auto& [name, tensor] : network.parameters())
    for (std::size_t i = 0; i < tensor.elements(); ++i) all.push_back(tensor.at(i));
  return all;
}

// The rate of the first step.
double first_rate(const Dataset& data, std::size_t batch) {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [1, {"type": "rnn", "size": 2}, 1]})", one_thread());
  TrainOptions options{.max_iterations = 1};
  options.batch_size = batch;
  double rate = -1;
  options.progress = [&](const Progress& news) { rate = rate < 0 ? news.learning_rate : rate; };
  network.train(data, options);
  return rate;
}

}  // namespace

TEST_CASE("TRAIN-11 a learning rate of 0 moves nothing, with every optimizer, type and schedule, in training and in applying") {
  const Context context = one_thread();
  const Dataset data = Dataset::sample("xor").batch(2);
  for (const std::string type : {"fp32", "fp64", "fp16", "u8"})
    for (const char* const optimizer : {"sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "lion", "lamb"}) {
      INFO(type << ' ' << optimizer);
      NeuralNetwork network = NeuralNetwork::from_json(R"({"seed": 3, "dataType": ")" + type + R"(", "activation": "tanh", "layers": [2, 4, 1]})", context);
      const std::vector<double> before = numbers_of(network);
      for (const char* const schedule : {"constant", "linear", "cosine", "step", "exponential", "plateau"}) {
        TrainOptions options{.max_iterations = 3, .learning_rate = 0, .optimizer = optimizer, .weight_decay = 0.1};
        options.learning_rate_schedule = schedule;
        const TrainInfo info = network.train(data, options);
        CHECK(info.iterations == 3);
        CHECK(info.stop_reason == "maxIterations");
      }
      for (int i = 0; i < 3; ++i)
        network.apply_gradients(network.compute_gradients(data), {.optimizer = optimizer, .options = {.learning_rate = 0, .weight_decay = 0.1}});
      network.apply_gradients(network.compute_gradients(data), {.scale = 0});
      CHECK(numbers_of(network) == before);
    }
}

TEST_CASE("A-31 the default rate looks at what sequences say, not at what shorter ones leave free beside longer ones") {
  // 600 sequences of one step, side by side with one whose third step is far above 1: behind 1,200 places.
  std::vector<std::vector<Example>> sequences(600, {{{0.5}, {0.5}}});
  sequences.front() = {{{0.5}, {0.5}}, {{0.5}, {0.5}}, {{0.5}, {200}}};
  CHECK(first_rate(Dataset::sequences(sequences), 600) < 0.01);
  sequences.front().back().output = {0.5};
  CHECK(first_rate(Dataset::sequences(sequences), 600) == Approx(0.3));
}

TEST_CASE("values that blow up in an iterator are told with the layer inside of it, and the step") {
  const Context context = one_thread();
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [{"name": "first", "size": 2},
      {"name": "loop", "type": "iterator", "steps": 30, "state": [{"name": "x", "pipeFrom": "first"}],
       "net": {"layers": [{"name": "in", "pipeFrom": "x"}, {"name": "inside", "size": 2, "to": "x"}]}},
      {"name": "behind", "size": 1}]})", context);
  const Error error = error_of([&] { network.train(Dataset::sample("xor"), {.max_iterations = 100, .learning_rate = 3}); });
  CHECK(error.reason() == "NOT_A_NUMBER");
  CHECK(error.path() == "/layers/1/net/layers/1");
  CHECK(error.layer() == "loop/inside");
  CHECK(error.message().find("training stopped at step ") == 0);
  // A net is run once: there the largest weight is the likeliest place, as everywhere.
  CHECK(error.message().find("(layer loop/inside ") != std::string::npos);
}
