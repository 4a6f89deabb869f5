// Minify writes nets as layers of the model around them, and nothing that is computed changes.
#include <catch2/catch.hpp>

#include "support/contexts.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Minified once more it stays; three runs give the same bits (nets may remember). Returns the text.
std::string check_merged(const std::string& model, bool merges = true) {
  INFO(model);
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(model, context, {.device = "reference"});
  const std::string text = net.export_model({.optimize = "minify"});
  INFO(text);
  CHECK((text.find("\"net\"") == std::string::npos) == merges);
  NeuralNetwork again = NeuralNetwork::from_json(text, context, {.device = "reference"});
  CHECK(again.export_model({.optimize = "minify"}) == text);
  CHECK(again.input_size() == net.input_size());
  std::vector<double> input(net.input_size() * 2);
  for (int run = 0; run < 3; ++run) {
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<double>((i * 7 + static_cast<std::size_t>(run) * 5) % 11) / 5 - 1;
    CHECK(same_bits(net.run(input).tensor(), again.run(input).tensor()));
  }
  return text;
}

}  // namespace

TEST_CASE("M-NET-06 EXP-04 minify merges nets into one, with the same bits") {
  check_merged(R"({"activation": "relu", "layers": [8, 8,
    {"type": "net", "net": {"activation": "relu", "layers": [8, 8, 8], "setup": {"data": "", "instructions": ""}}},
    {"type": "net", "net": {"activation": "tanh", "layers": [8, 8, 8]}}]})");
  // The root's activation does not reach into a net, and a net's not out of it.
  check_merged(
      R"({"activation": "tanh", "layers": [3, {"type": "net", "net": {"layers": [3, 4, {"type": "gru", "size": 2}]}}, 2]})");
  check_merged(
      R"({"layers": [3, {"type": "net", "net": {"activation": "sigmoid", "type": "gru", "layers": [3, 4, 2]}}, 2]})");
  // Nets in nets, on the first layer too; data of their own; another shape of the input.
  check_merged(
      R"({"layers": [{"type": "net", "net": {"layers": [3, {"type": "net", "net": {"layers": [3, 2]}}, 4]}}, 2]})");
  check_merged(R"({"layers": [2, {"type": "net", "net": {"layers": [2, 1], "setup": {"data": [1, 2, 3]}}}, 1]})");
  check_merged(
      R"({"layers": [16, {"type": "net", "net": {"layers": [[4, 4, 1], {"type": "conv2d", "filters": 2, "kernelSize": 3}, {"type": "flatten"}, 3]}}, 2]})");
  // Names that stand twice, routes by name and by number over and into nets, memory inside.
  check_merged(R"({"layers": [{"name": "a", "size": 2}, {"name": "b", "size": 2, "to": [2, 4]},
    {"name": "n", "type": "net", "net": {"layers": [{"name": "a", "size": 2}, {"name": "b", "size": 3, "to": ["b", 2]}, {"name": "c", "size": 2}]}},
    {"size": 2, "pipes": [{"size": 1, "to": 4}]}, {"size": 2, "history": 1}]})");
  check_merged(
      R"({"layers": [2, {"size": 2, "to": "n"}, {"name": "n", "type": "net", "to": [3, 4], "net": {"layers": [2, {"size": 2, "pipes": [{"size": 3, "name": "p"}]}, 2]}}, 3, 2]})");
  check_merged(
      R"({"layers": [3, {"size": 2, "pipes": [{"size": 1, "to": ["n.input", 3]}]}, {"name": "n", "type": "net", "net": {"layers": [3, 4, 2]}}, 2]})");
  check_merged(
      R"({"layers": [2, {"name": "n", "type": "net", "net": {"layers": [2, 3, 2]}}, 2], "outputs": [{"name": "x", "pipeFrom": "n"}, {"name": "y", "pipeFrom": "2"}]})");
  check_merged(
      R"({"layers": [2, {"type": "net", "net": {"layers": [2, 3, 2]}}, {"size": 2, "bias": {"pipeFrom": "1"}}, {"size": 1, "pipeFrom": "2"}, {"type": "tanh", "pipeFrom": "3"}]})");
  check_merged(
      R"({"layers": [2, {"name": "n", "type": "net", "net": {"layers": [2, 3, 2]}}, 2], "outputs": [{"name": "x", "pipeFrom": "n"}]})");
}

TEST_CASE("M-NET-06 what cannot be merged stays a net") {
  check_merged(
      R"({"layers": [2, {"type": "net", "share": "s", "net": {"layers": [2, 2]}}, {"type": "net", "share": "s", "net": {"layers": [2, 2]}}]})",
      false);
  check_merged(R"({"layers": [2, {"type": "net", "activation": "tanh", "net": {"layers": [2, 2]}}]})", false);
  check_merged(
      R"({"layers": [2, {"type": "net", "net": {"layers": [{"name": "in", "size": 2}, {"size": 2, "to": ["in", 2]}, 1]}}, 1]})",
      false);
  check_merged(R"({"layers": [2, {"type": "net", "net": {"layers": [2, {"size": 2, "pipes": [1]}]}}, 1]})", false);
  check_merged(R"({"layers": [2, {"type": "net", "net": {"layers": [2, 2, {"type": "dropout"}, 1]}}, 1]})", false);
  // Left to chance, weights depend on where they stand.
  const Context context = one_thread();
  NeuralNetwork net =
      NeuralNetwork::from_json(R"({"layers": [2, {"type": "net", "net": {"layers": [2, 2]}}]})", context);
  CHECK(net.export_model({.setup_data_as = "given", .optimize = "minify"}).find("\"net\"") != std::string::npos);
}
