// Reductions, softmax, cross-entropy and casts on the CPU.
#include <algorithm>
#include <cstddef>

#include "backends/cpu/cpu.h"
#include "backends/cpu/elementwise_tiles.h"
#include "backends/cpu/node_chain.h"
#include "backends/cpu/reduce_kernels.h"
#include "backends/cpu/reduce_rows.h"

namespace webai::cpu {
namespace {

class Reduce final : public HostKernel {
 public:
  Reduce(const KernelRequest& request, ReduceKind kind, std::uint32_t axes)
      : executor_(request.context.executor()), plan_(kind, request.input(0).shape, axes) {}

  std::size_t scratch_bytes() const override { return plan_.scratch_floats() * sizeof(float); }
  double nanoseconds() const noexcept override { return plan_.nanoseconds(); }
  void run(void* const* operands, void* scratch) override {
    plan_.run(static_cast<const float*>(operands[0]), static_cast<float*>(operands[1]), static_cast<float*>(scratch),
              helpers(executor_, plan_.nanoseconds()));
  }

 private:
  Executor& executor_;
  ReducePlan plan_;
};

bool is_fp32(const KernelRequest& request, std::string& reason) {
  if (request.input(0).type == DType::fp32) return true;
  reason = "vector kernels reduce fp32";
  return false;
}

template <ReduceKind kind> std::unique_ptr<HostKernel> reduce(const KernelRequest& request, std::string& reason) {
  if (!is_fp32(request, reason)) return nullptr;
  const auto rank = static_cast<std::int64_t>(request.input(0).shape.rank());
  std::uint32_t axes = 0;
  for (const std::int64_t axis : request.node.attributes.integers("axes"))
    axes |= 1U << (axis < 0 ? axis + rank : axis);
  return std::make_unique<Reduce>(request, kind, axes == 0 ? ~0U : axes);
}

/// What the row kernels need to know of a node: rows along the last axis, as fp32.
class RowKernel : public HostKernel {
 public:
  RowKernel(const KernelRequest& request, double nanoseconds_per_element) : executor_(request.context.executor()) {
    const Shape& shape = request.input(0).shape;
    rows_.length = static_cast<std::size_t>(shape[shape.rank() - 1]);
    rows_.count = static_cast<std::size_t>(shape.elements(0, shape.rank() - 1));
    nanoseconds_ =
        static_cast<double>(rows_.count) * (30 + nanoseconds_per_element * static_cast<double>(rows_.length));
  }
  double nanoseconds() const noexcept override { return nanoseconds_; }

 protected:
  Rows rows() const noexcept { return {rows_.count, rows_.length, helpers(executor_, nanoseconds_)}; }

 private:
  Executor& executor_;
  Rows rows_;
  double nanoseconds_ = 0;
};

using RowFunction = void (*)(const Rows& rows, const float* x, float* y) noexcept;
class Softmax final : public RowKernel {
 public:
  Softmax(const KernelRequest& request, RowFunction function) : RowKernel(request, 1), function_(function) {}
  void run(void* const* operands, void*) override {
    function_(rows(), static_cast<const float*>(operands[0]), static_cast<float*>(operands[1]));
  }

 private:
  RowFunction function_;
};

template <RowFunction function> std::unique_ptr<HostKernel> softmax(const KernelRequest& request, std::string& reason) {
  if (!is_fp32(request, reason)) return nullptr;
  const auto rank = static_cast<std::int64_t>(request.input(0).shape.rank());
  const std::int64_t axis = request.node.attributes.integer("axis");
  if (axis == -1 || axis == rank - 1) return std::make_unique<Softmax>(request, function);
  reason = "rows lie along the last axis";
  return nullptr;
}

/// Operand 1 is the target of both operators.
class CrossEntropy final : public RowKernel {
 public:
  CrossEntropy(const KernelRequest& request, bool gradient)
      : RowKernel(request, gradient ? 0.3 : 2), label_type_(request.input(1).type), gradient_(gradient) {}
  void run(void* const* operands, void*) override {
    const float* x = static_cast<const float*>(operands[0]);
    Targets targets;
    targets.label_type = label_type_;
    if (label_type_ == DType::fp32) {
      targets.dense = static_cast<const float*>(operands[1]);
    } else {
      targets.labels = operands[1];
    }
    if (gradient_) {
      cross_entropy_gradient_rows(rows(), x, targets, static_cast<const float*>(operands[2]),
                                  static_cast<float*>(operands[3]));
    } else {
      cross_entropy_rows(rows(), x, targets, static_cast<float*>(operands[2]), static_cast<float*>(operands[3]));
    }
  }

 private:
  DType label_type_;
  bool gradient_;
};

template <bool gradient> std::unique_ptr<HostKernel> cross_entropy(const KernelRequest& request, std::string& reason) {
  if (!is_fp32(request, reason)) return nullptr;
  return std::make_unique<CrossEntropy>(request, gradient);
}

/// Between types that tiles hold: through a tile, rounding as the library's conversions do.
class Cast final : public HostKernel {
 public:
  explicit Cast(const KernelRequest& request)
      : executor_(request.context.executor()),
        count_(static_cast<std::size_t>(request.output().shape.elements())),
        from_(request.input(0).type),
        to_(request.output().type),
        load_(tile_load(from_)),
        store_(tile_store(to_)) {
    const bool both_narrow = is_integer(from_) && is_integer(to_);  // those wrap
    tiles_ = load_ && store_ && !both_narrow;
    nanoseconds_ = static_cast<double>(count_) * (tiles_ ? 0.2 : 1.5);
  }
  double nanoseconds() const noexcept override { return nanoseconds_; }
  void run(void* const* operands, void*) override {
    constexpr std::size_t stretch = 16384;  // elements
    const auto part = [&](std::size_t index) {
      const std::size_t first = index * stretch, count = std::min(stretch, count_ - first);
      const void* from = static_cast<const std::byte*>(operands[0]) + first * size_of(from_);
      void* to = static_cast<std::byte*>(operands[1]) + first * size_of(to_);
      if (!tiles_) return convert(from_, from, to_, to, count);
      alignas(64) float tile[512];
      for (std::size_t i = 0; i < count; i += 512) {
        const std::size_t length = std::min<std::size_t>(512, count - i);
        load_(static_cast<const std::byte*>(from) + i * size_of(from_), tile, length);
        store_(tile, static_cast<std::byte*>(to) + i * size_of(to_), length);
      }
    };
    const std::size_t parts = (count_ + stretch - 1) / stretch;
    Executor* const executor = parts > 1 ? helpers(executor_, nanoseconds_) : nullptr;
    if (executor) return executor->each(parts, part);
    for (std::size_t i = 0; i < parts; ++i) part(i);
  }

 private:
  Executor& executor_;
  std::size_t count_;
  DType from_, to_;
  TileLoad load_;
  TileStore store_;
  bool tiles_ = false;
  double nanoseconds_ = 0;
};

std::unique_ptr<HostKernel> make_sum_to(const KernelRequest& request, std::string& reason) {
  if (!is_fp32(request, reason)) return nullptr;
  const Shape &from = request.input(0).shape, &to = request.output().shape;
  const std::size_t missing = from.rank() - to.rank();
  std::uint32_t axes = 0;
  for (std::size_t axis = 0; axis < from.rank(); ++axis) {
    if (axis < missing || (to[axis - missing] == 1 && from[axis] != 1)) axes |= 1U << axis;
  }
  return std::make_unique<Reduce>(request, ReduceKind::sum, axes);
}

std::unique_ptr<HostKernel> make_cast(const KernelRequest& request, std::string&) {
  return std::make_unique<Cast>(request);
}

}  // namespace

void add_reductions(KernelTable& table) {
  table.makers["core#reduceSum"] = {reduce<ReduceKind::sum>};
  table.makers["core#reduceMean"] = {reduce<ReduceKind::mean>};
  table.makers["core#reduceProduct"] = {reduce<ReduceKind::product>};
  table.makers["core#reduceMax"] = {reduce<ReduceKind::max>};
  table.makers["core#reduceMin"] = {reduce<ReduceKind::min>};
  table.makers["core#sumTo"] = {make_sum_to};
  table.makers["core#softmax"] = {softmax<softmax_rows>};
  table.makers["core#logSoftmax"] = {softmax<log_softmax_rows>};
  table.makers["core#softmaxCrossEntropy"] = {cross_entropy<false>};
  table.makers["core#softmaxCrossEntropyGradient"] = {cross_entropy<true>};
  table.makers["core#cast"] = {make_cast};
}

}  // namespace webai::cpu
