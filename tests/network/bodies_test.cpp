// Operations without code: where their errors are, what their steps can be handed, and that samples stay apart.
#include <catch2/catch.hpp>

#include <array>

#include "network/operations.h"
#include "support/refusals.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

namespace {

std::string model_of(const std::string& operations, const std::string& layers) {
  return R"({"operations": [)" + operations + R"(], "layers": [)" + layers + "]}";
}

/// An operation "s" on `input` whose first step is this one.
std::string stepping(const std::string& step, const std::string& more = "") {
  return R"({"name": "s", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]}, "body": {"steps": [)" +
         step + more + "]}}";
}

const std::string gated = R"({"name": "gated", "model": {"defineParams": ["*input", "@*weights", "activation", {"name": "size", "default": ":input"}]},
    "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
                       {"op": "activation", "inputs": ["product"], "name": "gate"},
                       {"op": "mul", "inputs": ["gate", "input"]}]}})";

}  // namespace

TEST_CASE("A-58 A-14 errors in bodies have the place in the body, the nearest name, and need no layer to be found") {
  const Context context = with_domain();
  struct Wrong {
    const char *step, *reason, *path, *hint;
  };
  const std::string twice = R"({"name": "twice", "body": {"steps": [{"op": "mul", "inputs": ["input", 2]}]}})";
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {R"({"op": "adz", "inputs": ["input", "input"]})", "OPERATION", "/op", "\"add\""},
           {R"({"op": "twise", "inputs": ["input"]})", "OPERATION", "/op", "\"twice\""},
           {R"({"op": "s", "inputs": ["input"]})", "OPERATION", "/op", "before"},
           {R"({"op": "nowhere#neg", "inputs": ["input"]})", "OPERATION", "/op", ""},
           {R"({"op": "neg", "inputs": ["inptu"]})", "BODY_NAME", "/inputs/0", "\"input\""},
           {R"({"op": "neg", "inputs": ["later"]})", "BODY_NAME", "/inputs/0", "in front"},
           {R"({"op": "neg", "inputs": ["activation"]})", "BODY_NAME", "/inputs/0", "apply it"},
           {R"({"op": "add", "inputs": ["input"]})", "INPUT_COUNT", "/inputs", ""},
           {R"({"op": "twice", "inputs": ["input", 3]})", "INPUT_COUNT", "/inputs", ""},
           {R"({"op": "activation", "inputs": ["input", 3]})", "INPUT_COUNT", "/inputs", ""},
           {R"({"op": "softmax", "inputs": ["input"], "attributes": {"axs": 1}})", "ATTRIBUTE_UNKNOWN", "/attributes", "\"axis\""},
           {R"({"op": "softmax", "inputs": ["input"], "attributes": {"axis": 0.5}})", "ATTRIBUTE_KIND", "/attributes", ""},
           {R"({"op": "softmax", "inputs": ["input"], "attributes": {"axis": {}}})", "ATTRIBUTE_KIND", "/attributes", ""},
           {R"({"op": "twice", "inputs": ["input"], "attributes": {"x": 1}})", "ATTRIBUTE_UNKNOWN", "/attributes", ""},
           {R"({"op": "add", "inputs": [1, 2]})", "BODY", "", ""}}) {
    CAPTURE(wrong.step);
    const std::string body = stepping(wrong.step, R"(, {"op": "neg", "inputs": ["input"], "name": "later"})");
    for (const char* layers : {R"(4, {"type": "s"})", "4, 1"}) {
      const Error error = error_of([&] { NeuralNetwork::from_json(model_of(twice + "," + body, layers), context); });
      CHECK(error.reason() == wrong.reason);
      CHECK(error.path() == std::string("/operations/1/body/steps/0") + wrong.path);
      CHECK(error.hint().find(wrong.hint) != std::string::npos);
    }
  }
  const Error doubled = error_of([&] { NeuralNetwork::from_json(model_of(twice + "," + twice, "4, 1"), context); });
  CHECK(doubled.reason() == "OPERATION_EXISTS");
  CHECK(doubled.path() == "/operations/1");
  // What shapes decide is known in a layer alone.
  const Error shapes = error_of([&] {
    NeuralNetwork::from_json(model_of(stepping(R"({"op": "matmul", "inputs": ["input", "input"]})"), R"(4, {"type": "s"})"), context);
  });
  CHECK(shapes.path() == "/layers/1");
  CHECK(shapes.message().find("in the step /operations/0/body/steps/0") != std::string::npos);
  CHECK(shapes.message().find("batch x 4") != std::string::npos);
  CHECK(shapes.message().find("n0") == std::string::npos);
}

TEST_CASE("A-58 a step hands on the activation, names one, or leaves it out") {
  const Context context = with_domain();
  const std::string half = R"({"name": "half", "model": {"isActivation": true}, "body": {"steps": [{"op": "mul", "inputs": ["input", 0.5]}]}})";
  const auto load = [&](const std::string& inputs, const std::string& layer) {
    const std::string two = R"({"name": "two", "model": {"defineParams": ["*input", "@*w1", "activation", {"name": "size", "default": ":input"}]},
        "body": {"steps": [{"op": "gated", "inputs": [)" + inputs + R"(], "name": "once"}, {"op": "add", "inputs": ["once", "once"]}]}})";
    return NeuralNetwork::from_json(model_of(half + "," + gated + "," + two, R"(1, {"type": "two", "w1": [[3]])" + layer + "}"), context);
  };
  const auto run = [&](const std::string& inputs, const std::string& layer) { return load(inputs, layer).run({-2})[0]; };
  // 2 (activation of -6) (-2)
  CHECK(run(R"("input", "w1", "activation")", "") == 24);
  CHECK(run(R"("input", "w1", "activation")", R"(, "activation": "half")") == 12);
  CHECK(run(R"("input", "w1")", R"(, "activation": "half")") == 24);
  CHECK(run(R"("input", "w1", "relu")", R"(, "activation": "half")") == 0);
  CHECK(run(R"("input", "w1", "core#relu")", "") == 0);
  CHECK(run(R"("input", "w1", "half")", "") == 12);
  // Exports keep what a step names.
  const std::string minified = load(R"("input", "w1", "half")", "").export_model({.optimize = "minify"});
  CHECK(NeuralNetwork::from_json(minified, context).run({-2})[0] == 12);
  const auto refused = [&](const std::string& inputs, const std::string& reason, const std::string& place) {
    const Error error = error_of([&] { load(inputs, ""); });
    CAPTURE(inputs, error.what());
    CHECK(error.reason() == reason);
    CHECK(error.path() == "/operations/2/body/steps/0/inputs" + place);
  };
  refused(R"("input", "w1", "matmul")", "NOT_ACTIVATION", "/2");
  refused(R"("input", "w1", "w1")", "NOT_ACTIVATION", "/2");
  refused(R"("input", "w1", "sigmod")", "OPERATION", "/2");
  refused(R"("input", "w1", 3)", "PROPERTY_VALUE", "/2");
  refused(R"("input")", "INPUT_COUNT", "");
  // An array whose size its first use decides may be handed on too.
  NeuralNetwork open = NeuralNetwork::from_json(
      model_of(gated + R"(, {"name": "two", "model": {"defineParams": ["*input", "@*w1", {"name": "size", "default": ":input"}]},
          "body": {"steps": [{"op": "gated", "inputs": ["input", "w1"]}]}})", R"(3, {"type": "two"})"), context);
  CHECK(open.parameters().front().second.shape() == Shape{3, 3});
}

TEST_CASE("A-58 a step hands numbers and names on to functions of the program") {
  const Context context = with_domain();
  define_operation(context, {.name = "scaled", .domain = "mine", .params = {"*input", "by", "how", "activation"},
                             .call_with = {"input", "by", "how", "activationStr"}},
                   [](Variable x, double by, std::string_view how, const Argument& activation) {
                     const double more = activation.absent() ? 0 : activation.text() == "tanh" ? 100 : 1000;
                     return x * (how == "up" ? by : -by) + more;
                   });
  const auto run = [&](const std::string& inputs) {
    return NeuralNetwork::from_json(
               model_of(R"({"name": "s", "domain": "core", "model": {"defineParams": ["*input", "k", "word"]}, "body": {"steps": [{"op": "mine#scaled", "inputs": [)" +
                            inputs + R"(]}]}})", R"(1, {"type": "s", "size": 1, "k": 4, "word": "up"})"), context).run({2})[0];
  };
  CHECK(run(R"("input", "k", "word")") == 8);
  CHECK(run(R"("input", 3, "word")") == 6);
  CHECK(run(R"("input", "k", "word", "tanh")") == 108);
}

TEST_CASE("A-58 an operation with a body is called with its parameters in the order of their definition") {
  const Context context = with_domain();
  const std::string minus = R"({"name": "minus", "model": {"defineParams": ["*a", "*b"]}, "body": {"steps": [
      {"op": "neg", "inputs": ["b"], "name": "n"}, {"op": "add", "inputs": ["n", "a"]}]}})";
  NeuralNetwork network = NeuralNetwork::from_json(
      model_of(minus + "," + stepping(R"({"op": "minus", "inputs": ["input", 1]})"), R"(1, {"type": "s"})"), context);
  CHECK(network.run({5})[0] == 4);
  define_operation(context, R"({"name": "minus", "domain": "mine", "model": {"defineParams": ["*a", "*b"]}, "body": {"steps": [
      {"op": "neg", "inputs": ["b"], "name": "n"}, {"op": "add", "inputs": ["n", "a"]}]}})");
  CHECK(get_operations(context, {.domain = "mine"})["minus"].parameters() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("A-58 a number in a body takes the type of the values beside it, not of a condition; an index is whole") {
  const Context context = with_domain();
  const auto run = [&](const std::string& type, const std::string& steps, const std::string& layer) {
    const std::string operation = stepping(steps);
    const std::string model = R"({"dataType": ")" + type + R"(", )" + model_of(operation, R"(3, {"type": "s")" + layer + "}").substr(1);
    return as_numbers(NeuralNetwork::from_json(model, context).run({-1, 2, 0.5}));
  };
  const std::string above = R"({"op": "greater", "inputs": ["input", 0], "name": "above"}, )";
  for (const char* type : {"fp32", "fp64", "fp16"}) {
    CAPTURE(type);
    CHECK(run(type, above + R"({"op": "where", "inputs": ["above", "input", 0.25]})", "") == std::vector<double>{0.25, 2, 0.5});
    CHECK(run(type, above + R"({"op": "where", "inputs": ["above", 3, "input"]})", "") == std::vector<double>{-1, 3, 3});
    CHECK(run(type, above + R"({"op": "where", "inputs": ["above", 1, 0]})", "") == std::vector<double>{0, 1, 1});
    CHECK(run(type, R"({"op": "where", "inputs": [1, "input", 0]})", "") == std::vector<double>{-1, 2, 0.5});
    CHECK(run(type, R"({"op": "gather", "inputs": ["input", 1], "attributes": {"axis": 1}})", R"(, "size": 1)") == std::vector<double>{2});
  }
  const Error error = error_of([&] { run("fp32", R"({"op": "gather", "inputs": ["input", 0.5], "attributes": {"axis": 1}})", ""); });
  CHECK(error.path() == "/operations/0/body/steps/0/inputs/1");
}

TEST_CASE("A-58 numbers that a body hands on take the type of the arrays beside them, however deep they go") {
  const Context context = with_domain();
  const std::string minus = R"({"name": "minus", "model": {"defineParams": ["*a", "b"]}, "body": {"steps": [
      {"op": "add", "inputs": ["b", 0], "name": "once"}, {"op": "sub", "inputs": ["a", "once"]}]}})";
  const std::string more = R"({"name": "more", "model": {"defineParams": ["*a", "b"]}, "body": {"steps": [
      {"op": "minus", "inputs": ["a", "b"], "name": "first"}, {"op": "minus", "inputs": ["first", 0.25]}]}})";
  define_operation(context, {.name = "plus", .domain = "mine", .params = {"*a", "*b"}}, [](Variable a, Variable b) { return a + b; });
  const auto run = [&](const std::string& type, const std::string& inside, const std::string& step) {
    const std::string cast = R"({"op": "cast", "inputs": ["input"], "attributes": {"type": ")" + inside + R"("}, "name": "c"}, )";
    const std::string operation = R"({"name": "s", "model": {"defineParams": ["*input", "k", {"name": "size", "default": ":input"}]}, "body": {"steps": [)" +
        cast + step + R"(, {"op": "cast", "inputs": ["d"], "attributes": {"type": ")" + type + R"("}}]}})";
    const std::string model = R"({"dataType": ")" + type + R"(", )" + model_of(minus + "," + more + "," + operation, R"(2, {"type": "s", "k": 0.5})").substr(1);
    return as_numbers(NeuralNetwork::from_json(model, context).run({3, 7}));
  };
  for (const auto& [type, inside] : {std::pair("fp32", "fp64"), std::pair("fp64", "fp32"), std::pair("fp32", "fp16"), std::pair("fp32", "fp32")}) {
    CAPTURE(type, inside);
    CHECK(run(type, inside, R"({"op": "minus", "inputs": ["c", 0.5], "name": "d"})") == std::vector<double>{2.5, 6.5});
    CHECK(run(type, inside, R"({"op": "minus", "inputs": ["c", "k"], "name": "d"})") == std::vector<double>{2.5, 6.5});
    CHECK(run(type, inside, R"({"op": "more", "inputs": ["c", 0.5], "name": "d"})") == std::vector<double>{2.25, 6.25});
    CHECK(run(type, inside, R"({"op": "more", "inputs": ["c", "k"], "name": "d"})") == std::vector<double>{2.25, 6.25});
    CHECK(run(type, inside, R"({"op": "sub", "inputs": ["c", "k"], "name": "d"})") == std::vector<double>{2.5, 6.5});
    CHECK(run(type, inside, R"({"op": "mine#plus", "inputs": ["c", 0.5], "name": "d"})") == std::vector<double>{3.5, 7.5});
  }
}

TEST_CASE("A-58 operations do not carry values from one sample of a batch to another") {
  const Context context = with_domain();
  const auto load = [&](const std::string& steps) {
    return reason_of([&] { NeuralNetwork::from_json(model_of(stepping(steps), R"([3, 2], {"type": "s"})"), context); });
  };
  const std::string sum = R"("name": "a"}, {"op": "add", "inputs": ["input", "a"]})";
  for (const std::string& mixing :
       {R"({"op": "reduceSum", "inputs": ["input"], "attributes": {"axes": [0], "keepDimensions": true}, )" + sum,
        R"({"op": "reduceMax", "inputs": ["input"], )" + sum,
        R"({"op": "reduceMean", "inputs": ["input"], "attributes": {"axes": [-3, 1]}, )" + sum,
        std::string(R"({"op": "reverse", "inputs": ["input"], "attributes": {"axes": [0]}})"),
        std::string(R"({"op": "reverse", "inputs": ["input"]})"),
        std::string(R"({"op": "softmax", "inputs": ["input"], "attributes": {"axis": 0}})"),
        std::string(R"({"op": "cumulativeSum", "inputs": ["input"], "attributes": {"axis": -3}})"),
        std::string(R"({"op": "layerNorm", "inputs": ["input"], "attributes": {"axes": [0, 2]}})"),
        std::string(R"({"op": "reshape", "inputs": ["input"], "attributes": {"shape": [3, -1, 2]}})"),
        // What was transposed stays known: the length of an axis says that it is the batch.
        R"({"op": "transpose", "inputs": ["input"], "attributes": {"permutation": [1, 2, 0]}, "name": "t"},
           {"op": "reduceSum", "inputs": ["t"], "attributes": {"axes": [-1]}, )" + sum}) {
    CAPTURE(mixing);
    CHECK(load(mixing) == "BATCH_AXIS");
  }
  for (const std::string& apart :
       {R"({"op": "reduceSum", "inputs": ["input"], "attributes": {"axes": [1], "keepDimensions": true}, )" + sum,
        std::string(R"({"op": "reverse", "inputs": ["input"], "attributes": {"axes": [1, 2]}})"),
        std::string(R"({"op": "softmax", "inputs": ["input"]})"),
        std::string(R"({"op": "layerNorm", "inputs": ["input"], "attributes": {"axes": [1, 2]}})"),
        std::string(R"({"op": "reshape", "inputs": ["input"], "attributes": {"shape": [-1, 2, 3]}})"),
        std::string(R"({"op": "transpose", "inputs": ["input"], "attributes": {"permutation": [0, 2, 1]}})")}) {
    CAPTURE(apart);
    CHECK(load(apart) == "nothing thrown");
  }
  // Functions of the program are asked the same; tables and weights have no samples.
  define_operation(context, {.name = "gram", .domain = "mine"}, [](Variable x) {
    return matmul(matmul(x, apply("transpose", {x})), x);
  });
  define_operation(context, {.name = "mean", .domain = "mine", .params = {"*input", "*table"}},
                   [](Variable x, Variable table) { return x + apply("reduceMean", {table}, R"({"axes": [0]})"); });
  const Error error = error_of([&] { NeuralNetwork::from_json(R"({"layers": [3, {"type": "mine#gram"}]})", context); });
  CHECK(error.reason() == "BATCH_AXIS");
  CHECK(error.path() == "/layers/1");
  CHECK(error.hint().find("explicitBatch") != std::string::npos);
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#mean", "size": 2, "table": [[1, 2], [3, 4]]}]})", context)
            .run({1, 1}).values() == std::vector<double>{3, 4});
  // Whole tensors have no batch.
  define_domain(context, {.name = "whole", .default_data_type = "fp32", .explicit_batch = true});
  NeuralNetwork turned = NeuralNetwork::from_json(
      R"({"domain": "whole", "operations": [{"name": "turned", "body": {"steps": [{"op": "reverse", "inputs": ["input"], "attributes": {"axes": [0]}}]}}],
          "layers": [[3, 2], {"type": "turned"}]})", context);
  CHECK(turned.run({1, 2, 3, 4, 5, 6}).values() == std::vector<double>{5, 6, 3, 4, 1, 2});
}

TEST_CASE("A-14 a pipe to a parameter that is no array hears so") {
  const Context context = with_domain();
  define_operation(context, {.name = "pw", .domain = "mine", .params = {"*input", "@slope", "@*table", "~sum"}, .call_with = {"input", "slope"}},
                   [](Variable x, Variable slope) { return x * slope; });
  const auto piped = [&](const std::string& to) {
    return error_of([&] {
      NeuralNetwork::from_json(R"({"layers": [{"size": 2, "pipes": [{"size": 1, "to": "q.)" + to +
                                   R"("}]}, {"name": "q", "type": "mine#pw", "size": 2}, 1]})", context);
    });
  };
  CHECK(piped("slope").reason() == "TARGET_UNKNOWN");
  CHECK(piped("slope").message().find("\"slope\" of \"q\" is no array") != std::string::npos);
  CHECK(piped("slope").hint().find("\"*slope\"") != std::string::npos);
  CHECK(piped("sum").message().find("internal state") != std::string::npos);
  CHECK(piped("tabel").hint() == "did you mean \"q.table\"?");
  CHECK(piped("slop").hint() == "what can be piped into stands behind the dot, such as \"q.table\"");
  CHECK(piped("slop").expected() == "one of: input, table");
}

TEST_CASE("OP-09 the call list is all parameters in order, but for size and internal states, where nobody says it") {
  const Context context = with_domain();
  const auto define = [&](const std::string& name, std::vector<std::string> call_with) {
    return OperationDefinition{.name = name, .domain = "mine", .params = {"*input", "~acc", "activation", "k", "size"},
                               .call_with = std::move(call_with)};
  };
  define_operation(context, define("some", {}), [](Variable x, const Argument&, double k) { return x * k; });
  CHECK(reason_of([&] {
          define_operation(context, define("more", {}), [](Variable x, Variable, const Argument&, double) { return x; });
        }) == "CALL_WITH");
  CHECK(NeuralNetwork::from_json(R"({"layers": [1, {"type": "mine#some", "size": 1, "k": 3}]})", context).run({2})[0] == 6);
}

TEST_CASE("OP-08 OP-16 names of parameters are words, and initState needs its function") {
  const Context context = with_domain();
  const auto define = [&](const std::string& name) {
    return reason_of([&] {
      define_composed_operation(context, {.name = "op-" + std::to_string(name.size()), .domain = "mine", .params = {"*input", OperationParameter(name)}}, 0,
                                [](Arguments given) -> Variable { return given[0]; });
    });
  };
  for (const char* name : {"?input", "a b", "a?", "a*", "a,b", "(a)", "a\n", "+"}) {
    CAPTURE(name);
    CHECK(define(name) == "PARAM");
  }
  CHECK(define("@*größe_2-x") == "nothing thrown");
  const std::string described = R"({"name": "counter", "domain": "mine", "model": {"defineParams": ["*input"], "initState": ["#size"]})";
  const OperationDefinition counter = OperationDefinition::from_json(context, described + "}");
  const Error error = error_of([&] { define_operation(context, counter, [](Variable x) { return x; }); });
  CHECK(error.reason() == "STATE");
  CHECK(error.path() == "/model/initState");
  const Error body = error_of([&] {
    define_operation(context, described + R"(, "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}})");
  });
  CHECK(body.reason() == "STATE");
  CHECK(body.path() == "/model/initState");
}

TEST_CASE("API-11 VAR-01 functions say whose state they were given, and which variant was meant") {
  const Context context = with_domain();
  define_operation(context, {.name = "sum", .domain = "mine",
                             .params = {"*input", OperationParameter("~sum").defaults_to(Json::object({{"size", Json::text(":input")}})), "activation",
                                        OperationParameter("size").defaults_to(Json::text(":input"))},
                             .call_with = {"input", "sum", "activation"}},
                   [](Variable x, const Argument& sum, const Argument& activation) {
                     sum.set(Variable(sum) + x);
                     return activation(Variable(sum) + x);
                   });
  auto operations = get_operations(context, {.domain = "mine"});
  const Tensor x = Tensor::from(context, DType::fp32, Shape{2}, std::array{1.0, 2.0});
  FunctionState state = operations["sum"].get_new_state();
  operations["sum"](x, "tanh", state);
  const Error other = error_of([&] { operations["sum"](x, "relu", state); });
  CHECK(other.reason() == "STATE_MISMATCH");
  CHECK(other.path().empty());
  CHECK(other.message().find("model") == std::string::npos);
  CHECK(other.hint().find("get_new_state") != std::string::npos);
  // States of another size say so in numbers, not in the graph's symbols.
  define_operation(context, {.name = "bad", .domain = "mine", .params = {"*input", "~sum"}, .call_with = {"input", "sum"}},
                   [](Variable x, const Argument& sum) {
                     sum.set(x);
                     return x;
                   });
  const Error size = error_of([&] { NeuralNetwork::from_json(R"({"layers": [2, {"type": "mine#bad", "size": 2}]})", context); });
  CHECK(size.message().find("is of 1 and cannot become 2") != std::string::npos);
  // Variants.
  define_operation_variant(context, {.name = "sum", .domain = "mine", .variant = "remote"},
                           [](std::span<const Tensor> given) { return given[0]; });
  const auto variant = [&](const std::string& name) {
    return error_of([&] { get_operations(context, {.domain = "mine", .variant = name}); });
  };
  CHECK(variant("defualt").reason() == "VARIANT");
  CHECK(variant("defualt").hint() == "did you mean \"default\"?");
  CHECK(variant("remotte").hint() == "did you mean \"remote\"?");
  CHECK(variant("elsewhere").hint().find("define_operation_variant") != std::string::npos);
  CHECK(get_operations(context, {.domain = "mine", .variant = "remote"}).size() == 1);
}

TEST_CASE("OP-11 A-54 what an operation gives, or keeps, is of the type of its model") {
  const auto refused = [](const std::string& step, const std::string& layers, const std::string& root = "") {
    const Error error = error_of([&] {
      NeuralNetwork::from_json("{" + root + R"("operations": [)" + stepping(step) + R"(], "layers": [)" + layers + "]}", one_thread());
    });
    CHECK(error.reason() == "OP_OUTPUT_TYPE");
    CHECK(error.path() == "/layers/1");
    CHECK(!error.details().hint.empty());
    return error.details().expected + " " + error.details().actual;
  };
  for (const char* layers : {R"(4, {"type": "s"})", R"(4, {"type": "s"}, 1)"}) {
    CHECK(refused(R"({"op": "cast", "inputs": ["input"], "attributes": {"type": "u8"}})", layers) == "fp32 u8");
    CHECK(refused(R"({"op": "greater", "inputs": ["input", 0]})", layers) == "fp32 bool");
    CHECK(refused(R"({"op": "cast", "inputs": ["input"], "attributes": {"type": "fp32"}})", layers, R"("dataType": "fp64", )") == "fp64 fp32");
  }
  NeuralNetwork cast = NeuralNetwork::from_json(
      model_of(stepping(R"({"op": "greater", "inputs": ["input", 0], "name": "g"})", R"(, {"op": "cast", "inputs": ["g"], "attributes": {"type": "fp32"}})"),
               R"(2, {"type": "s"})"), one_thread());
  CHECK(cast.run({3, -3}).values() == std::vector<double>{1, 0});
}

TEST_CASE("API-10 A-58 fusedMatMul applies activations alone, by their names") {
  const auto load = [](const std::string& activation) {
    return NeuralNetwork::from_json(
        model_of(R"({"name": "s", "model": {"defineParams": ["*input", "@*w", {"name": "size", "default": ":input"}]}, "body": {"steps": [
            {"op": "fusedMatMul", "inputs": ["input", "w"], "attributes": {"activation": ")" + activation + R"("}}]}})",
                 R"(2, {"type": "s", "w": [[1, 2], [3, 4]]})"), one_thread());
  };
  CHECK(load("relu").run({1, -1}).values() == std::vector<double>{0, 0});
  CHECK(load("linear").run({1, -1}).values() == std::vector<double>{-2, -2});
  CHECK(load("softmax").run({1, -1}).values() == std::vector<double>{0.5, 0.5});
  for (const char* other : {"argMax", "isNaN", "reduceSum", "cumulativeSum", "transpose", "concat", "batchStatistics", "rellu"}) {
    CAPTURE(other);
    const Error error = error_of([&] { load(other).run({1, -1}); });
    CHECK(error.reason() == "NOT_ACTIVATION");
    CHECK(error.path() == "/layers/1");
  }
  CHECK(error_of([&] { load("rellu"); }).hint() == "did you mean \"relu\"?");
  const Tensor square = Tensor::from(one_thread(), DType::fp32, Shape{2, 2}, std::vector<double>{1, 2, 3, 4});
  CHECK(error_of([&] { get_operations(one_thread())["fusedMatMul"](square, square, false, false, 0.0, "argMax"); }).reason() == "NOT_ACTIVATION");
}
