// From device to device while things are under way, and which device "auto" is.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "support/contexts.h"
#include "support/refusals.h"
#include "support/small_training.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Keeps the sum of what it saw; its weights are not powers of two, so that a forgotten memory shows.
const char* const remembering = R"({"layers": [1, {"name": "sum", "size": 1, "weights": [0.7, 0.6], "bias": false, "to": [1, 2]}, 1]})";

std::vector<double> weights_of(const NeuralNetwork& net) {
  std::vector<double> values;
  for (const auto& [name, tensor] : net.parameters())
    for (std::size_t i = 0; i < tensor.elements(); ++i) values.push_back(tensor.at(i));
  return values;
}

void check_close(const std::vector<double>& a, const std::vector<double>& b, double bound) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::fabs(a[i] - b[i]) <= bound);
}

// A clock that its owner winds: each look at it is `step` milliseconds later, from the look `from` on `later` ones.
class WoundHost final : public Host {
 public:
  double step = 1, later = 1;
  int looks = 0, from = 1 << 30;
  std::vector<std::string> lines;

  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override { return std::aligned_alloc(alignment, bytes); }
  void deallocate(void* memory, std::size_t, std::size_t) noexcept override { std::free(memory); }
  double now() noexcept override { return time_ += looks++ < from ? step : later; }
  bool entropy(void*, std::size_t) noexcept override { return false; }
  void log(int, std::string_view text) noexcept override { lines.emplace_back(text); }

 private:
  double time_ = 0;
};

constexpr double product_size = 2.0 * 256 * 256 * 256 / 1e6;  // millions of one measured product
const char* const asking = R"({"minMops": 10000, "layers": [2, 1]})";

}  // namespace

TEST_CASE("API-29 a network moves with its weights and its memory") {
  NeuralNetwork net = NeuralNetwork::from_json(remembering, one_thread()), other = NeuralNetwork::from_json(remembering, one_thread());
  REQUIRE(net.device() == "cpu");
  for (const char* device : {"cpu", "reference", "auto", "reference", "cpu"}) {
    net.move_to(device);
    CHECK(net.device() == (std::string(device) == "auto" ? "cpu" : device));
    CHECK(std::fabs(net.run({1})[0] - other.run({1})[0]) < 1e-6);
  }
  CHECK(weights_of(net) == weights_of(other));
  CHECK(net.info().on_device == net.info().nodes);
}

TEST_CASE("API-29 a training goes on from its last batch on the other device, with all it has gathered") {
  const auto trained = [](bool moves) {
    NeuralNetwork net = NeuralNetwork::from_json(small, one_thread());
    TrainOptions options;
    options.optimizer = "adam";  // which starts with large steps: were its averages lost, the weights would jump
    options.learning_rate = 0.01;
    options.batch_size = 8;  // 60 samples: the last batch is a program of its own
    options.max_iterations = 30;
    options.progress = [&](const Progress& progress) {
      if (moves && progress.epoch_end && progress.iteration % 5 == 0) net.move_to(progress.iteration % 10 ? "reference" : "cpu");
    };
    const TrainInfo info = net.train(classes(net.context()), options);
    CHECK(info.iterations == 30);
    if (moves) CHECK(net.device() == "cpu");
    return weights_of(net);
  };
  check_close(trained(true), trained(false), 1e-4);
}

TEST_CASE("API-29 a verification and a gradient under way keep the memory of their sequence") {
  NeuralNetwork net = NeuralNetwork::from_json(remembering, one_thread());
  std::vector<Example> samples;
  for (int i = 0; i < 300; ++i) samples.push_back({{0.1 * (i % 7)}, {0.5}});
  const Dataset still = Dataset::from(samples);
  const double error = net.verify(still).error;
  const Gradients gradients = net.compute_gradients(still);
  int seen = 0;
  const Dataset moving = still.map([&](const Item& item) {
    if (++seen % 100 == 0) net.move_to(seen % 200 ? "reference" : "cpu");
    return item;
  });
  CHECK(std::fabs(net.verify(moving).error - error) < 1e-6);
  const Gradients moved = net.compute_gradients(moving);
  for (const auto& [name, tensor] : gradients.gradients)
    for (std::size_t i = 0; i < tensor.elements(); ++i) CHECK(std::fabs(moved.gradients.at(name).at(i) - tensor.at(i)) < 1e-5);
  CHECK(seen >= 600);
}

TEST_CASE("API-29 another thread may move a network that trains and runs") {
  NeuralNetwork net = NeuralNetwork::from_json(small, one_thread());
  std::atomic<bool> over{false};
  std::thread mover([&] {
    for (int i = 0; !over; ++i) net.move_to(i % 2 ? "cpu" : "reference");
  });
  std::thread runner([&] {
    while (!over) {
      CHECK(net.run({1, 2, 3, 4}).size() == 3);
      CHECK(!net.device().empty());
      CHECK(!net.inspect().empty());
    }
  });
  for (int i = 0; i < 3; ++i) {
    TrainOptions options;
    options.max_iterations = 30;
    CHECK(net.train(classes(net.context()), options).iterations == 30);
  }
  over = true;
  mover.join();
  runner.join();
}

TEST_CASE("API-29 where a network cannot go it stays, and so does its training") {
  NeuralNetwork net = NeuralNetwork::from_json(small, one_thread());
  CHECK(error_of([&] { net.move_to("abacus"); }).code() == Code::not_found);
  // A device that is required has to take all of it: the CPU's own kernels know no products of this type.
  NeuralNetwork exact = NeuralNetwork::from_json(
      R"({"dataType": "fp64", "layers": [4, {"size": 6, "activation": "tanh"}, {"size": 3, "activation": "softmax"}]})", one_thread());
  const std::vector<double> before = exact.run({1, 2, 3, 4}).values();
  TrainOptions options;
  options.max_iterations = 5;
  options.log_period = 1;  // at the end of each epoch alone, however long it takes
  int refused = 0;
  options.progress = [&](const Progress&) {
    try {
      exact.move_to("cpu", true);
    } catch (const Error& error) {
      refused += error.code() == Code::unsupported;
    }
    CHECK(exact.device() == "cpu");
    CHECK(exact.run({1, 2, 3, 4}).size() == 3);
  };
  CHECK(exact.train(classes(exact.context()), options).iterations == 5);
  CHECK(refused == 5);
  CHECK(exact.run({1, 2, 3, 4}).values() != before);
}

TEST_CASE("A-24 a device that is fast enough is taken without a word, and measured once") {
  const auto host = std::make_shared<WoundHost>();
  const Context context(host, nullptr, {});
  host->step = product_size / 20;  // a product in that time: 20,000 Mops
  CHECK(NeuralNetwork::from_json(asking, context).device() == "cpu");
  CHECK(host->lines.empty());
  CHECK(host->looks > 0);
  const int looks = host->looks;
  CHECK(NeuralNetwork::from_json(asking, context).device() == "cpu");
  CHECK(host->looks == looks);  // known by now
  NeuralNetwork::from_json(R"({"minMops": 10000, "dataType": "fp16", "layers": [2, 1]})", context);
  CHECK(host->looks > looks);  // but not for another type
}

TEST_CASE("A-24 where no device is fast enough the fastest is taken, with the warning MIN_MOPS and no error") {
  const auto host = std::make_shared<WoundHost>();
  const Context context(host, nullptr, {});
  host->step = product_size / 5;
  NeuralNetwork net = NeuralNetwork::from_json(asking, context, {.devices = {"cpu"}});
  CHECK(net.device() == "cpu");
  REQUIRE(host->lines.size() == 1);
  CHECK(host->lines.front() == "minMops: MIN_MOPS: the model asks for 10000 Mops in fp32; no device has them, so it gets the fastest, \"cpu\", with 5000");
  CHECK(net.run({1, 2}).size() == 1);
  // Whoever names a device gets it, without being asked how fast it is.
  NeuralNetwork::from_json(asking, context, {.device = "reference"});
  CHECK(host->lines.size() == 1);
}

TEST_CASE("A-24 a device that draws more power is taken where only it is fast enough") {
  const std::vector<DeviceDescription> known = devices(one_thread());
  if (std::ranges::none_of(known, [](const DeviceDescription& one) { return one.name == "opencl" && one.absent.empty(); })) {
    WARN("no OpenCL device: left out");
    return;
  }
  const auto host = std::make_shared<WoundHost>();
  const Context context(host, nullptr, {});
  host->step = product_size / 5;
  NeuralNetwork::from_json(asking, context, {.devices = {"cpu"}});
  host->from = host->looks;  // the CPU has been measured; what comes is faster
  host->later = product_size / 50;
  host->lines.clear();
  CHECK(NeuralNetwork::from_json(asking, context).device() == "opencl");
  CHECK(std::ranges::none_of(host->lines, [](const std::string& line) { return line.find("MIN_MOPS") != std::string::npos; }));
  CHECK(NeuralNetwork::from_json(asking, context, {.devices = {"cpu"}}).device() == "cpu");
}
