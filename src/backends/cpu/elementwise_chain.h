// Runs a fused chain of elementwise operators tile by tile in the first-level cache, over whole tensors or as the
// epilogue of a matrix product or convolution.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/cpu/elementwise_small.h"
#include "backends/cpu/elementwise_tiles.h"
#include "core/ir/graph.h"
#include "webai/context.hpp"

namespace webai::cpu {

/// One operand of a chain.
struct ChainOperand {
  ValueType type;
  /// The memory of an input that is known now: a single number is kept ready. It need not outlive the constructor.
  const void* constant = nullptr;
};

/// A chain compiled for concrete shapes and types. Immutable, so several threads may run it at once; runs allocate
/// nothing. Values between the steps are fp32: chains over fp16 and bf16 round once, at the end.
///
/// A result may lie in the memory of an input of its own type and full shape (in place), and must not overlap any
/// other.
class ChainKernel {
 public:
  /// Why these types, shapes or so many values at once are not taken, or nothing. All results have the common shape.
  static std::optional<std::string> refuses(const Chain& chain, std::span<const ChainOperand> inputs,
                                            std::span<const ChainOperand> results);

  ChainKernel() = default;
  ChainKernel(const Chain& chain, std::span<const ChainOperand> inputs, std::span<const ChainOperand> results);

  /// One pointer per input and result of the chain. Without an executor the calling thread does everything.
  void run(const void* const* inputs, void* const* results, Executor* executor = nullptr) const noexcept;

  /// As an epilogue input 0 is a block of a row-major matrix whose columns are the last axis of the common shape, and
  /// the other pointers are those of whole tensors: inputs[0] is not read. Whether that works:
  bool is_epilogue() const noexcept { return epilogue_; }
  void run_block(const void* const* inputs, void* const* results, std::size_t row, std::size_t column, std::size_t rows,
                 std::size_t columns, const float* c, std::size_t ldc) const noexcept;

  std::int64_t elements() const noexcept { return total_; }
  /// The form for a few elements; its `elements` are 0 where there is none.
  const SmallChain& small() const noexcept { return small_; }

  static constexpr std::size_t largest_tile = 1024;      ///< elements
  static constexpr std::size_t tile_memory = 20 * 1024;  ///< bytes on the stack of each thread: the first-level cache
  static constexpr std::size_t most_slots = 128;

 private:
  enum class Access : std::uint8_t {
    direct,     ///< fp32 elements in the order of the output: read where they lie
    row,        ///< the same fp32 row for all rows: read where it lies (tiles that are parts of rows)
    fixed,      ///< the same tile everywhere: filled once per thread
    constant,   ///< filled when compiled
    converted,  ///< elements in the order of the output, of another type: loaded for each tile
    gathered,   ///< anything else: copied for each tile
  };
  struct Input {
    Access access = Access::direct;
    DType type = DType::fp32;
    TileLoad load = nullptr;
    std::int32_t constant = 0;                       ///< index of its tile among the constants
    std::int64_t strides[Shape::max_rank] = {};      ///< of the collapsed axes, in elements
    std::int64_t row_stride = 0, column_stride = 0;  ///< as an operand of an epilogue
  };
  struct Step {
    TileFunction function = nullptr;
    std::int32_t operands[TilePair::most_operands] = {};  ///< slots
    std::int32_t slot = 0;
    std::int32_t buffer = 0;
    std::int32_t result = -1;     ///< written straight to this result where the tile is whole
    std::int32_t attributes = 0;  ///< index of the first in attributes_
  };
  struct Result {
    std::int32_t slot = 0;
    DType type = DType::fp32;
    TileStore store = nullptr;
    bool straight = false;
  };
  struct Tiles;  ///< one thread's buffers and slots

  void collapse(std::span<const ChainOperand> inputs, const Shape& shape);
  void plan_steps(const Chain& chain, std::span<const ChainOperand> results);
  void choose_tiles();
  void choose_access(std::span<const ChainOperand> inputs);
  void prevent_early_writes();
  void plan_small(const Chain& chain, std::span<const ChainOperand> inputs);
  void prepare(Tiles& tiles) const noexcept;
  void run_range(const void* const* inputs, void* const* results, std::int64_t begin, std::int64_t end) const noexcept;
  void run_tile(const void* const* inputs, void* const* results, Tiles& tiles, std::int64_t start, std::int64_t column,
                std::size_t count) const noexcept;
  bool run_lying(const void* const* inputs, void* const* results, Tiles& tiles, const float* c, std::size_t ldc,
                 std::size_t row, std::size_t column, std::size_t rows, std::size_t columns) const noexcept;
  void run_part(const void* const* inputs, void* const* results, Tiles& tiles, const float* c, std::size_t ldc,
                std::int64_t row, std::int64_t column, std::int64_t rows, std::int64_t columns) const noexcept;
  void gather(const Input& input, const void* from, std::int64_t start, std::size_t count, float* tile) const noexcept;
  void run_steps(Tiles& tiles, void* const* results, std::int64_t start, std::size_t count) const noexcept;

  std::vector<Input> inputs_;
  std::vector<Step> steps_;
  std::vector<Result> results_;
  std::vector<float> attributes_;
  std::vector<float> constants_;  ///< one tile per constant
  std::size_t rank_ = 1;          ///< collapsed; axes that every operand crosses evenly are one
  std::int64_t extents_[Shape::max_rank] = {};
  std::int64_t total_ = 0, rows_ = 1, columns_ = 1;
  bool parts_of_rows_ = false;  ///< tiles never cross from one row to the next
  std::int64_t unit_ = 0;       ///< elements of a whole tile
  std::size_t room_ = 0;        ///< elements a buffer holds
  std::size_t buffers_ = 0;
  std::int64_t width_ = 1;  ///< last axis of the common shape: columns of the matrix whose epilogue this is
  double nanoseconds_ = 0;  ///< estimated, per element
  bool epilogue_ = false;
  SmallChain small_;  ///< instead of all this, where there are few elements
};

}  // namespace webai::cpu
