// Functions of the host as values, the frame of a call, and promises for calls that finish later.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "capi/context.h"
#include "capi/error.h"
#include "capi/object.h"

namespace webai::capi {

/// What a deferred call will give. Guarded by the context's mutex until it is settled.
class Promise final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_PROMISE;
  Promise() : webai_value(kind_code) {}
  void destroy() noexcept override { delete this; }
  bool settled = false;
  Value value;
  std::optional<HostFailure> failure;

 private:
  ~Promise() = default;
};

/// What the promise is settled with, waited for by the rules of webai_future_wait. Throws WRONG_THREAD on the loop thread
/// of a host that posts, and what the promise is rejected with.
Value wait_for(webai_context& context, Promise& promise);

class Function final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_FUNCTION;
  Function(webai_callback callback, void* user_data, std::uint32_t flags)
      : webai_value(kind_code), callback_(callback), user_data_(user_data), flags_(flags) {}
  void destroy() noexcept override { delete this; }

  /// Calls it on this thread. Throws WRONG_THREAD for a function of the loop thread on another one, and what it fails
  /// with.
  Value call(std::span<webai_value* const> arguments);
  bool any_thread() const noexcept { return (flags_ & WEBAI_ANY_THREAD) != 0; }
  Finalizer::Handle finalizer;

 private:
  ~Function() = default;
  webai_callback callback_;
  void* user_data_;
  std::uint32_t flags_;
};

}  // namespace webai::capi

/// The frame of a callback that runs.
struct webai_call {
  webai_context* context;
  std::optional<webai::capi::HostFailure> failure = {};
  webai::capi::Ref<webai::capi::Promise> promise = {};
};
