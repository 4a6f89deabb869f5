// Weights of one byte each: w = low + step * code.
#pragma once

#include <cstdint>
#include <string>

#include "core/ir/graph.h"

namespace webai {

struct ByteRange {
  float low = 0, step = 1;
  int code(double value) const;
  float value(int code) const { return low + step * static_cast<float>(code); }
};

/// Matrices and filters of some size; short rows such as biases stay numbers.
bool fits_bytes(const Tensor& tensor);
ByteRange range_of(const Tensor& tensor);

/// How far the outputs move when the weights become bytes, over inputs drawn from -1 to 1: measured by the reference
/// kernels. Constants of the graph stand for its weights.
struct ByteError {
  double largest = 0, mean_square_root = 0, largest_output = 0;
  int inputs = 0, matrices = 0;  ///< that were tried; that became bytes
};
ByteError measure_bytes(const Context& context, const Graph& graph);

}  // namespace webai
