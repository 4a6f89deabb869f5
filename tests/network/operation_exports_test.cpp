// Models with operations of a program or of their own, written in every form: what they are given is no mere number.
#include <catch2/catch.hpp>

#include "network/operations.h"
#include "support/contexts.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

std::vector<std::string> parameter_shapes(const NeuralNetwork& network) {  // layers may get other names
  std::vector<std::string> list;
  for (const auto& [name, tensor] : network.parameters()) list.push_back(name.substr(name.find('.')) + " " + tensor.shape().text());
  return list;
}

// Minified it is as small, has the same parameters, computes and learns the same.
std::string minified(NeuralNetwork network) {
  const std::string text = network.export_model({.setup_data_as = "array", .optimize = "minify"});
  INFO(text);
  NeuralNetwork again = NeuralNetwork::from_json(text, network.context());
  CHECK(parameter_shapes(again) == parameter_shapes(network));
  const std::vector<double> input(network.input_size(), 0.75);
  CHECK(again.run(input).values() == network.run(input).values());
  CHECK(again.data_type() == network.data_type());
  CHECK(again.export_model({.setup_data_as = "array", .optimize = "minify"}) == text);
  for (const ExportOptions& form : {ExportOptions{}, ExportOptions{.optimize = "pretty"}})
    CHECK(NeuralNetwork::from_json(network.export_model(form), network.context()).run(input).values() == network.run(input).values());
  return text;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("EXP-08 A-01 minified models keep the operations of their own that they use, in today's words") {
  const Context context = one_thread();
  const std::string operations = R"("operations": [
      {"name": "idle", "body": {"steps": [{"op": "neg", "inputs": ["input"]}]}},
      {"name": "half", "doc": "Half of it.", "model": {"isActivation": true}, "body": {"steps": [{"op": "mul", "inputs": ["input", 0.5]}]}},
      {"name": "gated", "meta": 3, "model": {"params": ["*input", "@*weights",
          {"name": "bias", "subjectOfTraining": true, "default": 0.5}, {"name": "count", "paramsForDefault": [":input"], "default": ":input"}]},
        "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
                           {"op": "add", "inputs": ["product", "bias"], "name": "sum"}, {"op": "half", "inputs": ["sum"]}]}}])";
  NeuralNetwork network = NeuralNetwork::from_json("{" + operations + R"(, "layers": [2, {"type": "gated", "name": "g"}, 1]})", context);
  network.train(Dataset::sample("xor"), {.max_iterations = 3, .learning_rate = 0.1});
  const std::string text = minified(network);
  CHECK(holds(text, R"("callDefaultWith":[":input"])"));
  CHECK(holds(text, R"("name":"half")"));
  for (const char* gone : {"paramsForDefault", "params\"", "count", "idle", "Half of it", "meta", "\"g\""}) {
    CAPTURE(gone);
    CHECK_FALSE(holds(text, gone));
  }
  // Named by a layer, by what layers have by default, or inside of a net.
  CHECK(holds(minified(NeuralNetwork::from_json("{" + operations + R"(, "layers": [2, {"size": 2, "activation": "half"}]})", context)), "half"));
  CHECK(holds(minified(NeuralNetwork::from_json("{" + operations + R"(, "activation": "half", "layers": [2, 2]})", context)), "half"));
  CHECK(holds(minified(NeuralNetwork::from_json("{" + operations + R"(, "layers": [2, {"type": "net", "net": {"layers": [2, {"type": "gated"}]}}]})",
                                                context)), "gated"));
  CHECK_FALSE(holds(minified(NeuralNetwork::from_json("{" + operations + R"(, "layers": [2, 2]})", context)), "operations"));
}

TEST_CASE("EXP-04 A-36 what operations are given stays in their layers, what they store goes to setup.data") {
  const Context context = with_domain();
  OperationParameter gain("@gain");
  gain.default_value = Json::number(2);
  define_operation(context, {.name = "affine", .domain = "mine", .params = {"*input", "!@*scale", "@*shift", std::move(gain), "@free",
                             OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [](Variable x, Variable scale, Variable shift, Variable gain, Variable free) { return x * scale * gain + shift + free; });
  define_operation(context, {.name = "table", .domain = "mine", .params = {"*input", "*table", "value"}},
                   [](Numbers x, Numbers table, double value) {
                     return std::vector<double>{x[0] * table[0] + value, x[1] * table[1] + value, table[2]};
                   });
  const std::string layers = R"([2, {"type": "affine", "scale": [3, 4], "shift": 2}, {"type": "table", "table": {"count": 3}, "value": 0.1234567890123, "size": 3}])";
  NeuralNetwork network = NeuralNetwork::from_json(R"({"domain": "mine", "layers": )" + layers + "}", context);
  CHECK(parameter_shapes(network) == std::vector<std::string>{".scale 2", ".shift 2", ".gain scalar", ".free scalar", ".table 3"});
  network.set_parameter("1.gain", Tensor::from(context, DType::fp32, Shape{}, std::vector<double>{5}));
  network.set_parameter("1.scale", Tensor::from(context, DType::fp32, Shape{2}, std::vector<double>{6, 7}));
  const std::string text = minified(network);
  CHECK(holds(text, R"("scale":[6,7])"));
  CHECK(holds(text, R"("gain":5)"));
  CHECK(holds(text, R"("table":{"size":3})"));
  CHECK(holds(text, "0.1234567890123"));
  minified(NeuralNetwork::from_json(R"({"domain": "mine", "layers": [2, {"type": "net", "net": {"layers": )" + layers + R"(}}, {"type": "core#neurons", "size": 1}]})", context));
  // What is trained only where the model does not say it is not said by a pretty model either.
  OperationParameter late("@*late");
  late.train_only_if_not_in_model = true;
  define_operation(context, {.name = "later", .domain = "mine", .params = {"*input", late, OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [](Variable x, Variable factor) { return x * factor; });
  for (const std::string layer : {R"({"type": "later", "late": 2})", R"({"type": "net", "net": {"layers": [2, {"type": "later", "late": 2}]}})"}) {
    NeuralNetwork untold = NeuralNetwork::from_json(R"({"domain": "mine", "layers": [2, )" + layer + "]}", context);
    minified(untold);
    NeuralNetwork pretty = NeuralNetwork::from_json(untold.export_model({.optimize = "pretty"}), context);
    REQUIRE(pretty.parameters().size() == 1);
    CHECK(pretty.compute_gradients(Dataset::from({{{1, 1}, {0, 0}}})).gradients.size() == 1);
  }
  // As an activation too, whose parameters stand in the layer that it belongs to.
  define_operation(context, {.name = "act", .domain = "mine", .activation = true, .params = {"*input", "!@alpha", "@beta"}},
                   [](Variable x, Variable alpha, Variable beta) { return x * alpha + beta; });
  CHECK(holds(minified(NeuralNetwork::from_json(R"({"layers": [2, {"size": 2, "activation": "mine#act", "alpha": 3}]})", context)), R"("alpha":3)"));
}

TEST_CASE("EXP-04 DOM-01 a minified model does not fall back on what its domain says otherwise") {
  const Context context = with_domain({.name = "mine", .default_data_type = "fp64", .default_operation_type = "twice", .default_activation_type = "half"});
  define_operation(context, {.name = "half", .domain = "mine"}, [](Variable x) { return x * 0.5; });
  define_operation(context, {.name = "twice", .domain = "mine", .params = {"*input", "activation"}},
                   [](Variable x, const Argument& activation) { return activation(x * 2.0); });
  define_operation(context, {.name = "neurons", .domain = "mine", .params = {"*input", "activation"}},
                   [](Variable x, const Argument& activation) { return activation(x * 3.0); });
  for (const char* root : {"", R"("dataType": "fp32", )", R"("activation": null, )", R"("type": "neurons", )"})
    for (const char* layer : {"2", R"({"size": 2, "activation": null})", R"({"size": 2, "activation": "half"})", R"({"type": "twice", "size": 2})"})
      minified(NeuralNetwork::from_json(R"({"domain": "mine", )" + std::string(root) + R"("layers": [2, )" + layer + "]}", context));
  define_domain(context, {.name = "bare"});
  define_operation(context, {.name = "twice", .domain = "bare"}, [](Variable x) { return x * 2.0; });
  minified(NeuralNetwork::from_json(R"({"domain": "bare", "dataType": "fp32", "layers": [2, {"type": "twice"}]})", context));
}

TEST_CASE("A-33 A-51 EXP-08 arrays whose first use says their size keep their place among the parameters") {
  const std::string operations = R"("operations": [{"name": "dense", "model": {"defineParams": ["*input", "@*weights", "@bias"]},
      "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "p"}, {"op": "add", "inputs": ["p", "bias"]}]}},
      {"name": "act", "model": {"isActivation": true, "defineParams": ["*input", "@al"]}, "body": {"steps": [{"op": "mul", "inputs": ["input", "al"]}]}}])";
  const Context context = one_thread();
  const auto load = [&](const std::string& layers, const std::string& more = "") { return NeuralNetwork::from_json("{" + operations + R"(, "layers": [)" + layers + "]" + more + "}", context); };
  minified(load(R"(2, {"type": "dense", "size": 3})"));
  minified(load(R"(2, {"size": 3, "activation": "act"}, {"type": "dense", "size": 2})"));
  minified(load(R"(2, {"type": "net", "net": {"layers": [2, {"type": "dense", "size": 3}]}}, 1)"));
  minified(load(R"(2, {"type": "net", "activation": "act", "net": {"layers": [2, 2]}})"));
  minified(load(R"(2, {"type": "net", "activation": "act", "net": {"layers": [2, {"type": "dense", "size": 2}, {"type": "dropout"}]}}, 1)"));
  // As setup.instructions count them: two layers with one matrix, the first of their parameters.
  const std::string tied = R"(, "setup": {"data": [1, 2, 3, 4, 10, 20], "instructions": [826889047, 4, 2, 0, 2147491842, 0, 0, 4, 2, 1, 8194, 4, 0, 1, 3, 0, 2147491842, 0, 0, 4, 3, 1, 8194, 5, 0, 1]})";
  NeuralNetwork net = load(R"(2, {"type": "dense", "size": 2}, {"type": "dense", "size": 2})", tied);
  CHECK(net.info().parameters == 6);
  CHECK(net.run({1, 0}).values() == std::vector<double>{11 * 1 + 12 * 3 + 20, 11 * 2 + 12 * 4 + 20});
  for (const ExportOptions& form : {ExportOptions{}, ExportOptions{.optimize = "pretty"}, ExportOptions{.setup_data_as = "array", .optimize = "minify"}})
    CHECK(NeuralNetwork::from_json(net.export_model(form), context).run({1, 0}).values() == net.run({1, 0}).values());
}

TEST_CASE("EXP-05 EXP-08 A-40 pretty leaves in setup.data what a number in one of several nets that share would take away") {
  const std::string net = R"({"type": "net", "share": "s", "net": {"layers": [1, {"type": "proj"}]}})";
  minified(NeuralNetwork::from_json(R"({"dataType": "fp64", "operations": [{"name": "proj", "model": {"defineParams": ["*input", "@*w", "k", {"name": "size", "default": ":input"}]},
      "body": {"steps": [{"op": "matmul", "inputs": ["input", "w"], "name": "p"}, {"op": "mul", "inputs": ["p", "k"]}]}}], "layers": [1, )" + net + ", 1, " + net + "]}", one_thread()));
}

TEST_CASE("EXP-05 A-23 pretty of integer models leaves in setup.data what would lose its scale in a layer") {
  const std::string body = R"("body": {"steps": [{"op": "matmul", "inputs": ["input", "w"]}]}}])";
  for (const std::string layer : {R"({"type": "proj", "size": 2})", R"({"type": "proj", "size": 2, "quantization": {"w": {"scale": 2}}})"})
    for (const char* data : {"[0, 255, 128, 7]", "[100, 200, 128, 7]"}) {
      CAPTURE(layer, data);
      NeuralNetwork net = NeuralNetwork::from_json(R"({"dataType": "u8", "operations": [{"name": "proj", "model": {"defineParams": ["*input", "*w"]}, )" + body +
                                                   R"(, "layers": [2, )" + layer + R"(], "setup": {"data": )" + data + "}}", one_thread());
      for (const char* form : {"", "pretty", "minify"})
        CHECK(NeuralNetwork::from_json(net.export_model({.setup_data_as = "array", .optimize = form}), one_thread()).run({0.5, 0.25}).values() == net.run({0.5, 0.25}).values());
    }
}
