#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "webai/dtype.hpp"

using namespace webai;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

// The value of a 16-bit float, from the definition.
double defined_value(std::uint16_t bits, int mantissa_bits) {
  const int exponent_bits = 15 - mantissa_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  const int exponent = (bits & 0x7fff) >> mantissa_bits;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  if (exponent == (1 << exponent_bits) - 1) return mantissa ? nan_value : sign * infinity;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Walks all 16-bit floats: outwards exact, and inwards the value, the midpoint to the next, and its two neighbours.
template <class Half> void walk(int mantissa_bits, std::uint16_t not_a_number, Half (*narrow)(double)) {
  for (unsigned all = 0; all < 0x10000; ++all) {
    const auto bits = static_cast<std::uint16_t>(all);
    const double value = defined_value(bits, mantissa_bits);
    REQUIRE(same(to_float(Half{bits}), value));
    if (std::isnan(value)) {
      REQUIRE(narrow(value).bits == not_a_number);
      continue;
    }
    REQUIRE(narrow(value).bits == bits);
    if (std::isinf(value)) continue;
    const auto next_bits = static_cast<std::uint16_t>(bits + 1);  // one further from zero
    double next = defined_value(next_bits, mantissa_bits);
    if (std::isinf(next)) next = std::copysign(std::ldexp(1.0, mantissa_bits == 10 ? 16 : 128), value);
    const double middle = value + (next - value) / 2;
    REQUIRE(narrow(middle).bits == (bits & 1 ? next_bits : bits));
    REQUIRE(narrow(std::nextafter(middle, next)).bits == next_bits);
    REQUIRE(narrow(std::nextafter(middle, value)).bits == bits);
  }
}

// Converts through the bulk path, after some elements that shift it against the blocks.
template <class To, class From> std::vector<To> bulk(DType from, DType to, const std::vector<From>& values) {
  std::vector<To> result(values.size());
  convert(from, values.data(), to, result.data(), values.size());
  return result;
}

}  // namespace

TEST_CASE("types know their size, name and kind") {
  for (std::size_t i = 0; i < dtype_count; ++i) {
    const auto type = static_cast<DType>(i);
    CHECK(dtype_from_name(name_of(type)) == type);
    CHECK(is_floating(type) + is_integer(type) == (type == DType::boolean ? 0 : 1));
  }
  CHECK(name_of(DType::boolean) == "bool");
  CHECK(name_of(DType::u64) == "u64");
  CHECK(name_of(DType::bf16) == "bf16");
  CHECK(size_of(DType::boolean) == 1);
  CHECK(size_of(DType::i16) == 2);
  CHECK(size_of(DType::u32) == 4);
  CHECK(size_of(DType::fp16) == 2);
  CHECK(size_of(DType::fp64) == 8);
  CHECK(is_signed(DType::i8));
  CHECK(is_signed(DType::fp32));
  CHECK_FALSE(is_signed(DType::u8));
  CHECK_FALSE(dtype_from_name("float32"));
}

TEST_CASE("all 65536 fp16 values convert exactly, and doubles round to nearest even") {
  walk<fp16>(10, 0x7e00, &to_fp16);
}

TEST_CASE("all 65536 bf16 values convert exactly, and doubles round to nearest even") {
  walk<bf16>(7, 0x7fc0, &to_bf16);
}

TEST_CASE("a double just off a midpoint is rounded once, not by way of fp32") {
  const double above = 1.0 + 0x1p-11 + 0x1p-40;  // fp32 would drop 2^-40 and leave a tie that goes to even
  CHECK(to_fp16(above).bits == 0x3c01);
  CHECK(to_fp16(1.0 + 0x1p-11).bits == 0x3c00);
  CHECK(to_bf16(1.0 + 0x1p-8 + 0x1p-40).bits == 0x3f81);
  CHECK(to_bf16(1.0 + 0x1p-8).bits == 0x3f80);
}

TEST_CASE("fp32 arrays round to 16 bits as doubles do, in every class of value") {
  std::vector<float> values;
  const RandomStream stream(1, 1);
  for (std::uint64_t i = 0; i < 200'000; ++i) values.push_back(std::bit_cast<float>(stream.word(i)));
  for (unsigned upper = 0; upper < 0x10000; ++upper) {  // each binade and its ends, ties of both formats among them
    for (const std::uint32_t lower : {0x0000u, 0x0001u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      values.push_back(std::bit_cast<float>(upper << 16 | lower));
    }
  }
  const auto halves = bulk<std::uint16_t>(DType::fp32, DType::fp16, values);
  const auto brains = bulk<std::uint16_t>(DType::fp32, DType::bf16, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    REQUIRE(halves[i] == to_fp16(values[i]).bits);
    REQUIRE(brains[i] == to_bf16(values[i]).bits);
  }
}

TEST_CASE("16-bit arrays widen exactly") {
  std::vector<std::uint16_t> all(0x10000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const auto from_half = bulk<float>(DType::fp16, DType::fp32, all);
  const auto from_brain = bulk<float>(DType::bf16, DType::fp32, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(same(from_half[i], defined_value(all[i], 10)));
    REQUIRE(same(from_brain[i], defined_value(all[i], 7)));
  }
}

TEST_CASE("doubles become integers by truncation and saturation, not-a-number becomes 0") {
  const std::vector<double> values{2.9, -2.9, 1e300, -1e300, infinity, -infinity, nan_value, 127.5, 255.9, -0.9};
  CHECK(bulk<std::int8_t>(DType::fp64, DType::i8, values) ==
        std::vector<std::int8_t>{2, -2, 127, -128, 127, -128, 0, 127, 127, 0});
  CHECK(bulk<std::uint8_t>(DType::fp64, DType::u8, values) ==
        std::vector<std::uint8_t>{2, 0, 255, 0, 255, 0, 0, 127, 255, 0});
  constexpr auto low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
  CHECK(bulk<std::int64_t>(DType::fp64, DType::i64, values) ==
        std::vector<std::int64_t>{2, -2, high, low, high, low, 0, 127, 255, 0});
  CHECK(bulk<std::uint64_t>(DType::fp64, DType::u64, std::vector<double>{0x1p63, 0x1p64, -1}) ==
        std::vector<std::uint64_t>{std::uint64_t{1} << 63, ~std::uint64_t{0}, 0});
  CHECK(bulk<std::uint32_t>(DType::fp64, DType::u32, std::vector<double>{4294967295.0, 4294967296.0, -1}) ==
        std::vector<std::uint32_t>{4294967295u, 4294967295u, 0});
}

TEST_CASE("integers become integers exactly, wrapping when narrower") {
  const std::vector<std::int64_t> values{-1, 0x1234567812345678, std::numeric_limits<std::int64_t>::max()};
  CHECK(bulk<std::uint8_t>(DType::i64, DType::u8, values) == std::vector<std::uint8_t>{255, 0x78, 255});
  CHECK(bulk<std::uint64_t>(DType::i64, DType::u64, values) ==
        std::vector<std::uint64_t>{~std::uint64_t{0}, 0x1234567812345678, 0x7fffffffffffffff});
  CHECK(bulk<std::int64_t>(DType::i8, DType::i64, std::vector<std::int8_t>{-128, 127}) ==
        std::vector<std::int64_t>{-128, 127});
  CHECK(bulk<std::int32_t>(DType::u32, DType::i32, std::vector<std::uint32_t>{0xffffffff}) ==
        std::vector<std::int32_t>{-1});
}

TEST_CASE("booleans are what is not zero") {
  CHECK(bulk<std::uint8_t>(DType::fp32, DType::boolean, std::vector<float>{0.0f, -0.0f, 0.5f, std::nanf("")}) ==
        std::vector<std::uint8_t>{0, 0, 1, 1});
  CHECK(bulk<std::int32_t>(DType::boolean, DType::i32, std::vector<std::uint8_t>{0, 1, 255}) ==
        std::vector<std::int32_t>{0, 1, 1});
  CHECK(bulk<std::uint8_t>(DType::i64, DType::boolean, std::vector<std::int64_t>{0, 1LL << 40}) ==
        std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("big integers round to nearest even on the way to double") {
  const std::vector<std::int64_t> values{(1LL << 53) + 1, (1LL << 53) + 3};
  CHECK(load_double(DType::i64, values.data(), 0) == 0x1p53);
  CHECK(load_double(DType::i64, values.data(), 1) == 0x1p53 + 4);
}

TEST_CASE("arrays convert as their elements do, for every pair of types and odd lengths") {
  const RandomStream stream(2, 2);
  std::vector<std::uint32_t> noise(260);  // 1040 random bytes: any pattern of any type
  stream.words(0, noise);
  for (std::size_t from = 0; from < dtype_count; ++from) {
    for (std::size_t to = 0; to < dtype_count; ++to) {
      const auto source_type = static_cast<DType>(from), target_type = static_cast<DType>(to);
      if (is_integer(source_type) && is_integer(target_type)) continue;  // another rule, tested above
      if (from == to) continue;                                         // a copy, bit by bit
      for (const std::size_t count : {0u, 1u, 63u, 64u, 65u, 130u}) {
        std::vector<double> target(131, -7.0), single(131, -7.0);
        convert(source_type, noise.data(), target_type, target.data(), count);
        for (std::size_t i = 0; i < count; ++i) {
          store_double(target_type, single.data(), i, load_double(source_type, noise.data(), i));
        }
        // Same bytes, not-a-number apart: a float's payload may be quieted on one way and not on the other.
        for (std::size_t i = 0; i < count; ++i) {
          REQUIRE(same(load_double(target_type, target.data(), i), load_double(target_type, single.data(), i)));
        }
        const std::size_t written = count * size_of(target_type);
        REQUIRE(std::memcmp(reinterpret_cast<char*>(target.data()) + written,
                            reinterpret_cast<char*>(single.data()) + written, 131 * 8 - written) == 0);
      }
    }
  }
}

TEST_CASE("an array converts in place between equally wide types") {
  std::vector<std::uint32_t> data(100);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint32_t>(i);
  convert(DType::i32, data.data(), DType::fp32, data.data(), data.size());
  for (std::size_t i = 0; i < data.size(); ++i) REQUIRE(std::bit_cast<float>(data[i]) == static_cast<float>(i));
  convert(DType::fp32, data.data(), DType::u32, data.data(), data.size());
  for (std::size_t i = 0; i < data.size(); ++i) REQUIRE(data[i] == i);
}
