// The checks that two files belong together, and reading them in step.
#include "dataset/row_file.h"

#include <algorithm>
#include <array>

#include "webai/error.hpp"

namespace webai {

void RowFile::set_array(DType type, const Shape& shape) {
  type_ = type;
  shape_ = shape;
  try {
    elements_ = static_cast<std::size_t>(shape.elements(1, shape.rank()));
    bytes_ = checked_product(elements_, size_of(type), "one sample");
  } catch (const Error& error) {
    throw error.with_path(name_);
  }
}

void RowFile::read(std::byte* row, std::uint64_t sample) {
  read_row(row);
  const std::size_t wrong = first_not_finite(type_, row, elements_);
  if (wrong == elements_) return;
  throw Error(Code::invalid_argument, {.message = "the file holds a value that is not a finite number",
                                       .reason = "NOT_FINITE",
                                       .path = name_ + ": sample " + std::to_string(sample) + ", value " +
                                               std::to_string(wrong),
                                       .actual = number_text(load_double(type_, row, wrong)),
                                       .hint = "leave such samples out, or put a number in their place"});
}

namespace {

class PairReader final : public Reader {
 public:
  PairReader(std::unique_ptr<RowFile> inputs, std::unique_ptr<RowFile> outputs, const Description& described)
      : inputs_(std::move(inputs)), outputs_(std::move(outputs)), count_(*described.size) {
    // Opened again since the dataset was made: buffers were sized for what the files said then.
    if (inputs_->count() != count_ || outputs_->count() != count_ || inputs_->bytes() != described.input_bytes() ||
        outputs_->bytes() != described.output_bytes()) {
      throw Error(Code::invalid_argument, {.message = "the file changed while it was in use",
                                           .reason = "FILE_CHANGED",
                                           .path = inputs_->name(),
                                           .hint = "open the data again when nobody writes to the file"});
    }
  }
  void rewind() override {
    inputs_->rewind();
    outputs_->rewind();
    position_ = 0;
  }
  bool read(std::byte* input, std::byte* output) override {
    if (position_ == count_) return false;
    inputs_->read(input, position_);
    outputs_->read(output, position_);
    if (++position_ == count_) inputs_->expect_end();
    return true;
  }

 private:
  std::unique_ptr<RowFile> inputs_, outputs_;
  std::uint64_t count_, position_ = 0;
};

class PairSource final : public FileSource {
 public:
  PairSource(DataFile inputs, DataFile outputs, OpenRows open, const FileOptions& options)
      : FileSource(options.cache_bytes), inputs_(std::move(inputs)), outputs_(std::move(outputs)), open_(open) {
    const auto input_rows = open_(inputs_), output_rows = open_(outputs_);
    if (input_rows->count() != output_rows->count()) {
      throw Error(Code::shape_mismatch, {.message = "there must be one output for each input",
                                         .reason = "SAMPLE_COUNT",
                                         .path = outputs_.name,
                                         .expected = std::to_string(input_rows->count()) + ", as many as " +
                                                     inputs_.name + " has inputs",
                                         .actual = std::to_string(output_rows->count()) + " outputs",
                                         .hint = "pass the two files of one set"});
    }
    if (input_rows->count() == 0 || input_rows->elements() == 0) {
      throw Error(Code::invalid_argument, {.message = "the file holds no samples",
                                           .reason = "EMPTY_DATASET",
                                           .path = inputs_.name,
                                           .expected = "one sample or more",
                                           .actual = "dimensions " + input_rows->shape().text(),
                                           .hint = "give one sample or more"});
    }
    description_.input_type = input_rows->type();
    description_.input_shape = input_rows->shape().without(0);
    describe_outputs(description_, output_rows->type(), output_rows->shape());
    description_.size = input_rows->count();
    description_.file = outputs_.name;
    if (output_rows->elements() == 1) count_labels(*output_rows);
  }

  std::unique_ptr<Reader> open() const override {
    return std::make_unique<PairReader>(open_(inputs_), open_(outputs_), description_);
  }

 private:
  /// Labels take few bytes: all are looked at before the first input.
  void count_labels(RowFile& labels) {
    std::uint64_t classes = 0;
    bool whole = true;
    std::array<std::byte, 8> element;
    for (std::uint64_t i = 0; i < labels.count(); ++i) {
      labels.read(element.data(), i);
      const auto count = count_classes(labels.type(), element.data(), 1);
      if (!count && description_.kind == OutputKind::label) {
        throw Error(Code::invalid_argument, {.message = "wrong label",
                                             .reason = "LABEL",
                                             .path = labels.name() + ": sample " + std::to_string(i),
                                             .expected = "a whole number from 0",
                                             .actual = number_text(load_double(labels.type(), element.data(), 0)),
                                             .hint = "labels count from 0; 1-based ones have to be lowered by 1"});
      }
      if (!count && !description_.no_class_at) description_.no_class_at = i;
      whole = whole && count;
      if (count.value_or(0) > classes) {
        classes = *count;
        description_.highest_label_at = i;
      }
    }
    labels.expect_end();
    if (whole) description_.class_count = classes;
  }

  DataFile inputs_, outputs_;
  OpenRows open_;
};

}  // namespace

std::shared_ptr<const Source> make_pair_source(DataFile inputs, DataFile outputs, OpenRows open,
                                               const FileOptions& options) {
  return std::make_shared<PairSource>(std::move(inputs), std::move(outputs), open, options);
}

}  // namespace webai
