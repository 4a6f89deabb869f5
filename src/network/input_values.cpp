// Inputs by name and in order of appearance (IO-05, IO-06), texts as the numbers of their tokens.
#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/names.h"
#include "network/shaped_values.h"
#include "network/state.h"
#include "webai/error.hpp"
#include "webai/values.hpp"

namespace webai {
namespace {

std::string counted(std::size_t count) { return std::to_string(count) + (count == 1 ? " value" : " values"); }

}  // namespace

std::string PortInfo::title() const { return "\"" + (label.empty() ? name : label) + "\""; }

std::size_t find_port(std::span<const PortInfo> ports, std::string_view name, std::string_view kind) {
  if (ports.size() == 1 && (name.empty() || name == kind)) return 0;
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (ports[i].name == name) return i;
  const auto labelled = [&](const PortInfo& port) { return !name.empty() && port.label == name; };
  const auto found = std::ranges::find_if(ports, labelled);
  if (found != ports.end() && std::ranges::count_if(ports, labelled) == 1) return static_cast<std::size_t>(found - ports.begin());
  std::vector<std::string> known;
  std::string list;
  for (const PortInfo& port : ports) {
    known.push_back(port.name);
    if (!port.label.empty()) known.push_back(port.label);
    list += (list.empty() ? "" : ", ") + port.title();
  }
  const std::string near = nearest_name(name, known);
  std::string reason(kind);
  std::ranges::transform(reason, reason.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  if (name.empty())
    throw Error(Code::not_found, {.message = "the model has several " + std::string(kind) + "s, and none is named here",
                                  .reason = reason + "_UNKNOWN", .expected = "the name of one: " + list,
                                  .hint = "write NAME=VALUE, or a map of names and values"});
  const std::string what = "\"" + std::string(name) + "\"";
  throw Error(Code::not_found, {.message = found == ports.end() ? "the model has no " + std::string(kind) + " " + what
                                                                : "two " + std::string(kind) + "s are labelled " + what,
                                .reason = reason + "_UNKNOWN",
                                .path = std::string(name),
                                .expected = list,
                                .actual = what,
                                .hint = found != ports.end() ? "use their names"
                                        : near.empty()       ? "name one of those"
                                                             : "did you mean \"" + near + "\"?"});
}

struct InputValues::State {
  struct Input {
    PortInfo port;
    const IoRules* rules;
    std::size_t size;
    bool ready = false;  // takes what `io` would make, which is more or less than what `io` takes
    std::vector<double> values = {};
    bool named = false;
    ShapedValues shaped = ShapedValues(port.title());  // instead of `values`, where dimensions are open
  };
  using Piece = std::variant<std::vector<double>, std::string>;

  std::shared_ptr<const NeuralNetwork::State> net;  // keeps the rules
  Context context;
  std::vector<Input> inputs = {};
  std::vector<Piece> unnamed = {};
  std::optional<std::size_t> current = {};
  std::uint64_t count = 0;
  bool open = false;  // some dimension is: the shape of what comes counts
  InputShape dims = &BuiltInput::shape;

  // Of values without names where dimensions are open: each item of the outermost array is of an input of its own, where
  // there are several.
  std::size_t depth = 0, waiting = 0;  // lists that are open, and those of them in which nothing came yet
  std::size_t next = 0;

  ShapedValues& unnamed_input() {
    if (next >= inputs.size() || (inputs.size() > 1 && depth == 0))
      throw Error(Code::shape_mismatch, {.message = "several inputs, of which dimensions are open, have values of their own",
                                         .reason = "INPUT_SIZE",
                                         .expected = "inputs by name, or an array with one item for each",
                                         .hint = "{\"" + inputs.front().port.name + "\": [...], ...}"});
    Input& input = inputs[next];
    if (input.named) twice(input);
    for (; waiting > 0; --waiting)
      if (inputs.size() == 1 || waiting < depth) input.shaped.begin_list();
    return input.shaped;
  }
  void item_ended() {
    if (inputs.size() > 1 && depth == 1) inputs[next++].named = true;
  }
  ShapedValues& place() { return current ? inputs[*current].shaped : unnamed_input(); }
  void placed() {
    if (!current) item_ended();
  }

  void begin_list() {
    if (current) return inputs[*current].shaped.begin_list();
    ++depth;
    ++waiting;
  }
  void end_list() {
    if (current) return inputs[*current].shaped.end_list();
    --depth;
    if (waiting > 0) {
      --waiting;
      return;
    }
    if (inputs.size() > 1 && depth == 0) return;
    inputs[next].shaped.end_list();
    item_ended();
  }

  [[noreturn]] static void twice(const Input& input) {
    throw Error(Code::invalid_argument, {.message = "input " + input.port.title() + " is given twice",
                                         .reason = "INPUT_TWICE",
                                         .path = input.port.name,
                                         .hint = "several samples stand under one name: {\"" + input.port.name + "\": [[...], [...]]}"});
  }

  void check_room(std::size_t more) {
    count += more;
    const std::uint64_t most = context.limits().tensor_bytes / sizeof(double);
    if (count > most)
      throw Error(Code::limit_exceeded, {.message = "there are more values than one tensor may hold",
                                         .reason = "TENSOR_BYTES",
                                         .expected = "at most " + std::to_string(most) + " values",
                                         .hint = "run fewer samples at a time, or raise the limit tensorBytes"});
  }

  void add_text(Input& input, std::string_view text, std::vector<double>& into) {
    const IoStep* const step = text_step(*input.rules);
    if (!step)
      throw Error(Code::type_mismatch,
                  {.message = "input " + input.port.title() + " takes numbers, and got the text \"" + std::string(text.substr(0, 64)) + "\"",
                   .reason = "INPUT_TEXT",
                   .path = input.port.name,
                   .hint = "\"io\": {\"input\": {\"normalize\": {\"type\": \"lookup\", \"vocabulary\": ...}}} makes numbers of texts"});
    if (input.ready)
      throw Error(Code::type_mismatch,
                  {.message = "input " + input.port.title() + " got a text where its \"normalize\" is left out",
                   .reason = "INPUT_TEXT",
                   .path = input.port.name,
                   .expected = "the numbers that \"normalize\" would make: " + size_text(input.port.shape),
                   .actual = "\"" + std::string(text.substr(0, 64)) + "\"",
                   .hint = "leave out \"normalize\": false, or give the rows of numbers"});
    const std::vector<std::size_t> places = step->lookup->encode(text, step->path);
    check_room(places.size() + input.size);
    if (open) return input.shaped.add_tokens(places, step->lookup->padding());
    // A text that is too short for its input is filled up in front.
    const std::size_t short_of = places.size() < input.size ? input.size - places.size() : 0;
    if (step->lookup->padding()) into.insert(into.end(), short_of, static_cast<double>(*step->lookup->padding()));
    for (const std::size_t place : places) into.push_back(static_cast<double>(place));
  }

  // What has no name, dealt out to the inputs that were not named: sample after sample, input after input.
  void deal() {
    std::vector<Input*> open;
    for (Input& input : inputs)
      if (!input.named) open.push_back(&input);
    if (unnamed.empty()) return;
    if (open.empty())
      throw Error(Code::shape_mismatch, {.message = "all inputs are named, and there are values beside them",
                                         .reason = "INPUT_SIZE",
                                         .hint = "give all values under names, or none"});
    std::size_t at = 0, filled = 0;
    std::vector<double> numbers;
    for (const Piece& piece : unnamed) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        numbers.clear();
        add_text(*open[at], *text, numbers);
      } else {
        numbers = std::get<std::vector<double>>(piece);
      }
      for (const double number : numbers) {
        open[at]->values.push_back(number);
        if (++filled < open[at]->size) continue;
        filled = 0;
        at = (at + 1) % open.size();
      }
    }
  }

  [[noreturn]] static void missing(const Input& input, std::string expected) {
    throw Error(Code::invalid_argument, {.message = "there is no value for input " + input.port.title(),
                                         .reason = "INPUT_MISSING",
                                         .path = input.port.name,
                                         .expected = std::move(expected),
                                         .hint = "every input gets a value in each run"});
  }

  // How many samples came, of all inputs alike.
  std::size_t take_samples() {
    deal();
    std::size_t samples = 0;
    for (const Input& input : inputs) {
      if (input.values.empty() && input.size > 0) missing(input, counted(input.size));
      if (input.size == 0 || input.values.size() % input.size) wrong_size(input, input.size);
      if (samples == 0) samples = input.values.size() / input.size;
      if (input.values.size() != samples * input.size) wrong_size(input, samples * input.size);
    }
    return samples;
  }

  [[noreturn]] static void wrong_size(const Input& input, std::size_t wanted) {
    throw Error(Code::shape_mismatch, {.message = "input " + input.port.title() + " has " + counted(input.values.size()),
                                       .reason = "INPUT_SIZE",
                                       .path = input.port.name,
                                       .expected = counted(wanted) + (wanted == input.size ? " a sample" : ", as many samples as the other inputs"),
                                       .actual = std::to_string(input.values.size()),
                                       .hint = "values of a sample stand in one array: [[1, 2], [3, 4]] are two samples of two values"});
  }
};

InputValues::InputValues(const NeuralNetwork& network, bool normalize)
    : state_(std::make_unique<State>(State{.net = network.state_.shared(), .context = network.context()})) {
  state_->open = network.has_open_dimensions();
  if (!normalize) state_->dims = &BuiltInput::dims;
  std::vector<PortInfo> ports = network.inputs();
  const std::vector<BuiltInput>& built = state_->net->built.inputs;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    ports[i].shape = built[i].*state_->dims;
    state_->inputs.push_back({.port = ports[i],
                              .rules = &network.state_->model.io.input_rules(ports[i].name, ports[i].label),
                              .size = state_->open ? 0 : static_cast<std::size_t>(ports[i].shape.elements()),
                              .ready = !normalize && built[i].shape != built[i].dims});
  }
}
InputValues::~InputValues() = default;

void InputValues::begin(std::string_view name) {
  State& state = *state_;
  if (state.current)
    throw Error(Code::invalid_argument, {.message = "\"" + std::string(name) + "\" is named inside of " + state.inputs[*state.current].port.title(),
                                         .reason = "INPUT_NESTED",
                                         .path = std::string(name),
                                         .hint = "the value of an input is made of numbers, texts and arrays"});
  std::vector<PortInfo> ports;
  for (const State::Input& input : state.inputs) ports.push_back(input.port);
  const std::size_t index = find_port(ports, name, "input");
  if (state.inputs[index].named || !state.inputs[index].shaped.empty()) State::twice(state.inputs[index]);
  state.current = index;
  state.inputs[index].named = true;
}

void InputValues::end() { state_->current.reset(); }

void InputValues::begin_list() {
  if (state_->open) state_->begin_list();
}

void InputValues::end_list() {
  if (state_->open) state_->end_list();
}

void InputValues::add(double number) {
  if (!state_->open) return add(std::span<const double>(&number, 1));
  state_->check_room(1);
  state_->place().add({}, {&number, 1});
  state_->placed();
}

void InputValues::add(std::span<const double> numbers) {
  State& state = *state_;
  state.check_room(numbers.size());
  if (state.open) {
    state.place().add(Shape{static_cast<std::int64_t>(numbers.size())}, numbers);
    return state.placed();
  }
  if (!state.current && (state.unnamed.empty() || !std::holds_alternative<std::vector<double>>(state.unnamed.back())))
    state.unnamed.emplace_back(std::vector<double>());
  auto& into = state.current ? state.inputs[*state.current].values : std::get<std::vector<double>>(state.unnamed.back());
  into.insert(into.end(), numbers.begin(), numbers.end());
}

void InputValues::add(const Tensor& given) {
  const Tensor numbers = state_->net->takes_codes() ? state_->net->decoded(given) : given;
  std::vector<double> values(numbers.elements());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = numbers.at(i);
  if (!state_->open) return add(values);
  state_->check_room(values.size());
  state_->place().add(given.shape(), values);
  state_->placed();
}

void InputValues::add(std::string_view text) {
  State& state = *state_;
  if (state.open && !state.current) {
    state.place();
    state.add_text(state.inputs[state.next], text, state.inputs[state.next].values);
    return state.placed();
  }
  if (state.current) return state.add_text(state.inputs[*state.current], text, state.inputs[*state.current].values);
  state.check_room(text.size());
  state.unnamed.emplace_back(std::string(text));
}

bool InputValues::add_samples(std::size_t items, const SampleNames& names, const AddToSample& add_value) {
  if (items < 2) return false;
  const std::optional<std::vector<std::string_view>> first = names(0);
  if (!first || first->empty()) return false;
  const auto sorted = [](std::vector<std::string_view> some) {
    std::ranges::sort(some);
    return some;
  };
  const std::vector<std::string_view> same = sorted(*first);
  for (std::size_t i = 1; i < items; ++i) {
    const std::optional<std::vector<std::string_view>> own = names(i);
    if (!own || own->size() != same.size() || sorted(*own) != same) return false;
  }
  for (const std::string_view name : *first) {
    begin(name);
    begin_list();
    for (std::size_t i = 0; i < items; ++i) add_value(i, name);
    end_list();
    end();
  }
  return true;
}

void InputValues::add(const Json& value) {
  if (value.is_number()) return add(value.as_number());
  if (value.is_boolean()) return add(value.as_boolean() ? 1.0 : 0.0);
  if (value.is_text()) return add(std::string_view(value.as_text()));
  if (value.is_array() && value.is_packed()) return add(value.as_numbers());
  if (value.is_array()) {
    const auto names = [&](std::size_t i) -> std::optional<std::vector<std::string_view>> {
      const Json& item = value.at(i);
      if (!item.is_object()) return std::nullopt;
      std::vector<std::string_view> own;
      for (const auto& [name, member] : item.members()) own.push_back(name);
      return own;
    };
    if (add_samples(value.size(), names, [&](std::size_t i, std::string_view name) { add(*value.at(i).find(name)); })) return;
    begin_list();
    for (std::size_t i = 0; i < value.size(); ++i) add(value.at(i));  // as deep as its reader allowed
    return end_list();
  }
  if (!value.is_object())
    throw Error(Code::invalid_argument, {.message = "null is no value of an input",
                                         .reason = "INPUT_NULL",
                                         .path = state_->current ? state_->inputs[*state_->current].port.name : "input",
                                         .expected = "numbers, texts, arrays of them, or an object that names inputs",
                                         .hint = "0 is a value; samples without one are left out"});
  for (const auto& [name, member] : value.members()) {
    begin(name);
    add(member);
    end();
  }
}

bool InputValues::is_needed_for(const Json& value) {
  if (value.is_text() || value.is_object()) return true;
  if (!value.is_array() || value.is_packed()) return false;
  for (std::size_t i = 0; i < value.size(); ++i)
    if (is_needed_for(value.at(i))) return true;
  return false;
}

std::vector<std::pair<std::string, Tensor>> InputValues::finish_named() {
  State& state = *state_;
  std::vector<std::pair<std::string, Tensor>> result;
  if (state.open) {
    for (const State::Input& input : state.inputs) {
      if (input.shaped.empty()) State::missing(input, size_text(input.port.shape));
      result.emplace_back(input.port.name, input.shaped.tensor(state.context));
    }
    clear();
    return result;
  }
  const std::size_t samples = state.take_samples();
  for (const State::Input& input : state.inputs) {
    const Shape shape = samples == 1 ? input.port.shape : input.port.shape.inserted(0, static_cast<std::int64_t>(samples));
    result.emplace_back(input.port.name, Tensor::from(state.context, DType::fp64, shape, input.values));
  }
  clear();
  return result;
}

Tensor InputValues::finish() {
  State& state = *state_;
  if (state.open) {
    const std::vector<std::pair<std::string, Tensor>> named = finish_named();
    if (named.size() == 1) return named.front().second;
    std::vector<Shape> shapes;
    std::vector<Tensor> parts;
    for (const auto& [name, tensor] : named) {
      shapes.push_back(tensor.shape());
      parts.push_back(tensor);
    }
    const SampleForm form = form_of_open(state.net->built, shapes, state.dims);
    Tensor rows = joined_rows(state.context, parts, form.samples);
    return form.batched ? rows : rows.reshaped(rows.shape().without(0));
  }
  const std::size_t samples = state.take_samples();
  std::size_t width = 0;
  for (const State::Input& input : state.inputs) width += input.size;
  const auto columns = static_cast<std::int64_t>(width);
  Tensor result = Tensor::uninitialised(state.context, DType::fp64, samples == 1 ? Shape{columns} : Shape{static_cast<std::int64_t>(samples), columns});
  double* to = result.span<double>().data();
  for (std::size_t s = 0; s < samples; ++s)
    for (const State::Input& input : state.inputs)
      to = std::copy_n(input.values.data() + s * input.size, input.size, to);
  clear();
  return result;
}

void InputValues::clear() noexcept {
  for (State::Input& input : state_->inputs) {
    input.values.clear();
    input.shaped.clear();
    input.named = false;
  }
  state_->unnamed.clear();
  state_->current.reset();
  state_->count = 0;
  state_->depth = state_->waiting = state_->next = 0;
}

std::vector<std::pair<std::string, Tensor>> NeuralNetwork::inputs_of(const Json& value) const {
  InputValues values(*this);
  values.add(value);
  return values.finish_named();
}

Tensor NeuralNetwork::input_of(const Json& value) const {
  InputValues values(*this);
  values.add(value);
  return values.finish();
}

}  // namespace webai
