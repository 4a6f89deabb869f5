// Operations of plain numbers that call the layer's activation, one of the program's own: EX-25.
#include <catch2/catch.hpp>

#include <cmath>

#include "network/operations.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

void define_tanh(const Context& context, std::vector<OperationParameter> params = {"*input"}) {
  OperationDefinition definition;
  definition.name = "tanh";
  definition.domain = "webai";
  definition.activation = true;
  definition.params = std::move(params);
  definition.call_with = {"input", "^input", "$input", "output", "^output"};
  define_operation(context, definition, [](Numbers input, double from, double count, std::span<double> output, double to) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      output[static_cast<std::size_t>(to) + i] = std::tanh(input[static_cast<std::size_t>(from) + i]);
  });
}

// As the proof of concept has it: neuron by neuron, through offsets of every buffer.
void define_neurons(const Context& context) {
  OperationDefinition neurons{.name = "neurons", .domain = "webai"};
  neurons.params = {"*input", OperationParameter("@*weights").defaults_to({":input", ":size"}, [](std::span<const Json> given) {
                      return Json::object({{"size", Json::numbers({given[0].as_numbers()[0], given[1].as_numbers()[0]})}});
                    })};
  neurons.call_with = {"input", "^input", "$input", "weights", "^weights", "#size", "activation", "output", "^output"};
  define_operation(context, neurons, [](Numbers input, double from, double inputs, Numbers weights, double first, double size,
                                        const Argument& activation, std::span<double> output, double to) {
    for (std::size_t n = 0; n < static_cast<std::size_t>(size); ++n) {
      double sum = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(inputs); ++i)
        sum += input[static_cast<std::size_t>(from) + i] * weights[static_cast<std::size_t>(first) + i * static_cast<std::size_t>(size) + n];
      output[static_cast<std::size_t>(to) + n] = activation(sum);
    }
  });
}

}  // namespace

TEST_CASE("EX-25 SH-05 neurons of plain numbers call a tanh of plain numbers, and read every buffer at its offset") {
  const Context context = one_thread();
  define_domain(context, {.name = "webai", .default_data_type = "fp64", .default_operation_type = "neurons"});
  define_tanh(context);
  define_neurons(context);
  NeuralNetwork network = NeuralNetwork::from_json(R"({"domain": "webai", "activation": "tanh", "layers": [3, 2, 2]})", context);
  std::vector<double> weights;
  for (const auto& [name, tensor] : network.parameters())
    for (std::size_t i = 0; i < tensor.elements(); ++i) weights.push_back(tensor.at(i));
  REQUIRE(weights.size() == 3 * 2 + 2 * 2);
  const auto expected = [&](const std::vector<double>& x) {
    std::vector<double> hidden(2), result(2);
    for (std::size_t n = 0; n < 2; ++n) {
      for (std::size_t i = 0; i < 3; ++i) hidden[n] += x[i] * weights[i * 2 + n];
      hidden[n] = std::tanh(hidden[n]);
    }
    for (std::size_t n = 0; n < 2; ++n) {
      for (std::size_t i = 0; i < 2; ++i) result[n] += hidden[i] * weights[6 + i * 2 + n];
      result[n] = std::tanh(result[n]);
    }
    return result;
  };
  const Output output = network.run({1, -2, 3, 0.5, 0.25, -1});
  REQUIRE(output.size() == 4);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(output[i] == Approx(expected({1, -2, 3})[i]).epsilon(1e-12));
    CHECK(output[2 + i] == Approx(expected({0.5, 0.25, -1})[i]).epsilon(1e-12));
  }
  // What is written and read again calls them too; each layer names its own.
  CHECK(NeuralNetwork::from_json(network.to_json(), context).run({1, -2, 3})[0] == output[0]);
  define_operation(context, {.name = "half", .domain = "webai", .activation = true, .params = {"*input"}, .call_with = {"input"}},
                   [](Numbers input) { return std::vector<double>{input[0] / 2}; });
  const char* const mixed = R"({"domain": "webai", "layers": [1, {"size": 1, "weights": [[4]], "activation": "half"}, {"size": 1, "weights": [[1]], "activation": "tanh"}]})";
  CHECK(NeuralNetwork::from_json(mixed, context).run({1})[0] == Approx(std::tanh(2.0)));
}

TEST_CASE("EX-25 an activation that a function of plain numbers cannot call is refused with its place and a hint") {
  const Context context = one_thread();
  define_domain(context, {.name = "webai", .default_data_type = "fp32", .default_operation_type = "neurons"});
  define_neurons(context);
  define_tanh(context, {"*input", "@slope"});  // keeps a number in the network
  define_operation(context, {.name = "composed", .domain = "webai"}, [](Variable x) { return x * 0.5; });
  for (const char* const name : {"tanh", "composed"}) {
    const Error error = error_of([&] {
      NeuralNetwork::from_json(R"({"domain": "webai", "layers": [3, {"size": 2, "activation": ")" + std::string(name) + "\"}]}", context);
    });
    CHECK(error.reason() == "ACTIVATION_HANDLE");
    CHECK(error.path() == "/layers/1/activation");
    CHECK_FALSE(error.hint().empty());
  }
}
