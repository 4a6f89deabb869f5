// Reductions: the fixed tree bit by bit on every target, any axes, any number of threads; softmax and cross-entropy
// rows.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "../cpu_kernels/support.h"
#include "backends/cpu/reduce_kernels.h"
#include "backends/cpu/reduce_rows.h"

using namespace webai;
using namespace webai::cpu;
using kernel_test::infinity;
using kernel_test::nothing;
using kernel_test::numbers;

namespace {

/// Values over many binades, so that the order of a sum shows.
std::vector<float> wild(std::size_t count, std::uint32_t seed) {
  std::vector<float> values = numbers(count, seed);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::ldexp(values[i], static_cast<int>(i * 7 % 41) - 20);
  return values;
}

/// The tree of the header, as it reads there.
float tree_of_elements(const float* from, std::size_t count) {
  if (count == 1) return from[0];
  std::vector<float> blocks;
  for (std::size_t first = 0; first < count; first += 4096) {
    float partial[64] = {};
    for (std::size_t i = first; i < std::min(count, first + 4096); ++i) partial[(i - first) % 64] += from[i];
    for (std::size_t half = 32; half > 0; half /= 2) {
      for (std::size_t k = 0; k < half; ++k) partial[k] += partial[k + half];
    }
    blocks.push_back(partial[0]);
  }
  return tree_of_elements(blocks.data(), blocks.size());
}
std::vector<float> tree_of_rows(std::vector<float> values, std::size_t rows, std::size_t columns) {
  while (rows > 1) {
    const std::size_t blocks = (rows + 63) / 64;
    std::vector<float> results(blocks * columns);
    for (std::size_t block = 0; block < blocks; ++block) {
      for (std::size_t j = 0; j < columns; ++j) {
        float partial[4] = {};
        for (std::size_t row = block * 64; row < std::min(rows, block * 64 + 64); ++row) {
          partial[row % 4] += values[row * columns + j];
        }
        results[block * columns + j] = (partial[0] + partial[1]) + (partial[2] + partial[3]);
      }
    }
    values = results;
    rows = blocks;
  }
  return values;
}

std::vector<float> reduce(ReduceKind kind, const Shape& shape, std::uint32_t axes, const std::vector<float>& values,
                          Executor* executor = nullptr) {
  const ReducePlan plan(kind, shape, axes);
  std::size_t results = 1;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (((axes >> axis) & 1U) == 0) results *= static_cast<std::size_t>(shape[axis]);
  }
  std::vector<float> output(results, -77.0f), scratch(plan.scratch_floats() + 1, 5.0f);
  plan.run(values.data(), output.data(), scratch.data(), executor);
  REQUIRE(scratch.back() == 5.0f);
  return output;
}

double reduce_exactly(ReduceKind kind, const std::vector<double>& values) {
  double result = kind == ReduceKind::product ? 1 : 0;
  if (kind == ReduceKind::max || kind == ReduceKind::min) result = values[0];
  for (const double value : values) {
    switch (kind) {
      case ReduceKind::sum:
      case ReduceKind::mean:
        result += value;
        break;
      case ReduceKind::product:
        result *= value;
        break;
      case ReduceKind::max:
        result = std::max(result, value);
        break;
      case ReduceKind::min:
        result = std::min(result, value);
        break;
    }
  }
  return kind == ReduceKind::mean ? result / static_cast<double>(values.size()) : result;
}

}  // namespace

TEST_CASE("sums of neighbours follow the fixed tree on every target") {
  kernel_test::on_each_target([](const KernelTarget& target) {
    for (const std::size_t count :
         {2u, 3u, 10u, 16u, 17u, 63u, 64u, 65u, 127u, 128u, 200u, 1000u, 4095u, 4096u, 4097u, 8192u, 100001u}) {
      const std::vector<float> values = wild(count, static_cast<std::uint32_t>(count));
      INFO(target.name << ", " << count);
      const float expected = tree_of_elements(values.data(), count);
      CHECK(reduce(ReduceKind::sum, Shape{static_cast<std::int64_t>(count)}, 1, values)[0] == expected);
    }
  });
}

TEST_CASE("sums of rows follow the fixed tree on every target") {
  kernel_test::on_each_target([](const KernelTarget& target) {
    for (const std::size_t rows : {2u, 3u, 4u, 7u, 32u, 63u, 64u, 65u, 300u, 4100u}) {
      for (const std::size_t columns : {2u, 7u, 10u, 16u, 33u, 64u, 130u}) {
        const std::vector<float> values = wild(rows * columns, static_cast<std::uint32_t>(rows + columns));
        const Shape shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
        INFO(target.name << ", " << shape.text());
        CHECK(kernel_test::same_bits(reduce(ReduceKind::sum, shape, 1, values), tree_of_rows(values, rows, columns)));
      }
    }
  });
}

TEST_CASE("every kind reduces any axes") {
  const Shape shapes[] = {{3, 5, 7}, {2, 3, 4, 3}, {1, 130, 33}, {5, 1, 4, 1}, {70, 2, 80}, {2, 2, 2, 2, 2, 2}};
  for (const Shape& shape : shapes) {
    const std::vector<float> values = numbers(static_cast<std::size_t>(shape.elements()), 3);
    const auto strides = strides_of(shape);
    for (std::uint32_t axes = 0; axes < (1U << shape.rank()); ++axes) {
      for (const ReduceKind kind :
           {ReduceKind::sum, ReduceKind::mean, ReduceKind::product, ReduceKind::max, ReduceKind::min}) {
        std::vector<std::vector<double>> groups;
        for (std::int64_t i = 0; i < shape.elements(); ++i) {
          std::size_t result = 0;
          for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
            const std::int64_t at = i / strides[axis] % shape[axis];
            if (((axes >> axis) & 1U) == 0)
              result = result * static_cast<std::size_t>(shape[axis]) + static_cast<std::size_t>(at);
          }
          if (result >= groups.size()) groups.resize(result + 1);
          groups[result].push_back(values[static_cast<std::size_t>(i)]);
        }
        const std::vector<float> found = reduce(kind, shape, axes, values);
        INFO(shape.text() << ", axes " << axes << ", kind " << static_cast<int>(kind));
        REQUIRE(found.size() == groups.size());
        for (std::size_t i = 0; i < groups.size(); ++i) {
          const double exact = reduce_exactly(kind, groups[i]);
          REQUIRE(std::abs(found[i] - exact) <= 3e-6 * std::max(1.0, std::abs(exact)));
        }
      }
    }
  }
}

TEST_CASE("threads do not change a reduction") {
  const std::vector<float> values = wild(1 << 20, 9);
  for (const Shape& shape : {Shape{1 << 20}, Shape{1024, 1024}, Shape{100000, 10}, Shape{64, 128, 128}}) {
    for (const std::uint32_t axes : {1U, 2U, 4U, 5U}) {
      if (axes >= (1U << shape.rank())) continue;
      const std::vector<float> alone = reduce(ReduceKind::sum, shape, axes, values);
      for (const std::size_t width : {2, 3}) {
        kernel_test::Threads threads(width);
        CHECK(kernel_test::same_bits(reduce(ReduceKind::sum, shape, axes, values, &threads), alone));
      }
    }
  }
}

TEST_CASE("reductions of nothing and of not-a-number") {
  const std::vector<float> none;
  CHECK(reduce(ReduceKind::sum, Shape{3, 0}, 2, none) == std::vector<float>{0, 0, 0});
  CHECK(reduce(ReduceKind::product, Shape{3, 0}, 2, none) == std::vector<float>{1, 1, 1});
  CHECK(reduce(ReduceKind::max, Shape{1, 0}, 2, none) == std::vector<float>{-infinity});
  CHECK(reduce(ReduceKind::min, Shape{1, 0}, 2, none) == std::vector<float>{infinity});
  CHECK(std::isnan(reduce(ReduceKind::mean, Shape{1, 0}, 2, none)[0]));
  CHECK(reduce(ReduceKind::sum, Shape{0, 3}, 2, none).empty());
  kernel_test::on_each_target([](const KernelTarget& target) {
    INFO(target.name);
    for (const std::size_t at : {0u, 5u, 99u}) {
      std::vector<float> values = numbers(100, 4);
      values[at] = nothing;
      for (const ReduceKind kind : {ReduceKind::max, ReduceKind::min, ReduceKind::sum, ReduceKind::product}) {
        CHECK(std::isnan(reduce(kind, Shape{100}, 1, values)[0]));
        CHECK(std::isnan(reduce(kind, Shape{100, 1}, 1, values)[0]));
      }
    }
  });
}

TEST_CASE("softmax rows and their gradients agree with double precision, with the same bits on every target") {
  for (const std::size_t length : {1u, 2u, 10u, 16u, 33u, 64u, 100u, 1000u, 5000u}) {
    const std::size_t count = 3, size = count * length;
    std::vector<float> x = numbers(size, 1), dy = numbers(size, 2);
    for (float& value : x) value *= 20;
    std::vector<std::vector<float>> first;
    kernel_test::on_each_target([&](const KernelTarget& target) {
      INFO(target.name << ", " << length);
      const Rows rows{count, length, nullptr};
      std::vector<float> y(size), log_y(size), dx(size), log_dx(size);
      softmax_rows(rows, x.data(), y.data());
      log_softmax_rows(rows, x.data(), log_y.data());
      softmax_gradient_rows(rows, y.data(), dy.data(), dx.data());
      log_softmax_gradient_rows(rows, log_y.data(), dy.data(), log_dx.data());
      if (first.empty()) first = {y, log_y, dx, log_dx};
      CHECK(kernel_test::same_bits(y, first[0]));
      CHECK(kernel_test::same_bits(log_y, first[1]));
      CHECK(kernel_test::same_bits(dx, first[2]));
      CHECK(kernel_test::same_bits(log_dx, first[3]));
      for (std::size_t row = 0; row < count; ++row) {
        const float* in = x.data() + row * length;
        const double greatest = *std::max_element(in, in + length);
        double sum = 0, product = 0, total = 0;
        for (std::size_t i = 0; i < length; ++i) sum += std::exp(in[i] - greatest);
        for (std::size_t i = 0; i < length; ++i) {
          product += std::exp(in[i] - greatest) / sum * dy[row * length + i];
          total += dy[row * length + i];
        }
        for (std::size_t i = 0; i < length; ++i) {
          const std::size_t at = row * length + i;
          const double exact = std::exp(in[i] - greatest) / sum;
          REQUIRE(std::abs(y[at] - exact) <= 4e-6 * exact + 1e-30);
          REQUIRE(std::abs(log_y[at] - std::log(exact)) <= 1e-5);
          REQUIRE(std::abs(dx[at] - exact * (dy[at] - product)) <= 1e-6);
          REQUIRE(std::abs(log_dx[at] - (dy[at] - exact * total)) <= 2e-5);
        }
      }
    });
  }
}

TEST_CASE("softmax works in place, on threads, and passes not-a-number on") {
  const std::size_t count = 700, length = 100;
  const std::vector<float> x = numbers(count * length, 1);
  std::vector<float> y(x.size()), in_place = x, threaded(x.size());
  softmax_rows({count, length, nullptr}, x.data(), y.data());
  softmax_rows({count, length, nullptr}, in_place.data(), in_place.data());
  kernel_test::Threads threads(3);
  softmax_rows({count, length, &threads}, x.data(), threaded.data());
  CHECK(kernel_test::same_bits(y, in_place));
  CHECK(kernel_test::same_bits(y, threaded));
  std::vector<float> bad = {1, nothing, 3, 0, 0, 0};
  softmax_rows({2, 3, nullptr}, bad.data(), bad.data());
  CHECK((std::isnan(bad[0]) && std::isnan(bad[1]) && std::isnan(bad[2]) && bad[3] == bad[4]));
  softmax_rows({0, 3, nullptr}, nullptr, nullptr);
  softmax_rows({3, 0, nullptr}, nullptr, nullptr);
}

TEST_CASE("cross-entropy of labels and of distributions agree") {
  for (const std::size_t length : {1u, 3u, 10u, 100u, 5000u}) {
    const std::size_t count = 5, size = count * length;
    std::vector<float> x = numbers(size, 6);
    for (float& value : x) value *= 5;
    std::vector<float> target(size, 0.0f);
    std::vector<std::int32_t> labels;
    std::vector<std::uint8_t> bytes;
    for (std::size_t row = 0; row < count; ++row) {
      labels.push_back(static_cast<std::int32_t>(row * 7 % std::min<std::size_t>(length, 200)));
      bytes.push_back(static_cast<std::uint8_t>(labels.back()));
      target[row * length + static_cast<std::size_t>(labels.back())] = 1;
    }
    const Rows rows{count, length, nullptr};
    const float dy[] = {1, 0.5f, -2, 0, 1};
    std::vector<float> loss(count), p(size), dx(size), loss2(count), p2 = x, dx2(size), softmax(size);
    cross_entropy_rows(rows, x.data(), {nullptr, labels.data(), DType::i32}, loss.data(), p.data());
    cross_entropy_rows(rows, p2.data(), {target.data(), nullptr, {}}, loss2.data(), p2.data());  // in place
    cross_entropy_gradient_rows(rows, p.data(), {nullptr, bytes.data(), DType::u8}, dy, dx.data());
    cross_entropy_gradient_rows(rows, p.data(), {target.data(), nullptr, {}}, dy, dx2.data());
    softmax_rows(rows, x.data(), softmax.data());
    CHECK(kernel_test::same_bits(p, softmax));
    CHECK(kernel_test::same_bits(p, p2));
    for (std::size_t row = 0; row < count; ++row) {
      const float exact = -std::log(p[row * length + static_cast<std::size_t>(labels[row])]);
      CHECK(loss[row] == Approx(exact).margin(1e-6));
      CHECK(loss2[row] == Approx(loss[row]).margin(1e-7));
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t at = row * length + i;
        const float expected = (p[at] - target[at]) * dy[row];
        REQUIRE(dx[at] == expected);
        REQUIRE(dx2[at] == expected);
      }
    }
  }
}

TEST_CASE("a label outside the classes is no target") {
  const std::vector<float> x = {1, 2, 3, 1, 2, 3};
  const std::int64_t labels[] = {-1, 3};
  const float dy[] = {1, 1};
  std::vector<float> loss(2, 9.0f), p(6), dx(6, 9.0f);
  cross_entropy_rows({2, 3, nullptr}, x.data(), {nullptr, labels, DType::i64}, loss.data(), p.data());
  cross_entropy_gradient_rows({2, 3, nullptr}, p.data(), {nullptr, labels, DType::i64}, dy, dx.data());
  CHECK((loss[0] == 0 && loss[1] == 0));
  for (const float value : dx) CHECK(value == 0);
  // A weight of 0 adds nothing, even where the probability is 0.
  const std::vector<float> far = {0, -infinity}, target = {1, 0};
  std::vector<float> q(2);
  cross_entropy_rows({1, 2, nullptr}, far.data(), {target.data(), nullptr, {}}, loss.data(), q.data());
  CHECK((loss[0] == 0 && q[0] == 1 && q[1] == 0));
}
