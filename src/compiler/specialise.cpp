// Shapes in a stored model may hold symbols (the batch); everything after this pass sees numbers. Nodes are emitted
// again rather than patched, so that the shape rules themselves say what the new shapes are.
#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/loop.h"
#include "webai/error.hpp"

namespace webai {
namespace {

Shape with_numbers(const Shape& shape, const std::map<int, std::int64_t>& sizes, const std::string& name) {
  Shape result = shape;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    const Dimension dim = shape.dim(i);
    if (!dim.is_symbol()) continue;
    const auto at = sizes.find(dim.symbol_number());
    if (at == sizes.end() || at->second < 0)
      throw Error(Code::invalid_argument, {.message = "dimension " + std::to_string(i) + " of \"" + name +
                                                      "\" has no size", .reason = "DIMENSION"});
    result.set(i, at->second);
  }
  return result;
}

}  // namespace

Graph specialise(const Context& context, const Registry& registry, const Graph& graph,
                 const std::map<int, std::int64_t>& sizes) {
  Graph source = graph;
  for (Value& value : source.values)
    if (value.kind != ValueKind::node) value.type.shape = with_numbers(value.type.shape, sizes, value.name);
  Rewrite rewrite(source);
  GraphBuilder builder(context, registry, rewrite.graph());
  for (const Node& node : source.nodes) {
    builder.set_path(node.path);
    std::vector<Ref> inputs;
    for (const ValueId input : node.inputs) inputs.push_back({rewrite(input)});
    Attributes attributes = node.attributes;
    if (is_loop(node))
      attributes.set("body", Subgraph{std::make_shared<const Graph>(
                                 specialise(context, registry, attributes.graph("body"), sizes))});
    const std::vector<Ref> outputs = builder.emit_all(definition(node), inputs, std::move(attributes));
    for (std::size_t i = 0; i < outputs.size(); ++i) rewrite.map(node.outputs[i], outputs[i].id);
  }
  return rewrite.finish();
}

}  // namespace webai
