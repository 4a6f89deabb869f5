// Tiles and stored types: every 16-bit pattern, rounding, saturation, tails.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "backends/cpu/elementwise_tiles.h"
#include "backends/cpu/kernels/targets.h"
#include "patterns.h"

using namespace webai;
using namespace webai::cpu;
using namespace elementwise_test;

TEST_CASE("all 65536 values of the 16-bit floats convert exactly and back on every target") {
  std::vector<std::uint16_t> words(65536), back(65536);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint16_t>(i);
  std::vector<float> tile(65536);
  for (const KernelTarget& target : supported_targets()) {
    use_target(target.bits);
    for (const DType type : {DType::fp16, DType::bf16}) {
      INFO(target.name << ", " << name_of(type));
      tile_load(type)(words.data(), tile.data(), words.size());
      tile_store(type)(tile.data(), back.data(), words.size());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < words.size(); ++i) {
        const double exact = load_double(type, words.data(), i);
        if (std::isnan(exact)) {
          wrong += !(std::isnan(tile[i]) && back[i] == (type == DType::fp16 ? 0x7e00 : 0x7fc0));
        } else {
          wrong += !(tile[i] == exact && back[i] == words[i]);
        }
      }
      CHECK(wrong == 0);
    }
  }
  use_target(0);
}

TEST_CASE("stores round, truncate and saturate as the library's conversions do") {
  std::vector<float> tile;
  for (std::uint64_t i = 0; i < 300000; ++i) tile.push_back(from_bits(static_cast<std::uint32_t>(i * 14317)));
  for (const float edge : {65519.9f, 65520.0f, 65504.0f, 0x1p-25f, 0x1.8p-24f, 0x1.00002p-25f, 127.9f, -128.9f, 255.5f}) {
    tile.push_back(edge);
    tile.push_back(-edge);
  }
  std::vector<std::uint16_t> got(tile.size()), exact(tile.size());
  for (const DType type : {DType::fp16, DType::bf16, DType::boolean, DType::i8, DType::u8, DType::i16, DType::u16}) {
    tile_store(type)(tile.data(), got.data(), tile.size());
    convert(DType::fp32, tile.data(), type, exact.data(), tile.size());
    INFO(name_of(type));
    CHECK(std::memcmp(got.data(), exact.data(), tile.size() * size_of(type)) == 0);
  }
}

TEST_CASE("small integers and booleans load exactly") {
  const std::int8_t bytes[] = {-128, -1, 0, 1, 127};
  const std::uint16_t words[] = {0, 1, 65535};
  const std::uint8_t truths[] = {0, 1, 1};
  float tile[16];
  tile_load(DType::i8)(bytes, tile, 5);
  CHECK((tile[0] == -128 && tile[1] == -1 && tile[2] == 0 && tile[4] == 127));
  tile_load(DType::u16)(words, tile, 3);
  CHECK((tile[0] == 0 && tile[2] == 65535));
  tile_load(DType::boolean)(truths, tile, 3);
  CHECK((tile[0] == 0 && tile[1] == 1));
  CHECK(is_tile_type(DType::bf16));
  CHECK_FALSE(is_tile_type(DType::i32));
  CHECK_FALSE(is_tile_type(DType::fp64));
}

TEST_CASE("conversions touch exactly the elements they are given") {
  for (const DType type : {DType::fp32, DType::boolean, DType::fp16, DType::bf16, DType::i8, DType::u16}) {
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<float> tile(count + 1, 1.0f), back(count + 1, 7.0f);
      std::vector<std::byte> memory((count + 1) * size_of(type), std::byte{0x55});
      tile_store(type)(tile.data(), memory.data(), count);
      tile_load(type)(memory.data(), back.data(), count);
      for (std::size_t i = 0; i < count; ++i) REQUIRE(back[i] == 1.0f);
      REQUIRE(back[count] == 7.0f);
      for (std::size_t i = 0; i < size_of(type); ++i) REQUIRE(memory[count * size_of(type) + i] == std::byte{0x55});
    }
  }
}
