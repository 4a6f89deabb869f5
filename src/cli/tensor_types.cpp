#include "cli/tensor_types.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "webai/error.hpp"

namespace webai::cli {
namespace {

struct DeclaredType {
  std::string_view name;  // inside "tensor(...)"
  DType type;             // here
  DType carrier;          // in an .npy
  int low = 0, high = 0;  // of narrow integers, which are kept in wider ones
  bool narrow() const { return low != high; }
};
constexpr DeclaredType declared_types[] = {
    {"bool", DType::boolean, DType::boolean}, {"int8", DType::i8, DType::i8},
    {"int16", DType::i16, DType::i16},        {"int32", DType::i32, DType::i32},
    {"int64", DType::i64, DType::i64},        {"uint8", DType::u8, DType::u8},
    {"uint16", DType::u16, DType::u16},       {"uint32", DType::u32, DType::u32},
    {"uint64", DType::u64, DType::u64},       {"float16", DType::fp16, DType::fp16},
    {"bfloat16", DType::bf16, DType::u16},    {"float", DType::fp32, DType::fp32},
    {"double", DType::fp64, DType::fp64},     {"int2", DType::i8, DType::i8, -2, 1},
    {"int4", DType::i8, DType::i8, -8, 7},    {"uint2", DType::u8, DType::u8, 0, 3},
    {"uint4", DType::u8, DType::u8, 0, 15},
};
// Valid, but no value of this library has them. What stands inside "seq(...)" and its like does not matter.
constexpr std::string_view absent_types[] = {"tensor(float8e4m3fn)",   "tensor(float8e4m3fnuz)", "tensor(float8e5m2)",
                                             "tensor(float8e5m2fnuz)", "tensor(float8e8m0)",     "tensor(float4e2m1)",
                                             "tensor(complex64)",      "tensor(complex128)",     "tensor(string)"};
constexpr std::string_view absent_kinds[] = {"seq(", "optional(", "map(", "sparse_tensor("};

[[noreturn]] void unsupported(const std::string& what, const std::string& type) {
  throw Error(Code::unsupported,
              {.message = what + " is " + type + ", which no value of this build is", .reason = "TYPE"});
}

const DeclaredType& find_type(const std::string& text, const std::string& what) {
  constexpr std::string_view before = "tensor(", after = ")";
  for (const DeclaredType& type : declared_types)
    if (text.size() == before.size() + type.name.size() + after.size() && text.starts_with(before) &&
        text.ends_with(after) && text.compare(before.size(), type.name.size(), type.name) == 0)
      return type;
  if (std::find(std::begin(absent_types), std::end(absent_types), text) != std::end(absent_types))
    unsupported(what, text);
  for (const std::string_view kind : absent_kinds)
    if (text.starts_with(kind) && text.ends_with(after)) unsupported(what, text);
  throw Error(Code::invalid_argument,
              {.message = what + ": there is no type \"" + text + "\"",
               .reason = "TYPE",
               .expected = "such as \"tensor(float)\", \"tensor(bfloat16)\" or \"tensor(int4)\""});
}

[[noreturn]] void wrong_type(const std::string& what, const std::string& declared, const std::string& expected,
                             const std::string& actual) {
  throw Error(
      Code::type_mismatch,
      {.message = what + " is declared as " + declared, .reason = "TYPE", .expected = expected, .actual = actual});
}

// Whole numbers must arrive as they were given.
void check_numbers(const Tensor& given, const Tensor& converted, const DeclaredType& type, const std::string& text,
                   const std::string& what) {
  if (is_floating(type.type)) return;
  for (std::size_t i = 0; i < given.elements(); ++i) {
    const double value = given.at(i);
    if (converted.at(i) == value && (!type.narrow() || (value >= type.low && value <= type.high))) continue;
    wrong_type(what, text, "numbers of that type", std::to_string(value));
  }
}

}  // namespace

Tensor as_declared(const Context& context, const Tensor& values, Values from, const std::string& type,
                   const std::string& input) {
  const std::string what = "input \"" + input + "\"";
  const DeclaredType& declared = find_type(type, what);
  if (from == Values::npy && values.type() != declared.carrier)
    wrong_type(what, type, "an .npy of " + std::string(name_of(declared.carrier)), std::string(name_of(values.type())));
  if (from == Values::npy && declared.carrier != declared.type) {  // bits
    const Tensor kept = values;
    return Tensor::wrap(const_cast<void*>(values.data()), declared.type, values.shape(), [kept] {});
  }
  const Tensor converted = values.type() == declared.type ? values : values.converted(context, declared.type);
  if (from == Values::numbers || declared.narrow()) check_numbers(values, converted, declared, type, what);
  return converted;
}

void check_declared(const Tensor& values, const std::string& type, const std::string& output) {
  const std::string what = "output \"" + output + "\"";
  const DeclaredType& declared = find_type(type, what);
  if (declared.narrow()) unsupported(what, type);  // nothing computes in them
  if (values.type() != declared.type)
    wrong_type(what, type, std::string(name_of(declared.type)), std::string(name_of(values.type())));
}

}  // namespace webai::cli
