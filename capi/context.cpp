// The context: counting, what waits for the loop thread, shutdown.
#include "capi/context.h"

#include <algorithm>

#include "capi/guard.h"
#include "capi/registered.h"
#include "webai/error.hpp"

webai_context::webai_context(webai::Context core_context, std::shared_ptr<webai::capi::HostBridge> bridge,
                             Settings chosen)
    : core_(std::move(core_context)),
      bridge_(std::move(bridge)),
      settings_(chosen),
      registrations_(std::make_unique<webai::capi::Registrations>()),
      scheduler_(*this) {}

webai_context::~webai_context() = default;

void webai_context::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void webai_context::charge(std::uint64_t bytes) {
  const std::uint64_t limit = core_.limits().host_bytes, used = core_.allocated_bytes();
  std::uint64_t before = bookkeeping_.load(std::memory_order_relaxed);
  do {
    if (used > limit || before > limit - used || bytes > limit - used - before)
      throw webai::Error(webai::Code::limit_exceeded,
                         {.message = "out of the context's memory: " + std::to_string(bytes) + " bytes wanted, " +
                                     std::to_string(used + before) + " of " + std::to_string(limit) + " in use",
                          .reason = "HOST_BYTES",
                          .hint = "raise the limit host_bytes"});
  } while (!bookkeeping_.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
}

void webai_context::check_alive() const {
  if (is_shut_down()) webai::capi::refuse(webai::Code::shut_down, "SHUT_DOWN", "the context has been shut down");
  if (poisoned_.load(std::memory_order_relaxed))
    webai::capi::refuse(webai::Code::internal, "POISONED", "a bug of the library showed itself in this context before",
                        "release the context and make a new one");
}

void webai_context::post(webai_task* task) noexcept {
  if (has_post()) return bridge_->post(task);
  {
    const std::lock_guard guard(mutex);
    if (!is_shut_down()) {
      task->next = nullptr;
      (last_task_ ? last_task_->next : first_task_) = task;
      last_task_ = task;
      task = nullptr;
    }
  }
  if (task)
    task->run();  // nobody pumps any more
  else
    changed.notify_all();
}

bool webai_context::run_one_task() noexcept {
  webai_task* task;
  {
    const std::lock_guard guard(mutex);
    task = first_task_;
    if (!task) return false;
    first_task_ = task->next;
    if (!first_task_) last_task_ = nullptr;
  }
  task->run();
  return true;
}

webai_context::CallScope::CallScope(webai_context& context) : context_(context) {
  context.check_alive();
  const std::lock_guard guard(context.mutex);
  const std::thread::id own = std::this_thread::get_id();
  const auto depth = std::count(context.callbacks_.begin(), context.callbacks_.end(), own);
  if (static_cast<std::uint64_t>(depth) >= context.settings_.call_depth)
    webai::capi::refuse(webai::Code::limit_exceeded, "CALL_DEPTH",
                        "callbacks are nested more than " + std::to_string(context.settings_.call_depth) + " deep");
  context.callbacks_.push_back(own);
}

webai_context::CallScope::~CallScope() {
  bool shutdown;
  {
    const std::lock_guard guard(context_.mutex);
    const std::thread::id own = std::this_thread::get_id();
    auto& frames = context_.callbacks_;
    frames.erase(std::find(frames.begin(), frames.end(), own));
    shutdown = context_.shutdown_asked_by_ == own && std::find(frames.begin(), frames.end(), own) == frames.end();
    if (shutdown) context_.shutdown_asked_by_ = {};
  }
  if (shutdown) context_.finish_shutdown();
}

bool webai_context::in_callback() noexcept {
  const std::lock_guard guard(mutex);
  return std::find(callbacks_.begin(), callbacks_.end(), std::this_thread::get_id()) != callbacks_.end();
}

void webai_context::shut_down() noexcept {
  if (in_callback()) {
    const std::lock_guard guard(mutex);
    shutdown_asked_by_ = std::this_thread::get_id();
    return;
  }
  finish_shutdown();
}

void webai_context::finish_shutdown() noexcept {
  {
    const std::lock_guard guard(mutex);
    if (shut_down_.exchange(true, std::memory_order_acq_rel)) return;
  }
  scheduler_.cancel_all();
  registrations_->let_go();
  while (run_one_task()) {
  }
}
