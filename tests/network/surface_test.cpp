// The rest of what a network offers: running, saving, gradients, verifying, errors, and what it costs.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "support/small_training.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

TEST_CASE("a saved network is the same network") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  net.train(Dataset::sample("xor"), {.max_iterations = 20});
  for (const SaveOptions& options : {SaveOptions{}, SaveOptions{.setup_data_as = "array"}, SaveOptions{.pretty = true}}) {
    NeuralNetwork again = NeuralNetwork::from_json(net.to_json(options));
    CHECK(again.run({0.3, 0.9})[0] == net.run({0.3, 0.9})[0]);
  }
  CHECK_THROWS_AS(net.to_json({.setup_data_as = "yaml"}), Error);
}

TEST_CASE("a run takes one sample or a batch, and says what it expects otherwise") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  CHECK(net.run({1, 0}).tensor().shape() == Shape{1});
  const Output batch = net.run({1, 0, 0, 1, 1, 1});
  CHECK(batch.tensor().shape() == Shape{3, 1});
  CHECK(batch[0] == net.run({1, 0})[0]);
  try {
    net.run({1, 0, 1});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "run: input expects 2 values, got 3; several samples stand behind each other");
  }
  CHECK_THROWS_AS(net.run(std::vector<double>{}), Error);
  std::vector<float> input(2), output(5);
  CHECK_THROWS_AS(net.run_into(input, output), Error);
}

TEST_CASE("labels come out by name") {
  const std::string name = GENERATE("", R"("name": "animal", )");
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {)" + name + R"("size": 3, "activation": "softmax"}],
    "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["cat", "dog", "cow"]}}},
    "setup": {"data": [0, 9, 0, 0, 0, 9, 0, 0, 0]}})");
  const Output output = net.run({1, 0});
  CHECK(output.label() == "dog");
  CHECK(output.ranked().front().first == "dog");
  std::ostringstream text;
  text << output;
  CHECK(text.str().starts_with("dog (0.99"));
  CHECK(net.run({1, 0}, {.denormalize = false}).label().empty());
}

TEST_CASE("gradients computed and applied are one step of descent") {
  NeuralNetwork one = NeuralNetwork::from_json(xor_model), two = NeuralNetwork::from_json(xor_model);
  const Dataset batch = Dataset::sample("xor");
  const Gradients gradients = one.compute_gradients(batch);
  CHECK(gradients.samples == 4);
  CHECK(gradients.gradients.size() == 4);
  // The mean over the samples, whatever the batches they come in.
  const Gradients parts = one.compute_gradients(batch, {.batch_size = 3});
  CHECK(parts.samples == 4);
  CHECK(parts.error == Approx(gradients.error));
  for (const auto& [name, gradient] : gradients.gradients)
    for (std::size_t e = 0; e < gradient.elements(); ++e)
      CHECK(parts.gradients.at(name).at(e) == Approx(gradient.at(e)).epsilon(1e-5).margin(1e-7));
  one.apply_gradients(gradients, {.scale = 0.3});
  two.train(batch.batch(4), {.max_iterations = 1, .learning_rate = 0.3, .momentum = 0.0});
  const auto a = one.parameters(), b = two.parameters();
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t e = 0; e < a[i].second.elements(); ++e)
      CHECK(a[i].second.at(e) == Approx(b[i].second.at(e)).epsilon(1e-5).margin(1e-7));
  Gradients strange;
  strange.gradients.emplace("9.weights", Tensor(one.context(), DType::fp32, Shape{1}));
  CHECK_THROWS_AS(one.apply_gradients(strange), Error);
}

TEST_CASE("verify reports error, accuracy and confusion") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"size": 2, "activation": "softmax"}], "setup": {"data": [9, 0, 0, 9, 0, 0]}})");
  const Context& context = net.context();
  const Tensor inputs = Tensor::from(context, DType::fp32, Shape{4, 2}, std::vector<double>{1, 0, 0, 1, 1, 0, 0, 1});
  const Tensor labels = Tensor::from(context, DType::i32, Shape{4}, std::vector<double>{0, 1, 0, 0});
  const VerifyInfo info = net.verify(Dataset::from(inputs, labels));
  CHECK(info.samples == 4);
  REQUIRE(info.accuracy);
  CHECK(*info.accuracy == 0.75);
  CHECK(info.confusion == std::vector<std::vector<std::uint64_t>>{{2, 1}, {0, 1}});
}

TEST_CASE("a profile has a row per node, and leaves results as they are") {
  const Context context = Context::system({.threads = 1});
  // Large enough for kernels of their own, and small enough for one list of instructions.
  for (const char* model : {R"({"layers": [300, {"size": 200, "activation": "tanh"}, {"size": 1, "activation": "tanh"}]})", xor_model}) {
    INFO(model);
    NeuralNetwork net = NeuralNetwork::from_json(model, context);
    const std::size_t inputs = net.input_size();
    const std::vector<double> sample(inputs, 0.25);
    const double before = net.run(sample)[0];
    const std::vector<NodeProfile> rows = net.profile(1, 5);
    CHECK(rows.size() == net.info().nodes);
    double operations = 0;
    for (const NodeProfile& row : rows) {
      CHECK(row.nanoseconds > 0);
      CHECK(row.bytes > 0);
      CHECK(row.device == "cpu");
      CHECK_FALSE(row.operation.empty());
      operations += row.operations;
    }
    CHECK(operations == Approx(net.info().flops).epsilon(0.3));  // fused steps are counted over the results alone
    CHECK(rows.front().path == "/layers/1");
    CHECK(net.run(sample)[0] == before);
  }
}

TEST_CASE("a profile of training trains, one step at a time") {
  const Context context = Context::system({.threads = 1});
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [64, {"size": 48, "activation": "tanh"}, {"size": 4}]})", context);
  Tensor inputs(context, DType::fp32, Shape{40, 64}), targets(context, DType::fp32, Shape{40, 4});
  for (std::size_t i = 0; i < inputs.elements(); ++i) inputs.set(i, static_cast<double>(i % 7) / 7);
  const Dataset data = Dataset::from(inputs, targets).batch(16);  // the last batch of an epoch is smaller
  TrainingSession session(net, data, {.max_iterations = 1'000'000, .learning_rate = 1e-3});
  const std::vector<NodeProfile> rows = session.profile(5);
  CHECK(rows.size() > 5);
  CHECK(session.info().samples > 0);
  const double forward = 2.0 * 16 * (64 * 48 + 48 * 4);  // of a whole batch
  double operations = 0;
  for (const NodeProfile& row : rows) operations += row.operations;
  CHECK(operations > 2.5 * forward - 2.0 * 16 * 64 * 48);  // no gradient for the inputs
  CHECK(operations < 4 * forward);
  session.finish("enough");
  CHECK(session.profile(5).empty());

  // The gradients of a convolution do as much arithmetic as the convolution.
  NeuralNetwork images = NeuralNetwork::from_json(R"({"layers": [{"size": [8, 8, 2]}, {"type": "conv2d", "filters": 5, "kernelSize": 3},
      {"type": "conv2d", "filters": 3, "kernelSize": 3}, 1]})", context);
  const Tensor pictures(context, DType::fp32, Shape{2, 128}), answers(context, DType::fp32, Shape{2, 1});
  TrainingSession seeing(images, Dataset::from(pictures, answers).batch(2), {.learning_rate = 1e-3});
  std::map<std::string, std::vector<double>> counts;
  for (const NodeProfile& row : seeing.profile(0)) counts[row.operation.substr(0, row.operation.find(' '))].push_back(row.operations);
  REQUIRE(counts["conv2d"].size() == 2);
  REQUIRE(counts["conv2dInputGradient"].size() == 1);
  CHECK(counts["conv2dInputGradient"][0] == Approx(counts["conv2d"][1]).epsilon(0.1));
  REQUIRE(counts["conv2dFilterGradient"].size() == 2);
  std::sort(counts["conv2d"].begin(), counts["conv2d"].end());
  std::sort(counts["conv2dFilterGradient"].begin(), counts["conv2dFilterGradient"].end());
  for (std::size_t i = 0; i < 2; ++i) CHECK(counts["conv2dFilterGradient"][i] == Approx(counts["conv2d"][i]).epsilon(0.1));

  // Profiled steps are the same steps.
  const auto trained = [&](bool profiled) {
    NeuralNetwork one = NeuralNetwork::from_json(xor_model, context);
    TrainingSession training(one, Dataset::sample("xor").batch(4), {.max_iterations = 30, .learning_rate = 0.3});
    if (profiled) training.profile(0);
    while (training.advance()) {
    }
    return one.run({0.3, 0.9})[0];
  };
  CHECK(trained(true) == trained(false));
}

TEST_CASE("training options as JSON know their names") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  const TrainInfo info = net.train(Dataset::sample("xor"), R"({"maxIterations": 7, "learningRate": 0.3, "momentum": 0.1})");
  CHECK(info.iterations == 7);
  for (const char* text : {R"({"maxIteration": 7})", R"({"maxIterations": -1})", R"({"learningRate": "fast"})", R"({"momentum": 1})",
                           R"([1])", R"({"optimizer": "adma"})", R"({"errorMeasureType": "none"})", "{"}) {
    INFO(text);
    CHECK_THROWS_AS(net.train(Dataset::sample("xor"), std::string_view(text)), Error);
  }
}

TEST_CASE("devices and operations describe themselves") {
  const Context context = Context::system({.threads = 1});
  const auto list = devices(context);
  REQUIRE(list.size() >= 2);
  CHECK(list.front().name == "cpu");
  CHECK_THROWS_AS(NeuralNetwork::from_json(xor_model, {.device = "cqu"}), Error);
  std::size_t found = 0;
  for (const OperationDescription& operation : operations()) found += operation.name == "matmul" && operation.page.find("C3") != std::string::npos;
  CHECK(found == 1);
}

TEST_CASE("info and inspect explain a network") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  const NetworkInfo info = net.info();
  CHECK(info.parameters == 13);
  CHECK(info.table.find("tanh") != std::string::npos);
  const std::string text = net.inspect(true, 4);
  CHECK(text.find("after fuse") != std::string::npos);
  CHECK(text.find("matmul") != std::string::npos);
  CHECK(text.find("on cpu") != std::string::npos);
  // The layers have become two nodes: products, with their biases and activations behind them.
  CHECK(info.nodes == 2);
  CHECK(text.find("matmul + add, tanh -> fp32 4x3") != std::string::npos);
}

TEST_CASE("a network whose memory cannot be had fails cleanly at every allocation") {
  struct Scarce final : Host {
    std::size_t left = ~std::size_t{0};
    std::size_t live = 0;
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
      if (left == 0) return nullptr;
      --left;
      ++live;
      return std::aligned_alloc(alignment, bytes);
    }
    void deallocate(void* memory, std::size_t, std::size_t) noexcept override {
      --live;
      std::free(memory);
    }
    double now() noexcept override { return 0; }
    bool entropy(void*, std::size_t) noexcept override { return false; }
    void log(int, std::string_view) noexcept override {}
  };
  const auto host = std::make_shared<Scarce>();
  bool finished = false;
  for (std::size_t n = 0; !finished; ++n) {
    REQUIRE(n < 5000);
    host->left = n;
    try {
      const Context context(host, nullptr, {});
      NeuralNetwork net = NeuralNetwork::from_json(xor_model, context);
      net.train(Dataset::sample("xor"), {.max_iterations = 2});
      net.run({1, 0});
      finished = true;
    } catch (const Error& error) {
      CHECK(error.code() == Code::out_of_memory);
    }
    CHECK(host->live == 0);
  }
}
