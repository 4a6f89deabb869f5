// Values as people write them, texts and streams for models with open dimensions.
#include <catch2/catch.hpp>

#include "support/open_runs.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/json.hpp"
#include "webai/stream.hpp"
#include "webai/values.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// [a..., b...] joined, of any lengths.
constexpr const char* joined_inputs = R"({"layers": [{"name": "a", "size": [null, 2], "pipes": [{"name": "b", "label": "other", "size": [null, 2]}]},
    {"type": "identity"}]})";

}  // namespace

TEST_CASE("A-39 IO-06 values as people write them have the lengths of their arrays") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [{"name": "x", "size": [null, 2]}, {"type": "softmax"}]})");
  const auto shape_of = [&](const std::string& text) { return network.input_of(parsed(text)).shape(); };
  CHECK(shape_of("[[1, 2], [3, 4], [5, 6]]") == Shape{3, 2});
  CHECK(shape_of(R"({"x": [[1, 2]]})") == Shape{1, 2});
  CHECK(shape_of(R"([{"x": [[[1, 2]], [[3, 4]]]}])") == Shape{2, 1, 2});
  CHECK(network.run(network.input_of(parsed("[[[1, 2], [3, 4]], [[0, 0], [1, 1]], [[9, 9], [9, 9]]]"))).tensor().shape() == Shape{3, 2, 2});
  CHECK(network.run(network.input_of(parsed("[1, 2, 3, 4]"))).tensor().shape() == Shape{2, 2});
  const auto reason = [&](const std::string& text) { return error_of([&] { network.run(network.input_of(parsed(text))); }).reason(); };
  CHECK(reason("[[1, 2], [3]]") == "INPUT_SIZE");
  CHECK(reason("[[1, 2], 3]") == "INPUT_SIZE");
  CHECK(reason("[1, [2]]") == "INPUT_SIZE");
  CHECK(reason("[]") == "INPUT_MISSING");
  CHECK(reason("[[]]") == "INPUT_MISSING");
  CHECK(reason("[[[[[[[[[1]]]]]]]]]") == "INPUT_SIZE");
  CHECK(reason(R"({"y": [[1, 2]]})") == "INPUT_UNKNOWN");
  CHECK(shape_of(R"([{"x": [[1, 2]]}, {"x": [[3, 4]]}])") == Shape{2, 1, 2});  // two samples, each by name
  CHECK(reason(R"([[1, 2], {"x": [[1, 2]]}])") == "INPUT_TWICE");
  CHECK(reason(R"({"x": {"x": 1}})") == "INPUT_NESTED");
}

TEST_CASE("A-39 several inputs with open dimensions come by name, or as one array with an item for each") {
  NeuralNetwork network = NeuralNetwork::from_json(joined_inputs);
  const auto shape_of = [&](const std::string& text) { return network.run_named(network.inputs_of(parsed(text))).tensor().shape(); };
  const Shape five = shape_of(R"({"a": [[1, 2], [3, 4]], "b": [[5, 6], [7, 8]]})");
  CHECK(shape_of("[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]") == five);
  CHECK(shape_of(R"([{"other": [[5, 6], [7, 8]]}, {"a": [[1, 2], [3, 4]]}])") == five);
  const auto reason = [&](const std::string& text) { return error_of([&] { network.run_named(network.inputs_of(parsed(text))); }).reason(); };
  CHECK(reason("[1, 2, 3, 4]") == "INPUT_SIZE");
  CHECK(reason("[[[1, 2]]]") == "INPUT_MISSING");
  CHECK(reason("[[[1, 2]], [[1, 2]], [[1, 2]]]") == "INPUT_SIZE");
  CHECK(reason(R"({"a": [[1, 2]]})") == "INPUT_MISSING");
  CHECK(reason(R"({"a": [[1, 2]], "b": [[[1, 2]]]})") == "INPUT_SIZE");  // one sample, and a batch of one
}

TEST_CASE("A-62 what runs say of tensors that come by name shows the label of an input that has one") {
  const Tensor one = Tensor::from(Context::system(), DType::fp32, Shape{1}, std::vector<double>{1});
  NeuralNetwork closed = NeuralNetwork::from_json(R"({"layers": [{"name": "a", "size": 2, "pipes": [{"name": "b", "label": "other:0", "size": 1}]}, {"type": "identity"}]})");
  NeuralNetwork open = NeuralNetwork::from_json(joined_inputs);
  const auto message = [&](NeuralNetwork& network, const std::vector<std::pair<std::string, Tensor>>& given) {
    return error_of([&] { network.run_named(given); }).message();
  };
  const Tensor two = Tensor::from(Context::system(), DType::fp32, Shape{2}, std::vector<double>{1, 2}), row = two.reshaped(Shape{1, 2});
  CHECK(message(closed, {{"a", two}}) == "run: there is no value for input \"other:0\"");
  CHECK(message(closed, {{"b", one}}) == "run: there is no value for input \"a\"");
  CHECK(message(closed, {{"a", two}, {"b", one}, {"other:0", one}}) == "run: the input \"other:0\" is given twice");
  CHECK(message(closed, {{"a", two}, {"b", two}}) == "run: the input \"other:0\" has 2 values");
  CHECK(message(open, {{"a", row}, {"b", one}}).find("the input \"other\" takes values") == 0);
  CHECK(message(open, {{"a", row}, {"b", Tensor(Context::system(), DType::fp32, Shape{0, 2})}}).find("of the input \"other\" has no values") != std::string::npos);
}

TEST_CASE("A-39 samples with texts, names and labels train a model with open dimensions") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [{"name": "x", "size": [null, 1, 1]}, {"type": "globalAveragePool2d"}, {"size": 2, "activation": "softmax"}],
    "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["down", "up"]}}}})");
  const Dataset data = Dataset::json(parsed(R"([[{"x": [[[1]], [[2]], [[3]]]}, "up"], [{"x": [[[-1]], [[-2]], [[0]]]}, "down"], {"input": [[[2]], [[2]], [[5]]], "output": "up"}])"));
  network.train(data, R"({"maxIterations": 50, "learningRate": 0.3})");
  CHECK(network.verify(data).accuracy == 1.0);
  CHECK(network.run(network.input_of(parsed("[[[4]], [[3]]]"))).label() == "up");
  const Error uneven = error_of([&] { network.verify(Dataset::json(parsed(R"([[{"x": [[[1]], [[2]]]}, "up"], [{"x": [[[1]]]}, "down"]])"))); });
  CHECK(uneven.path().find("/1") != std::string::npos);
  // Outputs as long as the input.
  NeuralNetwork same = NeuralNetwork::from_json(R"({"layers": [{"name": "x", "size": [null, 2]}, {"type": "identity"}]})");
  CHECK(same.verify(Dataset::json(parsed(R"([[{"x": [[1, 2], [3, 4]]}, [[1, 2], [3, 4]]]])"))).error == 0);
  CHECK(error_of([&] { same.verify(Dataset::json(parsed(R"([[{"x": [[1, 2], [3, 4]]}, [[1, 2]]]])"))); }).code() == Code::shape_mismatch);
}

TEST_CASE("A-39 A-64 texts of any length are the tokens of an open input") {
  const std::string io = R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "padding": "a"}}}})";
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [{"type": "input", "size": [null]}, {"type": "embedding", "outputDim": 3}, {"type": "reshape", "size": [null, 1, 3]}, {"type": "globalAveragePool2d"}, 2], )" + io);
  CHECK(network.input_of(Json::text("abcab")).shape() == Shape{5});
  CHECK(network.run(network.input_of(Json::text("abcab"))).tensor().shape() == Shape{2});
  const Tensor batch = network.input_of(parsed(R"(["abc", "b"])"));
  CHECK(as_numbers(batch) == std::vector<double>{0, 1, 2, 0, 0, 1});  // filled up in front
  CHECK(network.run(batch).tensor().shape() == Shape{2, 2});
  CHECK(error_of([&] { network.input_of(Json::text("")); }).reason() == "INPUT_SIZE");
  CHECK(error_of([&] { network.input_of(Json::text("abx")); }).reason() == "TEXT_UNMAPPED");
  // Each as a row of its own.
  NeuralNetwork rows = NeuralNetwork::from_json(R"({"layers": [{"type": "input", "size": [null, 3]}, {"type": "identity"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}}}})");
  CHECK(rows.run(rows.input_of(Json::text("ca"))).values() == std::vector<double>{0, 0, 1, 1, 0, 0});
  CHECK(rows.run(counted({4, 3}), {.normalize = false}).tensor().shape() == Shape{4, 3});
  CHECK(error_of([&] { rows.input_of(parsed(R"(["abc", "b"])")); }).hint().find("padding") != std::string::npos);
}

TEST_CASE("A-68 A-39 a stream of a model with open dimensions runs each sample of a batch, each with its length") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, 2], {"type": "softmax"}]})");
  const Tensor steps = counted({3, 4, 2});
  const std::vector<double> all = network.run(steps).values();
  std::vector<double> streamed;
  std::size_t count = 0;
  for (const StreamItem& item : network.run_stream(steps, {})) {
    CHECK(item.output.tensor().shape() == Shape{4, 2});
    for (const double value : item.output.values()) streamed.push_back(value);
    ++count;
  }
  CHECK(count == 3);
  CHECK(streamed == all);
  count = 0;
  for (const StreamItem& item : network.run_stream(counted({5, 2}), {})) count += item.output.tensor().shape() == Shape{5, 2};
  CHECK(count == 1);
  CHECK(error_of([&] { network.run_stream(counted({5, 3}), {}); }).reason() == "INPUT_SIZE");
  // The states of an iterator, step by step.
  NeuralNetwork iterated = NeuralNetwork::from_json(R"({"layers": [{"name": "in", "size": [null, 2]}, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"type": "softmax", "to": "x"}]}}]})");
  std::vector<Tensor> states;
  for (const StreamItem& item : iterated.run_stream(counted({4, 2}), {})) states.push_back(item.output.tensor());
  REQUIRE(states.size() == 3);
  CHECK(states.front().shape() == Shape{4, 2});
  CHECK(as_numbers(states.front()) == network.run(counted({4, 2})).values());
  CHECK(as_numbers(states.back()) == iterated.run(counted({4, 2})).values());
}

TEST_CASE("A-68 A-39 with an open input each token that is drawn follows from all before it, up to the hinted max") {
  // The mean of all tokens' rows decides: a comes after more b, b after more a.
  const auto model = [](const std::string& hints) {
    return R"({"layers": [{"type": "input", "size": [null])" + hints + R"(}, {"type": "embedding", "outputDim": 2, "weights": [[1, 0], [0, 1]]}, {"type": "reshape", "size": [null, 1, 2]},
      {"type": "globalAveragePool2d"}, {"size": 2, "weights": [[0, 9], [9, 1]], "bias": 0, "activation": "softmax"}],
      "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab"}}, "output": {"denormalize": "lookup"}}})";
  };
  const auto written = [&](const std::string& hints, const std::string& prompt, std::uint64_t steps) {
    const NeuralNetwork network = NeuralNetwork::from_json(model(hints));
    GenerateOptions options;
    options.steps = steps;
    options.temperature = 0;
    std::string text;
    for (const StreamItem& item : network.run_stream(Json::text(prompt), {.run = {}, .generate = options, .stop = {}})) text += item.token;
    return text;
  };
  // What is drawn by hand: b where 9a + b > 9b.
  const auto expected = [](std::string text, std::size_t steps, std::size_t most) {
    std::string drawn;
    for (std::size_t i = 0; i < steps; ++i) {
      const std::string seen = text.substr(text.size() > most ? text.size() - most : 0);
      const auto a = std::count(seen.begin(), seen.end(), 'a'), b = std::count(seen.begin(), seen.end(), 'b');
      const char next = 9 * a + b > 9 * b ? 'b' : 'a';
      text += next;
      drawn += next;
    }
    return drawn;
  };
  CHECK(written("", "aaab", 12) == expected("aaab", 12, 1000));
  CHECK(written(R"(, "shapeHints": {"dim_0": {"max": 3}})", "bba", 12) == expected("bba", 12, 3));
  CHECK(written(R"(, "shapeHints": {"dim_0": {"max": 3}})", "aaab", 9) == expected("aaab", 9, 3));
  // Without drawing, each step sees what came so far.
  const NeuralNetwork network = NeuralNetwork::from_json(model(""));
  NeuralNetwork same = network;
  std::vector<std::vector<double>> steps;
  for (const StreamItem& item : network.run_stream(Json::text("abb"), {})) steps.push_back(item.output.values());
  REQUIRE(steps.size() == 3);
  CHECK(steps[1] == same.run(same.input_of(Json::text("ab"))).values());
  CHECK(steps[2] == same.run(same.input_of(Json::text("abb"))).values());
  CHECK(error_of([&] { network.run_stream(Json::text(""), {}); }).reason() == "INPUT_SIZE");
}
