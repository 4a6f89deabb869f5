// What is carried lives in the loop's own outputs, where the body's steps read and write it; rows of stacked values are
// bound with a stride from step to step.
#include "backends/host/loop.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "backends/backend.h"
#include "core/op/loop.h"
#include "webai/error.hpp"

namespace webai {
namespace {

class LoopKernel final : public HostKernel {
 public:
  LoopKernel(const Node& node, std::unique_ptr<Executable> body)
      : loop_(node.attributes), steps_(static_cast<std::size_t>(loop_.steps)), inputs_(node.inputs.size()), body_(std::move(body)) {
    for (const Slot& slot : body_->slots()) slots_.push_back(place_of(slot, node.outputs.size()));
    for (std::size_t i = 0; i < slots_.size() && loop_.ends >= 0; ++i)
      if (slots_[i].kind == SlotPlace::carried && std::cmp_equal(slots_[i].initial, loop_.ends)) end_ = i;
    windows_.resize(slots_.size());
    bindings_.resize(slots_.size());
    for (const SlotPlace& place : slots_)
      if (place.kind == SlotPlace::index && index_.empty()) {
        index_.resize(steps_);
        std::iota(index_.begin(), index_.end(), std::int64_t{0});
      }
  }

  void run(void* const* operands, void*) override {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const SlotPlace& place = slots_[i];
      const std::size_t bytes = body_->slots()[i].bytes;
      const bool rows = place.kind == SlotPlace::stacked || place.kind == SlotPlace::index;
      void* memory = place.kind == SlotPlace::index ? index_.data() : operands[place.operand];
      if (place.kind == SlotPlace::carried && bytes != 0 && memory != operands[place.initial])
        std::memcpy(memory, operands[place.initial], bytes);
      windows_[i].look_at(memory, rows ? bytes * steps_ : bytes);
      const auto stride = static_cast<std::ptrdiff_t>(bytes);
      bindings_[i] = {&windows_[i], rows && loop_.reverse ? bytes * (steps_ - 1) : 0, rows ? (loop_.reverse ? -stride : stride) : 0};
    }
    if (end_ == none)
      body_->run(bindings_, steps_);
    else
      run_to_end();
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  // Step by step. The first step at whose beginning all has ended still runs: the rows that it gives are those of all
  // that would follow.
  void run_to_end() {
    for (std::size_t step = 0; step < steps_; ++step) {
      const auto* const flags = static_cast<const std::byte*>(windows_[end_].host());
      const bool last = std::all_of(flags, flags + windows_[end_].size(), [](std::byte byte) { return byte == std::byte{0}; });
      body_->run(bindings_, 1);
      if (last) return repeat_rows(steps_ - 1 - step);
      for (Binding& binding : bindings_) binding.offset += static_cast<std::size_t>(binding.step);
    }
  }

  void repeat_rows(std::size_t times) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (body_->slots()[i].role != Slot::output) continue;
      auto* row = static_cast<std::byte*>(windows_[i].host()) + bindings_[i].offset;
      for (std::size_t k = 0; k < times; ++k, row += bindings_[i].step)
        std::memcpy(row + bindings_[i].step, row, body_->slots()[i].bytes);
    }
  }

  struct SlotPlace {
    enum Kind : std::uint8_t { carried, stacked, shared, index } kind = shared;
    std::size_t operand = 0;  ///< of the node: inputs, then outputs
    std::size_t initial = 0;  ///< of carried: the input with its first content
  };

  SlotPlace place_of(const Slot& slot, std::size_t outputs) const {
    if (slot.name == loop_index_name) return {SlotPlace::index};
    for (std::size_t i = 0; i < inputs_; ++i) {
      if (slot.name != loop_input_name(i)) continue;
      if (i < loop_.carried) return {SlotPlace::carried, inputs_ + i, i};
      return {loop_.is_stacked(i) ? SlotPlace::stacked : SlotPlace::shared, i};
    }
    for (std::size_t i = loop_.carried; i < outputs; ++i)
      if (slot.name == loop_output_name(i)) return {SlotPlace::stacked, inputs_ + i};
    throw Error(Code::internal, "the body of a loop has a slot \"" + slot.name + "\" of no operand");
  }

  LoopView loop_;
  std::size_t steps_, inputs_;
  std::size_t end_ = none;  // slot of what ends the loop
  std::unique_ptr<Executable> body_;
  std::vector<SlotPlace> slots_;  // by slot of the body
  std::vector<HostWindow> windows_;
  std::vector<Binding> bindings_;
  std::vector<std::int64_t> index_;  // 0, 1, 2, ...: the index of each step
};

}  // namespace

std::unique_ptr<HostKernel> make_loop(const Node& node, std::unique_ptr<Executable> body) {
  return std::make_unique<LoopKernel>(node, std::move(body));
}

}  // namespace webai
