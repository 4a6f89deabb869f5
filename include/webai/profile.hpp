// Where the time of a run or a training step goes.
#pragma once

#include <cstdint>
#include <string>

namespace webai {

/// One node of a compiled graph, timed on its own.
struct NodeProfile {
  std::string operation;    ///< "matmul + add, tanh"
  std::string path;         ///< JSON pointer of its layer; empty where it belongs to none
  std::string device;       ///< whose kernel ran: "cpu", "reference", "opencl"
  double nanoseconds = 0;   ///< of one step; the median over those timed
  double operations = 0;    ///< arithmetic, a multiply-add is 2; 0 where nobody counts them
  std::uint64_t bytes = 0;  ///< of what it reads and writes
};

}  // namespace webai
