// A program that the driver has built, and its kernels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/opencl/session.h"

namespace webai::opencl {

class BuiltProgram {
 public:
  /// Throws UNSUPPORTED with the driver's log where the text is refused.
  BuiltProgram(std::shared_ptr<Session> session, const std::string& source);
  ~BuiltProgram();
  BuiltProgram(const BuiltProgram&) = delete;
  BuiltProgram& operator=(const BuiltProgram&) = delete;

  /// A kernel with arguments of its own; it lives as long as the program.
  cl_kernel kernel(const std::string& name);
  /// Operand `operand` of a kernel is memory and an offset in bytes: two arguments.
  void set(cl_kernel kernel, cl_uint operand, cl_mem memory, std::size_t offset) const;
  void start(cl_kernel kernel, std::size_t items, std::size_t group_size) const;

 private:
  void release() noexcept;

  std::shared_ptr<Session> session_;
  cl_program program_ = nullptr;
  std::vector<cl_kernel> kernels_;
};

}  // namespace webai::opencl
