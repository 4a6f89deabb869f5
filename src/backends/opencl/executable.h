// A compiled program: one built cl_program, and launches whose arguments are set when a binding changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/opencl/built_program.h"
#include "backends/opencl/program_text.h"
#include "backends/opencl/session.h"

namespace webai::opencl {

class OpenclExecutable final : public Executable {
 public:
  OpenclExecutable(std::shared_ptr<Session> session, Program program, const ProgramText& text,
                   std::vector<std::string> report);

  std::span<const Slot> slots() const noexcept override { return program_.slots; }
  /// Enqueues only.
  void run(std::span<const Binding> bindings, std::size_t steps) override;
  std::size_t held_bytes() const noexcept override { return arena_->size() + scratch_->size() + constants_->size(); }
  std::string report() const override;

 private:
  struct Call {
    cl_kernel kernel = nullptr;
    std::size_t items = 0, group = 0;
  };
  /// An argument pair that follows a slot.
  struct Patch {
    std::size_t slot = 0, call = 0;
    cl_uint operand = 0;
  };
  struct Bound {
    cl_mem memory = nullptr;
    std::size_t offset = 0;
  };
  void make_calls(const ProgramText& text);
  void place_constants();
  void bind(std::size_t slot, Bound to);

  std::shared_ptr<Session> session_;
  Program program_;
  std::vector<std::string> report_;
  std::vector<Call> calls_;
  std::vector<Patch> patches_;  // sorted by slot
  std::vector<Bound> bound_;    // by slot
  std::vector<std::size_t> constant_at_;  // by value
  std::unique_ptr<DeviceBuffer> arena_, scratch_, constants_;
  std::unique_ptr<BuiltProgram> built_;  // none where nothing is launched
};

}  // namespace webai::opencl
