// Local rules, each exact to the bit: nothing here may change a result. One rule is one function; it answers the value
// that replaces the node's first output, or nothing.
#include <algorithm>
#include <array>

#include "compiler/passes.h"
#include "compiler/rewrite.h"

namespace webai {
namespace {

struct Site {
  Graph& graph;         // the new graph, whose values `inputs` are
  Builder& builder;
  const Node& node;     // of the old graph: operator and attributes
  std::vector<ValueId> inputs;
  ValueType type;       // of output 0

  const Node* producer(std::size_t input) const {
    const Value& value = graph.value(inputs[input]);
    return value.kind == ValueKind::node ? &graph.node(value.producer) : nullptr;
  }
  bool made_by(std::size_t input, std::string_view op) const {
    const Node* node = producer(input);
    return node && node->op->name == op && node->op->domain == "core";
  }
  const ValueType& input_type(std::size_t input) const { return graph.value(inputs[input]).type; }
  bool is(std::string_view op) const { return node.op->name == op; }
};

using Rule = ValueId (*)(Site&);

// A node that gives back its input: identity, a cast or a change of shape to what it is already.
ValueId same_again(Site& site) {
  constexpr std::array<std::string_view, 8> candidates = {"identity", "cast", "reshape", "flatten",
                                                          "squeeze",  "unsqueeze", "broadcastTo", "sumTo"};
  if (std::find(candidates.begin(), candidates.end(), site.node.op->name) == candidates.end()) return no_value;
  return site.input_type(0) == site.type ? site.inputs[0] : no_value;
}

bool is_scalar_one(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  return value.kind == ValueKind::constant && value.constant.elements() == 1 && value.constant.at(0) == 1.0;
}

ValueId times_one(Site& site) {
  if (!site.is("mul") && !site.is("div")) return no_value;
  if (is_scalar_one(site.graph, site.inputs[1]) && site.input_type(0) == site.type) return site.inputs[0];
  if (site.is("mul") && is_scalar_one(site.graph, site.inputs[0]) && site.input_type(1) == site.type)
    return site.inputs[1];
  return no_value;
}

ValueId double_negation(Site& site) {
  return site.is("neg") && site.made_by(0, "neg") ? site.producer(0)->inputs[0] : no_value;
}

ValueId view_of_view(Site& site) {
  if (!definition(site.node).view) return no_value;
  const Node* before = site.producer(0);
  if (!before || !definition(*before).view) return no_value;
  const ValueId origin = before->inputs[0];
  if (site.graph.value(origin).type == site.type) return origin;
  std::vector<std::int64_t> lengths;
  for (const Dimension dim : site.type.shape.dims()) lengths.push_back(dim.value());
  return site.builder.emit("reshape", {Ref{origin}}, {{"shape", lengths}}).id;
}

// An elementwise operator broadcasts by itself: a broadcastTo in front of it is work for nothing, as long as another
// input still has the result's shape.
ValueId broadcast_before_elementwise(Site& site) {
  const OpDef& op = definition(site.node);
  if (!op.elementwise || site.inputs.size() < 2) return no_value;
  std::vector<Ref> inputs;
  bool changed = false, full = false;
  for (std::size_t i = 0; i < site.inputs.size(); ++i) {
    if (site.made_by(i, "broadcastTo")) {
      inputs.push_back({site.producer(i)->inputs[0]});
      changed = true;
    } else {
      inputs.push_back({site.inputs[i]});
    }
    full = full || site.graph.value(inputs.back().id).type.shape == site.type.shape;
  }
  if (!changed || !full) return no_value;
  return site.builder.emit_all(op, inputs, site.node.attributes).front().id;
}

// A sum over axes of length 1 (the bias gradients of a batch of one) only changes the shape.
ValueId sum_of_one(Site& site) {
  constexpr std::array<std::string_view, 4> sums = {"reduceSum", "reduceMean", "sumTo", "reduceProduct"};
  if (std::find(sums.begin(), sums.end(), site.node.op->name) == sums.end()) return no_value;
  if (site.input_type(0).shape.elements() != site.type.shape.elements() || site.type.shape.elements() == 0) return no_value;
  std::vector<std::int64_t> lengths;
  for (const Dimension dim : site.type.shape.dims()) lengths.push_back(dim.value());
  return site.builder.emit("reshape", {Ref{site.inputs[0]}}, {{"shape", lengths}}).id;
}

bool swaps_last_two(const Node& transpose) {
  const auto& order = transpose.attributes.integers("permutation");
  const std::size_t rank = order.size();
  if (rank < 2) return false;
  for (std::size_t i = 0; i + 2 < rank; ++i)
    if (order[i] != static_cast<std::int64_t>(i)) return false;
  return order[rank - 2] == static_cast<std::int64_t>(rank - 1) && order[rank - 1] == static_cast<std::int64_t>(rank - 2);
}

ValueId transpose_into_matmul(Site& site) {
  if (!site.is("matmul")) return no_value;
  for (std::size_t i = 0; i < 2; ++i) {
    if (!site.made_by(i, "transpose") || !swaps_last_two(*site.producer(i))) continue;
    Attributes attributes = site.node.attributes;
    const char* flag = i == 0 ? "transposeA" : "transposeB";
    attributes.set(flag, !attributes.boolean(flag));
    std::array<Ref, 2> inputs = {Ref{site.inputs[0]}, Ref{site.inputs[1]}};
    inputs[i] = {site.producer(i)->inputs[0]};
    return site.builder.emit("matmul", inputs, attributes).id;
  }
  return no_value;
}

constexpr std::array<Rule, 7> rules = {
    same_again, times_one, double_negation, sum_of_one, view_of_view, broadcast_before_elementwise, transpose_into_matmul};

}  // namespace

Graph simplify(const Context& context, const Registry& registry, const Graph& graph) {
  Rewrite rewrite(graph);
  GraphBuilder builder(context, registry, rewrite.graph());
  for (const Node& node : graph.nodes) {
    if (node.op->domain != "core" || node.outputs.size() != 1 || node.inputs.empty() || node.chain) {
      rewrite.copy(node);
      continue;
    }
    builder.set_path(node.path);
    Site site{rewrite.graph(), builder, node, {}, graph.value(node.outputs[0]).type};
    for (const ValueId input : node.inputs) site.inputs.push_back(rewrite(input));
    ValueId replacement = no_value;
    for (const Rule rule : rules)
      if (replacement == no_value) replacement = rule(site);
    if (replacement == no_value)
      rewrite.copy(node);
    else
      rewrite.map(node.outputs[0], replacement);
  }
  return rewrite.finish();
}

}  // namespace webai
