// Recurrent cells against their formulas, written once more here in plain loops, over several steps and two lanes.
#include <cmath>
#include <functional>

#include "steps.h"

using namespace webai;
using test::Row;
using test::Steps;
using test::World;

namespace {

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

// One lane of one cell. Gate blocks are columns [gate * n, gate * n + n).
struct Plain {
  std::size_t inputs, n, gates;
  Row u, w, b, extra;  // weights, recurrent weights, bias, recurrent bias or peepholes; b and extra may be empty
  double (*phi)(double) = [](double x) { return std::tanh(x); };
  Row s = Row(n, 0), h = Row(n, 0);

  double from_input(const Row& x, std::size_t gate, std::size_t k) const {
    double sum = b.empty() ? 0 : b[gate * n + k];
    for (std::size_t i = 0; i < inputs; ++i) sum += x[i] * u[i * gates * n + gate * n + k];
    return sum;
  }
  double from_state(const Row& state, std::size_t gate, std::size_t k) const {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += state[i] * w[i * gates * n + gate * n + k];
    return sum;
  }
  Row each(const std::function<double(std::size_t)>& make) const {
    Row row(n);
    for (std::size_t k = 0; k < n; ++k) row[k] = make(k);
    return row;
  }

  Row rnn(const Row& x) {
    return s = each([&](std::size_t k) { return phi(from_input(x, 0, k) + from_state(s, 0, k)); });
  }
  Row gru(const Row& x) {
    const Row z = each([&](std::size_t k) { return sigma(from_input(x, 0, k) + from_state(s, 0, k)); });
    const Row r = each([&](std::size_t k) { return sigma(from_input(x, 1, k) + from_state(s, 1, k)); });
    const Row rs = each([&](std::size_t k) { return r[k] * s[k]; });
    const Row t = each([&](std::size_t k) { return phi(from_state(rs, 2, k) + from_input(x, 2, k)); });
    return s = each([&](std::size_t k) { return z[k] * s[k] + (1 - z[k]) * t[k]; });
  }
  Row gru_after(const Row& x) {
    const auto back = [&](std::size_t gate, std::size_t k) { return from_state(s, gate, k) + extra[gate * n + k]; };
    const Row z = each([&](std::size_t k) { return sigma(from_input(x, 0, k) + back(0, k)); });
    const Row r = each([&](std::size_t k) { return sigma(from_input(x, 1, k) + back(1, k)); });
    const Row t = each([&](std::size_t k) { return phi(from_input(x, 2, k) + r[k] * back(2, k)); });
    return s = each([&](std::size_t k) { return z[k] * s[k] + (1 - z[k]) * t[k]; });
  }
  Row lstm(const Row& x) {
    const auto peep = [&](std::size_t gate, std::size_t k, double c) {
      return extra.empty() ? 0 : extra[gate * n + k] * c;
    };
    const auto sum = [&](std::size_t gate, std::size_t k) { return from_input(x, gate, k) + from_state(h, gate, k); };
    const Row c = each([&](std::size_t k) {
      return sigma(sum(2, k) + peep(2, k, s[k])) * s[k] + sigma(sum(0, k) + peep(0, k, s[k])) * phi(sum(3, k));
    });
    const Row out = each([&](std::size_t k) { return sigma(sum(1, k) + peep(1, k, c[k])) * phi(c[k]); });
    s = c;
    return h = out;
  }
  Row prototype(const Row& x, const Row& read) const {
    const auto gate = [&](std::size_t which, std::size_t k) {
      return sigma(from_input(x, which, k) + from_state(read, which, k));
    };
    const Row seen = each([&](std::size_t k) { return gate(1, k) * read[k]; });
    return each([&](std::size_t k) {
      return gate(2, k) * s[k] + gate(0, k) * phi(from_state(seen, 3, k) + from_input(x, 3, k));
    });
  }
  Row lstm_n(const Row& x) {
    const Row raw = prototype(x, s);
    double mean = 0, variance = 0;
    for (const double value : raw) mean += value / static_cast<double>(n);
    for (const double value : raw) variance += (value - mean) * (value - mean) / static_cast<double>(n);
    return s = each([&](std::size_t k) { return (raw[k] - mean) / std::sqrt(variance + 1); });
  }
  Row lstm_p(const Row& x) {
    s = prototype(x, each([&](std::size_t k) { return phi(s[k]); }));
    return each([&](std::size_t k) { return phi(s[k]); });
  }
};

Row numbers(std::size_t count, double seed) {
  Row row(count);
  for (std::size_t i = 0; i < count; ++i) row[i] = std::sin(seed + 1.7 * static_cast<double>(i));
  return row;
}

std::string model_of(const std::string& cell) {
  return R"({"dataType": "fp64", "layers": [2, {"size": 3, )" + cell + "}]}";
}

const BuiltParameter& parameter(const BuiltModel& built, std::string_view name) {
  for (const BuiltParameter& one : built.parameters)
    if (one.parameter == name) return one;
  FAIL("no parameter " << name);
  return built.parameters.front();
}

struct Case {
  const char* cell;  // properties
  std::size_t gates;
  Row (Plain::*step)(const Row&);
  const char* extra = nullptr;
};

// Runs the graph and the plain cell on the same numbers, two lanes, four steps.
void check_cell(const Case& entry, double (*phi)(double) = nullptr) {
  INFO(entry.cell);
  const World world;
  Steps steps(world, model_of(entry.cell), 2);
  const BuiltModel& built = steps.built();
  Plain plain{.inputs = 2,
              .n = 3,
              .gates = entry.gates,
              .u = numbers(6 * entry.gates, 1),
              .w = numbers(9 * entry.gates, 2),
              .b = {},
              .extra = {}};
  if (phi) plain.phi = phi;
  REQUIRE(built.parameters.size() >= 2);
  CHECK(built.parameters[0].parameter == "weights");
  CHECK(built.parameters[0].type.shape == Shape{2, static_cast<std::int64_t>(3 * entry.gates)});
  CHECK(built.parameters[1].parameter == "recurrentWeights");
  CHECK(built.parameters[1].type.shape == Shape{3, static_cast<std::int64_t>(3 * entry.gates)});
  steps.set(built.parameters[0].value, plain.u);
  steps.set(built.parameters[1].value, plain.w);
  if (built.parameters.size() > 2) {
    CHECK(built.parameters[2].parameter == "bias");
    steps.set(built.parameters[2].value, plain.b = numbers(3 * entry.gates, 3));
  }
  if (entry.extra) {
    const BuiltParameter& extra = parameter(built, entry.extra);
    steps.set(extra.value, plain.extra = numbers(9, 4));
  }
  Plain lanes[2] = {plain, plain};
  for (int step = 0; step < 4; ++step) {
    const Row x = numbers(4, 10 + step);
    const Row got = steps.run({x});
    for (std::size_t lane = 0; lane < 2; ++lane) {
      Plain& own = lanes[lane];  // indexed apart: g++ 12 checks the bounds of a pointer to member's call with garbage
      const Row expected = (own.*entry.step)({x[2 * lane], x[2 * lane + 1]});
      for (std::size_t k = 0; k < 3; ++k) CHECK(got[3 * lane + k] == Approx(expected[k]).margin(1e-12));
    }
  }
}

}  // namespace

TEST_CASE("REC-01 to REC-05 every cell computes its formula") {
  for (const Case& entry :
       {Case{R"("type": "rnn")", 1, &Plain::rnn}, Case{R"("type": "gru")", 3, &Plain::gru},
        Case{R"("type": "gru", "resetAfter": true)", 3, &Plain::gru_after, "recurrentBias"},
        Case{R"("type": "gru", "resetAfter": false)", 3, &Plain::gru}, Case{R"("type": "lstm")", 4, &Plain::lstm},
        Case{R"("type": "lstm", "peepholes": true)", 4, &Plain::lstm, "peepholeWeights"},
        Case{R"("type": "lstm-n")", 4, &Plain::lstm_n}, Case{R"("type": "lstm-p")", 4, &Plain::lstm_p},
        Case{R"("type": "gru", "bias": false)", 3, &Plain::gru},
        Case{R"("type": "lstm-n", "bias": null)", 4, &Plain::lstm_n},
        Case{R"("type": "rnn", "bias": false)", 1, &Plain::rnn}})
    check_cell(entry);
}

TEST_CASE("A-71 an activation replaces tanh in a cell, null leaves it out") {
  check_cell({R"("type": "gru", "activation": "relu")", 3, &Plain::gru}, [](double x) { return x > 0 ? x : 0; });
  check_cell({R"("type": "lstm", "activation": null)", 4, &Plain::lstm}, [](double x) { return x; });
  check_cell({R"("type": "lstm-p", "activation": "leakyRelu", "alpha": 0.5)", 4, &Plain::lstm_p},
        [](double x) { return x > 0 ? x : 0.5 * x; });
  const World world;
  const auto activation = [&](const char* text) { return world.build(text).layers[1].activation; };
  CHECK(activation(R"({"layers": [2, {"type": "gru", "size": 3}]})") == "tanh");
  CHECK(activation(R"({"activation": "relu", "layers": [2, {"type": "gru", "size": 3}]})") == "relu");
  CHECK(activation(R"({"activation": null, "layers": [2, {"type": "gru", "size": 3}]})").empty());
}

TEST_CASE("A-19 parameters of cells: their order, and the forget gate's bias of 1") {
  const World world;
  for (const char* type : {"lstm", "lstm-n", "lstm-p"}) {
    const BuiltModel built = world.build(R"({"layers": [2, {"size": 2, "type": ")" + std::string(type) + "\"}]}");
    REQUIRE(built.parameters.size() == 3);
    CHECK(test::values_of(built.parameters[2].initial) == Row{0, 0, 0, 0, 1, 1, 0, 0});
  }
  const BuiltModel gru = world.build(R"({"layers": [2, {"size": 2, "type": "gru", "resetAfter": true}]})");
  REQUIRE(gru.parameters.size() == 4);
  CHECK(gru.parameters[3].parameter == "recurrentBias");
  CHECK(test::values_of(gru.parameters[2].initial) == Row(6, 0.0));
  CHECK(gru.parameters[3].type.shape == Shape{6});
}

TEST_CASE("A-71 a number as bias of a cell is a frozen constant; one-to-one and masks stand for each gate") {
  const World world;
  const auto built = [&](const char* cell) {
    return world.build(R"({"layers": [2, {"size": 2, "type": "gru", )" + std::string(cell) + "}]}");
  };
  CHECK(built(R"("bias": 0.5)").parameters.size() == 2);
  CHECK(parameter(built(R"("connections": "one-to-one")"), "weights").type.shape == Shape{6});
  CHECK(parameter(built(R"("connections": [[1, 0], [0, 1]])"), "weights").type.shape == Shape{2, 6});
  // One to one, and the same by a mask: one graph gives what the other does.
  Row outputs[2];
  int at = 0;
  for (const char* connections : {R"("one-to-one")", "[[1, 0], [0, 1]]"}) {
    Steps steps(world, R"({"layers": [2, {"size": 2, "type": "gru", "bias": 0.5, "connections": )" +
                           std::string(connections) + "}]}");
    const bool one = at == 0;
    const Row own = numbers(6, 1);
    Row full(12, 9);
    for (std::size_t gate = 0; gate < 3; ++gate)
      for (std::size_t k = 0; k < 2; ++k) full[k * 6 + gate * 2 + k] = own[gate * 2 + k];
    steps.set("1.weights", one ? own : full);
    steps.set("1.recurrentWeights", numbers(12, 2));
    steps.run({{1, -2}});
    outputs[at++] = steps.run({{0.5, 3}});
  }
  CHECK(outputs[0] == outputs[1]);
}

TEST_CASE("cells keep their state under their name; sizes follow the input where they are not given") {
  const World world;
  const BuiltModel built =
      world.build(R"({"layers": [[2, 2], {"type": "lstm", "name": "memory"}, {"type": "rnn", "size": [3, 2]}]})");
  REQUIRE(built.states.size() == 3);
  CHECK(built.states[0].name == "memory.state");
  CHECK(built.states[1].name == "memory.output");
  CHECK(built.states[2].name == "2.state");
  CHECK(built.states[0].type.shape == Shape{batch_symbol, 4});
  CHECK(built.states[0].path == "/layers/1");
  CHECK(built.layers[1].output == Shape{2, 2});
  CHECK(built.layers[2].output == Shape{3, 2});
  CHECK(built.graph.writes.size() == 3);
}

TEST_CASE("EX-06 and EX-07 with their cells have the sizes of the proposal") {
  const World world;
  const BuiltModel six =
      world.build(R"({"dataType": "fp32", "activation": "tanh", "layers": [{"name": "input", "pipes": [
      {"name": "rgb", "size": 3, "history": 2, "historyTo": ["input"]}, {"name": "coordinates", "size": 2}]},
      {"connections": "all-to-all", "type": "gru", "size": 3}, 18, 3]})");
  CHECK(parameter(six, "weights").type.shape == Shape{11, 9});
  CHECK(six.states.size() == 2);
  const BuiltModel seven = world.build(R"({"dataType": "fp32", "activation": "tanh", "layers": [
      {"name": "input", "size": 3, "history": 2, "historyTo": ["input"]}, {"type": "gru", "size": 3}, 18, 3]})");
  CHECK(parameter(seven, "weights").type.shape == Shape{9, 9});
  CHECK(seven.outputs.size() == 1);
}
