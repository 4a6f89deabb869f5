// A training as a file and back: what a driver needs to go on to the same bits.
#include <algorithm>
#include <cmath>

#include "core/base/number_text.h"
#include "training/checkpoint.h"
#include "training/driver.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr const char *best_prefix = "$best ", *start_prefix = "$start ";

std::span<const std::byte> bytes_of(Buffer& buffer) { return {static_cast<const std::byte*>(buffer.host()), buffer.size()}; }

[[noreturn]] void other_training(const char* what, const std::string& expected, const std::string& actual) {
  throw Error(Code::invalid_argument, {.message = std::string("the checkpoint has another ") + what, .reason = "CHECKPOINT",
                                       .expected = expected, .actual = actual, .hint = "go on with the same model, data and options"});
}

}  // namespace

std::string TrainingDriver::checkpoint() {
  if (epoch_ended_ && !awaits_validation_) conclude_epoch();
  const auto whole = [](std::uint64_t value) { return Json::integer(static_cast<std::int64_t>(value)); };
  std::vector<Json::Member> state;
  const auto optional = [&](const char* name, const std::optional<double>& value) {
    if (value && std::isfinite(*value)) state.emplace_back(name, Json::number(*value));
  };
  // What has to be the same when training goes on.
  state.emplace_back("model", Json::text(setup_.model_hash));
  state.emplace_back("errorMeasureType", Json::text(std::string(name_of(setup_.measure))));
  state.emplace_back("validationSplit", Json::text(number_text(setup_.options.validation_split, 17)));
  state.emplace_back("optimizer", Json::text(setup_.options.optimizer));
  state.emplace_back("seed", Json::text(std::to_string(setup_.batching.seed)));
  state.emplace_back("batch", whole(setup_.batching.batch));
  if (setup_.batching.window > 0) {  // of sequences: batch is their product
    state.emplace_back("lanes", whole(setup_.batching.lanes));
    state.emplace_back("window", whole(setup_.batching.window));
  }
  state.emplace_back("accumulate", whole(setup_.options.accumulate));
  // How far it has come. Samples and sums are those of the epoch under way.
  state.emplace_back("iteration", whole(info_.iterations));
  state.emplace_back("position", whole(epoch_samples_));
  if (setup_.batching.window > 0) state.emplace_back("windows", whole(epoch_windows_));
  state.emplace_back("step", whole(steps_));
  state.emplace_back("samples", whole(info_.samples));
  state.emplace_back("errorSum", Json::number(epoch_error_));
  state.emplace_back("correctSum", Json::number(epoch_correct_));
  const double elapsed = info_.stop_reason.empty() ? elapsed_before_ + context_.host().now() - started_ : info_.elapsed_ms;
  state.emplace_back("elapsedMs", Json::number(elapsed));
  optional("error", info_.error);
  optional("accuracy", info_.accuracy);
  optional("validationError", info_.validation_error);
  optional("validationAccuracy", info_.validation_accuracy);
  state.emplace_back("learningRate", Json::number(schedule_.base));
  state.emplace_back("plateauScale", Json::number(schedule_.plateau_scale));
  optional("plateauBest", schedule_.patience.best);
  state.emplace_back("plateauWaited", whole(schedule_.patience.waited));
  optional("best", patience_.best);
  state.emplace_back("waited", whole(patience_.waited));
  state.emplace_back("bestIteration", whole(info_.best_iteration));
  if (epoch_ended_) {  // but for the held-out samples
    state.emplace_back("epochEnded", Json::boolean(true));
    state.emplace_back("lastRate", Json::number(rate_));
  }
  state.emplace_back("seenData", Json::boolean(seen_data_));
  state.emplace_back("beginnings", whole(static_cast<std::uint64_t>(beginnings_)));
  optional("begunRate", begun_rate_);
  optional("firstError", first_error_);
  optional("largestTarget", largest_target_);

  std::vector<CheckpointPart> parts;
  for (const auto& [name, buffer] : setup_.kept) parts.push_back({name, bytes_of(*buffer)});
  for (const auto& [name, buffer] : optimizer_states_) parts.push_back({name, bytes_of(*buffer)});
  for (std::size_t i = 0; i < best_.copies().size(); ++i)
    parts.push_back({best_prefix + setup_.kept[i].first, bytes_of(*best_.copies()[i])});
  for (std::size_t i = 0; i < start_.copies().size(); ++i)
    parts.push_back({start_prefix + setup_.kept[i].first, bytes_of(*start_.copies()[i])});
  return write_checkpoint(Json::object(std::move(state)), parts);
}

void TrainingDriver::restore(std::string_view text, bool given_rate) {
  const Checkpoint from = read_checkpoint(text, context_.limits());
  const auto same = [&](const char* name, const std::string& expected, const char* called = nullptr) {
    const Json* const value = from.state.find(name);
    const std::string actual = !value ? "" : value->is_text() ? value->as_text() : value->is_number() ? std::to_string(from.count(name)) : "";
    if (actual != expected) other_training(called ? called : name, expected, actual);
  };
  same("model", setup_.model_hash);
  same("errorMeasureType", std::string(name_of(setup_.measure)));
  same("validationSplit", number_text(setup_.options.validation_split, 17));
  same("optimizer", setup_.options.optimizer);
  same("seed", std::to_string(setup_.batching.seed));
  // Files of older versions say the product alone.
  if (setup_.batching.window > 0 && from.state.find("lanes") && from.state.find("window")) {
    same("lanes", std::to_string(setup_.batching.lanes), "batch (sequences side by side)");
    same("window", std::to_string(setup_.batching.window), "bptt (steps of a sequence at a time)");
  }
  same("batch", std::to_string(setup_.batching.batch));
  same("accumulate", std::to_string(setup_.options.accumulate));
  const auto optional = [&](const char* name) { return from.state.find(name) ? std::optional(from.number(name)) : std::nullopt; };

  // Everything is looked at before anything is changed.
  std::vector<std::pair<Buffer*, std::span<const std::byte>>> copies;
  const auto take = [&](const std::string& name, Buffer& into) { copies.emplace_back(&into, from.part(name, into.size()).bytes); };
  for (const auto& [name, buffer] : setup_.kept) take(name, *buffer);
  for (const auto& [name, buffer] : optimizer_states_) take(name, *buffer);
  const auto has = [&](const char* prefix) {
    return std::ranges::any_of(from.parts, [&](const CheckpointPart& part) { return part.name.starts_with(prefix); });
  };
  const bool has_best = has(best_prefix), has_start = has(start_prefix);
  BestWeights best, start;
  if (has_best && *setup_.options.restore_best) {
    best.keep(setup_.kept, setup_.allocate);
    for (std::size_t i = 0; i < setup_.kept.size(); ++i) take(best_prefix + setup_.kept[i].first, *best.copies()[i]);
  }
  if (has_start && !given_rate) {
    start.keep(setup_.kept, setup_.allocate);
    for (std::size_t i = 0; i < setup_.kept.size(); ++i) take(start_prefix + setup_.kept[i].first, *start.copies()[i]);
  }
  const std::size_t known = setup_.kept.size() * (1u + has_best + has_start) + optimizer_states_.size();
  if (from.parts.size() != known)
    other_training("number of parts", std::to_string(known), std::to_string(from.parts.size()));

  TrainInfo info;
  info.iterations = from.count("iteration");
  info.samples = from.count("samples");
  info.error = optional("error").value_or(0);
  info.error_percent = 100 * info.error;
  info.accuracy = optional("accuracy");
  info.validation_error = optional("validationError");
  info.validation_accuracy = optional("validationAccuracy");
  info.best_iteration = from.count("bestIteration");
  const std::uint64_t position = from.count("position"), steps = from.count("step");
  const bool in_windows = setup_.batching.window > 0;
  // Files of older versions do not count windows: they are good between two epochs.
  const std::uint64_t windows = in_windows && (position > 0 || from.state.find("windows")) ? from.count("windows") : 0;
  const double error_sum = from.number("errorSum"), correct_sum = from.number("correctSum"), elapsed = from.number("elapsedMs");
  Schedule schedule = schedule_;
  const double base = from.number("learningRate");
  if (!(base >= 0)) other_training("learningRate", "0 or more", write_json(Json::number(base)));
  if (!given_rate) schedule.base = base;
  schedule.plateau_scale = from.number("plateauScale");
  schedule.patience.best = optional("plateauBest").value_or(schedule.patience.best);
  schedule.patience.waited = from.count("plateauWaited");
  Patience patience = patience_;
  patience.best = optional("best").value_or(patience.best);
  patience.waited = from.count("waited");

  const bool at_end = from.state.find("epochEnded") != nullptr;
  const double last_rate = at_end ? from.number("lastRate") : 0;

  for (const auto& [buffer, bytes] : copies) buffer->write(0, bytes);
  const Json* const seen = from.state.find("seenData");
  seen_data_ = seen && seen->is_boolean() && seen->as_boolean();  // a default rate was lowered then, if it had to be
  if (steps > 0 || windows > 0) setup_.prepare = nullptr;  // what it would learn is among the parts
  best_ = std::move(best);
  start_ = std::move(start);
  beginnings_ = from.state.find("beginnings") ? static_cast<int>(from.count("beginnings")) : 0;
  begun_rate_ = optional("begunRate").value_or(0);
  first_error_ = optional("firstError").value_or(0);
  largest_target_ = optional("largestTarget").value_or(0);
  schedule_ = schedule;
  patience_ = patience;
  info_ = info;
  samples_before_ = info.samples;
  elapsed_before_ = elapsed;
  skip_ = in_windows ? windows : position;
  epoch_samples_ = position;
  epoch_windows_ = windows;
  steps_ = steps;
  epoch_error_ = error_sum;
  epoch_correct_ = correct_sum;
  if (!at_end) return;
  skip_ = 0;
  epoch_ended_ = true;
  awaits_validation_ = static_cast<bool>(setup_.validate);
  rate_ = last_rate;
}

}  // namespace webai
