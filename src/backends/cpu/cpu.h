// The vector kernels of the CPU backend as a kernel table.
#pragma once

#include "backends/host/kernel.h"

namespace webai::cpu {

/// Takes fp32 (and what chains read into fp32); everything else is refused with the reason.
KernelTable kernels();

// The makers, one file per family; kernels() lists them under their operators' names.
std::unique_ptr<HostKernel> make_chain(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_matmul(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_conv2d(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_conv2d_input_gradient(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_conv2d_filter_gradient(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_max_pool(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_max_pool_gradient(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_average_pool(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_average_pool_gradient(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_copy(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_transpose(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_broadcast(const KernelRequest& request, std::string& reason);
std::unique_ptr<HostKernel> make_concat(const KernelRequest& request, std::string& reason);
/// Programs over a few numbers run as one list of instructions (small_program.h).
std::unique_ptr<Executable> make_small_program(const Context& context, std::unique_ptr<HostExecutable> ready);
/// Reductions, softmax, cross-entropy, cast.
void add_reductions(KernelTable& table);

}  // namespace webai::cpu
