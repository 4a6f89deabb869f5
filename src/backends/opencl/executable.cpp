#include "backends/opencl/executable.h"

#include <algorithm>

#include "core/op/expression_printer.h"
#include "webai/error.hpp"

namespace webai::opencl {

OpenclExecutable::OpenclExecutable(std::shared_ptr<Session> session, Program program, const ProgramText& text,
                                   std::vector<std::string> report)
    : session_(std::move(session)), program_(std::move(program)), report_(std::move(report)), bound_(program_.slots.size()) {
  try {
    arena_ = std::make_unique<DeviceBuffer>(session_, program_.scratch_bytes);
    scratch_ = std::make_unique<DeviceBuffer>(session_, text.scratch_bytes());
    place_constants();
    if (!text.launches().empty()) {
      build(text);
      make_calls(text);
    }
  } catch (...) {
    release();
    throw;
  }
}

OpenclExecutable::~OpenclExecutable() { release(); }

void OpenclExecutable::release() noexcept {
  for (const Call& call : calls_)
    if (call.kernel) session_->api().clReleaseKernel(call.kernel);
  if (built_) session_->api().clReleaseProgram(built_);
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

void OpenclExecutable::build(const ProgramText& text) {
  const Api& api = session_->api();
  const std::string source = opencl_prelude() + text.source();
  const char* lines = source.c_str();
  const std::size_t length = source.size();
  cl_int status = CL_SUCCESS;
  built_ = api.clCreateProgramWithSource(session_->handle(), 1, &lines, &length, &status);
  session_->check(status, "creating a program");
  std::string options = "-cl-std=CL1.2";
  if (session_->divides_exactly()) options += " -cl-fp32-correctly-rounded-divide-sqrt";
  const cl_device_id device = session_->device();
  status = api.clBuildProgram(built_, 1, &device, options.c_str(), nullptr, nullptr);
  if (status == CL_SUCCESS) return;
  std::size_t size = 0;
  api.clGetProgramBuildInfo(built_, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
  std::string log(size, '\0');
  if (size) api.clGetProgramBuildInfo(built_, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  while (!log.empty() && (log.back() == '\0' || log.back() == '\n')) log.pop_back();
  constexpr std::size_t longest_log = 2000;
  throw Error(Code::unsupported, {.message = "opencl: building the kernels failed on " + session_->name() +
                                             " (OpenCL error " + std::to_string(status) + "): " + log.substr(0, longest_log),
                                  .reason = "DEVICE_BUILD", .hint = "without naming the device this runs on the CPU"});
}

void OpenclExecutable::make_calls(const ProgramText& text) {
  const Api& api = session_->api();
  for (const Launch& launch : text.launches()) {
    cl_int status = CL_SUCCESS;
    Call call;
    call.kernel = api.clCreateKernel(built_, text.kernels()[launch.kernel].c_str(), &status);
    session_->check(status, "creating a kernel");
    call.items = launch.groups * launch.group_size;
    call.group = launch.group_size;
    calls_.push_back(call);
    for (std::size_t i = 0; i < launch.operands.size(); ++i) {
      const LaunchOperand& operand = launch.operands[i];
      const auto index = static_cast<cl_uint>(i);
      const std::size_t number = calls_.size() - 1;
      if (operand.value == no_value) {
        set(number, index, scratch_->memory(), operand.scratch);
        continue;
      }
      const Location& location = program_.locations[static_cast<std::size_t>(operand.value)];
      if (location.kind == Location::scratch) set(number, index, arena_->memory(), location.offset);
      else if (location.kind == Location::constant) set(number, index, constants_->memory(), constant_at_[location.index]);
      else patches_.push_back({location.index, number, index});
    }
  }
  std::stable_sort(patches_.begin(), patches_.end(), [](const Patch& a, const Patch& b) { return a.slot < b.slot; });
}

void OpenclExecutable::set(std::size_t call, cl_uint operand, cl_mem memory, std::size_t offset) const {
  const cl_ulong bytes = offset;
  const cl_kernel kernel = calls_[call].kernel;
  session_->check(session_->api().clSetKernelArg(kernel, 2 * operand, sizeof memory, &memory), "binding memory");
  session_->check(session_->api().clSetKernelArg(kernel, 2 * operand + 1, sizeof bytes, &bytes), "binding memory");
}

void OpenclExecutable::bind(std::size_t slot, Bound to) {
  if (bound_[slot].memory == to.memory && bound_[slot].offset == to.offset) return;
  const auto first = std::lower_bound(patches_.begin(), patches_.end(), slot,
                                      [](const Patch& patch, std::size_t wanted) { return patch.slot < wanted; });
  for (auto patch = first; patch != patches_.end() && patch->slot == slot; ++patch)
    set(patch->call, patch->operand, to.memory, to.offset);
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
      const std::size_t offset = binding.offset + step * binding.step;
      check_range(offset, program_.slots[slot].bytes, buffer->size());
      bind(slot, {buffer->memory(), offset});
    }
    for (const Call& call : calls_)
      session_->check(session_->api().clEnqueueNDRangeKernel(session_->queue(), call.kernel, 1, nullptr, &call.items,
                                                             &call.group, 0, nullptr, nullptr),
                      "starting a kernel");
  }
  session_->check(session_->api().clFlush(session_->queue()), "starting the kernels");
}

std::string OpenclExecutable::report() const {
  std::string text;
  for (const std::string& line : report_) text += line + "\n";
  return text;
}

}  // namespace webai::opencl
