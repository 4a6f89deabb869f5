// The context behind webai_context: the C++ Context, the host's functions, what waits for the loop thread, and the
// operations that are not finished.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "capi/finalizer.h"
#include "capi/host_bridge.h"
#include "capi/object.h"
#include "capi/scheduler.h"
#include "webai/context.hpp"

namespace webai::capi {
class Registrations;
class Request;
}

struct webai_context {
  struct Settings {
    std::uint32_t flags = 0, backends = 0, call_depth = 64;
    std::uint64_t pending = 100'000;
  };
  webai_context(webai::Context core_context, std::shared_ptr<webai::capi::HostBridge> bridge, Settings chosen);
  ~webai_context();

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept;

  const webai::Context& core() const noexcept { return core_; }
  /// Counts bookkeeping, whose memory comes from operator new, against host_bytes; throws LIMIT_EXCEEDED.
  void charge(std::uint64_t bytes);
  void refund(std::uint64_t bytes) noexcept { bookkeeping_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t bookkeeping() const noexcept { return bookkeeping_.load(std::memory_order_relaxed); }
  const Settings& settings() const noexcept { return settings_; }
  bool is_private() const noexcept { return (settings_.flags & WEBAI_PRIVACY) != 0; }
  double now() const noexcept { return core_.host().now(); }

  bool on_loop_thread() const noexcept { return std::this_thread::get_id() == loop_thread_; }
  bool has_post() const noexcept { return bridge_->has_post(); }
  const webai_host& host() const noexcept { return bridge_->given(); }
  /// Has the task run on the loop thread: by the host's post, else in pump.
  void post(webai_task* task) noexcept;
  /// Runs the first task that waits for pump; false when there is none.
  bool run_one_task() noexcept;

  /// Throws SHUT_DOWN or, after a bug showed itself, INTERNAL.
  void check_alive() const;
  bool is_shut_down() const noexcept { return shut_down_.load(std::memory_order_acquire); }
  void poison() noexcept { poisoned_.store(true, std::memory_order_relaxed); }
  void shut_down() noexcept;

  /// Callbacks of the host that run on this thread: a blocking wait inside one is refused, a shutdown put off.
  class CallScope {
   public:
    explicit CallScope(webai_context& context);  // throws LIMIT_EXCEEDED past call_depth, SHUT_DOWN
    ~CallScope();
    CallScope(const CallScope&) = delete;
    CallScope& operator=(const CallScope&) = delete;

   private:
    webai_context& context_;
  };
  bool in_callback() noexcept;

  webai::capi::Scheduler& scheduler() noexcept { return scheduler_; }
  webai::capi::Registrations& registrations() noexcept { return *registrations_; }
  /// Guards the scheduler, the queue and the frames below. Never held while the host is called.
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<webai::capi::Request*> requests;  ///< that are being worked on, the latest of each thread last

 private:
  void finish_shutdown() noexcept;

  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint64_t> bookkeeping_{0};
  std::atomic<bool> shut_down_{false}, poisoned_{false};
  const webai::Context core_;
  const std::shared_ptr<webai::capi::HostBridge> bridge_;
  const Settings settings_;
  const std::thread::id loop_thread_ = std::this_thread::get_id();
  webai_task* first_task_ = nullptr;
  webai_task* last_task_ = nullptr;
  std::vector<std::thread::id> callbacks_;  // one entry per frame
  std::thread::id shutdown_asked_by_{};     // by a callback of this thread, to be done when it returns
  const std::unique_ptr<webai::capi::Registrations> registrations_;
  webai::capi::Scheduler scheduler_;
};

namespace webai::capi {

template <class T, class... Arguments>
Ref<T> make(webai_context& context, std::uint64_t extra_bytes, Arguments&&... arguments) {
  const std::uint64_t bytes = object_bytes + extra_bytes;
  context.charge(bytes);
  T* object = nullptr;
  try {
    object = new T(std::forward<Arguments>(arguments)...);
  } catch (...) {
    context.refund(bytes);
    throw;
  }
  object->context = &context;
  object->charged = bytes;
  context.retain();
  return Ref<T>::adopt(object);
}

}  // namespace webai::capi
