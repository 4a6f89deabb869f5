// What depends on constants alone is computed once, here, by the reference kernels: gradient rules and bodies write
// plenty of such nodes.
#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/evaluate.h"

namespace webai {
namespace {

constexpr std::size_t largest_result = std::size_t{1} << 20;  // bytes; more is cheaper to compute than to keep

bool foldable(const Graph& graph, const Node& node) {
  if (node.inputs.empty() || definition(node).random || !can_evaluate(node)) return false;
  for (const ValueId input : node.inputs)
    if (input != no_value && graph.value(input).kind != ValueKind::constant) return false;
  for (const ValueId output : node.outputs) {
    const ValueType& type = graph.value(output).type;
    if (static_cast<std::size_t>(type.shape.elements()) * size_of(type.type) > largest_result) return false;
  }
  return true;
}

}  // namespace

Graph fold_constants(const Context& context, const Graph& graph) {
  Rewrite rewrite(graph);
  for (const Node& node : graph.nodes) {
    const NodeId id = rewrite.copy(node);
    const Node& now = rewrite.graph().node(id);
    if (!foldable(rewrite.graph(), now)) continue;
    std::vector<const Tensor*> inputs;
    for (const ValueId input : now.inputs)
      inputs.push_back(input == no_value ? nullptr : &rewrite.graph().value(input).constant);
    std::vector<Tensor> outputs = evaluate(context, rewrite.graph(), now, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      rewrite.map(node.outputs[i], rewrite.graph().add_constant(std::move(outputs[i])));
  }
  return rewrite.finish();
}

}  // namespace webai
