// Models with a memory learn from sequences: lanes, windows, resets, and what is not judged.
#include <catch2/catch.hpp>

#include <cmath>

#include "network/finite_differences.h"
#include "support/contexts.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// The output is the input of two steps ago: nothing but a memory can know it.
std::vector<std::vector<Example>> echoes(std::size_t count, std::size_t length) {
  std::vector<std::vector<Example>> sequences;
  std::uint32_t bits = 12345;
  for (std::size_t s = 0; s < count; ++s) {
    std::vector<Example> sequence;
    std::vector<double> given;
    for (std::size_t t = 0; t < length + s % 3; ++t) {
      bits = bits * 1664525 + 1013904223;
      given.push_back((bits >> 30) & 1);
      Example example{{given.back()}, {}};
      if (t >= 2) example.output = {given[t - 2]};
      sequence.push_back(example);
    }
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

const char* const echo_model = R"({"layers": [1, {"name": "memory", "type": "gru", "size": 8}, {"size": 1, "activation": "sigmoid"}]})";

}  // namespace

TEST_CASE("A-31 a model with a memory learns what only a memory can know") {
  NeuralNetwork net = NeuralNetwork::from_json(echo_model, with_threads(1), {.seed = 3});
  const Dataset data = Dataset::sequences(echoes(40, 12));
  const TrainInfo info = net.train(data, {.max_iterations = 150, .learning_rate = 0.02, .optimizer = "adam", .batch_size = 8});
  CHECK(info.error < 0.01);
  CHECK(net.verify(data).error == Approx(info.error).margin(0.005));
  // Step by step, as it will be used.
  net.reset();
  const double given[] = {1, 1, 0, 1, 0, 0};
  for (int t = 0; t < 6; ++t) {
    const double answer = net.run({given[t]})[0];
    if (t >= 2) CHECK(std::abs(answer - given[t - 2]) < 0.3);
  }
}

TEST_CASE("M-PIPE-02 what a pipe brings back begins anew with each sequence, whether the pipe has a name or not") {
  const Dataset data = Dataset::sequences({{{{1}, {1}}, {{2}, {3}}, {{3}, {6}}}, {{{5}, {5}}, {{1}, {6}}}, {{{4}, {4}}}});  // sums
  for (const char* name : {"", R"("name": "back", )"}) {
    INFO(name);
    NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false,
        "pipes": [{)" + std::string(name) + R"("size": 1, "weights": [1, 1], "bias": false, "to": "sum"}]}, {"type": "identity"}]})");
    for (const std::size_t lanes : {1u, 2u}) CHECK(net.verify(data, {.batch_size = lanes}).error == 0);
    CHECK(net.train(data, {.max_iterations = 1, .batch_size = 1}).error == 0);
  }
}

TEST_CASE("A-31 lanes are sequences of their own: the order and number of lanes changes no verified error") {
  NeuralNetwork net = NeuralNetwork::from_json(echo_model, with_threads(1), {.seed = 3});
  const Dataset data = Dataset::sequences(echoes(7, 9));
  const double alone = net.verify(data, {.batch_size = 1}).error;
  for (const std::size_t lanes : {2u, 3u, 7u, 64u}) CHECK(net.verify(data, {.batch_size = lanes}).error == Approx(alone).epsilon(1e-6));
  CHECK(net.verify(data.shuffle(3)).error == Approx(alone).epsilon(1e-6));
  // Also where a lane begins anew while another is in the middle of a sequence that is longer than a window.
  std::vector<std::vector<Example>> uneven;
  for (const std::size_t length : {150u, 70u, 100u}) uneven.push_back(echoes(1, length).front());
  CHECK(net.verify(Dataset::sequences(uneven), {.batch_size = 2}).error ==
        Approx(net.verify(Dataset::sequences(uneven), {.batch_size = 1}).error).epsilon(1e-6));
  // By hand: run after run, with a reset between sequences, ignored outputs not counted.
  double sum = 0;
  std::size_t judged = 0;
  for (const auto& sequence : echoes(7, 9)) {
    net.reset();
    for (const Example& example : sequence) {
      const double answer = net.run(example.input)[0];
      if (example.output.empty()) continue;
      sum += (answer - example.output[0]) * (answer - example.output[0]);
      ++judged;
    }
  }
  CHECK(sum / static_cast<double>(judged) == Approx(alone).epsilon(1e-5));
  CHECK(net.verify(data).samples == judged);
}

TEST_CASE("A-31 state is carried across windows, so a window's length changes no verified error") {
  NeuralNetwork net = NeuralNetwork::from_json(echo_model, with_threads(1), {.seed = 4});
  std::vector<std::vector<Example>> one(1);  // 150 steps: more than two windows
  for (const auto& sequence : echoes(15, 10)) one[0].insert(one[0].end(), sequence.begin(), sequence.begin() + 10);
  const double error = net.verify(Dataset::sequences(one)).error;
  net.reset();
  double sum = 0;
  std::size_t judged = 0;
  for (const Example& example : one[0]) {
    const double answer = net.run(example.input)[0];
    if (example.output.empty()) continue;
    sum += (answer - example.output[0]) * (answer - example.output[0]);
    ++judged;
  }
  CHECK(error == Approx(sum / static_cast<double>(judged)).epsilon(1e-5));
}

TEST_CASE("gradients through time agree with finite differences: cells, histories, delayed pipes") {
  const char* const model = GENERATE(
      R"({"dataType": "fp64", "layers": [2, {"type": "gru", "size": 3}, 1]})",
      R"({"dataType": "fp64", "layers": [2, {"type": "lstm", "size": 2}, {"size": 2, "activation": "softmax"}]})",
      R"({"dataType": "fp64", "activation": "tanh", "layers": [2, {"size": 3, "history": 2}, 1]})",
      R"({"dataType": "fp64", "activation": "tanh", "layers": [{"name": "in", "size": 2}, 3, {"size": 2, "pipes": [{"size": 2, "to": ["in"]}]}, 1]})",
      // The last layer feeds on its own answer.
      R"({"dataType": "fp64", "layers": [2, {"size": 1, "activation": "sigmoid", "to": [1]}]})",
      R"({"dataType": "fp64", "layers": [2, 3, {"type": "rnn", "size": 1, "activation": "sigmoid"}]})",
      R"({"dataType": "fp64", "layers": [2, {"size": 2, "activation": "softmax", "history": 1, "historyTo": 1}]})");
  INFO(model);
  NeuralNetwork net = NeuralNetwork::from_json(model, with_threads(1), {.seed = 5});
  std::vector<std::vector<Example>> sequences = {{{{0.3, -0.2}, {}}, {{0.5, 0.9}, {0.2}}, {{-0.7, 0.1}, {0.4}}}, {{{0.1, 0.8}, {0.6}}, {{-0.4, 0.4}, {0.1}}}};
  for (auto& sequence : sequences)
    for (Example& example : sequence)
      if (!example.output.empty() && net.output_size() == 2) example.output.push_back(1 - example.output[0]);
  const Dataset data = Dataset::sequences(sequences);
  const VerifyOptions options{.error_measure_type = net.output_size() == 2 ? "cross-entropy" : "mean-square"};
  const double slope = net.output_size() == 2 ? 1 : 0.5;  // the loss is half the reported mean square
  CHECK(test::check_gradients(net, data, options, slope) > 0);
}

TEST_CASE("training through time gives the same bits for 1, 2 and 4 threads") {
  std::vector<std::byte> first, large;
  for (const std::size_t threads : {1, 2, 4}) {
    NeuralNetwork net = NeuralNetwork::from_json(echo_model, with_threads(threads), {.seed = 6});
    net.train(Dataset::sequences(echoes(20, 8)).shuffle(5), {.max_iterations = 5, .optimizer = "adam", .batch_size = 4});
    if (first.empty()) first = bytes_of(net);
    CHECK(bytes_of(net) == first);
    // So large that threads help.
    const auto executor = std::make_shared<CountingExecutor>(threads);
    NeuralNetwork wide = NeuralNetwork::from_json(R"({"layers": [1, {"type": "gru", "size": 160}, 1]})", with_executor(executor));
    wide.train(Dataset::sequences(echoes(32, 8)).shuffle(5), {.max_iterations = 2, .optimizer = "adam", .batch_size = 32});
    if (large.empty()) large = bytes_of(wide);
    CHECK(bytes_of(wide) == large);
    CHECK((executor->shared > 0) == (threads > 1));
  }
}

TEST_CASE("a model without a memory takes sequences as samples, and ignores what is to be ignored") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [1, 3, 1], "activation": "tanh"})", with_threads(1));
  const Dataset data = Dataset::sequences(echoes(4, 5));
  std::vector<Example> judged;
  for (const auto& sequence : echoes(4, 5))
    for (const Example& example : sequence)
      if (!example.output.empty()) judged.push_back(example);
  CHECK(net.verify(data).samples == judged.size());
  CHECK(net.verify(data).error == net.verify(Dataset::from(judged)).error);
}
