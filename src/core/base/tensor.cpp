// Tensor: checks sizes against the limits before memory is taken; views share storage.
#include "webai/tensor.hpp"

#include <cstring>
#include <string>

#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void too_large(DType type, const Shape& shape, std::uint64_t limit) {
  throw Error(Code::limit_exceeded,
              {.message = "a tensor of " + shape.text() + " " + std::string(name_of(type)) + " is larger than the " +
                          std::to_string(limit) + " bytes allowed for one tensor",
               .reason = "TENSOR_BYTES",
               .hint = "raise the limit tensorBytes if this size is meant"});
}

// Number of elements of a tensor that the context's limits allow.
std::size_t checked_elements(const Context& context, DType type, const Shape& shape) {
  const Limits& limits = context.limits();
  if (shape.rank() > limits.rank) {
    throw Error(Code::limit_exceeded, {.message = "a tensor of " + shape.text() + " has rank " +
                                                  std::to_string(shape.rank()) + ", the limit is " +
                                                  std::to_string(limits.rank),
                                       .reason = "RANK",
                                       .hint = "put dimensions together, or raise the limit rank"});
  }
  const auto elements = static_cast<std::uint64_t>(shape.elements());
  if (elements > limits.tensor_bytes / size_of(type)) too_large(type, shape, limits.tensor_bytes);
  // Holds also where the limit is none (~0): bytes() must be able to count them.
  if (elements > std::uint64_t{PTRDIFF_MAX} / size_of(type)) too_large(type, shape, PTRDIFF_MAX);
  return static_cast<std::size_t>(elements);
}

struct ReturnToContext {
  Context context;  // keeps the host alive as long as its memory is used
  std::size_t bytes;
  void operator()(void* memory) const noexcept { context.deallocate(memory, bytes); }
};

struct CallRelease {
  std::function<void()> release;
  void operator()(void*) const {
    if (release) release();
  }
};

[[noreturn]] void count_differs(const Shape& wanted, std::size_t count) {
  throw Error(Code::shape_mismatch,
              {.message = "shape " + wanted.text() + " holds " + std::to_string(wanted.elements()) +
                          " elements, there are " + std::to_string(count),
               .reason = "ELEMENTS",
               .expected = std::to_string(wanted.elements()),
               .actual = std::to_string(count),
               .hint = "give as many values as the shape holds"});
}

}  // namespace

Tensor Tensor::uninitialised(const Context& context, DType type, Shape shape) {
  Tensor tensor;
  tensor.type_ = type;
  tensor.elements_ = checked_elements(context, type, shape);
  tensor.shape_ = shape;
  tensor.data_ = context.allocate(tensor.bytes());
  tensor.storage_ = std::shared_ptr<void>(tensor.data_, ReturnToContext{context, tensor.bytes()});
  return tensor;
}

Tensor::Tensor(const Context& context, DType type, Shape shape) : Tensor(uninitialised(context, type, shape)) {
  std::memset(data_, 0, bytes());
}

Tensor Tensor::from(const Context& context, DType type, Shape shape, std::span<const double> values) {
  if (static_cast<std::uint64_t>(shape.elements()) != values.size()) count_differs(shape, values.size());
  Tensor tensor = uninitialised(context, type, shape);
  convert(DType::fp64, values.data(), type, tensor.data_, values.size());
  return tensor;
}

Tensor Tensor::wrap(void* memory, DType type, Shape shape, std::function<void()> release) {
  // From here on release runs exactly once, also when a check below throws.
  std::shared_ptr<void> storage;
  if (release) storage = std::shared_ptr<void>(memory, CallRelease{std::move(release)});
  const auto elements = static_cast<std::uint64_t>(shape.elements());
  if (elements > std::uint64_t{PTRDIFF_MAX} / size_of(type)) too_large(type, shape, PTRDIFF_MAX);
  if (!memory && elements != 0) {
    throw Error(Code::invalid_argument, "memory to wrap as " + shape.text() + " is a null pointer");
  }
  Tensor tensor;
  tensor.type_ = type;
  tensor.shape_ = shape;
  tensor.elements_ = static_cast<std::size_t>(elements);
  tensor.data_ = memory;
  tensor.storage_ = std::move(storage);
  return tensor;
}

double Tensor::at(std::size_t index) const {
  if (index >= elements_) {
    throw Error(Code::invalid_argument, "element " + std::to_string(index) + " of a tensor of " + shape_.text() +
                                            " does not exist");
  }
  return load_double(type_, data_, index);
}

void Tensor::set(std::size_t index, double value) {
  if (index >= elements_) {
    throw Error(Code::invalid_argument, "element " + std::to_string(index) + " of a tensor of " + shape_.text() +
                                            " does not exist");
  }
  store_double(type_, data_, index, value);
}

Tensor Tensor::reshaped(Shape shape) const {
  if (static_cast<std::uint64_t>(shape.elements()) != elements_) count_differs(shape, elements_);
  Tensor result = *this;
  result.shape_ = shape;
  return result;
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  if (shape_.rank() == 0 || begin < 0 || end < begin || end > shape_[0]) {
    throw Error(Code::invalid_argument, "rows " + std::to_string(begin) + " to " + std::to_string(end) +
                                            " do not exist in a tensor of " + shape_.text());
  }
  const auto row = static_cast<std::size_t>(shape_.elements(1, shape_.rank()));
  Tensor result = *this;
  result.shape_ = shape_.with(0, Dimension(end - begin));
  result.elements_ = static_cast<std::size_t>(end - begin) * row;
  if (data_) result.data_ = static_cast<std::byte*>(data_) + static_cast<std::size_t>(begin) * row * size_of(type_);
  return result;
}

Tensor Tensor::clone(const Context& context) const { return converted(context, type_); }

Tensor Tensor::converted(const Context& context, DType type) const {
  Tensor result = uninitialised(context, type, shape_);
  convert(type_, data_, type, result.data_, elements_);
  return result;
}

void Tensor::check(DType wanted) const {
  if (wanted == type_) return;
  throw Error(Code::type_mismatch, {.message = "the tensor holds " + std::string(name_of(type_)) + ", not " +
                                               std::string(name_of(wanted)),
                                    .reason = "TYPE",
                                    .expected = std::string(name_of(wanted)),
                                    .actual = std::string(name_of(type_)),
                                    .hint = "convert it first, with converted()"});
}

}  // namespace webai
