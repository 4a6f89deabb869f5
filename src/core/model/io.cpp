// What the io block does on the host: labels, targets, answers.
#include "core/model/io.h"
#include "core/model/io_image.h"

#include <algorithm>
#include <cmath>

#include "core/base/names.h"
#include "core/base/number_text.h"
#include "webai/error.hpp"

namespace webai {
namespace {

const IoRules& rules_for(const std::vector<IoRules>& list, std::string_view name, std::string_view label) {
  static const IoRules none;
  for (const IoRules& rules : list)
    if (rules.name == name) return rules;
  for (const IoRules& rules : list)
    if (!label.empty() && rules.name == label) return rules;
  for (const IoRules& rules : list)
    if (rules.name.empty()) return rules;
  return none;
}

[[noreturn]] void cannot_scale_back(const IoStep& step) {
  throw Error(Code::invalid_model, {.message = "the two ends of \"to\" are equal: nothing can be scaled back",
                                    .reason = "IO_RANGE",
                                    .path = step.path + "/to",
                                    .hint = "give two different numbers, such as [0, 1]"});
}

double at_or_last(const std::vector<double>& values, std::size_t index) { return values[index % values.size()]; }

// All of these work in place: training asks for each sample, and takes no memory for it.

// Each whole number as its binary digits, the highest first; from the last one on, where there is room behind.
void to_digits(const IoStep& step, std::vector<double>& values) {
  const auto width = static_cast<std::size_t>(step.width);
  const std::size_t count = values.size();
  const double end = std::ldexp(1.0, static_cast<int>(step.width));
  const auto wrong = std::ranges::find_if(values, [&](double value) { return !(value >= 0 && value < end && value == std::floor(value)); });
  if (wrong != values.end())
    throw Error(Code::invalid_argument, {.message = number_text(*wrong, 9) + " has no " + std::to_string(width) + " binary digits",
                                         .reason = "IO_RANGE",
                                         .path = step.path,
                                         .expected = "a whole number from 0 to " + number_text(end - 1, 17),
                                         .actual = number_text(*wrong, 9),
                                         .hint = "give \"count\" more digits, or the data whole numbers"});
  values.resize(count * width);
  for (std::size_t i = count; i-- > 0;) {
    const double value = values[i];
    for (std::size_t bit = 0; bit < width; ++bit) {
      const double shifted = std::floor(std::ldexp(value, -static_cast<int>(width - 1 - bit)));
      values[i * width + bit] = shifted - 2 * std::floor(shifted / 2);
    }
  }
}

// Digits back to whole numbers: from one half on a digit is 1.
void to_numbers(const IoStep& step, std::vector<double>& digits) {
  const auto width = static_cast<std::size_t>(step.width);
  const std::size_t count = digits.size() / width;
  for (std::size_t i = 0; i < count; ++i) {
    double number = 0;
    for (std::size_t bit = 0; bit < width; ++bit) number = 2 * number + (digits[i * width + bit] >= 0.5 ? 1 : 0);
    digits[i] = number;
  }
  digits.resize(count);
}

using Ends = decltype(IoStep::from);
double rescaled(double x, const Ends& from, const Ends& to) {
  return (x - from[0]) / (from[1] - from[0]) * (to[1] - to[0]) + to[0];
}

void apply_step(const IoStep& step, std::vector<double>& values) {
  if (step.type == "bits") return to_digits(step, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& x = values[i];
    if (step.type == "rescale-linear") {
      x = rescaled(x, step.from, step.to);
      if (step.clamp) x = std::clamp(x, std::min(step.to[0], step.to[1]), std::max(step.to[0], step.to[1]));
    } else if (step.type == "standardize") {
      x = (x - at_or_last(step.mean, i)) / at_or_last(step.deviation, i);
    } else if (step.type == "log") {
      x = std::log(x + step.offset);
    } else if (step.type == "clip") {
      x = std::min(std::max(x, step.low.value_or(-INFINITY)), step.high.value_or(INFINITY));
    } else if (step.type == "round") {
      x = std::nearbyint(x);
    } else {
      throw Error(
          Code::invalid_argument,
          {.message = "\"" + step.type + "\" works on labels, not on numbers", .reason = "IO_TYPE", .path = step.path,
           .hint = "put it where labels come or go: last in a denormalize, first in a normalize"});
    }
  }
}

// Undoes a numeric step; clip and round cannot be undone and change nothing.
void invert(const IoStep& step, std::vector<double>& values) {
  if (step.type == "bits") return to_digits(step, values);
  if (step.type == "rescale-linear" && step.to[0] == step.to[1]) cannot_scale_back(step);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (step.type == "rescale-linear") values[i] = rescaled(values[i], step.to, step.from);
    if (step.type == "standardize") values[i] = values[i] * at_or_last(step.deviation, i) + at_or_last(step.mean, i);
    if (step.type == "log") values[i] = std::exp(values[i]) - step.offset;
  }
}

bool speaks_of_labels(const IoStep& step) { return !step.labels.empty(); }

void one_hot(const IoStep& step, std::size_t index, std::size_t outputs, std::vector<double>& values) {
  if (step.type == "label-to-index") return values.assign(1, static_cast<double>(index));
  if (index >= outputs)
    throw Error(Code::invalid_argument,
                {.message = "label " + std::to_string(index) + " is out of range: the model has " +
                            std::to_string(outputs) + " outputs",
                 .reason = "LABEL",
                 .path = step.path,
                 .hint = "a last layer of at least " + std::to_string(index + 1) + " outputs has a place for it"});
  values.assign(outputs, 0.0);
  values[index] = 1.0;
}

const IoStep* label_step(const IoRules& rules) {
  for (const std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
    for (const IoStep& step : *steps)
      if (speaks_of_labels(step)) return &step;
  return nullptr;
}

}  // namespace

const IoRules& IoBlock::input_rules(std::string_view name, std::string_view label) const {
  return rules_for(input, name, label);
}
const IoRules& IoBlock::output_rules(std::string_view name, std::string_view label) const {
  return rules_for(output, name, label);
}

const IoStep* text_step(const IoRules& rules) {
  const auto step = std::ranges::find_if(rules.normalize, [](const IoStep& one) { return one.lookup != nullptr; });
  return step == rules.normalize.end() ? nullptr : &*step;
}

std::int64_t vocabulary_size(const IoBlock& io) {
  std::size_t most = 0;
  for (const IoRules& rules : io.input)
    if (const IoStep* step = text_step(rules)) most = std::max(most, step->lookup->size());
  return static_cast<std::int64_t>(most);
}

Shape raw_dims(const IoRules& rules, const Shape& dims) {
  if (!rules.normalize.empty() && rules.normalize.front().image) return picture_dims(rules.normalize.front(), dims);
  const auto step = std::ranges::find_if(rules.normalize, [](const IoStep& one) { return one.width > 0; });
  if (step == rules.normalize.end()) return dims;
  if (dims.rank() == 0 || dims.dim(dims.rank() - 1) != Dimension(step->width))
    throw Error(Code::shape_mismatch, {.message = "\"" + step->type + "\" makes " + std::to_string(step->width) +
                                                  " numbers of each: the last dimension of the input is as long",
                                       .reason = "IO_SIZE",
                                       .path = step->path,
                                       .expected = std::to_string(step->width),
                                       .actual = dims.text(),
                                       .hint = "make the last size of the input layer " + std::to_string(step->width)});
  return dims.rank() == 1 ? Shape{1} : dims.without(dims.rank() - 1);
}

void apply_steps(std::span<const IoStep> steps, std::vector<double>& values) {
  for (const IoStep& step : steps) apply_step(step, values);
}

Answer denormalize(const IoRules& rules, std::span<const double> output) {
  Answer answer;
  answer.numbers.assign(output.begin(), output.end());
  for (const IoStep& step : rules.denormalize) {
    if (step.type == "bits") {
      to_numbers(step, answer.numbers);
      continue;
    }
    if (!speaks_of_labels(step)) {
      apply_step(step, answer.numbers);
      continue;
    }
    if (answer.numbers.empty()) continue;
    std::size_t index;
    if (step.type == "label-to-index" && answer.numbers.size() == 1) {
      // One output is the number of a label itself: the nearest there is.
      const double number = std::nearbyint(answer.numbers.front()), last = static_cast<double>(step.labels.size()) - 1;
      index = static_cast<std::size_t>(number > 0 ? std::min(number, last) : 0);
    } else {
      index = static_cast<std::size_t>(std::max_element(answer.numbers.begin(), answer.numbers.end()) - answer.numbers.begin());
    }
    answer.index = static_cast<std::int64_t>(index);
    if (index < step.labels.size()) answer.label = step.labels[index];
  }
  return answer;
}

std::size_t label_index(const IoRules& rules, std::string_view label) {
  const IoStep* step = label_step(rules);
  if (!step)
    throw Error(
        Code::invalid_argument,
        {.message = "the target is the text \"" + std::string(label) + "\", and the model knows no labels",
         .reason = "LABEL",
         .path = "/io/output",
         .hint = "add \"io\": {\"output\": {\"denormalize\": {\"type\": \"one-hot-to-label\", \"labels\": [...]}}}"});
  const auto at = std::ranges::find(step->labels, label);
  if (at == step->labels.end()) {
    throw Error(Code::invalid_argument, {.message = "\"" + std::string(label) + "\" is none of the " +
                                                    std::to_string(step->labels.size()) + " labels",
                                         .reason = "LABEL",
                                         .path = step->path + "/labels",
                                         .expected = one_of(step->labels),
                                         .actual = std::string(label),
                                         .hint = did_you_mean(label, step->labels, "add it to the labels, or take one of them")});
  }
  return static_cast<std::size_t>(at - step->labels.begin());
}

std::vector<double> normalize_label(const IoRules& rules, std::string_view label, std::size_t outputs) {
  const std::size_t index = label_index(rules, label);
  std::vector<double> values;
  one_hot(*label_step(rules), index, outputs, values);
  return values;
}

void normalize_target(const IoRules& rules, std::vector<double>& values, std::size_t outputs) {
  if (const IoStep* step = label_step(rules)) {
    if (values.size() != 1 || outputs == 1) return;  // already one number per output
    const double index = values[0];
    if (!(index >= 0) || index != std::trunc(index) || index >= static_cast<double>(outputs))
      throw Error(
          Code::invalid_argument,
          {.message = "a target that is one number is the index of a label, from 0 to " + std::to_string(outputs - 1),
           .reason = "LABEL",
           .path = step->path,
           .actual = std::isfinite(index) ? write_json(Json::number(index)) : "not a number",
           .hint = "name the label, or give a number for each output"});
    return one_hot(*step, static_cast<std::size_t>(index), outputs, values);
  }
  if (!rules.normalize.empty()) return apply_steps(rules.normalize, values);
  for (auto step = rules.denormalize.rbegin(); step != rules.denormalize.rend(); ++step) invert(*step, values);
}

std::span<const std::string> labels_of(const IoRules& rules) {
  const IoStep* step = label_step(rules);
  return step ? std::span<const std::string>(step->labels) : std::span<const std::string>();
}

void check_labels(const Context& context, const IoRules& rules, std::size_t outputs) {
  const IoStep* step = label_step(rules);
  if (!step || step->type == "label-to-index") return;
  if (step->labels.size() > outputs)
    throw Error(Code::invalid_model, {.message = "there are " + std::to_string(step->labels.size()) + " labels for " +
                                                 std::to_string(outputs) + " outputs",
                                      .reason = "LABELS",
                                      .path = step->path + "/labels",
                                      .expected = "at most " + std::to_string(outputs) + " labels",
                                      .actual = std::to_string(step->labels.size()),
                                      .hint = "one output for each label"});
  if (step->labels.size() < outputs)
    context.log(1, step->path + "/labels: LABELS: " + std::to_string(step->labels.size()) + " labels for " +
                       std::to_string(outputs) + " outputs: the others are answered by their index");
}

}  // namespace webai
