// Sums, means, products and extremes of fp32 tensors over any axes, in a fixed order that depends on the shape alone.
//
// Elements that lie side by side: blocks of 4096; in a block partial k of 64 takes elements k, k + 64, ...; then halves
// 32, 16, ..., 1 are combined. Rows that are combined element by element (the sum of columns): blocks of 64 rows; in a
// block partial k of 4 takes rows k, k + 4, ...; then (0 + 1) + (2 + 3). Results of blocks are combined in the same
// way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "webai/context.hpp"
#include "webai/shape.hpp"

namespace webai::cpu {

enum class ReduceKind : std::uint8_t { sum, mean, product, max, min };

class ReducePlan {
 public:
  ReducePlan() = default;
  /// `axes` has one bit per axis that is reduced. The shape is concrete.
  ReducePlan(ReduceKind kind, const Shape& shape, std::uint32_t axes);

  /// `scratch` has scratch_floats() floats. Where nothing is reduced into a result: 0, not-a-number (mean), 1, and the
  /// infinities. Not-a-number wins over extremes. May not work in place.
  void run(const float* input, float* output, float* scratch, Executor* executor = nullptr) const noexcept;
  std::size_t scratch_floats() const noexcept { return first_scratch_ + second_scratch_; }
  /// Estimated, on one thread.
  double nanoseconds() const noexcept { return nanoseconds_; }

 private:
  /// outer x reduced x inner to outer x blocks x inner.
  struct Pass {
    std::size_t outer = 1, reduced = 1, inner = 1, blocks = 1;
    std::size_t block() const noexcept { return inner == 1 ? 4096 : 64; }
  };
  void run_pass(const Pass& pass, const float* from, float* to, Executor* executor) const noexcept;

  ReduceKind kind_ = ReduceKind::sum;
  std::vector<Pass> passes_;
  std::size_t results_ = 0;
  std::size_t first_scratch_ = 0, second_scratch_ = 0;  ///< floats of the two areas that passes alternate between
  float divisor_ = 1;                                   ///< of a mean
  double nanoseconds_ = 0;
  bool nothing_ = false;  ///< no element is reduced
};

/// What the passes call, for one target.
struct ReduceKernels {
  /// The tree of one block of `count` <= 4096 elements side by side.
  float (*elements[5])(const float* from, std::size_t count);
  /// The tree of one block of `rows` <= 64 rows, `stride` floats apart.
  void (*rows[5])(const float* from, std::size_t rows, std::size_t stride, std::size_t columns, float* to);
  void (*divide)(float* values, std::size_t count, float divisor);
};
const ReduceKernels& reduce_kernels();

}  // namespace webai::cpu
