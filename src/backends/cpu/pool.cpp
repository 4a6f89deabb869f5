// Pooling nodes on the CPU.
#include "backends/cpu/cpu.h"
#include "backends/cpu/kernels/pool.h"
#include "backends/cpu/node_chain.h"

namespace webai::cpu {
namespace {

PoolShape shape_of(const Attributes& attributes, const Shape& input) {
  const auto& size = attributes.integers("poolSize");
  const auto& given = attributes.integers("strides");
  const auto& strides = given.empty() ? size : given;
  const auto& dilations = attributes.integers("dilations");
  const auto& padding = attributes.integers("padding");
  const auto number = [](std::int64_t value) { return static_cast<std::size_t>(value); };
  PoolShape shape;
  shape.batch = number(input[0]);
  shape.height = number(input[1]);
  shape.width = number(input[2]);
  shape.channels = number(input[3]);
  shape.window_height = number(size[0]);
  shape.window_width = number(size[1]);
  shape.stride_y = number(strides[0]);
  shape.stride_x = number(strides[1]);
  shape.dilation_y = number(dilations[0]);
  shape.dilation_x = number(dilations[1]);
  shape.pad_top = number(padding[0]);
  shape.pad_bottom = number(padding[1]);
  shape.pad_left = number(padding[2]);
  shape.pad_right = number(padding[3]);
  return shape;
}

class Pool final : public HostKernel {
 public:
  Pool(const KernelRequest& request, PoolKind kind)
      : executor_(request.context.executor()), kind_(kind) {
    const bool backward = kind == PoolKind::max_gradient || kind == PoolKind::average_gradient;
    const Attributes& attributes = request.node.attributes;
    const bool average = kind == PoolKind::average || kind == PoolKind::average_gradient;
    const PoolShape shape = shape_of(attributes, backward ? request.output().shape : request.input(0).shape);
    plan_ = PoolPlan(shape, kind, average && attributes.boolean("countIncludePadding"), executor_.width());
    nanoseconds_ = 0.3 * static_cast<double>(shape.batch * shape.output_height() * shape.output_width() * shape.channels *
                                             shape.window_height * shape.window_width);
  }

  double nanoseconds() const noexcept override { return nanoseconds_; }
  void run(void* const* operands, void*) override {
    Executor* const executor = helpers(executor_, nanoseconds_);
    const auto input = [&](std::size_t index) { return static_cast<const float*>(operands[index]); };
    const auto result = [&](std::size_t index) { return static_cast<float*>(operands[index]); };
    switch (kind_) {
      case PoolKind::max:
      case PoolKind::average: plan_.run(input(0), nullptr, result(1), executor); break;
      case PoolKind::max_gradient: plan_.run(input(0), input(1), result(2), executor); break;
      case PoolKind::average_gradient: plan_.run(nullptr, input(0), result(1), executor); break;
    }
  }

 private:
  Executor& executor_;
  PoolKind kind_;
  PoolPlan plan_;
  double nanoseconds_ = 0;
};

std::unique_ptr<HostKernel> make(const KernelRequest& request, PoolKind kind, std::string& reason) {
  if (request.input(0).type == DType::fp32 && request.node.attributes.text("layout") == "nhwc")
    return std::make_unique<Pool>(request, kind);
  reason = "vector kernels pool fp32 in layout nhwc";
  return nullptr;
}

}  // namespace

std::unique_ptr<HostKernel> make_max_pool(const KernelRequest& request, std::string& reason) {
  return make(request, PoolKind::max, reason);
}
std::unique_ptr<HostKernel> make_max_pool_gradient(const KernelRequest& request, std::string& reason) {
  return make(request, PoolKind::max_gradient, reason);
}
std::unique_ptr<HostKernel> make_average_pool(const KernelRequest& request, std::string& reason) {
  return make(request, PoolKind::average, reason);
}
std::unique_ptr<HostKernel> make_average_pool_gradient(const KernelRequest& request, std::string& reason) {
  return make(request, PoolKind::average_gradient, reason);
}

}  // namespace webai::cpu
