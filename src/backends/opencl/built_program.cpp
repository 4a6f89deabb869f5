#include "backends/opencl/built_program.h"

#include "webai/error.hpp"

namespace webai::opencl {

BuiltProgram::BuiltProgram(std::shared_ptr<Session> session, const std::string& source) : session_(std::move(session)) {
  const Api& api = session_->api();
  const char* lines = source.c_str();
  const std::size_t length = source.size();
  cl_int status = CL_SUCCESS;
  program_ = api.clCreateProgramWithSource(session_->handle(), 1, &lines, &length, &status);
  session_->check(status, "creating a program");
  std::string options = "-cl-std=CL1.2 -w";  // drivers may print warnings to the error stream of the whole process
  if (session_->divides_exactly()) options += " -cl-fp32-correctly-rounded-divide-sqrt";
  const cl_device_id device = session_->device();
  status = api.clBuildProgram(program_, 1, &device, options.c_str(), nullptr, nullptr);
  if (status == CL_SUCCESS) return;
  std::size_t size = 0;
  api.clGetProgramBuildInfo(program_, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
  std::string log(size, '\0');
  if (size) api.clGetProgramBuildInfo(program_, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  while (!log.empty() && (log.back() == '\0' || log.back() == '\n')) log.pop_back();
  release();
  constexpr std::size_t longest_log = 2000;
  throw Error(Code::unsupported,
              {.message = "opencl: building the kernels failed on " + session_->name() + " (OpenCL error " +
                          std::to_string(status) + "): " + log.substr(0, longest_log),
               .reason = "DEVICE_BUILD",
               .hint = "without naming the device this runs on the CPU"});
}

BuiltProgram::~BuiltProgram() { release(); }

void BuiltProgram::release() noexcept {
  for (const cl_kernel kernel : kernels_)
    if (kernel) session_->api().clReleaseKernel(kernel);
  if (program_) session_->api().clReleaseProgram(program_);
}

cl_kernel BuiltProgram::kernel(const std::string& name) {
  cl_int status = CL_SUCCESS;
  kernels_.push_back(nullptr);
  kernels_.back() = session_->api().clCreateKernel(program_, name.c_str(), &status);
  session_->check(status, "creating a kernel");
  return kernels_.back();
}

void BuiltProgram::set(cl_kernel kernel, cl_uint operand, cl_mem memory, std::size_t offset) const {
  const cl_ulong bytes = offset;
  session_->check(session_->api().clSetKernelArg(kernel, 2 * operand, sizeof memory, &memory), "binding memory");
  session_->check(session_->api().clSetKernelArg(kernel, 2 * operand + 1, sizeof bytes, &bytes), "binding memory");
}

void BuiltProgram::start(cl_kernel kernel, std::size_t items, std::size_t group_size) const {
  session_->check(session_->api().clEnqueueNDRangeKernel(session_->queue(), kernel, 1, nullptr, &items, &group_size, 0,
                                                         nullptr, nullptr),
                  "starting a kernel");
}

}  // namespace webai::opencl
