// Operations as functions, their variants, capabilities, and operations that remember: EX-19, API-01 to API-13, VAR.
#include <catch2/catch.hpp>

#include <cmath>

#include "network/operations.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

Tensor tensor(const Context& context, Shape shape, std::vector<double> values) {
  return Tensor::from(context, DType::fp32, shape, values);
}

// The running sum of everything it was given, once by plain numbers and once composed.
void define_sums(const Context& context) {
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  OperationParameter sum("~sum");
  sum.default_value = Json::object({{"size", Json::text(":input")}});
  OperationParameter size("size");
  size.default_value = Json::text(":input");
  define_operation(context, {.name = "hostSum", .domain = "mine", .params = {"*input", sum, size}, .call_with = {"input", "sum"}},
                   [](Numbers input, std::span<double> sum) {
                     for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += input[i];
                     return std::vector<double>(sum.begin(), sum.end());
                   });
  define_operation(context, {.name = "sum", .domain = "mine", .params = {"*input", sum, size}, .call_with = {"input", "state"}},
                   [](Variable input, const Argument& state) {
                     const Variable next = Variable(state["sum"]) + input;
                     state["sum"].set(next);
                     return next;
                   });
}

}  // namespace

TEST_CASE("EX-19 API-09 API-10 A-53 operators are functions: fusedMatMul as the proposal calls it") {
  const Context context = one_thread();
  auto operations = get_operations(context, {.domain = "core", .data_type = "fp32"});
  const Tensor a = tensor(context, {2, 3}, {1, 2, 3, 4, 5, 6}), b = tensor(context, {4, 2}, {1, 0, 0, 1, 1, 1, .5, .5});
  const Tensor result = operations["fusedMatMul"](a, b, true, true, 0.0, "tanh");
  REQUIRE(result.shape() == Shape{3, 4});
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < 2; ++k) sum += a.at(k * 3 + i) * b.at(j * 2 + k);
      CHECK(result.at(i * 4 + j) == Approx(std::tanh(sum)).epsilon(1e-5));
    }
  // One of the two transposed, and then the other.
  const Tensor c = tensor(context, {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), d = tensor(context, {4, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1});
  const Tensor left = operations["fusedMatMul"](a, c, true, false, 0.0, "linear");
  REQUIRE(left.shape() == Shape{3, 4});
  CHECK(left.at(0) == 1 * 1 + 4 * 5);
  CHECK(as_numbers(operations["fusedMatMul"](a, d, false, true, 0.0, "linear")) == std::vector<double>{1, 2, 3, 6, 4, 5, 6, 15});
  CHECK(as_numbers(operations["add"](a, 1.0)) == std::vector<double>{2, 3, 4, 5, 6, 7});
  CHECK(as_numbers(operations["concat"](a, a, -1)).size() == 12);
  CHECK(reason_of([&] { operations["softmax"](a, 0.5); }) == "ARGUMENT");
  CHECK(reason_of([&] { operations["softmax"](a, std::nan("")); }) == "ARGUMENT");
  CHECK(reason_of([&] { operations["fusedMatMul"](a, a, "x", false); }) == "ARGUMENT");
  CHECK(reason_of([&] { operations["tanh"](a, a); }) == "INPUT_COUNT");
  CHECK(reason_of([&] { operations["tanh"].call({}); }) == "INPUT_COUNT");
  CHECK(reason_of([&] { operations["tanh"]("word"); }) == "ARGUMENT");
  CHECK(reason_of([&] { operations["tanh"].get_new_state(); }) == "STATELESS");
  CHECK(reason_of([&] { get_operations(context, {.domain = "cor"}); }) == "DOMAIN");
  // The activations alone (S2's getActivations).
  auto activations = get_operations(context, {.activations = true});
  CHECK(activations["tanh"](0.0).at(0) == 0);
  CHECK_FALSE(activations.contains("matmul"));
  // Of a program's own those that are said to be activations.
  define_operation(context, {.name = "half", .domain = "core"}, [](Variable x) { return x * 0.5; });
  define_operation(context, {.name = "product", .domain = "core"}, [](Variable x, Variable y) { return x * y; });
  activations = get_operations(context, {.activations = true});
  CHECK(activations["half"](3.0).at(0) == 1.5);
  CHECK_FALSE(activations.contains("product"));
  CHECK(get_operations(context).contains("product"));
}

TEST_CASE("API-23 a function of one value is an activation, unless its definition says that it is none") {
  const Context context = with_domain();
  const auto half = [](Variable x) { return x * 0.5; };
  define_operation(context, {.name = "half", .domain = "mine"}, half);
  define_operation(context, {.name = "halved", .domain = "mine", .activation = false}, half);
  const auto model = [](const std::string& activation) {
    return R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": [0], "activation": "mine#)" + activation + "\"}]}";
  };
  CHECK(NeuralNetwork::from_json(model("half"), context).run({3})[0] == 1.5);
  CHECK(reason_of([&] { NeuralNetwork::from_json(model("halved"), context); }) == "NOT_ACTIVATION");
  CHECK_FALSE(get_operations(context, {.domain = "mine", .activations = true}).contains("halved"));
}

TEST_CASE("API-09 API-10 numbers of a call take the type of the arrays beside them, and indices are whole") {
  const Context context = one_thread();
  auto operations = get_operations(context, {.domain = "core"});
  const auto of = [&](DType type, Shape shape, std::vector<double> values) { return Tensor::from(context, type, shape, values); };
  const auto list = [&](Shape shape, std::vector<double> values) { return UntypedNumbers{of(DType::fp64, shape, values)}; };
  for (const DType type : {DType::fp16, DType::fp32, DType::fp64}) {
    const Tensor a = of(type, {1, 2}, {1, 2}), b = of(type, {2, 1}, {3, 4});
    const Tensor product = operations["fusedMatMul"](a, b, false, false, 0.5, "relu");
    CHECK(product.type() == type);
    CHECK(product.at(0) == 11.5);
    CHECK(operations["fusedMatMul"](a, b, false, false, list({1}, {0.5}), "relu").at(0) == 11.5);
  }
  CHECK(operations["add"](of(DType::fp64, {1}, {1}), 0.1).at(0) == 1.1);
  CHECK(operations["add"](0.1, of(DType::fp64, {1}, {1})).at(0) == 1.1);
  CHECK(as_numbers(operations["div"](of(DType::i32, {2}, {7, -7}), 2)) == std::vector<double>{3, -3});
  CHECK(operations["sub"](of(DType::u8, {1}, {255}), list({1}, {5})).at(0) == 250);
  const Tensor x = of(DType::fp64, {1, 3}, {1, 2, 3});
  CHECK(as_numbers(operations["gather"](x, list({2}, {2, 0}), 1)) == std::vector<double>{3, 1});
  CHECK(as_numbers(operations["gather"](x, 1, 1)) == std::vector<double>{2});
  const Tensor choice = of(DType::boolean, {3}, {1, 0, 1});
  CHECK(as_numbers(operations["where"](choice, x, 0)) == std::vector<double>{1, 0, 3});
  CHECK(as_numbers(operations["where"](choice, list({3}, {1, 2, 3}), 9)) == std::vector<double>{1, 9, 3});
  CHECK(as_numbers(operations["where"](list({3}, {1, 0, 1}), x, 0)) == std::vector<double>{1, 0, 3});
  CHECK(operations["randomUniform"].call(std::vector<FunctionValue>{0}, std::vector<NamedArgument>{{"shape", list({1}, {3})}}).shape() == Shape{3});  // a step is whole too
  CHECK(operations["add"](1, list({1}, {2})).type() == DType::fp32);  // with no array beside: the query's
  for (const Error& error : {error_of([&] { operations["add"](of(DType::u8, {1}, {1}), 0.5); }),
                             error_of([&] { operations["add"](of(DType::u8, {1}, {1}), 300); }),
                             error_of([&] { operations["gather"](x, list({1}, {0.5}), 1); })}) {
    CHECK(error.reason() == "ARGUMENT");
    CHECK_FALSE(error.expected().empty());
    CHECK_FALSE(error.actual().empty());
    CHECK(error.hint().find("whole") != std::string::npos);
  }
  // The same inside an operation that is being composed.
  define_operation(context, {.name = "positive", .domain = "core"}, [&](Variable input) {
    const Variable above = operations["greater"].compose(std::vector<FunctionValue>{input, 0.0});
    return operations["where"].compose(std::vector<FunctionValue>{above, input, 0.25});
  });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [2, {"type": "positive"}]})", context);
  CHECK(as_numbers(network.run({-1, 3})) == std::vector<double>{0.25, 3});
}

TEST_CASE("A-53 operations of a program are functions without another word") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp64"});
  define_operation(context, {.name = "swish", .domain = "mine"}, [](Variable x) { return x * sigmoid(x); });
  OperationParameter size("size");
  size.default_value = Json::text(":a");
  define_operation(context, {.name = "addIfAbove", .domain = "mine", .params = {"*a", "*b", "value", size}},
                   [](Numbers a, Numbers b, double value) {
                     std::vector<double> sum(a.size());
                     for (std::size_t i = 0; i < a.size(); ++i) sum[i] = a[i] > value && b[i] > value ? a[i] + b[i] : 0;
                     return sum;
                   });
  auto operations = get_operations(context, {.domain = "mine"});
  REQUIRE(operations.size() == 2);
  CHECK(operations["addIfAbove"].parameters() == std::vector<std::string>{"a", "b", "value"});
  const Tensor a = tensor(context, {3}, {1, 2, 3}), b = tensor(context, {3}, {3, 0, 1});
  CHECK(as_numbers(operations["addIfAbove"](a, b, 0.5)) == std::vector<double>{4, 0, 4});
  CHECK(operations["swish"](a).at(0) == Approx(1 / (1 + std::exp(-1.0))));
  // Each of them stands alone too, as do those of the library, without anybody defining that.
  auto standalone = get_operations(context, {.domain = "mine", .variant = "standalone"});
  REQUIRE(standalone.size() == 2);
  CHECK(standalone["addIfAbove"].parameters() == operations["addIfAbove"].parameters());
  CHECK(as_numbers(standalone["addIfAbove"](a, b, 0.5)) == std::vector<double>{4, 0, 4});
  auto library = get_operations(context, {.variant = "standalone"});
  CHECK(library.size() == get_operations(context, {}).size());
  CHECK(as_numbers(library["add"](a, b)) == std::vector<double>{4, 2, 4});
}

TEST_CASE("API-11 EX-19 stateful operations go on from the state that they are given") {
  const Context context = one_thread();
  define_sums(context);
  auto operations = get_operations(context, {.domain = "mine"});
  for (const std::string name : {"sum", "hostSum"}) {
    CAPTURE(name);
    auto& function = operations[name];
    CHECK(function.is_stateful());
    FunctionState one = function.get_new_state(), other = function.get_new_state();
    const Tensor a = tensor(context, {2}, {1, 2});
    CHECK(as_numbers(function(a, one)) == std::vector<double>{1, 2});
    CHECK(as_numbers(function(a, one)) == std::vector<double>{2, 4});
    CHECK(as_numbers(function(a, other)) == std::vector<double>{1, 2});
    CHECK(as_numbers(function(a, one)) == std::vector<double>{3, 6});
    CHECK(as_numbers(function(a)) == std::vector<double>{1, 2});
  }
}

TEST_CASE("PARAM-02 SH-10 RES-03 internal state lives from run to run, starts as its default, and is reset, saved and put back") {
  const Context context = one_thread();
  define_sums(context);
  for (const std::string name : {"sum", "hostSum"}) {
    CAPTURE(name);
    NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#)" + name + R"("}]})", context);
    CHECK(network.parameters().empty());
    CHECK(network.run({1, 2}).values() == std::vector<double>{1, 2});
    const std::string saved = network.get_internal_state();
    CHECK(network.run({1, 2}).values() == std::vector<double>{2, 4});
    network.set_internal_state(saved);
    CHECK(network.run({5, 5}).values() == std::vector<double>{6, 7});
    network.reset();
    CHECK(network.run({1, 2}).values() == std::vector<double>{1, 2});
    CHECK(reason_of([&] {
            NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#)" + name + R"(", "sum": 3}]})", context);
          }) == "UNKNOWN_PROPERTY");
  }
}

TEST_CASE("RES-03 the state that a function is handed holds each of its internal states by name") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  define_operation(context, {.name = "both", .domain = "mine",
                             .params = {"*input", OperationParameter("~up").defaults_to(Json::number(10)),
                                        OperationParameter("~down").defaults_to(Json::number(20))},
                             .call_with = {"input", "state"}},
                   [](Numbers input, const Argument& state) {
                     std::span<double> up = state["up"], down = state["down"];
                     up[0] += input[0];
                     down[0] -= input[0];
                     return std::vector<double>{up[0], down[0]};
                   });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#both", "size": 2}]})", context);
  CHECK(network.run({3, 0}).values() == std::vector<double>{13, 17});
  CHECK(network.run({1, 0}).values() == std::vector<double>{14, 16});
}

TEST_CASE("A-03 OP-16 initState of the oldest version becomes internal state") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  OperationDefinition counter = OperationDefinition::from_json(
      context, R"({"name": "counter", "domain": "mine", "model": {"defineParams": ["*input", "start", {"name": "count", "default": 1}],
                   "initState": ["start"], "operation": ["input", "state"]}})");
  counter.init_state = [](std::span<const Json> given) { return Json::object({{"seen", given[0]}, {"tens", Json::number(0)}}); };
  define_operation(context, counter, [](Numbers, const Argument& state) {
    std::span<double> seen = state["seen"], tens = state["tens"];
    seen[0] += 1;
    tens[0] += 10;
    return std::vector<double>{seen[0] + tens[0]};
  });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#counter", "start": 5}]})", context);
  CHECK(network.run({0, 0})[0] == 16);
  CHECK(network.run({0, 0})[0] == 27);
  network.reset();
  CHECK(network.run({0, 0})[0] == 16);
  // Each layer has a state of its own, also behind a reset.
  NeuralNetwork two = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#counter", "start": 5}, {"type": "mine#counter", "start": 7}]})", context);
  CHECK(two.run({0, 0})[0] == 18);
  two.reset();
  CHECK(two.run({0, 0})[0] == 18);
}

TEST_CASE("A-03 initState is asked again at each reset, and keeps to its names and sizes") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  OperationDefinition counter = OperationDefinition::from_json(
      context, R"({"name": "counter", "domain": "mine", "model": {"defineParams": ["*input", {"name": "size", "default": 1}],
                   "initState": [], "callWith": ["input", "state"]}})");
  int asked = 0;
  Json next;
  counter.init_state = [&](std::span<const Json>) {
    ++asked;
    return next.is_null() ? Json::object({{"seen", Json::number(100 * asked)}}) : next;
  };
  define_operation(context, counter, [](Numbers, const Argument& state) {
    std::span<double> seen = state["seen"];
    return std::vector<double>{seen[0] += 1};
  });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#counter"}]})", context);
  const double first = network.run({0, 0})[0];
  CHECK(network.run({0, 0})[0] == first + 1);
  const int before = asked;
  network.reset();
  CHECK(asked == before + 1);
  CHECK(network.run({0, 0})[0] == 100 * asked + 1);
  network.set_internal_state("");
  CHECK(network.run({0, 0})[0] == 100 * asked + 1);
  CHECK(network.run({0, 0, 0, 0}).values() == std::vector<double>{100.0 * asked + 1, 100.0 * asked + 1});

  const double held = network.run({0, 0})[0];
  for (const char* wrong : {R"({"sun": 1})", R"({"seen": [1, 2]})", R"([1])"}) {
    INFO(wrong);
    next = read_json(wrong, context.limits());
    const Error error = error_of([&] { network.reset(); });
    CHECK(error.reason() == "STATE");
    CHECK(error.path() == "/layers/1");
    CHECK_FALSE(error.hint().empty());
  }
  CHECK(network.run({0, 0})[0] == held + 1);  // nothing has changed
}

TEST_CASE("A-53 a function that is called without one of its numbers or arrays refuses, and does not make them up") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  const auto define = [&](const std::string& name, const std::string& params) {
    OperationDefinition definition = OperationDefinition::from_json(
        context, R"({"name": ")" + name + R"(", "domain": "mine", "model": {"defineParams": ["*input", )" + params +
                     R"(, {"name": "size", "default": ":input"}], "callWith": ["input", "k"]}})");
    define_operation(context, definition, [](Numbers input, const Argument& k) {
      const double factor = k.kind() == Argument::Kind::absent ? 0.5 : std::span<const double>(k)[0];
      return std::vector<double>{input[0] * factor, input[1] * factor};
    });
  };
  define("plain", R"("k")");
  define("array", R"({"name": "@*k", "default": 1})");
  define("given", R"({"name": "k", "default": 3})");
  define("spare", R"({"name": "k", "noSetup": true})");
  const auto functions = get_operations(context, {.domain = "mine"});
  const Tensor x = tensor(context, {2}, {1, 2});
  for (const char* name : {"plain", "array"}) {
    INFO(name);
    const Error error = error_of([&] { functions.at(name)(x); });
    CHECK(error.reason() == "INPUT_COUNT");
    CHECK(std::string(error.what()).find("\"k\" is missing") != std::string::npos);
    CHECK(functions.at(name)(x, tensor(context, {1}, {2})).at(1) == 4);
  }
  CHECK(functions.at("given")(x).at(1) == 6);
  CHECK(functions.at("spare")(x).at(1) == 1);
}

TEST_CASE("VAR-01 to VAR-04 ERR-07 variants are found by name and stand once") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  define_operation(context, {.name = "twice", .domain = "mine", .params = {"*input", "factor"}},
                   [](Variable x, Variable factor) { return x * factor; });
  const auto first = [](std::span<const Tensor> given) { return given[0]; };
  define_operation_variant(context, {.name = "twice", .domain = "mine", .variant = "remote", .call_with = {"factor"}}, first);
  const auto refused = [&](OperationVariant variant) {
    return reason_of([&] { define_operation_variant(context, variant, first); });
  };
  CHECK(refused({.name = "twice", .domain = "mine", .variant = "remote"}) == "VARIANT_EXISTS");
  CHECK(refused({.name = "thrice", .domain = "mine", .variant = "remote"}) == "OPERATION");
  CHECK(refused({.name = "twice", .domain = "mine", .variant = "default"}) == "VARIANT");
  CHECK(refused({.name = "twice", .domain = "mine", .variant = "other", .call_with = {"fact"}}) == "CALL_WITH");
  auto remote = get_operations(context, {.domain = "mine", .variant = "remote"});
  REQUIRE(remote.size() == 1);
  CHECK(remote["twice"].parameters() == std::vector<std::string>{"factor"});
  CHECK(remote["twice"](5.0).at(0) == 5);
  CHECK(reason_of([&] { get_operations(context, {.domain = "mine", .variant = "nobody"}); }) == "VARIANT");
  // Each domain has its own, of one name too; and each is called with what it asks for.
  define_domain(context, {.name = "other", .default_data_type = "fp32"});
  define_operation(context, {.name = "twice", .domain = "other", .params = {"*input", "factor"}},
                   [](Variable x, Variable factor) { return x * factor; });
  CHECK(reason_of([&] { get_operations(context, {.domain = "other", .variant = "remote"}); }) == "VARIANT");
  define_operation_variant(context, {.name = "twice", .domain = "other", .variant = "remote", .call_with = {"factor", "input"}},
                           [](std::span<const Tensor> given) { return given.size() == 2 ? given[1] : Tensor(); });
  auto others = get_operations(context, {.domain = "other", .variant = "remote"});
  CHECK(others["twice"].parameters() == std::vector<std::string>{"factor", "input"});
  CHECK(others["twice"](5.0, 7.0).at(0) == 7);
  CHECK(get_operations(context, {.domain = "mine", .variant = "remote"})["twice"](5.0).at(0) == 5);
  auto standalone = get_operations(context, {.domain = "mine", .variant = "standalone"});
  CHECK(standalone.contains("twice"));
  // Beside its variant an operation is what it was.
  define_operation(context, {.name = "half", .domain = "mine"}, [](Variable x) { return x * 0.5; });
  define_operation_variant(context, {.name = "half", .domain = "mine", .variant = "far"}, first);
  CHECK(get_operations(context, {.domain = "mine", .variant = "far"})["half"](6.0).at(0) == 6);
  CHECK(get_operations(context, {.domain = "mine"})["half"](6.0).at(0) == 3);
}

TEST_CASE("API-02 A-52 capabilities heed the types that operations take, and no query takes a device that is none") {
  const Context context = one_thread();
  define_domain(context, {.name = "one"});
  define_operation(context, {.name = "q", .domain = "one", .data_type = "fp32"}, [](Variable x) { return x * 2.0; });
  const auto can = [&](const char* operation, const char* type) {
    return get_capabilities(context, {.data_type = type, .operation = operation}).can_run;
  };
  for (const char* type : {"fp16", "bf16", "fp32", "fp64"})
    for (const char* operation : {"tanh", "softmax", "fusedMatMul", "add", "conv2d", "gather", "where", "concat", "neurons", "gru", "randomNormal"})
      CHECK(can(operation, type));
  for (const char* operation : {"add", "fusedMatMul", "gather", "where", "oneHot", "neurons", "gru"}) CHECK(can(operation, "u8"));
  for (const char* operation : {"tanh", "softmax", "conv2d", "randomNormal"}) CHECK_FALSE(can(operation, "u8"));
  for (const char* operation : {"where", "concat", "logicalAnd", "equal"}) CHECK(can(operation, "bool"));
  for (const char* operation : {"tanh", "fusedMatMul", "add", "neurons"}) CHECK_FALSE(can(operation, "bool"));
  CHECK(get_capabilities(context, {.data_type = "u8", .operation = "tanh"}).reason.find("floating") != std::string::npos);
  CHECK(can("one#q", "fp32"));
  CHECK_FALSE(can("one#q", "fp64"));
  CHECK(get_capabilities(context, {.data_type = "fp64", .operation = "one#q"}).reason == "the operation \"q\" works in fp32 alone");
  const Capabilities all = get_capabilities(context);
  CHECK(all.domains.at("one") == std::vector<std::string>{"fp32"});
  CHECK(all.domains.at("core").size() > 4);
  CHECK(get_capabilities(context, {.domain = "one", .data_type = "fp64"}).reason.find("\"fp64\"") != std::string::npos);
  CHECK(reason_of([&] { get_operations(context, {.device = "zz"}); }) == "DEVICE");
  const Error error = error_of([&] { NeuralNetwork::from_json(R"({"domain": "one", "dataType": "fp64", "layers": [2, {"type": "q"}]})", context); });
  CHECK(error.hint() == "let the model say \"dataType\": \"fp32\"");
}

TEST_CASE("API-07 A-52 whether an operation takes masks does not change with the domain being named, and core has such") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  define_operation(context, {.name = "twice", .domain = "mine"}, [](Variable x) { return x + x; });
  for (const char* operation : {"where", "concat", "logicalAnd", "equal", "core#where"}) {
    CAPTURE(operation);
    CHECK(get_capabilities(context, {.domain = "core", .data_type = "bool", .operation = operation}).can_run);
  }
  for (const char* operation : {"tanh", "gru", "nothing", "mine#twice"}) {
    CAPTURE(operation);
    CHECK_FALSE(get_capabilities(context, {.domain = "core", .data_type = "bool", .operation = operation}).can_run);
    CHECK_FALSE(get_capabilities(context, {.data_type = "bool", .operation = operation}).can_run);
  }
  CHECK(get_capabilities(context, {.domain = "core", .data_type = "bool"}).can_run);
  CHECK(get_operations(context, {.domain = "core", .data_type = "bool"}).contains("logicalAnd"));
  CHECK_FALSE(get_capabilities(context, {.domain = "mine", .data_type = "bool"}).can_run);
  CHECK_FALSE(get_capabilities(context, {.domain = "mine", .data_type = "bool", .operation = "twice"}).can_run);
  CHECK(get_capabilities(context, {.domain = "mine", .data_type = "fp32", .operation = "twice"}).can_run);
  const Capabilities model = get_capabilities(context, {.domain = "core", .data_type = "bool", .model = R"({"layers": [2, 1]})"});
  CHECK_FALSE(model.can_run);
  CHECK(model.reason == "no model of the domain \"core\" is of the type \"bool\"");
}

TEST_CASE("API-01 to API-04 A-52 capabilities: domains with their types, units, and whether something can run") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  const Capabilities all = get_capabilities(context);
  REQUIRE(all.domains.contains("core"));
  REQUIRE(all.domains.contains("mine"));
  const auto& types = all.domains.at("core");
  CHECK(std::find(types.begin(), types.end(), "fp32") != types.end());
  CHECK_FALSE(all.execution_units.empty());
  CHECK(all.can_run);
  CHECK(get_capabilities(context, {.domain = "core"}).domains.size() == 1);
  CHECK(get_capabilities(context, {.operation = "gelu"}).can_run);
  CHECK_FALSE(get_capabilities(context, {.operation = "gelo"}).can_run);
  // Layers as well as operators, in the default domain or with their own in front, by old names too.
  for (const char* name : {"gru", "core#gru", "core#gelu", "standard", "iterator", "core#swish"}) {
    INFO(name);
    CHECK(get_capabilities(context, {.operation = name}).can_run);
  }
  CHECK_FALSE(get_capabilities(context, {.operation = "mine#gru"}).can_run);
  CHECK(get_capabilities(context, {.domain = "core", .operation = "gruu"}).reason == "there is no operation \"gruu\"; did you mean \"gru\"?");
  CHECK(std::ranges::find(all.domains.at("core"), "bool") == all.domains.at("core").end());
  // An operation is looked for in the domain that is asked about.
  define_operation(context, {.name = "twice", .domain = "mine"}, [](Variable x) { return x + x; });
  CHECK(get_capabilities(context, {.domain = "mine", .operation = "twice"}).can_run);
  CHECK_FALSE(get_capabilities(context, {.domain = "mine", .operation = "gelu"}).can_run);
  CHECK_FALSE(get_capabilities(context, {.operation = "twice"}).can_run);
  CHECK_FALSE(get_capabilities(context, {.domain = "nowhere"}).can_run);
  CHECK_FALSE(get_capabilities(context, {.data_type = "fp31"}).can_run);
  CHECK(get_capabilities(context, {.model = R"({"layers": [2, 1]})"}).can_run);
  const Capabilities not_that = get_capabilities(context, {.model = R"({"layers": [2, {"type": "nothing"}]})"});
  CHECK_FALSE(not_that.can_run);
  CHECK(not_that.reason.find("nothing") != std::string::npos);
}
