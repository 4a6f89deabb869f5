// Models whose inputs have open dimensions: null in a size, a length that each run brings.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

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

// The mean over pictures of any size, of one filter of ones and a bias; then two neurons.
constexpr const char* pictures = R"({"layers": [
    {"name": "picture", "size": [null, null, 1]},
    {"name": "filter", "type": "conv2d", "filters": 2, "kernelSize": 3, "padding": "same", "activation": "tanh"},
    {"type": "maxPool2d"},
    {"type": "globalAveragePool2d"},
    {"size": 2, "activation": "softmax"}]})";

// The model with numbers for its nulls, weights and all.
NeuralNetwork fixed(NeuralNetwork& open, const std::string& model, std::vector<std::string> lengths) {
  std::string text = model;
  for (const std::string& length : lengths) text.replace(text.find("null"), 4, length);
  NeuralNetwork network = NeuralNetwork::from_json(text);
  for (const auto& [name, tensor] : open.parameters()) network.set_parameter(name, tensor);
  return network;
}

}  // namespace

TEST_CASE("A-39 M-PROP-08 a null is bound by each run: the same as a model of that size") {
  NeuralNetwork open = NeuralNetwork::from_json(pictures);
  CHECK(open.has_open_dimensions());
  CHECK(open.input_shape() == Shape{Dimension::symbol(1), Dimension::symbol(2), 1});
  CHECK(open.input_size() == 0);
  CHECK(open.output_shape() == Shape{2});
  CHECK(open.output_size() == 2);
  for (const auto& [rows, columns] : {std::pair(8, 6), std::pair(5, 9), std::pair(2, 2), std::pair(8, 6)}) {
    NeuralNetwork same = fixed(open, pictures, {std::to_string(rows), std::to_string(columns)});
    const Tensor one = counted({rows, columns, 1});
    CHECK(open.run(one).tensor().shape() == Shape{2});
    CHECK(open.run(one).values() == same.run(one).values());
    const Tensor batch = counted({3, rows, columns, 1});
    CHECK(open.run(batch).tensor().shape() == Shape{3, 2});
    CHECK(open.run(batch).values() == same.run(batch).values());
  }
  // A layer behind the inputs may say as well that its dimensions are open, each of them.
  NeuralNetwork said = NeuralNetwork::from_json(R"({"layers": [[null, null, 2], {"type": "relu", "size": [null, null, 2]}]})");
  CHECK(said.run(counted({2, 3, 2})).tensor().shape() == Shape{2, 3, 2});
  CHECK(said.run(counted({5, 1, 2})).tensor().shape() == Shape{5, 1, 2});
}

TEST_CASE("A-39 what comes out is as long as what came in") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, 3], {"type": "softmax"}, {"type": "reshape", "size": [3, null]}]})");
  CHECK(network.output_shape().rank() == 2);
  CHECK(network.output_shape().dim(0) == Dimension(3));
  CHECK(network.output_shape().dim(1) == Dimension::symbol(1));
  CHECK(network.output_size() == 0);
  CHECK(network.run(counted({4, 3})).tensor().shape() == Shape{3, 4});
  CHECK(network.run(counted({2, 5, 3})).tensor().shape() == Shape{2, 3, 5});
  CHECK(network.run({1, 2, 3, 4, 5, 6}).tensor().shape() == Shape{3, 2});  // values in a row settle one open dimension
  const Output debug = network.run(counted({7, 3}), {.debug = true});
  REQUIRE(debug.activations().size() == 3);
  CHECK(debug.activations()[1].second.shape() == Shape{7, 3});
  REQUIRE(debug.ports().size() == 1);
  CHECK(debug.ports()[0].shape == Shape{3, 7});
}

TEST_CASE("A-39 values that do not fit an open size are refused with the place, what is expected and what came") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [{"name": "x", "size": [null, 3]}, {"type": "tanh"}]})");
  const Error rank = error_of([&] { network.run(counted({2, 2, 2, 3})); });
  CHECK(rank.code() == Code::shape_mismatch);
  CHECK(rank.reason() == "INPUT_SIZE");
  CHECK(rank.path() == "/layers/0/size");
  CHECK(rank.expected() == "?x3, or a batch of such: Nx?x3");
  CHECK(rank.actual() == "2x2x2x3");
  CHECK(error_of([&] { network.run(counted({5, 4})); }).actual() == "5x4");
  CHECK(error_of([&] { network.run({1, 2}); }).reason() == "INPUT_SIZE");
  CHECK(error_of([&] { network.run(std::vector<double>{}); }).reason() == "INPUT_SIZE");
  CHECK(error_of([&] { network.run(Tensor(Context::system(), DType::fp32, Shape{0, 3})); }).path() == "/layers/0/size/0");
  NeuralNetwork two = NeuralNetwork::from_json(R"({"layers": [[null, null], {"type": "tanh"}]})");
  CHECK(error_of([&] { two.run({1, 2}); }).hint() == "give the values in their shape: nested lists, or a tensor");
}

TEST_CASE("A-39 the number of parameters cannot depend on an open dimension") {
  for (const char* layer : {"1", R"({"size": 4, "connections": "one-to-one"})", R"({"type": "gru", "size": 2})"}) {
    const Error error = error_of([&] { NeuralNetwork::from_json(std::string(R"({"layers": [[null, 2], {"type": "flatten"}, )") + layer + "]}"); });
    INFO(error.what());
    CHECK(error.path().starts_with("/layers/2"));
    if (std::string(layer) == "1") {
      CHECK(error.reason() == "OPEN_SIZE");
      CHECK(error.hint().starts_with("give the size as numbers"));
    }
  }
  const Error neurons = error_of([] { NeuralNetwork::from_json(R"({"layers": [2, [null, 2]]})"); });
  CHECK(neurons.reason() == "OPEN_SIZE");
  CHECK(neurons.path() == "/layers/1/size");
  const Error learned = error_of([] {
    NeuralNetwork::from_json(R"({"layers": [[2, null], {"type": "tanh"}], "io": {"input": {"normalize": "auto"}}})");
  });
  CHECK(learned.reason() == "OPEN_SIZE");
  CHECK(learned.path() == "/io/input/normalize");
}

TEST_CASE("M-PROP-09 shapeHints are checked as they are read") {
  const auto reason = [](const std::string& hints, const std::string& size = "[null, 3]") {
    const Error error = error_of([&] {
      NeuralNetwork::from_json(R"({"layers": [{"size": )" + size + R"(, "shapeHints": )" + hints + R"(}, {"type": "tanh"}]})");
    });
    return error.reason() + " " + error.path();
  };
  CHECK(reason("3") == "PROPERTY_VALUE /layers/0/shapeHints");
  CHECK(reason(R"({"dim_0": 3})") == "PROPERTY_VALUE /layers/0/shapeHints/dim_0");
  CHECK(reason(R"({"dim_1": {"max": 3}})") == "SHAPE_HINTS /layers/0/shapeHints/dim_1");
  CHECK(reason(R"({"dim_2": {"max": 3}})") == "UNKNOWN_PROPERTY /layers/0/shapeHints/dim_2");
  CHECK(reason(R"({"dim_0": {"maximum": 3}})") == "UNKNOWN_PROPERTY /layers/0/shapeHints/dim_0/maximum");
  CHECK(reason(R"({"dim_0": {"max": 0}})") == "PROPERTY_VALUE /layers/0/shapeHints/dim_0/max");
  CHECK(reason(R"({"dim_0": {"max": 1e300}})") == "SIZE /layers/0/shapeHints/dim_0/max");
  CHECK(reason(R"({"dim_0": {"common": []}})") == "PROPERTY_VALUE /layers/0/shapeHints/dim_0/common");
  CHECK(reason(R"({"dim_0": {"common": [1.5]}})") == "PROPERTY_VALUE /layers/0/shapeHints/dim_0/common/0");
  CHECK(reason(R"({"dim_0": {"max": 4, "common": [3, 5]}})") == "SHAPE_HINTS /layers/0/shapeHints/dim_0/max");
  CHECK(reason(R"({"dim_0": {"min": 5, "max": 4}})") == "SHAPE_HINTS /layers/0/shapeHints/dim_0/max");
  const Error elsewhere = error_of([] {
    NeuralNetwork::from_json(R"({"layers": [2, {"size": 1, "shapeHints": {"dim_0": {"max": 2}}}]})");
  });
  CHECK(elsewhere.reason() == "SHAPE_HINTS");
  CHECK(elsewhere.path() == "/layers/1/shapeHints");
}

TEST_CASE("A-39 M-PROP-09 a length past the hinted max is SHAPE_MAX, with the place and the bound") {
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"layers": [{"size": [null, null], "shapeHints": {"dim_0": {"max": 16}, "dim_1": {"common": [128, 256]}}}, {"type": "tanh"}]})");
  CHECK(network.run(counted({16, 128})).tensor().shape() == Shape{16, 128});
  CHECK(network.run(counted({3, 7})).tensor().shape() == Shape{3, 7});
  const Error error = error_of([&] { network.run(counted({17, 128})); });
  CHECK(error.code() == Code::shape_mismatch);
  CHECK(error.reason() == "SHAPE_MAX");
  CHECK(error.path() == "/layers/0/size/0");
  CHECK(error.expected() == "at most 16");
  CHECK(error.actual() == "17");
  CHECK_FALSE(error.hint().empty());
  CHECK(error_of([&] { network.verify(Dataset::from(counted({2, 17, 2}), counted({2, 17, 2}))); }).reason() == "SHAPE_MAX");
  // Dimensions are counted from 0, those that are numbers too.
  NeuralNetwork second = NeuralNetwork::from_json(R"({"layers": [{"size": [3, null], "shapeHints": {"dim_1": {"max": 4}}}, {"type": "tanh"}]})");
  CHECK(second.run(counted({3, 4})).tensor().shape() == Shape{3, 4});
  const Error wide = error_of([&] { second.run(counted({3, 5})); });
  CHECK(wide.reason() == "SHAPE_MAX");
  CHECK(wide.path() == "/layers/0/size/1");
}

TEST_CASE("ENG-08 hinted lengths are compiled ahead: their first run allocates nothing, nor does any later one") {
  const Context context = Context::system({.threads = 1});
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"layers": [{"size": [null, 3], "shapeHints": {"dim_0": {"min": 2, "max": 16, "common": [4, 8]}}}, {"type": "tanh"}]})", context);
  std::vector<float> input(16 * 3, 0.5f), output(16 * 3);
  const auto allocates = [&](std::size_t length) {
    const std::uint64_t before = context.allocation_count();
    network.run_into(Shape{static_cast<std::int64_t>(length), 3}, std::span(input).first(length * 3), std::span(output).first(length * 3));
    return context.allocation_count() != before;
  };
  for (int again = 0; again < 3; ++again)
    for (const std::size_t length : {2, 4, 8, 16}) CHECK_FALSE(allocates(length));
  CHECK(allocates(5));
  CHECK_FALSE(allocates(5));
  for (const std::size_t length : {2, 4, 8, 16}) CHECK_FALSE(allocates(length));
  CHECK(output[0] == Approx(std::tanh(0.5f)));
}

TEST_CASE("A-39 plans are kept by length: eight beside those of the hints") {
  const Context context = Context::system({.threads = 1});
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, 3], {"type": "tanh"}]})", context);
  std::vector<float> input(30, 0.5f), output(30);
  const auto compiles = [&](std::size_t length) {
    const std::uint64_t before = context.allocation_count();
    network.run_into(std::span(input).first(length * 3), std::span(output).first(length * 3));
    return context.allocation_count() != before;
  };
  for (std::size_t length = 1; length <= 9; ++length) CHECK(compiles(length));
  CHECK_FALSE(compiles(2));
  CHECK(compiles(1));
}

TEST_CASE("A-39 a model with open dimensions trains, verifies and is exported; its weights serve every length") {
  NeuralNetwork network = NeuralNetwork::from_json(pictures);
  // Bright pictures are of class 1, dark ones of class 0.
  const auto data = [](std::int64_t rows, std::int64_t columns) {
    std::vector<Item> items;
    for (int i = 0; i < 16; ++i) {
      Tensor picture(Context::system(), DType::fp32, Shape{rows, columns, 1});
      for (std::size_t k = 0; k < picture.elements(); ++k) picture.set(k, i % 2 ? 0.9 : -0.9);
      Tensor label(Context::system(), DType::i32, Shape{});
      label.set(0, i % 2);
      items.push_back({picture, label});
    }
    return Dataset::from(items);
  };
  TrainOptions options;
  options.max_iterations = 60;
  options.batch_size = 5;  // a smaller last batch too
  options.learning_rate = 0.2;
  const TrainInfo first = network.train(data(6, 4), options);
  CHECK(first.error < 0.2);
  options.max_iterations = 5;
  network.train(data(3, 9), options);
  CHECK(network.verify(data(6, 4)).accuracy == 1.0);
  CHECK(network.verify(data(11, 5)).accuracy == 1.0);
  const Gradients gradients = network.compute_gradients(data(7, 7));
  CHECK(gradients.gradients.size() == 4);
  CHECK(network.compute_gradients(data(4, 4)).gradients.size() == 4);

  const std::string text = network.to_json();
  CHECK(text.find("null") != std::string::npos);
  NeuralNetwork again = NeuralNetwork::from_json(text);
  CHECK(again.run(counted({6, 7, 1})).values() == network.run(counted({6, 7, 1})).values());
  for (const char* optimize : {"minify", "pretty"}) {
    ExportOptions chosen;
    chosen.optimize = optimize;
    NeuralNetwork other = NeuralNetwork::from_json(network.export_model(chosen));
    CHECK(other.run(counted({5, 4, 1})).values() == network.run(counted({5, 4, 1})).values());
  }
}

TEST_CASE("A-39 samples of different lengths in one data set are refused") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, 2], {"type": "tanh"}]})");
  std::vector<Item> items;
  for (const std::int64_t length : {3, 3, 4}) items.push_back({counted({length, 2}), counted({length, 2})});
  const Error error = error_of([&] { network.verify(Dataset::from(items)); });
  INFO(error.what());
  CHECK(error.code() == Code::shape_mismatch);
  CHECK(error.path() == "/2");
  CHECK(error.expected() == "fp32 3x2");
  CHECK(error.actual() == "fp32 4x2");
  const Error deep = error_of([&] { network.verify(Dataset::from(counted({2, 4, 3, 2}), counted({2, 4, 3, 2}))); });
  CHECK(deep.reason() == "SAMPLE_SIZE");
}

TEST_CASE("A-39 a memory with open dimensions gets its size with the first run after a reset") {
  // Each run adds what came in the last one.
  constexpr const char* model = R"({"layers": [{"name": "x", "size": [null, 2], "history": 1, "historyTo": "sum"},
      {"type": "identity", "to": "sum"}, {"name": "sum", "type": "identity"}]})";
  NeuralNetwork network = NeuralNetwork::from_json(model);
  REQUIRE(network.is_stateful());
  const std::string before = network.get_internal_state();
  CHECK_NOTHROW(network.set_internal_state(before));
  CHECK(network.run({1, 2}).tensor().shape() == Shape{1, 4});
  CHECK(network.run({3, 4}).values() == std::vector<double>{1, 2, 3, 4});
  const Error error = error_of([&] { network.run({1, 2, 3, 4}); });
  CHECK(error.code() == Code::shape_mismatch);
  CHECK(error.reason() == "STATE_SHAPE");
  CHECK(error.path() == "/layers/0/history");
  CHECK(error.hint().starts_with("call reset()"));
  CHECK(network.run({5, 6}).values() == std::vector<double>{3, 4, 5, 6});  // nothing was changed
  const std::string state = network.get_internal_state();
  network.reset();
  CHECK(network.run({1, 2, 3, 4}).values() == std::vector<double>{0, 0, 1, 2, 0, 0, 3, 4});
  network.set_internal_state(state);
  CHECK(network.run({7, 8}).values() == std::vector<double>{5, 6, 7, 8});
  network.set_internal_state(before);
  CHECK(network.run({1, 2, 3, 4}).values() == std::vector<double>{0, 0, 1, 2, 0, 0, 3, 4});
  CHECK(network.run(counted({3, 1, 2})).tensor().shape() == Shape{3, 1, 4});  // other lanes begin anew
}

TEST_CASE("A-39 a memory that does not depend on the open dimension goes on over runs of any length") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, null, 1], {"type": "globalAveragePool2d", "history": 2},
      {"type": "identity"}]})");
  const auto answer = [&](const Shape& shape, double value) {
    Tensor picture(Context::system(), DType::fp32, shape);
    for (std::size_t i = 0; i < picture.elements(); ++i) picture.set(i, value);
    return network.run(picture).values();
  };
  CHECK(answer({2, 2, 1}, 4) == std::vector<double>{4, 0, 0});
  CHECK(answer({3, 1, 1}, 5) == std::vector<double>{5, 4, 0});
  CHECK(answer({1, 7, 1}, 6) == std::vector<double>{6, 5, 4});
}

TEST_CASE("A-39 sequences of open samples train a model with a memory") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, null, 1],
      {"type": "conv2d", "filters": 2, "kernelSize": 1}, {"type": "globalAveragePool2d"}, {"type": "gru", "size": 3}, 1]})");
  std::vector<Item> items;
  for (int i = 0; i < 12; ++i) items.push_back({counted({2, 3, 1}), counted({1}), i % 4 == 0});
  TrainOptions options;
  options.max_iterations = 40;
  const TrainInfo info = network.train(Dataset::from(items), options);
  CHECK(info.error < 0.05);
  CHECK_NOTHROW(network.run(counted({5, 4, 1})));
}

TEST_CASE("A-39 joins of open inputs take lengths that agree, inputs come by name") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [
      {"name": "a", "size": [null, 1], "pipes": [{"name": "b", "type": "input", "size": [null, 2]}]}, {"type": "identity"}]})");
  REQUIRE(network.inputs().size() == 2);
  const Output output = network.run_named({{"b", counted({3, 2})}, {"a", counted({3, 1})}});
  CHECK(output.tensor().shape() == Shape{3, 3});
  const std::vector<double> b = as_numbers(counted({3, 2}));
  CHECK(output[0] == 0);
  CHECK(output[1] == b[0]);
  CHECK(output[2] == b[1]);
  CHECK(output[5] == b[3]);
  CHECK(network.run_named({{"a", counted({2, 3, 1})}, {"b", counted({2, 3, 2})}}).tensor().shape() == Shape{2, 3, 3});
  CHECK(error_of([&] { network.run_named({{"a", counted({3, 1})}, {"b", counted({4, 2})}}); }).reason() == "JOIN_DIMS");
  CHECK(error_of([&] { network.run_named({{"a", counted({3, 1})}}); }).reason() == "INPUT_MISSING");
  CHECK(error_of([&] { network.run_named({{"a", counted({3, 1})}, {"c", counted({3, 2})}}); }).reason() == "INPUT_UNKNOWN");
  CHECK(error_of([&] { network.run({1, 2, 3}); }).hint() == "give each input its own values, by name");
}

TEST_CASE("A-39 nets and iterators take open dimensions from what flows in, or from the run") {
  NeuralNetwork fed = NeuralNetwork::from_json(R"({"layers": [[null, 2],
      {"type": "net", "net": {"layers": [[null, 2], {"type": "softmax"}]}}, {"type": "identity"}]})");
  CHECK(fed.run(counted({5, 2})).tensor().shape() == Shape{5, 2});
  CHECK(fed.run(counted({4, 3, 2})).tensor().shape() == Shape{4, 3, 2});
  NeuralNetwork settled = NeuralNetwork::from_json(R"({"layers": [[4, 2],
      {"type": "net", "net": {"layers": [[null, 2], {"type": "reshape", "size": [8]}]}}]})");
  CHECK_FALSE(settled.has_open_dimensions());
  CHECK(settled.output_shape() == Shape{8});
  NeuralNetwork first = NeuralNetwork::from_json(
      R"({"layers": [{"type": "net", "net": {"layers": [{"name": "x", "size": [null, 2], "shapeHints": {"dim_0": {"max": 5}}}, {"type": "softmax"}]}}]})");
  CHECK(first.run(counted({5, 2})).tensor().shape() == Shape{5, 2});
  const Error error = error_of([&] { first.run(counted({6, 2})); });
  CHECK(error.reason() == "SHAPE_MAX");
  CHECK(error.path() == "/layers/0/net/layers/0/size/0");
  NeuralNetwork loop = NeuralNetwork::from_json(R"({"layers": [{"name": "x", "size": [null, 2]},
      {"type": "iterator", "steps": 3, "state": [{"name": "s", "pipeFrom": "x", "size": [null, 2]}],
       "net": {"layers": [{"size": [null, 2], "pipeFrom": "s"}, {"type": "relu", "to": "s"}]}}]})");
  CHECK(loop.run({1, -2, 3, -4}).values() == std::vector<double>{1, 0, 3, 0});
  CHECK(loop.run(counted({5, 2})).tensor().shape() == Shape{5, 2});
}

TEST_CASE("A-39 lengths that a layer cannot take fail with the layer's place, and leave the network as it was") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, null, 1], {"type": "conv2d", "filters": 1, "kernelSize": 5},
      {"type": "globalAveragePool2d"}, 1]})");
  const Error error = error_of([&] { network.run(counted({3, 3, 1})); });
  INFO(error.what());
  CHECK(error.path() == "/layers/1");
  CHECK_NOTHROW(network.run(counted({5, 5, 1})));
  const Error never = error_of([] { NeuralNetwork::from_json(R"({"layers": [[null, 3], {"type": "reshape", "size": [7, 11]}]})"); });
  INFO(never.what());
  CHECK(never.reason() == "OP_OUTPUT_SIZE");
  CHECK(never.message().find("64 for /layers/0/size/0") != std::string::npos);
}

TEST_CASE("A-39 descriptions show what is open, and for which lengths they count") {
  const NetworkInfo info = NeuralNetwork::from_json(pictures).info();
  CHECK(info.layers[0].output == Shape{Dimension::symbol(1), Dimension::symbol(2), 1});
  CHECK(info.layers[1].output == Shape{Dimension::symbol(1), Dimension::symbol(2), 2});
  CHECK(info.layers[2].output.dim(0).is_symbol());
  CHECK(info.layers[3].output == Shape{2});
  REQUIRE(info.open.size() == 2);
  CHECK(info.open[0].path == "/layers/0/size/0");
  CHECK(info.open[0].counted == 64);
  CHECK(info.flops > 1000);
  CHECK_FALSE(NeuralNetwork::from_json(pictures).inspect().empty());
  CHECK_FALSE(NeuralNetwork::from_json(pictures).profile(1, 5).empty());
}

TEST_CASE("A-39 what open dimensions do not go with is refused in one sentence") {
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [[null, 2], {"type": "tanh"}]})");
  CHECK(error_of([&] { network.export_model({.to = "c"}); }).hint().find("\"max\"") != std::string::npos);
  CHECK(error_of([&] { network.export_model({.to = "c", .weights = "u8"}); }).reason() == "OPEN_SIZE");
  CHECK(error_of([&] { network.input_of(Json::text("word")); }).reason() == "INPUT_TEXT");
  CHECK(error_of([&] { DataEncoder encoder(network); }).reason() == "OPEN_SIZE");
}
