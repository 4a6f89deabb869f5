// TRAIN, IO, GRAD, ERR: what options default to and mean, worked out by hand on networks of one neuron.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// y = 1 x + 0
NeuralNetwork line(const char* type = "fp64") {
  return NeuralNetwork::from_json(R"({"dataType": ")" + std::string(type) +
                                  R"(", "layers": [1, {"size": 1}], "setup": {"data": [1, 0]}})");
}

double bias_of(const NeuralNetwork& net) { return net.parameters()[1].second.at(0); }

}  // namespace

TEST_CASE("TRAIN-06 a timeout counts milliseconds, and without one a training may take as long as it likes") {
  struct CountingHost final : Host {  // each look at the clock takes a while
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept override { return std::aligned_alloc(alignment, bytes); }
    void deallocate(void* memory, std::size_t, std::size_t) noexcept override { std::free(memory); }
    double now() noexcept override { return time += step; }
    bool entropy(void*, std::size_t) noexcept override { return false; }
    void log(int, std::string_view) noexcept override {}
    double time = 0, step = 1;
  };
  const auto host = std::make_shared<CountingHost>();
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, 1]})", Context(host, nullptr, {}));
  for (const double timeout : {50.0, 2000.0}) {
    const TrainInfo info = net.train(Dataset::sample("xor"), {.timeout = timeout});
    CHECK(info.stop_reason == "timeout");
    CHECK(info.elapsed_ms >= timeout);
    CHECK(info.elapsed_ms < timeout + 20);
  }
  host->step = 1e9;  // days
  CHECK(net.train(Dataset::sample("xor"), {.max_iterations = 3}).stop_reason == "maxIterations");
}

TEST_CASE("TRAIN-01 a training tells its iterations, its error, that in percent, its time and why it ended, in C++") {
  const Dataset data = Dataset::from({{{0}, {2}}, {{0}, {4}}});
  for (const std::size_t most : {1, 3}) {
    NeuralNetwork net = line();
    const TrainInfo info = net.train(data, {.max_iterations = most, .learning_rate = 0});  // of what it has not changed
    CHECK(info.iterations == most);
    CHECK(info.samples == 2 * most);
    CHECK(info.error == Approx(10).epsilon(1e-12));  // (4 + 16) / 2
    CHECK(info.error_percent == Approx(1000).epsilon(1e-12));
    CHECK(info.elapsed_ms > 0);
    CHECK(info.stop_reason == "maxIterations");
  }
  // The error is that of the last epoch: of the weights before each of its steps.
  NeuralNetwork net = line();
  const double rate = 0.25;
  double bias = 0, error = 0;
  for (int epoch = 0; epoch < 3; ++epoch) {
    error = ((bias - 2) * (bias - 2) + (bias - 4) * (bias - 4)) / 2;
    bias -= rate * ((bias - 2) + (bias - 4)) / 2;
  }
  const TrainInfo info = net.train(data, {.max_iterations = 3, .learning_rate = rate, .momentum = 0, .batch_size = 2});
  CHECK(info.error == Approx(error).epsilon(1e-12));
  CHECK(info.error_percent == Approx(100 * error).epsilon(1e-12));
  CHECK(bias_of(net) == Approx(bias).epsilon(1e-12));
}

TEST_CASE("TRAIN-05 TRAIN-06 TRAIN-08 TRAIN-10 options left out are those of the proposal") {
  const TrainOptions options;
  CHECK(options.max_iterations == TrainOptions::unlimited);
  CHECK(std::isinf(options.timeout));
  CHECK(options.error_threshold == 0);
  CHECK(options.type == "back-propagation");
  const TrainOptions read =
      train_options_from_json(Context::system(), R"({"maxIterations": "Infinity", "timeout": "Infinity"})");
  CHECK(read.max_iterations == TrainOptions::unlimited);
  CHECK(std::isinf(read.timeout));
  NeuralNetwork net = line();
  const Error error = error_of([&] { net.train(Dataset::sample("xor"), {.type = "annealing"}); });
  CHECK(error.code() == Code::not_found);
  CHECK(error.reason() == "TRAIN_TYPE");
}

TEST_CASE("TRAIN-07 the measure left out is mean-square") {
  NeuralNetwork net = line();
  const Dataset data = Dataset::from({{{0}, {2}}, {{0}, {4}}});
  CHECK(net.verify(data).error == Approx(10).epsilon(1e-12));  // (4 + 16) / 2
  CHECK(net.verify(data, {.error_measure_type = "mean-square"}).error == net.verify(data).error);
  CHECK(net.verify(data, {.error_measure_type = "mean-absolute"}).error == Approx(3).epsilon(1e-12));
  // The root is taken of the mean, in training as in verifying.
  CHECK(net.verify(data, {.error_measure_type = "root-mean-square"}).error == Approx(std::sqrt(10)).epsilon(1e-12));
  TrainOptions options{.max_iterations = 1, .error_measure_type = "root-mean-square", .learning_rate = 0};
  CHECK(net.train(data, options).error == Approx(std::sqrt(10)).epsilon(1e-12));
  options.error_measure_type = {};
  CHECK(net.train(data, options).error == Approx(10).epsilon(1e-12));
}

TEST_CASE(
    "A-25 TRAIN-08 the threshold is percent for bounded measures, the plain value for cross-entropy, or as told") {
  const Dataset off = Dataset::from({{{0}, {0.1}}});  // a mean square of 0.01: 1 percent
  const auto stops = [&](NeuralNetwork net, const Dataset& data, double threshold, const char* unit) {
    return net.train(data, {.max_iterations = 1,
                            .error_threshold = threshold,
                            .error_threshold_unit = unit,
                            .learning_rate = 0.0})
               .stop_reason == "errorThreshold";
  };
  CHECK(stops(line(), off, 1.001, ""));
  CHECK_FALSE(stops(line(), off, 0.999, ""));
  CHECK(stops(line(), off, 0.01001, "raw"));
  CHECK_FALSE(stops(line(), off, 0.00999, "raw"));
  CHECK(stops(line(), Dataset::from({{{0}, {0}}}), 0, ""));  // no error at all is not above the default
  for (const char* measure : {"mean-absolute", "root-mean-square"}) {  // 0.1 of each: 10 percent
    CAPTURE(measure);
    const auto reached = [&](double threshold) {
      return line().train(off, {.max_iterations = 1, .error_measure_type = measure, .error_threshold = threshold,
                                .learning_rate = 0.0}).stop_reason == "errorThreshold";
    };
    CHECK(reached(10.01));
    CHECK_FALSE(reached(9.99));
  }
  // Two equal outputs: the cross-entropy is ln 2 = 0.693.
  const auto coin = [] {
    return NeuralNetwork::from_json(
        R"({"layers": [1, {"size": 2, "activation": "softmax"}], "setup": {"data": [0, 0, 0, 0]}})");
  };
  const Context context = Context::system();
  const Dataset sides = Dataset::from(Tensor(context, DType::fp32, Shape{2, 1}), Tensor(context, DType::i32, Shape{2}));
  CHECK(stops(coin(), sides, 0.6932, ""));
  CHECK_FALSE(stops(coin(), sides, 0.6931, ""));
  CHECK(stops(coin(), sides, 69.32, "percent"));
  CHECK(error_of([&] { stops(line(), off, 1, "promille"); }).path() == "errorThresholdUnit");
  CHECK(stops(line(), off, 100, ""));
  CHECK(stops(line(), off, 101, "raw"));
  for (const char* unit : {"", "percent"}) CHECK(error_of([&] { stops(line(), off, 101, unit); }).path() == "errorThreshold");
}

TEST_CASE("TRAIN-07 A-64 wrong measures, labels of weights, batches of none and numbers out of range say what to do") {
  const Dataset data = Dataset::from({{{0}, {0.1}}});
  const auto wrong = [&](const char* how) { return error_of([&] { line().train(data, std::string_view(how)); }); };
  const Error measure = wrong(R"({"errorMeasureType": "mse"})");
  CHECK(measure.expected().find("mean-square") != std::string::npos);
  CHECK(measure.actual() == "\"mse\"");
  CHECK(measure.hint().find("leave it out") != std::string::npos);
  const Error batch = wrong(R"({"batchSize": 0})");
  CHECK(batch.path() == "batchSize");
  CHECK(batch.expected() == "a whole number, 1 or more");
  const Error label = wrong(R"({"classWeights": {"xyz": 2}})");
  CHECK(label.expected() == "one of: 0, 1");
  CHECK(label.actual() == R"("xyz")");
  CHECK(label.hint().find("label of the data") != std::string::npos);
  const Context context = Context::system();
  const double most = 1e308;
  const Tensor far = Tensor::from(context, DType::fp32, Shape{1, 1}, std::span(&most, 1));
  CHECK(error_of([&] { Dataset::from(far, far); }).hint().find("too large for fp32") != std::string::npos);
}

TEST_CASE("a parameter that is not there is told with those that are, and the nearest") {
  NeuralNetwork net = line();
  const std::string name = net.parameters().front().first;
  const Tensor value = net.parameters().front().second;
  const Error near = error_of([&] { net.set_parameter(name + "x", value); });
  CHECK(near.hint() == "did you mean \"" + name + "\"?");
  std::string all = "one of: " + name;
  for (std::size_t i = 1; i < net.parameters().size(); ++i) all += ", " + net.parameters()[i].first;
  CHECK(near.expected() == all);
  CHECK(near.actual() == "\"" + name + "x\"");
  CHECK(error_of([&] { net.set_parameter("nothing at all", value); }).hint().find("layer.weights") != std::string::npos);
}

TEST_CASE("names of layers and exports that are not there are told with those that are, each once, and the nearest") {
  NeuralNetwork net = line();
  const Error layer = error_of([&] { net.train(Dataset::from({{{0}, {1}}}), {.to_train = {"11"}}); });
  CHECK(layer.expected() == "one of: 1");
  CHECK(layer.actual() == "\"11\"");
  CHECK(layer.hint() == "did you mean \"1\"?");
  const Error exporter = error_of([&] { net.export_model({.to = "javascrpt"}); });
  CHECK(exporter.expected() == "one of: json, python-numpy, c, javascript");
  CHECK(exporter.hint() == "did you mean \"javascript\"?");
  const Error weights = error_of([&] { net.export_model({.to = "c", .weights = "u88"}); });
  CHECK(weights.expected() == "one of: u8");
  CHECK(weights.hint() == "did you mean \"u8\"?");
}

TEST_CASE("TRAIN-11 TRAIN-12 a step is the rate times the slope, and momentum repeats part of the step before") {
  const Dataset data = Dataset::from({{{0}, {1}}});  // the slope by the bias is bias - 1
  NeuralNetwork plain = line();
  plain.train(data, {.max_iterations = 2, .learning_rate = 0.5, .momentum = 0.0});
  CHECK(bias_of(plain) == Approx(0.75).epsilon(1e-12));  // 0, 0.5, 0.75
  // As long where fewer samples than fill a batch are left.
  NeuralNetwork rest = line();
  rest.train(Dataset::from({{{0}, {1}}, {{0}, {1}}, {{0}, {1}}}),
             {.max_iterations = 1, .learning_rate = 0.5, .momentum = 0.0, .batch_size = 2});
  CHECK(bias_of(rest) == Approx(0.75).epsilon(1e-12));
  NeuralNetwork pushed = line();
  pushed.train(data, {.max_iterations = 2, .learning_rate = 0.5, .momentum = 0.5});
  CHECK(bias_of(pushed) == Approx(1).epsilon(1e-12));  // 0.75 + 0.5 * 0.5
  NeuralNetwork left_out = line(), named = line();
  left_out.train(data, {.max_iterations = 3});
  named.train(data, {.max_iterations = 3, .learning_rate = 0.3, .momentum = 0.1});
  CHECK(bias_of(left_out) == bias_of(named));
}

TEST_CASE("TRAIN-14 verify measures and changes nothing") {
  NeuralNetwork net = line();
  const VerifyInfo info = net.verify(Dataset::from({{{0}, {2}}, {{3}, {3}}}));
  CHECK(info.samples == 2);
  CHECK(info.error == Approx(2).epsilon(1e-12));
  CHECK(info.error_percent == Approx(200).epsilon(1e-12));
  CHECK(bias_of(net) == 0);
  // Each sample counts alike, however they are dealt out: squares of 2, 0 and 3.
  const Dataset three = Dataset::from({{{0}, {2}}, {{3}, {3}}, {{5}, {8}}});
  for (const std::size_t batch : {1, 2, 3}) CHECK(net.verify(three, {.batch_size = batch}).error == Approx(13.0 / 3).epsilon(1e-12));
}

TEST_CASE("a batch larger than the data is one of all of them") {
  const Dataset data = Dataset::from({{{0}, {1}}, {{1}, {0}}});
  NeuralNetwork exact = line(), huge = line();
  exact.train(data, {.max_iterations = 3, .batch_size = 2});
  huge.train(data, {.max_iterations = 3, .batch_size = std::size_t{1} << 60});
  CHECK(bias_of(huge) == bias_of(exact));
  // Unless what fills no batch is to be left out: then nothing is left.
  CHECK(error_of([&] { huge.train(data.batch(3, {.drop_remainder = true}), {.max_iterations = 1}); }).reason() == "EMPTY_DATASET");
}

TEST_CASE("A-47 toTrain without what toSkip names is what is trained, and nothing left is an error") {
  NeuralNetwork net = line();
  const Error error = error_of([&] { net.train(Dataset::from({{{0}, {1}}}), {.to_train = {"1"}, .to_skip = {"1"}}); });
  CHECK(error.reason() == "NOTHING_TO_TRAIN");
  CHECK(error.hint() == "see toTrain and toSkip");
}

TEST_CASE("A-47 what stands outside of toTrain keeps its moving averages too") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [1, {"name": "norm", "type": "batchNorm"}, {"name": "last", "size": 1}]})");
  const auto before = net.parameters();
  net.train(Dataset::from({{{1}, {1}}, {{3}, {0}}}), {.max_iterations = 2, .to_train = {"last"}, .batch_size = 2});
  const auto after = net.parameters();
  REQUIRE(before.size() == 6);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CAPTURE(before[i].first);
    CHECK((before[i].second.at(0) == after[i].second.at(0)) == before[i].first.starts_with("norm."));
  }
}

TEST_CASE("IO-07 IO-08 without an io block a run takes and gives numbers of the model's data type") {
  for (const char* type : {"fp16", "bf16", "fp32", "fp64"}) {
    NeuralNetwork net = line(type);
    const Output output = net.run({2.5});
    CHECK(output.tensor().type() == net.data_type());
    CHECK(name_of(output.tensor().type()) == type);
    CHECK(output[0] == 2.5);
  }
  // Rules that the caller does not want change nothing of that: codes of integers stay codes.
  NeuralNetwork codes = NeuralNetwork::from_json(R"({"dataType": "u8", "layers": [1, {"type": "identity"}],
      "io": {"output": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 100]}}}})");
  CHECK(is_floating(codes.run({1}).tensor().type()));
  CHECK(codes.run({1}, {.denormalize = false}).tensor().type() == DType::u8);
}

TEST_CASE("IO-11 IO-12 a run may leave out the normalising of inputs and of outputs") {
  NeuralNetwork net =
      NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [1, {"size": 1}], "setup": {"data": [1, 0]}, "io": {
      "input": {"normalize": {"type": "rescale-linear", "from": [0, 10], "to": [0, 1]}},
      "output": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 1000]}}}})");
  CHECK(net.run({5})[0] == 500);
  CHECK(net.run({5}, {.denormalize = false})[0] == 0.5);
  CHECK(net.run({0.25}, {.normalize = false})[0] == 250);
  CHECK(net.run({0.25}, {.normalize = false, .denormalize = false})[0] == 0.25);
}

TEST_CASE("GRAD-03 the mean of the gradients of two halves is the gradient of the whole") {
  NeuralNetwork net = line();
  const Gradients whole = net.compute_gradients(Dataset::from({{{1}, {3}}, {{2}, {0}}, {{-1}, {1}}, {{4}, {5}}}));
  const Gradients a = net.compute_gradients(Dataset::from({{{1}, {3}}, {{2}, {0}}}));
  const Gradients b = net.compute_gradients(Dataset::from({{{-1}, {1}}, {{4}, {5}}}));
  for (const auto& [name, gradient] : whole.gradients)
    CHECK(gradient.at(0) == Approx((a.gradients.at(name).at(0) + b.gradients.at(name).at(0)) / 2).epsilon(1e-12));
  // Whoever gets parts of any sizes as texts averages them by the samples that they tell.
  const Dataset parts[] = {Dataset::from({{{1}, {3}}}), Dataset::from({{{2}, {0}}, {{-1}, {1}}, {{4}, {5}}})};
  std::map<std::string, double> sums;
  std::uint64_t samples = 0;
  for (const Dataset& part : parts) {
    const Gradients sent = gradients_from_json(net.context(), gradients_to_json(net.compute_gradients(part)));
    samples += sent.samples;
    for (const auto& [name, gradient] : sent.gradients) sums[name] += gradient.at(0) * static_cast<double>(sent.samples);
  }
  REQUIRE(samples == 4);
  REQUIRE(sums.size() == whole.gradients.size());
  for (const auto& [name, sum] : sums) CHECK(sum / 4 == Approx(whole.gradients.at(name).at(0)).epsilon(1e-12));
  CHECK(whole.gradients.at("1.bias").at(0) == Approx(-0.75).epsilon(1e-12));  // (-2 + 2 - 2 - 1) / 4
}

TEST_CASE("ERR-26 gradients of another network are refused, and the weights stay") {
  NeuralNetwork net = line();
  Gradients unknown, wide;
  unknown.gradients.emplace("2.bias", Tensor(net.context(), DType::fp64, Shape{1}));
  wide.gradients.emplace("1.bias", Tensor(net.context(), DType::fp64, Shape{2}));
  const Error absent = error_of([&] { net.apply_gradients(unknown); });
  CHECK(absent.code() == Code::not_found);
  CHECK(absent.reason() == "GRADIENT");
  const Error error = error_of([&] { net.apply_gradients(wide); });
  CHECK(error.code() == Code::shape_mismatch);
  CHECK(error.reason() == "GRADIENT");
  CHECK(error.expected() == "1");
  CHECK(error.actual() == "2");
  CHECK(bias_of(net) == 0);
}

TEST_CASE("ERR-27 busy, cancelled and out of memory say what to do next") {
  NeuralNetwork net = line();
  const Dataset data = Dataset::from({{{0}, {1}}});
  {
    TrainingSession session(net, data, {});
    const Error busy = error_of([&] { net.train(data); });
    CHECK(busy.code() == Code::busy);
    CHECK(busy.reason() == "BUSY");
    CHECK(busy.expected() == "one training at a time");
    CHECK(busy.actual() == "a second");
    CHECK(busy.hint() == "wait for it, or call stop_training");
  }
  std::stop_source stop;
  stop.request_stop();
  const Error cancelled = error_of([&] { net.train(data, TrainOptions{}, stop.get_token()); });
  CHECK(cancelled.code() == Code::cancelled);
  CHECK(cancelled.reason() == "CANCELLED");
  CHECK((cancelled.expected() == "no stop before the end" && cancelled.actual() == "a stop"));
  CHECK(cancelled.hint() == "the weights are those of the last finished batch");
  const Error unverified = error_of([&] { net.verify(data, VerifyOptions{}, stop.get_token()); });
  CHECK(unverified.code() == Code::cancelled);
  CHECK(unverified.reason() == "CANCELLED");
  CHECK((unverified.expected() == "no stop before the end" && unverified.actual() == "a stop"));
  CHECK(unverified.hint() == "nothing was changed: verify again");
  define_train(net.context(), {.name = "own"}, [](InternalModel&, const Dataset&, const TrainOptions&, ControlSignal&) { return TrainInfo(); });
  TrainOptions own;
  own.type = "own";
  const Error ended = error_of([&] { net.train(data, own, stop.get_token()); });
  CHECK(ended.code() == Code::cancelled);
  CHECK(ended.reason() == "CANCELLED");
  CHECK((ended.expected() == "no stop before the end" && ended.actual() == "a stop"));
  CHECK(ended.hint() == "the weights are as \"own\" left them");
  Context::Options options;
  options.limits.host_bytes = 1000;
  const Error full = error_of([&] { NeuralNetwork::from_json(R"({"layers": [100, 100]})", Context::system(options)); });
  CHECK(full.code() == Code::limit_exceeded);
  CHECK(full.reason() == "HOST_BYTES");
  CHECK((full.expected() == "at most 1000 bytes" && full.actual() == "more"));
  CHECK(full.hint() == "smaller layers, or a larger limit \"hostBytes\"");
}
