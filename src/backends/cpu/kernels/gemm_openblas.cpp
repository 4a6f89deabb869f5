// Calls OpenBLAS for blocks of large products; empty unless WEBAI_WITH_OPENBLAS.
#include "backends/cpu/kernels/gemm_openblas.h"

#if WEBAI_WITH_OPENBLAS
#include <cblas.h>

#include <algorithm>

namespace webai::cpu {
namespace {

constexpr std::size_t smallest = 64;       // per dimension: below, packing and threads cost it more than us
constexpr std::size_t block = 512;         // rows and columns per call
constexpr std::size_t largest = 1U << 30;  // its integers have 32 bits

void block_region(const GemmPlan& plan, const GemmCall& call, std::size_t row, std::size_t rows, std::size_t column,
                  std::size_t columns, float*) {
  const auto integer = [](std::size_t value) { return static_cast<blasint>(value); };
  const bool transpose_a = plan.a_step != 1;
  const std::size_t lda = static_cast<std::size_t>(transpose_a ? plan.a_step : plan.a_row_stride);
  const float* a = call.a + static_cast<std::ptrdiff_t>(row) * plan.a_row_stride;
  const float* b = call.b + static_cast<std::ptrdiff_t>(column) * plan.b_column_stride;
  float* c = call.c + row * plan.ldc + column;
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, plan.transpose_b ? CblasTrans : CblasNoTrans,
              integer(rows), integer(columns), integer(plan.k), 1.0F, a, integer(lda), b, integer(plan.ldb),
              plan.accumulate ? 1.0F : 0.0F, c, integer(plan.ldc));
  if (call.epilogue.function) call.epilogue.function(call.epilogue.data, row, column, rows, columns, c, plan.ldc);
}

}  // namespace

void use_openblas(GemmPlan& plan) noexcept {
  if (plan.prepacked || std::min({plan.m, plan.n, plan.k}) < smallest) return;
  if (std::max({plan.m, plan.n, plan.k, plan.ldb, plan.ldc}) > largest) return;
  openblas_set_num_threads(1);  // of the whole process: the threads are ours
  plan.region = block_region;
  plan.row_parts = (plan.m + block - 1) / block;
  plan.column_parts = (plan.n + block - 1) / block;
  plan.job_scratch = plan.scratch_floats = 0;
}

}  // namespace webai::cpu

#else

namespace webai::cpu {
void use_openblas(GemmPlan&) noexcept {}
}  // namespace webai::cpu

#endif
