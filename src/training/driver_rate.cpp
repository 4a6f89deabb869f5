// What is done about numbers that grow: the default rate is lowered for large data, and training begins again with a
// lower one where it was too large all the same; a rate that was given is kept, and what it does is told.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/number_text.h"
#include "training/driver_bound.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::uint64_t watched_steps = 1000;  // a rate that is too large shows early; then the copies are let go
constexpr double least_error = 1e-4;           // of a sample, below which nothing need move
constexpr int most_beginnings = 8;             // 4^8: whatever grows then does not grow by its rate

}  // namespace

std::pair<std::string, double> TrainingDriver::largest_weight(const Bound& bound) const {
  // Once one number has overflowed, all that learn from it are none: then what is applied in each step of an iterator is
  // likelier to be the cause than what stands around it.
  double largest = 0;
  bool iterated = false;
  std::string where;
  for (const Slot& slot : bound.program.executable->slots()) {
    if (slot.role != Slot::parameter) continue;
    const std::string layer = slot.name.substr(0, slot.name.rfind('.'));
    const bool inside = setup_.is_iterated && setup_.is_iterated(layer);
    const Tensor numbers = setup_.numbers(slot.name);
    for (std::size_t e = 0; e < numbers.elements(); ++e) {
      const double value = std::fabs(numbers.at(e));
      const bool overflowed = !std::isfinite(value);
      const bool first_inside = overflowed && inside && !iterated;
      if (!first_inside && ((iterated && !inside) || !(value > largest || std::isnan(value)))) continue;
      largest = overflowed ? std::numeric_limits<double>::infinity() : value;
      iterated = overflowed && inside;
      where = layer;
    }
  }
  return {where, largest};
}

void TrainingDriver::blown_up(const Bound& bound, const Block& block, std::size_t samples) const {
  // The parameter with the largest number is the likeliest place; the largest input the likeliest cause.
  const auto [where, largest] = largest_weight(bound);
  double input = 0;
  for (std::size_t e = 0; e < samples * iterator_.input_elements(); ++e)
    input = std::max(input, std::fabs(load_double(setup_.batching.type, block.inputs, e)));
  ErrorDetails details;
  details.message = "training stopped at step " + std::to_string(steps_) + ": the " + (samples ? "loss is not a number" : "weights are no numbers");
  if (!where.empty())
    details.message += std::isinf(largest) ? " (layer " + where + " overflowed)"
                                           : " (layer " + where + " grew to " + number_text(largest, 3) + ")";
  details.reason = "NOT_A_NUMBER";
  details.layer = where;
  details.path = setup_.path_of_layer && !where.empty() ? setup_.path_of_layer(where) : where;
  details.hint = input > 10 ? "inputs reach " + number_text(input, 3) +
                                  ": add \"io\": {\"input\": {\"normalize\": \"auto\"}} or lower learningRate"
                            : "lower learningRate";
  throw Error(Code::invalid_argument, std::move(details));
}

void TrainingDriver::lower_default_rate() {
  constexpr std::size_t most_samples = 1024;  // enough to know the scale of the data
  constexpr double large = 10;                // nothing below it is in the way of the default
  // Of sequences side by side the shorter ones leave places free, and some outputs are not to be learned: neither counts.
  const auto counts = [&](const void* values, std::size_t elements, std::size_t s) {
    if (!block_.judged || load_double(setup_.batching.type, block_.judged, s) != 0) return true;
    if (values != block_.inputs) return false;
    for (std::size_t e = 0; e < elements; ++e)
      if (load_double(setup_.batching.type, values, s * elements + e) != 0) return true;
    return false;
  };
  // The greatest square of a sample's length where one of its numbers is large, else 0.
  double largest = 0, lowest = 0, highest = 0;
  const auto squared_length = [&](const void* values, std::size_t elements) {
    double result = 0;
    largest = 0;
    lowest = INFINITY;
    highest = -INFINITY;
    std::size_t seen = 0;
    for (std::size_t s = 0; s < block_.samples && seen < most_samples; ++s) {
      if (!counts(values, elements, s)) continue;
      ++seen;
      double sum = 0;
      for (std::size_t e = 0; e < elements; ++e) {
        const double value = load_double(setup_.batching.type, values, s * elements + e);
        sum += value * value;
        lowest = std::min(lowest, value);
        highest = std::max(highest, value);
        largest = std::max(largest, std::fabs(value));
      }
      result = std::max(result, sum);
    }
    return largest > large ? result : 0;
  };
  // A layer of sums overshoots from a rate of 2 / |x|^2 on; 0.3 is what the defaults come to, momentum included. Weights
  // behind it grow as large as the targets, and what flows back through them as large once more.
  double scale = setup_.plain_inputs ? 0.3 * squared_length(block_.inputs, iterator_.input_elements()) / 0.5 : 1;
  scale = std::max(scale, 1.0);
  std::string answer = scale > 1 ? "; in the model, \"io\": {\"input\": {\"normalize\": \"auto\"}} learns faster" : "";
  if (!iterator_.outputs_are_labels()) {
    scale *= std::max(1.0, squared_length(block_.outputs, iterator_.output_elements()));
    largest_target_ = largest * largest;
    if (largest > large)
      answer = "; in the model, \"io\": {\"output\": {\"denormalize\": {\"type\": \"rescale-linear\", \"from\": [0, 1], \"to\": [" +
               number_text(lowest, 3) + ", " + number_text(highest, 3) + "]}}} makes targets small" + (answer.empty() ? "" : ", and \"normalize\": \"auto\" inputs");
  }
  begun_rate_ = schedule_.base /= scale;
  if (scale == 1) return;
  context_.log(1, "inputs or targets are far above 1, so the default learning rate is lowered to " + number_text(schedule_.base, 3) +
                      answer + "; learningRate sets another rate");
}

void TrainingDriver::keep_start() {
  if (!setup_.default_rate) return;
  if (steps_ == 0 && start_.empty())
    start_.keep(setup_.kept, setup_.allocate);
  else if (steps_ >= watched_steps && !start_.empty())
    start_ = {};
}

// A hundred times worse than at the beginning, and than to answer 0: ten times as far off as the largest target.
bool TrainingDriver::grows_without_bound(double error) {
  if (start_.empty() || steps_ > watched_steps || beginnings_ == most_beginnings) return false;
  if (steps_ == 1) first_error_ = error;
  if (!std::isfinite(first_error_)) return false;  // no rate is to blame
  return !(error <= 100 * std::max(first_error_, std::max(largest_target_, 1.0)));
}

// The last step of every weight has died away to nothing, and yet there is an error: after too large a step all of the last
// neurons are below 0 of their relu, where they have no slope, and nothing brings them back. (Other activations have a slope
// everywhere: weights that rest there have found what they were looking for.)
bool TrainingDriver::stands_still() const {
  if (!setup_.ends_in_relu || start_.empty() || beginnings_ == most_beginnings || bound_.empty()) return false;
  if (!(epoch_error_ > least_error * static_cast<double>(epoch_samples_))) return false;
  constexpr std::string_view step_of = "$step of ";
  bool moved = false;  // ever: where the first weights have no slope no rate is to blame
  for (const StepState& state : bound_.front()->program.states) {
    const auto step = std::ranges::find(optimizer_states_, state.name, &std::pair<std::string, std::unique_ptr<Buffer>>::first);
    if (step == optimizer_states_.end() || !state.name.starts_with(step_of)) continue;
    for (std::int64_t e = 0; e < state.type.shape.elements(); ++e)
      if (load_double(state.type.type, step->second->host(), static_cast<std::size_t>(e)) != 0) return false;
    const auto now = std::ranges::find(setup_.kept, state.name.substr(step_of.size()), &NamedBuffers::value_type::first);
    if (moved || now == setup_.kept.end()) continue;
    Buffer& before = *start_.copies()[static_cast<std::size_t>(now - setup_.kept.begin())];
    moved = std::memcmp(before.host(), now->second->host(), before.size()) != 0;
  }
  return moved;
}

void TrainingDriver::begin_again(const char* why) {
  ++beginnings_;
  schedule_ = Schedule(setup_.options);
  schedule_.base = begun_rate_ = begun_rate_ / 4;
  context_.log(1, std::string(why) + " at step " + std::to_string(steps_) + ": it begins again with a learning rate of " +
                      number_text(begun_rate_, 3) + "; learningRate sets another one");
  start_.restore(setup_.kept);
  const std::int64_t batch = bound_.front()->batch;
  optimizer_states_.clear();
  bound_.clear();
  bound_for(batch);
  patience_ = Patience(setup_.options.patience, setup_.options.min_delta);
  best_ = {};
  info_ = {};
  block_ = {};
  block_done_ = 0;
  in_epoch_ = epoch_read_ = epoch_ended_ = awaits_validation_ = rate_fresh_ = false;
  epoch_error_ = epoch_correct_ = 0;
  epoch_samples_ = epoch_windows_ = steps_ = 0;
}

}  // namespace webai
