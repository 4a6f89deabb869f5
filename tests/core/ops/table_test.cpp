// The one table of the operators: each has samples, and each sample runs, has the shape that its rule says, and has
// right first and second derivatives.
#include <catch2/catch.hpp>

#include "autodiff/gradients.h"
#include "support/sample_run.h"

using namespace webai;
using namespace webai::test;

namespace {

/// Weights that make one number of an operator's floating-point results.
Ref weighted_sum(Tape& tape, const std::vector<Ref>& values, std::uint64_t id) {
  Ref total;
  for (const Ref value : values) {
    if (!value || !is_floating(tape.dtype(value))) continue;
    const Ref weights = tape.constant(random_tensor(tape.dtype(value), tape.shape(value), 0.5, 1.5, id++));
    const Ref part = tape.emit("reduceSum", {tape.emit("mul", {value, weights})});
    total = total ? tape.emit("add", {total, part}) : part;
  }
  return total;
}

/// The number after `order` derivatives: order 0 is the weighted sum of the outputs, order 1 the weighted sum of its
/// gradients, and so on. `gradients` receives those of the last number.
double derivative(const OpDef& op, const std::vector<Tensor>& values, const Attributes& attributes, int order,
                  std::vector<Tensor>* found) {
  Run run(op, values, attributes);
  std::vector<Ref> sources;
  for (const Ref input : run.inputs)
    if (is_floating(run.tape.dtype(input))) sources.push_back(input);
  Ref number = weighted_sum(run.tape, run.outputs, 900);
  for (int i = 0; i < order && number; ++i) {
    const Seed seed{number, {}};
    number = weighted_sum(run.tape, gradients(run.tape, {&seed, 1}, sources), 950 + 20 * static_cast<std::uint64_t>(i));
  }
  if (!number) return 0;
  if (found) {
    const Seed seed{number, {}};
    const std::vector<Ref> result = gradients(run.tape, {&seed, 1}, sources);
    for (std::size_t i = 0; i < result.size(); ++i)
      found->push_back(result[i] ? run.tape.value(result[i])
                                 : Tensor(context(), run.tape.dtype(sources[i]), run.tape.shape(sources[i])));
  }
  return run.tape.value(number).at(0);
}

/// Compares the gradients of derivative(order) with central differences, at up to `most` elements of each input.
void check_derivatives(const OpDef& op, std::size_t number, int order, std::size_t most) {
  const Sample& sample = op.samples[number];
  std::vector<Tensor> values = sample_inputs(sample, DType::fp64);
  std::vector<Tensor> found;
  derivative(op, values, sample.attributes, order, &found);
  std::size_t source = 0;
  for (std::size_t input = 0; input < values.size(); ++input) {
    if (!is_floating(values[input].type())) continue;
    if (found.empty()) return;  // nothing depends on the inputs
    const Tensor gradient = found[source++];
    REQUIRE(gradient.shape() == values[input].shape());
    REQUIRE(gradient.type() == values[input].type());
    const std::size_t count = values[input].elements();
    const std::size_t step = count <= most ? 1 : count / most;
    for (std::size_t i = 0; i < count; i += step) {
      const double here = values[input].at(i), h = 1e-5;
      values[input].set(i, here + h);
      const double above = derivative(op, values, sample.attributes, order, nullptr);
      values[input].set(i, here - h);
      const double below = derivative(op, values, sample.attributes, order, nullptr);
      values[input].set(i, here);
      if (!std::isfinite(above) || !std::isfinite(below)) continue;  // no differences between infinities
      const double expected = (above - below) / (2 * h);
      const double scale = std::max({1.0, std::abs(expected), std::abs(above) * 1e-4});
      INFO(title(op, number) << ", derivative " << order + 1 << ", input " << input << ", element " << i
                             << ": expected " << expected << ", found " << gradient.at(i));
      REQUIRE(std::abs(gradient.at(i) - expected) <= 2e-6 * scale);
    }
  }
}

/// Differences need smooth functions in double: results of narrower types are steps.
bool has_smooth_samples(const OpDef& op, const Sample& sample) {
  if (!op.not_differentiable.empty()) return false;
  Run run(op, sample_inputs(sample, DType::fp64), sample.attributes);
  bool any = false;
  for (const Ref output : run.outputs) {
    const DType type = run.tape.dtype(output);
    if (is_floating(type) && type != DType::fp64) return false;
    any = any || is_floating(type);
  }
  return any;
}

}  // namespace

TEST_CASE("every operator has samples and all run in every floating-point type") {
  for (const OpDef* op : all_operators()) {
    DYNAMIC_SECTION(operation_name(*op)) {
      REQUIRE_FALSE(op->samples.empty());
      for (std::size_t i = 0; i < op->samples.size(); ++i) {
        const Sample& sample = op->samples[i];
        for (const DType floating : {DType::fp32, DType::fp64, DType::fp16, DType::bf16}) {
          INFO(title(*op, i) << " in " << name_of(floating));
          Run run(*op, sample_inputs(sample, floating), sample_attributes(sample, floating));
          REQUIRE_FALSE(run.outputs.empty());
          for (const Ref output : run.outputs) {
            const Tensor& value = run.tape.value(output);
            REQUIRE(value.shape() == run.tape.shape(output));
            REQUIRE(value.type() == run.tape.dtype(output));
          }
          REQUIRE((run.outputs.size() == op->output_names.size() || op->name == "split" || op->loop));
        }
      }
    }
  }
}

TEST_CASE("the fp32 and fp64 results of every sample agree") {
  for (const OpDef* op : all_operators()) {
    DYNAMIC_SECTION(operation_name(*op))
    for (std::size_t i = 0; i < op->samples.size(); ++i) {
      const Sample& sample = op->samples[i];
      const std::vector<Tensor> narrow = sample_inputs(sample, DType::fp32);
      std::vector<Tensor> wide;
      for (const Tensor& tensor : narrow)
        wide.push_back(tensor.type() == DType::fp32 ? tensor.converted(context(), DType::fp64) : tensor);
      Run one(*op, narrow, sample_attributes(sample, DType::fp32)), other(*op, wide, sample.attributes);
      for (std::size_t k = 0; k < one.outputs.size(); ++k) {
        const Tensor &a = one.tape.value(one.outputs[k]), &b = other.tape.value(other.outputs[k]);
        // Composites round each step; dropout draws per type alike.
        for (std::size_t e = 0; e < a.elements(); ++e) {
          INFO(title(*op, i) << ", element " << e << ": " << a.at(e) << " and " << b.at(e));
          if (std::isnan(b.at(e))) {
            REQUIRE(std::isnan(a.at(e)));
          } else if (std::isinf(b.at(e))) {
            REQUIRE(a.at(e) == b.at(e));
          } else {
            REQUIRE(std::abs(a.at(e) - b.at(e)) <= 2e-5 * std::max(1.0, std::abs(b.at(e))));
          }
        }
      }
    }
  }
}

TEST_CASE("first derivatives agree with finite differences") {
  for (const OpDef* op : all_operators()) DYNAMIC_SECTION(operation_name(*op))
  for (std::size_t i = 0; i < op->samples.size(); ++i)
    if (has_smooth_samples(*op, op->samples[i])) check_derivatives(*op, i, 0, 40);
}

TEST_CASE("second derivatives agree with finite differences of the first") {
  for (const OpDef* op : all_operators()) DYNAMIC_SECTION(operation_name(*op))
  for (std::size_t i = 0; i < op->samples.size(); ++i)
    if (has_smooth_samples(*op, op->samples[i])) check_derivatives(*op, i, 1, 5);
}

TEST_CASE("third derivatives of products and convolutions agree with finite differences of the second") {
  for (const char* name : {"matmul", "conv2d", "conv2dInputGradient", "softmax", "reduceMean"})
    check_derivatives(registry().get(name), 0, 2, 5);
}

TEST_CASE("an operator with both a kernel and a body gives the same by either") {
  for (const OpDef* op : all_operators()) {
    if (!op->reference || !op->body) continue;
    for (std::size_t i = 0; i < op->samples.size(); ++i) {
      const Sample& sample = op->samples[i];
      Run kernel(*op, sample_inputs(sample, DType::fp64), sample.attributes);
      const Attributes attributes = kernel.tape.graph().nodes.front().attributes;
      Tape tape(context(), registry());
      std::vector<Ref> inputs;
      for (const Tensor& value : sample_inputs(sample, DType::fp64)) inputs.push_back(tape.variable(value));
      const std::vector<Ref> outputs = op->body(tape, inputs, attributes);
      REQUIRE(outputs.size() == kernel.outputs.size());
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        const Tensor &a = kernel.tape.value(kernel.outputs[k]), &b = tape.value(outputs[k]);
        REQUIRE(a.shape() == b.shape());
        for (std::size_t e = 0; e < a.elements(); ++e) {
          INFO(title(*op, i) << ", element " << e);
          REQUIRE(a.at(e) == Approx(b.at(e)).epsilon(1e-10).margin(1e-10));
        }
      }
    }
  }
}

TEST_CASE("a body has the shapes and types that the shape rule says") {
  for (const OpDef* op : all_operators()) {
    if (!op->body) continue;
    for (std::size_t i = 0; i < op->samples.size(); ++i) {
      const Sample& sample = op->samples[i];
      INFO(title(*op, i));
      Run run(*op, sample_inputs(sample, DType::fp32), sample_attributes(sample, DType::fp32));
      const Attributes attributes = run.tape.graph().nodes.front().attributes;
      const std::vector<Ref> inner = op->body(run.tape, run.inputs, attributes);
      REQUIRE(inner.size() == run.outputs.size());
      for (std::size_t k = 0; k < inner.size(); ++k) REQUIRE(run.tape.type(inner[k]) == run.tape.type(run.outputs[k]));
    }
  }
}
