// Training, running, verifying and exporting by functions of the program: EX-16, EX-17, EXT-01 to EXT-06.
#include <catch2/catch.hpp>

#include <cmath>

#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct Moments {
  std::vector<double> first, second;
};

// The proposal's loop: gradients of a batch, AdamW's update of them, applied.
TrainInfo adamw(InternalModel& model, const Dataset& data, const TrainOptions& options, ControlSignal& control) {
  std::map<std::string, Moments> moments;
  TrainInfo info;
  int step = 0;
  const double beta1 = 0.9, beta2 = 0.999;
  while (info.iterations < options.max_iterations) {
    const bool finished = model.each_batch(data, info.iterations, options.batch_size, [&](const Dataset& batch) {
      if (control.stopped()) return false;
      Gradients gradients = model.compute_gradients(batch);
      ++step;
      for (auto& [name, gradient] : gradients.gradients) {
        const Tensor weights = model.parameter(name);
        Moments& m = moments[name];
        m.first.resize(gradient.elements());
        m.second.resize(gradient.elements());
        for (std::size_t i = 0; i < gradient.elements(); ++i) {
          const double g = gradient.at(i);
          m.first[i] = beta1 * m.first[i] + (1 - beta1) * g;
          m.second[i] = beta2 * m.second[i] + (1 - beta2) * g * g;
          const double mean = m.first[i] / (1 - std::pow(beta1, step));
          const double square = m.second[i] / (1 - std::pow(beta2, step));
          gradient.set(i, *options.learning_rate * (mean / (std::sqrt(square) + 1e-8) + 0.01 * weights.at(i)));
        }
      }
      model.apply_gradients(gradients);
      info.error = gradients.error;
      info.samples += gradients.samples;
      return true;
    });
    if (!finished) break;
    ++info.iterations;
    Progress news;
    news.iteration = info.iterations;
    news.epoch_end = true;
    control.progress(news);
  }
  return info;
}

const char* const learner = R"({"layers": [2, 8, 1], "activation": "tanh"})";

}  // namespace

TEST_CASE("EXT-03 a training of the program gets whole sequences for a model with a memory") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [1, {"type": "rnn", "size": 2}, 1]})", context);
  const Dataset data = Dataset::sequences({{{{1}, {0.5}}, {{2}, {}}, {{3}, {0.25}}}, {{{4}, {1}}}, {{{5}, {0}}, {{6}, {0.75}}}});
  std::vector<std::uint64_t> sizes;
  std::vector<std::size_t> judged;
  define_train(context, {.name = "looks", .domain = "core"}, [&](InternalModel& model, const Dataset& given, const TrainOptions&, ControlSignal&) {
    model.each_batch(given, 0, 2, [&](const Dataset& batch) {
      sizes.push_back(*batch.size());
      judged.push_back(model.compute_gradients(batch).samples);
      return true;
    });
    return TrainInfo();
  });
  TrainOptions options;
  options.type = "looks";
  options.max_iterations = 1;
  net.train(data, options);
  CHECK(sizes == std::vector<std::uint64_t>{4, 2});
  CHECK(judged == std::vector<std::size_t>{3, 2});
}

TEST_CASE("EX-16 EXT-03 AdamW of a program trains as the built-in one does") {
  const Context context = one_thread();
  define_train(context, {.name = "AdamW", .domain = "core"}, adamw);
  TrainOptions options{.max_iterations = 100, .learning_rate = 0.02};
  options.batch_size = 4;
  options.optimizer = "adamw";
  NeuralNetwork built_in = NeuralNetwork::from_json(learner, context), own = NeuralNetwork::from_json(learner, context);
  const TrainInfo expected = built_in.train(Dataset::sample("xor"), options);
  options.type = "AdamW";
  int told = 0;
  options.progress = [&](const Progress&) { ++told; };
  const TrainInfo info = own.train(Dataset::sample("xor"), options);
  CHECK(info.iterations == 100);
  CHECK(told == 100);
  CHECK(info.samples == 400);
  CHECK(info.stop_reason == "maxIterations");
  CHECK(info.error == Approx(expected.error).epsilon(1e-3));
  const auto all = own.parameters(), others = built_in.parameters();
  for (std::size_t p = 0; p < all.size(); ++p)
    for (std::size_t i = 0; i < all[p].second.elements(); ++i)
      CHECK(all[p].second.at(i) == Approx(others[p].second.at(i)).margin(1e-4));
}

TEST_CASE("GRAD-05 a training of the program asks for gradients by any measure, of some layers, and applies them scaled") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"dataType": "fp64", "layers": [1, {"name": "a", "size": 1, "weights": [[1]], "bias": [0]}, {"name": "b", "size": 1, "weights": [[1]], "bias": [0]}]})", context);
  define_train(context, {.name = "asks", .domain = "core"}, [](InternalModel& model, const Dataset& data, const TrainOptions&, ControlSignal&) {
    const auto bias = [&](const char* measure) {
      return model.compute_gradients(data, {.error_measure_type = measure}).gradients.at("b.bias").at(0);
    };
    CHECK(bias("mean-square") == -3);  // the answer is 2, and 5 is wanted
    CHECK(bias("mean-absolute") == -1);
    CHECK(bias("mean-square") == -3);
    VerifyOptions last;
    last.to_train = {"b"};
    const Gradients some = model.compute_gradients(data, last);
    CHECK(some.gradients.size() == 2);
    CHECK(model.compute_gradients(data).gradients.size() == 4);
    model.apply_gradients(some, {.scale = 0.5});
    CHECK(model.parameter("b.bias").at(0) == 1.5);
    CHECK(model.parameter("a.bias").at(0) == 0);
    return TrainInfo();
  });
  TrainOptions options;
  options.type = "asks";
  net.train(Dataset::from({{{2}, {5}}}), options);
  CHECK(net.run({2})[0] == 2 * (1 + 3) + 1.5);  // the weight moved by half of 2 * 3
}

TEST_CASE("EX-17 EXT-03 a training may stand for back-propagation, is told to stop, and excludes another") {
  const Context context = one_thread();
  int calls = 0;
  define_train(context, {.name = "back-propagation", .domain = "core"},
               [&](InternalModel& inner, const Dataset& data, const TrainOptions&, ControlSignal& control) {
                 ++calls;
                 CHECK_FALSE(control.stopped());
                 CHECK(reason_of([&] { inner.network().train(data); }) == "BUSY");
                 inner.network().stop_training();
                 CHECK(control.stopped());
                 TrainInfo info;
                 info.iterations = 3;
                 info.error = 0.25;
                 return info;
               });
  NeuralNetwork network = NeuralNetwork::from_json(learner, context);
  const TrainInfo info = network.train(Dataset::sample("xor"));
  CHECK(calls == 1);
  CHECK(info.iterations == 3);
  CHECK(info.error_percent == 25);
  CHECK(info.stop_reason == "stopTraining");
  CHECK_FALSE(network.is_training());
}

TEST_CASE("EX-17 EXT-01 EXT-02 EXT-04 EXT-06 runners, verifiers and exporters are chosen by name and see the model") {
  const Context context = one_thread();
  define_run(context, {.name = "default-runner", .domain = "core"},
             [](InternalModel& inner, const Tensor& input, std::string_view) {
               Tensor output = inner.run(input).tensor().clone(inner.context());
               output.set(0, output.at(0) + 100);
               return RunResult{output};
             });
  define_verify(context, {.name = "default-verifier", .domain = "core"},
                [](InternalModel& inner, const Dataset& data, const VerifyOptions& options) {
                  VerifyInfo info = inner.verify(data, options);
                  info.error = -info.error;
                  return info;
                });
  define_export(context, {.name = "to-python-numpy", .domain = "core"}, [](InternalModel& inner, const Json& options) {
    std::string code = "import numpy as np\n\ndef run(x):\n";
    if (options.find("comment")) code = "# " + options.find("comment")->as_text() + "\n" + code;
    for (const InternalLayer& layer : inner.layers()) {
      if (layer.type != "neurons") continue;
      REQUIRE(layer.parameters.size() == 2);
      CHECK(inner.parameter(layer.parameters[0]).shape() == Shape{layer.input[0], layer.output[0]});
      code += "    x = np." + layer.activation + "(x @ w" + layer.title + " + b" + layer.title + ")\n";
    }
    return code + "    return x\n";
  });
  define_export(context, {.name = "to-names", .domain = "core"}, [](InternalModel& inner, const Json&) {
    std::string names;
    for (const InternalLayer& layer : inner.layers()) names += layer.title + "=" + layer.name + " ";
    return names;
  });
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, {"name": "hidden", "size": 3}, 1]})", context).export_as("to-names") ==
        "0= hidden=hidden 2= ");
  // A domain's own goes before that of the core, and serves its models alone.
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  const char* const in_mine = R"({"domain": "mine", "layers": [2, {"type": "core#neurons", "size": 1}]})";
  CHECK(NeuralNetwork::from_json(in_mine, context).export_as("to-names") == "0= 1= ");
  define_export(context, {.name = "to-names", .domain = "mine"}, [](InternalModel&, const Json&) { return std::string("mine"); });
  define_export(context, {.name = "to-mine", .domain = "mine"}, [](InternalModel&, const Json&) { return std::string("mine"); });
  CHECK(NeuralNetwork::from_json(in_mine, context).export_as("to-names") == "mine");
  CHECK(NeuralNetwork::from_json(in_mine, context).export_as("to-mine") == "mine");
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, 1]})", context).export_as("to-names") == "0= 1= ");
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"layers": [2, 1]})", context).export_as("to-mine"); }) == "EXPORTER");
  define_run(context, {.name = "in-mine", .domain = "mine"},
             [](InternalModel& inner, const Tensor& input, std::string_view) { return RunResult{inner.run(input).tensor()}; });
  RunOptions own_run;
  own_run.type = "in-mine";
  CHECK(NeuralNetwork::from_json(in_mine, context).run({1, 0}, own_run).size() == 1);
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"layers": [2, 1]})", context).run({1, 0}, own_run); }) == "RUN_TYPE");
  define_verify(context, {.name = "in-mine", .domain = "mine"}, [](InternalModel&, const Dataset&, const VerifyOptions&) {
    VerifyInfo info;
    info.error = 42;
    return info;
  });
  VerifyOptions own_verify;
  own_verify.type = "in-mine";
  CHECK(NeuralNetwork::from_json(in_mine, context).verify(Dataset::sample("xor"), own_verify).error == 42);
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"layers": [2, 1]})", context).verify(Dataset::sample("xor"), own_verify); }) == "VERIFY_TYPE");
  NeuralNetwork network = NeuralNetwork::from_json(learner, context);
  RunOptions run;
  run.type = "default-runner";
  CHECK(network.run({1, 0}, run)[0] == Approx(network.run({1, 0})[0] + 100));
  VerifyOptions verify;
  verify.type = "default-verifier";
  CHECK(network.verify(Dataset::sample("xor"), verify).error == -network.verify(Dataset::sample("xor")).error);
  verify.error_measure_type = "mean-absolute";  // it hears what the caller asks for
  CHECK(network.verify(Dataset::sample("xor"), verify).error == -network.verify(Dataset::sample("xor"), {.error_measure_type = "mean-absolute"}).error);
  CHECK(network.export_as("to-python-numpy", R"({"comment": "mine"})") ==
        "# mine\nimport numpy as np\n\ndef run(x):\n    x = np.tanh(x @ w1 + b1)\n    x = np.tanh(x @ w2 + b2)\n    return x\n");
  CHECK(network.export_as("json", R"({"setupDataAs": "array"})") == network.to_json({.setup_data_as = "array"}));
}

TEST_CASE("EXT-02 a runner is given the internal state, and the next run begins with the one that it gives") {
  const Context context = one_thread();
  std::string seen;
  define_run(context, {.name = "going-on"}, [&](InternalModel& inner, const Tensor& input, std::string_view state) {
    seen = state;
    return RunResult{inner.run(input).tensor()};
  });
  define_run(context, {.name = "going-back"}, [](InternalModel& inner, const Tensor& input, std::string_view state) {
    return RunResult{inner.run(input).tensor(), std::string(state)};
  });
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false, "to": ["sum", 2]}, {"type": "identity"}]})", context);
  RunOptions on, back;
  on.type = "going-on";
  back.type = "going-back";
  CHECK(network.run({1}, on)[0] == 1);
  const std::string state = network.get_internal_state();
  CHECK(network.run({2}, on)[0] == 3);
  CHECK(seen == state);
  CHECK(network.run({4}, back)[0] == 7);
  CHECK(network.run({4}, back)[0] == 7);
  CHECK(network.run({4})[0] == 7);
}

TEST_CASE("EXT-05 algorithms stand once in a domain, and unknown ones are errors") {
  const Context context = one_thread();
  const auto nothing = [](InternalModel&, const Dataset&, const TrainOptions&, ControlSignal&) { return TrainInfo(); };
  define_train(context, {.name = "mine"}, nothing);
  CHECK(reason_of([&] { define_train(context, {.name = "mine"}, nothing); }) == "ALGORITHM_EXISTS");
  CHECK(reason_of([&] { define_train(context, {.name = "mine", .domain = "nowhere"}, nothing); }) == "DOMAIN");
  CHECK(reason_of([&] { define_train(context, {.name = ""}, nothing); }) == "NAME");
  define_domain(context, {.name = "other"});
  define_train(context, {.name = "mine", .domain = "other"}, nothing);
  NeuralNetwork network = NeuralNetwork::from_json(learner, context);
  TrainOptions train;
  train.type = "yours";
  CHECK(reason_of([&] { network.train(Dataset::sample("xor"), train); }) == "TRAIN_TYPE");
  VerifyOptions verify;
  verify.type = "yours";
  CHECK(reason_of([&] { network.verify(Dataset::sample("xor"), verify); }) == "VERIFY_TYPE");
  RunOptions run;
  run.type = "yours";
  CHECK(reason_of([&] { network.run({1, 0}, run); }) == "RUN_TYPE");
  CHECK(reason_of([&] { network.export_as("yours"); }) == "EXPORTER");
  // That of the core serves models of any domain that has none of this name.
  define_domain(context, {.name = "third", .default_data_type = "fp32"});
  NeuralNetwork third = NeuralNetwork::from_json(R"({"domain": "third", "layers": [2, {"type": "core#neurons", "size": 1}]})", context);
  train.type = "mine";
  CHECK(third.train(Dataset::sample("xor"), train).iterations == 0);
  define_train(context, {.name = "broken"}, [](InternalModel&, const Dataset&, const TrainOptions&, ControlSignal&) -> TrainInfo {
    throw std::runtime_error("no luck");
  });
  train.type = "broken";
  CHECK(reason_of([&] { network.train(Dataset::sample("xor"), train); }) == "ALGORITHM_FAILED");
  CHECK_FALSE(network.is_training());
}

TEST_CASE("EXT-02 a run of the program that fails keeps nothing of the runs made inside it") {
  const Context context = one_thread();
  define_run(context, {.name = "boom", .domain = "core"}, [](InternalModel& inner, const Tensor& input, std::string_view) -> RunResult {
    inner.run(input);
    throw std::runtime_error("boom");
  });
  define_run(context, {.name = "refused", .domain = "core"}, [](InternalModel& inner, const Tensor& input, std::string_view) {
    return RunResult{inner.run(input).tensor(), R"({"version": 1, "modelHash": "none", "entries": []})"};
  });
  // Adds up what comes.
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false, "to": ["sum", 2]}, {"type": "identity"}]})", context);
  for (const char* type : {"boom", "refused"}) {
    CHECK_THROWS_AS(net.run({1}, {.type = type}), Error);
    CHECK(net.run({1})[0] == 1);
    CHECK_THROWS_AS(net.run({1}, {.type = type}), Error);
    CHECK(net.run({1})[0] == 2);
    net.reset();
  }
}
