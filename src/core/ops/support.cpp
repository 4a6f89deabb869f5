// Axes, shapes and the common emits of the operator files.
#include "core/ops/support.h"

namespace webai::ops {

OpDef operation(std::string name, std::string doc, std::string formula) {
  OpDef op;
  op.name = std::move(name);
  op.domain = "core";
  op.doc = std::move(doc);
  op.formula = std::move(formula);
  return op;
}

std::optional<std::size_t> axis_of(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) return std::nullopt;
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::optional<std::uint32_t> axes_of(const Integers& axes, std::size_t rank) {
  if (axes.empty()) return (std::uint32_t{1} << rank) - 1;
  std::uint32_t set = 0;
  for (const std::int64_t axis : axes) {
    const auto index = axis_of(axis, rank);
    if (!index || in(set, *index)) return std::nullopt;
    set |= std::uint32_t{1} << *index;
  }
  return set;
}

std::string text_of(Dimension dim) { return dim == batch_symbol ? "batch" : Shape{dim}.text(); }

Shape leading(const Shape& shape, std::size_t count) { return Shape(shape.dims().first(count)); }
Shape trailing(const Shape& shape, std::size_t count) { return Shape(shape.dims().last(count)); }

Integers integers_of(const Shape& shape) {
  Integers result;
  for (const Dimension dim : shape.dims()) result.push_back(dim.is_symbol() ? -1 : dim.value());
  return result;
}

std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  if (b != 0 && a > std::numeric_limits<std::int64_t>::max() / b) return std::nullopt;
  return a * b;
}

Ref sum_to(Builder& builder, Ref value, Shape shape) {
  if (!value || builder.shape(value) == shape) return value;
  return builder.emit("sumTo", {value}, {{"shape", integers_of(shape)}});
}

Ref broadcast_to(Builder& builder, Ref value, Shape shape) {
  if (builder.shape(value) == shape) return value;
  return builder.emit("broadcastTo", {value}, {{"shape", integers_of(shape)}});
}

Ref reshape_to(Builder& builder, Ref value, Shape shape) {
  if (builder.shape(value) == shape) return value;
  return builder.emit("reshape", {value}, {{"shape", integers_of(shape)}});
}

Ref cast_to(Builder& builder, Ref value, DType type) {
  if (builder.dtype(value) == type) return value;
  return builder.emit("cast", {value}, {{"type", std::string(name_of(type))}});
}

Ref filled(Builder& builder, double value, DType type, Shape shape) {
  return broadcast_to(builder, builder.scalar(value, type), shape);
}

Ref spread(Builder& builder, Ref reduced, std::uint32_t axes, Shape shape) {
  Shape kept = shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (in(axes, axis)) kept.set(axis, 1);
  return broadcast_to(builder, reshape_to(builder, reduced, kept), shape);
}

}  // namespace webai::ops
