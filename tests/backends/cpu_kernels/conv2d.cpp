// Convolution and its gradients against the chains of multiply-adds they promise, bit by bit, on every target and
// width.
#include "backends/cpu/kernels/conv2d.h"

#include <catch2/catch.hpp>
#include <string>

#include "backends/cpu_kernels/support.h"

using namespace kernel_test;
using webai::cpu::Conv2dFilterGradientPlan;
using webai::cpu::Conv2dInputGradientPlan;
using webai::cpu::Conv2dPlan;
using webai::cpu::Conv2dShape;

namespace {

Conv2dShape shape(std::size_t batch, std::size_t height, std::size_t width, std::size_t channels, std::size_t outputs,
                  std::size_t kernel_height, std::size_t kernel_width) {
  Conv2dShape s;
  s.batch = batch, s.height = height, s.width = width, s.channels = channels, s.outputs = outputs;
  s.kernel_height = kernel_height, s.kernel_width = kernel_width;
  return s;
}

Conv2dShape with(Conv2dShape s, std::size_t stride_y, std::size_t stride_x, std::size_t dilation_y,
                 std::size_t dilation_x, std::size_t top, std::size_t bottom, std::size_t left, std::size_t right,
                 std::size_t groups = 1) {
  s.stride_y = stride_y, s.stride_x = stride_x, s.dilation_y = dilation_y, s.dilation_x = dilation_x;
  s.pad_top = top, s.pad_bottom = bottom, s.pad_left = left, s.pad_right = right, s.groups = groups;
  return s;
}

std::vector<Conv2dShape> shapes() {
  return {
      shape(2, 7, 9, 1, 6, 5, 5),
      shape(2, 6, 6, 6, 16, 5, 5),
      shape(3, 5, 4, 3, 7, 1, 1),
      shape(1, 3, 3, 2, 2, 3, 3),
      shape(1, 2, 2, 2, 2, 3, 3),  // no output
      shape(0, 5, 5, 2, 2, 3, 3),  // no images
      shape(2, 1, 12, 4, 5, 1, 3),
      with(shape(2, 7, 7, 3, 70, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1),
      with(shape(1, 8, 9, 5, 64, 3, 3), 2, 2, 1, 1, 1, 0, 0, 1),
      with(shape(1, 9, 8, 4, 10, 3, 2), 3, 2, 2, 3, 2, 3, 4, 1),
      with(shape(2, 6, 7, 3, 5, 2, 2), 3, 3, 1, 1, 0, 0, 0, 0),  // pixels without a tap
      with(shape(1, 5, 6, 2, 3, 1, 1), 2, 2, 1, 1, 0, 0, 0, 0),
      with(shape(1, 5, 6, 2, 3, 1, 1), 1, 1, 1, 1, 2, 1, 1, 2),  // outputs that see padding only
      with(shape(2, 6, 5, 6, 9, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 3),
      with(shape(1, 5, 5, 4, 4, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 4),
      with(shape(2, 9, 7, 37, 37, 3, 3), 2, 1, 1, 1, 1, 1, 1, 1, 37),
      with(shape(1, 6, 6, 80, 80, 5, 3), 1, 2, 1, 1, 2, 2, 0, 1, 80),
      with(shape(1, 6, 6, 3, 12, 3, 3), 1, 1, 2, 2, 2, 2, 2, 2, 3),  // four outputs for each channel
      with(shape(1, 4, 4, 40, 65, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1),
      with(shape(3, 40, 30, 2, 3, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1),
      with(shape(1, 3, 3, 400, 5, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1),  // more than one pass over the weights
  };
}

std::string text(const Conv2dShape& s) {
  return std::to_string(s.batch) + "x" + std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
         std::to_string(s.channels) + " filter " + std::to_string(s.kernel_height) + "x" +
         std::to_string(s.kernel_width) + "x" + std::to_string(s.outputs) + " groups " + std::to_string(s.groups) +
         " strides " + std::to_string(s.stride_y) + "," + std::to_string(s.stride_x);
}

struct Data {
  std::vector<float> input, filter, output;
};

Data data(const Conv2dShape& s) {
  return {numbers(s.batch * s.height * s.width * s.channels, 1),
          numbers(s.kernel_height * s.kernel_width * (s.channels / s.groups) * s.outputs, 2),
          numbers(s.batch * s.output_height() * s.output_width() * s.outputs, 3)};
}

/// Calls visit(input, filter, output) with the indices of each multiply-add, output pixels ascending, then tap rows
/// and columns (descending if asked), then channels in and out.
template <class Visit> void each_term(const Conv2dShape& s, bool descending, Visit&& visit) {
  const std::size_t in_group = s.channels / s.groups, out_group = s.outputs / s.groups;
  for (std::size_t n = 0; n < s.batch; ++n) {
    for (std::size_t oy = 0; oy < s.output_height(); ++oy) {
      for (std::size_t ox = 0; ox < s.output_width(); ++ox) {
        for (std::size_t tap = 0; tap < s.kernel_height * s.kernel_width; ++tap) {
          const std::size_t t = descending ? s.kernel_height * s.kernel_width - 1 - tap : tap;
          const std::size_t ky = t / s.kernel_width, kx = t % s.kernel_width;
          const std::size_t y = oy * s.stride_y + ky * s.dilation_y, x = ox * s.stride_x + kx * s.dilation_x;
          if (y < s.pad_top || x < s.pad_left || y - s.pad_top >= s.height || x - s.pad_left >= s.width) continue;
          const std::size_t in_pixel = (n * s.height + y - s.pad_top) * s.width + x - s.pad_left;
          const std::size_t out_pixel = (n * s.output_height() + oy) * s.output_width() + ox;
          for (std::size_t c = 0; c < in_group; ++c) {
            for (std::size_t o = 0; o < s.outputs; ++o) {
              visit(in_pixel * s.channels + o / out_group * in_group + c, (t * in_group + c) * s.outputs + o,
                    out_pixel * s.outputs + o);
            }
          }
        }
      }
    }
  }
}

std::vector<float> expected_output(const Conv2dShape& s, const Data& d, bool fused) {
  std::vector<float> sums(d.output.size());
  each_term(s, false, [&](std::size_t i, std::size_t f, std::size_t o) {
    sums[o] = chain_step(d.input[i], d.filter[f], sums[o], fused);
  });
  return sums;
}

std::vector<float> expected_filter_gradient(const Conv2dShape& s, const Data& d, bool fused, std::vector<float> sums) {
  each_term(s, false, [&](std::size_t i, std::size_t f, std::size_t o) {
    sums[f] = chain_step(d.input[i], d.output[o], sums[f], fused);
  });
  return sums;
}

/// For one input value the chain runs over output pixels ascending, that is over taps descending.
std::vector<float> expected_input_gradient(const Conv2dShape& s, const Data& d, bool fused) {
  std::vector<float> sums(d.input.size());
  each_term(s, true, [&](std::size_t i, std::size_t f, std::size_t o) {
    sums[i] = chain_step(d.output[o], d.filter[f], sums[i], fused);
  });
  return sums;
}

void add_one(void*, std::size_t, std::size_t, std::size_t rows, std::size_t columns, float* c, std::size_t ldc) {
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) c[i * ldc + j] += 1.0F;
  }
}

}  // namespace

TEST_CASE("Each output of a convolution is one chain over taps and channels") {
  on_each_target([](const webai::cpu::KernelTarget& target) {
    for (const Conv2dShape& s : shapes()) {
      const Data d = data(s);
      const std::vector<float> expected = expected_output(s, d, target.fused);
      const Conv2dPlan plan(s), packed_plan(s, 1, true);
      std::vector<float> output(d.output.size(), 9.0F), scratch(plan.scratch_floats());
      plan.run(d.input.data(), d.filter.data(), output.data(), scratch.data());
      INFO(target.name << ' ' << text(s));
      REQUIRE(same_bits(output, expected));
      std::vector<float> packed(packed_plan.packed_floats()), again(d.output.size(), 9.0F);
      scratch.assign(packed_plan.scratch_floats(), 0.0F);
      packed_plan.pack(d.filter.data(), packed.data());
      packed_plan.run(d.input.data(), packed.data(), again.data(), scratch.data());
      REQUIRE(same_bits(again, expected));
    }
  });
}

TEST_CASE("Each input gradient of a convolution is one chain over output pixels and channels") {
  on_each_target([](const webai::cpu::KernelTarget& target) {
    for (const Conv2dShape& s : shapes()) {
      const Data d = data(s);
      const Conv2dInputGradientPlan plan(s);
      std::vector<float> gradient(d.input.size(), 9.0F), scratch(plan.scratch_floats());
      plan.run(d.output.data(), d.filter.data(), gradient.data(), scratch.data());
      INFO(target.name << ' ' << text(s));
      REQUIRE(same_bits(gradient, expected_input_gradient(s, d, target.fused)));
    }
  });
}

TEST_CASE("Each filter gradient of a convolution is one chain over output pixels") {
  on_each_target([](const webai::cpu::KernelTarget& target) {
    for (const Conv2dShape& s : shapes()) {
      for (const bool accumulate : {false, true}) {
        const Data d = data(s);
        const Conv2dFilterGradientPlan plan(s, 1, accumulate);
        std::vector<float> gradient = numbers(d.filter.size(), 5), scratch(plan.scratch_floats());
        const std::vector<float> start = accumulate ? gradient : std::vector<float>(gradient.size());
        plan.run(d.input.data(), d.output.data(), gradient.data(), scratch.data());
        INFO(target.name << ' ' << text(s) << " accumulate " << accumulate);
        REQUIRE(same_bits(gradient, expected_filter_gradient(s, d, target.fused, start)));
      }
    }
  });
}

TEST_CASE("Convolutions have the same bits for every number of threads and the epilogue sees each output once") {
  std::vector<Conv2dShape> large = {
      shape(8, 28, 28, 1, 6, 5, 5),
      shape(8, 12, 12, 6, 16, 5, 5),
      with(shape(1, 14, 14, 48, 130, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1),
      with(shape(3, 30, 30, 24, 40, 3, 3), 2, 2, 1, 1, 1, 1, 1, 1),
      with(shape(2, 40, 40, 64, 64, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 64),
      with(shape(2, 20, 20, 32, 64, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 4),
      shape(4, 16, 16, 32, 64, 1, 1),
  };
  for (const Conv2dShape& s : large) {
    const Data d = data(s);
    std::vector<float> first_output, first_input, first_filter;
    on_each_target([&](const webai::cpu::KernelTarget& target) {
      if (!target.fused) return;
      for (const std::size_t width : {1, 2, 4}) {
        Threads threads(width);
        const Conv2dPlan forward(s, width);
        const Conv2dInputGradientPlan backward(s, width);
        const Conv2dFilterGradientPlan filter(s, width);
        std::vector<float> output(d.output.size()), input_gradient(d.input.size()), filter_gradient(d.filter.size());
        std::vector<float> scratch(
            std::max({forward.scratch_floats(), backward.scratch_floats(), filter.scratch_floats()}));
        forward.run(d.input.data(), d.filter.data(), output.data(), scratch.data(), &threads, {add_one, nullptr});
        backward.run(d.output.data(), d.filter.data(), input_gradient.data(), scratch.data(), &threads);
        filter.run(d.input.data(), d.output.data(), filter_gradient.data(), scratch.data(), &threads,
                   {add_one, nullptr});
        if (first_output.empty()) {
          first_output = expected_output(s, d, true);
          first_filter = expected_filter_gradient(s, d, true, std::vector<float>(d.filter.size()));
          for (float& value : first_output) value += 1.0F;
          for (float& value : first_filter) value += 1.0F;
          first_input = expected_input_gradient(s, d, true);
        }
        INFO(target.name << ' ' << text(s) << " width " << width);
        CHECK(same_bits(output, first_output));
        CHECK(same_bits(input_gradient, first_input));
        CHECK(same_bits(filter_gradient, first_filter));
      }
    });
  }
}
