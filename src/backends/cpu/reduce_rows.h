// Row by row: softmax, its logarithm, their gradients, and softmax with cross-entropy. Rows lie side by side; sums are
// those of reduce_kernels.h, so results depend on neither target nor threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "webai/context.hpp"
#include "webai/dtype.hpp"

namespace webai::cpu {

/// `count` rows of `length` elements, dense. Outputs may be the memory of an input of the same size.
struct Rows {
  std::size_t count = 0, length = 0;
  Executor* executor = nullptr;
};

void softmax_rows(const Rows& rows, const float* x, float* y) noexcept;
void log_softmax_rows(const Rows& rows, const float* x, float* y) noexcept;
/// y is the softmax: dx = y * (dy - sum(y * dy)).
void softmax_gradient_rows(const Rows& rows, const float* y, const float* dy, float* dx) noexcept;
/// y is the logarithm of softmax: dx = dy - e^y * sum(dy).
void log_softmax_gradient_rows(const Rows& rows, const float* y, const float* dy, float* dx) noexcept;

/// What a row should have been: a distribution, or the number of its one class (outside 0 .. length - 1: no target).
struct Targets {
  const float* dense = nullptr;   ///< rows like the others, or
  const void* labels = nullptr;   ///< one per row,
  DType label_type = DType::i32;  ///< of this integer type
};
/// loss[row] = -sum(target * log softmax(x)), a target of 0 adding nothing; p = softmax(x).
void cross_entropy_rows(const Rows& rows, const float* x, const Targets& targets, float* loss, float* p) noexcept;
/// dx = (p * sum(target) - target) * dy[row].
void cross_entropy_gradient_rows(const Rows& rows, const float* p, const Targets& targets, const float* dy,
                                 float* dx) noexcept;

}  // namespace webai::cpu
