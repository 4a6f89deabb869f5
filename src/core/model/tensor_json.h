// Tensors as JSON: {"dataType", "dims", "data"}, the data as base64 of little-endian elements.
#pragma once

#include <string>

#include "core/model/json.h"
#include "webai/context.hpp"
#include "webai/tensor.hpp"

namespace webai {

Json tensor_to_json(const Tensor& tensor);
/// Throws INVALID_ARGUMENT, with `path` in front of the place in `json`, for what is no tensor in that form.
Tensor tensor_from_json(const Context& context, const Json& json, const std::string& path);

}  // namespace webai
