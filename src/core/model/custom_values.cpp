// What each parameter of a custom layer is: given, flowing in, stored, or by default.
#include <algorithm>
#include <cmath>

#include "core/model/custom_layer.h"
#include "core/model/json.h"
#include "core/model/vocabulary.h"

namespace webai {
namespace {

// The dimensions of nested arrays; nothing where rows differ in length or something else stands there.
std::optional<Shape> dims_of(const Json& json) {
  if (json.is_number()) return Shape{};
  if (!json.is_array()) return std::nullopt;
  const auto length = static_cast<std::int64_t>(json.size());
  if (json.is_packed()) return Shape{length};
  std::optional<Shape> inner;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto row = dims_of(json.at(i));
    if (!row || (inner && !(*inner == *row))) return std::nullopt;
    inner = row;
  }
  if (inner->rank() + 1 >= Shape::max_rank) return std::nullopt;
  return inner->inserted(0, length);
}

}  // namespace

void CustomOperation::fail(Code code, std::string reason, std::string message, std::string hint,
                           std::string_view property) const {
  const Layer& layer = layer_.layer();
  throw Error(code, {.message = "operation \"" + operation_.name + "\": " + std::move(message),
                     .reason = std::move(reason),
                     .path = property.empty() ? layer.path : pointer_to(layer.path, property),
                     .layer = layer.name,
                     .operation = operation_.name,
                     .hint = std::move(hint)});
}

void CustomOperation::no_size_of_array(const std::string& name) const {
  const Layer& layer = layer_.layer();
  throw Error(Code::invalid_model,
              {.message = "operation \"" + operation_.name + "\": the size of the array \"" + name +
                           "\" cannot be determined",
               .reason = "ARRAY_SIZE",
               .path = layer.path,
               .layer = layer.name,
               .operation = operation_.name,
               .expected = "a size",
               .actual = "none",
               .hint = "give it in the model, as {\"size\": [..]}, or define a default"});
}

const CustomOperation::Value& CustomOperation::resolve(std::string_view name) {
  if (const auto known = values_.find(name); known != values_.end()) return known->second;
  if (std::ranges::find(under_way_, name) != under_way_.end())
    fail(Code::invalid_model, "DEFAULT_CYCLE", "the default of \"" + std::string(name) + "\" leads back to itself",
         "let one of these defaults be a number");
  under_way_.emplace_back(name);
  const OperationParameter* parameter = operation_.find(name);
  Value value;
  if (const auto feed = feeds_.find(name); feed != feeds_.end()) {
    const Json* given = layer_.property(name);
    if (given && (given->is_array() || (name == "input" && !given->is_text() && !given->find("pipeFrom"))))
      fail(Code::invalid_model, "PARAM_VALUE", "\"" + std::string(name) + "\" flows in, and is given as well, got " +
                                                   describe(*given),
           "leave it out, or pull it from where it comes: {\"pipeFrom\": ...}", name);
    value.kind = Value::array;
    value.source = feed->second.from_input ? Value::io : Value::internal;
    value.batched = true;
    value.ref = parameter ? started(*parameter, feed->second) : feed->second.value;
    value.dims = layer_.dims(value.ref);
    value.producers = feed->second.producers;
  } else if (parameter) {
    value = find(*parameter);
  } else {
    fail(Code::invalid_model, "NO_INPUT", "nothing flows into \"" + std::string(name) + "\"",
         "let a pipe or a layer lead to it");
  }
  under_way_.pop_back();
  return values_.emplace(std::string(name), std::move(value)).first->second;
}

CustomOperation::Value CustomOperation::find(const OperationParameter& parameter) {
  const std::string& name = parameter.name;
  if (parameter.internal_state) return state_of(name, parameter.array_type, default_of(parameter));
  const Json* given = layer_.property(name);
  if (given && parameter.array_type && given->is_text())
    fail(Code::invalid_model, "NO_INPUT", "nothing flows into the pipe end \"" + given->as_text() + "\"",
         "send a layer or pipe there with \"to\"", name);
  const auto of = parameter.array_type ? &CustomOperation::array_of : &CustomOperation::plain_of;
  if (given) return (this->*of)(parameter, *given, Value::model);
  if (const std::optional<Json> fallback = default_of(parameter))
    return (this->*of)(parameter, *fallback, Value::fallback);
  Value value;
  if (parameter.array_type) {
    if (name == "input") fail(Code::invalid_model, "NO_INPUT", "nothing flows into this layer",
                              "put a layer before it, or let a pipe lead to it");
    if (parameter.no_setup) return value;
    if (!operation_.composed)
      no_size_of_array(name);
    value.kind = Value::open;
    value.stored = value.declares = true;
    value.trainable = parameter.subject_of_training;
    value.source = Value::setup;
    return value;
  }
  if (parameter.no_setup) return value;
  value.kind = Value::number;
  value.stored = value.declares = true;
  value.trainable = parameter.subject_of_training;
  value.source = Value::setup;
  return value;
}

namespace {

struct StateStart {
  Shape dims = {1};
  std::vector<double> values = {0};  // one for all its elements, or one for each
};

// What a default, or what initState gives, says of a state; nothing where it says neither a size nor numbers.
std::optional<StateStart> start_of_state(const Json& json, bool array) {
  if (json.is_null()) return StateStart{};
  if (const Json* size = json.find("size"); size || (json.is_number() && array)) {
    const auto dims = shape_of(size ? *size : json);
    return dims ? std::optional(StateStart{*dims}) : std::nullopt;
  }
  if (json.is_number()) return StateStart{{1}, {json.as_number()}};
  if (json.is_boolean()) return StateStart{{1}, {json.as_boolean() ? 1.0 : 0.0}};
  const auto dims = json.is_array() && json.size() > 0 ? dims_of(json) : std::nullopt;
  return dims && dims->elements() > 0 ? std::optional(StateStart{*dims, numbers_in(json)}) : std::nullopt;
}

}  // namespace

// One of its own for each sample. It starts, and starts again after a reset, as its default says.
CustomOperation::Value CustomOperation::state_of(const std::string& name, bool array,
                                                 const std::optional<Json>& fallback) {
  Value value;
  value.kind = Value::array;
  value.batched = value.state = true;
  const auto start = start_of_state(fallback.value_or(Json()), array);
  if (!start && (fallback->is_number() || fallback->find("size")))
    fail(Code::invalid_model, "ARRAY_SIZE",
         "the size of the internal state \"" + name + "\" is made of whole numbers of 1 or more, got " +
             describe(*fallback),
         "{\"size\": [2, 3]}, for example");
  if (!start)
    fail(Code::invalid_model, "STATE_DEFAULT",
         "the internal state \"" + name + "\" starts with a number, or with arrays of numbers of one length, got " +
             describe(*fallback),
         "0 or [[1, 2], [3, 4]], for example; {\"size\": [2, 3]} starts with zeros");
  check_start("the internal state \"" + name + "\"", start->values);
  value.dims = start->dims;
  value.ref = layer_.state(name, value.dims, start->values);
  return value;
}

void CustomOperation::check_start(const std::string& what, std::span<const double> numbers) const {
  for (const double one : numbers)
    if (std::isfinite(one) && !std::isfinite(rounded_to(layer_.type(), one)))
      fail(Code::invalid_model, "STATE_DEFAULT",
           what + " starts with a number that " + std::string(name_of(layer_.type())) + " cannot hold",
           "give a smaller one, or the model a data type with a wider range");
}

// what arrives in the next run only is the end's default in the first one, where that is numbers.
Ref CustomOperation::started(const OperationParameter& parameter, const Feed& feed) {
  if (!feed.starting) return feed.value;
  const std::optional<Json> fallback = default_of(parameter);
  if (!fallback || !fallback->is_array()) return feed.value;
  const std::optional<Shape> dims = dims_of(*fallback);
  if (!dims || dims->elements() == 0) return feed.value;  // other errors tell of it where nothing flows in
  const Shape arriving = layer_.dims(feed.value);
  const std::vector<double> numbers = numbers_in(*fallback);
  if (numbers.size() > 1 && !(*dims == arriving))
    throw Error(Code::shape_mismatch, {.message = "operation \"" + operation_.name + "\": what is piped into \"" +
                                                  parameter.name + "\" has another size than its default, which stands there in the first run",
                                       .reason = "PIPE_SIZE",
                                       .path = layer_.layer().path,
                                       .layer = layer_.layer().name,
                                       .operation = operation_.name,
                                       .expected = dims->text(),
                                       .actual = arriving.text(),
                                       .hint = "pipe as many values, or let the default be one number for all: [0]"});
  check_start("what is piped into \"" + parameter.name + "\"", numbers);
  return feed.starting(numbers);
}

// each property of what the function gives is an internal state.
void CustomOperation::lower_init_state() {
  if (!operation_.init_state) return;
  std::vector<Json> arguments;
  for (const std::string& entry : operation_.init_state_with) arguments.push_back(evaluated_entry(entry));
  const auto again = std::make_shared<const BuiltState::Again>(
      [function = operation_.init_state, arguments = std::move(arguments), name = operation_.name,
       path = layer_.layer().path] { return asked(function, arguments, "state", name, path); });
  const Json states = (*again)();
  if (!states.is_object())
    fail(Code::invalid_model, "STATE", "initState gives an object, got " + describe(states),
         "{\"sum\": 0}: the name of each state and what it starts with");
  for (const auto& [name, start] : states.members()) {
    if (operation_.find(name) || is_reserved_parameter(name))
      fail(Code::invalid_model, "STATE", "initState gives \"" + name + "\", which is a parameter",
           "give the state another name");
    values_.emplace(name, state_of(name, false, start));
    layer_.built().states.back().again = again;
    layer_.built().states.back().key = name;
  }
}

std::vector<double> initial_again(const BuiltState& state, const Json& states) {
  const Json* const given = states.find(state.key);
  const auto start = given ? start_of_state(*given, false) : std::nullopt;
  if (start && start->dims.inserted(0, state.type.shape[0]) == state.type.shape) return start->values;
  throw Error(Code::invalid_model, {.message = "at a reset initState gives \"" + state.key + "\" otherwise than before",
                                    .reason = "STATE",
                                    .path = state.path,
                                    .expected = "numbers for " + state.type.shape.without(0).text(),
                                    .actual = given ? describe(*given) : describe(states),
                                    .hint = "let it give the same names and sizes each time; the numbers may differ"});
}

CustomOperation::Value CustomOperation::array_of(const OperationParameter& parameter, const Json& json,
                                                 Value::Source source) {
  Value value;
  const std::string& name = parameter.name;
  if (json.is_null() || (json.is_boolean() && !json.as_boolean())) return value;
  value.kind = Value::array;
  value.trainable = parameter.subject_of_training && !(parameter.train_only_if_not_in_model && source == Value::model);
  value.source = source;
  const Json* size = json.find("size") ? json.find("size") : json.find("count");
  if (json.is_array() && json.size() > 0) {
    const auto dims = dims_of(json);
    if (!dims)
      fail(Code::invalid_model, "RAGGED", "\"" + name + "\" is an array of numbers whose rows are equally long",
           "[[1, 2], [3, 4]]: as many numbers in each row", name);
    value.dims = *dims;
    value.given = json;
    value.declares = value.trainable;
    return value;
  }
  if (!json.is_number() && !size)
    fail(Code::invalid_model, "PARAM_VALUE",
         "\"" + name +
             "\" is the name of a pipe end, a number of elements, an array of numbers or {\"size\": [..]}, got " +
             describe(json),
         "leave it out for its default", name);
  const auto dims = shape_of(size ? *size : json);
  if (!dims)
    fail(Code::invalid_model, "ARRAY_SIZE",
         "the size of \"" + name + "\" is made of whole numbers of 1 or more, got " + describe(size ? *size : json),
         "{\"size\": [2, 3]}",
         name);
  value.dims = *dims;
  value.declares = true;
  value.trainable = parameter.subject_of_training;  // how many there are is not what they are
  value.stored = !parameter.no_setup;
  if (value.stored) value.source = Value::setup;
  return value;
}

CustomOperation::Value CustomOperation::plain_of(const OperationParameter& parameter, const Json& json,
                                                 Value::Source source) {
  Value value;
  value.source = source;
  value.given = json;
  if (json.is_null()) return value;
  if (json.is_text()) {
    value.kind = Value::text;
    return value;
  }
  if (json.is_array()) {
    const auto dims = dims_of(json);
    if (!dims)
      fail(Code::invalid_model, "RAGGED", "\"" + parameter.name + "\" has rows of different length",
           "[[1, 2], [3, 4]]: as many numbers in each row", parameter.name);
    value.kind = Value::array;
    value.dims = *dims;
    return value;
  }
  if (!json.is_number() && !json.is_boolean())
    fail(Code::invalid_model, "PARAM_VALUE", "\"" + parameter.name + "\" is a number or a text, got " + describe(json),
         "arrays are for parameters that defineParams declares with an array type",
         parameter.name);
  if (json.is_boolean()) value.given = Json::number(json.as_boolean() ? 1 : 0);
  value.kind = Value::number;
  value.trainable = parameter.subject_of_training && !(parameter.train_only_if_not_in_model && source == Value::model);
  value.declares = value.trainable;
  return value;
}

std::int64_t CustomOperation::data_id(std::string_view name) const {
  const auto at = std::ranges::find(operation_.params, name, &OperationParameter::name);
  return -(static_cast<std::int64_t>(layer_.layer().id) * 256 + (at - operation_.params.begin()) + 1);
}

}  // namespace webai
