// Inputs over all classes of fp32 bit patterns, and hashes of what comes out.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/op/elementwise.h"

namespace elementwise_test {

inline float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline std::uint32_t to_bits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Order matters, payloads of not-a-number do not: adders may keep either operand's.
struct Hash {
  std::uint64_t state = 1469598103934665603ULL;
  void add(float value) {
    state = (state ^ (value != value ? 0x7fc00000u : to_bits(value))) * 0x9e3779b97f4a7c15ULL;
    state ^= state >> 32;
  }
};

/// Operand number `operand` of sample number `index`: the first runs through the bit patterns, the others stay where
/// most operators are not trivial (both signs, 2^-4 to 2^5); booleans alternate.
inline float sample(const webai::Elementwise& elementwise, int operand, std::uint64_t index, std::uint32_t step) {
  const auto pattern = static_cast<std::uint32_t>(index * step);
  if (elementwise.domain == webai::Elementwise::Domain::logic || (elementwise.boolean_condition && operand == 0)) {
    return static_cast<float>(pattern >> (7 + operand) & 1);
  }
  const int first = elementwise.boolean_condition ? 1 : 0;
  if (operand == first) return from_bits(pattern);
  const auto mixed = static_cast<std::uint32_t>((index * 0x9e3779b97f4a7c15ULL) >> 32);
  if (index % 64 == 63) return from_bits(mixed);
  if (index % 64 == 31) return from_bits(pattern);
  return from_bits((mixed & 0x80000000u) | (0x3d800000u + (mixed & 0x7fffffffu) % 0x04800000u));
}

inline std::array<float, webai::Elementwise::max_attributes> default_attributes(const webai::Elementwise& elementwise) {
  std::array<float, webai::Elementwise::max_attributes> attributes{};
  for (int i = 0; i < elementwise.attribute_count; ++i) {
    attributes[static_cast<std::size_t>(i)] = static_cast<float>(elementwise.attribute[i].fallback);
  }
  return attributes;
}

inline const webai::Elementwise& find(std::string_view name) {
  for (const webai::Elementwise& elementwise : webai::elementwise_operators()) {
    if (elementwise.name == name) return elementwise;
  }
  throw "no such operator";
}

}  // namespace elementwise_test
