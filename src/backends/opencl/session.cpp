#include "backends/opencl/session.h"

#include <algorithm>
#include <vector>

#include "webai/error.hpp"

namespace webai::opencl {
namespace {

// Drivers report how a device was lost in many ways; these are what is left of a queue without one.
bool is_loss(cl_int status) {
  return status == CL_DEVICE_NOT_AVAILABLE || status == CL_INVALID_COMMAND_QUEUE || status == CL_INVALID_CONTEXT ||
         status == CL_INVALID_DEVICE;
}
bool is_shortage(cl_int status) {
  return status == CL_OUT_OF_RESOURCES || status == CL_OUT_OF_HOST_MEMORY ||
         status == CL_MEM_OBJECT_ALLOCATION_FAILURE || status == CL_INVALID_BUFFER_SIZE;
}

std::string text_property(const Api& api, cl_device_id device, cl_device_info which) {
  std::size_t size = 0;
  if (api.clGetDeviceInfo(device, which, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (api.clGetDeviceInfo(device, which, size, text.data(), nullptr) != CL_SUCCESS) return {};
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

template <class T> T Session::property(cl_device_info which) const {
  T value{};
  return api_.clGetDeviceInfo(device_, which, sizeof value, &value, nullptr) == CL_SUCCESS ? value : T{};
}

std::shared_ptr<Session> Session::open(const Context& context, std::string& absent) {
  const std::shared_ptr<Session> session(new Session);
  session->limit_ = context.limits().device_bytes;
  if (!load(session->api_, absent) || !session->choose(absent) || !session->connect(absent)) return nullptr;
  absent.clear();
  return session;
}

bool Session::choose(std::string& absent) {
  cl_uint count = 0;
  if (api_.clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) {
    absent = "no OpenCL driver is installed";
    return false;
  }
  std::vector<cl_platform_id> platforms(count);
  if (api_.clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) {
    absent = "the OpenCL drivers cannot be listed";
    return false;
  }
  absent = "the OpenCL drivers that are installed have no device";
  for (const cl_device_type type : {cl_device_type{CL_DEVICE_TYPE_GPU}, cl_device_type{CL_DEVICE_TYPE_ACCELERATOR},
                                    cl_device_type{CL_DEVICE_TYPE_CPU}}) {
    for (const cl_platform_id platform : platforms) {
      cl_uint devices = 0;
      if (api_.clGetDeviceIDs(platform, type, 0, nullptr, &devices) != CL_SUCCESS || devices == 0) continue;
      std::vector<cl_device_id> list(devices);
      if (api_.clGetDeviceIDs(platform, type, devices, list.data(), nullptr) != CL_SUCCESS) continue;
      for (const cl_device_id device : list) {
        device_ = device;
        name_ = text_property(api_, device, CL_DEVICE_NAME);
        const std::string version = text_property(api_, device, CL_DEVICE_VERSION);  // "OpenCL 3.0 ..."
        const bool old = version.starts_with("OpenCL 1.0") || version.starts_with("OpenCL 1.1");
        if (old) {
          absent = name_ + " knows " + version.substr(0, 10) + " only; 1.2 is needed";
        } else if (!property<cl_bool>(CL_DEVICE_AVAILABLE) || !property<cl_bool>(CL_DEVICE_COMPILER_AVAILABLE)) {
          absent = name_ + " is not available, or has no compiler";
        } else if (!property<cl_bool>(CL_DEVICE_ENDIAN_LITTLE) ||
                   property<std::size_t>(CL_DEVICE_MAX_WORK_GROUP_SIZE) < group_size) {
          absent = name_ + " is big-endian, or its work-groups are smaller than " + std::to_string(group_size);
        } else {
          is_processor_ = type == CL_DEVICE_TYPE_CPU;
          return true;
        }
      }
    }
  }
  return false;
}

bool Session::connect(std::string& absent) {
  memory_bytes_ = static_cast<std::size_t>(property<cl_ulong>(CL_DEVICE_GLOBAL_MEM_SIZE));
  const auto arithmetic = property<cl_device_fp_config>(CL_DEVICE_SINGLE_FP_CONFIG);
  divides_exactly_ = (arithmetic & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
  fuses_ = (arithmetic & CL_FP_FMA) != 0;
  keeps_denormals_ = (arithmetic & CL_FP_DENORM) != 0;
  cl_int status = CL_SUCCESS;
  context_ = api_.clCreateContext(nullptr, 1, &device_, nullptr, nullptr, &status);
  if (status == CL_SUCCESS) queue_ = api_.clCreateCommandQueue(context_, device_, 0, &status);
  if (status == CL_SUCCESS) return true;
  absent = name_ + " refuses a context or queue (OpenCL error " + std::to_string(status) + ")";
  return false;
}

Session::~Session() {
  if (queue_) {
    api_.clFinish(queue_);
    api_.clReleaseCommandQueue(queue_);
  }
  if (context_) api_.clReleaseContext(context_);
}

void Session::check(cl_int status, std::string_view what) const {
  if (status == CL_SUCCESS) return;
  const Code code = is_shortage(status) ? Code::out_of_memory : is_loss(status) ? Code::device_lost : Code::host_error;
  throw Error(code, {.message = "opencl: " + std::string(what) + " failed on " + name_ + " (OpenCL error " +
                                std::to_string(status) + ")",
                     .reason = is_shortage(status) ? "DEVICE_MEMORY" : is_loss(status) ? "DEVICE_LOST" : "DEVICE_ERROR",
                     .hint = is_shortage(status) ? "use a smaller batch, or the CPU" : "without naming the device this "
                                                                                       "runs on the CPU"});
}

DeviceBuffer::DeviceBuffer(std::shared_ptr<Session> session, std::size_t bytes)
    : session_(std::move(session)), size_(bytes) {
  const std::uint64_t before = session_->allocated.fetch_add(bytes);
  try {
    if (bytes > session_->device_limit() || before > session_->device_limit() - bytes)
      throw Error(Code::limit_exceeded, {.message = "opencl: " + std::to_string(bytes) + " bytes more on " +
                                                    session_->name(),
                                         .reason = "DEVICE_BYTES",
                                         .expected = "at most " + std::to_string(session_->device_limit()),
                                         .hint = "use a smaller batch or raise the limit deviceBytes"});
    const Api& api = session_->api();
    const std::size_t room = (std::max<std::size_t>(bytes, 1) + 3) / 4 * 4;
    cl_int status = CL_SUCCESS;
    memory_ = api.clCreateBuffer(session_->handle(), CL_MEM_READ_WRITE, room, nullptr, &status);
    session_->check(status, "allocating " + std::to_string(bytes) + " bytes");
    const cl_uint zero = 0;
    session_->check(api.clEnqueueFillBuffer(session_->queue(), memory_, &zero, sizeof zero, 0, room, 0, nullptr, nullptr),
                    "clearing " + std::to_string(bytes) + " bytes");
  } catch (...) {
    if (memory_) session_->api().clReleaseMemObject(memory_);
    session_->allocated -= bytes;
    throw;
  }
}

DeviceBuffer::~DeviceBuffer() {
  session_->api().clReleaseMemObject(memory_);
  session_->allocated -= size_;
}

void DeviceBuffer::read(std::size_t offset, std::span<std::byte> into) {
  check_range(offset, into.size(), size_);
  if (into.empty()) return;
  session_->check(session_->api().clEnqueueReadBuffer(session_->queue(), memory_, CL_TRUE, offset, into.size(),
                                                      into.data(), 0, nullptr, nullptr),
                  "reading a buffer");
}

void DeviceBuffer::write(std::size_t offset, std::span<const std::byte> from) {
  check_range(offset, from.size(), size_);
  if (from.empty()) return;
  session_->check(session_->api().clEnqueueWriteBuffer(session_->queue(), memory_, CL_TRUE, offset, from.size(),
                                                       from.data(), 0, nullptr, nullptr),
                  "writing a buffer");
}

}  // namespace webai::opencl
