#include "capi/data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "capi/guard.h"
#include "capi/json.h"
#include "capi/options.h"
#include "capi/records.h"
#include "capi/run_values.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

[[noreturn]] void wrong_sample(std::size_t item, std::string message, std::string expected, std::string actual) {
  throw Error(Code::shape_mismatch, {.message = "sample " + std::to_string(item) + ": " + std::move(message),
                                     .reason = "SAMPLE_SIZE",
                                     .path = "/" + std::to_string(item),
                                     .expected = std::move(expected),
                                     .actual = std::move(actual),
                                     .hint = "all samples fit the first and the last layer of the model"});
}

// "reset" or "ignore" for an instruction, else nothing.
std::string_view instruction(webai_value* value) {
  webai_value* const name = member(value, "$instruction");
  return kind_of(name) == WEBAI_STRING ? std::string_view(static_cast<Text*>(name)->value) : std::string_view();
}

// The class that an output names: a text, or a single number where a class is meant.
class Classes {
 public:
  explicit Classes(const NeuralNetwork& network) : names_(network.labels()), outputs_(network.output_size()) {
    for (std::size_t i = 0; i < names_.size(); ++i) numbers_.emplace(names_[i], i);
    const std::vector<PortInfo> outputs = network.outputs();
    outputs_hint_ = names_.empty() ? "labels stand in \"io\": {\"output\": {\"denormalize\": {\"type\": \"one-hot-to-label\", \"labels\": [..]}}}"
                                   : "the model's first label is \"" + names_.front() + "\"";
    if (outputs.size() > 1) outputs_hint_ = "of several outputs name each: {" + outputs.front().title() + ": .., " + outputs[1].title() + ": ..}";
  }

  static bool names_one(webai_value* output, std::size_t outputs) {
    if (kind_of(output) == WEBAI_STRING) return true;
    if (outputs < 2) return false;
    if (kind_of(output) == WEBAI_NUMBER) return true;
    return kind_of(output) == WEBAI_LIST && static_cast<List*>(output)->size() == 1 &&
           names_one(first(output), outputs);
  }

  std::int32_t number(const Sample& sample) const {
    webai_value* const output = kind_of(sample.output) == WEBAI_LIST ? first(sample.output) : sample.output;
    if (kind_of(output) == WEBAI_STRING) {
      const auto known = numbers_.find(static_cast<Text*>(output)->value);
      if (known == numbers_.end())
        throw Error(Code::invalid_argument,
                    {.message = "sample " + std::to_string(sample.item) + ": \"" + static_cast<Text*>(output)->value +
                                "\" is no label of the model",
                     .reason = "LABEL",
                     .path = "/" + std::to_string(sample.item),
                     .hint = outputs_hint_});
      return static_cast<std::int32_t>(known->second);
    }
    if (kind_of(output) != WEBAI_NUMBER) wrong_item(sample.item, "the name or number of a class", output);
    const double given = static_cast<Number*>(output)->value;
    if (!(given >= 0 && given < static_cast<double>(outputs_) && given == std::floor(given)))
      wrong_sample(sample.item, "an output for " + std::to_string(outputs_) + " classes", "a whole number below it",
                   std::to_string(given));
    return static_cast<std::int32_t>(given);
  }

 private:
  static webai_value* first(webai_value* list) { return static_cast<List*>(list)->at(0); }
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::size_t outputs_;
  std::string outputs_hint_;
};

void fill_row(Tensor& table, std::size_t row, const Sample& sample, webai_value* values, const char* what) {
  const auto width = static_cast<std::size_t>(table.shape()[1]);
  void* const at = static_cast<std::byte*>(table.data()) + row * width * size_of(table.type());
  const std::size_t count = collect_numbers(values, table.type(), at, width, what);
  if (count != width)
    wrong_sample(sample.item,
                 std::string("the ") + what + " has " + std::to_string(count) + " values, the network's has " +
                     std::to_string(width),
                 std::to_string(width), std::to_string(count));
}

// A sample's side as JSON; tensors become arrays.
Json json_of(webai_value* value) { return json_from_value(value, TensorForm::array); }

bool holds_codes(webai_value* value, DType type) {
  return kind_of(value) == WEBAI_TENSOR && static_cast<TensorValue*>(value)->tensor().type() == type;
}

// Whether some tensor is of the integer type of the model: its numbers are codes, as they are in a run.
bool any_holds_codes(List& list, Layout layout, DType type) {
  bool found = false;
  each_sample(list, layout, [&](const Sample& sample) {
    found = found || holds_codes(sample.input, type) || (!sample.ignored && holds_codes(sample.output, type));
  });
  return found;
}

// A sample whose tensors stay what they are.
Item item_with_codes(const Context& context, const NeuralNetwork& network, const Sample& sample) {
  const auto side = [&](webai_value* value, const char* what) {
    return holds_codes(value, network.data_type()) ? static_cast<TensorValue*>(value)->tensor().clone(context)
                                                   : tensor_from_value(context, network.number_type(), value, what);
  };
  Item item{side(sample.input, "input"), {}, sample.reset, sample.ignored};
  if (sample.ignored) return item;
  if (kind_of(sample.output) == WEBAI_STRING) {
    const double label = Classes(network).number(sample);
    item.output = Tensor::from(context, DType::i32, Shape{}, std::span<const double>(&label, 1));
  } else {
    item.output = side(sample.output, "output");
  }
  return item;
}

Dataset items_with_codes(const Context& context, const NeuralNetwork& network, List& list, Layout layout) {
  std::vector<Item> items;
  bool reset = false;
  each_sample(list, layout, [&](const Sample& sample) {
    items.push_back(item_with_codes(context, network, sample));
    items.back().reset |= std::exchange(reset, false);
  }, [&] { reset = true; });
  return Dataset::from(items);
}

Dataset from_list(const Context& context, const NeuralNetwork& network, List& list, Layout layout) {
  if (network.has_open_dimensions() || any_needs_network(list, layout)) return unread_list(list, layout);
  if (!network.is_built() && any_names_labels(list, layout)) return unread_list(list, layout);
  if (!is_floating(network.data_type()) && any_holds_codes(list, layout, network.data_type()))
    return items_with_codes(context, network, list, layout);
  if (network.target_size() != network.output_size()) return unread_list(list, layout);
  std::vector<Sample> samples;
  std::vector<Mark> marks;
  bool reset = false;
  const auto take = [&](const Sample& sample) {
    const bool begins = std::exchange(reset, false) || sample.reset;
    if (!network.is_stateful() && sample.ignored) return;
    samples.push_back(sample);
    marks.push_back(network.is_stateful() ? Mark{begins, sample.ignored} : Mark{});
  };
  each_sample(list, layout, take, [&] { reset = true; });
  const auto judged = std::ranges::find(samples, false, &Sample::ignored);
  if (judged == samples.end()) refuse(Code::invalid_argument, "EMPTY_DATA", "the data holds no samples", "give one sample or more");
  const auto rows = static_cast<std::int64_t>(samples.size());
  // Of a model without layers the first sample says how long they are.
  const DType type = list_type(network);
  const std::size_t input_size = network.is_built() ? network.input_size() : collect_numbers(judged->input, type, nullptr, 0, "input");
  Tensor inputs = Tensor::uninitialised(context, type, Shape{rows, static_cast<std::int64_t>(input_size)});
  for (std::size_t row = 0; row < samples.size(); ++row)
    fill_row(inputs, row, samples[row], samples[row].input, "input");
  if (Classes::names_one(judged->output, network.output_size())) {
    const Classes classes(network);
    Tensor labels = Tensor::uninitialised(context, DType::i32, Shape{rows});
    for (std::size_t row = 0; row < samples.size(); ++row)
      if (!samples[row].ignored) labels.span<std::int32_t>()[row] = classes.number(samples[row]);
    return marked(inputs, labels, marks);
  }
  const std::size_t output_size = network.is_built() ? network.output_size() : collect_numbers(judged->output, type, nullptr, 0, "output");
  Tensor outputs = Tensor::uninitialised(context, type, Shape{rows, static_cast<std::int64_t>(output_size)});
  for (std::size_t row = 0; row < samples.size(); ++row)
    if (!samples[row].ignored) fill_row(outputs, row, samples[row], samples[row].output, "output");
  return marked(inputs, outputs, marks);
}

Dataset from_columns(const Context& context, const NeuralNetwork& network, webai_value* data) {
  webai_value* const input = member(data, "input");
  webai_value* const output = member(data, "output");
  if (!input || !output)
    refuse(Code::invalid_argument, "DATA_LAYOUT", "data given as a map needs \"input\" and \"output\"",
           "{\"input\": [[0, 1], [1, 1]], \"output\": [[1], [0]]}: a row for each sample; or {\"text\": \"...\"}");
  const auto column = [&](webai_value* value, const char* name) {
    return kind_of(value) == WEBAI_TENSOR ? static_cast<TensorValue*>(value)->tensor()
                                          : tensor_from_value(context, list_type(network), value, name);
  };
  return Dataset::from(column(input, "input"), column(output, "output"));
}

}  // namespace

bool any_needs_network(List& list, Layout layout) {
  bool found = false;
  each_sample(list, layout, [&](const Sample& sample) {
    found = found || needs_network(sample.input) || (!sample.ignored && kind_of(sample.output) == WEBAI_MAP);
  });
  return found;
}

bool any_names_labels(List& list, Layout layout) {
  bool found = false;
  each_sample(list, layout, [&](const Sample& sample) {
    webai_value* output = sample.output;
    if (kind_of(output) == WEBAI_LIST && static_cast<List*>(output)->size() == 1) output = static_cast<List*>(output)->at(0);
    found = found || (!sample.ignored && kind_of(output) == WEBAI_STRING);
  });
  return found;
}

Dataset unread_list(List& list, Layout layout) {
  std::vector<Json> pairs;
  const auto reset = [&] { pairs.push_back(Json::text("RESET")); };
  each_sample(list, layout, [&](const Sample& sample) {
    if (sample.reset) reset();
    pairs.push_back(Json::array({json_of(sample.input), sample.ignored ? Json() : json_of(sample.output)}));
  }, reset);
  return Dataset::json(Json::array(std::move(pairs)));
}

std::string item_title(std::size_t item) {
  return item == from_map ? "what the function of map gave" : "item " + std::to_string(item) + " of the data";
}
std::string item_path(std::size_t item) { return item == from_map ? "map" : "/" + std::to_string(item); }

void wrong_item(std::size_t item, const char* expected, const webai_value* actual) {
  throw Error(Code::invalid_argument,
              {.message = item_title(item) + " is " + std::string(kind_name(kind_of(actual))),
               .reason = "DATA_LAYOUT",
               .path = item_path(item),
               .expected = expected,
               .actual = std::string(kind_name(kind_of(actual))),
               .hint = item == from_map ? "give the sample back as it came, or changed: {\"input\": [1, 2], \"output\": [0]}"
                                        : "option \"layout\" is \"pairs\", \"flat\" or \"objects\""});
}

Sample sample_from_value(webai_value* value) {
  Sample sample{0, nullptr, nullptr, false, false};
  if (kind_of(value) == WEBAI_MAP) {
    webai_value* const reset = member(value, "reset");
    sample.reset = kind_of(reset) == WEBAI_BOOL && static_cast<Boolean*>(reset)->value;
    sample.input = member(value, "input");
    sample.output = member(value, "output");
  } else if (kind_of(value) == WEBAI_LIST && static_cast<List*>(value)->size() == 2) {
    sample.input = static_cast<List*>(value)->at(0);
    sample.output = static_cast<List*>(value)->at(1);
  }
  if (sample.output) sample.ignored = instruction(sample.output) == "ignore";
  return sample;
}

void each_sample(List& list, Layout layout, const std::function<void(const Sample&)>& take,
                 const std::function<void()>& reset) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t place = i;
    webai_value* const item = list.at(i);
    if (instruction(item) == "reset") {
      if (reset) reset();
      continue;
    }
    Sample sample{};
    if (layout == Layout::flat) {
      if (++i == list.size())
        refuse(Code::invalid_argument, "DATA_LAYOUT", "the data ends with an input that has no output",
               "in the layout \"flat\" inputs and outputs take turns; an output may be {\"$instruction\": \"ignore\"}");
      sample.input = item;
      sample.output = list.at(i);
      sample.ignored = sample.output && instruction(sample.output) == "ignore";
    } else {
      const bool objects = layout == Layout::objects;
      if (kind_of(item) != (objects ? WEBAI_MAP : WEBAI_LIST))
        wrong_item(place, objects ? "{\"input\": ..., \"output\": ...}" : "[input, output]", item);
      sample = sample_from_value(item);
    }
    if (!sample.input || !sample.output) wrong_item(place, "an input and an output", item);
    sample.item = place;
    take(sample);
  }
}

Tensor records_from_list(const webai_context& context, const NeuralNetwork& network, List& list, Layout layout) {
  DataEncoder encoder(network);
  const auto take = [&](const Sample& sample) {
    try {
      if (sample.reset) encoder.reset();
      const DType type = network.data_type();
      const bool codes = !is_floating(type) && (holds_codes(sample.input, type) || (!sample.ignored && holds_codes(sample.output, type)));
      if (codes)
        encoder.push(item_with_codes(context.core(), network, {sample.item, sample.input, sample.output, sample.ignored, false}));
      else if (sample.ignored)
        encoder.push_ignored(json_of(sample.input));
      else
        encoder.push(json_of(sample.input), json_of(sample.output));
    } catch (const Error& error) {
      ErrorDetails details = error.details();
      if (error.code() == Code::shape_mismatch) details.reason = "SAMPLE_SIZE";
      details.message = "sample " + std::to_string(sample.item) + ": " + details.message;
      details.path = "/" + std::to_string(sample.item);
      throw Error(error.code(), std::move(details));
    }
  };
  each_sample(list, layout, take, [&] { encoder.reset(); });
  return encoder.pull();
}

std::optional<Dataset> text_data(webai_value* map) {
  webai_value* const text = member(map, "text");
  if (!text) return {};
  Options how(map);
  return Dataset::text(expect<Text>(text, "text").value, how.count("sequences", 1));
}

DatasetValue* dataset_of(webai_value* data) noexcept {
  return kind_of(data) == WEBAI_DATASET ? static_cast<DatasetValue*>(data) : nullptr;
}

Layout layout_from_name(const std::string& name) {
  if (name == "pairs") return Layout::pairs;
  if (name == "flat") return Layout::flat;
  if (name == "objects") return Layout::objects;
  throw Error(Code::invalid_argument, {.message = "option \"layout\" is \"" + name + "\"",
                                       .reason = "OPTION",
                                       .path = "layout",
                                       .expected = "\"pairs\", \"flat\" or \"objects\"",
                                       .actual = "\"" + name + "\"",
                                       .hint = "leave it out for [[input, output], ...]"});
}

Dataset data_from_value(const webai_context& context, const NeuralNetwork& network, webai_value* data, Layout layout) {
  if (!data) missing("data");
  check_context(context, data);
  switch (data->kind) {
    case WEBAI_LIST:
      return from_list(context.core(), network, *static_cast<List*>(data), layout);
    case WEBAI_TENSOR:
      return from_records(context.core(), network, static_cast<TensorValue*>(data)->tensor());
    case WEBAI_STREAM:
      return from_records(context.core(), network, all_records(context.core(), *static_cast<StreamValue*>(data)));
    case WEBAI_DATASET:
      return static_cast<DatasetValue*>(data)->dataset;
    case WEBAI_MAP:
      if (const auto text = text_data(data)) return *text;
      return from_columns(context.core(), network, data);
    default:
      wrong_kind("data", "a list, a map of columns, a tensor, a dataset or a stream of tensors", data);
  }
}

}  // namespace webai::capi
