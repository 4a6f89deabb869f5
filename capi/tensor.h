// Tensors as values: a C++ Tensor, and the arrays its view points to.
#pragma once

#include <array>

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

}  // namespace webai::capi
