// A node for many rows of its inputs at once, and the sum over the rows of what it gives: how work leaves a loop
// (compiler/lift.cpp). Operators say it in their blocks (OpDef::rows, OpDef::rows_sum); elementwise ones and views all
// alike.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/op/builder.h"

namespace webai {

struct OpDef;

struct RowsContext {
  Builder& builder;
  const Attributes& attributes;
  std::span<const ValueType> inputs, outputs;  ///< types of one row
  const std::vector<bool>& has_rows;           ///< by input; the others are the same for all rows
  std::int64_t rows;
  /// The input with the rows as a first dimension; as it is where it has none.
  std::function<Ref(std::size_t input)> all;
  /// The input's sum over the rows. For rules of sums only.
  std::function<Ref(std::size_t input)> summed;

  const Shape& shape(std::size_t input) const { return inputs[input].shape; }
  /// The shape with the rows in front, and so many ones between that it has `rank` dimensions more than one.
  Shape with_rows(const Shape& shape, std::size_t rank) const;
  Shape with_rows(const Shape& shape) const { return with_rows(shape, shape.rank()); }
  Ref reshaped(Ref value, const Shape& shape) const;
};

/// One Ref for each output, with the rows as a first dimension. Nothing: it cannot be said so.
using RowsRule = std::function<std::vector<Ref>(RowsContext&)>;
/// The sum of output 0 over the rows, without having them all. An invalid Ref: it cannot be said so.
using RowsSumRule = std::function<Ref(RowsContext&)>;

/// What the operator says, or what holds for all of its kind. Empty where nobody says anything.
RowsRule rows_rule(const OpDef& op);
RowsSumRule rows_sum_rule(const OpDef& op);

}  // namespace webai
