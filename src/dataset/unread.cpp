#include "dataset/unread.h"

#include <algorithm>

#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void fail(const std::string& name, const std::string& where, std::string message, std::string hint,
                       std::string expected = {}, std::string actual = {}) {
  throw Error(Code::invalid_argument, {.message = std::move(message),
                                       .reason = "SAMPLES",
                                       .path = where.empty() ? name : name + ": " + where,
                                       .expected = std::move(expected),
                                       .actual = std::move(actual),
                                       .hint = std::move(hint)});
}

std::size_t rows_of(const Tensor& tensor) {
  return tensor.shape().rank() >= 2 || is_integer(tensor.type()) ? static_cast<std::size_t>(tensor.shape()[0]) : 1;
}

Tensor kept(std::vector<double> values, const Shape& shape) {
  auto held = std::make_shared<std::vector<double>>(std::move(values));
  double* const data = held->data();
  return Tensor::wrap(data, DType::fp64, shape, [held = std::move(held)] {});
}

Tensor kept(std::vector<std::int32_t> values, const Shape& shape) {
  auto held = std::make_shared<std::vector<std::int32_t>>(std::move(values));
  std::int32_t* const data = held->data();
  return Tensor::wrap(data, DType::i32, shape, [held = std::move(held)] {});
}

class TextSource final : public UnreadSource {
 public:
  TextSource(std::string name, std::vector<std::string> texts, std::size_t cuts)
      : UnreadSource(std::move(name)), texts_(std::move(texts)), cuts_(cuts) {
    description_.output_type = DType::i32;
    description_.kind = OutputKind::label;
  }

 private:
  std::shared_ptr<const Source> read(const SampleReader& reader) const override {
    Rows rows;
    const bool lines = texts_.size() > 1;
    for (const std::string& text : texts_)
      add(reader, reader.tokens(lines && reader.is_token("\n") ? text + "\n" : text), rows);
    if (rows.labels.empty()) fail(name_, "", "the text is too short to learn from", "give a longer text", "two tokens at least");
    const auto count = static_cast<std::int64_t>(rows.labels.size());
    Description description = description_;
    description.input_type = DType::i32;
    description.input_shape = Shape{static_cast<std::int64_t>(reader.span)};
    description.output_shape = Shape{};
    description.size = rows.labels.size();
    description.class_count = static_cast<std::uint64_t>(*std::ranges::max_element(rows.labels)) + 1;
    const std::uint64_t samples = rows.labels.size();
    return make_table_source({kept(std::move(rows.inputs), description.input_shape.inserted(0, count)),
                              kept(std::move(rows.labels), Shape{count}), samples, std::move(rows.marks)},
                             description);
  }

  struct Rows {
    std::vector<std::int32_t> inputs, labels;
    std::vector<Marks> marks;
  };

  void add(const SampleReader& reader, const std::vector<std::size_t>& tokens, Rows& rows) const {
    // Without something to stand in front of the beginning, the first sample is the first whole window.
    const std::size_t first = reader.padding ? 0 : reader.span - 1;
    if (tokens.size() < first + 2) return;
    const std::size_t samples = tokens.size() - 1 - first;
    const std::size_t length = std::max<std::size_t>(1, (samples + cuts_ - 1) / cuts_);
    for (std::size_t i = 0; i < samples; ++i) {
      const std::size_t last = first + i;  // of the window
      for (std::size_t back = reader.span; back-- > 0;)
        rows.inputs.push_back(static_cast<std::int32_t>(back > last ? *reader.padding : tokens[last - back]));
      rows.labels.push_back(reader.label(tokens[last + 1]));
      rows.marks.push_back(i % length == 0 ? mark_reset : Marks{0});
    }
  }

  std::vector<std::string> texts_;
  std::size_t cuts_;
};

}  // namespace

UnreadSource::UnreadSource(std::string name) : name_(std::move(name)) {
  description_.input_type = DType::fp64;
  description_.input_shape = Shape{0};
}

std::unique_ptr<Reader> UnreadSource::open() const {
  fail(name_, "", "these samples hold texts or name inputs: only a network can read them",
       "hand them to train or verify, or give numbers", "data for train, verify or compute_gradients");
}

void RowCollector::add(const Tensor& input, const Tensor& output, bool reset, const std::string& place) {
  const std::size_t rows = rows_of(input);
  const Shape sample = input.shape().rank() >= 2 ? input.shape().without(0) : input.shape();
  if (!marks_.empty() && sample != input_shape_)
    fail(name_, place, "samples have different sizes",
         "give all the same size; sequences of open length need a model with a null dimension", input_shape_.text(), sample.text());
  input_shape_ = sample;
  for (std::size_t i = 0; i < input.elements(); ++i) inputs_.push_back(input.at(i));
  const bool ignored = output.empty();
  for (std::size_t row = 0; row < rows; ++row)
    marks_.push_back(static_cast<Marks>((reset && row == 0 ? mark_reset : 0) | (ignored ? mark_ignore : 0)));
  if (ignored) {
    outputs_.resize(marks_.size() * std::max<std::size_t>(output_width_, 1));
    return;
  }
  const bool labels = is_integer(output.type());
  if (rows_of(output) != rows)
    fail(name_, place, "input and output have different lengths",
         "a sequence has one output for each of its steps", std::to_string(rows) + " outputs", std::to_string(rows_of(output)));
  if (any_output_ && labels != labels_) fail(name_, place, "some outputs are labels, some are numbers",
                                              "write all as labels, or all as numbers");
  if (any_output_ && output.elements() / rows != output_width_)
    fail(name_, place, "outputs have different sizes", "give all outputs the same size", std::to_string(output_width_), std::to_string(output.elements() / rows));
  if (!any_output_) {  // the ignored ones before it get as much room
    output_width_ = output.elements() / rows;
    outputs_.assign((marks_.size() - rows) * output_width_, 0);
  }
  any_output_ = true;
  labels_ = labels;
  for (std::size_t i = 0; i < output.elements(); ++i) outputs_.push_back(output.at(i));
}

std::shared_ptr<const Source> RowCollector::finish() {
  if (marks_.empty()) fail(name_, "", "the data holds no samples", "give one sample or more");
  if (!any_output_) fail(name_, "", "no sample has an output", "give one output or more: [input, output]");
  const auto rows = static_cast<std::int64_t>(marks_.size());
  Description description;
  description.input_type = DType::fp64;
  description.input_shape = input_shape_;
  description.output_type = labels_ ? DType::i32 : DType::fp64;
  description.kind = labels_ ? OutputKind::label : OutputKind::values;
  description.output_shape = labels_ ? Shape{} : Shape{static_cast<std::int64_t>(output_width_)};
  description.size = marks_.size();
  if (labels_) description.class_count = count_classes(DType::fp64, outputs_.data(), outputs_.size());
  Tensor outputs = labels_ ? kept(std::vector<std::int32_t>(outputs_.begin(), outputs_.end()), Shape{rows})
                           : kept(std::move(outputs_), description.output_shape.inserted(0, rows));
  const std::uint64_t samples = marks_.size();
  if (std::ranges::all_of(marks_, [](Marks marks) { return marks == 0; })) marks_.clear();
  return make_table_source({kept(std::move(inputs_), description.input_shape.inserted(0, rows)), std::move(outputs), samples, std::move(marks_)},
                           description);
}

std::shared_ptr<const Source> make_text_source(std::string name, std::vector<std::string> texts, std::size_t cuts) {
  if (cuts == 0) fail(name, "", "a text is cut into one sequence at least", "leave the number out for one");
  return std::make_shared<TextSource>(std::move(name), std::move(texts), cuts);
}

}  // namespace webai
