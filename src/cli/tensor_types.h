// The types that jobs of `run --lines` declare: "tensor(float16)" and what stands for it in a file.
#pragma once

#include <string>

#include "webai/tensor.hpp"

namespace webai::cli {

/// Where an input's values came from: an .npy has a type of its own, which must be the one that carries the declared
/// type; other values are numbers and become what was declared.
enum class Values { npy, numbers };

/// The input as `type` says, bits and codes taken for what they mean. UNSUPPORTED for types that no model of this build
/// has; INVALID_ARGUMENT when the values are not of that type, or there is no such type.
Tensor as_declared(const Context& context, const Tensor& values, Values from, const std::string& type,
                   const std::string& input);

/// Throws in the same way unless the output is of the declared type.
void check_declared(const Tensor& values, const std::string& type, const std::string& output);

}  // namespace webai::cli
