// What a loop's steps need not do one by one leaves it: what does not change from step to step is computed once, what
// depends on rows of stacked inputs alone is computed for all steps in front of the loop, what no later step reads
// behind it. Through time that turns small products into large ones: a recurrent cell keeps the product with its state
// inside, while those with inputs, the whole forward part of its reverse loop and the sums of weights' gradients go
// outside. The price is memory: rows of what goes in or comes out are kept for all steps.
#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/loop.h"
#include "core/op/op_def.h"
#include "core/op/rows.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// Of rows kept for one loop.
std::uint64_t most_bytes(const Limits& limits) { return std::min(std::uint64_t{1} << 30, limits.host_bytes / 16); }

class Lift {
 public:
  Lift(GraphBuilder& builder, Rewrite& rewrite, const Node& node)
      : builder_(builder),
        rewrite_(rewrite),
        node_(node),
        loop_(node.attributes),
        body_(*loop_.body),
        values_(body_.values.size()),
        nodes_(body_.nodes.size()),
        sums_(body_.outputs.size()) {}

  /// False: the loop is best as it is, and nothing was written.
  bool run() {
    if (loop_.steps < 2 || loop_.recompute) return false;
    find_kinds();
    find_sums();
    find_needs();
    if (!is_worth_it()) return false;
    write();
    return true;
  }

 private:
  enum class Kind : std::uint8_t { same, rows, carried };  // of what a value depends on, besides those before it
  struct About {
    Kind kind = Kind::same;
    bool is_constant = false, is_stacked = false;
    bool inside = false;  ///< read by what stays in the loop
    bool all = false;     ///< needed outside, for all steps
    bool sum = false;     ///< needed outside, summed over the steps
    Ref all_ref, sum_ref;
  };
  struct AboutNode {
    bool is_fixed = false;    ///< every step has to do it
    bool is_movable = false;  ///< its rows rule holds here
    bool stays = false;       ///< in the loop
    bool sums_by_rule = false;
    bool is_sum = false;  ///< adds to a sum that is carried for nothing else
  };
  /// What a rule asked for, by input.
  struct Asked {
    std::vector<bool> all, summed;
  };

  About& about(ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  const ValueType& type(ValueId id) const { return body_.value(id).type; }

  void find_kinds() {
    for (std::size_t i = 0; i < values_.size(); ++i)
      values_[i].is_constant = body_.values[i].kind == ValueKind::constant;
    for (std::size_t i = 0; i < body_.inputs.size(); ++i) {
      const bool index = i >= node_.inputs.size();
      About& value = about(body_.inputs[i]);
      value.is_stacked = loop_.is_stacked(i);
      value.kind = value.is_stacked ? Kind::rows : i < loop_.carried || index ? Kind::carried : Kind::same;
    }
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const Node& node = body_.nodes[n];
      const OpDef& op = definition(node);
      Kind kind = Kind::same;
      // An operation of the program may count how often it is called, and random numbers differ from step to step.
      AboutNode& plan = nodes_[n];
      plan.is_fixed = op.domain != "core" || op.random || op.loop || node.chain;
      for (const ValueId input : node.inputs) {
        plan.is_fixed = plan.is_fixed || input == no_value;
        if (input != no_value) kind = std::max(kind, about(input).kind);
      }
      plan.is_movable = !plan.is_fixed && (kind == Kind::same || rehearse(node, false));
      if (!plan.is_movable) kind = Kind::carried;
      for (const ValueId output : node.outputs) about(output).kind = kind;
    }
  }

  // carried' = carried + something, read by nobody else.
  void find_sums() {
    const std::vector<std::int32_t> uses = count_uses(body_);
    const auto used_once = [&](ValueId id) { return uses[static_cast<std::size_t>(id)] == 1; };
    for (std::size_t i = 0; i < loop_.carried; ++i) {
      const ValueId before = body_.inputs[i], after = body_.outputs[i].value;
      const NodeId producer = body_.value(after).producer;
      if (producer < 0 || !used_once(before) || !used_once(after) || !is_floating(type(after).type)) continue;
      const Node& node = body_.node(producer);
      if (node.op->name != "add" || node.op->domain != "core" || node.chain || node.inputs[0] == node.inputs[1])
        continue;
      const ValueId added = node.inputs[0] == before   ? node.inputs[1]
                            : node.inputs[1] == before ? node.inputs[0]
                                                       : no_value;
      if (added == no_value || type(added) != type(before)) continue;
      sums_[i] = added;
      nodes_[static_cast<std::size_t>(producer)].is_sum = true;
    }
  }
  bool is_sum(std::size_t output) const { return output < loop_.carried && sums_[output].has_value(); }

  // From the results backwards: what stays, and in which form each value is needed.
  void find_needs() {
    for (std::size_t i = 0; i < body_.outputs.size(); ++i) {
      if (is_sum(i))
        need_sum(*sums_[i]);
      else if (i < loop_.carried)
        need_inside(body_.outputs[i].value);
      else
        need_all(body_.outputs[i].value);
    }
    for (std::size_t n = nodes_.size(); n-- > 0;) {
      const Node& node = body_.nodes[n];
      AboutNode& plan = nodes_[n];
      if (plan.is_sum) continue;
      const auto any = [&](bool About::*need) {
        return std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return about(id).*need; });
      };
      const Kind kind = about(node.outputs[0]).kind;
      if (any(&About::sum) && !(kind == Kind::carried && any(&About::inside))) {
        const std::optional<Asked> asked = plan.is_fixed || kind == Kind::same ? std::nullopt : rehearse(node, true);
        plan.sums_by_rule = asked.has_value();
        for (std::size_t i = 0; plan.sums_by_rule && i < node.inputs.size(); ++i) {
          if (asked->all[i]) need_all(node.inputs[i]);
          if (asked->summed[i]) need_sum(node.inputs[i]);
        }
      }
      if (any(&About::sum) && !plan.sums_by_rule)
        for (const ValueId output : node.outputs) about(output).all |= about(output).sum;
      if (kind == Kind::carried && (any(&About::inside) || (any(&About::all) && !plan.is_movable))) {
        plan.stays = true;
        for (const ValueId input : node.inputs)
          if (input != no_value) need_inside(input);
      } else if (any(&About::all)) {
        for (const ValueId input : node.inputs) need_all(input);
      }
    }
    for (std::size_t i = 0; i < body_.inputs.size(); ++i) about(body_.inputs[i]).all |= about(body_.inputs[i]).sum;
  }
  void need_all(ValueId id) { about(id).all = true; }
  void need_sum(ValueId id) {
    about(id).sum = true;
    if (body_.value(id).producer < 0) about(id).all = true;
  }
  void need_inside(ValueId id) {
    about(id).inside = true;
    if (about(id).kind != Kind::carried) about(id).all = true;
  }

  // Elementwise work alone is as cheap inside, where it is fused with what stays.
  bool is_worth_it() const {
    const std::uint64_t most = most_bytes(builder_.context().limits());
    std::uint64_t bytes = 0;
    bool gains = false;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const About& value = values_[i];
      const ValueType& own = body_.values[i].type;
      if (!value.all || value.kind == Kind::same || value.is_stacked) continue;
      const std::uint64_t row = static_cast<std::uint64_t>(own.shape.elements()) * size_of(own.type);
      if (row > most / static_cast<std::uint64_t>(loop_.steps)) return false;
      bytes += row * static_cast<std::uint64_t>(loop_.steps);
      if (bytes > most) return false;
    }
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const OpDef& op = definition(body_.nodes[n]);
      const About& output = values_[static_cast<std::size_t>(body_.nodes[n].outputs[0])];
      const bool moves = !nodes_[n].stays && (output.all || output.sum);
      gains = gains || nodes_[n].is_sum || (moves && !op.elementwise && !op.view);
    }
    return gains;
  }

  RowsContext context_of(const Node& node, Builder& builder, const std::vector<ValueType>& inputs,
                         const std::vector<ValueType>& outputs, const std::vector<bool>& has_rows) const {
    return {builder, node.attributes, inputs, outputs, has_rows, loop_.steps, {}, {}};
  }
  void describe(const Node& node, std::vector<ValueType>& inputs, std::vector<ValueType>& outputs,
                std::vector<bool>& has_rows) {
    for (const ValueId input : node.inputs) {
      inputs.push_back(type(input));
      has_rows.push_back(about(input).kind != Kind::same);
    }
    for (const ValueId output : node.outputs) outputs.push_back(type(output));
  }

  // Applies a rule where nobody sees it. Nothing: it cannot be said so.
  std::optional<Asked> rehearse(const Node& node, bool sum) {
    const OpDef& op = definition(node);
    const RowsRule rule = sum ? RowsRule() : rows_rule(op);
    const RowsSumRule sum_rule = sum ? rows_sum_rule(op) : RowsSumRule();
    if (!rule && !sum_rule) return {};
    std::vector<ValueType> inputs, outputs;
    std::vector<bool> has_rows;
    describe(node, inputs, outputs, has_rows);
    Asked asked{std::vector<bool>(inputs.size()), std::vector<bool>(inputs.size())};
    Graph scratch;
    GraphBuilder builder(builder_.context(), builder_.registry(), scratch);
    RowsContext context = context_of(node, builder, inputs, outputs, has_rows);
    try {
      context.all = [&](std::size_t i) {
        asked.all[i] = true;
        return Ref{scratch.add_input(
            "all", {inputs[i].type, has_rows[i] ? context.with_rows(inputs[i].shape) : inputs[i].shape})};
      };
      context.summed = [&](std::size_t i) {
        asked.summed[i] = true;
        return Ref{scratch.add_input("sum", inputs[i])};
      };
      if (sum) {
        const Ref result = sum_rule(context);
        return result && builder.type(result) == outputs[0] ? std::optional(asked) : std::nullopt;
      }
      const std::vector<Ref> results = rule(context);
      if (results.size() != outputs.size()) return {};
      for (std::size_t i = 0; i < results.size(); ++i)
        if (builder.type(results[i]) != ValueType{outputs[i].type, context.with_rows(outputs[i].shape)}) return {};
      return asked;
    } catch (const Error&) {  // a rank too many
      return {};
    }
  }

  // ---- writing

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

  GraphBuilder& builder_;
  Rewrite& rewrite_;
  const Node& node_;
  LoopView loop_;
  const Graph& body_;
  std::vector<About> values_;
  std::vector<AboutNode> nodes_;
  std::vector<std::optional<ValueId>> sums_;  // by carried output: what each step adds
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
