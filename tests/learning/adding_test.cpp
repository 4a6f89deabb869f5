// The adding problem: of 50 pairs (number, mark) two are marked, and the answer after the last is the sum of their numbers.
// Only a memory that keeps what it saw 50 steps ago can do better than the variance of the sum, 1/6.
#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "webai/network.hpp"

using namespace webai;

namespace {

constexpr std::size_t length = 50;

std::vector<std::vector<Example>> additions(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 8) / 0x1p24; };
  std::vector<std::vector<Example>> sequences(count);
  for (auto& sequence : sequences) {
    const std::size_t first = random() % (length / 2), second = length / 2 + random() % (length / 2);
    double sum = 0;
    for (std::size_t t = 0; t < length; ++t) {
      const bool marked = t == first || t == second;
      const double number = uniform();
      if (marked) sum += number;
      sequence.push_back({{number, marked ? 1.0 : 0.0}, {}});
    }
    sequence.back().output = {sum};
  }
  return sequences;
}

}  // namespace

TEST_CASE("REC-02 REC-03 lstm-n and lstm-p of 64 units learn the adding problem of length 50 within 3,000 steps") {
  const Context context = Context::system();
  const Dataset learned = Dataset::sequences(additions(4000, 1)), held_out = Dataset::sequences(additions(500, 2));
  for (const char* cell : {"lstm-n", "lstm-p"}) {
    INFO(cell);
    NeuralNetwork net = NeuralNetwork::from_json(
        R"({"layers": [2, {"type": ")" + std::string(cell) + R"(", "size": 64}, 1]})", context, {.seed = 1});
    // 125 steps of 32 sequences an epoch: 24 epochs are 3,000 steps.
    TrainOptions options{.max_iterations = 1, .learning_rate = 3e-3, .optimizer = "adam", .batch_size = 32};
    options.clip_norm = 1;
    double error = 1;
    TrainInfo info;
    options.max_iterations = 24;
    bool enough = false;
    options.progress = [&](const Progress& progress) {
      if (!progress.epoch_end || enough) return;
      // The error of the whole epoch lags behind: what is held out says how far it is.
      if (progress.error > 0.01) return;
      error = net.verify(held_out).error;
      enough = error < 0.0025;
      if (enough) net.stop_training();
    };
    info = net.train(learned.shuffle(4000), options);
    error = net.verify(held_out).error;
    CHECK(info.iterations <= 24);
    CHECK(error < 0.003);
  }
}
