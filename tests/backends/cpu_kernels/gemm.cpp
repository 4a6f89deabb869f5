// Matrix products against the chain of fused multiply-adds they promise, bit by bit, on every target and width.
#include "backends/cpu/kernels/gemm.h"

#include <catch2/catch.hpp>
#include <mutex>

#include "backends/cpu_kernels/support.h"

using namespace kernel_test;
using webai::cpu::Epilogue;
using webai::cpu::GemmPlan;
using webai::cpu::GemmShape;

namespace {

struct Product {
  GemmShape shape;
  std::vector<float> a, b, c, expected;
};

std::size_t at(std::size_t row, std::size_t column, std::size_t stride, bool transposed) {
  return transposed ? column * stride + row : row * stride + column;
}

/// Operands with gaps between their rows, and the result by definition.
Product product(GemmShape shape, std::size_t gap, bool fused) {
  Product p;
  shape.lda = (shape.transpose_a ? shape.m : shape.k) + gap;
  shape.ldb = (shape.transpose_b ? shape.k : shape.n) + gap;
  shape.ldc = shape.n + gap;
  p.shape = shape;
  p.a = numbers((shape.transpose_a ? shape.k : shape.m) * shape.lda, 1);
  p.b = numbers((shape.transpose_b ? shape.n : shape.k) * shape.ldb, 2);
  p.c = numbers(shape.m * shape.ldc, 3);
  p.expected = p.c;
  for (std::size_t i = 0; i < shape.m; ++i) {
    for (std::size_t j = 0; j < shape.n; ++j) {
      float& value = p.expected[i * shape.ldc + j];
      float sum = shape.accumulate ? value : 0.0F;
      for (std::size_t k = 0; k < shape.k; ++k) {
        sum = chain_step(p.a[at(i, k, shape.lda, shape.transpose_a)], p.b[at(k, j, shape.ldb, shape.transpose_b)], sum,
                         fused);
      }
      value = sum;
    }
  }
  return p;
}

std::vector<float> run(const Product& p, std::size_t width, bool prepacked = false) {
  GemmShape shape = p.shape;
  shape.prepacked = prepacked;
  const GemmPlan plan(shape, width);
  std::vector<float> c = p.c, scratch(plan.scratch_floats), packed;
  const float* b = p.b.data();
  if (prepacked) {
    packed.resize(plan.packed_floats());
    plan.pack(b, packed.data());
    b = packed.data();
  }
  Threads threads(width);
  plan.run(p.a.data(), b, c.data(), scratch.data(), width > 1 ? &threads : nullptr);
  return c;
}

struct Cover {
  std::size_t ldc = 0;
  const float* base = nullptr;
  std::vector<int> visits;
  bool in_place = true;
  std::mutex mutex;
};

void visit(void* data, std::size_t row, std::size_t column, std::size_t rows, std::size_t columns, float* c,
           std::size_t ldc) {
  Cover& cover = *static_cast<Cover*>(data);
  const std::lock_guard<std::mutex> lock(cover.mutex);
  cover.in_place = cover.in_place && c == cover.base + row * cover.ldc + column && ldc == cover.ldc;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      ++cover.visits[(row + i) * ldc + column + j];
      c[i * ldc + j] += 1.0F;
    }
  }
}

}  // namespace

TEST_CASE("Each output of a product is one chain of multiply-adds over ascending k") {
  const std::size_t sizes[][3] = {{1, 1, 1},    {1, 3, 2},   {2, 2, 16},    {3, 5, 4},     {1, 10, 128}, {1, 128, 784},
                                  {2, 70, 33},  {3, 129, 7}, {4, 47, 65},   {5, 16, 9},    {6, 64, 8},   {7, 65, 17},
                                  {12, 8, 31},  {13, 9, 30}, {32, 10, 128}, {17, 33, 5},   {31, 100, 1}, {64, 64, 64},
                                  {23, 200, 3}, {65, 7, 90}, {29, 48, 41},  {250, 70, 20}, {9, 31, 1100}};
  on_each_target([&](const webai::cpu::KernelTarget& target) {
    for (const auto& size : sizes) {
      for (int options = 0; options < 16; ++options) {
        GemmShape shape;
        shape.m = size[0], shape.n = size[1], shape.k = size[2];
        shape.transpose_a = options & 1;
        shape.transpose_b = options & 2;
        shape.accumulate = options & 4;
        const Product p = product(shape, options & 8 ? 3 : 0, target.fused);
        INFO(target.name << ' ' << shape.m << 'x' << shape.k << 'x' << shape.n << " options " << options);
        REQUIRE(same_product(run(p, 1), p.expected));
        REQUIRE(same_product(run(p, 1, true), p.expected));
      }
    }
  });
}

TEST_CASE("Blocks over rows, columns and k leave the bits of a product alone") {
  on_each_target([&](const webai::cpu::KernelTarget& target) {
    if (!target.fused) return;
    for (int options = 0; options < 4; ++options) {
      GemmShape shape;
      shape.m = 501, shape.n = 133, shape.k = 1300;
      shape.transpose_a = options & 1;
      shape.transpose_b = options & 2;
      shape.accumulate = options == 3;
      const Product p = product(shape, 0, true);
      INFO(target.name << " options " << options);
      REQUIRE(same_product(run(p, 1), p.expected));
      REQUIRE(same_product(run(p, 1, true), p.expected));
    }
  });
}

TEST_CASE("A product has the same bits for every number of threads and every target with fused multiply-add") {
  const std::size_t sizes[][3] = {{1, 3000, 900}, {3, 2100, 400}, {700, 900, 1},
                                  {260, 300, 64}, {700, 10, 300}, {96, 513, 129}};
  for (const auto& size : sizes) {
    std::vector<std::uint64_t> hashes;
    on_each_target([&](const webai::cpu::KernelTarget& target) {
      if (!target.fused) return;
      for (int options = 0; options < 4; ++options) {
        GemmShape shape;
        shape.m = size[0], shape.n = size[1], shape.k = size[2];
        shape.transpose_a = options & 1;
        shape.transpose_b = options & 2;
        Product p;
        shape.lda = shape.transpose_a ? shape.m : shape.k;
        shape.ldb = shape.transpose_b ? shape.k : shape.n;
        p.a = numbers(shape.m * shape.k, 1);
        p.b = numbers(shape.n * shape.k, 2);
        // The same values in every layout.
        std::vector<float> other = p.a;
        for (std::size_t i = 0; i < shape.m && shape.transpose_a; ++i) {
          for (std::size_t k = 0; k < shape.k; ++k) p.a[k * shape.m + i] = other[i * shape.k + k];
        }
        other = p.b;
        for (std::size_t k = 0; k < shape.k && shape.transpose_b; ++k) {
          for (std::size_t j = 0; j < shape.n; ++j) p.b[j * shape.k + k] = other[k * shape.n + j];
        }
        p.shape = shape;
        p.c.resize(shape.m * shape.n);
        for (const std::size_t width : {1, 2, 3, 4}) hashes.push_back(hash(run(p, width)));
      }
    });
    INFO(size[0] << 'x' << size[2] << 'x' << size[1]);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      // OpenBLAS may choose another order for another layout or processor, but not for another number of threads.
      CHECK(hashes[i] == hashes[WEBAI_WITH_OPENBLAS ? i / 4 * 4 : 0]);
    }
  }
}

TEST_CASE("Work is really shared between threads where it is large") {
  GemmShape shape;
  shape.m = 256, shape.n = 256, shape.k = 256;
  if (!WEBAI_WITH_OPENBLAS) CHECK(GemmPlan(shape, 4).row_parts * GemmPlan(shape, 4).column_parts == 4);
  shape.m = 1, shape.n = 4096;
  CHECK(GemmPlan(shape, 2).column_parts == 2);
  shape.n = 16;
  CHECK(GemmPlan(shape, 2).row_parts * GemmPlan(shape, 2).column_parts == 1);
}

TEST_CASE("An epilogue sees each output once, after its sum is complete") {
  const std::size_t sizes[][3] = {{1, 3, 2},    {1, 5000, 3},  {2, 9000, 80}, {300, 200, 1}, {500, 130, 1100},
                                  {40, 70, 50}, {200, 10, 60}, {7, 11, 0},    {33, 700, 0},  {700, 500, 40}};
  on_each_target([&](const webai::cpu::KernelTarget& target) {
    for (const auto& size : sizes) {
      for (const std::size_t width : {1, 3}) {
        GemmShape shape;
        shape.m = size[0], shape.n = size[1], shape.k = size[2];
        const Product p = product(shape, 2, target.fused);
        const GemmPlan plan(p.shape, width);
        std::vector<float> c = p.c, scratch(plan.scratch_floats), expected = p.expected;
        for (std::size_t i = 0; i < shape.m; ++i) {
          for (std::size_t j = 0; j < shape.n; ++j) expected[i * p.shape.ldc + j] += 1.0F;
        }
        Cover cover;
        cover.ldc = p.shape.ldc;
        cover.base = c.data();
        cover.visits.resize(c.size());
        Threads threads(width);
        plan.run(p.a.data(), p.b.data(), c.data(), scratch.data(), &threads, {visit, &cover});
        INFO(target.name << ' ' << shape.m << 'x' << shape.k << 'x' << shape.n << " width " << width);
        CHECK(cover.in_place);
        REQUIRE(same_product(c, expected));
      }
    }
  });
}

TEST_CASE("A product without inner dimension is zero, or what was there") {
  GemmShape shape;
  shape.m = 3, shape.n = 5;
  std::vector<float> c(15, 7.0F);
  shape.accumulate = true;
  GemmPlan(shape).run(nullptr, nullptr, c.data());
  CHECK(c == std::vector<float>(15, 7.0F));
  shape.accumulate = false;
  GemmPlan(shape).run(nullptr, nullptr, c.data());
  CHECK(c == std::vector<float>(15, 0.0F));
}

TEST_CASE("A product without rows or columns touches nothing") {
  Cover cover;
  GemmShape shape;
  shape.n = 5, shape.k = 4;
  GemmPlan(shape).run(nullptr, nullptr, nullptr, nullptr, nullptr, {visit, &cover});
  shape.m = 5, shape.n = 0;
  GemmPlan(shape).run(nullptr, nullptr, nullptr, nullptr, nullptr, {visit, &cover});
  CHECK(cover.visits.empty());
}

TEST_CASE("Not-a-number and infinity pass through a product") {
  GemmShape shape;
  shape.m = 20, shape.n = 20, shape.k = 20;
  std::vector<float> a(400, 1.0F), b(400, 1.0F), c(400);
  a[3 * 20 + 4] = std::nanf("");
  b[7 * 20 + 5] = INFINITY;
  const GemmPlan plan(shape);
  std::vector<float> scratch(plan.scratch_floats);
  plan.run(a.data(), b.data(), c.data(), scratch.data());
  CHECK(std::isnan(c[3 * 20 + 9]));
  CHECK(std::isinf(c[9 * 20 + 5]));
  CHECK(c[9 * 20 + 9] == 20.0F);
}
