// The functions of the OpenCL loader, found when the program runs: nothing is linked.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <string>

namespace webai::opencl {

// The one list of what is called: members of Api and names to look up.
#define WEBAI_OPENCL_FUNCTIONS(ENTRY)                                                                              \
  ENTRY(clGetPlatformIDs) ENTRY(clGetPlatformInfo) ENTRY(clGetDeviceIDs) ENTRY(clGetDeviceInfo)                    \
  ENTRY(clCreateContext) ENTRY(clReleaseContext) ENTRY(clCreateCommandQueue) ENTRY(clReleaseCommandQueue)          \
  ENTRY(clCreateBuffer) ENTRY(clReleaseMemObject) ENTRY(clEnqueueFillBuffer) ENTRY(clEnqueueReadBuffer)            \
  ENTRY(clEnqueueWriteBuffer) ENTRY(clCreateProgramWithSource) ENTRY(clBuildProgram) ENTRY(clGetProgramBuildInfo) \
  ENTRY(clReleaseProgram) ENTRY(clCreateKernel) ENTRY(clReleaseKernel) ENTRY(clSetKernelArg)                       \
  ENTRY(clEnqueueNDRangeKernel) ENTRY(clFlush) ENTRY(clFinish)

struct Api {
#define WEBAI_MEMBER(name) decltype(&::name) name = nullptr;
  WEBAI_OPENCL_FUNCTIONS(WEBAI_MEMBER)
#undef WEBAI_MEMBER
};

/// Opens the loader and finds every function; false, with the reason in `absent`, where that fails. The loader stays
/// open until the program ends: drivers keep threads that would return into code that is gone.
bool load(Api& api, std::string& absent);

}  // namespace webai::opencl
