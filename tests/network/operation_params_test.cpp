// Parameters of custom operations: what may be given, what is stored; bodies in JSON.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "network/operations.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

std::vector<std::string> listed(const NeuralNetwork& network) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : network.parameters()) names.push_back(name + " " + tensor.shape().text());
  return names;
}

}  // namespace

TEST_CASE("ARR-02 ARR-03 ARR-04 ARR-05 INFO-04 A-04 arrays are counted, given or sized, and stored in the order of their definition") {
  const Context context = with_domain();
  define_affine(context, "@*scale", "@*shift");
  using Names = std::vector<std::string>;
  CHECK(listed(network_of(context, R"({"type": "affine", "shift": 2, "scale": {"size": [2]}})")) ==
        Names{"1.scale 2", "1.shift 2"});
  CHECK(listed(network_of(context, R"({"type": "affine", "shift": {"count": 2}, "scale": 2})")) ==
        Names{"1.scale 2", "1.shift 2"});
  CHECK(listed(network_of(context, R"({"type": "affine", "shift": {"count": [1, 2]}, "scale": {"size": [1, 2]}})")) ==
        Names{"1.scale 1x2", "1.shift 1x2"});
  CHECK(listed(network_of(context, R"({"type": "affine", "shift": [3, 4], "scale": [[1, 2]]})")) == Names{"1.scale 1x2", "1.shift 2"});
  NeuralNetwork stored = network_of(context, R"({"type": "affine", "scale": 2, "shift": 2})", R"(, "setup": {"data": [1, 2, 3, 4]})");
  CHECK(stored.run({1, 1}).values() == std::vector<double>{4, 6});
  NeuralNetwork sized = network_of(context, R"({"type": "affine", "scale": {"size": [1, 2]}, "shift": {"size": [1, 2]}})", R"(, "setup": {"data": [1, 2, 3, 4]})");
  CHECK(sized.run({1, 1}).values() == std::vector<double>{4, 6});  // dimensions take no place
  NeuralNetwork given = network_of(context, R"({"type": "affine", "scale": [1, 2], "shift": 2})", R"(, "setup": {"data": [3, 4]})");
  CHECK(given.run({1, 1}).values() == std::vector<double>{4, 6});
  // How many there are is not what they are: also what is trained only where the model does not give it is trained.
  const Context counted = with_domain();
  OperationParameter scale("@*scale");
  scale.train_only_if_not_in_model = true;
  define_affine(counted, std::move(scale), "*shift");
  NeuralNetwork learner = network_of(counted, R"({"type": "affine", "scale": 2, "shift": [0, 0]})", R"(, "setup": {"data": [1, 2]})");
  learner.train(Dataset::from({{{1, 1}, {5, 5}}}), {.max_iterations = 1});
  CHECK(learner.run({1, 1}).values()[0] > 1);
  // Nor is it otherwise where a default says how many there are.
  const Context defaults = with_domain();
  define_affine(defaults, OperationParameter("@*scale").defaults_to(Json::number(2)),
                OperationParameter("*shift").defaults_to(Json::object({{"size", Json::number(2)}})));
  NeuralNetwork by_default = network_of(defaults, R"({"type": "affine"})", R"(, "setup": {"data": [1, 2, 3, 4]})");
  CHECK(by_default.run({1, 1}).values() == std::vector<double>{4, 6});
  // Also one whose size the operation itself tells, which is found behind all others.
  define_operation(context, {.name = "dense", .domain = "mine", .params = {"*input", "@*weights", "@offset"}},
                   [](Variable x, Variable weights, Variable offset) { return matmul(x, weights) + offset; });
  NeuralNetwork told = network_of(context, R"({"type": "dense", "size": 2})", R"(, "setup": {"data": [1, 2, 3, 4, 10]})");
  CHECK(listed(told) == Names{"1.weights 2x2", "1.offset scalar"});
  CHECK(told.run({1, 1}).values() == std::vector<double>{14, 16});
  const Context untrained = with_domain();
  define_affine(untrained, "*scale", "*shift");
  NeuralNetwork constant = network_of(untrained, R"({"type": "affine", "scale": 2, "shift": 1})", R"(, "setup": {"data": [3, 4, 5]})");
  CHECK(listed(constant) == Names{"1.scale 2", "1.shift 1"});
  CHECK(constant.run({1, 1}).values() == std::vector<double>{8, 9});
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "scale": [1, 2], "shift": 2})", R"(, "setup": {"data": [3]})"); }) ==
        "SETUP_SIZE");
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "scale": [[1], [2, 3]], "shift": 2})"); }) == "RAGGED");
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "scale": true, "shift": 2})"); }) == "PARAM_VALUE");
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "scale": -2, "shift": 2})"); }) == "ARRAY_SIZE");
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "scale": "nobody", "shift": 2})"); }) == "NO_INPUT");
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "scal": 2, "shift": 2})"); }) == "UNKNOWN_PROPERTY");
}

TEST_CASE("INFO-01 INFO-02 INFO-06 PARAM-02 to PARAM-10 A-34 A-35 A-36 numbers are stored unless they are given or have a default") {
  const Context context = with_domain();
  define_affine(context, "scale", OperationParameter("shift").defaults_to(Json::number(10)));
  NeuralNetwork drawn = network_of(context, R"({"type": "affine"})");
  REQUIRE(listed(drawn) == std::vector<std::string>{"1.scale scalar"});
  CHECK(std::abs(drawn.parameters()[0].second.at(0)) <= 0.5);
  CHECK(drawn.parameters()[0].second.at(0) != 0);  // by chance, as arrays do
  CHECK(network_of(context, R"({"type": "affine"})", R"(, "setup": {"data": [3]})").run({1, 2}).values() ==
        std::vector<double>{13, 16});
  CHECK(network_of(context, R"({"type": "affine", "scale": 2, "shift": true})").run({1, 2}).values() ==
        std::vector<double>{3, 5});
  CHECK(network_of(context, R"({"type": "affine", "scale": 2})").parameters().empty());
  // A function may say the number, and the array.
  const Context asked = with_domain();
  define_affine(asked, OperationParameter("scale").defaults_to({"$input"}, [](std::span<const Json> given) { return given[0]; }),
                OperationParameter("*shift").defaults_to(std::vector<std::string>(), [](std::span<const Json>) { return Json::numbers({5, 6}); }));
  CHECK(network_of(asked, R"({"type": "affine"})").run({1, 2}).values() == std::vector<double>{7, 10});
  CHECK(network_of(asked, R"({"type": "affine"})").parameters().empty());
  // As a number true is 1 also where it is a default, of a state too.
  const Context flags = with_domain();
  define_affine(flags, OperationParameter("scale").defaults_to(Json::boolean(true)), OperationParameter("shift").defaults_to(Json::boolean(false)));
  CHECK(network_of(flags, R"({"type": "affine"})").run({1, 2}).values() == std::vector<double>{1, 2});
  define_operation(flags, {.name = "counts", .domain = "mine", .params = {"*input", OperationParameter("~on").defaults_to(Json::boolean(true)),
                           OperationParameter("~off").defaults_to(Json::boolean(false))}, .call_with = {"input", "state"}},
                   [](Numbers, const Argument& state) {
                     std::span<double> on = state["on"], off = state["off"];
                     return std::vector<double>{on[0]++, off[0]++};
                   });
  NeuralNetwork counts = network_of(flags, R"({"type": "counts", "size": 2})");
  CHECK(counts.run({0, 0}).values() == std::vector<double>{1, 0});
  CHECK(counts.run({0, 0}).values() == std::vector<double>{2, 1});
  // Nor are defaults that are trained: what becomes of them goes into the layer.
  const Context trained = with_domain();
  define_affine(trained, OperationParameter("@scale").defaults_to(Json::number(2)),
                OperationParameter("@*shift").defaults_to(Json::numbers({10, 20})));
  NeuralNetwork network = network_of(trained, R"({"type": "affine"})");
  CHECK(listed(network) == std::vector<std::string>{"1.scale scalar", "1.shift 2"});
  CHECK(network.run({1, 2}).values() == std::vector<double>{12, 24});
  CHECK(network.train(Dataset::from({{{1, 2}, {0, 0}}}), {.max_iterations = 1, .learning_rate = 0.01}).iterations == 1);
  const std::string text = network.to_json();
  CHECK(text.find("setup") == std::string::npos);
  CHECK(NeuralNetwork::from_json(text, trained).run({1, 2}).values() == network.run({1, 2}).values());
}

TEST_CASE("PARAM-05 PARAM-06 SH-09 A-36 what is trained and stands in the model is exported there; some is trained only where it does not") {
  const Context context = with_domain();
  OperationParameter shift("@shift");
  shift.train_only_if_not_in_model = true;
  define_affine(context, "!@*scale", shift);
  NeuralNetwork network = network_of(context, R"({"type": "affine", "scale": [1, 2], "shift": 3})");
  REQUIRE(listed(network) == std::vector<std::string>{"1.scale 2"});
  network.set_parameter("1.scale", Tensor::from(context, DType::fp32, Shape{2}, std::vector<double>{5, 6}));
  const std::string text = network.to_json();
  CHECK(text.find("[5,6]") != std::string::npos);
  CHECK(text.find("setup") == std::string::npos);
  CHECK(NeuralNetwork::from_json(text, context).run({1, 1}).values() == std::vector<double>{8, 9});
  network.train(Dataset::from({{{1, 1}, {0, 9}}}), {.max_iterations = 1, .learning_rate = 0.1});
  CHECK(network.parameters()[0].second.at(0) < 4.9);
  CHECK(network.parameters()[0].second.at(1) == 6);
  CHECK(NeuralNetwork::from_json(network.to_json(), context).run({1, 1}).values() == network.run({1, 1}).values());
  // Whatever its numbers come from: the model, a default, or chance.
  const Context sources = with_domain();
  define_affine(sources, OperationParameter("@scale").defaults_to(Json::number(2)),
                OperationParameter("@*shift").defaults_to(Json::numbers({3, 4})));
  for (const char* layer : {R"({"type": "affine"})", R"({"type": "affine", "scale": 5, "shift": [6, 7]})",
                            R"({"type": "affine", "shift": 2})"}) {
    CAPTURE(layer);
    const Gradients of = network_of(sources, layer).compute_gradients(Dataset::from({{{1, 1}, {20, 9}}}));
    CHECK(of.gradients.contains("1.scale"));
    CHECK(of.gradients.contains("1.shift"));
  }
  const Context arrays = with_domain();
  OperationParameter scale("@*scale");
  scale.train_only_if_not_in_model = true;
  define_affine(arrays, scale, "shift");
  CHECK(listed(network_of(arrays, R"({"type": "affine", "scale": [1, 2], "shift": 3})")).empty());
  NeuralNetwork counted = network_of(arrays, R"({"type": "affine", "scale": 2, "shift": 3})");
  CHECK(listed(counted) == std::vector<std::string>{"1.scale 2"});
  CHECK(counted.compute_gradients(Dataset::from({{{1, 1}, {0, 9}}})).gradients.contains("1.scale"));
  // Where the model only counts it, nothing of it is stored either: its numbers begin at random and go into the layer.
  NeuralNetwork unset = network_of(context, R"({"type": "affine", "scale": 2, "shift": 3})", R"(, "setup": {"data": []})");
  CHECK(listed(unset) == std::vector<std::string>{"1.scale 2"});
  NeuralNetwork again = NeuralNetwork::from_json(unset.to_json(), context);
  CHECK(again.run({1, 2}).values() == unset.run({1, 2}).values());
  // Neither given nor by default: noSetup means that the function gets nothing, neither an array nor a number.
  CHECK(reason_of([&] { network_of(context, R"({"type": "affine", "shift": 3})"); }) == "ARGUMENT");
  const Context numbers = with_domain();
  define_affine(numbers, "!scale", "!shift");
  CHECK(listed(network_of(numbers, R"({"type": "affine", "scale": 2, "shift": 3})")).empty());
  CHECK(reason_of([&] { network_of(numbers, R"({"type": "affine", "scale": 2})"); }) == "ARGUMENT");
}

TEST_CASE("SH-11 several shorthands stand in any order") {
  std::string marks = "!*@";  // sorted
  do {
    CAPTURE(marks);
    const OperationParameter parameter(marks + "scale");
    CHECK(parameter.name == "scale");
    CHECK(parameter.no_setup);
    CHECK(parameter.array_type);
    CHECK(parameter.subject_of_training);
    CHECK_FALSE(parameter.internal_state);
    const Context context = with_domain();
    define_operation(context, R"({"name": "gained", "domain": "mine",
        "model": {"defineParams": ["*input", ")" + marks + R"(scale", {"name": "size", "default": ":input"}]},
        "body": {"steps": [{"op": "mul", "inputs": ["input", "scale"]}]}})");
    NeuralNetwork network = network_of(context, R"({"type": "gained", "scale": [1, 2]})", R"(, "setup": {"data": []})");
    CHECK(listed(network) == std::vector<std::string>{"1.scale 2"});
    CHECK(network.run({3, 4}).values() == std::vector<double>{3, 8});
  } while (std::next_permutation(marks.begin(), marks.end()));
  for (const char* const text : {"~*sum", "*~sum"}) {
    CAPTURE(text);
    const OperationParameter parameter(text);
    CHECK(parameter.name == "sum");
    CHECK(parameter.internal_state);
    CHECK(parameter.array_type);
    CHECK_FALSE(parameter.subject_of_training);
  }
}

TEST_CASE("ARR-06 ERR-15 ERR-17 sizes that nobody says are errors") {
  const Context context = with_domain();
  define_operation(context, {.name = "host", .domain = "mine", .params = {"*input", "*table"}},
                   [](Numbers x, Numbers) { return std::vector<double>(x.begin(), x.end()); });
  CHECK(reason_of([&] { network_of(context, R"({"type": "host", "table": 2})"); }) == "NO_SIZE");
  CHECK(reason_of([&] { network_of(context, R"({"type": "host", "size": 2})"); }) == "ARRAY_SIZE");
  CHECK(network_of(context, R"({"type": "host", "table": [1], "size": 2})").run({1, 2}).values() == std::vector<double>{1, 2});
  define_operation(context, {.name = "composed", .domain = "mine", .params = {"*input", "*table"}},
                   [](Variable x, Variable table) { return x + exp(table); });
  CHECK(reason_of([&] { network_of(context, R"({"type": "composed", "size": 2})"); }) == "ARRAY_SIZE");
  CHECK(reason_of([&] { network_of(context, R"({"type": "composed", "table": [1]})"); }) == "NO_SIZE");
  // Nor can the dimensions of such an array be handed over.
  define_composed_operation(context, {.name = "asking", .domain = "mine", .params = {"*input", "*table"}, .call_with = {"input", ":table"}}, 0,
                            [](Arguments given) -> Variable { return given[0]; });
  CHECK(reason_of([&] { network_of(context, R"({"type": "asking", "size": 2})"); }) == "ARRAY_SIZE");
}

TEST_CASE("A-32 a result of another size than promised is an error, unless the operation says that it is to fit") {
  const Context context = with_domain();
  const bool fits = GENERATE(false, true);
  const auto twice = [](Numbers x) { return std::vector<double>{x[0], x[1], x[0], x[1]}; };
  define_operation(context, {.name = "host", .domain = "mine", .fit_output = fits, .params = {"*input"}}, twice);
  define_operation(context, {.name = "composed", .domain = "mine", .fit_output = fits, .params = {"*input"}},
                   [](Variable x) { return apply("concat", {x, x}, R"({"axis": -1})"); });
  for (const std::string type : {"host", "composed"}) {
    CAPTURE(type);
    const auto run = [&](const std::string& size) {
      return network_of(context, R"({"type": ")" + type + R"(", "size": )" + size + "}").run({1, 2}).values();
    };
    CHECK(run("4") == std::vector<double>{1, 2, 1, 2});
    CHECK(run("[2, 2]") == std::vector<double>{1, 2, 1, 2});
    if (fits) {
      CHECK(run("3") == std::vector<double>{1, 2, 1});
      CHECK(run("6") == std::vector<double>{1, 2, 1, 2, 0, 0});
    } else {
      CHECK(reason_of([&] { run("3"); }) == "OP_OUTPUT_SIZE");
    }
  }
}

TEST_CASE("EX-13 one bias for all neurons is stored, trained and comes before the weights") {
  const Context context = with_domain();
  const auto size_of_weights = [](std::span<const Json> given) {
    return Json::object({{"size", Json::numbers({given[0].at(0).as_number(), given[1].at(0).as_number()})}});
  };
  define_operation(context, {.name = "neurons", .domain = "mine",
                             .params = {"activation", "@bias",
                                        OperationParameter("@*weights").defaults_to({":input", ":size"}, size_of_weights)},
                             .call_with = {"input", "weights", "bias", "activation"}},
                   [](Variable x, Variable weights, Variable bias, const Argument& activation) {
                     return activation(matmul(x, weights) + bias);
                   });
  NeuralNetwork network = network_of(context, R"({"type": "neurons", "size": 2})", R"(, "setup": {"data": [7, 1, 2, 3, 4]})");
  CHECK(listed(network) == std::vector<std::string>{"1.bias scalar", "1.weights 2x2"});
  CHECK(network.run({1, 1}).values() == std::vector<double>{11, 13});
  const Gradients gradients = network.compute_gradients(Dataset::from({{{1, 1}, {10, 11}}}));
  CHECK(gradients.gradients.at("1.bias").at(0) == 3);  // of both neurons
}

TEST_CASE("OP-05 OP-06 ERR-08 ERR-21 A-54 operations stand where they may") {
  const Context context = with_domain();
  define_operation(context, {.name = "act", .domain = "mine", .activation = true, .params = {"*input", "@alpha"}},
                   [](Variable x, Variable alpha) { return x * alpha; });
  define_operation(context, {.name = "plain", .domain = "mine", .activation = false, .params = {"*input"}},
                   [](Variable x) { return x * 1.0; });
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"type": "plain", "size": 2}, {"type": "act"}]})", context); }) ==
        "FIRST_LAYER_TYPE");
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"size": 2, "pipes": [{"type": "plain", "size": 2}]}, {"type": "act"}]})", context); }) ==
        "FIRST_LAYER_TYPE");
  for (const char* layer : {R"({"type": "mine#plain", "size": 2})", R"({"size": 2, "pipes": [{"type": "mine#plain", "size": 2}]})"})
    CHECK(reason_of([&] { NeuralNetwork::from_json(std::string(R"({"layers": [)") + layer + ", 1]}", context); }) == "FIRST_LAYER_TYPE");
  CHECK(reason_of([&] { network_of(context, R"({"type": "act", "activation": "plain"})"); }) == "NOT_ACTIVATION");
  CHECK(reason_of([&] { network_of(context, R"({"type": "act", "activation": "atc"})"); }) == "NOT_ACTIVATION");
  // A function of one array is an activation, unless it says that it is none.
  define_operation(context, {.name = "half", .domain = "mine"}, [](Variable x) { return x * 0.5; });
  define_operation(context, {.name = "mean", .domain = "mine", .activation = false}, [](Variable x) { return x * 0.5; });
  CHECK_NOTHROW(network_of(context, R"({"type": "act", "activation": "half"})"));
  CHECK(reason_of([&] { network_of(context, R"({"type": "act", "activation": "mean"})"); }) == "NOT_ACTIVATION");
  // A parameter of the activation stands behind those of the operation (A-33).
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"layers": [2, {"size": 1, "activation": "mine#act"}], "setup": {"data": [1, 2, 3, 10]}})", context);
  CHECK(network.run({1, 1})[0] == 60);
  CHECK(listed(network).back() == "1.activation/alpha scalar");
  CHECK(network.train(Dataset::sample("xor"), {.max_iterations = 1, .learning_rate = 0.001}).iterations == 1);
  NeuralNetwork given = NeuralNetwork::from_json(
      R"({"layers": [2, {"size": 1, "activation": "mine#act", "alpha": 4}], "setup": {"data": [1, 2, 3]}})", context);
  CHECK(given.run({1, 1})[0] == 24);
}

TEST_CASE("A-33 what an operation stores stands before what its activation stores, and both before the layer's pipes") {
  const Context context = with_domain();
  define_operation(context, {.name = "act", .domain = "mine", .activation = true, .params = {"*input", "@alpha"}},
                   [](Variable x, Variable alpha) { return x * alpha; });
  define_operation(context, {.name = "scaled", .domain = "mine", .params = {"*input", "@*scale", "activation"}},
                   [](Variable x, Variable scale, const Argument& activation) { return activation(x * scale); });
  NeuralNetwork network = network_of(context, R"({"type": "scaled", "scale": 2, "size": 2, "activation": "act",
      "pipes": [{"name": "p", "type": "core#neurons", "size": 1, "bias": false}]})", R"(, "setup": {"data": [1, 2, 10, 3, 4]})");
  CHECK(listed(network) == std::vector<std::string>{"1.scale 2", "1.activation/alpha scalar", "p.weights 2x1"});
  CHECK(network.run({1, 1}).values() == std::vector<double>{10, 20, 7});
}

TEST_CASE("A-58 OP-15 an operation may be JSON alone, in the program's hands or in the model's own") {
  const Context context = with_domain();
  const std::string gated = R"({"name": "gated", "model": {
      "defineParams": ["*input", "@*weights", {"name": "bias", "subjectOfTraining": true, "default": 0.5}, "activation",
                       {"name": "size", "default": ":input"}]},
    "body": {"steps": [
      {"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
      {"op": "add", "inputs": ["product", "bias"], "name": "sum"},
      {"op": "activation", "inputs": ["sum"], "name": "active"},
      {"op": "half", "inputs": ["active"], "name": "halved"},
      {"op": "mul", "inputs": ["halved", "input"]}]}})";
  const std::string half = R"({"name": "half", "model": {"isActivation": true},
      "body": {"steps": [{"op": "mul", "inputs": ["input", 0.5]}]}})";
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"operations": [)" + half + "," + gated + R"(], "layers": [2, {"type": "gated", "activation": "relu"}, {"size": 1, "activation": "half"}],
          "setup": {"data": [1, 2, 3, 4, 1, 1, 0]}})", context);
  // x W + 0.5 = (4.5, 6.5); times x / 2 = (2.25, 3.25); their sum, halved
  CHECK(network.run({1, 1})[0] == Approx(2.75));
  CHECK(network.parameters().size() == 4);
  const TrainInfo info = network.train(Dataset::sample("xor"), {.max_iterations = 50, .learning_rate = 0.05});
  CHECK(std::isfinite(info.error));
  const NeuralNetwork again = NeuralNetwork::from_json(network.to_json(), context);
  CHECK(NeuralNetwork(again).run({1, 0})[0] == Approx(network.run({1, 0})[0]));
  // It belongs to that model alone.
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"layers": [2, {"type": "gated"}]})", context); }) == "OPERATION");
  define_operation(context, half);
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, {"type": "half"}]})", context).run({1, 2}).values() == std::vector<double>{0.5, 1});
  CHECK(reason_of([&] { define_operation(context, half); }) == "OPERATION_EXISTS");
  // The result is that of the step which "output" names, else of the last one.
  const auto tripled = [&](const std::string& output) {
    return NeuralNetwork::from_json(R"({"operations": [{"name": "op", "body": {"steps": [{"op": "mul", "inputs": ["input", 3], "name": "tripled"},
        {"op": "neg", "inputs": ["tripled"], "name": "negative"}])" + output + R"(}}], "layers": [1, {"type": "op", "size": 1}]})", context).run({2})[0];
  };
  CHECK(tripled("") == -6);
  CHECK(tripled(R"(, "output": "negative")") == -6);
  CHECK(tripled(R"(, "output": "tripled")") == 6);
}

TEST_CASE("A-58 hostile bodies are bounded and answered with their place") {
  const Context context = with_domain();
  const auto load = [&](const std::string& operations) {
    return reason_of([&] {
      NeuralNetwork::from_json(R"({"operations": )" + operations + R"(, "layers": [2, {"type": "op", "size": 2}]})", context).run({1, 2});
    });
  };
  CHECK(load("3") == "PROPERTY_VALUE");
  CHECK(load("[3]") == "PROPERTY_VALUE");
  CHECK(load(R"([{"name": "op"}])") == "BODY");
  CHECK(load(R"([{"name": "op", "body": {"steps": []}}])") == "PROPERTY_VALUE");
  CHECK(load(R"([{"name": "op", "body": {"steps": [{"op": "mull", "inputs": ["input"]}]}}])") == "OPERATION");
  CHECK(load(R"([{"name": "op", "body": {"steps": [{"op": "op", "inputs": ["input"]}]}}])") == "OPERATION");
  CHECK(load(R"([{"name": "op", "body": {"steps": [{"op": "neg", "inputs": ["b"]}]}}])") == "BODY_NAME");
  CHECK(load(R"([{"name": "op", "body": {"steps": [{"op": "neg", "inputs": ["input"]}], "output": "x"}}])") == "BODY_NAME");
  CHECK(load(R"([{"name": "op", "body": {"steps": [{"op": "add", "inputs": [1, 2]}]}}])") == "BODY");
  CHECK(load(R"([{"name": "op", "body": {"steps": [{"op": "neg", "inputs": ["input"], "attributes": {"x": 1}}]}}])") == "ATTRIBUTE_UNKNOWN");
  CHECK(load(R"([{"name": "tanh", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}}])") == "OPERATION_EXISTS");
  CHECK(load(R"([{"name": "standard", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}}])") == "OPERATION_EXISTS");
  CHECK(load(R"([{"name": "a b", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}}])") == "NAME");
  // Each uses the one before twice: 2^30 nodes, were it not for the limit.
  std::string bomb = R"([{"name": "op0", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}})";
  for (int i = 1; i <= 30; ++i) {
    const std::string before = "op" + std::to_string(i - 1);
    bomb += R"(, {"name": "op)" + (i == 30 ? std::string() : std::to_string(i)) + R"(", "body": {"steps": [{"op": ")" + before +
            R"(", "inputs": ["input"], "name": "a"}, {"op": ")" + before + R"(", "inputs": ["a"]}]}})";
  }
  CHECK(load(bomb + "]") == "NODES");
  std::string deep = R"([{"name": "op0", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}})";
  for (int i = 1; i <= 70; ++i)
    deep += R"(, {"name": "op)" + std::to_string(i) + R"(", "body": {"steps": [{"op": "op)" + std::to_string(i - 1) + R"(", "inputs": ["input"]}]}})";
  CHECK(load(deep + "]") == "BODY_DEPTH");
}
