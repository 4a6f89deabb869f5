#include "training/gradient_steps.h"

#include <algorithm>

namespace webai {

Accumulation::Accumulation(Builder& builder, const TrainOptions& options, double batch)
    : builder_(builder), batches_(options.accumulate), batch_(batch) {}

Term Accumulation::add(Term gradient, UpdateStates& states) {
  const Term sum_before = states.like_parameter("accumulated", 0);
  if (!due_) {
    const Term steps_before = states.shared("accumulatedBatches", 0), samples_before = states.shared("accumulatedSamples", 0);
    const Term steps = steps_before + 1.0;
    samples_ = samples_before + batch_;
    due_ = steps.apply("greaterEqual", steps.number(static_cast<double>(batches_)));
    const Term nothing = steps.number(0);
    states.write(steps_before, {builder_, builder_.emit("where", {due_, nothing, steps})});
    states.write(samples_before, {builder_, builder_.emit("where", {due_, nothing, samples_})});
    own_ = {steps_before.ref().id, samples_before.ref().id};
  }
  const Term sum = sum_before + gradient * batch_;
  states.write(sum_before, {builder_, builder_.emit("where", {due_, sum.number(0), sum})});
  own_.push_back(sum_before.ref().id);
  return sum / samples_;
}

Term Accumulation::when_due(Term now, Term before) const {
  return due_ ? Term(builder_, builder_.emit("where", {due_, now, before})) : now;
}

bool Accumulation::owns(ValueId state) const { return std::find(own_.begin(), own_.end(), state) != own_.end(); }

void clip_gradients(Builder& builder, const TrainOptions& options, std::vector<Ref>& gradients) {
  if (options.clip_value)
    for (Ref& gradient : gradients)
      if (gradient) gradient = builder.emit("clip", {gradient}, {{"min", -*options.clip_value}, {"max", *options.clip_value}});
  if (!options.clip_norm) return;
  Term squares;
  for (const Ref gradient : gradients) {
    if (!gradient) continue;
    const Term g(builder, gradient), own = (g * g).apply("reduceSum");
    squares = squares ? squares + own : own;
  }
  if (!squares) return;
  // 1 where the length is within the bound, and never a quotient by 0.
  const Term bound = squares.number(*options.clip_norm);
  const Term scale = bound / squares.apply("sqrt").apply("max", bound);
  for (Ref& gradient : gradients)
    if (gradient) gradient = Term(builder, gradient) * scale;
}

}  // namespace webai
