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
  table.makers["core#maxPool2d"] = {make_max_pool};
  table.makers["core#maxPool2dGradient"] = {make_max_pool_gradient};
  table.makers["core#averagePool2d"] = {make_average_pool};
  table.makers["core#averagePool2dGradient"] = {make_average_pool_gradient};
  table.makers["core#copy"] = {make_copy};
  table.makers["core#transpose"] = {make_transpose};
  table.makers["core#broadcastTo"] = {make_broadcast};
  table.makers["core#concat"] = {make_concat};
  add_reductions(table);
  table.whole = make_small_program;
  return table;
}

}  // namespace webai::cpu
