#include "capi/future.h"

#include "capi/guard.h"

namespace webai::capi {

Ref<Future> submit(webai_context& context, std::unique_ptr<Job> job, webai_value* cancel, Placement placement) {
  Ref<Cancel> token = Ref<Cancel>::share(cancel_argument(context, cancel));
  Ref<Future> future = make<Future>(context, 0, std::move(job), std::move(token), std::move(placement));
  if (future->placement.at_once) {
    while (!run_slice(context, *future, 0)) {
    }
    future->finished = true;
    return future;
  }
  context.scheduler().submit(*future);
  return future;
}

void check_cancel(const Cancel* cancel) {
  if (cancel && cancel->fired()) refuse(Code::cancelled, "CANCELLED", "the operation was cancelled",
                                         "what was finished before stays (of a training, its last batch); begin again with a new token");
}

Cancel* cancel_argument(const webai_context& context, webai_value* cancel) {
  if (!cancel) return nullptr;
  check_context(context, cancel);
  return &expect<Cancel>(cancel, "cancel");
}

void Future::Then::run() noexcept {
  webai_context* const context = future->context;
  context->retain();
  // After shutdown nothing is called back any more.
  (void)guarded(nullptr, nullptr, [&] {
    if (context->is_shut_down()) return;
    const webai_context::CallScope scope(*context);
    done(user_data, future->status, future->result.get(), future->error.get());
  });
  if (destroy) destroy(user_data);
  delete this;
  context->release();
}

}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_future_wait(webai_future* future, uint32_t timeout_ms) {
  return guarded(context_of(future), nullptr, [&] {
    auto& awaited = expect<Future>(future, "future");
    return awaited.context->scheduler().wait(awaited, timeout_ms) ? awaited.status : WEBAI_PENDING;
  });
}

webai_status webai_future_then(webai_future* future, webai_done done, void* user_data, webai_destroy destroy) {
  Received received(user_data, destroy);
  return guarded(context_of(future), nullptr, [&] {
    auto& awaited = expect<Future>(future, "future");
    if (!done) missing("done");
    auto then = std::make_unique<Future::Then>();
    then->future = Ref<Future>::share(&awaited);
    then->done = done;
    then->user_data = user_data;
    then->destroy = received.take();
    Future::Then* const owned = then.release();
    webai_context& context = *awaited.context;
    {
      const std::lock_guard guard(context.mutex);
      if (!awaited.finished) {
        owned->next = awaited.thens;
        awaited.thens = owned;
        return;
      }
    }
    context.post(owned);
  });
}

webai_status webai_await(webai_future* consumed, webai_value** out, webai_error** err) {
  const Value owned = Value::adopt(consumed);
  if (out) *out = nullptr;
  return guarded(context_of(consumed), err, [&] {
    auto& awaited = expect<Future>(consumed, "consumed");
    required(out, "out");
    awaited.context->scheduler().wait(awaited, WEBAI_FOREVER);
    if (awaited.status < 0) {
      if (err) *err = Value(awaited.error).detach();
    } else {
      *out = Value(awaited.result).detach();
    }
    return awaited.status;
  });
}

webai_status webai_cancel_create(webai_context* ctx, webai_cancel** out) {
  return produced(ctx, out, nullptr, [&] { return make<Cancel>(required(ctx, "ctx"), 0); });
}

void webai_cancel_fire(webai_cancel* cancel) {
  if (kind_of(cancel) == WEBAI_CANCEL) static_cast<Cancel*>(cancel)->fire();
}

int32_t webai_cancel_fired(webai_cancel* cancel) {
  return kind_of(cancel) == WEBAI_CANCEL && static_cast<Cancel*>(cancel)->fired() ? 1 : 0;
}

}  // extern "C"
