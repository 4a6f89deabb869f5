// Plans a reduction over any axes as passes, each over one group of neighbouring axes in blocks, and runs them.
#include <algorithm>
#include <limits>

#include "backends/cpu/reduce_kernels.h"

namespace webai::cpu {
namespace {

/// Neighbouring axes that are all reduced or all kept.
struct Group {
  bool reduced;
  std::size_t extent;
};
std::vector<Group> groups_of(const Shape& shape, std::uint32_t axes) {
  std::vector<Group> groups;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const bool reduced = ((axes >> axis) & 1U) != 0;
    if (groups.empty() || groups.back().reduced != reduced) groups.push_back({reduced, 1});
    groups.back().extent *= static_cast<std::size_t>(shape[axis]);
  }
  return groups;
}

std::size_t product_of(const std::vector<Group>& groups, std::size_t begin, std::size_t end) {
  std::size_t product = 1;
  for (std::size_t i = begin; i < end; ++i) product *= groups[i].extent;
  return product;
}

}  // namespace

ReducePlan::ReducePlan(ReduceKind kind, const Shape& shape, std::uint32_t axes) : kind_(kind) {
  std::vector<Group> groups = groups_of(shape, axes);
  std::size_t count = 1;
  results_ = 1;
  for (const Group& group : groups) (group.reduced ? count : results_) *= group.extent;
  divisor_ = static_cast<float>(count);
  nothing_ = count == 0;
  if (nothing_ || results_ == 0) return;
  nanoseconds_ = 0.1 * static_cast<double>(count) * static_cast<double>(results_);
  // From the innermost reduced group outwards; each may take several passes, of ever fewer blocks.
  for (std::size_t i = groups.size(); i-- > 0;) {
    if (!groups[i].reduced) continue;
    Pass pass{product_of(groups, 0, i), groups[i].extent, product_of(groups, i + 1, groups.size())};
    do {
      pass.blocks = (pass.reduced + pass.block() - 1) / pass.block();
      passes_.push_back(pass);
      pass.reduced = pass.blocks;
    } while (pass.blocks > 1);
    groups[i].extent = 1;
  }
  for (std::size_t i = 0; i + 1 < passes_.size(); ++i) {
    std::size_t& area = i % 2 == 0 ? first_scratch_ : second_scratch_;
    area = std::max(area, passes_[i].outer * passes_[i].blocks * passes_[i].inner);
  }
}

void ReducePlan::run(const float* input, float* output, float* scratch, Executor* executor) const noexcept {
  if (nothing_) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float values[] = {0, std::numeric_limits<float>::quiet_NaN(), 1, -infinity, infinity};
    std::fill_n(output, results_, values[static_cast<std::size_t>(kind_)]);
    return;
  }
  if (passes_.empty()) std::copy_n(input, results_, output);
  const float* from = input;
  for (std::size_t i = 0; i < passes_.size(); ++i) {
    float* to = i + 1 == passes_.size() ? output : i % 2 == 0 ? scratch : scratch + first_scratch_;
    run_pass(passes_[i], from, to, executor);
    from = to;
  }
  if (kind_ == ReduceKind::mean && divisor_ != 1) reduce_kernels().divide(output, results_, divisor_);
}

void ReducePlan::run_pass(const Pass& pass, const float* from, float* to, Executor* executor) const noexcept {
  const ReduceKernels& kernels = reduce_kernels();
  const auto kind = static_cast<std::size_t>(kind_);
  // A piece of work is a block of elements, or a block of rows times some of the columns.
  constexpr std::size_t strip = 256;
  const std::size_t strips = pass.inner == 1 ? 1 : (pass.inner + strip - 1) / strip;
  const std::size_t pieces = pass.outer * pass.blocks * strips;
  const auto work = [&](std::size_t begin, std::size_t end) {
    for (std::size_t piece = begin; piece < end; ++piece) {
      const std::size_t result = piece / strips, column = (piece - result * strips) * strip;
      const std::size_t outer = result / pass.blocks, first = (result - outer * pass.blocks) * pass.block();
      const std::size_t count = std::min(pass.block(), pass.reduced - first);
      const float* start = from + (outer * pass.reduced + first) * pass.inner + column;
      if (pass.inner == 1) {
        to[result] = kernels.elements[kind](start, count);
      } else {
        kernels.rows[kind](start, count, pass.inner, std::min(strip, pass.inner - column),
                           to + result * pass.inner + column);
      }
    }
  };
  const double nanoseconds =
      0.1 * static_cast<double>(pass.outer) * static_cast<double>(pass.reduced) * static_cast<double>(pass.inner);
  std::size_t parts = 1;
  if (executor) {
    const double grain = executor->ready() ? 5'000 : 50'000;
    parts = std::min({executor->width(), pieces, static_cast<std::size_t>(nanoseconds / grain) + 1});
  }
  if (parts == 1) return work(0, pieces);
  executor->each(parts, [&](std::size_t part) { work(pieces * part / parts, pieces * (part + 1) / parts); });
}

}  // namespace webai::cpu
