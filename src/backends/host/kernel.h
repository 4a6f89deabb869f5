// A node made ready to run on host memory, and the tables from operator names to those who make such kernels.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/ir/graph.h"
#include "core/op/op_def.h"

namespace webai {

/// One node, compiled. Owns whatever it prepared (packed shapes, offsets); allocates nothing in run.
class HostKernel {
 public:
  virtual ~HostKernel() = default;
  /// Bytes of working memory that run wants, shared with all other kernels of the executable.
  virtual std::size_t scratch_bytes() const { return 0; }
  /// Estimated time on one thread of work that helpers could share; 0: none. Decides whether helpers are woken.
  virtual double nanoseconds() const noexcept { return 0; }
  /// Operands are the node's inputs, then its outputs; nullptr for an absent optional input. An output may be the same
  /// memory as an input of equal type and shape that the node reads element by element. Only functions of the program may throw out of it.
  virtual void run(void* const* operands, void* scratch) = 0;
};

struct KernelRequest {
  const Context& context;
  const Graph& graph;
  const Node& node;
  const ValueType& input(std::size_t index) const { return graph.value(node.inputs[index]).type; }
  const ValueType& output(std::size_t index = 0) const { return graph.value(node.outputs[index]).type; }
};

/// Makes a kernel, or answers nullptr and says in `reason` why it refuses.
using KernelMaker = std::unique_ptr<HostKernel> (*)(const KernelRequest& request, std::string& reason);

/// Who can run what: makers by "domain#name", best first.
class Executable;
class HostExecutable;

/// May put something faster in front of an executable that is ready to run; answers it as it came where it cannot.
using ProgramMaker = std::unique_ptr<Executable> (*)(const Context& context, std::unique_ptr<HostExecutable> ready);

struct KernelTable {
  std::string name;  ///< of the backend: "cpu", "reference"
  std::unordered_map<std::string, std::vector<KernelMaker>> makers;
  KernelMaker any = nullptr;  ///< asked when no maker stands under the operator's name
  ProgramMaker whole = nullptr;  ///< asked when all kernels of a program are made; the first table's counts
};

}  // namespace webai
