#include "backends/cpu/small_program.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu.h"
#include "core/base/float_state.h"
#include "webai/stop.hpp"

namespace webai::cpu {
namespace {

void copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == sizeof(float)) {
    std::memcpy(to, from, sizeof(float));  // one instruction instead of a call
  } else {
    std::memcpy(to, from, bytes);
  }
}

void execute(const std::vector<SmallInstruction>& instructions) {
  for (const SmallInstruction& each : instructions) {
    if (each.tile) {
      each.tile(each.operands, each.value, each.count, each.attributes);
    } else {
      each.other(each);
    }
  }
}

class SmallProgram final : public Executable {
 public:
  SmallProgram(std::unique_ptr<HostExecutable> ready, SmallCode code)
      : ready_(std::move(ready)), code_(std::move(code)) {}

  std::span<const Slot> slots() const noexcept override { return ready_->slots(); }
  /// One list of instructions has no nodes left: the kernels it stands for are timed.
  std::vector<NodeProfile> time_step(std::span<const Binding> bindings) override { return ready_->time_step(bindings); }
  std::size_t held_bytes() const noexcept override {
    return ready_->held_bytes() + code_.memory->size() + code_.scratch->size();
  }
  std::string report() const override { return ready_->report() + "all of it as one list of instructions\n"; }

  void run(std::span<const Binding> bindings, std::size_t steps) override {
    check_bindings(ready_->program(), bindings, steps);
    const DefaultFloatState float_state;
    const StopScope* const stop = StopScope::current();
    const auto memory = [&](const SmallCopy& each, std::size_t step) {
      const Binding& binding = bindings[each.slot];
      return static_cast<std::byte*>(binding.buffer->host()) + binding.offset + static_cast<std::ptrdiff_t>(step) * binding.step;
    };
    const bool same = std::all_of(code_.first_slots.begin(), code_.first_slots.end(),
                                  [&](std::size_t slot) { return bindings[slot].step == 0; });
    for (const SmallCopy& each : code_.kept) copy(each.place, memory(each, 0), each.bytes);
    for (std::size_t step = 0; step < steps; ++step) {
      if (stop) stop->check();
      for (const SmallCopy& each : code_.inputs) copy(each.place, memory(each, step), each.bytes);
      if (step == 0 || !same) execute(code_.first);
      execute(code_.step);
      for (const SmallCopy& each : code_.outputs) copy(memory(each, step), each.place, each.bytes);
    }
    if (steps > 0)
      for (const SmallCopy& each : code_.written) copy(memory(each, 0), each.place, each.bytes);
  }

 private:
  std::unique_ptr<HostExecutable> ready_;  // owns the program and the kernels that some instructions call
  SmallCode code_;
};

}  // namespace

std::unique_ptr<Executable> make_small_program(const Context& context, std::unique_ptr<HostExecutable> ready) {
  SmallCode code;
  if (!build_small_code(context, *ready, code)) return ready;
  return std::make_unique<SmallProgram>(std::move(ready), std::move(code));
}

}  // namespace webai::cpu
