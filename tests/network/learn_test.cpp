// Networks learn, and with the same seed they learn the same bits.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>
#include <tuple>

#include "core/base/memory_source.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "support/small_training.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

Dataset xor_data() { return Dataset::sample("xor"); }

std::vector<std::byte> bytes_with_output(NeuralNetwork& net) {
  std::vector<std::byte> bytes = bytes_of(net);
  const Output output = net.run(std::vector<double>(net.input_size(), 0.25));
  const auto* data = static_cast<const std::byte*>(output.tensor().data());
  bytes.insert(bytes.end(), data, data + output.tensor().bytes());
  return bytes;
}

}  // namespace

TEST_CASE("XOR is learned in a few lines") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  const TrainInfo info = net.train(xor_data(), {.max_iterations = 20000, .error_threshold = 0.5});
  CHECK(info.stop_reason == "errorThreshold");
  CHECK(info.error_percent <= 0.5);
  CHECK(net.run({1, 0})[0] > 0.8);
  CHECK(net.run({1, 1})[0] < 0.2);
  // How long it took is told in milliseconds.
  const auto start = std::chrono::steady_clock::now();
  TrainOptions slow{.max_iterations = 1};
  slow.progress = [](const Progress&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  const double took = net.train(xor_data(), slow).elapsed_ms;
  CHECK(took >= 20);
  CHECK(took <= std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
}

TEST_CASE("the same network learns on the reference and on the cpu, close to one another") {
  NeuralNetwork cpu = NeuralNetwork::from_json(xor_model, {.device = "cpu"});
  NeuralNetwork judge = NeuralNetwork::from_json(xor_model, {.device = "reference"});
  cpu.train(xor_data(), {.max_iterations = 50});
  judge.train(xor_data(), {.max_iterations = 50});
  CHECK(cpu.run({1, 0})[0] == Approx(judge.run({1, 0})[0]).epsilon(1e-4));
}

TEST_CASE("weights after 100 steps are the same bits for 1, 2 and 4 threads, and from run to run") {
  // Small steps, which no thread is asked to help with, and large ones, which are shared.
  const std::tuple<const char*, std::size_t, bool> cases[] = {
      {R"({"layers": [64, {"size": 48, "activation": "tanh"}, {"size": 10, "activation": "softmax"}]})", 32, false},
      {R"({"layers": [64, {"size": 512, "activation": "tanh"}, {"size": 10, "activation": "softmax"}]})", 160, true},
      {R"({"layers": [{"size": [8, 8, 1]}, {"type": "conv2d", "filters": 16, "kernelSize": 3, "activation": "relu"},
          {"type": "conv2d", "filters": 16, "kernelSize": 3, "activation": "relu"}, {"type": "maxPool2d", "poolSize": 2},
          {"type": "dropout", "rate": 0.2}, {"size": 10, "activation": "softmax"}]})", 160, true}};
  for (const auto& [model, batch, shares] : cases) {
    std::vector<std::byte> first;
    for (const std::size_t threads : {1, 2, 4, 1}) {
      const auto executor = std::make_shared<CountingExecutor>(threads);
      const Context context = with_executor(executor);
      Tensor inputs(context, DType::fp32, Shape{320, 64}), labels(context, DType::i32, Shape{320});
      for (std::size_t i = 0; i < inputs.elements(); ++i) inputs.set(i, static_cast<double>((i * 7919) % 257) / 257);
      for (std::size_t i = 0; i < labels.elements(); ++i) labels.set(i, static_cast<double>(i % 10));
      NeuralNetwork net = NeuralNetwork::from_json(model, context);
      net.train(Dataset::from(inputs, labels).shuffle().batch(batch), {.max_iterations = batch * 100 / 320, .learning_rate = 0.05});
      CHECK((executor->shared > 0) == (shares && threads > 1));
      const std::vector<std::byte> bytes = bytes_with_output(net);
      if (first.empty()) first = bytes;
      CHECK(bytes == first);
    }
  }
}

TEST_CASE("A-21 a model without layers gets them from the data that it is trained on first, and cannot run before") {
  const Context context = one_thread();
  NeuralNetwork net = NeuralNetwork::from_json("{}", context), copy = net;
  CHECK(net.input_size() == 0);
  CHECK_FALSE(net.is_training());
  CHECK(reason_of([&] { net.run({1, 0}); }) == "NOT_BUILT");
  CHECK(reason_of([&] { net.verify(xor_data()); }) == "NOT_BUILT");
  CHECK(reason_of([&] { (void)net.to_json(); }) == "NOT_BUILT");
  net.stop_training();
  const TrainOptions options{.max_iterations = 20000, .error_threshold = 0.5};
  CHECK(net.train(xor_data(), options).stop_reason == "errorThreshold");
  NeuralNetwork told = NeuralNetwork::from_json(R"({"activation": "sigmoid", "layers": [2, 3, 1]})", context);
  told.train(xor_data(), options);
  CHECK(bytes_with_output(net) == bytes_with_output(told));
  CHECK(copy.run({1, 0})[0] > 0.5);  // the same network
  NeuralNetwork again = NeuralNetwork::from_json(net.to_json(), context);
  CHECK(again.run({1, 0})[0] == net.run({1, 0})[0]);
  // An output for each class, what the model says beside its layers, and a start from the seed.
  Tensor inputs(context, DType::fp32, Shape{6, 8}), labels(context, DType::i32, Shape{6});
  for (std::size_t i = 0; i < 6; ++i) labels.set(i, static_cast<double>(i % 3));
  NeuralNetwork classes = NeuralNetwork::from_json(R"({"activation": "tanh", "dataType": "fp64"})", context, {.seed = 4});
  classes.build_for(Dataset::from(inputs, labels));
  CHECK(classes.input_size() == 8);
  CHECK(classes.output_size() == 3);
  CHECK(classes.info().layers[1].output == Shape{4});
  NeuralNetwork said = NeuralNetwork::from_json(R"({"activation": "tanh", "dataType": "fp64", "layers": [8, 4, 3]})", context, {.seed = 4});
  CHECK(bytes_of(classes) == bytes_of(said));
  NeuralNetwork linear = NeuralNetwork::from_json(R"({"activation": null})", context);
  linear.build_for(Dataset::from(inputs, labels));
  CHECK(linear.info().layers[1].activation.empty());  // none is one that was said
  CHECK(reason_of([&] { NeuralNetwork::from_json("{}", context).train(Dataset::text("abc")); }) == "NOT_BUILT");
  CHECK(reason_of([&] { NeuralNetwork::from_json("{}", context).train(Dataset()); }) == "EMPTY_DATA");
}

TEST_CASE("another seed gives other weights") {
  NeuralNetwork one = NeuralNetwork::from_json(xor_model), two = NeuralNetwork::from_json(xor_model, {.seed = 5});
  CHECK(bytes_with_output(one) != bytes_with_output(two));
}

TEST_CASE("every optimizer learns") {
  for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop", "adagrad"}) {
    NeuralNetwork net = NeuralNetwork::from_json(xor_model);
    const double rate = std::string(optimizer) == "sgd" ? 0.3 : std::string(optimizer) == "adagrad" ? 0.3 : 0.03;
    const TrainInfo info = net.train(xor_data(), {.max_iterations = 3000, .error_threshold = 1, .learning_rate = rate, .optimizer = optimizer});
    INFO(optimizer);
    CHECK(info.stop_reason == "errorThreshold");
  }
}

TEST_CASE("training stops for each of its reasons") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  CHECK(net.train(xor_data(), {.max_iterations = 3}).stop_reason == "maxIterations");
  CHECK(net.train(xor_data(), {.max_iterations = 3}).iterations == 3);
  CHECK(net.train(xor_data(), {.timeout = 20}).stop_reason == "timeout");
  std::thread other([&] {
    while (!net.is_training()) std::this_thread::yield();
    net.stop_training();
  });
  CHECK(net.train(xor_data()).stop_reason == "stopTraining");
  other.join();
  // Also while held-out samples are measured, which have no end here, and from the function that is told of progress.
  std::atomic<int> read = 0;
  const Item sample{Tensor(net.context(), DType::fp32, Shape{2}), Tensor(net.context(), DType::fp32, Shape{1})};
  TrainOptions measuring;
  measuring.validation = Dataset::from([&](std::uint64_t, Item& item) {
    item = sample;
    if (++read == 1000) net.stop_training();
    return true;
  });
  CHECK(net.train(xor_data(), measuring).stop_reason == "stopTraining");
  TrainOptions telling{.max_iterations = 100};
  telling.progress = [&](const Progress&) { net.stop_training(); };
  const TrainInfo told = net.train(xor_data(), telling);
  CHECK(told.stop_reason == "stopTraining");
  CHECK(told.iterations < 100);
  CHECK_FALSE(net.is_training());
  CHECK(net.train(xor_data(), {.max_iterations = 3}).iterations == 3);
  std::stop_source source;
  source.request_stop();
  try {
    net.train(xor_data(), {}, source.get_token());  // {}: the options left out
    FAIL("not cancelled");
  } catch (const Error& error) {
    CHECK(error.code() == Code::cancelled);
  }
}

TEST_CASE("TRAIN-09 training that is told no end goes on until it is stopped") {
  const Dataset data = Dataset::from({{{1}, {0}}, {{1}, {1}}});  // which cannot be learned
  for (const bool watched : {false, true}) {  // samples held out are no condition
    INFO(watched);
    NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [1, 1]})");
    TrainOptions options;
    if (watched) options.validation = data;
    const std::uint64_t enough = watched ? 3000 : 30000;  // other libraries end by themselves after 20000
    std::uint64_t bound = 0;
    options.progress = [&](const Progress& news) {
      bound = std::max(bound, news.max_iterations);
      if (news.iteration == enough) net.stop_training();
    };
    const TrainInfo info = net.train(data, options);
    CHECK(info.stop_reason == "stopTraining");
    CHECK(info.iterations >= enough);
    CHECK(bound == 0);
  }
}

TEST_CASE("A-46 while a network trains it runs, and a second training is BUSY") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model);
  std::thread trainer([&] { net.train(xor_data(), TrainOptions{}); });
  while (!net.is_training()) std::this_thread::yield();
  for (int i = 0; i < 50; ++i) CHECK(std::isfinite(net.run({1, 0})[0]));
  CHECK(net.to_json().find("setup") != std::string::npos);
  try {
    net.train(xor_data(), TrainOptions{});
    FAIL("trained twice");
  } catch (const Error& error) {
    CHECK(error.code() == Code::busy);
  }
  net.stop_training();
  trainer.join();
  // A training of the program's own is one as well.
  const Context context = with_threads(1);
  int begun = 0;
  define_train(context, {.name = "own"}, [&](InternalModel&, const Dataset&, const TrainOptions&, ControlSignal&) {
    ++begun;
    return TrainInfo();
  });
  NeuralNetwork other = NeuralNetwork::from_json(xor_model, context);
  const double before = other.run({1, 0})[0];
  TrainingSession session(other, xor_data(), {.max_iterations = 1000});
  TrainOptions own;
  own.type = "own";
  CHECK(reason_of([&] { other.train(xor_data(), own); }) == "BUSY");
  CHECK(begun == 0);
  CHECK(other.is_training());
  // Between two steps all see the weights of the last finished one.
  while (other.run({1, 0})[0] == before) REQUIRE(session.advance());
  const double now = other.run({1, 0})[0];
  CHECK(NeuralNetwork::from_json(other.to_json(), context).run({1, 0})[0] == now);
  CHECK(NeuralNetwork::from_json(other.to_json(), context).verify(xor_data()).error == other.verify(xor_data()).error);
}

TEST_CASE("toTrain and toSkip choose layers, and unknown names are refused") {
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"name": "hidden", "size": 3}, 1], "activation": "tanh"})");
  const auto before = net.parameters();
  net.train(xor_data(), {.max_iterations = 5, .to_skip = {"hidden"}});
  const auto after = net.parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool same = std::memcmp(before[i].second.data(), after[i].second.data(), before[i].second.bytes()) == 0;
    CHECK(same == before[i].first.starts_with("hidden."));
  }
  try {
    net.train(xor_data(), {.max_iterations = 1, .to_train = {"hiden"}});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.hint().find("hidden") != std::string::npos);
  }
  try {
    net.train(xor_data(), {.max_iterations = 1, .to_skip = {"hiden"}});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.path() == "toSkip");
    CHECK(error.hint().find("hidden") != std::string::npos);
  }
  // The name of a net means all in it.
  NeuralNetwork whole = NeuralNetwork::from_json(R"({"layers": [2, {"name": "part", "type": "net", "net": {"layers": [2, 3, {"name": "q", "size": 2}]}}, 1]})");
  const auto old = whole.parameters();
  whole.train(xor_data(), {.max_iterations = 3, .to_skip = {"part"}});
  const auto now = whole.parameters();
  for (std::size_t i = 0; i < old.size(); ++i)
    CHECK((std::memcmp(old[i].second.data(), now[i].second.data(), old[i].second.bytes()) == 0) == old[i].first.starts_with("part/"));
  CHECK_THROWS_AS(whole.train(xor_data(), {.max_iterations = 1, .to_skip = {"par"}}), Error);
  // A layer of a net is named behind its net.
  NeuralNetwork outer = NeuralNetwork::from_json(R"({"activation": "tanh", "layers": [2,
      {"name": "body", "type": "net", "net": {"activation": "tanh", "layers": [2, {"name": "inside", "size": 3}, 2]}}, 1]})");
  const auto first = outer.parameters();
  outer.train(xor_data(), {.max_iterations = 5, .to_skip = {"body/inside"}});
  const auto then = outer.parameters();
  for (std::size_t i = 0; i < first.size(); ++i) {
    CAPTURE(first[i].first);
    const bool same = std::memcmp(first[i].second.data(), then[i].second.data(), first[i].second.bytes()) == 0;
    CHECK(same == first[i].first.starts_with("body/inside."));
  }
}

TEST_CASE("values that blow up end training with the step, the layer and a hint") {
  const Context context = with_threads(1);
  Tensor inputs(context, DType::fp32, Shape{16, 4}), outputs(context, DType::fp32, Shape{16, 1});
  for (std::size_t i = 0; i < inputs.elements(); ++i) inputs.set(i, 200);
  for (std::size_t i = 0; i < outputs.elements(); ++i) outputs.set(i, 1e4);
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [4, 3, 1]})", context);
  try {
    net.train(Dataset::from(inputs, outputs), {.max_iterations = 1000, .learning_rate = 0.3});
    FAIL("did not blow up");
  } catch (const Error& error) {
    CHECK(error.reason() == "NOT_A_NUMBER");
    CHECK(error.path() == "/layers/1");
    CHECK(error.message().find("step") != std::string::npos);
    CHECK(error.hint().find("auto") != std::string::npos);
  }
}

TEST_CASE("weights that overflow in the last step are no result, unless better ones were kept") {
  const auto train = [](const TrainOptions& options) {
    NeuralNetwork net = NeuralNetwork::from_json(xor_model, with_threads(1));
    try {
      net.train(xor_data().batch(4), options);
    } catch (const Error& error) {
      CHECK(error.reason() == "NOT_A_NUMBER");
      CHECK(error.message() == "training stopped at step 1: the weights are no numbers (layer 1 overflowed)");
      return false;
    }
    NeuralNetwork::from_json(net.to_json());  // what is saved can be read
    return true;
  };
  CHECK_FALSE(train({.max_iterations = 1, .learning_rate = 1e300}));
  CHECK(train({.max_iterations = 1, .learning_rate = 0.3}));
}

TEST_CASE("words as labels that mean other classes than those learned are refused, unless the model names its labels") {
  const auto table = [](const char* name, const char* text) {
    return Dataset::csv(DataFile(name, [=] { return std::make_unique<MemorySource>(name, std::string(text)); }), {.target = {"2"}});
  };
  const Dataset all = table("all.csv", "0,low\n1,mid\n2,top\n"), some = table("some.csv", "1,mid\n2,top\n");
  const std::string start = R"({"layers": [1, {"size": 3, "activation": "softmax"}])";
  NeuralNetwork nameless = NeuralNetwork::from_json(start + "}", with_threads(1));
  TrainOptions options{.max_iterations = 1};
  CHECK(nameless.train(all, options).iterations == 1);
  CHECK(nameless.verify(all).samples == 3);
  const auto refused = [](auto call) {
    try {
      call();
      return std::string();
    } catch (const Error& error) {
      CHECK(error.reason() == "LABEL");
      return error.actual();
    }
  };
  CHECK(refused([&] { nameless.verify(some); }) == "\"mid\", \"top\"");
  options.validation = some;
  CHECK(refused([&] { nameless.train(all, options); }) == "\"mid\", \"top\"");
  NeuralNetwork named = NeuralNetwork::from_json(
      start + R"(, "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["low", "mid", "top"]}}}})", with_threads(1));
  CHECK(named.train(all, options).iterations == 1);
  CHECK(named.verify(some).confusion[0] == std::vector<std::uint64_t>{0, 0, 0});
  // A word that is none of them is told with its file and the first row that has it.
  const Error odd = error_of([&] { named.verify(table("odd.csv", "0,low\n1,mid\n2,tip\n3,tip\n")); });
  CHECK(odd.path() == "odd.csv:3");
  CHECK(odd.expected() == "one of: low, mid, top");
  CHECK(odd.actual() == "\"tip\"");
  CHECK(odd.hint() == "did you mean \"top\"?");
  const char* const pairs = R"([[0, "low"], [1, null], "RESET", [2, "tip"], [3, "tip"]])";
  const DataFile file("odd.json", [=] { return std::make_unique<MemorySource>("odd.json", std::string(pairs)); });
  CHECK(error_of([&] { named.verify(Dataset::json(file)); }).path() == "odd.json: sample 2");
}

TEST_CASE("normalize auto learns from the data, and is saved as what it learned") {
  const Context context = with_threads(1);
  Tensor inputs(context, DType::fp32, Shape{64, 2}), outputs(context, DType::fp32, Shape{64, 1});
  for (std::size_t i = 0; i < 64; ++i) {
    inputs.set(2 * i, 1000 + static_cast<double>(i));
    inputs.set(2 * i + 1, i % 2 ? 255 : 0);
    outputs.set(i, static_cast<double>(i) / 64);
  }
  NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"size": 4, "activation": "tanh"}, 1], "io": {"input": {"normalize": "auto"}}})", context);
  const TrainInfo info = net.train(Dataset::from(inputs, outputs), {.max_iterations = 300, .learning_rate = 0.05});
  CHECK(info.error < 0.01);
  NeuralNetwork again = NeuralNetwork::from_json(net.to_json(), context);
  CHECK(again.run({1030, 255})[0] == Approx(net.run({1030, 255})[0]).epsilon(1e-5));
}

TEST_CASE("a stop and a timeout hold while normalisation is learned") {
  const std::string text = R"({"layers": [1, 1], "io": {"input": {"normalize": "auto"}}})";
  NeuralNetwork net = NeuralNetwork::from_json(text, with_threads(1));
  const std::string untouched = net.to_json();
  std::uint64_t read = 0;
  const Item sample{Tensor(net.context(), DType::fp32, Shape{1}), Tensor(net.context(), DType::fp32, Shape{1})};
  const auto endless = [&](std::uint64_t stop_at) {
    const auto next = [&, stop_at](std::size_t, Item& item) {
      if (++read == stop_at) net.stop_training();
      item = sample;
      return true;
    };
    return Dataset::from(next).shuffle(std::size_t{1} << 22);  // filled in seconds
  };
  CHECK(net.train(endless(100)).stop_reason == "stopTraining");
  CHECK(read < 100000);
  CHECK(net.to_json() == untouched);
  const TrainInfo late = net.train(endless(0), {.timeout = 30});
  CHECK(late.stop_reason == "timeout");
  CHECK(late.samples == 0);
  CHECK(net.train(Dataset::from({{{1000}, {1}}, {{1002}, {0}}}), {.max_iterations = 1}).samples == 2);
  CHECK(net.to_json() != untouched);
}

TEST_CASE("a progress function may use the network that trains") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model, with_threads(1));
  int calls = 0;
  TrainOptions options{.max_iterations = 3};
  options.progress = [&](const Progress&) {
    ++calls;
    CHECK(std::isfinite(net.run({1, 0})[0]));
    CHECK(net.verify(xor_data()).samples == 4);
    CHECK_FALSE(net.to_json().empty());
    net.apply_gradients(net.compute_gradients(xor_data()), {.scale = 0});
    for (const auto& [name, value] : net.parameters()) net.set_parameter(name, value);
    CHECK_THROWS_AS(net.train(xor_data()), Error);
  };
  net.train(xor_data(), options);
  CHECK(calls >= 3);
}

TEST_CASE("a function of the data may use the network that trains, also on the thread that fetches ahead") {
  const int prefetch = GENERATE(0, 4);
  NeuralNetwork net = NeuralNetwork::from_json(xor_model, with_threads(1));
  const Dataset data = xor_data().map([net](const Item& item) mutable {
    net.run({1, 0});
    return item;
  }).prefetch(static_cast<std::size_t>(prefetch));
  CHECK(net.train(data, {.max_iterations = 3}).iterations == 3);
  CHECK(net.verify(data).samples == 4);
}

TEST_CASE("training ends while data are read: by its timeout, by a stop and by a token") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model, with_threads(1));
  std::atomic<int> read = 0;
  const Item sample{Tensor(net.context(), DType::fp32, Shape{2}), Tensor(net.context(), DType::fp32, Shape{1})};
  const Dataset endless = Dataset::from([&read, sample](std::uint64_t, Item& item) {
    item = sample;
    ++read;
    return true;
  });
  const std::size_t prefetch = GENERATE(0u, 2u);
  const Dataset data = endless.shuffle(std::size_t{1} << 30).prefetch(prefetch);  // never full
  CHECK(net.train(data, {.timeout = 50}).stop_reason == "timeout");
  const auto when_reading = [&](auto act) {
    const int before = read;
    return std::thread([&read, before, act] {
      while (read < before + 100) std::this_thread::yield();
      act();
    });
  };
  std::thread stopper = when_reading([&] { net.stop_training(); });
  CHECK(net.train(data, TrainOptions{}).stop_reason == "stopTraining");
  stopper.join();
  std::stop_source source;
  std::thread canceller = when_reading([&] { source.request_stop(); });
  CHECK_THROWS_AS(net.train(data, TrainOptions{}, source.get_token()), Error);
  canceller.join();
  CHECK_FALSE(net.is_training());
}

TEST_CASE("verify and compute_gradients see one moment of the weights, whatever comes between their blocks") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model, with_threads(1));
  const double before = net.verify(xor_data(), {.batch_size = 1}).error;
  const Gradients gradients = net.compute_gradients(xor_data(), {.batch_size = 1});
  const auto kept = net.parameters();
  const auto meddling = [&] {
    for (const auto& [name, value] : kept) net.set_parameter(name, value);
    return xor_data().map([net, calls = 0](const Item& item) mutable {
      if (++calls > 1)
        for (const auto& [name, value] : net.parameters()) net.set_parameter(name, Tensor(net.context(), value.type(), value.shape()));
      return item;
    });
  };
  CHECK(net.verify(meddling(), {.batch_size = 1}).error == before);
  const Gradients same = net.compute_gradients(meddling(), {.batch_size = 1});
  CHECK(same.error == gradients.error);
  for (const auto& [name, value] : gradients.gradients)
    CHECK(std::memcmp(value.data(), same.gradients.at(name).data(), value.bytes()) == 0);
}

TEST_CASE("a stop while nothing trains is forgotten") {
  NeuralNetwork net = NeuralNetwork::from_json(xor_model, with_threads(1));
  net.stop_training();
  CHECK(net.train(xor_data(), {.max_iterations = 2}).stop_reason == "maxIterations");
}
