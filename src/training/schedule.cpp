#include "training/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "core/base/names.h"
#include "core/base/number_text.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// In the order of Schedule::Kind.
constexpr std::array<std::string_view, 6> types = {"constant", "linear", "cosine", "step", "exponential", "plateau"};

[[noreturn]] void refuse_schedule(std::string message, std::string expected, std::string hint) {
  throw Error(Code::invalid_argument, {.message = std::move(message), .reason = "OPTION",
                                       .path = "learningRateSchedule", .expected = std::move(expected), .hint = std::move(hint)});
}

double factor_of(const LearningRateSchedule& form) { return form.factor.value_or(form.type == "exponential" ? 0.95 : 0.1); }

}  // namespace

bool Patience::improves(double error) {
  if (error < best - min_delta_) {
    best = error;
    waited = 0;
    return true;
  }
  ++waited;
  return false;
}

Schedule::Schedule(const TrainOptions& options)
    : base(*options.learning_rate),
      patience(options.learning_rate_schedule.patience, options.learning_rate_schedule.min_delta),
      form_(options.learning_rate_schedule),
      kind_(static_cast<Kind>(std::find(types.begin(), types.end(), form_.type) - types.begin())),
      epochs_(options.max_iterations) {}

double Schedule::rate(std::uint64_t epoch, std::uint64_t step, double part) const {
  const std::uint64_t after = epoch - std::min(epoch, form_.warmup_epochs);  // epochs since the warm-up
  double rate = base;
  switch (kind_) {
    case Kind::constant:
      break;
    case Kind::linear:
    case Kind::cosine: {
      const std::uint64_t all = epochs_ - std::min(epochs_, form_.warmup_epochs);
      const double done = all == 0 ? 0 : static_cast<double>(after) / static_cast<double>(all);
      const double left = kind_ == Kind::linear ? 1 - done : (1 + std::cos(std::numbers::pi * done)) / 2;
      rate = form_.minimum + (base - form_.minimum) * left;
      break;
    }
    case Kind::step:
      rate = std::max(form_.minimum, base * std::pow(factor_of(form_), static_cast<double>(after / form_.every)));
      break;
    case Kind::exponential:
      rate = std::max(form_.minimum, base * std::pow(factor_of(form_), static_cast<double>(after)));
      break;
    case Kind::plateau:
      rate = std::max(form_.minimum, base * plateau_scale);
      break;
  }
  if (epoch < form_.warmup_epochs)
    rate *= std::min(1.0, (static_cast<double>(epoch) + part) / static_cast<double>(form_.warmup_epochs));
  if (step < form_.warmup_steps) rate *= static_cast<double>(step + 1) / static_cast<double>(form_.warmup_steps);
  return rate;
}

void Schedule::epoch_ended(double error) {
  if (kind_ != Kind::plateau || patience.improves(error) || !patience.exhausted()) return;
  plateau_scale *= factor_of(form_);
  patience.waited = 0;
}

void check_schedule(const TrainOptions& options) {
  const LearningRateSchedule& form = options.learning_rate_schedule;
  if (std::find(types.begin(), types.end(), form.type) == types.end()) {
    refuse_schedule("there is no schedule \"" + form.type + "\"", "one of constant, linear, cosine, step, exponential, plateau",
          did_you_mean(form.type, types, "take one of those, or leave it out"));
  }
  if ((form.type == "linear" || form.type == "cosine") && options.max_iterations == TrainOptions::unlimited)
    refuse_schedule("\"" + form.type + "\" ends at maxIterations, which is not given", "maxIterations, 1 or more",
                    "give maxIterations too");
  if (!(factor_of(form) > 0 && factor_of(form) <= 1)) refuse_schedule("factor is out of range", "above 0, at most 1",
                                                                      "0.5 halves the rate");
  if (form.every == 0) refuse_schedule("every is 0", "1 or more epochs",
                                       "\"every\": 10");
  if (form.patience == 0) refuse_schedule("patience is 0", "1 or more epochs",
                                          "\"patience\": 10");
  if (!(form.min_delta >= 0) || !std::isfinite(form.min_delta)) refuse_schedule("minDelta is out of range", "0 or more",
                                                                                "\"minDelta\": 0.001");
  if (!(form.minimum >= 0) || !std::isfinite(form.minimum)) refuse_schedule("minimum is out of range", "0 or more",
                                                                            "leave it out for 0");
  if (form.type != "constant" && options.learning_rate && form.minimum > *options.learning_rate)
    refuse_schedule("minimum lies above the learning rate", "at most " + number_text(*options.learning_rate, 9),
                    "a schedule goes from learningRate down to minimum");
}

}  // namespace webai
