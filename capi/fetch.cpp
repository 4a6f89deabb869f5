// Asking the host for the bytes behind a name.
#include "capi/fetch.h"

#include "capi/function.h"
#include "capi/guard.h"
#include "capi/tensor.h"

namespace webai::capi {

Tensor fetch_bytes(webai_context& context, const std::string& name) {
  const webai_host& host = context.host();
  if (!host.fetch)
    refuse(Code::denied, "FETCH", "the host of this context fetches nothing (\"" + name + "\")",
           "give the weights as a tensor in setup.data, or the context a host with \"fetch\"");
  const Ref<Promise> promise = make<Promise>(context, 0);
  {
    const webai_context::CallScope scope(context);
    host.fetch(host.user_data, name.data(), name.size(), Ref<Promise>(promise).detach());
  }
  const Value answer = wait_for(context, *promise);
  if (kind_of(answer.get()) != WEBAI_TENSOR) wrong_kind("what the host fetched", "a tensor of u8", answer.get());
  const Tensor& bytes = static_cast<TensorValue*>(answer.get())->tensor();
  return bytes.reshaped(Shape{static_cast<std::int64_t>(bytes.elements())});
}

}  // namespace webai::capi
