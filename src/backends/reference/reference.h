// The judge: every operator's reference kernel, always there.
#pragma once

#include "backends/host/kernel.h"

namespace webai::reference {

/// Takes every node that has a reference kernel, with or without an epilogue, fused chains included. Products in fp64
/// go through Eigen (the same sums, faster).
KernelTable kernels();

}  // namespace webai::reference
