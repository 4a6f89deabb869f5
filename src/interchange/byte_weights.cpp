#include "interchange/byte_weights.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "core/op/evaluate.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr int tries = 32;
constexpr std::size_t least_elements = 16;

Tensor as_bytes(const Context& context, const Tensor& tensor) {
  const ByteRange range = range_of(tensor);
  Tensor result = tensor.clone(context);
  for (std::size_t i = 0; i < result.elements(); ++i) result.set(i, range.value(range.code(tensor.at(i))));
  return result;
}

/// Runs from zero states: what a first run gives.
Tensor run(const Context& context, const Graph& graph, const Tensor& input, std::span<const Tensor> constants) {
  std::vector<Tensor> values(graph.values.size());
  for (std::size_t id = 0; id < values.size(); ++id) {
    const Value& value = graph.values[id];
    if (value.kind == ValueKind::constant) values[id] = constants[id];
    if (value.kind == ValueKind::state) values[id] = Tensor(context, value.type.type, value.type.shape);
  }
  values[static_cast<std::size_t>(graph.inputs[0])] = input;
  for (const Node& node : graph.nodes) {
    std::vector<const Tensor*> inputs;
    for (const ValueId id : node.inputs)
      inputs.push_back(id == no_value ? nullptr : &values[static_cast<std::size_t>(id)]);
    std::vector<Tensor> outputs = evaluate(context, graph, node, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      values[static_cast<std::size_t>(node.outputs[i])] = std::move(outputs[i]);
  }
  return values[static_cast<std::size_t>(graph.outputs[0].value)];
}

}  // namespace

int ByteRange::code(double value) const {
  return static_cast<int>(std::clamp(std::nearbyint((value - low) / step), 0.0, 255.0));
}

bool fits_bytes(const Tensor& tensor) {
  if (!is_floating(tensor.type()) || tensor.shape().rank() < 2 || tensor.elements() < least_elements) return false;
  for (std::size_t i = 0; i < tensor.elements(); ++i)
    if (!(std::fabs(tensor.at(i)) < 1e30)) return false;
  return true;
}

ByteRange range_of(const Tensor& tensor) {
  double low = tensor.at(0), high = low;
  for (std::size_t i = 1; i < tensor.elements(); ++i) {
    low = std::min(low, tensor.at(i));
    high = std::max(high, tensor.at(i));
  }
  ByteRange range;
  range.low = static_cast<float>(low);
  range.step = high > low ? static_cast<float>((high - low) / 255) : 1.0F;
  return range;
}

ByteError measure_bytes(const Context& context, const Graph& graph) {
  std::vector<Tensor> exact(graph.values.size()), small(graph.values.size());
  ByteError error;
  for (std::size_t id = 0; id < exact.size(); ++id) {
    if (graph.values[id].kind != ValueKind::constant) continue;
    exact[id] = graph.values[id].constant;
    error.matrices += fits_bytes(exact[id]);
    small[id] = fits_bytes(exact[id]) ? as_bytes(context, exact[id]) : exact[id];
  }
  const ValueType& type = graph.value(graph.inputs[0]).type;
  error.inputs = tries;
  double squares = 0;
  std::size_t count = 0;
  for (int t = 0; t < tries; ++t) {
    const RandomStream random(7, static_cast<std::uint64_t>(t));
    Tensor input(context, type.type, type.shape);
    for (std::size_t i = 0; i < input.elements(); ++i) input.set(i, 2 * random.uniform_double(i) - 1);
    const Tensor a = run(context, graph, input, exact), b = run(context, graph, input, small);
    for (std::size_t i = 0; i < a.elements(); ++i, ++count) {
      const double difference = std::fabs(a.at(i) - b.at(i));
      error.largest = std::max(error.largest, difference);
      error.largest_output = std::max(error.largest_output, std::fabs(a.at(i)));
      squares += difference * difference;
    }
  }
  error.mean_square_root = count ? std::sqrt(squares / static_cast<double>(count)) : 0;
  return error;
}

}  // namespace webai
