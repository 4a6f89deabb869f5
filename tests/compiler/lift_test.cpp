// Work that leaves a loop: each operator's rule for rows against its steps, and what a recurrence keeps inside.
#include <catch2/catch.hpp>

#include <cmath>

#include "autodiff/gradients.h"
#include "compiler/passes.h"
#include "core/op/loop.h"
#include "core/op/rows.h"
#include "support/run_graph.h"

using namespace webai;
using namespace webai::test;

namespace {

constexpr std::int64_t steps = 3;

const Graph& body_of(const Graph& graph, std::size_t which) {
  for (const Node& node : graph.nodes)
    if (is_loop(node) && which-- == 0) return *LoopView(node.attributes).body;
  FAIL("no such loop");
  throw 0;
}
Graph lifted(const Graph& graph) {
  return drop_dead(lift_from_loops(context(), registry(), drop_dead(trim_loops(drop_dead(graph)))));
}

// One node in a loop: rows of its outputs, and the sum of the first where it has one. Inputs with rows are stacked.
struct OneNode {
  Graph looped, written;
  std::map<std::string, Tensor> values;

  OneNode(const OpDef& op, const Sample& sample, const std::vector<bool>& has_rows) {
    Graph body;
    GraphBuilder inner(context(), registry(), body);
    std::vector<Ref> inside(sample.shapes.size());
    std::vector<std::pair<std::size_t, ValueType>> given;  // in the loop's order: rows, then what is shared
    for (const bool rows : {true, false})
      for (std::size_t i = 0; i < sample.shapes.size(); ++i)
        if (has_rows[i] == rows) given.emplace_back(i, ValueType{input_type(sample, i, DType::fp64), sample.shapes[i]});
    ValueType sum_type;
    {  // what comes out is known only once the node is written
      Graph scratch;
      GraphBuilder builder(context(), registry(), scratch);
      std::vector<Ref> inputs(given.size());
      for (const auto& [i, type] : given) inputs[i] = {scratch.add_input("x", type)};
      sum_type = builder.type(builder.emit_all(op, inputs, sample.attributes)[0]);
    }
    const bool sums = is_floating(sum_type.type);
    Ref sum;
    if (sums) sum = {body.add_input("sum", sum_type)};
    for (const auto& [i, type] : given) inside[i] = {body.add_input("x" + std::to_string(i), type)};
    const std::vector<Ref> outputs = inner.emit_all(op, inside, sample.attributes);
    if (sums) body.outputs.push_back({"sum", inner.emit("add", {sum, outputs[0]}).id});
    for (const Ref output : outputs)
      if (rows_rule(op)) body.outputs.push_back({"rows", output.id});
    write(looped, body, given, has_rows, sum_type, sums, false);
    write(written, body, given, has_rows, sum_type, sums, true);
    for (const auto& [i, type] : given)
      values.emplace("x" + std::to_string(i),
                     random_tensor(type.type, has_rows[i] ? type.shape.inserted(0, steps) : type.shape, sample.low,
                                   sample.high, 30 + i));
  }

 private:
  static void write(Graph& graph, const Graph& body, const std::vector<std::pair<std::size_t, ValueType>>& given,
                    const std::vector<bool>& has_rows, const ValueType& sum_type, bool sums, bool written_out) {
    GraphBuilder builder(context(), registry(), graph);
    std::vector<Ref> carried, stacked, shared;
    if (sums) carried.push_back(builder.constant(Tensor(context(), sum_type.type, sum_type.shape)));
    for (const auto& [i, type] : given) {
      const Ref input{graph.add_input("x" + std::to_string(i),
                                      {type.type, has_rows[i] ? type.shape.inserted(0, steps) : type.shape})};
      (has_rows[i] ? stacked : shared).push_back(input);
    }
    std::vector<Ref> results = emit_loop(builder, body, {carried, stacked, shared}, steps);
    if (written_out) {
      const Node loop = graph.nodes.back();
      std::vector<Ref> inputs;
      for (const ValueId input : loop.inputs) inputs.push_back({input});
      results = registry().get("loop").body(builder, inputs, loop.attributes);
    }
    for (std::size_t i = 0; i < body.outputs.size(); ++i)
      graph.outputs.push_back({"y" + std::to_string(i), results[i].id});
  }
};

}  // namespace

TEST_CASE("each operator's rule for rows, and for their sum, gives what its steps give") {
  const auto device = reference_device(context());
  for (const OpDef* op : registry().all("core")) {
    if ((!rows_rule(*op) && !rows_sum_rule(*op)) || op->random) continue;
    bool was_lifted = op->elementwise || op->view;  // alone these are no gain, unless there is a sum
    for (std::size_t s = 0; s < op->samples.size(); ++s) {
      const Sample& sample = op->samples[s];
      const std::size_t inputs = sample.shapes.size();
      if (inputs == 0 ||
          std::ranges::any_of(sample.shapes, [](const Shape& shape) { return shape.rank() >= Shape::max_rank; }))
        continue;
      std::vector<std::vector<bool>> choices = {std::vector<bool>(inputs, true)};
      for (std::size_t i = 0; i < inputs; ++i) {
        std::vector<bool> one(inputs, false), others(inputs, true);
        one[i] = true;
        others[i] = false;
        choices.push_back(one);
        if (inputs > 1) choices.push_back(others);
      }
      for (const std::vector<bool>& has_rows : choices) {
        INFO(title(*op, s) << ", rows of " << Catch::StringMaker<std::vector<bool>>::convert(has_rows));
        const OneNode node(*op, sample, has_rows);
        was_lifted = was_lifted || count_of(lifted(node.looped), "loop") == 0;
        const auto found = run_graph(node.looped, *device, node.values),
                   expected = run_graph(node.written, *device, node.values);
        for (const auto& [name, tensor] : expected) {
          REQUIRE(found.at(name).shape() == tensor.shape());
          for (std::size_t i = 0; i < tensor.elements(); ++i) {
            const double want = tensor.at(i), is = found.at(name).at(i);
            if (want == is || (std::isnan(want) && std::isnan(is))) continue;
            INFO(name << "[" << i << "]: " << is << ", by steps " << want);
            const double tolerance =
                size_of(tensor.type()) == 8 ? 1e-12 : 1e-2;  // sums of 16 bits are rounded at each step
            CHECK(std::abs(is - want) <= tolerance * std::max(1.0, std::abs(want)));
          }
        }
      }
    }
    INFO(op->name);
    CHECK(was_lifted);
  }
}

TEST_CASE("a recurrence keeps the product with its state, everything else leaves the loop") {
  // h' = tanh(x u + h w + b), y = h' v
  constexpr std::int64_t batch = 4, in = 6, units = 5, out = 3, length = 7;
  const auto type = [](std::initializer_list<std::int64_t> dims) { return ValueType{DType::fp64, Shape(dims)}; };
  Graph body, graph;
  GraphBuilder inner(context(), registry(), body), builder(context(), registry(), graph);
  const Ref h{body.add_input("h", type({batch, units}))}, x{body.add_input("x", type({batch, in}))};
  const Ref u{body.add_input("u", type({in, units}))}, w{body.add_input("w", type({units, units}))};
  const Ref b{body.add_input("b", type({units}))}, v{body.add_input("v", type({units, out}))};
  const Ref sum =
      inner.emit("add", {inner.emit("add", {inner.emit("matmul", {x, u}), inner.emit("matmul", {h, w})}), b});
  const Ref next = inner.emit("tanh", {sum});
  body.outputs = {{"h", next.id}, {"y", inner.emit("matmul", {next, v}).id}};
  const Ref start{graph.add_input("start", type({batch, units}))}, xs{graph.add_input("xs", type({length, batch, in}))};
  std::vector<Ref> shared;
  for (const auto& [name, own] : {std::pair{"u", type({in, units})},
                                  {"w", type({units, units})},
                                  {"b", type({units})},
                                  {"v", type({units, out})}})
    shared.push_back({graph.add_parameter(name, own, true)});
  const std::vector<Ref> results = emit_loop(builder, body, {{&start, 1}, {&xs, 1}, shared}, length);
  const Seed seed{results[1], {}};
  const std::vector<Ref> flowing = gradients(builder, {&seed, 1}, shared);
  graph.outputs = {{"y", results[1].id}};
  for (std::size_t i = 0; i < shared.size(); ++i)
    graph.outputs.push_back({"gradient " + std::to_string(i), flowing[i].id});

  const Graph result = lifted(graph);
  REQUIRE(count_of(result, "loop") == 2);
  CHECK(count_of(body_of(result, 0), "matmul") == 1);  // h w
  CHECK(count_of(body_of(result, 1), "matmul") == 1);  // the gradient of h, through w
  CHECK(LoopView(std::find_if(result.nodes.rbegin(), result.nodes.rend(), is_loop)->attributes).carried ==
        1);  // no sums
  // Outside: x u and y forward; x u and h w again, y' v, and one product each for the gradients of u, w and v.
  CHECK(count_of(result, "matmul") >= 7);

  std::map<std::string, Tensor> values;
  std::uint64_t id = 0;
  for (const std::vector<ValueId>* ids : {&graph.inputs, &graph.parameters})
    for (const ValueId one : *ids)
      values.emplace(graph.value(one).name, random_tensor(DType::fp64, graph.value(one).type.shape, -1, 1, ++id));
  const auto found = run_graph(graph, *cpu_device(context()), values);
  for (std::size_t p = 0; p < shared.size(); ++p) {  // against differences
    Tensor& parameter = values.at(graph.value(shared[p].id).name);
    const auto total = [&] {
      const auto now = run_graph(graph, *cpu_device(context()), values);
      double y = 0;
      for (std::size_t i = 0; i < now.at("y").elements(); ++i) y += now.at("y").at(i);
      return y;
    };
    for (std::size_t i = 0; i < parameter.elements(); i += 3) {
      const double before = parameter.at(i), step = 1e-5;
      parameter.set(i, before + step);
      const double above = total();
      parameter.set(i, before - step);
      const double below = total();
      parameter.set(i, before);
      CHECK(found.at("gradient " + std::to_string(p)).at(i) ==
            Approx((above - below) / (2 * step)).epsilon(1e-6).margin(1e-8));
    }
  }
}

TEST_CASE("what each step has to do, and what would take too much memory for all steps, stays in the loop") {
  const ValueType type{DType::fp32, Shape{2, 3}};
  const auto loop_with = [&](const char* op, Attributes attributes, std::int64_t length, ValueType row, bool recompute = false) {
    Graph body, graph;
    GraphBuilder inner(context(), registry(), body), builder(context(), registry(), graph);
    const Ref x{body.add_input("x", row)}, w{body.add_input("w", {DType::fp32, Shape{3, 3}})};
    const Ref y = std::string(op) == "matmul" ? inner.emit(op, {x, w})
                                              : inner.emit(op, {inner.scalar(1, DType::u32)}, std::move(attributes));
    body.outputs = {{"y", y.id}};
    const Ref xs{graph.add_input("xs", {DType::fp32, row.shape.inserted(0, length)})},
        weights{graph.add_parameter("w", {DType::fp32, Shape{3, 3}}, true)};
    graph.outputs = {{"y", emit_loop(builder, body, {{}, {&xs, 1}, {&weights, 1}}, length, false, recompute)[0].id}};
    return lifted(graph);
  };
  CHECK(count_of(loop_with("matmul", {}, 4, type), "loop") == 0);
  CHECK(count_of(loop_with("matmul", {}, 1, type), "loop") == 1);  // one step gains nothing
  CHECK(count_of(loop_with("matmul", {}, 1 << 20, {DType::fp32, Shape{128, 3}}), "loop") == 1);  // 1.5 GB of rows
  CHECK(count_of(loop_with("matmul", {}, 4, type, true), "loop") == 1);  // asked for
  CHECK(count_of(loop_with("randomUniform", {{"shape", std::vector<std::int64_t>{2}}}, 4, type), "loop") == 1);
}
