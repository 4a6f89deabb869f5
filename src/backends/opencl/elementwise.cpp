// Chains of elementwise operators, one work-item per element, printed from the operators' own text; and the operators
// that only move elements: copy, broadcastTo, transpose.
#include <algorithm>

#include "backends/opencl/program_text.h"
#include "backends/opencl/session.h"
#include "core/op/broadcast.h"
#include "core/op/op_def.h"

namespace webai::opencl {
namespace {

// A walk over a shape with one set of strides per operand, neighbouring axes joined wherever every operand allows.
struct Walk {
  std::vector<std::int64_t> extents;                // outermost first; none of length 1
  std::vector<std::vector<std::int64_t>> strides;  // by operand and axis, in elements
};

Walk collapse(const Shape& shape, const std::vector<BroadcastStrides>& strides) {
  Walk walk;
  walk.strides.resize(strides.size());
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const std::int64_t extent = shape[axis];
    if (extent == 1) continue;
    bool joins = !walk.extents.empty();
    for (std::size_t i = 0; i < strides.size() && joins; ++i)
      joins = walk.strides[i].back() == strides[i][axis] * extent;
    if (joins) walk.extents.back() *= extent;
    else walk.extents.push_back(extent);
    for (std::size_t i = 0; i < strides.size(); ++i) {
      if (joins) walk.strides[i].back() = strides[i][axis];
      else walk.strides[i].push_back(strides[i][axis]);
    }
  }
  return walk;
}

// Positions x0, x1, ... of element i along the walk's axes.
std::string position_text(const Walk& walk) {
  std::string text, rest = "i";
  for (std::size_t axis = walk.extents.size(); axis-- > 0;) {
    const std::string extent = std::to_string(walk.extents[axis]) + "u";
    text += "  const uint x" + std::to_string(axis) + " = " + (axis ? rest + " % " + extent : rest) + ";\n";
    rest = axis ? "(" + rest + ") / " + extent : rest;
  }
  return text;
}

std::string index_text(const Walk& walk, std::size_t operand) {
  std::string text;
  for (std::size_t axis = 0; axis < walk.extents.size(); ++axis) {
    const std::int64_t stride = walk.strides[operand][axis];
    if (stride == 0) continue;
    text += (text.empty() ? "" : " + ") + ("x" + std::to_string(axis)) +
            (stride == 1 ? "" : " * " + std::to_string(stride) + "u");
  }
  return text.empty() ? "0u" : text;
}

std::string guard_text(std::size_t elements) {
  return "  const uint i = get_global_id(0);\n  if (i >= " + std::to_string(elements) + "u) return;\n";
}

bool fits(DType type) { return type == DType::fp32 || type == DType::boolean; }

// Types of the chain's inputs; input 0 of an epilogue is the product.
std::vector<ValueType> chain_inputs(const Graph& graph, const Node& node) {
  std::vector<ValueType> types;
  std::size_t first = 0;
  if (node.op->name != "fused") {
    types.push_back({DType::fp32, graph.value(node.outputs[0]).type.shape});
    first = node.own_inputs();
  }
  for (std::size_t i = first; i < node.inputs.size(); ++i) types.push_back(graph.value(node.inputs[i]).type);
  return types;
}

std::optional<std::string> fused_refusal(const Graph& graph, const Node& node) {
  return node.chain ? chain_refusal(graph, node) : "there is no chain on the node";
}

void emit_fused(const Graph& graph, const Node& node, ProgramText& text) { emit_chain(graph, node, text, std::nullopt); }

// ---- moving elements

std::optional<std::string> move_refusal(const Graph& graph, const Node& node) { return size_refusal(graph, node); }

BroadcastStrides row_major(const Shape& shape) { return strides_of(shape); }

void emit_move(const Graph& graph, const Node& node, const BroadcastStrides& strides, ProgramText& text) {
  constexpr const char* words[] = {"", "uchar", "ushort", "", "uint", "", "", "", "ulong"};
  const ValueType& type = graph.value(node.outputs[0]).type;
  const std::string word = words[size_of(type.type)];
  const auto elements = static_cast<std::size_t>(type.shape.elements());
  if (elements == 0) return;
  const Walk walk = collapse(type.shape, {strides, row_major(type.shape)});
  const std::size_t kernel = text.kernel([&](const std::string& name) {
    return kernel_head(name, 2, group_size) + guard_text(elements) + pointer_line(0, word, "from") +
           pointer_line(1, word, "to") + position_text(walk) + "  to[i] = from[" + index_text(walk, 0) + "];\n}\n";
  });
  text.launch(kernel, {{node.inputs[0]}, {node.outputs[0]}}, elements, group_size);
}

void emit_copy(const Graph& graph, const Node& node, ProgramText& text) {
  emit_move(graph, node, row_major(graph.value(node.inputs[0]).type.shape), text);
}

void emit_broadcast(const Graph& graph, const Node& node, ProgramText& text) {
  emit_move(graph, node,
            broadcast_strides(graph.value(node.inputs[0]).type.shape, graph.value(node.outputs[0]).type.shape), text);
}

void emit_transpose(const Graph& graph, const Node& node, ProgramText& text) {
  const Shape& shape = graph.value(node.inputs[0]).type.shape;
  const auto rank = static_cast<std::int64_t>(shape.rank());
  std::vector<std::int64_t> permutation = node.attributes.integers("permutation");
  if (permutation.empty())
    for (std::int64_t axis = rank; axis-- > 0;) permutation.push_back(axis);
  const BroadcastStrides from = row_major(shape);
  BroadcastStrides strides{};
  for (std::size_t axis = 0; axis < permutation.size(); ++axis)
    strides[axis] = from[static_cast<std::size_t>(permutation[axis] < 0 ? permutation[axis] + rank : permutation[axis])];
  emit_move(graph, node, strides, text);
}

}  // namespace

std::optional<std::string> chain_refusal(const Graph& graph, const Node& node) {
  if (!node.chain) return std::nullopt;
  if (auto refusal = size_refusal(graph, node)) return refusal;
  const std::vector<ValueType> inputs = chain_inputs(graph, node);
  constexpr std::size_t most_operands = 60;  // what every driver's space for parameters holds
  if (inputs.size() + node.outputs.size() > most_operands) return "it has more operands than a kernel takes";
  const auto taken = [](const ValueType& type) { return fits(type.type); };
  if (!std::all_of(inputs.begin(), inputs.end(), taken)) return "chains are written for fp32 and bool";
  for (const ValueId output : node.outputs)
    if (!taken(graph.value(output).type)) return "chains are written for fp32 and bool";
  return std::nullopt;
}

void emit_chain(const Graph& graph, const Node& node, ProgramText& text, std::optional<std::size_t> product) {
  const Shape& shape = graph.value(node.outputs[0]).type.shape;
  const auto elements = static_cast<std::size_t>(shape.elements());
  if (elements == 0) return;
  const std::vector<ValueType> inputs = chain_inputs(graph, node);
  std::vector<BroadcastStrides> strides;
  std::vector<DType> types;
  for (const ValueType& input : inputs) {
    strides.push_back(broadcast_strides(input.shape, shape));
    types.push_back(input.type);
  }
  strides.push_back(row_major(shape));
  const Walk walk = collapse(shape, strides);
  const std::size_t kernel = text.kernel([&](const std::string& name) {
    const ChainText chain = print_chain_opencl(*node.chain, types, name + "f", text.traits().division.repaired);
    std::string source = chain.functions + kernel_head(name, inputs.size() + node.outputs.size(), group_size) +
                         guard_text(elements) + position_text(walk);
    // Numbers are loaded and stored as words: a float copy may be flushed or quieted.
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::string pointer = "p" + std::to_string(i), slot = "s" + std::to_string(i);
      const std::string element = pointer + "[" + index_text(walk, i) + "]";
      const bool boolean = types[i] == DType::boolean;
      source += pointer_line(i, boolean ? "uchar" : "uint", pointer);
      source += boolean ? "  const bool " + slot + " = " + element + " != 0;\n"
                        : "  const float " + slot + " = as_float(" + element + ");\n";
    }
    source += chain.body;
    for (std::size_t r = 0; r < node.outputs.size(); ++r) {
      const std::string pointer = "r" + std::to_string(r), slot = "s" + std::to_string(node.chain->results[r]);
      const bool boolean = graph.value(node.outputs[r]).type.type == DType::boolean;
      source += pointer_line(inputs.size() + r, boolean ? "uchar" : "uint", pointer);
      source += "  " + pointer + "[i] = " + (boolean ? slot + " ? 1 : 0" : "as_uint(" + slot + ")") + ";\n";
    }
    return source + "}\n";
  });
  std::vector<LaunchOperand> operands;
  if (product) operands.push_back({no_value, *product});
  for (std::size_t i = product ? node.own_inputs() : 0; i < node.inputs.size(); ++i) operands.push_back({node.inputs[i]});
  for (const ValueId output : node.outputs) operands.push_back({output});
  text.launch(kernel, std::move(operands), elements, group_size);
}

void add_elementwise_kernels(std::map<std::string, NodeKernels>& table) {
  table["internal#fused"] = {fused_refusal, emit_fused};
  table["core#copy"] = {move_refusal, emit_copy};
  table["core#broadcastTo"] = {move_refusal, emit_broadcast};
  table["core#transpose"] = {move_refusal, emit_transpose};
}

}  // namespace webai::opencl
