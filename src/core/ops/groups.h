// Kernels that make one element of a group of elements: all that agree in position but for some axes.
#pragma once

#include "core/ops/support.h"

namespace webai::ops {

/// Calls visit(output index, offset of the first element, inner shape, strides) for each group of elements that are
/// reduced to one.
template <class Visit> void each_group(const Shape& shape, std::uint32_t axes, Visit&& visit) {
  Shape outer = shape, inner = shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) (in(axes, axis) ? outer : inner).set(axis, 1);
  const Strides strides = strides_of(shape);
  walk(outer, strides, [&](std::int64_t index, std::int64_t start) { visit(index, start, inner, strides); });
}

template <class T, class Step> void reduce(const KernelContext& context, std::uint32_t axes, T first, Step&& step) {
  const Operand &input = context.inputs[0], &output = context.outputs[0];
  each_group(input.shape, axes,
             [&](std::int64_t index, std::int64_t start, const Shape& inner, const Strides& strides) {
               T result = first;
               walk(inner, strides,
                    [&](std::int64_t, std::int64_t offset) { result = step(result, load<T>(input, start + offset)); });
               store<T>(output, index, result);
             });
}

inline void sum_kernel(const KernelContext& context, std::uint32_t axes) {
  by_arithmetic(context.inputs[0].type,
                [&](auto zero) { reduce(context, axes, zero, [](auto a, auto b) { return plus(a, b); }); });
}

}  // namespace webai::ops
