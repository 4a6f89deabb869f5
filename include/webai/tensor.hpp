// A dense row-major array of one element type, in host memory.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "webai/context.hpp"
#include "webai/dtype.hpp"
#include "webai/export.hpp"
#include "webai/shape.hpp"

namespace webai {

/// A handle: copies share the memory. Memory comes from the context (aligned to 64 bytes), or is the caller's (wrap).
class WEBAI_EXPORT Tensor {
 public:
  /// No data, fp32, zero elements.
  Tensor() = default;
  /// Zeros. Throws LIMIT_EXCEEDED (limits().tensor_bytes, host_bytes) or OUT_OF_MEMORY before anything is taken.
  Tensor(const Context& context, DType type, Shape shape);
  /// The same without zeroing.
  static Tensor uninitialised(const Context& context, DType type, Shape shape);
  /// A copy of `values`, rounded to `type`; throws SHAPE_MISMATCH when the count differs from the shape's.
  static Tensor from(const Context& context, DType type, Shape shape, std::span<const double> values);
  /// Borrows memory of at least shape.elements() * size_of(type) bytes until `release` is called (may be empty).
  static Tensor wrap(void* memory, DType type, Shape shape, std::function<void()> release = {});

  DType type() const noexcept { return type_; }
  const Shape& shape() const noexcept { return shape_; }
  std::size_t elements() const noexcept { return elements_; }
  std::size_t bytes() const noexcept { return elements_ * size_of(type_); }
  bool empty() const noexcept { return elements_ == 0; }

  void* data() noexcept { return data_; }
  const void* data() const noexcept { return data_; }
  /// Typed view; throws TYPE_MISMATCH when T is not the element type.
  template <class T> std::span<T> span() { check(dtype_of<T>::value); return {static_cast<T*>(data_), elements_}; }
  template <class T> std::span<const T> span() const {
    check(dtype_of<T>::value);
    return {static_cast<const T*>(data_), elements_};
  }
  double at(std::size_t index) const;          ///< element in row-major order as double; throws INVALID_ARGUMENT outside
  void set(std::size_t index, double value);   ///< rounds to the element type

  /// The same memory under another shape of equally many elements; throws SHAPE_MISMATCH otherwise.
  Tensor reshaped(Shape shape) const;
  /// Rows [begin, end) along the first axis, sharing memory.
  Tensor rows(std::int64_t begin, std::int64_t end) const;
  Tensor clone(const Context& context) const;
  Tensor converted(const Context& context, DType type) const;

 private:
  void check(DType wanted) const;
  DType type_ = DType::fp32;
  Shape shape_{Dimension(0)};
  std::size_t elements_ = 0;
  void* data_ = nullptr;
  std::shared_ptr<void> storage_;  // keeps data_ alive; its deleter returns the memory to the context or calls release
};

}  // namespace webai
