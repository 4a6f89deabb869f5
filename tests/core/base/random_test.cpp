#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "core/base/random.h"

using webai::philox;
using webai::RandomStream;
using Words = std::array<std::uint32_t, 4>;

TEST_CASE("philox gives the published answers") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  CHECK(philox({ones, ones, ones, ones}, {ones, ones}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream's words are philox of its index, id and seed") {
  const RandomStream stream(0x299f31d0a4093822, 0x0370734413198a2e);
  const std::uint64_t block = 0x05a308d3243f6a88;  // block * 4 must fit 64 bits
  const Words expected = philox({0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  for (std::uint64_t k = 0; k < 4; ++k) CHECK(stream.word(block * 4 + k) == expected[k]);
}

TEST_CASE("words in bulk equal words one by one, from any start") {
  const RandomStream stream(7, 9);
  for (std::uint64_t first = 0; first < 6; ++first) {
    for (std::size_t count = 0; count < 11; ++count) {
      std::vector<std::uint32_t> words(count, 0);
      stream.words(first, words);
      for (std::size_t i = 0; i < count; ++i) REQUIRE(words[i] == stream.word(first + i));
    }
  }
}

TEST_CASE("uniform draws lie in [0, 1), use all their bits and average one half") {
  const RandomStream stream(1, 2);
  double sum = 0, sum_double = 0;
  constexpr int count = 100'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const float value = stream.uniform(i);
    REQUIRE((value >= 0.0f && value < 1.0f));
    REQUIRE(value == static_cast<float>(stream.word(i) >> 8) / 16777216.0f);
    const double wide = stream.uniform_double(i);
    REQUIRE((wide >= 0.0 && wide < 1.0));
    REQUIRE(std::floor(wide * 0x1p27) == static_cast<double>(stream.word(2 * i) >> 5));
    sum += value;
    sum_double += wide;
  }
  CHECK(sum / count == Approx(0.5).margin(0.005));
  CHECK(sum_double / count == Approx(0.5).margin(0.005));
}

TEST_CASE("normal draws have mean 0, variance 1 and no outlier beyond what their bits allow") {
  const RandomStream stream(3, 4);
  double sum = 0, squares = 0;
  constexpr int count = 100'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const double value = stream.normal(i);
    REQUIRE(std::isfinite(value));
    REQUIRE(std::fabs(value) < 8.6);
    sum += value;
    squares += value * value;
  }
  CHECK(sum / count == Approx(0.0).margin(0.015));
  CHECK(squares / count == Approx(1.0).margin(0.02));
}

TEST_CASE("integers below a bound are spread evenly and stay below it") {
  const RandomStream stream(5, 6);
  std::array<int, 7> seen{};
  for (std::uint64_t i = 0; i < 70'000; ++i) ++seen[stream.below(i, 7)];
  for (const int count : seen) CHECK(count == Approx(10'000).margin(400));
  CHECK(stream.below(0, 1) == 0);
  // With a bound of 3/4 of 2^64 a quarter of the draws must be refused and drawn again, in further blocks too; taken as
  // they are they would fall below 2^62 half of the time instead of a third.
  const std::uint64_t bound = std::uint64_t{3} << 62;
  int low = 0;
  for (std::uint64_t i = 0; i < 9'000; ++i) {
    const std::uint64_t value = stream.below(i, bound);
    REQUIRE(value < bound);
    REQUIRE(value == stream.below(i, bound));
    low += value < std::uint64_t{1} << 62;
  }
  CHECK(low == Approx(3000).margin(200));
}
