#include "backends/opencl/program_text.h"

#include <algorithm>

namespace webai::opencl {

std::size_t ProgramText::kernel(const Print& print) {
  const auto [at, is_new] = by_text_.try_emplace(print("kernel"), names_.size());
  if (!is_new) return at->second;
  names_.push_back("k" + std::to_string(names_.size()));
  source_ += print(names_.back());
  return at->second;
}

void ProgramText::launch(std::size_t kernel, std::vector<LaunchOperand> operands, std::size_t items,
                         std::size_t group_size) {
  if (items == 0) return;
  launches_.push_back({kernel, std::move(operands), (items + group_size - 1) / group_size, group_size});
}

std::size_t ProgramText::take_scratch(std::size_t bytes) {
  const std::size_t offset = used_;
  used_ += (bytes + 127) / 128 * 128;
  most_ = std::max(most_, used_);
  return offset;
}

std::string kernel_head(const std::string& name, std::size_t operands, std::size_t group_size) {
  std::string text = "__attribute__((reqd_work_group_size(" + std::to_string(group_size) + ", 1, 1)))\nkernel void " + name + "(";
  for (std::size_t i = 0; i < operands; ++i) {
    const std::string number = std::to_string(i);
    text += (i ? ", " : "") + ("global uchar* m" + number) + ", const ulong o" + number;
  }
  return text + ") {\n";
}

std::string pointer_line(std::size_t operand, const std::string& type, const std::string& name) {
  const std::string number = std::to_string(operand);
  return "  global " + type + "* const " + name + " = (global " + type + "*)(m" + number + " + o" + number + ");\n";
}

const std::map<std::string, NodeKernels>& node_kernels() {
  static const std::map<std::string, NodeKernels> table = [] {
    std::map<std::string, NodeKernels> result;
    add_elementwise_kernels(result);
    add_reduce_kernels(result);
    add_matmul_kernels(result);
    return result;
  }();
  return table;
}

std::optional<std::string> size_refusal(const Graph& graph, const Node& node) {
  for (const auto* ids : {&node.inputs, &node.outputs})
    for (const ValueId id : *ids)
      if (id != no_value && graph.value(id).type.shape.elements() >= most_elements)
        return "its kernels count elements with 31 bits";
  return std::nullopt;
}

}  // namespace webai::opencl
