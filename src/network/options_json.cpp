// Options as JSON text.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/names.h"
#include "core/model/json.h"
#include "webai/error.hpp"
#include "webai/network.hpp"

namespace webai {
namespace {

[[noreturn]] void wrong(std::string_view name, const char* expected, const Json& value) {
  throw Error(Code::invalid_argument, {.message = "option \"" + std::string(name) + "\"", .reason = "OPTION",
                                       .path = std::string(name), .expected = expected, .actual = describe(value),
                                       .hint = "docs/training.md has a table of the options"});
}

double number(std::string_view name, const Json& value) {
  if (value.is_text() && value.as_text() == "Infinity") return std::numeric_limits<double>::infinity();
  if (!value.is_number()) wrong(name, "a number", value);
  return value.as_number();
}

std::uint64_t count(std::string_view name, const Json& value) {
  const double given = number(name, value);
  if (std::isinf(given) && given > 0) return TrainOptions::unlimited;
  if (given < 0 || given != std::floor(given) || given > 1e15) wrong(name, "a whole number, 0 or more", value);
  return static_cast<std::uint64_t>(given);
}

// Left out, the library chooses: 0 is no number of samples.
std::uint64_t count_from_1(std::string_view name, const Json& value) {
  const std::uint64_t given = count(name, value);
  if (given == 0) wrong(name, "a whole number, 1 or more", value);
  return given;
}

bool boolean(std::string_view name, const Json& value) {
  if (!value.is_boolean()) wrong(name, "true or false", value);
  return value.as_boolean();
}

std::string text(std::string_view name, const Json& value) {
  if (!value.is_text()) wrong(name, "a text", value);
  return value.as_text();
}

std::vector<std::string> texts(std::string_view name, const Json& value) {
  if (!value.is_array()) wrong(name, "an array of names", value);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < value.size(); ++i) result.push_back(text(name, value.at(i)));
  return result;
}

std::vector<double> numbers(std::string_view name, const Json& value) {
  std::vector<double> result;
  for (std::size_t i = 0; i < value.size(); ++i) result.push_back(number(name, value.at(i)));
  return result;
}

[[noreturn]] void unknown_name(const std::string& what, const std::string& name, const std::string& path,
                               const std::vector<std::string_view>& names) {
  throw Error(Code::invalid_argument, {.message = "there is no " + what + " \"" + name + "\"", .reason = "OPTION_UNKNOWN", .path = path,
                                       .expected = one_of(names), .actual = "\"" + name + "\"",
                                       .hint = did_you_mean(name, names, "take one of those, or leave it out")});
}

// A name, or an object with what belongs to it.
LearningRateSchedule schedule(std::string_view name, const Json& value) {
  if (value.is_text()) return {value.as_text()};
  if (!value.is_object()) wrong(name, "a name such as \"cosine\", or an object such as {\"type\": \"step\", \"every\": 10}", value);
  LearningRateSchedule result;
  for (const auto& [key, given] : value.members()) {
    const std::string place = std::string(name) + "/" + key;
    if (key == "type") result.type = text(place, given);
    else if (key == "factor") result.factor = number(place, given);
    else if (key == "every") result.every = count(place, given);
    else if (key == "patience") result.patience = count(place, given);
    else if (key == "minDelta") result.min_delta = number(place, given);
    else if (key == "minimum") result.minimum = number(place, given);
    else if (key == "warmupSteps") result.warmup_steps = count(place, given);
    else if (key == "warmupEpochs") result.warmup_epochs = count(place, given);
    else
      unknown_name("property of learningRateSchedule", key, place,
                   {"type", "factor", "every", "patience", "minDelta", "minimum", "warmupSteps", "warmupEpochs"});
  }
  return result;
}

// [1, 5] by place, {"cat": 1, "dog": 5} by label.
void take_class_weights(TrainOptions& options, std::string_view name, const Json& value) {
  if (!value.is_array() && !value.is_object()) wrong(name, "an array of weights, or an object with a weight for each label", value);
  options.class_weights = value.is_array() ? numbers(name, value) : std::vector<double>();
  options.label_weights.clear();
  if (value.is_object())
    for (const auto& [label, weight] : value.members()) options.label_weights.emplace_back(label, number(name, weight));
}

// 10: epochs; "500ms": milliseconds.
void take_log_period(TrainOptions& options, std::string_view name, const Json& value) {
  options.log_period = 0;
  options.log_period_ms = 0;
  if (!value.is_text()) {
    options.log_period = count(name, value);
    return;
  }
  const std::string& given = value.as_text();
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), options.log_period_ms);
  const std::string_view unit(end, static_cast<std::size_t>(given.data() + given.size() - end));
  if (error != std::errc() || !(options.log_period_ms > 0) || (unit != "ms" && unit != " ms"))
    wrong(name, "a number of epochs, or milliseconds such as \"500ms\"", value);
}

// One row per option: its JSON name and how it is taken.
struct Option {
  std::string_view name;
  void (*take)(TrainOptions& options, std::string_view name, const Json& value);
};
#define WEBAI_OPTION(json, member, reader) \
  {json, [](TrainOptions& o, std::string_view n, const Json& v) { o.member = reader(n, v); }}
constexpr Option options[] = {
    Option WEBAI_OPTION("maxIterations", max_iterations, count),
    Option WEBAI_OPTION("timeout", timeout, number),
    Option WEBAI_OPTION("errorMeasureType", error_measure_type, text),
    Option WEBAI_OPTION("errorThreshold", error_threshold, number),
    Option WEBAI_OPTION("errorThresholdUnit", error_threshold_unit, text),
    Option WEBAI_OPTION("learningRate", learning_rate, number),
    Option WEBAI_OPTION("learningRateSchedule", learning_rate_schedule, schedule),
    Option WEBAI_OPTION("momentum", momentum, number),
    Option WEBAI_OPTION("type", type, text),
    Option WEBAI_OPTION("optimizer", optimizer, text),
    Option WEBAI_OPTION("nesterov", nesterov, boolean),
    Option WEBAI_OPTION("dampening", dampening, number),
    Option WEBAI_OPTION("weightDecay", weight_decay, number),
    Option WEBAI_OPTION("beta1", beta1, number),
    Option WEBAI_OPTION("beta2", beta2, number),
    Option WEBAI_OPTION("rho", rho, number),
    Option WEBAI_OPTION("epsilon", epsilon, number),
    Option WEBAI_OPTION("amsgrad", amsgrad, boolean),
    Option WEBAI_OPTION("centered", centered, boolean),
    Option WEBAI_OPTION("learningRateDecay", learning_rate_decay, number),
    Option WEBAI_OPTION("initialAccumulator", initial_accumulator, number),
    Option WEBAI_OPTION("toTrain", to_train, texts),
    Option WEBAI_OPTION("toSkip", to_skip, texts),
    Option WEBAI_OPTION("batchSize", batch_size, count_from_1),
    Option WEBAI_OPTION("bptt", bptt, count),
    Option WEBAI_OPTION("accumulate", accumulate, count),
    Option WEBAI_OPTION("clipNorm", clip_norm, number),
    Option WEBAI_OPTION("clipValue", clip_value, number),
    Option{"classWeights", take_class_weights},
    Option WEBAI_OPTION("validationSplit", validation_split, number),
    Option WEBAI_OPTION("patience", patience, count),
    Option WEBAI_OPTION("minDelta", min_delta, number),
    Option WEBAI_OPTION("restoreBest", restore_best, boolean),
    Option WEBAI_OPTION("checkpoint", checkpoint, text),
    Option WEBAI_OPTION("checkpointEvery", checkpoint_every, count),
    Option WEBAI_OPTION("resume", resume, boolean),
    Option{"logPeriod", take_log_period},
    Option WEBAI_OPTION("accuracy", accuracy, boolean),
};
#undef WEBAI_OPTION

// Words other libraries use for the same.
constexpr std::pair<std::string_view, std::string_view> other_words[] = {
    {"iterations", "maxIterations"}, {"epochs", "maxIterations"}, {"praxis", "optimizer"}};

// The option's own name. Two words for one thing say the same, or there is no telling which is meant.
std::string_view canonical_option(const Json& all, std::string_view name, const Json& value) {
  for (const auto& [other, canonical] : other_words) {
    if (other != name) continue;
    for (const auto& [word, given] : all.members()) {
      const bool same_thing = word == canonical || std::ranges::any_of(other_words, [&](const auto& one) {
                                return one.first == word && one.second == canonical;
                              });
      if (same_thing && !(given == value))
        throw Error(Code::invalid_argument, {.message = "\"" + std::string(name) + "\" and \"" + word + "\" mean the same and differ",
                                             .reason = "ALIAS_CONFLICT",
                                             .path = std::string(name),
                                             .expected = describe(given),
                                             .actual = describe(value),
                                             .hint = "keep \"" + std::string(canonical) + "\" alone"});
    }
    return canonical;
  }
  return name;
}

}  // namespace

TrainOptions train_options_from_json(const Context& context, std::string_view json, const TrainOptions& base) {
  return train_options_from_json(read_json(json, context.limits()), base);
}

TrainOptions train_options_from_json(const Json& object, const TrainOptions& base, std::vector<std::string>* unknown) {
  TrainOptions result = base;
  if (object.is_null()) return result;
  if (!object.is_object()) wrong("options", "an object", object);
  for (const Json::Member& member : object.members()) {
    const Option* found = nullptr;
    const std::string_view name = canonical_option(object, member.first, member.second);
    std::vector<std::string_view> names;
    for (const Option& option : options) {
      if (option.name == name) found = &option;
      names.push_back(option.name);
    }
    for (const auto& [other, canonical] : other_words) names.push_back(other);
    if (!found && unknown) {
      unknown->push_back(member.first);
      continue;
    }
    if (!found) unknown_name("training option", member.first, member.first, names);
    found->take(result, member.first, member.second);
  }
  return result;
}

}  // namespace webai
