// Gradients as data: what they say, how they travel, whose they are.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "network/operations.h"
#include "network/seeded.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

constexpr std::string_view tanh_net =
    R"({"seed": 2, "dataType": "fp64", "activation": "tanh", "layers": [2, {"name": "hidden", "size": 3}, 1]})";

}  // namespace

TEST_CASE("A-44 gradients say their loss, samples and model, and travel as text to the same bits") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(tanh_net, context), other = NeuralNetwork::from_json(tanh_net, context);
  const Dataset data = Dataset::sample("xor");
  const Gradients computed = net.compute_gradients(data);
  CHECK(computed.samples == 4);
  CHECK(computed.error == Approx(net.verify(data).error));
  CHECK(computed.model_hash.size() == 16);
  CHECK(computed.gradients.size() == 4);
  CHECK(computed.gradients.contains("hidden.weights"));
  // A batch weighs as much as it has samples.
  const Gradients uneven = net.compute_gradients(data, {.batch_size = 3});
  CHECK(uneven.error == Approx(computed.error));
  for (const auto& [name, gradient] : computed.gradients)
    for (std::size_t e = 0; e < gradient.elements(); ++e)
      CHECK(uneven.gradients.at(name).at(e) == Approx(gradient.at(e)).margin(1e-12));
  const Gradients received = gradients_from_json(context, gradients_to_json(computed));
  CHECK(received.error == computed.error);
  CHECK(received.samples == 4);
  CHECK(received.model_hash == computed.model_hash);
  net.apply_gradients(computed, {.scale = 0.1});
  other.apply_gradients(received, {.scale = 0.1});
  const auto here = net.parameters(), there = other.parameters();
  for (std::size_t i = 0; i < here.size(); ++i)
    for (std::size_t e = 0; e < here[i].second.elements(); ++e) CHECK(here[i].second.at(e) == there[i].second.at(e));
}

TEST_CASE("A-44 gradients honour toTrain and toSkip, and leave the memory of a network as it was") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(tanh_net, context);
  const Dataset data = Dataset::sample("xor");
  const Gradients all = net.compute_gradients(data);
  VerifyOptions options;
  options.to_train = {"hidden"};
  const Gradients some = net.compute_gradients(data, options);
  CHECK(some.gradients.size() == 2);
  CHECK(some.gradients.at("hidden.bias").at(1) == all.gradients.at("hidden.bias").at(1));
  options.to_train = {};
  options.to_skip = {"hidden"};
  CHECK(net.compute_gradients(data, options).gradients.size() == 2);
  options.to_skip = {"hiden"};
  CHECK(error_of([&] { net.compute_gradients(data, options); }).hint() == "did you mean \"hidden\"?");

  NeuralNetwork cell = NeuralNetwork::from_json(R"({"layers": [2, {"type": "gru", "size": 3}, 1]})", context);
  cell.run({1, 0});
  const std::string state = cell.get_internal_state();
  cell.compute_gradients(Dataset::sequences({{{{1, 0}, {1}}, {{0, 1}, {0}}}}));
  CHECK(cell.get_internal_state() == state);
}

TEST_CASE("A-44 gradients that commit their state leave the memory as runs over the data do") {
  const std::string text = R"({"layers": [{"name": "in", "size": 2, "history": 1}, {"type": "lstm", "size": 3}, 1]})";
  NeuralNetwork learns = NeuralNetwork::from_json(text, one_thread()), runs = NeuralNetwork::from_json(text, one_thread());
  const Dataset data = Dataset::sequences({{{{1, 0}, {1}}, {{0, 1}, {0}}, {{0.5, -1}, {1}}}, {{{0.25, 1}, {1}}, {{-1, 0.5}, {0}}}});
  learns.run({1, 1});
  const Gradients committed = learns.compute_gradients(data, {.commit_state = true});
  runs.run({0.25, 1});
  runs.run({-1, 0.5});
  CHECK(learns.get_internal_state() == runs.get_internal_state());
  CHECK(committed.error == learns.compute_gradients(data).error);
  CHECK(learns.run({0.1, 0.2})[0] == runs.run({0.1, 0.2})[0]);
  // A network without a memory has nothing to commit.
  NeuralNetwork plain = NeuralNetwork::from_json(tanh_net, one_thread());
  CHECK(plain.compute_gradients(Dataset::sample("xor"), {.commit_state = true}).samples == 4);
}

TEST_CASE("A-43 an optimizer that applies gradients takes the rate that it is given") {
  const Context context = one_thread();
  NeuralNetwork plain = NeuralNetwork::from_json(tanh_net, context), optimized = NeuralNetwork::from_json(tanh_net, context);
  const Gradients gradients = plain.compute_gradients(Dataset::sample("xor"));
  plain.apply_gradients(gradients, {.scale = 0.05});
  optimized.apply_gradients(gradients, {.optimizer = "sgd", .options = {.learning_rate = 0.05, .momentum = 0.0}});
  const auto here = plain.parameters(), there = optimized.parameters();
  for (std::size_t i = 0; i < here.size(); ++i)
    for (std::size_t e = 0; e < here[i].second.elements(); ++e)
      CHECK(here[i].second.at(e) == Approx(there[i].second.at(e)).epsilon(1e-12));
}

TEST_CASE("A-43 GRAD-02 an optimizer that applies gradients remembers: steps of it are those of a training, to the bit") {
  const Context context = one_thread();
  const Dataset data = Dataset::sample("xor").batch(4);
  const auto values = [](const NeuralNetwork& net) {
    std::vector<double> all;
    for (const auto& [name, tensor] : net.parameters())
      for (std::size_t i = 0; i < tensor.elements(); ++i) all.push_back(tensor.at(i));
    return all;
  };
  for (const std::string type : {"fp32", "fp64"})
    for (const std::string optimizer : {"sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "lion", "lamb"}) {
      INFO(type << ' ' << optimizer);
      const std::string model = R"({"seed": 5, "dataType": ")" + type + R"(", "activation": "tanh", "layers": [2, 5, 1]})";
      TrainOptions options{.max_iterations = 12, .learning_rate = 0.02, .optimizer = optimizer, .clip_norm = 0.5};
      NeuralNetwork trained = NeuralNetwork::from_json(model, context, {.device = "reference"}), applied = NeuralNetwork::from_json(model, context, {.device = "reference"});
      trained.train(data, options);
      for (int step = 0; step < 12; ++step) applied.apply_gradients(applied.compute_gradients(data), {.optimizer = optimizer, .options = options});
      CHECK(values(applied) == values(trained));
    }
  // Another rate goes on; other options, an optimizer or layers of another name, and another network begin anew.
  const Gradients gradients = NeuralNetwork::from_json(tanh_net, context).compute_gradients(data);
  const auto moved = [&](const std::vector<ApplyOptions>& calls) {
    NeuralNetwork net = NeuralNetwork::from_json(tanh_net, context);
    std::vector<double> before;
    for (const ApplyOptions& call : calls) {
      before = values(net);
      net.apply_gradients(gradients, call);
    }
    std::vector<double> result = values(net);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] -= before[i];
    return result;
  };
  const auto step = [](double rate, double momentum, std::vector<std::string> skip = {}, const char* optimizer = "sgd") {
    return ApplyOptions{.optimizer = optimizer, .options = {.learning_rate = rate, .momentum = momentum, .to_skip = std::move(skip)}};
  };
  const std::vector<double> once = moved({step(0.1, 0.5)}), twice = moved({step(0.1, 0.5), step(0.1, 0.5)});
  const auto times = [&](const std::vector<double>& all, double factor) {
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == Approx(factor * once[i]).margin(1e-12));
  };
  times(twice, 1.5);
  times(moved({step(0.1, 0.5), step(0.2, 0.5)}), 2.5);
  times(moved({step(0.1, 0.5), step(0, 0.5)}), 0.5);  // the gradient moves nothing, what was under way runs out
  times(moved({step(0, 0.5)}), 0);
  times(moved({step(0.1, 0.25), step(0.1, 0.5)}), 1);
  times(moved({step(0.1, 0.5), step(0.1, 0.5, {}, "momentum"), step(0.1, 0.5)}), 1);
  times(moved({step(0.1, 0.5, {"hidden"}), step(0.1, 0.5)}), 1);
}

TEST_CASE("A-43 A-44 gradients of another model, and texts that are none, are refused and change nothing") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json(tanh_net, context);
  // Of the same parameters, but wired in another way.
  NeuralNetwork rewired = NeuralNetwork::from_json(
      replaced(std::string(tanh_net), R"("size": 3})", R"("size": 3, "activation": "relu"})"), context);
  const Gradients foreign = rewired.compute_gradients(Dataset::sample("xor"));
  const auto before = net.parameters();
  const Error error = error_of([&] { net.apply_gradients(foreign); });
  CHECK(error.code() == Code::shape_mismatch);
  CHECK(error.reason() == "GRADIENT");
  CHECK(error.path() == "/modelHash");
  CHECK(error.actual() == foreign.model_hash);
  const std::string good = gradients_to_json(net.compute_gradients(Dataset::sample("xor")));
  const auto place = [&](const std::string& text) {
    return error_of([&] { gradients_from_json(context, text); }).path();
  };
  CHECK(place(replaced(good, "\"version\":1", "\"version\":2")) == "/version");
  CHECK(place(replaced(good, "\"samples\":4", "\"samples\":-4")) == "/samples");
  CHECK(place(replaced(good, "fp64", "fp65")).starts_with("/gradients/"));
  CHECK(place(replaced(good, "\"dims\":[1]", "\"dims\":[2]")).starts_with("/gradients/"));
  CHECK(error_of([&] { gradients_from_json(context, "[]"); }).reason() == "GRADIENT");
  CHECK(error_of([&] { gradients_from_json(context, "{"); }).code() == Code::invalid_json);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(before[i].second.at(0) == net.parameters()[i].second.at(0));
}

TEST_CASE("GRAD-04 gradients serve reinforcement learning: a policy learns from rewards which lever pays") {
  const Context context = one_thread();
  // What is seen says which of three levers pays; the policy is never told, only rewarded.
  NeuralNetwork policy = NeuralNetwork::from_json(R"({"seed": 3, "layers": [3, {"size": 3, "activation": "softmax"}]})", context);
  std::uint32_t state = 7;
  const auto chance = [&] { return static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0; };
  const auto sight = [](std::size_t lever) {
    std::vector<double> seen(3);
    seen[lever] = 1;
    return seen;
  };
  double earlier = 0, later = 0;
  for (int round = 0; round < 600; ++round) {
    const std::size_t pays = static_cast<std::size_t>(chance() * 3);
    const Output output = policy.run(sight(pays));
    double left = chance();
    std::size_t action = 0;
    while (action < 2 && left >= output[action]) left -= output[action++];
    const double reward = action == pays ? 1 : -0.5;
    (round < 150 ? earlier : later) += action == pays;
    // The gradient of -log p(action), times the reward.
    std::vector<double> chosen(3);
    chosen[action] = 1;
    const Dataset taken = Dataset::from({{sight(pays), chosen}});
    policy.apply_gradients(policy.compute_gradients(taken, {.error_measure_type = "cross-entropy"}), {.scale = 0.3 * reward});
  }
  CHECK(earlier / 150 < 0.85);
  CHECK(later / 450 > 0.9);
  for (std::size_t pays = 0; pays < 3; ++pays) CHECK(policy.run(sight(pays)).index() == pays);
}

TEST_CASE("GRAD-04 gradients serve explanations: how much each input moves the loss, and what each layer made of it") {
  const Context context = one_thread();
  // A layer that adds zeros to what comes in: the gradient of its bias is that of the input.
  const std::string text = R"({"dataType": "fp64", "layers": [3, {"name": "seen", "size": 3, "connections": "one-to-one", "weights": [1, 1, 1], "bias": [0, 0, 0]},
    {"name": "hidden", "size": 2, "activation": "tanh", "weights": [[1, 0.5], [0, 0], [-2, 1]], "bias": [0.1, 0]}, {"size": 1, "weights": [[1], [3]], "bias": [0]}]})";
  NeuralNetwork net = NeuralNetwork::from_json(text, context);
  const std::vector<double> input = {0.3, 0.9, -0.4};
  const Tensor moved = net.compute_gradients(Dataset::from({{input, {0.5}}})).gradients.at("seen.bias");
  const auto loss = [&](std::size_t which, double by) {
    std::vector<double> other = input;
    other[which] += by;
    const double wrong = net.run(other)[0] - 0.5;
    return wrong * wrong / 2;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    INFO(i);
    CHECK(moved.at(i) == Approx((loss(i, 1e-6) - loss(i, -1e-6)) / 2e-6).margin(1e-7));
  }
  CHECK(moved.at(1) == 0);  // which nothing looks at
  const Output output = net.run(input, {.debug = true});
  const auto& activations = output.activations();
  CHECK(std::ranges::any_of(activations, [](const auto& one) { return one.first == "hidden" && one.second.elements() == 2; }));
}

TEST_CASE("A-31 gradients that arrive twice at one value, in graphs of every length") {
  // The last cell is carried to the next step and is the output as well. What adds the two up stands behind the graph.
  const Context context = one_thread();
  const Dataset data = Dataset::sequences({{{{0.5}, {1}}, {{-0.25}, {0}}}});
  std::string between;
  for (int count = 0; count < 70; ++count, between += R"({"type": "tanh"}, )") {
    CAPTURE(count);
    NeuralNetwork net = NeuralNetwork::from_json(R"({"dataType": "fp64", "layers": [1, )" + between + R"({"type": "rnn", "size": 1, "weights": [[0.5]], "recurrentWeights": [[0.25]], "bias": [0.1]}]})", context);
    const Gradients gradients = net.compute_gradients(data);
    if (count > 0) continue;
    const double h1 = std::tanh(0.5 * 0.5 + 0.1), h2 = std::tanh(-0.25 * 0.5 + 0.25 * h1 + 0.1);
    const double d2 = h2 / 2 * (1 - h2 * h2), d1 = ((h1 - 1) / 2 + d2 * 0.25) * (1 - h1 * h1);
    CHECK(gradients.gradients.at("1.bias").at(0) == Approx(d1 + d2));
  }
}

TEST_CASE("OP-14 a gradient of one's own sees the inputs and the output of the sample that it is for") {
  const Context context = with_domain();
  const OperationDefinition definition{.name = "own", .domain = "mine", .params = {"*input", "@*w"}};
  define_operation(
      context, definition,
      [](Numbers x, Numbers w) {
        std::vector<double> y;
        for (std::size_t i = 0; i < x.size(); ++i) y.push_back(w[i] * std::exp(x[i]));
        return y;
      },
      [](const ForwardInputs& given, Numbers y, Numbers arriving) {
        const Numbers x = given["input"].numbers();
        ParameterGradients gradients;
        for (std::size_t i = 0; i < x.size(); ++i) {
          gradients["input"].push_back(arriving[i] * y[i]);
          gradients["w"].push_back(arriving[i] * std::exp(x[i]));
        }
        return gradients;
      });
  define_operation(context, {.name = "composed", .domain = "mine", .params = {"*input", "@*w"}},
                   [](Variable x, Variable w) { return w * apply("exp", {x}); });
  const auto network = [&](const std::string& type) {
    return NeuralNetwork::from_json(R"({"seed": 3, "dataType": "fp64", "layers": [2, {"size": 2, "activation": "tanh"}, {"type": "mine#)" + type +
                                        R"(", "size": 2, "w": {"size": 2}}, 1]})", context);
  };
  NeuralNetwork own = network("own"), composed = network("composed");
  for (const auto& [name, tensor] : composed.parameters()) own.set_parameter(name, tensor);
  const Gradients found = own.compute_gradients(Dataset::sample("xor")), expected = composed.compute_gradients(Dataset::sample("xor"));
  REQUIRE(found.gradients.size() == expected.gradients.size());
  for (const auto& [name, tensor] : expected.gradients)
    for (std::size_t i = 0; i < tensor.elements(); ++i) {
      CAPTURE(name, i);
      CHECK(found.gradients.at(name).at(i) == Approx(tensor.at(i)).margin(1e-12));
    }
}

TEST_CASE("GRAD-02 options of applied gradients are those of a training: checked, and layers chosen by name") {
  NeuralNetwork net = NeuralNetwork::from_json(tanh_net, one_thread());
  Gradients gradients = net.compute_gradients(Dataset::sample("xor"));
  const auto reason = [&](const ApplyOptions& options) { return reason_of([&] { net.apply_gradients(gradients, options); }); };
  CHECK(reason({.optimizer = "adam", .options = {.beta1 = 1}}) == "OPTION");
  CHECK(reason({.optimizer = "adam", .options = {.learning_rate = -1}}) == "OPTION");
  CHECK(reason({.optimizer = "sgd", .options = {.momentum = -3}}) == "OPTION");
  CHECK(reason({.options = {.to_skip = {"hiden"}}}) == "LAYER_UNKNOWN");
  const std::vector<double> hidden = as_numbers(net.parameters()[0].second), last = as_numbers(net.parameters()[2].second);
  net.apply_gradients(gradients, {.options = {.to_skip = {"hidden"}}});
  CHECK(as_numbers(net.parameters()[0].second) == hidden);
  CHECK(as_numbers(net.parameters()[2].second) != last);
  net.apply_gradients(gradients, {.optimizer = "adam", .options = {.to_train = {"hidden"}}});
  CHECK(as_numbers(net.parameters()[0].second) != hidden);
  gradients.gradients.begin()->second.set(0, std::nan(""));
  const Error error = error_of([&] { net.apply_gradients(gradients); });
  CHECK(error.reason() == "NOT_A_NUMBER");
  CHECK(error.path() == "/gradients/" + gradients.gradients.begin()->first);
}
