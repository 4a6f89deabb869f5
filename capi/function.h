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

/// What webai_call_output gives: the tensors that a callback may write its result to.
class CallOutputs {
 public:
  virtual Value at(std::size_t index) = 0;  ///< the same one each time; throws where there is none

 protected:
  ~CallOutputs() = default;
};

/// A function as a value: of the host, or of the library.
class Function : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_FUNCTION;

  /// Calls it on this thread. Throws WRONG_THREAD for a function of the loop thread on another one, and what it fails
  /// with. `outputs` may be null.
  virtual Value call(std::span<webai_value* const> arguments, CallOutputs* outputs = nullptr) = 0;
  /// What it remembers between two calls, at the start. Throws UNSUPPORTED where that is nothing.
  virtual Value new_state(std::span<webai_value* const> arguments);
  virtual bool any_thread() const noexcept = 0;
  virtual bool is_pure() const noexcept = 0;

 protected:
  Function() : webai_value(kind_code) {}
  ~Function() = default;
};

/// The value as a function; null where it is none.
inline Ref<Function> function_of(webai_value* value) {
  return value && value->kind == WEBAI_FUNCTION ? Ref<Function>::share(static_cast<Function*>(value)) : Ref<Function>();
}

/// One of the host.
class Callback final : public Function {
 public:
  Callback(webai_callback callback, void* user_data, std::uint32_t flags)
      : callback_(callback), user_data_(user_data), flags_(flags) {}
  void destroy() noexcept override { delete this; }
  Value call(std::span<webai_value* const> arguments, CallOutputs* outputs) override;
  bool any_thread() const noexcept override { return (flags_ & WEBAI_ANY_THREAD) != 0; }
  bool is_pure() const noexcept override { return (flags_ & WEBAI_PURE) != 0; }
  Finalizer::Handle finalizer;

 private:
  ~Callback() = default;
  webai_callback callback_;
  void* user_data_;
  std::uint32_t flags_;
};

}  // namespace webai::capi

/// The frame of a callback that runs.
struct webai_call {
  webai_context* context;
  webai::capi::CallOutputs* outputs = nullptr;
  std::optional<webai::capi::HostFailure> failure = {};
  webai::capi::Ref<webai::capi::Promise> promise = {};
};
