// Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): element i of stream (seed, id) is a pure
// function of the three, so every device and thread count draws the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace webai {

/// Four random words for one counter under one key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) noexcept;

/// A stream of random numbers: seed chooses the family, id the member (a parameter, an epoch, a node). Word i is word
/// i % 4 of philox(counter = {i / 4, id}, key = seed), 64-bit numbers as two words, the low one first: what a device
/// must compute to draw the same.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t id) noexcept : seed_(seed), id_(id) {}
  std::uint32_t word(std::uint64_t index) const noexcept;
  /// Words first, first + 1, ...: one philox call for four of them.
  void words(std::uint64_t first, std::span<std::uint32_t> into) const noexcept;
  /// Uniform in [0, 1): 24 random bits, exact in fp32.
  float uniform(std::uint64_t index) const noexcept;
  /// Uniform in [0, 1) with 53 bits; uses words 2*index and 2*index+1.
  double uniform_double(std::uint64_t index) const noexcept;
  /// Standard normal, by Box-Muller over uniform_double 2*index and 2*index+1. It calls the C library's log and cos:
  /// exactly the same bits everywhere are promised for the uniform draws only.
  double normal(std::uint64_t index) const noexcept;
  /// Unbiased integer in [0, bound), bound >= 1.
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const noexcept;

 private:
  std::uint64_t seed_, id_;
};

}  // namespace webai
