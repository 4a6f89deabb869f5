// Loops through the passes: what is left of them, what runs, and that their gradient is that of the steps written out.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>

#include "autodiff/gradients.h"
#include "compiler/passes.h"
#include "core/ir/text.h"
#include "core/op/loop.h"
#include "support/run_graph.h"

using namespace webai;
using namespace webai::test;

namespace {

// state' = tanh(state * w + x), for a batch of 2 and 3 units; the sum of all states is what comes out.
struct Recurrence {
  static constexpr std::int64_t steps = 5;
  Graph graph;
  std::map<std::string, Tensor> values;
  std::vector<Ref> results;  // of the loop, or of its steps written out

  explicit Recurrence(bool written_out, DType type = DType::fp64, bool reverse = false) {
    const ValueType state{type, Shape{2, 3}}, weights{type, Shape{3, 3}}, rows{type, Shape{steps, 2, 3}};
    Graph body;
    GraphBuilder inner(context(), registry(), body);
    const Ref s{body.add_input("s", state)}, x{body.add_input("x", state)}, w{body.add_input("w", weights)};
    const Ref next = inner.emit("tanh", {inner.emit("add", {inner.emit("matmul", {s, w}), x})});
    body.outputs = {{"s", next.id}, {"y", next.id}};
    GraphBuilder builder(context(), registry(), graph);
    const Ref start{graph.add_input("start", state)}, xs{graph.add_input("xs", rows)};
    const Ref weight{graph.add_parameter("w", weights, true)};
    results = emit_loop(builder, body, {{&start, 1}, {&xs, 1}, {&weight, 1}}, steps, reverse);
    if (written_out) {
      const Attributes attributes = graph.nodes.back().attributes;
      const Ref inputs[] = {start, xs, weight};
      results = registry().get("loop").body(builder, inputs, attributes);
    }
    const std::vector<Seed> seeds = {{results[0], {}}, {results[1], {}}};
    const Ref sources[] = {start, xs, weight};
    const std::vector<Ref> gradient = gradients(builder, seeds, sources);
    graph.outputs = {{"last", results[0].id}, {"all", results[1].id}, {"start'", gradient[0].id}, {"xs'", gradient[1].id}, {"w'", gradient[2].id}};
    std::uint64_t id = 0;
    for (const auto& [name, value] : {std::pair{"start", state}, {"xs", rows}, {"w", weights}})
      values.emplace(name, random_tensor(value.type, value.shape, -1, 1, ++id));
  }
};

}  // namespace

TEST_CASE("a loop and its gradient give what the steps written out give") {
  const bool reverse = GENERATE(false, true);
  for (const DType type : {DType::fp64, DType::fp32}) {
    const Recurrence loop(false, type, reverse), written(true, type, reverse);
    REQUIRE(count_of(loop.graph, "loop") == 2);
    for (const auto& device : {reference_device(context()), cpu_device(context())}) {
      const auto found = run_graph(loop.graph, *device, loop.values), expected = run_graph(written.graph, *device, written.values);
      for (const auto& [name, tensor] : expected)
        for (std::size_t i = 0; i < tensor.elements(); ++i) {
          INFO(name << "[" << i << "] in " << name_of(type));
          const double tolerance = type == DType::fp64 ? 1e-13 : 2e-6;
          CHECK(std::abs(found.at(name).at(i) - tensor.at(i)) <= tolerance * std::max(1.0, std::abs(tensor.at(i))));
        }
    }
  }
}

TEST_CASE("what nobody reads of a loop is left out: rows, and sums that only feed themselves") {
  Recurrence all(false);
  all.graph.outputs = {{"last", all.results[0].id}};
  const Graph forward = trim_loops(drop_dead(all.graph));
  REQUIRE(count_of(forward, "loop") == 1);
  CHECK(forward.nodes.front().outputs.size() == 1);  // neither rows nor what was collected for the gradient

  Recurrence trained(false);
  std::erase_if(trained.graph.outputs, [](const NamedValue& output) { return output.name != "xs'" && output.name != "last"; });
  const Graph partial = drop_dead(trim_loops(drop_dead(trained.graph)));
  REQUIRE(count_of(partial, "loop") == 2);
  const LoopView backward(std::find_if(partial.nodes.rbegin(), partial.nodes.rend(), is_loop)->attributes);
  CHECK(backward.carried == 1);  // the gradient of the state; the sum for w is gone
  const auto device = cpu_device(context());
  const auto found = run_graph(trained.graph, *device, trained.values);
  const auto expected = run_graph(Recurrence(true).graph, *device, trained.values);
  for (std::size_t i = 0; i < found.at("xs'").elements(); ++i) CHECK(found.at("xs'").at(i) == Approx(expected.at("xs'").at(i)));
}

TEST_CASE("a loop survives being printed and read, and takes the batch when it is specialised") {
  const Recurrence loop(false);
  const auto read_back = [](const std::string& text) {
    return print(parse_graph(context(), text, [](std::string_view name) -> const Operator& { return registry().get(name); }));
  };
  const std::string text = read_back(print(loop.graph));  // reading numbers the values anew
  CHECK(text.find("core#loop") != std::string::npos);
  CHECK(read_back(text) == text);

  Graph body, graph;
  const ValueType state{DType::fp32, Shape{batch_symbol, 3}};
  GraphBuilder inner(context(), registry(), body), builder(context(), registry(), graph);
  const Ref s{body.add_input("s", state)};
  body.outputs = {{"s", inner.emit("tanh", {s}).id}};
  const Ref start{graph.add_input("start", state)};
  const std::vector<Ref> results = emit_loop(builder, body, {{&start, 1}}, 3);
  graph.outputs = {{"y", results[0].id}};
  const Graph concrete = specialise(context(), registry(), graph, {{0, 7}});
  CHECK(concrete.value(concrete.outputs[0].value).type.shape == Shape{7, 3});
  const Tensor given = random_tensor(DType::fp32, Shape{7, 3}, -1, 1, 5);
  const auto found = run_graph(concrete, *cpu_device(context()), {{"start", given}});
  for (std::size_t i = 0; i < given.elements(); ++i)
    CHECK(found.at("y").at(i) == Approx(std::tanh(std::tanh(std::tanh(given.at(i))))).epsilon(1e-5));
}

TEST_CASE("a loop in a loop runs and is differentiated") {
  // y = 2^4 x in four doublings, two by two.
  Graph outer, body, graph;
  const ValueType type{DType::fp64, Shape{3}};
  const auto doubling = [&] {
    Graph inner;
    GraphBuilder builder(context(), registry(), inner);
    const Ref x{inner.add_input("x", type)};
    inner.outputs = {{"x", builder.emit("add", {x, x}).id}};
    return inner;
  };
  GraphBuilder middle(context(), registry(), body), builder(context(), registry(), graph);
  const Ref inside{body.add_input("x", type)};
  body.outputs = {{"x", emit_loop(middle, doubling(), {{&inside, 1}}, 2)[0].id}};
  const Ref x{graph.add_input("x", type)};
  const Ref y = emit_loop(builder, body, {{&x, 1}}, 2)[0];
  const Seed seed{y, {}};
  graph.outputs = {{"y", y.id}, {"x'", gradients(builder, {&seed, 1}, {&x, 1})[0].id}};
  const Tensor given = random_tensor(DType::fp64, Shape{3}, -1, 1, 6);
  const auto found = run_graph(graph, *cpu_device(context()), {{"x", given}});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(found.at("y").at(i) == 16 * given.at(i));
    CHECK(found.at("x'").at(i) == 16);
  }
}
