#include "capi/layer_activation.h"

#include "capi/guard.h"
#include "capi/network.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {

Value LayerActivation::call(std::span<webai_value* const> arguments, CallOutputs*) {
  life_->check();
  if (arguments.size() != 1)
    refuse(Code::invalid_argument, "INPUT_COUNT", "an activation takes one argument, got " + std::to_string(arguments.size()));
  if (const Symbol* const symbol = symbol_of(arguments[0]))
    return make_symbol(*context, activation_(symbol->variable), symbol->composition);
  if (kind_of(arguments[0]) == WEBAI_NUMBER)
    return make_number(*context, activation_(static_cast<Number*>(arguments[0])->value));
  const bool is_tensor = kind_of(arguments[0]) == WEBAI_TENSOR;
  const DType type = is_tensor ? static_cast<TensorValue*>(arguments[0])->tensor().type() : DType::fp32;
  Tensor result = tensor_from_value(context->core(), type, arguments[0], "args").clone(context->core());
  for (std::size_t i = 0; i < result.elements(); ++i) result.set(i, activation_(result.at(i)));
  return make_tensor(*context, std::move(result));
}

}  // namespace webai::capi
