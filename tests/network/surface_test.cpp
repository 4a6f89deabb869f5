// The rest of what a network offers: running, saving, gradients, verifying, errors, and what it costs.
#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <new>
#include <sstream>

#include "webai/webai.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Counts every allocation of the program. (The compiler sees malloc behind new and free behind delete, and misunderstands.)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace webai;

namespace {

const char* const xor_model = R"({"layers": [2, 3, 1], "activation": "tanh"})";

}  // namespace

TEST_CASE("runs in the steady state allocate nothing") {
  const Context context = Context::system({.threads = 2});
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [64, {"size": 48, "activation": "tanh"}, {"size": 10, "activation": "softmax"}]})", context);
  std::vector<float> input(64, 0.5f), output(10);
  net.run_into(input, output);
  const std::size_t before = allocations, context_before = context.allocation_count();
  for (int i = 0; i < 100; ++i) net.run_into(input, output);
  CHECK(allocations == before);
  CHECK(context.allocation_count() == context_before);
}

TEST_CASE("training steps in the steady state allocate nothing") {
  const Context context = Context::system({.threads = 2});
  for (const char* model : {R"({"layers": [16, {"size": 12, "activation": "tanh"}, {"size": 4, "activation": "softmax"}]})",
                            R"({"layers": [{"size": [4, 4, 1]}, {"type": "conv2d", "filters": 3, "kernelSize": 3, "activation": "relu"},
                                {"type": "maxPool2d", "poolSize": 2}, {"size": 4, "activation": "softmax"}]})"}) {
    NeuralNetwork net = NeuralNetwork::from_json(model, context);
    Tensor inputs(context, DType::fp32, Shape{256, 16}), labels(context, DType::i32, Shape{256});
    for (std::size_t i = 0; i < labels.elements(); ++i) labels.set(i, static_cast<double>(i % 4));
    TrainingSession session(net, Dataset::from(inputs, labels).shuffle().batch(32), {.max_iterations = 40, .learning_rate = 0.01});
    for (int i = 0; i < 6; ++i) session.advance();  // first epochs: buffers grow to their size
    const std::size_t before = allocations, context_before = context.allocation_count();
    for (int i = 0; i < 20; ++i) REQUIRE(session.advance());
    CHECK(allocations == before);
    CHECK(context.allocation_count() == context_before);
  }
}

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
    CHECK(std::string(error.what()) == "run: input expects 2 values, got 3");
  }
  CHECK_THROWS_AS(net.run(std::vector<double>{}), Error);
  std::vector<float> input(2), output(5);
  CHECK_THROWS_AS(net.run_into(input, output), Error);
}

TEST_CASE("labels come out by name") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"size": 3, "activation": "softmax"}],
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
