#include "network/open_lengths.h"

#include <cstring>
#include <string>
#include <utility>

#include "webai/error.hpp"

namespace webai {

std::string size_text(const Shape& shape) {
  std::string text;
  for (const Dimension dim : shape.dims())
    text += (text.empty() ? "" : "x") + (dim.is_symbol() ? std::string("?") : std::to_string(dim.value()));
  return text;
}

namespace {

constexpr const char* no_batch = "sizes are whole shapes in this domain (explicitBatch): run one tensor after the other";

std::string place_of(const BuiltModel& built, std::size_t input) {
  for (const OpenDimension& dim : built.open)
    if (dim.input == input) return dim.path.substr(0, dim.path.rfind('/'));
  return "input";
}

[[noreturn]] void refuse(const BuiltModel& built, std::size_t input, const Shape& given, InputShape dims, std::string hint) {
  const std::string size = size_text(built.inputs[input].*dims);
  throw Error(Code::shape_mismatch, {.message = "the input " + built.inputs[input].title() + " takes values of shape " + size +
                                                ", got " + given.text(),
                                     .reason = "INPUT_SIZE",
                                     .path = place_of(built, input),
                                     .expected = size + (built.explicit_batch ? "" : ", or a batch of such: Nx" + size),
                                     .actual = given.text(),
                                     .hint = std::move(hint)});
}

void check_length(const OpenDimension& dim, const std::string& input, std::int64_t length) {
  if (length < 1)
    throw Error(Code::shape_mismatch, {.message = "dimension " + std::to_string(dim.axis) + " of the input " + input + " has no values",
                                       .reason = "INPUT_SIZE",
                                       .path = dim.path,
                                       .expected = "a length of 1 or more",
                                       .actual = std::to_string(length),
                                       .hint = "give one step or more"});
  if (!dim.hint.max || length <= *dim.hint.max) return;
  throw Error(Code::shape_mismatch, {.message = "dimension " + std::to_string(dim.axis) + " of the input " + input + " is " +
                                                std::to_string(length) + " long, but shapeHints allow " + std::to_string(*dim.hint.max),
                                     .reason = "SHAPE_MAX",
                                     .path = dim.path,
                                     .expected = "at most " + std::to_string(*dim.hint.max),
                                     .actual = std::to_string(length),
                                     .hint = "cut the input shorter, or raise \"max\" in shapeHints"});
}

// Lengths of one input from dims that have its rank; false where they do not fit.
bool take_lengths(const BuiltModel& built, std::size_t input, const Shape& shape, std::span<const Dimension> dims, OpenLengths& lengths) {
  if (dims.size() != shape.rank()) return false;
  for (std::size_t axis = 0; axis < dims.size(); ++axis)
    if (!shape.dim(axis).is_symbol() && shape.dim(axis) != dims[axis]) return false;
  for (std::size_t i = 0; i < built.open.size(); ++i)
    if (built.open[i].input == input) lengths[i] = dims[built.open[i].axis].value();
  return true;
}

// The numbers of a shape multiplied, symbols left out.
std::int64_t fixed_elements(const Shape& shape) {
  std::int64_t count = 1;
  for (const Dimension dim : shape.dims())
    if (!dim.is_symbol()) count *= dim.value();
  return count;
}

void check_lengths(const BuiltModel& built, const OpenLengths& lengths) {
  for (std::size_t i = 0; i < built.open.size(); ++i) check_length(built.open[i], built.inputs[built.open[i].input].title(), lengths[i]);
}

// All values of one sample in a row leave one open dimension to be found out.
std::int64_t length_in_row(const BuiltModel& built, std::int64_t count, InputShape dims) {
  const OpenDimension& dim = built.open.front();
  std::int64_t others = 0;
  for (std::size_t i = 0; i < built.inputs.size(); ++i)
    if (i != dim.input) others += (built.inputs[i].*dims).elements();
  const std::int64_t each = fixed_elements(built.inputs[dim.input].*dims);
  return count > others && (count - others) % each == 0 ? (count - others) / each : 0;
}

}  // namespace

SampleForm form_of_open(const BuiltModel& built, std::span<const Shape> given, InputShape dims) {
  SampleForm form{.lengths = example_lengths(built)};
  for (std::size_t i = 0; i < built.inputs.size(); ++i) {
    const Shape& shape = given[i];
    SampleForm own{.samples = 1, .lengths = form.lengths};
    if (!take_lengths(built, i, built.inputs[i].*dims, shape.dims(), own.lengths)) {
      if (shape.rank() == 0 || !take_lengths(built, i, built.inputs[i].*dims, shape.dims().subspan(1), own.lengths))
        refuse(built, i, shape, dims, "give it as nested lists or as a tensor of that shape");
      own.samples = shape[0];
      own.batched = true;
    }
    if (i > 0 && (own.samples != form.samples || own.batched != form.batched))
      throw Error(Code::shape_mismatch, {.message = "the inputs of a run have one number of samples",
                                         .reason = "INPUT_SIZE",
                                         .path = built.inputs[i].name,
                                         .expected = std::to_string(form.samples),
                                         .actual = std::to_string(own.samples),
                                         .hint = "all inputs have as many samples as the first"});
    form = own;
  }
  check_lengths(built, form.lengths);
  if (form.samples < 1) refuse(built, 0, given[0], dims, "a batch has at least one sample");
  if (built.explicit_batch && form.samples > 1) refuse(built, 0, given[0], dims, no_batch);
  return form;
}

SampleForm form_of_whole(const BuiltModel& built, std::size_t input, const Shape& given, InputShape dims) {
  const Shape& whole = built.inputs[input].*dims;
  const bool under_one = given.rank() > 0 && given[0] == 1 && given.without(0) == whole;
  if (!under_one && given != whole && given != Shape{whole.elements()}) refuse(built, input, given, dims, no_batch);
  return {.samples = 1, .batched = under_one && given != whole, .lengths = {}};
}

SampleForm form_of_open(const BuiltModel& built, const Shape& given, InputShape dims) {
  const bool in_a_row = given.rank() == 1 && (built.inputs.size() > 1 || (built.inputs.front().*dims).rank() != 1);
  if (!in_a_row && built.inputs.size() == 1) return form_of_open(built, std::span(&given, 1), dims);
  const std::size_t first = built.open.front().input;
  if (!in_a_row || built.open.size() > 1)
    refuse(built, first, given, dims, built.inputs.size() > 1 ? "give each input its own values, by name" : "give the values in their shape: nested lists, or a tensor");
  SampleForm form{.samples = 1, .lengths = example_lengths(built)};
  form.lengths[0] = length_in_row(built, given[0], dims);
  if (form.lengths[0] == 0) refuse(built, first, given, dims, "the number of values leaves no whole length for the open dimension");
  check_lengths(built, form.lengths);
  return form;
}

Tensor joined_rows(const Context& context, std::span<const Tensor> inputs, std::int64_t samples) {
  std::int64_t row = 0;
  for (const Tensor& input : inputs) row += static_cast<std::int64_t>(input.elements()) / samples;
  Tensor joined = Tensor::uninitialised(context, inputs.front().type(), Shape{samples, row});
  auto* to = static_cast<std::byte*>(joined.data());
  for (std::size_t sample = 0; std::cmp_less(sample, samples); ++sample)
    for (const Tensor& input : inputs) {
      const std::size_t bytes = input.bytes() / static_cast<std::size_t>(samples);
      std::memcpy(to, static_cast<const std::byte*>(input.data()) + sample * bytes, bytes);
      to += bytes;
    }
  return joined;
}

OpenLengths example_lengths(const BuiltModel& built) {
  OpenLengths lengths;
  for (const OpenDimension& dim : built.open) lengths.append(dim.length);
  return lengths;
}

Lengths lengths_by_path(const BuiltModel& built, const OpenLengths& lengths) {
  Lengths result;
  for (std::size_t i = 0; i < built.open.size(); ++i) result.emplace(built.open[i].path, lengths[i]);
  return result;
}

Shape bound_shape(const BuiltModel& built, std::size_t input, const OpenLengths& lengths) {
  Shape shape = built.inputs[input].shape;
  for (std::size_t i = 0; i < built.open.size(); ++i)
    if (built.open[i].input == input) shape.set(built.open[i].axis, lengths[i]);
  return shape;
}

}  // namespace webai
