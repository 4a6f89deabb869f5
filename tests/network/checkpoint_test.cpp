// Trainings that are interrupted and gone on with.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <tuple>

#include "support/contexts.h"
#include "support/folder.h"
#include "support/refusals.h"
#include "support/small_training.h"
#include "support/values.h"
#include "webai/files.hpp"

using namespace webai;
using namespace webai::test;

TEST_CASE("training goes on from a checkpoint to the same bits: shuffles, momentum, Adam, dropout, schedules, patience") {
  struct Case {
    const char* optimizer;
    const char* schedule;
    const char* type;
  };
  for (const Case& test : {Case{"sgd", "cosine", "fp32"}, Case{"adam", "plateau", "fp32"}, Case{"momentum", "step", "bf16"}, Case{"lamb", "linear", "fp64"}}) {
    INFO(test.optimizer);
    const Context context = one_thread();
    const std::string model = std::string(R"({"dataType": ")") + test.type + R"(", "layers": [4, {"size": 16, "activation": "tanh"},
      {"type": "batchNorm"}, {"type": "dropout", "rate": 0.3}, {"size": 3, "activation": "softmax"}]})";
    const Folder folder;
    const std::string file = folder.at("file");
    TrainOptions options{.max_iterations = 6, .learning_rate_schedule = test.schedule, .optimizer = test.optimizer, .batch_size = 7};
    options.learning_rate_schedule.patience = 1;
    options.learning_rate_schedule.every = 2;
    options.learning_rate_schedule.warmup_steps = 30;  // in the middle of the fifth epoch
    options.validation_split = 0.2;
    options.patience = 4;
    options.accumulate = 2;
    const Dataset data = classes(context).shuffle();
    NeuralNetwork straight = NeuralNetwork::from_json(model, context);
    const TrainInfo wanted = straight.train(data, options);

    options.checkpoint = file;
    {
      NeuralNetwork first = NeuralNetwork::from_json(model, context);
      TrainingSession session(first, data, options);
      while (session.info().iterations < 3) REQUIRE(session.advance());
      session.advance();
      session.finish("stopTraining");
      while (session.advance()) {
      }
    }
    NeuralNetwork second = NeuralNetwork::from_json(model, context);
    options.resume = true;
    const TrainInfo info = second.train(data, options);
    CHECK(bytes_of(second) == bytes_of(straight));
    CHECK(info.iterations == wanted.iterations);
    CHECK(info.error == wanted.error);
    CHECK(info.validation_error == wanted.validation_error);
    CHECK(info.best_iteration == wanted.best_iteration);
    CHECK(info.samples == wanted.samples);
  }
}

TEST_CASE("a checkpoint in the middle of an epoch, at any step, goes on to the same bits") {
  const Context context = one_thread();
  const Dataset data = classes(context).shuffle();
  TrainOptions options{.max_iterations = 2, .batch_size = 7};
  NeuralNetwork straight = NeuralNetwork::from_json(small, context);
  straight.train(data, options);
  for (int steps = 0; steps < 20; ++steps) {
    const Folder folder;
    const std::string file = folder.at("file");
    NeuralNetwork first = NeuralNetwork::from_json(small, context);
    bool more = true;
    {
      TrainingSession session(first, data, options);
      for (int i = 0; i < steps && more; ++i) {
        session.profile(0);  // exactly one step
        more = session.info().stop_reason.empty();
      }
      session.save_checkpoint(file);
    }
    NeuralNetwork second = NeuralNetwork::from_json(small, context);
    TrainOptions on = options;
    on.checkpoint = file;
    on.resume = true;
    second.train(data, on);
    INFO(steps);
    CHECK(bytes_of(second) == bytes_of(straight));
  }
}

TEST_CASE("training through time goes on from a checkpoint to the same bits, with what its lanes remember") {
  const Context context = one_thread();
  const char* const model = R"({"layers": [1, {"size": 4, "activation": "tanh", "history": 1, "historyTo": [1]}, 1]})";
  std::vector<std::vector<Example>> sequences(5);
  for (std::size_t s = 0; s < sequences.size(); ++s)
    for (std::size_t t = 0; t < 7 + s; ++t) sequences[s].push_back({{std::sin(static_cast<double>(s + t))}, {std::sin(static_cast<double>(s + t + 1))}});
  const Dataset data = Dataset::sequences(sequences).shuffle();
  TrainOptions options{.max_iterations = 2, .learning_rate = 0.1, .batch_size = 2};
  options.bptt = 3;
  NeuralNetwork straight = NeuralNetwork::from_json(model, context);
  straight.train(data, options);
  for (int steps = 0; steps < 24; ++steps) {
    const Folder folder;
    const std::string file = folder.at("file");
    NeuralNetwork first = NeuralNetwork::from_json(model, context);
    {
      TrainingSession session(first, data, options);
      for (int i = 0; i < steps && session.info().stop_reason.empty(); ++i) session.profile(0);
      session.save_checkpoint(file);
    }
    NeuralNetwork second = NeuralNetwork::from_json(model, context);
    TrainOptions on = options;
    on.checkpoint = file;
    on.resume = true;
    second.train(data, on);
    INFO(steps);
    CHECK(bytes_of(second) == bytes_of(straight));
  }
  options.validation_split = 0.2;
  CHECK(error_of([&] { straight.train(data, options); }).path() == "validationSplit");
  // Other sequences side by side, or other stretches of them, are said as such, although both come to as many samples.
  const Folder folder;
  options.validation_split = 0;
  options.checkpoint = folder.at("file");
  options.bptt = 2;
  options.batch_size = 2;
  straight.train(data, options);
  options.resume = true;
  for (const auto& [batch, bptt, what] : {std::tuple{4, 2, "another batch"}, std::tuple{4, 1, "another batch"}, std::tuple{2, 3, "another bptt"}}) {
    options.batch_size = static_cast<std::size_t>(batch);
    options.bptt = static_cast<std::size_t>(bptt);
    const Error error = error_of([&] { straight.train(data, options); });
    CHECK(error.reason() == "CHECKPOINT");
    CHECK(error.message().find(what) != std::string::npos);
    CHECK(error.details().expected == std::to_string(bptt == 3 ? bptt : batch));
    CHECK(error.details().actual == "2");
  }
}

TEST_CASE("a training that patience has ended stays at its end when it is resumed") {
  const Context context = one_thread();
  const Folder folder;
  const Dataset data = classes(context);
  TrainOptions options{.max_iterations = 100, .learning_rate = 1e-9, .optimizer = "adam", .batch_size = 10};
  options.checkpoint = folder.at("file");
  options.patience = 2;
  options.min_delta = 0.1;
  NeuralNetwork net = NeuralNetwork::from_json(small, context), again = NeuralNetwork::from_json(small, context);
  const TrainInfo first = net.train(data, options);
  CHECK(first.stop_reason == "patience");
  options.resume = true;
  const TrainInfo second = again.train(data, options);
  CHECK(second.stop_reason == "patience");
  CHECK(second.iterations == first.iterations);
  CHECK(bytes_of(again) == bytes_of(net));
  options.patience = 4;  // more of it goes on
  CHECK(again.train(data, options).iterations == first.iterations + 2);
}

TEST_CASE("a checkpoint of another training is refused, and changes nothing") {
  const Context context = one_thread();
  const Folder folder;
  const std::string file = folder.at("file");
  const Dataset data = classes(context);
  TrainOptions options{.max_iterations = 1, .optimizer = "adam", .batch_size = 10};
  options.checkpoint = file;
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  net.train(data, options);
  options.resume = true;
  options.max_iterations = 2;
  const auto refused = [&](const char* model, TrainOptions with) {
    NeuralNetwork other = NeuralNetwork::from_json(model, context);
    const auto before = bytes_of(other);
    const Error error = error_of([&] { other.train(data, with); });
    CHECK(error.reason() == "CHECKPOINT");
    CHECK(bytes_of(other) == before);
    CHECK_FALSE(other.is_training());
    return error.message();
  };
  CHECK(refused(R"({"layers": [4, {"size": 7, "activation": "tanh"}, {"size": 3, "activation": "softmax"}]})", options).find("model") != std::string::npos);
  CHECK(refused(R"({"layers": [4, {"size": 6, "activation": "relu"}, {"size": 3, "activation": "softmax"}]})", options).find("model") != std::string::npos);
  CHECK(refused(R"({"seed": 9, "layers": [4, {"size": 6, "activation": "tanh"}, {"size": 3, "activation": "softmax"}]})", options).find("seed") != std::string::npos);
  TrainOptions other = options;
  other.optimizer = "sgd";
  CHECK(refused(small, other).find("optimizer") != std::string::npos);
  other = options;
  other.amsgrad = true;
  CHECK(refused(small, other).find("greatestSquare") != std::string::npos);
  other = options;
  other.error_measure_type = "mean-square";
  CHECK(refused(small, other).find("errorMeasureType") != std::string::npos);
  other = options;
  other.validation_split = 0.5;
  CHECK(refused(small, other).find("validationSplit") != std::string::npos);
  other = options;
  other.batch_size = 5;
  CHECK(refused(small, other).find("batch") != std::string::npos);
  CHECK(error_of([&] { NeuralNetwork::from_json(small, context).train(data, other); }).path() == file);
  write_file(file, std::as_bytes(std::span("webai checkpoint 1\n", 19)));
  CHECK(refused(small, options).find("cut short") != std::string::npos);
  std::remove(file.c_str());
  NeuralNetwork fresh = NeuralNetwork::from_json(small, context);
  CHECK(error_of([&] { fresh.train(data, options); }).code() == Code::not_found);
  options.checkpoint.clear();
  CHECK(error_of([&] { fresh.train(data, options); }).path() == "resume");
}

TEST_CASE("checkpoints are written at the epochs that were asked for") {
  const Context context = one_thread();
  const Folder folder;
  const std::string file = folder.at("file");
  NeuralNetwork net = NeuralNetwork::from_json(small, context);
  TrainOptions options{.max_iterations = 5};
  options.checkpoint = file;
  options.checkpoint_every = 2;
  std::vector<bool> there;
  options.progress = [&](const Progress& progress) {
    if (progress.epoch_end) there.push_back(std::filesystem::exists(file));
  };
  net.train(classes(context), options);
  CHECK(there == std::vector<bool>{false, true, true, true, true});
  CHECK(read_file(file).starts_with("webai checkpoint 1\n"));
}
