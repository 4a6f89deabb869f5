// Operations that a program composes: layer types and activations like the library's own.
#include <catch2/catch.hpp>

#include <cmath>

#include "network/operations.h"
#include "support/contexts.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

void define_swish(const Context& context) {
  define_domain(context, {.name = "mine"});
  define_operation(context, {.name = "swish", .domain = "mine"}, [](Variable x) { return x * sigmoid(x); });
}

const char* const swish_model = R"({"layers": [2, {"size": 4, "activation": "mine#swish"}, 1]})";

}  // namespace

TEST_CASE("a composed operation is an activation that trains, as the built-in one of the same formula does") {
  const Context context = one_thread();
  define_swish(context);
  NeuralNetwork own = NeuralNetwork::from_json(swish_model, context);
  NeuralNetwork built_in =
      NeuralNetwork::from_json(R"({"layers": [2, {"size": 4, "activation": "silu"}, 1]})", context);
  const TrainOptions options{.max_iterations = 20};
  const double error = own.train(Dataset::sample("xor"), options).error;
  CHECK(error == Approx(built_in.train(Dataset::sample("xor"), options).error).epsilon(1e-3));
  CHECK(own.run({1, 0})[0] == Approx(built_in.run({1, 0})[0]).epsilon(1e-3));
}

TEST_CASE("TRAIN-02 an operation that is given one value twice learns as its formula does, written out") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  define_operation(context, {.name = "product", .domain = "mine"}, [](Variable a, Variable b) { return a * b; });
  define_operation(context, {.name = "twice", .domain = "mine", .activation = true},
                   [](Variable x) { return apply("mine#product", {x, x}); });
  const auto error = [&](const char* activation) {
    const std::string layer = std::string(R"({"size": 4, "activation": ")") + activation + R"("})";
    NeuralNetwork network = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [2, )" + layer + ", 1]}", context);
    return network.train(Dataset::sample("xor"), {.max_iterations = 5, .learning_rate = 0.01}).error;
  };
  define_operation(context, {.name = "square", .domain = "mine", .activation = true}, [](Variable x) { return x * x; });
  CHECK(error("mine#twice") == Approx(error("mine#square")).epsilon(1e-12));
}

TEST_CASE("a composed operation is a layer type, and is fused with what stands around it") {
  const Context context = one_thread();
  define_swish(context);
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [3, {"type": "mine#swish"}]})", context);
  const Output output = network.run({-1, 0, 2});
  for (std::size_t i = 0; i < 3; ++i) {
    const double x = std::array{-1.0, 0.0, 2.0}[i];
    CHECK(output[i] == Approx(x / (1 + std::exp(-x))).epsilon(1e-6));
  }
  // The product, its bias and the whole of swish are one kernel.
  const std::string kernels = NeuralNetwork::from_json(swish_model, context).inspect();
  CHECK(kernels.find("core#matmul + epilogue") + kernels.find("matmul + epilogue") != 2 * std::string::npos);
  CHECK(kernels.find("swish") == std::string::npos);
}

TEST_CASE("operations call one another, take attributes, and see types and shapes") {
  const Context context = one_thread();
  define_swish(context);
  define_operation(context, {.name = "shares", .domain = "mine"}, [](Variable x) {
    CHECK(x.type() == DType::fp32);
    CHECK(x.shape().rank() == 2);
    return 2.0 * apply("softmax", {apply("mine#swish", {x})}, R"({"axis": -1})") - 1.0;
  });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#shares"}]})", context);
  const Output output = network.run({1, 1});
  CHECK(output[0] == Approx(0).margin(1e-6));
  CHECK(output[1] == Approx(0).margin(1e-6));
}

TEST_CASE("an operation belongs to its context") {
  const Context context = one_thread();
  define_swish(context);
  CHECK_THROWS_WITH(NeuralNetwork::from_json(swish_model, one_thread()), Catch::Contains("mine"));
}

TEST_CASE("definitions that cannot be are refused with the reason") {
  const Context context = one_thread();
  define_swish(context);
  const auto same = [](Variable x) { return x; };
  CHECK_THROWS_WITH(define_swish(context), Catch::Contains("exists already"));
  CHECK_THROWS_WITH(define_operation(context, {.name = "a b", .domain = "mine"}, same),
                    Catch::Contains("cannot be the name"));
  CHECK_THROWS_WITH(define_operation(context, {.name = "a", .domain = ""}, same),
                    Catch::Contains("there is no domain"));
  CHECK_THROWS_WITH(define_operation(context, {.name = "relu", .domain = "core"}, same),
                    Catch::Contains("exists already"));
  CHECK_THROWS_WITH(
      define_operation(context, {.name = "loop", .domain = "mine"}, [](Variable x) { return apply("mine#loop", {x}); }),
      Catch::Contains("mine#loop"));
  CHECK_THROWS_WITH(
      define_operation(context, {.name = "typo", .domain = "mine"}, [](Variable x) { return apply("tanhh", {x}); }),
      Catch::Contains("did you mean \"tanh\"?"));
  CHECK_THROWS_WITH(define_operation(context, {.name = "empty", .domain = "mine"}, [](Variable) { return Variable(); }),
                    Catch::Contains("empty Variable"));
  Variable kept;
  CHECK_THROWS_WITH(define_operation(context, {.name = "mixed", .domain = "mine"},
                                     [&kept](Variable x) {
                                       const Variable before = std::exchange(kept, x);
                                       return before.type() == DType::fp32 ? x : x;
                                     }),
                    Catch::Contains("empty Variable"));
}

TEST_CASE("what a composed operation throws reaches whoever builds the model, with its place") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  bool defined = false;
  define_operation(context, {.name = "fails", .domain = "mine"}, [&](Variable x) {
    if (defined) throw std::runtime_error("no luck");
    return x;
  });
  defined = true;
  try {
    NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#fails"}]})", context);
    FAIL("was built");
  } catch (const Error& error) {
    CHECK(error.code() == Code::host_error);
    CHECK(error.reason() == "OPERATION_FAILED");
    CHECK(error.path() == "/layers/1");
    CHECK(error.message() == "no luck");
  }
}

TEST_CASE("RES-01 the input is there and is the default pipe end without being defined") {
  const Context context = with_domain();
  for (const bool composed : {true, false}) {
    OperationDefinition definition{.name = composed ? "composed" : "host", .domain = "mine", .params = {"times"}, .call_with = {"times", "input"}};
    if (composed)
      define_operation(context, definition, [](const Argument& times, Variable x) { return x * Variable(times); });
    else
      define_operation(context, definition, [](double times, Numbers x) { return std::vector<double>{x[0] * times, x[1] * times}; });
    // From the layer before it, and from a pipe that names the layer alone.
    const std::string type = R"("type": "mine#)" + definition.name + R"(", "size": 2, "times": 3)";
    CHECK(NeuralNetwork::from_json(R"({"layers": [2, {)" + type + "}]}", context).run({1, 2}).values() == std::vector<double>{3, 6});
    CHECK(NeuralNetwork::from_json(R"({"layers": [{"pipes": [{"size": 1, "to": []}, {"size": 2, "to": "end"}]}, {"name": "end", )" + type + "}]}", context)
              .run({7, 1, 2}).values() == std::vector<double>{3, 6});
  }
}
