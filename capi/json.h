// Between JSON and values: leaves put into a descriptor, tensors written as arrays or base64.
#pragma once

#include <span>

#include "capi/object.h"
#include "webai/dtype.hpp"
#include "webai/json.hpp"

namespace webai::capi {

enum class TensorForm {
  array,   ///< nested arrays of numbers
  base64,  ///< a text: the elements' bytes, little endian
  setup    ///< base64 for "data" in "setup", arrays elsewhere: how a model takes its weights
};

/// A tree of values; an object {"$leaf": i} becomes leaves[i] when there are leaves.
Value value_from_json(webai_context& context, const Json& json, std::span<webai_value* const> leaves = {});
/// Throws TYPE_MISMATCH for what JSON has no form for. TensorForm::setup takes tensors of `setup_type`, and u8 as
/// bytes.
Json json_from_value(webai_value* value, TensorForm form, DType setup_type = DType::fp32);

/// The options of webai_value_to_json: "tensors" and "pretty".
TensorForm tensor_form(webai_value* opts);
bool is_pretty(webai_value* opts);

}  // namespace webai::capi
