#include "core/op/cost.h"

#include <algorithm>

#include "core/op/op_def.h"

namespace webai {
namespace {

// Without what an epilogue adds.
double own_operations(const Graph& graph, const Node& node) {
  const OpDef& op = definition(node);
  const auto shape = [&](ValueId id) -> const Shape& { return graph.value(id).type.shape; };
  const Shape& first = shape(node.inputs[0]);
  const double results = elements_of_one(shape(node.outputs[0]));
  if (op.name == "matmul") {
    const bool transposed = node.attributes.boolean("transposeA");
    return 2 * results * elements_of_one(Shape{first.dim(first.rank() - (transposed ? 2 : 1))});
  }
  // A convolution and its gradients do the same multiply-adds: the whole filter but its output channels for each number
  // of the output.
  const auto convolution = [&](double outputs, const Shape& filter) {
    return 2 * outputs * elements_of_one(filter) / std::max(1.0, elements_of_one(Shape{filter.dim(3)}));
  };
  if (op.name == "conv2d") return convolution(results, shape(node.inputs[1]));
  if (op.name == "conv2dInputGradient") return convolution(elements_of_one(first), shape(node.inputs[1]));
  if (op.name == "conv2dFilterGradient")
    return convolution(elements_of_one(shape(node.inputs[1])), shape(node.outputs[0]));
  return std::max(results, elements_of_one(first));  // one operation for each element read or written
}

}  // namespace

double elements_of_one(const Shape& shape) {
  double count = 1;
  for (const Dimension dim : shape.dims()) count *= dim.is_symbol() ? 1.0 : static_cast<double>(dim.value());
  return count;
}

double operations_of(const Graph& graph, const Node& node) {
  if (definition(node).view || node.inputs.empty() || node.inputs[0] == no_value) return 0;
  const double results = elements_of_one(graph.value(node.outputs[0]).type.shape);
  const double chain = node.chain ? static_cast<double>(node.chain->steps.size()) * results : 0;
  return node.op->name == "fused" ? chain : own_operations(graph, node) + chain;
}

std::uint64_t bytes_of(const Graph& graph, const Node& node) {
  if (definition(node).view) return 0;
  std::vector<ValueId> values = node.inputs;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  values.insert(values.end(), node.outputs.begin(), node.outputs.end());
  double bytes = 0;
  for (const ValueId id : values) {
    if (id == no_value) continue;
    const ValueType& type = graph.value(id).type;
    bytes += elements_of_one(type.shape) * static_cast<double>(size_of(type.type));
  }
  return static_cast<std::uint64_t>(bytes);
}

std::string work_text(const Node& node) {
  if (!node.chain) return node.op->name;
  std::string steps;
  for (const ChainStep& step : node.chain->steps) steps += (steps.empty() ? "" : ", ") + step.op->name;
  return node.op->name == "fused" ? steps : node.op->name + " + " + steps;
}

NodeProfile profile_row(const Graph& graph, const Node& node, std::string device) {
  NodeProfile row;
  row.operation = work_text(node);
  row.path = node.path;
  row.device = std::move(device);
  row.operations = operations_of(graph, node);
  row.bytes = bytes_of(graph, node);
  return row;
}

}  // namespace webai
