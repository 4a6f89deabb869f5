// What becomes of what a runner of the program gives: `io` acts on it once, as on the outputs of a plain run.
#include <catch2/catch.hpp>

#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

const char* const inverse = R"("io": {"output": {"normalize": {"type": "rescale-linear", "from": [10, 20], "to": [0, 1]}, "denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [10, 20]}}})";

// Gives what the library's run gave, and what that made of it before.
void define_passing(const Context& context) {
  define_run(context, {.name = "passes"}, [](InternalModel& inner, const Tensor& input, std::string_view) {
    return RunResult{inner.run(input).tensor()};
  });
  define_run(context, {.name = "passes-through-network"}, [](InternalModel& inner, const Tensor& input, std::string_view) {
    return RunResult{inner.network().run(input).tensor()};
  });
  define_run(context, {.name = "passes-named"}, [](InternalModel& inner, const Tensor& input, std::string_view) {
    return RunResult{inner.network().run_named({{"input", input}}).tensor()};
  });
}

void check_alike(const Output& own, const Output& plain) {
  CHECK(own.tensor().type() == plain.tensor().type());
  CHECK(own.tensor().shape() == plain.tensor().shape());
  REQUIRE(own.size() == plain.size());
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(own[i] == plain[i]);
  CHECK(own.label() == plain.label());
  REQUIRE(own.ports().size() == plain.ports().size());
  for (std::size_t i = 0; i < own.ports().size(); ++i) {
    CHECK(own.ports()[i].name == plain.ports()[i].name);
    CHECK(own.ports()[i].shape == plain.ports()[i].shape);
  }
}

}  // namespace

TEST_CASE("EXT-02 a runner that hands on what the run inside of it gave gives what a plain run does") {
  const Context context = one_thread();
  define_passing(context);
  const std::string models[] = {
      R"({"layers": [2, 3], )" + std::string(inverse) + "}",
      R"({"dataType": "u8", "layers": [2, 3], "seed": 3})",
      R"({"dataType": "u8", "layers": [2, 3], "seed": 3, )" + std::string(inverse) + "}",
      R"({"dataType": "fp16", "layers": [2, [2, 3]], )" + std::string(inverse) + "}",
      R"({"layers": [2, 3], "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["a", "b", "c"]}}}})",
      R"({"layers": [2, 4], "io": {"output": {"denormalize": {"type": "bits", "count": 4}}}})",
      R"({"layers": [2, 3], "io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 255], "to": [0, 1]}}}})",
      R"({"layers": [2, {"name": "g", "size": 2}, {"name": "h", "size": 1}], "outputs": [{"pipeFrom": "g", "name": "g"}, {"pipeFrom": "h", "name": "h"}],
          "io": {"output": {"g": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [5, 7]}}}}})",
      R"({"layers": [{"size": [null, 2]}, {"name": "a", "type": "tanh"}, {"name": "b", "type": "relu"}], "outputs": [{"pipeFrom": "a", "name": "a"}, {"pipeFrom": "b", "name": "b"}],
          "io": {"output": {"b": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [5, 7]}}}}})"};
  for (const std::string& model : models) {
    INFO(model);
    NeuralNetwork network = NeuralNetwork::from_json(model, context);
    const bool open = network.has_open_dimensions();
    const Tensor one = Tensor::from(context, DType::fp32, open ? Shape{1, 2} : Shape{2}, std::vector<double>{0.75, 0.25});
    const Tensor three = Tensor::from(context, DType::fp32, Shape{3, 2}, std::vector<double>{0.75, 0.25, 0, 1, 0.5, 0.5});
    for (const bool denormalize : {true, false})
      for (const bool normalize : {true, false})
        for (const Tensor* input : {&one, &three})
          for (const char* const name : {"passes", "passes-through-network", "passes-named"}) {
            if (std::string(name) == "passes-named" && !normalize) continue;  // inputs by name are always the user's
            INFO(name << ' ' << denormalize << normalize << ' ' << input->shape().text());
            const RunOptions plain{.normalize = normalize, .denormalize = denormalize};
            RunOptions own = plain;
            own.type = name;
            check_alike(network.run(*input, own), network.run(*input, plain));
          }
  }
}

TEST_CASE("EXT-02 what a runner makes of the layers' numbers is denormalised, and a stream of its runs too") {
  const Context context = one_thread();
  define_passing(context);
  define_run(context, {.name = "halves"}, [](InternalModel&, const Tensor& input, std::string_view) {
    Tensor half = input.clone(Context::system());
    for (std::size_t i = 0; i < half.elements(); ++i) half.set(i, half.at(i) / 2);
    return RunResult{half};
  });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"layers": [2, 2], )" + std::string(inverse) + "}", context);
  RunOptions own;
  own.type = "halves";
  CHECK(network.run({1, 0.5}, own).values() == std::vector<double>{15, 12.5});
  CHECK(network.run(Tensor::from(context, DType::fp32, Shape{2, 2}, std::vector<double>{1, 0.5, 0, 2}), own).values() == std::vector<double>{15, 12.5, 10, 20});
  own.denormalize = false;
  CHECK(network.run({1, 0.5}, own).values() == std::vector<double>{0.5, 0.25});
  own.denormalize = true;
  // A runner may have done it all.
  define_run(context, {.name = "knows"}, [](InternalModel&, const Tensor& input, std::string_view) {
    return RunResult{.output = input, .denormalized = true};
  });
  RunOptions known;
  known.type = "knows";
  CHECK(network.run({1, 0.5}, known).values() == std::vector<double>{1, 0.5});
  // Numbers that are not as many as the model's are the runner's own.
  CHECK(NeuralNetwork::from_json(R"({"layers": [2, 3], )" + std::string(inverse) + "}", context).run({1, 0.5}, own).values() ==
        std::vector<double>{0.5, 0.25});
  StreamOptions stream;
  stream.run.type = "passes";
  const Tensor rows = Tensor::from(context, DType::fp32, Shape{2, 2}, std::vector<double>{1, 0, 0, 1});
  RunStream steps = network.run_stream(rows, stream), plain = network.run_stream(rows, {});
  for (int i = 0; i < 2; ++i) CHECK(steps.next()->output.values() == plain.next()->output.values());
}
