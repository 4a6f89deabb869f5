// Where epochs end: held-out samples, the best weights, reasons to stop, checkpoints; and what callers are told of it.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "training/driver.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr double report_interval = 100;       // milliseconds between reports inside an epoch
constexpr double checkpoint_interval = 5000;  // milliseconds between checkpoints, where nobody says how many epochs

}  // namespace

void TrainingDriver::end_epoch() {
  in_epoch_ = epoch_read_ = false;
  if (epoch_samples_ == 0)
    throw Error(Code::invalid_argument, {.message = "the data holds no samples to train on", .reason = "EMPTY_DATA",
                                         .hint = "give one sample or more"});
  ++info_.iterations;
  const double count = static_cast<double>(epoch_samples_);
  info_.error = reported(setup_.measure, epoch_error_ / count);
  info_.error_percent = 100 * info_.error;
  if (counts_correct_) info_.accuracy = epoch_correct_ / count;
  info_.validation_error.reset();
  info_.validation_accuracy.reset();
  epoch_ended_ = true;
  awaits_validation_ = static_cast<bool>(setup_.validate);
  if (!awaits_validation_) conclude_epoch();
}

void TrainingDriver::validate() {
  if (!awaits_validation_ || !info_.stop_reason.empty()) return;
  const std::optional<VerifyInfo> held_out = setup_.validate([this] { return reason_to_stop() != nullptr; });
  if (!held_out) return;
  awaits_validation_ = false;
  info_.validation_error = held_out->error;
  info_.validation_accuracy = held_out->accuracy;
}

void TrainingDriver::conclude_epoch() {
  epoch_ended_ = awaits_validation_ = rate_fresh_ = false;
  const TrainOptions& options = setup_.options;
  const double watched = info_.validation_error.value_or(info_.error);
  schedule_.epoch_ended(watched);
  if (watches() && patience_.improves(watched)) {
    info_.best_iteration = info_.iterations;
    if (*options.restore_best) best_.keep(setup_.kept, setup_.allocate);
  }
  if (options.progress && report_is_due(true)) report(true);
  epoch_error_ = epoch_correct_ = 0;
  epoch_samples_ = epoch_windows_ = 0;
  const bool percent = options.error_threshold_unit.empty() ? is_bounded(setup_.measure) : options.error_threshold_unit == "percent";
  if ((percent ? info_.error_percent : info_.error) <= options.error_threshold)
    finish("errorThreshold");
  else if (patience_.exhausted())
    finish("patience");
  if (options.checkpoint.empty() || !info_.stop_reason.empty()) return;  // the end writes its own
  const double now = context_.host().now();
  if (options.checkpoint_every ? info_.iterations % options.checkpoint_every != 0 : now - last_checkpoint_ < checkpoint_interval) return;
  last_checkpoint_ = now;
  due_checkpoint_ = checkpoint();
}

bool TrainingDriver::ended() {
  if (std::exchange(closed_, true)) return false;
  // No loss has told of what the last step did.
  const bool overflowed = steps_ > 0 && std::isinf(largest_weight(*bound_.front()).second);
  const bool best = *setup_.options.restore_best && !best_.empty();
  if (overflowed && !best) blown_up(*bound_.front(), {}, 0);
  // The checkpoint goes on from the last weights; the network gets the best ones.
  if (!setup_.options.checkpoint.empty() && !overflowed) due_checkpoint_ = checkpoint();
  if (best) best_.restore(setup_.kept);
  return false;
}

bool TrainingDriver::report_is_due(bool epoch_end) const {
  const TrainOptions& options = setup_.options;
  if (options.log_period > 0) return epoch_end && info_.iterations % options.log_period == 0;
  if (options.log_period_ms == 0 && epoch_end) return true;
  const double interval = options.log_period_ms > 0 ? options.log_period_ms : report_interval;
  return context_.host().now() - last_report_ >= interval;
}

void TrainingDriver::report(bool epoch_end) {
  last_report_ = context_.host().now();
  Progress progress;
  progress.iteration = info_.iterations + (epoch_end ? 0 : 1);
  progress.max_iterations = setup_.options.max_iterations == TrainOptions::unlimited ? 0 : setup_.options.max_iterations;
  progress.samples = epoch_samples_;
  progress.total_samples = setup_.total_samples;
  const double count = static_cast<double>(std::max<std::uint64_t>(epoch_samples_, 1));
  progress.error = reported(setup_.measure, epoch_error_ / count);
  if (counts_correct_) progress.accuracy = epoch_correct_ / count;
  if (epoch_end) {
    progress.validation_error = info_.validation_error;
    progress.validation_accuracy = info_.validation_accuracy;
  }
  progress.learning_rate = rate_;
  progress.samples_per_second =
      static_cast<double>(info_.samples - samples_before_) / std::max(last_report_ - started_, 1e-6) * 1000;
  progress.epoch_end = epoch_end;
  news_ = progress;
}

void TrainingDriver::tell() {
  if (!news_) return;
  const Progress progress = *news_;
  news_.reset();
  setup_.options.progress(progress);
}

}  // namespace webai
