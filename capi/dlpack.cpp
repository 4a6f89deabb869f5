// Tensors from and to DLPack, sharing memory where that is possible.
#include "capi/dlpack.h"

#include <memory>

#include "capi/guard.h"
#include "capi/tensor.h"

namespace webai::capi {
namespace {

// What to_dlpack hands out: the struct, and the tensor that keeps its memory.
struct Exported {
  DLManagedTensorVersioned managed{};
  Ref<TensorValue> tensor;
};

void give_back(DLManagedTensorVersioned* managed) noexcept {
  if (managed && managed->deleter) managed->deleter(managed);
}

struct Keeper {
  DLManagedTensorVersioned* managed = nullptr;
  ~Keeper() { give_back(managed); }
};

Value import(webai_context& context, DLManagedTensorVersioned& given) {
  if (given.version.major != dlpack_major)
    refuse(Code::unsupported, "DLPACK_VERSION",
           "DLPack of major version " + std::to_string(given.version.major) + " is not supported");
  const webai_tensor_view& view = given.dl_tensor;
  if (!view.data) {  // which would mean zeros to webai_tensor_create
    if (view.ndim > 0) required(view.shape, "shape");
    bool empty = false;
    for (std::int32_t axis = 0; axis < view.ndim; ++axis) empty = empty || view.shape[axis] == 0;
    if (!empty) missing("data");
  }
  if ((given.flags & dlpack_read_only) || !can_wrap(context, view)) {
    Value copied = copy_of_view(context, view);
    give_back(&given);
    return copied;
  }
  // The memory goes back with the tensor; until there is one the input stays the caller's.
  const auto keeper = std::make_shared<Keeper>();
  Value made = wrap_view(context, view, keeper);
  keeper->managed = &given;
  return made;
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_tensor_from_dlpack(webai_context* ctx, struct DLManagedTensorVersioned* in, webai_tensor** out,
                                      webai_error** err) {
  return produced(ctx, out, err, [&] { return import(required(ctx, "ctx"), required(in, "in")); });
}

webai_status webai_tensor_to_dlpack(webai_tensor* tensor, struct DLManagedTensorVersioned** out, webai_error** err) {
  if (out) *out = nullptr;
  return guarded(context_of(tensor), err, [&] {
    auto& given = expect<TensorValue>(tensor, "tensor");
    required(out, "out");
    given.context->check_alive();
    auto exported = std::make_unique<Exported>();
    exported->tensor = Ref<TensorValue>::share(&given);
    exported->managed.version = {dlpack_major, dlpack_minor};
    exported->managed.manager_ctx = exported.get();
    exported->managed.deleter = [](DLManagedTensorVersioned* self) {
      delete static_cast<Exported*>(self->manager_ctx);
    };
    exported->managed.dl_tensor = given.view();
    *out = &exported.release()->managed;
  });
}

}  // extern "C"
