// The learning rate of each step, and the patience that watches an error for progress.
#pragma once

#include <cstdint>
#include <limits>

#include "webai/training.hpp"

namespace webai {

/// Counts the epochs since an error last fell by more than min_delta below the lowest one before.
class Patience {
 public:
  Patience(std::uint64_t epochs, double min_delta) : epochs_(epochs), min_delta_(min_delta) {}
  /// Takes the error of an epoch; true when it is the best so far.
  bool improves(double error);
  /// Never without a number of epochs.
  bool exhausted() const { return epochs_ > 0 && waited >= epochs_; }

  double best = std::numeric_limits<double>::infinity();
  std::uint64_t waited = 0;

 private:
  std::uint64_t epochs_;
  double min_delta_;
};

/// LearningRateSchedule at work (see there).
class Schedule {
 public:
  /// `options` are checked and have a learning_rate.
  explicit Schedule(const TrainOptions& options);
  /// Of the step that comes after `epoch` epochs, `step` steps in all and `part` (0..1) of the epoch under way.
  double rate(std::uint64_t epoch, std::uint64_t step, double part) const;
  /// Whether the rate may change from one step of an epoch to the next.
  bool warming_up(std::uint64_t epoch, std::uint64_t step) const {
    return epoch < form_.warmup_epochs || step < form_.warmup_steps;
  }
  void epoch_ended(double error);

  double base;               ///< the rate that all others follow from
  double plateau_scale = 1;  ///< what plateaus have made of it
  Patience patience;         ///< of plateaus

 private:
  enum class Kind : std::uint8_t { constant, linear, cosine, step, exponential, plateau };
  LearningRateSchedule form_;
  Kind kind_;
  std::uint64_t epochs_;
};

/// Throws INVALID_ARGUMENT naming what does not fit.
void check_schedule(const TrainOptions& options);

}  // namespace webai
