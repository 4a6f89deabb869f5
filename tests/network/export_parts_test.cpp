// Parts of a model whose ends have to be told: the first one gives just what crosses the cut, the second one speaks as
// the whole does.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "support/contexts.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

NeuralNetwork built_alone(const std::string& model) { return NeuralNetwork::from_json(model, one_thread(), {.device = "reference"}); }

Tensor raw_outputs(NeuralNetwork& net, const Tensor& input) { return net.run(input, {.denormalize = false}).tensor(); }

/// Cut behind layer `last` the halves compute in three runs what the whole does. Answers the first half.
std::string halves_alike(const std::string& model, int last, const std::string& optimize) {
  const std::string upto = std::to_string(last), from = std::to_string(last + 1);
  NeuralNetwork whole = built_alone(model);
  const std::string text = whole.export_model({.setup_data_as = "array", .optimize = optimize, .upto = upto});
  INFO(model << "\n" << optimize << " " << text);
  NeuralNetwork front = built_alone(text), back = built_alone(whole.export_model({.optimize = optimize, .from = from}));
  CHECK(front.output_size() == back.input_size());
  std::vector<double> input(whole.input_size());
  for (int run = 0; run < 3; ++run) {
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<double>((i * 5 + static_cast<std::size_t>(run)) % 7) / 4 - 1;
    const Tensor given = Tensor::from(whole.context(), whole.number_type(), Shape{static_cast<std::int64_t>(input.size())}, input);
    CHECK(same_bits(raw_outputs(back, raw_outputs(front, given)), raw_outputs(whole, given)));
  }
  return text;
}

}  // namespace

TEST_CASE("A-50 EXP-06 the first part of a cut gives what crosses it, and nothing beside") {
  for (const std::string optimize : {"", "minify", "pretty"}) {
    // Own values that only go back, a layer behind that pulls one of several, a history that goes nowhere there.
    halves_alike(R"({"layers": [3, {"type": "lstm-p", "size": 1, "pipes": [{"size": 1}], "to": [0]}, {"type": "softmax"}]})", 1, optimize);
    halves_alike(R"({"layers": [3, {"name": "a", "size": 1, "pipes": [{"size": 1}]}, {"pipeFrom": "a", "size": 2}]})", 1, optimize);
    halves_alike(R"({"layers": [3, {"name": "a", "size": 2, "pipes": [{"size": 1}, 2]}, {"pipeFrom": "1/1", "size": 2}]})", 1, optimize);
    halves_alike(R"({"layers": [4, {"name": "a", "type": "softplus", "history": 3}, {"type": "batchNorm", "pipeFrom": "a"}]})", 1, optimize);
    halves_alike(R"({"layers": [2, {"name": "a", "size": 2, "history": 1, "to": ["a"]}, {"pipeFrom": "a", "size": 3}]})", 1, optimize);
    halves_alike(R"({"layers": [2, {"name": "a", "size": 2, "to": ["a"], "pipes": [{"size": 1, "to": "b"}, {"size": 1, "to": []}]}, {"name": "b", "size": 3}]})", 1, optimize);
    // Of several dimensions they are joined as in the model.
    halves_alike(R"({"layers": [[2, 2, 1], {"type": "conv2d", "filters": 2, "kernelSize": 1, "pipes": [{"type": "conv2d", "filters": 1, "kernelSize": 1}]}, {"type": "flatten"}, 2]})", 1, optimize);
  }
  // A layer that gives just that is the last one.
  CHECK(halves_alike(R"({"layers": [2, {"size": 2, "pipes": [1]}, 1]})", 1, "minify").find("identity") == std::string::npos);
}

TEST_CASE("A-50 EXP-06 pulls of pipes by number move with their layers") {
  NeuralNetwork whole = built_alone(R"({"layers": [2, 3, {"size": 2, "pipes": [{"size": 1}, 2]}, {"pipeFrom": "2/0", "size": 2}]})");
  NeuralNetwork front = built_alone(whole.export_model({.upto = "1"})), back = built_alone(whole.export_model({.from = "2"}));
  const Tensor input = Tensor::from(whole.context(), DType::fp32, Shape{2}, std::vector<double>{0.5, -1});
  CHECK(same_bits(raw_outputs(back, raw_outputs(front, input)), raw_outputs(whole, input)));
}

TEST_CASE("EXP-06 IO-05 outputs of a part have the vocabulary that they shared with an input which is not in it") {
  const auto check = [](const std::string& vocabulary, const std::string& lookup, const std::string& output) {
    const std::string model = R"({"io": {"input": {"normalize": {"type": "lookup", "vocabulary": )" + vocabulary + R"(}}, "output": )" + output + R"(},
        "layers": [3, {"type": "embedding", "outputDim": 2}, {"type": "flatten"}, {"size": 5, "activation": "tanh"}, {"name": "o", "size": 4, "activation": "softmax"}]})";
    NeuralNetwork whole = built_alone(model);
    for (const std::string optimize : {"", "minify", "pretty"})
      for (const char* from : {"1", "3", "4"}) {
        const std::string text = whole.export_model({.optimize = optimize, .from = from});
        INFO(text);
        CHECK(built_alone(text).labels() == whole.labels());
        CHECK(whole.labels().size() == 4);
        if (optimize.empty()) CHECK(text.find(lookup) != std::string::npos);
      }
  };
  check(R"("abcd")", R"({"type":"lookup","vocabulary":"abcd"})", R"({"denormalize": {"type": "lookup"}})");
  check(R"("abcd")", R"({"type":"lookup","vocabulary":"abcd"})", R"({"o": {"denormalize": ["lookup"]}})");
  check(R"(["to", "be", "or", "not"], "level": "character", "unknown": "or", "oneHot": false, "padding": "to")",
        R"({"type":"lookup","vocabulary":["to","be","or","not"],"level":"character","unknown":"or","padding":"to"})",
        R"({"normalize": "lookup", "denormalize": {"type": "chain", "steps": [{"type": "lookup"}]}})");
}
