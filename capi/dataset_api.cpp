// Entry points of datasets: made from values or functions of the host, and their steps.
#include <cmath>
#include <utility>

#include "capi/data.h"
#include "capi/dataset.h"
#include "capi/function.h"
#include "capi/guard.h"
#include "capi/options.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

constexpr std::uint32_t most_steps = 1000;

Value make_dataset(webai_context& context, Dataset dataset, bool loop_thread, std::uint32_t steps = 0) {
  if (steps > most_steps)
    refuse(Code::limit_exceeded, "DATASET_STEPS", "a dataset has at most " + std::to_string(most_steps) + " steps",
           "say in one step what several say: one slice may skip, take, repeat and split");
  return make<DatasetValue>(context, 0, std::move(dataset), loop_thread, steps);
}

// How outputs become tensors: labels by name or number, or values.
class ItemReader {
 public:
  /// Of what is made of samples. Where those have labels, whole numbers are such.
  ItemReader(const Context& context, bool follows_labels) : context_(context), follows_labels_(follows_labels) {}
  ItemReader(const Context& context, webai_value* labels) : context_(context) {
    if (kind_of(labels) == WEBAI_BOOL) {
      are_numbers_ = static_cast<Boolean*>(labels)->value;
    } else if (labels) {
      List& list = expect<List>(labels, "labels");
      for (std::size_t i = 0; i < list.size(); ++i) names_.push_back(expect<Text>(list.at(i), "labels").value);
    }
  }

  const std::vector<std::string>& names() const { return names_; }

  Item read(const Sample& sample) const {
    if (both_are_codes(sample))
      return {static_cast<TensorValue*>(sample.input)->tensor().clone(context_),
              sample.ignored ? Tensor() : static_cast<TensorValue*>(sample.output)->tensor().clone(context_), sample.reset, sample.ignored};
    return {tensor_from_value(context_, DType::fp64, sample.input, "input"),
            sample.ignored ? Tensor() : output(sample), sample.reset, sample.ignored};
  }

 private:
  // Tensors of one integer type on both sides stay what they are: codes for a model of that type.
  bool both_are_codes(const Sample& sample) const {
    if (kind_of(sample.input) != WEBAI_TENSOR) return false;
    const DType type = static_cast<TensorValue*>(sample.input)->tensor().type();
    if (!is_integer(type) || sample.ignored) return is_integer(type) && codes_;
    if (kind_of(sample.output) != WEBAI_TENSOR) return false;
    const Tensor& output = static_cast<TensorValue*>(sample.output)->tensor();
    return codes_ = output.type() == type && output.shape().rank() > 0;  // a scalar is a label
  }
  Tensor output(const Sample& sample) const {
    if (kind_of(sample.output) == WEBAI_STRING) {
      const auto at = std::find(names_.begin(), names_.end(), static_cast<Text*>(sample.output)->value);
      if (at == names_.end())
        throw Error(Code::invalid_argument, {.message = item_title(sample.item) + ": unknown label \"" +
                                                        static_cast<Text*>(sample.output)->value + "\"",
                                             .reason = "LABEL",
                                             .path = item_path(sample.item),
                                             .expected = names_.empty() ? "numbers" : "one of the option \"labels\"",
                                             .actual = "\"" + static_cast<Text*>(sample.output)->value + "\"",
                                             .hint = "name the labels in the option \"labels\""});
      return label(static_cast<double>(at - names_.begin()));
    }
    if (kind_of(sample.output) == WEBAI_TENSOR)  // a label as an item hands it out
      if (const Tensor& tensor = static_cast<TensorValue*>(sample.output)->tensor(); tensor.shape().rank() == 0 && is_integer(tensor.type()))
        return label(tensor.at(0));
    const bool number = kind_of(sample.output) == WEBAI_NUMBER;
    if (number && (are_numbers_ || (follows_labels_ && is_label(static_cast<Number*>(sample.output)->value))))
      return label(static_cast<Number*>(sample.output)->value);
    return tensor_from_value(context_, DType::fp64, sample.output, "output");
  }

  static bool is_label(double number) { return number >= 0 && number < 2147483648.0 && number == std::floor(number); }
  Tensor label(double number) const {
    if (!is_label(number))
      throw Error(Code::invalid_argument, {.message = "a label is a whole number, 0 or more",
                                           .reason = "LABEL",
                                           .expected = "0, 1, 2, ...",
                                           .actual = std::to_string(number),
                                           .hint = "leave the option \"labels\" out where outputs are values"});
    return Tensor::from(context_, DType::i32, Shape{}, std::span<const double>(&number, 1));
  }

  Context context_;
  std::vector<std::string> names_;
  bool are_numbers_ = false, follows_labels_ = false;
  mutable bool codes_ = false;  // so was the last sample that is judged
};

Item item_from(webai_context& context, const ItemReader& reader, webai_value* value, std::size_t index) {
  check_context(context, value);
  Sample sample = sample_from_value(value);
  if (!sample.input || !sample.output) wrong_item(index, "[input, output] or {\"input\": ..., \"output\": ...}", value);
  sample.item = index;
  return reader.read(sample);
}

Value from_list(webai_context& context, List& list, Layout layout, const ItemReader& reader) {
  // Names and texts mean something to a network only, and so do words that are not numbered here.
  if (any_needs_network(list, layout) || (reader.names().empty() && any_names_labels(list, layout)))
    return make_dataset(context, unread_list(list, layout), false);
  std::vector<Item> items;
  bool reset = false, judged = false;
  const auto take = [&](const Sample& sample) {
    items.push_back(reader.read(sample));
    items.back().reset |= std::exchange(reset, false);
    judged |= !sample.ignored;
  };
  each_sample(list, layout, take, [&] { reset = true; });
  if (!judged) refuse(Code::invalid_argument, "EMPTY_DATA", "the dataset holds no samples", "give one sample or more whose output is not ignored");
  return make_dataset(context, Dataset::from(items).with_labels(reader.names()), false);
}

Value from(webai_context& context, webai_value* source, webai_value* given) {
  if (!source) missing("source");
  check_context(context, source);
  check_context(context, given);
  Options opts(given);
  const Layout layout = layout_from_name(opts.text("layout", "pairs"));
  const ItemReader reader(context.core(), opts.find("labels"));
  opts.finish(context, "datasetFrom");
  switch (source->kind) {
    case WEBAI_LIST:
      return from_list(context, *static_cast<List*>(source), layout, reader);
    case WEBAI_DATASET:
      return Value::share(source);
    case WEBAI_MAP: {
      if (const auto text = text_data(source)) return make_dataset(context, *text, false);
      const auto column = [&](std::string_view name) {
        return tensor_from_value(context.core(), DType::fp64, member(source, name), name);
      };
      const auto kept = [&](std::string_view name) {
        webai_value* const value = member(source, name);
        if (!value) missing(name);
        return value->kind == WEBAI_TENSOR ? static_cast<TensorValue*>(value)->tensor() : column(name);
      };
      return make_dataset(context, Dataset::from(kept("input"), kept("output")), false);
    }
    case WEBAI_FUNCTION: {
      auto function = Ref<Function>::share(static_cast<Function*>(source));
      const bool loop_thread = !function->any_thread();
      return make_dataset(context, Dataset::from([&context, function, reader](std::size_t index, Item& item) {
                            const Value number = make_number(context, static_cast<double>(index));
                            webai_value* const argument = number.get();
                            const Value answer = function->call({&argument, 1});
                            if (!answer) return false;
                            item = item_from(context, reader, answer.get(), index);
                            return true;
                          }).with_labels(reader.names()),
                          loop_thread);
    }
    case WEBAI_STRING:
      refuse(Code::denied, "FETCH", "this context cannot fetch data by its address",
             "read the data in the host and give it as a list, a tensor or a function");
    default:
      wrong_kind("source", "a list, a map of columns, a function or a text", source);
  }
}

Value map(webai_context& context, DatasetValue& dataset, webai_value* given) {
  check_context(context, given);
  auto function = Ref<Function>::share(&expect<Function>(given, "fn"));
  const ItemReader reader(context.core(), false), of_labels(context.core(), true);
  return make_dataset(context, dataset.dataset.map([&context, function, reader, of_labels](const Item& item) {
    const bool labelled = !item.ignore && item.output.shape().rank() == 0 && is_integer(item.output.type());
    const Value value = value_of_item(context, item);
    webai_value* const argument = value.get();
    const Value answer = function->call({&argument, 1});
    return item_from(context, labelled ? of_labels : reader, answer.get(), from_map);
  }),
                      dataset.loop_thread || !function->any_thread(), dataset.steps + 1);
}

Value slice(webai_context& context, DatasetValue& dataset, webai_value* given) {
  check_context(context, given);
  Options opts(given);
  Dataset result = dataset.dataset;
  std::uint32_t steps = dataset.steps;
  if (opts.find("split")) {
    const auto parts = result.split(opts.number("split", 0));
    const std::size_t part = opts.count("part", 0);
    if (part > 1) refuse(Code::invalid_argument, "OPTION", "slice: \"part\" is 0 or 1", "0 is the first part, 1 the rest");
    result = part ? parts.second : parts.first;
    ++steps;
  } else if (opts.find("part")) {
    refuse(Code::invalid_argument, "OPTION", "slice: \"part\" goes with \"split\"",
           "{\"split\": 0.8, \"part\": 1} is the last fifth");
  }
  if (opts.find("skip")) result = result.skip(opts.count("skip", 0)), ++steps;
  if (opts.find("take")) result = result.take(opts.count("take", 0)), ++steps;
  if (webai_value* const times = opts.find("repeat")) {
    const bool endless = kind_of(times) == WEBAI_BOOL;
    if (!endless)
      result = result.repeat(opts.count("repeat", 1));
    else if (static_cast<Boolean*>(times)->value)
      result = result.repeat();
    ++steps;
  }
  opts.finish(context, "slice");
  return make_dataset(context, std::move(result), dataset.loop_thread, steps);
}

}  // namespace

// Copied: the library's memory is gone after the call.
Value value_of_item(webai_context& context, const Item& item) {
  std::vector<Map::Entry> entries;
  entries.emplace_back("input", make_tensor(context, item.input.clone(context.core())));
  entries.emplace_back("output", item.ignore ? make_map(context, {{"$instruction", make_text(context, "ignore")}})
                                             : make_tensor(context, item.output.clone(context.core())));
  if (item.reset) entries.emplace_back("reset", make_boolean(context, true));
  return make_map(context, std::move(entries));
}

}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_dataset_from(webai_context* ctx, webai_value* source, webai_value* opts, webai_dataset** out,
                                webai_error** err) {
  return produced(ctx, out, err, [&] { return from(required(ctx, "ctx"), source, opts); });
}

webai_status webai_dataset_map(webai_dataset* dataset, webai_function* fn, webai_dataset** out, webai_error** err) {
  return produced_by<DatasetValue>(dataset, "dataset", out, err, [&](DatasetValue& given, webai_context& context) {
    return map(context, given, fn);
  });
}

webai_status webai_dataset_shuffle(webai_dataset* dataset, size_t buffer_size, webai_dataset** out, webai_error** err) {
  return produced_by<DatasetValue>(dataset, "dataset", out, err, [&](DatasetValue& given, webai_context& context) {
    return make_dataset(context, given.dataset.shuffle(buffer_size), given.loop_thread, given.steps + 1);
  });
}

webai_status webai_dataset_batch(webai_dataset* dataset, size_t batch_size, webai_dataset** out, webai_error** err) {
  return produced_by<DatasetValue>(dataset, "dataset", out, err, [&](DatasetValue& given, webai_context& context) {
    return make_dataset(context, given.dataset.batch(batch_size), given.loop_thread, given.steps + 1);
  });
}

webai_status webai_dataset_prefetch(webai_dataset* dataset, size_t count, webai_dataset** out, webai_error** err) {
  return produced_by<DatasetValue>(dataset, "dataset", out, err, [&](DatasetValue& given, webai_context& context) {
    // Functions of the loop thread cannot be called ahead on another one, and a context without threads has none.
    const bool ahead = !given.loop_thread && context.core().executor().width() > 1;
    return make_dataset(context, ahead ? given.dataset.prefetch(count) : given.dataset, given.loop_thread,
                        given.steps + 1);
  });
}

webai_status webai_dataset_slice(webai_dataset* dataset, webai_value* opts, webai_dataset** out, webai_error** err) {
  return produced_by<DatasetValue>(dataset, "dataset", out, err, [&](DatasetValue& given, webai_context& context) {
    return slice(context, given, opts);
  });
}

}  // extern "C"
