// Evaluation at emit.
#include "autodiff/tape.h"

#include "core/op/evaluate.h"
#include "webai/error.hpp"

namespace webai {

Tape::Tape(const Context& context, const Registry& registry) : Builder(context, registry, own_graph) {}

Ref Tape::variable(Tensor value) {
  const ValueType type{value.type(), value.shape()};
  const Ref ref{graph().add_input("variable " + std::to_string(graph().inputs.size()), type)};
  keep(ref.id, std::move(value));
  return ref;
}

const Tensor& Tape::value(Ref ref) const {
  if (!ref || static_cast<std::size_t>(ref.id) >= values_.size())
    throw Error(Code::invalid_argument, {.message = "a value that is not on this tape", .reason = "BAD_REF",
                                         .hint = "record the value on this tape, or give it as a constant"});
  return values_[static_cast<std::size_t>(ref.id)];
}

void Tape::keep(ValueId id, Tensor value) {
  if (values_.size() <= static_cast<std::size_t>(id)) values_.resize(static_cast<std::size_t>(id) + 1);
  values_[static_cast<std::size_t>(id)] = std::move(value);
}

void Tape::appended_constant(ValueId id) { keep(id, graph().value(id).constant); }

void Tape::appended(NodeId id) {
  const Node node = graph().node(id);  // a copy: a body moves the nodes
  const OpDef& op = definition(node);
  if (can_evaluate(node)) {
    std::vector<const Tensor*> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(input == no_value ? nullptr : &value({input}));
    std::vector<Tensor> outputs = evaluate(context(), graph(), node, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) keep(node.outputs[i], std::move(outputs[i]));
    return;
  }
  std::vector<Ref> inputs;
  for (const ValueId input : node.inputs) inputs.push_back({input});
  const std::vector<Ref> inner = op.body(*this, inputs, node.attributes);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const Tensor result = value(inner[i]);
    keep(node.outputs[i], result);
  }
}

}  // namespace webai
