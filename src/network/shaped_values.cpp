#include "network/shaped_values.h"

#include <algorithm>

#include "webai/error.hpp"

namespace webai {

void ShapedValues::refuse(std::string message, std::string expected, std::string actual) const {
  throw Error(Code::shape_mismatch, {.message = "input " + title_ + ": " + std::move(message),
                                     .reason = "INPUT_SIZE",
                                     .path = title_,
                                     .expected = std::move(expected),
                                     .actual = std::move(actual),
                                     .hint = "[[1, 2], [3, 4]]: rows of one length, one kind of thing in each"});
}

void ShapedValues::measure(std::size_t depth, std::int64_t length) {
  std::int64_t& known = lengths_[depth];
  if (known >= 0 && known != length)
    refuse("arrays beside each other have different lengths", std::to_string(known) + " items", std::to_string(length));
  known = length;
}

void ShapedValues::begin_list() {
  if (counts_.size() == Shape::max_rank) refuse("arrays are nested more than " + std::to_string(Shape::max_rank) + " deep");
  if (depth_ && counts_.size() >= *depth_) refuse("numbers and arrays stand side by side");
  if (lengths_.size() == counts_.size()) lengths_.push_back(-1);
  counts_.push_back(0);
}

void ShapedValues::end_list() {
  const std::int64_t length = counts_.back();
  counts_.pop_back();
  measure(counts_.size(), length);
  if (!counts_.empty()) ++counts_.back();
}

void ShapedValues::enter(std::size_t rank) {
  const std::size_t depth = counts_.size() + rank;
  if (depth > Shape::max_rank) refuse("arrays are nested more than " + std::to_string(Shape::max_rank) + " deep");
  if (depth_.value_or(depth) != depth || lengths_.size() > depth) refuse("numbers and arrays stand side by side");
  depth_ = depth;
  lengths_.resize(depth, -1);
}

void ShapedValues::add(const Shape& shape, std::span<const double> numbers) {
  if (!texts_.empty()) refuse("texts and numbers stand side by side");
  if (counts_.empty() && depth_) refuse("there is a value beside another one", "one array of all samples");
  enter(shape.rank());
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) measure(counts_.size() + axis, shape[axis]);
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  if (!counts_.empty()) ++counts_.back();
}

void ShapedValues::add_tokens(std::span<const std::size_t> tokens, std::optional<std::size_t> padding) {
  if (texts_.empty() && !numbers_.empty()) refuse("texts and numbers stand side by side");
  if (counts_.empty() && depth_) refuse("there is a text beside another one", "one array of all samples");
  if (tokens.empty()) refuse("the text is empty", "one token or more");
  enter(1);
  for (const std::size_t token : tokens) numbers_.push_back(static_cast<double>(token));
  texts_.push_back(tokens.size());
  padding_ = padding;
  if (!counts_.empty()) ++counts_.back();
}

Tensor ShapedValues::padded(const Context& context) const {
  const auto [least, most] = std::ranges::minmax_element(texts_);
  if (*least != *most && !padding_)
    throw Error(Code::shape_mismatch, {.message = "input " + title_ + ": texts of different lengths make no batch",
                                       .reason = "INPUT_SIZE",
                                       .path = title_,
                                       .expected = std::to_string(*most) + " tokens in each",
                                       .actual = std::to_string(*least),
                                       .hint = "a token to stand in front of short ones: \"padding\" of the lookup"});
  Shape shape;
  for (std::size_t axis = 0; axis + 1 < lengths_.size(); ++axis) shape.append(lengths_[axis]);
  shape.append(static_cast<std::int64_t>(*most));
  if (texts_.size() > context.limits().tensor_bytes / sizeof(double) / *most)
    throw Error(Code::limit_exceeded, {.message = "there are more values than one tensor may hold", .reason = "TENSOR_BYTES",
                                       .hint = "run fewer samples at a time, or raise the limit tensorBytes"});
  Tensor tensor = Tensor::uninitialised(context, DType::fp64, shape);
  double* to = tensor.span<double>().data();
  auto from = numbers_.begin();
  for (const std::size_t count : texts_) {
    to = std::fill_n(to, *most - count, static_cast<double>(padding_.value_or(0)));
    to = std::copy_n(from, count, to);
    from += static_cast<std::ptrdiff_t>(count);
  }
  return tensor;
}

Tensor ShapedValues::tensor(const Context& context) const {
  if (!texts_.empty()) return padded(context);
  Shape shape;
  for (const std::int64_t length : lengths_) shape.append(std::max<std::int64_t>(length, 0));
  return Tensor::from(context, DType::fp64, shape, numbers_);
}

void ShapedValues::clear() noexcept {
  numbers_.clear();
  lengths_.clear();
  counts_.clear();
  texts_.clear();
  depth_.reset();
  padding_.reset();
}

}  // namespace webai
