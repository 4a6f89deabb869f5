// Runs one operator on tensors with its reference kernel: the tape and constant folding stand on it.
#pragma once

#include <span>
#include <vector>

#include "core/op/op_def.h"

namespace webai {

/// Whether evaluate() can run the node: it has a reference kernel or is a view (a composite must be
/// expanded first).
bool can_evaluate(const Node& node);

/// Outputs of one node on concrete inputs (nullptr for an absent optional one); types as the graph says.
std::vector<Tensor> evaluate(const Context& context, const Graph& graph, const Node& node,
                             std::span<const Tensor* const> inputs);

/// A fused chain, element by element in double, each step rounded to the chain's type. Operands are the chain's inputs.
void evaluate_chain(const Chain& chain, std::span<const Operand> inputs, std::span<const Operand> outputs);

}  // namespace webai
