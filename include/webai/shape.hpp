// Dimensions of a tensor: up to eight numbers, or symbols while a model is not yet bound to sizes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "webai/export.hpp"

namespace webai {

/// One dimension: a length of 0 or more, or a symbol (a `null` in JSON, the batch). Symbols are numbered; equal numbers
/// mean equal lengths. Stored as one integer: lengths as they are, symbol k as -1-k.
class Dimension {
 public:
  constexpr Dimension(std::int64_t length = 0) : value_(length) {}
  static constexpr Dimension symbol(int number) { return Dimension(-1 - static_cast<std::int64_t>(number)); }
  constexpr bool is_symbol() const { return value_ < 0; }
  constexpr int symbol_number() const { return static_cast<int>(-1 - value_); }
  constexpr std::int64_t value() const { return value_; }  ///< the length; negative for a symbol
  friend constexpr bool operator==(Dimension, Dimension) = default;

 private:
  std::int64_t value_;
};

/// The symbol every model uses for its batch (the implicit leading dimension).
inline constexpr Dimension batch_symbol = Dimension::symbol(0);

/// Row-major shape of rank 0 (a single number) to 8. Never allocates.
class WEBAI_EXPORT Shape {
 public:
  static constexpr std::size_t max_rank = 8;

  Shape() = default;
  /// Throws LIMIT_EXCEEDED for more than max_rank dimensions.
  Shape(std::initializer_list<Dimension> dims);
  explicit Shape(std::span<const Dimension> dims);
  explicit Shape(std::span<const std::int64_t> dims);

  std::size_t rank() const noexcept { return rank_; }
  Dimension dim(std::size_t axis) const noexcept { return dims_[axis]; }
  /// Length of an axis of a concrete shape.
  std::int64_t operator[](std::size_t axis) const noexcept { return dims_[axis].value(); }
  std::span<const Dimension> dims() const& noexcept { return {dims_.data(), rank_}; }
  std::span<const Dimension> dims() const&& = delete;  // of a shape that is gone at the end of the line
  bool is_concrete() const noexcept;  ///< no symbols
  /// Product of all lengths, 1 for rank 0. Throws LIMIT_EXCEEDED on overflow of 63 bits, INTERNAL on symbols.
  std::int64_t elements() const;
  /// Product of the lengths of axes [begin, end).
  std::int64_t elements(std::size_t begin, std::size_t end) const;

  void set(std::size_t axis, Dimension dim) noexcept { dims_[axis] = dim; }
  void append(Dimension dim);  ///< throws LIMIT_EXCEEDED past max_rank
  Shape with(std::size_t axis, Dimension dim) const;
  Shape without(std::size_t axis) const;
  Shape inserted(std::size_t axis, Dimension dim) const;

  /// "3x224x224", "scalar" for rank 0; symbols read "n0", "n1", ...
  std::string text() const;
  friend WEBAI_EXPORT bool operator==(const Shape& a, const Shape& b) noexcept;

 private:
  std::array<Dimension, max_rank> dims_{};
  std::size_t rank_ = 0;
};

/// Row-major strides in elements of a concrete shape.
WEBAI_EXPORT std::array<std::int64_t, Shape::max_rank> strides_of(const Shape& shape);

}  // namespace webai
