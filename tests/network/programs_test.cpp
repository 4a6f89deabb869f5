// Programs in other languages: written, run by cc, node and python3, and compared with the runtime.
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "../support/random_model.h"
#include "core/op/registry.h"
#include "interchange/program.h"
#include "network/program_runs.h"
#include "support/folder.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

std::vector<double> values(test::RandomModel& random, std::size_t count) {
  std::vector<double> result(count);
  for (double& value : result) value = 2 * random.real();
  return result;
}

Case made(const std::string& model, test::RandomModel& random, std::size_t runs = 2) {
  const NeuralNetwork net = NeuralNetwork::from_json(model, {.device = "reference"});
  Case one{model, {}};
  for (std::size_t i = 0; i < runs; ++i) one.inputs.push_back(values(random, net.input_size()));
  return one;
}

std::vector<Case> families() {
  test::RandomModel random(11);
  std::vector<Case> cases;
  const auto add = [&](const std::string& model) { cases.push_back(made(model, random)); };
  add(R"({"layers": [2, 3, 1], "activation": "tanh"})");
  add(R"({"layers": [4, {"size": 5, "bias": false, "activation": "relu"}, {"size": 5, "connections": "one-to-one", "bias": 0.5}, {"size": 3, "activation": "softmax"}]})");
  add(R"({"layers": [2, {"size": 3, "connections": [[1, 0, 1], [0, 1, 1]]}, {"size": [2, 3]}]})");
  add(R"({"dataType": "fp64", "layers": [3, {"size": 4, "activation": "gelu"}, 2]})");
  add(R"({"layers": [[7, 6, 2], {"type": "conv2d", "filters": 4, "kernelSize": [3, 2], "strides": [2, 1], "padding": "same", "groups": 2, "activation": "relu"},
                     {"type": "conv2d", "filters": 3, "kernelSize": 2, "dilationRate": 2}, {"type": "flatten"}, {"type": "layerNorm"}]})");
  add(R"({"layers": [[8, 8, 2], {"type": "depthwiseConv2d", "kernelSize": 3, "depthMultiplier": 2, "padding": 1}, {"type": "batchNorm"},
                     {"type": "maxPool2d"}, {"type": "averagePool2d", "poolSize": 3, "strides": 2, "padding": "same"}]})");
  add(R"({"layers": [[6, 5, 3], {"type": "globalAveragePool2d"}]})");
  add(R"({"layers": [[6, 5, 3], {"type": "maxPool2d", "poolSize": 3, "strides": 1, "padding": "same"}, {"type": "globalMaxPool2d"}]})");
  add(R"({"layers": [6, {"type": "reshape", "size": [2, 3]}, {"type": "dropout"}, {"type": "layerNorm", "bias": null}]})");
  add(R"({"layers": [{"size": 3, "pipes": [{"size": 2, "to": "late"}, 4]}, {"size": 2, "pipes": [{"size": 1, "name": "late"}]}, {"size": 2, "pipes": [3]}]})");
  add(R"({"layers": [3, 2], "io": {"input": {"normalize": [{"type": "standardize", "mean": [1, 2, 3], "std": [4, 5, 6]}, {"type": "clip", "min": -1, "max": 0.25}]}}})");
  // What lives from run to run.
  for (const char* cell : {"rnn", "gru", "lstm", "lstm-n", "lstm-p"})
    cases.push_back(made("{\"layers\": [3, {\"type\": \"" + std::string(cell) + "\", \"size\": 4}, 2]}", random, 4));
  cases.push_back(made(
      R"({"layers": [2, {"type": "gru", "size": 3, "resetAfter": true, "to": [2, 1]}, {"size": 2, "history": 3, "activation": "tanh"}, 1]})",
      random, 5));
  cases.push_back(made(
      R"({"layers": [2, {"size": 2, "activation": "tanh", "history": 2, "historyTo": "end"}, {"size": 2, "to": ["end", "back"]},
                                      {"size": 2, "name": "end", "pipes": [{"size": 1, "name": "back", "activation": "sin"}]}]})",
      random, 5));
  // A state that becomes what another one was, which is written before it.
  cases.push_back(made(
      R"({"layers": [{"name": "in", "size": 1, "to": "a"}, {"name": "w", "type": "identity", "to": "end"},
                     {"pipes": [{"name": "a", "type": "identity", "to": ["b", "end"]}, {"name": "b", "type": "identity", "to": ["w", "end"]}]}, {"name": "end", "size": 1}]})",
      random, 5));
  // Integer types: what a type cannot hold is its nearest end, in what comes in and in what goes out. A code more or less is a rounding.
  for (const char* type : {"u8", "i8", "u16", "i32", "u64"})
    for (const char* rest : {R"("activation": "tanh", "layers": [{"name": "input", "size": 8}, 8, 10, {"size": 4, "pipes": [{"activation": "isrlu", "size": 16, "to": ["input", 1]}]}]})",
                             R"("layers": [2, {"size": 3, "bias": [2, -3, 0.25]}, {"type": "identity"}]})"}) {
      Case one = made("{\"dataType\": \"" + std::string(type) + "\", " + rest, random, 3);
      one.tolerance = type[1] == '8' ? 0.02 : 1e-4;
      cases.push_back(std::move(one));
    }
  // Tokens as rows of a table, as one-hot, as bits.
  cases.push_back({R"({"layers": [2, {"type": "embedding", "inputDim": 5, "outputDim": 3}, {"size": 2, "activation": "tanh"}]})", {{0, 4}, {3, 3}, {1e30, -1e30}}});
  cases.push_back({R"({"layers": [2, {"type": "embedding", "inputDim": 1, "outputDim": 1}, 2]})", {{0, 4}, {-1, 0.5}}});
  cases.push_back({R"({"layers": [{"type": "input", "size": [2, 3]}, {"type": "gru", "size": 4}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}}}})", {{0, 2}, {1, 1}, {2, 0}}});
  cases.push_back({R"({"layers": [{"type": "input", "size": 4}, 3], "io": {"input": {"normalize": {"type": "bits", "count": 4}}}})", {{11}, {6}}});
  // Every activation, on numbers around all of their kinks.
  for (const OperationDescription& operation : operations())
    if (operation.kind == "operator") {
      const std::string model = "{\"layers\": [9, {\"type\": \"" + operation.name + "\"}]}";
      try {
        Case one = made(model, random, 1);
        one.inputs.push_back({-90, -3, -0.5, -1e-3, 0, 1e-3, 0.5, 3, 90});
        cases.push_back(std::move(one));
      } catch (const Error&) {  // no activation
      }
    }
  return cases;
}

std::vector<Case> random_models(std::uint64_t first, std::uint64_t count) {
  std::vector<Case> cases;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    test::RandomModel random(seed);
    const std::string model = random.text();
    if (random.starts_anew() || random.sample_shape().rank() > 0) continue;  // open lengths have cases of their own
    const auto names = [&](const char* type) { return model.find(type) != std::string::npos; };
    if (names("\"fp16\"") || names("\"bf16\"")) continue;  // each node rounds
    Case one = made(model, random, 1);
    if (names("\"u8\"") || names("\"i16\"") || names("\"i32\"")) one.tolerance = names("\"u8\"") ? 0.02 : 1e-4;
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace

TEST_CASE("EX-17 programs in Python compute what the runtime does") {
  check_programs("python-numpy", families());
  check_programs("python-numpy", random_models(1000, 60));
}

TEST_CASE("G-13 programs in C compute what the runtime does") {
  check_programs("c", families());
  check_programs("c", random_models(2000, 60));
}

TEST_CASE("G-13 programs in JavaScript compute what the runtime does") {
  check_programs("javascript", families());
  check_programs("javascript", random_models(3000, 60));
}

namespace {

std::vector<Case> loops() {
  test::RandomModel random(21);
  std::vector<Case> cases;
  const auto add = [&](const std::string& model, std::size_t runs = 2) { cases.push_back(made(model, random, runs)); };
  // Two states that change places, a third that stays, the index, a layer with weights, a batch of constants.
  add(R"({"layers": [{"name": "in", "size": 3}, {"type": "iterator", "steps": 5, "state": [{"name": "x", "pipeFrom": "in"}, {"name": "y", "size": 3}],
    "net": {"layers": [{"pipeFrom": "x", "to": "next"}, {"pipeFrom": "y", "to": ["next", "x"]}, {"pipeFrom": "iterator:index", "to": "next"},
    {"name": "next", "size": 3, "activation": "tanh", "to": "y"}]}}, 2]})");
  // Two that take each other's place, and one that takes the place of a state before it.
  add(R"({"layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": 3, "state": [{"name": "y", "size": 2}, {"name": "x", "pipeFrom": "in"}, {"name": "z", "size": 2}],
    "net": {"layers": [{"pipeFrom": "x", "to": ["y", "last"]}, {"pipeFrom": "y", "to": ["x", "last"]}, {"pipeFrom": "z", "to": "last"},
    {"name": "last", "size": 2, "activation": "tanh", "to": "z"}]}}]})");
  // Backwards in steps of two, with what is around the iterator, in double.
  add(R"({"dataType": "fp64", "layers": [{"name": "in", "size": 2}, {"name": "hidden", "size": 4, "activation": "sin"},
    {"type": "iterator", "steps": {"from": 9, "to": 2, "step": -2}, "state": [{"name": "x", "pipeFrom": "hidden"}],
    "net": {"layers": [{"pipeFrom": "x"}, {"pipeFrom": "iterator:step"}, {"pipeFrom": "in"}, {"size": 4, "activation": "tanh", "to": "x"}]}}]})");
  // One in another one, a net in the inner one.
  add(R"({"layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"type": "iterator", "steps": 4, "state": [{"name": "y", "pipeFrom": "a"}], "to": "x",
    "net": {"layers": [{"name": "b", "pipeFrom": "y"}, {"type": "net", "net": {"layers": [2, {"size": 5, "activation": "tanh"}, 2]}, "to": "y"}]}}]}}, {"type": "softmax"}]})");
  // What it remembers lives from run to run.
  add(R"({"layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"type": "gru", "size": 2, "to": "x"}]}}, {"size": 2, "history": 2}]})", 4);
  // A convolution in each step, and a single step.
  add(R"({"layers": [{"name": "in", "size": [4, 4, 2]}, {"type": "iterator", "steps": 2, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"type": "conv2d", "filters": 2, "kernelSize": 3, "padding": "same", "activation": "relu", "to": "x"}]}},
    {"type": "globalAveragePool2d"}]})");
  add(R"({"layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"size": 2, "activation": "tanh", "to": "x"}]}}]})");
  return cases;
}

}  // namespace

TEST_CASE("G-13 an iterator is a loop in programs, which compute what the runtime does") {
  for (const char* language : {"python-numpy", "c", "javascript"}) check_programs(language, loops());
  // The loop is written once, however often it runs.
  const auto length = [](const std::string& language, int steps) {
    return NeuralNetwork::from_json(R"({"layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": )" + std::to_string(steps) +
                                    R"(, "state": [{"name": "x", "pipeFrom": "in"}], "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"size": 2, "to": "x"}]}}]})")
        .export_model({.to = language})
        .size();
  };
  for (const char* language : {"python-numpy", "c", "javascript"}) CHECK(length(language, 900) < length(language, 3) + 40);
}

namespace {

// Runs of some lengths of a model whose only input has this shape, with nulls as -1.
Case open_case(const std::string& model, const std::vector<std::int64_t>& size, const std::vector<std::vector<std::int64_t>>& lengths, test::RandomModel& random) {
  Case one{model, {}};
  one.lengths = lengths;
  for (const std::vector<std::int64_t>& own : lengths) {
    std::vector<std::int64_t> dims;
    std::size_t next = 0;
    for (const std::int64_t length : size) dims.push_back(length < 0 ? own[next++] : length);
    one.shapes.emplace_back(dims);
    one.inputs.push_back(values(random, static_cast<std::size_t>(one.shapes.back().elements())));
  }
  return one;
}

std::vector<Case> open_cases() {
  test::RandomModel random(31);
  std::vector<Case> cases;
  // Rows by themselves, the same transposed, a mean over all.
  cases.push_back(open_case(R"({"layers": [{"size": [null, 3], "shapeHints": {"dim_0": {"max": 300}}}, {"type": "softmax"}, {"type": "reshape", "size": [3, null]}, {"type": "tanh"}]})",
                            {-1, 3}, {{2}, {3}, {7}, {64}, {300}}, random));
  // Pictures: windows, halves that are rounded, a mean.
  const std::string picture = R"({"layers": [{"size": [null, null, 2], "shapeHints": {"dim_0": {"max": 60}, "dim_1": {"max": 50}}},
    {"type": "conv2d", "filters": 3, "kernelSize": 3, "padding": "same", "activation": "tanh"}, {"type": "maxPool2d"},
    {"type": "conv2d", "filters": 2, "kernelSize": 2, "strides": 2}, )";
  cases.push_back(open_case(picture + R"({"type": "globalAveragePool2d"}, 2]})", {-1, -1, 2}, {{9, 12}, {10, 10}, {33, 8}, {60, 50}}, random));
  cases.push_back(open_case(picture + R"({"type": "layerNorm"}]})", {-1, -1, 2}, {{9, 12}, {14, 15}, {60, 50}}, random));
  // Few lengths, of which each is tried; in double.
  cases.push_back(open_case(R"({"dataType": "fp64", "layers": [{"size": [null, 2, 1], "shapeHints": {"dim_0": {"max": 4}}}, {"type": "globalMaxPool2d"}, 3]})", {-1, 2, 1}, {{2}, {3}, {4}}, random));
  // A loop over as many rows as came, in which a state is carried.
  cases.push_back(open_case(R"({"layers": [{"name": "in", "size": [null, 2], "shapeHints": {"dim_0": {"max": 90}}}, {"type": "iterator", "steps": 4, "state": [{"name": "x", "pipeFrom": "in"}],
    "net": {"layers": [{"name": "a", "pipeFrom": "x"}, {"type": "softmax", "to": "x"}]}}, {"type": "sin"}]})", {-1, 2}, {{2}, {5}, {90}}, random));
  // Two inputs that agree: their numbers one after the other, one length.
  Case two{R"({"layers": [{"name": "a", "size": [null, 2], "shapeHints": {"dim_0": {"max": 50}}, "pipes": [{"name": "b", "type": "input", "size": [null, 3], "shapeHints": {"dim_0": {"max": 40}}}]}, {"type": "softmax"}]})", {}};
  for (const std::int64_t length : {2, 9, 40}) {
    two.lengths.push_back({length});
    two.inputs.push_back(values(random, static_cast<std::size_t>(5 * length)));
  }
  cases.push_back(two);
  // Tokens.
  Case tokens = open_case(R"({"layers": [{"size": [null], "shapeHints": {"dim_0": {"max": 20}}}, {"type": "embedding", "inputDim": 5, "outputDim": 3}, {"type": "reshape", "size": [null, 1, 3]}, {"type": "globalAveragePool2d"}, 2]})",
                          {-1}, {{2}, {3}, {11}, {20}}, random);
  for (std::vector<double>& input : tokens.inputs)
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<double>(i % 5);
  cases.push_back(tokens);
  return cases;
}

}  // namespace

TEST_CASE("A-39 G-13 lengths of open dimensions are arguments of programs, which compute what the runtime does") {
  for (const char* language : {"python-numpy", "c", "javascript"}) check_programs(language, open_cases());
}

TEST_CASE("A-61 explicitBatch programs compute what the runtime does") {
  const Context context = Context::system({.threads = 1});
  define_domain(context, {.name = "graph", .default_data_type = "fp32", .explicit_batch = true});
  define_operation(context, {.name = "transposed", .domain = "graph"}, [](Variable x) { return apply("transpose", {x}); });
  define_operation(context, {.name = "product", .domain = "graph", .params = {"*a", "*b"}}, [](Variable a, Variable b) { return matmul(a, b); });
  define_operation(context, {.name = "sums", .domain = "graph", .params = {"*input", "~sum"}, .call_with = {"input", "sum"}}, [](Variable x, const Argument& sum) {
    sum.set(Variable(sum) + apply("reshape", {apply("reduceSum", {x})}, R"({"shape": [1]})"));
    return x + Variable(sum);
  });
  Case one{R"({"domain": "graph", "layers": [{"name": "x", "size": [2, 3]}, {"name": "t", "type": "transposed"},
               {"name": "p", "type": "product", "a": {"pipeFrom": "t"}, "b": {"pipeFrom": "x"}}, {"type": "sums", "pipeFrom": "p"}],
               "outputs": [{"pipeFrom": "3"}, {"pipeFrom": "t"}]})",
           {{1, 2, 3, 4, 5, 6}, {0.5, -1, 2, 0, 1, 3}}};
  one.context = context;
  for (const char* language : {"python-numpy", "c", "javascript"}) check_programs(language, {one});
}

TEST_CASE("A-39 programs refuse lengths that they have no room for, and are refused where they cannot be written") {
  const NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [{"size": [null, null, 1], "shapeHints": {"dim_0": {"max": 30}, "dim_1": {"max": 70}}}, {"type": "conv2d", "filters": 1, "kernelSize": 3}]})");
  const Folder folder;
  folder.write("model.mjs", net.export_model({.to = "javascript"}));
  folder.write("model.py", net.export_model({.to = "python-numpy"}));
  folder.write("model.c", net.export_model({.to = "c"}));
  folder.write("main.mjs", "import model from './model.mjs';\nconst x = new Array(3000).fill(0);\n"
                           "for (const size of [[2, 9], [31, 9], [9, 2], [9, 71], [NaN, 9], [undefined, 9]]) {\n"
                           "  let said = '';\n  try { model(x, ...size); } catch (error) { said = error.name; }\n  if (said !== 'RangeError') process.exit(2);\n}\n"
                           "if (model(new Array(90).fill(0), 9, 10).length !== 7 * 8) process.exit(3);\n");
  folder.write("main.py", "import model, sys\nfor size in [(2, 9), (31, 9), (9, 2), (9, 71)]:\n    try:\n        model.run([0] * (size[0] * size[1]), *size)\n"
                          "        sys.exit(2)\n    except ValueError:\n        pass\nif len(model.run([0] * 90, 9, 10)) != 7 * 8: sys.exit(3)\n");
  folder.write("main.c", "int model_run(const float *, int, int, float *);\nstatic float in[2100], out[2100];\n"
                         "int main(void) {\n  if (model_run(in, 2, 9, out) != -1 || model_run(in, 31, 9, out) != -1) return 2;\n"
                         "  if (model_run(in, 9, 2, out) != -1 || model_run(in, 9, 71, out) != -1) return 3;\n  return model_run(in, 30, 70, out);\n}\n");
  if (works("command -v node")) CHECK(folder.shell("node main.mjs") == 0);
  if (const std::string name = python(); !name.empty()) CHECK(folder.shell("PYTHONDONTWRITEBYTECODE=1 " + name + " main.py") == 0);
  if (works("command -v cc")) CHECK(folder.shell("cc -std=c99 -fsanitize=address main.c model.c -lm -o main 2>/dev/null || cc -std=c99 main.c model.c -lm -o main; ./main") == 0);

  const auto refusal = [](const std::string& model, const char* language) {
    try {
      NeuralNetwork::from_json(model).export_model({.to = language});
    } catch (const Error& error) {
      return error.reason() + " " + error.path();
    }
    return std::string();
  };
  CHECK(refusal(R"({"layers": [[null, 2], {"type": "tanh"}]})", "c") == "OPEN_SIZE /layers/0/size/0");
  CHECK(refusal(R"({"layers": [[null, 2], {"type": "tanh"}]})", "javascript") == "OPEN_SIZE /layers/0/size/0");
  CHECK(refusal(R"({"layers": [[null, 2], {"type": "tanh"}]})", "python-numpy").empty());
  CHECK(refusal(R"({"layers": [{"size": [null, 2], "shapeHints": {"dim_0": {"max": 9}}}, {"type": "tanh", "history": 2}]})", "python-numpy").starts_with("OPEN_SIZE"));
}

TEST_CASE("programs forget on request what earlier runs left") {
  // Zeros, and numbers of its own that a state starts with.
  const NeuralNetwork net = NeuralNetwork::from_json(GENERATE(
      R"({"layers": [2, {"type": "lstm", "size": 3}]})",
      R"({"operations": [{"name": "sum", "model": {"defineParams": ["*input", {"name": "~*sum", "default": [5, -3, 0.5]}, {"name": "size", "default": ":input"}]},
          "body": {"steps": [{"op": "add", "inputs": ["input", "sum"], "name": "n"}], "state": {"sum": "n"}}}], "layers": [2, 3, {"type": "sum"}]})"));
  const Folder folder;
  folder.write("model.mjs", net.export_model({.to = "javascript"}));
  folder.write("model.py", net.export_model({.to = "python-numpy"}));
  folder.write("model.c", net.export_model({.to = "c"}));
  folder.write("main.mjs",
               "import model, { reset } from './model.mjs';\nconst first = String(model([1, 2]));\n"
               "if (String(model([1, 2])) === first) process.exit(2);\nreset();\n"
               "if (String(model([1, 2])) !== first) process.exit(3);\n");
  folder.write("main.py",
               "import model, sys\nfirst = list(model.run([1, 2]))\nif list(model.run([1, 2])) == first: sys.exit(2)\n"
               "model.reset()\nif list(model.run([1, 2])) != first: sys.exit(3)\n");
  folder.write(
      "main.c",
      "#include <string.h>\nvoid model_run(const float *, float *);\nvoid model_reset(void);\n"
      "int main(void) {\n  const float in[] = {1, 2};\n  float a[3], b[3];\n  model_run(in, a);\n  model_run(in, b);\n"
      "  if (!memcmp(a, b, sizeof a)) return 2;\n  model_reset();\n  model_run(in, b);\n"
      "  return memcmp(a, b, sizeof a) ? 3 : 0;\n}\n");
  if (works("command -v node")) CHECK(folder.shell("node main.mjs") == 0);
  if (const std::string name = python(); !name.empty())
    CHECK(folder.shell("PYTHONDONTWRITEBYTECODE=1 " + name + " main.py") == 0);
  if (works("command -v cc")) CHECK(folder.shell("cc -std=c99 main.c model.c -lm -o main && ./main") == 0);
}

TEST_CASE("programs take weights as numbers as well as base64") {
  test::RandomModel random(5);
  Case one = made(R"({"layers": [3, 4, 2], "activation": "sigmoid"})", random);
  one.options.setup_data_as = "array";
  check_programs("python-numpy", {one});
  check_programs("javascript", {one});
}

TEST_CASE("programs of models in 16 bits compute in fp32 and say so") {
  test::RandomModel random(6);
  Case one = made(R"({"dataType": "bf16", "layers": [3, 4, 2], "activation": "sigmoid"})", random);
  one.tolerance = 0.02;
  for (const char* language : {"python-numpy", "c", "javascript"}) check_programs(language, {one});
  const NeuralNetwork net = NeuralNetwork::from_json(one.model);
  CHECK(net.export_model({.to = "c"}).find("weights are bf16; it computes in fp32") != std::string::npos);
}

TEST_CASE("G-17 in C weights may take a byte each, and the program states the error that makes") {
  test::RandomModel random(9);
  Case one = made(R"({"layers": [16, {"size": 32, "activation": "relu"}, 8]})", random, 1);
  one.inputs = {values(random, 16)};
  for (double& value : one.inputs[0]) value /= 2;  // -1 .. 1, as in the measurement
  one.options.weights = "u8";
  const NeuralNetwork net = NeuralNetwork::from_json(one.model);
  const std::string text = net.export_model({.to = "c", .weights = "u8"});
  const std::size_t at = text.find("by at most ");
  REQUIRE(at != std::string::npos);
  const double stated = std::strtod(text.c_str() + at + 11, nullptr);
  CHECK(stated > 0);
  CHECK(stated < 0.1);
  CHECK(text.find("static const uint8_t weights_1[512]") != std::string::npos);
  CHECK(text.find("malloc") == std::string::npos);
  double scale = 1e-3;
  for (const double value : NeuralNetwork::from_json(one.model).run(one.inputs[0]).values())
    scale = std::max(scale, std::fabs(value));
  one.tolerance = 1.5 * stated / scale;
  check_programs("c", {one});
  CHECK_THROWS_AS(net.export_model({.to = "javascript", .weights = "u8"}), Error);
}
