// What the operator files share: axes, broadcasting, walks over positions, exact element access, and the few emits that
// nearly every gradient rule ends with.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/op/broadcast.h"
#include "core/op/op_def.h"
#include "core/op/registry.h"
#include "core/op/term.h"

namespace webai::ops {

using Integers = std::vector<std::int64_t>;
using Strides = std::array<std::int64_t, Shape::max_rank>;

/// An operator of the core domain with its two sentences.
OpDef operation(std::string name, std::string doc, std::string formula);

// ---- axes and shapes

/// Counted from the end when negative; nothing when outside the rank.
std::optional<std::size_t> axis_of(std::int64_t axis, std::size_t rank);
/// The axes as one bit each; an empty list means all. Nothing when one is outside or named twice.
std::optional<std::uint32_t> axes_of(const Integers& axes, std::size_t rank);
inline bool in(std::uint32_t axes, std::size_t axis) { return ((axes >> axis) & 1U) != 0; }

std::string text_of(Dimension dim);
/// The first (or last) `count` dimensions.
Shape leading(const Shape& shape, std::size_t count);
Shape trailing(const Shape& shape, std::size_t count);
/// Dimensions as an attribute; symbols become -1.
Integers integers_of(const Shape& shape);
/// a * b for lengths of 0 or more, or nothing when it does not fit.
std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b);
/// Sizes an attribute may name: small enough that sums and differences of a few of them cannot overflow.
inline constexpr std::int64_t largest_length = std::int64_t{1} << 48;

/// Calls visit(index, offset) for each position of a concrete shape in row-major order; offset is the sum of
/// position * stride.
template <class Visit> void walk(const Shape& shape, const Strides& strides, Visit&& visit) {
  const std::int64_t total = shape.elements();
  if (total == 0) return;
  std::array<std::int64_t, Shape::max_rank> position{};
  std::int64_t offset = 0;
  for (std::int64_t index = 0;;) {
    visit(index, offset);
    if (++index == total) return;
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      offset += strides[axis];
      if (++position[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
}

/// A shape seen from one axis: [outer, length, inner], row-major.
struct AxisView {
  std::int64_t outer, length, inner;
  AxisView(const Shape& shape, std::size_t axis)
      : outer(shape.elements(0, axis)), length(shape[axis]), inner(shape.elements(axis + 1, shape.rank())) {}
};

// ---- elements

/// Calls body with a zero of the unsigned integer type as wide as an element: moving data needs no more of a type.
template <class Body> void by_element_size(DType type, Body&& body) {
  switch (size_of(type)) {
    case 1:
      return body(std::uint8_t{});
    case 2:
      return body(std::uint16_t{});
    case 4:
      return body(std::uint32_t{});
    default:
      return body(std::uint64_t{});
  }
}

/// Calls body with a zero of the type in which the reference computes: double, or a 64-bit integer.
template <class Body> void by_arithmetic(DType type, Body&& body) {
  if (!is_integer(type)) return body(double{});
  if (is_signed(type)) return body(std::int64_t{});
  return body(std::uint64_t{});
}

template <class T> T load(const Operand& operand, std::int64_t index) {
  if constexpr (std::is_same_v<T, double>) {
    return operand.load(index);
  } else {
    T value = 0;
    const auto* at =
        static_cast<const std::byte*>(operand.data) + static_cast<std::size_t>(index) * size_of(operand.type);
    convert(operand.type, at, dtype_of<T>::value, &value, 1);
    return value;
  }
}

template <class T> void store(const Operand& operand, std::int64_t index, T value) {
  if constexpr (std::is_same_v<T, double>) {
    operand.store(index, value);
  } else {
    auto* at = static_cast<std::byte*>(operand.data) + static_cast<std::size_t>(index) * size_of(operand.type);
    convert(dtype_of<T>::value, &value, operand.type, at, 1);
  }
}

/// Integers wrap, as the devices' do.
template <class T> T plus(T a, T b) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else
    return a + b;
}
template <class T> T times(T a, T b) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  else
    return a * b;
}

/// The element type an attribute names; the caller's constraint has checked that there is one.
inline DType type_attribute(const Attributes& attributes, std::string_view name) {
  return dtype_from_name(attributes.text(name)).value_or(DType::fp32);
}

// ---- emits; each returns its input when there is nothing to do. Shapes come by value: an emit may move the values
// whose shapes a caller looks at.

Ref sum_to(Builder& builder, Ref value, Shape shape);
Ref broadcast_to(Builder& builder, Ref value, Shape shape);
Ref reshape_to(Builder& builder, Ref value, Shape shape);
Ref cast_to(Builder& builder, Ref value, DType type);
/// A constant of one value in a whole shape, without storing it.
Ref filled(Builder& builder, double value, DType type, Shape shape);
/// What a reduction over `axes` left, spread out again over the shape it came from.
Ref spread(Builder& builder, Ref reduced, std::uint32_t axes, Shape shape);

inline Term term(Builder& builder, Ref ref) { return {builder, ref}; }
inline Term gradient_term(const GradientContext& context, std::size_t output = 0) {
  return {context.builder, context.output_gradients[output]};
}
/// One Ref per input, none set.
inline std::vector<Ref> no_gradients(const GradientContext& context) { return std::vector<Ref>(context.inputs.size()); }

}  // namespace webai::ops
