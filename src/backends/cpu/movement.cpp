// Nodes that only move data, for elements of 1, 2, 4 and 8 bytes alike: the result is a walk over runs of bytes that
// lie side by side in input and output, worked out once.
#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu.h"
#include "backends/cpu/node_chain.h"

namespace webai::cpu {
namespace {

// A run of `bytes` from input `input`, at `from`, to the output, at `to`.
struct Run {
  std::size_t from, to, bytes;
  std::uint32_t input;
};

class Moves final : public HostKernel {
 public:
  Moves(const KernelRequest& request, std::vector<Run> runs)
      : inputs_(request.node.inputs.size()), executor_(request.context.executor()), runs_(std::move(runs)) {
    for (const Run& run : runs_) bytes_ += run.bytes;
    nanoseconds_ = 0.1 * static_cast<double>(bytes_) + 2.0 * static_cast<double>(runs_.size());
  }

  double nanoseconds() const noexcept override { return nanoseconds_; }
  void run(void* const* operands, void*) override {
    std::byte* const output = static_cast<std::byte*>(operands[inputs_]);
    Executor* const executor = runs_.size() > 1 ? helpers(executor_, nanoseconds_) : nullptr;
    const std::size_t parts = executor ? std::min(executor->width(), runs_.size()) : 1;
    const auto part = [&](std::size_t index) {
      const std::size_t begin = runs_.size() * index / parts, end = runs_.size() * (index + 1) / parts;
      for (std::size_t i = begin; i < end; ++i) {
        const Run& run = runs_[i];
        std::memcpy(output + run.to, static_cast<const std::byte*>(operands[run.input]) + run.from, run.bytes);
      }
    };
    if (executor)
      executor->each(parts, part);
    else
      part(0);
  }

 private:
  std::size_t inputs_;
  Executor& executor_;
  std::vector<Run> runs_;
  std::size_t bytes_ = 0;
  double nanoseconds_ = 0;
};

constexpr std::size_t most_runs = std::size_t{1} << 16;

// The output's elements in order, each from where strides (in elements of the input) say; runs of neighbours are joined.
std::unique_ptr<HostKernel> strided(const KernelRequest& request, const Shape& output,
                                    std::span<const std::int64_t> strides, std::int64_t first, std::string& reason) {
  const std::size_t size = size_of(request.output().type);
  // Trailing axes that lie in the input as in the output make one run.
  std::size_t axes = output.rank();
  std::int64_t length = 1;
  while (axes > 0 && (output[axes - 1] == 1 || strides[axes - 1] == length)) length *= output[--axes];
  const std::int64_t count = output.elements(0, axes);
  if (static_cast<std::size_t>(count) > most_runs || length == 0) {
    reason = "too many short runs to list";
    return nullptr;
  }
  std::vector<Run> runs;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i, from = first;
    for (std::size_t axis = axes; axis-- > 0; rest /= output[axis]) from += rest % output[axis] * strides[axis];
    runs.push_back({static_cast<std::size_t>(from) * size, static_cast<std::size_t>(i * length) * size,
                    static_cast<std::size_t>(length) * size, 0});
  }
  return std::make_unique<Moves>(request, std::move(runs));
}

std::size_t bytes_of(const ValueType& type) {
  return static_cast<std::size_t>(type.shape.elements()) * size_of(type.type);
}

}  // namespace

std::unique_ptr<HostKernel> make_copy(const KernelRequest& request, std::string&) {
  return std::make_unique<Moves>(request, std::vector<Run>{{0, 0, bytes_of(request.output()), 0}});
}

std::unique_ptr<HostKernel> make_transpose(const KernelRequest& request, std::string& reason) {
  const auto& order = request.node.attributes.integers("permutation");
  const auto input = strides_of(request.input(0).shape);
  std::vector<std::int64_t> strides;
  // An empty permutation turns the axes around; negative axes count from the end.
  const std::size_t rank = request.output().shape.rank();
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t axis = order.empty() ? rank - 1 - i : static_cast<std::size_t>(order[i]);
    strides.push_back(input[order.empty() || order[i] >= 0 ? axis : axis + rank]);
  }
  return strided(request, request.output().shape, strides, 0, reason);
}

std::unique_ptr<HostKernel> make_broadcast(const KernelRequest& request, std::string& reason) {
  const Shape &from = request.input(0).shape, &to = request.output().shape;
  const auto own = strides_of(from);
  std::vector<std::int64_t> strides(to.rank(), 0);
  for (std::size_t i = 0; i < from.rank(); ++i)
    if (from[i] != 1) strides[to.rank() - from.rank() + i] = own[i];
  return strided(request, to, strides, 0, reason);
}

std::unique_ptr<HostKernel> make_concat(const KernelRequest& request, std::string&) {
  const Shape& output = request.output().shape;
  const std::int64_t given = request.node.attributes.integer("axis");
  const std::size_t axis = static_cast<std::size_t>(given < 0 ? given + static_cast<std::int64_t>(output.rank()) : given);
  const std::size_t size = size_of(request.output().type);
  const std::size_t outer = static_cast<std::size_t>(output.elements(0, axis));
  const std::size_t row = static_cast<std::size_t>(output.elements(axis, output.rank())) * size;
  std::vector<Run> runs;
  for (std::size_t o = 0; o < outer; ++o) {
    std::size_t at = o * row;
    for (std::size_t i = 0; i < request.node.inputs.size(); ++i) {
      const Shape& input = request.input(i).shape;
      const std::size_t bytes = static_cast<std::size_t>(input.elements(axis, input.rank())) * size;
      if (bytes) runs.push_back({o * bytes, at, bytes, static_cast<std::uint32_t>(i)});
      at += bytes;
    }
  }
  return std::make_unique<Moves>(request, std::move(runs));
}

}  // namespace webai::cpu
