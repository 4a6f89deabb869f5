// What goes into and comes out of a model: the layers that take the inputs of an iterator's net, and `outputs`.
#include <algorithm>
#include <array>
#include <set>

#include "core/model/json.h"
#include "core/model/parse.h"
#include "webai/error.hpp"

namespace webai {
namespace {

bool is_plain_input(const Json& layer) {
  if (!layer.is_object()) return true;
  return std::ranges::none_of(std::array{"pipeFrom", "pipes", "pipe", "to", "toLayers"},
                              [&](const char* word) { return layer.find(word); });
}

bool only_pulls(const Json& layer) {
  static constexpr std::array<std::string_view, 4> words = {"pipeFrom", "name", "label", "type"};
  return layer.is_object() && layer.find("pipeFrom") &&
         std::ranges::all_of(layer.members(), [](const Json::Member& member) {
           return is_kept_and_ignored(member.first) || std::ranges::find(words, member.first) != words.end();
         });
}

}  // namespace

int count_heads(const Json& list) {
  int count = list.size() > 1 && is_plain_input(list.at(0)) && only_pulls(list.at(1)) ? 1 : 0;
  for (; count < static_cast<int>(list.size()); ++count) {
    const Json layer = list.at(static_cast<std::size_t>(count));
    if (!layer.is_object() || !layer.find("pipeFrom")) break;
    const Json* type = layer.find("type");
    if (layer.find("pipes") || layer.find("pipe") || (type && !(type->is_text() && type->as_text() == "input"))) break;
  }
  return count;
}

std::vector<ModelOutput> parse_outputs(const ParseState& state, const Json& list, const std::string& path) {
  if (state.iterator)
    throw Error(Code::invalid_model, {.message = "what the net of an iterator gives are its state variables",
                                      .reason = "ITERATOR_OUTPUTS",
                                      .path = path,
                                      .hint = "write a state with \"to\", and leave \"outputs\" out"});
  if (!list.is_array() || list.size() == 0) wrong_value(path, "outputs", "an array of at least one output", list);
  if (list.size() > state.context.limits().nodes) wrong_value(path, "outputs", "a shorter array", list);
  std::vector<ModelOutput> outputs;
  std::set<std::string, std::less<>> taken;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = pointer_to(path, i);
    const Json entry = list.at(i);
    if (!entry.is_object()) wrong_value(place, "an output", "an object {name, pipeFrom}", entry);
    const std::vector<std::string_view> known = {"name", "pipeFrom", "label"};
    for (const auto& [key, value] : entry.members()) {
      if (is_kept_and_ignored(key)) continue;
      if (std::ranges::find(known, key) == known.end()) unknown_property(place, key, "an output", known);
      if (!value.is_text() || value.as_text().empty())
        wrong_value(pointer_to(place, key), key, "a text that is not empty", value);
    }
    const Json* from = entry.find("pipeFrom");
    if (!from)
      throw Error(Code::invalid_model, {.message = "an output needs the property \"pipeFrom\"",
                                        .reason = "PROPERTY_MISSING",
                                        .path = place,
                                        .expected = "\"pipeFrom\"",
                                        .actual = "nothing",
                                        .hint = "say which layer or pipe it comes from"});
    const Json* name = entry.find("name");
    if (name && !taken.insert(name->as_text()).second)
      throw Error(Code::invalid_model, {.message = "two outputs are called \"" + name->as_text() + "\"",
                                        .reason = "DUPLICATE_NAME",
                                        .path = pointer_to(place, "name"),
                                        .expected = "different names",
                                        .actual = "\"" + name->as_text() + "\"",
                                        .hint = "names are unique in a model"});
    const Json* label = entry.find("label");
    outputs.push_back({name ? name->as_text() : std::string(), 0, from->as_text(), place,
                       label ? label->as_text() : std::string()});
  }
  return outputs;
}

}  // namespace webai
