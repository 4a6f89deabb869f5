// What a compiled program is made of before it reaches the driver: OpenCL C with every size in it as a number, and the
// list of launches. Kernels take (memory, byte offset) pairs, so one kernel serves any place in a buffer.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "core/op/expression_printer.h"

namespace webai::opencl {

/// As a kernel's text spells a size.
inline std::string number(std::size_t value) { return std::to_string(value) + "u"; }

struct LaunchOperand {
  ValueId value = no_value;  ///< of the graph; no_value: kernel scratch
  std::size_t scratch = 0;   ///< byte offset into it
};

struct Launch {
  std::size_t kernel = 0;
  std::vector<LaunchOperand> operands;
  std::size_t groups = 0, group_size = 0;
};

/// What the texts depend on.
struct Traits {
  bool fuses = false;         ///< products use fma
  bool is_processor = false;  ///< one work-item per group where an item does a lot
  OpenclDivision division;
};

class ProgramText {
 public:
  explicit ProgramText(Traits traits) : traits_(traits) {}
  const Traits& traits() const noexcept { return traits_; }

  /// The kernel that `print` writes under a name it is given; kernels with the same text are kept once.
  using Print = std::function<std::string(const std::string& name)>;
  std::size_t kernel(const Print& print);
  /// A launch of at least `items` work-items (the kernel checks); nothing when there are none.
  void launch(std::size_t kernel, std::vector<LaunchOperand> operands, std::size_t items, std::size_t group_size);

  /// Memory that lives until the next node.
  std::size_t take_scratch(std::size_t bytes);
  void end_node() noexcept { used_ = 0; }

  /// All of it, prelude included.
  std::string source() const { return opencl_prelude(traits_.division) + source_; }
  const std::vector<std::string>& kernels() const noexcept { return names_; }
  const std::vector<Launch>& launches() const noexcept { return launches_; }
  std::size_t scratch_bytes() const noexcept { return most_; }

 private:
  Traits traits_;
  std::string source_;
  std::vector<std::string> names_;
  std::map<std::string, std::size_t> by_text_;
  std::vector<Launch> launches_;
  std::size_t used_ = 0, most_ = 0;
};

/// What opens a kernel: "kernel void name(global uchar* m0, ulong o0, ...) {".
std::string kernel_head(const std::string& name, std::size_t operands, std::size_t group_size);
/// "  global T* const p3 = (global T*)(m3 + o3);" and one line more.
std::string pointer_line(std::size_t operand, const std::string& type, const std::string& name);

/// How one kind of node becomes kernels. Emit is called for nodes that are not refused.
struct NodeKernels {
  std::optional<std::string> (*refuses)(const Graph& graph, const Node& node);
  void (*emit)(const Graph& graph, const Node& node, ProgramText& text);
};
/// By "domain#name".
const std::map<std::string, NodeKernels>& node_kernels();

// The families, for the table.
void add_elementwise_kernels(std::map<std::string, NodeKernels>& table);
void add_reduce_kernels(std::map<std::string, NodeKernels>& table);
void add_matmul_kernels(std::map<std::string, NodeKernels>& table);

/// The chain of a fused node or behind a product: input 0 comes from `product` where that is given.
std::optional<std::string> chain_refusal(const Graph& graph, const Node& node);
void emit_chain(const Graph& graph, const Node& node, ProgramText& text, std::optional<std::size_t> product);

/// Sizes that 32-bit indices in the kernels hold.
inline constexpr std::int64_t most_elements = std::int64_t{1} << 31;
std::optional<std::string> size_refusal(const Graph& graph, const Node& node);

}  // namespace webai::opencl
