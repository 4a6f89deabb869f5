// How a network reads samples that name inputs and outputs or hold texts.
#include <algorithm>
#include <cmath>

#include "core/model/build_outputs.h"
#include "dataset/state.h"
#include "network/state.h"
#include "network/training_plan.h"
#include "webai/error.hpp"
#include "webai/values.hpp"

namespace webai {
namespace {

void collect_numbers(const Json& value, std::vector<double>& into) {
  if (value.is_number()) {
    into.push_back(value.as_number());
  } else if (value.is_array() && value.is_packed()) {
    into.insert(into.end(), value.as_numbers().begin(), value.as_numbers().end());
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) collect_numbers(value.at(i), into);
  } else {
    throw Error(Code::invalid_argument, {.message = "an output is made of numbers, labels, or objects that name outputs",
                                         .reason = "OUTPUT_VALUE",
                                         .actual = describe(value),
                                         .hint = "[input, [0, 1]], [input, \"cat\"] or [input, {\"name\": [0, 1]}]"});
  }
}

void collect_texts(const Json& value, std::vector<std::string>& into) {
  if (value.is_text()) into.push_back(value.as_text());
  for (std::size_t i = 0; value.is_array() && !value.is_packed() && i < value.size(); ++i) collect_texts(value.at(i), into);
}

Tensor values_of(const Context& context, const std::vector<double>& numbers, std::int64_t width) {
  return Tensor::from(context, DType::fp64, Shape{static_cast<std::int64_t>(numbers.size()) / width, width}, numbers);
}

[[noreturn]] void wrong_size(std::string_view what, std::size_t expected, std::size_t actual) {
  throw Error(Code::shape_mismatch, {.message = std::string(what) + " has another number of values",
                                     .reason = "OUTPUT_SIZE",
                                     .expected = std::to_string(expected),
                                     .actual = std::to_string(actual),
                                     .hint = "all samples fit the first and the last layer of the model"});
}

// How many tokens of a text a sample sees, where the model takes any number of them.
std::size_t window_of(const BuiltModel& built) {
  const OpenDimension& dim = built.open.front();
  const std::int64_t common = dim.hint.common.empty() ? 0 : *std::ranges::max_element(dim.hint.common);
  return static_cast<std::size_t>(dim.hint.max ? *dim.hint.max : common > 0 ? common : dim.length);
}

}  // namespace

// Labels of texts: those that a lookup finds in them, or the text itself.
std::vector<std::int32_t> NeuralNetwork::State::labels_in(std::string_view text) const {
  const IoRules& rules = output_rules();
  std::vector<std::int32_t> labels;
  for (const std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
    for (const IoStep& step : *steps) {
      if (step.type != "lookup") continue;
      for (const std::size_t place : step.lookup->encode(text, step.path)) labels.push_back(static_cast<std::int32_t>(place));
      return labels;
    }
  return {static_cast<std::int32_t>(label_index(rules, text))};
}

std::size_t NeuralNetwork::State::raw_outputs() const {
  std::size_t count = static_cast<std::size_t>(outputs);
  if (built.outputs.size() != 1) return count;
  const IoRules& rules = output_rules();
  for (const std::vector<IoStep>* steps : {&rules.normalize, &rules.denormalize})
    for (const IoStep& step : *steps)
      if (step.type == "bits" && outputs % step.width == 0) return static_cast<std::size_t>(outputs / step.width);
  return count;
}

// {"left": [1, 0], "right": "cat"}: all outputs by name.
Tensor NeuralNetwork::State::named_target(const Json& object, std::span<const PortInfo> ports) const {
  const std::vector<OutputPart> parts = output_parts();
  std::vector<std::vector<double>> all(parts.size());
  std::vector<bool> given(parts.size(), false);
  for (const auto& [name, value] : object.members()) {
    const std::size_t index = find_port(ports, name, "output");
    const OutputPart& part = parts[index];
    std::vector<double> own;
    if (value.is_text())
      own = normalize_label(*part.rules, value.as_text(), part.size);
    else
      collect_numbers(value, own);
    if (!labels_of(*part.rules).empty()) normalize_target(*part.rules, own, part.size);  // an index becomes one-hot
    if (ports[index].shape.is_concrete() && own.size() != part.size) wrong_size("output " + ports[index].title(), part.size, own.size());
    if (given[index])
      throw Error(Code::invalid_argument, {.message = "output " + ports[index].title() + " is given twice", .reason = "OUTPUT_TWICE",
                                           .hint = "name each output once"});
    given[index] = true;
    all[index] = std::move(own);
  }
  if (const auto missing = std::ranges::find(given, false); missing != given.end()) {
    const PortInfo& port = ports[static_cast<std::size_t>(missing - given.begin())];
    throw Error(Code::invalid_argument, {.message = "there is no value for output " + port.title(), .reason = "OUTPUT_MISSING", .path = port.name,
                                         .hint = "every output gets a value, or {\"$instruction\": \"ignore\"}"});
  }
  std::vector<double> row;
  for (const std::vector<double>& own : all) row.insert(row.end(), own.begin(), own.end());
  return values_of(context, row, static_cast<std::int64_t>(row.size()));
}

Tensor NeuralNetwork::State::target_of(const Json& value, std::span<const PortInfo> ports) const {
  if (value.is_object()) return named_target(value, ports);
  std::vector<std::string> texts;
  collect_texts(value, texts);
  std::vector<double> numbers;
  if (!texts.empty()) {
    for (const std::string& text : texts)
      for (const std::int32_t label : labels_in(text)) numbers.push_back(label);
  } else {
    collect_numbers(value, numbers);
  }
  const bool labels = !texts.empty() || (numbers.size() == 1 && outputs > 1 && raw_outputs() > 1);
  if (labels) {
    const auto wrong = std::ranges::find_if(numbers, [&](double n) { return !(n >= 0 && n < static_cast<double>(outputs) && n == std::trunc(n)); });
    if (wrong != numbers.end())
      throw Error(Code::invalid_argument, {.message = "a label is a whole number below the number of outputs",
                                           .reason = "LABEL",
                                           .expected = "0 to " + std::to_string(outputs - 1),
                                           .actual = write_json(Json::number(*wrong)),
                                           .hint = "the last layer has one output for each label"});
    return Tensor::from(context, DType::i32, Shape{static_cast<std::int64_t>(numbers.size())}, numbers);
  }
  // Of an output whose size follows from the input: that of one sample. What it has to be is known with the data.
  const std::size_t width = outputs == 0 ? numbers.size() : raw_outputs();
  if (numbers.empty() || numbers.size() % width) wrong_size("the output", width, numbers.size());
  return values_of(context, numbers, static_cast<std::int64_t>(width));
}

Dataset NeuralNetwork::read_data(const Dataset& data) const {
  const Dataset read = state_->read(data);
  if (!read.valid() || read.output_kind() != OutputKind::label || state_->built.outputs.size() != 1) return read;
  const std::span<const std::string> labels = labels_of(state_->output_rules());
  const std::vector<std::int32_t> map = map_labels(read, labels);
  bool same = true;
  for (std::size_t i = 0; i < map.size(); ++i) same = same && map[i] == static_cast<std::int32_t>(i);
  return same ? read : relabelled(read, state_->context, map, {labels.begin(), labels.end()});
}

Dataset NeuralNetwork::State::read(const Dataset& given) const {
  if (!given.needs_network()) return given;
  // The functions are used during read_by only.
  const NeuralNetwork network(std::const_pointer_cast<State>(shared_from_this()));
  const std::vector<PortInfo> inputs_by_name = network.inputs(), outputs_by_name = network.outputs();
  InputValues values(network);
  const IoRules& rules = model.io.input_rules(inputs_by_name.front().name, inputs_by_name.front().label);
  const IoStep* const step = text_step(rules);
  SampleReader reader;
  reader.input = [&](const Json& value) {
    values.clear();  // of one that failed
    values.add(value);
    Tensor rows = values.finish();
    // Of one sample: the table has the dimensions of a sample, where those are open.
    const bool one = is_open() && rows.shape().rank() == (inputs_by_name.size() > 1 ? 1 : inputs_by_name.front().shape.rank());
    return one ? rows.reshaped(rows.shape().inserted(0, 1)) : rows;
  };
  reader.output = [&](const Json& value) { return target_of(value, outputs_by_name); };
  reader.tokens = [&](std::string_view text) {
    if (!step || inputs_by_name.size() != 1)
      throw Error(Code::invalid_argument, {.message = "the model has no input that takes texts alone",
                                           .reason = "INPUT_TEXT",
                                           .hint = R"("io": {"input": {"normalize": {"type": "lookup", "vocabulary": ...}}})"});
    return step->lookup->encode(text, step->path);
  };
  reader.is_token = [&](std::string_view text) { return step && step->lookup->find(text); };
  const auto said = labels_of(output_rules());
  reader.label = [&](std::size_t token) {
    const std::vector<std::string>& tokens = step->lookup->tokens();
    const bool same = token < said.size() && said[token] == tokens[token];
    return static_cast<std::int32_t>(same ? token : label_index(output_rules(), tokens[token]));
  };
  if (inputs_by_name.front().shape.is_concrete())
    reader.span = static_cast<std::size_t>(inputs_by_name.front().shape.elements());
  else if (step && inputs_by_name.size() == 1)
    reader.span = window_of(built);
  if (step) reader.padding = step->lookup->padding();
  auto state = std::make_shared<Dataset::State>(given.state());
  state->source = given.state().source->read_by(reader);
  return Dataset(std::move(state));
}

}  // namespace webai
