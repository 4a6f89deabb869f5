// Runs one operator on tensors with its reference kernel: the tape and constant folding stand on it.
#pragma once

#include <span>
#include <vector>

#include "core/op/broadcast.h"
#include "core/op/op_def.h"

namespace webai {

/// Whether evaluate() can run the node: it has a reference kernel or is a view (a composite must be
/// expanded first).
bool can_evaluate(const Node& node);

/// Outputs of one node on concrete inputs (nullptr for an absent optional one); types as the graph says.
std::vector<Tensor> evaluate(const Context& context, const Graph& graph, const Node& node,
                             std::span<const Tensor* const> inputs);

/// A fused chain, element by element in double, each step rounded to the chain's type. Operands are the chain's inputs.
/// Made for their types and shapes once, it takes no memory when it runs; the chain outlives it.
class ChainEvaluator {
 public:
  ChainEvaluator(const Chain& chain, std::span<const Operand> inputs, std::span<const Operand> outputs);
  void run(std::span<const Operand> inputs, std::span<const Operand> outputs);

 private:
  const Chain& chain_;
  std::vector<BroadcastStrides> strides_;  // by input
  std::vector<std::int64_t> offsets_;      // by input, of the element at hand
  std::vector<double> slots_;              // its values
};

inline void evaluate_chain(const Chain& chain, std::span<const Operand> inputs, std::span<const Operand> outputs) {
  ChainEvaluator(chain, inputs, outputs).run(inputs, outputs);
}

}  // namespace webai
