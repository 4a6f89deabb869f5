// Samples as JSON: [[input, output], ...] or [{"input": ..., "output": ...}, ...], with "RESET" between sequences and null for
// an output that is ignored. All of it is held in memory.
#include <algorithm>
#include <span>

#include "core/base/byte_source.h"
#include "core/model/json.h"
#include "dataset/bytes.h"
#include "dataset/unread.h"
#include "webai/error.hpp"

namespace webai {

std::string read_all(const DataFile& file, std::uint64_t most_bytes) {
  const std::unique_ptr<ByteSource> source = open_unpacked(file);
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (used == text.size()) text.resize(std::max<std::size_t>(2 * used, 1 << 16));
    const std::size_t count = source->read(std::as_writable_bytes(std::span(text.data() + used, text.size() - used)));
    if (count == 0) break;
    used += count;
    if (used > most_bytes) {
      throw Error(Code::limit_exceeded, {.message = "the file is larger than the limit for JSON",
                                         .reason = "JSON_BYTES",
                                         .path = file.name,
                                         .expected = std::to_string(most_bytes) + " bytes at most",
                                         .hint = "write the data as csv: or npy:, which are read as they are needed"});
    }
  }
  text.resize(used);
  return text;
}

namespace {

constexpr std::uint64_t most_values = 100'000'000;  // arrays and numbers of one file; its bytes are bounded as well

/// One side of all samples: numbers of one shape, or texts that become labels.
struct Side {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  Shape shape;
  bool first = true;
};

class JsonPairs {
 public:
  explicit JsonPairs(const DataFile& file) : name_(file.name) {
    Limits limits;
    limits.nodes = most_values;
    try {
      json_ = read_json(read_all(file, limits.json_bytes), limits);
    } catch (const Error& error) {
      if (error.path().starts_with(name_)) throw;
      ErrorDetails details = error.details();
      details.path = details.path.empty() ? name_ : name_ + ": " + details.path;
      throw Error(error.code(), std::move(details));
    }
  }

  /// The list, for samples that only a model can read: their inputs are texts or objects, or their outputs are objects.
  const Json* unread() const {
    for (std::size_t i = 0; json_.is_array() && !json_.is_packed() && i < json_.size(); ++i) {
      const Json sample = json_.at(i);
      const bool pair = sample.is_array() && sample.size() == 2 && !sample.is_packed();
      const Json input = pair ? sample.at(0) : sample.find("input") ? *sample.find("input") : Json();
      const Json output = pair ? sample.at(1) : sample.find("output") ? *sample.find("output") : Json();
      if (needs_model(input, true) || needs_model(output, false)) return &json_;
    }
    return nullptr;
  }

  JsonPairs(std::string name, const Json& samples) : name_(std::move(name)), holder_("the list holds"), json_(samples) {}

  const std::string& name() const { return name_; }

  std::shared_ptr<const Source> source() {
    if (!json_.is_array()) fail("", holder_ + " no list of samples", "[[input, output], ...]", describe(json_), pairs_hint);
    if (json_.size() == 0) fail("", holder_ + " no samples", "one sample or more", "an empty list", pairs_hint);
    bool reset = false;
    for (std::size_t i = 0; i < json_.size(); ++i) {
      const Json sample = json_.at(i);
      if (sample.is_text() && sample.as_text() == "RESET") {
        reset = true;
        continue;
      }
      marks_.push_back(std::exchange(reset, false) ? mark_reset : Marks{0});
      read_sample(sample, i);
    }
    if (marks_.empty()) fail("", holder_ + " no samples", "one sample or more", "nothing but \"RESET\"", pairs_hint);
    if (!output_.first) fill_ignored();
    if (output_.first) fail("", "no sample has an output", "one output or more", "null for each", "null stands for an output that is ignored: give some samples theirs");
    const std::uint64_t samples = marks_.size();
    const auto rows = static_cast<std::int64_t>(samples);
    Description description;
    description.input_type = description.output_type = DType::fp64;
    description.input_shape = input_.shape;
    description.size = samples;
    description.file = name_;
    if (!output_.texts.empty()) {
      number_labels();
      description.labels = labels_;
      description.label_at = first_samples();
      description.kind = OutputKind::label;
      description.class_count = labels_.size();
    } else {
      description.output_shape = output_.shape;
      description.class_count = description.output_shape.elements() == 1
                                    ? count_classes(DType::fp64, output_.numbers.data(), output_.numbers.size())
                                    : std::nullopt;
    }
    const Shape outputs = description.output_shape.inserted(0, rows);
    if (std::all_of(marks_.begin(), marks_.end(), [](Marks marks) { return marks == 0; })) marks_.clear();
    return make_table_source({keep(std::move(input_.numbers), input_.shape.inserted(0, rows)),
                              keep(std::move(output_.numbers), outputs), samples, std::move(marks_)},
                             std::move(description));
  }

 private:
  [[noreturn]] void fail(const std::string& where, std::string message, std::string expected, std::string actual,
                         std::string hint) const {
    throw Error(Code::invalid_argument, {.message = std::move(message),
                                         .reason = "JSON_PAIRS",
                                         .path = where.empty() ? name_ : name_ + ": " + where,
                                         .expected = std::move(expected),
                                         .actual = std::move(actual),
                                         .hint = std::move(hint)});
  }

  static constexpr const char* pairs_hint = "[[[0, 1], [1]], [[1, 1], [0]]]: pairs of input and output";

  [[noreturn]] void mixed_outputs(const std::string& place, std::string expected, std::string actual) const {
    fail(place, "some outputs are texts, some are numbers", std::move(expected), std::move(actual), "write all as labels, or all as numbers");
  }
  [[noreturn]] void side_by_side(const std::string& place, std::string expected, std::string actual) const {
    fail(place, "numbers and arrays stand side by side", std::move(expected), std::move(actual), "nest all of them as deep: [[1, 2], [3, 4]]");
  }

  static bool needs_model(const Json& value, bool texts) {
    if (value.is_object() || (texts && value.is_text())) return true;
    if (!value.is_array() || value.is_packed()) return false;
    for (std::size_t i = 0; i < value.size(); ++i)
      if (needs_model(value.at(i), texts)) return true;
    return false;
  }

  void read_sample(const Json& sample, std::size_t index) {
    const std::string place = "/" + std::to_string(index);
    if (sample.is_object()) {
      for (const Json::Member& member : sample.members()) {
        if (member.first != "input" && member.first != "output")
          fail(pointer_to(place, member.first), "a sample has an input and an output, nothing else", "\"input\" and \"output\"",
               "\"" + member.first + "\"", "take it out, or put its numbers among those of the input");
      }
      const Json *input = sample.find("input"), *output = sample.find("output");
      if (!input || !output) fail(place, input ? "the output is missing" : "the input is missing", "\"input\" and \"output\"", describe(sample),
                                   "an output that is ignored is null: {\"input\": [0, 1], \"output\": null}");
      read_side(*input, input_, place + "/input");
      read_side(*output, output_, place + "/output");
    } else if (sample.is_array() && sample.size() == 2) {
      read_side(sample.at(0), input_, place + "/0");
      read_side(sample.at(1), output_, place + "/1");
    } else {
      fail(place, "this is no sample", "[input, output], or \"RESET\" between sequences", describe(sample), pairs_hint);
    }
  }

  void read_side(const Json& value, Side& side, const std::string& place) {
    if (&side == &output_ && value.is_null()) {  // ignored: its place is filled once outputs are known
      marks_.back() |= mark_ignore;
      return;
    }
    // ["cat"] says the same as "cat".
    const Json only = value.is_array() && value.size() == 1 ? value.at(0) : value;
    if (&side == &output_ && only.is_text()) {
      if (!side.numbers.empty()) mixed_outputs(place, "numbers, as before", describe(only));
      side.texts.push_back(only.as_text());
      side.first = false;
      return;
    }
    if (!side.texts.empty()) mixed_outputs(place, "a text, as before", describe(value));
    Shape shape;
    read_numbers(value, side, shape, 0, true, place);
    if (shape.rank() == 0) shape = Shape{1};  // 5 says the same as [5]
    if (side.first) side.shape = shape;
    if (!(shape == side.shape))
      fail(place, "samples have different shapes", side.shape.text() + ", as in the first sample", shape.text(),
           "all samples have one shape; sequences of open length need a model with a null dimension");
    side.first = false;
    const std::size_t count = static_cast<std::size_t>(shape.elements()), begin = side.numbers.size() - count;
    if (first_not_finite(DType::fp64, side.numbers.data() + begin, count) < count) fail(place, "not a finite number", "finite numbers", "a number that is none in fp64",
                                                                                   "leave such samples out, or put a number in their place");
  }

  void read_numbers(const Json& value, Side& side, Shape& shape, std::size_t axis, bool first, const std::string& place) {
    if (value.is_number()) {
      if (axis != shape.rank()) side_by_side(place, "an array, as beside it", "a number");
      side.numbers.push_back(value.as_number());
      return;
    }
    if (!value.is_array()) fail(place, "this is no number", "numbers, or nested arrays of numbers", describe(value),
                                 "words are taken as outputs only; make numbers of those of an input, by \"io\" or before");
    const auto length = static_cast<std::int64_t>(value.size());
    if (first) {
      if (axis == Shape::max_rank) fail(place, "arrays are nested more than 8 deep", "8 dimensions at most", "more", "put dimensions together");
      shape.append(length);
    } else if (axis >= shape.rank()) {
      side_by_side(place, "a number, as beside it", "an array");
    } else if (shape[axis] != length) {
      fail(place, "arrays beside each other have different lengths", std::to_string(shape[axis]) + " items", std::to_string(length),
           "fill the shorter ones up, or leave such samples out");
    }
    if (value.is_packed()) {
      if (axis + 1 != shape.rank()) side_by_side(place, "arrays, as beside it", "numbers");
      const std::span<const double> numbers = value.as_numbers();
      side.numbers.insert(side.numbers.end(), numbers.begin(), numbers.end());
      return;
    }
    for (std::size_t i = 0; i < value.size(); ++i)
      read_numbers(value.at(i), side, shape, axis + 1, first && i == 0, pointer_to(place, i));
  }

  // Outputs of ignored samples: zeros, or any label.
  void fill_ignored() {
    if (std::none_of(marks_.begin(), marks_.end(), [](Marks marks) { return (marks & mark_ignore) != 0; })) return;
    const auto width = static_cast<std::size_t>(output_.shape.elements());
    std::vector<double> numbers;
    std::vector<std::string> texts;
    std::size_t next = 0;
    for (const Marks marks : marks_) {
      const bool ignored = (marks & mark_ignore) != 0;
      if (!output_.texts.empty()) {
        texts.push_back(ignored ? output_.texts.front() : output_.texts[next]);
      } else {
        for (std::size_t i = 0; i < width; ++i) numbers.push_back(ignored ? 0 : output_.numbers[next * width + i]);
      }
      next += !ignored;
    }
    output_.numbers = std::move(numbers);
    output_.texts = std::move(texts);
  }

  // Labels are numbered in byte order of the texts, as in tables.
  void number_labels() {
    labels_ = output_.texts;
    std::sort(labels_.begin(), labels_.end());
    labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
    for (const std::string& text : output_.texts)
      output_.numbers.push_back(
          static_cast<double>(std::lower_bound(labels_.begin(), labels_.end(), text) - labels_.begin()));
  }

  std::vector<std::uint64_t> first_samples() const {
    std::vector<std::uint64_t> first(labels_.size());
    for (std::size_t i = output_.numbers.size(); i-- > 0;) first[static_cast<std::size_t>(output_.numbers[i])] = i;
    return first;
  }

  static Tensor keep(std::vector<double> values, const Shape& shape) {
    auto held = std::make_shared<std::vector<double>>(std::move(values));
    double* data = held->data();
    return Tensor::wrap(data, DType::fp64, shape, [held = std::move(held)] {});
  }

  std::string name_, holder_ = "the file holds";
  Json json_;
  Side input_, output_;
  std::vector<std::string> labels_;
  std::vector<Marks> marks_;  // one for each sample
};

/// Pairs of which texts and names have to be read by a model. Several rows on both sides are steps of a sequence.
class UnreadPairs final : public UnreadSource {
 public:
  UnreadPairs(std::string name, Json list) : UnreadSource(std::move(name)), list_(std::move(list)) {
    std::uint64_t samples = 0;
    for (std::size_t i = 0; i < list_.size(); ++i) samples += !list_.at(i).is_text();
    description_.size = samples;
  }

 private:
  std::shared_ptr<const Source> read(const SampleReader& reader) const override {
    RowCollector rows(name_);
    bool reset = false;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const Json sample = list_.at(i);
      const std::string place = "/" + std::to_string(i);
      if (sample.is_text() && sample.as_text() == "RESET") {
        reset = true;
        continue;
      }
      const bool pair = sample.is_array() && sample.size() == 2;
      const Json* const named_input = sample.find("input");
      const Json* const named_output = sample.find("output");
      if (!pair && (!named_input || !named_output || sample.size() != 2))
        fail(place, "this is no sample", "[input, output], {\"input\": ..., \"output\": ...}, or \"RESET\" between sequences", describe(sample));
      try {
        const Json output = pair ? sample.at(1) : *named_output;
        rows.add(reader.input(pair ? sample.at(0) : *named_input), output.is_null() ? Tensor() : reader.output(output),
                 std::exchange(reset, false), place);
      } catch (const Error& error) {
        if (error.path().starts_with(name_)) throw;
        ErrorDetails details = error.details();
        details.path = name_ + ": " + place + (details.path.empty() ? "" : ": " + details.path);
        throw Error(error.code(), std::move(details));
      }
    }
    return rows.finish();
  }

  [[noreturn]] void fail(const std::string& where, std::string message, std::string expected, std::string actual) const {
    throw Error(Code::invalid_argument, {.message = std::move(message),
                                         .reason = "JSON_PAIRS",
                                         .path = name_ + ": " + where,
                                         .expected = std::move(expected),
                                         .actual = std::move(actual),
                                         .hint = "[[[0, 1], [1]], [[1, 1], [0]]]: pairs of input and output"});
  }

  Json list_;
};

std::shared_ptr<const Source> source_of(JsonPairs reader) {
  if (const Json* list = reader.unread()) return std::make_shared<UnreadPairs>(reader.name(), *list);
  return reader.source();
}

}  // namespace

std::shared_ptr<const Source> make_text_file_source(const DataFile& file, bool by_lines, std::size_t cuts) {
  std::string text = read_all(file, Limits{}.json_bytes);
  if (!by_lines) return make_text_source(file.name, {std::move(text)}, cuts);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return make_text_source(file.name, std::move(lines), 1);
}

std::shared_ptr<const Source> make_json_source(const DataFile& file) { return source_of(JsonPairs(file)); }
std::shared_ptr<const Source> make_json_source(const Json& samples) { return source_of(JsonPairs("data", samples)); }

}  // namespace webai
