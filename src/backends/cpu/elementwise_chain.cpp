// Compiles a chain for concrete shapes: collapses axes, decides how each operand is read, where each value lives and
// how long tiles are. Running it is elementwise_chain_run.cpp.
#include "backends/cpu/elementwise_chain.h"

#include <algorithm>
#include <numeric>

#include "core/op/broadcast.h"
#include "core/op/op_def.h"

namespace webai::cpu {
namespace {

constexpr std::size_t least_tile = 64;

std::size_t padded(std::size_t count) { return (count + tile_padding - 1) / tile_padding * tile_padding; }

std::optional<Shape> common_shape(std::span<const ChainOperand> inputs) {
  std::optional<Shape> shape = Shape{};
  for (const ChainOperand& input : inputs) {
    if (shape) shape = broadcast(*shape, input.type.shape);
  }
  return shape;
}

/// A step of the chain, or two that one pass computes.
struct Pass {
  TileFunction function = nullptr;
  std::vector<std::int32_t> operands;  ///< slots
  std::int32_t slot = 0;               ///< of the value
  const ChainStep* step = nullptr;     ///< the (second) operator
};
std::vector<Pass> passes_of(const Chain& chain) {
  std::vector<int> uses(static_cast<std::size_t>(chain.inputs) + chain.steps.size(), 0);
  for (const ChainStep& step : chain.steps) {
    for (const std::int32_t slot : step.operands) ++uses[static_cast<std::size_t>(slot)];
  }
  for (const std::int32_t slot : chain.results) uses[static_cast<std::size_t>(slot)] += 2;  // it must be there
  std::vector<Pass> passes;
  std::vector<bool> single(uses.size(), false);  // by slot: made by one operator of the chain
  for (std::size_t i = 0; i < chain.steps.size(); ++i) {
    const ChainStep& step = chain.steps[i];
    const Elementwise& second = *definition(*step.op).elementwise;
    Pass pass{tile_function(second), step.operands, chain.inputs + static_cast<std::int32_t>(i), &step};
    for (std::size_t k = 0; k < step.operands.size(); ++k) {
      const auto slot = static_cast<std::size_t>(step.operands[k]);
      if (!single[slot] || uses[slot] != 1) continue;
      const auto made =
          std::find_if(passes.begin(), passes.end(), [&](const Pass& each) { return each.slot == step.operands[k]; });
      const std::string_view first = definition(*made->step->op).elementwise->name;
      const auto pairs = tile_pairs();
      const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const TilePair& each) {
        return each.first == first && each.second == second.name && each.position == static_cast<int>(k);
      });
      if (pair == pairs.end()) continue;
      pass.function = pair->function;
      pass.operands = made->operands;
      for (std::size_t other = 0; other < step.operands.size(); ++other) {
        if (other != k) pass.operands.push_back(step.operands[other]);
      }
      single[slot] = false;
      passes.erase(made);
      break;
    }
    single[static_cast<std::size_t>(pass.slot)] = pass.operands == step.operands;
    passes.push_back(std::move(pass));
  }
  return passes;
}

/// Buffers of the values: one is free again after its last use, and a pass may write over an operand.
struct Buffers {
  std::vector<std::int32_t> of_pass;
  std::int32_t count = 0;
};
Buffers assign_buffers(const Chain& chain, const std::vector<Pass>& passes) {
  std::vector<std::size_t> last_use(static_cast<std::size_t>(chain.inputs) + chain.steps.size(), 0);
  for (std::size_t i = 0; i < passes.size(); ++i) {
    last_use[static_cast<std::size_t>(passes[i].slot)] = i;
    for (const std::int32_t slot : passes[i].operands) last_use[static_cast<std::size_t>(slot)] = i;
  }
  for (const std::int32_t slot : chain.results) last_use[static_cast<std::size_t>(slot)] = passes.size();
  Buffers buffers{std::vector<std::int32_t>(passes.size())};
  std::vector<std::int32_t> free;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (last_use[static_cast<std::size_t>(passes[earlier].slot)] == i) free.push_back(buffers.of_pass[earlier]);
    }
    if (free.empty()) free.push_back(buffers.count++);
    buffers.of_pass[i] = free.back();
    free.pop_back();
    if (last_use[static_cast<std::size_t>(passes[i].slot)] == i) free.push_back(buffers.of_pass[i]);  // never read
  }
  return buffers;
}

}  // namespace

std::optional<std::string> ChainKernel::refuses(const Chain& chain, std::span<const ChainOperand> inputs,
                                                std::span<const ChainOperand> results) {
  for (const auto types : {inputs, results}) {
    for (const ChainOperand& value : types) {
      if (!is_tile_type(value.type.type)) return "elements of type " + std::string(name_of(value.type.type));
      if (!value.type.shape.is_concrete()) return "a shape with symbols";
    }
  }
  for (const ChainStep& step : chain.steps) {
    if (!definition(*step.op).elementwise) return step.op->name + " is not elementwise";
  }
  const auto shape = common_shape(inputs);
  if (!shape) return "shapes that do not broadcast";
  for (const ChainOperand& result : results) {
    if (!(result.type.shape == *shape)) return "a result smaller than the common shape";
  }
  const std::size_t buffers = inputs.size() + static_cast<std::size_t>(assign_buffers(chain, passes_of(chain)).count);
  if (inputs.size() + chain.steps.size() > most_slots || buffers * least_tile * sizeof(float) > tile_memory) {
    return "more values than tiles in the first-level cache";
  }
  return std::nullopt;
}

ChainKernel::ChainKernel(const Chain& chain, std::span<const ChainOperand> inputs,
                         std::span<const ChainOperand> results) {
  const Shape shape = common_shape(inputs).value();
  total_ = shape.elements();
  width_ = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
  for (const ChainOperand& input : inputs) {
    Input& own = inputs_.emplace_back();
    own.type = input.type.type;
    own.load = tile_load(own.type);
  }
  collapse(inputs, shape);
  plan_steps(chain, results);
  choose_tiles();
  choose_access(inputs);
  prevent_early_writes();
  plan_small(chain, inputs);
}

/// Merges neighbouring axes that every operand crosses with one stride; also the two-axis view of an epilogue.
void ChainKernel::collapse(std::span<const ChainOperand> inputs, const Shape& shape) {
  std::vector<BroadcastStrides> strides;
  for (const ChainOperand& input : inputs) strides.push_back(broadcast_strides(input.type.shape, shape));
  rank_ = 0;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const std::int64_t extent = shape[axis];
    if (extent == 1) continue;
    bool merges = rank_ > 0;
    for (std::size_t i = 0; merges && i < inputs.size(); ++i) {
      merges = inputs_[i].strides[rank_ - 1] == strides[i][axis] * extent;
    }
    if (!merges) extents_[rank_++] = 1;
    extents_[rank_ - 1] *= extent;
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs_[i].strides[rank_ - 1] = strides[i][axis];
  }
  if (rank_ == 0) extents_[rank_++] = 1;
  columns_ = extents_[rank_ - 1];
  rows_ = columns_ == 0 ? 0 : total_ / columns_;

  epilogue_ = !inputs.empty() && inputs[0].type == ValueType{DType::fp32, shape} && total_ > 0;
  const std::size_t last = shape.rank() == 0 ? 0 : shape.rank() - 1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    // The leading axes must be one axis to the operand: from the inside out each stride continues the last one.
    std::int64_t row_stride = 0, next = -1;
    for (std::size_t axis = last; axis-- > 0;) {
      if (shape[axis] == 1) continue;
      if (next < 0) {
        row_stride = strides[i][axis];
      } else if (strides[i][axis] != next) {
        epilogue_ = false;
      }
      next = strides[i][axis] * shape[axis];
    }
    inputs_[i].row_stride = row_stride;
    inputs_[i].column_stride = shape.rank() == 0 ? 0 : strides[i][last];
  }
}

void ChainKernel::plan_steps(const Chain& chain, std::span<const ChainOperand> results) {
  const std::vector<Pass> passes = passes_of(chain);
  const Buffers buffers = assign_buffers(chain, passes);
  buffers_ = inputs_.size() + static_cast<std::size_t>(buffers.count);
  nanoseconds_ = 0.05 * static_cast<double>(inputs_.size() + chain.results.size());
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Pass& pass = passes[i];
    Step& step = steps_.emplace_back();
    step.function = pass.function;
    std::copy(pass.operands.begin(), pass.operands.end(), step.operands);
    // The first operand stands for those that are not there, so that none dangles.
    std::fill(step.operands + pass.operands.size(), std::end(step.operands), pass.operands[0]);
    step.slot = pass.slot;
    step.buffer = static_cast<std::int32_t>(inputs_.size()) + buffers.of_pass[i];
    step.attributes = static_cast<std::int32_t>(attributes_.size());
    for (const double attribute : pass.step->attributes) attributes_.push_back(static_cast<float>(attribute));
    nanoseconds_ += definition(*pass.step->op).elementwise->domain == Elementwise::Domain::real ? 0.5 : 0.06;
  }
  for (std::size_t i = 0; i < chain.results.size(); ++i) {
    Result& result = results_.emplace_back();
    result.slot = chain.results[i];
    result.type = results[i].type.type;
    result.store = tile_store(result.type);
    const auto step =
        std::find_if(steps_.begin(), steps_.end(), [&](const Step& each) { return each.slot == result.slot; });
    if (step != steps_.end() && result.type == DType::fp32 && step->result < 0) {
      step->result = static_cast<std::int32_t>(i);
      result.straight = true;
    }
  }
}

/// Long rows are cut into tiles; of short ones a tile takes several, and preferably a whole number of vectors.
void ChainKernel::choose_tiles() {
  constexpr auto vector = static_cast<std::int64_t>(tile_padding);
  const auto most = static_cast<std::int64_t>(tile_memory / sizeof(float) / std::max<std::size_t>(buffers_, 1));
  const std::int64_t length = std::min(static_cast<std::int64_t>(largest_tile), most / vector * vector);
  parts_of_rows_ = rows_ > 1 && columns_ > length / 4;
  if (rows_ <= 1 || parts_of_rows_) {
    const std::int64_t pieces = std::max<std::int64_t>(1, (columns_ + length - 1) / length);
    unit_ = static_cast<std::int64_t>(padded(static_cast<std::size_t>((columns_ + pieces - 1) / pieces)));
  } else {
    const std::int64_t step = vector / std::gcd(columns_, vector);
    std::int64_t rows = length / columns_;
    if (rows >= step) rows -= rows % step;
    unit_ = std::min(rows, rows_) * columns_;
  }
  room_ = padded(static_cast<std::size_t>(unit_));
}

void ChainKernel::choose_access(std::span<const ChainOperand> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Input& input = inputs_[i];
    std::int64_t contiguous = 1;
    bool in_order = true, same_rows = true;
    for (std::size_t axis = rank_; axis-- > 0;) {
      in_order = in_order && (input.strides[axis] == contiguous || extents_[axis] == 1);
      same_rows = same_rows && (axis == rank_ - 1 || input.strides[axis] == 0);
      contiguous *= extents_[axis];
    }
    const std::int64_t along = input.strides[rank_ - 1];
    const bool single = same_rows && along == 0;
    if (single && inputs[i].constant && total_ > 0) {
      input.access = Access::constant;
      input.constant = static_cast<std::int32_t>(constants_.size() / std::max<std::size_t>(room_, 1));
      constants_.resize(constants_.size() + room_);
      gather(input, inputs[i].constant, 0, room_, constants_.data() + constants_.size() - room_);
    } else if (in_order && !single) {
      input.access = input.type == DType::fp32 ? Access::direct : Access::converted;
    } else if (single || (same_rows && rows_ > 1 && !parts_of_rows_)) {
      input.access = Access::fixed;
    } else if (same_rows && along == 1 && input.type == DType::fp32) {
      input.access = Access::row;
    } else {
      input.access = Access::gathered;
    }
  }
}

/// A result may lie in the memory of an input that is read where it lies, so it must not be written before the last
/// step that reads one.
void ChainKernel::prevent_early_writes() {
  const auto lies = [&](std::int32_t slot) {
    return slot < static_cast<std::int32_t>(inputs_.size()) &&
           inputs_[static_cast<std::size_t>(slot)].access == Access::direct;
  };
  bool read_later = false;
  for (const Result& result : results_) read_later = read_later || lies(result.slot);
  for (std::size_t i = steps_.size(); i-- > 0;) {
    Step& step = steps_[i];
    if (read_later && step.result >= 0) {
      results_[static_cast<std::size_t>(step.result)].straight = false;
      step.result = -1;
    }
    for (const std::int32_t slot : step.operands) read_later = read_later || lies(slot);
  }
}

void ChainKernel::plan_small(const Chain& chain, std::span<const ChainOperand> inputs) {
  const auto count = static_cast<std::size_t>(total_);
  const std::size_t room = padded(count), slots = inputs_.size() + chain.steps.size();
  if (count == 0 || count > SmallChain::most_elements || slots * room > SmallChain::most_floats) return;
  for (const Input& input : inputs_) {
    if (input.type != DType::fp32) return;
  }
  for (const Result& result : results_) {
    if (result.type != DType::fp32) return;
  }
  small_.elements = count;
  small_.room = room;
  small_.attributes = attributes_;
  small_.run = small_chain_run();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    SmallChain::Input& own = small_.inputs.emplace_back();
    if (input.access == Access::constant) {
      own.access = SmallChain::Access::constant;
      own.constant = *static_cast<const float*>(inputs[i].constant);
    } else if (input.access == Access::direct) {
      own.access = SmallChain::Access::whole;
    } else if (inputs[i].type.shape.elements() == 1) {
      own.access = SmallChain::Access::single;
    } else {
      own.access = SmallChain::Access::picked;
      for (std::size_t element = 0; element < count; ++element) {
        std::int64_t rest = static_cast<std::int64_t>(element), offset = 0;
        for (std::size_t axis = rank_; axis-- > 0; rest /= extents_[axis]) {
          offset += rest % extents_[axis] * input.strides[axis];
        }
        own.picks[element] = static_cast<std::uint8_t>(offset);
      }
    }
  }
  const auto place = [&](std::int32_t slot) {
    return static_cast<std::uint32_t>(static_cast<std::size_t>(slot) * room);
  };
  for (const Step& step : steps_) {
    SmallChain::Step& own = small_.steps.emplace_back();
    own.function = step.function;
    own.attributes = static_cast<std::uint32_t>(step.attributes);
    own.value = place(step.slot);
    for (std::size_t i = 0; i < TilePair::most_operands; ++i) own.operands[i] = place(step.operands[i]);
  }
  for (const std::int32_t slot : chain.results) small_.results.push_back(place(slot));
}

}  // namespace webai::cpu
