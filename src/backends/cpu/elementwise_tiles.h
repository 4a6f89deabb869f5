// One SIMD function per elementwise operator over a tile of fp32 values, for each processor target, and the conversions
// between stored element types and such tiles.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/op/elementwise.h"
#include "webai/dtype.hpp"

namespace webai::cpu {

/// Tiles are computed in whole vectors: memory behind `count` up to the next multiple of this many elements is read and
/// written (but its content means nothing).
inline constexpr std::size_t tile_padding = 16;

/// output[i] = op(inputs[0][i], inputs[1][i], ...) for i < count, where booleans are 0 and 1. The output may be one of
/// the inputs, but must not overlap one otherwise. `attributes` in the order of the definition.
using TileFunction = void (*)(const float* const* inputs, float* output, std::size_t count, const float* attributes);

/// For the best target of this processor.
TileFunction tile_function(const Elementwise& elementwise);

/// Two operators without attributes in one pass: operands are those of the first, then the second's others in order.
/// Each is rounded, so the bits are those of two passes.
struct TilePair {
  static constexpr int most_operands = 4;
  std::string_view first, second;
  int position = 0;  ///< which operand of the second the first's value is
  TileFunction function = nullptr;
};
std::span<const TilePair> tile_pairs();

/// Whether tiles can hold this type: bool, fp16, bf16, fp32 (and i8, u8, i16, u16, whose values fp32 holds exactly).
bool is_tile_type(DType type) noexcept;

/// Exactly `count` elements between memory and a tile; stores round to nearest even (floats), truncate and saturate
/// (integers), or ask whether the value differs from 0 (bool).
using TileLoad = void (*)(const void* from, float* tile, std::size_t count);
using TileStore = void (*)(const float* tile, void* to, std::size_t count);
TileLoad tile_load(DType type);
TileStore tile_store(DType type);

}  // namespace webai::cpu
