// Tensors as values: a C++ Tensor, and the arrays its view points to.
#pragma once

#include <array>
#include <memory>

#include "capi/object.h"
#include "webai/tensor.hpp"

namespace webai::capi {

class TensorValue final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_TENSOR;
  explicit TensorValue(Tensor tensor);
  void destroy() noexcept override { delete this; }
  const Tensor& tensor() const noexcept { return tensor_; }
  Tensor& tensor() noexcept { return tensor_; }
  webai_tensor_view view() noexcept;

 private:
  ~TensorValue() = default;
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
