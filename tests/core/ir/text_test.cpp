// A graph survives being printed and read back, and text that is no graph is refused with its line.
#include <catch2/catch.hpp>

#include "core/ir/text.h"
#include "core/ir/verifier.h"
#include "support/sample_run.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

Graph read(const std::string& text) {
  return parse_graph(context(), text, [](std::string_view name) -> const Operator& { return registry().get(name); });
}

const char* const step_text = R"(input %0 "x \"quoted\"" fp32[n0, 2]
parameter %1 "1.weights" fp32[2, 3] trainable
state %2 "velocity" fp32[2, 3]
constant %3 fp64[2] = [0.1, -1e+300]
constant %4 i64[] = [9007199254740993]
%5: fp32[n0, 3] = core#matmul(%0, %1) {transposeA: false, transposeB: false} @ "/layers/1"
%6: fp32[n0, 3] = core#elu(%5) {alpha: 1.0} @ "/layers/1" on "cpu"
%7: fp32[n0, 3], %8: fp32[n0, 3] = internal#fused(%6, %5) chain 2 {core#add(0, 1), core#elu(2) [0.5], core#mul(3, 3)} -> (3, 4)
%9: fp32[2] = core#reduceSum(%7) {axes: [0], keepDimensions: false}
output "output" %7
write %2 <- %1
)";

}  // namespace

TEST_CASE("a graph printed, read and printed again is the same text") {
  const std::string once = print(read(step_text));
  CHECK(once == step_text);
  CHECK(print(read(once)) == once);
}

TEST_CASE("numbers that a double cannot hold survive the text") {
  const Graph graph = read(step_text);
  CHECK(graph.value(4).constant.span<std::int64_t>()[0] == 9007199254740993);
  CHECK(graph.value(3).constant.at(1) == -1e300);
}

TEST_CASE("graph text that is wrong names its line") {
  for (const char* text : {"input %0 \"x\" fp99[1]", "output \"y\" %3", "%1: fp32[1] = core#none(%0)",
                           "input %0 \"x\" fp32[1", "constant %0 fp32[2] = [1]", "constant %0 fp32[1] = [1, 2]",
                           "input %0 \"x\" fp32[1] rubbish", "%%%", "input %0 \"x", "write %0 <- %1"}) {
    INFO(text);
    CHECK_THROWS_AS(read(std::string("\n") + text), Error);
  }
  try {
    read("input %0 \"x\" fp32[1]\noutput \"y\" %3");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.path() == "line 2");
  }
}

TEST_CASE("the verifier names the rule that a graph breaks") {
  const auto broken = [](const char* rule, const std::function<void(Graph&)>& damage, bool concrete = false) {
    Graph graph = read(step_text);
    graph.writes.clear();
    verify(graph, "test", false);
    damage(graph);
    try {
      verify(graph, "test", concrete);
      FAIL(rule);
    } catch (const Error& error) {
      CHECK(error.code() == Code::internal);
      CHECK(error.message().find(rule) != std::string::npos);
    }
  };
  broken("[V1]", [](Graph& g) { g.nodes[0].inputs[0] = 99; });
  broken("[V2]", [](Graph& g) { g.nodes[0].inputs[0] = g.nodes[1].outputs[0]; });
  broken("[V3]", [](Graph& g) { g.nodes[0].outputs[0] = g.nodes[1].outputs[0]; });
  broken("[V4]", [](Graph& g) {
    Chain chain = *g.nodes[2].chain;
    chain.steps[0].operands[0] = 4;
    g.nodes[2].chain = std::make_shared<Chain>(chain);
  });
  broken("[V5]", [](Graph& g) { g.writes = {{0, 1}}; });
  broken("[V6]", [](Graph&) {}, true);
}
