// Training: a session drives the loop of src/training under the network's lock, one segment at a time.
#include <cmath>
#include <mutex>

#include "compiler/passes.h"
#include "network/algorithms.h"
#include "network/state.h"
#include "network/training_state.h"
#include "training/optimizer.h"
#include "training/storage_type.h"
#include "webai/error.hpp"

namespace webai {
namespace {

void check_option(bool holds, const char* name, const char* expected, double actual) {
  if (!holds)
    throw Error(Code::invalid_argument, {.message = std::string(name) + " is out of range", .reason = "OPTION",
                                         .path = name, .expected = expected, .actual = std::to_string(actual)});
}

TrainOptions with_defaults(TrainOptions options) {
  if (options.type != "back-propagation")
    throw Error(Code::not_found, {.message = "there is no way of training called \"" + options.type + "\"",
                                  .reason = "TRAIN_TYPE", .path = "type",
                                  .expected = "\"back-propagation\", or what define_train defined"});
  const Optimizer& optimizer = find_optimizer(options.optimizer);
  if (!options.learning_rate) options.learning_rate = optimizer.learning_rate;
  if (!options.momentum) options.momentum = optimizer.momentum;
  check_option(std::isfinite(*options.learning_rate) && *options.learning_rate >= 0, "learningRate", "0 or more",
               *options.learning_rate);
  check_option(*options.momentum >= 0 && *options.momentum < 1, "momentum", "0 or more, less than 1", *options.momentum);
  check_option(!std::isnan(options.timeout) && options.timeout >= 0, "timeout", "0 or more milliseconds", options.timeout);
  check_option(!std::isnan(options.error_threshold) && options.error_threshold >= 0, "errorThreshold", "0 or more",
               options.error_threshold);
  const std::string& schedule = options.learning_rate_schedule.type;
  if (schedule != "constant" && schedule != "linear" && schedule != "cosine")
    throw Error(Code::invalid_argument, {.message = "learningRateSchedule is \"" + schedule + "\"", .reason = "OPTION",
                                         .path = "learningRateSchedule",
                                         .expected = "\"constant\", \"linear\" or \"cosine\""});
  if (schedule != "constant" && options.max_iterations == TrainOptions::unlimited)
    throw Error(Code::invalid_argument, {.message = "learningRateSchedule \"" + schedule + "\" ends at maxIterations, which is not given",
                                         .reason = "OPTION", .path = "learningRateSchedule"});
  check_option(options.beta1 >= 0 && options.beta1 < 1, "beta1", "0 or more, less than 1", options.beta1);
  check_option(options.beta2.value_or(0) >= 0 && options.beta2.value_or(0) < 1, "beta2", "0 or more, less than 1", options.beta2.value_or(0));
  check_option(options.rho.value_or(0) >= 0 && options.rho.value_or(0) < 1, "rho", "0 or more, less than 1", options.rho.value_or(0));
  check_option(options.epsilon.value_or(0) >= 0, "epsilon", "0 or more", options.epsilon.value_or(0));
  check_option(options.weight_decay.value_or(0) >= 0, "weightDecay", "0 or more", options.weight_decay.value_or(0));
  if (!options.error_threshold_unit.empty() && options.error_threshold_unit != "percent" &&
      options.error_threshold_unit != "raw")
    throw Error(Code::invalid_argument, {.message = "errorThresholdUnit is \"" + options.error_threshold_unit + "\"",
                                         .reason = "OPTION", .path = "errorThresholdUnit",
                                         .expected = "\"percent\" or \"raw\""});
  return options;
}

// Fills "auto" normalisation from up to the first 10,000 samples: mean and 1 / standard deviation of each element of
// the last dimension, two passes in double.
void learn_normalization(const Context& context, const BuiltModel& built, const Dataset& data, BatchOptions batching,
                         const std::function<Buffer*(std::string_view)>& buffer, TurnMutex& turn) {
  if (built.auto_normalize.empty()) return;
  constexpr std::size_t most_samples = 10000;
  batching.type = DType::fp64;
  batching.background = nullptr;
  batching.batch = 1;
  std::size_t first = 0;
  for (const BuiltInput& input : built.inputs) {
    const std::size_t count = static_cast<std::size_t>(input.shape.elements());
    for (const AutoNormalize& learned : built.auto_normalize) {
      if (learned.input != input.name) continue;
      const std::size_t last = static_cast<std::size_t>(learned.shape.elements());
      std::vector<double> mean(last, 0), square(last, 0);
      for (const bool second : {false, true}) {
        BatchIterator iterator(context, data, batching);
        iterator.begin_epoch(0);
        Block block;
        std::size_t samples = 0;
        std::vector<double> sum(last, 0);
        while (samples < most_samples && iterator.next(block, 256)) {
          const double* values = static_cast<const double*>(block.inputs);
          for (std::size_t s = 0; s < block.samples; ++s)
            for (std::size_t i = 0; i < count; ++i) {
              const double value = values[s * iterator.input_elements() + first + i] - (second ? mean[i % last] : 0);
              sum[i % last] += second ? value * value : value;
            }
          samples += block.samples;
        }
        const double n = static_cast<double>(std::max<std::size_t>(samples * count / last, 1));
        for (std::size_t i = 0; i < last; ++i) (second ? square : mean)[i] = sum[i] / n;
      }
      const Value& mean_value = built.graph.value(learned.mean);
      const Value& scale_value = built.graph.value(learned.scale);
      const std::lock_guard guard(turn);  // others may be running the network
      for (std::size_t i = 0; i < last; ++i) {
        store_double(mean_value.type.type, buffer(mean_value.name)->host(), i, mean[i]);
        // A constant column carries nothing: it is centred, not blown up.
        store_double(scale_value.type.type, buffer(scale_value.name)->host(), i, square[i] > 0 ? 1 / std::sqrt(square[i]) : 1);
      }
    }
    first += count;
  }
}

}  // namespace

TrainingSession::TrainingSession(NeuralNetwork network, const Dataset& data, const TrainOptions& given)
    : state_(std::make_unique<State>(std::move(network))) {
  NeuralNetwork::State& net = state_->net;
  const TrainOptions options = with_defaults(given);
  const std::vector<std::string> train = net.trainable(options);
  if (train.empty())
    throw Error(Code::invalid_argument, {.message = "there is nothing to train: no layer with parameters is left",
                                         .reason = "NOTHING_TO_TRAIN", .hint = "see toTrain and toSkip"});
  using Activity = NeuralNetwork::State::Activity;
  Activity before = Activity::idle;
  if (!net.activity.compare_exchange_strong(before, Activity::training))
    throw Error(Code::busy, {.message = "this network is being trained already", .reason = "BUSY",
                             .hint = "wait for it, or call stop_training"});
  try {
    const std::size_t batch = options.batch_size ? options.batch_size : data.valid() ? data.batch_size().value_or(1) : 1;
    NeuralNetwork::State::DataPlan plan = net.plan_data(data, options.error_measure_type, batch, options.accuracy);
    plan.batching.background = &state_->background;
    plan.batching.type = step_type(net.type);
    const auto buffer = [&net](std::string_view name) { return net.buffer(name); };
    learn_normalization(net.context, net.built, plan.data, plan.batching, buffer, net.turn);
    DriverSetup setup;
    setup.options = options;
    setup.measure = plan.request.measure;
    setup.batching = plan.batching;
    setup.parameter_type = net.type;
    setup.total_samples = static_cast<std::size_t>(plan.data.size().value_or(0));
    setup.input_name = flat_input;
    setup.stopped = [&net] { return net.activity.load(std::memory_order_relaxed) == Activity::stopping; };
    setup.buffer = buffer;
    setup.allocate = [&net](std::size_t bytes) { return net.devices.memory->allocate(bytes); };
    setup.compile = [&net, options, train, request = plan.request](std::int64_t samples) {
      const DType type = step_type(net.type);
      const Graph forward = net.step_forward(samples, true, type);
      StepGraph step = training_step(net.context, *net.registry, forward, request, options, train);
      if (type != net.type) step = stored_as(net.context, *net.registry, step, forward, net.type);
      return StepProgram{net.compile(step.graph, true), std::move(step.states)};
    };
    state_->driver = std::make_unique<TrainingDriver>(net.context, plan.data, std::move(setup));
  } catch (...) {
    net.activity.store(Activity::idle);
    throw;
  }
}

TrainingSession::~TrainingSession() {
  state_->driver.reset();
  state_->net.activity.store(NeuralNetwork::State::Activity::idle);
}

bool TrainingSession::advance() {
  bool more = false;
  state_->driver->fetch();  // without the turn as well: a map of the data may run the network
  {
    const std::lock_guard guard(state_->net.turn);
    more = state_->driver->advance();
  }
  state_->driver->tell();  // with the turn given back: the function may use the network
  return more;
}

const TrainInfo& TrainingSession::info() const { return state_->driver->info(); }
void TrainingSession::finish(std::string_view reason) { state_->driver->finish(reason); }

TrainInfo NeuralNetwork::train(const Dataset& data, const TrainOptions& options, std::stop_token stop) {
  if (const auto own =
          find_algorithm<TrainFunction>(state_->context, Algorithm::train, state_->model.domain, options.type))
    return train_by(*own, data, options, std::move(stop));
  TrainingSession session(*this, data, options);
  const std::stop_callback on_stop(stop, [this] { stop_training(); });  // also while data are read
  while (session.advance()) {
  }
  if (stop.stop_requested() && session.info().stop_reason == "stopTraining")
    throw Error(Code::cancelled, {.message = "training was cancelled after " + std::to_string(session.info().iterations) + " epochs",
                                  .reason = "CANCELLED", .hint = "the weights are those of the last finished batch"});
  return session.info();
}

TrainInfo NeuralNetwork::train(const Dataset& data, std::string_view options, std::stop_token stop) {
  return train(data, train_options_from_json(state_->context, options), std::move(stop));
}

VerifyInfo NeuralNetwork::verify(const Dataset& data, const VerifyOptions& options, std::stop_token stop) {
  State& net = *state_;
  if (!options.type.empty()) {
    const auto own = find_algorithm<VerifyFunction>(net.context, Algorithm::verify, net.model.domain, options.type);
    if (!own)
      throw Error(Code::not_found, {.message = "there is no way of verifying called \"" + options.type + "\"",
                                    .reason = "VERIFY_TYPE", .path = "type", .hint = "define it with define_verify"});
    InternalModel model(*this);
    return call_algorithm(options.type, [&] { return (*own)(model, data, options); });
  }
  const std::size_t batch = options.batch_size ? options.batch_size : 64;
  State::DataPlan plan = net.plan_data(data, options.error_measure_type, batch, true);
  BackgroundThreads background;
  plan.batching.background = &background;
  BatchIterator iterator(net.context, plan.data, plan.batching);
  iterator.begin_epoch(0);
  struct Step {
    std::int64_t batch;
    std::unique_ptr<Executable> executable;
    std::vector<Binding> bindings;
  };
  std::vector<std::unique_ptr<Step>> steps;
  const Buffers weights = net.snapshot();
  HostWindow input, target;
  std::unique_ptr<Buffer> output = net.devices.memory->allocate(static_cast<std::size_t>(net.outputs) * batch * size_of(net.type));
  std::unique_ptr<Buffer> error = net.devices.memory->allocate(sizeof(double)), correct = net.devices.memory->allocate(sizeof(double));
  const auto step_for = [&](std::int64_t samples) -> Step& {
    for (const auto& known : steps)
      if (known->batch == samples) return *known;
    auto made = std::make_unique<Step>();
    made->batch = samples;
    made->executable = net.compile(verification_step(net.context, *net.registry, net.step_forward(samples, false, net.type), plan.request), false);
    for (const Slot& slot : made->executable->slots()) {
      Buffer* bound = find_buffer(weights, slot.name);
      if (slot.role == Slot::input) bound = slot.name == target_name ? &target : &input;
      if (slot.role == Slot::output) bound = slot.name == error_name ? error.get() : slot.name == correct_name ? correct.get() : output.get();
      made->bindings.push_back({bound, 0, 0});
    }
    steps.push_back(std::move(made));
    return *steps.back();
  };

  VerifyInfo info;
  double error_sum = 0, correct_sum = 0;
  const std::size_t classes = plan.request.accuracy ? static_cast<std::size_t>(net.outputs) : 0;
  info.confusion.assign(classes, std::vector<std::uint64_t>(classes, 0));
  const std::size_t target_bytes = plan.request.labels ? sizeof(std::int32_t) : static_cast<std::size_t>(net.outputs) * size_of(net.type);
  const auto largest = [&](DType type, const void* values, std::size_t row) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < classes; ++i)
      if (load_double(type, values, row * classes + i) > load_double(type, values, row * classes + best)) best = i;
    return best;
  };
  Block block;
  while (iterator.next(block, batch)) {
    if (stop.stop_requested()) throw Error(Code::cancelled, {.message = "verifying was cancelled", .reason = "CANCELLED"});
    const std::lock_guard guard(net.turn);
    Step& step = step_for(static_cast<std::int64_t>(block.samples));
    input.look_at(block.inputs, block.samples * static_cast<std::size_t>(net.inputs) * size_of(net.type));
    target.look_at(block.outputs, block.samples * target_bytes);
    step.executable->run(step.bindings, 1);
    error_sum += load_double(net.type, error->host(), 0);
    if (plan.request.accuracy) correct_sum += load_double(net.type, correct->host(), 0);
    for (std::size_t s = 0; classes && s < block.samples; ++s) {
      const std::size_t truth = plan.request.labels
                                    ? static_cast<std::size_t>(static_cast<const std::int32_t*>(block.outputs)[s])
                                    : largest(net.type, block.outputs, s);
      ++info.confusion[truth][largest(net.type, output->host(), s)];
    }
    info.samples += block.samples;
  }
  if (info.samples == 0) throw Error(Code::invalid_argument, {.message = "the data holds no samples", .reason = "EMPTY_DATA"});
  const double count = static_cast<double>(info.samples);
  info.error = reported(plan.request.measure, error_sum / count);
  info.error_percent = 100 * info.error;
  if (plan.request.accuracy) info.accuracy = correct_sum / count;
  return info;
}

}  // namespace webai
