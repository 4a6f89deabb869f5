// A composite stays one node as long as somebody may run it whole; here those that nobody does are written out.
// Bodies may hold composites again, so the pass works on its own results until none is left to open.
#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/loop.h"

namespace webai {

Graph set_mode(const Graph& graph, bool training) {
  Graph result = graph;
  for (Node& node : result.nodes) {
    if (definition(node).mode_dependent) node.attributes.set("training", training);
    if (is_loop(node))
      node.attributes.set("body", Subgraph{std::make_shared<const Graph>(set_mode(node.attributes.graph("body"), training))});
  }
  return result;
}

Graph expand(const Context& context, const Registry& registry, const Graph& graph,
             const std::function<bool(const Graph&, const Node&)>& keep) {
  Graph current = graph;
  // Each round opens one level of nesting; the node limit bounds the rounds.
  for (bool opened = true; opened;) {
    opened = false;
    Rewrite rewrite(current);
    GraphBuilder builder(context, registry, rewrite.graph());
    for (const Node& node : current.nodes) {
      const OpDef& op = definition(node);
      if (!op.body || keep(current, node)) {
        rewrite.copy(node);
        continue;
      }
      builder.set_path(node.path);
      std::vector<Ref> inputs;
      for (const ValueId input : node.inputs) inputs.push_back({rewrite(input)});
      const std::vector<Ref> outputs = op.body(builder, inputs, node.attributes);
      for (std::size_t i = 0; i < node.outputs.size(); ++i) rewrite.map(node.outputs[i], outputs[i].id);
      opened = true;
    }
    current = rewrite.finish();
  }
  return current;
}

}  // namespace webai
