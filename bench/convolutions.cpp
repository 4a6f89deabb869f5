// Convolutions and their gradients, one thread. Rates count the multiply-adds that touch no padding.
#include <string>

#include "backends/cpu/kernels/conv2d.h"
#include "kernel_bench.h"

namespace webai_bench {
namespace {

using webai::cpu::Conv2dShape;

enum class Part { forward, input_gradient, filter_gradient };

double multiply_adds(const Conv2dShape& s) {
  const auto hits = [](std::size_t outputs, std::size_t size, std::size_t kernel, std::size_t stride,
                       std::size_t dilation, std::size_t pad) {
    double count = 0;
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t k = 0; k < kernel; ++k) {
        const std::size_t at = o * stride + k * dilation;
        count += at >= pad && at - pad < size ? 1 : 0;
      }
    }
    return count;
  };
  return hits(s.output_height(), s.height, s.kernel_height, s.stride_y, s.dilation_y, s.pad_top) *
         hits(s.output_width(), s.width, s.kernel_width, s.stride_x, s.dilation_x, s.pad_left) *
         static_cast<double>(s.batch * s.channels / s.groups * s.outputs);
}

void convolution(benchmark::State& state, Conv2dShape s, Part part) {
  const webai::cpu::Conv2dPlan forward(s);
  const webai::cpu::Conv2dInputGradientPlan input_gradient(s);
  const webai::cpu::Conv2dFilterGradientPlan filter_gradient(s);
  const std::size_t inputs = s.batch * s.height * s.width * s.channels;
  const std::size_t outputs = s.batch * s.output_height() * s.output_width() * s.outputs;
  const std::size_t weights = s.kernel_height * s.kernel_width * (s.channels / s.groups) * s.outputs;
  const Floats input(inputs), filter(weights), output(outputs);
  const Floats scratch(part == Part::forward          ? forward.scratch_floats()
                       : part == Part::input_gradient ? input_gradient.scratch_floats()
                                                      : filter_gradient.scratch_floats());
  for (auto _ : state) {
    switch (part) {
      case Part::forward:
        forward.run(input.get(), filter.get(), output.get(), scratch.get());
        break;
      case Part::input_gradient:
        input_gradient.run(output.get(), filter.get(), input.get(), scratch.get());
        break;
      case Part::filter_gradient:
        filter_gradient.run(input.get(), output.get(), filter.get(), scratch.get());
        break;
    }
    benchmark::ClobberMemory();
  }
  report(state, 2.0 * multiply_adds(s), 4.0 * static_cast<double>(inputs + outputs + weights));
}

void add(const std::string& name, const Conv2dShape& shape) {
  const std::pair<const char*, Part> parts[] = {
      {"forward", Part::forward}, {"input_gradient", Part::input_gradient}, {"filter_gradient", Part::filter_gradient}};
  for (const auto& [text, part] : parts) {
    benchmark::RegisterBenchmark(("conv2d/" + name + "/" + text).c_str(), convolution, shape, part);
  }
}

Conv2dShape shape(std::size_t batch, std::size_t size, std::size_t channels, std::size_t outputs, std::size_t kernel,
                  std::size_t pad, std::size_t stride = 1, std::size_t groups = 1) {
  Conv2dShape s;
  s.batch = batch;
  s.height = s.width = size;
  s.channels = channels;
  s.outputs = outputs;
  s.kernel_height = s.kernel_width = kernel;
  s.pad_top = s.pad_bottom = s.pad_left = s.pad_right = pad;
  s.stride_y = s.stride_x = stride;
  s.groups = groups;
  return s;
}

}  // namespace

void add_convolutions() {
  add("lenet1/batch1", shape(1, 28, 1, 6, 5, 2));
  add("lenet1/batch32", shape(32, 28, 1, 6, 5, 2));
  add("lenet2/batch1", shape(1, 14, 6, 16, 5, 0));
  add("lenet2/batch32", shape(32, 14, 6, 16, 5, 0));
  add("3x3/56x56x64", shape(1, 56, 64, 64, 3, 1));
  add("3x3/28x28x128", shape(1, 28, 128, 128, 3, 1));
  add("3x3/14x14x256", shape(1, 14, 256, 256, 3, 1));
  add("3x3/7x7x512", shape(1, 7, 512, 512, 3, 1));
  add("3x3/32x32x32/batch8", shape(8, 32, 32, 32, 3, 1));
  add("3x3/stride2/56x56x64", shape(1, 56, 64, 128, 3, 1, 2));
  add("7x7/stride2/224x224x3", shape(1, 224, 3, 64, 7, 3, 2));
  add("depthwise/56x56x144", shape(1, 56, 144, 144, 3, 1, 1, 144));
  add("depthwise/14x14x576", shape(1, 14, 576, 576, 3, 1, 1, 576));
}

}  // namespace webai_bench
