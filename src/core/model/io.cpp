// Reading the io block, and what it does on the host: labels, targets, answers.
#include "core/model/io.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/names.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {
namespace {

/// A kind of step and the words it takes.
struct StepKind {
  std::string_view name;
  std::string_view words;  ///< separated by spaces
};

constexpr StepKind kinds[] = {
    {"rescale-linear", "from to clamp"}, {"standardize", "mean std"},     {"log", "offset"},
    {"clip", "min max"},                 {"round", ""},                   {"auto", ""},
    {"one-hot-to-label", "labels"},      {"label-to-one-hot", "labels"},  {"label-to-index", "labels"},
};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    words.push_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  return words;
}

[[noreturn]] void fail(const std::string& path, std::string reason, std::string message, std::string hint = {}) {
  throw Error(Code::invalid_model, {.message = std::move(message), .reason = std::move(reason), .path = path,
                                    .hint = std::move(hint)});
}

class StepReader {
 public:
  StepReader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  IoStep run() {
    step_.path = path_;
    if (json_.is_text()) {
      json_ = Json::object({{"type", json_}});
    } else if (!json_.is_object()) {
      wrong_value(path_, "a step", "a name or an object with \"type\"", json_);
    }
    kind();
    range("from", step_.from);
    range("to", step_.to);
    if (step_.type == "rescale-linear" && step_.from[0] == step_.from[1])
      fail(path_ + "/from", "IO_RANGE", "the two ends of \"from\" are equal: nothing can be rescaled");
    if (const Json* clamp = json_.find("clamp")) {
      if (!clamp->is_boolean()) wrong_value(path_ + "/clamp", "clamp", "true or false", *clamp);
      step_.clamp = clamp->as_boolean();
    }
    if (step_.type == "standardize") standardize();
    if (const Json* offset = json_.find("offset")) step_.offset = number(*offset, "offset");
    if (const Json* low = json_.find("min")) step_.low = number(*low, "min");
    if (const Json* high = json_.find("max")) step_.high = number(*high, "max");
    if (step_.low && step_.high && *step_.low > *step_.high) fail(path_, "IO_RANGE", "\"min\" lies above \"max\"");
    if (step_.type.find("label") != std::string::npos) labels();
    return std::move(step_);
  }

 private:
  void kind() {
    const Json* type = json_.find("type");
    if (!type || !type->is_text()) fail(path_, "IO_TYPE", "a step needs a \"type\"");
    step_.type = type->as_text();
    const auto kind = std::ranges::find(kinds, step_.type, &StepKind::name);
    if (kind == std::end(kinds)) {
      std::vector<std::string_view> names;
      for (const StepKind& entry : kinds) names.push_back(entry.name);
      const std::string near = nearest_name(step_.type, names);
      fail(path_ + "/type", "IO_TYPE", "there is no step \"" + step_.type + "\"",
           near.empty() ? "" : "did you mean \"" + near + "\"?");
    }
    std::vector<std::string_view> known = words_of(kind->words);
    known.push_back("type");
    for (const auto& [key, value] : json_.members())
      if (!is_kept_and_ignored(key) && std::ranges::find(known, key) == known.end())
        unknown_property(path_, key, "\"" + step_.type + "\"", known);
  }

  double number(const Json& value, std::string_view key) const {
    if (!value.is_number()) wrong_value(pointer_to(path_, key), key, "a number", value);
    return value.as_number();
  }

  void range(std::string_view key, double (&ends)[2]) const {
    const Json* value = json_.find(key);
    if (!value) return;
    if (!value->is_array() || !value->is_packed() || value->size() != 2)
      wrong_value(pointer_to(path_, key), key, "an array of two numbers", *value);
    ends[0] = value->as_numbers()[0];
    ends[1] = value->as_numbers()[1];
  }

  std::vector<double> numbers(std::string_view key, double fallback) const {
    const Json* value = json_.find(key);
    if (!value) return {fallback};
    if (value->is_number()) return {value->as_number()};
    if (!value->is_array() || !value->is_packed() || value->size() == 0)
      wrong_value(pointer_to(path_, key), key, "a number or an array of numbers", *value);
    return {value->as_numbers().begin(), value->as_numbers().end()};
  }

  void standardize() {
    step_.mean = numbers("mean", 0);
    step_.deviation = numbers("std", 1);
    if (std::ranges::find(step_.deviation, 0.0) != step_.deviation.end())
      fail(path_ + "/std", "IO_RANGE", "a deviation of 0 cannot be divided by");
  }

  void labels() {
    const Json* value = json_.find("labels");
    const std::string path = path_ + "/labels";
    if (!value || !value->is_array() || value->size() == 0)
      fail(value ? path : path_, "IO_LABELS", "\"" + step_.type + "\" needs \"labels\": an array of names");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < value->size(); ++i) {
      const Json item = value->at(i);
      if (!item.is_text() && !item.is_number()) wrong_value(pointer_to(path, i), "a label", "a text", item);
      std::string label = item.is_text() ? item.as_text() : write_json(item);
      if (!seen.insert(label).second) fail(pointer_to(path, i), "IO_LABELS", "the label \"" + label + "\" stands twice");
      step_.labels.push_back(std::move(label));
    }
  }

  Json json_;
  std::string path_;
  IoStep step_;
};

std::vector<IoStep> read_steps(const Json& json, const std::string& path) {
  std::vector<IoStep> steps;
  if (json.is_null()) return steps;
  if (!json.is_array()) {
    steps.push_back(StepReader(json, path).run());
    return steps;
  }
  for (std::size_t i = 0; i < json.size(); ++i) steps.push_back(StepReader(json.at(i), pointer_to(path, i)).run());
  return steps;
}

constexpr std::string_view rule_words[] = {"normalize", "denormalize"};

IoRules read_rules(const Json& json, std::string name, const std::string& path, bool input) {
  IoRules rules{.name = std::move(name)};
  for (const auto& [key, value] : json.members()) {
    if (is_kept_and_ignored(key)) continue;
    const std::string at = pointer_to(path, key);
    if (key == "normalize")
      rules.normalize = read_steps(value, at);
    else if (key == "denormalize" && !input)
      rules.denormalize = read_steps(value, at);
    else
      unknown_property(path, key, input ? "\"io.input\"" : "\"io.output\"",
                       std::vector<std::string_view>(std::begin(rule_words), std::end(rule_words) - (input ? 1 : 0)));
  }
  const auto is_auto = [](const IoStep& step) { return step.type == "auto"; };
  for (const std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
    if (const auto at = std::ranges::find_if(*steps, is_auto); at != steps->end() && (!input || steps->size() > 1))
      fail(at->path, "IO_TYPE", "\"auto\" stands alone, and for inputs only");
  return rules;
}

// One side: rules of the whole, or an object of rules per name.
std::vector<IoRules> read_side(const Json& json, const std::string& path, bool input) {
  if (!json.is_object()) wrong_value(path, input ? "io.input" : "io.output", "an object", json);
  const bool whole = std::ranges::any_of(json.members(), [](const auto& member) {
    return !member.second.is_object() || member.first == "normalize" || member.first == "denormalize";
  });
  if (whole || json.size() == 0) return {read_rules(json, {}, path, input)};
  std::vector<IoRules> list;
  for (const auto& [name, value] : json.members())
    if (!is_kept_and_ignored(name)) list.push_back(read_rules(value, name, pointer_to(path, name), input));
  return list;
}

const IoRules& rules_for(const std::vector<IoRules>& list, std::string_view name) {
  static const IoRules none;
  for (const IoRules& rules : list)
    if (rules.name == name) return rules;
  for (const IoRules& rules : list)
    if (rules.name.empty()) return rules;
  return none;
}

double at_or_last(const std::vector<double>& values, std::size_t index) { return values[index % values.size()]; }

void apply_step(const IoStep& step, std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& x = values[i];
    if (step.type == "rescale-linear") {
      x = (x - step.from[0]) / (step.from[1] - step.from[0]) * (step.to[1] - step.to[0]) + step.to[0];
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
      throw Error(Code::invalid_argument, {.message = "\"" + step.type + "\" works on labels, not on numbers",
                                           .reason = "IO_TYPE", .path = step.path});
    }
  }
}

// Undoes a numeric step; clip and round cannot be undone and change nothing.
void invert(const IoStep& step, std::vector<double>& values) {
  if (step.type == "rescale-linear") {
    IoStep reverse = step;
    std::swap(reverse.from, reverse.to);
    if (reverse.from[0] == reverse.from[1])
      fail(step.path + "/to", "IO_RANGE", "the two ends of \"to\" are equal: nothing can be scaled back");
    reverse.clamp = false;
    return apply_step(reverse, values);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (step.type == "standardize") values[i] = values[i] * at_or_last(step.deviation, i) + at_or_last(step.mean, i);
    if (step.type == "log") values[i] = std::exp(values[i]) - step.offset;
  }
}

bool speaks_of_labels(const IoStep& step) { return !step.labels.empty(); }

std::vector<double> one_hot(const IoStep& step, std::size_t index, std::size_t outputs) {
  if (step.type == "label-to-index") return {static_cast<double>(index)};
  if (index >= outputs)
    throw Error(Code::invalid_argument, {.message = "label " + std::to_string(index) + " is out of range: the model has " +
                                                    std::to_string(outputs) + " outputs",
                                         .reason = "LABEL", .path = step.path});
  std::vector<double> values(outputs, 0.0);
  values[index] = 1.0;
  return values;
}

const IoStep* label_step(const IoRules& rules) {
  for (const std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
    for (const IoStep& step : *steps)
      if (speaks_of_labels(step)) return &step;
  return nullptr;
}

}  // namespace

const IoRules& IoBlock::input_rules(std::string_view name) const { return rules_for(input, name); }
const IoRules& IoBlock::output_rules(std::string_view name) const { return rules_for(output, name); }

IoBlock parse_io(const Json& json, std::string_view path) {
  const std::string place(path);
  if (!json.is_object()) wrong_value(place, "io", "an object", json);
  IoBlock block;
  const std::vector<std::string_view> known = {"input", "output"};
  for (const auto& [key, value] : json.members()) {
    if (is_kept_and_ignored(key)) continue;
    if (key == "input")
      block.input = read_side(value, pointer_to(place, key), true);
    else if (key == "output")
      block.output = read_side(value, pointer_to(place, key), false);
    else
      unknown_property(place, key, "\"io\"", known);
  }
  return block;
}

void apply_steps(std::span<const IoStep> steps, std::vector<double>& values) {
  for (const IoStep& step : steps) apply_step(step, values);
}

Answer denormalize(const IoRules& rules, std::span<const double> output) {
  Answer answer;
  answer.numbers.assign(output.begin(), output.end());
  for (const IoStep& step : rules.denormalize) {
    if (step.type != "one-hot-to-label") {
      apply_step(step, answer.numbers);
      continue;
    }
    const auto largest = std::max_element(answer.numbers.begin(), answer.numbers.end());
    if (largest == answer.numbers.end()) continue;
    const auto index = static_cast<std::size_t>(largest - answer.numbers.begin());
    answer.index = static_cast<std::int64_t>(index);
    if (index < step.labels.size()) answer.label = step.labels[index];
  }
  return answer;
}

std::vector<double> normalize_label(const IoRules& rules, std::string_view label, std::size_t outputs) {
  const IoStep* step = label_step(rules);
  if (!step)
    throw Error(Code::invalid_argument,
                {.message = "the target is the text \"" + std::string(label) + "\", and the model knows no labels",
                 .reason = "LABEL", .path = "/io/output",
                 .hint = "add \"io\": {\"output\": {\"denormalize\": {\"type\": \"one-hot-to-label\", \"labels\": [...]}}}"});
  const auto at = std::ranges::find(step->labels, label);
  if (at == step->labels.end()) {
    const std::string near = nearest_name(label, step->labels);
    throw Error(Code::invalid_argument, {.message = "\"" + std::string(label) + "\" is none of the " +
                                                    std::to_string(step->labels.size()) + " labels",
                                         .reason = "LABEL", .path = step->path + "/labels", .actual = std::string(label),
                                         .hint = near.empty() ? "" : "did you mean \"" + near + "\"?"});
  }
  return one_hot(*step, static_cast<std::size_t>(at - step->labels.begin()), outputs);
}

std::vector<double> normalize_target(const IoRules& rules, std::span<const double> target, std::size_t outputs) {
  std::vector<double> values(target.begin(), target.end());
  if (const IoStep* step = label_step(rules)) {
    if (values.size() != 1 || outputs == 1) return values;  // already one number per output
    const double index = values[0];
    if (!(index >= 0) || index != std::trunc(index) || index >= static_cast<double>(outputs))
      throw Error(Code::invalid_argument, {.message = "a target that is one number is the index of a label, from 0 to " +
                                                      std::to_string(outputs - 1),
                                           .reason = "LABEL", .path = step->path,
                                           .actual = std::isfinite(index) ? write_json(Json::number(index)) : "not a number"});
    return one_hot(*step, static_cast<std::size_t>(index), outputs);
  }
  if (!rules.normalize.empty()) {
    apply_steps(rules.normalize, values);
    return values;
  }
  for (auto step = rules.denormalize.rbegin(); step != rules.denormalize.rend(); ++step) invert(*step, values);
  return values;
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
                                      .reason = "LABELS", .path = step->path + "/labels",
                                      .expected = "at most " + std::to_string(outputs) + " labels",
                                      .actual = std::to_string(step->labels.size()),
                                      .hint = "one output for each label"});
  if (step->labels.size() < outputs)
    context.log(1, step->path + "/labels: LABELS: " + std::to_string(step->labels.size()) + " labels for " +
                       std::to_string(outputs) + " outputs: the others are answered by their index");
}

}  // namespace webai
