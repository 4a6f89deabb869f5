// The chain of a node: by itself, or as the epilogue of a product.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/cpu/elementwise_chain.h"
#include "backends/cpu/kernels/gemm.h"
#include "backends/host/kernel.h"

namespace webai::cpu {

/// The chain of a node with one, alone or as an epilogue: made for small programs, which run it in their own way.
ChainKernel chain_of(const Graph& graph, const Node& node);

/// Helpers are worth their wake-up for work of at least this many nanoseconds, less while they are awake.
Executor* helpers(Executor& executor, double nanoseconds) noexcept;

/// The epilogue of a node, if it has one. Operands are those of the whole node; the chain's input 0 is the product's
/// block. Not thread-safe: one per kernel.
class NodeEpilogue {
 public:
  /// Why the chain cannot run as an epilogue, or nothing (also when there is none).
  static std::optional<std::string> refuses(const KernelRequest& request);
  explicit NodeEpilogue(const KernelRequest& request);

  bool present() const noexcept { return present_; }
  /// Where the product itself goes: the node's output when there is no chain, else the memory of a result that the
  /// chain overwrites block by block, else `spare`. Call before epilogue(), with the node's operands.
  float* bind(void* const* operands, void* spare) noexcept;
  /// What to hand to the product; `first_row` is where its row 0 stands among the rows of the whole result.
  Epilogue epilogue(std::size_t first_row = 0) noexcept;
  /// Bytes that bind() may want as `spare`.
  std::size_t spare_bytes() const noexcept { return spare_bytes_; }
  /// Runs the chain over the finished product at once, for kernels that cannot call back block by block.
  void run_whole(const float* product, Executor* executor) noexcept;

 private:
  static void on_block(void* data, std::size_t row, std::size_t column, std::size_t rows, std::size_t columns, float* c,
                       std::size_t ldc);
  ChainKernel chain_;
  bool present_ = false;
  std::size_t own_inputs_ = 0, first_output_ = 0, first_row_ = 0, spare_bytes_ = 0;
  std::vector<const void*> inputs_;
  std::vector<void*> results_;
  std::vector<bool> holds_product_;  ///< by result: fp32 of the product's shape
};

}  // namespace webai::cpu
