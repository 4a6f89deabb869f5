// Reading the io block: steps, chains of steps, rules for the whole or for named inputs and outputs.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "core/base/names.h"
#include "core/base/number_text.h"
#include "core/model/io.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr IoStepKind step_kinds[] = {
    {"rescale-linear", "from to clamp"},
    {"standardize", "mean std"},
    {"log", "offset"},
    {"clip", "min max"},
    {"round", ""},
    {"auto", ""},
    {"one-hot-to-label", "labels", "labels"},
    {"label-to-one-hot", "labels", "labels"},
    {"label-to-index", "labels", "labels"},
    {"lookup", "vocabulary level unknown padding oneHot", "vocabulary"},
    {"bits", "count", "count"},
    {"image", "size layout crop resize mean std", "size"},
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

[[noreturn]] void fail(const std::string& path, std::string reason, std::string message, std::string hint,
                       std::string expected = {}, std::string actual = {}) {
  throw Error(Code::invalid_model,
              {.message = std::move(message), .reason = std::move(reason), .path = path, .expected = std::move(expected),
               .actual = std::move(actual), .hint = std::move(hint)});
}

struct Side {
  bool input;
  DType type;  ///< that the model computes in
};

// What becomes infinite would make all that it meets infinite, or not a number.
double held(double value, std::string_view key, const std::string& path, DType type) {
  if (!std::isfinite(rounded_to(type, value)))
    fail(pointer_to(path, key), "IO_RANGE", "\"" + std::string(key) + "\" is beyond the numbers of " + std::string(name_of(type)),
         "give smaller numbers, or the model a \"dataType\" with a wider range",
         "numbers that " + std::string(name_of(type)) + " can hold", number_text(value, 9));
  return value;
}

class StepReader {
 public:
  StepReader(const Json& json, std::string path, const Side& side)
      : json_(json), path_(std::move(path)), input_(side.input), type_(side.input ? side.type : DType::fp64) {}

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
      fail(path_ + "/from", "IO_RANGE", "the two ends of \"from\" are equal: nothing can be rescaled",
           "give two different numbers, such as [0, 255]");
    if (step_.type == "rescale-linear") {
      divides(held(step_.from[1] - step_.from[0], "from"), "from");
      held(step_.to[1] - step_.to[0], "to");
    }
    if (const Json* clamp = json_.find("clamp")) {
      if (!clamp->is_boolean()) wrong_value(path_ + "/clamp", "clamp", "true or false", *clamp);
      step_.clamp = clamp->as_boolean();
    }
    if (step_.type == "standardize") standardize();
    if (const Json* offset = json_.find("offset")) step_.offset = held(number(*offset, "offset"), "offset");
    if (const Json* low = json_.find("min")) step_.low = number(*low, "min");
    if (const Json* high = json_.find("max")) step_.high = number(*high, "max");
    // A bound that lies beyond all numbers of the type bounds none, unless it lies on the other side of them.
    if (step_.low && *step_.low > 0) held(*step_.low, "min");
    if (step_.high && *step_.high < 0) held(*step_.high, "max");
    if (step_.low && step_.high && *step_.low > *step_.high) fail(path_, "IO_RANGE", "\"min\" lies above \"max\"",
                                                                  "swap the two");
    if (step_.type.find("label") != std::string::npos) labels();
    if (step_.type == "lookup") lookup();
    if (step_.type == "bits") bits();
    if (step_.type == "image") image();
    return std::move(step_);
  }

 private:
  void kind() {
    const Json* type = json_.find("type");
    if (!type || !type->is_text()) fail(path_, "IO_TYPE", "a step needs a \"type\"",
                                        "\"rescale-linear\", for example");
    step_.type = type->as_text();
    const auto kind = std::ranges::find(step_kinds, step_.type, &IoStepKind::name);
    if (kind == std::end(step_kinds)) {
      std::vector<std::string_view> names;
      for (const IoStepKind& entry : step_kinds) names.push_back(entry.name);
      fail(path_ + "/type", "IO_TYPE", "there is no step \"" + step_.type + "\"",
           did_you_mean(step_.type, names, "docs/model-format.md tells what each step does"), one_of(names),
           "\"" + step_.type + "\"");
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

  double held(double value, std::string_view key) const { return webai::held(value, key, path_, type_); }

  void divides(double value, std::string_view key) const {
    if (rounded_to(type_, value) == 0)
      fail(pointer_to(path_, key), "IO_RANGE", "\"" + std::string(key) + "\" divides by a number that is 0 in " + std::string(name_of(type_)),
           "give larger numbers, or the model a \"dataType\" with a wider range",
           "a number that " + std::string(name_of(type_)) + " can tell from 0", number_text(value, 9));
  }

  void range(std::string_view key, double (&ends)[2]) const {
    const Json* value = json_.find(key);
    if (!value) return;
    const std::vector<double> list = list_of(*value);
    if (list.size() != 2) wrong_value(pointer_to(path_, key), key, "an array of two numbers", *value);
    ends[0] = held(list[0], key);
    ends[1] = held(list[1], key);
  }

  // Empty where it is no array of numbers. (One with whole numbers beyond 2^53 is not stored as doubles.)
  static std::vector<double> list_of(const Json& value) {
    std::vector<double> list;
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
      if (!value.at(i).is_number()) return {};
      list.push_back(value.at(i).as_number());
    }
    return list;
  }

  std::vector<double> numbers(std::string_view key, double fallback) const {
    const Json* value = json_.find(key);
    if (!value) return {fallback};
    std::vector<double> list = value->is_number() ? std::vector<double>{value->as_number()} : list_of(*value);
    for (const double one : list) held(one, key);
    if (list.empty()) wrong_value(pointer_to(path_, key), key, "a number or an array of numbers", *value);
    return list;
  }

  void standardize() {
    step_.mean = numbers("mean", 0);
    step_.deviation = numbers("std", 1);
    if (std::ranges::find(step_.deviation, 0.0) != step_.deviation.end())
      fail(path_ + "/std", "IO_RANGE", "a deviation of 0 cannot be divided by",
           "leave such a column out, or give it a deviation of 1");
    for (const double one : step_.deviation) divides(one, "std");
  }

  void labels() {
    const Json* value = json_.find("labels");
    const std::string path = path_ + "/labels";
    if (!value || !value->is_array() || value->size() == 0)
      fail(value ? path : path_, "IO_LABELS", "\"" + step_.type + "\" needs \"labels\": an array of names",
           "\"labels\": [\"cat\", \"dog\"]");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < value->size(); ++i) {
      const Json item = value->at(i);
      if (!item.is_text() && !item.is_number()) wrong_value(pointer_to(path, i), "a label", "a text", item);
      std::string label = item.is_text() ? item.as_text() : write_json(item);
      if (!seen.insert(label).second)
        fail(pointer_to(path, i), "IO_LABELS", "the label \"" + label + "\" stands twice",
             "name each label once, in the order of the outputs");
      step_.labels.push_back(std::move(label));
    }
    if (!input_) return;
    if (step_.type == "label-to-one-hot") step_.width = static_cast<std::int64_t>(step_.labels.size());
    if (step_.type != "one-hot-to-label")
      step_.lookup = std::make_shared<const TextLookup>(step_.labels, TextLookup::Level::whole);
  }

  // A text is the list of its characters.
  std::vector<std::string> tokens(const Json& value, const std::string& path) const {
    std::vector<std::string> list;
    if (value.is_text()) {
      for (std::string_view rest = value.as_text(); !rest.empty();) {
        const std::size_t length = character_length(rest);
        list.emplace_back(rest.substr(0, length));
        rest.remove_prefix(length);
      }
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Json item = value.is_array() ? value.at(i) : Json();
      if (!item.is_text() || item.as_text().empty() || item.as_text().size() > TextLookup::longest_token)
        wrong_value(value.is_array() ? pointer_to(path, i) : path, "a token",
                    "a text of 1 to " + std::to_string(TextLookup::longest_token) + " bytes", item);
      list.push_back(item.as_text());
    }
    if (list.empty()) wrong_value(path, "vocabulary", "a text of different characters, or an array of different texts", value);
    std::set<std::string_view> seen;
    for (const std::string& token : list)
      if (!seen.insert(token).second) fail(path, "IO_VOCABULARY", "\"" + token + "\" stands twice in the vocabulary",
                                           "name each token once");
    return list;
  }

  // On outputs without a vocabulary it is that of the input, put in later.
  void lookup() {
    const Json* vocabulary = json_.find("vocabulary");
    if (!vocabulary) {
      const auto says_more = [](const Json::Member& member) { return member.first != "type" && !is_kept_and_ignored(member.first); };
      if (input_ || std::ranges::any_of(json_.members(), says_more)) fail(path_, "IO_VOCABULARY", "\"lookup\" needs \"vocabulary\": a text, or an array of texts",
                                           "\"vocabulary\": \"abc\" has a place for each character");
      return;
    }
    std::vector<std::string> list = tokens(*vocabulary, path_ + "/vocabulary");
    const bool words = std::ranges::any_of(list, [](const std::string& token) { return character_length(token) != token.size(); });
    std::string level = words ? "word" : "character";
    if (const Json* given = json_.find("level")) {
      if (!given->is_text() || (given->as_text() != "word" && given->as_text() != "character"))
        wrong_value(path_ + "/level", "level", "\"character\" or \"word\"", *given);
      level = given->as_text();
    }
    const auto place = [&](const char* key) -> std::optional<std::size_t> {
      const Json* given = json_.find(key);
      if (!given || given->is_null()) return {};
      const auto at = given->is_text() ? std::ranges::find(list, given->as_text()) : list.end();
      if (at == list.end()) wrong_value(pointer_to(path_, key), key, "one of the tokens", *given);
      return static_cast<std::size_t>(at - list.begin());
    };
    const std::optional<std::size_t> unknown = place("unknown"), padding = place("padding");
    if (const Json* given = json_.find("oneHot")) {
      if (!given->is_boolean()) wrong_value(path_ + "/oneHot", "oneHot", "true or false", *given);
      if (given->as_boolean() && input_) step_.width = static_cast<std::int64_t>(list.size());
    }
    if (!input_) step_.labels = list;
    step_.lookup = std::make_shared<const TextLookup>(
        std::move(list), level == "word" ? TextLookup::Level::word : TextLookup::Level::character, unknown, padding);
  }

  void bits() {
    constexpr std::int64_t most = 53;  // whole numbers that a double holds
    const Json* count = json_.find("count");
    const std::optional<std::int64_t> given = count ? count->as_integer() : std::nullopt;
    if (!given || *given < 1 || *given > most)
      wrong_value(path_ + "/count", "count", "a whole number from 1 to " + std::to_string(most), count ? *count : Json());
    step_.width = *given;
  }

  std::vector<std::int64_t> lengths(std::string_view key, std::size_t least, std::size_t most, const char* what) const {
    const Json* value = json_.find(key);
    std::vector<std::int64_t> list;
    const bool packed = value && value->is_array() && value->is_packed() && value->size() >= least && value->size() <= most;
    for (std::size_t i = 0; packed && i < value->size(); ++i)
      if (const auto number = value->at(i).as_integer(); number && *number >= 0 && *number < (std::int64_t{1} << 31)) list.push_back(*number);
    if (!packed || list.size() != value->size()) wrong_value(pointer_to(path_, key), key, what, value ? *value : Json());
    return list;
  }

  // One of two words; the first where nothing is said.
  bool second_word(std::string_view key, std::string_view first, std::string_view second) const {
    const Json* value = json_.find(key);
    if (!value) return false;
    if (!value->is_text() || (value->as_text() != first && value->as_text() != second))
      wrong_value(pointer_to(path_, key), key, "\"" + std::string(first) + "\" or \"" + std::string(second) + "\"", *value);
    return value->as_text() == second;
  }

  void image() {
    if (!input_) fail(path_, "IO_TYPE", "\"image\" is a step of inputs: an output is no picture",
                      "put it into io.input");
    standardize();
    ImageStep image;
    const std::vector<std::int64_t> size = lengths("size", 2, 3, "[height, width, channels] or [height, width] of what comes in");
    if (std::ranges::find(size, 0) != size.end()) fail(path_ + "/size", "IO_RANGE", "a picture has at least one row, column and channel",
                                                       "\"size\": [height, width, channels] of what comes in, such as [28, 28, 1]");
    image.height = size[0];
    image.width = size[1];
    if (size.size() == 3) image.channels = size[2];
    image.channels_first = second_word("layout", "hwc", "chw");
    if (image.channels_first && image.channels == 0)
      fail(path_ + "/layout", "IO_RANGE", "\"chw\" needs channels in \"size\"", "\"size\": [height, width, channels]");
    image.nearest = second_word("resize", "linear", "nearest");
    if (const Json* crop = json_.find("crop"); crop && crop->is_text()) {
      if (crop->as_text() != "center") wrong_value(path_ + "/crop", "crop", "\"center\" or [top, left, height, width]", *crop);
      image.center = true;
    } else if (crop) {
      image.crop = lengths("crop", 4, 4, "\"center\" or [top, left, height, width]");
      if (image.crop[2] == 0 || image.crop[3] == 0 || image.crop[0] + image.crop[2] > image.height || image.crop[1] + image.crop[3] > image.width)
        throw Error(Code::invalid_model, {.message = "the part lies outside the picture",
                                          .reason = "IO_RANGE",
                                          .path = path_ + "/crop",
                                          .expected = "within " + std::to_string(image.height) + " rows and " + std::to_string(image.width) + " columns",
                                          .actual = write_json(*crop),
                                          .hint = "\"crop\" is [top, left, height, width] in pixels, or \"center\""});
    }
    step_.image = std::make_shared<const ImageStep>(std::move(image));
  }

  Json json_;
  std::string path_;
  bool input_;
  DType type_;  // the graph scales inputs in the model's type, the host outputs in double
  IoStep step_;
};

bool is_chain(const Json& json) {
  const Json* type = json.find("type");
  return type && type->is_text() && type->as_text() == "chain";
}

// A step, or several of them in an array or as the "steps" of a "chain".
std::vector<IoStep> read_steps(const Json& json, const std::string& path, const Side& side) {
  std::vector<IoStep> steps;
  if (json.is_null()) return steps;
  if (is_chain(json)) {
    const Json* chain = json.find("steps");
    if (!chain || !chain->is_array()) fail(path, "IO_TYPE", "a \"chain\" needs \"steps\": an array of steps",
                                           "\"steps\": [{\"type\": \"rescale-linear\", \"from\": [0, 255], \"to\": [0, 1]}]");
    for (const auto& [key, value] : json.members())
      if (!is_kept_and_ignored(key) && key != "type" && key != "steps")
        unknown_property(path, key, "\"chain\"", std::vector<std::string_view>{"type", "steps"});
    return read_steps(*chain, path + "/steps", side);
  }
  if (!json.is_array()) {
    steps.push_back(StepReader(json, path, side).run());
    return steps;
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (is_chain(json.at(i)))
      std::ranges::move(read_steps(json.at(i), pointer_to(path, i), side), std::back_inserter(steps));
    else
      steps.push_back(StepReader(json.at(i), pointer_to(path, i), side).run());
  }
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (side.input && steps[i].lookup)
      fail(steps[i].path, "IO_TYPE", "\"" + steps[i].type + "\" takes texts: it stands first",
           "move it to the front of the chain");
    if (steps[i].image) fail(steps[i].path, "IO_TYPE", "\"image\" takes pictures: it stands first",
                             "move it to the front of the chain");
  }
  if (std::ranges::count_if(steps, [](const IoStep& step) { return step.width > 0 || step.image; }) > 1)
    fail(path, "IO_TYPE", "one step of a chain may make several numbers of one",
         "keep one of these steps");
  return steps;
}

constexpr std::string_view rule_words[] = {"normalize", "denormalize"};

IoRules read_rules(const Json& json, std::string name, const std::string& path, const Side& side) {
  const bool input = side.input;
  IoRules rules{.name = std::move(name)};
  for (const auto& [key, value] : json.members()) {
    if (is_kept_and_ignored(key)) continue;
    const std::string at = pointer_to(path, key);
    if (key == "normalize")
      rules.normalize = read_steps(value, at, side);
    else if (key == "denormalize" && !input)
      rules.denormalize = read_steps(value, at, side);
    else
      unknown_property(path, key, input ? "\"io.input\"" : "\"io.output\"",
                       std::vector<std::string_view>(std::begin(rule_words), std::end(rule_words) - (input ? 1 : 0)));
  }
  // Answers leave in the model's type again.
  if (!rules.denormalize.empty() && rules.denormalize.back().type == "rescale-linear")
    for (const double end : rules.denormalize.back().to) held(end, "to", rules.denormalize.back().path, side.type);
  const auto encodes = std::ranges::find(rules.denormalize, "label-to-one-hot", &IoStep::type);
  if (encodes != rules.denormalize.end())
    fail(encodes->path + "/type", "IO_TYPE", "\"label-to-one-hot\" makes numbers of labels, so it normalizes", "did you mean \"one-hot-to-label\"?");
  const auto is_auto = [](const IoStep& step) { return step.type == "auto"; };
  for (const std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
    if (const auto at = std::ranges::find_if(*steps, is_auto); at != steps->end() && (!input || steps->size() > 1))
      fail(at->path, "IO_TYPE", "\"auto\" stands alone, and for inputs only",
           "\"io\": {\"input\": {\"normalize\": \"auto\"}}");
  return rules;
}

// One side: rules of the whole, or an object of rules per name. What has a type is a step, never the rules of a name.
std::vector<IoRules> read_side(const Json& json, const std::string& path, const Side& side) {
  if (!json.is_object()) wrong_value(path, side.input ? "io.input" : "io.output", "an object", json);
  const bool whole = std::ranges::any_of(json.members(), [](const auto& member) {
    const Json& value = member.second;
    if (is_kept_and_ignored(member.first)) return false;
    return !value.is_object() || value.find("type") || member.first == "normalize" || member.first == "denormalize";
  });
  if (whole || json.size() == 0) return {read_rules(json, {}, path, side)};
  std::vector<IoRules> list;
  for (const auto& [name, value] : json.members())
    if (!is_kept_and_ignored(name)) list.push_back(read_rules(value, name, pointer_to(path, name), side));
  return list;
}

// Outputs whose lookup names no vocabulary speak as the input does.
void share_vocabulary(IoBlock& block) {
  const IoStep* spoken = nullptr;
  for (const IoRules& rules : block.input)
    if (const IoStep* step = text_step(rules); step && !spoken) spoken = step;
  for (IoRules& rules : block.output)
    for (std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
      for (IoStep& step : *steps) {
        if (step.type != "lookup" || step.lookup) continue;
        if (!spoken) fail(step.path, "IO_VOCABULARY", "\"lookup\" needs \"vocabulary\": no input has one to share",
                          "give the vocabulary here");
        step.lookup = spoken->lookup;
        step.labels = spoken->lookup->tokens();
      }
}

}  // namespace

std::span<const IoStepKind> io_step_kinds() { return step_kinds; }

IoBlock parse_io(const Json& json, std::string_view path, DType type) {
  const std::string place(path);
  if (!json.is_object()) wrong_value(place, "io", "an object", json);
  IoBlock block;
  const std::vector<std::string_view> known = {"input", "output"};
  for (const auto& [key, value] : json.members()) {
    if (is_kept_and_ignored(key)) continue;
    if (key == "input")
      block.input = read_side(value, pointer_to(place, key), {true, type});
    else if (key == "output")
      block.output = read_side(value, pointer_to(place, key), {false, type});
    else
      unknown_property(place, key, "\"io\"", known);
  }
  share_vocabulary(block);
  return block;
}

}  // namespace webai
