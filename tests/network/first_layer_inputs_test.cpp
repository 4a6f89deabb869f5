// Nets and iterators on the first layer take the model's inputs as its own layers do: past `io`, as codes of an integer type.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "network/seeded.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/error.hpp"
#include "webai/stream.hpp"
#include "webai/values.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// The last input and what passes it on: written out, as a net, in an iterator of one step.
std::string plain(const std::string& size) { return R"("layers": [)" + size + R"(, {"type": "identity"}])"; }
std::string net(const std::string& size) { return R"("layers": [{"type": "net", "net": {)" + plain(size) + "}}]"; }
std::string iterator(const std::string& size) {
  return R"("layers": [{"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "z", "size": )" + size + R"(}],
    "net": {"layers": [{"pipeFrom": "x"}, {"type": "identity", "to": "x"}]}}])";
}

NeuralNetwork with(const std::string& root, const std::string& layers) { return make("{" + root + ", " + layers + "}"); }

std::string io(const std::string& rules) { return R"("io": {"input": )" + rules + "}"; }

}  // namespace

TEST_CASE("IO-09 A-42 A-72 io works on the inputs that nets and iterators on the first layer take") {
  const std::string hundred = R"({"normalize": {"type": "rescale-linear", "from": [0, 128]}})";
  for (const std::string& layers : {net("2"), iterator("2")}) {
    INFO(layers);
    NeuralNetwork all = with(io(hundred), layers);
    CHECK(all.run({64, 16}).values() == std::vector<double>{0.5, 0.125});
    CHECK(all.run({64, 16}, {.normalize = false}).values() == std::vector<double>{64, 16});
    NeuralNetwork small = make(all.export_model({.optimize = "minify"}));
    CHECK(small.run({64, 16}).values() == std::vector<double>{0.5, 0.125});
    // What makes several numbers of one: so many fewer come in.
    NeuralNetwork bits = with(io(R"({"normalize": {"type": "bits", "count": 2}})"), layers);
    CHECK(bits.input_size() == 1);
    CHECK(bits.run({2}).values() == std::vector<double>{1, 0});
    NeuralNetwork tokens = with(io(R"({"normalize": {"type": "lookup", "vocabulary": "ab", "oneHot": true}})"), layers);
    CHECK(tokens.run({1}).values() == std::vector<double>{0, 1});
  }
  CHECK(with(io(R"({"a": )" + hundred + "}"), net(R"({"name": "a", "size": 1})")).run({64})[0] == 0.5);
  CHECK(with(io(R"({"a": )" + hundred + "}"), net(R"({"label": "a", "size": 1})")).run({64})[0] == 0.5);
  CHECK(with(io(R"({"z": )" + hundred + "}"), iterator("1")).run({64})[0] == 0.5);
  NeuralNetwork picture = with(io(R"({"normalize": {"type": "image", "size": [2, 2, 1], "resize": "nearest"}})"), net("[1, 1, 1]"));
  CHECK(picture.input_size() == 4);
  // Beside an input, and in a net in a net.
  const std::string pipe = R"({"type": "net", "net": {)" + plain("1") + "}}";
  CHECK(with(io(hundred), R"("layers": [{"size": 1, "pipes": [{"size": 1}, )" + pipe + R"(]}, {"type": "identity"}])").run({64, 16, 32}).values() ==
        std::vector<double>{0.5, 0.125, 0.25});
  NeuralNetwork deep = with(io(hundred), R"("layers": [{"type": "net", "net": {)" + net("2") + R"(, "io": {"input": {"normalize": {"type": "log"}}}}}])");
  CHECK(deep.run({64, 16}).values() == std::vector<double>{0.5, 0.125});
}

TEST_CASE("IO-09 A-72 normalize auto is learned for a net on the first layer, and minify keeps whose input it is") {
  const Dataset data = Dataset::from({{{1000}, {0}}, {{1001}, {1}}, {{1002}, {2}}, {{1003}, {3}}});
  NeuralNetwork learner = with(io(R"({"normalize": "auto"})"), R"("layers": [{"type": "net", "net": {"layers": [1, 1]}}])");
  learner.train(data, {.max_iterations = 300, .learning_rate = 0.1});
  CHECK(learner.verify(data).error < 0.01);
  const std::string text = learner.to_json();
  CHECK(text.find("standardize") != std::string::npos);
  CHECK(make(text).verify(data).error < 0.01);
  // The layer behind the net is called as the net's input: merged, the input would need another name.
  NeuralNetwork named = with(io(R"({"a": {"normalize": {"type": "rescale-linear", "from": [0, 2]}}})"),
                             R"("layers": [{"type": "net", "net": {"layers": [{"name": "a", "size": 1}, 1]}}, {"name": "a", "size": 1}])");
  CHECK(make(named.export_model({.optimize = "minify"})).run({1})[0] == Approx(named.run({1})[0]));
}

TEST_CASE("A-23 A-42 A-72 M-NET-01 inputs of nets and iterators on the first layer of an integer model are codes") {
  const std::string layer = R"({"size": 1, "weights": [[40]], "bias": [-19.7], "quantization": {"scale": 50}})";
  const std::string state = R"({"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "z", "size": 1}], "net": {"layers": [{"pipeFrom": "x"}, )";
  const std::string u8 = R"("dataType": "u8")";
  const Tensor written = with(u8, R"("layers": [1, )" + layer + "]").run({0.5013}).tensor();
  NeuralNetwork as_net = with(u8, R"("layers": [{"type": "net", "net": {"layers": [1, )" + layer + "]}}]");
  CHECK(as_net.run({0.5013}).tensor().at(0) == written.at(0));
  CHECK(make(as_net.export_model({.optimize = "minify"})).run({0.5013}).tensor().at(0) == written.at(0));
  CHECK(with(u8, R"("layers": [)" + state + layer.substr(0, layer.size() - 1) + R"(, "to": "x"}]}}])").run({0.5013}).tensor().at(0) == written.at(0));
  // Rows of a table are none, in a net and in the steps of an iterator.
  const std::string table = R"({"type": "embedding", "inputDim": 5, "outputDim": 1, "weights": [[0], [0.25], [0.5], [0.75], [1]])";
  NeuralNetwork rows = with(u8, R"("layers": [{"type": "net", "net": {"layers": [1, )" + table + "}]}}]");
  CHECK(rows.run({3})[0] == Approx(0.75).margin(0.01));
  NeuralNetwork steps = with(u8, R"("layers": [)" + state + table + R"(}, {"type": "reshape", "size": [1], "to": "x"}]}}])");
  CHECK(steps.run({3})[0] == Approx(0.75).margin(0.01));
  const Tensor own = Tensor::from(steps.context(), DType::u8, Shape{1}, std::vector<double>{2});
  CHECK(steps.run(own)[0] == Approx(0.5).margin(0.01));
}

TEST_CASE("A-68 M-NET-01 an embedding in a net counts as many tokens as the vocabulary of the model around") {
  const std::string table = R"({"type": "embedding", "outputDim": 2, "weights": [[1, 2], [3, 4], [5, 6]]})";
  const std::string text = R"({"normalize": {"type": "lookup", "vocabulary": "abc"}})";
  const std::string inner = R"("layers": [2, )" + table + R"(, {"type": "flatten"}])";
  const std::vector<double> rows = {5, 6, 1, 2};
  for (const std::string& layers : {R"([{"type": "net", "net": {)" + inner + "}}]",
                                    R"([{"type": "net", "net": {"layers": [{"type": "net", "net": {)" + inner + "}}]}}]",
                                    R"([2, {"type": "net", "net": {)" + inner + "}}]",
                                    R"([{"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "z"}, {"name": "y", "size": 4}], "net": {"layers": [{"pipeFrom": "x"},
                                      {"type": "net", "net": {)" + inner + R"(}, "to": ["y"]}, {"pipeFrom": "x", "type": "identity", "to": "x"}]}}])"}) {
    CAPTURE(layers);
    NeuralNetwork net = with(io(text), R"("layers": )" + layers);
    const std::vector<double> given = net.run(net.input_of(read_json(R"("ca")", {}))).values();
    CHECK(std::vector<double>(given.end() - 4, given.end()) == rows);
    for (const char* form : {"", "minify", "pretty"}) {
      NeuralNetwork again = make(net.export_model({.optimize = form}));
      CHECK(again.run(again.input_of(read_json(R"("ca")", {}))).values() == given);
    }
  }
  // Cut behind its input it says the number itself.
  NeuralNetwork cut = make(with(io(text), R"("layers": [2, {"type": "identity"}, {"type": "net", "net": {)" + inner + "}}]").export_model({.from = "2"}));
  CHECK(cut.run({2, 0}).values() == rows);
  const Error none = error_of(R"({"layers": [{"type": "net", "net": {)" + inner + "}}]}");
  CHECK(none.reason() == "PROPERTY_MISSING");
  CHECK(none.path() == "/layers/0/net/layers/1");
}

TEST_CASE("A-51 EXP-08 a net that its input is called after keeps its name when it is minified") {
  const std::string layers = R"("layers": [{"size": 1, "pipes": [{"type": "net", "name": "N", "net": {"layers": [1, 1]}}]}, 1]})";
  for (const std::string& io : {std::string("{"), std::string(R"({"io": {"input": {"N/input": {"normalize": "round"}}}, )")})
    for (const bool keep : {true, false}) {
      CAPTURE(io, keep);
      NeuralNetwork net = make(io + layers);
      NeuralNetwork again = make(net.export_model({.optimize = "minify", .keep_names = keep}));
      CHECK(again.run({1.7, 2.7})[0] == net.run({1.7, 2.7})[0]);
      if (keep || io.size() > 1) CHECK(again.inputs()[1].name == "N/input");
    }
}

TEST_CASE("A-28 IO-05 without normalize inputs by name take what io would have made of them") {
  // Each input takes two numbers, or a text of two letters, of which io makes two rows of three.
  const std::string rule = R"({"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}})";
  NeuralNetwork net = make(R"({"io": {"input": {"a": )" + rule + R"(, "b": )" + rule + R"(}},
    "layers": [{"pipes": [{"name": "a", "size": [2, 3]}, {"name": "b", "size": [2, 3]}]}, {"type": "flatten"}, {"type": "identity"}]})");
  const std::vector<double> a = {1, 0, 0, 0, 0, 1}, b = {0, 1, 0, 0, 1, 0}, all = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};  // row beside row
  REQUIRE(net.run_named(net.inputs_of(parsed(R"({"a": "ac", "b": "bb"})"))).values() == all);
  const RunOptions ready = {.normalize = false};
  const auto tensor = [&](const std::vector<double>& values, const Shape& shape) { return Tensor::from(net.context(), DType::fp64, shape, values); };
  CHECK(net.run_named({{"a", tensor(a, {2, 3})}, {"b", tensor(b, {6})}}, ready).values() == all);
  const Json by_name = parsed(R"({"a": [[1, 0, 0], [0, 0, 1]], "b": [0, 1, 0, 0, 1, 0]})");
  InputValues values(net, false);
  values.add(by_name);
  CHECK(net.run_named(values.finish_named(), ready).values() == all);
  values.add(by_name);
  CHECK(net.run(values.finish(), ready).values() == all);
  const auto streamed = [&](const Json& given) { return net.run_stream(given, {.run = ready}).next()->output.values(); };
  CHECK(streamed(by_name) == all);
  // A number of them that fits what io takes does not fit here, and texts are no numbers that io has made.
  CHECK(error_of([&] { streamed(parsed(R"({"a": [0, 2], "b": [1, 1]})")); }).reason() == "INPUT_SIZE");
  const Error text = error_of([&] { streamed(parsed(R"({"a": "ac", "b": [0, 1, 0, 0, 1, 0]})")); });
  CHECK(text.reason() == "INPUT_TEXT");
  CHECK(text.hint().find("normalize") != std::string::npos);
  // Samples beside each other keep to themselves.
  const Output two = net.run_named({{"a", tensor({1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0}, {2, 2, 3})}, {"b", tensor({0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1}, {2, 2, 3})}}, ready);
  std::vector<double> both = all;
  for (const double value : {0., 1., 0., 1., 0., 0., 0., 1., 0., 0., 0., 1.}) both.push_back(value);
  CHECK(two.values() == both);
}

TEST_CASE("A-28 A-39 without normalize an input of any length takes the rows that io would have made") {
  NeuralNetwork net = make(R"({"io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}}},
    "layers": [{"name": "x", "size": [null, 3]}, {"type": "identity"}]})");
  const Json rows = parsed(R"({"x": [[1, 0, 0], [0, 0, 1]]})");
  InputValues values(net, false);
  values.add(rows);
  CHECK(net.run_named(values.finish_named(), {.normalize = false}).values() == net.run(net.input_of(Json::text("ac"))).values());
  CHECK(net.run_stream(rows, {.run = {.normalize = false}}).next()->output.values() == std::vector<double>{1, 0, 0, 0, 0, 1});
  CHECK(error_of([&] { net.run_stream(Json::text("ac"), {.run = {.normalize = false}}); }).reason() == "INPUT_TEXT");
}
