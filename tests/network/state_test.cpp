// Networks that remember: state from run to run, reset, saved and put back, lanes of a batch, activations.
#include <catch2/catch.hpp>

#include "network/seeded.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// 1 + what it gave last time + ...: the sum of all inputs so far.
const char* const summing = R"({"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false, "to": [1, 2]}, {"type": "identity"}]})";
const char* const recalling = R"({"layers": [{"name": "in", "size": 2, "history": 2}, {"type": "identity"}]})";

}  // namespace

TEST_CASE("RUN-03 state is carried from run to run, and reset forgets it") {
  for (const char* device : {"reference", "cpu"}) {
    NeuralNetwork net = NeuralNetwork::from_json(summing, {.device = device});
    net.reset();
    CHECK(net.is_stateful());
    CHECK(net.run({1})[0] == 1);
    CHECK(net.run({2})[0] == 3);
    CHECK(net.run({4})[0] == 7);
    net.reset();
    CHECK(net.run({4})[0] == 4);
    CHECK(net.run({1})[0] == 5);
  }
  NeuralNetwork plain = NeuralNetwork::from_json(R"({"layers": [2, 1]})");
  CHECK_FALSE(plain.is_stateful());
  plain.reset();
}

TEST_CASE("RUN-03 a reset forgets every state of a network") {
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"layers": [{"size": 1, "history": 1}, {"type": "identity", "history": 1}]})");
  CHECK(net.run({1}).values() == std::vector<double>{1, 0, 0, 0});
  CHECK(net.run({2}).values() == std::vector<double>{2, 1, 1, 0});
  net.reset();
  CHECK(net.run({4}).values() == std::vector<double>{4, 0, 0, 0});
}

TEST_CASE("A-18 a network recalls earlier inputs, also by run_into") {
  NeuralNetwork net = NeuralNetwork::from_json(recalling);
  CHECK(net.run({1, 2}).values() == std::vector<double>{1, 2, 0, 0, 0, 0});
  std::vector<float> output(6);
  net.run_into(std::vector<float>{3, 4}, output);
  CHECK(output == std::vector<float>{3, 4, 1, 2, 0, 0});
  CHECK(net.run({5, 6}, {.normalize = false}).values() == std::vector<double>{5, 6, 3, 4, 1, 2});
}

TEST_CASE("A-31 lanes of a batch are independent; another number of lanes starts from zeros") {
  NeuralNetwork net = NeuralNetwork::from_json(summing);
  CHECK(net.run({1, 10}).values() == std::vector<double>{1, 10});
  CHECK(net.run({2, 20}).values() == std::vector<double>{3, 30});
  CHECK(net.run({5})[0] == 5);
  CHECK(net.run({5})[0] == 10);
  CHECK(net.run({1, 1}).values() == std::vector<double>{1, 1});
}

TEST_CASE("RUN-04 a saved state goes on where it was, in another network of the same structure too") {
  NeuralNetwork net = NeuralNetwork::from_json(recalling);
  net.run({1, 2});
  net.run({3, 4});
  const std::string saved = net.get_internal_state();
  const std::vector<double> next = net.run({5, 6}).values();
  net.run({9, 9});
  net.set_internal_state(saved);
  CHECK(net.run({5, 6}).values() == next);
  NeuralNetwork other = NeuralNetwork::from_json(recalling);
  other.set_internal_state(saved);
  CHECK(other.get_internal_state() == saved);
  CHECK(other.run({5, 6}).values() == next);
  CHECK_THAT(saved, Catch::Contains(R"("path":"in.history","dataType":"fp32","dims":[1,4])"));
}

TEST_CASE("RUN-04 null resets; a new network has a state of zeros") {
  for (const char* nothing : {"", "null"}) {
    NeuralNetwork net = NeuralNetwork::from_json(summing);
    const std::string fresh = net.get_internal_state();
    net.run({3});
    CHECK(net.get_internal_state() != fresh);
    net.set_internal_state(nothing);
    CHECK(net.get_internal_state() == fresh);
    CHECK(net.run({4})[0] == 4);
  }
}

TEST_CASE("RUN-04 a state of several lanes is put back with its lanes") {
  NeuralNetwork net = NeuralNetwork::from_json(summing);
  net.run({1, 10, 100});
  const std::string saved = net.get_internal_state();
  net.run({7});
  net.set_internal_state(saved);
  CHECK(net.run({1, 1, 1}).values() == std::vector<double>{2, 11, 101});
}

TEST_CASE("ERR-26 a state that does not fit changes nothing") {
  NeuralNetwork net = NeuralNetwork::from_json(recalling);
  net.run({1, 2});
  const std::string good = net.get_internal_state();
  NeuralNetwork other = NeuralNetwork::from_json(summing);
  other.run({1});
  const std::string dims = R"("dims":[1,4])";
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {other.get_internal_state(), "STATE_MISMATCH"},
           {"{}", "STATE_MISMATCH"},
           {"7", "STATE_MISMATCH"},
           {replaced(good, "\"version\":1", "\"version\":2"), "VERSION"},
           {replaced(good, "in.history", "in.histery"), "STATE_MISMATCH"},
           {replaced(good, dims, R"("dims":[2,2])"), "STATE_MISMATCH"},
           {replaced(good, dims, R"("dims":[4])"), "STATE_MISMATCH"},
           {replaced(good, dims, R"("dims":[1,5])"), "TENSOR_JSON"},
           {replaced(good, dims, R"("dims":[4000000000,4000000000,4])"), "ELEMENTS"},
           {replaced(good, dims, R"("dims":[-1,4])"), "TENSOR_JSON"},
           {replaced(good, "fp32", "fp16"), "TENSOR_JSON"},
           {replaced(good, "\"entries\":[", "\"entries\":[1,"), "STATE_MISMATCH"}}) {
    INFO(text);
    const Error error = error_of([&] { net.set_internal_state(text); });
    if (reason != "ELEMENTS") CHECK(error.reason() == reason);
    CHECK(net.get_internal_state() == good);
  }
  CHECK_THAT(error_of([&] { net.set_internal_state(replaced(good, "in.history", "in.histery")); }).hint(),
             Catch::Contains("in.history"));
  CHECK_THROWS_AS(net.set_internal_state("{"), Error);
  const Error size = error_of([&] { net.set_internal_state(replaced(good, dims, R"("dims":[2,2])")); });
  CHECK(size.code() == Code::invalid_argument);
  CHECK(size.path() == "/entries/0/dims");
  CHECK(size.expected() == "2x4");
  CHECK(size.actual() == "2x2");
  const Error name = error_of([&] { net.set_internal_state(replaced(good, "in.history", "in.histery")); });
  CHECK(name.path() == "/entries/0/path");
  CHECK(name.actual() == "\"in.histery\"");
}

TEST_CASE("ROOT-08 weights may differ where a state is put back") {
  const std::string model = R"({"seed": SEED, "layers": [2, {"size": 3, "history": 1}, 1]})";
  NeuralNetwork a = NeuralNetwork::from_json(replaced(model, "SEED", "1")), b = NeuralNetwork::from_json(replaced(model, "SEED", "2"));
  a.run({1, 2});
  b.set_internal_state(a.get_internal_state());
  CHECK(b.get_internal_state() == a.get_internal_state());
}

TEST_CASE("a run that fails leaves the state as it was") {
  NeuralNetwork net = NeuralNetwork::from_json(summing);
  net.run({1});
  const std::string before = net.get_internal_state();
  CHECK_THROWS_AS(net.run(std::vector<double>{}), Error);
  CHECK(net.get_internal_state() == before);
  net.profile(1, 1);  // made-up samples are no memories
  CHECK(net.get_internal_state() == before);
  CHECK(net.run({1})[0] == 2);
}

TEST_CASE("RUN-05 a debug run gives what every layer computed, and counts as a run") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [{"name": "in", "size": 2}, {"size": 1, "weights": [1, 1], "bias": 1, "activation": "relu",
      "pipes": [{"size": 1, "weights": [1, -1], "bias": false}]}, {"name": "out", "size": 1, "weights": [2, 3], "bias": false, "history": 1}]})");
  const Output output = net.run({1, 2}, {.debug = true});
  REQUIRE(output.activations().size() == 4);
  const auto is = [&](std::size_t i, const char* path, const std::vector<double>& values) {
    CHECK(output.activations()[i].first == path);
    CHECK(Output(output.activations()[i].second).values() == values);
  };
  is(0, "in", {1, 2});
  is(1, "1", {4});
  is(2, "1/0", {-1});
  is(3, "out", {5});
  CHECK(output.values() == std::vector<double>{5, 0});
  CHECK(output.activations()[3].second.shape() == Shape{1});
  CHECK(net.run({1, 2}).activations().empty());
  const Output two = net.run({1, 2, 3, 4}, {.debug = true});
  CHECK(two.activations()[1].second.shape() == Shape{2, 1});
  CHECK(two.activations()[1].second.at(1) == 8);
  net.run({1, 2, 3, 4});
  // What flows is normalised, as in any other run.
  NeuralNetwork scaled = NeuralNetwork::from_json(R"({"layers": [1, {"name": "half", "size": 1, "weights": [0.5], "bias": false}],
      "io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 2], "to": [0, 1]}}}})");
  const Output seen = scaled.run({4}, {.debug = true});
  CHECK(seen.values() == std::vector<double>{1});
  CHECK(seen.activations()[1].second.at(0) == 1);
}

TEST_CASE("EX-06 and EX-07 run on every device alike") {
  for (const char* model : {R"({"dataType":"fp32","activation":"tanh","layers":[{"name":"input","pipes":[{"name":"rgb","size":3,"history":2,"historyTo":["input"]},
          {"name":"coordinates","size":2}]},{"connections":"all-to-all","type":"gru","size":3},18,3]})",
                            R"({"dataType":"fp32","activation":"tanh","layers":[{"name":"input","size":3,"history":2,"historyTo":["input"]},{"type":"gru","size":3},18,3]})",
                            R"({"layers":[3,{"type":"lstm","size":4,"peepholes":true},{"type":"lstm-n","size":3},{"type":"lstm-p","size":3},{"type":"rnn","size":2}]})"}) {
    NeuralNetwork judge = NeuralNetwork::from_json(model, {.device = "reference"}), net = NeuralNetwork::from_json(model, {.device = "cpu"});
    for (int step = 0; step < 4; ++step) {
      std::vector<double> input(2 * judge.input_size());
      for (std::size_t i = 0; i < input.size(); ++i) input[i] = 0.1 * static_cast<double>((i * 7 + static_cast<std::size_t>(step) * 3) % 11) - 0.5;
      const Output expected = judge.run(input), got = net.run(input);
      REQUIRE(expected.size() == 2 * judge.output_size());
      for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-6));
    }
    NeuralNetwork again = NeuralNetwork::from_json(net.to_json());
    again.set_internal_state(net.get_internal_state());
    const std::vector<double> next(net.input_size() * 2, 0.25);
    CHECK(again.run(next).values() == net.run(next).values());
  }
}

TEST_CASE("a description says what flows back and what is kept") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [{"name": "in", "size": 3, "history": 2, "historyTo": "in"}, {"type": "gru", "size": 3},
      {"size": 2, "pipes": [{"name": "back", "size": 4, "to": ["in", 1]}]}]})");
  const NetworkInfo info = net.info();
  CHECK(info.state_values == 6 + 3 + 4);
  CHECK_THAT(info.layers[0].note, Catch::Contains("its values of the last 2 runs to in, keeps 6 values"));
  CHECK_THAT(info.layers[1].note, Catch::Contains("keeps 3 values"));
  CHECK_THAT(info.layers[3].note, Catch::Contains("in the next run to in, layer 1, keeps 4 values"));
  CHECK_THAT(info.table, Catch::Contains("keeps 13 values from run to run"));
  CHECK_THAT(net.inspect(), Catch::Contains("in.history"));
  CHECK(NeuralNetwork::from_json("{\"layers\": [1, 1]}").info().table.find("keeps") == std::string::npos);
}

TEST_CASE("a network that remembers allocates nothing from run to run") {
  const Context context = Context::system({.threads = 1});
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [{"size": 8, "history": 3}, {"type": "gru", "size": 8}, 4]})", context);
  const std::vector<float> input(8, 0.5f);
  std::vector<float> output(4);
  for (int i = 0; i < 3; ++i) net.run_into(input, output);
  const std::size_t before = context.allocation_count();
  for (int i = 0; i < 20; ++i) net.run_into(input, output);
  net.reset();
  net.run_into(input, output);
  CHECK(context.allocation_count() == before);
}

TEST_CASE("A-16 EXP-05 layers without a size that feed themselves may have their weights in the model") {
  for (const char* model : {R"({"layers": [[2, 2, 1], {"type": "conv2d", "filters": 1, "kernelSize": 1, "name": "c", "to": ["c", 2]}, {"type": "flatten"}]})",
                            R"({"layers": [[3, 2], {"type": "recurrent", "cell": "rnn", "units": 1, "returnSequence": true, "name": "r", "to": ["r", 2]}, {"type": "flatten"}]})"}) {
    NeuralNetwork net = make(model);
    NeuralNetwork pretty = make(net.export_model({.optimize = "pretty"}));
    const std::vector<double> input(net.input_size(), 0.5);
    for (int i = 0; i < 2; ++i) CHECK(pretty.run(input).values() == net.run(input).values());
  }
  // What does not fit is told all the same, with the size that is known in the end.
  const Error error = error_of(R"({"layers": [[2, 2, 1], {"type": "conv2d", "filters": 1, "kernelSize": 1, "name": "c", "to": ["c", 2], "weights": [[[[1], [2], [3]]]]}, {"type": "flatten"}]})");
  CHECK(error.reason() == "PARAM_SIZE");
  CHECK(error.details().expected == "1x1x2x1");
}
