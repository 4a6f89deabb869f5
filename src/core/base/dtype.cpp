// DType: names, sizes, the conversions of single elements and of arrays.
#include "webai/dtype.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace webai {
namespace {

enum class Kind { boolean, integer, floating };

struct Facts {
  std::string_view name;
  std::uint8_t size;
  Kind kind;
  bool is_signed;
};

// In the order of DType.
constexpr std::array<Facts, dtype_count> facts_table = {{{"bool", 1, Kind::boolean, false},
                                                         {"i8", 1, Kind::integer, true},
                                                         {"i16", 2, Kind::integer, true},
                                                         {"i32", 4, Kind::integer, true},
                                                         {"i64", 8, Kind::integer, true},
                                                         {"u8", 1, Kind::integer, false},
                                                         {"u16", 2, Kind::integer, false},
                                                         {"u32", 4, Kind::integer, false},
                                                         {"u64", 8, Kind::integer, false},
                                                         {"fp16", 2, Kind::floating, true},
                                                         {"bf16", 2, Kind::floating, true},
                                                         {"fp32", 4, Kind::floating, true},
                                                         {"fp64", 8, Kind::floating, true}}};

const Facts& facts_of(DType type) { return facts_table[static_cast<std::size_t>(type)]; }

// Rounds a double to a 16-bit float with the given number of mantissa bits, to nearest even, once.
template <int mantissa_bits> std::uint16_t narrow(double value, std::uint16_t not_a_number) {
  constexpr int exponent_bits = 15 - mantissa_bits;
  constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  constexpr std::uint64_t infinity = std::uint64_t{(1u << exponent_bits) - 1} << mantissa_bits;
  constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 48 & 0x8000);
  const std::uint64_t mantissa = bits & (hidden_bit - 1);
  const int stored_exponent = static_cast<int>(bits >> 52 & 0x7ff);
  if (stored_exponent == 0x7ff && mantissa != 0) return not_a_number;
  const int exponent = stored_exponent - 1023;
  if (exponent > bias) return static_cast<std::uint16_t>(sign | infinity);
  // Normal results keep mantissa_bits of the mantissa below the exponent; subnormal ones shift the hidden bit in.
  std::uint64_t whole = (static_cast<std::uint64_t>(exponent + bias) << 52) | mantissa;
  int dropped = 52 - mantissa_bits;
  if (exponent < 1 - bias) {
    whole = mantissa | hidden_bit;
    dropped += 1 - bias - exponent;
    if (dropped > 53) return sign;  // below half of the smallest subnormal number
  }
  const std::uint64_t rest = whole & ((std::uint64_t{1} << dropped) - 1);
  const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
  std::uint64_t result = whole >> dropped;
  if (rest > half || (rest == half && (result & 1) != 0)) ++result;  // a carry rightly moves into the exponent
  return static_cast<std::uint16_t>(sign | result);
}

// The same for fp32 input without branches, so that compilers vectorise loops over them.
std::uint16_t narrow_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return static_cast<std::uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

std::uint16_t narrow_to_fp16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  const std::uint32_t magnitude = bits & 0x7fffffff;
  const std::uint32_t normal = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
  // The unit in the last place of a float near 0.5 is the smallest fp16 number: the addition rounds to it.
  const auto subnormal = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000;
  std::uint32_t result = magnitude < 0x38800000 ? subnormal : normal;
  result = magnitude >= 0x477ff000 ? 0x7c00 : result;  // 65520 and more
  result |= sign;
  return static_cast<std::uint16_t>(magnitude > 0x7f800000 ? 0x7e00 : result);
}

float widen_fp16(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7fffu;
  const std::uint32_t shift = magnitude >= 0x7c00 ? 224u << 23 : 112u << 23;  // infinity and not-a-number move twice
  const auto subnormal = std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f);
  const std::uint32_t normal = (magnitude << 13) + shift;
  return std::bit_cast<float>(sign | (magnitude < 0x400 ? subnormal : normal));
}

float widen_bf16(std::uint16_t upper) { return std::bit_cast<float>(std::uint32_t{upper} << 16); }

// Truncates towards zero; what does not fit becomes the nearest bound, not-a-number 0.
template <class Integer> Integer saturate(double value) {
  using Bounds = std::numeric_limits<Integer>;
  constexpr double below = static_cast<double>(Bounds::min());
  constexpr double above = 2.0 * static_cast<double>(Bounds::max() / 2 + 1);  // the first number too large
  if (value >= above) return Bounds::max();
  if (value <= below) return Bounds::min();
  return value == value ? static_cast<Integer>(value) : Integer{0};
}

// How one element is kept in memory and read as double; `Stored` is the C++ type of the array.
template <DType> struct Element;
template <class T> struct Integral {
  using Stored = T;
  static double load(T value) { return static_cast<double>(value); }
  static T store(double value) { return saturate<T>(value); }
};
template <> struct Element<DType::boolean> {
  using Stored = std::uint8_t;
  static double load(Stored value) { return value != 0 ? 1.0 : 0.0; }
  static Stored store(double value) { return value != 0.0 ? 1 : 0; }
};
template <> struct Element<DType::i8> : Integral<std::int8_t> {};
template <> struct Element<DType::i16> : Integral<std::int16_t> {};
template <> struct Element<DType::i32> : Integral<std::int32_t> {};
template <> struct Element<DType::i64> : Integral<std::int64_t> {};
template <> struct Element<DType::u8> : Integral<std::uint8_t> {};
template <> struct Element<DType::u16> : Integral<std::uint16_t> {};
template <> struct Element<DType::u32> : Integral<std::uint32_t> {};
template <> struct Element<DType::u64> : Integral<std::uint64_t> {};
template <> struct Element<DType::fp16> {
  using Stored = std::uint16_t;
  static double load(Stored value) { return widen_fp16(value); }
  static Stored store(double value) { return narrow<10>(value, 0x7e00); }
};
template <> struct Element<DType::bf16> {
  using Stored = std::uint16_t;
  static double load(Stored value) { return widen_bf16(value); }
  static Stored store(double value) { return narrow<7>(value, 0x7fc0); }
};
template <> struct Element<DType::fp32> {
  using Stored = float;
  static double load(float value) { return value; }
  static float store(double value) { return static_cast<float>(value); }
};
template <> struct Element<DType::fp64> {
  using Stored = double;
  static double load(double value) { return value; }
  static double store(double value) { return value; }
};

// Arrays are converted in blocks of a fixed length (which compilers vectorise) through a staging array of doubles, or
// of 64-bit integers between integers: 13 ways in and 13 out instead of 169 pairs. Common pairs go directly (below).
constexpr std::size_t block_length = 64;

template <class Stored> const Stored* array_at(const void* data, std::size_t index) {
  return static_cast<const Stored*>(data) + index;
}
template <class Stored> Stored* array_at(void* data, std::size_t index) { return static_cast<Stored*>(data) + index; }

using LoadBlock = void (*)(const void* source, std::size_t first, std::size_t count, void* staging);
using StoreBlock = void (*)(const void* staging, void* target, std::size_t first, std::size_t count);

template <class From, class To, class Function>
inline void apply(const From* __restrict from, To* __restrict to, std::size_t count, Function function) {
  if (count == block_length) {
    for (std::size_t i = 0; i < block_length; ++i) to[i] = function(from[i]);
  } else {
    for (std::size_t i = 0; i < count; ++i) to[i] = function(from[i]);
  }
}

template <DType type> void load_doubles(const void* source, std::size_t first, std::size_t count, void* staging) {
  using E = Element<type>;
  apply(array_at<typename E::Stored>(source, first), static_cast<double*>(staging), count, &E::load);
}
template <DType type> void store_doubles(const void* staging, void* target, std::size_t first, std::size_t count) {
  using E = Element<type>;
  apply(static_cast<const double*>(staging), array_at<typename E::Stored>(target, first), count, &E::store);
}
template <DType type> void load_integers(const void* source, std::size_t first, std::size_t count, void* staging) {
  using Stored = typename Element<type>::Stored;
  apply(array_at<Stored>(source, first), static_cast<std::uint64_t*>(staging), count,
        [](Stored value) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)); });
}
template <DType type> void store_integers(const void* staging, void* target, std::size_t first, std::size_t count) {
  using Stored = typename Element<type>::Stored;
  apply(static_cast<const std::uint64_t*>(staging), array_at<Stored>(target, first), count,
        [](std::uint64_t value) { return static_cast<Stored>(value); });
}

struct Ways {
  double (*load)(const void* data, std::size_t index);
  void (*store)(void* data, std::size_t index, double value);
  LoadBlock load_doubles;
  StoreBlock store_doubles;
  LoadBlock load_integers;  // used for integers only
  StoreBlock store_integers;
};

template <DType type> constexpr Ways ways_of() {
  using E = Element<type>;
  return {[](const void* data, std::size_t index) { return E::load(*array_at<typename E::Stored>(data, index)); },
          [](void* data, std::size_t index, double value) {
            *array_at<typename E::Stored>(data, index) = E::store(value);
          },
          &load_doubles<type>,
          &store_doubles<type>,
          &load_integers<type>,
          &store_integers<type>};
}

template <std::size_t... types> constexpr std::array<Ways, dtype_count> all_ways(std::index_sequence<types...>) {
  return {ways_of<static_cast<DType>(types)>()...};
}

constexpr auto ways_table = all_ways(std::make_index_sequence<dtype_count>{});
const Ways& ways_for(DType type) { return ways_table[static_cast<std::size_t>(type)]; }

// The common pairs.
template <class From, class To, To (*function)(From)> void convert_directly(const void* source, void* target,
                                                                            std::size_t count) {
  for (std::size_t first = 0; first < count; first += block_length) {
    apply(array_at<From>(source, first), array_at<To>(target, first), std::min(block_length, count - first),
          [](From value) { return function(value); });
  }
}
template <class From, class To> To cast(From value) { return static_cast<To>(value); }

struct Direct {
  DType from, to;
  void (*convert)(const void* source, void* target, std::size_t count);
};

constexpr Direct direct_table[] = {
    {DType::u8, DType::fp32, &convert_directly<std::uint8_t, float, &cast<std::uint8_t, float>>},
    {DType::fp32, DType::fp64, &convert_directly<float, double, &cast<float, double>>},
    {DType::fp64, DType::fp32, &convert_directly<double, float, &cast<double, float>>},
    {DType::fp16, DType::fp32, &convert_directly<std::uint16_t, float, &widen_fp16>},
    {DType::bf16, DType::fp32, &convert_directly<std::uint16_t, float, &widen_bf16>},
    {DType::fp32, DType::fp16, &convert_directly<float, std::uint16_t, &narrow_to_fp16>},
    {DType::fp32, DType::bf16, &convert_directly<float, std::uint16_t, &narrow_to_bf16>},
};

}  // namespace

std::size_t size_of(DType type) noexcept { return facts_of(type).size; }
std::string_view name_of(DType type) noexcept { return facts_of(type).name; }
bool is_floating(DType type) noexcept { return facts_of(type).kind == Kind::floating; }
bool is_integer(DType type) noexcept { return facts_of(type).kind == Kind::integer; }
bool is_signed(DType type) noexcept { return facts_of(type).is_signed; }

std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < dtype_count; ++i) {
    if (facts_table[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

float to_float(fp16 value) noexcept { return widen_fp16(value.bits); }
float to_float(bf16 value) noexcept { return widen_bf16(value.bits); }
fp16 to_fp16(double value) noexcept { return {Element<DType::fp16>::store(value)}; }
bf16 to_bf16(double value) noexcept { return {Element<DType::bf16>::store(value)}; }

double load_double(DType type, const void* data, std::size_t index) noexcept {
  return ways_for(type).load(data, index);
}

void store_double(DType type, void* data, std::size_t index, double value) noexcept {
  ways_for(type).store(data, index, value);
}

void convert(DType from, const void* source, DType to, void* target, std::size_t count) noexcept {
  if (count == 0) return;
  if (from == to) {
    std::memmove(target, source, count * size_of(from));
    return;
  }
  for (const Direct& direct : direct_table) {
    if (direct.from == from && direct.to == to) return direct.convert(source, target, count);
  }
  const bool integers = is_integer(from) && is_integer(to);
  const LoadBlock load = integers ? ways_for(from).load_integers : ways_for(from).load_doubles;
  const StoreBlock store = integers ? ways_for(to).store_integers : ways_for(to).store_doubles;
  alignas(64) std::byte staging[block_length * sizeof(double)];
  for (std::size_t first = 0; first < count; first += block_length) {
    const std::size_t length = std::min(block_length, count - first);
    load(source, first, length, staging);
    store(staging, target, first, length);
  }
}

}  // namespace webai
