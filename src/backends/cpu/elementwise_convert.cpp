// Conversions between stored element types and fp32 tiles, compiled once per processor target. 16-bit floats are
// converted with integer words, so every target (and a device that runs the same words) gives the same bits.
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>

#include "backends/cpu/elementwise_tiles.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {

#include "backends/cpu/elementwise_words-inl.h"

template <class Stored> FUNCTION I load_words(const Stored* from) {
  const hn::Rebind<Stored, Floats> narrow;
  return hn::BitCast(Words(), hn::PromoteTo(Signed(), hn::LoadU(narrow, from)));
}
template <class Stored> FUNCTION void store_words(I value, Stored* to) {  // saturates, so values must fit
  const hn::Rebind<Stored, Floats> narrow;
  hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(Signed(), value.v)), narrow, to);
}

FUNCTION F read_boolean(const std::uint8_t* from) { return where(equal(load_words(from), I(0)), F(0.0f), F(1.0f)); }
FUNCTION void write_boolean(F value, std::uint8_t* to) { store_words(where(equal(value, 0.0f), I(0), I(1)), to); }

template <class Integer> FUNCTION F read_integer(const Integer* from) { return i2f(load_words(from)); }
/// Truncates, saturates; 0 for not-a-number.
template <class Integer> FUNCTION void write_integer(F value, Integer* to) {
  const F low = static_cast<float>(std::numeric_limits<Integer>::min());
  const F high = static_cast<float>(std::numeric_limits<Integer>::max());
  const F number = where(is_nan(value), 0.0f, clamped(value, low, high));
  store_words(I(hn::BitCast(Words(), hn::ConvertTo(Signed(), number.v))), to);
}

FUNCTION F read_half(const std::uint16_t* from) {
  const I word = load_words(from), size = word & 0x7fff;
  const I wide = shl<13>(size) + where(size < 0x7c00, I(0x38000000), I(0x70000000));
  const I number = where(size < 0x0400, bits(i2f(size) * 0x1p-24f), wide);
  return flt(number | shl<16>(word & 0x8000));
}
FUNCTION void write_half(F value, std::uint16_t* to) {
  const I size = magnitude(value);
  const I denormal = bits(abs(value) + 0.5f) - 0x3f000000;
  const I normal = shr<13>(size + 0x0fff + (shr<13>(size) & 1)) - 0x0001c000;
  I result = where(size < 0x38800000, denormal, normal);
  result = where(size > 0x477fefff, I(0x7c00), result) | shr<16>(sign_of(value));
  store_words(where(is_nan(value), I(0x7e00), result), to);
}

FUNCTION F read_brain(const std::uint16_t* from) { return flt(shl<16>(load_words(from))); }
FUNCTION void write_brain(F value, std::uint16_t* to) {
  const I word = bits(value);
  const I rounded = shr<16>(word + 0x7fff + (shr<16>(word) & 1));
  store_words(where(is_nan(value), I(0x7fc0), rounded), to);
}

template <class Stored, F read(const Stored*)> void load_each(const void* from, float* tile, std::size_t count) {
  const auto* source = static_cast<const Stored*>(from);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(read(source + i).v, Floats(), tile + i);
  if (i == count) return;
  Stored rest[lanes] = {};
  std::memcpy(rest, source + i, (count - i) * sizeof(Stored));
  float values[lanes];
  hn::StoreU(read(rest).v, Floats(), values);
  std::memcpy(tile + i, values, (count - i) * sizeof(float));
}
template <class Stored, void write(F, Stored*)> void store_each(const float* tile, void* to, std::size_t count) {
  auto* target = static_cast<Stored*>(to);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) write(hn::LoadU(Floats(), tile + i), target + i);
  if (i == count) return;
  float values[lanes] = {};
  std::memcpy(values, tile + i, (count - i) * sizeof(float));
  Stored rest[lanes];
  write(hn::LoadU(Floats(), values), rest);
  std::memcpy(target + i, rest, (count - i) * sizeof(Stored));
}
void load_floats(const void* from, float* tile, std::size_t count) { std::memcpy(tile, from, count * sizeof(float)); }
void store_floats(const float* tile, void* to, std::size_t count) { std::memcpy(to, tile, count * sizeof(float)); }

struct Conversion {
  DType type;
  TileLoad load;
  TileStore store;
};
template <class Integer>
constexpr Conversion integers{dtype_of<Integer>::value, load_each<Integer, read_integer<Integer>>,
                              store_each<Integer, write_integer<Integer>>};
constexpr Conversion conversions[] = {
    {DType::fp32, load_floats, store_floats},
    {DType::boolean, load_each<std::uint8_t, read_boolean>, store_each<std::uint8_t, write_boolean>},
    {DType::fp16, load_each<std::uint16_t, read_half>, store_each<std::uint16_t, write_half>},
    {DType::bf16, load_each<std::uint16_t, read_brain>, store_each<std::uint16_t, write_brain>},
    integers<std::int8_t>,
    integers<std::uint8_t>,
    integers<std::int16_t>,
    integers<std::uint16_t>,
};

const Conversion* find_conversion(DType type) {
  for (const Conversion& conversion : conversions) {
    if (conversion.type == type) return &conversion;
  }
  return nullptr;
}
TileLoad find_load(DType type) { return find_conversion(type) ? find_conversion(type)->load : nullptr; }
TileStore find_store(DType type) { return find_conversion(type) ? find_conversion(type)->store : nullptr; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_load);
HWY_EXPORT(find_store);
}  // namespace

bool is_tile_type(DType type) noexcept { return tile_load(type) != nullptr; }
TileLoad tile_load(DType type) { return HWY_DYNAMIC_DISPATCH(find_load)(type); }
TileStore tile_store(DType type) { return HWY_DYNAMIC_DISPATCH(find_store)(type); }

}  // namespace webai::cpu
#endif
