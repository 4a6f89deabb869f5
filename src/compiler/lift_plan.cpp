// What a loop's steps need not do one by one: of what each value depends, what is summed, and in which form values are
// needed inside the loop and outside.
#include "compiler/lift_plan.h"

#include <algorithm>

#include "compiler/rewrite.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// Of rows kept for one loop.
std::uint64_t most_bytes(const Limits& limits) { return std::min(std::uint64_t{1} << 30, limits.host_bytes / 16); }

}  // namespace

LiftPlan::LiftPlan(GraphBuilder& builder, const Node& node)
    : builder_(builder),
      node_(node),
      loop_(node.attributes),
      body_(*loop_.body),
      values_(body_.values.size()),
      nodes_(body_.nodes.size()),
      sums_(body_.outputs.size()) {}

bool LiftPlan::find() {
  if (loop_.steps < 2 || loop_.recompute) return false;
  find_kinds();
  find_sums();
  find_needs();
  return is_worth_it();
}

void LiftPlan::find_kinds() {
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
void LiftPlan::find_sums() {
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

// From the results backwards: what stays, and in which form each value is needed.
void LiftPlan::find_needs() {
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

void LiftPlan::need_sum(ValueId id) {
  about(id).sum = true;
  if (body_.value(id).producer < 0) about(id).all = true;
}

void LiftPlan::need_inside(ValueId id) {
  about(id).inside = true;
  if (about(id).kind != Kind::carried) about(id).all = true;
}

// Elementwise work alone is as cheap inside, where it is fused with what stays.
bool LiftPlan::is_worth_it() const {
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

RowsContext LiftPlan::context_of(const Node& node, Builder& builder, const std::vector<ValueType>& inputs,
                                 const std::vector<ValueType>& outputs, const std::vector<bool>& has_rows) const {
  return {builder, node.attributes, inputs, outputs, has_rows, loop_.steps, {}, {}};
}

void LiftPlan::describe(const Node& node, std::vector<ValueType>& inputs, std::vector<ValueType>& outputs,
                        std::vector<bool>& has_rows) {
  for (const ValueId input : node.inputs) {
    inputs.push_back(type(input));
    has_rows.push_back(about(input).kind != Kind::same);
  }
  for (const ValueId output : node.outputs) outputs.push_back(type(output));
}

// Applies a rule where nobody sees it. Nothing: it cannot be said so.
std::optional<LiftPlan::Asked> LiftPlan::rehearse(const Node& node, bool sum) {
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

}  // namespace webai
