// The processor targets the kernels were compiled for. Tests run each of them; a program lets Highway choose.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace webai::cpu {

struct KernelTarget {
  std::string name;
  std::int64_t bits = 0;
  bool fused = false;  ///< has a fused multiply-add: all such targets give the same bits
};

/// Those this processor can run, best first.
std::vector<KernelTarget> supported_targets();

/// Plans made from now on use this target, in the whole process: for tests. Zero: the best again.
void use_target(std::int64_t bits);

}  // namespace webai::cpu
