// Options as JSON text.

#include <array>
#include <cmath>
#include <limits>

#include "core/base/names.h"
#include "core/model/json.h"
#include "webai/error.hpp"
#include "webai/network.hpp"

namespace webai {
namespace {

[[noreturn]] void wrong(std::string_view name, const char* expected, const Json& value) {
  throw Error(Code::invalid_argument, {.message = "option \"" + std::string(name) + "\"", .reason = "OPTION",
                                       .path = std::string(name), .expected = expected, .actual = describe(value)});
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

// One row per option: its JSON name and how it is taken.
struct Option {
  std::string_view name;
  void (*take)(TrainOptions& options, std::string_view name, const Json& value);
};
#define WEBAI_OPTION(json, member, reader) \
  {json, [](TrainOptions& o, std::string_view n, const Json& v) { o.member = reader(n, v); }}
constexpr std::array options = {
    Option WEBAI_OPTION("maxIterations", max_iterations, count),
    Option WEBAI_OPTION("timeout", timeout, number),
    Option WEBAI_OPTION("errorMeasureType", error_measure_type, text),
    Option WEBAI_OPTION("errorThreshold", error_threshold, number),
    Option WEBAI_OPTION("errorThresholdUnit", error_threshold_unit, text),
    Option WEBAI_OPTION("learningRate", learning_rate, number),
    Option WEBAI_OPTION("learningRateSchedule", learning_rate_schedule, text),
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
    Option WEBAI_OPTION("batchSize", batch_size, count),
    Option WEBAI_OPTION("accuracy", accuracy, boolean),
    // Words other libraries use for the same.
    Option WEBAI_OPTION("iterations", max_iterations, count),
    Option WEBAI_OPTION("epochs", max_iterations, count),
};
#undef WEBAI_OPTION

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
    std::vector<std::string_view> names;
    for (const Option& option : options) {
      if (option.name == member.first) found = &option;
      names.push_back(option.name);
    }
    if (!found && unknown) {
      unknown->push_back(member.first);
      continue;
    }
    if (!found) {
      const std::string near = nearest_name(member.first, names);
      throw Error(Code::invalid_argument, {.message = "there is no training option \"" + member.first + "\"",
                                           .reason = "OPTION_UNKNOWN", .path = member.first,
                                           .hint = near.empty() ? "" : "did you mean \"" + near + "\"?"});
    }
    found->take(result, member.first, member.second);
  }
  return result;
}

}  // namespace webai
