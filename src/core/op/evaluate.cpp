// Evaluation of single nodes by reference kernels.
#include "core/op/evaluate.h"

#include <array>

#include "core/op/elementwise.h"
#include "webai/error.hpp"

namespace webai {
namespace {

Operand operand_of(Tensor& tensor) { return {tensor.data(), tensor.type(), tensor.shape()}; }

}  // namespace

ChainEvaluator::ChainEvaluator(const Chain& chain, std::span<const Operand> inputs, std::span<const Operand> outputs)
    : chain_(chain), offsets_(inputs.size()), slots_(inputs.size() + chain.steps.size()) {
  for (const Operand& input : inputs) strides_.push_back(broadcast_strides(input.shape, outputs.front().shape));
}

void ChainEvaluator::run(std::span<const Operand> inputs, std::span<const Operand> outputs) {
  const Shape& full = outputs.front().shape;
  const DType type = outputs.front().type;
  const std::int64_t count = full.elements();
  std::array<double, Elementwise::max_inputs> arguments;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i;
    std::fill(offsets_.begin(), offsets_.end(), 0);
    for (std::size_t axis = full.rank(); axis-- > 0; rest /= full[axis])
      for (std::size_t k = 0; k < inputs.size(); ++k) offsets_[k] += rest % full[axis] * strides_[k][axis];
    for (std::size_t k = 0; k < inputs.size(); ++k) slots_[k] = inputs[k].load(offsets_[k]);
    for (std::size_t s = 0; s < chain_.steps.size(); ++s) {
      const ChainStep& step = chain_.steps[s];
      for (std::size_t a = 0; a < step.operands.size(); ++a)
        arguments[a] = slots_[static_cast<std::size_t>(step.operands[a])];
      double result = definition(*step.op).elementwise->evaluate(arguments.data(), step.attributes.data());
      // Each step rounds to the chain's type, as the unfused nodes would.
      if (type == DType::fp32) result = static_cast<float>(result);
      slots_[inputs.size() + s] = result;
    }
    for (std::size_t r = 0; r < outputs.size(); ++r)
      outputs[r].store(i, slots_[static_cast<std::size_t>(chain_.results[r])]);
  }
}

bool can_evaluate(const Node& node) {
  const OpDef& op = definition(node);
  return (op.reference || op.view) && !node.chain;
}

std::vector<Tensor> evaluate(const Context& context, const Graph& graph, const Node& node,
                             std::span<const Tensor* const> inputs) {
  const OpDef& op = definition(node);
  if (op.view) return {inputs.front()->reshaped(graph.value(node.outputs.front()).type.shape)};
  std::vector<Tensor> outputs;
  std::vector<Operand> in, out;
  for (const ValueId id : node.outputs) {
    const ValueType& type = graph.value(id).type;
    outputs.emplace_back(context, type.type, type.shape);
  }
  for (Tensor& output : outputs) out.push_back(operand_of(output));
  for (const Tensor* input : inputs)
    in.push_back(input ? Operand{const_cast<void*>(input->data()), input->type(), input->shape()} : Operand{});
  if (!op.reference) throw Error(Code::internal, op.name + ": has no reference kernel to run");
  op.reference(KernelContext{in, out, node.attributes});
  return outputs;
}

}  // namespace webai
