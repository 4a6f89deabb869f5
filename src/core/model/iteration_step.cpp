// The graph of one step: the net of the iterator with its surroundings as inputs, and an end for each sample.
#include "core/model/iteration.h"
#include "core/op/loop.h"
#include "core/op/term.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

}  // namespace

Graph Iteration::body() {
  Graph step, inner = std::move(inner_.graph);
  GraphBuilder builder(builder_.context(), builder_.registry(), step);
  builder.set_path(layer_.layer().path);
  inner.inputs.clear();
  inner.outputs.clear();
  std::vector<Ref> given;
  const auto give = [&](ValueId id, Ref value) {
    if (id == no_value) return;
    inner.value(id).kind = ValueKind::input;
    inner.inputs.push_back(id);
    given.push_back(value);
  };
  std::vector<Ref> values;
  for (const std::vector<Slot>* slots : {&carried_, &shared_})
    for (const Slot& slot : *slots)
      values.push_back({step.add_input("in " + std::to_string(values.size()), builder_.type(slot.start))});
  const Ref index{step.add_input("index", {DType::i64, Shape{}})};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Slot& slot = i < carried_.size() ? carried_[i] : shared_[i - carried_.size()];
    const bool random = slot.inner != no_value && slot.inner == inner_.random_step;
    give(slot.inner, random ? drawn_anew(builder, values[i], index) : values[i]);
  }
  for (const auto& [name, id] : inner_.outside)
    if (name == step_name || name == index_name) give(id, counted(builder, index, values.front(), name == step_name));
  for (std::size_t i = 0; i < from_net_; ++i) inner.outputs.push_back({"next", carried_[i].next});
  for (std::size_t k = 0; k < collected(); ++k) inner.outputs.push_back({"collected", collected_value(k)});
  const bool ends = layer_.layer().until.has_value();
  if (ends) inner.outputs.push_back({"until", inner_.outputs.back().value});
  inner.parameters.clear();
  inner.states.clear();
  inner.writes.clear();
  std::vector<Ref> next = inline_graph(builder, inner, given);
  const Ref seen = next.back();
  const auto behind = next.begin() + static_cast<std::ptrdiff_t>(from_net_);
  std::vector<Ref> rows(behind, behind + static_cast<std::ptrdiff_t>(collected()));
  next.resize(from_net_);
  if (ends) end_samples(builder, values, next, rows, seen);
  next.insert(next.end(), rows.begin(), rows.end());
  for (const Ref value : next) step.outputs.push_back({"out " + std::to_string(step.outputs.size()), value.id});
  return step;
}

void Iteration::end_samples(Builder& builder, std::span<const Ref> values, std::vector<Ref>& next,
                            std::vector<Ref>& rows, Ref seen) const {
  const Term goes_on(builder, values[carried_.size() - 1]);
  const Ref runs = goes_on.apply("greater", goes_on.number(0.5));
  const auto unless_ended = [&](Ref now, Ref before) {
    Integers shape(builder.shape(now).rank(), 1);
    shape[0] = -1;
    const Ref row = shape.size() == 2 ? runs : builder.emit("reshape", {runs}, {{"shape", std::move(shape)}});
    return builder.emit("where", {row, now, before});
  };
  for (std::size_t i = 0; i < from_net_; ++i)
    if (carried_[i].per_sample) next[i] = unless_ended(next[i], values[i]);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const std::size_t state = state_of(k);
    rows[k] = state < states_.size() ? next[state] : unless_ended(rows[k], values[next.size()]);
    if (state == states_.size()) next.push_back(rows[k]);
  }
  const IteratorEnd& until = *layer_.layer().until;
  const Term value = Term(builder, seen).apply("reshape", {{"shape", Integers{-1, 1}}});
  const Ref ends = value.apply(until.below ? "less" : "greater", value.number(until.bound));
  next.push_back(builder.emit("where", {ends, goes_on.number(0), goes_on}));
}

Ref Iteration::drawn_anew(Builder& builder, Ref step, Ref index) const {
  return Term(builder, step) * static_cast<double>(layer_.layer().steps.count) + Term(builder, index);
}

Ref Iteration::counted(Builder& builder, Ref index, Ref like, bool is_step) const {
  const IteratorSteps& steps = layer_.layer().steps;
  const auto number = [&](std::int64_t value) {
    return Term(builder, builder.constant(Tensor::from(builder.context(), DType::i64, Shape{},
                                                       std::vector<double>{static_cast<double>(value)})));
  };
  Term count(builder, index);
  if (is_step) count = count * number(steps.step) + number(steps.from);
  const Term value =
      count.apply("cast", {{"type", std::string(name_of(layer_.type()))}}).apply("reshape", {{"shape", Integers{1}}});
  return LayerBuilder::per_sample(builder, value, like);
}

}  // namespace webai
