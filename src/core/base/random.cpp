// Philox 4x32-10 and the numbers drawn from it.
#include "core/base/random.h"

#include <cmath>

namespace webai {
namespace {

constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

// Four words of the stream: the block's number and the stream's id are the counter, the seed is the key.
std::array<std::uint32_t, 4> block_of(std::uint64_t seed, std::uint64_t id, std::uint64_t block) noexcept {
  return philox({low(block), high(block), low(id), high(id)}, {low(seed), high(seed)});
}

// 53 bits: 27 of the first word, 26 of the second.
double to_unit(std::uint32_t first, std::uint32_t second) noexcept {
  const std::uint64_t bits = (std::uint64_t{first >> 5} << 26) | (second >> 6);
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) noexcept {
  constexpr std::uint32_t multiplier_0 = 0xd2511f53, multiplier_1 = 0xcd9e8d57;
  constexpr std::uint32_t step_0 = 0x9e3779b9, step_1 = 0xbb67ae85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product_0 = std::uint64_t{multiplier_0} * counter[0];
    const std::uint64_t product_1 = std::uint64_t{multiplier_1} * counter[2];
    counter = {high(product_1) ^ counter[1] ^ key[0], low(product_1), high(product_0) ^ counter[3] ^ key[1],
               low(product_0)};
    key[0] += step_0;
    key[1] += step_1;
  }
  return counter;
}

std::uint32_t RandomStream::word(std::uint64_t index) const noexcept {
  return block_of(seed_, id_, index / 4)[index % 4];
}

void RandomStream::words(std::uint64_t first, std::span<std::uint32_t> into) const noexcept {
  std::uint64_t index = first;
  for (std::size_t i = 0; i < into.size();) {
    const auto block = block_of(seed_, id_, index / 4);
    for (std::uint64_t k = index % 4; k < 4 && i < into.size(); ++k, ++i, ++index) into[i] = block[k];
  }
}

float RandomStream::uniform(std::uint64_t index) const noexcept {
  return static_cast<float>(word(index) >> 8) * 0x1p-24f;
}

double RandomStream::uniform_double(std::uint64_t index) const noexcept {
  const auto block = block_of(seed_, id_, index / 2);
  const std::size_t first = index % 2 * 2;
  return to_unit(block[first], block[first + 1]);
}

double RandomStream::normal(std::uint64_t index) const noexcept {
  constexpr double two_pi = 6.283185307179586476925286766559;
  const auto block = block_of(seed_, id_, index);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - to_unit(block[0], block[1])));  // 1 - u is never 0
  return radius * std::cos(two_pi * to_unit(block[2], block[3]));
}

std::uint64_t RandomStream::below(std::uint64_t index, std::uint64_t bound) const noexcept {
  // A draw from the whole part of 2^64 / bound equal shares is accepted; the rest, of less than bound values, is drawn
  // again. Draws for one index sit in one block, further ones under a key moved by an odd constant, so that the result
  // stays a function of (seed, id, index, bound). The first constant keeps these blocks apart from those of word().
  if (bound <= 1) return 0;
  const std::uint64_t rest = (0 - bound) % bound;  // 2^64 mod bound
  std::uint64_t seed = seed_ ^ 0x5bd1e9955bd1e995u;
  for (;; seed += 0x9e3779b97f4a7c15u) {
    const auto block = block_of(seed, id_, index);
    for (std::size_t half = 0; half < 4; half += 2) {
      const std::uint64_t draw = (std::uint64_t{block[half + 1]} << 32) | block[half];
      if (draw >= rest) return draw % bound;
    }
  }
}

}  // namespace webai
