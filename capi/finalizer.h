// Pieces of work for the loop thread, and the one of them that gives memory or a closure back to the host.
#pragma once

#include <memory>

#include "capi/object.h"

/// A piece of work that is run exactly once, by the host or in pump, and deletes itself.
struct webai_task {
  webai_task* next = nullptr;  // while it waits in the context's queue
  virtual void run() noexcept = 0;

 protected:
  ~webai_task() = default;
};

namespace webai::capi {

/// Holds user_data until somebody takes it over; calls destroy if nobody did.
class Received {
 public:
  Received(void* user_data, webai_destroy destroy) noexcept : user_data_(user_data), destroy_(destroy) {}
  ~Received() {
    if (destroy_) destroy_(user_data_);
  }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
  void* user_data() const noexcept { return user_data_; }
  bool pending() const noexcept { return destroy_ != nullptr; }
  webai_destroy take() noexcept { return std::exchange(destroy_, nullptr); }

 private:
  void* user_data_;
  webai_destroy destroy_;
};

/// Will call destroy(user_data) once: on the loop thread, or wherever it is let go when `any_thread`.
class Finalizer final : public webai_task {
 public:
  struct LetGo {
    void operator()(Finalizer* finalizer) const noexcept;
  };
  using Handle = std::unique_ptr<Finalizer, LetGo>;
  /// Null when there is nothing to call.
  static Handle make(webai_context& context, Received& received, bool any_thread = false);
  void run() noexcept override;

 private:
  Finalizer(webai_context& context, void* user_data, bool any_thread);
  ~Finalizer() = default;
  webai_context* context_;
  void* user_data_;
  webai_destroy destroy_ = nullptr;
  bool any_thread_;
};

}  // namespace webai::capi
