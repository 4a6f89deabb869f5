// Models inside models: names and weights of their own, learned with the rest.
#include <catch2/catch.hpp>

#include <cstring>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

const std::string inner = R"({"activation": "relu", "layers": [8, 8, 8], "setup": {"data": "", "instructions": ""}})";

}  // namespace

TEST_CASE("EX-08 two small nets make one: A-72 their weights stand in the outer data when theirs is empty") {
  const std::string model = R"({"activation": "relu", "layers": [8, 8, {"type": "net", "net": )" + inner + R"(}, {"type": "net", "net": )" + inner + "}]}";
  NeuralNetwork net = make(model);
  CHECK(net.input_size() == 8);
  CHECK(net.output_size() == 8);
  CHECK(net.info().parameters == 5 * (8 * 8 + 8));
  CHECK(names_of(net) == std::vector<std::string>{"1.weights", "1.bias", "2/1.weights", "2/1.bias", "2/2.weights", "2/2.bias",
                                                  "3/1.weights", "3/1.bias", "3/2.weights", "3/2.bias"});
  // The same as the layers written out, with the same values in the same order.
  const std::string exported = net.to_json();
  NeuralNetwork again = NeuralNetwork::from_json(exported, one_thread());
  NeuralNetwork flat = make(R"({"activation": "relu", "layers": [8, 8, 8, 8, 8, 8]})");
  for (std::size_t i = 0; i < net.parameters().size(); ++i) flat.set_parameter(flat.parameters()[i].first, net.parameters()[i].second);
  const std::vector<double> input = {1, -2, 0.5, 3, 0, -1, 2, 0.25};
  for (int i = 0; i < 8; ++i) {
    CHECK(net.run(input)[i] == flat.run(input)[i]);
    CHECK(again.run(input)[i] == net.run(input)[i]);
  }
  // The numbers stand in the outer setup.data, those of the nets in their places; the nets' own stays empty.
  const Json whole = read_json(net.to_json({.setup_data_as = "array"}), net.context().limits());
  const Json* const data = whole.find("setup")->find("data");
  REQUIRE(data->size() == 5 * (8 * 8 + 8));
  std::size_t at = 0;
  for (const auto& [name, value] : net.parameters())
    for (std::size_t i = 0; i < value.elements(); ++i)
      if (value.at(i) != static_cast<float>(data->as_numbers()[at++])) FAIL(name);
  for (const std::size_t layer : {2, 3})
    CHECK(whole.find("layers")->at(layer).find("net")->find("setup")->find("data")->as_text().empty());
}

TEST_CASE("M-NET-05 a net with setup data of its own keeps it, and gets what it learned back") {
  const std::string model = R"({"layers": [2, {"name": "part", "type": "net", "net": {"layers": [2, 1], "setup": {"data": [0.5, -1, 0.25]}}}]})";
  NeuralNetwork net = make(model);
  CHECK(net.run({2, 1})[0] == 0.25);
  net.train(Dataset::from({{{2, 1}, {1}}}), {.max_iterations = 1, .learning_rate = 0.1});
  const double learned = net.run({2, 1})[0];
  CHECK(learned != 0.25);
  const std::string exported = net.to_json();
  CHECK(exported.find("\"part\"") != std::string::npos);
  CHECK(make(exported).run({2, 1})[0] == learned);
  net.train(Dataset::from({{{2, 1}, {1}}}), {.max_iterations = 60, .learning_rate = 0.1, .to_train = {"part/1"}});
  CHECK(net.run({2, 1})[0] == Approx(1).margin(0.01));
  // A net in it keeps what is its own, and what stands in a layer stays there.
  NeuralNetwork deep = make(R"({"layers": [2, {"name": "part", "type": "net", "net": {"layers": [2, {"size": 1, "weights": [[0.5], [-1]]},
      {"type": "net", "net": {"layers": [1, 1], "setup": {"data": [2, 1]}}}], "setup": {"data": [0.25]}}}, {"size": 1, "bias": false}]})");
  deep.train(Dataset::from({{{2, 1}, {1}}}), {.max_iterations = 3, .learning_rate = 0.1});
  const Json whole = read_json(deep.to_json({.setup_data_as = "array"}), deep.context().limits());
  const auto data_of = [](const Json& model) { return model.find("setup")->find("data")->size(); };
  const Json part = *whole.find("layers")->at(1).find("net");
  CHECK(data_of(whole) == 1);
  CHECK(data_of(part) == 1);
  CHECK(data_of(*part.find("layers")->at(2).find("net")) == 2);
  CHECK(make(deep.to_json()).run({2, 1})[0] == deep.run({2, 1})[0]);
}

TEST_CASE("M-NET-04 names inside a net are its own, also with memory inside") {
  NeuralNetwork net = make(R"({"layers": [1, {"name": "a", "type": "net", "net": {"layers": [{"name": "a", "size": 1, "history": 1, "historyTo": ["b"]}, {"name": "b", "size": 1, "bias": false, "weights": [[1], [10]]}]}}]})");
  CHECK(net.is_stateful());
  CHECK(net.run({1})[0] == 1);   // 1 * now + 10 * before
  CHECK(net.run({2})[0] == 12);
  net.reset();
  CHECK(net.run({3})[0] == 3);
  // Inputs of two nets that are called alike are two.
  const std::string inner = R"("net": {"layers": [{"name": "in", "size": 1}, {"type": "identity"}]})";
  NeuralNetwork both = make(R"({"layers": [{"pipes": [{"name": "one", "type": "net", )" + inner + R"(}, {"name": "two", "type": "net", )" + inner + R"(}]}, {"type": "identity"}]})");
  REQUIRE(both.inputs().size() == 2);
  CHECK(both.inputs()[0].name == "in");
  CHECK(both.inputs()[1].name == "two/in");
  CHECK(both.run(both.input_of(Json::object({{"two/in", Json::number(5)}, {"in", Json::number(7)}}))).values() == std::vector<double>{7, 5});
}

TEST_CASE("M-NET-02 a net on the first layer brings the model's inputs") {
  NeuralNetwork net = make(R"({"layers": [{"type": "net", "net": {"layers": [{"name": "in", "pipes": [{"name": "x", "size": 1}, {"name": "y", "size": 2}]}, {"size": 1, "bias": false, "weights": [[1], [10], [100]]}]}}, {"size": 1, "bias": false, "weights": [[2]]}]})");
  CHECK(net.input_size() == 3);
  CHECK(net.run({1, 2, 3})[0] == 2 * (1 + 20 + 300));
  REQUIRE(net.inputs().size() == 2);
  CHECK(net.inputs()[0].name == "x");
}

TEST_CASE("A-40 nets that share a name have one set of weights, others have two") {
  const std::string inner = R"({"layers": [2, {"size": 2, "bias": false}]})";
  const auto with = [&](const std::string& share) {
    return R"({"layers": [2, {"type": "net")" + share + R"(, "net": )" + inner + R"(}, {"type": "net")" + share + R"(, "net": )" + inner + "}]}";
  };
  CHECK(make(with("")).info().parameters == 8);
  NeuralNetwork shared = make(with(R"(, "share": "twin")"));
  CHECK(shared.info().parameters == 4);
  const std::vector<std::pair<std::string, Tensor>> parameters = shared.parameters();
  shared.set_parameter(parameters[0].first, Tensor::from(shared.context(), DType::fp32, Shape{2, 2}, std::vector<double>{0, 1, 3, 0}));
  CHECK(shared.run({1, 10})[0] == 3);   // (x, y) -> (3 y, x) -> (3 x, 3 y)
  CHECK(shared.run({1, 10})[1] == 30);
  // What a layer is called is nothing that others share.
  CHECK(make(R"({"layers": [2, {"name": "twin", "type": "net", "net": )" + inner + R"(}, {"type": "net", "share": "twin", "net": )" + inner +
             R"(}, {"type": "net", "share": "1", "net": )" + inner + "}]}").info().parameters == 12);
}

TEST_CASE("ERR-13 nets of another domain or data type, or of another size, are refused with their place") {
  const Error type = error_of(R"({"layers": [2, {"type": "net", "net": {"dataType": "fp64", "layers": [2, 1]}}]})");
  CHECK(type.reason() == "NET_MISMATCH");
  CHECK(type.path() == "/layers/1/net/dataType");
  // A type of the same width is another one.
  for (const auto& [outer, inner] : {std::pair("fp16", "bf16"), std::pair("fp32", "i32"), std::pair("i8", "u8")}) {
    CAPTURE(outer);
    CHECK(error_of(R"({"dataType": ")" + std::string(outer) + R"(", "layers": [2, {"type": "net", "net": {"dataType": ")" + inner +
                   R"(", "layers": [2, 1]}}]})").reason() == "NET_MISMATCH");
  }
  // Of a domain that the program has as well as of one of its own to core.
  const Context context = with_threads(1);
  define_domain(context, {.name = "mine", .default_data_type = "fp32", .default_operation_type = "core#neurons"});
  for (const auto& [outer, inner] : {std::pair("core", "mine"), std::pair("mine", "core")}) {
    CAPTURE(outer);
    const auto build = [&](const std::string& said) {
      NeuralNetwork::from_json(R"({"domain": ")" + std::string(outer) + R"(", "layers": [2, {"type": "net", "net": {)" + said + R"("layers": [2, 1]}}]})", context);
    };
    CHECK_NOTHROW(build(""));
    CHECK_NOTHROW(build(R"("domain": ")" + std::string(outer) + "\", "));
    const Error domain = error_of([&] { build(R"("domain": ")" + std::string(inner) + "\", "); });
    CHECK(domain.reason() == "NET_MISMATCH");
    CHECK(domain.path() == "/layers/1/net/domain");
    CHECK(domain.expected() == outer);
    CHECK(domain.actual() == inner);
  }
  const Error size = error_of(R"({"layers": [3, {"type": "net", "net": {"layers": [2, 1]}}]})");
  CHECK(size.reason() == "NET_INPUT");
  CHECK(size.path() == "/layers/1");
  CHECK(size.expected().starts_with("2 values"));
  CHECK(size.actual() == "3 values");
  const Error share = error_of(R"({"layers": [2, {"type": "net", "share": "s", "net": {"layers": [2, 2]}}, {"type": "net", "share": "s", "net": {"layers": [2, 1]}}]})");
  CHECK(share.reason() == "NET_SHARE");
}

TEST_CASE("gradients go through nets: finite differences in fp64") {
  NeuralNetwork net = make(R"({"dataType": "fp64", "activation": "tanh", "layers": [2, {"type": "net", "net": {"activation": "tanh", "layers": [2, 3, {"type": "net", "net": {"layers": [3, {"size": 2, "activation": "sigmoid"}]}}]}}, 1]})");
  const Dataset data = Dataset::from({{{0.3, -0.7}, {0.2}}, {{-0.1, 0.9}, {0.6}}});
  CHECK(test::check_gradients(net, data) == 6);
}

TEST_CASE("nets in nets whose sizes are found by trial are built a few times each, not by powers") {
  // Each level has a layer that says no size and sends its values back.
  std::string model = R"({"layers": [2, 2]})";
  for (int depth = 0; depth < 40; ++depth)
    model = R"({"layers": [2, {"name": "a", "size": 2}, {"type": "net", "net": )" + model + R"(}, {"type": "tanh", "pipes": [{"type": "tanh", "to": ["a"]}]}, 2]})";
  CHECK(make(model).run({1, 1}).size() == 2);
}

namespace {

// A net of two inputs, "big" and "small": 10 times the one and the other.
std::string two_inputs(const std::string& around) {
  return R"({"name": "two", "type": "net", )" + around + R"("net": {"layers": [{"pipes": [{"name": "big", "size": 2}, {"name": "small", "size": 1}]},
    {"size": 1, "bias": false, "weights": [[10], [10], [1]]}]}})";
}

}  // namespace

TEST_CASE("A-40 A-14 a flow goes to one input of a net by its name, and what is joined fills the others") {
  // The first layer's pipe goes to "small", the rest of it to "big".
  NeuralNetwork net = make(R"({"layers": [{"size": 2, "pipes": [{"name": "p", "size": 1, "to": "two.small"}]}, )" + two_inputs("") + "]}");
  CHECK(net.run({1, 2, 3})[0] == 33);
  // Both by name, in the other order, pulled or pushed.
  NeuralNetwork both = make(R"({"layers": [{"pipes": [{"name": "p", "size": 1, "to": "two.small"}, {"name": "q", "size": 2, "to": "two.big"}]}, )" + two_inputs("") + "]}");
  CHECK(both.run({3, 1, 2})[0] == 33);
  // Also of a net that is a pipe.
  NeuralNetwork pipe = make(R"({"layers": [{"size": 2, "pipes": [{"name": "p", "size": 1, "to": "two.small"}]}, {"pipes": [)" + two_inputs("") + "]}]}");
  CHECK(pipe.run({1, 2, 3})[0] == 33);
  // On the first layer: what is fed from behind comes in the next run, the rest are inputs of the model.
  NeuralNetwork back = make(R"({"layers": [)" + two_inputs("") + R"(, {"name": "out", "size": 1, "bias": false, "weights": [[1]], "to": "two.small"}]})");
  REQUIRE(back.inputs().size() == 1);
  CHECK(back.inputs()[0].name == "big");
  CHECK(back.run({1, 1})[0] == 20);
  CHECK(back.run({0, 0})[0] == 20);
  CHECK(back.run({1, 0})[0] == 30);
}

TEST_CASE("A-40 a net binds by name when all that flows into it is called like its inputs, else in order") {
  const auto model = [](const std::string& first, const std::string& second) {
    return R"({"layers": [{"pipes": [{"name": ")" + first + R"(", "size": 1}, {"name": ")" + second + R"(", "size": 2}]}, )" + two_inputs("") + "]}";
  };
  CHECK(make(model("small", "big")).run({3, 1, 2})[0] == 33);
  CHECK(make(model("small", "large")).run({3, 1, 2})[0] == 42);
}

TEST_CASE("A-40 inputs of a net that nothing reaches, that are unknown or of another size are told with their place") {
  const auto refused = [](const std::string& pipes, const std::string& reason, const std::string& path, const std::string& hint) {
    const Error error = error_of(R"({"layers": [{"size": 2, "to": [], "pipes": [)" + pipes + "]}, " + two_inputs("") + "]}");
    INFO(error.what());
    CHECK(error.reason() == reason);
    CHECK(error.path() == path);
    CHECK(error.hint() == hint);
  };
  refused(R"({"size": 1, "to": "two.smal"})", "TARGET_UNKNOWN", "/layers/0/pipes/0/to", R"(did you mean "two.small"?)");
  refused(R"({"size": 1, "to": "two.small"})", "NET_INPUT", "/layers/1", R"(let a layer go to it: "to": "two.big")");
  const Error size = error_of(R"({"layers": [{"size": 2, "pipes": [{"size": 3, "to": "two.small"}]}, )" + two_inputs("") + "]}");
  CHECK(size.reason() == "NET_INPUT");
  CHECK(size.expected() == "1 values, the inputs of the inner model");
  CHECK(size.actual() == "3 values");
}

TEST_CASE("A-42 a state begins with what is piped to it") {
  NeuralNetwork net = make(R"({"layers": [{"size": 1, "to": [], "pipes": [{"size": 1, "to": "loop.x"}]}, {"name": "loop", "type": "iterator", "steps": 3, "state": [{"name": "x"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"size": 1, "bias": false, "weights": [[2]], "to": "x"}]}}]})");
  CHECK(net.run({7, 1})[0] == 8);
  const Error pulled = error_of(R"({"layers": [{"size": 1, "to": "loop.x"}, {"name": "loop", "type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "0"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"size": 1, "to": "x"}]}}]})");
  CHECK(pulled.reason() == "TARGET_UNKNOWN");
  CHECK(pulled.path() == "/layers/0/to");
}

TEST_CASE("A-40 parameters of a net and of the pipes beside it have names of their own") {
  NeuralNetwork net = make(R"({"layers": [2, {"type": "net", "net": {"layers": [2, {"size": 3, "bias": false}]}, "pipes": [{"size": 1, "bias": false}, {"size": 4, "bias": false}]}]})");
  CHECK(names_of(net) == std::vector<std::string>{"1/1.weights", "pipes/1/0.weights", "pipes/1/1.weights"});
  CHECK(net.run({1, 2}).size() == 8);
}

TEST_CASE("A-40 a net that feeds on what it gives need not say its size: its net does") {
  NeuralNetwork net = make(R"({"layers": [1, {"type": "net", "name": "N", "net": {"layers": [2, {"size": 1, "weights": [[1], [10]], "bias": false}]}, "to": ["N", 2]},
      {"size": 1, "weights": [[1]], "bias": false}]})");
  CHECK(net.run({1})[0] == 1);
  CHECK(net.run({2})[0] == 12);  // 2 and what it gave before
}

TEST_CASE("A-40 an operation of an inner net hides one of that name around it, within the net alone") {
  const auto operation = [](const std::string& op) {
    return R"("operations": [{"name": "f", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": ")" + op + R"(", "inputs": ["input", 3]}]}}])";
  };
  // One more operation of the net: it applies the net's f, not that around it.
  std::string own = operation("mul");
  own.insert(own.size() - 1, R"(, {"name": "g", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]}, "body": {"steps": [{"op": "f", "inputs": ["input"]}]}})");
  const std::string layers = R"("layers": [1, {"type": "f"}, {"type": "net", "net": {)" + own + R"(, "layers": [1, {"type": "f"}, {"type": "g"}]}}, {"type": "f"}])";
  NeuralNetwork net = make("{" + operation("add") + ", " + layers + "}");
  CHECK(net.run({2})[0] == ((2 + 3) * 3 * 3) + 3);
  for (const char* form : {"", "pretty", "minify"}) {
    CAPTURE(form);
    CHECK(make(net.export_model({.optimize = form})).run({2})[0] == 48);
  }
  // What is around it is there as long as nothing hides it; and a model names its own operations once.
  NeuralNetwork without = make("{" + operation("add") + R"(, "layers": [1, {"type": "net", "net": {"layers": [1, {"type": "f"}]}}]})");
  CHECK(without.run({2})[0] == 5);
  std::string twice = operation("mul");
  twice.insert(twice.size() - 1, "," + twice.substr(twice.find('[') + 1, twice.size() - twice.find('[') - 2));
  const Error error = error_of("{" + operation("add") + R"(, "layers": [1, {"type": "net", "net": {)" + twice + R"(, "layers": [1, {"type": "f"}]}}]})");
  CHECK(error.reason() == "OPERATION_EXISTS");
  CHECK(error.path() == "/layers/1/net/operations/1");
}

TEST_CASE("A-42 an input layer in front of heads that pull is one of them") {
  const std::string rest = R"({"size": 1, "weights": [[1], [10], [100]], "bias": false, "to": "x"})";
  const auto model = [&](const std::string& heads) {
    return R"({"layers": [2, {"type": "iterator", "steps": 2, "state": [{"name": "x", "size": 1}], "net": {"layers": [)" + heads + ", " + rest + "]}}]}";
  };
  for (const char* heads : {R"(2, {"pipeFrom": "x"})", R"({"size": 2}, {"pipeFrom": "x"})", R"([2], {"type": "input", "pipeFrom": "x"})"})
    CHECK(make(model(heads)).run({1, 2})[0] == 21 + 100 * 21);
}

TEST_CASE("TRAIN-03 A-40 nets that share are trained, or left alone, by the name of each") {
  const std::string net = R"("type": "net", "share": "s", "net": {"layers": [2, 2]})";
  const std::string model = "{\"layers\": [2, {\"name\": \"A\", " + net + "}, {\"name\": \"B\", " + net + "}, 1]}";
  const Dataset data = Dataset::sample("xor");
  for (const char* name : {"A", "B", "B/1"}) {
    CAPTURE(name);
    NeuralNetwork only = make(model), without = make(model);
    const std::vector<double> before = as_numbers(only.parameters()[0].second), last = as_numbers(only.parameters()[2].second);
    only.train(data, {.max_iterations = 2, .to_train = {name}});
    CHECK(as_numbers(only.parameters()[0].second) != before);
    CHECK(as_numbers(only.parameters()[2].second) == last);
    without.train(data, {.max_iterations = 2, .to_skip = {name}});
    CHECK(as_numbers(without.parameters()[0].second) == before);
    CHECK(as_numbers(without.parameters()[2].second) != last);
  }
  CHECK_THROWS_AS(make(model).train(data, {.max_iterations = 1, .to_train = {"C"}}), Error);
}

TEST_CASE("TRAIN-03 pipes without a name go with their layer, by its name or else its number") {
  const Dataset data = Dataset::from({{{1, 0}, {1, 0, 1, 0}}});
  const auto trained = [&](const std::string& name, const std::string& only) {
    NeuralNetwork net = make(R"({"layers": [2, {)" + name + R"("size": 2, "pipes": [{"name": "p", "size": 1}, {"size": 1}]}]})");
    const auto before = net.parameters();
    std::vector<std::vector<double>> values;
    for (const auto& [key, tensor] : before) values.push_back(as_numbers(tensor));
    net.train(data, {.max_iterations = 1, .to_train = {only}});
    std::string changed;
    for (std::size_t i = 0; i < before.size(); ++i)
      if (as_numbers(net.parameters()[i].second) != values[i] && before[i].first.ends_with(".bias")) changed += before[i].first + " ";
    return changed;
  };
  CHECK(trained("\"name\": \"h\", ", "h") == "h.bias 1/1.bias ");
  CHECK(trained("\"name\": \"h\", ", "1/1") == "1/1.bias ");
  CHECK(trained("\"name\": \"h\", ", "p") == "p.bias ");
  CHECK(trained("", "1") == "1.bias 1/1.bias ");
  // A net that stands in such a pipe has layers of its own.
  NeuralNetwork net = make(R"({"layers": [2, {"name": "h", "size": 2, "pipes": [{"type": "net", "net": {"layers": [2, 2]}}]}]})");
  const std::vector<double> before = as_numbers(net.parameters()[2].second);
  net.train(data, {.max_iterations = 1, .to_train = {"1/0"}});
  CHECK(as_numbers(net.parameters()[2].second) != before);
  CHECK_THROWS_AS(trained("\"name\": \"h\", ", "1"), Error);
}

TEST_CASE("A-72 IO-05 inputs of nets give way to inputs of the model around that have their name") {
  const std::string net = R"({"type": "net", "name": "A", "net": {"layers": [{"name": "u", "size": 1}, {"type": "tanh"}]}})", own = R"({"size": 1, "name": "u"})";
  for (const std::string& pipes : {net + ", " + own, own + ", " + net}) {
    NeuralNetwork both = make(R"({"layers": [{"pipes": [)" + pipes + R"(]}, {"type": "identity"}]})");
    std::vector<std::string> names;
    for (const PortInfo& port : both.inputs()) names.push_back(port.name);
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"A/u", "u"});
  }
}

TEST_CASE("A-40 nets that share a batchNorm keep its averages one after the other") {
  const std::string shared = R"({"type": "net", "share": "a", "net": {"layers": [1, {"type": "batchNorm", "momentum": 0.5}]}})";
  const Dataset data = Dataset::from({{{2}, {0}}, {{6}, {1}}});
  const TrainOptions options{.max_iterations = 1, .learning_rate = 0, .batch_size = 2};
  const auto averages = [](const NeuralNetwork& net) {
    std::vector<double> values;
    for (const auto& [name, tensor] : net.parameters())
      if (name.find("moving") != std::string::npos) values.push_back(tensor.at(0));
    return values;
  };
  // The first sees mean 4 and variance 4, the second what the first gives: mean 0 and variance 4 / 4.001.
  NeuralNetwork net = make("{\"layers\": [1, " + shared + ", " + shared + ", {\"type\": \"identity\"}]}");
  net.train(data, options);
  REQUIRE(averages(net).size() == 2);
  CHECK(averages(net)[0] == Approx(0.5 * 0.5 * 4).margin(1e-6));
  CHECK(averages(net)[1] == Approx(0.5 * (0.5 + 0.5 * 4) + 0.5 * 4 / 4.001));
  // Two in a net that stands there twice.
  const std::string inner = R"({"type": "net", "share": "b", "net": {"layers": [1, )" + shared + ", " + shared + "]}}";
  NeuralNetwork nested = make("{\"layers\": [1, " + inner + ", " + inner + ", {\"type\": \"identity\"}]}");
  nested.train(Dataset::from({{{5}, {0}}}), options);  // of one sample all variances are 0
  REQUIRE(averages(nested).size() == 2);
  CHECK(averages(nested)[0] == Approx(5 * 0.0625));
  CHECK(averages(nested)[1] == Approx(0.0625));
  // Both in each step of an iterator.
  NeuralNetwork looped = make(R"({"layers": [{"name": "x", "size": 1}, {"type": "iterator", "steps": 3, "state": [{"name": "s", "pipeFrom": "x"}],
    "net": {"layers": [{"pipeFrom": "s"}, )" + shared + ", " + shared.substr(0, shared.size() - 1) + R"(, "to": "s"}]}}, {"type": "identity"}]})");
  looped.train(Dataset::from({{{5}, {0}}}), options);
  REQUIRE(averages(looped).size() == 2);
  CHECK(averages(looped)[0] == Approx(5 / 64.0));
  CHECK(averages(looped)[1] == Approx(1 / 64.0));
  // Gradients that learn keep them as well.
  const double before = averages(net)[0];
  net.compute_gradients(data, {.training = true});
  CHECK(averages(net)[0] == Approx(0.25 * before + 0.25 * 4));
}
