// Sources that need no file: tensors, lists, and a function of the program.
#include <algorithm>
#include <cstring>

#include "dataset/state.h"
#include "webai/error.hpp"

namespace webai {

namespace {

class TableReader final : public Reader {
 public:
  TableReader(std::shared_ptr<const Table> table, const Description& description)
      : table_(std::move(table)), input_bytes_(description.input_bytes()), output_bytes_(description.output_bytes()) {}
  void rewind() override { position_ = 0; }
  bool read(std::byte* input, std::byte* output) override {
    if (position_ == table_->samples) return false;
    copy(table_->inputs, input, input_bytes_);
    copy(table_->outputs, output, output_bytes_);
    ++position_;
    return true;
  }
  Marks marks() const override { return table_->marks.empty() ? Marks{0} : table_->marks[position_ - 1]; }

 private:
  void copy(const Tensor& from, std::byte* to, std::size_t bytes) const {
    if (bytes != 0) std::memcpy(to, static_cast<const std::byte*>(from.data()) + position_ * bytes, bytes);
  }
  std::shared_ptr<const Table> table_;
  std::size_t input_bytes_, output_bytes_;
  std::uint64_t position_ = 0;
};

class TableSource final : public Source {
 public:
  TableSource(std::shared_ptr<const Table> table, Description description)
      : table_(std::move(table)), description_(std::move(description)) {}
  const Description& description() const override { return description_; }
  std::unique_ptr<Reader> open() const override { return std::make_unique<TableReader>(table_, description_); }
  std::shared_ptr<const Table> table(const Context&) const override { return table_; }

 private:
  std::shared_ptr<const Table> table_;
  Description description_;
};

class CallbackReader final : public Reader {
 public:
  CallbackReader(Dataset::ItemFunction function, Description description)
      : function_(std::move(function)), description_(std::move(description)) {}
  void rewind() override { index_ = 0; }
  bool read(std::byte* input, std::byte* output) override {
    Item item;
    if (!function_(index_, item)) return false;
    store_item(item, description_, input, output, {"item ", index_});
    marks_ = marks_of(item);
    ++index_;
    return true;
  }
  Marks marks() const override { return marks_; }

 private:
  Dataset::ItemFunction function_;
  Description description_;
  Marks marks_ = 0;
  std::size_t index_ = 0;
};

class CallbackSource final : public Source {
 public:
  explicit CallbackSource(Dataset::ItemFunction function) : function_(std::move(function)) {}

  const Description& description() const override {
    {
      const std::lock_guard lock(mutex_);
      if (description_) return *description_;
    }
    Item first;  // no lock is held while the function runs; whoever comes second finds it described
    if (!function_(0, first)) {
      throw Error(Code::invalid_argument, {.message = "dataset: the source has no samples",
                                           .reason = "EMPTY_DATASET",
                                           .path = "item 0",
                                           .expected = "one sample or more",
                                           .actual = "none",
                                           .hint = "give one sample or more"});
    }
    Description described = describe_item(first, {"item "});
    const std::lock_guard lock(mutex_);
    if (!description_) description_ = std::move(described);
    return *description_;
  }
  std::unique_ptr<Reader> open() const override { return std::make_unique<CallbackReader>(function_, description()); }
  std::shared_ptr<const Table> table(const Context&) const override { return nullptr; }
  bool calls_back() const override { return true; }

 private:
  Dataset::ItemFunction function_;
  mutable std::mutex mutex_;  // of description_, which is asked of the function on first need
  mutable std::optional<Description> description_;
};

class LabelledSource final : public Source {
 public:
  LabelledSource(std::shared_ptr<const Source> source, std::vector<std::string> names) : source_(std::move(source)), names_(std::move(names)) {}

  const Description& description() const override {
    {
      const std::lock_guard lock(mutex_);
      if (description_) return *description_;
    }
    Description described = source_->description();  // no lock is held while a function of the program runs
    if (described.kind == OutputKind::label) {
      described.class_count = std::max<std::uint64_t>(described.class_count.value_or(0), names_.size());
      described.labels = names_;
      described.label_at.clear();
    }
    const std::lock_guard lock(mutex_);
    if (!description_) description_ = std::move(described);
    return *description_;
  }
  std::unique_ptr<Reader> open() const override { return source_->open(); }
  std::shared_ptr<const Table> table(const Context& context) const override { return source_->table(context); }
  bool calls_back() const override { return source_->calls_back(); }

 private:
  std::shared_ptr<const Source> source_;
  std::vector<std::string> names_;
  mutable std::mutex mutex_;  // of what follows from the source's description
  mutable std::optional<Description> description_;
};

[[noreturn]] void fail_empty() {
  throw Error(Code::invalid_argument, {.message = "dataset: there are no samples", .reason = "EMPTY_DATASET", .path = "samples",
                                       .expected = "one sample or more", .actual = "none",
                                       .hint = "give one sample or more"});
}

/// A tensor over numbers that it keeps alive; lists need no context.
template <class T> Tensor keep(std::vector<T> values, DType type, const Shape& shape) {
  auto held = std::make_shared<std::vector<T>>(std::move(values));
  void* data = held->data();
  return Tensor::wrap(data, type, shape, [held = std::move(held)] {});
}

void append(std::vector<double>& all, const std::vector<double>& values, std::size_t expected, std::size_t sample,
            const char* part) {
  const auto place = [&] { return "/" + std::to_string(sample) + "/" + part; };
  if (values.size() != expected) {
    throw Error(Code::shape_mismatch, {.message = "dataset: samples have different lengths",
                                       .reason = "RAGGED",
                                       .path = place(),
                                       .expected = std::to_string(expected) + " values, as in the first sample",
                                       .actual = std::to_string(values.size()),
                                       .hint = "all samples have as many values; sequences of open length need a model with a null dimension"});
  }
  const std::size_t wrong = first_not_finite(DType::fp64, values.data(), values.size());
  if (wrong < values.size()) {
    throw Error(Code::invalid_argument, {.message = "dataset: not a finite number",
                                         .reason = "NOT_FINITE",
                                         .path = place() + "/" + std::to_string(wrong),
                                         .expected = "a finite number",
                                         .actual = number_text(values[wrong]),
                                         .hint = "leave such samples out, or put a number in their place"});
  }
  all.insert(all.end(), values.begin(), values.end());
}

template <class Examples> std::shared_ptr<const Source> source_of_examples(const Examples& examples) {
  if (examples.size() == 0) fail_empty();
  const std::size_t inputs = examples.begin()->input.size(), outputs = examples.begin()->output.size();
  if (inputs == 0) {
    throw Error(Code::invalid_argument, {.message = "dataset: the input of a sample has no values",
                                         .reason = "EMPTY_SAMPLE",
                                         .path = "/0/input",
                                         .expected = "one value or more",
                                         .actual = "none",
                                         .hint = "give each input one value or more"});
  }
  std::vector<double> all_inputs, all_outputs;
  all_inputs.reserve(examples.size() * inputs);
  all_outputs.reserve(examples.size() * outputs);
  std::size_t sample = 0;
  for (const Example& example : examples) {
    append(all_inputs, example.input, inputs, sample, "input");
    append(all_outputs, example.output, outputs, sample, "output");
    ++sample;
  }
  Description description;
  description.input_type = description.output_type = DType::fp64;
  description.input_shape = Shape{static_cast<std::int64_t>(inputs)};
  description.output_shape = Shape{static_cast<std::int64_t>(outputs)};
  description.size = sample;
  if (outputs == 1) description.class_count = count_classes(DType::fp64, all_outputs.data(), sample);
  const auto rows = static_cast<std::int64_t>(sample);
  Table table;
  table.inputs = keep(std::move(all_inputs), DType::fp64, description.input_shape.inserted(0, rows));
  table.outputs = keep(std::move(all_outputs), DType::fp64, description.output_shape.inserted(0, rows));
  table.samples = sample;
  return make_table_source(std::move(table), std::move(description));
}

Dataset dataset_of(std::shared_ptr<const Source> source) {
  auto state = std::make_shared<Dataset::State>();
  state->source = std::move(source);
  return Dataset(std::move(state));
}

void check_finite(const Tensor& tensor, std::string_view what) {
  const std::size_t wrong = first_not_finite(tensor.type(), tensor.data(), tensor.elements());
  if (wrong == tensor.elements()) return;
  const std::size_t row = tensor.elements() / static_cast<std::size_t>(tensor.shape()[0]);
  throw Error(Code::invalid_argument,
              {.message = "dataset: " + std::string(what) + " hold a value that is not a finite number",
               .reason = "NOT_FINITE",
               .path = "sample " + std::to_string(wrong / row) + ", value " + std::to_string(wrong % row),
               .expected = "a finite number",
               .actual = number_text(tensor.at(wrong)),
               .hint = "leave such samples out, or put a number in their place; one too large for " +
                       std::string(name_of(tensor.type())) + " becomes infinite"});
}

}  // namespace

std::shared_ptr<const Source> make_table_source(Table table, Description description) {
  return std::make_shared<TableSource>(std::make_shared<const Table>(std::move(table)), std::move(description));
}

std::shared_ptr<const Source> make_labelled_source(std::shared_ptr<const Source> source, std::vector<std::string> names) {
  return std::make_shared<LabelledSource>(std::move(source), std::move(names));
}

std::shared_ptr<const Source> make_callback_source(Dataset::ItemFunction function) {
  return std::make_shared<CallbackSource>(std::move(function));
}

Dataset Dataset::from(std::initializer_list<Example> examples) { return dataset_of(source_of_examples(examples)); }
Dataset Dataset::from(const std::vector<Example>& examples) { return dataset_of(source_of_examples(examples)); }

Dataset Dataset::sequences(const std::vector<std::vector<Example>>& sequences) {
  std::vector<Item> items;
  const auto tensor = [](const std::vector<double>& values) {
    return keep(std::vector<double>(values), DType::fp64, Shape{static_cast<std::int64_t>(values.size())});
  };
  for (const std::vector<Example>& sequence : sequences)
    for (const Example& example : sequence)
      items.push_back({tensor(example.input), tensor(example.output), &example == sequence.data(), example.output.empty()});
  return from(items);
}

Dataset Dataset::from(const std::vector<Item>& items) {
  if (items.empty()) fail_empty();
  // An ignored sample may lack its output: another one says what outputs are like.
  const auto judged = std::find_if(items.begin(), items.end(), [](const Item& item) { return !item.ignore; });
  const auto first = judged == items.end() ? items.begin() : judged;
  Description description = describe_item(*first, {"/", static_cast<std::uint64_t>(first - items.begin())});
  const std::size_t input_bytes = description.input_bytes(), output_bytes = description.output_bytes();
  std::vector<std::byte> inputs(checked_product(items.size(), input_bytes, "the inputs"));
  std::vector<std::byte> outputs(checked_product(items.size(), output_bytes, "the outputs"));
  for (std::size_t i = 0; i < items.size(); ++i) {
    store_item(items[i], description, inputs.data() + i * input_bytes, outputs.data() + i * output_bytes,
               {"/", i});
  }
  description.size = items.size();
  if (description.output_shape.elements() == 1) {
    description.class_count = count_classes(description.output_type, outputs.data(), items.size());
  }
  const auto rows = static_cast<std::int64_t>(items.size());
  Table table;
  table.inputs = keep(std::move(inputs), description.input_type, description.input_shape.inserted(0, rows));
  table.outputs = keep(std::move(outputs), description.output_type, description.output_shape.inserted(0, rows));
  table.samples = items.size();
  for (const Item& item : items) table.marks.push_back(marks_of(item));
  if (std::all_of(table.marks.begin(), table.marks.end(), [](Marks marks) { return marks == 0; })) table.marks.clear();
  return dataset_of(make_table_source(std::move(table), std::move(description)));
}

Dataset Dataset::from(Tensor inputs, Tensor outputs) {
  if (inputs.shape().rank() == 0 || outputs.shape().rank() == 0 || inputs.shape()[0] != outputs.shape()[0]) {
    throw Error(Code::shape_mismatch, {.message = "dataset: inputs and outputs have different numbers of samples",
                                       .reason = "SAMPLE_COUNT",
                                       .path = "outputs",
                                       .expected = "the same first dimension",
                                       .actual = "inputs of shape " + inputs.shape().text() +
                                                 ", outputs of shape " + outputs.shape().text(),
                                       .hint = "give one output for each input"});
  }
  if (inputs.empty()) fail_empty();
  check_finite(inputs, "the inputs");
  check_finite(outputs, "the outputs");
  Description description;
  description.input_type = inputs.type();
  description.input_shape = inputs.shape().without(0);
  describe_outputs(description, outputs.type(), outputs.shape());
  description.size = static_cast<std::uint64_t>(inputs.shape()[0]);
  if (description.output_shape.elements() == 1) {
    description.class_count = count_classes(outputs.type(), outputs.data(), outputs.elements());
  }
  Table table{std::move(inputs), std::move(outputs), *description.size, {}};
  return dataset_of(make_table_source(std::move(table), std::move(description)));
}

Dataset Dataset::from(ItemFunction source) {
  if (!source)
    throw Error(Code::invalid_argument, {.message = "dataset: the source is an empty function", .reason = "FUNCTION", .path = "source",
                                         .expected = "a function that fills an Item", .actual = "an empty one",
                                         .hint = "give it true for each sample and false at the end"});
  return dataset_of(make_callback_source(std::move(source)));
}

}  // namespace webai
