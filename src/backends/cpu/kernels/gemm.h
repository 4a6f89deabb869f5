// Matrix products in fp32, C = op(A) * op(B). A plan fixes shape, layout and the split between threads once; run() is
// one call that allocates nothing. Every output is one chain of fused multiply-adds over ascending k, so the bits do
// not depend on the number of threads nor, among processors with such an instruction, on the processor.
#pragma once

#include <cstddef>

#include "webai/context.hpp"

namespace webai::cpu {

/// Called once for each finished block of C while it is still in cache, by the thread that finished it; the blocks
/// cover C exactly once. `c` points at C[row][column]. Must not throw.
using BlockEpilogue = void (*)(void* data, std::size_t row, std::size_t column, std::size_t rows, std::size_t columns,
                               float* c, std::size_t ldc);

struct Epilogue {
  BlockEpilogue function = nullptr;
  void* data = nullptr;
};

/// C is m x n, the inner dimension is k. A leading dimension of 0 means dense rows of the operand as it is stored:
/// A is stored m x k (transposed: k x m), B k x n (transposed: n x k). A scale is never part of the chain: apply it in
/// the epilogue, or scale an operand.
struct GemmShape {
  std::size_t m = 0, n = 0, k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;  ///< chains start from what C holds instead of zero
  bool prepacked = false;   ///< B is given as GemmPlan::pack left it
  std::size_t lda = 0, ldb = 0, ldc = 0;
};

struct GemmCall {
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;
  float* scratch = nullptr;
  Executor* executor = nullptr;
  Epilogue epilogue = {};
};

struct TileForms;
struct VectorKernels;
struct PackKernels;

/// Immutable after construction, cheap to copy; one plan may run in several threads with different scratch.
struct GemmPlan {
  GemmPlan() = default;
  /// `width`: how many threads may take part (Executor::width()). It changes the split, never a result.
  explicit GemmPlan(const GemmShape& shape, std::size_t width = 1);

  /// `scratch` has scratch_floats floats, aligned to 64 bytes for speed (none needed where that is 0). Without an
  /// executor the calling thread does everything. A and B must not overlap C.
  void run(const float* a, const float* b, float* c, float* scratch = nullptr, Executor* executor = nullptr,
           Epilogue epilogue = {}) const noexcept {
    function(*this, GemmCall{a, b, c, scratch, executor, epilogue});
  }
  /// Rearranges B (as stored by the shape) for plans with `prepacked`; `packed` has packed_floats() floats.
  void pack(const float* b, float* packed) const noexcept;
  std::size_t packed_floats() const noexcept;

  // What the kernels read.
  using Function = void (*)(const GemmPlan&, const GemmCall&);
  using Region = void (*)(const GemmPlan&, const GemmCall&, std::size_t row, std::size_t rows, std::size_t column,
                          std::size_t columns, float* scratch);
  Function function = nullptr;
  Region region = nullptr;
  std::size_t m = 0, n = 0, k = 0;
  std::size_t ldb = 0, ldc = 0;
  std::ptrdiff_t a_row_stride = 0, a_step = 0;           ///< A[i][k] lies at i * a_row_stride + k * a_step
  std::ptrdiff_t b_row_stride = 0, b_column_stride = 0;  ///< B[k][j] likewise
  bool accumulate = false, transpose_b = false, prepacked = false;
  bool packs = false;                           ///< full panels of B are copied before use (partial ones always are)
  std::size_t row_parts = 1, column_parts = 1;  ///< the grid of jobs
  std::size_t row_unit = 1;                     ///< borders between jobs are multiples of it
  std::size_t depth_block = 0;                  ///< k per pass over B
  std::size_t row_block = 0;                    ///< rows of A that stay in cache over all panels
  std::size_t job_scratch = 0;                  ///< floats per job
  std::size_t scratch_floats = 0;               ///< for all jobs
  const TileForms* tiles = nullptr;
  const VectorKernels* vectors = nullptr;
  const PackKernels* packing = nullptr;
};

}  // namespace webai::cpu
