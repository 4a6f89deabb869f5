// Operations of a domain without whole shapes see samples of a batch. What would carry values from one sample to
// another makes outputs depend on who else is in the batch, and is refused.
#include <algorithm>
#include <array>

#include "core/model/trace.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// They keep the batch where their attribute `axis` names it, but mix what stands along it.
constexpr std::array<std::string_view, 8> along_axis = {"softmax", "logSoftmax", "cumulativeSum", "gather",
                                                        "concat",  "scatterAdd", "argMax",        "argMin"};

bool is_batch(const Shape& shape, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(shape.rank());
  if (axis < 0) axis += rank;
  return axis >= 0 && axis < rank && shape.dim(static_cast<std::size_t>(axis)) == batch_symbol;
}

bool has_batch(const Shape& shape) { return std::ranges::find(shape.dims(), batch_symbol) != shape.dims().end(); }

std::int64_t elements_before_batch(const Shape& shape) {
  const auto dims = shape.dims();
  return shape.elements(0, static_cast<std::size_t>(std::ranges::find(dims, batch_symbol) - dims.begin()));
}

bool flag(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = attributes.find(name);
  return value && std::holds_alternative<bool>(*value) && std::get<bool>(*value);
}

bool mixes_samples(const Graph& graph, const Node& node) {
  std::vector<Shape> inputs;
  for (const ValueId input : node.inputs) inputs.push_back(input == no_value ? Shape() : graph.value(input).type.shape);
  if (std::ranges::none_of(inputs, has_batch)) return false;
  const auto keeps_batch = [&](ValueId id) { return has_batch(graph.value(id).type.shape); };
  if (std::ranges::none_of(node.outputs, keeps_batch)) return true;
  const OpDef& op = definition(node);
  if (op.domain != "core") return false;
  if (const AttributeValue* axes = node.attributes.find("axes"); axes && op.name != "squeeze") {
    const auto& list = std::get<std::vector<std::int64_t>>(*axes);
    return list.empty() || std::ranges::any_of(list, [&](std::int64_t axis) { return is_batch(inputs[0], axis); });
  }
  if (std::ranges::find(along_axis, op.name) != along_axis.end()) {
    const std::int64_t axis = node.attributes.integer("axis");
    if (op.name != "concat") inputs.resize(1);
    return std::ranges::any_of(inputs, [&](const Shape& shape) { return is_batch(shape, axis); });
  }
  if (op.name == "matmul" || op.name == "fusedMatMul")
    return is_batch(inputs[0], flag(node.attributes, "transposeA") ? -2 : -1) ||
           is_batch(inputs[1], flag(node.attributes, "transposeB") ? -1 : -2);
  // Row-major, values of a sample stay together only where as many stand before the batch as did.
  if (op.name == "reshape")
    return elements_before_batch(inputs[0]) != elements_before_batch(graph.value(node.outputs.front()).type.shape);
  return false;
}

}  // namespace

void check_samples_apart(const Trace& trace, const Node& node) {
  if (trace.explicit_batch || !mixes_samples(trace.builder.graph(), node)) return;
  const std::string& name = definition(node).name;
  throw Error(Code::unsupported,
              {.message = "\"" + name +
                          "\" takes values of one sample to another, but samples of a batch run side by "
                          "side, each as if alone",
               .reason = "BATCH_AXIS",
               .path = trace.builder.path(),
               .operation = trace.operation,
               .hint = "the batch is axis 0: name axes of a sample from 1, or from the end; a domain with "
                       "\"explicitBatch\" works on whole tensors"});
}

}  // namespace webai
