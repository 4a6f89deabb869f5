// Building, running, saving.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "compiler/passes.h"
#include "core/base/names.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "network/state.h"
#include "training/storage_type.h"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/stop.hpp"

namespace webai {
Buffers NeuralNetwork::State::snapshot() {
  Buffers copies;
  for (const auto& [name, buffer] : buffers) copies.emplace(name, allocate(buffer->size()));
  const std::lock_guard guard(turn);
  for (const auto& [name, buffer] : buffers)
    copies.at(name)->write(0, std::span(static_cast<const std::byte*>(buffer->host()), buffer->size()));
  return copies;
}

Tensor NeuralNetwork::State::tensor_of(const BuiltParameter& parameter) const {
  Tensor tensor = Tensor::uninitialised(context, parameter.type.type, parameter.type.shape);
  buffer(parameter.name)->read(0, std::as_writable_bytes(std::span(static_cast<char*>(tensor.data()), tensor.bytes())));
  return tensor;
}

std::unique_ptr<Executable> NeuralNetwork::State::compile(const Graph& concrete, bool training_mode) const {
  CompileOptions compile_options;
  compile_options.training = training_mode;
  return webai::compile(context, *registry, concrete, device_order(), compile_options);
}

BuiltModel NeuralNetwork::State::build(const OpenLengths& lengths, bool normalize, bool training) const {
  const Lengths by_path = lengths_by_path(built, lengths);
  BuildOptions build;
  build.fill = false;
  build.normalize = normalize;
  build.training = training;
  if (is_open()) build.lengths = &by_path;
  return build_model(context, *registry, model, build);
}

Graph NeuralNetwork::State::step_forward(const OpenLengths& lengths, std::int64_t batch, bool training_mode,
                                         Parameters parameters) const {
  check_samples(batch);
  const bool wide = parameters == Parameters::wide;
  const Lengths by_path = lengths_by_path(built, lengths);
  BuildOptions build;
  build.fill = false;
  build.training = training_mode;
  if (wide) build.computed = step_type(type);
  if (is_open()) build.lengths = &by_path;
  const BuiltModel step = build_model(context, *registry, model, build);
  const Graph flat = flat_graph(context, *registry, step, {.training = training_mode, .codes = !wide, .rounds = false});
  return set_mode(specialise(context, *registry, flat, {{0, batch}}), training_mode);
}

void NeuralNetwork::State::finish_building() {
  devices = choose_devices(context, *registry, wish(options.device, options.require));
  try {
    built = build_model(context, *registry, model, {.files = &options.weights});
  } catch (const Error& error) {
    rethrow_as_written(error, model.old_words);
  }
  options.weights = {};
  for (const BuiltInput& input : built.inputs) {
    if (is_open()) break;
    inputs += input.shape.elements();
    normalized_inputs += input.dims.elements();
  }
  if (built.output_shape.is_concrete()) outputs = built.output_shape.elements();
  for (BuiltParameter& parameter : built.parameters) {
    Tensor initial = std::move(parameter.initial);
    parameter.initial = {};
    auto buffer = allocate(initial.bytes());
    write_buffer(*buffer, initial);
    buffers.emplace(parameter.name, std::move(buffer));
    if (!parameter.code) continue;
    auto scale = allocate(parameter.code.scale.bytes());
    write_buffer(*scale, parameter.code.scale);
    buffers.emplace(scale_name(parameter.name), std::move(scale));
  }
  recurrent.declare(built.states);
  for (const ValueId id : built.graph.states) {
    const Value& value = built.graph.value(id);
    if (std::ranges::find(built.states, id, &BuiltState::value) != built.states.end()) continue;
    const std::size_t bytes = static_cast<std::size_t>(value.type.shape.elements()) * size_of(value.type.type);
    buffers.emplace(value.name, allocate(bytes));
  }
  // What "auto" will learn starts as the identity: mean 0, deviation 1.
  for (const AutoNormalize& learned : built.auto_normalize) {
    const Value& deviation = built.graph.value(learned.deviation);
    Buffer* const target = buffer(deviation.name);
    for (std::int64_t i = 0; i < deviation.type.shape.elements(); ++i)
      store_double(deviation.type.type, target->host(), static_cast<std::size_t>(i), 1.0);
  }
  graph = flat_graph(context, *registry, built);
  precompile();
}

NeuralNetwork NeuralNetwork::from_json(std::string_view text, const Context& context, const NetworkOptions& options) {
  auto state = std::make_shared<State>(context, options);
  state->registry = std::make_shared<const Registry>(make_registry(context));
  state->model = parse_model(context, *state->registry, text, {.json5 = options.json5});
  if (options.seed) {
    state->model.seed_kind = Model::Seed::given;
    state->model.seed = *options.seed;
  }
  state->type = computed_in(state->model.type);
  if (!state->model.layers.empty()) state->finish_building();
  return NeuralNetwork(std::move(state));
}

NeuralNetwork NeuralNetwork::from_json(std::string_view text, const NetworkOptions& options) {
  return from_json(text, Context::system(), options);
}

NeuralNetwork NeuralNetwork::load(const std::string& path, const Context& context, const NetworkOptions& options) {
  try {
    NetworkOptions chosen = options;
    if (!chosen.weights) chosen.weights = weight_files_beside(path);
    return from_json(read_file(path, context.limits().json_bytes), context, chosen);
  } catch (const Error& error) {
    if (error.path().starts_with(path)) throw;
    ErrorDetails details = error.details();
    details.path = details.path.empty() ? path : path + ": " + details.path;
    throw Error(error.code(), std::move(details));
  }
}

NeuralNetwork NeuralNetwork::load(const std::string& path, const NetworkOptions& options) {
  return load(path, Context::system(), options);
}

void NeuralNetwork::run_into(std::span<const float> input, std::span<float> output) {
  run_into(Shape{static_cast<std::int64_t>(input.size())}, input, output);
}

void NeuralNetwork::run_into(const Shape& shape, std::span<const float> input, std::span<float> output) {
  State& state = *state_;
  if (state.type != DType::fp32)
    throw Error(Code::type_mismatch, {.message = "run_into takes fp32", .reason = "TYPE",
                                      .actual = std::string(name_of(state.type)),
                                      .hint = "use run, which takes and gives tensors of the model's type"});
  const auto check = [&](const SampleForm& form, std::int64_t inputs, std::int64_t outputs) {
    if (form.samples > 0 && std::cmp_equal(input.size(), form.samples * inputs) &&
        std::cmp_equal(output.size(), form.samples * outputs))
      return;
    throw Error(Code::shape_mismatch,
                {.message = "run expects " + std::to_string(inputs) + " values a sample and gives " +
                            std::to_string(outputs) + ", got " + std::to_string(input.size()) + " and room for " +
                            std::to_string(output.size()), .reason = "INPUT_SIZE",
                 .hint = "several samples stand behind each other, and so do their outputs"});
  };
  const SampleForm form = state.form_of(shape);
  if (!state.is_open()) check(form, state.inputs, state.outputs);
  const std::lock_guard guard(state.turn);
  RunProgram& program = state.program(form.lengths, form.samples, true);
  check(form, program.inputs, program.outputs);
  program.input.look_at(input.data(), input.size_bytes());
  program.output.look_at(output.data(), output.size_bytes());
  state.execute(program);
}

Output NeuralNetwork::run(std::span<const double> input, const RunOptions& options) {
  const DType exact = size_of(state_->type) < 4 ? DType::fp64 : state_->type;  // rounded where it can be refused
  return run(Tensor::from(state_->context, exact, Shape{static_cast<std::int64_t>(input.size())}, input), options);
}

Tensor NeuralNetwork::encoded(const Tensor& numbers) const { return state_->encoded(numbers); }
Tensor NeuralNetwork::decoded(const Tensor& tensor) const { return state_->decoded(tensor); }

Output NeuralNetwork::run(const Tensor& given, const RunOptions& options) {
  const TokenScope scope(options.stop);
  if (own_run_) return run_within(given, options);
  if (!options.type.empty()) return run_by(given, options);
  State& state = *state_;
  const SampleForm form = state.form_of(given.shape(), options.normalize);
  if (form.samples == 0)
    throw Error(Code::shape_mismatch, {.message = "run: input expects " +
                                                  std::to_string(options.normalize ? state.inputs
                                                                                   : state.normalized_inputs) +
                                                  " values, got " +
                                                  std::to_string(given.elements()), .reason = "INPUT_SIZE",
                                       .hint = "several samples stand behind each other"});
  return run_form(given, form, options);
}

Output NeuralNetwork::run_form(const Tensor& given, const SampleForm& form, const RunOptions& options) {
  State& state = *state_;
  const Tensor input = state.input_numbers(given, options.normalize);
  const std::int64_t samples = form.samples;
  const bool batched = form.batched;
  Tensor result;
  std::vector<PortInfo> ports;
  std::vector<std::pair<std::string, Tensor>> activations;
  {
    const std::lock_guard guard(state.turn);
    RunProgram& program = state.program(form.lengths, samples, options.normalize, options.debug);
    result = Tensor::uninitialised(state.context, state.type, program.output_shape.inserted(0, samples));
    for (std::size_t i = 0; i < program.output_shapes.size(); ++i)
      ports.push_back({state.built.outputs[i].name, program.output_shapes[i], state.built.output_labels[i]});
    program.input.look_at(input.data(), input.bytes());
    program.output.look_at(result.data(), result.bytes());
    if (options.debug) activations = state.room_for_activations(program);
    state.execute(program);
    state.wait();
  }
  Output output = state.finished(std::move(result), samples, batched, options, ports, gives_numbers_);
  for (auto& [path, tensor] : activations)
    output.activations_.emplace_back(std::move(path), batched ? tensor : tensor.reshaped(tensor.shape().without(0)));
  return output;
}

Output NeuralNetwork::State::finished(Tensor result, std::int64_t samples, bool batched, const RunOptions& options,
                                       std::span<const PortInfo> ports, bool numbers) const {
  Output output;
  output.ports_.assign(ports.begin(), ports.end());
  Shape answered = result.shape();
  if (options.denormalize) {
    const std::span<const std::string> labels = labels_of(output_rules());
    output.labels_.assign(labels.begin(), labels.end());
    if (labels.empty()) result = denormalized(std::move(result), samples, answered, ports);
  }
  if (!numbers && !is_floating(model.type) && !(options.denormalize && denormalizes())) {
    result = codes_of_values(context, result, model.type);
    output.full_ = full_code(model.type);
  }
  output.tensor_ = batched ? result : result.reshaped(answered.without(0));
  if (!output.labels_.empty() && output.index() < output.labels_.size()) output.label_ = output.labels_[output.index()];
  return output;
}

void NeuralNetwork::save(const std::string& path, const SaveOptions& options) const {
  if (options.setup_data_as != "file") {
    const std::string text = to_json(options);
    return write_file(path, std::as_bytes(std::span(text)));
  }
  const std::size_t slash = path.rfind('/') + 1;  // 0 where there is none
  const std::size_t dot = path.rfind('.');
  const std::string own = path.substr(slash, dot != std::string::npos && dot > slash ? dot - slash : std::string::npos);
  ExportOptions form{.setup_data_as = "file", .setup_file = own + ".weights", .indent = options.pretty};
  if (!options.setup_file.empty()) form.setup_file = options.setup_file;
  if (form.setup_file == path.substr(slash))
    throw Error(Code::invalid_argument, {.message = "the weights would take the place of the model",
                                         .reason = "SETUP_FILE",
                                         .path = path,
                                         .expected = "two names",
                                         .actual = "one for both",
                                         .hint = "give the weights another name: setup_file"});
  Tensor file;
  const std::string text = export_model(form, nullptr, &file);
  if (file.bytes() == 0) return write_file(path, std::as_bytes(std::span(text)));
  // The weights first: a model never names a file that was not written.
  write_files(path.substr(0, slash) + form.setup_file, {static_cast<const std::byte*>(file.data()), file.bytes()}, path,
              std::as_bytes(std::span(text)));
}

std::size_t NeuralNetwork::input_size() const noexcept {
  return static_cast<std::size_t>(state_.as_far_as_built().inputs);
}
std::size_t NeuralNetwork::target_size() const { return state_.as_far_as_built().raw_outputs(); }
std::size_t NeuralNetwork::output_size() const noexcept {
  return static_cast<std::size_t>(state_.as_far_as_built().outputs);
}
const std::string& NeuralNetwork::domain() const noexcept { return state_.first().model.domain; }
DType NeuralNetwork::data_type() const noexcept { return state_.first().model.type; }
DType NeuralNetwork::number_type() const noexcept { return state_.first().type; }
Shape NeuralNetwork::input_shape() const {
  if (state_->built.inputs.size() == 1) return state_->built.inputs.front().shape;
  return Shape{state_->inputs};
}
Shape NeuralNetwork::output_shape() const { return state_->built.output_shape; }
const Context& NeuralNetwork::context() const noexcept { return state_.first().context; }
bool NeuralNetwork::is_stateful() const noexcept { return state_.as_far_as_built().is_stateful(); }
void NeuralNetwork::stop_training() noexcept {
  State::Activity expected = State::Activity::training;
  state_.as_far_as_built().activity.compare_exchange_strong(expected, State::Activity::stopping);
}
bool NeuralNetwork::is_training() const noexcept {
  return state_.as_far_as_built().activity.load() != State::Activity::idle;
}

std::vector<std::string> NeuralNetwork::labels() const {
  const auto labels = labels_of(state_->output_rules());
  return {labels.begin(), labels.end()};
}

std::vector<std::string> NeuralNetwork::labels(std::string_view output) const {
  const auto labels = labels_of(*state_->output_parts()[find_port(outputs(), output, "output")].rules);
  return {labels.begin(), labels.end()};
}

std::vector<std::pair<std::string, Tensor>> NeuralNetwork::parameters() const {
  std::vector<std::pair<std::string, Tensor>> result;
  const std::lock_guard guard(state_->turn);
  for (const BuiltParameter& parameter : state_->built.parameters)
    result.emplace_back(parameter.name, state_->tensor_of(parameter));
  return result;
}

void NeuralNetwork::set_parameter(const std::string& name, const Tensor& value) {
  State& state = *state_;
  const auto tie = std::ranges::find(state.built.ties, name, &BuiltTie::name);
  const bool tied = tie != state.built.ties.end();
  for (const BuiltParameter& parameter : state.built.parameters) {
    if (parameter.name != (tied ? tie->like : name)) continue;
    if (tied && !(value.shape() == parameter.type.shape) &&
        value.elements() == static_cast<std::size_t>(parameter.type.shape.elements()))
      return set_parameter(tie->like, value.reshaped(parameter.type.shape));
    if (!(value.shape() == parameter.type.shape))
      throw Error(Code::shape_mismatch, {.message = "parameter \"" + name + "\"", .reason = "SHAPE",
                                         .expected = parameter.type.shape.text(), .actual = value.shape().text(),
                                         .hint = "parameters() tells the shape of each"});
    const std::lock_guard guard(state.turn);
    if (parameter.code && value.type() == parameter.type.type)
      write_buffer(*state.buffer(name), value);
    else
      state.set_numbers(parameter, value);
    return;
  }
  std::vector<std::string_view> names;
  for (const auto& known : state.built.parameters) names.push_back(known.name);
  throw Error(Code::not_found, {.message = "there is no parameter \"" + name + "\"", .reason = "PARAMETER",
                                .expected = one_of(names),
                                .actual = "\"" + name + "\"",
                                .hint = did_you_mean(name, names,
                                                     "parameters are named \"layer.weights\", as parameters() lists them")});
}

}  // namespace webai
