// Internal states of operations that a model brings along: written by its steps, started with numbers of their own.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "network/finite_differences.h"
#include "network/program_runs.h"
#include "network/seeded.h"
#include "support/refusals.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

namespace {

/// An operation "sum" that adds what comes to a state, which starts as said.
std::string summing(const std::string& start, const std::string& state = R"({"sum": "n"})", const std::string& type = "fp64") {
  return R"({"dataType": ")" + type + R"(", "operations": [{"name": "sum", "model": {"defineParams": ["*input", {"name": "~*sum", "default": )" + start +
         R"(}, {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": "add", "inputs": ["input", "sum"], "name": "n"}, {"op": "neg", "inputs": ["n"]}], "state": )" +
         state + R"(}}], "layers": [2, {"type": "sum"}]})";
}

}  // namespace

TEST_CASE("A-58 RES-03 steps of a body write internal states, which all of them read as they were before") {
  NeuralNetwork net = make(summing("2"));  // two numbers, zeros
  CHECK(net.run({1, 2}).values() == std::vector<double>{-1, -2});
  CHECK(net.run({1, 2}).values() == std::vector<double>{-2, -4});
  const std::string kept = net.get_internal_state();
  net.reset();
  CHECK(net.run({5, 5}).values() == std::vector<double>{-5, -5});
  net.set_internal_state(kept);
  CHECK(net.run({0, 0}).values() == std::vector<double>{-2, -4});
  for (const char* form : {"", "pretty", "minify"}) CHECK(make(net.export_model({.optimize = form})).run({3, 1}).values() == std::vector<double>{-3, -1});
  // A state may become what a parameter is: the input of the run before.
  NeuralNetwork before = make(summing("2", R"({"sum": "input"})"));
  before.run({10, 20});
  CHECK(before.run({1, 2}).values() == std::vector<double>{-11, -22});
  // So may one that all samples share: each has it then.
  std::string shared = replaced(summing("2", R"({"sum": "w"})"), R"("*input", )", R"("*input", "@*w", )");
  NeuralNetwork same = make(replaced(shared, R"("type": "sum")", R"("type": "sum", "w": [10, 20])"));
  same.run({0, 0});
  CHECK(same.run({1, 2}).values() == std::vector<double>{-11, -22});
  // One operation hands its state on to another one, which writes it.
  std::string handed = summing("2");
  handed.insert(handed.find("}], \"layers\"") + 1,
                R"(, {"name": "outer", "model": {"defineParams": ["*input", {"name": "~*kept", "default": 2}, {"name": "size", "default": ":input"}]},
                "body": {"steps": [{"op": "sum", "inputs": ["input", "kept"]}]}})");
  NeuralNetwork outer = make(replaced(handed, R"("type": "sum")", R"("type": "outer")"));
  outer.run({1, 2});
  CHECK(outer.run({1, 2}).values() == std::vector<double>{-2, -4});
}

TEST_CASE("A-58 what a body writes to states that are not there, or cannot be held, is told with its place") {
  const auto refused = [](const std::string& state) {
    const Error error = error_of(summing("2", state));
    return error.reason() + " " + error.path();
  };
  const std::string at = "/operations/0/body/state";
  CHECK(refused("3") == "PROPERTY_VALUE " + at);
  CHECK(refused(R"({"sum": 3})") == "PROPERTY_VALUE " + at + "/sum");
  CHECK(refused(R"({"sum": "m"})") == "BODY_NAME " + at + "/sum");
  CHECK(refused(R"({"input": "n"})") == "BODY_NAME " + at + "/input");
  CHECK(error_of(summing("2", R"({"smu": "n"})")).hint() == "did you mean \"sum\"?");
  CHECK(error_of(summing("3")).reason() == "SHAPE");
  const Error wide = error_of(replaced(summing("2"), R"("add", "inputs": ["input", "sum"])", R"("reduceSum", "inputs": ["input"], "attributes": {"axes": [1], "keepDimensions": true})"));
  CHECK(wide.reason() == "STATE_SIZE");
}

TEST_CASE("A-34 A-48 an internal state starts, and starts again after a reset, with the numbers of its default") {
  NeuralNetwork net = make(summing("[10, 20]"));
  CHECK(net.run({1, 2}).values() == std::vector<double>{-11, -22});
  net.run({1, 2});
  net.reset();
  CHECK(net.run({1, 2}).values() == std::vector<double>{-11, -22});
  // Each sample of a batch starts with them.
  CHECK(net.run(Tensor::from(net.context(), DType::fp64, Shape{2, 2}, std::vector<double>{0, 0, 5, 5})).values() == std::vector<double>{-10, -20, -15, -25});
  NeuralNetwork rows = make(replaced(summing("[[1, 2], [3, 4]]"), "[2, {\"type\"", "[[2, 2], {\"type\""));
  CHECK(rows.run({0, 0, 0, 0}).values() == std::vector<double>{-1, -2, -3, -4});
  for (const char* wrong : {"[[1, 2], [3]]", "[[]]", "[]", "[\"a\"]"}) {
    const Error error = error_of(summing(wrong));
    CHECK(error.reason() == "STATE_DEFAULT");
    CHECK(!error.hint().empty());
  }
}

TEST_CASE("A-34 A-31 sequences begin with the numbers of a state's default, and gradients know it") {
  // x, y -> what was summed up, weighted: with a state of [3, -2] the first error is known.
  const std::string model = replaced(summing("[3, -2]"), R"({"type": "sum"}])", R"({"size": 2, "activation": "tanh"}, {"type": "sum"}, {"size": 1, "weights": [[1], [1]], "bias": false}])");
  NeuralNetwork net = make(model);
  const Dataset data = Dataset::sequences({{{{0.3, -0.2}, {0.5}}, {{0.1, 0.4}, {-1}}, {{-0.7, 0.2}, {0.25}}}, {{{0.6, 0.1}, {1}}, {{0.2, -0.9}, {0}}}});
  double sum = 0;
  int judged = 0;
  for (const std::vector<std::pair<std::vector<double>, double>>& sequence :
       {std::vector<std::pair<std::vector<double>, double>>{{{0.3, -0.2}, 0.5}, {{0.1, 0.4}, -1}, {{-0.7, 0.2}, 0.25}}, {{{0.6, 0.1}, 1}, {{0.2, -0.9}, 0}}}) {
    net.reset();
    for (const auto& [input, target] : sequence) {
      const double difference = net.run(input)[0] - target;
      sum += difference * difference;
      ++judged;
    }
  }
  CHECK(net.verify(data, {.error_measure_type = "mean-square"}).error == Approx(sum / judged));
  CHECK(check_gradients(net, data, {.error_measure_type = "mean-square"}, 0.5) > 0);
  // Windows of one step carry the state on, and start anew where a sequence does.
  net.train(data, {.max_iterations = 1, .learning_rate = 1e-9, .batch_size = 2, .bptt = 1});
  CHECK(net.verify(data, {.error_measure_type = "mean-square"}).error == Approx(sum / judged));
}

TEST_CASE("EX-17 G-13 programs begin states with the numbers that the model says") {
  const std::vector<Case> cases = {{summing("[10, 20]"), {{1, 2}, {3, 4}}}, {summing("[0.5, -3]", R"({"sum": "n"})", "fp32"), {{1, 2}, {3, 4}}}};
  check_programs("python-numpy", cases);
  check_programs("c", cases);
  check_programs("javascript", cases);
}

TEST_CASE("A-58 numbers that the type beside them does not have, and writes to what is no state, are refused at their place") {
  const auto refused = [](const std::string& operations, const std::string& type) {
    const Error error = error_of(R"({"operations": [)" + operations + R"(], "layers": [2, {"type": ")" + type + R"("}]})");
    CHECK(!error.hint().empty());
    return error.reason() + " " + error.path();
  };
  const std::string size = R"(, {"name": "size", "default": ":input"}]}, "body": {"steps": [)";
  CHECK(refused(R"({"name": "half", "model": {"defineParams": ["*input")" + size +
                    R"({"op": "cast", "inputs": ["input"], "attributes": {"type": "i32"}, "name": "i"}, {"op": "mul", "inputs": ["i", 0.5], "name": "h"}, {"op": "cast", "inputs": ["h"], "attributes": {"type": "fp32"}}]}})", "half") ==
        "BODY /operations/0/body/steps/1/inputs/1");
  CHECK(error_of(summing("[1e6, 2]", R"({"sum": "n"})", "fp16")).reason() == "STATE_DEFAULT");
  CHECK(error_of(replaced(summing("2", R"({"sum": "n"})", "fp16"), R"("inputs": ["input", "sum"])", R"("inputs": ["input", 1e9])")).reason() == "BODY");
  const std::string sum = R"({"name": "sum", "model": {"defineParams": ["*input", "~*sum")" + size + R"({"op": "add", "inputs": ["input", "sum"], "name": "n"}], "state": {"sum": "n"}}})";
  CHECK(refused(sum + R"(, {"name": "outer", "model": {"defineParams": ["*input")" + size + R"({"op": "sum", "inputs": ["input", "input"]}]}})", "outer") ==
        "STATE /operations/0/body/state/sum");
}
