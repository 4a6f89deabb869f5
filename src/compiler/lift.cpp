// What a loop's steps need not do one by one leaves it: what does not change from step to step is computed once, what
// depends on rows of stacked inputs alone is computed for all steps in front of the loop, what no later step reads
// behind it. Through time that turns small products into large ones: a recurrent cell keeps the product with its state
// inside, while those with inputs, the whole forward part of its reverse loop and the sums of weights' gradients go
// outside. The price is memory: rows of what goes in or comes out are kept for all steps. lift_plan.cpp says what goes;
// this file writes it.
#include <algorithm>
#include <utility>

#include "compiler/lift_plan.h"
#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/loop.h"
#include "core/op/op_def.h"
#include "core/op/rows.h"

namespace webai {
namespace {

class Lift : LiftPlan {
 public:
  Lift(GraphBuilder& builder, Rewrite& rewrite, const Node& node) : LiftPlan(builder, node), rewrite_(rewrite) {}

  /// False: the loop is best as it is, and nothing was written.
  bool run() {
    if (!find()) return false;
    write();
    return true;
  }

 private:
  void write() {
    for (std::size_t i = loop_.carried; i < node_.inputs.size(); ++i)
      about(body_.inputs[i]).all_ref = {rewrite_(node_.inputs[i])};
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      if (about(body_.nodes[n].outputs[0]).kind != Kind::carried) write_outside(n);
    write_loop();
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      if (about(body_.nodes[n].outputs[0]).kind == Kind::carried && !nodes_[n].stays && !nodes_[n].is_sum)
        write_outside(n);
    for (std::size_t i = 0; i < body_.outputs.size(); ++i) {
      const ValueId value = body_.outputs[i].value;
      if (is_sum(i)) {
        const Ref initial{rewrite_(node_.inputs[i])};
        rewrite_.map(node_.outputs[i], builder_.emit("add", {initial, sum_of(*sums_[i])}).id);
      } else if (i >= loop_.carried) {
        rewrite_.map(node_.outputs[i], with_rows(value).id);
      }
    }
  }

  Ref all_of(ValueId id) {
    About& value = about(id);
    if (!value.all_ref && value.is_constant) value.all_ref = builder_.constant(body_.value(id).constant);
    return value.all_ref;
  }
  // Also what is the same in all steps.
  Ref with_rows(ValueId id) {
    const Ref all = all_of(id);
    if (about(id).kind != Kind::same) return all;
    std::vector<std::int64_t> shape = {loop_.steps};
    for (const Dimension dim : type(id).shape.dims()) shape.push_back(dim.value());
    return builder_.emit("broadcastTo", {all}, {{"shape", shape}});
  }
  Ref sum_of(ValueId id) {
    About& value = about(id);
    if (value.sum_ref) return value.sum_ref;
    if (value.kind == Kind::same)
      value.sum_ref =
          builder_.emit("mul", {all_of(id), builder_.scalar(static_cast<double>(loop_.steps), type(id).type)});
    else
      value.sum_ref = builder_.emit("reduceSum", {all_of(id)}, {{"axes", std::vector<std::int64_t>{0}}});
    return value.sum_ref;
  }

  void write_outside(std::size_t n) {
    const Node& node = body_.nodes[n];
    const About first = about(node.outputs[0]);
    const OpDef& op = definition(node);
    const bool all = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return about(id).all; });
    if (!all && !(first.sum && nodes_[n].sums_by_rule)) return;
    builder_.set_path(node.path);
    std::vector<ValueType> inputs, outputs;
    std::vector<bool> has_rows;
    describe(node, inputs, outputs, has_rows);
    RowsContext context = context_of(node, builder_, inputs, outputs, has_rows);
    context.all = [&](std::size_t i) { return all_of(node.inputs[i]); };
    context.summed = [&](std::size_t i) { return sum_of(node.inputs[i]); };
    if (all) {
      std::vector<Ref> results;
      if (first.kind == Kind::same) {
        for (std::size_t i = 0; i < node.inputs.size(); ++i) results.push_back(all_of(node.inputs[i]));
        results = builder_.emit_all(op, results, node.attributes);
      } else {
        results = rows_rule(op)(context);
      }
      for (std::size_t i = 0; i < results.size(); ++i) about(node.outputs[i]).all_ref = results[i];
    }
    if (first.sum && nodes_[n].sums_by_rule) about(node.outputs[0]).sum_ref = rows_sum_rule(op)(context);
  }

  void write_loop() {
    Graph body;
    std::vector<ValueId> now(body_.values.size(), no_value);
    std::vector<Ref> inputs;
    std::vector<std::size_t> results;  // outputs of the old loop that are carried on
    std::int64_t carried = 0, stacked = 0, ends = -1;
    for (std::size_t i = 0; i < loop_.carried; ++i) {
      if (is_sum(i)) continue;
      now[static_cast<std::size_t>(body_.inputs[i])] =
          body.add_input(body_.value(body_.inputs[i]).name, type(body_.inputs[i]));
      inputs.push_back({rewrite_(node_.inputs[i])});
      results.push_back(i);
      if (std::cmp_equal(i, loop_.ends)) ends = carried;
      ++carried;
    }
    for (const Kind kind : {Kind::rows, Kind::same})
      for (std::size_t v = 0; v < values_.size(); ++v) {
        const About& value = values_[v];
        if (!value.inside || value.kind != kind || value.is_constant) continue;
        now[v] = body.add_input(kind == Kind::rows ? "row" : "shared", body_.values[v].type);
        inputs.push_back(value.all_ref);
        stacked += kind == Kind::rows;
      }
    if (loop_.takes_index(node_.inputs.size())) {
      const ValueId index = body_.inputs.back();
      now[static_cast<std::size_t>(index)] = body.add_input(body_.value(index).name, type(index));
    }
    const auto at = [&](ValueId id) {
      if (id == no_value) return no_value;
      ValueId& value = now[static_cast<std::size_t>(id)];
      if (value == no_value) value = body.add_constant(body_.value(id).constant);
      return value;
    };
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (!nodes_[n].stays) continue;
      Node copy = body_.nodes[n];
      copy.outputs.clear();
      for (ValueId& input : copy.inputs) input = at(input);
      std::vector<ValueType> types;
      for (const ValueId output : body_.nodes[n].outputs) types.push_back(type(output));
      const NodeId id = body.add_node(std::move(copy), types);
      for (std::size_t i = 0; i < types.size(); ++i)
        now[static_cast<std::size_t>(body_.nodes[n].outputs[i])] = body.node(id).outputs[i];
    }
    for (const std::size_t i : results) body.outputs.push_back({body_.outputs[i].name, at(body_.outputs[i].value)});
    std::vector<ValueId> collected;
    for (std::size_t v = 0; v < values_.size(); ++v) {
      if (!values_[v].all || values_[v].kind != Kind::carried || now[v] == no_value) continue;
      body.outputs.push_back({"rows", now[v]});
      collected.push_back(static_cast<ValueId>(v));
    }
    if (body.outputs.empty()) return;  // nothing is left to do step by step
    builder_.set_path(node_.path);
    const std::vector<Ref> outputs =
        builder_.emit_all("loop", inputs,
                          {{"body", Subgraph{std::make_shared<const Graph>(std::move(body))}},
                           {"steps", loop_.steps},
                           {"carried", carried},
                           {"stacked", stacked},
                           {"reverse", loop_.reverse},
                           {"ends", ends}});
    for (std::size_t i = 0; i < results.size(); ++i) rewrite_.map(node_.outputs[results[i]], outputs[i].id);
    for (std::size_t i = 0; i < collected.size(); ++i) about(collected[i]).all_ref = outputs[results.size() + i];
  }

  Rewrite& rewrite_;
};

}  // namespace

Graph lift_from_loops(const Context& context, const Registry& registry, const Graph& graph) {
  Rewrite rewrite(graph);
  GraphBuilder builder(context, registry, rewrite.graph());
  for (const Node& node : graph.nodes)
    if (!is_loop(node) || !Lift(builder, rewrite, node).run()) rewrite.copy(node);
  return rewrite.finish();
}

}  // namespace webai
