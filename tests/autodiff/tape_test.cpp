// The tape and the compiled graph are two ways to the same numbers.
#include <catch2/catch.hpp>

#include "autodiff/gradients.h"
#include "support/run_graph.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Gradients of the sum of squares of an operator's floating outputs, written on any builder.
std::vector<Ref> gradients_of(Builder& builder, const OpDef& op, std::span<const Ref> inputs, const Attributes& attributes) {
  std::vector<Seed> seeds;
  for (const Ref output : builder.emit_all(op, inputs, attributes))
    if (is_floating(builder.dtype(output))) seeds.push_back({builder.emit("mul", {output, output}), {}});
  std::vector<Ref> sources;
  for (const Ref input : inputs)
    if (is_floating(builder.dtype(input))) sources.push_back(input);
  if (seeds.empty() || sources.empty()) return {};
  return gradients(builder, seeds, sources);
}

}  // namespace

TEST_CASE("tape and graph give equal gradients for every operator in fp64") {
  const auto device = reference_device(context());
  for (const OpDef* op : all_operators()) {
    if (!op->gradient && !op->body) continue;
    for (std::size_t s = 0; s < op->samples.size(); ++s) {
      const Sample& sample = op->samples[s];
      const std::vector<Tensor> values = sample_inputs(sample, DType::fp64);
      Tape tape(context(), registry());
      Graph graph;
      GraphBuilder builder(context(), registry(), graph);
      std::vector<Ref> on_tape, on_graph;
      std::map<std::string, Tensor> named;
      for (std::size_t i = 0; i < values.size(); ++i) {
        on_tape.push_back(tape.variable(values[i]));
        const std::string name = "in" + std::to_string(i);
        on_graph.push_back({graph.add_input(name, {values[i].type(), values[i].shape()})});
        named.emplace(name, values[i]);
      }
      const std::vector<Ref> first = gradients_of(tape, *op, on_tape, sample.attributes);
      const std::vector<Ref> second = gradients_of(builder, *op, on_graph, sample.attributes);
      REQUIRE(first.size() == second.size());
      for (std::size_t i = 0; i < second.size(); ++i) {
        REQUIRE(static_cast<bool>(first[i]) == static_cast<bool>(second[i]));
        if (second[i]) graph.outputs.push_back({"g" + std::to_string(i), second[i].id});
      }
      if (graph.outputs.empty()) continue;
      const auto compiled = run_graph(graph, *device, named, training_mode(sample));
      for (std::size_t i = 0; i < first.size(); ++i) {
        if (!first[i]) continue;
        const Tensor &a = tape.value(first[i]), &b = compiled.at("g" + std::to_string(i));
        for (std::size_t e = 0; e < a.elements(); ++e) {
          INFO(title(*op, s) << " gradient " << i << " element " << e);
          const double tolerance = 1e-12 * std::max(1.0, std::abs(a.at(e)));
          REQUIRE((a.at(e) == b.at(e) || std::abs(a.at(e) - b.at(e)) <= tolerance ||
                   (std::isnan(a.at(e)) && std::isnan(b.at(e)))));
        }
      }
    }
  }
}

TEST_CASE("a value read twice gathers both gradients") {
  Tape tape(context(), registry());
  const Ref x = tape.variable(Tensor::from(context(), DType::fp64, Shape{2}, std::vector<double>{3, -2}));
  const Ref y = tape.emit("add", {tape.emit("mul", {x, x}), x});
  const Seed seed{y, {}};
  const std::vector<Ref> dx = gradients(tape, {&seed, 1}, {&x, 1});
  CHECK(tape.value(dx[0]).at(0) == 7);
  CHECK(tape.value(dx[0]).at(1) == -3);
}

TEST_CASE("nothing flows to what a value does not depend on") {
  Tape tape(context(), registry());
  const Ref x = tape.variable(Tensor(context(), DType::fp64, Shape{2}));
  const Ref y = tape.variable(Tensor(context(), DType::fp64, Shape{2}));
  const Seed seed{tape.emit("tanh", {x}), {}};
  CHECK_FALSE(gradients(tape, {&seed, 1}, {&y, 1})[0]);
}

TEST_CASE("a gradient that reaches an operator without one says which and why") {
  Tape tape(context(), registry());
  tape.set_path("/layers/2");
  const Ref x = tape.variable(Tensor(context(), DType::fp64, Shape{2}));
  const Ref scores = tape.emit("floor", {x});
  const Ref index = tape.emit("argMax", {scores});
  CHECK(tape.dtype(index) == DType::i32);
  const Seed seed{tape.emit("mul", {scores, x}), {}};
  const OpDef& floor = registry().get("floor");
  if (floor.gradient) {
    CHECK_NOTHROW(gradients(tape, {&seed, 1}, {&x, 1}));
  } else {
    try {
      gradients(tape, {&seed, 1}, {&x, 1});
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == Code::not_differentiable);
      CHECK(error.operation() == "floor");
      CHECK(error.path() == "/layers/2");
    }
  }
}

TEST_CASE("a Ref of another tape is refused") {
  Tape one(context(), registry()), other(context(), registry());
  const Ref x = one.variable(Tensor(context(), DType::fp32, Shape{2}));
  CHECK_THROWS_AS(other.value(x), Error);
  CHECK_THROWS_AS(other.emit("tanh", {x}), Error);
}
