// Pooling and its gradients against their definitions, on every target and width.
#include "backends/cpu/kernels/pool.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "backends/cpu_kernels/support.h"

using namespace kernel_test;
using webai::cpu::PoolKind;
using webai::cpu::PoolPlan;
using webai::cpu::PoolShape;

namespace {

PoolShape pool(std::size_t batch, std::size_t height, std::size_t width, std::size_t channels, std::size_t window,
               std::size_t stride, std::size_t pad = 0, std::size_t dilation = 1) {
  PoolShape s;
  s.batch = batch, s.height = height, s.width = width, s.channels = channels;
  s.window_height = s.window_width = window;
  s.stride_y = s.stride_x = stride;
  s.dilation_y = s.dilation_x = dilation;
  s.pad_top = s.pad_bottom = s.pad_left = s.pad_right = pad;
  return s;
}

std::vector<PoolShape> pool_shapes() {
  std::vector<PoolShape> list = {
      pool(2, 4, 6, 6, 2, 2),     pool(3, 8, 8, 16, 2, 2),      pool(1, 7, 5, 3, 2, 2), pool(2, 9, 8, 19, 3, 2, 1),
      pool(1, 6, 7, 40, 3, 1, 1), pool(2, 5, 5, 1, 2, 1, 1, 2), pool(0, 4, 4, 2, 2, 2), pool(1, 2, 2, 2, 3, 1),
      pool(1, 1, 1, 9, 2, 1, 2),  // windows over padding alone
      pool(1, 9, 9, 5, 2, 3),
  };
  PoolShape global = pool(3, 7, 6, 33, 7, 1);
  global.window_width = 6;
  list.push_back(global);
  PoolShape uneven = pool(1, 5, 7, 2, 3, 2);
  uneven.window_width = 2, uneven.stride_x = 1, uneven.pad_top = 1, uneven.pad_right = 1;
  list.push_back(uneven);
  return list;
}

std::string text(const PoolShape& s) {
  return std::to_string(s.batch) + "x" + std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
         std::to_string(s.channels) + " window " + std::to_string(s.window_height) + "x" +
         std::to_string(s.window_width) + " stride " + std::to_string(s.stride_y);
}

/// Calls window(output index, input indices under it in order).
template <class Visit> void each_window(const PoolShape& s, Visit&& visit) {
  std::size_t out = 0;
  for (std::size_t n = 0; n < s.batch; ++n) {
    for (std::size_t oy = 0; oy < s.output_height(); ++oy) {
      for (std::size_t ox = 0; ox < s.output_width(); ++ox) {
        for (std::size_t c = 0; c < s.channels; ++c, ++out) {
          std::vector<std::size_t> elements;
          for (std::size_t v = 0; v < s.window_height; ++v) {
            for (std::size_t u = 0; u < s.window_width; ++u) {
              const std::size_t y = oy * s.stride_y + v * s.dilation_y, x = ox * s.stride_x + u * s.dilation_x;
              if (y < s.pad_top || x < s.pad_left || y - s.pad_top >= s.height || x - s.pad_left >= s.width) continue;
              elements.push_back(((n * s.height + y - s.pad_top) * s.width + x - s.pad_left) * s.channels + c);
            }
          }
          visit(out, elements);
        }
      }
    }
  }
}

std::vector<float> pooled(const PoolShape& s, PoolKind kind, bool count_padding, const std::vector<float>& input,
                          const std::vector<float>& gradient) {
  const bool backward = kind == PoolKind::max_gradient || kind == PoolKind::average_gradient;
  std::vector<float> result(backward ? input.size() : gradient.size());
  each_window(s, [&](std::size_t out, const std::vector<std::size_t>& elements) {
    const float divisor = static_cast<float>(count_padding ? s.window_height * s.window_width : elements.size());
    std::size_t best = elements.empty() ? 0 : elements.front();
    float sum = 0;
    for (const std::size_t at : elements) {
      if (!std::isnan(input[best]) && (input[at] > input[best] || std::isnan(input[at]))) best = at;
      sum += input[at];
      if (kind == PoolKind::average_gradient) result[at] += gradient[out] / divisor;
    }
    if (kind == PoolKind::max) {
      result[out] = elements.empty() ? -std::numeric_limits<float>::infinity() : input[best];
    }
    if (kind == PoolKind::max_gradient && !elements.empty()) result[best] += gradient[out];
    if (kind == PoolKind::average) result[out] = elements.empty() ? 0.0F : sum / divisor;
  });
  return result;
}

constexpr PoolKind kinds[] = {PoolKind::max, PoolKind::max_gradient, PoolKind::average, PoolKind::average_gradient};

}  // namespace

TEST_CASE("Pooling and its gradients follow their definitions") {
  on_each_target([](const webai::cpu::KernelTarget& target) {
    for (const PoolShape& s : pool_shapes()) {
      std::vector<float> input = numbers(s.batch * s.height * s.width * s.channels, 1);
      for (float& value : input) value = std::round(value * 8) / 8;  // equal neighbours occur
      const std::vector<float> gradient = numbers(s.batch * s.output_height() * s.output_width() * s.channels, 2);
      for (const PoolKind kind : kinds) {
        for (const bool count_padding : {false, true}) {
          const std::vector<float> right = pooled(s, kind, count_padding, input, gradient);
          for (const std::size_t width : {1, 3}) {
            std::vector<float> result(right.size(), 9.0F);
            Threads threads(width);
            PoolPlan(s, kind, count_padding, width).run(input.data(), gradient.data(), result.data(), &threads);
            INFO(target.name << ' ' << text(s) << " kind " << static_cast<int>(kind) << " width " << width);
            REQUIRE(result == right);
          }
        }
      }
    }
  });
}

TEST_CASE("Pooling has the same bits for every number of threads") {
  for (const PoolShape& s : {pool(8, 28, 28, 6, 2, 2), pool(1, 56, 56, 64, 3, 2, 1), pool(1, 60, 60, 32, 2, 2)}) {
    const std::vector<float> input = numbers(s.batch * s.height * s.width * s.channels, 1);
    const std::vector<float> gradient = numbers(s.batch * s.output_height() * s.output_width() * s.channels, 2);
    for (const PoolKind kind : kinds) {
      const std::vector<float> right = pooled(s, kind, false, input, gradient);
      for (const std::size_t width : {1, 2, 4}) {
        std::vector<float> result(right.size());
        Threads threads(width);
        PoolPlan(s, kind, false, width).run(input.data(), gradient.data(), result.data(), &threads);
        CHECK(result == right);
      }
    }
  }
}

TEST_CASE("Not-a-number is the greatest element of a pooling window") {
  const PoolShape s = pool(1, 2, 2, 20, 2, 2);
  on_each_target([&](const webai::cpu::KernelTarget&) {
    for (std::size_t place = 0; place < 4; ++place) {
      std::vector<float> input(80, 1.0F), output(20), gradient(20, 2.0F), back(80);
      for (std::size_t c = 0; c < 20; ++c) input[place * 20 + c] = std::nanf("");
      PoolPlan(s, PoolKind::max).run(input.data(), nullptr, output.data());
      PoolPlan(s, PoolKind::max_gradient).run(input.data(), gradient.data(), back.data());
      for (std::size_t c = 0; c < 20; ++c) {
        CHECK(std::isnan(output[c]));
        for (std::size_t p = 0; p < 4; ++p) CHECK(back[p * 20 + c] == (p == place ? 2.0F : 0.0F));
      }
    }
  });
}
