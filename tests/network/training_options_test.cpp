// The options of training: each does what it says, together with the others.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "network/training_plan.h"
#include "support/contexts.h"
#include "support/folder.h"
#include "support/refusals.h"
#include "support/small_training.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

TEST_CASE("TRAIN-07 a network learns with each measure, verifies with misclassification and does not train with it") {
  const Context context = one_thread();
  for (const char* measure : {"mean-square", "root-mean-square", "mean-absolute", "cross-entropy", "huber", "hinge", "kl", "cosine"}) {
    INFO(measure);
    NeuralNetwork net = NeuralNetwork::from_json(small, context);
    TrainOptions options{.max_iterations = 60, .error_measure_type = measure, .learning_rate = 0.1};
    net.train(classes(context).shuffle(), options);
    const VerifyInfo counted = net.verify(classes(context), {.error_measure_type = "misclassification"});
    CHECK(counted.error < 0.2);
    CHECK(counted.error == Approx(1 - *counted.accuracy));
  }
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  const Error error = error_of([&] { net.train(classes(context), {.error_measure_type = "misclassification"}); });
  CHECK(error.path() == "errorMeasureType");
  CHECK(error.hint().find("cross-entropy") != std::string::npos);
  CHECK_FALSE(net.is_training());
}

TEST_CASE("TRAIN-17 every optimizer learns with its default rate, also over several batches and with clipped gradients") {
  const Context context = one_thread();
  for (const char* optimizer : {"sgd", "momentum", "nesterov", "adam", "adamw", "adamax", "rmsprop", "adagrad", "adadelta", "lion", "lamb"}) {
    INFO(optimizer);
    NeuralNetwork net = NeuralNetwork::from_json(small, context);
    const double before = net.verify(classes(context)).error;
    TrainOptions options{.max_iterations = 200, .optimizer = optimizer, .batch_size = 5};
    options.accumulate = 2;
    options.clip_norm = 1;
    options.clip_value = 0.5;
    net.train(classes(context).shuffle(), options);
    CHECK(net.verify(classes(context)).error < 0.9 * before);
  }
}

TEST_CASE("accumulated batches make the update of one large batch, and nothing moves between updates") {
  const Context context = one_thread();
  for (const char* optimizer : {"sgd", "adam"}) {
    NeuralNetwork large = NeuralNetwork::from_json(small, context), gathered = NeuralNetwork::from_json(small, context);
    TrainOptions options{.max_iterations = 5, .learning_rate = 0.05, .optimizer = optimizer, .batch_size = 20};
    large.train(classes(context), options);
    options.batch_size = 5;
    options.accumulate = 4;
    gathered.train(classes(context), options);
    const auto a = large.parameters(), b = gathered.parameters();
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t e = 0; e < a[i].second.elements(); ++e) CHECK(a[i].second.at(e) == Approx(b[i].second.at(e)).epsilon(1e-4).margin(1e-5));
  }
  NeuralNetwork waiting = NeuralNetwork::from_json(small, context);
  const auto before = bytes_of(waiting);
  TrainOptions options{.max_iterations = 1, .batch_size = 20};
  options.accumulate = 4;  // an epoch has three batches
  waiting.train(classes(context), options);
  CHECK(bytes_of(waiting) == before);
  CHECK(error_of([&] { options.accumulate = 0; waiting.train(classes(context), options); }).path() == "accumulate");
}

TEST_CASE("clipped and accumulated training has the same bits for 1, 2 and 4 threads") {
  std::vector<std::byte> first;
  for (const std::size_t threads : {1, 2, 4}) {
    const auto executor = std::make_shared<CountingExecutor>(threads);
    const Context context = with_executor(executor);
    NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [4, {"size": 512, "activation": "tanh"}, {"size": 300, "activation": "tanh"}, {"size": 3, "activation": "softmax"}]})", context);
    TrainOptions options{.max_iterations = 6, .optimizer = "lamb", .batch_size = 10};
    options.clip_norm = 0.1;
    options.accumulate = 2;
    options.class_weights = {1, 2, 3};
    net.train(classes(context).shuffle(), options);
    if (first.empty()) first = bytes_of(net);
    CHECK(bytes_of(net) == first);
    CHECK((executor->shared > 0) == (threads > 1));
  }
}

TEST_CASE("a cell over sequences within a sample learns with a bound on gradients, as models with a memory do") {
  const auto learned = [](const char* options) {
    NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [[20, 1], {"type": "recurrent", "cell": "rnn", "units": 4}, 1]})", one_thread());
    Tensor inputs(net.context(), DType::fp32, Shape{2, 20, 1}), outputs(net.context(), DType::fp32, Shape{2, 1});
    for (std::size_t i = 0; i < inputs.elements(); ++i) inputs.set(i, static_cast<double>(i % 5) - 2);
    outputs.set(0, 9);
    outputs.set(1, -9);
    net.train(Dataset::from(inputs, outputs), options);
    return bytes_of(net);
  };
  const auto usual = learned(R"({"maxIterations": 2, "learningRate": 0.1})");
  CHECK(usual == learned(R"({"maxIterations": 2, "learningRate": 0.1, "clipNorm": 1})"));
  CHECK(usual != learned(R"({"maxIterations": 2, "learningRate": 0.1, "clipNorm": 1000000})"));
}

TEST_CASE("clipNorm bounds what a step may change, and bounds that are none are refused") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, 1]})", context);
  const auto before = net.parameters();
  TrainOptions options{.max_iterations = 1, .learning_rate = 1, .momentum = 0.0};
  options.clip_norm = 0.25;
  net.train(Dataset::from({{{100, 200}, {1e6}}}), options);
  const auto after = net.parameters();
  double moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    for (std::size_t e = 0; e < before[i].second.elements(); ++e) moved += std::pow(after[i].second.at(e) - before[i].second.at(e), 2);
  CHECK(std::sqrt(moved) == Approx(0.25).epsilon(1e-3));
  options.clip_norm = 0;
  CHECK(error_of([&] { net.train(Dataset::sample("xor"), options); }).path() == "clipNorm");
  options.clip_norm.reset();
  options.clip_value = -1;
  CHECK(error_of([&] { net.train(Dataset::sample("xor"), options); }).path() == "clipValue");
}

TEST_CASE("weights of classes draw the answers towards heavy classes, by place and by label") {
  const Context context = one_thread();
  // The same input with either answer: what is learned is the odds.
  const std::vector<Example> even = {{{1}, {0}}, {{1}, {1}}};
  const char* const model = R"({"layers": [1, {"size": 1, "activation": "sigmoid"}]})";
  NeuralNetwork net = NeuralNetwork::from_json(model, context);
  TrainOptions options{.max_iterations = 500, .error_measure_type = "binary-cross-entropy", .learning_rate = 0.5, .batch_size = 2};
  options.class_weights = {1, 3};
  net.train(Dataset::from(even), options);
  CHECK(net.run({1})[0] == Approx(0.75).epsilon(0.01));

  const char* const words = R"({"layers": [1, {"size": 2, "activation": "softmax"}],
    "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["cat", "dog"]}}}})";
  NeuralNetwork named = NeuralNetwork::from_json(words, context);
  const Dataset labelled = Dataset::from(Tensor::from(context, DType::fp32, Shape{2, 1}, std::vector<double>{1, 1}),
                                         Tensor::from(context, DType::i32, Shape{2}, std::vector<double>{0, 1}));
  named.train(labelled, R"({"maxIterations": 500, "learningRate": 0.5, "batchSize": 2, "classWeights": {"dog": 4}})");
  CHECK(named.run({1})[1] == Approx(0.8).epsilon(0.01));
  CHECK(error_of([&] { named.train(labelled, R"({"maxIterations": 1, "classWeights": {"dgo": 4}})"); }).hint().find("dog") != std::string::npos);
  CHECK(error_of([&] { named.train(labelled, R"({"maxIterations": 1, "classWeights": [1, 2, 3]})"); }).message().find("3 weights were given") != std::string::npos);
  CHECK(error_of([&] { named.train(labelled, R"({"maxIterations": 1, "classWeights": [1, -2]})"); }).path() == "classWeights");
}

TEST_CASE("training stops when the held-out error has not fallen for its patience, and ends with the best weights") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  const Dataset held_out = classes(context, 30, 30);  // labels that contradict: learning makes them worse
  TrainOptions options{.max_iterations = 500, .learning_rate = 0.2};
  options.validation = held_out;
  options.patience = 5;
  std::vector<double> seen;
  std::vector<std::byte> best;
  options.progress = [&](const Progress& progress) {
    if (!progress.epoch_end) return;
    REQUIRE(progress.validation_error);
    CHECK(progress.validation_accuracy);
    CHECK(progress.learning_rate == 0.2);
    CHECK(*progress.validation_error == Approx(net.verify(held_out).error).epsilon(1e-6));
    if (seen.empty() || *progress.validation_error < *std::min_element(seen.begin(), seen.end())) best = bytes_of(net);
    seen.push_back(*progress.validation_error);
  };
  const TrainInfo info = net.train(classes(context).shuffle(), options);
  CHECK(info.stop_reason == "patience");
  const auto lowest = static_cast<std::size_t>(std::min_element(seen.begin(), seen.end()) - seen.begin());
  CHECK(info.best_iteration == lowest + 1);
  CHECK(info.iterations == info.best_iteration + 5);
  CHECK(*info.validation_error == seen.back());
  CHECK(bytes_of(net) == best);
  CHECK(net.verify(held_out).error == Approx(seen[lowest]).epsilon(1e-6));
  options.restore_best = false;
  NeuralNetwork last = NeuralNetwork::from_json(small, context);
  options.progress = {};
  last.train(classes(context).shuffle(), options);
  CHECK(bytes_of(last) != best);
}

TEST_CASE("without held-out samples patience watches the training error, and minDelta says what counts as less") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  TrainOptions options{.max_iterations = 100, .learning_rate = 0.0};
  options.patience = 3;
  const TrainInfo info = net.train(classes(context), options);
  CHECK(info.stop_reason == "patience");
  CHECK(info.iterations == 4);
  options.learning_rate = 0.01;
  options.min_delta = 10;
  CHECK(net.train(classes(context), options).iterations == 4);
}

TEST_CASE("held-out samples are drawn from all of the data, and none of them is in the other part") {
  const Context context = one_thread();
  Tensor numbers(context, DType::fp32, Shape{50, 1});
  for (std::size_t i = 0; i < 50; ++i) numbers.set(i, static_cast<double>(i));
  TrainOptions options;
  options.validation_split = 0.2;
  const auto drawn = [&](std::uint64_t seed) {
    const HeldOut parts = hold_out(Dataset::from(numbers, numbers).shuffle(), options, seed);
    std::vector<double> held, all;
    for (std::uint64_t i = 0; i < 10; ++i) held.push_back(parts.validation.item(context, i).input.at(0));
    all = held;
    for (std::uint64_t i = 0; i < 40; ++i) all.push_back(parts.training.item(context, i).input.at(0));
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < 50; ++i) CHECK(all[i] == static_cast<double>(i));
    return held;
  };
  const std::vector<double> held = drawn(1);
  CHECK(*std::max_element(held.begin(), held.end()) - *std::min_element(held.begin(), held.end()) > 15);
  CHECK(drawn(1) == held);
  CHECK(drawn(2) != held);
}

TEST_CASE("validationSplit holds out its share, of which nothing is trained on") {
  const Context context = one_thread();
  const auto run = [&](double share) {
    NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [1, 1]})", context);
    Tensor inputs(context, DType::fp32, Shape{40, 1}), outputs(context, DType::fp32, Shape{40, 1});
    for (std::size_t i = 0; i < 40; ++i) inputs.set(i, static_cast<double>(i) / 40);
    TrainOptions options{.max_iterations = 2, .learning_rate = 0.001, .batch_size = 4};
    options.validation_split = share;
    TrainInfo info;
    std::uint64_t samples = 0;
    options.progress = [&](const Progress& progress) { samples = progress.samples; };
    info = net.train(Dataset::from(inputs, outputs).shuffle(), options);
    CHECK(info.samples == 2 * samples);
    CHECK(info.validation_error);
    return samples;
  };
  CHECK(run(0.25) == 30);
  CHECK(run(0.001) == 39);
  CHECK(run(0.999) == 1);
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, 1]})", context);
  TrainOptions options{.max_iterations = 1};
  options.validation_split = 1;
  CHECK(error_of([&] { net.train(Dataset::sample("xor"), options); }).path() == "validationSplit");
  options.validation_split = 0.5;
  options.validation = Dataset::sample("xor");
  CHECK(error_of([&] { net.train(Dataset::sample("xor"), options); }).path() == "validationSplit");
  options.validation = {};
  CHECK(error_of([&] { net.train(Dataset::from({{{1, 2}, {1}}}), options); }).reason() == "EMPTY_DATA");
}

TEST_CASE("TRAIN-18 progress comes every so many epochs, or milliseconds") {
  struct StillHost final : Host {  // no epoch takes long, however busy the machine is
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept override { return std::aligned_alloc(alignment, bytes); }
    void deallocate(void* memory, std::size_t, std::size_t) noexcept override { std::free(memory); }
    double now() noexcept override { return 0; }
    bool entropy(void*, std::size_t) noexcept override { return false; }
    void log(int, std::string_view) noexcept override {}
  };
  const Context context(std::make_shared<StillHost>(), nullptr, {});
  const auto epochs = [&](const char* options_text) {
    NeuralNetwork net = NeuralNetwork::from_json(small, context);
    TrainOptions options = train_options_from_json(context, options_text);
    std::vector<std::uint64_t> seen;
    options.progress = [&](const Progress& progress) {
      CHECK(progress.epoch_end);
      seen.push_back(progress.iteration);
    };
    net.train(classes(context), options);
    return seen;
  };
  CHECK(epochs(R"({"maxIterations": 4})") == std::vector<std::uint64_t>{1, 2, 3, 4});
  CHECK(epochs(R"({"maxIterations": 10, "logPeriod": 4})") == std::vector<std::uint64_t>{4, 8});
  CHECK(epochs(R"({"maxIterations": 10, "logPeriod": "60000ms"})").empty());
  for (const char* wrong : {R"({"logPeriod": "soon"})", R"({"logPeriod": "-3ms"})", R"({"logPeriod": "3"})", R"({"logPeriod": true})", R"({"logPeriod": -1})"})
    CHECK_THROWS_AS(train_options_from_json(context, wrong), Error);
}

TEST_CASE("a schedule in JSON is a name or an object, and its unknown properties are refused with the nearest name") {
  const Context context = one_thread();
  CHECK(train_options_from_json(context, R"({"learningRateSchedule": "cosine"})").learning_rate_schedule.type == "cosine");
  const LearningRateSchedule full = train_options_from_json(context, R"({"learningRateSchedule": {"type": "step", "factor": 0.5, "every": 4,
      "patience": 6, "minDelta": 0.1, "minimum": 1e-5, "warmupSteps": 7, "warmupEpochs": 8}})").learning_rate_schedule;
  CHECK(full.type == "step");
  CHECK(full.factor == 0.5);
  CHECK(full.every == 4);
  CHECK(full.patience == 6);
  CHECK(full.min_delta == 0.1);
  CHECK(full.minimum == 1e-5);
  CHECK(full.warmup_steps == 7);
  CHECK(full.warmup_epochs == 8);
  const Error error = error_of([&] { train_options_from_json(context, R"({"learningRateSchedule": {"type": "step", "evry": 4}})"); });
  CHECK(error.hint().find("every") != std::string::npos);
  CHECK(train_options_from_json(context, R"({"praxis": "adam"})").optimizer == "adam");
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  CHECK(error_of([&] { net.train(classes(context), R"({"learningRateSchedule": "cosin", "maxIterations": 1})"); }).hint().find("cosine") != std::string::npos);
}

TEST_CASE("a warm-up begins with small steps, and the rate of each step is told") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  TrainOptions options{.max_iterations = 3, .learning_rate = 0.4, .batch_size = 10};  // 6 steps an epoch
  options.learning_rate_schedule.warmup_steps = 12;
  std::vector<double> rates;
  options.progress = [&](const Progress& progress) {
    if (progress.epoch_end) rates.push_back(progress.learning_rate);
  };
  net.train(classes(context), options);
  REQUIRE(rates.size() == 3);
  CHECK(rates[0] == Approx(0.2));
  CHECK(rates[1] == Approx(0.4));
  CHECK(rates[2] == 0.4);
}

TEST_CASE("defaults survive what a beginner gives them: raw pixels and columns without a scale") {
  const Context context = one_thread();
  for (const char* model : {R"({"layers": [64, 16, 10], "activation": "relu"})", R"({"layers": [64, 10]})", R"({"layers": [64, 16, 10], "activation": "sigmoid"})",
                            R"({"layers": [64, {"size": 16, "activation": "relu"}, {"size": 10, "activation": "softmax"}]})"}) {
    INFO(model);
    Tensor pixels(context, DType::u8, Shape{100, 64}), labels(context, DType::i32, Shape{100});
    for (std::size_t i = 0; i < pixels.elements(); ++i) pixels.set(i, static_cast<double>((i * 7919) % 256));
    for (std::size_t i = 0; i < 100; ++i) labels.set(i, static_cast<double>(i % 10));
    NeuralNetwork net = NeuralNetwork::from_json(model, context);
    const double before = net.verify(Dataset::from(pixels, labels)).error;
    const TrainInfo info = net.train(Dataset::from(pixels, labels).shuffle(), {.max_iterations = 20});
    CHECK(info.error < before);
  }
  for (const char* model : {R"({"layers": [3, 8, 1], "activation": "relu"})", R"({"layers": [3, 1]})"}) {
    Tensor columns(context, DType::fp64, Shape{50, 3}), prices(context, DType::fp64, Shape{50, 1});
    for (std::size_t i = 0; i < 50; ++i) {
      columns.set(3 * i, 1950 + static_cast<double>(i));
      columns.set(3 * i + 1, static_cast<double>(i * i * 40));
      columns.set(3 * i + 2, static_cast<double>(i % 2));
      prices.set(i, 150'000 + 2'000 * static_cast<double>(i));
    }
    NeuralNetwork net = NeuralNetwork::from_json(model, context);
    CHECK(std::isfinite(net.train(Dataset::from(columns, prices), {.max_iterations = 200}).error));
  }
}

TEST_CASE("TRAIN-09 a default rate that leaves no neuron with a slope is lowered, and training begins again with it") {
  // Pictures of 8 x 8, raw grey values; one kind is bright on the left, the other one on the right.
  const Context context = one_thread();
  Tensor pictures(context, DType::fp64, Shape{40, 64}), kinds(context, DType::i32, Shape{40});
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t p = 0; p < 64; ++p)
      pictures.set(64 * i + p, ((p % 8 < 4) == (i % 2 == 0) ? 150.0 : 20.0) + static_cast<double>((i * 31 + p * 17) % 100));
    kinds.set(i, static_cast<double>(i % 2));
  }
  const std::string model = R"({"activation": "relu", "io": {"input": {"normalize": "auto"}}, "layers": [64, 16, 2]})";
  int learned = 0;
  for (int seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    NeuralNetwork net = NeuralNetwork::from_json("{\"seed\": " + std::to_string(seed) + ", " + model.substr(1), context);
    learned += net.train(Dataset::from(pictures, kinds), {.max_iterations = 60}).accuracy == 1;
    // A rate that is given is kept.
    NeuralNetwork told = NeuralNetwork::from_json("{\"seed\": " + std::to_string(seed) + ", " + model.substr(1), context);
    const TrainInfo kept = told.train(Dataset::from(pictures, kinds), {.max_iterations = 60, .learning_rate = 3});
    CHECK(kept.iterations == 60);
  }
  // Weights that rest where they should are left: a middle between two targets, behind no relu.
  NeuralNetwork middle = NeuralNetwork::from_json(R"({"layers": [1, 1]})", context);
  double rate = 0;
  TrainOptions options{.max_iterations = 200, .error_measure_type = "mean-absolute", .batch_size = 2};
  options.progress = [&](const Progress& progress) { rate = progress.learning_rate; };
  middle.train(Dataset::from({{{0}, {1}}, {{0}, {3}}}), options);
  CHECK(rate == 0.3);
  CHECK(learned >= 4);  // where one of the two has a slope left, it goes on
}

TEST_CASE("a default rate that lets training grow without bound is lowered, and training begins again with it") {
  const Context context = one_thread();
  // Lengths of leaves, as flowers have them: 4 to 8, 2 to 4, 1 to 7, 0 to 2.5.
  Tensor leaves(context, DType::fp64, Shape{150, 4}), kinds(context, DType::i32, Shape{150});
  for (std::size_t i = 0; i < 150; ++i) {
    const double kind = static_cast<double>(i % 3), more = static_cast<double>((i * 37) % 101) / 100;
    leaves.set(4 * i, 4.5 + 0.8 * kind + 1.5 * more);
    leaves.set(4 * i + 1, 3.5 - 0.4 * kind + 0.5 * more);
    leaves.set(4 * i + 2, 1.2 + 2.1 * kind + 0.9 * more);
    leaves.set(4 * i + 3, 0.2 + 0.9 * kind + 0.3 * more);
    kinds.set(i, kind);
  }
  const Dataset flowers = Dataset::from(leaves, kinds);
  const auto weights = [](const NeuralNetwork& net) { return net.export_model({.setup_data_as = "array"}); };
  for (const char* model : {R"({"layers": [4, {"size": 8, "activation": "tanh"}, 3]})", R"({"layers": [4, 3]})", R"({"layers": [4, 8, 3]})"})
    for (const std::size_t batch : {1, 4, 32}) {
      INFO(model << " in batches of " << batch);
      NeuralNetwork net = NeuralNetwork::from_json(model, context);
      const double before = net.verify(flowers).error;
      TrainOptions options{.max_iterations = 10};
      options.batch_size = batch;
      double rate = 0;
      options.progress = [&](const Progress& progress) { rate = progress.learning_rate; };
      CHECK(net.train(flowers, options).error < before);
      CHECK(rate < 0.3);
      // As if that rate had been given.
      options.learning_rate = rate;
      NeuralNetwork told = NeuralNetwork::from_json(model, context);
      told.train(flowers, options);
      CHECK(weights(told) == weights(net));
    }
  // Also where the training that a checkpoint goes on from had not grown yet; a given rate goes its way.
  const Folder folder;
  const std::string path = folder.at("checkpoint"), model = R"({"layers": [4, 3]})";
  NeuralNetwork whole = NeuralNetwork::from_json(model, context), half = NeuralNetwork::from_json(model, context);
  TrainOptions options{.max_iterations = 6};
  options.batch_size = 150;
  whole.train(flowers, options);
  TrainOptions first{.max_iterations = 1};
  first.batch_size = 150;
  first.checkpoint = path;
  half.train(flowers, first);
  NeuralNetwork rest = NeuralNetwork::from_json(model, context);
  options.checkpoint = path;
  options.resume = true;
  rest.train(flowers, options);
  CHECK(weights(rest) == weights(whole));
  options = {.max_iterations = 500, .learning_rate = 0.3};
  CHECK(reason_of([&] { whole.train(flowers, options); }) == "NOT_A_NUMBER");
}

TEST_CASE("a rate that was given is kept, and so is a default where the data are of the usual size") {
  const Context context = one_thread();
  const auto rate_for = [&](double size, std::optional<double> given, const char* model = R"({"layers": [1, 1], "activation": "tanh"})") {
    NeuralNetwork net = NeuralNetwork::from_json(model, context);
    TrainOptions options{.max_iterations = 1, .learning_rate = given};
    double rate = 0;
    options.progress = [&](const Progress& progress) { rate = progress.learning_rate; };
    net.train(Dataset::from({{{size}, {0.5}}}), options);
    return rate;
  };
  CHECK(rate_for(9, {}) == 0.3);
  CHECK(rate_for(100, {}) == Approx(0.5 / 10000));
  CHECK(rate_for(100, 0.3) == 0.3);
  CHECK(rate_for(100, {}, R"({"layers": [1, 1], "activation": "tanh", "io": {"input": {"normalize": "auto"}}})") == 0.3);
}
