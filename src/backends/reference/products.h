// Matrix products in double precision by Eigen.
#pragma once

#include "backends/host/kernel.h"

namespace webai::reference {

/// matmul of two fp64 matrices of rank 2; refuses everything else.
std::unique_ptr<HostKernel> make_double_product(const KernelRequest& request, std::string& reason);

}  // namespace webai::reference
