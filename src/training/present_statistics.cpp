#include "training/present_statistics.h"

#include <algorithm>

#include "core/op/loop.h"
#include "core/op/term.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

bool is_statistics(const Node& node) { return node.op->name == "batchStatistics"; }

// Empty places are left out by a choice, not by a product: what a layer made of their zeros may be no number.
std::vector<Ref> statistics(Builder& builder, const Node& node, Ref input, Ref present) {
  const Term x(builder, input);
  const Shape shape = x.shape();
  const std::size_t rank = shape.rank();
  const std::int64_t axis = node.attributes.integer("axis");
  const std::size_t channels = static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
  const std::int64_t lanes = builder.shape(present)[0];
  if (lanes != 1 && (channels == 0 || shape[0] != lanes)) return builder.emit_all(definition(node), std::span(&input, 1), node.attributes);
  Integers rows(rank, 1), others;
  rows[0] = lanes;
  std::int64_t numbers = 1;  // of a channel in one lane
  for (std::size_t i = 0; i < rank; ++i) {
    if (i == channels) continue;
    others.push_back(static_cast<std::int64_t>(i));
    numbers *= shape[i];
  }
  numbers /= lanes;
  const Term there(builder, present);
  const Ref is_there = there.apply("reshape", {{"shape", rows}}).apply("greater", there.number(0.5));
  const Term count = (there.apply("reduceSum") * static_cast<double>(numbers)).apply("max", there.number(1));
  const auto mean_of = [&](Term values) {
    const Term counted(builder, builder.emit("where", {is_there, values, values.number(0)}));
    return counted.apply("reduceSum", {{"axes", others}, {"keepDimensions", true}}) / count;
  };
  const Term mean = mean_of(x), variance = mean_of((x - mean).apply("square"));
  const Attributes squeezed = {{"axes", others}};
  return {mean.apply("squeeze", squeezed), variance.apply("squeeze", squeezed)};
}

// One more input that all steps share, in front of the index.
std::vector<Ref> loop_over_present(Builder& builder, const Node& node, std::span<const Ref> inputs, Ref present) {
  const LoopView loop(node.attributes);
  const Graph& step = *loop.body;
  Graph body;
  GraphBuilder inside(builder.context(), builder.registry(), body);
  std::vector<Ref> now(step.values.size());
  const auto at = [&](ValueId id) -> Ref {
    if (id == no_value) return {};
    Ref& ref = now[static_cast<std::size_t>(id)];
    if (!ref && step.value(id).kind == ValueKind::constant) ref = inside.constant(step.value(id).constant);
    return ref;
  };
  const auto take = [&](ValueId id) { now[static_cast<std::size_t>(id)] = {body.add_input(step.value(id).name, step.value(id).type)}; };
  for (std::size_t i = 0; i < inputs.size(); ++i) take(step.inputs[i]);
  const Ref there{body.add_input("present", builder.type(present))};
  if (loop.takes_index(inputs.size())) take(step.inputs[inputs.size()]);
  for (const Node& inner : step.nodes) {
    inside.set_path(inner.path);
    std::vector<Ref> operands;
    for (const ValueId id : inner.inputs) operands.push_back(at(id));
    const std::vector<Ref> results = emit_over_present(inside, inner, operands, there);
    for (std::size_t i = 0; i < results.size(); ++i) now[static_cast<std::size_t>(inner.outputs[i])] = results[i];
  }
  for (const NamedValue& output : step.outputs) body.outputs.push_back({output.name, at(output.value).id});
  std::vector<Ref> all(inputs.begin(), inputs.end());
  all.push_back(present);
  Attributes attributes = node.attributes;
  attributes.set("body", Subgraph{std::make_shared<const Graph>(std::move(body))});
  return builder.emit_all(definition(node), all, std::move(attributes));
}

}  // namespace

bool takes_statistics(const Graph& graph) {
  return std::ranges::any_of(graph.nodes, [](const Node& node) {
    return is_statistics(node) || (is_loop(node) && takes_statistics(*LoopView(node.attributes).body));
  });
}

std::vector<Ref> emit_over_present(Builder& builder, const Node& node, std::span<const Ref> inputs, Ref present) {
  if (is_statistics(node)) return statistics(builder, node, inputs.front(), present);
  if (is_loop(node) && takes_statistics(*LoopView(node.attributes).body)) return loop_over_present(builder, node, inputs, present);
  return builder.emit_all(definition(node), inputs, node.attributes);
}

}  // namespace webai
