// EX: the examples of the proposal that feed-forward networks and datasets cover, as they stand there.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "webai/webai.hpp"

using namespace webai;

namespace {

Dataset eight_to_eight(const Context& context) {
  Tensor values(context, DType::fp32, Shape{6, 8});
  for (std::size_t i = 0; i < values.elements(); ++i) values.set(i, static_cast<double>((i * 5) % 11) / 11);
  return Dataset::from(values, values);
}

bool all_finite(const Output& output) {
  for (const double value : output.values())
    if (!std::isfinite(value)) return false;
  return true;
}

}  // namespace

TEST_CASE("EX-01 the simple network of 8, 14 and 8 neurons in fp16 runs and learns") {
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"domain":"core","dataType":"fp16","minMops":300,"activation":"tanh","layers":[8,14,8],"setup":{"data":""}})");
  CHECK(net.data_type() == DType::fp16);
  CHECK(net.info().parameters == 8 * 14 + 14 + 14 * 8 + 8);
  const Output output = net.run({1, 0, 1, 0, 1, 0, 1, 0});
  CHECK(output.size() == 8);
  CHECK(all_finite(output));
  const Dataset data = eight_to_eight(net.context());
  const double before = net.verify(data).error;
  net.train(data, {.max_iterations = 100, .learning_rate = 0.1});
  CHECK(net.verify(data).error < 0.5 * before);
}

TEST_CASE("EX-02 the simple network with its io block scales pixels and answers cat, dog or an index") {
  const std::string head =
      R"({"domain":"core","dataType":"fp16","minMops":300,"activation":"tanh","layers":[8,14,8],"setup":{"data":""}, "io":)"
      R"({"input":{"normalize":{"type":"rescale-linear","from":[0,255],"to":[0,1]}},"output":{"denormalize":{"type":"one-hot-to-label","labels":["cat","dog"]}}}})";
  NeuralNetwork net = NeuralNetwork::from_json(head);
  NeuralNetwork plain = NeuralNetwork::from_json(R"({"dataType":"fp16","activation":"tanh","layers":[8,14,8]})");
  const Output output = net.run({255, 0, 255, 0, 255, 0, 255, 0});
  CHECK(output.values() == plain.run({1, 0, 1, 0, 1, 0, 1, 0}).values());
  const std::string expected = output.index() == 0 ? "cat" : output.index() == 1 ? "dog" : "";
  CHECK(output.label() == expected);
  CHECK(output.ranked().size() == 8);  // past the labels by index
  std::set<std::string> labels;
  for (unsigned pixels = 0; pixels < 256; ++pixels) {
    std::vector<double> picture(8), scaled(8);
    for (std::size_t i = 0; i < 8; ++i) picture[i] = 255 * (scaled[i] = pixels >> i & 1);
    const std::vector<double> values = plain.run(scaled).values();
    const auto largest = static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
    const Output answer = net.run(picture);
    CHECK(answer.index() == largest);
    CHECK(answer.label() == (largest == 0 ? "cat" : largest == 1 ? "dog" : ""));
    labels.insert(answer.label());
  }
  CHECK(labels == std::set<std::string>{"", "cat", "dog"});
  CHECK(net.run({255, 0, 255, 0, 255, 0, 255, 0}, {.denormalize = false}).label().empty());
}

TEST_CASE("EX-03 the network of 784, 128 and 10 neurons with its io block learns a label by name") {
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"domain":"core","dataType":"fp16","minMops":300,"activation":"tanh","layers":[784,128,10],"setup":{"data":""}, "io":)"
      R"({"input":{"normalize":{"type":"rescale-linear","from":[0,255],"to":[0,1]}},"output":{"denormalize":{"type":"one-hot-to-label","labels":["cat","dog"]}}}})");
  const Context& context = net.context();
  Tensor pictures(context, DType::u8, Shape{2, 784}), labels(context, DType::i32, Shape{2});
  for (std::size_t i = 0; i < 784; ++i) pictures.set(i % 2 ? i : 784 + i, 255);
  labels.set(1, 1);
  net.train(Dataset::from(pictures, labels), {.max_iterations = 60, .learning_rate = 0.01});
  std::vector<double> picture(784);
  for (std::size_t i = 0; i < 784; ++i) picture[i] = i % 2 ? 255 : 0;
  CHECK(net.run(picture).label() == "cat");
  for (double& pixel : picture) pixel = 255 - pixel;
  CHECK(net.run(picture).label() == "dog");
}

TEST_CASE("EX-04 a mapped, shuffled, batched and prefetched dataset trains with the options of the example") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, 3, 1], "activation": "tanh"})");
  const Dataset raw = Dataset::from({{{0, 0}, {0}}, {{0, 255}, {1}}, {{255, 0}, {1}}, {{255, 255}, {0}}});
  const auto preprocess = [context = net.context()](const Item& item) {
    Tensor input(context, DType::fp32, item.input.shape());
    for (std::size_t i = 0; i < input.elements(); ++i) input.set(i, item.input.at(i) / 255);
    return Item{input, item.output};
  };
  const Dataset mapped = raw.map(preprocess), shuffled = mapped.shuffle(1000), data = shuffled.batch(32).prefetch(2);
  CHECK(data.batch_size() == 32);
  // DATA-28: each step gives a dataset of its own and leaves that before it as it was.
  CHECK_FALSE(shuffled.batch_size());
  CHECK(mapped.take(1).size() == 1);
  CHECK(mapped.item(net.context(), 1).input.at(1) == 1);
  CHECK(raw.item(net.context(), 1).input.at(1) == 255);
  CHECK(raw.skip(1).size() == 3);
  CHECK(raw.size() == 4);
  const TrainInfo info =
      net.train(data, R"({"maxIterations": 20000, "errorThreshold": 0.05, "learningRate": 0.3, "momentum": 0.1})");
  CHECK(info.stop_reason == "errorThreshold");
  CHECK(info.error_percent <= 0.05);
  CHECK(info.samples == 4 * info.iterations);
  CHECK(net.run({0, 1})[0] > 0.8);
  // The batch of the chain is that of the training, where the options say none.
  const auto trained = [](const Dataset& chain, const char* options) {
    NeuralNetwork own = NeuralNetwork::from_json(R"({"layers": [2, 3, 1], "activation": "tanh"})");
    own.train(chain, options);
    return own.run({0, 1})[0];
  };
  const double together = trained(data, R"({"maxIterations": 3})");
  CHECK(together == trained(shuffled, R"({"maxIterations": 3, "batchSize": 32})"));
  CHECK(together != trained(shuffled, R"({"maxIterations": 3, "batchSize": 1})"));
}

TEST_CASE("EX-22 the block of training options is read, and does what it says") {
  const char* const options =
      R"({"toSkip": ["fixed"], "toTrain": ["free", "fixed"], "maxIterations": 20000, "timeout": 1000,
      "errorMeasureType": "mean-square", "errorThreshold": 0.5, "type": "back-propagation", "learningRate": 0.3, "momentum": 0.1})";
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"activation": "tanh", "layers": [2, {"name": "fixed", "size": 8}, {"name": "free", "size": 1}]})");
  const std::vector<std::pair<std::string, Tensor>> before = net.parameters();
  const TrainInfo info = net.train(Dataset::from({{{0, 0}, {0}}, {{0, 1}, {0.5}}, {{1, 0}, {0.5}}}), options);
  CHECK(info.stop_reason == "errorThreshold");
  const std::vector<std::pair<std::string, Tensor>> after = net.parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    INFO(before[i].first);
    bool same = true;
    for (std::size_t k = 0; k < before[i].second.elements(); ++k)
      same = same && before[i].second.at(k) == after[i].second.at(k);
    CHECK(same == before[i].first.starts_with("fixed."));
  }
}

TEST_CASE("EX-26 the author's minimal JSON runs") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"activation":"tanh","layers":[8,14,9]})");
  CHECK(net.run({1, 2, 3, 4, 5, 6, 7, 8}).size() == 9);
}

TEST_CASE("EX-05 EX-08 EX-09 info says what flows into a layer, what a net is made of and what an iterator does") {
  const auto row = [](const std::string& model, const std::string& place) {
    for (const LayerInfo& layer : NeuralNetwork::from_json(model, {.json5 = true}).info().layers)
      if (layer.place == place) return layer;
    FAIL("no row " << place);
    return LayerInfo();
  };
  const std::string pipes = R"({layers: [{name: "input", size: 8}, 8, 10, {size: 4, pipes: [{size: 16, to: ["input", 1]}]}]})";
  CHECK(row(pipes, "1").note == "takes input (8), pipe 3/0 of the run before by way of input (16), pipe 3/0 of the run before (16)");
  CHECK(row(pipes, "3/0").note == "in the next run to input, layer 1, keeps 16 values");
  CHECK(row("{layers: [3, 4, {size: 2, to: [1]}]}", "1").note == "takes the input layer (3), the output layer of the run before (2)");
  const std::string nets = R"({layers: [8, 8, {type: "net", net: {layers: [8, 5, {name: "last", size: 8}]}}, 2]})";
  CHECK(row(nets, "2 > 0").note == "from what flows into the net");
  CHECK(row(nets, "2").parameters == 8 * 5 + 5 + 5 * 8 + 8);
  const LayerInfo last = row(nets, "2 > 2");
  CHECK(last.inner);
  CHECK(last.name == "last");
  CHECK(last.parameters == 5 * 8 + 8);
  CHECK(last.output == Shape{8});
  const std::string piped = R"({layers: [4, {type: "net", net: {layers: [4, 5, {size: 3, pipes: [{size: 2, to: [1]}]}]}}]})";
  CHECK(row(piped, "output > 2").parameters == 5 * 3 + 3);
  CHECK(row(piped, "output > 2/0").parameters == 5 * 2 + 2);
  CHECK(row(piped, "output > 2/0").note == "to layer 1 of this net");
  const std::string diffusion = R"({layers: [{type: "iterator", steps: {from: 999, to: 0, step: -1}, state: [{name: "x", pipeFrom: "initial_noise", size: 2}],
    net: {layers: [{name: "x_input", pipeFrom: "x"}, {name: "t_input", pipeFrom: "iterator:step"}, {size: 32, activation: "relu"},
                   {size: 2, to: "predicted_noise"}, {type: "ddpmUpdateStep", noise: "predicted_noise", to: "x"}]}}]})";
  CHECK(row(diffusion, "input").name == "initial_noise");
  CHECK(row(diffusion, "output").note == "1000 steps, iterator:step from 999 to 0, the state x goes from step to step and starts as initial_noise, gives x of the last step, "
                                       "its layers stand below, counted here");
  CHECK(row(diffusion, "output > 0").output == Shape{2});
  CHECK(row(diffusion, "output > 3").note == "to predicted_noise");
  CHECK(row(diffusion, "output > 1").note == "from iterator:step");
  CHECK(row(diffusion, "output > 4").note == "x from the state x, noise from predicted_noise, t from iterator:step, to the state x of the next step");
  CHECK(row(diffusion, "output > 4").output == Shape{2});
  CHECK(NeuralNetwork::from_json(diffusion, {.json5 = true}).info().run_bytes < 1000);  // not the states of all steps
  const std::string text = NeuralNetwork::from_json(diffusion, {.json5 = true}).inspect();
  CHECK(text.find("each step of %") != std::string::npos);
  CHECK(text.find("\\n") == std::string::npos);
}

TEST_CASE("EX-06 EX-07 info and inspect say what a history keeps, where it goes and what the cell sees of it") {
  const std::string pipe = R"({"dataType":"fp32","activation":"tanh","layers":[{"name":"input","pipes":[{"name":"rgb","size":3,"history":2,"historyTo":["input"]},
    {"name":"coordinates","size":2}]},{"connections":"all-to-all","type":"gru","size":3},18,3]})";
  const std::string itself = R"({"dataType":"fp32","activation":"tanh","layers":[{"name":"input","size":3,"history":2,"historyTo":["input"]},{"type":"gru","size":3},18,3]})";
  const struct {
    std::string model, kept, seen, state;
    std::int64_t width;
  } all[] = {{pipe, "its values of the last 2 runs to input, keeps 6 values",
              "takes rgb (3), coordinates (2), rgb of the last 2 runs by way of input (6), keeps 3 values", "\"rgb.history\" fp32[1, 6]", 11},
             {itself, "its values of the last 2 runs to input, keeps 6 values",
              "takes input (3), input of the last 2 runs (6), keeps 3 values", "\"input.history\" fp32[1, 6]", 9}};
  for (const auto& one : all) {
    const NeuralNetwork net = NeuralNetwork::from_json(one.model);
    const NetworkInfo info = net.info();
    std::string notes;
    for (const LayerInfo& layer : info.layers) notes += layer.note + "\n";
    CHECK(notes.find(one.kept + "\n") != std::string::npos);
    CHECK(notes.find(one.seen + "\n") != std::string::npos);
    const std::string text = net.inspect();
    CHECK(text.find("state %") != std::string::npos);
    CHECK(text.find(one.state) != std::string::npos);
    CHECK(text.find("\"1.weights\" fp32[" + std::to_string(one.width) + ", 9] trainable") != std::string::npos);
  }
}

TEST_CASE("EX-05 EX-08 inspect leaves out how codes become numbers, counts equal kernels and names layers") {
  const NeuralNetwork net = NeuralNetwork::from_json(R"({"dataType": "u8", "layers": [{"name": "input", "size": 8}, 8, 10,
    {"size": 4, "pipes": [{"size": 16, "to": ["input", 1]}]}]})");
  const auto lines_with = [](const std::string& text, const std::string& part) {
    std::istringstream lines(text);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find(part) != std::string::npos;
    return count;
  };
  const std::string text = net.inspect(), passes = net.inspect(true);
  CHECK(lines_with(text, "= core#cast(") == 4);  // of the inputs and outputs, to codes and back
  CHECK(lines_with(text, "  cast -> ") == 4);
  CHECK(lines_with(text, "x cast on cpu") == 1);
  CHECK(lines_with(text, " is 1.weights, ") == 1);
  CHECK(lines_with(text, "scale of") == 0);
  CHECK(lines_with(passes, "  cast -> ") == 4 + 8);
  CHECK(lines_with(passes, "are left out here") == 0);
  // What rounds the outputs belongs to their layer, not to the pipe that was computed before it.
  const std::size_t layer = text.find("\nnodes:");
  REQUIRE(layer != std::string::npos);
  CHECK(lines_with(text.substr(layer), "/layers/3/pipes/0") == 1);
}
