#include "core/model/integer_code.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/kept_tensor.h"
#include "core/base/names.h"
#include "core/model/json.h"
#include "core/model/vocabulary.h"
#include "core/op/term.h"
#include "webai/error.hpp"

namespace webai {
namespace {

int bits_of(DType type) { return static_cast<int>(8 * size_of(type)); }

// Largest and least code, and the code behind which a weight is one scale away from zero. Those of 64 bits are rounded
// to what fp64 can hold; conversions to the type saturate.
double largest_code(DType type) { return std::ldexp(1.0, bits_of(type) - (is_signed(type) ? 1 : 0)) - 1; }
double least_code(DType type) { return is_signed(type) ? -std::ldexp(1.0, bits_of(type) - 1) : 0; }
double span_of(DType type) { return std::ldexp(1.0, bits_of(type) - 1) - 1; }
double middle_of(DType type) { return is_signed(type) ? 0 : std::ldexp(1.0, bits_of(type) - 1); }

// How far the largest weight may be from zero, in steps, so that the codes reach it on either side; on the one side
// there is, where zero is an end of the codes.
double reach_of(const ParameterCode& code, DType type) {
  const double above = largest_code(type) - code.zero, below = code.zero - least_code(type);
  return std::min(above, below) > 0 ? std::min(above, below) : std::max(above, below);
}

Term cast(Term value, DType type) { return value.apply("cast", {{"type", std::string(name_of(type))}}); }

// Arithmetic in the computed type: one operation in double, rounded once more, has the bits of one in fp32.
double in_type(DType computed, double value) {
  return computed == DType::fp32 ? static_cast<double>(static_cast<float>(value)) : value;
}

// For each element of the parameter the element of the scale that it goes with.
std::vector<std::size_t> places_in_scale(const Shape& shape, const Shape& scale) {
  std::vector<std::size_t> places(static_cast<std::size_t>(shape.elements()), 0);
  if (scale.rank() == 0) return places;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::size_t left = i, place = 0, stride = 1;
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      const auto length = static_cast<std::size_t>(shape[axis]);
      if (scale[axis] != 1) place += left % length * stride;
      stride *= static_cast<std::size_t>(scale[axis]);
      left /= length;
    }
    places[i] = place;
  }
  return places;
}

// Codes and numbers of one parameter, element by element.
class Coder {
 public:
  Coder(const ParameterCode& code, const Shape& shape, DType type)
      : computed_(code.scale.type()),
        zero_(in_type(computed_, code.zero)),
        places_(places_in_scale(shape, code.scale.shape())),
        steps_(code.scale.elements()) {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      steps_[i] = in_type(computed_, code.scale.at(i) / in_type(computed_, span_of(type)));
  }
  double code(std::size_t i, double real) const {
    return in_type(computed_, std::nearbyint(in_type(computed_, in_type(computed_, real) / steps_[places_[i]])) + zero_);
  }
  double real(std::size_t i, double code) const {
    return in_type(computed_, in_type(computed_, in_type(computed_, code) - zero_) * steps_[places_[i]]);
  }

 private:
  DType computed_;
  double zero_;
  std::vector<std::size_t> places_;
  std::vector<double> steps_;  // the size of one step for each element of the scale
};

[[noreturn]] void refuse(const std::string& path, std::string message, std::string expected, std::string actual) {
  throw Error(Code::invalid_model, {.message = std::move(message),
                                    .reason = "QUANTIZATION",
                                    .path = path,
                                    .expected = std::move(expected),
                                    .actual = std::move(actual),
                                    .hint = "{\"scale\": 0.5} holds numbers from -0.5 to 0.5: docs/data-types.md"});
}

constexpr std::string_view known_keys[] = {"scale", "zeroPoint", "axis"};

void unknown_key(const std::string& key, std::span<const std::string_view> known, const std::string& path) {
  const std::string near = nearest_name(key, known);
  std::string expected;
  for (const std::string_view name : known) expected += (expected.empty() ? "" : ", ") + std::string(name);
  throw Error(Code::invalid_model, {.message = "quantization has no property \"" + key + "\"",
                                    .reason = "UNKNOWN_PROPERTY",
                                    .path = pointer_to(path, key),
                                    .expected = std::move(expected),
                                    .actual = "\"" + key + "\"",
                                    .hint = near.empty() ? "take one of those, or leave it out" : "did you mean \"" + near + "\"?"});
}

void check_own(const Json& own, const std::string& path) {
  if (!own.is_object()) refuse(path, "quantization of a parameter is an object", "{\"scale\": ...}", describe(own));
  for (const Json::Member& member : own.members())
    if (!is_kept_and_ignored(member.first) && std::ranges::find(known_keys, member.first) == std::end(known_keys)) unknown_key(member.first, known_keys, path);
}

Tensor read_scale(const Context& context, const Json& scale, const Json* axis, const Shape& shape, DType computed,
                  const std::string& path) {
  std::vector<double> values;
  if (scale.is_number()) values.push_back(scale.as_number());
  if (scale.is_packed()) values.assign(scale.as_numbers().begin(), scale.as_numbers().end());
  if (values.empty())
    refuse(pointer_to(path, "scale"), "a scale is a number above 0", "a number above 0, or several", describe(scale));
  for (const double value : values)
    if (!(in_type(computed, value) > 0) || !std::isfinite(in_type(computed, value)))
      refuse(pointer_to(path, "scale"), "a scale is a number above 0", "a number above 0", describe(scale));
  Shape dims;
  if (!scale.is_number()) {
    const auto given = axis && axis->is_number() ? axis->as_integer() : std::nullopt;
    const auto rank = static_cast<std::int64_t>(shape.rank());
    if (!given || *given >= rank || *given < -rank)
      refuse(pointer_to(path, "axis"), "several scales go along an axis of the parameter",
             "an axis of " + shape.text(), axis ? describe(*axis) : "none");
    const auto along = static_cast<std::size_t>(*given < 0 ? *given + rank : *given);
    if (static_cast<std::int64_t>(values.size()) != shape[along])
      refuse(pointer_to(path, "scale"), "there is one scale for each place of the axis", std::to_string(shape[along]),
             std::to_string(values.size()));
    std::vector<std::int64_t> lengths(shape.rank(), 1);
    lengths[along] = shape[along];
    dims = Shape(lengths);
  }
  return Tensor::from(context, computed, dims, values);
}

}  // namespace

DType computed_in(DType model) noexcept {
  if (is_floating(model)) return model;
  return size_of(model) < sizeof(float) ? DType::fp32 : DType::fp64;
}

Ref value_to_code(Builder& builder, Ref real, DType type) {
  return cast((Term(builder, real) * largest_code(type)).apply("round"), type);
}

Ref value_from_code(Builder& builder, Ref code, DType computed) {
  const DType type = builder.dtype(code);
  return cast({builder, code}, computed) / largest_code(type);
}

Ref rounded_value(Builder& builder, Ref real, DType type) {
  return value_from_code(builder, value_to_code(builder, real, type), builder.dtype(real));
}

Tensor codes_of_values(const Context& context, const Tensor& real, DType type) {
  if (real.type() == type) return real;
  const DType computed = computed_in(type);
  const double full = in_type(computed, largest_code(type));
  Tensor codes = Tensor::uninitialised(context, type, real.shape());
  for (std::size_t i = 0; i < codes.elements(); ++i)
    codes.set(i, std::nearbyint(in_type(computed, in_type(computed, real.at(i)) * full)));
  return codes;
}

Tensor values_of_codes(const Context& context, const Tensor& codes) {
  Tensor real;
  values_of_codes(context, codes, real);
  return real;
}

void values_of_codes(const Context& context, const Tensor& codes, Tensor& real) {
  const DType computed = computed_in(codes.type());
  const double full = in_type(computed, largest_code(codes.type()));
  keep(real, context, computed, codes.shape());
  for (std::size_t i = 0; i < real.elements(); ++i) real.set(i, in_type(computed, codes.at(i)) / full);
}

double full_code(DType type) noexcept { return largest_code(type); }

ParameterCode read_parameter_code(const Context& context, const Json* quantization, std::string_view parameter,
                                  const Shape& shape, DType type, const std::string& path) {
  const DType computed = computed_in(type);
  const double one = 1;
  ParameterCode code{Tensor::from(context, computed, Shape{}, {&one, 1}), middle_of(type), pointer_to(path, parameter)};
  if (!quantization) return code;
  if (!quantization->is_object()) refuse(path, "quantization is an object", "{\"scale\": ...}", describe(*quantization));
  // A parameter may be called "scale": an object is said of it, a number or list of all of them.
  const Json* own = quantization->find(parameter);
  if (own && !own->is_object() && std::ranges::find(known_keys, parameter) != std::end(known_keys)) own = nullptr;
  if (own) check_own(*own, code.path);
  // What is said of this parameter, else of all of the layer's.
  std::string place;
  const auto said = [&](std::string_view key) {
    const Json* const here = own ? own->find(key) : nullptr;
    const Json* const of_all = quantization->find(key);
    place = here ? code.path : path;
    return here ? here : of_all && of_all->is_object() ? nullptr : of_all;
  };
  const Json* const axis = said("axis");
  if (const Json* const zero = said("zeroPoint")) {
    const auto value = zero->is_number() ? zero->as_number() : std::nan("");
    if (!(value >= least_code(type) && value <= largest_code(type)) || value != std::floor(value))
      refuse(pointer_to(place, "zeroPoint"), "a zero point is one of the codes",
             "a whole number that " + std::string(name_of(type)) + " holds", describe(*zero));
    code.zero = value;
  }
  if (const Json* const scale = said("scale")) code.scale = read_scale(context, *scale, axis, shape, computed, place);
  return code;
}

void check_quantization(const Json& quantization, std::span<const std::string_view> parameters, const std::string& path) {
  std::vector<std::string_view> known(std::begin(known_keys), std::end(known_keys));
  known.insert(known.end(), parameters.begin(), parameters.end());
  for (const Json::Member& member : quantization.members())
    if (is_kept_and_ignored(member.first)) continue;
    else if (std::ranges::find(known, member.first) == known.end()) unknown_key(member.first, known, path);
    else if (member.second.is_object() && std::ranges::find(parameters, member.first) == parameters.end())
      refuse(pointer_to(path, member.first), "the layer has no parameter of that name", "a number, or several", "an object");
}

std::string scale_name(std::string_view parameter) { return "scale of " + std::string(parameter); }

Ref parameter_to_code(Builder& builder, Ref real, Ref scale, const ParameterCode& code, DType type) {
  const Term step = Term(builder, scale) / span_of(type);
  Term codes = (Term(builder, real) / step).apply("round");
  if (code.zero != 0) codes = codes + code.zero;
  return cast(codes, type);
}

Ref parameter_from_code(Builder& builder, Ref codes, Ref scale, const ParameterCode& code, DType computed) {
  const DType type = builder.dtype(codes);
  const Term step = Term(builder, scale) / span_of(type);
  Term real = cast({builder, codes}, computed);
  if (code.zero != 0) real = real - code.zero;
  return real * step;
}

Ref widened_scale(Builder& builder, Ref real, Ref scale, const ParameterCode& code, DType type) {
  const Shape dims = builder.shape(scale);  // a copy: the graph grows below
  std::vector<std::int64_t> axes;
  for (std::size_t axis = 0; axis < builder.shape(real).rank(); ++axis)
    if (dims.rank() == 0 || dims[axis] == 1) axes.push_back(static_cast<std::int64_t>(axis));
  Term largest = Term(builder, real).apply("abs");
  if (!axes.empty()) largest = largest.apply("reduceMax", {{"axes", axes}, {"keepDimensions", dims.rank() > 0}});
  return largest.apply("mul", largest.number(span_of(type) / reach_of(code, type))).apply("max", {builder, scale});
}

Tensor codes_of_parameter(const Context& context, const Tensor& real, const ParameterCode& code, DType type) {
  const Coder coder(code, real.shape(), type);
  Tensor codes = Tensor::uninitialised(context, type, real.shape());
  for (std::size_t i = 0; i < codes.elements(); ++i) codes.set(i, coder.code(i, real.at(i)));
  return codes;
}

Tensor parameter_of_codes(const Context& context, const Tensor& codes, const ParameterCode& code) {
  return Tensor::from(context, code.scale.type(), codes.shape(), numbers_of_codes(codes, code));
}

std::vector<double> numbers_of_codes(const Tensor& codes, const ParameterCode& code) {
  const Coder coder(code, codes.shape(), codes.type());
  std::vector<double> real(codes.elements());
  for (std::size_t i = 0; i < real.size(); ++i) real[i] = coder.real(i, codes.at(i));
  return real;
}

bool survives_as_numbers(const Tensor& codes, const ParameterCode& code) {
  const Coder coder(code, codes.shape(), codes.type());
  for (std::size_t i = 0; i < codes.elements(); ++i)
    if (coder.code(i, coder.real(i, codes.at(i))) != codes.at(i)) return false;
  return true;
}

double found_scale(const Tensor& codes, const ParameterCode& code) {
  const DType computed = code.scale.type(), type = codes.type();
  const double unit = in_type(computed, span_of(type) / reach_of({code.scale, middle_of(type)}, type));
  double scale = 1;
  for (const double real : numbers_of_codes(codes, code)) scale = std::max(scale, in_type(computed, std::fabs(real) * unit));
  return scale;
}

Tensor widened_scale(const Context& context, const Tensor& real, const ParameterCode& code, DType type) {
  const DType computed = code.scale.type();
  const std::vector<std::size_t> places = places_in_scale(real.shape(), code.scale.shape());
  const double unit = in_type(computed, span_of(type) / reach_of(code, type));
  Tensor scale = code.scale.clone(context);
  for (std::size_t i = 0; i < real.elements(); ++i)
    scale.set(places[i], std::max(scale.at(places[i]), in_type(computed, std::fabs(in_type(computed, real.at(i))) * unit)));
  return scale;
}

}  // namespace webai
