#include "core/op/cost.h"

#include <algorithm>

#include "core/op/op_def.h"

namespace webai {

double elements_of_one(const Shape& shape) noexcept {
  double count = 1;
  for (const Dimension dim : shape.dims()) count *= dim.is_symbol() ? 1.0 : static_cast<double>(dim.value());
  return count;
}

double bytes_of_one(const ValueType& type) noexcept {
  return elements_of_one(type.shape) * static_cast<double>(size_of(type.type));
}

double operations_of(const Graph& graph, const Node& node) {
  const OpDef& op = definition(node);
  if (op.view || node.outputs.empty()) return 0;
  const double results = elements_of_one(graph.value(node.outputs[0]).type.shape);
  const double chain = node.chain ? results * static_cast<double>(node.chain->steps.size()) : 0;
  if (op.operations) return op.operations(graph, node) + chain;
  if (node.inputs.empty() || node.inputs[0] == no_value) return chain;
  return std::max(results, elements_of_one(graph.value(node.inputs[0]).type.shape)) + chain;
}

double bytes_of(const Graph& graph, const Node& node) {
  if (definition(node).view) return 0;
  std::vector<ValueId> values = node.inputs;
  values.insert(values.end(), node.outputs.begin(), node.outputs.end());
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  double bytes = 0;
  for (const ValueId id : values)
    if (id != no_value) bytes += bytes_of_one(graph.value(id).type);
  return bytes;
}

double no_operations(const Graph&, const Node&) noexcept { return 0; }

std::string work_text(const Node& node) {
  if (!node.chain) return node.op->name;
  std::string steps;
  for (const ChainStep& step : node.chain->steps) steps += (steps.empty() ? "" : ", ") + step.op->name;
  return node.op->name == "fused" ? steps : node.op->name + " + " + steps;
}

NodeProfile profile_row(const Graph& graph, const Node& node, std::string device) {
  const auto bytes = static_cast<std::uint64_t>(bytes_of(graph, node));
  return {work_text(node), node.path, std::move(device), 0, operations_of(graph, node), bytes};
}

}  // namespace webai
