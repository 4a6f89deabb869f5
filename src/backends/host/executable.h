// Kernels in running order over one scratch arena; pointers are resolved when bindings change, never per kernel.
#pragma once

#include <memory>
#include <vector>

#include "backends/backend.h"
#include "backends/host/kernel.h"

namespace webai {

/// Throws INTERNAL unless every slot is bound to host memory that is large enough for so many steps.
void check_bindings(const Program& program, std::span<const Binding> bindings, std::size_t steps);

class HostExecutable final : public Executable {
 public:
  /// One kernel per node that is not a view, in the order of the program's nodes.
  struct Entry {
    NodeId node;
    std::unique_ptr<HostKernel> kernel;
    std::string table;
  };
  HostExecutable(const Context& context, Program program, std::vector<Entry> entries);
  ~HostExecutable() override;

  std::span<const Slot> slots() const noexcept override { return program_.slots; }
  void run(std::span<const Binding> bindings, std::size_t steps) override;
  std::vector<NodeProfile> time_step(std::span<const Binding> bindings) override;
  std::size_t held_bytes() const noexcept override { return arena_->size() + kernel_scratch_->size(); }
  std::string report() const override;
  const Program& program() const noexcept { return program_; }
  std::span<const Entry> entries() const noexcept { return entries_; }

 private:
  struct Patch {                // where a slot's address stands among the operands
    std::uint32_t slot;
    std::uint32_t operand;
  };
  struct Call {
    HostKernel* kernel;
    std::uint32_t first_operand;
  };
  void resolve(std::span<const Binding> bindings);
  bool repeatable(std::size_t call) const;
  double time_call(std::size_t call, double clock);  // nanoseconds; `clock`: what asking the clock takes

  Context context_;
  Program program_;
  std::vector<Entry> entries_;
  std::vector<Call> calls_;
  std::vector<void*> operands_;    // of all kernels, one after the other
  std::vector<Patch> patches_;     // sorted by slot
  std::vector<std::uint32_t> patch_begin_;  // by slot, and one past the end
  std::vector<void*> bound_;       // by slot: the address that operands_ hold now
  double nanoseconds_ = 0;         // of one step's work that helpers could share
  std::unique_ptr<Buffer> arena_;
  std::unique_ptr<Buffer> kernel_scratch_;
};

}  // namespace webai
