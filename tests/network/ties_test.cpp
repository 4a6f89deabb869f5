// Tied weights: parameters that setup.instructions give the same elements are one (A-05, bit 31 of the type).
#include <catch2/catch.hpp>

#include <array>
#include <cstdint>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "support/values.h"
#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

constexpr std::uint32_t fp64_code = 2 + 256 * 64, tied = 0x80000000u;

struct Entry {
  std::uint32_t owner, parameter, type, offset, count;
};

std::string table(const std::vector<Entry>& entries) {
  std::string text = "[826889047, " + std::to_string(entries.size());
  for (const Entry& one : entries)
    for (const std::uint32_t word : {one.owner, one.parameter, one.type, one.offset, 0u, one.count}) text += ", " + std::to_string(word);
  return text + "]";
}

// Two hidden layers with the same weights, each with a bias of its own.
std::string twins(const std::string& data, const std::vector<Entry>& entries) {
  return R"({"dataType": "fp64", "activation": "tanh", "layers": [2, {"name": "a", "size": 2}, {"name": "b", "size": 2}, 1], "setup": {)" +
         (data.empty() ? "" : "\"data\": " + data + ", ") + "\"instructions\": " + table(entries) + "}}";
}

const std::vector<Entry> same_weights = {{2, 0, fp64_code | tied, 0, 4}, {2, 1, fp64_code, 4, 2}, {3, 0, fp64_code | tied, 0, 4},
                                         {3, 1, fp64_code, 6, 2},        {4, 0, fp64_code, 8, 2}, {4, 1, fp64_code, 10, 1}};
const std::string twin_numbers = "[0.5, -0.25, 0.75, 0.125, 0.1, 0.2, -0.3, 0.4, 1.5, -0.5, 0.25]";

Tensor value_of(const NeuralNetwork& net, const std::string& name) {
  for (const auto& [known, tensor] : net.parameters())
    if (known == name) return tensor;
  FAIL("no parameter " << name);
  return {};
}

const Dataset data = Dataset::from({{{0.3, -0.7}, {0.2}}, {{-0.1, 0.9}, {0.6}}, {{0.8, 0.1}, {-0.4}}});

}  // namespace

TEST_CASE("A-05 tied weights are one parameter: it counts once, and runs as two with the same values") {
  NeuralNetwork one = make(twins(twin_numbers, same_weights));
  CHECK(names_of(one) == std::vector<std::string>{"a.weights", "a.bias", "b.bias", "3.weights", "3.bias"});
  CHECK(one.info().parameters == 11);
  NeuralNetwork two = make(R"({"dataType": "fp64", "activation": "tanh", "layers": [2, 2, 2, 1],
    "setup": {"data": [0.5, -0.25, 0.75, 0.125, 0.1, 0.2, 0.5, -0.25, 0.75, 0.125, -0.3, 0.4, 1.5, -0.5, 0.25]}})");
  CHECK(one.run({0.4, -0.6})[0] == two.run({0.4, -0.6})[0]);
  // Without data they start at random, and still as one.
  NeuralNetwork random = make(twins("", same_weights));
  CHECK(names_of(random).size() == 5);
  CHECK(random.run({0.4, -0.6})[0] != 0);
  // Set by either name.
  const Tensor other = Tensor::from(one.context(), DType::fp64, Shape{2, 2}, std::vector<double>{1, 2, 3, 4});
  one.set_parameter("b.weights", other);
  CHECK(value_of(one, "a.weights").at(3) == 4);
}

TEST_CASE("A-05 the gradient of tied weights is the sum over those that share them: finite differences in fp64") {
  NeuralNetwork one = make(twins(twin_numbers, same_weights));
  CHECK(test::check_gradients(one, data) == 5);
  NeuralNetwork two = make(R"({"dataType": "fp64", "activation": "tanh", "layers": [2, {"name": "a", "size": 2}, {"name": "b", "size": 2}, 1],
    "setup": {"data": [0.5, -0.25, 0.75, 0.125, 0.1, 0.2, 0.5, -0.25, 0.75, 0.125, -0.3, 0.4, 1.5, -0.5, 0.25]}})");
  const Gradients apart = two.compute_gradients(data), together = one.compute_gradients(data);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(together.gradients.at("a.weights").at(i) ==
          Approx(apart.gradients.at("a.weights").at(i) + apart.gradients.at("b.weights").at(i)));
}

TEST_CASE("A-05 what is tied stays tied through training and every export") {
  NeuralNetwork net = make(twins(twin_numbers, same_weights));
  const double before = net.verify(data).error;
  net.train(data, {.max_iterations = 100, .learning_rate = 0.1});
  CHECK(net.verify(data).error < before);
  const double answer = net.run({0.4, -0.6})[0];
  for (const std::string form : {"base64", "array"})
    for (const std::string optimize : {"", "minify", "pretty"}) {
      INFO(form << " " << optimize);
      NeuralNetwork again = make(net.export_model({.setup_data_as = form, .optimize = optimize}));
      CHECK(names_of(again).size() == 5);
      CHECK(again.info().parameters == 11);
      CHECK(again.run({0.4, -0.6})[0] == answer);
      CHECK(again.export_model({.setup_data_as = form, .optimize = optimize}) == net.export_model({.setup_data_as = form, .optimize = optimize}));
    }
  CHECK(make(net.to_json()).run({0.4, -0.6})[0] == answer);
  // Where nothing is stored the table stays.
  CHECK(names_of(make(make(twins("", same_weights)).export_model({.setup_data_as = "given"}))).size() == 5);
  // A part has weights of its own.
  NeuralNetwork part = make(net.export_model({.from = "b", .upto = "3"}));
  CHECK(names_of(part).size() == 4);
  CHECK(value_of(part, "b.weights").at(2) == value_of(net, "a.weights").at(2));
  NeuralNetwork front = make(net.export_model({.from = "0", .upto = "b"})), back = make(net.export_model({.from = "3"}));
  CHECK(names_of(front).size() == 4);
  CHECK(back.run(front.run({0.4, -0.6}).values())[0] == answer);
}

TEST_CASE("A-05 minify keeps a tie whose first owner is not needed any more") {
  const std::string model = R"({"dataType": "fp64", "layers": [2, {"name": "unused", "size": 2, "bias": false, "to": []}, {"name": "used", "pipeFrom": "0", "size": 2, "bias": false},
    {"name": "again", "size": 2, "bias": false}], "setup": {"data": [1, 2, 3, 4], "instructions": )" +
                            table({{2, 0, fp64_code | tied, 0, 4}, {3, 0, fp64_code | tied, 0, 4}, {4, 0, fp64_code | tied, 0, 4}}) + "}}";
  NeuralNetwork net = make(model), small = make(net.export_model({.optimize = "minify"}));
  CHECK(net.run({1, -1}).values() == std::vector<double>{-8, -12});
  CHECK(small.run({1, -1}).values() == net.run({1, -1}).values());
  CHECK(names_of(small).size() == 1);
}

TEST_CASE("A-05 EXP-04 minify writes no table where of the tied one alone is left, and its numbers where it stands") {
  // The later of the two is left: its weights move behind those of the layer between them.
  const std::string model = R"({"dataType": "fp64", "layers": [2, {"size": 2, "bias": false, "to": []}, {"pipeFrom": "0", "size": 2, "bias": false},
    {"size": 2, "bias": false}], "setup": {"data": [1, 2, 3, 4, 5, 6, 7, 8], "instructions": )" +
                            table({{2, 0, fp64_code | tied, 0, 4}, {3, 0, fp64_code, 4, 4}, {4, 0, fp64_code | tied, 0, 4}}) + "}}";
  NeuralNetwork net = make(model);
  const std::string text = net.export_model({.setup_data_as = "array", .optimize = "minify"});
  CHECK(text == R"({"webai":1,"dataType":"fp64","layers":[{"name":"input","size":2},{"size":2,"pipeFrom":"input","bias":false},{"size":2,"bias":false}],)"
                R"("setup":{"data":[5,6,7,8,1,2,3,4]}})");
  CHECK(make(text).run({1, -1}).values() == net.run({1, -1}).values());
}

TEST_CASE("A-05 layers that share weights are skipped and chosen together") {
  for (const std::string layer : {"a", "b"}) {
    NeuralNetwork net = make(twins(twin_numbers, same_weights));
    const double before = value_of(net, "a.weights").at(0);
    net.train(data, {.max_iterations = 3, .learning_rate = 0.1, .to_skip = {layer}});
    CHECK(value_of(net, "a.weights").at(0) == before);
    net.train(data, {.max_iterations = 3, .learning_rate = 0.1, .to_train = {layer}});
    CHECK(value_of(net, "a.weights").at(0) != before);
  }
}

TEST_CASE("A-05 tied parameters of other shapes have the same elements in order") {
  NeuralNetwork net = make(R"({"dataType": "fp64", "layers": [3, {"name": "a", "size": 2, "bias": false}, {"name": "b", "size": 3, "bias": false}],
    "setup": {"data": [1, 2, 3, 4, 5, 6], "instructions": )" + table({{2, 0, fp64_code | tied, 0, 6}, {3, 0, fp64_code | tied, 0, 6}}) + "}}");
  // x [1 2; 3 4; 5 6] [1 2 3; 4 5 6]
  CHECK(net.run({1, 0, 0}).values() == std::vector<double>{9, 12, 15});
  const Dataset three = Dataset::from({{{0.3, -0.7, 0.1}, {0.2, 0.1, -0.4}}});
  CHECK(test::check_gradients(net, three, {}, 1.5) == 1);
  CHECK(make(net.export_model({.optimize = "minify"})).run({1, 2, 3}).values() == net.run({1, 2, 3}).values());
}

TEST_CASE("A-05 A-40 ties inside a net hold, whether its weights are its own or stand in the model around") {
  const std::string inner = R"({"layers": [2, {"name": "a", "size": 2, "bias": false}, {"name": "b", "size": 2, "bias": false}], "setup": {DATA"instructions": )" +
                            table({{2, 0, fp64_code | tied, 0, 4}, {3, 0, fp64_code | tied, 0, 4}}) + "}}";
  for (const std::string own : {"\"data\": [1, 2, 3, 4], ", ""}) {
    std::string net_text = inner;
    net_text.replace(net_text.find("DATA"), 4, own);
    NeuralNetwork net = make(R"({"dataType": "fp64", "layers": [2, {"name": "net", "type": "net", "net": )" + net_text + R"(}, {"size": 1, "bias": false}],
      "setup": {"data": )" + (own.empty() ? "[1, 2, 3, 4, 1, 1]" : "[1, 1]") + "}}");
    INFO(own);
    CHECK(names_of(net) == std::vector<std::string>{"net/a.weights", "2.weights"});
    CHECK(net.run({1, 0})[0] == 7 + 10);
    net.train(data, {.max_iterations = 5, .learning_rate = 0.01});
    for (const std::string optimize : {"", "minify", "pretty"}) {
      INFO(optimize);
      NeuralNetwork again = make(net.export_model({.optimize = optimize}));
      CHECK(names_of(again).size() == 2);
      CHECK(again.run({1, 0})[0] == net.run({1, 0})[0]);
    }
  }
}

TEST_CASE("A-05 elements in common without the flag, in part, or in another type are refused, and so are running averages") {
  const auto refused = [](std::vector<Entry> entries, const std::string& message) {
    const Error error = error_of(twins(twin_numbers, entries));
    INFO(error.what());
    CHECK(error.reason() == "INSTRUCTIONS");
    CHECK(error.path() == "/setup/instructions");
    CHECK(std::string(error.what()).find(message) != std::string::npos);
  };
  std::vector<Entry> entries = same_weights;
  entries[0].type = entries[2].type = fp64_code;
  refused(entries, "share elements without saying so");
  entries[2].type |= tied;  // one of the two is enough
  CHECK(names_of(make(twins(twin_numbers, entries))).size() == 5);
  entries = same_weights;
  entries[2].offset = 1;
  refused(entries, "overlap");
  entries = same_weights;
  entries[2].type = (2 + 256 * 32) | tied;
  refused(entries, "overlap");
  const Error averages = error_of(R"({"dataType": "fp64", "layers": [1, {"name": "norm", "type": "batchNorm"}], "setup": {"instructions": )" +
                                  table({{2, 0, fp64_code | tied, 0, 1}, {2, 1, fp64_code, 1, 1}, {2, 2, fp64_code | tied, 0, 1}, {2, 3, fp64_code, 2, 1}}) + "}}");
  CHECK(averages.reason() == "INSTRUCTIONS");
  CHECK(std::string(averages.what()).find("\"norm.movingMean\" is not trained") != std::string::npos);
  const Error codes = error_of(R"({"dataType": "u8", "layers": [2, {"size": 2, "bias": false}, {"size": 2, "bias": false, "quantization": {"scale": 3}}], "setup": {"instructions": )" +
                               table({{2, 0, (1 + 256 * 8) | tied, 0, 4}, {3, 0, (1 + 256 * 8) | tied, 0, 4}}) + "}}");
  CHECK(std::string(codes.what()).find("their codes stand for other numbers") != std::string::npos);
}
