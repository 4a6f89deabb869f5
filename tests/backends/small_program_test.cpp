// Small programs against the same kernels one by one: training steps of small networks must give the same bytes.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>

#include "compiler/passes.h"
#include "core/ir/text.h"
#include "core/model/model.h"
#include "network/flat_graph.h"
#include "support/run_graph.h"
#include "training/step_graph.h"

using namespace webai;
using namespace webai::test;

namespace {

std::unique_ptr<Device> device_without_small_programs() {
  KernelTable table = cpu::kernels();
  table.whole = nullptr;
  return make_host_device(context(), {"cpu", "cpu", "", {}, 0, true}, {std::move(table), reference::kernels()});
}

struct Case {
  std::string model;
  std::string optimizer;
  bool labels;
  std::int64_t batch;
};

/// One training step of the model as a graph.
Graph step_of(const Case& test) {
  const Model model = parse_model(context(), registry(), test.model);
  BuildOptions build;
  build.fill = false;
  build.training = true;
  const BuiltModel built = build_model(context(), registry(), model, build);
  const Graph forward =
      specialise(context(), registry(), flat_graph(context(), registry(), built, {.training = true}), {{0, test.batch}});
  std::vector<std::string> names;
  for (const BuiltParameter& parameter : built.parameters) names.push_back(parameter.name);
  TrainOptions options;
  options.optimizer = test.optimizer;
  options.momentum = 0.1;
  const MeasureRequest request{test.labels ? Measure::cross_entropy : Measure::mean_square, test.labels, test.labels};
  return training_step(context(), registry(), forward, request, options, names).graph;
}

/// Everything that `steps` steps leave in the slots, and the report.
struct Outcome {
  std::vector<Tensor> slots;
  std::string report;
};
Outcome train(Device& device, const Graph& graph, std::size_t steps, bool varying_rate) {
  Device* const devices[] = {&device};
  CompileOptions options;
  options.training = true;
  const std::unique_ptr<Executable> executable = compile(context(), registry(), graph, devices, options);
  Outcome outcome;
  outcome.report = executable->report();
  std::vector<std::unique_ptr<Buffer>> buffers;
  std::vector<Binding> bindings;
  std::uint64_t seed = 0;
  for (const Slot& slot : executable->slots()) {
    const ValueId id = slot.role == Slot::output ? graph.output(slot.name) : graph.find(slot.name);
    const ValueType& type = graph.value(id).type;
    const bool each = slot.role == Slot::input && (slot.name != learning_rate_name || varying_rate);
    const bool streamed = each || slot.role == Slot::output;
    Tensor values(context(), type.type,
                  streamed ? type.shape.inserted(0, static_cast<std::int64_t>(steps)) : type.shape);
    if (slot.role != Slot::output) {
      const bool label = type.type == DType::i32;
      // Optimizers keep squares: nothing below zero.
      const double low = slot.role == Slot::state ? 0.1 : label ? 0 : slot.name == learning_rate_name ? 0.01 : -1;
      values = random_tensor(type.type, values.shape(), low,
                             label                             ? 2.9
                             : slot.name == learning_rate_name ? 0.2
                                                               : 1,
                             ++seed);
    }
    outcome.slots.push_back(values);
    buffers.push_back(std::make_unique<HostWindow>());
    static_cast<HostWindow&>(*buffers.back()).look_at(values.data(), values.bytes());
    bindings.push_back({buffers.back().get(), 0, streamed ? static_cast<std::ptrdiff_t>(slot.bytes) : 0});
  }
  executable->run(bindings, steps);
  return outcome;
}

}  // namespace

TEST_CASE("small programs have the bits of their kernels one by one") {
  const Case cases[] = {
      {R"({"layers": [2, 3, 1], "activation": "tanh"})", "sgd", false, 1},
      {R"({"layers": [2, 3, 1], "activation": "tanh"})", "sgd", false, 4},
      {R"({"layers": [4, 8, 5, 3], "activation": "relu"})", "adam", false, 1},
      {R"({"layers": [4, {"size": 7, "activation": "sigmoid"}, {"size": 3, "activation": "softmax"}]})", "adamw", true,
       5},
      {R"({"layers": [1, {"size": 2, "activation": "gauss"}, {"size": 2, "bias": false}, 2]})", "rmsprop", false, 3},
      {R"({"layers": [1, 1, 1], "activation": "sin"})", "adagrad", false, 1},
  };
  const auto small = cpu_device(context()), plain = device_without_small_programs();
  for (const Case& test : cases) {
    for (const bool varying_rate : {false, true}) {
      INFO(test.model << " by " << test.optimizer << ", batch " << test.batch
                      << (varying_rate ? ", a rate per step" : ""));
      const Graph graph = step_of(test);
      const Outcome one = train(*small, graph, 7, varying_rate), other = train(*plain, graph, 7, varying_rate);
      CHECK(one.report.find("one list of instructions") != std::string::npos);
      CHECK(other.report.find("one list of instructions") == std::string::npos);
      REQUIRE(one.slots.size() == other.slots.size());
      for (std::size_t i = 0; i < one.slots.size(); ++i) {
        INFO("slot " << i);
        CHECK(std::isfinite(one.slots[i].at(one.slots[i].elements() - 1)));  // else anything would look the same
        CHECK(std::memcmp(one.slots[i].data(), other.slots[i].data(), one.slots[i].bytes()) == 0);
      }
    }
  }
}

TEST_CASE("small programs have the bits of their kernels up to the size where their memory is full") {
  const auto small = cpu_device(context()), plain = device_without_small_programs();
  for (const char* optimizer : {"sgd", "adam", "adamax", "adadelta", "rmsprop"})
    for (const std::int64_t batch : {1, 4}) {
      int fitting = 0, width = 1;
      // The last ones that fit fill the memory to its end.
      for (bool fits = true; fits && width < 40; ++width) {
        const std::string n = std::to_string(width);
        const Graph graph = step_of({R"({"activation": "tanh", "layers": [4, )" + n + ", " + n + ", " + n + ", 2]}", optimizer, false, batch});
        const Outcome one = train(*small, graph, 3, false);
        fits = one.report.find("one list of instructions") != std::string::npos;
        if (!fits) break;
        ++fitting;
        const Outcome other = train(*plain, graph, 3, false);
        INFO(optimizer << ", batch " << batch << ", width " << width);
        for (std::size_t i = 0; i < one.slots.size(); ++i)
          CHECK(std::memcmp(one.slots[i].data(), other.slots[i].data(), one.slots[i].bytes()) == 0);
      }
      CHECK(fitting >= 4);
      CHECK(width < 40);
    }
}

TEST_CASE("a chain in a small program reads a state before it writes it") {
  // s is written by the first step of the chain, and read again by the second.
  const Graph graph = parse_graph(context(), R"(input %0 "x" fp32[1, 4]
parameter %1 "w" fp32[4, 4] trainable
state %2 "s" fp32[1, 4]
%3: fp32[1, 4] = core#matmul(%0, %1) {transposeA: false, transposeB: false}
%4: fp32[1, 4] = core#add(%3, %2)
%5: fp32[1, 4] = core#mul(%4, %2)
%6: fp32[1, 4] = core#matmul(%5, %1) {transposeA: false, transposeB: true}
%7: fp32[1, 4] = core#matmul(%6, %1) {transposeA: false, transposeB: false}
output "y" %7
write %2 <- %4
)",
                                  [](std::string_view name) -> const Operator& { return registry().get(name); });
  const auto small = cpu_device(context()), plain = device_without_small_programs();
  const Outcome one = train(*small, graph, 3, false), other = train(*plain, graph, 3, false);
  CHECK(one.report.find("one list of instructions") != std::string::npos);
  for (std::size_t i = 0; i < one.slots.size(); ++i)
    CHECK(std::memcmp(one.slots[i].data(), other.slots[i].data(), one.slots[i].bytes()) == 0);
}

TEST_CASE("programs that are too large or too short for one list stay as they are") {
  const auto small = cpu_device(context());
  const Case wide{R"({"layers": [100, 100, 1], "activation": "tanh"})", "sgd", false, 1};
  CHECK(train(*small, step_of(wide), 1, false).report.find("one list of instructions") == std::string::npos);
}
