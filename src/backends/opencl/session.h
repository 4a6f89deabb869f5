// One connection to a device: context, in-order queue, what the device can do, and errors as webai::Error.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "backends/backend.h"
#include "backends/opencl/loader.h"
#include "webai/context.hpp"

namespace webai::opencl {

/// Work-items of a group, for all kernels but the products.
inline constexpr std::size_t group_size = 64;

class Session {
 public:
  /// Null where there is no device: `absent` says why.
  static std::shared_ptr<Session> open(const Context& context, std::string& absent);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Api& api() const noexcept { return api_; }
  cl_device_id device() const noexcept { return device_; }
  cl_context handle() const noexcept { return context_; }
  cl_command_queue queue() const noexcept { return queue_; }
  const std::string& name() const noexcept { return name_; }
  std::size_t memory_bytes() const noexcept { return memory_bytes_; }
  bool is_processor() const noexcept { return is_processor_; }  ///< a CPU, whose work-items are loops
  bool divides_exactly() const noexcept { return divides_exactly_; }
  bool fuses() const noexcept { return fuses_; }  ///< fma is an instruction
  bool keeps_denormals() const noexcept { return keeps_denormals_; }
  std::uint64_t device_limit() const noexcept { return limit_; }

  /// Throws unless `status` is success; `what` continues "opencl: ... failed".
  void check(cl_int status, std::string_view what) const;

  std::atomic<std::uint64_t> allocated{0};  ///< bytes of all buffers

 private:
  Session() = default;
  bool choose(std::string& absent);
  bool connect(std::string& absent);
  template <class T> T property(cl_device_info which) const;

  Api api_;
  cl_device_id device_ = nullptr;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
  std::string name_;
  std::size_t memory_bytes_ = 0;
  std::uint64_t limit_ = 0;
  bool is_processor_ = false, divides_exactly_ = false, fuses_ = false, keeps_denormals_ = false;
};

/// Zeroed memory of the device. Lives no longer than the connection, which it keeps.
class DeviceBuffer final : public Buffer {
 public:
  DeviceBuffer(std::shared_ptr<Session> session, std::size_t bytes);
  ~DeviceBuffer() override;
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  std::size_t size() const noexcept override { return size_; }
  void* host() noexcept override { return nullptr; }
  void read(std::size_t offset, std::span<std::byte> into) override;
  void write(std::size_t offset, std::span<const std::byte> from) override;
  cl_mem memory() const noexcept { return memory_; }

 private:
  std::shared_ptr<Session> session_;
  std::size_t size_;
  cl_mem memory_ = nullptr;
};

}  // namespace webai::opencl
