// Products that do without register tiles, compiled once per processor target: of few rows, outer products and products
// too small for anything but scalars. Every output is the same fma chain as in a tile.
#include "backends/cpu/kernels/gemm.h"
#include "backends/cpu/kernels/tile.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/vector_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<float>;
constexpr std::size_t lanes = hn::MaxLanes(Wide());

/// rows x vectors outputs with b in place; `last` columns of the last vector exist.
template <int rows, int vectors, bool partial>
HWY_INLINE void strip(std::size_t depth, const float* a, std::ptrdiff_t a_row_stride, std::ptrdiff_t a_step,
                      const float* b, std::size_t ldb, float* c, std::size_t ldc, std::size_t last, bool accumulate) {
  const Wide d;
  hn::Vec<Wide> sum[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      const float* from = c + r * ldc + v * lanes;
      if (!accumulate)
        sum[r][v] = hn::Zero(d);
      else if constexpr (partial)
        sum[r][v] = load_partial(d, from, last);
      else
        sum[r][v] = hn::LoadU(d, from);
    }
  }
  const std::size_t ahead = ldb >= 256 ? 8 * ldb : 1024;  // floats
  for (std::size_t k = 0; k < depth; ++k, b += ldb, a += a_step) {
    hn::Vec<Wide> left[rows];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) left[r] = hn::Set(d, a[r * a_row_stride]);
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      if constexpr (!partial) __builtin_prefetch(b + ahead + v * lanes, 0, 3);
      hn::Vec<Wide> right;
      if constexpr (partial)
        right = load_partial(d, b, last);
      else
        right = hn::LoadU(d, b + v * lanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) sum[r][v] = hn::MulAdd(left[r], right, sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      float* to = c + r * ldc + v * lanes;
      if constexpr (partial)
        store_partial(sum[r][v], d, to, last);
      else
        hn::StoreU(sum[r][v], d, to);
    }
  }
}

template <int rows>
void few_rows_of(std::size_t depth, std::size_t columns, const float* a, std::ptrdiff_t a_row_stride,
                 std::ptrdiff_t a_step, const float* b, std::size_t ldb, float* c, std::size_t ldc, bool accumulate) {
  constexpr int most = rows <= 2 && HWY_TARGET <= HWY_AVX3 ? 8 : rows == 1 ? 8 : rows == 2 ? 4 : 2;
  std::size_t j = 0;
  for (; j + most * lanes <= columns; j += most * lanes) {
    strip<rows, most, false>(depth, a, a_row_stride, a_step, b + j, ldb, c + j, ldc, lanes, accumulate);
  }
  if constexpr (most >= 8) {
    for (; j + 4 * lanes <= columns; j += 4 * lanes) {
      strip<rows, 4, false>(depth, a, a_row_stride, a_step, b + j, ldb, c + j, ldc, lanes, accumulate);
    }
  }
  if constexpr (most >= 4) {
    for (; j + 2 * lanes <= columns; j += 2 * lanes) {
      strip<rows, 2, false>(depth, a, a_row_stride, a_step, b + j, ldb, c + j, ldc, lanes, accumulate);
    }
  }
  for (; j + lanes <= columns; j += lanes) {
    strip<rows, 1, false>(depth, a, a_row_stride, a_step, b + j, ldb, c + j, ldc, lanes, accumulate);
  }
  if (j < columns) {
    strip<rows, 1, true>(depth, a, a_row_stride, a_step, b + j, ldb, c + j, ldc, columns - j, accumulate);
  }
}

void few_rows(std::size_t rows, std::size_t depth, std::size_t columns, const float* a, std::ptrdiff_t a_row_stride,
              std::ptrdiff_t a_step, const float* b, std::size_t ldb, float* c, std::size_t ldc, bool accumulate) {
  switch (rows) {
    case 1:
      return few_rows_of<1>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
    case 2:
      return few_rows_of<2>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
    case 3:
      return few_rows_of<3>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
    case 4:
      return few_rows_of<4>(depth, columns, a, a_row_stride, a_step, b, ldb, c, ldc, accumulate);
  }
}

void outer(std::size_t rows, std::size_t columns, const float* a, std::ptrdiff_t a_stride, const float* b, float* c,
           std::size_t ldc, bool accumulate) {
  const Wide d;
  for (std::size_t r = 0; r < rows; ++r, a += a_stride, c += ldc) {
    const auto left = hn::Set(d, *a);
    std::size_t j = 0;
    if (accumulate) {
      for (; j + 4 * lanes <= columns; j += 4 * lanes) {
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
          float* to = c + j + v * lanes;
          hn::StoreU(hn::MulAdd(left, hn::LoadU(d, b + j + v * lanes), hn::LoadU(d, to)), d, to);
        }
      }
      for (; j + lanes <= columns; j += lanes) {
        hn::StoreU(hn::MulAdd(left, hn::LoadU(d, b + j), hn::LoadU(d, c + j)), d, c + j);
      }
    } else {
      for (; j + lanes <= columns; j += lanes) {
        hn::StoreU(hn::MulAdd(left, hn::LoadU(d, b + j), hn::Zero(d)), d, c + j);
      }
    }
    if (j < columns) {
      const std::size_t count = columns - j;
      const auto start = accumulate ? load_partial(d, c + j, count) : hn::Zero(d);
      store_partial(hn::MulAdd(left, load_partial(d, b + j, count), start), d, c + j, count);
    }
  }
}

/// One lane is enough here, and its MulAdd rounds as the wide one of this target does.
void tiny(const GemmPlan& plan, const GemmCall& call) {
  using One = hn::CappedTag<float, 1>;
  const One d;
  const std::size_t m = plan.m, n = plan.n, depth = plan.k;
  const std::ptrdiff_t a_step = plan.a_step, b_row = plan.b_row_stride, b_column = plan.b_column_stride;
  const float* a = call.a;
  float* c = call.c;
  for (std::size_t i = 0; i < m; ++i, a += plan.a_row_stride, c += plan.ldc) {
    std::size_t j = 0;
    const float* b = call.b;
    for (; j + 3 <= n; j += 3, b += 3 * b_column) {
      auto sum0 = plan.accumulate ? hn::LoadU(d, c + j) : hn::Zero(d);
      auto sum1 = plan.accumulate ? hn::LoadU(d, c + j + 1) : hn::Zero(d);
      auto sum2 = plan.accumulate ? hn::LoadU(d, c + j + 2) : hn::Zero(d);
      const float* left = a;
      const float* right = b;
      for (std::size_t k = 0; k < depth; ++k, left += a_step, right += b_row) {
        const auto value = hn::LoadU(d, left);
        sum0 = hn::MulAdd(value, hn::LoadU(d, right), sum0);
        sum1 = hn::MulAdd(value, hn::LoadU(d, right + b_column), sum1);
        sum2 = hn::MulAdd(value, hn::LoadU(d, right + 2 * b_column), sum2);
      }
      hn::StoreU(sum0, d, c + j);
      hn::StoreU(sum1, d, c + j + 1);
      hn::StoreU(sum2, d, c + j + 2);
    }
    for (; j < n; ++j, b += b_column) {
      auto sum = plan.accumulate ? hn::LoadU(d, c + j) : hn::Zero(d);
      const float* left = a;
      const float* right = b;
      for (std::size_t k = 0; k < depth; ++k, left += a_step, right += b_row) {
        sum = hn::MulAdd(hn::LoadU(d, left), hn::LoadU(d, right), sum);
      }
      hn::StoreU(sum, d, c + j);
    }
  }
  if (call.epilogue.function) call.epilogue.function(call.epilogue.data, 0, 0, m, n, call.c, plan.ldc);
}

constexpr VectorKernels kernels = {few_rows, outer, tiny};

const VectorKernels* find_kernels() { return &kernels; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_kernels);
}
const VectorKernels& vector_kernels() { return *HWY_DYNAMIC_DISPATCH(find_kernels)(); }
}  // namespace webai::cpu
#endif
