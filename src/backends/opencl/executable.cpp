#include "backends/opencl/executable.h"

#include <algorithm>

#include "webai/error.hpp"

namespace webai::opencl {

OpenclExecutable::OpenclExecutable(std::shared_ptr<Session> session, Program program, const ProgramText& text,
                                   std::vector<std::string> report)
    : session_(std::move(session)), program_(std::move(program)), report_(std::move(report)), bound_(program_.slots.size()) {
  arena_ = std::make_unique<DeviceBuffer>(session_, program_.scratch_bytes);
  scratch_ = std::make_unique<DeviceBuffer>(session_, text.scratch_bytes());
  place_constants();
  if (text.launches().empty()) return;
  built_ = std::make_unique<BuiltProgram>(session_, text.source());
  make_calls(text);
}

void OpenclExecutable::place_constants() {
  const Graph& graph = program_.graph;
  constant_at_.resize(graph.values.size(), 0);
  std::size_t bytes = 0;
  for (std::size_t v = 0; v < graph.values.size(); ++v) {
    if (graph.values[v].kind != ValueKind::constant) continue;
    constant_at_[v] = bytes;
    bytes += (graph.values[v].constant.bytes() + 127) / 128 * 128;
  }
  constants_ = std::make_unique<DeviceBuffer>(session_, bytes);
  for (std::size_t v = 0; v < graph.values.size(); ++v)
    if (const Tensor& constant = graph.values[v].constant; graph.values[v].kind == ValueKind::constant)
      constants_->write(constant_at_[v], {static_cast<const std::byte*>(constant.data()), constant.bytes()});
}

void OpenclExecutable::make_calls(const ProgramText& text) {
  for (const Launch& launch : text.launches()) {
    calls_.push_back({built_->kernel(text.kernels()[launch.kernel]), launch.groups * launch.group_size, launch.group_size});
    const std::size_t number = calls_.size() - 1;
    for (std::size_t i = 0; i < launch.operands.size(); ++i) {
      const LaunchOperand& operand = launch.operands[i];
      const auto index = static_cast<cl_uint>(i);
      const auto set = [&](const DeviceBuffer& memory, std::size_t offset) {
        built_->set(calls_[number].kernel, index, memory.memory(), offset);
      };
      if (operand.value == no_value) {
        set(*scratch_, operand.scratch);
        continue;
      }
      const Location& location = program_.locations[static_cast<std::size_t>(operand.value)];
      if (location.kind == Location::scratch) set(*arena_, location.offset);
      else if (location.kind == Location::constant) set(*constants_, constant_at_[location.index]);
      else patches_.push_back({location.index, number, index});
    }
  }
  std::stable_sort(patches_.begin(), patches_.end(), [](const Patch& a, const Patch& b) { return a.slot < b.slot; });
}

void OpenclExecutable::bind(std::size_t slot, Bound to) {
  if (bound_[slot].memory == to.memory && bound_[slot].offset == to.offset) return;
  const auto first = std::lower_bound(patches_.begin(), patches_.end(), slot,
                                      [](const Patch& patch, std::size_t wanted) { return patch.slot < wanted; });
  for (auto patch = first; patch != patches_.end() && patch->slot == slot; ++patch)
    built_->set(calls_[patch->call].kernel, patch->operand, to.memory, to.offset);
  bound_[slot] = to;
}

void OpenclExecutable::run(std::span<const Binding> bindings, std::size_t steps) {
  if (bindings.size() != program_.slots.size())
    throw Error(Code::internal, "opencl: an executable with " + std::to_string(program_.slots.size()) +
                                    " slots was given " + std::to_string(bindings.size()) + " bindings");
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t slot = 0; slot < bindings.size(); ++slot) {
      const Binding& binding = bindings[slot];
      const auto* const buffer = dynamic_cast<const DeviceBuffer*>(binding.buffer);
      if (!buffer)
        throw Error(Code::internal, "opencl: slot \"" + program_.slots[slot].name + "\" is not bound to device memory");
      const std::size_t offset = binding.offset + step * static_cast<std::size_t>(binding.step);
      check_range(offset, program_.slots[slot].bytes, buffer->size());
      bind(slot, {buffer->memory(), offset});
    }
    for (const Call& call : calls_) built_->start(call.kernel, call.items, call.group);
  }
  session_->check(session_->api().clFlush(session_->queue()), "starting the kernels");
}

std::string OpenclExecutable::report() const {
  std::string text;
  for (const std::string& line : report_) text += line + "\n";
  return text;
}

}  // namespace webai::opencl
