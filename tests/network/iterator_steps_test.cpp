// Iterators that end by a condition or give what comes of each step, and the several outputs of iterators and nets.
#include <catch2/catch.hpp>

#include <cmath>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "webai/error.hpp"
#include "webai/stream.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// x doubles in each step, from what comes in; `done` says how large it is.
std::string doubling(const std::string& more, const std::string& done = R"({"name": "done", "size": 1, "bias": false, "weights": [[1]], "to": []})") {
  return R"({"dataType": "fp64", "layers": [1, {"name": "loop", "type": "iterator", "steps": 5, "state": [{"name": "x", "pipeFrom": "0"}],
    "net": {"layers": [{"name": "head", "pipeFrom": "x"}, {"name": "twice", "size": 1, "bias": false, "weights": [[2]], "to": ["x", "done"]}, )" +
         done + "]}" + more + "}]}";
}

std::vector<double> run(const std::string& model, const std::vector<double>& input) {
  return make(model).run(input).values();
}

}  // namespace

TEST_CASE("A-42 collect gives what comes of each step instead of the final states") {
  const auto states = run(doubling(R"(, "collect": true)"), {1});
  CHECK(make(doubling(R"(, "collect": true)")).outputs().front().shape == Shape{5, 1});
  CHECK(states == std::vector<double>{2, 4, 8, 16, 32});
  CHECK(run(doubling(R"(, "collect": "x")"), {3}) == std::vector<double>{6, 12, 24, 48, 96});
  // A layer of the net, by name and by number; several stand side by side in each step.
  CHECK(run(doubling(R"(, "collect": "head")"), {1}) == std::vector<double>{1, 2, 4, 8, 16});
  CHECK(run(doubling(R"(, "collect": ["x", "0"])"), {1}) == std::vector<double>{2, 1, 4, 2, 8, 4, 16, 8, 32, 16});
  CHECK(run(doubling(R"(, "collect": false)"), {1}) == std::vector<double>{32});
  // Samples side by side keep to themselves, and dimensions stay.
  NeuralNetwork wide = make(R"({"layers": [{"size": [2, 2]}, {"type": "iterator", "steps": 3, "collect": "x", "state": [{"name": "x", "pipeFrom": "0"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"connections": "one-to-one", "size": [2, 2], "bias": 1, "weights": [1, 1, 1, 1], "to": "x"}]}}]})");
  CHECK(wide.outputs().front().shape == Shape{3, 2, 2});
  const Tensor two = wide.run(Tensor::from(wide.context(), DType::fp32, Shape{2, 2, 2}, std::vector<double>{1, 2, 3, 4, 50, 60, 70, 80}));
  CHECK(two.shape() == Shape{2, 3, 2, 2});
  for (std::size_t i = 0; i < 24; ++i) {
    const std::size_t sample = i / 12, step = i / 4 % 3, element = i % 4;
    CHECK(two.at(i) == (sample ? 50 + 10.0 * static_cast<double>(element) : 1 + static_cast<double>(element)) + static_cast<double>(step + 1));
  }
}

TEST_CASE("A-42 once all samples have ended no more steps are computed, and results are those of all steps") {
  const Context context = Context::system({.threads = 1});
  int calls = 0;
  define_domain(context, {.name = "counting"});
  define_operation(context, {.name = "twice", .domain = "counting", .params = {"*input"}, .call_with = {"input", "output"}},
                   [&calls](std::span<const double> input, std::span<double> output) {
                     ++calls;
                     output[0] = 2 * input[0];
                   });
  // 1, 2, 4, 8, ... and 5, 10, 20: the first sample ends behind its seventh step, the second behind its fifth.
  const auto text = [](int steps) {
    return R"({"layers": [1, {"name": "loop", "type": "iterator", "steps": )" + std::to_string(steps) + R"(, "collect": ["x", "head"],
      "until": {"pipeFrom": "x", "above": 100}, "state": [{"name": "x", "pipeFrom": "0"}],
      "net": {"layers": [{"name": "head", "pipeFrom": "x"}, {"type": "counting#twice", "size": 1, "to": "x"}]}}], "outputs": [{"name": "all", "pipeFrom": "loop"}, {"name": "steps", "pipeFrom": "loop:steps"}]})";
  };
  const Tensor inputs = Tensor::from(context, DType::fp32, Shape{2, 1}, std::vector<double>{1, 5});
  NeuralNetwork net = NeuralNetwork::from_json(text(500), context);
  calls = 0;
  const std::vector<double> values = net.run(inputs).values();
  CHECK(calls == 2 * 8);  // one step more tells what all that follow would give
  REQUIRE(values.size() == 2 * (500 * 2 + 1));
  CHECK(values[1000] == 7);
  CHECK(values[2001] == 5);
  for (int step = 0; step < 500; ++step) {
    INFO(step);
    CHECK(values[static_cast<std::size_t>(2 * step)] == std::exp2(std::min(step, 6) + 1));
    CHECK(values[static_cast<std::size_t>(2 * step + 1)] == std::exp2(std::min(step, 6)));
    CHECK(values[static_cast<std::size_t>(1001 + 2 * step)] == 5 * std::exp2(std::min(step, 4) + 1));
  }
  // Where nobody ends in time all steps are made.
  NeuralNetwork shorter = NeuralNetwork::from_json(text(6), context);
  calls = 0;
  CHECK(shorter.run(inputs).values()[12] == 6);
  CHECK(calls == 2 * 6);
}

TEST_CASE("A-42 until ends a sample behind the step in which a value passes a bound, each sample by itself") {
  CHECK(run(doubling(R"(, "until": {"pipeFrom": "x", "above": 7})"), {1}) == std::vector<double>{8});
  CHECK(run(doubling(R"(, "until": {"pipeFrom": "x", "above": 8})"), {1}) == std::vector<double>{16});
  CHECK(run(doubling(R"(, "until": {"pipeFrom": "done", "above": 7})"), {1}) == std::vector<double>{8});
  CHECK(run(doubling(R"(, "until": {"pipeFrom": "twice", "below": -7})"), {-1}) == std::vector<double>{-8});
  CHECK(run(doubling(R"(, "until": {"pipeFrom": "x", "above": 1000})"), {1}) == std::vector<double>{32});
  // Without a bound it is one half.
  CHECK(run(doubling(R"(, "until": "x")"), {0.1}) == std::vector<double>{0.8});
  NeuralNetwork net = make(doubling(R"(, "until": {"pipeFrom": "x", "above": 7})"));
  const Tensor out = net.run(Tensor::from(net.context(), DType::fp64, Shape{4, 1}, std::vector<double>{1, 3, 0.001, 100}));
  CHECK(out.at(0) == 8);
  CHECK(out.at(1) == 12);
  CHECK(out.at(2) == 0.032);
  CHECK(out.at(3) == 200);
}

TEST_CASE("A-42 behind its end a sample collects what it ended with, and its memory rests") {
  CHECK(run(doubling(R"(, "collect": "x", "until": {"pipeFrom": "x", "above": 3})"), {1}) == std::vector<double>{2, 4, 4, 4, 4});
  CHECK(run(doubling(R"(, "collect": ["head", "x"], "until": {"pipeFrom": "x", "above": 3})"), {1}) ==
        std::vector<double>{1, 2, 2, 4, 2, 4, 2, 4, 2, 4});
  // The delayed pipe adds what the layer gave in the step before: 1, 2, 4, 8, ...; ended behind the second step of each run.
  NeuralNetwork net = make(R"({"layers": [1, {"type": "iterator", "steps": 6, "state": [{"name": "x", "pipeFrom": "0"}], "until": {"pipeFrom": "iterator number", "above": 0.5},
    "net": {"layers": [{"pipeFrom": "x"}, {"name": "add", "size": 1, "bias": false, "weights": [[1], [1]], "to": ["add", "x"]},
      {"name": "iterator number", "pipeFrom": "iterator:index", "size": 1, "bias": false, "weights": [[1]], "to": []}]}}]})");
  CHECK(net.run({1})[0] == 2);  // 1 + 0, 1 + 1
  CHECK(net.run({0})[0] == 4);  // 0 + 2, 2 + 2
}

TEST_CASE("A-61 one of the outputs of a net or an iterator is pulled by its number or name") {
  const auto pulled = [](const std::string& from, const std::string& more = R"(, "collect": ["head", "x"], "until": {"pipeFrom": "x", "above": 7})") {
    std::string model = doubling(more);
    model.replace(model.rfind("]}"), 2, R"(, {"size": 1, "bias": false, "weights": [[1]], "pipeFrom": ")" + from + R"("}]})");
    return model;
  };
  CHECK(run(pulled("loop:x"), {1}).front() == 8);
  CHECK(run(pulled("loop:steps"), {1}).front() == 3);
  CHECK(run(pulled("loop:2"), {1}).front() == 8);
  CHECK(run(pulled("loop:3"), {1}).front() == 3);
  const Error wrong = error_of(pulled("loop:stepps"));
  CHECK(wrong.reason() == "TARGET_UNKNOWN");
  CHECK(wrong.path() == "/layers/2/pipeFrom");
  CHECK(wrong.expected() == R"(a number below 4, or "head", "x", "steps")");
  CHECK(wrong.actual() == "stepps");
  CHECK(wrong.hint() == R"(did you mean "loop:steps"?)");
  CHECK(error_of(pulled("loop:4")).reason() == "TARGET_UNKNOWN");
  CHECK(error_of(pulled("loop:1", "")).expected() == "0: it has one output");
  CHECK(run(pulled("loop:0", ""), {1}).front() == 32);

  const std::string net = R"({"name": "two", "type": "net", "net": {"layers": [2, {"name": "sum", "size": 1, "bias": false, "weights": [[1], [1]], "to": []},
    {"name": "first", "pipeFrom": "0", "size": 1, "bias": false, "weights": [[1], [0]], "to": []}], "outputs": [{"name": "total", "pipeFrom": "sum"}, {"pipeFrom": "first"}]}})";
  const auto of_net = [&](const std::string& from, const std::string& rest) {
    return R"({"layers": [2, )" + net + R"(, {"size": 1, "bias": false, "weights": [[10]], "pipeFrom": "two:)" + from + R"("}])" + rest + "}";
  };
  CHECK(run(of_net("0", ""), {3, 4}).front() == 70);
  CHECK(run(of_net("1", ""), {3, 4}).front() == 30);
  CHECK(run(of_net("total", ""), {3, 4}).front() == 70);
  CHECK(error_of(of_net("totall", "")).hint() == R"(did you mean "two:total"?)");
  NeuralNetwork root = make(of_net("1", R"(, "outputs": [{"name": "a", "pipeFrom": "two:total"}, {"name": "b", "pipeFrom": "2"}])"));
  CHECK(root.run({3, 4})[0] == 7);
  CHECK(root.run({3, 4})[1] == 30);
  // An activation of its own touches each of the outputs.
  std::string activated = of_net("1", "");
  activated.replace(activated.find(R"("type": "net")"), 13, R"("activation": "relu", "type": "net")");
  CHECK(run(activated, {-3, 4}).front() == 0);
  // Smaller and back: the same numbers.
  for (const std::string& text : {pulled("loop:x"), pulled("loop:steps"), of_net("1", ""), of_net("total", R"(, "outputs": [{"pipeFrom": "two:total"}, {"pipeFrom": "2"}])")}) {
    NeuralNetwork given = make(text);
    const std::vector<double> input(given.input_size(), 1.25);
    for (const char* const optimize : {"", "minify", "pretty"})
      CHECK(run(given.export_model({.optimize = optimize}), input) == run(text, input));
  }
}

TEST_CASE("A-42 an iterator's net pulls one of the outputs of a net around it") {
  NeuralNetwork net = make(R"({"layers": [2, {"name": "two", "type": "net", "net": {"layers": [2, {"name": "a", "size": 1, "bias": false, "weights": [[1], [0]], "to": []},
      {"name": "b", "pipeFrom": "0", "size": 1, "bias": false, "weights": [[0], [1]], "to": []}], "outputs": [{"pipeFrom": "a"}, {"pipeFrom": "b"}]}},
    {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "two:0"}], "net": {"layers": [{"pipeFrom": "x"}, {"pipeFrom": "two:1"},
      {"size": 1, "bias": false, "weights": [[1], [1]], "to": "x"}]}}]})");
  CHECK(net.run({5, 100})[0] == 305);
}

TEST_CASE("A-42 gradients go through collected steps and ends: finite differences in fp64") {
  const auto learns = [](const std::string& more, const std::string& rest) {
    return R"({"dataType": "fp64", "layers": [{"name": "in", "size": 2}, {"name": "hidden", "size": 3, "activation": "tanh"},
      {"name": "loop", "type": "iterator", "steps": 4, "state": [{"name": "x", "pipeFrom": "hidden"}, {"name": "y", "size": 1}],
       "net": {"layers": [{"pipeFrom": "x"}, {"pipeFrom": "iterator:index"},
         {"name": "next", "size": 3, "activation": "tanh", "to": ["x", "sum"]}, {"name": "sum", "size": 1, "activation": "sigmoid", "to": ["y", "halt"]},
         {"name": "halt", "size": 1, "activation": "sigmoid", "weights": [[0.1]], "bias": [0], "to": []}]})" +
           more + "}, " + rest + "]}";
  };
  const Dataset data = Dataset::from({{{0.3, -0.7}, {0.2}}, {{-0.1, 0.9}, {0.6}}, {{0.5, 0.4}, {-0.3}}});
  for (const auto& [more, rest] : {std::pair<std::string, std::string>{R"(, "collect": ["y", "next"])", R"({"size": 1})"},
                                   {R"(, "until": {"pipeFrom": "y", "above": 0.5})", R"({"size": 1})"},
                                   {R"(, "collect": ["x", "next", "sum"], "until": {"pipeFrom": "y", "below": 0.55})", R"({"size": 1})"},
                                   {R"(, "collect": "sum", "until": {"pipeFrom": "halt", "above": 0.52})", R"({"size": 1}, {"size": 1, "pipeFrom": "loop:x"})"}}) {
    INFO(more);
    NeuralNetwork net = make(learns(more, rest));
    CHECK(test::check_gradients(net, data) > 6);
  }
}

TEST_CASE("A-42 run_stream ends with a sample's last step") {
  NeuralNetwork net = make(doubling(R"(, "until": {"pipeFrom": "x", "above": 7})"));
  const auto steps = [&](double start) {
    std::vector<double> values;
    RunStream stream = net.run_stream(Tensor::from(net.context(), DType::fp64, Shape{1}, std::vector<double>{start}), {});
    while (const auto item = stream.next()) values.push_back(item->output.values().front());
    return values;
  };
  CHECK(steps(1) == std::vector<double>{2, 4, 8});
  CHECK(steps(10) == std::vector<double>{20});
  CHECK(steps(0.125) == std::vector<double>{0.25, 0.5, 1, 2, 4});
}

TEST_CASE("A-42 what an iterator ends by or collects is told by its place when it is wrong") {
  const auto refused = [](const std::string& more, const std::string& reason, const std::string& path, const std::string& hint = {}) {
    const Error error = error_of(doubling(", " + more));
    INFO(more);
    CHECK(error.reason() == reason);
    CHECK(error.path() == "/layers/1/" + path);
    if (!hint.empty()) CHECK(error.hint() == hint);
  };
  refused(R"("until": "dome")", "TARGET_UNKNOWN", "until", R"(did you mean "done"?)");
  refused(R"("until": {"pipeFrom": "xx", "above": 1})", "TARGET_UNKNOWN", "until/pipeFrom", R"(did you mean "x"?)");
  refused(R"("until": {"above": 1})", "PROPERTY_MISSING", "until");
  refused(R"("until": {"pipeFrom": "x", "above": 1, "below": 0})", "ITERATOR_UNTIL", "until");
  refused(R"("until": {"pipeFrom": "x", "abov": 1})", "UNKNOWN_PROPERTY", "until/abov", R"(did you mean "above"?)");
  refused(R"("until": {"pipeFrom": "x", "above": "1"})", "PROPERTY_VALUE", "until/above");
  refused(R"("until": 3)", "PROPERTY_VALUE", "until");
  refused(R"("until": "iterator:index")", "TARGET_UNKNOWN", "until");
  refused(R"("collect": [])", "PROPERTY_VALUE", "collect");
  refused(R"("collect": 3)", "PROPERTY_VALUE", "collect");
  refused(R"("collect": ["x", ""])", "PROPERTY_VALUE", "collect/1");
  refused(R"("collect": ["x", "x"])", "TARGET_TWICE", "collect/1");
  refused(R"("collect": ["x", "twise"])", "TARGET_UNKNOWN", "collect/1", R"(did you mean "twice"?)");
  refused(R"("collect": ["x", "twice:1"])", "TARGET_UNKNOWN", "collect/1");
  const Error size = error_of(looped(R"({"name": "x", "pipeFrom": "0"})", R"({"pipeFrom": "x"}, {"size": 2, "to": "x"})", R"(, "until": "x")"));
  CHECK(size.reason() == "UNTIL_SIZE");
  CHECK(size.path() == "/layers/1/until");
  CHECK(size.expected() == "1");
  CHECK(size.actual() == "2");
}

TEST_CASE("A-42 an end by a state that stands beside a larger one") {
  for (const char* type : {"fp32", "fp64", "u8"}) {
    CAPTURE(type);
    const std::string model = R"({"dataType": ")" + std::string(type) + R"(", "layers": [1, {"type": "iterator", "steps": 2, "state": [{"name": "x", "size": 2}, {"name": "y", "size": 1}], "until": "y",
        "net": {"layers": [{"pipeFrom": "x"}, {"size": 2, "weights": [[1, 0], [0, 1]], "bias": [1, 0.5], "to": ["x", 2]}, {"size": 1, "weights": [[0.25], [0]], "bias": false, "to": "y"}]}}]})";
    NeuralNetwork net = make(model);
    const std::vector<double> codes = {1, 1, 0.5 + 1.5 / 255};  // u8: numbers up to 1, in 255 steps
    const std::vector<double> result = net.run({1}).values(), wanted = std::string(type) == "u8" ? codes : std::vector<double>{2, 1, 0.5};
    for (std::size_t i = 0; i < 3; ++i) CHECK(result[i] == Approx(wanted[i]));
    CHECK(NeuralNetwork::from_json(model, one_thread(), {.device = "reference"}).run({1}).size() == 3);
    net.verify(Dataset::from({{{1}, {2, 1, 0.5}}}));
  }
}

TEST_CASE("A-42 run_stream gives what the iterator's activation makes of each step") {
  const auto items = [](const std::string& state, const std::string& layers, const std::string& more) {
    NeuralNetwork net = make(replaced(looped(state, layers, more), "[2, ", "[1, "));
    RunStream stream = net.run_stream(Tensor::from(net.context(), DType::fp32, Shape{1}, std::vector<double>{1}), {});
    std::vector<double> values;
    while (const auto item = stream.next())
      for (const double value : item->output.values()) values.push_back(value);
    const std::vector<double> last = net.run({1}).values();
    CHECK(std::vector<double>(values.end() - static_cast<std::ptrdiff_t>(last.size()), values.end()) == last);
    return values;
  };
  const std::string doubled = R"({"pipeFrom": "x"}, {"size": 1, "weights": [[2]], "bias": false, "to": "x"})";
  const std::vector<double> grown = items(R"({"name": "x", "pipeFrom": "0"})", doubled, R"(, "activation": "exp")");
  REQUIRE(grown.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(grown[i] == Approx(std::exp(std::pow(2.0, i + 1))));
  // Two states, of which the activation sees both.
  const std::vector<double> shares = items(R"({"name": "x", "pipeFrom": "0"}, {"name": "y", "size": 1})",
      R"({"pipeFrom": "x", "name": "px"}, {"pipeFrom": "y", "name": "py"}, {"size": 1, "weights": [[2], [0]], "bias": false, "to": ["x", 3]}, {"type": "identity", "to": "y"})", R"(, "activation": "softmax")");
  REQUIRE(shares.size() == 6);
  for (std::size_t i = 0; i < 6; i += 2) CHECK(shares[i] + shares[i + 1] == Approx(1));
}
