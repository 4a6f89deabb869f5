#include "network/training_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "core/base/names.h"
#include "core/op/op_def.h"
#include "dataset/state.h"
#include "training/measure.h"
#include "training/optimizer.h"
#include "training/schedule.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::uint64_t most_accumulated = 1 << 24;  // what fp32 counts exactly

void check_option(bool holds, const char* name, const char* expected, double actual) {
  if (holds) return;
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), actual).ptr;
  throw Error(Code::invalid_argument, {.message = std::string(name) + " is out of range", .reason = "OPTION",
                                       .path = name, .expected = expected, .actual = std::string(digits, end),
                                       .hint = "docs/training.md has a table of the options"});
}

void check_weight(double weight) { check_option(std::isfinite(weight) && weight >= 0, "classWeights", "0 or more", weight); }

[[noreturn]] void contradiction(const char* name, const char* why) {
  throw Error(Code::invalid_argument, {.message = why, .reason = "OPTION", .path = name,
                                       .hint = "docs/training.md has a table of the options"});
}

}  // namespace

TrainOptions with_defaults(TrainOptions options) {
  if (options.type != "back-propagation")
    throw Error(Code::not_found, {.message = "there is no way of training called \"" + options.type + "\"",
                                  .reason = "TRAIN_TYPE", .path = "type", .expected = "\"back-propagation\", or what define_train defined",
                                  .hint = "leave \"type\" out"});
  const Optimizer& optimizer = find_optimizer(options.optimizer);
  if (!options.learning_rate) options.learning_rate = optimizer.learning_rate;
  if (!options.momentum) options.momentum = optimizer.momentum;
  check_option(std::isfinite(*options.learning_rate) && *options.learning_rate >= 0, "learningRate", "0 or more",
               *options.learning_rate);
  check_option(*options.momentum >= 0 && *options.momentum < 1, "momentum", "0 or more, less than 1", *options.momentum);
  check_option(!std::isnan(options.timeout) && options.timeout >= 0, "timeout", "0 or more milliseconds", options.timeout);
  check_option(!std::isnan(options.error_threshold) && options.error_threshold >= 0, "errorThreshold", "0 or more",
               options.error_threshold);
  // Where nobody names a measure the labels of the data may yet choose one that has no bound: no sensible threshold of it
  // is above 100 either.
  const std::string& measure = options.error_measure_type;
  const bool percent = options.error_threshold_unit.empty() ? measure.empty() || is_bounded(measure_from_name(measure))
                                                            : options.error_threshold_unit == "percent";
  check_option(!percent || options.error_threshold <= 100, "errorThreshold", "0 to 100 percent", options.error_threshold);
  check_schedule(options);
  check_option(options.dampening >= 0 && options.dampening <= 1, "dampening", "0 to 1", options.dampening);
  check_option(options.beta1 >= 0 && options.beta1 < 1, "beta1", "0 or more, less than 1", options.beta1);
  check_option(options.beta2.value_or(0) >= 0 && options.beta2.value_or(0) < 1, "beta2", "0 or more, less than 1", options.beta2.value_or(0));
  check_option(options.rho.value_or(0) >= 0 && options.rho.value_or(0) < 1, "rho", "0 or more, less than 1", options.rho.value_or(0));
  check_option(options.epsilon.value_or(0) >= 0, "epsilon", "0 or more", options.epsilon.value_or(0));
  check_option(options.weight_decay.value_or(0) >= 0, "weightDecay", "0 or more", options.weight_decay.value_or(0));
  if (!options.error_threshold_unit.empty() && options.error_threshold_unit != "percent" &&
      options.error_threshold_unit != "raw")
    throw Error(Code::invalid_argument, {.message = "errorThresholdUnit is \"" + options.error_threshold_unit + "\"",
                                         .reason = "OPTION", .path = "errorThresholdUnit",
                                         .expected = "\"percent\" or \"raw\"",
                                         .hint = "left out, it is percent for mean-square, root-mean-square, mean-absolute and misclassification"});
  const auto positive = [](const std::optional<double>& value, const char* name) {
    check_option(!value || (std::isfinite(*value) && *value > 0), name, "above 0", value.value_or(0));
  };
  positive(options.clip_norm, "clipNorm");
  positive(options.clip_value, "clipValue");
  check_option(options.accumulate >= 1 && options.accumulate <= most_accumulated, "accumulate", "1 to 16777216 batches",
               static_cast<double>(options.accumulate));
  check_option(options.validation_split >= 0 && options.validation_split < 1, "validationSplit", "0 or more, less than 1",
               options.validation_split);
  check_option(std::isfinite(options.min_delta) && options.min_delta >= 0, "minDelta", "0 or more", options.min_delta);
  check_option(std::isfinite(options.log_period_ms) && options.log_period_ms >= 0, "logPeriod", "0 or more milliseconds",
               options.log_period_ms);
  for (const double weight : options.class_weights) check_weight(weight);
  for (const auto& [label, weight] : options.label_weights) check_weight(weight);
  if (!options.class_weights.empty() && !options.label_weights.empty())
    contradiction("classWeights", "weights are given by place and by label");
  if (options.validation.valid() && options.validation_split > 0)
    contradiction("validationSplit", "validation data are given already");
  if (options.resume && options.checkpoint.empty()) contradiction("resume", "no checkpoint is named to go on from");
  if (!options.restore_best) options.restore_best = options.patience > 0;
  return options;
}

HeldOut hold_out(const Dataset& data, const TrainOptions& options, std::uint64_t seed) {
  if (options.validation_split == 0 || !data.valid()) return {data, options.validation};
  const std::uint64_t samples = data.size().value_or(2);  // where nobody knows, draw says so
  if (samples < 2)
    throw Error(Code::invalid_argument, {.message = "the data holds too few samples to hold some of them out",
                                         .reason = "EMPTY_DATA", .path = "validationSplit", .actual = std::to_string(samples),
                                         .hint = "leave validationSplit out, or give more samples"});
  const double share = std::round(options.validation_split * static_cast<double>(samples));
  auto [held_out, training] = draw(data, std::clamp<std::uint64_t>(static_cast<std::uint64_t>(share), 1, samples - 1), seed);
  return {std::move(training), std::move(held_out)};
}

std::vector<double> class_weights(const TrainOptions& options, std::size_t outputs, std::vector<std::string> labels) {
  if (options.class_weights.empty() && options.label_weights.empty()) return {};
  const std::size_t classes = outputs == 1 ? 2 : outputs;
  if (!options.class_weights.empty()) {
    if (options.class_weights.size() != classes)
      throw Error(Code::invalid_argument, {.message = std::to_string(options.class_weights.size()) + " weights were given",
                                           .reason = "OPTION", .path = "classWeights", .expected = std::to_string(classes) + " weights",
                                           .hint = outputs == 1 ? "one for the answer 0, one for the answer 1" : "one for each output"});
    return options.class_weights;
  }
  for (std::size_t i = labels.size(); i < classes; ++i) labels.push_back(std::to_string(i));
  std::vector<double> result(classes, 1);
  for (const auto& [label, weight] : options.label_weights) {
    const auto at = std::find(labels.begin(), labels.end(), label);
    const std::size_t index = static_cast<std::size_t>(at - labels.begin());
    if (index >= classes) {
      throw Error(Code::invalid_argument, {.message = "there is no label \"" + label + "\"", .reason = "LABEL",
                                           .path = "classWeights", .expected = one_of(labels), .actual = "\"" + label + "\"",
                                           .hint = did_you_mean(label, labels, "name a label of the data, or leave it out for 1")});
    }
    result[index] = weight;
  }
  return result;
}

void check_words(const Dataset& data, const Dataset* learned, std::size_t outputs, bool model_names_labels) {
  if (!data.valid() || data.needs_network() || model_names_labels || data.labels().empty()) return;
  if (learned ? data.labels() == learned->labels() : data.labels().size() == (outputs == 1 ? 2 : outputs)) return;
  const auto list = [](const std::vector<std::string>& labels) {
    constexpr std::size_t most = 10;  // as many as a person reads
    std::string text;
    for (std::size_t i = 0; i < std::min(most, labels.size()); ++i) text += (i ? ", \"" : "\"") + labels[i] + "\"";
    return labels.size() > most ? text + ", ..." : text;
  };
  throw Error(Code::invalid_argument,
              {.message = "the model names no labels, so those of these data would mean other classes", .reason = "LABEL",
               .path = "/io/output",
               .expected = learned && !learned->labels().empty() ? "those it learned from: " + list(learned->labels())
                           : learned                             ? "numbers, as it learned from"
                                                                 : "one for each of its classes",
               .actual = list(data.labels()),
               .hint = "name them in the model: \"io\": {\"output\": {\"denormalize\": {\"type\": \"one-hot-to-label\", \"labels\": [...]}}}"});
}

bool reads_sequences(const Model& model) {
  for (int id = 1; id <= model.element_count; ++id) {
    const Layer& layer = model.element(id);
    if ((layer.definition && layer.type == "recurrent") || (layer.net && reads_sequences(*layer.net))) return true;
  }
  return false;
}

std::string path_of_layer(const Model& model, std::string_view name) {
  for (int id = 1; id <= model.element_count; ++id) {
    const Layer& layer = model.element(id);
    if (layer.title == name) return layer.path;
    const bool inside = layer.net && name.starts_with(layer.title) && name.substr(layer.title.size()).starts_with('/');
    const std::string path = inside ? path_of_layer(*layer.net, name.substr(layer.title.size() + 1)) : std::string();
    if (!path.empty()) return path;
  }
  return {};
}

bool is_iterated(const Model& model, std::string_view name) {
  for (int id = 1; id <= model.element_count; ++id) {
    const Layer& layer = model.element(id);
    if (!layer.net || !name.starts_with(layer.title) || !name.substr(layer.title.size()).starts_with('/')) continue;
    const std::string_view inner = name.substr(layer.title.size() + 1);
    if (path_of_layer(*layer.net, inner).empty()) continue;
    return layer.type == "iterator" || is_iterated(*layer.net, inner);
  }
  return false;
}

Error with_layer_name(const Model& model, const Error& error) {
  ErrorDetails details = error.details();
  for (int id = 1; details.layer.empty() && id <= model.element_count; ++id)
    if (model.element(id).path == details.path) details.layer = model.element(id).name;
  return Error(error.code(), std::move(details));
}

bool takes_numbers_as_they_are(const Graph& graph, std::string_view input) {
  std::vector<ValueId> same = {graph.find(input)};  // the input under other shapes
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (std::ranges::none_of(node.inputs, [&](ValueId id) { return std::ranges::find(same, id) != same.end(); })) continue;
    const OpDef& op = definition(node);
    if (op.name == "cast" || op.name == "gather" || op.name == "oneHot") return false;
    if (op.view || op.name == "slice") same.push_back(node.outputs[0]);
  }
  return true;
}

}  // namespace webai
