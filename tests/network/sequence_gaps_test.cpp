// Training on sequences with gaps: places of a window that no sample fills, and samples that nothing is learned from.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "support/contexts.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

using Inputs = std::vector<double>;

// One number for each sample; `judged` says of which there is an output as well.
std::vector<Example> sequence(const Inputs& inputs, const std::vector<bool>& judged = {}) {
  std::vector<Example> samples;
  for (std::size_t t = 0; t < inputs.size(); ++t) {
    const bool counts = judged.empty() || judged[t];
    samples.push_back({{inputs[t]}, counts ? std::vector<double>{0.3} : std::vector<double>{}});
  }
  return samples;
}

Row numbers_of_parameter(const NeuralNetwork& net, const std::string& name) {
  for (const auto& [known, tensor] : net.parameters())
    if (known == name) return as_numbers(tensor);
  FAIL("no parameter " << name);
  return {};
}

TrainOptions one_epoch(std::size_t batch, std::size_t bptt, double rate = 0) {
  TrainOptions options{.max_iterations = 1, .learning_rate = rate, .batch_size = batch};
  options.bptt = bptt;
  return options;
}

NeuralNetwork averaging_net(const std::string& type = "fp64") {
  return NeuralNetwork::from_json(
      R"({"dataType": ")" + type + R"(", "layers": [1, {"name": "n", "type": "batchNorm", "momentum": 0.5}, {"type": "rnn", "size": 1}, 1]})",
      one_thread(), {.seed = 5});
}

void check_averages(const NeuralNetwork& net, double mean, double variance, double bound = 1e-9, const std::string& layer = "n") {
  CHECK(numbers_of_parameter(net, layer + ".movingMean")[0] == Approx(mean).margin(bound));
  CHECK(numbers_of_parameter(net, layer + ".movingVariance")[0] == Approx(variance).margin(bound));
}

}  // namespace

TEST_CASE("batchNorm counts the samples that are there: no lane whose sequence has ended, and no step without any") {
  const auto rest = [](int steps) { return std::pow(0.5, steps); };
  struct Case {
    std::vector<std::size_t> lengths;
    std::size_t batch, bptt;
    int steps;
  };
  for (const Case& test : {Case{{4, 4}, 2, 4, 4}, Case{{5, 2}, 2, 5, 5}, Case{{5, 2}, 2, 2, 5}, Case{{7}, 1, 5, 7}, Case{{3, 3, 2}, 2, 3, 5}}) {
    CAPTURE(test.lengths, test.bptt);
    std::vector<std::vector<Example>> sequences;
    for (const std::size_t length : test.lengths) sequences.push_back(sequence(Inputs(length, 5.0)));
    for (const char* type : {"fp64", "fp32", "bf16"}) {
      NeuralNetwork net = averaging_net(type);
      net.train(Dataset::sequences(sequences), one_epoch(test.batch, test.bptt));
      check_averages(net, 5 * (1 - rest(test.steps)), rest(test.steps), std::string(type) == "bf16" ? 0.02 : 1e-5);
    }
  }
  // A step with both lanes has mean 2 and variance 1, one with a single lane mean 1 and variance 0.
  NeuralNetwork net = averaging_net();
  net.train(Dataset::sequences({sequence({1, 1}), sequence({3})}), one_epoch(2, 2));
  check_averages(net, 0.5 * 1 + 0.5 * 1, 0.5 * 1);
  // Samples that are not judged are there.
  NeuralNetwork ignoring = averaging_net();
  ignoring.train(Dataset::sequences({sequence({1, 1}, {false, true}), sequence({3}, {false})}), one_epoch(2, 2));
  check_averages(ignoring, 0.5 * 1 + 0.5 * 1, 0.5 * 1);
  // So they are in windows in which none is judged.
  NeuralNetwork idle = averaging_net();
  idle.train(Dataset::sequences({sequence({5, 5, 5, 5}, {true, true, false, false})}), one_epoch(1, 2));
  check_averages(idle, 5 * (1 - rest(4)), rest(4));
}

TEST_CASE("batchNorm inside of an iterator counts the samples that are there as well") {
  const char* const model = R"({"dataType": "fp64", "layers": [{"name": "x", "size": 1}, {"name": "i", "type": "iterator", "steps": 2, "state": [{"name": "s", "pipeFrom": "x"}],
    "net": {"layers": [{"pipeFrom": "s"}, {"name": "n", "type": "batchNorm", "momentum": 0.5, "to": "s"}]}}, {"type": "rnn", "size": 1}, 1]})";
  const auto trained = [&](const std::vector<std::vector<Example>>& sequences, std::size_t batch, std::size_t bptt) {
    NeuralNetwork net = NeuralNetwork::from_json(model, one_thread(), {.seed = 5});
    net.train(Dataset::sequences(sequences), one_epoch(batch, bptt));
    return std::pair(numbers_of_parameter(net, "i/n.movingMean")[0], numbers_of_parameter(net, "i/n.movingVariance")[0]);
  };
  // First 5 with variance 0, then the 0 that became of it.
  const auto gaps = trained({sequence({5, 5, 5})}, 1, 2), none = trained({sequence({5, 5, 5})}, 1, 3);
  CHECK(gaps == none);
  CHECK(none.first == Approx(5 * (0.25 + 0.0625 + 0.015625)));
  CHECK(none.second == Approx(1 / 64.0));
  const auto lanes = trained({sequence({5, 5, 5}), sequence({5})}, 2, 3);
  CHECK(lanes.first == Approx(none.first));
  CHECK(lanes.second == Approx(none.second));
}

TEST_CASE("gradients through batchNorm over lanes of several lengths are those of the samples that are there") {
  const Dataset data = Dataset::sequences({sequence({1, -0.5, 0.7, 0.2}), sequence({3}), sequence({-1, 2}, {false, true})});
  NeuralNetwork net = averaging_net();
  const auto error = [&] { return net.train(data, one_epoch(3, 4)).error; };  // as training sees it, at a rate of 0
  const Gradients gradients = net.compute_gradients(data, {.batch_size = 3, .training = true});
  CHECK(gradients.error == Approx(error()));
  int seen = 0;
  for (const auto& [name, gradient] : gradients.gradients) {
    const std::string is = name;
    const Row before = numbers_of_parameter(net, name);
    for (std::size_t i = 0; i < before.size(); ++i, ++seen) {
      CAPTURE(is, i);
      const auto error_at = [&](double there) {
        Row values = before;
        values[i] = there;
        net.set_parameter(is, Tensor::from(net.context(), DType::fp64, gradient.shape(), values));
        return error();
      };
      const double h = 1e-5, expected = (error_at(before[i] + h) - error_at(before[i] - h)) / (2 * h) * 0.5;
      error_at(before[i]);
      CHECK(gradient.at(i) == Approx(expected).epsilon(1e-5).margin(1e-8));
    }
  }
  CHECK(seen >= 7);
}

TEST_CASE("normalize auto learns from all inputs of sequences, also of samples that are not judged, and not from gaps") {
  const auto learned = [](const std::vector<std::vector<Example>>& sequences, std::size_t batch, std::size_t bptt) {
    NeuralNetwork net = NeuralNetwork::from_json(R"({"io": {"input": {"normalize": "auto"}}, "layers": [1, {"type": "rnn", "size": 2}, 1]})", one_thread());
    net.train(Dataset::sequences(sequences), one_epoch(batch, bptt, 0.01));
    return *parsed(net.to_json()).find("io")->find("input")->find("normalize");
  };
  const std::vector<std::vector<Example>> many_to_one = {sequence({5000, 7000, 0}, {false, false, true}), sequence({7000, 5000, 0, 0}, {false, false, false, true})};
  const Inputs all = {5000, 7000, 0, 7000, 5000, 0, 0};
  double mean = 0, square = 0;
  for (const double one : all) mean += one / 7;
  for (const double one : all) square += (one - mean) * (one - mean) / 7;
  for (const std::size_t batch : {1u, 2u}) {
    const Json rule = learned(many_to_one, batch, 3);
    INFO(write_json(rule));
    REQUIRE(rule.is_object());
    CHECK(rule.find("mean")->at(0).as_number() == Approx(mean).epsilon(1e-5));
    CHECK(rule.find("std")->at(0).as_number() == Approx(std::sqrt(square)).epsilon(1e-5));
  }
}

TEST_CASE("a window without one judged sample makes no step of the optimizer") {
  const std::vector<Example> judged = sequence({0.5, -1, 2}), ignored = sequence({0.1, 0.2, 0.3}, {false, false, false});
  std::vector<Example> longer = judged;
  longer.insert(longer.end(), ignored.begin(), ignored.end());
  struct Case {
    const char *type, *optimizer;
    std::uint64_t accumulate;
  };
  for (const Case& test : {Case{"fp64", "sgd", 1}, Case{"fp64", "adam", 2}, Case{"fp32", "adamw", 1}, Case{"bf16", "momentum", 2},
                           Case{"bf16", "lamb", 1}, Case{"i8", "adam", 1}}) {
    CAPTURE(test.type, test.optimizer, test.accumulate);
    const std::string model = R"({"dataType": ")" + std::string(test.type) + R"(", "layers": [1, {"type": "gru", "size": 2}, 1]})";
    const auto trained = [&](const std::vector<std::vector<Example>>& sequences, std::uint64_t judged_samples, std::uint64_t epochs) {
      NeuralNetwork net = NeuralNetwork::from_json(model, one_thread(), {.seed = 5});
      TrainOptions options = one_epoch(1, 3, 0.1);
      options.optimizer = test.optimizer;
      options.max_iterations = epochs;
      options.accumulate = test.accumulate;
      options.learning_rate_schedule.warmup_steps = 3;
      const TrainInfo info = net.train(Dataset::sequences(sequences), options);
      CHECK(info.samples == judged_samples * epochs);
      CHECK(info.iterations == epochs);
      return std::pair(bytes_of(net), info.error);
    };
    const auto alone = trained({judged}, 3, 4);
    CHECK(trained({longer}, 3, 4) == alone);
    CHECK(trained({ignored, judged}, 3, 4) == alone);
    CHECK(trained({judged, ignored, judged}, 6, 2) == trained({judged, judged}, 6, 2));
  }
  CHECK_THROWS_AS(averaging_net().train(Dataset::sequences({ignored}), one_epoch(1, 3)), Error);
}
