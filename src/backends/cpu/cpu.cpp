#include "backends/cpu/cpu.h"

namespace webai::cpu {

KernelTable kernels() {
  KernelTable table;
  table.name = "cpu";
  table.makers["internal#fused"] = {make_chain};
  table.makers["core#matmul"] = {make_matmul};
  table.makers["core#conv2d"] = {make_conv2d};
  table.makers["core#conv2dInputGradient"] = {make_conv2d_input_gradient};
  table.makers["core#conv2dFilterGradient"] = {make_conv2d_filter_gradient};
  return table;
}

}  // namespace webai::cpu
