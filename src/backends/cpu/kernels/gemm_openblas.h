// OpenBLAS as a provider of large matrix products: in builds with WEBAI_WITH_OPENBLAS only. Private to this folder.
#pragma once

#include "backends/cpu/kernels/gemm.h"

namespace webai::cpu {

/// Hands a plan whose path is the register tiles over to OpenBLAS if the product is large. C is cut into blocks that
/// depend on the shape alone, each one call of one thread, so results do not depend on the number of threads. They are
/// within rounding of our own, not bit by bit.
void use_openblas(GemmPlan& plan) noexcept;

}  // namespace webai::cpu
