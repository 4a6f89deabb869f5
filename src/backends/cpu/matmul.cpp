// matmul on the CPU: one product, or one per matrix of a batch, each with the node's epilogue.
#include <algorithm>

#include "backends/cpu/cpu.h"
#include "backends/cpu/node_chain.h"

namespace webai::cpu {
namespace {

struct Offsets {
  std::size_t a, b;  // of a product's operands, in floats
};

// Where each product of a batch finds its operands, leading dimensions broadcast.
std::vector<Offsets> batch_offsets(const Shape& a, const Shape& b, const Shape& result) {
  const std::size_t leading = result.rank() - 2;
  const auto a_strides = strides_of(a), b_strides = strides_of(b);
  const auto stride = [&](const Shape& shape, const auto& strides, std::size_t axis) -> std::int64_t {
    const std::size_t missing = result.rank() - shape.rank();
    return axis < missing || shape[axis - missing] == 1 ? 0 : strides[axis - missing];
  };
  std::vector<Offsets> offsets;
  const std::int64_t count = result.elements(0, leading);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i, at_a = 0, at_b = 0;
    for (std::size_t axis = leading; axis-- > 0; rest /= result[axis]) {
      at_a += rest % result[axis] * stride(a, a_strides, axis);
      at_b += rest % result[axis] * stride(b, b_strides, axis);
    }
    offsets.push_back({static_cast<std::size_t>(at_a), static_cast<std::size_t>(at_b)});
  }
  return offsets;
}

class Matmul final : public HostKernel {
 public:
  explicit Matmul(const KernelRequest& request)
      : executor_(request.context.executor()), epilogue_(request) {
    Shape a = request.input(0).shape, b = request.input(1).shape, result = request.output().shape;
    GemmShape shape;
    shape.transpose_a = request.node.attributes.boolean("transposeA");
    shape.transpose_b = request.node.attributes.boolean("transposeB");
    // A stack of row-major left operands over one right operand is one tall product.
    if (b.rank() == 2 && a.rank() > 2 && !shape.transpose_a) {
      const std::int64_t rows = a.elements(0, a.rank() - 1);
      a = Shape{rows, a[a.rank() - 1]};
      result = Shape{rows, result[result.rank() - 1]};
    }
    const std::size_t rank = result.rank();
    shape.m = static_cast<std::size_t>(result[rank - 2]);
    shape.n = static_cast<std::size_t>(result[rank - 1]);
    shape.k = static_cast<std::size_t>(a[a.rank() - (shape.transpose_a ? 2 : 1)]);
    rows_ = shape.m;
    size_ = shape.m * shape.n;
    plan_ = GemmPlan(shape, executor_.width());
    if (rank > 2 || result.elements() == 0) batch_ = batch_offsets(a, b, result);
    nanoseconds_ = 2e-2 * static_cast<double>(size_) * static_cast<double>(shape.k) *
                   static_cast<double>(std::max<std::size_t>(batch_.size(), 1));
  }

  double nanoseconds() const noexcept override { return nanoseconds_; }
  std::size_t scratch_bytes() const override { return product_bytes() + epilogue_.spare_bytes(); }

  void run(void* const* operands, void* scratch) override {
    const float* const a = static_cast<const float*>(operands[0]);
    const float* const b = static_cast<const float*>(operands[1]);
    float* const packed = static_cast<float*>(scratch);
    float* const c = epilogue_.bind(operands, static_cast<std::byte*>(scratch) + product_bytes());
    Executor* const executor = helpers(executor_, nanoseconds_);
    if (batch_.empty()) {
      plan_.run(a, b, c, packed, executor, epilogue_.epilogue());
      return;
    }
    for (std::size_t i = 0; i < batch_.size(); ++i)
      plan_.run(a + batch_[i].a, b + batch_[i].b, c + i * size_, packed, executor, epilogue_.epilogue(i * rows_));
  }

 private:
  std::size_t product_bytes() const { return (plan_.scratch_floats * sizeof(float) + 63) / 64 * 64; }

  Executor& executor_;
  NodeEpilogue epilogue_;
  GemmPlan plan_;
  std::vector<Offsets> batch_;  // empty: one product
  std::size_t rows_ = 0, size_ = 0;
  double nanoseconds_ = 0;
};

}  // namespace

std::unique_ptr<HostKernel> make_matmul(const KernelRequest& request, std::string& reason) {
  if (request.input(0).type != DType::fp32) {
    reason = "vector kernels multiply fp32";
    return nullptr;
  }
  if (auto refusal = NodeEpilogue::refuses(request)) {
    reason = *refusal;
    return nullptr;
  }
  return std::make_unique<Matmul>(request);
}

}  // namespace webai::cpu
