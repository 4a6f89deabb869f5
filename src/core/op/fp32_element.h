// The elementwise operators' one text read as plain fp32 C++, one element at a time: the bits that vector kernels and
// devices must have. For checks, not for speed.
#pragma once

#include "core/op/elementwise.h"

namespace webai {

/// Booleans are 0 and 1. Attributes as a ChainStep holds them. Rounds as the thread's floating-point state says.
float evaluate_fp32(const Elementwise& elementwise, const float* inputs, const double* attributes);

}  // namespace webai
