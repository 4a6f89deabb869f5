// The functions of a webai_host as the C++ Host and Executor; what is missing is asked of the system's, where allowed.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "capi/finalizer.h"
#include "webai/context.hpp"

namespace webai::capi {

/// Lives as long as anything that was allocated through it, then calls the host's destroy on the loop thread.
class HostBridge final : public Host, public webai_task {
 public:
  /// Takes `destroy` over from `received`. `system` fills in for missing members; none: the context is sandboxed.
  static std::shared_ptr<HostBridge> make(const webai_host& given, Received& received, std::optional<Context> system);

  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept override;
  double now() noexcept override;
  bool entropy(void* bytes, std::size_t size) noexcept override;
  void log(int level, std::string_view text) noexcept override;

  bool has_post() const noexcept { return host_.post != nullptr; }
  void post(webai_task* task) noexcept { host_.post(host_.user_data, task); }
  const webai_host& given() const noexcept { return host_; }

  void run() noexcept override { delete this; }  // as a task: on the loop thread, when nobody uses it any more

 private:
  HostBridge(const webai_host& given, std::optional<Context> system) : host_(given), system_(std::move(system)) {}
  ~HostBridge();
  webai_host host_;
  std::optional<Context> system_;
  webai_destroy destroy_ = nullptr;
  const std::thread::id loop_thread_ = std::this_thread::get_id();
};

/// An executor over the host's dispatch: at most `width` pieces at once, the caller's thread included. What no host
/// thread has begun, the caller does itself.
std::shared_ptr<Executor> make_dispatch_executor(std::shared_ptr<HostBridge> bridge, std::size_t width);

}  // namespace webai::capi
