// Names of a graph's inputs, parameters and states.
#include <catch2/catch.hpp>

#include "core/ir/graph.h"
#include "core/ir/verifier.h"
#include "webai/error.hpp"

using namespace webai;

TEST_CASE("V7 the verifier refuses two inputs, parameters or states of one name") {
  Graph graph;
  graph.add_input("x", {DType::fp32, {2}});
  graph.add_parameter("w", {DType::fp32, {2}}, true);
  graph.add_state("s", {DType::fp32, {2}});
  CHECK_NOTHROW(verify(graph, "test", true));
  graph.add_state("w", {DType::fp32, {2}});
  try {
    verify(graph, "test", true);
    FAIL("two values of one name passed");
  } catch (const Error& error) {
    CHECK(error.message().find("\"w\" [V7]") != std::string::npos);
  }
}
