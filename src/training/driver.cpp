#include "training/driver.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/base/number_text.h"
#include "training/driver_bound.h"
#include "training/optimizer.h"
#include "training/window_graph.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t most_steps = 4096;    // in one segment
constexpr double segment_time = 10;         // milliseconds: who stops a training waits no longer, or for one step
constexpr int most_untimed = 8;             // segments between two looks at the clock

}  // namespace

TrainingDriver::TrainingDriver(const Context& context, const Dataset& dataset, DriverSetup setup)
    : context_(context), setup_(std::move(setup)),
      iterator_(context, dataset,
                [this] {
                  BatchOptions batching = setup_.batching;
                  batching.interrupted = [this] { return reason_to_stop() != nullptr; };
                  return batching;
                }()),
      errors_(most_steps * 2), correct_(most_steps * 2),  // twice: fp64 models write doubles into the same memory
      schedule_(setup_.options), patience_(setup_.options.patience, setup_.options.min_delta) {
  started_ = last_report_ = last_checkpoint_ = context_.host().now();
  bound_for(static_cast<std::int64_t>(setup_.batching.batch));  // what cannot be trained fails before the first step
}

TrainingDriver::~TrainingDriver() = default;

TrainingDriver::Bound& TrainingDriver::bound_for(std::int64_t batch, bool learns) {
  for (const auto& known : bound_)
    if (known->batch == batch && known->learns == learns) return *known;
  auto bound = std::make_unique<Bound>();
  bound->batch = batch;
  bound->learns = learns;
  bound->program = setup_.compile(batch, learns);
  const auto slots = bound->program.executable->slots();
  std::map<std::string_view, const StepState*> states;
  for (const StepState& state : bound->program.states) states.emplace(state.name, &state);
  std::map<std::string, Buffer*> present;  // of batches of another size
  for (const auto& [name, buffer] : optimizer_states_) present.emplace(name, buffer.get());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = slots[i];
    Binding binding;
    const auto stride = static_cast<std::ptrdiff_t>(slot.bytes);
    if (slot.role == Slot::output) {
      const bool error = slot.name == error_name;
      binding = {error ? &bound->errors : &bound->correct, 0, stride};
      (error ? bound->error_slot : bound->correct_slot) = i;
      counts_correct_ = counts_correct_ || !error;
    } else if (slot.name == setup_.input_name) {
      binding = {&bound->inputs, 0, stride};
      bound->input_slot = i;
    } else if (slot.name == target_name) {
      binding = {&bound->targets, 0, stride};
      bound->target_slot = i;
    } else if (slot.name == judged_name || slot.name == kept_name || slot.name == present_name) {
      binding = {slot.name == judged_name ? &bound->judged : slot.name == kept_name ? &bound->kept : &bound->present, 0, 0};
    } else if (slot.name == learning_rate_name) {
      bound->learning_rate = setup_.allocate(slot.bytes);
      binding = {bound->learning_rate.get(), 0, 0};
    } else if (Buffer* const own = setup_.buffer(slot.name)) {
      binding = {own, 0, 0};
    } else if (const auto known = present.find(slot.name); known != present.end()) {
      binding = {known->second, 0, 0};
    } else {
      const auto found = states.find(slot.name);
      if (found == states.end()) throw Error(Code::internal, "nobody knows the state " + slot.name);
      const StepState& state = *found->second;
      std::unique_ptr<Buffer> buffer = setup_.allocate(slot.bytes);
      const Tensor from = state.starts_as.empty() ? Tensor() : setup_.numbers(state.starts_as);
      for (std::size_t e = 0; e < slot.bytes / size_of(state.type.type); ++e)
        store_double(state.type.type, buffer->host(), e, from.data() ? from.at(e) : state.initial[e % state.initial.size()]);
      binding = {buffer.get(), 0, 0};
      optimizer_states_.emplace_back(slot.name, std::move(buffer));
    }
    bound->bindings.push_back(binding);
  }
  bound_.push_back(std::move(bound));
  return *bound_.back();
}

void TrainingDriver::recompile() {
  std::vector<std::unique_ptr<Bound>> before = std::exchange(bound_, {});
  try {
    for (const auto& old : before) bound_for(old->batch, old->learns);
  } catch (...) {
    bound_ = std::move(before);
    throw;
  }
}

void TrainingDriver::update_rate(std::size_t batch) {
  if (rate_fresh_) return;
  rate_fresh_ = !schedule_.warming_up(info_.iterations, steps_);
  const double total = static_cast<double>(setup_.total_samples);
  const double part = total > 0 ? std::min(1.0, static_cast<double>(epoch_samples_ + batch) / total) : 1;
  rate_ = schedule_.rate(info_.iterations, steps_, part);
}

void TrainingDriver::finish(std::string_view reason) {
  info_.stop_reason = reason;
  info_.elapsed_ms = elapsed_before_ + context_.host().now() - started_;
}

const char* TrainingDriver::reason_to_stop() const {
  if (setup_.stopped && setup_.stopped()) return "stopTraining";
  const double timeout = setup_.options.timeout;
  return std::isfinite(timeout) && context_.host().now() - started_ >= timeout ? "timeout" : nullptr;
}

void TrainingDriver::fetch() {
  if (!info_.stop_reason.empty() || block_done_ < block_.samples || epoch_read_ || epoch_ended_ ||
      info_.iterations >= setup_.options.max_iterations || patience_.exhausted())
    return;
  block_ = {};
  block_done_ = 0;
  try {
    if (setup_.prepare) {
      setup_.prepare([this] { return reason_to_stop() != nullptr; });
      setup_.prepare = nullptr;
    }
    if (!in_epoch_) {
      iterator_.begin_epoch(info_.iterations);
      in_epoch_ = true;
    }
    read_block();
  } catch (const Interrupted&) {
    block_ = {};  // advance() finds the reason again
  }
}

void TrainingDriver::read_block() {
  const std::size_t batch = setup_.batching.batch;
  const std::size_t most = std::max(batch, std::min(iterator_.preferred_samples(), most_steps * batch));
  for (;; block_done_ = 0) {
    epoch_read_ = !iterator_.next(block_, most);
    if (epoch_read_) break;
    const std::uint64_t skipped = std::min<std::uint64_t>(skip_, block_.judged ? 1 : block_.counted);
    skip_ -= skipped;
    block_done_ = block_.judged ? skipped * block_.samples : static_cast<std::size_t>(skipped);  // a window is one block
    if (block_done_ < block_.samples) break;
  }
  if (epoch_read_) {
    block_ = {};
    if (skip_ > 0)
      throw Error(Code::invalid_argument, {.message = "the data ends before the sample at which the checkpoint was written",
                                           .reason = "CHECKPOINT", .hint = "go on with the same data"});
  } else if (!seen_data_) {
    seen_data_ = true;
    if (setup_.default_rate) lower_default_rate();
  }
}

bool TrainingDriver::advance(std::vector<NodeProfile>* times) {
  if (epoch_ended_ && !awaits_validation_) {
    conclude_epoch();
    return true;  // first the news of it, with the weights it is about
  }
  if (!info_.stop_reason.empty()) return ended();
  if (epoch_ended_) {  // and its held-out samples are still to be measured, here or when training goes on
    if (const char* const reason = reason_to_stop()) return finish(reason), ended();
    return true;
  }
  if (info_.iterations >= setup_.options.max_iterations) return finish("maxIterations"), ended();
  if (patience_.exhausted()) return finish("patience"), ended();  // of a training that had ended so, and is resumed
  if (const char* const reason = reason_to_stop()) return finish(reason), ended();
  if (epoch_read_ && block_done_ == block_.samples) {
    if (stands_still()) return begin_again("training came to a standstill"), true;
    end_epoch();
    return true;
  }
  if (block_done_ == block_.samples) return true;  // nothing fetched yet
  keep_start();
  const std::size_t batch = setup_.batching.batch;
  const std::size_t left = block_.samples - block_done_;
  const bool one_step = times || schedule_.warming_up(info_.iterations, steps_);
  const std::size_t steps = one_step ? 1 : std::clamp<std::size_t>(left / batch, 1, segment_steps_);
  const std::size_t step_samples = std::min(batch, left);  // the last batch of an epoch may be smaller
  // A window in which nothing is judged moves memories on, and the averages of what is there: it is no step of learning.
  const bool learns = !block_.judged || block_.counted > 0;
  Bound& bound = bound_for(static_cast<std::int64_t>(step_samples), learns);
  // Where a segment ends changes no result, so its length may follow the clock. A segment that the data cut short is
  // not timed, and after some of those it is still early enough for a report: asking costs as much as a small step.
  const bool timed = steps == segment_steps_ && !one_step;
  if (learns) update_rate(step_samples);
  const double began = timed ? context_.host().now() : 0;
  if (!run_steps(bound, block_, block_done_, steps, step_samples, times)) return true;  // it begins again
  block_done_ += steps * step_samples;
  if (block_.judged) ++epoch_windows_;
  if (timed) {
    const double took = context_.host().now() - began;
    if (took > segment_time)
      segment_steps_ = std::max<std::size_t>(1, segment_steps_ / 2);
    else if (took < segment_time / 3)
      segment_steps_ = std::min(most_steps, segment_steps_ * 2);
  }
  untimed_segments_ = timed ? most_untimed : untimed_segments_ + 1;
  if (setup_.options.progress && untimed_segments_ >= most_untimed) {
    untimed_segments_ = 0;
    if (report_is_due(false)) report(false);
  }
  return true;
}

bool TrainingDriver::run_steps(Bound& bound, const Block& block, std::size_t first_sample, std::size_t steps,
                               std::size_t batch, std::vector<NodeProfile>* times) {
  const auto slots = bound.program.executable->slots();
  // A rest block starts where whole batches end; its own batch is smaller, so the offset is counted in samples.
  const auto from = [&](const void* memory, std::size_t slot) {
    return static_cast<const std::byte*>(memory) + slots[slot].bytes / batch * first_sample;
  };
  bound.inputs.look_at(from(block.inputs, bound.input_slot), slots[bound.input_slot].bytes * steps);
  if (block.judged) {
    const std::size_t width = size_of(setup_.batching.type);
    bound.judged.look_at(block.judged, block.samples * width);
    bound.present.look_at(block.present, block.samples * width);
    bound.kept.look_at(block.kept, setup_.batching.lanes * width);
  }
  bound.targets.look_at(from(block.outputs, bound.target_slot), slots[bound.target_slot].bytes * steps);
  bound.errors.look_at(errors_.data(), errors_.size() * sizeof(float));
  bound.correct.look_at(correct_.data(), correct_.size() * sizeof(float));
  if (bound.learning_rate) store_double(setup_.batching.type, bound.learning_rate->host(), 0, rate_);
  if (times) {
    *times = bound.program.executable->time_step(bound.bindings);
  } else {
    bound.program.executable->run(bound.bindings, steps);
  }

  const bool doubles = slots[bound.error_slot].bytes == sizeof(double);
  const auto at = [&](const std::vector<float>& values, std::size_t step) {
    if (!doubles) return static_cast<double>(values[step]);
    double value;
    std::memcpy(&value, values.data() + 2 * step, sizeof value);
    return value;
  };
  for (std::size_t step = 0; step < steps; ++step) {
    epoch_error_ += at(errors_, step);
    if (bound.correct_slot != ~std::size_t{0}) epoch_correct_ += at(correct_, step);
    if (bound.learns) ++steps_;
    if (bound.learns && grows_without_bound(at(errors_, step) / static_cast<double>(batch))) {
      begin_again("training grew without bound");
      return false;
    }
    if (!std::isfinite(epoch_error_)) blown_up(bound, block, block.samples);
  }
  const std::size_t counted = block.judged ? block.counted : steps * batch;
  epoch_samples_ += counted;
  info_.samples += counted;
  return true;
}

}  // namespace webai
