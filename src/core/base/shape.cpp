// Shape: bounded rank, products that notice overflow, text.
#include "webai/shape.hpp"

#include <limits>

#include "webai/error.hpp"

namespace webai {
namespace {

void check_rank(std::size_t rank) {
  if (rank <= Shape::max_rank) return;
  throw Error(Code::limit_exceeded, {.message = "a shape has at most " + std::to_string(Shape::max_rank) +
                                                " dimensions, this one has " + std::to_string(rank),
                                     .reason = "RANK",
                                     .expected = std::to_string(Shape::max_rank),
                                     .actual = std::to_string(rank),
                                     .hint = "put dimensions together"});
}

}  // namespace

Shape::Shape(std::initializer_list<Dimension> dims) : Shape(std::span<const Dimension>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const Dimension> dims) {
  check_rank(dims.size());
  for (const Dimension dim : dims) dims_[rank_++] = dim;
}

Shape::Shape(std::span<const std::int64_t> dims) {
  check_rank(dims.size());
  for (const std::int64_t length : dims) {
    // A negative number would silently read as a symbol.
    if (length < 0) {
      throw Error(Code::invalid_argument, {.message = "a dimension must be 0 or more, got " + std::to_string(length),
                                           .reason = "DIMENSION",
                                           .actual = std::to_string(length),
                                           .hint = "count again: a product may have overflowed"});
    }
    dims_[rank_++] = Dimension(length);
  }
}

bool Shape::is_concrete() const noexcept {
  for (const Dimension dim : dims()) {
    if (dim.is_symbol()) return false;
  }
  return true;
}

std::int64_t Shape::elements() const { return elements(0, rank_); }

std::int64_t Shape::elements(std::size_t begin, std::size_t end) const {
  bool is_empty = false;
  for (std::size_t axis = begin; axis < end; ++axis) {
    if (dims_[axis].is_symbol()) {
      throw Error(Code::internal, "shape " + text() + " still has symbols where numbers are needed");
    }
    is_empty |= dims_[axis].value() == 0;
  }
  if (is_empty) return 0;  // whatever the other lengths are
  std::int64_t product = 1;
  for (std::size_t axis = begin; axis < end; ++axis) {
    const std::int64_t length = dims_[axis].value();
    if (length > std::numeric_limits<std::int64_t>::max() / product) {
      throw Error(Code::limit_exceeded,
                  {.message = "shape " + text() + " has more elements than 63 bits can count", .reason = "ELEMENTS",
                   .hint = "count again, or work in parts"});
    }
    product *= length;
  }
  return product;
}

void Shape::append(Dimension dim) {
  check_rank(rank_ + 1);
  dims_[rank_++] = dim;
}

Shape Shape::with(std::size_t axis, Dimension dim) const {
  Shape result = *this;
  result.set(axis, dim);
  return result;
}

Shape Shape::without(std::size_t axis) const {
  Shape result;
  for (std::size_t i = 0; i < rank_; ++i) {
    if (i != axis) result.append(dims_[i]);
  }
  return result;
}

Shape Shape::inserted(std::size_t axis, Dimension dim) const {
  Shape result;
  for (std::size_t i = 0; i < rank_; ++i) {
    if (i == axis) result.append(dim);
    result.append(dims_[i]);
  }
  if (axis >= rank_) result.append(dim);
  return result;
}

std::string Shape::text() const {
  if (rank_ == 0) return "scalar";
  std::string result;
  for (const Dimension dim : dims()) {
    if (!result.empty()) result += 'x';
    result += dim.is_symbol() ? "n" + std::to_string(dim.symbol_number()) : std::to_string(dim.value());
  }
  return result;
}

bool operator==(const Shape& a, const Shape& b) noexcept {
  if (a.rank_ != b.rank_) return false;
  for (std::size_t axis = 0; axis < a.rank_; ++axis) {
    if (a.dims_[axis] != b.dims_[axis]) return false;
  }
  return true;
}

std::array<std::int64_t, Shape::max_rank> strides_of(const Shape& shape) {
  std::array<std::int64_t, Shape::max_rank> strides{};
  if (shape.elements() == 0) return strides;  // nothing to step over; a partial product could overflow
  std::int64_t stride = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

}  // namespace webai
