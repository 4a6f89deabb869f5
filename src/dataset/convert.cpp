// The loops are plain and free of aliases, so that compilers vectorise them (CMakeLists.txt asks for it).
#include "dataset/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "webai/error.hpp"

namespace webai {

namespace {

constexpr double fp16_overflows_at = 65520;  // what rounds to infinity

template <class From, class To> void convert_run(const std::byte* source, void* target, std::size_t count) noexcept {
  const From* __restrict from = reinterpret_cast<const From*>(source);
  To* __restrict to = static_cast<To*>(target);
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<To>(from[i]);
}

template <std::size_t size> void copy_elements(const std::byte* source, void* target, std::size_t count) noexcept {
  if (count != 0) std::memcpy(target, source, count * size);
}

}  // namespace

std::string SampleNames::of(std::uint64_t sample) const {
  if (first_line != 0) return file + ":" + std::to_string(first_line + sample);
  return (file.empty() ? "sample " : file + ": sample ") + std::to_string(sample);
}

SampleNames SampleNames::outputs(const Description& description) { return {description.file, description.first_line}; }

SampleNames SampleNames::inputs(const Description& description) {
  // Only the file of the outputs is known; that of the inputs is the same where samples are lines.
  return description.first_line != 0 ? outputs(description) : SampleNames{};
}

void Converter::check(const std::byte* source, const void* target, std::size_t count, std::uint64_t first) const {
  std::size_t wrong = first_not_finite(to_, target, count);
  DType narrow = to_;
  if (wrong == count && held_ == DType::fp16) {
    for (wrong = 0; wrong < count && std::fabs(load_double(to_, target, wrong)) < fp16_overflows_at;) ++wrong;
    narrow = held_;
  }
  if (wrong == count) return;
  throw Error(Code::invalid_argument, {.message = "dataset: a value is too large for " + std::string(name_of(narrow)),
                                       .reason = "RANGE",
                                       .path = sample_.of(first + wrong / std::max<std::size_t>(elements_, 1)),
                                       .actual = number_text(load_double(from_, source, wrong)),
                                       .hint = "scale the data, or give the model a wider \"dataType\": its io works in that type"});
}

Converter::Converter(DType from, DType to, std::size_t elements, SampleNames names, DType held) noexcept
    : from_(from), to_(to), held_(held),
      may_overflow_((from != to && (from == DType::fp64 || (to == DType::fp16 && size_of(from) > 1))) ||
                    (held == DType::fp16 && size_of(from) > 1)),
      elements_(elements),
      sample_(std::move(names)) {
  if (from == to) {
    const std::size_t size = size_of(from);
    fast_ = size == 1 ? &copy_elements<1> : size == 2 ? &copy_elements<2>
                                       : size == 4   ? &copy_elements<4>
                                                     : &copy_elements<8>;
  } else if (to == DType::fp32) {
    if (from == DType::u8) fast_ = &convert_run<std::uint8_t, float>;
    if (from == DType::i8) fast_ = &convert_run<std::int8_t, float>;
    if (from == DType::fp64) fast_ = &convert_run<double, float>;
  } else if (to == DType::fp64) {
    if (from == DType::u8) fast_ = &convert_run<std::uint8_t, double>;
    if (from == DType::fp32) fast_ = &convert_run<float, double>;
  }
}

OutputWriter::OutputWriter(const Description& description, const BatchOptions& options)
    : from_(description.output_type), to_(options.type), form_(options.outputs),
      source_elements_(static_cast<std::size_t>(description.output_shape.elements())),
      source_bytes_(description.output_bytes()), classes_(options.classes), map_(options.label_map),
      labels_(description.labels), sample_(SampleNames::outputs(description)), values_(from_, to_, source_elements_, sample_) {
  const bool label = description.kind == OutputKind::label;
  if (form_ == OutputForm::natural) form_ = label ? OutputForm::labels : OutputForm::values;
  if (form_ == OutputForm::values) {
    elements_ = source_elements_;
    bytes_ = elements_ * size_of(to_);
    return;
  }
  if (source_elements_ != 1) {
    throw Error(Code::shape_mismatch, {.message = "dataset: outputs are not labels",
                                       .reason = "NOT_LABELS",
                                       .expected = "one whole number a sample",
                                       .actual = "outputs of shape " + description.output_shape.text(),
                                       .hint = "give each sample one whole number, or a word, as its output"});
  }
  if (classes_ == 0 && map_.empty()) classes_ = description.class_count.value_or(0);
  // Said before the first sample where the labels were all seen; samples are checked one by one anyway.
  if (map_.empty() && classes_ != 0 && description.class_count.value_or(0) > classes_) {
    refuse(static_cast<double>(*description.class_count - 1), description.highest_label_at);
  }
  if (form_ == OutputForm::one_hot) {
    if (classes_ == 0) {
      throw Error(Code::invalid_argument, {.message = "dataset: one-hot outputs need the number of classes",
                                           .reason = "CLASSES",
                                           .hint = "say how many classes there are"});
    }
    elements_ = static_cast<std::size_t>(classes_);
    bytes_ = checked_product(classes_, size_of(to_), "a one-hot row");
  }
}

bool OutputWriter::is_plain_copy() const noexcept {
  // Labels are never taken unseen: each is compared with the number of classes.
  return form_ == OutputForm::values && from_ == to_;
}

void OutputWriter::refuse(double label, std::optional<std::uint64_t> sample) const {
  ErrorDetails details;
  details.message = "dataset: wrong label";
  details.reason = "LABEL";
  details.path = sample ? sample_.of(*sample) : sample_.file;
  details.expected = classes_ != 0 ? "a whole number from 0 to " + std::to_string(classes_ - 1)
                                   : std::string("a whole number from 0");
  details.actual = number_text(label);
  if (label >= 0 && label < static_cast<double>(labels_.size())) {
    details.actual += " (" + labels_[static_cast<std::size_t>(label)] + ")";
  }
  details.hint = classes_ != 0 && label >= static_cast<double>(classes_) && label == std::trunc(label)
                     ? "a last layer of at least " + number_text(label + 1) + " outputs has a place for it"
                     : "labels are counted from 0, without fractions";
  throw Error(Code::invalid_argument, std::move(details));
}

std::int32_t OutputWriter::label_at(const std::byte* source, std::uint64_t sample) const {
  const double label = load_double(from_, source, 0);
  if (!(label >= 0 && label <= 2147483646) || label != std::trunc(label)) refuse(label, sample);
  auto index = static_cast<std::int64_t>(label);
  if (!map_.empty()) {
    if (index >= static_cast<std::int64_t>(map_.size())) refuse(label, sample);
    index = map_[static_cast<std::size_t>(index)];
  }
  if (index < 0 || (classes_ != 0 && index >= static_cast<std::int64_t>(classes_))) refuse(label, sample);
  return static_cast<std::int32_t>(index);
}

void OutputWriter::write(const std::byte* source, void* target, std::size_t samples, std::uint64_t first) const {
  if (form_ == OutputForm::values) {
    values_(source, target, samples * source_elements_, first);
    return;
  }
  if (form_ == OutputForm::one_hot) std::memset(target, 0, samples * bytes_);
  for (std::size_t i = 0; i < samples; ++i, source += source_bytes_) {
    const std::int32_t label = label_at(source, first + i);
    if (form_ == OutputForm::labels) {
      static_cast<std::int32_t*>(target)[i] = label;
    } else {
      store_double(to_, target, i * elements_ + static_cast<std::size_t>(label), 1.0);
    }
  }
}

}  // namespace webai
