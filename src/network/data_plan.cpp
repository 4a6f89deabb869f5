// How data meets a model: which form outputs are delivered in, what labels are called, which measure fits.
#include <algorithm>

#include "core/base/names.h"
#include "dataset/convert.h"
#include "dataset/sequences.h"
#include "dataset/state.h"
#include "network/state.h"
#include "training/window_graph.h"
#include "network/training_plan.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// Of the model itself: behind the flat interface outputs of integers are rounded as well.
bool ends_with_operator(const BuiltModel& built, std::string_view op) {
  const NodeId producer = built.graph.value(built.output).producer;
  return producer >= 0 && built.graph.node(producer).op->name == op;
}

// A model with a memory sees sequences: as many side by side as a batch holds, cut into windows of time.
void plan_windows(const Context& context, const Dataset& data, BatchOptions& batching, std::size_t bptt) {
  constexpr std::size_t longest_window = 64;  // unless the caller asks for more
  const std::optional<SequenceCount> known = count_sequences(context, data);
  batching.lanes = known ? std::min(batching.batch, known->count) : batching.batch;
  batching.window = bptt ? bptt : longest_window;
  if (known) batching.window = std::min(batching.window, known->longest);
  batching.batch = batching.window * batching.lanes;
}

}  // namespace

std::vector<std::int32_t> map_labels(const Dataset& given, std::span<const std::string> of_model) {
  const Description& data = given.state().description();
  if (data.labels.empty() || of_model.empty()) return {};
  std::vector<std::int32_t> map;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    const std::string& label = data.labels[i];
    const auto at = std::find(of_model.begin(), of_model.end(), label);
    if (at == of_model.end()) {
      throw Error(Code::invalid_argument, {.message = "the data has a label \"" + label + "\" that the model does not know",
                                           .reason = "LABEL",
                                           .path = i < data.label_at.size() ? SampleNames::outputs(data).of(data.label_at[i]) : data.file,
                                           .expected = one_of(of_model),
                                           .actual = "\"" + label + "\"",
                                           .hint = did_you_mean(label, of_model, "name it among the labels of the model")});
    }
    map.push_back(static_cast<std::int32_t>(at - of_model.begin()));
  }
  return map;
}

NeuralNetwork::State::DataPlan NeuralNetwork::State::plan_data(const Dataset& data, std::string_view measure_name,
                                                               std::size_t batch, bool accuracy, std::size_t bptt) const {
  if (!data.valid()) throw Error(Code::invalid_argument, {.message = "there is no data", .reason = "EMPTY_DATA",
                                                          .hint = "give one sample or more: [[[0, 1], [1]]]"});
  const Dataset given = read(data);
  DataPlan plan;
  plan.data = given;
  plan.inputs = this->inputs;
  plan.outputs = this->outputs;
  std::vector<PortInfo> ports;  // where open dimensions decide what they are
  if (is_open()) {
    const SampleForm form = form_of(given.input_shape());
    if (form.batched)
      throw Error(Code::shape_mismatch, {.message = "dataset: a sample has one dimension more than the model's input",
                                         .reason = "SAMPLE_SIZE",
                                         .expected = size_text(built.inputs.front().shape),
                                         .actual = given.input_shape().text(),
                                         .hint = "sequences need a model that remembers; else give the steps as samples of their own"});
    plan.lengths = form.lengths;
    const BuiltModel bound = build(form.lengths, true);
    plan.outputs = bound.output_shape.elements();
    for (std::size_t i = 0; i < bound.outputs.size(); ++i) ports.push_back({bound.outputs[i].name, bound.output_shapes[i], bound.output_labels[i]});
    plan.inputs = 0;
    for (const BuiltInput& input : bound.inputs) plan.inputs += input.shape.elements();
  }
  const std::int64_t outputs = plan.outputs;
  const IoRules& rules = output_rules();
  const std::span<const std::string> labels = labels_of(rules);
  const auto makes_bits = [](const IoStep& step) { return step.type == "bits"; };
  const bool bits = std::ranges::any_of(rules.denormalize, makes_bits) || std::ranges::any_of(rules.normalize, makes_bits);
  const bool classes = outputs > 1 && !bits && (given.output_kind() == OutputKind::label ||
                                       (given.output_shape().elements() == 1 && (!labels.empty() || given.class_count())));
  if (outputs == 1 && given.labels().size() > 2)
    throw Error(Code::shape_mismatch, {.message = "dataset: " + std::to_string(given.labels().size()) + " labels meet a model with one output",
                                       .reason = "LABEL", .hint = "give the last layer one output for each label, with \"activation\": \"softmax\""});
  if (!classes && !bits && outputs > 1 && given.output_shape().rank() > 0 && given.output_shape().elements() == 1) {
    const Description& data = given.state().description();
    throw Error(Code::shape_mismatch, {.message = "dataset: a sample has one output, which is no label; the model has " +
                                                  std::to_string(outputs) + " outputs",
                                       .reason = "LABEL",
                                       .path = data.no_class_at ? SampleNames::outputs(data).of(*data.no_class_at) : data.file,
                                       .expected = "labels from 0 to " + std::to_string(outputs - 1) + " in every sample",
                                       .hint = "look for a number below 0 or with a fraction"});
  }
  const std::string automatic = classes && ends_with_operator(built, "softmax") ? "cross-entropy" : "mean-square";
  plan.request.measure = measure_from_name(measure_name.empty() ? automatic : measure_name);
  plan.request.labels = classes && takes_labels(plan.request.measure);
  plan.request.accuracy = accuracy && outputs > 1 && classes;

  BatchOptions& batching = plan.batching;
  batching.type = type;
  batching.batch = built.explicit_batch ? 1 : batch;  // whole tensors come one after the other
  batching.expected_inputs = static_cast<std::size_t>(plan.inputs);
  if (classes) {
    batching.outputs = plan.request.labels ? OutputForm::labels : OutputForm::one_hot;
    batching.classes = static_cast<std::size_t>(outputs);
    batching.label_map = map_labels(given, labels);
  } else {
    batching.outputs = OutputForm::values;
    batching.expected_outputs = static_cast<std::size_t>(outputs);
    const bool rescaled = std::ranges::any_of(model.io.output, [](const IoRules& one) { return !one.empty(); });
    if (labels.empty() && rescaled) {
      // Targets come in the user's units; the model answers in its own.
      plan.data = given.map(targets_to_units(ports));
    }
  }
  if (!is_floating(model.type)) {
    plan.data = plan.data.map(codes_to_numbers(takes_codes(), !classes && gives_codes()));
  }
  batching.seed = built.seed;
  if (is_stateful()) plan_windows(context, plan.data, batching, bptt);
  return plan;
}

Graph NeuralNetwork::State::batch_forward(const DataPlan& plan, std::int64_t samples, bool training_mode, Parameters parameters) const {
  const BatchOptions& batching = plan.batching;
  if (batching.window == 0) return step_forward(plan.lengths, samples, training_mode, parameters);
  std::vector<SequenceState> states;
  for (const BuiltState& state : built.states) states.push_back({state.name, state.initial});
  return over_window(context, *registry, step_forward(plan.lengths, static_cast<std::int64_t>(batching.lanes), training_mode, parameters), states,
                     static_cast<std::int64_t>(batching.window));
}

std::vector<double> NeuralNetwork::State::weights_of_classes(const TrainOptions& chosen, const Dataset& data,
                                                             std::size_t classes) const {
  const std::span<const std::string> own = labels_of(output_rules());
  std::vector<std::string> labels(own.begin(), own.end());
  return class_weights(chosen, classes, labels.empty() && data.valid() ? data.labels() : labels);
}

NeuralNetwork::State::Chosen NeuralNetwork::State::chosen_parameters(const TrainOptions& chosen) const {
  const auto layer_of = [](const std::string& parameter) { return parameter.substr(0, parameter.rfind('.')); };
  // A net or iterator, "part", has the layers "part/0", "part/other/1".
  const auto holds = [](std::string_view name, std::string_view layer) {
    return layer.starts_with(name) && (layer.size() == name.size() || layer[name.size()] == '/');
  };
  // A pipe without a name goes with its layer, by the name that this one has.
  const auto means = [&](std::string_view name, const BuiltParameter& parameter) {
    const Layer& element = model.element(parameter.owner);
    const std::string layer = layer_of(parameter.name), &whole = model.layers[static_cast<std::size_t>(element.layer_index)].name;
    const bool goes_along = element.is_pipe && element.name.empty() && !whole.empty();
    return goes_along ? name == whole || (name.starts_with(element.title) && holds(name, layer)) : holds(name, layer);
  };
  const auto check = [&](const std::vector<std::string>& names, const char* option) {
    for (const std::string& name : names) {
      if (std::ranges::any_of(built.parameters, [&](const BuiltParameter& parameter) { return means(name, parameter); })) continue;
      std::vector<std::string> known;
      for (const BuiltTie& tie : built.ties) known.push_back(layer_of(tie.name));
      for (const auto& [other, like] : built.shared_names) known.push_back(layer_of(other));
      if (std::ranges::any_of(known, [&](const std::string& layer) { return holds(name, layer); })) continue;
      for (const BuiltParameter& parameter : built.parameters) known.push_back(layer_of(parameter.name));
      throw Error(Code::invalid_argument, {.message = "there is no layer \"" + name + "\" with parameters",
                                           .reason = "LAYER_UNKNOWN",
                                           .path = option,
                                           .expected = one_of(known),
                                           .actual = "\"" + name + "\"",
                                           .hint = did_you_mean(name, known,
                                                                "layers without a name are called by their number, such as \"1\"")});
    }
  };
  check(chosen.to_train, "toTrain");
  check(chosen.to_skip, "toSkip");
  // A parameter that several layers share is chosen, or skipped, with each of them.
  const auto named = [&](const std::vector<std::string>& names, const BuiltParameter& built_parameter) {
    const std::string& parameter = built_parameter.name;
    const auto is_in = [&](const std::string& one) {
      return std::ranges::any_of(names, [layer = layer_of(one), &holds](const std::string& name) { return holds(name, layer); });
    };
    return std::ranges::any_of(names, [&](const std::string& name) { return means(name, built_parameter); }) ||
           std::ranges::any_of(built.ties, [&](const BuiltTie& tie) { return tie.like == parameter && is_in(tie.name); }) ||
           std::ranges::any_of(built.shared_names, [&](const auto& name) { return name.second == parameter && is_in(name.first); });
  };
  Chosen result;
  for (const BuiltParameter& parameter : built.parameters) {
    const bool changes = (chosen.to_train.empty() || named(chosen.to_train, parameter)) && !named(chosen.to_skip, parameter);
    if (!changes) result.left_alone.insert(parameter.name);
    else if (parameter.trainable) result.to_train.push_back(parameter.name);
  }
  return result;
}

void NeuralNetwork::State::leave_alone(Graph& forward, const std::set<std::string, std::less<>>& names) {
  std::erase_if(forward.writes, [&](const Write& write) { return names.contains(forward.value(write.state).name); });
}

}  // namespace webai
