// Trainings that are interrupted among samples that nothing is learned from.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>

#include "support/contexts.h"
#include "support/folder.h"
#include "support/small_training.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

namespace {

const char* const gated_memory = R"({"layers": [1, {"type": "gru", "size": 3}, 1]})";

// Sequences in which the samples at `ignored` (counted through all of them) have no output.
Dataset partly_judged(const std::vector<std::size_t>& lengths, const std::vector<std::size_t>& ignored) {
  std::vector<std::vector<Example>> sequences;
  std::size_t number = 0;
  for (const std::size_t length : lengths) {
    std::vector<Example>& sequence = sequences.emplace_back();
    for (std::size_t t = 0; t < length; ++t, ++number) {
      const double x = static_cast<double>(number);
      const bool is_ignored = std::ranges::find(ignored, number) != ignored.end();
      sequence.push_back({{std::sin(x)}, is_ignored ? std::vector<double>{} : std::vector<double>{std::sin(x + 1)}});
    }
  }
  return Dataset::sequences(sequences);
}

}  // namespace

TEST_CASE("a checkpoint goes on to the same bits behind windows that nothing is learned from") {
  const Context context = one_thread();
  struct Case {
    const char* optimizer;
    std::vector<std::size_t> lengths, ignored;
    std::size_t batch, bptt, accumulate;
  };
  const Case cases[] = {
      {"sgd", {6}, {1}, 1, 1, 1},                  // one in the middle
      {"adam", {6}, {0, 1}, 1, 1, 2},              // at the beginning
      {"sgd", {5, 5}, {4, 9}, 1, 2, 1},            // windows that are cut short
      {"adam", {4, 4}, {1, 5, 3, 7}, 2, 1, 1},     // of two lanes
      {"momentum", {3, 3, 3}, {6, 7, 8, 0}, 1, 3, 1}  // a whole sequence at the end
  };
  for (const Case& test : cases) {
    CAPTURE(&test - cases);
    const Dataset data = partly_judged(test.lengths, test.ignored);
    TrainOptions options{.max_iterations = 2, .optimizer = test.optimizer, .batch_size = test.batch};
    options.bptt = test.bptt;
    options.accumulate = test.accumulate;
    NeuralNetwork straight = NeuralNetwork::from_json(gated_memory, context);
    const TrainInfo wanted = straight.train(data, options);
    for (int steps = 0; steps < 9; ++steps) {
      CAPTURE(steps);
      const Folder folder;
      TrainOptions on = options;
      on.checkpoint = folder.at("file");
      NeuralNetwork first = NeuralNetwork::from_json(gated_memory, context);
      {
        TrainingSession session(first, data, options);
        for (int i = 0; i < steps && session.info().stop_reason.empty(); ++i) session.profile(0);  // one window
        session.save_checkpoint(on.checkpoint);
      }
      NeuralNetwork second = NeuralNetwork::from_json(gated_memory, context);
      on.resume = true;
      const TrainInfo info = second.train(data, on);
      CHECK(bytes_of(second) == bytes_of(straight));
      CHECK(info.samples == wanted.samples);
      CHECK(info.error == wanted.error);
    }
  }
}
