// Each pass, text in and text out.
#include <catch2/catch.hpp>

#include "compiler/passes.h"
#include "compiler/plan.h"
#include "core/ir/text.h"
#include "core/ir/verifier.h"
#include "support/sample_run.h"
#include "support/processor_time.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

Graph read(const std::string& text) {
  return parse_graph(context(), text, [](std::string_view name) -> const Operator& { return registry().get(name); });
}

// The operators of a graph in order: "matmul fused".
std::string operators(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes) text += (text.empty() ? "" : " ") + node.op->name + (node.chain && node.op->name != "fused" ? "+" : "");
  return text;
}

const char* const plain = "{transposeA: false, transposeB: false}";

// Adds a node of one result that has the type of its first input.
ValueId append(Graph& graph, const char* op, std::vector<ValueId> inputs) {
  Node node;
  node.op = &registry().get(op);
  node.inputs = std::move(inputs);
  const ValueType type = graph.value(node.inputs.front()).type;
  return graph.node(graph.add_node(std::move(node), {type})).outputs[0];
}

}  // namespace

TEST_CASE("specialise puts numbers for the batch and infers the rest anew") {
  const Graph graph = read(std::string("input %0 \"x\" fp32[n0, 2]\nparameter %1 \"w\" fp32[2, 3]\n") +
                           "%2: fp32[n0, 3] = core#matmul(%0, %1) " + plain + "\noutput \"y\" %2\n");
  const Graph concrete = specialise(context(), registry(), graph, {{0, 7}});
  CHECK(concrete.value(concrete.outputs[0].value).type.shape == Shape{7, 3});
  CHECK_THROWS_AS(specialise(context(), registry(), graph, {}), Error);
}

TEST_CASE("expand opens composites nobody takes, to the bottom") {
  const Graph graph = read("input %0 \"x\" fp32[2, 3]\nparameter %1 \"w\" fp32[3, 4]\n"
                           "%2: fp32[2, 4] = core#fusedMatMul(%0, %1, _) {activation: \"tanh\", transposeA: false, transposeB: false}\n"
                           "output \"y\" %2\n");
  const auto nobody = [](const Graph&, const Node&) { return false; };
  const Graph open = expand(context(), registry(), graph, nobody);
  CHECK(operators(open) == "matmul tanh");
  const Graph whole = expand(context(), registry(), graph, [](const Graph&, const Node&) { return true; });
  CHECK(operators(whole) == "fusedMatMul");
}

TEST_CASE("fold computes what depends on constants alone, and leaves randomness and big results") {
  const Graph graph = read("input %0 \"x\" fp32[2]\nconstant %1 fp32[] = [2]\nconstant %2 fp32[] = [3]\n"
                           "%3: fp32[] = core#mul(%1, %2)\n%4: fp32[2] = core#mul(%0, %3)\n"
                           "%5: fp32[1000000] = core#broadcastTo(%1) {shape: [1000000]}\n"
                           "output \"y\" %4\noutput \"z\" %5\n");
  const Graph folded = drop_dead(fold_constants(context(), graph));
  CHECK(operators(folded) == "mul broadcastTo");
  CHECK(folded.value(folded.nodes[0].inputs[1]).constant.at(0) == 6);
}

TEST_CASE("simplify drops what changes nothing") {
  const auto simple = [](const std::string& body) {
    const Graph graph = read("input %0 \"x\" fp32[2, 3]\nparameter %1 \"w\" fp32[3, 4]\nconstant %2 fp32[] = [1]\n" + body);
    return operators(drop_dead(simplify(context(), registry(), graph)));
  };
  CHECK(simple("%3: fp32[2, 3] = core#mul(%0, %2)\noutput \"y\" %3\n") == "");
  CHECK(simple("%3: fp32[2, 3] = core#neg(%0)\n%4: fp32[2, 3] = core#neg(%3)\noutput \"y\" %4\n") == "");
  CHECK(simple("%3: fp32[6] = core#reshape(%0) {shape: [6]}\n%4: fp32[2, 3] = core#reshape(%3) {shape: [2, 3]}\noutput \"y\" %4\n") == "");
  CHECK(simple("%3: fp32[6] = core#reshape(%0) {shape: [6]}\n%4: fp32[3, 2] = core#reshape(%3) {shape: [3, 2]}\noutput \"y\" %4\n") == "reshape");
  CHECK(simple("%3: fp32[2, 3] = core#broadcastTo(%2) {shape: [2, 3]}\n%4: fp32[2, 3] = core#add(%0, %3)\noutput \"y\" %4\n") == "add");
  CHECK(simple("%3: fp32[3, 2] = core#transpose(%0) {permutation: [1, 0]}\n%4: fp32[2, 4] = core#matmul(%3, %1) {transposeA: true, transposeB: false}\noutput \"y\" %4\n") == "matmul");
  CHECK(simple("%3: fp32[1, 3] = core#sumTo(%0) {shape: [1, 3]}\noutput \"y\" %3\n") == "sumTo");
}

TEST_CASE("merge runs equal nodes once, but never two draws") {
  const Graph graph = read("input %0 \"x\" fp32[2]\nstate %1 \"step\" i64[]\n"
                           "%2: fp32[2] = core#tanh(%0)\n%3: fp32[2] = core#tanh(%0)\n%4: fp32[2] = core#mul(%2, %3)\n"
                           "%5: fp32[2] = core#elu(%0) {alpha: 1.0}\n%6: fp32[2] = core#elu(%0) {alpha: 2.0}\n"
                           "output \"a\" %4\noutput \"b\" %5\noutput \"c\" %6\n");
  CHECK(operators(drop_dead(merge_common(graph))) == "tanh mul elu elu");
}

TEST_CASE("drop keeps what outputs and writes need, and nothing else") {
  const Graph graph = read("input %0 \"x\" fp32[2]\nparameter %1 \"w\" fp32[2]\n%2: fp32[2] = core#exp(%0)\n%3: fp32[2] = core#sub(%1, %0)\n"
                           "%4: fp32[2] = core#tanh(%2)\n%5: fp32[2] = core#sin(%2)\noutput \"y\" %5\nwrite %1 <- %3\n");
  CHECK(operators(drop_dead(graph)) == "exp sub sin");
}

TEST_CASE("fuse joins chains, puts them behind products, and never across a path that leaves") {
  const std::string head = std::string("input %0 \"x\" fp32[2, 3]\nparameter %1 \"w\" fp32[3, 3]\nparameter %2 \"b\" fp32[3]\n");
  const Graph layer = read(head + "%3: fp32[2, 3] = core#matmul(%0, %1) " + plain +
                           "\n%4: fp32[2, 3] = core#add(%3, %2)\n%5: fp32[2, 3] = core#tanh(%4)\noutput \"y\" %5\n");
  CHECK(operators(fuse(registry(), layer)) == "matmul+");

  // tanh feeds a product that feeds the sum: joining tanh and the sum would close a circle.
  const Graph circle = read(head + "%3: fp32[2, 3] = core#tanh(%0)\n%4: fp32[2, 3] = core#matmul(%3, %1) " + plain +
                            "\n%5: fp32[2, 3] = core#softmax(%4) {axis: -1}\n%6: fp32[2, 3] = core#add(%3, %5)\noutput \"y\" %6\n");
  const Graph fused = fuse(registry(), circle);
  verify(fused, "fuse", true);
  CHECK(operators(fused) == "fused matmul softmax fused");

  // exp and mul reach over softmax and its sum: tanh, which mul needs, and the last sum, which needs softmax, cannot join.
  const Graph reach = read("input %0 \"x\" fp32[2, 3]\ninput %1 \"z\" fp32[2, 1]\n%2: fp32[2, 3] = core#exp(%0)\n%3: fp32[2, 3] = core#softmax(%2) {axis: -1}\n"
                           "%4: fp32[2, 1] = core#reduceSum(%3) {axes: [1], keepDimensions: true}\n%5: fp32[2, 1] = core#tanh(%1)\n"
                           "%6: fp32[2, 3] = core#mul(%2, %5)\n%7: fp32[2, 1] = core#add(%5, %4)\noutput \"y\" %6\noutput \"s\" %7\n");
  const Graph reached = fuse(registry(), reach);
  verify(reached, "fuse", true);
  CHECK(operators(reached) == "fused fused softmax reduceSum fused");

  // A product with two readers in different chains stays by itself; a product that is an output too keeps its value.
  const Graph shared = read(head + "%3: fp32[2, 3] = core#matmul(%0, %1) " + plain +
                            "\n%4: fp32[2, 3] = core#tanh(%3)\noutput \"y\" %4\noutput \"z\" %3\n");
  CHECK(operators(fuse(registry(), shared)) == "matmul fused");
}

TEST_CASE("separate_outputs copies inputs that are outputs, and writes that would be read after them") {
  const Graph through = read("input %0 \"x\" fp32[2]\noutput \"y\" %0\n");
  CHECK(operators(separate_outputs(registry(), through)) == "copy");

  // In place: the update reads the state element by element, last.
  const Graph update = read("parameter %0 \"w\" fp32[2]\ninput %1 \"g\" fp32[2]\n%2: fp32[2] = core#sub(%0, %1)\nwrite %0 <- %2\n");
  CHECK(operators(separate_outputs(registry(), update)) == "sub");

  // Not in place: the old weights are read after the new ones are known.
  const Graph late = read("parameter %0 \"w\" fp32[2]\ninput %1 \"g\" fp32[2]\n%2: fp32[2] = core#sub(%0, %1)\n"
                          "%3: fp32[2] = core#mul(%0, %2)\noutput \"y\" %3\nwrite %0 <- %2\n");
  CHECK(operators(separate_outputs(registry(), late)) == "sub mul copy");

  // Two states that change places.
  const Graph swap = read("state %0 \"a\" fp32[2]\nstate %1 \"b\" fp32[2]\nwrite %0 <- %1\nwrite %1 <- %0\n");
  const Graph separate = separate_outputs(registry(), swap);
  verify(separate, "separate", true);
  CHECK(operators(separate) == "copy copy copy");  // both are read out, then one is written in place
}

TEST_CASE("separate_outputs takes time in proportion to the graph, not to nodes times writes") {
  constexpr int updates = 30'000;
  Graph graph;
  for (int i = 0; i < updates; ++i) graph.add_parameter("w" + std::to_string(i), {DType::fp32, Shape{1}}, true);
  for (ValueId state = 0; state < updates; ++state) {
    Node node;
    node.op = &registry().get("neg");
    node.inputs = {state};
    const NodeId id = graph.add_node(std::move(node), {graph.value(state).type});
    graph.writes.push_back({state, graph.node(id).outputs[0]});
  }
  const double began = processor_seconds();
  CHECK(separate_outputs(registry(), graph).nodes.size() == updates);  // each in place
  CHECK(processor_seconds() - began < 3);
}

TEST_CASE("fuse takes time in proportion to the graph, however far units reach over others") {
  constexpr std::size_t pairs = 50'000;
  Graph graph;
  const auto input = [&](std::int64_t rows) {
    return graph.add_input("x" + std::to_string(graph.values.size()), {DType::fp32, Shape{rows, 3}});
  };
  const auto output = [&](ValueId value) { graph.outputs.push_back({"y" + std::to_string(value), value}); };
  std::vector<ValueId> first, second;
  std::size_t units = pairs;
  SECTION("each pair reaches over as many nodes as there are pairs") {
    for (std::size_t i = 0; i < pairs; ++i) first.push_back(append(graph, "exp", {input(1)}));
    for (const ValueId value : first) output(append(graph, "tanh", {value}));
  }
  SECTION("pairs that look a long way back, whose every step leads to the foot of a stair of pairs") {
    constexpr std::size_t looking = 5'000, way = 1'900, stair = (2 * pairs - 2 * looking - way) / 2;
    for (std::size_t i = 0; i < stair; ++i) {
      first.push_back(append(graph, "exp", {input(3)}));
      if (i > 0) second.push_back(append(graph, "tanh", {first[i - 1]}));
    }
    second.push_back(append(graph, "tanh", {first.back()}));
    for (const ValueId value : second) output(value);
    first.clear();
    for (std::size_t i = 0; i < looking; ++i) first.push_back(append(graph, "exp", {input(3)}));
    ValueId end = second.front();
    for (std::size_t i = 0; i < way; ++i) end = append(graph, "matmul", {end, second[i]});
    for (const ValueId value : first) output(append(graph, "add", {value, end}));
    units = stair + looking + way;
  }
  const double began = processor_seconds();
  const Graph fused = fuse(registry(), graph);
  CHECK(processor_seconds() - began < 60);  // half a second, ten times that under sanitizers; a walk for each unit: minutes
  CHECK(fused.nodes.size() == units);
}

TEST_CASE("the plan shares memory between values that never live together") {
  std::string text = "input %0 \"x\" fp32[1024]\n";
  for (int i = 1; i <= 20; ++i)
    text += "%" + std::to_string(i) + ": fp32[1024] = core#softmax(%" + std::to_string(i - 1) + ") {axis: -1}\n";
  const Program program = plan(context(), separate_outputs(registry(), read(text + "output \"y\" %20\n")));
  CHECK(program.scratch_bytes == 2 * 1024 * sizeof(float));
  CHECK(program.slots.size() == 2);
}

TEST_CASE("a plan that would break the memory limit is refused with the size") {
  Context::Options options;
  options.threads = 1;
  options.limits.host_bytes = 1000;
  const Context small = Context::system(options);
  const Graph graph = read("input %0 \"x\" fp32[1024]\n%1: fp32[1024] = core#softmax(%0) {axis: -1}\n"
                           "%2: fp32[1024] = core#softmax(%1) {axis: -1}\noutput \"y\" %2\n");
  try {
    plan(small, separate_outputs(registry(), graph));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Code::limit_exceeded);
  }
}
