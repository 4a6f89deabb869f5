// Which names minify leaves, inside of nets and out, and which flows go by them.
#include <catch2/catch.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/contexts.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

NeuralNetwork built_alone(const std::string& model) {
  return NeuralNetwork::from_json(model, one_thread(), {.device = "reference"});
}

/// Minified once it computes the same bits in three runs, minified twice it is the same text.
std::string minified_alike(const std::string& model, const std::string& setup_data_as = "given") {
  INFO(model);
  const ExportOptions form = {.setup_data_as = setup_data_as, .optimize = "minify"};
  NeuralNetwork net = built_alone(model);
  const std::string text = net.export_model(form);
  INFO(text);
  NeuralNetwork again = built_alone(text);
  CHECK(again.export_model(form) == text);
  std::vector<double> input(net.input_size());
  for (int run = 0; run < 3; ++run) {
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<double>((i * 5 + static_cast<std::size_t>(run)) % 7) / 4 - 1;
    CHECK(same_bits(net.run(input).tensor(), again.run(input).tensor()));
  }
  return text;
}

std::vector<std::string> port_names(const std::vector<PortInfo>& ports) {
  std::vector<std::string> list;
  for (const PortInfo& port : ports) list.push_back(port.name);
  return list;
}

}  // namespace

TEST_CASE("EXP-04 minify drops names inside nets that nothing says, with what tools keep there") {
  CHECK(
      minified_alike(
          R"({"layers": [2, {"type": "net", "share": "s", "net": {"meta": 1, "layers": [{"name": "given", "size": 2}, {"name": "a", "size": 3, "x-note": 1},
          {"name": "b", "size": 2, "activation": "tanh", "label": "B"}]}}, {"type": "net", "share": "s", "net": {"layers": [2, 3, {"size": 2, "activation": "tanh"}]}}]})") ==
      R"({"webai":1,"layers":[2,{"type":"net","share":"s","net":{"layers":[2,3,{"size":2,"activation":"tanh"}]}},)"
      R"({"type":"net","share":"s","net":{"layers":[2,3,{"size":2,"activation":"tanh"}]}}]})");
  // Flows by name, pulls, ends of pipes, what an iterator says of the layers of its net, a net in a net.
  CHECK(
      minified_alike(
          R"({"layers": [2, {"type": "net", "share": "s", "net": {"layers": [2, {"name": "a", "size": 2, "to": ["c", "b"]}, {"name": "b", "size": 2},
          {"name": "c", "size": 2, "bias": {"pipeFrom": "a"}}]}}]})") ==
      R"({"webai":1,"layers":[2,{"type":"net","share":"s","net":{"layers":[2,{"name":"a","size":2,"to":["c","b"]},{"name":"b","size":2},)"
      R"({"name":"c","size":2,"bias":{"pipeFrom":"a"}}]}}]})");
  const std::string loop = minified_alike(
      R"({"layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": 3, "until": "done", "state": [{"name": "x", "size": 1}], "net": {"layers": [
      {"name": "given", "size": 2, "to": "next"}, {"name": "old", "type": "tanh", "pipeFrom": "x", "to": "next"}, {"name": "next", "size": 1, "to": ["x", "done"]},
      {"name": "done", "size": 1, "to": []}]}}]})");
  CHECK(loop.find("\"given\"") == std::string::npos);
  CHECK(loop.find("\"old\"") == std::string::npos);
  CHECK(loop.find(R"("name":"next")") != std::string::npos);
  CHECK(loop.find(R"("name":"done")") != std::string::npos);
}

TEST_CASE(
    "EXP-04 minify keeps names inside nets by which values are bound: those of the model's inputs, those around "
    "alike") {
  const std::string first = minified_alike(
      R"({"layers": [{"type": "net", "share": "s", "net": {"layers": [{"pipes": [{"name": "x", "size": 1}, {"name": "y", "size": 2, "label": "Y:2"}]}, {"name": "n", "size": 2}]}}]})");
  CHECK(first.find(R"("name":"x")") != std::string::npos);
  CHECK(first.find(R"("label":"Y:2")") != std::string::npos);
  CHECK(first.find(R"("name":"n")") == std::string::npos);
  // In a net, what flows into another net in the other order.
  const std::string inner = minified_alike(
      R"({"layers": [3, {"type": "net", "share": "s", "net": {"layers": [{"pipes": [{"name": "one", "size": 1}, {"name": "two", "size": 2}]},
      {"type": "net", "net": {"layers": [{"pipes": [{"name": "two", "size": 2}, {"name": "one", "size": 1}]}, {"name": "n", "size": 2}]}}]}}]})");
  CHECK(inner.find(R"("pipes":[{"name":"two","size":2},{"name":"one","size":1}])") != std::string::npos);
  // In the model around: there the flow says it.
  const std::string outer = minified_alike(
      R"({"layers": [2, {"pipes": [{"name": "one", "size": 1}, {"name": "two", "size": 2}]}, {"type": "net", "share": "s", "net": {"layers": [
      {"pipes": [{"name": "two", "size": 2}, {"name": "one", "size": 1}]}, {"name": "n", "size": 2}]}}]})");
  CHECK(outer.find(R"("to":"output.one")") != std::string::npos);
}

TEST_CASE("A-51 EXP-04 minify leaves inputs and outputs without names the ones that they go by") {
  for (
      const std::string model :
      {R"({"layers": [2, {"size": 2, "pipeFrom": "0"}, {"size": 3, "pipeFrom": "0"}]})",
       R"({"layers": [2, {"size": 2, "pipes": [{"size": 3, "to": "shift"}]}, {"size": 3, "bias": "shift"}]})",
       R"({"layers": [2, {"size": 2, "pipes": [{"size": 3, "to": "shift"}]}, {"size": 3, "bias": "shift", "history": 1, "pipes": [1, {"name": "p", "size": 2}]}]})",
       R"({"layers": [{"size": 1, "pipes": [3]}, {"size": 3, "bias": {"pipeFrom": "0/0"}, "weights": {"pipeFrom": "2"}}, {"size": 12, "pipeFrom": "0"}]})"}) {
    INFO(model);
    NeuralNetwork net = built_alone(model), again = built_alone(minified_alike(model));
    CHECK(port_names(again.inputs()) == port_names(net.inputs()));
    CHECK(port_names(again.outputs()) == port_names(net.outputs()));
  }
}

TEST_CASE("EXP-04 minify names no layer that only what is gone pulls") {
  CHECK(
      minified_alike(
          R"({"layers": [2, {"name": "a", "size": 2, "pipes": [{"size": 2, "bias": {"pipeFrom": "a"}, "to": []}]}, 1]})",
          "array")
          .starts_with(R"({"webai":1,"layers":[2,2,1],"setup")"));
}

TEST_CASE("EXP-04 minify keeps the pull of a layer of which only pipes are left") {
  CHECK(
      minified_alike(
          R"({"layers": [2, {"name": "x", "size": 3}, {"size": 4, "to": 4}, {"size": 2, "pipeFrom": "x", "to": [], "pipes": [5]}, 1]})",
          "array")
          .find(R"({"pipeFrom":"a","pipes":[5]})") != std::string::npos);
  CHECK(minified_alike(
            R"({"layers": [2, {"name": "x", "size": 3}, {"size": 4, "to": 4}, {"pipeFrom": "x", "pipes": [5, 6]}, 1]})")
            .find(R"({"pipeFrom":"a","pipes":[5,6]})") != std::string::npos);
}

TEST_CASE("EXP-04 EXP-08 a start by chance is written where it is that of another layer of its form, which is gone") {
  // Without the layer "unused" the last one would begin as that did.
  minified_alike(R"({"layers": [2, {"size": 2, "to": [2, 3]}, {"name": "unused", "size": 2, "to": []}, 2]})");
  minified_alike(R"({"layers": [2, {"size": 2}, {"name": "unused", "size": 2, "to": [], "pipes": [{"size": 2}]}, 1]})");
}

TEST_CASE("A-51 EXP-04 what ends in a net without a name keeps an output without one, also where the net's last layer is named") {
  const std::string model = R"({"layers": [2, {"type": "net", "net": {"layers": [2, {"size": 2, "to": ["left", "right"]},
      {"name": "left", "size": 2, "to": "right"}, {"name": "right", "size": 3}]}}]})";
  const std::string text = minified_alike(model, "base64");
  CHECK(port_names(built_alone(text).outputs()) == port_names(built_alone(model).outputs()));
  CHECK(text.find("\"right\"") == std::string::npos);
}

TEST_CASE("EXP-04 minify drops a history of which nothing is left, also in front of a layer that pulls") {
  const std::string text = minified_alike(R"({"layers": [2, {"pipes": [{"size": 2, "history": 1, "historyTo": ["gone"], "to": ["a", "b"]}]},
      {"name": "a", "pipeFrom": "0", "size": 2}, {"name": "gone", "size": 1, "to": []}, {"name": "b", "size": 2}]})", "base64");
  CHECK(text.find("history") == std::string::npos);
}

TEST_CASE("A-51 EXP-04 minify says where the history of a layer goes that becomes the last one") {
  // On the last layer a history without `historyTo` is none of what comes back by `to`.
  for (const std::string model :
       {R"({"layers": [4, {}, {"name": "a", "size": 1, "history": 1, "to": [2, 3]}, {}], "outputs": [{"pipeFrom": "a"}]})",
        R"({"layers": [2, {"name": "a", "size": 2, "history": 2, "to": ["a"], "pipes": [{"name": "p", "size": 1, "history": 1, "to": ["a"]}]}, {"pipeFrom": "a", "size": 3}],
            "outputs": [{"pipeFrom": "a"}]})",
        R"({"layers": [2, {"name": "a", "size": 2, "history": 1}, 3], "outputs": [{"pipeFrom": "a"}]})"})
    minified_alike(model, "base64");
  CHECK(minified_alike(R"({"layers": [2, {"name": "a", "size": 1, "history": 1, "to": [1, 2]}, 1], "outputs": [{"pipeFrom": "a"}]})", "base64")
            .find(R"("to":1,"historyTo":1,"history":1)") != std::string::npos);
}

TEST_CASE("A-51 EXP-08 rules of io stay with their outputs where names of inputs and outputs go") {
  const auto to = [](const char* end) { return R"({"denormalize": {"type": "rescale-linear", "to": [0, )" + std::string(end) + "]}}"; };
  const auto layers = [](const std::string& list, const std::string& rules) { return R"({"io": {)" + rules + R"(}, "layers": [)" + list + "}"; };
  const auto outputs = [&](const std::string& rules) { return R"("output": {)" + rules + "}"; };
  const std::string two = R"(2, {"name": "b", "size": 2}, {"name": "a", "size": 2}], "outputs": )";
  for (const std::string& model :
       {layers(R"(2, {"name": "o", "size": 2}], "outputs": [{"name": "o", "pipeFrom": "o"}])", outputs(R"("o": )" + to("100"))),
        layers(R"(2, {"name": "o", "size": 2}], "outputs": [{"name": "far", "pipeFrom": "o"}])", outputs(R"("far": )" + to("100"))),
        layers(two + R"([{"name": "b", "pipeFrom": "b"}, {"name": "a", "pipeFrom": "a"}])", outputs(R"("b": )" + to("100") + R"(, "a": )" + to("10"))),
        layers(two + R"([{"name": "b", "pipeFrom": "a"}, {"name": "a", "pipeFrom": "b"}])", outputs(R"("b": )" + to("100") + R"(, "a": )" + to("10"))),
        layers(two + R"([{"name": "x", "label": "a", "pipeFrom": "b"}, {"name": "y", "pipeFrom": "a"}])", outputs(R"("a": )" + to("100"))),
        layers(two + R"([{"name": "0", "pipeFrom": "b"}, {"name": "y", "pipeFrom": "a"}])", outputs(R"("0": )" + to("100"))),
        layers(two + R"([{"name": "y", "pipeFrom": "b"}, {"name": "0", "pipeFrom": "a"}])", outputs(R"("0": )" + to("100"))),
        // An input that is called as an output is, a layer that is called as a foreign name is.
        layers(R"({"name": "o", "size": 2}, {"name": "b", "size": 2}], "outputs": [{"name": "o", "pipeFrom": "b"}])",
               R"("input": {"o": {"normalize": {"type": "rescale-linear", "from": [0, 4]}}}, )" + outputs(R"("o": )" + to("100"))),
        layers(R"({"size": 2, "label": "a", "pipes": [{"name": "b", "size": 2}]}, {"name": "a", "size": 2, "to": 2}, 2])",
               R"("input": {"b": {"normalize": {"type": "rescale-linear", "from": [0, 4]}}, "a": {"normalize": {"type": "rescale-linear", "from": [0, 3]}}})"),
        layers(R"(2, {"size": 2, "label": "a", "pipes": [{"name": "other", "size": 2}]}])", outputs(R"("a": )" + to("100") + R"(, "other": )" + to("10"))),
        layers(R"(2, {"name": "o", "size": 2, "history": 1}])", outputs(R"("o.history": )" + to("100")))})
    for (const bool keep : {true, false}) {
      INFO(model);
      const ExportOptions form = {.optimize = "minify", .keep_names = keep};
      NeuralNetwork net = built_alone(model);
      const std::string text = net.export_model(form);
      INFO(text);
      NeuralNetwork again = built_alone(text);
      CHECK(again.export_model(form) == text);
      const std::vector<double> input = {0.5, 2, 1, -1};
      const std::span<const double> given = std::span(input).first(net.input_size());
      CHECK(again.run(given).values() == net.run(given).values());
    }
}

TEST_CASE("EXP-08 names of outputs of the root go unless io has rules for them or keepNames says so") {
  std::vector<std::pair<std::string, std::string>> renamed;
  NeuralNetwork net = built_alone(R"({"layers": [2, {"name": "h", "size": 2}], "outputs": [{"name": "first", "label": "F", "pipeFrom": "h"}, {"pipeFrom": "0"}]})");
  CHECK(net.export_model({.setup_data_as = "given", .optimize = "minify", .keep_names = false}, &renamed) ==
        R"({"webai":1,"layers":[{"name":"a","size":2},{"name":"b","size":2}],"outputs":[{"pipeFrom":"b"},{"pipeFrom":"a"}]})");
  CHECK(renamed == std::vector<std::pair<std::string, std::string>>{{"h", "b"}, {"first", ""}});
  CHECK(net.export_model({.setup_data_as = "given", .optimize = "minify"}).find(R"({"name":"first","label":"F","pipeFrom":)") != std::string::npos);
}
