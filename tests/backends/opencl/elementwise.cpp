// Elementwise operators on the OpenCL device have the CPU's bits.
#include <bit>
#include <limits>

#include "backends/opencl/support.h"
#include "compiler/place.h"
#include "core/op/fp32_element.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Edges of every kind, each against each, and random bit patterns.
struct Inputs {
  Tensor a, b, truth_a, truth_b;
};
Inputs inputs() {
  std::vector<std::uint32_t> edges = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
                                      1,          0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f000000,
                                      0xbf000000, 0x40200000, 0xc0200000, 0x42b17218, 0xc2cff1b5, 0x4b400000, 0x33800000,
                                      0x40490fdb, 0x45480000, 0x7e967699, 0x3effffff, 0x4b000001, 0xcb000001, 0x00000fff};
  const std::size_t pairs = edges.size() * edges.size(), count = 4096;
  Inputs result{{context(), DType::fp32, Shape{static_cast<std::int64_t>(count)}},
                {context(), DType::fp32, Shape{static_cast<std::int64_t>(count)}},
                {context(), DType::boolean, Shape{static_cast<std::int64_t>(count)}},
                {context(), DType::boolean, Shape{static_cast<std::int64_t>(count)}}};
  const RandomStream stream(5, 6);
  const auto a = result.a.span<float>(), b = result.b.span<float>();
  for (std::size_t i = 0; i < count; ++i) {
    const auto pattern = [&](std::uint64_t at) { return static_cast<std::uint32_t>(stream.uniform_double(at) * 4294967296.0); };
    a[i] = std::bit_cast<float>(i < pairs ? edges[i / edges.size()] : pattern(2 * i));
    b[i] = std::bit_cast<float>(i < pairs ? edges[i % edges.size()] : pattern(2 * i + 1));
    if (i >= pairs && i % 2) {  // half of them of everyday size
      a[i] = static_cast<float>(stream.uniform_double(2 * i) * 40 - 20);
      b[i] = static_cast<float>(stream.uniform_double(2 * i + 1) * 8 - 4);
    }
    result.truth_a.set(i, i % 2);
    result.truth_b.set(i, i / 2 % 2);
  }
  return result;
}

// Many operators as the steps of a few chains, so that few kernels are built.
Graph chain_graph(std::span<const Elementwise> operators, const Inputs& values) {
  Graph graph;
  std::vector<ValueId> ids;
  for (const Tensor* tensor : {&values.a, &values.b, &values.truth_a, &values.truth_b})
    ids.push_back(graph.add_input("in" + std::to_string(ids.size()), {tensor->type(), tensor->shape()}));
  auto chain = std::make_shared<Chain>();
  chain->inputs = 4;
  std::vector<ValueType> types;
  for (const Elementwise& elementwise : operators) {
    ChainStep step{registry().find("core", elementwise.name), {}, {}};
    for (const Elementwise::Attribute& attribute : elementwise.attributes()) step.attributes.push_back(attribute.fallback);
    const bool logic = elementwise.domain == Elementwise::Domain::logic;
    for (int i = 0; i < elementwise.inputs; ++i) {
      const bool condition = elementwise.boolean_condition && i == 0;
      const int number = elementwise.boolean_condition ? i - 1 : i;
      step.operands.push_back(condition ? 2 : (logic ? 2 : 0) + number);
    }
    chain->results.push_back(4 + static_cast<std::int32_t>(chain->steps.size()));
    chain->steps.push_back(std::move(step));
    types.push_back({elementwise.boolean_result ? DType::boolean : DType::fp32, values.a.shape()});
  }
  Node node;
  node.op = &registry().get("internal#fused");
  node.inputs = ids;
  node.chain = chain;
  const NodeId made = graph.add_node(std::move(node), types);
  for (std::size_t i = 0; i < operators.size(); ++i)
    graph.outputs.push_back({std::string(operators[i].name), graph.node(made).outputs[i]});
  return graph;
}

// Past the passes: a chain that no pass has made.
std::map<std::string, Tensor> run_on(Device& device, const Graph& graph, const Inputs& values) {
  Device* const devices[] = {&device};
  const std::unique_ptr<Executable> executable = assemble(context(), place(graph, devices), devices);
  const Tensor* const inputs[] = {&values.a, &values.b, &values.truth_a, &values.truth_b};
  std::map<std::string, Tensor> outputs;
  std::vector<HostWindow> windows(executable->slots().size());
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Slot& slot = executable->slots()[i];
    Tensor tensor = slot.role == Slot::output ? Tensor(context(), graph.value(slot.value).type.type, values.a.shape())
                                              : *inputs[slot.name.back() - '0'];
    if (slot.role == Slot::output) outputs.emplace(slot.name, tensor);
    windows[i].look_at(tensor.data(), tensor.bytes());
    bindings.push_back({&windows[i], 0, 0});
  }
  executable->run(bindings, 1);
  device.wait();
  return outputs;
}

}  // namespace

TEST_CASE("every elementwise operator has the cpu's bits on opencl") {
  Device* const device = opencl_device();
  if (!device) return;
  const auto cpu = cpu_device_alone(context());
  const Inputs values = inputs();
  const auto all = elementwise_operators();
  constexpr std::size_t at_once = 10;
  std::size_t seen = 0;
  for (std::size_t begin = 0; begin < all.size(); begin += at_once) {
    const Graph graph = chain_graph(all.subspan(begin, std::min(at_once, all.size() - begin)), values);
    const auto expected = run_on(*cpu, graph, values), found = run_on(*device, graph, values);
    for (const auto& [name, tensor] : expected) {
      const std::size_t at = first_difference(tensor, found.at(name));
      INFO(name << " of element " << at << ", a " << values.a.at(at % 4096) << ", b " << values.b.at(at % 4096) << ": cpu "
                << tensor.at(at % 4096) << ", opencl " << found.at(name).at(at % 4096));
      CHECK(at == tensor.elements());
      ++seen;
    }
  }
  CHECK(seen == all.size());
}

TEST_CASE("every elementwise operator read as plain fp32 has the cpu's bits") {
  const auto cpu = cpu_device_alone(context());
  const Inputs values = inputs();
  for (const Elementwise& elementwise : elementwise_operators()) {
    const Tensor expected = run_on(*cpu, chain_graph({&elementwise, 1}, values), values).begin()->second;
    std::vector<double> attributes;
    for (const Elementwise::Attribute& attribute : elementwise.attributes()) attributes.push_back(attribute.fallback);
    Tensor found(context(), expected.type(), expected.shape());
    const bool logic = elementwise.domain == Elementwise::Domain::logic;
    for (std::size_t i = 0; i < expected.elements(); ++i) {
      const float a = values.a.span<float>()[i], b = values.b.span<float>()[i];
      const auto truth_a = static_cast<float>(values.truth_a.at(i)), truth_b = static_cast<float>(values.truth_b.at(i));
      const float numbers[] = {a, b}, truths[] = {truth_a, truth_b}, choice[] = {truth_a, a, b};
      const float result = evaluate_fp32(
          elementwise, elementwise.boolean_condition ? choice : logic ? truths : numbers, attributes.data());
      if (elementwise.boolean_result) found.set(i, result);
      else found.span<float>()[i] = result;
    }
    INFO(elementwise.name);
    CHECK(first_difference(expected, found) == expected.elements());
  }
}

TEST_CASE("operands of a chain on opencl are broadcast from any shape") {
  Device* const device = opencl_device();
  if (!device) return;
  const auto cpu = cpu_device_alone(context());
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  std::map<std::string, Tensor> values;
  const auto input = [&](const char* name, const Shape& shape) {
    values.emplace(name, random_tensor(DType::fp32, shape, -2, 2, values.size()));
    return Ref{graph.add_input(name, {DType::fp32, shape})};
  };
  const Ref full = input("full", Shape{3, 4, 5, 7}), row = input("row", Shape{7}), column = input("column", Shape{4, 1, 1}),
            middle = input("middle", Shape{3, 1, 5, 1}), one = input("one", Shape{});
  Ref result = builder.emit("tanh", {builder.emit("add", {full, row})});
  result = builder.emit("mul", {builder.emit("sub", {result, column}), middle});
  graph.outputs.push_back({"out", builder.emit("max", {result, one}).id});
  const Ref flags = builder.emit("less", {full, middle});
  graph.outputs.push_back({"flags", flags.id});
  graph.outputs.push_back({"chosen", builder.emit("where", {flags, row, full}).id});
  const auto expected = run_graph(graph, *cpu, values), found = run_graph(graph, *device, values);
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    CHECK(first_difference(tensor, found.at(name)) == tensor.elements());
  }
}

TEST_CASE("what opencl has no kernel for is refused with a reason") {
  Device* const device = opencl_device();
  if (!device) return;
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  const Ref input{graph.add_input("x", {DType::fp64, Shape{3}})};
  graph.outputs.push_back({"y", builder.emit("exp", {input}).id});
  Device* const devices[] = {device};
  try {
    compile(context(), registry(), graph, devices);
    FAIL("took fp64");
  } catch (const Error& error) {
    CHECK(error.code() == Code::unsupported);
    CHECK(error.message().find("opencl") != std::string::npos);
  }
}

TEST_CASE("a buffer past the limit of device bytes is refused") {
  Context::Options options{.threads = 1};
  options.limits.device_bytes = 1 << 20;
  std::string absent;
  const auto device = opencl::make_opencl_device(Context::system(options), absent);
  if (!device) return;
  const auto first = device->allocate(1 << 19);
  CHECK(first->host() == nullptr);
  std::vector<std::byte> bytes(16, std::byte{7});
  first->read(100, bytes);
  CHECK(bytes == std::vector<std::byte>(16));
  CHECK_THROWS_AS(device->allocate(1 << 20), Error);
  CHECK_THROWS_AS(first->read((1 << 19) - 8, bytes), Error);
}
