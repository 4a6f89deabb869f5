// A-23: integer types as storage. Inputs and outputs are codes between 0 and 1, weights codes around zero; what learns is
// a master in floating point.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "core/model/integer_code.h"
#include "network/seeded.h"
#include "support/contexts.h"
#include "webai/network.hpp"
#include "webai/stream.hpp"
#include "webai/values.hpp"

using namespace webai;
using namespace webai::test;

namespace {

constexpr const char* integer_types[] = {"u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"};

NeuralNetwork network_of(const std::string& type, const std::string& rest) {
  return NeuralNetwork::from_json(R"({"dataType": ")" + type + R"(", )" + rest + "}", context());
}

Dataset exclusive_or() { return Dataset::from({{{0, 0}, {0}}, {{0, 1}, {1}}, {{1, 0}, {1}}, {{1, 1}, {0}}}); }

Tensor byte_tensor(std::vector<double> values) {
  return Tensor::from(context(), DType::u8, Shape{static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

TEST_CASE("A-23 inputs and outputs of a u8 model are codes, 255 for 1, and numbers between 0 and 1 otherwise") {
  NeuralNetwork net = network_of("u8", R"("layers": [3, {"type": "identity"}])");
  CHECK(net.data_type() == DType::u8);
  CHECK(net.number_type() == DType::fp32);
  const Output codes = net.run(byte_tensor({0, 51, 255}));
  REQUIRE(codes.tensor().type() == DType::u8);
  CHECK(codes.tensor().at(1) == 51);
  CHECK(codes[1] == Approx(0.2));
  CHECK(codes[2] == 1);
  // Numbers are rounded half to even and clipped: 0.5 * 255 = 127.5 is 128, 2 is 1, -1 is 0.
  const Output numbers = net.run({0.5, 2, -1});
  CHECK(numbers.tensor().at(0) == 128);
  CHECK(numbers.tensor().at(1) == 255);
  CHECK(numbers.tensor().at(2) == 0);
  // Without normalisation the same.
  const RunOptions plain{.normalize = false};
  CHECK(net.run(byte_tensor({0, 51, 255}), plain).tensor().at(1) == 51);
}

TEST_CASE("A-23 signed types hold -1 to 1") {
  NeuralNetwork net = network_of("i8", R"("layers": [2, {"type": "identity"}])");
  const Output output = net.run({-1, 0.25});
  CHECK(output.tensor().at(0) == -127);
  CHECK(output.tensor().at(1) == 32);  // 31.75
  CHECK(output[0] == -1);
}

TEST_CASE("A-23 setup.data holds codes around the middle: w = s (q - 128) / 127") {
  NeuralNetwork net = network_of("u8", R"("layers": [2, {"size": 1, "bias": false}], "setup": {"data": [255, 65]})");
  // w = 1 and -63/127.
  CHECK(net.run({1, 0})[0] == 1);
  CHECK(net.run({1, 1})[0] == Approx(1 - 63.0 / 127).margin(0.5 / 255));
  NeuralNetwork scaled = network_of("u8",
                                    R"("layers": [2, {"size": 1, "bias": false, "quantization": {"weights": {"scale": 0.5, "zeroPoint": 65}}}],)"
                                    R"("setup": {"data": [192, 65]})");
  CHECK(scaled.run({1, 0})[0] == Approx(0.5).margin(0.5 / 255));
  CHECK(scaled.run({0, 1})[0] == 0);
  // One scale for each column.
  NeuralNetwork columns = network_of("i8", R"("layers": [1, {"size": 2, "bias": false, "quantization": {"scale": [0.5, 0.25], "axis": 1}}],)"
                                           R"("setup": {"data": [127, 127]})");
  CHECK(columns.run({1})[0] == Approx(0.5).margin(0.5 / 127));
  CHECK(columns.run({1})[1] == Approx(0.25).margin(0.5 / 127));
}

TEST_CASE("A-23 numbers in a layer are numbers, and come back as such") {
  NeuralNetwork net = network_of("u8", R"("layers": [1, {"size": 1, "weights": [[0.5]], "bias": [0.25]}])");
  CHECK(net.run({1})[0] == Approx(0.75).margin(2.0 / 255));
  const std::string text = net.to_json();
  NeuralNetwork again = NeuralNetwork::from_json(text, context());
  CHECK(again.parameters().front().second.at(0) == net.parameters().front().second.at(0));
  CHECK(again.to_json() == text);
  // Numbers above the scale widen it, where the layer names none.
  const std::string large = R"("layers": [1, {"size": 1, "weights": [[3]], "bias": false)";
  CHECK(network_of("u8", large + "}]").run({0.2})[0] == Approx(0.6).margin(2.0 / 255));
  CHECK(network_of("u8", large + R"(, "quantization": {"scale": 1}}])").run({0.2})[0] == Approx(0.2).margin(2.0 / 255));
}

TEST_CASE("A-23 models of every integer type learn XOR, keep codes and come back bit by bit") {
  for (const char* type : integer_types) {
    INFO(type);
    NeuralNetwork net = network_of(type, R"("layers": [2, 3, 1], "activation": "tanh")");
    const TrainInfo info = net.train(exclusive_or(), {.max_iterations = 5000, .error_threshold = 0.5});
    CHECK(info.stop_reason == "errorThreshold");
    CHECK(net.run({1, 0})[0] > 0.8);
    CHECK(net.run({1, 1})[0] < 0.2);
    CHECK(net.verify(exclusive_or()).error < 0.02);
    CHECK(net.parameters().front().second.type() == net.data_type());
    for (const char* form : {"", "minify", "pretty"}) {
      INFO(form);
      NeuralNetwork again = NeuralNetwork::from_json(net.export_model({.optimize = form}), context());
      for (const std::vector<double>& input : std::vector<std::vector<double>>{{0, 1}, {1, 1}, {0.3, 0.8}})
        CHECK(again.run(input).tensor().at(0) == net.run(input).tensor().at(0));
    }
  }
}

TEST_CASE("A-23 training widens a scale that weights outgrow, and the model says so") {
  // y = 4 x cannot be reached with weights up to 1.
  NeuralNetwork net = network_of("u8", R"("layers": [1, {"size": 1, "bias": false}], "io": {"output": {"denormalize":)"
                                       R"({"type": "rescale-linear", "from": [0, 1], "to": [0, 1]}}}, "setup": {"data": [200]})");
  const Tensor x = Tensor::from(context(), DType::fp32, Shape{2, 1}, std::vector<double>{0.1, 0.2});
  const Tensor y = Tensor::from(context(), DType::fp32, Shape{2, 1}, std::vector<double>{0.4, 0.8});
  net.train(Dataset::from(x, y), {.max_iterations = 500, .learning_rate = 3});
  CHECK(net.run({0.2})[0] == Approx(0.8).margin(0.01));
  const std::string text = net.to_json();
  CHECK(text.find("\"quantization\":{\"weights\":{\"scale\":") != std::string::npos);
  CHECK(NeuralNetwork::from_json(text, context()).run({0.2})[0] == net.run({0.2})[0]);
  // Below zero as well.
  NeuralNetwork falling = network_of("i8", R"("layers": [1, {"size": 1, "bias": false}], "setup": {"data": [-100]})");
  const Tensor below = Tensor::from(context(), DType::fp32, Shape{2, 1}, std::vector<double>{-0.4, -0.8});
  falling.train(Dataset::from(x, below), {.max_iterations = 500, .learning_rate = 3});
  CHECK(falling.run({0.2})[0] == Approx(-0.8).margin(0.01));
}

TEST_CASE("A-23 an export keeps every scale, wherever it puts the numbers") {
  const std::string type = GENERATE("u8", "i16", "i64");
  const std::string layers = R"("layers": [2, {"size": 2, "bias": [3, -2], "activation": "tanh"},
    {"size": 2, "weights": [[0.5, 0.25], [-3, 2]], "bias": [0.1, 0.2], "activation": "tanh"}])";
  const std::string setup = GENERATE("", R"(, "setup": {"data": [0, 1, 2, 3]})");
  NeuralNetwork net = network_of(type, layers + setup);
  const bool changed = GENERATE(false, true);
  if (changed) {  // as training may: past the scale, back behind it, and onto the least code, which is past it
    net.set_parameter("1.weights", Tensor::from(context(), net.number_type(), Shape{2, 2}, std::vector<double>{2, 0.1, 0.2, -1.5}));
    net.set_parameter("1.bias", Tensor::from(context(), net.number_type(), Shape{2}, std::vector<double>{1.5, 0.5}));
    net.set_parameter("2.bias", Tensor::from(context(), net.number_type(), Shape{2}, std::vector<double>{-1.5, 0.5}));
  }
  for (const std::string as : {"given", "array", "base64"})
    for (const std::string optimize : {"", "pretty", "minify"}) {
      const ExportOptions form{.setup_data_as = as, .optimize = optimize};
      if (changed && setup.empty() && as == "given") continue;  // leaves to chance what the model did
      const std::string text = net.export_model(form);
      CAPTURE(type, setup, as, optimize, text);
      NeuralNetwork again = NeuralNetwork::from_json(text, context());
      CHECK(again.run({0.5, 0.25})[0] == net.run({0.5, 0.25})[0]);
      CHECK(again.run({0.5, 0.25})[1] == net.run({0.5, 0.25})[1]);
      CHECK(again.export_model(form) == text);
    }
}

TEST_CASE("A-23 a parameter called scale has a scale of its own") {
  const auto run = [](const std::string& quantization) {
    NeuralNetwork net = network_of("i16", R"("layers": [2, {"type": "layerNorm", "scale": [3, 0.5], "bias": [0.25, 0.5], "quantization": )" +
                                              quantization + R"(}, {"type": "tanh"}])");
    NeuralNetwork again = NeuralNetwork::from_json(net.export_model({.optimize = "pretty"}), context());
    CHECK(again.run({0.5, -0.5})[0] == net.run({0.5, -0.5})[0]);
    return net.run({0.5, -0.5})[0];
  };
  const double of_all = run(R"({"scale": 4})");
  CHECK(run(R"({"scale": {"scale": 4}, "bias": {"scale": 4}})") == of_all);
  CHECK(run(R"({"scale": {"scale": 4}})") == Approx(of_all).margin(1e-3));
  CHECK(run(R"({"scale": 1})") != Approx(of_all).margin(1e-2));  // 3 is clipped
}

TEST_CASE("A-23 steps smaller than a code add up in the master") {
  NeuralNetwork net = network_of("u8", R"("layers": [1, {"size": 1, "bias": false}], "setup": {"data": [255]})");
  const Tensor one = Tensor::from(context(), DType::fp32, Shape{1, 1}, std::vector<double>{1});
  const Tensor zero(context(), DType::fp32, Shape{1, 1});
  TrainOptions options;
  options.momentum = 0;
  options.learning_rate = 1e-3;  // of a code of 1/127
  options.max_iterations = 300;
  net.train(Dataset::from(one, zero), options);
  const Tensor weights = net.parameters().front().second;
  CHECK(std::fabs((weights.at(0) - 128) / 127 - std::pow(1 - 1e-3, 300)) < 0.02);
}

TEST_CASE("A-23 data of a model's own type are codes, for training and for verifying") {
  NeuralNetwork net = network_of("u8", R"("layers": [1, {"type": "identity"}])");
  const Tensor codes = Tensor::from(context(), DType::u8, Shape{2, 1}, std::vector<double>{51, 255});
  CHECK(net.verify(Dataset::from(codes, codes)).error == 0);
  const Tensor numbers = Tensor::from(context(), DType::fp64, Shape{2, 1}, std::vector<double>{0.2, 1});
  CHECK(net.verify(Dataset::from(codes, numbers)).error < 1e-12);
}

TEST_CASE("A-23 gradients of a u8 model are numbers, and what they change are codes") {
  NeuralNetwork net = network_of("u8", R"("layers": [1, {"size": 1, "bias": false}], "setup": {"data": [255]})");
  const Tensor one = Tensor::from(context(), DType::fp32, Shape{1, 1}, std::vector<double>{1});
  const Tensor zero(context(), DType::fp32, Shape{1, 1});
  Gradients gradients = net.compute_gradients(Dataset::from(one, zero));
  CHECK(gradients.gradients.at("1.weights").type() == DType::fp32);
  CHECK(gradients.gradients.at("1.weights").at(0) == Approx(1));
  net.apply_gradients(gradients, {.scale = 0.5});
  CHECK(net.parameters().front().second.at(0) == 192);  // 0.5 is 63.5 codes above 128: to even
  net.apply_gradients(gradients, {.optimizer = "adam", .options = {.learning_rate = 0.25}});
  CHECK(net.run({1})[0] == Approx(0.25).margin(0.02));
}

TEST_CASE("A-23 a checkpoint of an integer model goes on with the same bits") {
  const std::string path = "integer_checkpoint.json";
  NeuralNetwork whole = network_of("u8", R"("layers": [2, 3, 1], "activation": "tanh")");
  TrainOptions options{.max_iterations = 40};
  options.learning_rate = 0.5;
  whole.train(exclusive_or(), options);
  NeuralNetwork parts = network_of("u8", R"("layers": [2, 3, 1], "activation": "tanh")");
  options.checkpoint = path;
  options.max_iterations = 20;
  parts.train(exclusive_or(), options);
  options.resume = true;
  options.max_iterations = 40;
  NeuralNetwork resumed = network_of("u8", R"("layers": [2, 3, 1], "activation": "tanh")");
  resumed.train(exclusive_or(), options);
  CHECK(resumed.to_json() == whole.to_json());
  std::remove(path.c_str());
}

TEST_CASE("A-23 what a layer says of its codes is checked") {
  const auto layer = [](const std::string& quantization) {
    return R"({"dataType": "u8", "layers": [2, {"size": 3, "quantization": )" + quantization + "}]}";
  };
  struct Row {
    std::string quantization, reason, path, expected;
  };
  const Row rows[] = {
      {R"({"scale": 0})", "QUANTIZATION", "/layers/1/quantization/scale", "a number above 0"},
      {R"({"weights": {"scale": "1"}})", "QUANTIZATION", "/layers/1/quantization/weights/scale", ""},
      {R"({"weights": {"scale": [1, 1]}})", "QUANTIZATION", "/layers/1/quantization/weights/axis", "an axis of 2x3"},
      {R"({"weights": {"scale": [1, 1], "axis": 1}})", "QUANTIZATION", "/layers/1/quantization/weights/scale", "3"},
      {R"({"zeroPoint": 256})", "QUANTIZATION", "/layers/1/quantization/zeroPoint", "a whole number that u8 holds"},
      {R"({"weigths": {"scale": 1}})", "UNKNOWN_PROPERTY", "/layers/1/quantization/weigths", ""},
      {R"({"weights": {"scal": 1}})", "UNKNOWN_PROPERTY", "/layers/1/quantization/weights/scal", ""},
      {R"({"scale": {"scale": 1}})", "QUANTIZATION", "/layers/1/quantization/scale", "a number, or several"},
      {R"(3)", "QUANTIZATION", "/layers/1/quantization", ""},
  };
  for (const Row& row : rows) {
    INFO(row.quantization);
    const Error error = error_of(layer(row.quantization));
    CHECK(error.details().reason == row.reason);
    CHECK(error.details().path == row.path);
    if (!row.expected.empty()) CHECK(error.details().expected == row.expected);
  }
  const Error floating = error_of(R"({"layers": [2, {"size": 3, "quantization": {"scale": 1}}]})");
  CHECK(floating.details().reason == "QUANTIZATION");
  CHECK(floating.details().path == "/layers/1/quantization");
}

TEST_CASE("A-23 codes and numbers of tensors have the bits of those of graphs") {
  for (const char* type : integer_types) {
    INFO(type);
    const DType code = *dtype_from_name(type);
    Tensor numbers(context(), computed_in(code), Shape{5, 7});
    for (std::size_t i = 0; i < numbers.elements(); ++i) numbers.set(i, std::sin(static_cast<double>(i) * 1.7) * 1.2);
    ParameterCode form = read_parameter_code(context(), nullptr, "weights", numbers.shape(), code, "");
    const Tensor clipped = codes_of_parameter(context(), numbers, form, code);
    form.scale = widened_scale(context(), numbers, form, code);
    CHECK(form.scale.at(0) == Approx(1.2).epsilon(0.01));
    const Tensor codes = codes_of_parameter(context(), numbers, form, code);
    const Tensor back = parameter_of_codes(context(), codes, form);
    double clip = 0, worst = 0;
    for (std::size_t i = 0; i < numbers.elements(); ++i) {
      worst = std::max(worst, std::fabs(back.at(i) - numbers.at(i)));
      clip = std::max(clip, clipped.at(i));
    }
    CHECK(worst <= 0.51 * form.scale.at(0) / (std::ldexp(1.0, static_cast<int>(8 * size_of(code)) - 1) - 1) + 1e-15);
    // A network whose weights are set to numbers computes with the same ones.
    NeuralNetwork net = NeuralNetwork::from_json(R"({"dataType": ")" + std::string(type) + R"(", "layers": [5, {"size": 7, "bias": false}]})", context());
    net.set_parameter("1.weights", numbers);
    const Tensor kept = net.parameters().front().second;
    for (std::size_t i = 0; i < kept.elements(); ++i) CHECK(kept.at(i) == codes.at(i));
  }
}

TEST_CASE("A-23 A-66 every type trains and runs EX-01 to EX-08") {
  const std::string small = R"({"activation": "relu", "layers": [8, 8, 8], "setup": {"data": "", "instructions": ""}})";
  const std::string pixels = R"("io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 255], "to": [0, 1]}},)"
                             R"("output": {"denormalize": {"type": "one-hot-to-label", "labels": ["cat", "dog"]}}})";
  const std::string examples[] = {
      R"("minMops": 300, "activation": "tanh", "layers": [8, 14, 8], "setup": {"data": ""})",
      R"("activation": "tanh", "layers": [8, 14, 8], )" + pixels,
      R"("activation": "tanh", "layers": [784, 128, 10], )" + pixels,
      R"("activation": "tanh", "layers": [8, 6, 4])",
      R"("activation": "tanh", "layers": [{"name": "input", "size": 8}, 8, 10, {"size": 4, "pipes": [{"activation": "isrlu", "size": 16, "to": ["input", 1]}]}])",
      R"("activation": "tanh", "layers": [{"name": "input", "pipes": [{"name": "rgb", "size": 3, "history": 2, "historyTo": ["input"]},)"
      R"({"name": "coordinates", "size": 2}]}, {"connections": "all-to-all", "type": "gru", "size": 3}, 18, 3])",
      R"("activation": "tanh", "layers": [{"name": "input", "size": 3, "history": 2, "historyTo": ["input"]}, {"type": "gru", "size": 3}, 18, 3])",
      R"("activation": "relu", "layers": [8, 8, {"type": "net", "net": )" + small + R"(}, {"type": "net", "net": )" + small + "}]",
      // A net inside a loop as well.
      R"("activation": "tanh", "layers": [{"name": "in", "size": 3}, {"type": "iterator", "steps": 3, "state": [{"name": "x", "pipeFrom": "in"}], "net": {"layers":)"
      R"([{"name": "now", "pipeFrom": "x"}, {"type": "net", "net": {"layers": [3, 3]}, "to": "x"}]}}, 2])",
  };
  for (const char* type : {"fp16", "bf16", "fp32", "fp64", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"})
    for (std::size_t example = 0; example < std::size(examples); ++example) {
      INFO(type << ", example " << example + 1);
      NeuralNetwork net = network_of(type, examples[example]);
      const bool scaled = example == 1 || example == 2;
      const auto inputs = static_cast<std::int64_t>(net.input_size()), outputs = static_cast<std::int64_t>(net.output_size());
      Tensor x(context(), DType::fp32, Shape{4, inputs}), y(context(), DType::fp32, Shape{4, outputs});
      for (std::size_t i = 0; i < x.elements(); ++i) x.set(i, (scaled ? 255 : 1) * static_cast<double>(i * 5 % 11) / 10);
      for (std::size_t i = 0; i < y.elements(); ++i) y.set(i, static_cast<double>(i * 3 % 7) / 7);
      const Dataset data = Dataset::from(x, y);
      const double before = net.verify(data).error;
      net.train(data, {.max_iterations = example == 2 ? 6u : 30u, .learning_rate = example == 2 ? 0.01 : 0.1});
      const double after = net.verify(data).error;
      CHECK(after < 0.9 * before);
      const Output output = net.run(x.rows(0, 1));
      CHECK(output.tensor().type() == net.data_type());
      for (const double value : output.values()) CHECK(std::isfinite(value));
      if (net.is_stateful()) net.reset();
      NeuralNetwork again = NeuralNetwork::from_json(net.to_json(), context());
      CHECK(again.run(x.rows(1, 2)).values() == net.run(x.rows(1, 2)).values());
    }
}

TEST_CASE("A-23 integers behind a softmax are shares: classes are learned by cross-entropy, tokens drawn by probability") {
  Tensor x(context(), DType::fp32, Shape{3, 2}), y(context(), DType::i32, Shape{3});
  for (std::size_t i = 0; i < 3; ++i) x.set(i, 0.5), y.set(i, static_cast<double>(i));
  const Dataset data = Dataset::from(x, y);
  for (const char* type : {"fp32", "u8", "i16", "u32"}) {
    INFO(type);
    NeuralNetwork net = network_of(type, R"("layers": [2, {"size": 3, "activation": "softmax"}])");
    CHECK(net.verify(data).error == Approx(net.verify(data, {.error_measure_type = "cross-entropy"}).error));
  }
  // One token has nearly all of the probability: it comes nearly always, where probabilities are not taken for logarithms.
  NeuralNetwork net = network_of("u8", R"("layers": [1, {"size": 4, "activation": "softmax", "weights": [[0, 0, 0, 0]], "bias": [0, 6, 0, 0], "quantization": {"scale": 6}}], )"
                                       R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abcd"}}, "output": {"denormalize": {"type": "lookup"}}})");
  std::size_t likely = 0, all = 0;
  for (const StreamItem& item : net.run_stream(Json::text("a"), {.generate = GenerateOptions{.steps = 200}})) {
    ++all;
    likely += item.token == "b";
  }
  CHECK(all == 200);
  CHECK(likely > 180);
}

TEST_CASE("A-23 setup.data with a number that is no code of the type is refused, with its place") {
  for (const auto& [type, data, fact] : {std::tuple{"u8", "[300, 0]", "300"}, {"u8", "[-1, 0]", "-1"}, {"i8", "[1, [128]]", "128"},
                                         {"u16", "[1.5, 0]", "1.5"}, {"i64", "[1e30, 0]", "1e+30"}}) {
    const Error error = error_of(R"({"dataType": ")" + std::string(type) + R"(", "layers": [1, 1], "setup": {"data": )" + data + "}}");
    CHECK(error.reason() == "SETUP_DATA");
    CHECK(error.path() == "/setup/data");
    CHECK(error.actual() == fact);
  }
  network_of("u8", R"("layers": [1, 1], "setup": {"data": [255, -0]})");
  network_of("u64", R"("layers": [1, 1], "setup": {"data": [18446744073709551615, 0]})");
}

TEST_CASE("A-23 the rows that an embedding looks up are whole numbers in integer models, given as numbers or in their own type") {
  for (const std::string type : {"u8", "i8", "i32"}) {
    INFO(type);
    NeuralNetwork net = network_of(type, R"("layers": [{"name": "x", "size": 3}, {"type": "embedding", "inputDim": 5, "outputDim": 1, "weights": [[0], [0.25], [0.5], [0.75], [1]]}])");
    const auto check = [](NeuralNetwork& one) {
      const Output output = one.run({4, 0, 2});
      CHECK(output[0] == Approx(1).margin(0.01));
      CHECK(output[1] == Approx(0).margin(0.01));
      CHECK(output[2] == Approx(0.5).margin(0.01));
    };
    check(net);
    const std::vector<double> rows = {4, 0, 2};
    const Tensor own = Tensor::from(context(), net.data_type(), Shape{3}, rows);
    CHECK(net.run(own)[0] == Approx(1).margin(0.01));
    CHECK(net.run(own, {.normalize = false})[2] == Approx(0.5).margin(0.01));
    for (const char* form : {"", "minify", "pretty"}) {
      NeuralNetwork again = NeuralNetwork::from_json(net.export_model({.optimize = form}), context());
      check(again);
    }
    CHECK(net.verify(Dataset::from({{{4, 0, 2}, {1, 0, 0.5}}})).error < 1e-3);
  }
  // Through a net, joined with others, and trained.
  NeuralNetwork inside = network_of("u8", R"("layers": [{"name": "a", "size": 1, "pipes": [{"name": "b", "size": 1}]}, {"type": "reshape", "size": [2]},
    {"type": "net", "net": {"layers": [2, {"type": "embedding", "inputDim": 9, "outputDim": 2, "weights": [[0,0],[0,0],[0,0],[1,0],[0,0],[0,0],[0,0],[0,0],[0,1]]}]}}])");
  CHECK(inside.run({3, 8}).values() == std::vector<double>{1, 0, 0, 1});
  NeuralNetwork learner = network_of("u8", R"("layers": [1, {"type": "embedding", "inputDim": 3, "outputDim": 4}, {"size": 1}])");
  const Dataset data = Dataset::from({{{0}, {0.1}}, {{1}, {0.9}}, {{2}, {0.4}}});
  learner.train(data, {.max_iterations = 400, .learning_rate = 0.1});
  CHECK(learner.verify(data).error < 0.01);
  // What else is put in is rounded as before.
  CHECK(network_of("u8", R"("layers": [1, {"type": "identity"}])").run({0.5}).tensor().at(0) == 128);
}
