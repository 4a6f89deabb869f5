// Tensors as values: a C++ Tensor, and the arrays its view points to.
#pragma once

#include <array>
#include <memory>

#include "capi/object.h"
#include "webai/tensor.hpp"

namespace webai::capi {

struct Symbol;

class TensorValue final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_TENSOR;
  explicit TensorValue(Tensor tensor);
  /// A value that has no data yet: it stands for one of an operation that is being composed.
  explicit TensorValue(std::shared_ptr<const Symbol> symbol) : webai_value(kind_code), symbol_(std::move(symbol)) {}
  void destroy() noexcept override { delete this; }
  const Tensor& tensor() const { return symbol_ ? no_data() : tensor_; }  ///< throws SYMBOLIC for such a value
  Tensor& tensor() { return symbol_ ? no_data() : tensor_; }
  const Symbol* symbol() const noexcept { return symbol_.get(); }
  std::size_t elements() const noexcept { return symbol_ ? 0 : tensor_.elements(); }
  webai_tensor_view view();

 private:
  ~TensorValue() = default;
  [[noreturn]] static Tensor& no_data();
  std::shared_ptr<const Symbol> symbol_;
  Tensor tensor_;
  std::array<std::int64_t, Shape::max_rank> shape_{}, strides_{};
};

Value make_tensor(webai_context& context, Tensor tensor);
/// A tensor with the content of a view. Throws for types, devices and shapes that are not supported.
Value copy_of_view(webai_context& context, const webai_tensor_view& view);
/// Whether the memory of a view is dense and aligned, so that it can be wrapped. Throws as copy_of_view does.
bool can_wrap(const webai_context& context, const webai_tensor_view& view);
/// A tensor over the memory of a dense view; `last` is let go when nobody uses it any more.
Value wrap_view(webai_context& context, const webai_tensor_view& view, std::shared_ptr<void> last);

}  // namespace webai::capi
