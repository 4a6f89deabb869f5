// Every operator that the CPU's kernel table takes, on its samples, against the reference.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "support/sample_run.h"
#include "backends/cpu/cpu.h"

using namespace webai;
using namespace webai::test;

namespace {

/// Runs the sample through the first maker that takes it; nothing where all refuse.
bool run_sample(const KernelTable& table, const OpDef& op, const Sample& sample, std::size_t number) {
  const auto makers = table.makers.find(op.domain + "#" + op.name);
  if (makers == table.makers.end()) return false;
  Run run(op, sample_inputs(sample, DType::fp32), sample_attributes(sample, DType::fp32));
  const Graph& graph = run.tape.graph();
  // A composite's tape holds its parts; the node itself is made here.
  Graph own;
  std::vector<ValueId> inputs;
  for (const Ref input : run.inputs)
    inputs.push_back(own.add_input("x" + std::to_string(inputs.size()), graph.value(input.id).type));
  Node node;
  node.op = &op;
  node.inputs = inputs;
  node.attributes = graph.nodes.front().attributes;
  std::vector<ValueType> types;
  for (const Ref output : run.outputs) types.push_back(graph.value(output.id).type);
  own.add_node(node, types);
  const KernelRequest request{context(), own, own.nodes.front()};
  std::unique_ptr<HostKernel> kernel;
  std::string reason;
  for (const KernelMaker maker : makers->second) {
    if ((kernel = maker(request, reason))) break;
    REQUIRE_FALSE(reason.empty());
  }
  if (!kernel) return false;
  std::vector<Tensor> values, outputs;
  std::vector<void*> operands;
  for (const Ref input : run.inputs) values.push_back(run.tape.value(input).clone(context()));
  for (const ValueType& type : types) outputs.emplace_back(context(), type.type, type.shape);
  for (Tensor& value : values) operands.push_back(value.data());
  for (Tensor& output : outputs) operands.push_back(output.data());
  std::vector<std::byte> scratch(kernel->scratch_bytes() + 1, std::byte{3});
  kernel->run(operands.data(), scratch.data());
  REQUIRE(scratch.back() == std::byte{3});
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& expected = run.tape.value(run.outputs[i]);
    for (std::size_t e = 0; e < expected.elements(); ++e) {
      const double a = outputs[i].at(e), b = expected.at(e);
      INFO(title(op, number) << ", output " << i << ", element " << e << ": " << a << ", reference " << b);
      if (std::isnan(b) || std::isinf(b)) {
        REQUIRE((std::isnan(b) ? std::isnan(a) : a == b));
      } else {
        REQUIRE(std::abs(a - b) <= 2e-5 * std::max(1.0, std::abs(b)));
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("the CPU's kernels agree with the reference on every sample they take") {
  const KernelTable table = cpu::kernels();
  std::set<std::string> taken;
  for (const OpDef* op : all_operators()) {
    if (op->domain == "internal") continue;  // fused chains have tests of their own
    for (std::size_t i = 0; i < op->samples.size(); ++i) {
      if (run_sample(table, *op, op->samples[i], i)) taken.insert(op->name);
    }
  }
  for (const char* name : {"reduceSum", "reduceMean", "reduceProduct", "reduceMax", "reduceMin", "sumTo", "softmax",
                           "logSoftmax", "softmaxCrossEntropy", "softmaxCrossEntropyGradient", "cast"}) {
    INFO(name);
    CHECK(taken.count(name) == 1);
  }
}
