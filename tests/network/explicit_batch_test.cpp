// Domains whose sizes are whole shapes, as foreign graphs have them (A-61): no value has a batch in front.
#include <catch2/catch.hpp>

#include "core/ir/text.h"
#include "core/model/build.h"
#include "core/op/registry.h"
#include "network/finite_differences.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

void define_graph_operations(const Context& context) {
  define_operation(context, {.name = "transposed", .domain = "graph"}, [](Variable x) { return apply("transpose", {x}); });
  define_operation(context, {.name = "product", .domain = "graph", .params = {"*a", "*b"}},
                   [](Variable a, Variable b) { return matmul(a, b); });
  define_operation(context, {.name = "plus", .domain = "graph", .params = {"*a", "*b"}}, [](Variable a, Variable b) { return a + b; });
  define_operation(context, R"({"name": "flat", "domain": "graph", "body": {"steps": [
                     {"op": "reshape", "inputs": ["input"], "attributes": {"shape": [-1]}}]}})");
  define_operation(context, {.name = "scaled", .domain = "graph", .params = {"*input", "@*weights"}},
                   [](Variable x, Variable weights) { return x * weights; });
  define_operation(context, {.name = "total", .domain = "graph", .params = {"*input"}},
                   [](Variable x) { return apply("reduceSum", {x}); });
}

Context graph_context() {
  const Context context = one_thread();
  define_domain(context, {.name = "graph", .default_data_type = "fp64", .explicit_batch = true});
  define_graph_operations(context);
  return context;
}

NeuralNetwork network(const Context& context, const std::string& layers, const std::string& root = {}) {
  return NeuralNetwork::from_json(R"({"domain": "graph", )" + root + R"("layers": [)" + layers + "]}", context);
}

// x' x, in one dimension, and x': the first dimension moves, and no value has the shape of a batch.
constexpr const char* foreign = R"({"domain": "graph", "layers": [
  {"name": "x", "size": [2, 3]},
  {"name": "t", "type": "transposed"},
  {"name": "p", "type": "product", "a": {"pipeFrom": "t"}, "b": {"pipeFrom": "x"}},
  {"name": "r", "type": "flat", "pipeFrom": "p:0"}],
  "outputs": [{"name": "flat", "pipeFrom": "r"}, {"name": "turned", "pipeFrom": "t"}]})";
const Row x = {1, 2, 3, 4, 5, 6};
const Row answer = {17, 22, 27, 22, 29, 36, 27, 36, 45, 1, 4, 2, 5, 3, 6};

}  // namespace

TEST_CASE("A-61 explicitBatch a foreign graph gives the numbers that it gives by hand") {
  const Context context = graph_context();
  NeuralNetwork net = NeuralNetwork::from_json(foreign, context);
  CHECK(net.input_shape() == Shape{2, 3});
  REQUIRE(net.outputs().size() == 2);
  CHECK(net.outputs()[0].shape == Shape{9});
  CHECK(net.outputs()[1].shape == Shape{3, 2});
  CHECK(net.run(x).values() == answer);
  const Tensor tensor = Tensor::from(context, DType::fp64, Shape{2, 3}, x);
  CHECK(net.run(tensor).values() == answer);
  CHECK(net.run(tensor).tensor().shape() == Shape{15});
  CHECK(net.run_named({{"x", tensor}}).values() == answer);
  // At the flat interface a tensor is one sample.
  CHECK(net.run(tensor.reshaped(Shape{1, 2, 3})).tensor().shape() == Shape{1, 15});

  NeuralNetwork turned = network(context, R"([2, 3], {"type": "transposed"})");
  CHECK(turned.output_shape() == Shape{3, 2});
  CHECK(turned.run(tensor).tensor().shape() == Shape{3, 2});
  CHECK(turned.run(x).values() == Row{1, 4, 2, 5, 3, 6});
  const Output shown = turned.run(tensor, {.debug = true});
  CHECK(shown.activations()[1].second.shape() == Shape{3, 2});
}

TEST_CASE("A-61 explicitBatch the graph has no batch dimension") {
  const Context context = graph_context();
  const Registry registry = make_registry(context);
  const BuiltModel built = build_model(context, registry, parse_model(context, registry, foreign));
  CHECK(built.explicit_batch);
  INFO(print(built.graph));
  const auto shape_of = [&](std::size_t layer) { return built.graph.value(built.layers[layer].value).type.shape; };
  CHECK(shape_of(0) == Shape{2, 3});
  CHECK(shape_of(1) == Shape{3, 2});
  CHECK(shape_of(2) == Shape{3, 3});
  CHECK(shape_of(3) == Shape{9});
  for (const Value& value : built.graph.values) {
    CHECK(value.type.shape.is_concrete());
    CHECK(value.type.shape.elements() <= 15);
    CHECK(value.type.shape.rank() <= 2);
  }
}

TEST_CASE("A-61 explicitBatch definitions in C++ and in JSON agree, and what is none has its place") {
  const Context context = one_thread();
  define_domain(context, R"({"domainName": "graph", "defaultDataType": "fp64", "explicitBatch": true})");
  define_graph_operations(context);
  CHECK(NeuralNetwork::from_json(foreign, context).run(x).values() == answer);
  define_domain(context, R"({"domainName": "rows", "defaultDataType": "fp64", "explicitBatch": false})");
  define_operation(context, {.name = "same", .domain = "rows"}, [](Variable given) { return given + 0.0; });
  NeuralNetwork rows = NeuralNetwork::from_json(R"({"domain": "rows", "layers": [3, {"type": "same"}]})", context);
  CHECK(rows.run(Tensor::from(context, DType::fp64, Shape{2, 3}, x)).tensor().shape() == Shape{2, 3});
  for (const char* value : {"1", "0", "null", "\"true\"", "[true]", "{}"}) {
    INFO(value);
    const Error error = error_of([&] { define_domain(context, R"({"domainName": "other", "explicitBatch": )" + std::string(value) + "}"); });
    CHECK(error.code() == Code::invalid_model);
    CHECK(error.path() == "/explicitBatch");
  }
  const Error near = error_of([&] { define_domain(context, R"({"domainName": "other", "explicitBach": true})"); });
  CHECK(near.path() == "/explicitBach");
  CHECK_THAT(near.hint(), Catch::Contains("explicitBatch"));
}

TEST_CASE("A-61 explicitBatch a run takes one tensor of the shape") {
  const Context context = graph_context();
  NeuralNetwork net = NeuralNetwork::from_json(foreign, context);
  const auto run = [&](const Shape& shape) {
    const Tensor given(context, DType::fp64, shape);
    const Error error = error_of([&] { net.run(given); });
    CHECK(reason_of([&] { net.run_named({{"x", given}}); }) == error.reason());
    return error;
  };
  for (const Shape& shape : {Shape{3, 2}, Shape{2, 2, 3}, Shape{12}, Shape{5}, Shape{1, 6}, Shape{6, 1}, Shape{2, 3, 1}}) {
    const Error error = run(shape);
    INFO(shape.text());
    CHECK(error.reason() == "INPUT_SIZE");
    CHECK_THAT(error.expected(), Catch::Contains("2x3"));
    CHECK_THAT(error.hint(), Catch::Contains("explicitBatch"));
  }
  NeuralNetwork two = network(context, R"({"name": "a", "size": [2, 3], "to": []}, {"name": "b", "type": "input", "size": [3, 2], "to": []},
      {"type": "product", "size": [2, 2], "a": {"pipeFrom": "a"}, "b": {"pipeFrom": "b"}})");
  CHECK(two.run({1, 2, 3, 4, 5, 6, 1, 0, 0, 1, 1, 1}).values() == Row{4, 5, 10, 11});
  CHECK(reason_of([&] { two.run(Row(24)); }) == "INPUT_SIZE");
  CHECK(reason_of([&] { two.run(Row(7)); }) == "INPUT_SIZE");
  CHECK(reason_of([&] { two.profile(2, 1); }) == "EXPLICIT_BATCH");
  CHECK_FALSE(two.profile(1, 1).empty());
}

TEST_CASE("A-61 explicitBatch gradients are those of finite differences, tensor by tensor") {
  const Context context = graph_context();
  // Weights of a whole shape, which follows from what they meet; the two products meet computed values alone.
  const std::string layers = R"({"name": "x", "size": [2, 3]}, {"name": "s", "type": "scaled", "weights": {"size": [2, 3]}},
      {"name": "t", "type": "transposed"},
      {"name": "p", "type": "product", "a": {"pipeFrom": "t"}, "b": {"pipeFrom": "s"}},
      {"name": "q", "type": "product", "a": {"pipeFrom": "p"}, "b": {"pipeFrom": "t"}},
      {"name": "k", "type": "scaled", "pipeFrom": "q"}, {"name": "y", "type": "total"})";
  NeuralNetwork net = network(context, layers, R"("seed": 3, )");
  CHECK(net.output_shape() == Shape{});
  REQUIRE(net.parameters().size() == 2);
  CHECK(net.parameters()[1].second.shape() == Shape{3, 2});
  const Dataset data = Dataset::from({{{1, 0.5, 2, -1, 0.2, 0.1}, {0.4}}, {{0.3, 1, -0.7, 0.6, 2, -1}, {-1}}});
  CHECK(check_gradients(net, data) == 2);
  // However many there are, they come one after the other.
  CHECK(net.verify(data, {.batch_size = 2}).error == net.verify(data, {.batch_size = 1}).error);
  const double before = net.verify(data).error;
  net.train(data, {.max_iterations = 30, .learning_rate = 0.01, .optimizer = "adam"});
  CHECK(net.verify(data).error < before);
  const Error refused = error_of([&] { net.train(data, {.batch_size = 2}); });
  CHECK(refused.reason() == "EXPLICIT_BATCH");
  CHECK(refused.path() == "batchSize");
  CHECK_THAT(refused.hint(), Catch::Contains("accumulate"));
  net.train(data, {.max_iterations = 1, .accumulate = 2});

  // Through time: what a step gave, transposed, is added to the next.
  NeuralNetwork delayed = network(context, R"({"name": "x", "size": [2, 2], "to": "s"}, {"name": "s", "type": "scaled", "to": "p.a"},
      {"name": "p", "type": "plus"}, {"name": "t", "type": "transposed", "size": [2, 2], "to": "p.b", "pipeFrom": "p"},
      {"name": "k", "type": "scaled", "pipeFrom": "p"}, {"name": "y", "type": "total"})", R"("seed": 3, )");
  const Dataset steps = Dataset::sequences({{{{1, 2, 0, 1}, {0.5}}, {{0, 1, -1, 2}, {1}}, {{2, 0, 1, 1}, {0}}}, {{{1, 1, 3, 0}, {2}}}});
  CHECK(check_gradients(delayed, steps) == 2);
}

TEST_CASE("A-61 explicitBatch functions of plain numbers see the whole tensor, once a run") {
  const Context context = graph_context();
  int calls = 0;
  std::vector<Shape> seen;
  define_host_operation(
      context, {.name = "halves", .domain = "graph", .params = {"*input", "@*weights"}}, 2,
      [&](Arguments given) {
        ++calls;
        seen = {given[0].dims(), given[1].dims()};
        Row result;
        for (std::size_t i = 0; i < given[0].size() / 2; ++i) result.push_back(given[0][2 * i] * given[1][0] + given[0][2 * i + 1]);
        return result;
      },
      [](const ForwardInputs& given, std::span<const double>, std::span<const double> arriving) {
        Row inputs(given["input"].size()), weights(1);
        for (std::size_t i = 0; i < arriving.size(); ++i) {
          inputs[2 * i] = arriving[i] * given["weights"][0];
          inputs[2 * i + 1] = arriving[i];
          weights[0] += arriving[i] * given["input"][2 * i];
        }
        return ParameterGradients{{"input", inputs}, {"weights", weights}};
      });
  const std::string layers = R"([4, 3], {"type": "halves", "size": [3, 2], "weights": [2]})";
  NeuralNetwork net = network(context, layers);
  CHECK(net.run({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}).values() == Row{4, 10, 16, 22, 28, 34});
  CHECK(calls == 1);
  CHECK(seen == std::vector<Shape>{{4, 3}, {1}});
  NeuralNetwork trained = network(context, R"([2, 2], {"type": "scaled"}, {"type": "halves", "size": 2, "weights": 1}, {"type": "total"})", R"("seed": 2, )");
  CHECK(check_gradients(trained, Dataset::from({{{1, 2, 3, 4}, {5}}})) == 2);
  // The same as a function of tensors, and called by another operation.
  auto operations = get_operations(context, {.domain = "graph"});
  const Tensor given = Tensor::from(context, DType::fp64, Shape{2, 3}, x);
  CHECK(operations["transposed"](given).shape() == Shape{3, 2});
  define_host_operation(context, {.name = "count", .domain = "graph"}, 1, [&](Arguments one) {
    ++calls;
    return Row(one[0].size(), static_cast<double>(one[0].size()));
  });
  calls = 0;
  define_operation(context, {.name = "counts", .domain = "graph"}, [](Variable one) { return apply("graph#count", {one}) * 2.0; });
  CHECK(network(context, R"([2, 3], {"type": "counts"})").run(x).values() == Row(6, 12));
  CHECK(calls == 1);
}

TEST_CASE("A-61 explicitBatch states, joins, io, scalars and constants are of whole shapes") {
  const Context context = graph_context();
  define_operation(context, {.name = "sums", .domain = "graph", .params = {"*input", OperationParameter("~*sum").defaults_to(Json::object({{"size", Json::numbers({2, 3})}}))}, .call_with = {"input", "sum"}},
                   [](Variable one, const Argument& sum) {
                     const Variable next = one + Variable(sum);
                     sum.set(next);
                     return next;
                   });
  NeuralNetwork sums = network(context, R"([2, 3], {"type": "sums"}, {"type": "transposed"})");
  sums.run(x);
  CHECK(sums.run(x).values() == Row{2, 8, 4, 10, 6, 12});
  const std::string kept = sums.get_internal_state();
  sums.run(x);
  sums.set_internal_state(kept);
  CHECK(sums.run(x).values() == Row{3, 12, 6, 15, 9, 18});
  sums.reset();
  CHECK(sums.run(x).values() == Row{1, 4, 2, 5, 3, 6});

  NeuralNetwork history = network(context, R"({"size": [2, 1], "history": 2}, {"type": "transposed"})");
  CHECK(history.output_shape() == Shape{3, 2});
  history.run({1, 2});
  history.run({3, 4});
  CHECK(history.run({5, 6}).values() == Row{5, 6, 3, 4, 1, 2});

  // What flows back keeps its shape: a run adds what the last one gave.
  NeuralNetwork delayed = network(context, R"({"name": "x", "size": [2, 2], "to": "p.a"}, {"name": "p", "type": "plus"},
      {"name": "t", "type": "transposed", "size": [2, 2], "to": "p.b", "pipeFrom": "p"})",
                                  R"("outputs": [{"pipeFrom": "p"}], )");
  CHECK(delayed.run({1, 2, 3, 4}).values() == Row{1, 2, 3, 4});
  CHECK(delayed.run({1, 2, 3, 4}).values() == Row{2, 5, 5, 8});
  NeuralNetwork rescaled = NeuralNetwork::from_json(
      R"({"domain": "graph", "io": {"input": {"normalize": {"type": "standardize", "mean": [1, 2, 3], "std": [1, 1, 2]}}},
          "layers": [[2, 3], {"type": "transposed"}]})", context);
  CHECK(rescaled.run(x).values() == Row{0, 3, 0, 3, 0, 1.5});

  NeuralNetwork total = network(context, R"([2, 3], {"type": "total"})");
  CHECK(total.run(x).tensor().shape() == Shape{});
  CHECK(total.run(x)[0] == 21);
  CHECK(error_of([&] { network(context, R"({"size": [2, 3], "to": ["a", "b"]}, {"name": "a", "type": "total", "to": "t"}, {"name": "b", "type": "total", "to": "t"}, {"name": "t", "type": "core#tanh"})"); })
            .reason() == "JOIN_DIMS");
  CHECK(error_of([&] { network(context, R"([2, 3], {"type": "total", "history": 2}, {"type": "core#tanh"})"); }).reason() == "OPEN_SIZE");

  define_operation(context, {.name = "seven", .domain = "graph"}, [](Variable one) { return constant(7, one); });
  NeuralNetwork seven = network(context, R"([2, 3], {"type": "seven"})");
  CHECK(seven.run(x, {.debug = true}).values() == Row{7});
}

TEST_CASE("A-61 explicitBatch what works on samples of a batch is refused, and the other way round") {
  const Context context = graph_context();
  define_domain(context, {.name = "rows", .default_data_type = "fp64"});
  define_operation(context, {.name = "twice", .domain = "rows"}, [](Variable given) { return given * 2.0; });
  struct Wanted {
    const char* model;
    const char* path;
  };
  for (const Wanted& wanted : std::initializer_list<Wanted>{
           {R"({"domain": "graph", "layers": [[2, 3], {"type": "core#neurons", "size": 4}]})", "/layers/1/type"},
           {R"({"domain": "graph", "layers": [[2, 3], {"type": "core#flatten"}]})", "/layers/1/type"},
           {R"({"domain": "graph", "layers": [3, {"type": "net", "net": {"layers": [3, {"type": "core#tanh"}]}}]})", "/layers/1/type"},
           {R"({"domain": "graph", "layers": [3, {"type": "rows#twice"}]})", "/layers/1/type"},
           {R"({"domain": "graph", "layers": [3, {"type": "transposed"}, {"type": "twice", "domain": "rows"}]})", "/layers/2/type"},
           {R"({"domain": "rows", "layers": [3, {"type": "graph#transposed"}]})", "/layers/1/type"},
           {R"({"layers": [3, {"size": 2, "activation": "graph#transposed"}]})", "/layers/1/activation"},
           {R"({"domain": "rows", "operations": [{"name": "turned", "body": {"steps": [{"op": "graph#transposed", "inputs": ["input"]}]}}],
                "layers": [3, {"type": "turned"}]})", "/operations/0/body/steps/0/op"}}) {
    INFO(wanted.model);
    const Error error = error_of([&] { NeuralNetwork::from_json(wanted.model, context); });
    CHECK(error.code() == Code::unsupported);
    CHECK(error.reason() == "EXPLICIT_BATCH");
    CHECK(error.path() == wanted.path);
    CHECK_FALSE(error.hint().empty());
  }
  CHECK(reason_of([&] {
          define_operation(context, {.name = "mixed", .domain = "graph"}, [](Variable given) { return apply("rows#twice", {given}); });
        }) == "EXPLICIT_BATCH");
  // Operators of the core see what they are given; so do those that stand as layers.
  CHECK(network(context, R"([2, 3], {"type": "transposed"}, {"type": "core#relu"})").run(x).values() == Row{1, 4, 2, 5, 3, 6});
}

TEST_CASE("A-61 explicitBatch any dimension may be open, the first one too") {
  const Context context = graph_context();
  NeuralNetwork net = network(context, R"({"name": "x", "size": [null, null]}, {"name": "t", "type": "transposed"},
      {"type": "product", "a": {"pipeFrom": "x"}, "b": {"pipeFrom": "t"}})");
  const auto run = [&](const Shape& shape, const Row& values) { return net.run(Tensor::from(context, DType::fp64, shape, values)); };
  CHECK(run(Shape{2, 3}, x).values() == Row{14, 32, 32, 77});
  CHECK(run(Shape{1, 2}, {3, 4}).tensor().shape() == Shape{1, 1});
  CHECK(run(Shape{3, 1}, {1, 2, 3}).tensor().shape() == Shape{3, 3});
  CHECK(run(Shape{1, 3, 1}, {1, 2, 3}).tensor().shape() == Shape{1, 3, 3});
  const Error error = error_of([&] { run(Shape{2, 3, 1}, x); });
  CHECK(error.reason() == "INPUT_SIZE");
  CHECK_THAT(error.hint(), Catch::Contains("explicitBatch"));
}

TEST_CASE("A-61 explicitBatch models are exported, described and cut like others") {
  const Context context = graph_context();
  NeuralNetwork net = NeuralNetwork::from_json(foreign, context);
  for (const char* optimize : {"", "minify", "pretty"}) {
    const std::string text = net.export_model({.optimize = optimize});
    INFO(text);
    CHECK(NeuralNetwork::from_json(text, context).run(x).values() == answer);
  }
  CHECK_THAT(net.info().table, Catch::Contains("3x2"));
  CHECK_THAT(net.inspect(), Catch::Contains("transpose"));
  CHECK_THAT(net.graph_dot(), Catch::Contains("transpose"));
  // The description stays in the program: a reader without it says so.
  CHECK(reason_of([&] { NeuralNetwork::from_json(net.to_json(), one_thread()); }) == "DOMAIN");
}
