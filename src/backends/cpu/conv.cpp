// conv2d and its gradients on the CPU.
#include "backends/cpu/cpu.h"
#include "backends/cpu/kernels/conv2d.h"
#include "backends/cpu/node_chain.h"

namespace webai::cpu {
namespace {

std::size_t at(const std::vector<std::int64_t>& values, std::size_t index) {
  return static_cast<std::size_t>(values[index]);
}

// `input` [n, h, w, c], `filter` [kh, kw, c / groups, outputs].
Conv2dShape shape_of(const Attributes& attributes, const Shape& input, const Shape& filter) {
  const auto& strides = attributes.integers("strides");
  const auto& dilations = attributes.integers("dilations");
  const auto& padding = attributes.integers("padding");
  const auto length = [](const Shape& shape, std::size_t axis) { return static_cast<std::size_t>(shape[axis]); };
  Conv2dShape shape;
  shape.batch = length(input, 0);
  shape.height = length(input, 1);
  shape.width = length(input, 2);
  shape.channels = length(input, 3);
  shape.kernel_height = length(filter, 0);
  shape.kernel_width = length(filter, 1);
  shape.outputs = length(filter, 3);
  shape.stride_y = at(strides, 0);
  shape.stride_x = at(strides, 1);
  shape.dilation_y = at(dilations, 0);
  shape.dilation_x = at(dilations, 1);
  shape.pad_top = at(padding, 0);
  shape.pad_bottom = at(padding, 1);
  shape.pad_left = at(padding, 2);
  shape.pad_right = at(padding, 3);
  shape.groups = static_cast<std::size_t>(attributes.integer("groups"));
  return shape;
}

double estimate(const Conv2dShape& s) {
  return 2e-2 * static_cast<double>(s.batch * s.output_height() * s.output_width() * s.outputs) *
         static_cast<double>(s.kernel_height * s.kernel_width * (s.channels / s.groups));
}

std::size_t whole_lines(std::size_t floats) { return (floats * sizeof(float) + 63) / 64 * 64; }

// Layouts and types that the kernels take.
bool fits(const KernelRequest& request, std::string& reason) {
  const Attributes& attributes = request.node.attributes;
  if (request.input(0).type != DType::fp32)
    reason = "vector kernels convolve fp32";
  else if (attributes.text("inputLayout") != "nhwc" || attributes.text("filterLayout") != "hwio")
    reason = "vector kernels take layouts nhwc and hwio";
  else if (auto refusal = NodeEpilogue::refuses(request))
    reason = *refusal;
  else
    return true;
  return false;
}

class Conv2d final : public HostKernel {
 public:
  explicit Conv2d(const KernelRequest& request)
      : executor_(request.context.executor()), epilogue_(request),
        shape_(shape_of(request.node.attributes, request.input(0).shape, request.input(1).shape)),
        plan_(shape_, executor_.width()), nanoseconds_(estimate(shape_)) {}

  double nanoseconds() const noexcept override { return nanoseconds_; }
  std::size_t scratch_bytes() const override { return whole_lines(plan_.scratch_floats()) + epilogue_.spare_bytes(); }
  void run(void* const* operands, void* scratch) override {
    float* const output = epilogue_.bind(operands, static_cast<std::byte*>(scratch) + whole_lines(plan_.scratch_floats()));
    plan_.run(static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]), output,
              static_cast<float*>(scratch), helpers(executor_, nanoseconds_), epilogue_.epilogue());
  }

 private:
  Executor& executor_;
  NodeEpilogue epilogue_;
  Conv2dShape shape_;
  Conv2dPlan plan_;
  double nanoseconds_;
};

class InputGradient final : public HostKernel {
 public:
  explicit InputGradient(const KernelRequest& request)
      : executor_(request.context.executor()),
        shape_(shape_of(request.node.attributes, request.output().shape, request.input(1).shape)),
        plan_(shape_, executor_.width()), nanoseconds_(estimate(shape_)) {}

  double nanoseconds() const noexcept override { return nanoseconds_; }
  std::size_t scratch_bytes() const override { return plan_.scratch_floats() * sizeof(float); }
  void run(void* const* operands, void* scratch) override {
    plan_.run(static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]),
              static_cast<float*>(operands[2]), static_cast<float*>(scratch), helpers(executor_, nanoseconds_));
  }

 private:
  Executor& executor_;
  Conv2dShape shape_;
  Conv2dInputGradientPlan plan_;
  double nanoseconds_;
};

class FilterGradient final : public HostKernel {
 public:
  explicit FilterGradient(const KernelRequest& request)
      : executor_(request.context.executor()), epilogue_(request),
        shape_(shape_of(request.node.attributes, request.input(0).shape, request.output().shape)),
        plan_(shape_, executor_.width()), nanoseconds_(estimate(shape_)) {}

  double nanoseconds() const noexcept override { return nanoseconds_; }
  std::size_t scratch_bytes() const override { return whole_lines(plan_.scratch_floats()) + epilogue_.spare_bytes(); }
  void run(void* const* operands, void* scratch) override {
    // Rows of the plan are taps and channels, not the filter's rows: the chain runs over the finished gradient.
    float* const output = epilogue_.bind(operands, static_cast<std::byte*>(scratch) + whole_lines(plan_.scratch_floats()));
    plan_.run(static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]), output,
              static_cast<float*>(scratch), helpers(executor_, nanoseconds_));
    epilogue_.run_whole(output, nullptr);
  }

 private:
  Executor& executor_;
  NodeEpilogue epilogue_;
  Conv2dShape shape_;
  Conv2dFilterGradientPlan plan_;
  double nanoseconds_;
};

}  // namespace

std::unique_ptr<HostKernel> make_conv2d(const KernelRequest& request, std::string& reason) {
  if (!fits(request, reason)) return nullptr;
  if (request.node.own_inputs() > 2 && request.node.inputs[2] != no_value) {
    reason = "a bias of its own: add it behind, then it becomes an epilogue";
    return nullptr;
  }
  return std::make_unique<Conv2d>(request);
}

std::unique_ptr<HostKernel> make_conv2d_input_gradient(const KernelRequest& request, std::string& reason) {
  return fits(request, reason) ? std::make_unique<InputGradient>(request) : nullptr;
}

std::unique_ptr<HostKernel> make_conv2d_filter_gradient(const KernelRequest& request, std::string& reason) {
  return fits(request, reason) ? std::make_unique<FilterGradient>(request) : nullptr;
}

}  // namespace webai::cpu
