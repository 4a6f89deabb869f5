// What happens to gradients before an optimizer sees them: collected over several batches, bounded.
#pragma once

#include <vector>

#include "training/optimizer.h"

namespace webai {

/// Collects the gradients of TrainOptions::accumulate batches, weighted by their samples, into one update. In the steps
/// between, weights and the optimizer's states keep their values. All of it are nodes and states of the step, so that a
/// run of many steps and a checkpoint need to know nothing of it.
class Accumulation {
 public:
  /// `batch`: samples of this step.
  Accumulation(Builder& builder, const TrainOptions& options, double batch);
  /// Whether there is anything to collect.
  explicit operator bool() const { return batches_ > 1; }
  /// The mean of what was collected, this step's gradient included. `states` stands at the gradient's parameter.
  Term add(Term gradient, UpdateStates& states);
  /// `now` in a step that ends with an update, else `before`. Without accumulation: `now`.
  Term when_due(Term now, Term before) const;
  /// Whether a state is one of the accumulation's own.
  bool owns(ValueId state) const;

 private:
  Builder& builder_;
  std::uint64_t batches_;
  double batch_;
  Term due_, samples_;
  std::vector<ValueId> own_;
};

/// Bounds each element to -clipValue..clipValue, then all gradients together to a length of clipNorm. Sums are taken in
/// an order that depends on shapes alone. Invalid entries (no gradient) stay.
void clip_gradients(Builder& builder, const TrainOptions& options, std::vector<Ref>& gradients);

}  // namespace webai
