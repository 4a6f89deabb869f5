// How many floating-point operations operators say they take, against counts done by hand.
#include <catch2/catch.hpp>

#include "core/ir/text.h"
#include "core/op/cost.h"
#include "support/sample_run.h"

using namespace webai;
using namespace webai::test;

namespace {

// Of the last node of a graph.
Graph read(const std::string& text) {
  return parse_graph(context(), text, [](std::string_view name) -> const Operator& { return registry().get(name); });
}
double operations(const std::string& text) {
  const Graph graph = read(text);
  return operations_of(graph, graph.nodes.back());
}
// Of one sample of an operator.
double operations(std::string_view name, std::size_t sample) {
  const OpDef& op = static_cast<const OpDef&>(registry().get("core#" + std::string(name)));
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  std::vector<Ref> refs;
  for (const Tensor& input : sample_inputs(op.samples[sample], DType::fp32))
    refs.push_back({graph.add_input("in" + std::to_string(refs.size()), {input.type(), input.shape()})});
  builder.emit_all(op, refs, op.samples[sample].attributes);
  return operations_of(graph, graph.nodes.back());
}

}  // namespace

TEST_CASE("products count two operations for each multiply-add") {
  CHECK(operations("matmul", 0) == 2 * 3 * 5 * 7);
  CHECK(operations("matmul", 2) == 2 * 3 * 5 * 7);            // a transposed
  CHECK(operations("matmul", 6) == 2 * (2 * 5) * 3 * 4 * 2);  // stacks
  CHECK(operations("matmul", 10) == 0);                       // nothing inside
}

TEST_CASE("a convolution and its gradients count the same, in every layout") {
  CHECK(operations("conv2d", 0) == 2 * (2 * 3 * 2 * 2) * (3 * 3 * 3));
  CHECK(operations("conv2d", 5) == 2 * (2 * 2 * 3 * 3) * (3 * 3 * 2));  // nchw, oihw
  CHECK(operations("conv2d", 6) == 2 * (3 * 4 * 3) * (2 * 2 * 2));      // ohwi
  CHECK(operations("conv2dInputGradient", 0) == operations("conv2d", 0));
  CHECK(operations("conv2dFilterGradient", 0) == operations("conv2d", 0));
  CHECK(operations("conv2d", 4) == 2 * (5 * 5 * 3) * (3 * 3 * 1));  // three groups
  CHECK(operations("convTranspose2d", 0) == 2 * (2 * 3 * 4) * (3 * 3 * 5 * 2));
}

TEST_CASE("what only moves elements counts nothing, the rest one for each element") {
  for (const char* name :
       {"transpose", "reverse", "concat", "split", "tile", "copy", "cast", "slice", "pad", "broadcastTo", "gather"})
    CHECK(operations(name, 0) == 0);
  CHECK(operations("reduceSum", 0) == 3 * 5 * 7);
  CHECK(operations("tanh", 0) > 0);
}

TEST_CASE("a chain counts its steps, behind a product too") {
  const std::string inputs = "input %0 \"a\" fp32[4, 3]\nparameter %1 \"b\" fp32[3, 5]\nparameter %2 \"c\" fp32[5]\n";
  CHECK(operations(inputs + "%3: fp32[4, 3] = internal#fused(%0) chain 1 {core#tanh(0), core#mul(1, 1)} -> (2)\n"
                            "output \"y\" %3\n") == 2 * 4 * 3);
  const Graph graph = read(inputs +
                           "%3: fp32[4, 5] = core#matmul(%0, %1, %2) {transposeA: false, transposeB: false} "
                           "chain 2 {core#add(0, 1), core#tanh(2)} -> (3)\noutput \"y\" %3\n");
  CHECK(operations_of(graph, graph.nodes[0]) == 2 * 4 * 3 * 5 + 2 * 4 * 5);
  CHECK(bytes_of(graph, graph.nodes[0]) == (4 * 3 + 3 * 5 + 5 + 4 * 5) * sizeof(float));
  CHECK(work_text(graph.nodes[0]) == "matmul + add, tanh");
}

TEST_CASE("open dimensions count as one, and each operand's bytes once") {
  const Graph graph = read("input %0 \"x\" fp32[n0, 6]\n%1: fp32[n0, 6] = core#mul(%0, %0)\noutput \"y\" %1\n");
  CHECK(operations_of(graph, graph.nodes[0]) == 6);
  CHECK(bytes_of(graph, graph.nodes[0]) == 2 * 6 * sizeof(float));
  CHECK(work_text(graph.nodes[0]) == "mul");
}
