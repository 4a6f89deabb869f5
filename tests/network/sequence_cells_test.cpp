// Cells over a sequence that stands in one input: forward, backward, both ways (REC-05).
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "support/values.h"
#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct Cell {
  std::string words;  // of the cell, beside its type and size
  std::string type;
  std::string back = {};  // words of the way back
};

const std::vector<Cell>& cells() {
  static const std::vector<Cell> list = {{"", "rnn"},
                                         {"", "gru"},
                                         {R"(, "resetAfter": true)", "gru"},
                                         {"", "lstm"},
                                         {R"(, "peepholes": true)", "lstm"},
                                         {R"(, "activation": "sigmoid")", "lstm-n"},
                                         {R"(, "bias": 0.25)", "lstm-p", R"(, "backwardBias": 0.25)"},
                                         {R"(, "activation": null, "bias": false)", "rnn", R"(, "backwardBias": false)"}};
  return list;
}

constexpr int steps = 4, inputs = 3, units = 2;

std::string recurrent(const Cell& cell, const std::string& more, const std::string& size = "[4, 3]") {
  return R"({"dataType": "fp64", "layers": [{"size": )" + size + R"(}, {"name": "way", "type": "recurrent", "cell": ")" + cell.type + R"(", "units": 2)" + cell.words + more + "}]}";
}

NeuralNetwork stepwise(const Cell& cell) {
  return make(R"({"dataType": "fp64", "layers": [3, {"name": "way", "type": ")" + cell.type + R"(", "size": 2)" + cell.words + "}]}");
}

// Values to the parameters of the one, in the order in which the other has them.
void fill(NeuralNetwork& net, const std::string& prefix, double pace) {
  for (const auto& [name, value] : net.parameters()) {
    const std::string own = name.substr(name.find('.') + 1);
    const bool backward = own.starts_with("backward");
    if (backward != !prefix.empty()) continue;
    Tensor given = value;
    for (std::size_t i = 0; i < given.elements(); ++i)
      given.set(i, std::sin(pace * static_cast<double>(i + 1) + static_cast<double>(own.size() - (backward ? 8 : 0))));
    net.set_parameter(name, given);
  }
}

// What a cell gives, step by step; `reverse`: the last step of the sequence first, results in its order.
Row by_steps(const Cell& cell, Row sequence, double pace, bool reverse) {
  NeuralNetwork net = stepwise(cell);
  fill(net, "", pace);
  Row results(static_cast<std::size_t>(steps * units));
  for (int i = 0; i < steps; ++i) {
    const int step = reverse ? steps - 1 - i : i;
    const auto begin = sequence.begin() + step * inputs;
    const Row out = net.run(Row(begin, begin + inputs)).values();
    std::ranges::copy(out, results.begin() + step * units);
  }
  return results;
}

void check_near(const Row& got, const Row& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(wanted[i]).margin(1e-14));
}

}  // namespace

TEST_CASE("REC-05 a cell over a sequence gives what it gives step by step, in either direction and in both") {
  const Row sequence = waves(steps * inputs, 0.9);
  for (const Cell& cell : cells()) {
    INFO(cell.type << cell.words);
    const Row forward = by_steps(cell, sequence, 0.7, false), backward = by_steps(cell, sequence, 0.7, true);
    NeuralNetwork there = make(recurrent(cell, R"(, "returnSequence": true)"));
    fill(there, "", 0.7);
    CHECK_FALSE(there.is_stateful());
    CHECK(there.outputs().front().shape == Shape{steps, units});
    check_near(there.run(sequence).values(), forward);
    check_near(there.run(sequence).values(), forward);  // nothing is remembered
    NeuralNetwork last = make(recurrent(cell, ""));
    fill(last, "", 0.7);
    CHECK(last.outputs().front().shape == Shape{units});
    check_near(last.run(sequence).values(), Row(forward.end() - units, forward.end()));
    NeuralNetwork back = make(recurrent(cell, R"(, "direction": "backward", "returnSequence": true)"));
    fill(back, "", 0.7);
    check_near(back.run(sequence).values(), backward);
    NeuralNetwork first = make(recurrent(cell, R"(, "direction": "backward")"));
    fill(first, "", 0.7);
    check_near(first.run(sequence).values(), Row(backward.begin(), backward.begin() + units));

    NeuralNetwork both = make(recurrent(cell, cell.back + R"(, "direction": "both", "returnSequence": true)"));
    fill(both, "", 0.7);
    fill(both, "backward", 0.4);
    const Row other = by_steps(cell, sequence, 0.4, true);
    Row side_by_side;
    for (int i = 0; i < steps; ++i)
      for (const Row* way : {&forward, &other}) side_by_side.insert(side_by_side.end(), way->begin() + i * units, way->begin() + (i + 1) * units);
    check_near(both.run(sequence).values(), side_by_side);
    NeuralNetwork ends = make(recurrent(cell, cell.back + R"(, "direction": "both")"));
    fill(ends, "", 0.7);
    fill(ends, "backward", 0.4);
    check_near(ends.run(sequence).values(), {forward[6], forward[7], other[0], other[1]});
  }
}

TEST_CASE("REC-05 gradients of cells over sequences: finite differences in fp64") {
  const Dataset data = Dataset::from({{waves(steps * inputs, 0.9), {0.3}}, {waves(steps * inputs, 1.7), {-0.2}}});
  for (const Cell& cell : cells())
    for (const std::string more : {R"(, "direction": "both")", R"(, "direction": "backward", "returnSequence": true)"}) {
      INFO(cell.type << cell.words << more);
      std::string model = recurrent(cell, more);
      model.replace(model.rfind("]}"), 2, R"(, {"type": "flatten"}, {"size": 1}]})");
      NeuralNetwork net = make(model);
      CHECK(test::check_gradients(net, data) >= 4);
    }
}

TEST_CASE("REC-05 samples side by side are each by themselves; steps of one number, dimensions of a step, connections") {
  const Cell gru{"", "gru"};
  NeuralNetwork net = make(recurrent(gru, R"(, "direction": "both")"));
  const Row one = waves(12, 0.9), two = waves(12, 2.2);
  Row batch = one;
  batch.insert(batch.end(), two.begin(), two.end());
  const Row out = net.run(Tensor::from(net.context(), DType::fp64, Shape{2, 4, 3}, batch)).values();
  const Row first = net.run(one).values(), second = net.run(two).values();
  CHECK(Row(out.begin(), out.begin() + 4) == first);
  CHECK(Row(out.begin() + 4, out.end()) == second);
  CHECK(make(recurrent({"", "rnn"}, "", "5")).outputs().front().shape == Shape{2});
  CHECK(make(recurrent({"", "rnn"}, "", "[4, 2, 3]")).parameters().front().second.shape() == Shape{6, 2});
  // One-to-one: y = tanh(x w + s r).
  NeuralNetwork single = make(recurrent({R"(, "connections": "one-to-one", "weights": [2, 3], "recurrentWeights": [[1, 0], [0, 1]], "bias": false)", "rnn"}, "", "[2, 2]"));
  check_near(single.run({0.1, 0.2, 0.3, 0.4}).values(), {std::tanh(0.6 + std::tanh(0.2)), std::tanh(1.2 + std::tanh(0.6))});
}

TEST_CASE("REC-05 a sequence of open length, piped weights, and exports") {
  NeuralNetwork open = make(R"({"dataType": "fp64", "layers": [{"size": [null, 3]}, {"type": "recurrent", "cell": "lstm", "units": 2, "direction": "both"}]})");
  NeuralNetwork four = make(R"({"dataType": "fp64", "layers": [{"size": [4, 3]}, {"type": "recurrent", "cell": "lstm", "units": 2, "direction": "both"}]})");
  const Row sequence = waves(12, 0.9);
  check_near(open.run(Tensor::from(open.context(), DType::fp64, Shape{4, 3}, sequence)).values(), four.run(sequence).values());
  CHECK(open.run(Tensor::from(open.context(), DType::fp64, Shape{2, 3}, waves(6, 0.9))).size() == 4);
  for (const char* const optimize : {"", "minify", "pretty"}) CHECK(make(four.export_model({.optimize = optimize})).run(sequence).values() == four.run(sequence).values());

  const Cell rnn{R"(, "bias": false, "weights": [1, 2, 3, 4, 5, 6])", "rnn"};
  NeuralNetwork fixed = make(recurrent({rnn.words + R"(, "recurrentWeights": [0.1, 0.2, 0.3, 0.4])", "rnn"}, ""));
  NeuralNetwork piped = make(R"({"dataType": "fp64", "layers": [{"size": [4, 3], "pipes": [{"size": 4, "to": "way.recurrentWeights"}]}, {"name": "way", "type": "recurrent", "cell": "rnn", "units": 2)" + rnn.words + "}]}");
  Row input = sequence;
  for (const double value : {0.1, 0.2, 0.3, 0.4}) input.push_back(value);
  check_near(piped.run(input).values(), fixed.run(sequence).values());
}

TEST_CASE("REC-05 what a cell over a sequence lacks or cannot take is told with its place") {
  const auto refused = [](const std::string& words, const std::string& reason, const std::string& path, const std::string& size = "[4, 3]") {
    const Error error = error_of(R"({"layers": [{"size": )" + size + R"(}, {"type": "recurrent", )" + words + "}]}");
    INFO(words);
    CHECK(error.reason() == reason);
    CHECK(error.path() == "/layers/1" + path);
  };
  refused(R"("cell": "gru")", "PROPERTY_MISSING", "");
  refused(R"("units": 2)", "PROPERTY_MISSING", "");
  refused(R"("cell": "grue", "units": 2)", "PROPERTY_VALUE", "/cell");
  refused(R"("cell": "gru", "units": 0)", "PROPERTY_VALUE", "/units");
  refused(R"("cell": "gru", "units": 2, "direction": "up")", "PROPERTY_VALUE", "/direction");
  refused(R"("cell": "gru", "units": 2, "size": 3)", "OP_OUTPUT_SIZE", "/size");
  refused(R"("cell": "gru", "units": 2, "backwardBias": false)", "PARAM_VALUE", "/backwardBias");
  refused(R"("cell": "gru", "units": 2, "unit": 2)", "UNKNOWN_PROPERTY", "/unit");
  refused(R"("cell": "rnn", "units": 2, "connections": "one-to-one")", "CONNECTIONS", "/connections");
  refused(R"("cell": "rnn", "units": 2)", "RUN_STEPS", "", "[2000000, 1]");
}
