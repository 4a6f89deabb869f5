// Trainings that are interrupted where little is learned: among samples that nothing is learned from, and while those are
// measured that are held out.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

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

struct EndOfTraining {
  std::vector<std::byte> weights;
  TrainInfo info;
};

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

TEST_CASE("a training that is stopped while held-out samples are measured measures them when it goes on") {
  const Context context = one_thread();
  const Folder folder;
  std::vector<Example> given, held_out;
  for (int i = 0; i < 12; ++i) {
    given.push_back({{i * 0.1, 1 - i * 0.2}, {static_cast<double>(i % 3)}});
    held_out.push_back({{i * 0.3, 0.4 - i * 0.1}, {static_cast<double>(i % 2)}});
  }
  TrainOptions patient{.max_iterations = 6, .learning_rate = 0.3, .optimizer = "adam"}, plateau = patient, best = patient,
      content = patient, unwatched = patient;
  patient.patience = 2;
  plateau.learning_rate_schedule = "plateau";
  plateau.learning_rate_schedule.patience = 1;
  plateau.learning_rate_schedule.factor = 0.5;
  best.restore_best = true;
  content.error_threshold = 90;  // at the end of the first epoch
  int number = 0;
  for (TrainOptions options : {patient, plateau, best, content, unwatched}) {
    CAPTURE(number++);
    int epoch_ends = 0;
    // `at`: the look at a held-out sample at which training is stopped.
    const auto train = [&](int at, bool resume, bool writes) {
      NeuralNetwork net = NeuralNetwork::from_json(R"({"activation": "tanh", "layers": [2, 3, 1]})", context);
      int looks = 0;
      options.validation = Dataset::from(held_out).map([&](const Item& item) {
        if (++looks == at) net.stop_training();
        return item;
      });
      options.checkpoint = writes ? folder.at("file") : "";
      options.resume = resume;
      options.progress = [&](const Progress& progress) { epoch_ends += progress.epoch_end; };
      const TrainInfo info = net.train(Dataset::from(given), options);
      return EndOfTraining{bytes_of(net), info};
    };
    const EndOfTraining straight = train(-1, false, false);
    const int straight_ends = std::exchange(epoch_ends, 0);
    for (const int at : {1, 3, 12, 15, 5 * 12 + 2}) {
      if (at > 12 * static_cast<int>(straight.info.iterations)) continue;
      CAPTURE(at);
      epoch_ends = 0;
      const EndOfTraining first = train(at, false, true);
      if (first.info.stop_reason != "stopTraining") {  // it was the last look
        CHECK(at % 12 == 0);
        continue;
      }
      if (at % 12 != 0) CHECK_FALSE(first.info.validation_error);
      const EndOfTraining second = train(-1, true, true);
      CHECK(second.weights == straight.weights);
      CHECK(second.info.iterations == straight.info.iterations);
      CHECK(second.info.best_iteration == straight.info.best_iteration);
      CHECK(second.info.validation_error == straight.info.validation_error);
      CHECK(second.info.error == straight.info.error);
      CHECK(second.info.samples == straight.info.samples);
      CHECK(second.info.stop_reason == straight.info.stop_reason);
      CHECK(epoch_ends == straight_ends);  // each is told once
    }
  }
}
