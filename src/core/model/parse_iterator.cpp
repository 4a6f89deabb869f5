// The steps and the states of an iterator, as they are written.
#include <algorithm>
#include <cmath>

#include "core/model/json.h"
#include "core/model/layer_error.h"
#include "core/model/parse.h"
#include "webai/error.hpp"

namespace webai {
namespace {

std::int64_t whole(const Json& value, std::string_view what, const std::string& path) {
  const auto number = value.is_number() ? value.as_integer() : std::nullopt;
  if (!number || std::abs(value.as_number()) > largest_exact) wrong_value(path, what, "a whole number", value);
  return *number;
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
      fail(layer, Code::invalid_model, "PROPERTY_MISSING", path, "steps need \"to\"", "say where they end: {\"from\": 0, \"to\": 9}",
           "\"to\"", "nothing");
    steps.from = number("from", 0);
    steps.step = number("step", 1);
    const std::int64_t distance = number("to", 0) - steps.from;
    if (steps.step == 0)
      fail(layer, Code::invalid_model, "ITERATOR_STEP", pointer_to(path, "step"), "a step of 0 never arrives", "use 1 or -1");
    if (distance != 0 && (distance > 0) != (steps.step > 0))
      fail(layer, Code::invalid_model, "ITERATOR_STEP", given.find("step") ? pointer_to(path, "step") : path,
             "a step of " + std::to_string(steps.step) + " leads away from \"to\"", "turn its sign round");
    steps.count = distance / steps.step + 1;
  }
  const std::uint64_t most = context.limits().run_steps;
  if (static_cast<std::uint64_t>(steps.count) > most)
    fail(layer, Code::limit_exceeded, "RUN_STEPS", path,
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

// A name, which means more than 0.5; or {pipeFrom, above} or {pipeFrom, below}.
IteratorEnd end_of(const Layer& layer, const Json& given) {
  IteratorEnd end{.from = {}, .path = pointer_to(layer.path, "until")};
  const Json* from = &given;
  if (given.is_object()) {
    const std::vector<std::string_view> known = {"pipeFrom", "above", "below"};
    for (const auto& [key, value] : given.members()) {
      if (is_kept_and_ignored(key)) continue;
      if (std::ranges::find(known, key) == known.end()) unknown_property(end.path, key, "\"until\"", known);
      if (key != "pipeFrom" && !(value.is_number() && std::isfinite(value.as_number())))
        wrong_value(pointer_to(end.path, key), key, "a number", value);
    }
    from = given.find("pipeFrom");
    if (!from)
      fail(layer, Code::invalid_model, "PROPERTY_MISSING", end.path, "\"until\" needs \"pipeFrom\"",
             "say which layer or state ends it: {\"pipeFrom\": \"done\", \"above\": 0.5}", "\"pipeFrom\"", "nothing");
    const Json *above = given.find("above"), *below = given.find("below");
    if (above && below)
      fail(layer, Code::invalid_model, "ITERATOR_UNTIL", end.path, "\"until\" has one bound, \"above\" or \"below\"",
             "keep one of them");
    end.below = below != nullptr;
    if (const Json* bound = above ? above : below) end.bound = bound->as_number();
    end.path = pointer_to(end.path, "pipeFrom");
  }
  if (!from->is_text() || from->as_text().empty())
    wrong_value(end.path, "until", "the name of a layer or state, or an object {pipeFrom, above} or {pipeFrom, below}", *from);
  end.from = from->as_text();
  return end;
}

// true means all states.
std::vector<CollectedName> collected_by(const Context& context, const Layer& layer, const Json& given) {
  const std::string path = pointer_to(layer.path, "collect");
  std::vector<CollectedName> list;
  if (given.is_boolean()) {
    for (const StateVariable& variable : layer.states)
      if (given.as_boolean()) list.push_back({variable.name, path});
    return list;
  }
  const auto add = [&](const Json& name, const std::string& place) {
    if (!name.is_text() || name.as_text().empty())
      wrong_value(place, "collect", "the name of a state or layer, an array of such, or true", name);
    if (std::ranges::find(list, name.as_text(), &CollectedName::name) != list.end())
      fail(layer, Code::invalid_model, "TARGET_TWICE", place, "\"" + name.as_text() + "\" stands twice in \"collect\"",
             "name it once");
    list.push_back({name.as_text(), place});
  };
  if (!given.is_array()) {
    add(given, path);
    return list;
  }
  if (given.size() == 0 || given.size() > std::min<std::uint64_t>(context.limits().nodes, 1024))
    wrong_value(path, "collect", "an array of 1 to 1024 names", given);
  for (std::size_t i = 0; i < given.size(); ++i) add(given.at(i), pointer_to(path, i));
  return list;
}

}  // namespace

void parse_iterator(const Context& context, Layer& layer) {
  layer.steps = steps_of(context, layer);
  const std::string path = pointer_to(layer.path, "state");
  const Json* list = layer.properties.find("state");
  if (!list || !list->is_array() || list->size() == 0)
    fail(layer, Code::invalid_model, "ITERATOR_STATE", list ? path : layer.path,
           "an iterator carries at least one state variable", "\"state\": [{\"name\": \"x\", \"size\": 3}]");
  if (list->size() > context.limits().nodes) wrong_value(path, "state", "a shorter array", *list);
  for (std::size_t i = 0; i < list->size(); ++i) {
    StateVariable variable = variable_of(context, list->at(i), pointer_to(path, i));
    if (variable.name.empty() || variable.name.find_first_of(".:/") != std::string::npos)
      fail(layer, Code::invalid_model, "NAME", variable.path, "a state has a name, without any of . : /", "\"name\": \"x\"");
    if (std::ranges::find(layer.states, variable.name, &StateVariable::name) != layer.states.end())
      fail(layer, Code::invalid_model, "DUPLICATE_NAME", pointer_to(variable.path, "name"),
             "two states are called \"" + variable.name + "\"", "each state has a name of its own",
             "different names", "\"" + variable.name + "\"");
    layer.states.push_back(std::move(variable));
  }
  if (const Json* until = layer.properties.find("until")) layer.until = end_of(layer, *until);
  if (const Json* collect = layer.properties.find("collect")) layer.collect = collected_by(context, layer, *collect);
}

}  // namespace webai
