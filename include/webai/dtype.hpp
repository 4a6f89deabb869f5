// Element types and their exact conversions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "webai/export.hpp"

namespace webai {

/// Type of a tensor's elements. fp16 is IEEE binary16, bf16 the upper half of binary32.
enum class DType : std::uint8_t { boolean, i8, i16, i32, i64, u8, u16, u32, u64, fp16, bf16, fp32, fp64 };

inline constexpr std::size_t dtype_count = 13;

/// Size of one element in bytes (boolean: 1).
WEBAI_EXPORT std::size_t size_of(DType type) noexcept;
/// The JSON spelling: "bool", "i8" ... "u64", "fp16", "bf16", "fp32", "fp64".
WEBAI_EXPORT std::string_view name_of(DType type) noexcept;
WEBAI_EXPORT std::optional<DType> dtype_from_name(std::string_view name) noexcept;
WEBAI_EXPORT bool is_floating(DType type) noexcept;
WEBAI_EXPORT bool is_integer(DType type) noexcept;  ///< not boolean
WEBAI_EXPORT bool is_signed(DType type) noexcept;

/// A 16-bit float as stored; arithmetic happens in fp32 or fp64. The conversions are exact outwards and round to
/// nearest even inwards; not-a-number becomes 0x7e00 (fp16) or 0x7fc0 (bf16).
struct fp16 {
  std::uint16_t bits = 0;
};
struct bf16 {
  std::uint16_t bits = 0;
};

WEBAI_EXPORT float to_float(fp16 value) noexcept;
WEBAI_EXPORT float to_float(bf16 value) noexcept;
/// Rounded once from double, so a double computed exactly is never rounded twice.
WEBAI_EXPORT fp16 to_fp16(double value) noexcept;
WEBAI_EXPORT bf16 to_bf16(double value) noexcept;

/// Reads element `index` of an array of `type` as double (u64 and i64 beyond 2^53 are rounded to nearest even).
WEBAI_EXPORT double load_double(DType type, const void* data, std::size_t index) noexcept;
/// Writes a double as `type`: floats round to nearest even; integers truncate towards zero and saturate,
/// not-a-number becomes 0; boolean is value != 0.
WEBAI_EXPORT void store_double(DType type, void* data, std::size_t index, double value) noexcept;
/// Converts `count` elements; integers to integers exactly (wrapping modulo 2^n when narrower), everything else by the
/// rules of load_double and store_double. The arrays must not overlap unless they are the same and equally wide.
WEBAI_EXPORT void convert(DType from, const void* source, DType to, void* target, std::size_t count) noexcept;

/// The element type of a C++ type, for typed access to tensors.
template <class T> struct dtype_of;
template <> struct dtype_of<bool> { static constexpr DType value = DType::boolean; };
template <> struct dtype_of<std::int8_t> { static constexpr DType value = DType::i8; };
template <> struct dtype_of<std::int16_t> { static constexpr DType value = DType::i16; };
template <> struct dtype_of<std::int32_t> { static constexpr DType value = DType::i32; };
template <> struct dtype_of<std::int64_t> { static constexpr DType value = DType::i64; };
template <> struct dtype_of<std::uint8_t> { static constexpr DType value = DType::u8; };
template <> struct dtype_of<std::uint16_t> { static constexpr DType value = DType::u16; };
template <> struct dtype_of<std::uint32_t> { static constexpr DType value = DType::u32; };
template <> struct dtype_of<std::uint64_t> { static constexpr DType value = DType::u64; };
template <> struct dtype_of<fp16> { static constexpr DType value = DType::fp16; };
template <> struct dtype_of<bf16> { static constexpr DType value = DType::bf16; };
template <> struct dtype_of<float> { static constexpr DType value = DType::fp32; };
template <> struct dtype_of<double> { static constexpr DType value = DType::fp64; };

}  // namespace webai
