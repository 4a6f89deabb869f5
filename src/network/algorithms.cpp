// Defining algorithms, and what they see of a network.
#include "network/algorithms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/names.h"
#include "core/model/json.h"
#include "dataset/iterator.h"
#include "network/state.h"
#include "webai/error.hpp"

namespace webai {
namespace {

void define(const Context& context, Algorithm::Kind kind, AlgorithmDefinition definition,
            std::shared_ptr<const void> function) {
  if (definition.name.empty() || !function)
    throw Error(Code::invalid_argument, {.message = "a definition has a name and a function", .reason = "NAME",
                                         .hint = "name it as models and options are to name it"});
  const auto known = definitions_of(context);
  if (definition.domain != "core" && !known->domain(definition.domain)) {
    const auto domains = known->domain_names();
    throw Error(Code::not_found, {.message = "there is no domain \"" + definition.domain + "\"",
                                  .reason = "DOMAIN",
                                  .path = "/domain",
                                  .expected = one_of(domains),
                                  .actual = "\"" + definition.domain + "\"",
                                  .hint = did_you_mean(definition.domain, domains, "define it first, with define_domain")});
  }
  auto algorithm = std::make_shared<const Algorithm>(
      Algorithm{kind, std::move(definition.domain), std::move(definition.name), std::move(function)});
  if (!keep_definition(context, algorithm))
    throw Error(Code::already_exists, {.message = "\"" + algorithm->name + "\" exists already in domain \"" +
                                                  algorithm->domain + "\"",
                                       .reason = "ALGORITHM_EXISTS",
                                       .hint = "give it another name, or define it in a domain of your own"});
}

template <class Function> std::shared_ptr<const void> shared(Function function) {
  return function ? std::make_shared<const Function>(std::move(function)) : nullptr;
}

}  // namespace

std::string hint_for_algorithm(const Context& context, Algorithm::Kind kind, std::string_view domain, std::string_view name,
                               std::string otherwise) {
  const auto known = definitions_of(context);
  std::vector<std::string_view> names;
  for (const auto& algorithm : known->algorithms)
    if (algorithm->kind == kind && (algorithm->domain == domain || algorithm->domain == "core")) names.push_back(algorithm->name);
  const std::string near = nearest_name(name, names);
  return near.empty() ? otherwise : "did you mean \"" + near + "\"?";
}

void define_train(const Context& context, AlgorithmDefinition definition, TrainFunction function) {
  define(context, Algorithm::train, std::move(definition), shared(std::move(function)));
}
void define_run(const Context& context, AlgorithmDefinition definition, RunFunction function) {
  define(context, Algorithm::run, std::move(definition), shared(std::move(function)));
}
void define_verify(const Context& context, AlgorithmDefinition definition, VerifyFunction function) {
  define(context, Algorithm::verify, std::move(definition), shared(std::move(function)));
}
void define_export(const Context& context, AlgorithmDefinition definition, ExportFunction function) {
  define(context, Algorithm::exporter, std::move(definition), shared(std::move(function)));
}

std::vector<InternalLayer> InternalModel::layers() const { return network_.internal_layers(); }

std::vector<InternalLayer> NeuralNetwork::internal_layers() const {
  const State& state = *state_;
  std::vector<InternalLayer> list;
  for (const BuiltLayer& built : state.built.layers) {
    const Layer& layer = state.model.element(built.id);
    InternalLayer one{.title = layer.title,
                      .name = layer.name,
                      .domain = layer.domain,
                      .type = layer.type,
                      .activation = layer.activation,
                      .properties = layer.properties,
                      .input = built.input,
                      .output = built.output,
                      .parameters = {}};
    for (const BuiltParameter& parameter : state.built.parameters)
      if (parameter.owner == built.id) one.parameters.push_back(parameter.name);
    for (const BuiltTie& tie : state.built.ties)
      if (tie.setup.empty() && tie.table_owner == built.id) one.parameters.push_back(tie.like);
    list.push_back(std::move(one));
  }
  return list;
}

Tensor InternalModel::parameter(std::string_view name) const {
  for (const auto& [known, tensor] : network_.parameters())
    if (known == name) return tensor;
  throw Error(Code::not_found, {.message = "there is no parameter \"" + std::string(name) + "\"", .reason = "PARAMETER",
                                .hint = "parameters are named \"layer.weights\", as parameters() lists them"});
}

Output InternalModel::run(const Tensor& input, const RunOptions& options) {
  RunOptions own = options;
  own.type.clear();
  return network_.run(input, own);
}

VerifyInfo InternalModel::verify(const Dataset& data, const VerifyOptions& options) {
  VerifyOptions own = options;
  own.type.clear();
  return network_.verify(data, own);
}

bool InternalModel::each_batch(const Dataset& data, std::uint64_t epoch, std::size_t batch,
                               const std::function<bool(const Dataset& batch)>& take) const {
  return network_.each_batch(data, epoch, batch, take);
}

namespace {

// For models with a memory: a batch is so many whole sequences.
bool each_sequence(const Context& context, const Dataset& data, std::uint64_t epoch, std::size_t count, BatchOptions options,
                   const std::function<bool(const Dataset& batch)>& take) {
  options.window = options.lanes = options.batch = 1;
  BatchIterator iterator(context, data, options);
  iterator.begin_epoch(epoch);
  std::vector<Item> items;
  std::size_t sequences = 0;
  Block block;
  const auto copy = [&](const void* values, DType type, const Shape& shape) {
    return Tensor::wrap(const_cast<void*>(values), type, shape).clone(context);
  };
  while (iterator.next(block, 1)) {
    Item item;
    item.reset = load_double(options.type, block.kept, 0) == 0;
    item.ignore = load_double(options.type, block.judged, 0) == 0;
    item.input = copy(block.inputs, options.type, Shape{static_cast<std::int64_t>(iterator.input_elements())});
    if (iterator.outputs_are_labels())
      item.output = copy(block.outputs, DType::i32, Shape{});
    else
      item.output = copy(block.outputs, options.type, Shape{static_cast<std::int64_t>(iterator.output_elements())});
    if (item.reset && ++sequences > count) {
      if (!take(Dataset::from(std::exchange(items, {})))) return false;
      sequences = 1;
    }
    items.push_back(std::move(item));
  }
  return items.empty() || take(Dataset::from(items));
}

}  // namespace

bool NeuralNetwork::each_batch(const Dataset& data, std::uint64_t epoch, std::size_t batch,
                               const std::function<bool(const Dataset& batch)>& take) const {
  const State& net = *state_;
  const std::size_t size = batch ? batch : data.valid() ? data.batch_size().value_or(1) : 1;
  const State::DataPlan plan = net.plan_data(data, {}, size, false);
  // Labels are numbered as the model numbers them; values stay in the user's units, as whoever takes them expects.
  BatchOptions options = plan.batching;
  if (options.outputs == OutputForm::one_hot) options.outputs = OutputForm::labels;
  options.batch = size;
  if (net.is_stateful()) return each_sequence(net.context, data, epoch, size, std::move(options), take);
  BatchIterator iterator(net.context, data, options);
  iterator.begin_epoch(epoch);
  Block block;
  const auto row = [](std::size_t samples, std::size_t elements) {
    return Shape{static_cast<std::int64_t>(samples), static_cast<std::int64_t>(elements)};
  };
  while (iterator.next(block, size)) {
    const Shape rows = net.is_open() ? data.input_shape().inserted(0, static_cast<std::int64_t>(block.samples))
                                     : row(block.samples, iterator.input_elements());
    Tensor inputs = Tensor::wrap(const_cast<void*>(block.inputs), options.type, rows);
    Tensor outputs = iterator.outputs_are_labels()
                         ? Tensor::wrap(const_cast<void*>(block.outputs), DType::i32,
                                        Shape{static_cast<std::int64_t>(block.samples)})
                         : Tensor::wrap(const_cast<void*>(block.outputs), options.type,
                                        row(block.samples, iterator.output_elements()));
    // Copies: the function may keep what it is given.
    if (!take(Dataset::from(inputs.clone(net.context), outputs.clone(net.context)))) return false;
  }
  return true;
}

TrainInfo NeuralNetwork::train_by(const TrainFunction& function, const Dataset& data, const TrainOptions& options,
                                  std::stop_token stop) {
  using Activity = State::Activity;
  State& net = *state_;
  Activity before = Activity::idle;
  if (!net.activity.compare_exchange_strong(before, Activity::training))
    throw Error(Code::busy, {.message = "this network is being trained already", .reason = "BUSY",
                             .expected = "one training at a time", .actual = "a second",
                             .hint = "wait for it, or call stop_training"});
  struct Idle {
    std::atomic<Activity>& activity;
    ~Idle() { activity.store(Activity::idle); }
  } idle{net.activity};
  const std::stop_callback on_stop(stop, [this] { stop_training(); });
  const double began = net.context.host().now();
  const auto told = [&] { return net.activity.load(std::memory_order_relaxed) == Activity::stopping; };
  const auto late = [&] { return net.context.host().now() - began > options.timeout; };
  try {
    net.learn_normalization_from(data, [&] { return told() || late(); });
  } catch (const Interrupted&) {  // the function hears of it in its own way
  }
  const struct Own {
    std::atomic<bool>& own;
    explicit Own(std::atomic<bool>& flag) : own(flag) { own.store(true); }
    ~Own() { own.store(false); }
  } training(net.own_training);
  InternalModel model(*this);
  ControlSignal control([&] { return told() || late(); }, options.progress);
  TrainInfo info = call_algorithm(options.type, [&] { return function(model, data, options, control); });
  if (info.elapsed_ms == 0) info.elapsed_ms = net.context.host().now() - began;
  if (info.error_percent == 0) info.error_percent = 100 * info.error;
  // Where the function does not say why it ended, that is said which can be seen from here.
  if (info.stop_reason.empty())
    info.stop_reason = told()                                                                                ? "stopTraining"
                       : late()                                                                              ? "timeout"
                       : options.max_iterations != TrainOptions::unlimited && info.iterations >= options.max_iterations ? "maxIterations"
                       : options.error_threshold > 0 && info.error_percent <= options.error_threshold        ? "errorThreshold"
                                                                                                             : "finished";
  if (stop.stop_requested())
    throw Error(Code::cancelled, {.message = "training was cancelled", .reason = "CANCELLED",
                                 .expected = "no stop before the end", .actual = "a stop",
                                 .hint = "the weights are as \"" + options.type + "\" left them"});
  return info;
}

std::string NeuralNetwork::export_as(std::string_view to, std::string_view options) {
  const Json json = options.empty() ? Json::object({}) : read_json(options, state_->context.limits());
  if (!json.is_object())
    throw Error(Code::invalid_argument, {.message = "options are an object", .reason = "OPTION", .actual = describe(json),
                                         .hint = "{\"optimize\": \"minify\"}, for example"});
  if (const auto function =
          find_algorithm<ExportFunction>(state_->context, Algorithm::exporter, state_->model.domain, to)) {
    InternalModel model(*this);
    return call_algorithm(to, [&] { return (*function)(model, json); });
  }
  return export_model(export_options_from_json(json.with("to", Json::text(std::string(to)))));
}

}  // namespace webai
