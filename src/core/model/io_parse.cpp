// Reading the io block: steps, chains of steps, rules for the whole or for named inputs and outputs.
#include <algorithm>
#include <set>

#include "core/base/names.h"
#include "core/model/io.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr IoStepKind kinds[] = {
    {"rescale-linear", "from to clamp"},
    {"standardize", "mean std"},
    {"log", "offset"},
    {"clip", "min max"},
    {"round", ""},
    {"auto", ""},
    {"one-hot-to-label", "labels"},
    {"label-to-one-hot", "labels"},
    {"label-to-index", "labels"},
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
  throw Error(Code::invalid_model,
              {.message = std::move(message), .reason = std::move(reason), .path = path, .hint = std::move(hint)});
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
    const auto kind = std::ranges::find(kinds, step_.type, &IoStepKind::name);
    if (kind == std::end(kinds)) {
      std::vector<std::string_view> names;
      for (const IoStepKind& entry : kinds) names.push_back(entry.name);
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
      if (!seen.insert(label).second)
        fail(pointer_to(path, i), "IO_LABELS", "the label \"" + label + "\" stands twice");
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

}  // namespace

std::span<const IoStepKind> io_step_kinds() { return kinds; }

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

}  // namespace webai
