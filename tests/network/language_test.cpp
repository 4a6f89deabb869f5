// Rows of the requirements that need a whole network to show: spellings that mean the same graph, domains, names that
// are taken, memory of cells, operations.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "../support/seed_models.h"
#include "core/ir/text.h"
#include "core/model/build.h"
#include "core/op/registry.h"
#include "network/operations.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// The graph of a model as text, whatever it is called.
std::string graph_of(const Context& context, const std::string& text) {
  const Registry registry = make_registry(context);
  const Model model = parse_model(context, registry, text, {.json5 = true});
  std::string graph = print(build_model(context, registry, model, {.fill = false}).graph);
  // Places are named as the author spelt them.
  for (std::size_t at = graph.find(" @ \""); at != std::string::npos; at = graph.find(" @ \""))
    graph.erase(at, std::min(graph.find('\n', at), graph.size()) - at);
  return graph;
}

Error error_of_model(const Context& context, const std::string& model) {
  try {
    NeuralNetwork::from_json(model, context);
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error for " << model);
  throw 0;
}

std::string reason_of_model(const Context& context, const std::string& model) {
  return error_of_model(context, model).reason();
}

}  // namespace

TEST_CASE("EX-01 to EX-26 every version's spelling of an example builds one graph") {
  const Context context = one_thread();
  std::map<std::string, std::set<std::string>> graphs;
  for (const SeedModel& model : seed_models()) {
    if (model.defined) continue;  // EX-14 and EX-15: definitions_test
    std::string id = model.id, text = model.text;
    if (text.find("setupData") != std::string::npos) continue;  // refused: EX-26
    CAPTURE(model.id, model.version);
    if (id == "EX-08") {
      // The oldest version leaves the activation out: said or not, the wiring is one.
      while (text.find("activation: 'relu', ") != std::string::npos) text.erase(text.find("activation: 'relu', "), 20);
    }
    graphs[id].insert(graph_of(context, text));
  }
  CHECK(graphs.size() == 9);
  for (const auto& [id, different] : graphs) {
    CAPTURE(id);
    CHECK(different.size() == 1);
  }
}

TEST_CASE("M-PIPE-18 pipe and toLayers are old names of pipes and to") {
  const Context context = one_thread();
  CHECK(graph_of(context, R"({"layers": [2, {"size": 1, "pipe": [{"size": 3, "toLayers": [2]}]}, 4, 1]})") ==
        graph_of(context, R"({"layers": [2, {"size": 1, "pipes": [{"size": 3, "to": [2]}]}, 4, 1]})"));
  CHECK(graph_of(context, R"({"layers": [2, {"size": 3, "toLayers": [2, 3]}, 4, 1]})") ==
        graph_of(context, R"({"layers": [2, {"size": 3, "to": [2, 3]}, 4, 1]})"));
  CHECK(reason_of_model(context, R"({"layers": [2, {"size": 1, "pipe": [1], "pipes": [2]}]})") == "ALIAS_CONFLICT");
  // What is found later, while the network is built, is told by the words of the text as well.
  const char* const wrong = R"({"layers": [2, {"count": 3, "pipe": [{"count": 1, "weights": [1]}]}, 1]})";
  CHECK(error_of([&] { NeuralNetwork::from_json(wrong, context); }).path() == "/layers/1/pipe/0/weights");
}

TEST_CASE("M-PIPE-17 an operation without a default input is reached by its parameters alone") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  define_operation(context,
                   {.name = "sum",
                    .domain = "mine",
                    .params = {"*a", "*b", OperationParameter("size").defaults_to(Json::text(":a"))}},
                   [](Variable a, Variable b) { return a + b; });
  const auto model = [](const std::string& to) {
    return R"({"layers": [{"pipes": [{"size": 2, "to": ")" + to + R"("}, {"size": 2, "to": "both.b"}]},
               {"name": "both", "type": "mine#sum", "a": "left", "b": "right"}]})";
  };
  CHECK(NeuralNetwork::from_json(model("left"), context).run({1, 2, 10, 20}).values() == std::vector<double>{11, 22});
  CHECK(NeuralNetwork::from_json(model("both.a"), context).run({1, 2, 10, 20}).values() == std::vector<double>{11, 22});
  const Error error = error_of_model(context, model("both"));
  CHECK(error.code() == Code::invalid_model);
  CHECK(error.reason() == "NO_DEFAULT_INPUT");
  CHECK(error.path() == "/layers/0/pipes/0/to");
  CHECK(error.hint() == "name one of its parameters: \"both.parameter\"");
  // Nor is it reached by its place.
  const Error by_index = error_of_model(context, R"({"layers": [{"pipes": [{"size": 2, "to": 1}, {"size": 2, "to": "both.b"}]},
      {"name": "both", "type": "mine#sum", "a": [1, 2], "b": "right"}]})");
  CHECK(by_index.reason() == "NO_DEFAULT_INPUT");
  CHECK(by_index.path() == "/layers/0/pipes/0/to");
  // Nor does the layer in front flow into it.
  CHECK(reason_of_model(context, R"({"layers": [2, {"type": "mine#sum"}]})") == "NO_DEFAULT_INPUT");
}

TEST_CASE("M-PROP-01 DOM-03 A-54 the domain is core unless said; activations are those of the layer's domain") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32", .default_operation_type = "same"});
  define_operation(context, {.name = "same", .domain = "mine", .params = {"*input", "activation"}},
                   [](Variable x, const Argument& activation) { return activation(x * 1.0); });
  define_operation(context, {.name = "tenfold", .domain = "mine"}, [](Variable x) { return x * 10.0; });
  define_operation(context, {.name = "relu", .domain = "mine"}, [](Variable x) { return x * 100.0; });
  const auto run = [&](const std::string& model) { return NeuralNetwork::from_json(model, context).run({-1.0})[0]; };
  CHECK(run(R"({"layers": [1, {"type": "relu"}]})") == 0);
  CHECK(run(R"({"domain": "mine", "activation": "relu", "layers": [1, 1]})") == -100);
  CHECK(run(R"({"domain": "core", "layers": [1, {"domain": "mine", "size": 1, "activation": "tenfold"}]})") == -10);
  CHECK(run(R"({"domain": "core", "layers": [1, {"pipes": [{"domain": "mine", "size": 1, "activation": "tenfold"}]}]})") == -10);
  CHECK(run(R"({"layers": [1, {"type": "mine#same", "size": 1, "activation": "relu"}]})") == -100);
  CHECK(run(R"({"layers": [1, {"type": "identity", "activation": "mine#tenfold"}]})") == -10);
  CHECK(run(R"({"domain": "mine", "layers": [1, {"domain": "core", "type": "identity", "activation": "relu"}]})") == 0);
  // A type that is borrowed from the core: the activations of the model's own domain stay known.
  define_domain(context, {.name = "dense", .default_data_type = "fp32", .default_operation_type = "core#identity", .default_activation_type = "negated"});
  define_operation(context, {.name = "negated", .domain = "dense"}, [](Variable x) { return x * -1.0; });
  for (const char* model : {R"({"domain": "dense", "layers": [1, {"size": 1, "activation": "negated"}]})",
                            R"({"domain": "mine", "layers": [1, {"type": "dense#negated", "activation": "negated"}, {"type": "core#identity", "activation": "tenfold"}]})",
                            R"({"layers": [1, {"domain": "dense", "type": "core#identity", "activation": "negated"}]})"}) {
    INFO(model);
    NeuralNetwork network = NeuralNetwork::from_json(model, context);
    const double answer = std::string_view(model).find("mine") == std::string_view::npos ? 1 : -10;
    CHECK(network.run({-1.0})[0] == answer);
    CHECK(run(network.export_model({.optimize = "minify"})) == answer);
  }
  CHECK(run(R"({"domain": "dense", "activation": "exp", "layers": [1, {"size": 1, "activation": "core#identity"}]})") == -1);
  const std::string defaults = R"({"domain": "dense", "layers": [1, {"type": "core#neurons", "size": 1, "weights": [1], "bias": false}]})";
  CHECK(run(defaults) == 1);
  CHECK(run(R"({"domain": "dense", "activation": "relu", "layers": [1, {"type": "core#neurons", "size": 1, "weights": [3], "bias": false}]})") == 0);
  const Error error = error_of_model(context, R"({"layers": [1, {"size": 1, "activation": "tenfold"}]})");
  CHECK(error.reason() == "NOT_ACTIVATION");
  CHECK(error.path() == "/layers/1/activation");
  CHECK(reason_of_model(context, R"({"layers": [1, {"domain": "mime", "size": 1}]})") == "DOMAIN");
}

TEST_CASE("M-PROP-03 the type left out is neurons, or what the root says; standard is its old name") {
  const Context context = one_thread();
  const std::string neurons = graph_of(context, R"({"layers": [2, {"type": "neurons", "size": 3}]})");
  CHECK(graph_of(context, R"({"layers": [2, 3]})") == neurons);
  CHECK(graph_of(context, R"({"layers": [2, {"type": "standard", "size": 3}]})") == neurons);
  CHECK(graph_of(context, R"({"type": "standard", "layers": [2, 3]})") == neurons);
  for (const char* type : {"gru", "lstm-n", "lstm-p", "lstm", "rnn"}) {
    CAPTURE(type);
    const std::string word = "\"" + std::string(type) + "\"";
    CHECK(graph_of(context, R"({"type": )" + word + R"(, "layers": [2, 3]})") ==
          graph_of(context, R"({"layers": [2, {"type": )" + word + R"(, "size": 3}]})"));
  }
  // A layer of another domain has that domain's type, whatever the root says.
  define_domain(context, {.name = "mine", .default_data_type = "fp32", .default_operation_type = "core#gru"});
  for (const char* root : {"", R"("type": "lstm", )"})
    CHECK(graph_of(context, "{" + std::string(root) + R"("layers": [2, {"domain": "mine", "size": 3}]})") ==
          graph_of(context, R"({"layers": [2, {"type": "gru", "size": 3}]})"));
}

TEST_CASE("M-PROP-14 RES-09 names of core properties cannot be parameters, but for connections") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  int number = 0;
  const auto define = [&](const std::string& name) {
    return reason_of([&] {
      define_operation(
          context,
          {.name = "op" + std::to_string(number++), .domain = "mine", .params = {"*input", OperationParameter(name)}},
          [](Variable x, const Argument&) { return x; });
    });
  };
  for (const char* name : {"domain", "name", "type", "activation", "pipes", "to", "history", "historyTo"}) {
    CAPTURE(name);
    if (std::string(name) != "activation") CHECK(define(name) == "RESERVED_NAME");
  }
  CHECK(define("connections") == "nothing thrown");
}

TEST_CASE("M-PROP-16 RES-10 net, steps and state belong to nets and iterators, whose names operations cannot take") {
  const Context context = one_thread();
  for (const char* property : {R"("net": {"layers": [2, 2]})", R"("steps": 3)", R"("state": [])"}) {
    CAPTURE(property);
    const Error error = error_of_model(context, R"({"layers": [2, {"size": 2, )" + std::string(property) + "}]}");
    CHECK(error.reason() == "UNKNOWN_PROPERTY");
  }
  CHECK(reason_of_model(context, R"({"layers": [2, {"type": "net"}]})") == "PROPERTY_MISSING");
  CHECK(reason_of_model(context, R"({"layers": [2, {"type": "iterator", "state": [], "net": {"layers": [2]}}]})") ==
        "PROPERTY_MISSING");
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  for (const char* name : {"input", "net", "iterator"}) {
    CAPTURE(name);
    CHECK(reason_of([&] {
            define_operation(context, {.name = name, .domain = "mine"}, [](Variable x) { return x; });
          }) == "OPERATION_EXISTS");
    // Nor can those that come with a model.
    for (const char* domain : {"core", "mine"})
      CHECK(reason_of_model(context, R"({"domain": ")" + std::string(domain) + R"(", "operations": [{"name": ")" + name +
                                         R"(", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}}], "layers": [2, {"type": "core#neurons", "size": 2}]})") ==
            "OPERATION_EXISTS");
  }
}

TEST_CASE("REC-04 a cell's memory goes with reset, comes with a saved state, and begins anew where data say so") {
  for (const char* type : {"rnn", "gru", "lstm", "lstm-n", "lstm-p"}) {
    CAPTURE(type);
    NeuralNetwork net = NeuralNetwork::from_json(
        R"({"seed": 3, "layers": [1, {"type": ")" + std::string(type) + R"(", "size": 3}, 1]})", one_thread());
    const double first = net.run({1.0})[0], second = net.run({1.0})[0];
    CHECK(first != second);
    const std::string state = net.get_internal_state();
    const double third = net.run({1.0})[0];
    net.reset();
    CHECK(net.run({1.0})[0] == first);
    net.set_internal_state(state);
    CHECK(net.run({1.0})[0] == third);
    // Two sequences of one sample are two first steps; one of two is a first and a second.
    const auto apart = Dataset::sequences({{{{1}, {0}}}, {{{1}, {0}}}}),
               together = Dataset::sequences({{{{1}, {0}}, {{1}, {0}}}});
    CHECK(net.verify(apart).error == Approx(first * first).epsilon(1e-5));
    CHECK(net.verify(apart, {.batch_size = 1}).error == Approx(first * first).epsilon(1e-5));  // one behind the other
    CHECK(net.verify(together).error == Approx((first * first + second * second) / 2).epsilon(1e-5));
  }
}

TEST_CASE(
    "OP-07 SH-12 parameters are listed or named in an object, with prefixes in either, also in an object's name") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  const auto define = [&](const std::string& name, const std::string& params) {
    define_operation(context,
                     R"({"name": ")" + name + R"(", "domain": "mine", "model": {"defineParams": )" + params + R"(},
        "body": {"steps": [{"op": "mul", "inputs": ["input", "scale"]}]}})");
    NeuralNetwork net = NeuralNetwork::from_json(R"({"domain": "mine", "layers": [2, {"type": ")" + name +
                                                     R"(", "scale": 2, "size": 2}], "setup": {"data": [3, 4]}})",
                                                 context);
    CHECK(net.run({1, 1}).values() == std::vector<double>{3, 4});
    // Trained, as "@" says.
    net.train(Dataset::from({{{1, 1}, {0, 0}}}), {.max_iterations = 5, .learning_rate = 0.1});
    CHECK(net.run({1, 1})[0] < 3);
  };
  define("a", R"(["*input", "@*scale"])");
  define("b", R"(["*input", {"name": "scale", "arrayType": true, "subjectOfTraining": true}])");
  define("c", R"(["*input", {"name": "@*scale"}])");
  define("d", R"({"*input": true, "scale": {"arrayType": true, "subjectOfTraining": true}})");
  define("e", R"({"input": {"arrayType": true}, "@scale": {"arrayType": true}})");
  CHECK(reason_of([&] { define("f", R"([{"name": "*input"}, 3])"); }) == "PROPERTY_VALUE");
  CHECK(reason_of([&] { define("g", R"([{"nam": "*input"}])"); }) == "UNKNOWN_PROPERTY");
}

TEST_CASE("PARAM-09 allowedOnFirstLayer stands in the model, or at a parameter as in the oldest version") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  const auto define = [&](const std::string& name, const std::string& model) {
    define_operation(context, R"({"name": ")" + name + R"(", "domain": "mine", "model": {)" + model + R"(},
        "body": {"steps": [{"op": "add", "inputs": ["table", 1]}]}})");
    return [&context, name] {
      return reason_of([&] {
        NeuralNetwork::from_json(
            R"({"domain": "mine", "layers": [{"type": ")" + name + R"(", "table": [1, 2], "size": 2}]})", context);
      });
    };
  };
  CHECK(define("closed", R"("defineParams": ["*table"])")() == "FIRST_LAYER_TYPE");
  CHECK(define("lonely", R"("allowedOnFirstLayer": true, "defineParams": ["*table"])")() == "NO_INPUT");  // of how many samples?
  // Beside an input, which says how many samples there are.
  for (const char* model : {R"("allowedOnFirstLayer": true, "defineParams": ["*table"])",
                            R"("defineParams": [{"name": "table", "arrayType": true, "allowedOnFirstLayer": true}])",
                            R"("defineParams": ["*table", {"name": "one", "default": 1, "allowedOnFirstLayer": true}])",
                            R"("defineParams": {"*table": {"allowedOnFirstLayer": true}})"}) {
    INFO(model);
    const std::string name = std::string("open") + std::to_string(std::string_view(model).size());
    define(name, model);
    NeuralNetwork network = NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"type": ")" + name + R"(", "table": [1, 2],
        "size": 2, "pipes": [{"size": 1}]}, {"type": "core#identity"}]})", context);
    CHECK(network.run({7, 8}).values() == std::vector<double>{2, 3, 7, 2, 3, 8});
  }
  for (const auto& [params, place] : {std::pair(R"(["*table", {"name": "n", "allowedOnFirstLayer": 1}])", "1"),
                                      std::pair(R"({"*table": true, "n": {"allowedOnFirstLayer": 1}})", "n")}) {
    const Error error = error_of([&] { define("wrong", std::string(R"("defineParams": )") + params); });
    CHECK(error.path() == std::string("/model/defineParams/") + place + "/allowedOnFirstLayer");
  }
}

TEST_CASE("OP-06 A-11 a source on the first layer, composed or of numbers, gives what it learns to every sample") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp64"});
  const auto description = [&](const char* name) {
    return OperationDefinition::from_json(context, std::string(R"({"name": ")") + name + R"(", "domain": "mine",
        "model": {"allowedOnFirstLayer": true, "defineParams": ["@*table", "factor"], "callWith": ["table", "factor"]}})");
  };
  define_operation(context, description("composed"), [](Variable table, const Argument& factor) { return table * Variable(factor); });
  define_operation(
      context, description("host"),
      [](Numbers table, double factor) { return std::vector<double>{table[0] * factor, table[1] * factor}; },
      [](const ForwardInputs& in, std::span<const double>, std::span<const double> arriving) {
        const double factor = in["factor"];
        return ParameterGradients{{"table", {arriving[0] * factor, arriving[1] * factor}}};
      });
  for (const std::string type : {"composed", "host"}) {
    INFO(type);
    NeuralNetwork network = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [
        {"pipes": [{"type": "mine#)" + type + R"(", "size": 2, "table": [1, 2], "factor": 3}, {"size": 1}]},
        {"type": "identity"}]})", context);
    CHECK(network.run({7, 8}).values() == std::vector<double>{3, 6, 7, 3, 6, 8});
    TrainOptions options{.max_iterations = 200, .learning_rate = 0.05};
    options.optimizer = "sgd";
    network.train(Dataset::from(Tensor::from(context, DType::fp64, Shape{2, 1}, std::vector<double>{1, 2}),
                                Tensor::from(context, DType::fp64, Shape{2, 3}, std::vector<double>{12, -3, 1, 12, -3, 2})),
                  options);
    const std::vector<double> learned = network.run({5}).values();
    CHECK(learned[0] == Approx(12));
    CHECK(learned[1] == Approx(-3));
    CHECK(learned[2] == 5);
  }
}

TEST_CASE(
    "PARAM-01 RES-05 OP-13 an operation gets its parameters by name, and its activation's name where it asks for it") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  std::string seen;  // a function of the program sees what the program has
  define_composed_operation(context,
                            {.name = "named",
                             .domain = "mine",
                             .params = {"*input", "times"},
                             .call_with = {"input", "times", "activationStr"}},
                            0, [&seen](Arguments given) -> Variable {
                              seen = given[2].text();
                              return Variable(given[0]) * Variable(given[1]);
                            });
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"domain": "mine", "layers": [1, {"type": "named", "size": 1, "times": 7, "activation": "core#tanh"}]})",
      context);
  CHECK(net.run({2.0})[0] == 14);
  CHECK(seen == "core#tanh");
  // Also where the layer takes it from the root, and in a function of plain numbers.
  define_host_operation(context, {.name = "numbers", .domain = "mine", .params = {"*input"}, .call_with = {"input", "activationStr"}}, 0,
                        [&seen](Arguments given) {
                          seen = given[1].text();
                          return std::vector<double>{given[0].numbers()[0]};
                        });
  for (const std::string type : {"named", "numbers"}) {
    CAPTURE(type);
    const std::string layers = R"(, "layers": [1, {"type": ")" + type + R"(", "size": 1)" + (type == "named" ? R"(, "times": 7}]})" : "}]}");
    for (const std::string inherited : {"core#sin", "core#cos"}) {
      NeuralNetwork::from_json(R"({"domain": "mine", "activation": ")" + inherited + "\"" + layers, context).run({2.0});
      CHECK(seen == inherited);
    }
  }
  CHECK(reason_of_model(context, R"({"domain": "mine", "layers": [1, {"type": "named", "size": 1, "tims": 7}]})") ==
        "UNKNOWN_PROPERTY");
  // Also one that the function itself is not called with.
  define_composed_operation(context,
                            {.name = "widened",
                             .domain = "mine",
                             .params = {"*input", "width", OperationParameter("size").defaults_to({"width"}, [](std::span<const Json> given) { return given[0]; })},
                             .call_with = {"input", "$width"}},
                            0, [](Arguments given) -> Variable { return apply("concat", {given[0], given[0]}, R"({"axis": -1})"); });
  CHECK(NeuralNetwork::from_json(R"({"domain": "mine", "layers": [1, {"type": "widened", "width": 2}]})", context).run({5.0}).values() ==
        std::vector<double>{5, 5});
  // What a function holds is its own from call to call: a handle of some other library, a count.
  define_host_operation(context, {.name = "counting", .domain = "mine", .params = {"*input"}}, 0,
                        [calls = 0](Arguments given) mutable {
                          return std::vector<double>{given[0].numbers()[0], static_cast<double>(++calls)};
                        });
  NeuralNetwork counting = NeuralNetwork::from_json(R"({"domain": "mine", "layers": [1, {"type": "counting", "size": 2}]})", context);
  const double first = counting.run({5.0})[1];
  CHECK(counting.run({5.0}).values() == std::vector<double>{5, first + 1});
  CHECK(counting.run({6.0}).values() == std::vector<double>{6, first + 2});
}

TEST_CASE("INFO-03 A-34 the default of an array is a count, values, or a size") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp32"});
  const auto shape_of = [&](const std::string& name, const std::string& fallback) {
    define_operation(context, R"({"name": ")" + name + R"(", "domain": "mine", "model": {"defineParams": ["*input",
        {"name": "*table", "default": )" +
                                  fallback + R"(}, {"name": "size", "default": ":input"}]},
        "body": {"steps": [{"op": "reduceSum", "inputs": ["table"], "name": "sum"}, {"op": "add", "inputs": ["input", "sum"]}]}})");
    NeuralNetwork net =
        NeuralNetwork::from_json(R"({"domain": "mine", "layers": [2, {"type": ")" + name + R"("}]})", context);
    std::string text;
    for (const auto& [parameter, tensor] : net.parameters()) text += parameter + " " + tensor.shape().text();
    return text + (net.to_json().find("\"data\"") == std::string::npos ? "" : " stored");
  };
  CHECK(shape_of("counted", "5") == "1.table 5 stored");
  CHECK(shape_of("sized", R"({"size": [2, 3]})") == "1.table 2x3 stored");
  const std::string values = shape_of("given", "[1, 2, 3]");
  CHECK(values.find("stored") == std::string::npos);
}

TEST_CASE("OP-04 VAR-02 what is defined is the variant default, and no other way leads there") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  define_operation(context, {.name = "twice", .domain = "mine"}, [](Variable x) { return x + x; });
  auto by_default = get_operations(context, {.domain = "mine"});
  auto by_name = get_operations(context, {.domain = "mine", .variant = "default"});
  REQUIRE(by_default.contains("twice"));
  REQUIRE(by_name.contains("twice"));
  CHECK(by_default["twice"](3.0).at(0) == 6);
  CHECK(by_name["twice"](3.0).at(0) == 6);
  // It stays so beside another variant.
  define_operation_variant(context, {.name = "twice", .domain = "mine", .variant = "remote"},
                           [](std::span<const Tensor> given) { return given[0]; });
  CHECK(get_operations(context, {.domain = "mine"})["twice"](3.0).at(0) == 6);
  CHECK(get_operations(context, {.domain = "mine", .variant = "default"})["twice"](3.0).at(0) == 6);
  CHECK(get_operations(context, {.domain = "mine", .variant = "remote"})["twice"](3.0).at(0) == 3);
  CHECK(reason_of([&] {
          define_operation_variant(context, {.name = "twice", .domain = "mine", .variant = "default"},
                                   [](std::span<const Tensor> given) { return given[0]; });
        }) == "VARIANT");
}


TEST_CASE("API-07 models have every type of the proposal") {
  const Context context = one_thread();
  for (const char* type : {"fp16", "bf16", "fp32", "fp64", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"}) {
    CAPTURE(type);
    NeuralNetwork net =
        NeuralNetwork::from_json(R"({"dataType": ")" + std::string(type) + R"(", "layers": [2, 1]})", context);
    CHECK(name_of(net.data_type()) == type);
    CHECK(net.run({1, 1}).size() == 1);
  }
  CHECK(reason_of_model(context, R"({"dataType": "bool", "layers": [2, 1]})") == "DATATYPE");
}

TEST_CASE("API-08 domains have the names of addresses and versions") {
  const Context context = one_thread();
  define_domain(context,
                {.name = "http://w3c/onnx-2019.06", .default_data_type = "fp32", .default_operation_type = "Relu"});
  define_operation(context, {.name = "Relu", .domain = "http://w3c/onnx-2019.06"}, [](Variable x) { return relu(x); });
  CHECK(NeuralNetwork::from_json(R"({"domain": "http://w3c/onnx-2019.06", "layers": [2, {"type": "Relu"}]})", context)
            .run({-1, 2})
            .values() == std::vector<double>{0, 2});
  CHECK(NeuralNetwork::from_json(R"({"layers": [1, {"type": "http://w3c/onnx-2019.06#Relu"}]})", context)
            .run({-1.0})[0] == 0);
  CHECK(get_capabilities(context).domains.contains("http://w3c/onnx-2019.06"));
  // Another version is another domain, whose operations are called by its address everywhere.
  define_domain(context, {.name = "http://w3c/onnx-2018.12"});
  define_operation(context, {.name = "Relu", .domain = "http://w3c/onnx-2018.12"}, [](Variable x) { return x * 2.0; });
  for (const auto& [version, expected] : {std::pair("2019.06", 0.0), std::pair("2018.12", -2.0)}) {
    const std::string domain = "http://w3c/onnx-" + std::string(version);
    CAPTURE(domain);
    CHECK(NeuralNetwork::from_json(R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": false, "activation": ")" + domain + R"(#Relu"}]})",
                                   context)
              .run({-1.0})[0] == expected);
    CHECK(NeuralNetwork::from_json(R"({"layers": [1, {"domain": ")" + domain + R"(", "type": "Relu"}]})", context).run({-1.0})[0] == expected);
    CHECK(get_operations(context, {.domain = domain})["Relu"](-1.0).at(0) == expected);
  }
  CHECK(reason_of_model(context, R"({"domain": "http://w3c/onnx-2017.01", "layers": [1, {"type": "Relu"}]})") == "DOMAIN");
}

TEST_CASE("A-40 an inner net takes no activation from the one around it, and its io and minMops are ignored") {
  const Context context = one_thread();
  const auto run = [&](const std::string& model) { return NeuralNetwork::from_json(model, context).run({-2.0})[0]; };
  const std::string inner = R"("layers": [1, {"size": 1, "weights": [[1]], "bias": false}])";
  CHECK(run(R"({"activation": "relu", "layers": [1, {"type": "net", "net": {)" + inner + "}}]}") == -2);
  CHECK(run(R"({"layers": [1, {"type": "net", "net": {"activation": "relu", )" + inner + "}}]}") == 0);
  CHECK(
      run(R"({"layers": [1, {"type": "net", "net": {"minMops": 9e9, "io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 2]}}}, )" +
          inner + "}}]}") == -2);
}

TEST_CASE("API-13 operations as functions run on the device that is asked for") {
  const Context context = one_thread();
  for (const char* device : {"reference", "cpu"}) {
    CAPTURE(device);
    auto operations = get_operations(context, {.domain = "core", .device = device});
    CHECK(operations["add"](2.0, 3.0).at(0) == 5);
  }
  CHECK_THROWS_AS(get_operations(context, {.domain = "core", .device = "nowhere"})["add"](2.0, 3.0), Error);
  // Those of a program as well.
  define_operation(context, {.name = "half", .domain = "core"}, [](Variable x) { return x * 0.5; });
  CHECK(get_operations(context, {.device = "reference"})["half"](3.0).at(0) == 1.5);
  CHECK_THROWS_AS(get_operations(context, {.device = "nowhere"})["half"](3.0), Error);
}
