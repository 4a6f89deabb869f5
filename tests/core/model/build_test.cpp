// Models become graphs: shapes, parameters, activations, inputs and outputs.
#include "support.h"

#include <cmath>

#include "core/base/random.h"
#include "core/ir/text.h"
#include "core/op/op_def.h"

using namespace webai;
using test::World;

namespace {

std::vector<std::string> names_of(const BuiltModel& built) {
  std::vector<std::string> names;
  for (const BuiltParameter& parameter : built.parameters)
    names.push_back(parameter.name + " " + parameter.type.shape.text());
  return names;
}

using Names = std::vector<std::string>;

// The operators of a graph in order, without what changes nothing.
std::string operators_of(const BuiltModel& built) {
  std::string text;
  for (const Node& node : built.graph.nodes) text += (text.empty() ? "" : " ") + node.op->name;
  return text;
}

// Runs the reference kernels one after the other.
std::vector<double> evaluate(const World& world, const BuiltModel& built,
                             const std::vector<std::vector<double>>& inputs) {
  std::vector<Tensor> values(built.graph.values.size());
  for (std::size_t id = 0; id < values.size(); ++id) {
    const Value& value = built.graph.values[id];
    values[id] =
        value.kind == ValueKind::constant ? value.constant : Tensor(world.context, value.type.type, value.type.shape);
  }
  for (const BuiltParameter& parameter : built.parameters)
    values[static_cast<std::size_t>(parameter.value)] = parameter.initial;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t k = 0; k < inputs[i].size(); ++k)
      values[static_cast<std::size_t>(built.inputs[i].value)].set(k, inputs[i][k]);
  for (const Node& node : built.graph.nodes) {
    std::vector<Operand> from, to;
    for (const ValueId id : node.inputs) {
      Tensor& tensor = values[static_cast<std::size_t>(id)];
      from.push_back({tensor.data(), tensor.type(), tensor.shape()});
    }
    for (const ValueId id : node.outputs) {
      Tensor& tensor = values[static_cast<std::size_t>(id)];
      to.push_back({tensor.data(), tensor.type(), tensor.shape()});
    }
    REQUIRE(definition(node).reference);
    definition(node).reference({from, to, node.attributes});
  }
  return test::values_of(values[static_cast<std::size_t>(built.output)]);
}

}  // namespace

TEST_CASE("a net of numbers becomes matrix products, biases and activations") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [2, 3, 1], "activation": "tanh"})");
  CHECK(operators_of(built) == "matmul add tanh matmul add tanh");
  CHECK(names_of(built) == Names{"1.weights 2x3", "1.bias 3", "2.weights 3x1", "2.bias 1"});
  REQUIRE(built.inputs.size() == 1);
  CHECK(built.inputs[0].name == "input");
  CHECK(built.graph.value(built.inputs[0].value).type.shape == Shape{batch_symbol, 2});
  REQUIRE(built.outputs.size() == 1);
  CHECK(built.outputs[0].name == "output");
  CHECK(built.graph.value(built.output).type.shape == Shape{batch_symbol, 1});
  CHECK(built.graph.nodes[3].path == "/layers/2");
  CHECK(built.graph.output("output") == built.output);
  // Objects may stand among them, in any place.
  for (const char* layers : {R"([{"size": 2}, 3, 1])", R"([2, {"size": 3}, 1])", R"([{"size": [2]}, [3], {"size": 1}])"})
    CHECK(print(world.build(R"({"activation": "tanh", "layers": )" + std::string(layers) + "}").graph) == print(built.graph));
}

TEST_CASE("the batch may be a number from the start") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [2, 3]})", {.batch = 7});
  CHECK(built.graph.value(built.output).type.shape == Shape{7, 3});
}

TEST_CASE("A-07 weights are [inputs, neurons], also behind images") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [[4, 5, 2], {"name": "dense", "size": [3, 2]}]})");
  CHECK(names_of(built) == Names{"dense.weights 40x6", "dense.bias 6"});
  CHECK(built.graph.value(built.output).type.shape == Shape{batch_symbol, 3, 2});
}

TEST_CASE("A-07 the graph computes y = x W + b with W[i * N + n]") {
  const World world;
  const BuiltModel built = world.build(
      R"({"layers": [2, {"size": 3, "weights": [[1, 2, 3], [10, 20, 30]], "bias": [0.5, 0, -0.5]}]})", {.batch = 1});
  CHECK(evaluate(world, built, {{1, 2}}) == std::vector<double>{21.5, 42, 62.5});
}

TEST_CASE("IO-09 normalising in the graph computes what the io block says") {
  const World world;
  const BuiltModel built = world.build(R"({"io": {"input": {"normalize": [
      {"type": "rescale-linear", "from": [10, 20], "to": [-1, 1], "clamp": true}, {"type": "standardize", "mean": [1, 2], "std": [2, 4]}]}},
      "layers": [2, {"size": 2, "connections": "one-to-one", "weights": [1, 1], "bias": false}]})",
                                       {.batch = 1});
  CHECK(evaluate(world, built, {{15, 30}}) == std::vector<double>{-0.5, -0.25});
  // Ends the other way round.
  const BuiltModel falling = world.build(R"({"io": {"input": {"normalize":
      {"type": "rescale-linear", "from": [10, 20], "to": [1, -1], "clamp": true}}},
      "layers": [3, {"size": 3, "connections": "one-to-one", "weights": [1, 1, 1], "bias": false}]})",
                                         {.batch = 1});
  CHECK(evaluate(world, falling, {{0, 15, 30}}) == std::vector<double>{1, 0, -1});
  // Rules that name no input are those of an input that has a name, too.
  const BuiltModel named = world.build(R"({"io": {"input": {"normalize":
      {"type": "rescale-linear", "from": [0, 10], "to": [0, 1]}}}, "layers": [{"name": "pixels", "size": 2},
      {"size": 2, "connections": "one-to-one", "weights": [1, 1], "bias": false}]})",
                                       {.batch = 1});
  CHECK(evaluate(world, named, {{5, 20}}) == std::vector<double>{0.5, 2});
}

TEST_CASE("A-17 joins put values in document order") {
  const World world;
  const BuiltModel built =
      world.build(R"({"layers": [{"size": 1, "pipes": [{"name": "b", "size": 2, "to": "end"}, {"name": "c", "size": 1}],
      "to": ["end"]}, {"type": "identity", "name": "mid"}, {"name": "end", "type": "identity"}]})",
                  {.batch = 1});
  CHECK(evaluate(world, built, {{1}, {2, 3}, {4}}) == std::vector<double>{1, 2, 3, 4});
  // A net has pipes as any layer.
  const BuiltModel beside = world.build(R"({"layers": [1, {"type": "net", "net": {"layers": [1, {"type": "identity"}]},
      "pipes": [{"size": 1, "weights": [2], "bias": false}]}, {"type": "identity"}]})", {.batch = 1});
  CHECK(evaluate(world, beside, {{3}}) == std::vector<double>{3, 6});
}

TEST_CASE("A-08 bias false leaves only weights") {
  const World world;
  CHECK(names_of(world.build(R"({"layers": [2, {"size": 3, "bias": false}]})")) == Names{"1.weights 2x3"});
  CHECK(names_of(world.build(R"({"layers": [2, {"size": 3, "bias": null}]})")) == Names{"1.weights 2x3"});
}

TEST_CASE("A-08 a number as bias is a frozen constant") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [2, {"size": 3, "bias": 0.5}]})");
  CHECK(names_of(built) == Names{"1.weights 2x3"});
  CHECK(operators_of(built) == "matmul add");
}

TEST_CASE("A-08 inline arrays are parameters that setup.data does not hold") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [2, {"size": 2, "weights": [[1, 2], [3, 4]], "bias": [5, 6]}]})");
  REQUIRE(built.parameters.size() == 2);
  CHECK_FALSE(built.parameters[0].stored);
  CHECK(built.parameters[0].path == "/layers/1/weights");
  CHECK(test::values_of(built.parameters[0].initial) == std::vector<double>{1, 2, 3, 4});
  CHECK(
      test::values_of(world.build(R"({"layers": [2, {"size": 2, "weights": [1, 2, 3, 4]}]})").parameters[0].initial) ==
      std::vector<double>{1, 2, 3, 4});
  const Error error = world.error_of(R"({"layers": [2, {"size": 2, "weights": [[1, 2, 3], [3, 4, 5]]}]})");
  CHECK(error.path() == "/layers/1/weights");
  CHECK(error.expected() == "2x2");
  CHECK(error.actual() == "2x3");
  // As many numbers in other rows are other dimensions.
  CHECK(world.error_of(R"({"layers": [2, {"size": 3, "weights": [[1, 2], [3, 4], [5, 6]]}]})").actual() == "3x2");
  CHECK(world.error_of(R"({"layers": [2, {"size": 2, "weights": [[1, 2], [3]]}]})").reason() == "RAGGED");
}

TEST_CASE("A-09 activations: the layer's before the root's, null means none, inputs take none from the root") {
  const World world;
  CHECK(operators_of(world.build(R"({"activation": "tanh", "layers": [2, {"size": 1, "activation": "relu"}]})")) ==
        "matmul add relu");
  CHECK(operators_of(world.build(R"({"activation": "tanh", "layers": [2, {"size": 1, "activation": null}]})")) ==
        "matmul add");
  CHECK(operators_of(world.build(R"({"activation": "tanh", "layers": [{"size": 2, "activation": "relu"}, 1]})")) ==
        "relu matmul add tanh");
  CHECK(operators_of(world.build(
            R"({"layers": [2, {"type": "flatten"}, {"type": "flatten", "activation": "relu"}]})")) == "relu");
  // Pipes are asked as layers are.
  CHECK(operators_of(world.build(R"({"activation": "tanh", "layers": [{"pipes": [2]}, {"size": 1, "activation": "relu",
            "pipes": [1, {"size": 1, "activation": null}, {"size": 1, "activation": "sin"}]}]})")) ==
        "matmul add relu matmul add tanh matmul add matmul add sin concat");
}

TEST_CASE("A-10 M-PROP-13 the spellings of a layer build identical graphs") {
  const World world;
  const auto graph = [&](const std::string& layer) {
    const BuiltModel built = world.build(R"({"activation": "tanh", "layers": [2, )" + layer + "]}");
    return print(built.graph) + built.parameters[0].name + " " + std::to_string(built.parameters[0].initial.at(3));
  };
  const std::string expected = graph("3");
  for (const char* layer :
       {"[3]", R"({"size": 3})", R"({"size": [3]})", R"({"type": "neurons", "size": 3})",
        R"({"connections": "all-to-all", "type": "neurons", "size": 3})",
        R"({"activation": "tanh", "connections": "every-to-every", "type": "standard", "count": 3})"})
    CHECK(graph(layer) == expected);
  for (const char* layer : {"null", "\"3\"", "true", "[]"}) {
    const Error error = world.error_of(std::string(R"({"layers": [2, )") + layer + "]}");
    CHECK(error.reason() == "LAYER_KIND");
    CHECK(error.path() == "/layers/1");
  }
  // Pipes are spelt alike.
  const auto with_pipe = [](const std::string& pipe) { return R"({"size": 3, "pipes": [)" + pipe + "]}"; };
  const std::string piped = graph(with_pipe("2"));
  for (const char* pipe : {"[2]", R"({"size": 2})", R"({"type": "neurons", "size": [2]})"}) CHECK(graph(with_pipe(pipe)) == piped);
  for (const char* pipe : {"null", "\"3\"", "true", "[]"}) {
    const Error error = world.error_of(R"({"layers": [2, )" + with_pipe(pipe) + "]}");
    CHECK(error.reason() == "LAYER_KIND");
    CHECK(error.path() == "/layers/1/pipes/0");
  }
  // Also of several dimensions.
  const BuiltModel image = world.build(R"({"layers": [{"pipes": [[2, 3], {"size": [2, 3]}]}, {"type": "identity"}]})");
  REQUIRE(image.inputs.size() == 2);
  CHECK(image.inputs[0].shape == Shape{2, 3});
  CHECK(image.inputs[1].shape == Shape{2, 3});
}

TEST_CASE("A-20 A-71 connections: one-to-one stores n weights, a mask multiplies all of them") {
  const World world;
  CHECK(names_of(world.build(R"({"layers": [3, {"size": 3, "connections": "one-to-one"}]})")) ==
        Names{"1.weights 3", "1.bias 3"});
  const BuiltModel masked = world.build(R"({"layers": [2, {"size": 3, "connections": [[1, 0, 1], [0, 1, 1]]}]})");
  CHECK(names_of(masked) == Names{"1.weights 2x3", "1.bias 3"});
  CHECK(operators_of(masked) == "mul matmul add");
  // A row of the mask for each input, as of the weights, also where there are as many inputs as neurons.
  const auto sums = [&](const std::string& connections, const std::string& weights) {
    const std::string layer = R"("bias": false, "connections": )" + connections + R"(, "weights": )" + weights;
    return evaluate(world, world.build(R"({"layers": [2, {"size": 2, )" + layer + "}]}", {.batch = 1}), {{1, 10}});
  };
  CHECK(sums("[[1, 1], [0, 1]]", "[[2, 3], [4, 5]]") == std::vector<double>{2, 53});
  CHECK(sums(R"("one-to-one")", "[2, 3]") == std::vector<double>{2, 30});
  CHECK(sums(R"("every-to-every")", "[[2, 3], [4, 5]]") == std::vector<double>{42, 53});
  for (const char* inputs : {"2", "1"}) {  // one is not connected to all either
    INFO(inputs);
    CHECK(world.error_of(std::string(R"({"layers": [)") + inputs + R"(, {"size": 3, "connections": "one-to-one"}]})").reason() == "CONNECTIONS");
  }
  CHECK(world.error_of(R"({"layers": [2, {"size": 3, "connections": "some"}]})").reason() == "CONNECTIONS");
  CHECK(world.error_of(R"({"layers": [2, {"size": 3, "connections": [[1, 0, 1]]}]})").reason() == "CONNECTIONS");
  CHECK(world.error_of(R"({"layers": [2, {"size": 3, "connections": [[1, 0, 2], [0, 1, 1]]}]})").reason() ==
        "CONNECTIONS");
}

TEST_CASE("A-38 neurons without size are as many as the inputs") {
  const World world;
  CHECK(names_of(world.build(R"({"layers": [4, {"type": "neurons"}]})")) == Names{"1.weights 4x4", "1.bias 4"});
}

TEST_CASE("the ten activations of the seeds stand as activation and as a layer type") {
  const World world;
  for (const char* name : {"identity", "binary", "tanh", "isrlu", "relu", "elu", "softclip", "sin", "sinc", "gauss"}) {
    INFO(name);
    const std::string text = std::string("\"") + name + "\"";
    CHECK_NOTHROW(world.build(R"({"activation": )" + text + R"(, "layers": [2, 3]})"));
    const BuiltModel built = world.build(R"({"layers": [[2, 3], {"type": )" + text + "}]}");
    CHECK(operators_of(built) == name);
    CHECK(built.graph.value(built.output).type.shape == Shape{batch_symbol, 2, 3});
  }
}

TEST_CASE("A-71 the constants of an activation are properties") {
  const World world;
  const BuiltModel built =
      world.build(R"({"layers": [2, {"type": "elu", "alpha": 0.5}, {"size": 1, "activation": "elu", "alpha": 2}]})");
  CHECK(built.graph.nodes.front().attributes.number("alpha") == 0.5);
  CHECK(built.graph.nodes.back().attributes.number("alpha") == 2);
  CHECK(world.error_of(R"({"layers": [2, {"type": "elu", "alpha": "x"}]})").path() == "/layers/1/alpha");
  CHECK(world.error_of(R"({"layers": [2, {"size": 1, "alpha": 2}]})").reason() == "UNKNOWN_PROPERTY");
}

TEST_CASE("softmax is an activation and a layer type over the last dimension") {
  const World world;
  CHECK(operators_of(world.build(R"({"layers": [2, {"size": 3, "activation": "softmax"}]})")) == "matmul add softmax");
  CHECK(operators_of(world.build(R"({"layers": [2, 3, {"type": "softmax", "size": 3}]})")) == "matmul add softmax");
  CHECK(world.error_of(R"({"layers": [2, 3, {"type": "softmax", "size": 4}]})").reason() == "OP_OUTPUT_SIZE");
}

TEST_CASE("A-35 random starts follow Glorot, depend on seed and parameter, and biases are 0") {
  const World world;
  const BuiltModel a = world.build(R"({"layers": [30, 20, 30]})"),
                   b = world.build(R"({"layers": [30, 20, 30], "seed": 7})");
  const std::vector<double> weights = test::values_of(a.parameters[0].initial);
  const double bound = std::sqrt(6.0 / 50);
  double largest = 0, sum = 0;
  for (const double weight : weights) {
    largest = std::max(largest, std::abs(weight));
    sum += weight;
  }
  CHECK(largest <= bound);
  CHECK(largest > 0.9 * bound);
  CHECK(std::abs(sum / static_cast<double>(weights.size())) < 0.1 * bound);
  CHECK(test::values_of(a.parameters[1].initial) == std::vector<double>(20, 0.0));
  CHECK(test::values_of(b.parameters[0].initial) != weights);
  CHECK(test::values_of(a.parameters[2].initial) != weights);
  CHECK(test::values_of(world.build(R"({"layers": [30, 20, 30]})").parameters[0].initial) == weights);
}

TEST_CASE("A-35 the random numbers are those of the published stream, so other programs can draw them too") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [40, 60], "seed": 11})");
  const RandomStream stream(11, 0);
  const Tensor& weights = built.parameters[0].initial;
  for (const std::size_t i : {0, 1, 1023, 1024, 2399})
    CHECK(weights.at(i) ==
          static_cast<float>(std::sqrt(6.0 / 100) * (2.0 * static_cast<double>(stream.uniform(i)) - 1.0)));
}

TEST_CASE("A-35 seed null asks the host for entropy") {
  const World world;
  const char* text = R"({"layers": [3, 3], "seed": null})";
  CHECK(test::values_of(world.build(text).parameters[0].initial) !=
        test::values_of(world.build(text).parameters[0].initial));
  world.host->has_entropy = false;
  CHECK(world.error_of(text).code() == Code::host_error);
}

TEST_CASE("a model of fp64 has parameters of fp64") {
  const World world;
  const BuiltModel built = world.build(R"({"dataType": "fp64", "layers": [2, 3]})");
  CHECK(built.parameters[0].type.type == DType::fp64);
  CHECK(built.parameters[0].initial.type() == DType::fp64);
}

TEST_CASE("io.input.normalize stands in the graph in front of the first layer") {
  const World world;
  const char* text = R"({"io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 255], "to": [0, 1]}}},
                         "layers": [4, 2]})";
  const BuiltModel built = world.build(text);
  CHECK(operators_of(built) == "div matmul add");
  CHECK(built.graph.nodes[0].path == "/io/input/normalize");
  CHECK(operators_of(world.build(text, {.normalize = false})) == "matmul add");
  CHECK(operators_of(world.build(R"({"io": {"input": {"normalize": [{"type": "clip", "min": 0, "max": 9},
      {"type": "log", "offset": 1}, {"type": "standardize", "mean": [1, 2], "std": 3}]}}, "layers": [2, 1]})")) ==
        "clip add log sub div matmul add");
}

TEST_CASE("normalize auto is two states that training fills") {
  const World world;
  const BuiltModel built = world.build(R"({"io": {"input": {"normalize": "auto"}}, "layers": [4, 2]})");
  CHECK(operators_of(built) == "sub div matmul add");
  REQUIRE(built.auto_normalize.size() == 1);
  CHECK(built.auto_normalize[0].shape == Shape{4});
  CHECK(built.graph.value(built.auto_normalize[0].mean).kind == ValueKind::state);
  CHECK(built.graph.find("input.normalize.std") == built.auto_normalize[0].deviation);
}

TEST_CASE("M-PIPE-08 pipes on the first layer are further inputs, named and in order") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [{"size": 3, "pipes": [{"name": "rgb", "size": 2}, 4]}, 5]})");
  REQUIRE(built.inputs.size() == 3);
  CHECK(built.inputs[0].name == "input");
  CHECK(built.inputs[1].name == "rgb");
  CHECK(built.inputs[2].name == "2");
  CHECK(built.parameters[0].type.shape == Shape{9, 5});
}

TEST_CASE("A-12 a layer's outputs are its own, then each un-routed pipe's; a layer may be pipes only") {
  const World world;
  const BuiltModel built = world.build(R"({"activation": "tanh", "layers": [2, {"pipes": [{"name": "a", "size": 3},
      {"name": "b", "size": 4, "activation": "relu"}]}, 5]})");
  CHECK(names_of(built) ==
        Names{"a.weights 2x3", "a.bias 3", "b.weights 2x4", "b.bias 4", "2.weights 7x5", "2.bias 5"});
  CHECK(operators_of(built) == "matmul add tanh matmul add relu concat matmul add tanh");
}

TEST_CASE("A-14 to by name and by index reaches later layers, and joins in document order (A-17)") {
  const World world;
  const BuiltModel built =
      world.build(R"({"layers": [{"name": "x", "size": 2, "to": ["skip", 1]}, 3, {"name": "skip", "size": 4}]})");
  REQUIRE(built.parameters.size() == 4);
  CHECK(built.parameters[2].type.shape == Shape{5, 4});
  const Node& join = built.graph.nodes[2];
  CHECK(join.op->name == "concat");
  CHECK(join.inputs.front() == built.inputs[0].value);
}

TEST_CASE("A-13 the last layer's own output and its un-routed pipes are the outputs") {
  const World world;
  const BuiltModel built =
      world.build(R"({"layers": [2, {"name": "main", "size": 3, "pipes": [{"name": "side", "size": 1}, 2]}]})");
  REQUIRE(built.outputs.size() == 3);
  CHECK(built.outputs[0].name == "main");
  CHECK(built.outputs[1].name == "side");
  CHECK(built.outputs[2].name == "2");
  CHECK(built.graph.value(built.output).type.shape == Shape{batch_symbol, 6});
  // What the last layer pipes elsewhere is an output all the same.
  const BuiltModel back = world.build(R"({"layers": [2, {"name": "sum", "size": 3}, {"name": "main", "size": 1, "to": "sum"}]})");
  REQUIRE(back.outputs.size() == 1);
  CHECK(back.outputs[0].name == "main");
}

TEST_CASE("ERR-10 joins of unequal leading dimensions are refused with both shapes") {
  const World world;
  const Error error =
      world.error_of(R"({"layers": [{"name": "a", "size": [8, 8, 16], "pipes": [{"name": "b", "size": [4, 4, 16]}]},
      {"type": "flatten"}]})");
  CHECK(std::string(error.what()) ==
        "/layers/1: joins 8x8x16 (a) and 4x4x16 (b): all dimensions but the last must be equal; "
                                     "flatten what comes, or give it the same sizes but for the last");
  // Each of the leading dimensions counts, of each source, and as many of them.
  for (const char* last : {"[2, 4, 5]", "[3, 2, 5]", "[6, 5]", "[2, 3, 1, 5]", "30"}) {
    INFO(last);
    const Error unequal = world.error_of(R"({"layers": [{"size": [2, 3, 5], "pipes": [{"size": [2, 3, 1]}, {"size": )" +
                                         std::string(last) + R"(}]}, {"type": "identity"}]})");
    CHECK(unequal.code() == Code::shape_mismatch);
    CHECK(unequal.reason() == "JOIN_DIMS");
    CHECK(unequal.expected() == "2x3x5");
  }
  CHECK(world.build(R"({"layers": [{"size": [2, 3, 5], "pipes": [{"size": [2, 3, 1]}]}, {"type": "identity"}]})").layers.back().output ==
        Shape{2, 3, 6});
}

TEST_CASE("layers of images: convolution, pooling, flatten, with the shapes of Keras") {
  const World world;
  const BuiltModel built = world.build(R"({"activation": "relu", "layers": [[28, 28, 1],
      {"type": "conv2d", "name": "c1", "filters": 6, "kernelSize": 5, "padding": "same"},
      {"type": "maxPool2d", "poolSize": 2},
      {"type": "conv2d", "name": "c2", "filters": 16, "kernelSize": [5, 3], "strides": 2, "bias": false},
      {"type": "averagePool2d"}, {"type": "flatten"}, {"type": "dropout", "rate": 0.25}, 10]})");
  CHECK(names_of(built) ==
        Names{"c1.weights 5x5x1x6", "c1.bias 6", "c2.weights 5x3x6x16", "7.weights 96x10", "7.bias 10"});
  CHECK(built.layers[1].output == Shape{28, 28, 6});
  CHECK(built.layers[3].output == Shape{5, 6, 16});
  CHECK(built.layers[4].output == Shape{2, 3, 16});
  CHECK(built.random_step != no_value);
}

TEST_CASE("depthwise convolution, global pooling and reshape") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [12, {"type": "reshape", "size": [2, 3, 2]},
      {"type": "depthwiseConv2d", "kernelSize": 2, "depthMultiplier": 3}, {"type": "globalAveragePool2d"}]})");
  CHECK(names_of(built) == Names{"2.weights 2x2x1x6", "2.bias 6"});
  CHECK(built.graph.value(built.output).type.shape == Shape{batch_symbol, 6});
  CHECK(world.error_of(R"({"layers": [12, {"type": "conv2d", "filters": 1, "kernelSize": 3}]})").reason() ==
        "INPUT_DIMS");
  CHECK(world.error_of(R"({"layers": [12, {"type": "reshape", "size": [5, 2]}]})").reason() == "OP_OUTPUT_SIZE");
}

TEST_CASE("normalisation layers: batch statistics in training, running averages afterwards") {
  const World world;
  const char* text = R"({"layers": [[4, 4, 3], {"type": "batchNorm"}, {"type": "layerNorm"}, {"type": "flatten"}, 2]})";
  const BuiltModel built = world.build(text);
  CHECK(names_of(built) == Names{"1.scale 3", "1.bias 3", "1.movingMean 3", "1.movingVariance 3", "2.scale 3",
                                 "2.bias 3", "4.weights 48x2", "4.bias 2"});
  CHECK_FALSE(built.parameters[2].trainable);
  CHECK(built.graph.writes.empty());
  CHECK(test::values_of(built.parameters[3].initial) == std::vector<double>{1, 1, 1});
  CHECK(world.build(text, {.training = true}).graph.writes.size() == 2);
}
