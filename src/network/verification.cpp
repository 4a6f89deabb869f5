#include "network/algorithms.h"
#include "network/training_plan.h"
#include "network/verification.h"

#include <mutex>

#include "training/window_graph.h"
#include "webai/error.hpp"
#include "webai/stop.hpp"

namespace webai {

NeuralNetwork::State::Verification::Verification(State& net, DataPlan plan, Weights weights, bool confusion)
    : net_(net), plan_(std::move(plan)), weights_(std::move(weights)),
      classes_(confusion && plan_.request.accuracy ? static_cast<std::size_t>(plan_.outputs) : 0) {
  plan_.batching.background = &background_;
  plan_.batching.interrupted = [this] { return interrupted_ && interrupted_(); };
  iterator_.emplace(net.context, plan_.data, plan_.batching);
  output_ = net.allocate(static_cast<std::size_t>(plan_.outputs) * plan_.batching.batch * size_of(net.type));
  error_ = net.allocate(sizeof(double));
  correct_ = net.allocate(sizeof(double));
}

NeuralNetwork::State::Verification::Step& NeuralNetwork::State::Verification::step_for(std::int64_t samples) {
  for (const auto& known : steps_)
    if (known->batch == samples && known->moves == net_.moves) return *known;
  auto made = std::make_unique<Step>();
  made->batch = samples;
  made->moves = net_.moves;
  made->executable = net_.compile(
      verification_step(net_.context, *net_.registry, net_.batch_forward(plan_, samples, false, Parameters::kept), plan_.request), false);
  for (const Slot& slot : made->executable->slots()) {
    Buffer* bound = weights_(slot.name);
    if (!bound && slot.role == Slot::state) bound = net_.room_for(slot, memory_);
    if (slot.role == Slot::input)
      bound = slot.name == target_name ? &target_ : slot.name == judged_name ? &judged_ : slot.name == kept_name ? &kept_
              : slot.name == present_name ? &present_ : &input_;
    if (slot.role == Slot::output)
      bound = slot.name == error_name ? error_.get() : slot.name == correct_name ? correct_.get() : output_.get();
    made->bindings.push_back({bound, 0, 0});
  }
  steps_.push_back(std::move(made));
  return *steps_.back();
}

std::size_t NeuralNetwork::State::Verification::largest(DType type, const void* values, std::size_t row) const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < classes_; ++i)
    if (load_double(type, values, row * classes_ + i) > load_double(type, values, row * classes_ + best)) best = i;
  return best;
}

void NeuralNetwork::State::Verification::count(const Block& block, VerifyInfo& info) const {
  for (std::size_t s = 0; s < block.samples; ++s) {
    if (block.judged && load_double(net_.type, block.judged, s) == 0) continue;
    const std::size_t truth = plan_.request.labels
                                  ? static_cast<std::size_t>(static_cast<const std::int32_t*>(block.outputs)[s])
                                  : largest(net_.type, block.outputs, s);
    ++info.confusion[truth][largest(net_.type, output_->host(), s)];
  }
}

std::optional<VerifyInfo> NeuralNetwork::State::Verification::measure(const std::function<bool()>& interrupted) {
  interrupted_ = interrupted;
  VerifyInfo info;
  info.confusion.assign(classes_, std::vector<std::uint64_t>(classes_, 0));
  double error_sum = 0, correct_sum = 0;
  const std::size_t target_bytes =
      plan_.request.labels ? sizeof(std::int32_t) : static_cast<std::size_t>(plan_.outputs) * size_of(net_.type);
  Block block;
  try {
    iterator_->begin_epoch(0);
    while (iterator_->next(block, plan_.batching.batch)) {
      if (interrupted_ && interrupted_()) return std::nullopt;
      const std::lock_guard guard(net_.turn);
      Step& step = step_for(static_cast<std::int64_t>(block.samples));
      input_.look_at(block.inputs, block.samples * static_cast<std::size_t>(plan_.inputs) * size_of(net_.type));
      target_.look_at(block.outputs, block.samples * target_bytes);
      if (block.judged) {
        judged_.look_at(block.judged, block.samples * size_of(net_.type));
        present_.look_at(block.present, block.samples * size_of(net_.type));
        kept_.look_at(block.kept, plan_.batching.lanes * size_of(net_.type));
      }
      step.executable->run(step.bindings, 1);
      error_sum += load_double(net_.type, error_->host(), 0);
      if (plan_.request.accuracy) correct_sum += load_double(net_.type, correct_->host(), 0);
      if (classes_) count(block, info);
      info.samples += block.counted;
    }
  } catch (const Interrupted&) {
    return std::nullopt;
  }
  if (info.samples == 0) throw Error(Code::invalid_argument, {.message = "the data holds no samples", .reason = "EMPTY_DATA",
                                                              .hint = "give one sample or more"});
  const double samples = static_cast<double>(info.samples);
  info.error = reported(plan_.request.measure, error_sum / samples);
  info.error_percent = 100 * info.error;
  if (plan_.request.accuracy) info.accuracy = correct_sum / samples;
  return info;
}

VerifyInfo NeuralNetwork::verify(const Dataset& data, const VerifyOptions& options, std::stop_token stop) {
  State& net = *state_;
  const TokenScope scope(stop);
  if (!options.type.empty()) {
    const auto own = find_algorithm<VerifyFunction>(net.context, Algorithm::verify, net.model.domain, options.type);
    if (!own)
      throw Error(Code::not_found, {.message = "there is no way of verifying called \"" + options.type + "\"",
                                    .reason = "VERIFY_TYPE", .path = "type",
                                    .hint = hint_for_algorithm(net.context, Algorithm::verify, net.model.domain, options.type,
                                                               "define it with define_verify")});
    InternalModel model(*this);
    return call_algorithm(options.type, [&] { return (*own)(model, data, options); });
  }
  check_words(data, nullptr, static_cast<std::size_t>(net.outputs), !labels_of(net.output_rules()).empty());
  const std::size_t batch = options.batch_size ? options.batch_size : State::verification_batch;
  const Buffers weights = net.snapshot();
  State::Verification verification(net, net.plan_data(data, options.error_measure_type, batch, true),
                                   [&weights](std::string_view name) { return find_buffer(weights, name); }, true);
  if (const std::optional<VerifyInfo> info = verification.measure([&stop] { return stop.stop_requested(); })) return *info;
  throw Error(Code::cancelled, {.message = "verifying was cancelled", .reason = "CANCELLED", .expected = "no stop before the end", .actual = "a stop",
                                .hint = "nothing was changed: verify again"});
}

}  // namespace webai
