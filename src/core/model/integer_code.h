// Integer types as storage: real numbers kept as codes, computed with as floating-point numbers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/op/builder.h"
#include "webai/tensor.hpp"

namespace webai {

class Json;

/// What a model of this type computes in: its own type; for integers fp32, and fp64 for those of 32 bits and more.
DType computed_in(DType model) noexcept;

/// Inputs and outputs: code = real * full, rounded half to even and clipped, where `full` is the largest code. So an
/// unsigned type holds 0 to 1 and a signed one -1 to 1.
Ref value_to_code(Builder& builder, Ref real, DType type);
Ref value_from_code(Builder& builder, Ref code, DType computed);
/// The real number rounded to what the type can hold.
Ref rounded_value(Builder& builder, Ref real, DType type);
/// The same for tensors. What is of another type than `type` is taken for real numbers.
Tensor codes_of_values(const Context& context, const Tensor& real, DType type);
Tensor values_of_codes(const Context& context, const Tensor& codes);
/// The same into a tensor that is kept from call to call.
void values_of_codes(const Context& context, const Tensor& codes, Tensor& real);
/// The code that stands for the number 1.
double full_code(DType type) noexcept;

/// How the numbers of a parameter are kept: real = (code - zero) * scale / (2^(bits - 1) - 1).
struct ParameterCode {
  Tensor scale = {};  ///< in the computed type, of rank 0 or broadcasting to the parameter; no data: numbers, no codes
  double zero = 0;
  std::string path = {};  ///< where the layer may say so: "/layers/1/quantization/weights"
  explicit operator bool() const noexcept { return scale.data() != nullptr; }
};

/// From a layer's `quantization`: {"scale", "zeroPoint", "axis"}, for all its parameters or under the name of one. Null:
/// scale 1, zero in the middle.
ParameterCode read_parameter_code(const Context& context, const Json* quantization, std::string_view parameter,
                                  const Shape& shape, DType type, const std::string& path);

/// Refuses what is neither a property of quantization nor one of the layer's parameters.
void check_quantization(const Json& quantization, std::span<const std::string_view> parameters, const std::string& path);

/// The state that holds a parameter's scale, which training widens.
std::string scale_name(std::string_view parameter);

Ref parameter_to_code(Builder& builder, Ref real, Ref scale, const ParameterCode& code, DType type);
Ref parameter_from_code(Builder& builder, Ref codes, Ref scale, const ParameterCode& code, DType computed);
/// `scale`, or the least larger one with which the codes reach all of `real`.
Ref widened_scale(Builder& builder, Ref real, Ref scale, const ParameterCode& code, DType type);

/// The same for tensors, with the same bits. `real` may be of any floating type.
Tensor codes_of_parameter(const Context& context, const Tensor& real, const ParameterCode& code, DType type);
Tensor parameter_of_codes(const Context& context, const Tensor& codes, const ParameterCode& code);
std::vector<double> numbers_of_codes(const Tensor& codes, const ParameterCode& code);
/// Whether the numbers give the codes again: those of 64 bits may be finer than any number.
bool survives_as_numbers(const Tensor& codes, const ParameterCode& code);
/// The scale that a layer without `quantization` finds for the numbers that the codes stand for.
double found_scale(const Tensor& codes, const ParameterCode& code);
Tensor widened_scale(const Context& context, const Tensor& real, const ParameterCode& code, DType type);

}  // namespace webai
