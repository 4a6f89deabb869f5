// Domains and operations of a program, as the proposal's examples write them: EX-10 to EX-15, EX-18, EX-25.
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <numeric>

#include "network/operations.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

void define_custom_domain(const Context& context) {
  define_domain(context, R"({"domainName": "custom-domain", "defaultDataType": "fp32", "defaultOperationType": "neurons"})");
}

Json longer(std::span<const Json> lengths) {
  return lengths[0].at(0).as_number() > lengths[1].at(0).as_number() ? lengths[0] : lengths[1];
}

std::vector<double> add_if_above(Numbers a, Numbers b, double value) {
  if (a.size() != b.size()) throw std::runtime_error("inputs have to have same lengths");
  std::vector<double> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = a[i] > value && b[i] > value ? a[i] + b[i] : 0;
  return result;
}

std::vector<double> only_lower_than(Numbers input, double value) {
  std::vector<double> result(input.size());
  for (std::size_t i = 0; i < input.size(); ++i) result[i] = input[i] < value ? input[i] : 0;
  return result;
}

std::vector<double> neurons(Numbers inputs, Numbers weights, double bias, const Argument& activation) {
  std::vector<double> result(weights.size() / inputs.size(), bias);
  for (std::size_t n = 0; n < result.size(); ++n) {
    for (std::size_t i = 0; i < inputs.size(); ++i) result[n] += inputs[i] * weights[i * result.size() + n];
    result[n] = activation(result[n]);
  }
  return result;
}

// As versions 0 and 3 of the proposal have it, or with the spellings and call lists of versions 1 and 2.
void define_seed_operations(const Context& context, int version) {
  define_custom_domain(context);
  const std::string with = version == 2 ? "operation" : "callWith", size = version == 2 ? "count" : "size";
  OperationDefinition add = OperationDefinition::from_json(
      context, R"({"name": "addIfAbove", "domain": "custom-domain", "dataType": "fp32", "model": {
                   "defineParams": ["*a", "*b", "value", {"name": ")" + size + R"(", "paramsForDefault": [":a", ":b"]}],
                   ")" + with + "\": " + (version == 3 ? R"(["a", "b", "value"])" : R"(["a", "b", ":a", ":b", "value"])") + "}}");
  add.parameter("size").default_function = longer;
  if (version == 3)
    define_operation(context, add, add_if_above);
  else
    define_operation(context, add, [](Numbers a, Numbers b, Numbers a_length, Numbers b_length, double value) {
      if (a_length[0] != b_length[0]) throw std::runtime_error("inputs have to have same lengths");
      return add_if_above(a, b, value);
    });

  OperationDefinition lower = OperationDefinition::from_json(
      context, R"({"name": "onlyLowerThan", "domain": "custom-domain", "dataType": "fp32", "model": {
                   "defineParams": ["*input", "value", {"name": ")" + size + R"(", "paramsForDefault": [":input"]}],
                   ")" + with + "\": " + (version == 3 ? R"(["input", "value"])" : R"(["input", "value", ":input"])") + "}}");
  lower.parameter("size").default_function = [](std::span<const Json> given) { return given[0]; };
  if (version == 3)
    define_operation(context, lower, only_lower_than);
  else
    define_operation(context, lower, [](Numbers input, double value, Numbers length) {
      return only_lower_than(input.first(static_cast<std::size_t>(length[0])), value);
    });

  OperationDefinition own = OperationDefinition::from_json(
      context, R"({"name": "neurons", "domain": "custom-domain", "dataType": "fp32", "model": {
                   "defineParams": ["activation", "connections", {"name": "bias", "subjectOfTraining": true},
                     {"name": "weights", "arrayType": true, "subjectOfTraining": true,
                      "paramsForDefault": [":input", ")" + std::string(version == 3 ? "#" : "") + size + R"(", "connections"]}],
                   ")" + with + R"(": ["input", "weights", "bias", "activation", "connections"]}})");
  own.parameter("weights").default_function = [version](std::span<const Json> given) {
    double inputs = 1, units = 1;
    for (const double dim : given[0].as_numbers()) inputs *= dim;
    if (version == 3) units = given[1].as_number();
    else
      for (const double dim : given[1].as_numbers()) units *= dim;
    CHECK(given[2].as_text() == "all-to-all");
    return Json::object({{"size", Json::numbers({inputs, units})}});
  };
  define_operation(context, own, [](Numbers inputs, Numbers weights, double bias, const Argument& activation,
                                    std::string_view connections) {
    CHECK(connections == "all-to-all");
    return neurons(inputs, weights, bias, activation);
  });
}

std::string seed_model(int version) {
  const std::string size = version == 2 ? "count" : "size";
  const std::string a = version == 3 ? "add_op.a" : "addIfAboveInputA", b = version == 3 ? "add_op.b" : "addIfAboveInputB";
  const std::string name = version == 3 ? R"("name": "add_op", )" : "";
  return R"({"domain": "custom-domain", "dataType": "fp32", "layers": [
    {"name": "input", "pipes": [{"name": "A", ")" + size + R"(": 30, "to": ")" + a + R"("},
                                {"name": "B", ")" + size + R"(": 30, "to": [")" + b + R"("]}]},
    {)" + name + R"("type": "addIfAbove", "a": ")" + a + R"(", "b": ")" + b + R"(", "value": 0},
    {"type": "onlyLowerThan", "value": 50},
    30]})";
}

std::map<std::string, Tensor> parameters_of(const NeuralNetwork& network) {
  std::map<std::string, Tensor> all;
  for (const auto& [name, tensor] : network.parameters()) all.emplace(name, tensor);
  return all;
}

}  // namespace

TEST_CASE("EX-10 EX-11 EX-12 EX-13 EX-14 custom operations are used from a model, in every version's spelling") {
  const int version = GENERATE(1, 2, 3);
  CAPTURE(version);
  const Context context = Context::system({.threads = 1, .log_level = 0});
  define_seed_operations(context, version);
  NeuralNetwork network = NeuralNetwork::from_json(seed_model(version), context);
  REQUIRE(network.input_size() == 60);
  REQUIRE(network.output_size() == 30);
  // The declaration order of this domain: one bias for all, then weights.
  REQUIRE(network.parameters().size() == 2);
  CHECK(network.parameters()[0].first == "3.bias");
  CHECK(network.parameters()[0].second.shape().rank() == 0);
  CHECK(network.parameters()[1].first == "3.weights");
  CHECK(network.parameters()[1].second.shape() == Shape{30, 30});
  std::vector<double> input(120);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<double>((i * 37) % 61) - 20;
  const Output both = network.run(input);  // two samples: functions are called for each
  REQUIRE(both.size() == 60);
  const auto all = parameters_of(network);
  std::vector<double> weights(900);
  for (std::size_t i = 0; i < 900; ++i) weights[i] = all.at("3.weights").at(i);
  const Argument none;
  for (std::size_t s = 0; s < 2; ++s) {
    const Numbers sample(input.data() + s * 60, 60);
    const auto expected = neurons(only_lower_than(add_if_above(sample.first(30), sample.last(30), 0), 50), weights,
                                  all.at("3.bias").at(0), none);
    for (std::size_t i = 0; i < 30; ++i) CHECK(both[s * 30 + i] == Approx(expected[i]).epsilon(1e-5));
  }
  // EX-12: by default the size is the input's, in all its dimensions; the model may give another one.
  const auto shape_of = [&](const std::string& rest) {
    return NeuralNetwork::from_json(
               R"({"domain": "custom-domain", "layers": [{"size": [5, 6]}, {"type": "onlyLowerThan", "value": 0.5)" + rest + "}]}", context)
        .output_shape();
  };
  CHECK(shape_of("") == Shape{5, 6});
  CHECK(shape_of(std::string(version == 2 ? R"(, "count")" : R"(, "size")") + ": [30]") == Shape{30});
}

TEST_CASE("OP-01 an operation stands in its domain and data type; without a data type, in every one") {
  const Context context = one_thread();
  define_custom_domain(context);
  const std::string body =
      R"("model": {"isActivation": true}, "body": {"steps": [{"op": "mul", "inputs": ["input", 2]}]}})";
  define_operation(context, R"({"name": "twice", "domain": "custom-domain", )" + body);
  define_operation(context, R"({"name": "twice64", "domain": "custom-domain", "dataType": "fp64", )" + body);
  const auto output = [&](const std::string& type, const std::string& operation) {
    const std::string model = R"({"dataType": ")" + type + R"(", "layers": [2, {"type": ")" + operation + R"("}]})";
    return NeuralNetwork::from_json(model, context).run({1, -3}).values();
  };
  for (const std::string type : {"fp16", "bf16", "fp32", "fp64"}) {
    CAPTURE(type);
    CHECK(output(type, "custom-domain#twice") == std::vector<double>{2, -6});
    auto functions = get_operations(context, {.domain = "custom-domain", .data_type = type});
    CHECK(functions.contains("twice"));
    CHECK(functions.contains("twice64") == (type == "fp64"));
  }
  CHECK(output("fp64", "custom-domain#twice64") == std::vector<double>{2, -6});
  CHECK(reason_of([&] { output("fp32", "custom-domain#twice64"); }) == "DATATYPE");
  CHECK(reason_of([&] { output("fp32", "twice"); }) != "nothing thrown");  // of another domain
}

TEST_CASE("PARAM-07 a default function is called with values of other parameters: of the model, else their defaults") {
  const Context context = one_thread();
  define_custom_domain(context);
  OperationDefinition probe = OperationDefinition::from_json(context, R"({"name": "scaled", "domain": "custom-domain", "model": {
      "defineParams": ["*input", {"name": "gain", "default": 3}, {"name": "factor", "callDefaultWith": ["gain", "$input"]},
                       {"name": "size", "default": ":input"}], "callWith": ["input", "factor"]}})");
  probe.parameter("factor").default_function = [](std::span<const Json> given) {
    return Json::number(given[0].as_number() * given[1].as_number());
  };
  define_operation(context, probe, [](Numbers x, double factor) { return std::vector<double>{factor * x[0], factor * x[1]}; });
  const auto factor_of = [&](const std::string& rest) {
    return NeuralNetwork::from_json(R"({"domain": "custom-domain", "layers": [2, {"type": "scaled")" + rest + "}]}", context).run({1, 0})[0];
  };
  CHECK(factor_of("") == 3 * 2);
  CHECK(factor_of(R"(, "gain": 5)") == 5 * 2);
  CHECK(factor_of(R"(, "gain": 5, "factor": 7)") == 7);
}

TEST_CASE("EX-14 what is piped to the end of a parameter is handed over as that parameter") {
  const Context context = one_thread();
  define_custom_domain(context);
  define_operation(context, {.name = "minus", .domain = "custom-domain", .params = {"*a", "*b", OperationParameter("size").defaults_to(Json::text(":a"))}},
                   [](Numbers a, Numbers b) { return std::vector<double>{a[0] - b[0], a[1] - b[1]}; });
  for (const std::string end : {"x.", "endOf"}) {
    NeuralNetwork network = NeuralNetwork::from_json(R"({"domain": "custom-domain", "layers": [
        {"pipes": [{"size": 2, "to": ")" + end + R"(b"}, {"size": 2, "to": ")" + end + R"(a"}]},
        {"name": "x", "type": "minus", "a": ")" + end + R"(a", "b": ")" + end + R"(b"}]})", context);
    CHECK(network.run({1, 2, 50, 70}).values() == std::vector<double>{49, 68});
  }
}

TEST_CASE("ERR-22 what an operation throws reaches whoever runs the network, with its place, what it expected and what it said") {
  const Context context = one_thread();
  define_seed_operations(context, 3);
  const auto thrown = [](const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error;
    }
    FAIL("nothing thrown");
    throw std::logic_error("not reached");
  };
  // Nothing but a message: the rest is what the library knows.
  const auto bare = [](const Error& error, const std::string& message, const std::string& path, const std::string& operation) {
    INFO(error.what());
    CHECK(error.code() == Code::host_error);
    CHECK(error.reason() == "OPERATION_FAILED");
    CHECK(error.message() == message);
    CHECK(error.path() == path);
    CHECK(error.operation() == operation);
    CHECK(error.expected() == "a result of operation \"" + operation + "\"");
    CHECK(error.actual() == message);
    CHECK(error.hint() == "its function says so: look at what it gets here");
  };
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"domain": "custom-domain", "layers": [{"pipes": [{"size": 3, "to": "x.a"}, {"size": 2, "to": "x.b"}]},
          {"name": "x", "type": "addIfAbove", "value": 0}]})", context);
  bare(thrown([&] { network.run({1, 2, 3, 4, 5}); }), "inputs have to have same lengths", "/layers/1", "addIfAbove");
  // Also from its gradient.
  define_operation(context, {.name = "steep", .domain = "custom-domain", .params = {"*input", OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [](Numbers x) { return std::vector<double>(x.begin(), x.end()); },
                   [](const ForwardInputs&, Numbers, Numbers) -> ParameterGradients { throw std::runtime_error("too steep"); });
  NeuralNetwork learner = NeuralNetwork::from_json(R"({"layers": [2, 3, {"type": "custom-domain#steep"}, 1]})", context);
  bare(thrown([&] { learner.train(Dataset::sample("xor"), {.max_iterations = 1}); }), "too steep", "/layers/2", "steep");
  // And where it is composed, when the model is built; what it throws when it is tried at its definition ends that.
  bool fails = false;
  define_operation(context, {.name = "odd", .domain = "custom-domain", .params = {"*input", OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [&fails](Variable x) { return fails ? throw std::runtime_error("never even") : x; });
  const auto build = [&](const std::string& type) { (void)NeuralNetwork::from_json(R"({"layers": [2, {"type": "custom-domain#)" + type + "\"}]}", context); };
  fails = true;
  bare(thrown([&] { build("odd"); }), "never even", "/layers/1", "odd");
  bare(thrown([&] {
         define_operation(context, {.name = "even", .domain = "custom-domain", .params = {"*input", OperationParameter("size").defaults_to(Json::text(":input"))}},
                          [](Variable) -> Variable { throw std::runtime_error("not even"); });
       }), "not even", "/name", "even");
  // What it says by itself stays: as numbers, and composed.
  fails = false;
  const ErrorDetails details{.message = "inputs have to have same lengths", .reason = "LENGTHS", .expected = "3 values", .actual = "2 values", .hint = "make b longer"};
  define_operation(context, {.name = "exact", .domain = "custom-domain", .params = {"*input", OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [details](Numbers) -> std::vector<double> { throw Error(Code::shape_mismatch, details); });
  define_operation(context, {.name = "exactToo", .domain = "custom-domain", .params = {"*input", OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [details, &fails](Variable x) { return fails ? throw Error(Code::shape_mismatch, details) : x; });
  fails = true;
  NeuralNetwork exact = NeuralNetwork::from_json(R"({"layers": [2, {"type": "custom-domain#exact"}]})", context);
  for (const Error& error : {thrown([&] { exact.run({1, 2}); }), thrown([&] { build("exactToo"); })}) {
    CHECK(error.code() == Code::shape_mismatch);
    CHECK(error.reason() == "LENGTHS");
    CHECK(error.path() == "/layers/1");
    CHECK(error.operation().starts_with("exact"));
    CHECK(error.expected() == "3 values");
    CHECK(error.actual() == "2 values");
    CHECK(error.hint() == "make b longer");
  }
}

TEST_CASE("ERR-09 A-30 training through a function of plain numbers needs its gradient, and says so before the first step") {
  const Context context = one_thread();
  define_seed_operations(context, 3);
  NeuralNetwork network =
      NeuralNetwork::from_json(R"({"domain": "custom-domain", "layers": [2, {"type": "core#neurons", "size": 3},
                                   {"type": "onlyLowerThan", "value": 5}, {"type": "core#neurons", "size": 1}]})", context);
  const auto before = network.parameters();
  try {
    network.train(Dataset::sample("xor"), {.max_iterations = 2});
    FAIL("nothing thrown");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_differentiable);
    CHECK(error.reason() == "NOT_DIFFERENTIABLE");
    CHECK(error.operation() == "onlyLowerThan");
    CHECK(error.path() == "/layers/2");
  }
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(before[i].second.at(0) == network.parameters()[i].second.at(0));
  // What comes after it can be trained.
  TrainOptions last{.max_iterations = 2};
  last.to_train = {"3"};
  CHECK(network.train(Dataset::sample("xor"), last).iterations == 2);
}

TEST_CASE("EX-15 neurons composed of Variables take their size from the product, and train without another word") {
  const Context context = one_thread();
  define_custom_domain(context);
  define_operation(context, {.name = "neurons", .domain = "custom-domain",
                             .params = {"*input", "@*weights", "@bias", "activation"}},
                   [](Variable inputs, Variable weights, Variable bias, const Argument& activation) {
                     return activation(matmul(inputs, weights) + bias);
                   });
  NeuralNetwork seed = NeuralNetwork::from_json(
      R"({"domain": "custom-domain", "dataType": "fp32", "layers": [{"name": "input", "size": 30},
          {"type": "neurons", "size": 15}, {"type": "neurons", "size": 30}]})", context);
  REQUIRE(seed.parameters().size() == 4);
  CHECK(seed.parameters()[0].first == "1.weights");
  CHECK(seed.parameters()[0].second.shape() == Shape{30, 15});
  CHECK(seed.parameters()[1].first == "1.bias");
  CHECK(seed.parameters()[1].second.shape() == Shape{});
  CHECK(seed.run(std::vector<double>(30, 0.5)).size() == 30);

  // On the device the product, the bias and the activation are one kernel; the loss goes down.
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"domain": "custom-domain", "activation": "core#tanh", "layers": [2, 8, {"size": 1, "activation": "core#sigmoid"}]})",
      context);
  const double first = network.verify(Dataset::sample("xor")).error;
  const auto before = network.parameters();
  const TrainInfo info = network.train(Dataset::sample("xor"), {.max_iterations = 3000, .error_threshold = 1});
  CHECK(info.error < 0.02);
  CHECK(info.error < first);
  CHECK(network.run({1, 0})[0] > 0.7);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CAPTURE(before[i].first);
    CHECK(network.parameters()[i].second.at(0) != before[i].second.at(0));
  }
  CHECK(network.inspect().find("neurons") == std::string::npos);
  // So does what is composed of other operations of the program.
  define_operation(context, {.name = "twice", .domain = "custom-domain"}, [](Variable x) { return x + x; });
  define_operation(context, {.name = "twelvefold", .domain = "custom-domain"}, [](Variable x) {
    return apply("custom-domain#twice", {apply("custom-domain#twice", {x}) + x * 4.0});
  });
  NeuralNetwork steep = NeuralNetwork::from_json(
      R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": [0]}, {"type": "custom-domain#twelvefold"}]})", context);
  CHECK(steep.run({1})[0] == 12);
  CHECK(steep.compute_gradients(Dataset::from({{{1}, {11}}})).gradients.at("1.bias").at(0) == 12);
}

TEST_CASE("EX-18 a gradient of one's own makes a function of plain numbers trainable") {
  const Context context = one_thread();
  define_custom_domain(context);
  const auto add = [](Numbers x, Numbers y) {
    std::vector<double> sum(x.begin(), x.end());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += y[i];
    return sum;
  };
  define_operation(
      context, OperationDefinition::from_json(context, R"({"name": "plus", "domain": "custom-domain", "model": {
          "defineParams": ["*x", {"name": "y", "arrayType": true, "subjectOfTraining": true, "default": {"size": ":x"}},
                           {"name": "size", "default": ":x"}], "callWith": ["x", "y"]}})"),
      add, [](const ForwardInputs&, Numbers, Numbers arriving) {
        const std::vector<double> gradient(arriving.begin(), arriving.end());
        return ParameterGradients{{"x", gradient}, {"y", gradient}};
      });
  const char* const model = R"({"layers": [2, {"size": 3, "bias": false, "activation": "tanh", "to": "p.x"},
      {"name": "p", "type": "custom-domain#plus", "y": {"size": 3}}, 1]})";
  NeuralNetwork network = NeuralNetwork::from_json(model, context);
  const Gradients own = network.compute_gradients(Dataset::sample("xor"));
  REQUIRE(own.gradients.contains("p.y"));
  // The same with the library's operators, from the same weights.
  NeuralNetwork other = NeuralNetwork::from_json(
      R"({"layers": [2, {"size": 3, "bias": [0, 0, 0], "activation": "tanh"},
          {"size": 3, "connections": "one-to-one", "weights": [1, 1, 1], "bias": [0, 0, 0]}, 1]})", context);
  for (const auto& [name, tensor] : network.parameters())
    if (name == "1.weights") other.set_parameter(name, tensor);
    else if (name != "p.y") other.set_parameter("3" + name.substr(1), tensor);
  for (const auto& [name, tensor] : network.parameters())
    if (name == "p.y") network.set_parameter(name, Tensor(context, tensor.type(), tensor.shape()));
  const Gradients expected = other.compute_gradients(Dataset::sample("xor"));
  const Gradients now = network.compute_gradients(Dataset::sample("xor"));
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(now.gradients.at("1.weights").at(i) == Approx(expected.gradients.at("1.weights").at(i)).margin(1e-6));
  for (std::size_t i = 0; i < 3; ++i)  // of all samples: y is the bias that is added to each
    CHECK(now.gradients.at("p.y").at(i) == Approx(expected.gradients.at("2.bias").at(i)).margin(1e-6));
  CHECK(network.train(Dataset::sample("xor"), {.max_iterations = 3000, .error_threshold = 1}).error < 0.05);
}

TEST_CASE("EX-25 an operation may write into its output, at the offset that it is called with") {
  const Context context = one_thread();
  define_domain(context, {.name = "webai", .default_data_type = "fp32", .default_operation_type = "neurons"});
  OperationDefinition tanh{.name = "tanh", .domain = "webai", .activation = true, .params = {"*input"},
                           .call_with = {"input", "^input", "$input", "output", "^output"}};
  define_operation(context, tanh, [](Numbers input, double from, double count, std::span<double> output, double to) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      output[static_cast<std::size_t>(to) + i] = std::tanh(input[static_cast<std::size_t>(from) + i]);
  });
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"domain": "webai", "layers": [3, {"type": "core#neurons", "size": 2, "weights": [[1, 0], [0, 1], [0, 0]], "bias": [0, 0],
          "activation": "webai#tanh"}, {"type": "tanh"}]})", context);
  const Output output = network.run({1, -2, 3});
  REQUIRE(output.size() == 2);
  CHECK(output[0] == Approx(std::tanh(std::tanh(1.0))));
  CHECK(output[1] == Approx(std::tanh(std::tanh(-2.0))));
  CHECK(network.run({1, 0, 0, 0, 1, 0})[1] == 0);  // what one sample left is not there for the next
  // Nor where little of it is written.
  define_operation(context, {.name = "peak", .domain = "webai", .params = {"*input"}, .call_with = {"input", "output"}},
                   [](Numbers input, std::span<double> output) {
                     output[static_cast<std::size_t>(std::ranges::max_element(input) - input.begin())] = 1;
                   });
  NeuralNetwork peaks = NeuralNetwork::from_json(R"({"domain": "webai", "layers": [3, {"type": "peak", "size": 3}]})", context);
  CHECK(peaks.run({1, 5, 2, 7, 0, 3}).values() == std::vector<double>{0, 1, 0, 1, 0, 0});
  // It is an array with the dimensions of what comes out.
  Shape seen;
  define_host_operation(context, {.name = "fill", .domain = "webai", .params = {"*input"}, .call_with = {"input", "output"}},
                        0, [&seen](Arguments given) {
                          seen = given[1].dims();
                          for (double& value : std::span<double>(given[1])) value = 7;
                          return std::vector<double>();
                        });
  NeuralNetwork filled =
      NeuralNetwork::from_json(R"({"domain": "webai", "layers": [6, {"type": "fill", "size": [2, 3]}]})", context);
  CHECK(filled.run({1, 2, 3, 4, 5, 6}).values() == std::vector<double>(6, 7));
  CHECK(seen == Shape{2, 3});
}
