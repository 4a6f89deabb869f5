// How long the open dimensions of a model are in one run or one data set, found from the shape of what is given. Private
// to src/network.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/model/build.h"
#include "webai/tensor.hpp"

namespace webai {

/// One length for each of BuiltModel::open, in its order. Never allocates.
class OpenLengths {
 public:
  void append(std::int64_t length) noexcept { values_[count_++] = length; }  ///< there are no more than most_open
  std::size_t size() const noexcept { return count_; }
  std::int64_t& operator[](std::size_t index) noexcept { return values_[index]; }
  std::int64_t operator[](std::size_t index) const noexcept { return values_[index]; }
  friend bool operator==(const OpenLengths&, const OpenLengths&) = default;

 private:
  std::array<std::int64_t, most_open> values_{};  // zeros behind the last one
  std::size_t count_ = 0;
};

/// What values of some shape are to a model.
struct SampleForm {
  std::int64_t samples = 0;
  bool batched = false;  ///< a batch, be it of one sample
  OpenLengths lengths;
};

/// Of values for a model with open dimensions. They have the shape of the input, or of a batch of such; without shape
/// (rank 1) they are one sample, which settles one open dimension. Throws SHAPE_MISMATCH, SHAPE_MAX past a hinted `max`.
/// `dims`: the shape of an input that counts, BuiltInput::dims behind `io`.
using InputShape = Shape BuiltInput::*;
SampleForm form_of_open(const BuiltModel& built, const Shape& given, InputShape dims = &BuiltInput::shape);
/// The same of values for each input, in their order; all of one number of samples.
SampleForm form_of_open(const BuiltModel& built, std::span<const Shape> given, InputShape dims = &BuiltInput::shape);
/// Of one input of a model without a batch: its shape as it is or under a 1, or its numbers in a row.
SampleForm form_of_whole(const BuiltModel& built, std::size_t input, const Shape& given,
                         InputShape dims = &BuiltInput::shape);

/// One row for each sample: the values of all inputs one after the other. All of one type.
Tensor joined_rows(const Context& context, std::span<const Tensor> inputs, std::int64_t samples);

/// "?x3": a size as an author reads it.
std::string size_text(const Shape& shape);
OpenLengths example_lengths(const BuiltModel& built);
Lengths lengths_by_path(const BuiltModel& built, const OpenLengths& lengths);
/// Dimensions of an input, with lengths for its symbols.
Shape bound_shape(const BuiltModel& built, std::size_t input, const OpenLengths& lengths);

}  // namespace webai
