// Iterators: a model that runs many times within one run, carrying variables from step to step.
#include <catch2/catch.hpp>

#include <cmath>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// x starts with what the caller gives; each step adds the step's number, or its index.
std::string counting(const std::string& steps, const std::string& counted = "iterator:step") {
  return R"({"dataType": "fp64", "layers": [{"type": "iterator", "steps": )" + steps + R"(, "state": [{"name": "x", "pipeFrom": "start", "size": 1}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"name": "b", "pipeFrom": ")" + counted + R"("},
                       {"size": 1, "bias": false, "weights": [[1], [1]], "to": "x"}]}}]})";
}

double added_up(const std::string& steps, const std::string& what = "iterator:step") { return make(counting(steps, what)).run({100})[0] - 100; }

std::string diffusion(const std::string& rest = R"(, "noise": "predicted_noise")") {
  return R"({"layers": [{"type": "iterator", "steps": {"from": 19, "to": 0, "step": -1}, "state": [{"name": "x", "pipeFrom": "initial_noise", "size": 2}],
    "net": {"layers": [{"name": "x_input", "pipeFrom": "x"}, {"name": "t_input", "pipeFrom": "iterator:step"},
      {"type": "net", "net": {"activation": "tanh", "layers": [3, 4, 2]}, "to": "predicted_noise"},
      {"type": "ddpmUpdateStep", "to": "x")" + rest + "}]}}]}";
}

// A state that is read, a parameter, the step, and something of the model around, all in one.
const std::string learning = R"({"dataType": "fp64", "layers": [{"name": "in", "size": 2}, {"name": "hidden", "size": 3, "activation": "tanh"},
  {"name": "loop", "type": "iterator", "steps": {"from": 3, "to": 1, "step": -1}, "state": [{"name": "x", "pipeFrom": "hidden"}, {"name": "y", "size": 1}],
   "net": {"layers": [{"pipeFrom": "x"}, {"pipeFrom": "iterator:step"}, {"pipeFrom": "in"},
     {"name": "next", "size": 3, "activation": "tanh", "to": ["x", "sum"]}, {"name": "sum", "size": 1, "activation": "sigmoid", "to": "y"}]}}, {"size": 1}]})";

}  // namespace

TEST_CASE("A-41 M-ITER-01 M-ITER-04 steps run from one end to the other, both included") {
  CHECK(added_up("5") == 0 + 1 + 2 + 3 + 4);
  CHECK(added_up(R"({"from": 2, "to": 5})") == 2 + 3 + 4 + 5);
  CHECK(added_up(R"({"from": 3, "to": -1, "step": -1})") == 3 + 2 + 1 + 0 - 1);
  CHECK(added_up(R"({"from": 999, "to": 0, "step": -1})") == 999 * 1000 / 2);
  CHECK(added_up(R"({"from": 0, "to": 7, "step": 3})") == 0 + 3 + 6);
  CHECK(added_up(R"({"from": 7, "to": 0, "step": -3})") == 7 + 4 + 1);
  CHECK(added_up(R"({"from": 4, "to": 4, "step": -2})") == 4);
  CHECK(added_up(R"({"from": 7, "to": 0, "step": -3})", "iterator:index") == 0 + 1 + 2);
}

TEST_CASE("A-41 steps that never arrive, or are too many, are refused with their place") {
  const auto refused = [](const std::string& steps, const std::string& reason, const std::string& path) {
    const Error error = error_of(counting(steps));
    INFO(steps);
    CHECK(error.reason() == reason);
    CHECK(error.path() == "/layers/0/steps" + path);
  };
  refused(R"({"from": 0, "to": 9, "step": 0})", "ITERATOR_STEP", "/step");
  refused(R"({"from": 0, "to": 9, "step": -1})", "ITERATOR_STEP", "/step");
  refused(R"({"from": 9, "to": 0})", "ITERATOR_STEP", "");
  refused(R"({"from": 0, "to": 1000000})", "RUN_STEPS", "");
  refused("9e15", "RUN_STEPS", "");
  // In each other, together.
  std::string nested = R"({"layers": [{"pipeFrom": "x"}, {"size": 1, "to": "x"}]})";
  for (int i = 0; i < 3; ++i)
    nested = R"({"layers": [{"pipeFrom": "x"}, {"type": "iterator", "steps": 100, "state": [{"name": "x", "pipeFrom": "0"}], "to": "x", "net": )" + nested + "}]}";
  CHECK(error_of(R"({"layers": [1, {"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "0"}], "net": )" + nested + "}]}").reason() == "RUN_STEPS");
  CHECK(error_of(counting("0")).code() == Code::invalid_model);
  CHECK(error_of(counting("1.5")).code() == Code::invalid_model);
  CHECK(error_of(counting(R"({"from": 0.5, "to": 3})")).path() == "/layers/0/steps/from");
  CHECK(error_of(counting(R"({"form": 0, "to": 3})")).path() == "/layers/0/steps/form");
}

TEST_CASE("A-42 M-ITER-02 M-ITER-05 states start with zeros or what they pull, and leave in order") {
  const std::string size = GENERATE(as<std::string>{}, "", R"(, "size": 2)");  // beside a source it says nothing new
  NeuralNetwork net = make(looped(R"({"name": "x", "pipeFrom": "0")" + size + R"(}, {"name": "m", "size": 1})", R"({"name": "a", "pipeFrom": "x"}, {"name": "b", "pipeFrom": "m"},
      {"pipes": [{"size": 2, "bias": false, "weights": [[0, 1], [1, 0], [0, 0]], "to": "x"}, {"size": 1, "bias": false, "weights": [[1], [0], [1]], "to": "m"}]})"));
  // (a, b, m) becomes (b, a, m + a), three times.
  const auto out = net.run({5, 7});
  REQUIRE(net.output_size() == 3);
  CHECK(out[0] == 7);
  CHECK(out[1] == 5);
  CHECK(out[2] == 5 + 7 + 5);
  // Each gets what is written to its own name, whoever stands first.
  NeuralNetwork turned = make(looped(R"({"name": "x", "pipeFrom": "0"}, {"name": "m", "size": 2})",
      R"({"name": "a", "pipeFrom": "x"}, {"name": "b", "pipeFrom": "m"},
      {"pipes": [{"size": 2, "bias": false, "weights": [[1, 0], [0, 1], [1, 0], [0, 1]], "to": "m"},
                 {"size": 2, "bias": false, "weights": [[0, 1], [1, 0], [0, 0], [0, 0]], "to": "x"}]})"));
  CHECK(turned.run({5, 7}).values() == std::vector<double>{7, 5, 5 + 7 + 5, 7 + 5 + 7});
}

TEST_CASE("A-42 an unknown source on the first layer is an input of that name, its size beside it or inside") {
  NeuralNetwork net = make(counting("2"));
  REQUIRE(net.inputs().size() == 1);
  CHECK(net.inputs()[0].name == "start");
  NeuralNetwork inside = make(R"({"layers": [{"type": "iterator", "steps": 2, "state": [{"name": "x", "pipeFrom": "start"}],
    "net": {"layers": [{"pipeFrom": "x", "size": 3}, {"size": 3, "to": "x"}]}}]})");
  CHECK(inside.input_size() == 3);
  const Error open = error_of(R"({"layers": [{"type": "iterator", "steps": 2, "state": [{"name": "x", "pipeFrom": "start"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "x"}]}}]})");
  CHECK(open.reason() == "NO_SIZE");
  CHECK(open.path() == "/layers/0/state/0");
  const Error later = error_of(looped(R"({"name": "x", "pipeFrom": "strat"})", R"({"pipeFrom": "x"}, {"size": 2, "to": "x"})"));
  CHECK(later.reason() == "TARGET_UNKNOWN");
  CHECK(later.path() == "/layers/1/state/0/pipeFrom");
}

TEST_CASE("A-42 EX-09 a size that nobody gives an input of an iterator follows from its net") {
  const auto size_of = [](const std::string& state, const std::string& layers, std::size_t input = 0) {
    return make(R"({"layers": [{"type": "iterator", "steps": 2, "state": [)" + state + R"(], "net": {"layers": [)" + layers + "]}}]}").inputs()[input].shape;
  };
  const std::string x = R"({"name": "x", "pipeFrom": "start"})";
  const std::string heads = R"({"name": "x_input", "pipeFrom": "x"}, {"name": "t_input", "pipeFrom": "iterator:step"}, )";
  const std::string update = R"(, {"type": "ddpmUpdateStep", "noise": "predicted_noise", "to": "x"})";
  const auto net = [](const std::string& layers) { return R"({"type": "net", "net": {"layers": [)" + layers + R"(]}, "to": "predicted_noise"})"; };
  // From the input of a net by name, from what the step leaves of its inputs, from what is written.
  CHECK(size_of(x, heads + net(R"({"pipes": [{"name": "t_input", "size": [1, 1]}, {"name": "x_input", "size": [1, 3]}]},
      {"type": "flatten"}, 3, {"type": "reshape", "size": [1, 3]})") + update) == Shape{1, 3});
  CHECK(size_of(x, heads + net("3, 32, 2") + update) == Shape{2});
  CHECK(size_of(x, heads + R"(4, {"size": 5, "to": "predicted_noise"})" + update) == Shape{5});
  CHECK(size_of(x, R"({"pipeFrom": "x"}, {"size": 3, "to": "x"})") == Shape{3});
  CHECK(size_of(x, R"({"pipeFrom": "x"}, {"type": "net", "net": {"layers": [[1, 4], {"type": "identity"}]}, "to": "x"})") == Shape{1, 4});
  // Beside a state of a known size.
  CHECK(size_of(R"({"name": "y", "size": 2, "pipeFrom": "there"}, {"name": "x", "pipeFrom": "start"})", R"({"pipeFrom": "x"}, {"pipeFrom": "y"},
      {"type": "net", "net": {"layers": [5, {"size": 3}]}, "to": ["x", "w"]}, {"name": "w", "size": 2, "to": "y"})", 1) == Shape{3});
}

TEST_CASE("A-42 sizes that nobody gives several inputs of an iterator follow from its net") {
  const auto sizes_of = [](const std::string& state, const std::string& layers) {
    std::vector<Shape> sizes;
    const NeuralNetwork made = make(R"({"layers": [{"type": "iterator", "steps": 2, "state": [{"name": "x", "pipeFrom": "start")" + state + R"(}], "net": {"layers": [)" + layers + "]}}]}");
    for (const auto& input : made.inputs()) sizes.push_back(input.shape);
    return sizes;
  };
  using Sizes = std::vector<Shape>;
  const std::string x = R"({"pipeFrom": "x"}, )", y = R"({"pipeFrom": "y"}, )", z = R"({"pipeFrom": "z"}, )", step = R"({"pipeFrom": "iterator:step"}, )";
  const auto net = [](const std::string& first) { return R"({"type": "net", "net": {"layers": [)" + first + R"(, 2]}, "to": "x"})"; };
  // What a state leaves whose size follows from what is written, beside the step as well.
  CHECK(sizes_of("", x + y + net("5")) == Sizes{Shape{2}, Shape{3}});
  CHECK(sizes_of("", step + x + y + net("6")) == Sizes{Shape{2}, Shape{3}});
  // One for each input of the net, in order.
  CHECK(sizes_of("", x + y + net(R"({"pipes": [{"size": 2}, {"size": 3}]})")) == Sizes{Shape{2}, Shape{3}});
  CHECK(sizes_of("", y + x + z + net(R"({"pipes": [{"size": 4}, {"size": 2}, {"size": 3}]})")) == Sizes{Shape{2}, Shape{4}, Shape{3}});
  CHECK(sizes_of(R"(, "size": 2)", x + y + z + net(R"({"pipes": [{"size": 2}, {"size": 3}, {"size": 1}]})")) == Sizes{Shape{2}, Shape{3}, Shape{1}});
  // Two that stand in one input of a net might be cut anywhere.
  for (const std::string& open : {x + y + z + net("6"), x + y + R"({"size": 2, "to": "x"})"}) {
    const Error error = error_of(R"({"layers": [{"type": "iterator", "steps": 2, "state": [{"name": "x", "pipeFrom": "start", "size": 2}], "net": {"layers": [)" + open + "]}}]}");
    CHECK(error.reason() == "NO_SIZE");
    CHECK(error.path() == "/layers/0/net/layers/1/pipeFrom");
    CHECK(!error.hint().empty());
  }
}

TEST_CASE("A-42 each state is written once, with its own size, and labels have a taker") {
  const std::string x = R"({"name": "x", "pipeFrom": "0"})", read = R"({"pipeFrom": "x"}, )";
  const Error never = error_of(looped(x, read + R"({"size": 2})"));
  CHECK(never.reason() == "STATE_WRITE");
  CHECK(never.path() == "/layers/1/state/0");
  const Error twice = error_of(looped(x, read + R"({"size": 2, "to": ["x", 2]}, {"size": 2, "to": "x"})"));
  CHECK(twice.reason() == "STATE_WRITE");
  CHECK(twice.path() == "/layers/1/net/layers/2/to");
  const Error size = error_of(looped(x, read + R"({"size": 3, "to": "x"})"));
  CHECK(size.reason() == "STATE_SIZE");
  CHECK(size.path() == "/layers/1/net/layers/1/to");
  CHECK(size.expected() == "2");
  CHECK(size.actual() == "3");
  const Error label = error_of(diffusion(""));
  CHECK(label.reason() == "TARGET_UNKNOWN");
  CHECK(label.path() == "/layers/0/net/layers/2/to");
  CHECK(error_of(looped(R"({"name": "x"})", read + R"({"size": 2, "to": "x"})")).reason() == "NO_SIZE");
  CHECK(error_of(looped(x, R"({"pipeFrom": "iterator:stop"}, {"size": 2, "to": "x"})")).reason() == "TARGET_UNKNOWN");
}

TEST_CASE("A-72 memory inside an iterator lives across its steps and across runs") {
  // The delayed pipe brings what the layer gave in the step before.
  NeuralNetwork net = make(R"({"layers": [1, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "0"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"name": "add", "size": 1, "bias": false, "weights": [[1], [1]], "to": ["add", "x"]}]}}]})");
  CHECK(net.is_stateful());
  // x, memory: 1, 0 -> 1, 1 -> 2, 2 -> 4, 4
  CHECK(net.run({1})[0] == 4);
  // 0, 4 -> 4, 4 -> 8, 8 -> 16, 16
  CHECK(net.run({0})[0] == 16);
  net.reset();
  CHECK(net.run({1})[0] == 4);
}

TEST_CASE("EX-09 M-ITER-03 M-ITER-06 diffusion: noise becomes a sample, step by step, by the formula") {
  NeuralNetwork net = make(diffusion());
  REQUIRE(net.inputs().size() == 1);
  CHECK(net.inputs()[0].name == "initial_noise");
  CHECK(net.output_size() == 2);
  CHECK(net.info().parameters == 3 * 4 + 4 + 4 * 2 + 2);
  CHECK(net.parameters()[0].first == "0/2/1.weights");
  const auto first = net.run({0.5, -1}), again = net.run({0.5, -1});
  CHECK(std::isfinite(first[0]));
  CHECK(first[0] == again[0]);
  CHECK(first[1] == again[1]);
  // The noise of a step follows from the model's seed.
  const auto seeded = [](const std::string& seed) {
    return NeuralNetwork::from_json(R"({"seed": )" + seed + R"(, "layers": [2, {"type": "iterator", "steps": {"from": 2, "to": 0, "step": -1},
        "state": [{"name": "x", "pipeFrom": "0"}], "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "e"},
          {"type": "ddpmUpdateStep", "noise": "e", "to": "x"}]}}]})").run({0.5, 0.25}).values();
  };
  CHECK(seeded("7") == seeded("7"));
  CHECK(seeded("7") != seeded("8"));
  // One step at t = 0 draws nothing: x' = (x - b / sqrt(b) * noise) / sqrt(1 - b), noise = 2 x here.
  NeuralNetwork last = make(R"({"dataType": "fp64", "layers": [{"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "z", "size": 1}],
    "net": {"layers": [{"pipeFrom": "x"}, {"size": 1, "bias": false, "weights": [[2]], "to": "e"}, {"type": "ddpmUpdateStep", "noise": "e", "betaStart": 0.19, "to": "x"}]}}]})");
  CHECK(last.run({3})[0] == Approx((3 - std::sqrt(0.19) * 6) / 0.9));
  // From t = 1 on: what is drawn there is the same for each x, so the distance of two is what the formula makes of it.
  NeuralNetwork two = make(R"({"dataType": "fp64", "layers": [{"type": "iterator", "steps": {"from": 1, "to": 0, "step": -1}, "state": [{"name": "x", "pipeFrom": "z", "size": 1}],
    "net": {"layers": [{"pipeFrom": "x"}, {"size": 1, "bias": false, "weights": [[2]], "to": "e"},
      {"type": "ddpmUpdateStep", "noise": "e", "betaStart": 0.19, "betaEnd": 0.36, "trainSteps": 2, "to": "x"}]}}]})");
  const double at_1 = (1 - 0.36 / std::sqrt(1 - 0.81 * 0.64) * 2) / 0.8, at_0 = (1 - std::sqrt(0.19) * 2) / 0.9;
  CHECK(two.run({3})[0] - two.run({1})[0] == Approx(2 * at_1 * at_0));
  // The type is known in domains of a program as well.
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  for (const char* type : {"iterator", "core#iterator"})
    CHECK(NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"type": ")" + std::string(type) + R"(", "steps": 3, "state": [{"name": "x", "pipeFrom": "z", "size": 1}],
      "net": {"layers": [{"pipeFrom": "x"}, {"type": "core#neurons", "size": 1, "bias": false, "weights": [[2]], "to": "x"}]}}]})", context).run({3})[0] == 24);
}

TEST_CASE("A-42 gradients go through an iterator: finite differences in fp64") {
  NeuralNetwork net = make(learning);
  const Dataset data = Dataset::from({{{0.3, -0.7}, {0.2}}, {{-0.1, 0.9}, {0.6}}});
  CHECK(test::check_gradients(net, data) == 8);
}

TEST_CASE("A-42 iterators learn, with the same bits for each number of threads and after saving") {
  const Dataset data = Dataset::from({{{0.3, -0.7}, {0.2}}, {{-0.1, 0.9}, {0.6}}, {{0.8, 0.1}, {-0.4}}});
  NeuralNetwork one = make(learning), two = make(learning, 2);
  const double before = one.verify(data).error;
  const TrainOptions options = {.max_iterations = 200, .learning_rate = 0.1};
  one.train(data, options);
  two.train(data, options);
  CHECK(one.verify(data).error < before / 4);
  NeuralNetwork loaded = make(one.to_json());
  CHECK(one.run({0.3, -0.7})[0] == two.run({0.3, -0.7})[0]);
  CHECK(one.run({0.3, -0.7})[0] == loaded.run({0.3, -0.7})[0]);
}

TEST_CASE("A-42 with checkpoint steps are computed again, and learn the same") {
  std::string again = learning;
  const std::size_t at = again.find("\"iterator\"");
  REQUIRE(at != std::string::npos);
  again.insert(at + 10, ", \"checkpoint\": true");
  const Dataset data = Dataset::from({{{0.3, -0.7}, {0.2}}, {{-0.1, 0.9}, {0.6}}});
  NeuralNetwork kept = make(learning), computed = make(again);
  CHECK(test::check_gradients(computed, data) == 8);
  for (NeuralNetwork* net : {&kept, &computed}) net->train(data, {.max_iterations = 50, .learning_rate = 0.1});
  CHECK(kept.run({0.3, -0.7})[0] == Approx(computed.run({0.3, -0.7})[0]).epsilon(1e-9));
}

TEST_CASE("A-42 heads feed a net by name when each is called like one of its inputs, else joined in order") {
  const auto model = [](const std::string& first, const std::string& second) {
    return looped(R"({"name": "x", "pipeFrom": "0"})", R"({"name": ")" + first + R"(", "pipeFrom": "x"}, {"name": ")" + second + R"(", "pipeFrom": "iterator:index"},
      {"type": "net", "net": {"layers": [{"pipes": [{"name": "time", "size": 1}, {"name": "value", "size": 2}]},
        {"size": 2, "bias": false, "weights": [[10, 100], [1, 0], [0, 1]]}]}, "to": "x"})");
  };
  const auto named = make(model("value", "time")).run({1, 2});
  CHECK(named[0] == 1 + 10 * (0 + 1 + 2));
  CHECK(named[1] == 2 + 100 * (0 + 1 + 2));
  // (x0, x1, i) as (time, value): x0' = 10 x0 + x1, x1' = 100 x0 + i
  const auto joined = make(model("a", "b")).run({1, 0});
  CHECK(joined[0] == 10 * (10 * 10 + 100) + (100 * 10 + 1));
}

TEST_CASE("A-72 an iterator in an iterator reaches the states around it, and an input layer takes what flows in") {
  NeuralNetwork nested = make(looped(R"({"name": "x", "pipeFrom": "0"})", R"({"pipeFrom": "x"},
    {"type": "iterator", "steps": 2, "state": [{"name": "y", "pipeFrom": "x"}], "to": "x", "net": {"layers": [{"name": "a", "pipeFrom": "y"}, {"name": "b", "pipeFrom": "x"},
      {"size": 2, "bias": false, "weights": [[1, 0], [0, 1], [1, 0], [0, 1]], "to": "y"}]}})"));
  const auto out = nested.run({1, -2});  // y + x + x with y = x: three times as much, three times
  CHECK(out[0] == 27);
  CHECK(out[1] == -54);
  // What flows in stands beside the state in each step.
  NeuralNetwork flowing = make(looped(R"({"name": "x", "size": 2})", R"({"name": "given", "size": 2, "to": "sum"},
    {"name": "old", "size": 2, "pipeFrom": "x", "bias": false, "weights": [[1, 0], [0, 1]]},
    {"name": "sum", "size": 2, "bias": false, "weights": [[1, 0], [0, 1], [1, 0], [0, 1]], "to": "x"})"));
  CHECK(flowing.run({1, -2})[0] == 3);
  CHECK(flowing.run({1, -2})[1] == -6);
}

TEST_CASE("A-42 dropout and averages inside an iterator change from step to step, and repeat from run to run") {
  NeuralNetwork net = make(R"({"layers": [{"name": "in", "size": 4}, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"size": 4, "activation": "tanh"}, {"type": "batchNorm"}, {"type": "dropout", "rate": 0.25, "to": "x"}]}}, 1]})");
  const Dataset data = Dataset::from({{{1, 0, 0, 1}, {1}}, {{0, 1, 1, 0}, {0}}});
  net.train(data, {.max_iterations = 20, .learning_rate = 0.05});
  const double here = net.run({1, 0, 0, 1})[0];
  CHECK(std::isfinite(here));
  CHECK(net.run({1, 0, 0, 1})[0] == here);
  CHECK(make(net.to_json()).run({1, 0, 0, 1})[0] == here);
}

TEST_CASE("an iterator that has nothing to count its samples by, or lacks a part, is refused") {
  const Error alone = error_of(R"({"layers": [{"type": "iterator", "steps": 2, "state": [{"name": "x", "size": 1}], "net": {"layers": [{"pipeFrom": "x"}, {"size": 1, "to": "x"}]}}]})");
  CHECK(alone.reason() == "NO_INPUT");
  CHECK(error_of(R"({"layers": [1, {"type": "iterator", "steps": 2, "state": [{"name": "x", "size": 1}]}]})").reason() == "PROPERTY_MISSING");
  CHECK(error_of(looped("", R"({"pipeFrom": "x"}, 2)")).reason() == "ITERATOR_STATE");
  CHECK(error_of(looped(R"({"name": "x", "size": 1}, {"name": "x", "size": 1})", R"({"pipeFrom": "x"}, 2)")).reason() == "DUPLICATE_NAME");
  CHECK(error_of(looped(R"({"name": "x", "size": [1, 0]})", R"({"pipeFrom": "x"}, 2)")).path() == "/layers/1/state/0/size");
  CHECK(error_of(looped(R"({"name": "x", "size": [1000000000, 1000000000]})", R"({"pipeFrom": "x"}, {"type": "tanh", "to": "x"})")).reason() == "TENSOR_BYTES");
  CHECK(error_of(R"({"layers": [2, {"type": "ddpmUpdateStep", "noise": "e"}]})").code() == Code::invalid_model);
}

TEST_CASE("M-ITER-06 the noise of an update step follows from the place of a sample, not from how many run beside it") {
  NeuralNetwork net = make(R"({"dataType": "fp64", "seed": 3, "layers": [2, {"type": "iterator", "steps": {"from": 4, "to": 0, "step": -1}, "state": [{"name": "x", "pipeFrom": "0"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "e"}, {"type": "ddpmUpdateStep", "noise": "e", "to": "x"}]}}]})");
  const std::vector<double> alone = net.run({0.5, -0.2}).values();
  std::vector<double> before;
  for (std::int64_t count = 2; count < 5; ++count) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) values.insert(values.end(), {0.5, -0.2});
    const std::vector<double> now = net.run(Tensor::from(net.context(), DType::fp64, Shape{count, 2}, values)).values();
    CHECK(std::vector<double>(now.begin(), now.begin() + 2) == alone);
    CHECK(now[2] != now[0]);  // each place draws its own
    if (!before.empty()) CHECK(std::vector<double>(now.begin(), now.end() - 2) == before);
    before = now;
  }
}

TEST_CASE("M-ITER-06 steps that an update step has no noise for are refused with their place") {
  const auto steps = [](const std::string& given) {
    return R"({"layers": [2, {"type": "iterator", "steps": )" + given + R"(, "state": [{"name": "x", "pipeFrom": "0"}],
      "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "e"}, {"type": "ddpmUpdateStep", "noise": "e", "trainSteps": 3, "to": "x"}]}}]})";
  };
  CHECK(std::isfinite(make(steps(R"({"from": 2, "to": 0, "step": -1})")).run({1, 2})[0]));
  for (const char* given : {R"({"from": 5, "to": 0, "step": -1})", R"({"from": 2, "to": -2, "step": -1})", "4"}) {
    const Error error = error_of(steps(given));
    CHECK(error.reason() == "DDPM_STEPS");
    CHECK(error.path() == "/layers/1/steps");
    CHECK(error.expected().find("2 down to 0") != std::string::npos);
    CHECK_FALSE(error.hint().empty());
  }
}
