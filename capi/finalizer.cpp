#include "capi/finalizer.h"

#include "capi/context.h"

namespace webai::capi {

Finalizer::Finalizer(webai_context& context, void* user_data, bool any_thread)
    : context_(&context), user_data_(user_data), any_thread_(any_thread) {
  context.retain();
}

Finalizer::Handle Finalizer::make(webai_context& context, Received& received, bool any_thread) {
  if (!received.pending()) return {};
  auto* const made = new Finalizer(context, received.user_data(), any_thread);
  made->destroy_ = received.take();
  return Handle(made);
}

void Finalizer::run() noexcept {
  webai_context* const context = context_;
  destroy_(user_data_);
  delete this;
  context->release();
}

void Finalizer::LetGo::operator()(Finalizer* finalizer) const noexcept {
  if (finalizer->any_thread_ || finalizer->context_->on_loop_thread())
    finalizer->run();
  else
    finalizer->context_->post(finalizer);
}

}  // namespace webai::capi
