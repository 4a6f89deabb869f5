// The steps and the states of an iterator, as they are written.
#include <algorithm>
#include <cmath>

#include "core/model/parse.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr double largest_exact = 9007199254740992.0;

std::int64_t whole(const Json& value, std::string_view what, const std::string& path) {
  const auto number = value.is_number() ? value.as_integer() : std::nullopt;
  if (!number || std::abs(value.as_number()) > largest_exact) wrong_value(path, what, "a whole number", value);
  return *number;
}

[[noreturn]] void refuse(const Layer& layer, Code code, std::string reason, std::string path, std::string message,
                         std::string hint) {
  throw Error(code, {.message = std::move(message),
                     .reason = std::move(reason),
                     .path = std::move(path),
                     .layer = layer.name,
                     .hint = std::move(hint)});
}

// N, or {from, to, step} with both ends included; the last step is the last one that does not pass `to`.
IteratorSteps steps_of(const Context& context, const Layer& layer) {
  const std::string path = pointer_to(layer.path, "steps");
  const Json& given = *layer.properties.find("steps");
  IteratorSteps steps;
  if (given.is_number()) {
    steps.count = whole(given, "steps", path);
    if (steps.count < 1) wrong_value(path, "steps", "a whole number of 1 or more, or {from, to, step}", given);
  } else {
    if (!given.is_object()) wrong_value(path, "steps", "a whole number of 1 or more, or {from, to, step}", given);
    const std::vector<std::string_view> known = {"from", "to", "step"};
    for (const auto& [key, value] : given.members())
      if (!is_kept_and_ignored(key) && std::ranges::find(known, key) == known.end())
        unknown_property(path, key, "\"steps\"", known);
    const auto number = [&](std::string_view key, std::int64_t otherwise) {
      const Json* value = given.find(key);
      return value ? whole(*value, key, pointer_to(path, key)) : otherwise;
    };
    if (!given.find("to"))
      refuse(layer, Code::invalid_model, "PROPERTY_MISSING", path, "steps need \"to\"", "say where they end: {\"from\": 0, \"to\": 9}");
    steps.from = number("from", 0);
    steps.step = number("step", 1);
    const std::int64_t distance = number("to", 0) - steps.from;
    if (steps.step == 0)
      refuse(layer, Code::invalid_model, "ITERATOR_STEP", pointer_to(path, "step"), "a step of 0 never arrives", "use 1 or -1");
    if (distance != 0 && (distance > 0) != (steps.step > 0))
      refuse(layer, Code::invalid_model, "ITERATOR_STEP", given.find("step") ? pointer_to(path, "step") : path,
             "a step of " + std::to_string(steps.step) + " leads away from \"to\"", "turn its sign round");
    steps.count = distance / steps.step + 1;
  }
  const std::uint64_t most = context.limits().run_steps;
  if (static_cast<std::uint64_t>(steps.count) > most)
    refuse(layer, Code::limit_exceeded, "RUN_STEPS", path,
           "the iterator makes " + std::to_string(steps.count) + " steps, at most " + std::to_string(most) + " are allowed",
           "raise the limit \"runSteps\" if this is meant");
  return steps;
}

Shape size_of(const Context& context, const Json& value, const std::string& path) {
  const Json dims = value.is_array() ? value : Json::array({value});
  if (dims.size() == 0 || dims.size() > std::min<std::size_t>(context.limits().rank, Shape::max_rank) - 1)
    wrong_value(path, "size", "a whole number of 1 or more, or a short array of such", value);
  Shape shape;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Json length = dims.at(i);
    if (length.is_null() && value.is_array()) {
      shape.append(Dimension::symbol(1 + static_cast<int>(i)));
      continue;
    }
    const auto number = length.is_number() ? length.as_integer() : std::nullopt;
    if (!number || *number < 1 || length.as_number() > largest_exact)
      wrong_value(path, "size", "a whole number of 1 or more, or a short array of such", value);
    shape.append(*number);
  }
  return shape;
}

StateVariable variable_of(const Context& context, const Json& entry, const std::string& path) {
  if (!entry.is_object()) wrong_value(path, "a state", "an object {name, pipeFrom, size}", entry);
  const std::vector<std::string_view> known = {"name", "pipeFrom", "size"};
  StateVariable variable;
  variable.path = path;
  for (const auto& [key, value] : entry.members()) {
    if (is_kept_and_ignored(key)) continue;
    if (std::ranges::find(known, key) == known.end()) unknown_property(path, key, "a state", known);
    if (key == "size") {
      variable.size = size_of(context, value, pointer_to(path, key));
      continue;
    }
    if (!value.is_text() || value.as_text().empty()) wrong_value(pointer_to(path, key), key, "a text that is not empty", value);
    (key == "name" ? variable.name : variable.pipe_from) = value.as_text();
  }
  return variable;
}

}  // namespace

void parse_iterator(const Context& context, Layer& layer) {
  layer.steps = steps_of(context, layer);
  for (const std::string_view later : {"until", "collect"})
    if (layer.properties.find(later))
      refuse(layer, Code::unsupported, "NOT_YET", pointer_to(layer.path, later),
             "\"" + std::string(later) + "\" of an iterator cannot be built yet", "leave it out");
  const std::string path = pointer_to(layer.path, "state");
  const Json* list = layer.properties.find("state");
  if (!list || !list->is_array() || list->size() == 0)
    refuse(layer, Code::invalid_model, "ITERATOR_STATE", list ? path : layer.path,
           "an iterator carries at least one state variable", "\"state\": [{\"name\": \"x\", \"size\": 3}]");
  if (list->size() > context.limits().nodes) wrong_value(path, "state", "a shorter array", *list);
  for (std::size_t i = 0; i < list->size(); ++i) {
    StateVariable variable = variable_of(context, list->at(i), pointer_to(path, i));
    if (variable.name.empty() || variable.name.find_first_of(".:/") != std::string::npos)
      refuse(layer, Code::invalid_model, "NAME", variable.path, "a state has a name, without any of . : /", "\"name\": \"x\"");
    if (std::ranges::find(layer.states, variable.name, &StateVariable::name) != layer.states.end())
      refuse(layer, Code::invalid_model, "DUPLICATE_NAME", pointer_to(variable.path, "name"),
             "two states are called \"" + variable.name + "\"", "each state has a name of its own");
    layer.states.push_back(std::move(variable));
  }
}

}  // namespace webai
