// Runs of the program's own: how they are called, and what becomes of what they give.
#include "network/own_run.h"

#include "network/algorithms.h"
#include "network/state.h"
#include "webai/error.hpp"

namespace webai {

Output NeuralNetwork::run_by(const Tensor& given, const RunOptions& options) {
  State& state = *state_;
  const auto own = find_algorithm<RunFunction>(state.context, Algorithm::run, state.model.domain, options.type);
  if (!own)
    throw Error(Code::not_found, {.message = "there is no way of running called \"" + options.type + "\"",
                                  .reason = "RUN_TYPE", .path = "type",
                                  .hint = hint_for_algorithm(state.context, Algorithm::run, state.model.domain, options.type,
                                                             "define it with define_run")});
  NeuralNetwork inner(state_.shared());
  inner.own_run_ = std::make_shared<OwnRun>(options.normalize, options.denormalize && state.denormalizes());
  InternalModel model(inner);
  const std::string before = state.is_stateful() ? get_internal_state() : std::string();
  const struct End {
    OwnRun& run;
    ~End() { run.over = true; }
  } end{*inner.own_run_};
  try {
    const RunResult result = call_algorithm(options.type, [&] { return (*own)(model, given, before); });
    if (!result.new_state.empty()) set_internal_state(result.new_state);
    if (result.denormalized) return Output(result.output);
    return state.finished_by_runner(result.output, options, state.is_open() ? inner.own_run_->last_ports() : outputs());
  } catch (...) {  // a run that fails changes nothing: runs that the function has made neither
    if (!before.empty()) set_internal_state(before);
    throw;
  }
}

Output NeuralNetwork::run_within(const Tensor& given, const RunOptions& options) {
  NeuralNetwork plain(state_.shared());
  plain.gives_numbers_ = own_run_->gives_numbers && !own_run_->over;
  Output output = plain.run(given, own_run_->within(options));
  own_run_->heard_of(output.ports());
  return output;
}

Output NeuralNetwork::run_named_within(const std::vector<std::pair<std::string, Tensor>>& given, const RunOptions& options) {
  NeuralNetwork plain(state_.shared());
  plain.gives_numbers_ = own_run_->gives_numbers && !own_run_->over;
  Output output = plain.run_named(given, own_run_->within(options));
  own_run_->heard_of(output.ports());
  return output;
}

// What is not of the model's size is the runner's own matter, and is handed over as it is.
Output NeuralNetwork::State::finished_by_runner(const Tensor& given, const RunOptions& options,
                                                const std::vector<PortInfo>& ports) const {
  std::int64_t width = 0;
  for (const PortInfo& port : ports) width += port.shape.elements();
  const auto count = static_cast<std::int64_t>(given.elements());
  const bool batched = given.shape().rank() > built.output_shape.rank();
  if (width == 0 || count == 0 || (batched ? count % width : count - width) != 0) return Output(given);
  const bool acts = options.denormalize && (denormalizes() || !labels_of(output_rules()).empty());
  Output output;
  if (acts) {
    const Tensor numbers = decoded(given);
    const Shape each = ports.size() == 1 ? ports.front().shape : Shape{width};
    const Shape rows = each.inserted(0, count / width);
    output = finished((numbers.type() == type ? numbers : numbers.converted(context, type)).reshaped(rows), count / width, batched, options, ports);
  } else {
    output.tensor_ = given;
    if (!is_floating(model.type) && given.type() == model.type) output.full_ = full_code(model.type);
  }
  output.ports_ = ports;
  return output;
}

}  // namespace webai
