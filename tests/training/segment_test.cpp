// A training can be stopped soon, however much data lies ready at once.
#include <catch2/catch.hpp>

#include <chrono>

#include "webai/network.hpp"

using namespace webai;

TEST_CASE("a segment of training ends after some milliseconds even when a whole epoch lies ready") {
  const Context context = Context::system({.threads = 1});
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [256, 512, 1], "activation": "tanh"})", context);
  // One step takes well over 100 microseconds: the 4000 of an epoch take more than a second.
  Tensor inputs(context, DType::fp32, Shape{64'000, 256}), outputs(context, DType::fp32, Shape{64'000, 1});
  TrainOptions options;
  options.batch_size = 16;
  options.max_iterations = 1;
  TrainingSession session(network, Dataset::from(inputs, outputs), options);
  double total = 0;
  std::size_t segments = 0;
  while (total < 0.6) {
    const auto start = std::chrono::steady_clock::now();
    const bool more = session.advance();
    if (!more) break;
    total += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++segments;
  }
  CHECK(segments > 4);  // generous: other programs run beside the tests
}
