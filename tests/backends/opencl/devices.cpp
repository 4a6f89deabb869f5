// Products, reductions and whole networks on the OpenCL device, alone and together with the CPU.
#include "backends/opencl/support.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// One operator by name on random inputs, on the device alone.
struct Call {
  const char* op;
  std::vector<Shape> shapes;
  Attributes attributes;
};

std::map<std::string, Tensor> run_calls(const std::vector<Call>& calls, Device& device) {
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  std::map<std::string, Tensor> values;
  for (const Call& call : calls) {
    std::vector<Ref> inputs;
    for (const Shape& shape : call.shapes) {
      const std::string name = "x" + std::to_string(values.size());
      values.emplace(name, random_tensor(DType::fp32, shape, -2, 2, values.size()));
      inputs.push_back({graph.add_input(name, {DType::fp32, shape})});
    }
    graph.outputs.push_back({"y" + std::to_string(graph.outputs.size()), builder.emit(call.op, inputs, call.attributes).id});
  }
  return run_graph(graph, device, values);
}

using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("reductions on opencl have the cpu's bits") {
  Device* const device = opencl_device();
  if (!device) return;
  const auto cpu = cpu_device_alone(context());
  const std::vector<Call> calls = {
      {"reduceSum", {Shape{3, 5, 7}}, {{"axes", Integers{1}}}},
      {"reduceSum", {Shape{3, 5000}}, {{"axes", Integers{-1}}}},
      {"reduceSum", {Shape{2, 3, 4, 3}}, {{"axes", Integers{0, 2}}}},
      {"reduceSum", {Shape{}}, {}},
      {"reduceSum", {Shape{3, 0}}, {{"axes", Integers{1}}}},
      {"reduceMean", {Shape{131, 67}}, {}},
      {"reduceMean", {Shape{130, 33}}, {{"axes", Integers{0}}}},
      {"reduceMean", {Shape{2, 0}}, {{"axes", Integers{1}}}},
      {"reduceMax", {Shape{70, 9}}, {{"axes", Integers{0}}}},
      {"reduceMin", {Shape{9, 70}}, {{"axes", Integers{1}}}},
      {"reduceProduct", {Shape{4, 66}}, {{"axes", Integers{1}}}},
      {"sumTo", {Shape{65, 129}}, {{"shape", Integers{129}}}},
      {"sumTo", {Shape{2, 3, 4, 7}}, {{"shape", Integers{1, -1, 1}}}},
      {"broadcastTo", {Shape{1, 4, 1}}, {{"shape", Integers{2, 3, -1, 7}}}},
      {"transpose", {Shape{2, 3, 4}}, {{"permutation", Integers{2, 0, 1}}}},
  };
  const auto expected = run_calls(calls, *cpu), found = run_calls(calls, *device);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string name = "y" + std::to_string(i);
    INFO(calls[i].op << ", call " << i);
    CHECK(first_difference(expected.at(name), found.at(name)) == expected.at(name).elements());
  }
}

TEST_CASE("products on opencl agree with the reference, transposed, batched, of odd and empty sizes") {
  Device* const device = opencl_device();
  if (!device) return;
  const auto judge = reference_device(context());
  const Attributes left{{"transposeA", true}}, right{{"transposeB", true}}, both{{"transposeA", true}, {"transposeB", true}};
  const std::vector<Call> calls = {
      {"matmul", {Shape{1, 1}, Shape{1, 1}}, {}},          {"matmul", {Shape{3, 5}, Shape{5, 7}}, {}},
      {"matmul", {Shape{37, 19}, Shape{19, 45}}, {}},      {"matmul", {Shape{19, 37}, Shape{19, 45}}, left},
      {"matmul", {Shape{37, 19}, Shape{45, 19}}, right},   {"matmul", {Shape{19, 9}, Shape{64, 19}}, both},
      {"matmul", {Shape{3, 0}, Shape{0, 4}}, {}},          {"matmul", {Shape{0, 3}, Shape{3, 4}}, {}},
      {"matmul", {Shape{2, 3, 5, 6}, Shape{3, 6, 4}}, {}}, {"matmul", {Shape{2, 5, 6}, Shape{6, 4}}, {}},
      // read in place: A alone, B alone, both; batched
      {"matmul", {Shape{16, 9}, Shape{9, 33}}, {}},        {"matmul", {Shape{9, 11}, Shape{11, 64}}, {}},
      {"matmul", {Shape{16, 9}, Shape{9, 64}}, {}},        {"matmul", {Shape{9, 24}, Shape{9, 96}}, left},
      {"matmul", {Shape{2, 3, 8, 6}, Shape{3, 6, 32}}, {}}, {"matmul", {Shape{3, 7, 16}, Shape{3, 7, 16}}, left},
  };
  const auto expected = run_calls(calls, *judge), found = run_calls(calls, *device);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Tensor &a = expected.at("y" + std::to_string(i)), &b = found.at("y" + std::to_string(i));
    for (std::size_t e = 0; e < a.elements(); ++e) {
      INFO("call " << i << ", element " << e);
      REQUIRE(std::abs(a.at(e) - b.at(e)) <= 1e-5 * std::max(1.0, std::abs(a.at(e))));
    }
  }
}

TEST_CASE("the chain behind a product runs on opencl") {
  Device* const device = opencl_device();
  if (!device) return;
  const auto cpu = cpu_device(context());
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  std::map<std::string, Tensor> values;
  const auto input = [&](const char* name, const Shape& shape) {
    values.emplace(name, random_tensor(DType::fp32, shape, -1, 1, values.size()));
    return Ref{graph.add_input(name, {DType::fp32, shape})};
  };
  const Ref product = builder.emit("matmul", {input("x", Shape{5, 9}), input("w", Shape{9, 35})});
  const Ref sum = builder.emit("add", {product, input("bias", Shape{35})});
  graph.outputs.push_back({"y", builder.emit("tanh", {sum}).id});
  const auto expected = run_graph(graph, *cpu, values), found = run_graph(graph, *device, values);
  for (std::size_t e = 0; e < expected.at("y").elements(); ++e)
    REQUIRE(found.at("y").at(e) == Approx(expected.at("y").at(e)).margin(1e-6));
}

TEST_CASE("networks train on opencl, with the cpu for what it lacks, as they train on the cpu") {
  if (!opencl_device()) return;
  struct Task {
    const char* model;
    const char* data;
    std::uint64_t iterations;
  };
  const Task tasks[] = {
      {R"({"layers": [2, {"size": 3, "activation": "tanh"}, 1]})", "xor", 60},
      {R"({"layers": [2, {"size": 17, "activation": "relu"}, {"size": 2, "activation": "softmax"}]})", "spirals", 30}};
  for (const Task& task : tasks) {
    INFO(task.model);
    NeuralNetwork cpu = NeuralNetwork::from_json(task.model, {.device = "cpu"});
    NeuralNetwork both = NeuralNetwork::from_json(task.model, {.device = "opencl"});
    const TrainInfo expected = cpu.train(Dataset::sample(task.data), {.max_iterations = task.iterations});
    const TrainInfo found = both.train(Dataset::sample(task.data), {.max_iterations = task.iterations});
    CHECK(found.error == Approx(expected.error).epsilon(1e-3));
    const auto weights = cpu.parameters(), others = both.parameters();
    for (std::size_t p = 0; p < weights.size(); ++p) {
      const Tensor &tensor = weights[p].second, &other = others[p].second;
      for (std::size_t i = 0; i < tensor.elements(); ++i) REQUIRE(other.at(i) == Approx(tensor.at(i)).margin(1e-3));
    }
    CHECK(both.run({1, 0})[0] == Approx(cpu.run({1, 0})[0]).margin(1e-3));
  }
}

TEST_CASE("views, states and results cross from one device to another and back") {
  Device* const device = opencl_device();
  if (!device) return;
  const auto cpu = cpu_device(context());
  // tanh on opencl, cast on the cpu, through reshapes whose origin lies on the other side; a state that both touch.
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  const Ref x{graph.add_input("x", {DType::fp32, Shape{4, 6}})};
  const Ref state{graph.add_state("state", {DType::fp32, Shape{24}})};
  const Ref bent = builder.emit("tanh", {x});
  const Ref flat = builder.emit("reshape", {bent}, {{"shape", Integers{24}}});
  const Ref whole = builder.emit("cumulativeSum", {flat}, {{"axis", std::int64_t{0}}});
  const Ref back = builder.emit("reshape", {whole}, {{"shape", Integers{4, 6}}});
  graph.outputs.push_back({"y", builder.emit("mul", {builder.emit("exp", {bent}), back}).id});
  const Ref next = builder.emit("add", {state, whole});
  graph.outputs.push_back({"z", builder.emit("cumulativeSum", {next}, {{"axis", std::int64_t{0}}}).id});
  graph.writes.push_back({state.id, next.id});
  Device* const both[] = {device, cpu.get()};
  Device* const alone[] = {cpu.get()};
  const Tensor input = random_tensor(DType::fp32, Shape{4, 6}, -1, 1, 1);
  Tensor state_alone = random_tensor(DType::fp32, Shape{24}, -1, 1, 2), state_both = state_alone.clone(context());
  const std::unique_ptr<Executable> executable = compile(context(), registry(), graph, both);
  INFO(executable->report());
  CHECK(executable->report().find("on opencl") != std::string::npos);
  CHECK(executable->report().find("on cpu") != std::string::npos);
  for (int round = 0; round < 2; ++round) {
    const auto expected = run_graph(context(), graph, alone, {{"x", input}, {"state", state_alone}});
    const auto found = run_graph(context(), graph, both, {{"x", input}, {"state", state_both}});
    for (const auto& [name, tensor] : expected) {
      INFO(name);
      CHECK(first_difference(tensor, found.at(name)) == tensor.elements());
    }
    CHECK(first_difference(state_alone, state_both) == 24);
  }
}

TEST_CASE("inspect names each node's device and why, and the transfers") {
  if (!opencl_device()) return;
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"layers": [2, {"size": 3, "activation": "tanh"}, {"size": 2, "activation": "softmax"}]})", {.device = "opencl"});
  const std::string text = net.inspect(false, 4);
  INFO(text);
  CHECK(text.find("matmul + add, tanh -> fp32 4x3  on opencl") != std::string::npos);
  CHECK(text.find("on cpu") != std::string::npos);
  CHECK(text.find("because opencl: no kernel for this operator") != std::string::npos);
  CHECK(text.find("transfer in: ") != std::string::npos);
}

TEST_CASE("a network that must run on opencl alone says what does not") {
  if (!opencl_device()) return;
  NeuralNetwork able = NeuralNetwork::from_json(R"({"layers": [2, {"size": 3, "activation": "tanh"}, 1]})",
                                                {.device = "opencl", .require = true});
  NeuralNetwork cpu = NeuralNetwork::from_json(R"({"layers": [2, {"size": 3, "activation": "tanh"}, 1]})");
  CHECK(able.run({1, 0})[0] == Approx(cpu.run({1, 0})[0]).margin(1e-5));
  try {
    NeuralNetwork net = NeuralNetwork::from_json(R"({"layers": [2, {"size": 2, "activation": "softmax"}]})",
                                                 {.device = "opencl", .require = true});
    net.run({1, 0});
    FAIL("ran softmax on opencl");
  } catch (const Error& error) {
    CHECK(error.code() == Code::unsupported);
    CHECK(error.message().find("softmax") != std::string::npos);
  }
}
