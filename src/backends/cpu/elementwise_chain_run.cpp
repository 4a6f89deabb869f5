// Runs a compiled chain: for each tile the operands are found or copied, the steps run, the results are stored.
#include <algorithm>
#include <cstring>

#include "backends/cpu/elementwise_chain.h"

namespace webai::cpu {
namespace {

/// `count` elements `stride` apart, one after the other.
template <class Element>
void copy_strided(const void* from, std::int64_t offset, std::int64_t stride, void* to, std::size_t at,
                  std::size_t count) {
  const Element* source = static_cast<const Element*>(from) + offset;
  Element* target = static_cast<Element*>(to) + at;
  if (stride == 1) {
    if (count < 16) {
      for (std::size_t i = 0; i < count; ++i) target[i] = source[i];
    } else {
      std::memcpy(target, source, count * sizeof(Element));
    }
  } else if (stride == 0) {
    // A few, then doubled: the compiler leaves the plain loop as it is.
    std::size_t done = std::min<std::size_t>(count, 16);
    for (std::size_t i = 0; i < done; ++i) target[i] = *source;
    for (; done < count; done *= 2) std::memcpy(target + done, target, std::min(done, count - done) * sizeof(Element));
  } else {
    for (std::size_t i = 0; i < count; ++i, source += stride) target[i] = *source;
  }
}

void copy_elements(std::size_t size, const void* from, std::int64_t offset, std::int64_t stride, void* to,
                   std::size_t at, std::size_t count) {
  if (size == 4) return copy_strided<std::uint32_t>(from, offset, stride, to, at, count);
  if (size == 2) return copy_strided<std::uint16_t>(from, offset, stride, to, at, count);
  copy_strided<std::uint8_t>(from, offset, stride, to, at, count);
}

const void* element(const void* base, DType type, std::int64_t index) {
  return static_cast<const std::byte*>(base) + index * static_cast<std::int64_t>(size_of(type));
}
void* element(void* base, DType type, std::int64_t index) {
  return static_cast<std::byte*>(base) + index * static_cast<std::int64_t>(size_of(type));
}

/// Zeros where the tile's last vector is not filled, so that no lane computes on leftovers.
void clear_padding(float* tile, std::size_t count) {
  std::memset(tile + (count & ~(tile_padding - 1)), 0, tile_padding * sizeof(float));
}

}  // namespace

struct ChainKernel::Tiles {
  alignas(64) float memory[tile_memory / sizeof(float)];
  const float* slots[most_slots];
};

/// Slots of what never changes.
void ChainKernel::prepare(Tiles& tiles) const noexcept {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    tiles.slots[i] = inputs_[i].access == Access::constant
                         ? constants_.data() + static_cast<std::size_t>(inputs_[i].constant) * room_
                         : tiles.memory + i * room_;
  }
}

void ChainKernel::run(const void* const* inputs, void* const* results, Executor* executor) const noexcept {
  if (small_.elements != 0) return small_.run(small_, inputs, inputs[0], results);
  if (total_ == 0) return;
  const std::int64_t unit = parts_of_rows_ ? columns_ : unit_, units = (total_ + unit - 1) / unit;
  std::int64_t parts = 1;
  if (executor) {
    // The shortest stretch worth handing to another thread, in nanoseconds.
    const double grain = executor->ready() ? 5'000 : 50'000, work = nanoseconds_ * static_cast<double>(total_);
    parts = std::min(static_cast<std::int64_t>(executor->width()), static_cast<std::int64_t>(work / grain));
    parts = std::clamp<std::int64_t>(parts, 1, units);
  }
  if (parts == 1) return run_range(inputs, results, 0, total_);
  executor->each(static_cast<std::size_t>(parts), [&](std::size_t part) {
    const auto index = static_cast<std::int64_t>(part);
    run_range(inputs, results, units * index / parts * unit, std::min(total_, units * (index + 1) / parts * unit));
  });
}

/// Elements [begin, end) of the output: whole rows, or any where there is one row.
void ChainKernel::run_range(const void* const* inputs, void* const* results, std::int64_t begin,
                            std::int64_t end) const noexcept {
  Tiles tiles;
  prepare(tiles);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].access != Access::fixed) continue;
    const std::int64_t length = std::min(unit_, end - begin), period = std::min(length, columns_);
    float* tile = tiles.memory + i * room_;
    if (length % static_cast<std::int64_t>(tile_padding) != 0) clear_padding(tile, static_cast<std::size_t>(length));
    // One row, then doubled: a tile holds whole rows, or the operand is a single number.
    gather(inputs_[i], inputs[i], 0, static_cast<std::size_t>(period), tile);
    for (std::int64_t done = period; done < length;) {
      const std::int64_t next = std::min(done, length - done);
      std::memcpy(tile + done, tile, static_cast<std::size_t>(next) * sizeof(float));
      done += next;
    }
  }
  if (!parts_of_rows_) {
    for (std::int64_t start = begin; start < end; start += unit_) {
      run_tile(inputs, results, tiles, start, start, static_cast<std::size_t>(std::min(unit_, end - start)));
    }
    return;
  }
  for (std::int64_t row = begin; row < end; row += columns_) {
    for (std::int64_t column = 0; column < columns_; column += unit_) {
      const auto count = static_cast<std::size_t>(std::min(unit_, columns_ - column));
      run_tile(inputs, results, tiles, row + column, column, count);
    }
  }
}

void ChainKernel::run_tile(const void* const* inputs, void* const* results, Tiles& tiles, std::int64_t start,
                           std::int64_t column, std::size_t count) const noexcept {
  const bool whole = count % tile_padding == 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    if (input.access == Access::fixed || input.access == Access::constant) continue;
    float* tile = tiles.memory + i * room_;
    if (!whole) clear_padding(tile, count);
    if (input.access == Access::direct || input.access == Access::row) {
      const float* from = static_cast<const float*>(inputs[i]) + (input.access == Access::row ? column : start);
      tiles.slots[i] = whole ? from : tile;
      if (!whole) copy_strided<float>(from, 0, 1, tile, 0, count);
    } else if (input.access == Access::converted) {
      input.load(element(inputs[i], input.type, start), tile, count);
    } else {
      gather(input, inputs[i], start, count, tile);
    }
  }
  run_steps(tiles, whole ? results : nullptr, start, count);
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const Result& result = results_[i];
    if (whole && result.straight) continue;
    result.store(tiles.slots[result.slot], element(results[i], result.type, start), count);
  }
}

/// `results` is null where nothing may be written straight.
void ChainKernel::run_steps(Tiles& tiles, void* const* results, std::int64_t start, std::size_t count) const noexcept {
  for (const Step& step : steps_) {
    const float* operands[TilePair::most_operands] = {tiles.slots[step.operands[0]], tiles.slots[step.operands[1]],
                                                      tiles.slots[step.operands[2]], tiles.slots[step.operands[3]]};
    float* output = results && step.result >= 0 ? static_cast<float*>(results[step.result]) + start
                                                : tiles.memory + static_cast<std::size_t>(step.buffer) * room_;
    step.function(operands, output, count, attributes_.data() + step.attributes);
    tiles.slots[step.slot] = output;
  }
}

/// Copies elements [start, start + count) of the output's order, segment by segment of the last axis.
void ChainKernel::gather(const Input& input, const void* from, std::int64_t start, std::size_t count,
                         float* tile) const noexcept {
  alignas(64) std::uint16_t narrow[largest_tile];
  const std::size_t size = size_of(input.type);
  void* const to = size == 4 ? static_cast<void*>(tile) : narrow;
  std::int64_t index[Shape::max_rank] = {};
  std::int64_t offset = 0;
  if (start != 0) {
    for (std::size_t axis = rank_; axis-- > 0;) {
      index[axis] = start % extents_[axis];
      start /= extents_[axis];
      offset += index[axis] * input.strides[axis];
    }
  }
  const std::size_t last = rank_ - 1;
  for (std::size_t done = 0; done < count;) {
    const std::size_t length = std::min(count - done, static_cast<std::size_t>(extents_[last] - index[last]));
    copy_elements(size, from, offset, input.strides[last], to, done, length);
    done += length;
    offset -= index[last] * input.strides[last];
    index[last] = 0;
    for (std::size_t axis = last; axis-- > 0;) {
      offset += input.strides[axis];
      if (++index[axis] < extents_[axis]) break;
      offset -= extents_[axis] * input.strides[axis];
      index[axis] = 0;
    }
  }
  if (size != 4) input.load(narrow, tile, count);
}

void ChainKernel::run_block(const void* const* inputs, void* const* results, std::size_t row, std::size_t column,
                            std::size_t rows, std::size_t columns, const float* c, std::size_t ldc) const noexcept {
  const auto first = static_cast<std::int64_t>(row) * width_, length = static_cast<std::int64_t>(rows) * width_;
  if (small_.elements != 0 && length == total_ && ldc == columns) return small_.run(small_, inputs, c, results);
  if (static_cast<std::int64_t>(columns) == width_ && ldc == columns && inputs_.size() <= 16 &&
      (rows_ <= 1 || (first % columns_ == 0 && length % columns_ == 0))) {
    const void* own[16];
    std::copy_n(inputs, inputs_.size(), own);
    own[0] = c - first;
    return run_range(own, results, first, first + length);
  }
  Tiles tiles;
  prepare(tiles);
  // Rows of whole vectors are computed where they lie; others share a tile.
  const std::size_t wide = std::min(columns, room_);
  const bool lies = wide % tile_padding == 0;
  if (lies && columns == wide && run_lying(inputs, results, tiles, c, ldc, row, column, rows, columns)) return;
  const std::size_t high = lies ? 1 : std::max<std::size_t>(1, room_ / wide);
  for (std::size_t i = 0; i < rows; i += high) {
    for (std::size_t j = 0; j < columns; j += wide) {
      run_part(inputs, results, tiles, c + i * ldc + j, ldc, static_cast<std::int64_t>(row + i),
               static_cast<std::int64_t>(column + j), static_cast<std::int64_t>(std::min(high, rows - i)),
               static_cast<std::int64_t>(std::min(wide, columns - j)));
    }
  }
}

/// Rows whose operands all are rows, numbers or constants: only pointers move. False where some are not.
bool ChainKernel::run_lying(const void* const* inputs, void* const* results, Tiles& tiles, const float* c,
                            std::size_t ldc, std::size_t row, std::size_t column, std::size_t rows,
                            std::size_t columns) const noexcept {
  std::int64_t steps[most_slots] = {};
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    if (i == 0) {
      tiles.slots[i] = c;
      steps[i] = static_cast<std::int64_t>(ldc);
    } else if (input.access == Access::constant) {
      continue;
    } else if (input.type != DType::fp32) {
      return false;
    } else if (input.column_stride == 1) {
      steps[i] = input.row_stride;
      tiles.slots[i] = static_cast<const float*>(inputs[i]) + static_cast<std::int64_t>(row) * input.row_stride +
                       static_cast<std::int64_t>(column);
    } else if (input.column_stride == 0 && input.row_stride == 0) {
      copy_strided<float>(inputs[i], 0, 0, tiles.memory + i * room_, 0, columns);
    } else {
      return false;
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const std::int64_t start = static_cast<std::int64_t>(row + i) * width_ + static_cast<std::int64_t>(column);
    run_steps(tiles, results, start, columns);
    for (std::size_t k = 0; k < results_.size(); ++k) {
      const Result& result = results_[k];
      if (!result.straight) {
        result.store(tiles.slots[result.slot], element(results[k], result.type, start), columns);
      }
    }
    for (std::size_t k = 0; k < inputs_.size(); ++k) tiles.slots[k] += steps[k];
  }
  return true;
}

void ChainKernel::run_part(const void* const* inputs, void* const* results, Tiles& tiles, const float* c,
                           std::size_t ldc, std::int64_t row, std::int64_t column, std::int64_t rows,
                           std::int64_t columns) const noexcept {
  const auto width = static_cast<std::size_t>(columns);
  const std::size_t count = static_cast<std::size_t>(rows) * width;
  const bool whole = rows == 1 && width % tile_padding == 0;
  alignas(64) std::uint16_t narrow[largest_tile];
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    if (input.access == Access::constant) continue;
    const void* from = i == 0 ? c : inputs[i];
    const std::int64_t row_stride = i == 0 ? static_cast<std::int64_t>(ldc) : input.row_stride;
    const std::int64_t first = i == 0 ? 0 : row * input.row_stride + column * input.column_stride;
    const std::int64_t column_stride = i == 0 ? 1 : input.column_stride;
    if (whole && column_stride == 1 && input.type == DType::fp32) {
      tiles.slots[i] = static_cast<const float*>(from) + first;
      continue;
    }
    float* tile = tiles.memory + i * room_;
    tiles.slots[i] = tile;
    const std::size_t size = size_of(input.type);
    void* const to = size == 4 ? static_cast<void*>(tile) : narrow;
    if (count % tile_padding != 0) clear_padding(tile, count);
    for (std::int64_t r = 0; r < rows; ++r) {
      copy_elements(size, from, first + r * row_stride, column_stride, to, static_cast<std::size_t>(r) * width, width);
    }
    if (size != 4) input.load(narrow, tile, count);
  }
  const std::int64_t start = row * width_ + column;
  run_steps(tiles, whole ? results : nullptr, start, count);
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const Result& result = results_[i];
    if (whole && result.straight) continue;
    for (std::int64_t r = 0; r < rows; ++r) {
      result.store(tiles.slots[result.slot] + static_cast<std::size_t>(r) * width,
                   element(results[i], result.type, start + r * width_), width);
    }
  }
}

}  // namespace webai::cpu
