// Calling functions of the host, and the entry points around that.
#include "capi/function.h"

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

#include "capi/error.h"
#include "capi/value.h"
#include "webai/stop.hpp"

namespace webai::capi {
namespace {

// What the cause says of itself, as the details of an error are called: a map or an error may.
std::string said_by(webai_value* cause, std::string_view name) {
  webai_value* value = nullptr;
  if (kind_of(cause) == WEBAI_MAP) value = member(cause, name);
  if (kind_of(cause) == WEBAI_ERROR) value = static_cast<ErrorValue*>(cause)->get(name);
  return kind_of(value) == WEBAI_STRING ? static_cast<Text*>(value)->value : std::string();
}

// The failure as the host told it; a status that is none of a failure becomes HOST_ERROR.
HostFailure failure_of(webai_status status, const char* text, std::size_t size, webai_value* cause) {
  const bool known = status < 0 && status > WEBAI_INTERNAL;  // a bug of the host is none of the library
  ErrorDetails details;
  if (text) details.message.assign(text, size == WEBAI_NUL_TERMINATED ? std::strlen(text) : size);
  if (details.message.empty() || !is_utf8(details.message)) details.message = "a function of the host failed";
  details.reason = "CALLBACK";
  details.expected = said_by(cause, "expected");
  details.actual = said_by(cause, "actual");
  details.hint = said_by(cause, "hint");
  return HostFailure(known ? static_cast<Code>(status) : Code::host_error, std::move(details), Value::share(cause));
}

}  // namespace

Value wait_for(webai_context& context, Promise& promise) {
  const StopScope* const stop = StopScope::current();
  std::unique_lock lock(context.mutex);
  while (!promise.settled) {
    if (context.on_loop_thread() && context.has_post())
      refuse(Code::wrong_thread, "LOOP_THREAD", "waiting for a deferred call on the loop thread would stop the loop");
    if (context.is_shut_down())
      refuse(Code::shut_down, "SHUT_DOWN", "the context was shut down during a deferred call");
    // Nobody but the host holds it any more, and the host has let go.
    if (promise.references.load(std::memory_order_acquire) == 1)
      refuse(Code::host_error, "PROMISE_DROPPED", "the promise of a deferred call was released without an answer");
    lock.unlock();
    if (stop) stop->check();
    const StopScope apart{StopScope::Never()};  // a task is of another operation
    const bool ran = context.on_loop_thread() && context.run_one_task();
    lock.lock();
    if (!ran && !promise.settled) context.changed.wait_for(lock, std::chrono::milliseconds(20));
  }
  if (promise.failure) throw HostFailure(*promise.failure);
  return promise.value;
}

Value Function::new_state(std::span<webai_value* const>) {
  refuse(Code::unsupported, "STATELESS", "this function remembers nothing: it has no state");
}

Value Callback::call(std::span<webai_value* const> arguments, CallOutputs* outputs) {
  if (!any_thread() && !context->on_loop_thread())
    refuse(Code::wrong_thread, "CALLBACK_THREAD", "this function of the host is called on the loop thread only",
           "create it with WEBAI_ANY_THREAD, or wait on the loop thread");
  webai_call frame{.context = context, .outputs = outputs};
  webai_value* raw = nullptr;
  webai_status status;
  {
    const webai_context::CallScope scope(*context);
    status = callback_(user_data_, &frame, arguments.data(), arguments.size(), &raw);
  }
  const Value result = Value::adopt(raw);
  if (status == WEBAI_PENDING && frame.promise) return wait_for(*context, *frame.promise);
  if (status == WEBAI_OK) {
    check_context(*context, raw);
    return result;
  }
  if (frame.failure) throw HostFailure(*frame.failure);
  throw failure_of(status, nullptr, 0, nullptr);
}

}  // namespace webai::capi

using namespace webai::capi;

namespace {

// A promise is consumed by its answer; the first answer counts.
template <class Settle> void settle(webai_promise* promise, Settle&& how) noexcept {
  const Value owned = Value::adopt(promise);
  (void)guarded(nullptr, nullptr, [&] {
    Promise& target = expect<Promise>(promise, "promise");
    webai_context& context = *target.context;
    std::optional<HostFailure> failure;
    Value value;
    how(context, value, failure);
    {
      const std::lock_guard guard(context.mutex);
      if (target.settled) return;
      target.settled = true;
      target.value = std::move(value);
      target.failure = std::move(failure);
    }
    context.changed.notify_all();
  });
}

}  // namespace

extern "C" {

webai_status webai_function_create(webai_context* ctx, webai_callback fn, void* user_data, webai_destroy destroy,
                                   uint32_t flags, webai_function** out) {
  Received received(user_data, destroy);
  return produced(ctx, out, nullptr, [&] {
    webai_context& context = required(ctx, "ctx");
    if (!fn) missing("fn");
    if (flags & ~(std::uint32_t{WEBAI_ANY_THREAD} | WEBAI_PURE))
      refuse(webai::Code::invalid_argument, "FLAGS", "unknown flags of a function");
    Ref<Callback> made = make<Callback>(context, 0, fn, user_data, flags);
    made->finalizer = Finalizer::make(context, received, (flags & WEBAI_ANY_THREAD) != 0);
    return made;
  });
}

webai_status webai_function_call(webai_function* fn, webai_value* const* args, size_t count, webai_value** out,
                                 webai_error** err) {
  return produced_by<Function>(fn, "fn", out, err, [&](Function& function, webai_context& context) {
    if (count) required(args, "args");
    for (std::size_t i = 0; i < count; ++i) check_context(context, args[i]);
    return function.call({args, count});
  });
}

webai_status webai_function_new_state(webai_function* fn, webai_value* const* args, size_t count, webai_value** out,
                                      webai_error** err) {
  return produced_by<Function>(fn, "fn", out, err, [&](Function& function, webai_context& context) {
    if (count) required(args, "args");
    for (std::size_t i = 0; i < count; ++i) check_context(context, args[i]);
    return function.new_state({args, count});
  });
}

webai_status webai_call_output(webai_call* call, size_t index, webai_tensor** borrowed) {
  if (borrowed) *borrowed = nullptr;
  return guarded(call ? call->context : nullptr, nullptr, [&] {
    webai_call& frame = required(call, "call");
    required(borrowed, "borrowed");
    if (!frame.outputs)
      refuse(webai::Code::unsupported, "OUTPUT", "this function gives its result back: it has no outputs to write to");
    *borrowed = frame.outputs->at(index).get();  // the frame's outputs keep it
  });
}

webai_context* webai_call_context(webai_call* call) { return call ? call->context : nullptr; }

webai_status webai_call_fail(webai_call* call, webai_status status, const char* text, size_t size, webai_value* cause) {
  if (!call) return WEBAI_INVALID_ARGUMENT;
  const webai_status result = guarded(call->context, nullptr, [&] {
    call->failure.emplace(failure_of(status, text, size, cause));
    return static_cast<webai_status>(call->failure->code());
  });
  return result < 0 ? result : WEBAI_HOST_ERROR;
}

webai_status webai_call_defer(webai_call* call, webai_promise** out) {
  return produced(call ? call->context : nullptr, out, nullptr, [&] {
    webai_call& frame = required(call, "call");
    if (frame.promise) refuse(webai::Code::already_exists, "DEFERRED", "this call is deferred already");
    frame.promise = make<Promise>(*frame.context, 0);
    return frame.promise;
  });
}

void webai_promise_resolve(webai_promise* promise, webai_value* value) {
  settle(promise, [&](webai_context& context, Value& result, std::optional<HostFailure>& failure) {
    if (value && value->context && value->context != &context)
      failure.emplace(failure_of(WEBAI_WRONG_CONTEXT, nullptr, 0, nullptr));
    else
      result = Value::share(value);
  });
}

void webai_promise_reject(webai_promise* promise, webai_status status, const char* text, size_t size,
                          webai_value* cause) {
  settle(promise, [&](webai_context&, Value&, std::optional<HostFailure>& failure) {
    failure.emplace(failure_of(status, text, size, cause));
  });
}

}  // extern "C"
