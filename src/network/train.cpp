// Training: a session drives the loop of src/training under the network's lock, one segment at a time.
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "compiler/passes.h"
#include "core/model/describe.h"
#include "core/model/export.h"
#include "dataset/state.h"
#include "network/algorithms.h"
#include "network/state.h"
#include "network/training_plan.h"
#include "network/training_state.h"
#include "training/optimizer.h"
#include "training/storage_type.h"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/stop.hpp"

namespace webai {
namespace {

// Whether what comes last, but for a new shape, is a relu.
bool ends_in_relu(const BuiltModel& built) {
  NodeId producer = built.graph.value(built.output).producer;
  while (producer >= 0 && definition(built.graph.node(producer)).view)
    producer = built.graph.value(built.graph.node(producer).inputs[0]).producer;
  return producer >= 0 && built.graph.node(producer).op->name == "relu";
}


constexpr double recurrent_clip_norm = 1;

// Until a training has learned it, it is the identity. What was learned stays: weights were trained behind it.
bool is_identity(const BuiltModel& built, const AutoNormalize& learned, const std::function<Buffer*(std::string_view)>& buffer) {
  const auto all = [&](ValueId id, double number) {
    const Value& value = built.graph.value(id);
    for (std::int64_t i = 0; i < value.type.shape.elements(); ++i)
      if (load_double(value.type.type, buffer(value.name)->host(), static_cast<std::size_t>(i)) != number) return false;
    return true;
  };
  return all(learned.mean, 0) && all(learned.deviation, 1);
}

// Fills "auto" normalisation from up to the first 10,000 samples: mean and standard deviation of each element of
// the last dimension, two passes in double. `batching` says when to give up (Interrupted).
void learn_normalization(const Context& context, const BuiltModel& built, const OpenLengths& lengths, const Dataset& data,
                         BatchOptions batching,
                         const std::function<Buffer*(std::string_view)>& buffer, TurnMutex& turn) {
  constexpr std::size_t most_samples = 10000;
  batching.type = DType::fp64;
  batching.background = nullptr;
  batching.batch = batching.lanes = 1;
  // One sample after the other. A model with a memory takes the inputs of those in as well whose output is ignored.
  batching.window = std::min<std::size_t>(batching.window, 1);
  std::size_t first = 0;
  for (std::size_t index = 0; index < built.inputs.size(); ++index) {
    const BuiltInput& input = built.inputs[index];
    const std::size_t count = static_cast<std::size_t>(bound_shape(built, index, lengths).elements());
    for (const AutoNormalize& learned : built.auto_normalize) {
      if (learned.input != input.name || !is_identity(built, learned, buffer)) continue;
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
      const Value& deviation_value = built.graph.value(learned.deviation);
      const std::lock_guard guard(turn);  // others may be running the network
      for (std::size_t i = 0; i < last; ++i) {
        store_double(mean_value.type.type, buffer(mean_value.name)->host(), i, mean[i]);
        // A constant column, or one that is as good as constant in this type, carries nothing: it is centred, not blown up.
        void* const stored = buffer(deviation_value.name)->host();
        store_double(deviation_value.type.type, stored, i, std::sqrt(square[i]));
        const double held = load_double(deviation_value.type.type, stored, i);
        if (!std::isfinite(held) || held == 0) store_double(deviation_value.type.type, stored, i, 1);
      }
    }
    first += count;
  }
}

}  // namespace

bool NeuralNetwork::State::learns_normalization() const {
  return std::ranges::any_of(built.auto_normalize, [&](const AutoNormalize& learned) {
    return is_identity(built, learned, [this](std::string_view name) { return buffer(name); });
  });
}

void NeuralNetwork::State::learn_normalization_from(const Dataset& data, const std::function<bool()>& interrupted) {
  if (!learns_normalization()) return;
  check_auto_can_be_written(built);
  DataPlan plan = plan_data(data, {}, 1, false);
  plan.batching.interrupted = interrupted;
  learn_normalization(context, built, plan.lengths, plan.data, plan.batching, [this](std::string_view name) { return buffer(name); }, turn);
}

TrainingSession::TrainingSession(NeuralNetwork network, const Dataset& data, const TrainOptions& given)
    : state_((network.build_for(data), std::make_unique<State>(std::move(network)))) {
  NeuralNetwork::State& net = state_->net;
  TrainOptions options = with_defaults(given);
  // Through time gradients grow or vanish by powers: a bound keeps one long sequence from undoing what was learned.
  if ((net.is_stateful() || reads_sequences(net.model)) && !options.clip_norm && !options.clip_value) options.clip_norm = recurrent_clip_norm;
  const NeuralNetwork::State::Chosen chosen = net.chosen_parameters(options);
  if (chosen.to_train.empty())
    throw Error(Code::invalid_argument, {.message = "there is nothing to train: no layer with parameters is left",
                                         .reason = "NOTHING_TO_TRAIN", .hint = "see toTrain and toSkip"});
  if (net.learns_normalization()) check_auto_can_be_written(net.built);
  using Activity = NeuralNetwork::State::Activity;
  Activity before = Activity::idle;
  if (!net.activity.compare_exchange_strong(before, Activity::training))
    throw Error(Code::busy, {.message = "this network is being trained already", .reason = "BUSY",
                             .expected = "one training at a time", .actual = "a second",
                             .hint = "wait for it, or call stop_training"});
  try {
    std::size_t batch = options.batch_size ? options.batch_size : data.valid() ? data.batch_size().value_or(1) : 1;
    if (net.built.explicit_batch && batch > 1)
      throw Error(Code::unsupported, {.message = "a model of whole shapes learns from one tensor at a time",
                                      .reason = "EXPLICIT_BATCH",
                                      .path = "batchSize",
                                      .expected = "1",
                                      .actual = std::to_string(batch),
                                      .hint = "\"accumulate\" makes one update of the gradients of several"});
    // Room for more samples than there are would be computed for nothing.
    if (data.valid() && data.size() && !data.state().drop_remainder) batch = std::min(batch, static_cast<std::size_t>(std::max<std::uint64_t>(1, *data.size())));
    if (net.is_stateful() && options.validation_split > 0)
      throw Error(Code::unsupported, {.message = "samples drawn by chance would tear the sequences of a model with a memory",
                                      .reason = "OPTION", .path = "validationSplit",
                                      .hint = "give validation data of their own"});
    const HeldOut parts = hold_out(data, options, net.built.seed);
    if (data.valid() && !data.needs_network())
      check_words(parts.validation, &parts.training, static_cast<std::size_t>(net.outputs), !labels_of(net.output_rules()).empty());
    NeuralNetwork::State::DataPlan plan = net.plan_data(parts.training, options.error_measure_type, batch, options.accuracy, options.bptt);
    plan.request.class_weights = net.weights_of_classes(options, data, static_cast<std::size_t>(plan.outputs));
    plan.batching.background = &state_->background;
    plan.batching.type = step_type(net.type);
    plan.batching.held = net.type;
    const auto buffer = [&net](std::string_view name) { return net.buffer(name); };
    DriverSetup setup;
    setup.options = options;
    setup.path_of_layer = [&net](std::string_view layer) { return path_of_layer(net.model, layer); };
    setup.is_iterated = [&net](std::string_view layer) { return is_iterated(net.model, layer); };
    setup.model_hash = structure_hash(net.model, net.built);
    setup.measure = plan.request.measure;
    setup.batching = plan.batching;
    std::map<std::string_view, const BuiltParameter*> parameters;
    for (const BuiltParameter& parameter : net.built.parameters) parameters.emplace(parameter.name, &parameter);
    setup.numbers = [&net, parameters](std::string_view name) {
      const auto own = parameters.find(name);
      return own == parameters.end() ? Tensor() : net.numbers_of(*own->second);
    };
    setup.total_samples = static_cast<std::size_t>(plan.data.size().value_or(0));
    setup.input_name = flat_input;
    if (net.learns_normalization())
      setup.prepare = [&net, plan, buffer](const std::function<bool()>& interrupted) {
        BatchOptions batching = plan.batching;
        batching.interrupted = interrupted;
        learn_normalization(net.context, net.built, plan.lengths, plan.data, batching, buffer, net.turn);
      };
    setup.stopped = [&net] { return net.activity.load(std::memory_order_relaxed) == Activity::stopping; };
    setup.buffer = buffer;
    setup.allocate = [&net](std::size_t bytes) { return net.allocate(bytes); };
    setup.default_rate = !given.learning_rate && find_optimizer(options.optimizer).proportional;
    setup.plain_inputs = std::ranges::all_of(net.model.io.input, &IoRules::empty) && takes_numbers_as_they_are(net.graph, flat_input);
    setup.ends_in_relu = ends_in_relu(net.built);
    for (const auto& [name, own] : net.buffers) setup.kept.emplace_back(name, own.get());
    if (parts.validation.valid()) {
      using Verification = NeuralNetwork::State::Verification;
      NeuralNetwork::State::DataPlan held_out =
          net.plan_data(parts.validation, name_of(plan.request.measure), NeuralNetwork::State::verification_batch, options.accuracy);
      state_->verification = std::make_unique<Verification>(net, std::move(held_out), buffer, false);
      setup.validate = [own = state_->verification.get()](const std::function<bool()>& interrupted) { return own->measure(interrupted); };
    }
    setup.compile = [&net, options, chosen, plan](std::int64_t samples, bool learns) {
      Graph forward = net.batch_forward(plan, samples, true, NeuralNetwork::State::Parameters::wide);
      NeuralNetwork::State::leave_alone(forward, chosen.left_alone);
      StepGraph step;
      try {
        step = learns ? training_step(net.context, *net.registry, forward, plan.request, options, chosen.to_train)
                      : idle_step(net.context, *net.registry, forward, plan.request);
      } catch (const Error& error) {
        throw with_layer_name(net.model, error);
      }
      step = stored_as(net.context, *net.registry, std::move(step), forward, net.built);
      for (const BuiltState& memory : net.built.states)  // of the lanes that learn, apart from that of runs
        step.states.push_back({memory.name, {net.type, memory.type.shape}, memory.initial});
      return StepProgram{net.compile(step.graph, true), std::move(step.states)};
    };
    const std::uint64_t moves = [&net] {
      const std::lock_guard guard(net.turn);
      return net.moves;
    }();
    state_->driver = std::make_unique<TrainingDriver>(net.context, plan.data, std::move(setup));
    state_->checkpoint = options.checkpoint;
    {
      const std::lock_guard guard(net.turn);
      if (net.moves != moves) state_->driver->recompile();
      net.recompile_training = [driver = state_->driver.get()] { driver->recompile(); };
    }
    if (options.resume) {
      const std::string text = read_file(options.checkpoint, net.context.limits().host_bytes);
      const std::lock_guard guard(net.turn);
      try {
        state_->driver->restore(text, given.learning_rate.has_value());
      } catch (const Error& error) {
        ErrorDetails details = error.details();
        details.path = options.checkpoint;
        throw Error(error.code(), std::move(details));
      }
    }
  } catch (...) {
    state_->forget_driver();
    net.activity.store(Activity::idle);
    throw;
  }
}

TrainingSession::~TrainingSession() {
  state_->forget_driver();
  state_->net.activity.store(NeuralNetwork::State::Activity::idle);
}

bool TrainingSession::advance() {
  const StopScope whole{StopScope::Never()};  // a step is finished, or not begun
  bool more = false;
  state_->driver->fetch();  // without the turn as well: a map of the data may run the network
  {
    const std::lock_guard guard(state_->net.turn);
    more = state_->driver->advance();
  }
  // With the turn given back: the functions may use the network.
  state_->driver->validate();
  if (state_->driver->has_checkpoint()) {
    const std::string due = state_->driver->take_checkpoint();
    write_file(state_->checkpoint, std::as_bytes(std::span(due)));
  }
  state_->driver->tell();
  return more;
}

void TrainingSession::save_checkpoint(const std::string& path) {
  std::string text;
  {
    const std::lock_guard guard(state_->net.turn);
    text = state_->driver->checkpoint();
  }
  write_file(path, std::as_bytes(std::span(text)));
}

const TrainInfo& TrainingSession::info() const { return state_->driver->info(); }
void TrainingSession::finish(std::string_view reason) { state_->driver->finish(reason); }

TrainInfo NeuralNetwork::train(const Dataset& data, const TrainOptions& options, std::stop_token stop) {
  const StopScope whole{StopScope::Never()};
  build_for(data);
  if (const auto own =
          find_algorithm<TrainFunction>(state_->context, Algorithm::train, state_->model.domain, options.type))
    return train_by(*own, data, options, std::move(stop));
  TrainingSession session(*this, data, options);
  const std::stop_callback on_stop(stop, [this] { stop_training(); });  // also while data are read
  while (session.advance()) {
  }
  if (stop.stop_requested() && session.info().stop_reason == "stopTraining")
    throw Error(Code::cancelled, {.message = "training was cancelled after " + std::to_string(session.info().iterations) + " epochs",
                                  .reason = "CANCELLED", .expected = "no stop before the end", .actual = "a stop",
                                  .hint = "the weights are those of the last finished batch"});
  return session.info();
}

TrainInfo NeuralNetwork::train_by_text(const Dataset& data, std::string_view options, std::stop_token stop) {
  return train(data, train_options_from_json(state_->context, options), std::move(stop));
}

}  // namespace webai
