// Tensors: between views and C++ tensors, and their entry points.
#include "capi/tensor.h"

#include <cstring>
#include <memory>
#include <optional>

#include "capi/future.h"
#include "capi/guard.h"

namespace webai::capi {
namespace {

// DLPack's numbers.
enum { device_cpu = 1, code_int = 0, code_uint = 1, code_float = 2, code_bfloat = 4, code_bool = 6 };

struct ElementType {
  DType type;
  std::uint8_t code, bits;
};
constexpr ElementType element_types[] = {
    {DType::boolean, code_bool, 8}, {DType::i8, code_int, 8},       {DType::i16, code_int, 16},
    {DType::i32, code_int, 32},     {DType::i64, code_int, 64},     {DType::u8, code_uint, 8},
    {DType::u16, code_uint, 16},    {DType::u32, code_uint, 32},    {DType::u64, code_uint, 64},
    {DType::fp16, code_float, 16},  {DType::bf16, code_bfloat, 16}, {DType::fp32, code_float, 32},
    {DType::fp64, code_float, 64}};

DType element_type(const webai_tensor_view& view) {
  if (view.type_lanes == 1)
    for (const ElementType& known : element_types)
      if (known.code == view.type_code && known.bits == view.type_bits) return known.type;
  refuse(Code::unsupported, "TYPE",
         "elements of type code " + std::to_string(view.type_code) + ", " + std::to_string(view.type_bits) + " bits, " +
             std::to_string(view.type_lanes) + " lanes are not supported");
}

Shape checked_shape(const Context& context, const webai_tensor_view& view) {
  if (view.device_type != device_cpu || view.device_id != 0)
    refuse(Code::unsupported, "DEVICE",
           "tensors of device type " + std::to_string(view.device_type) + " number " + std::to_string(view.device_id) +
               " are not supported");
  const std::uint64_t most = std::min<std::uint64_t>(context.limits().rank, Shape::max_rank);
  if (view.ndim < 0) refuse(Code::invalid_argument, "RANK", "a tensor has no negative number of dimensions");
  if (static_cast<std::uint64_t>(view.ndim) > most)
    refuse(Code::limit_exceeded, "RANK",
           "a tensor of rank " + std::to_string(view.ndim) + ", the limit is " + std::to_string(most));
  if (view.ndim && !view.shape) missing("shape");
  for (std::int32_t axis = 0; axis < view.ndim; ++axis)
    if (view.shape[axis] < 0)
      refuse(Code::shape_mismatch, "DIMENSION", "dimension " + std::to_string(axis) + " of a tensor is negative");
  return Shape(std::span<const std::int64_t>(view.shape, static_cast<std::size_t>(view.ndim)));
}

bool is_dense(const webai_tensor_view& view, const Shape& shape) {
  if (!view.strides || shape.elements() == 0) return true;
  const auto dense = strides_of(shape);
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] > 1 && view.strides[axis] != dense[axis]) return false;
  return true;
}

std::byte* first_byte(const webai_tensor_view& view) {
  return view.data ? static_cast<std::byte*>(view.data) + view.byte_offset : nullptr;
}

bool is_aligned(const webai_tensor_view& view, std::size_t size) {
  return reinterpret_cast<std::uintptr_t>(first_byte(view)) % size == 0;
}

// Copies rows of any strides into a dense tensor.
void gather(const webai_tensor_view& view, const std::byte* from, Tensor& to, std::size_t axis, std::byte*& at) {
  const std::size_t size = size_of(to.type());
  const Shape& shape = to.shape();
  if (axis == shape.rank()) {
    std::memcpy(at, from, size);
    at += size;
    return;
  }
  for (std::int64_t i = 0; i < shape[axis]; ++i)
    gather(view, from + i * view.strides[axis] * static_cast<std::int64_t>(size), to, axis + 1, at);
}

class CopyJob final : public Job {
 public:
  CopyJob(Ref<TensorValue> to, Ref<TensorValue> from) : to_(std::move(to)), from_(std::move(from)) {}
  bool advance() override {
    if (to_->tensor().bytes()) std::memmove(to_->tensor().data(), from_->tensor().data(), to_->tensor().bytes());
    return false;
  }
  Value result() override { return {}; }

 private:
  Ref<TensorValue> to_, from_;
};

}  // namespace

TensorValue::TensorValue(Tensor tensor) : webai_value(kind_code), tensor_(std::move(tensor)) {
  strides_ = strides_of(tensor_.shape());
  for (std::size_t axis = 0; axis < tensor_.shape().rank(); ++axis) shape_[axis] = tensor_.shape()[axis];
}

Tensor& TensorValue::no_data() {
  refuse(Code::symbolic, "SYMBOLIC", "this value has no data yet: an operation is being composed of it",
         "return the status WEBAI_SYMBOLIC, then the function is called with numbers on every run");
}

webai_tensor_view TensorValue::view() {
  const ElementType* known = element_types;
  while (known->type != tensor().type()) ++known;
  webai_tensor_view view{};
  view.data = tensor_.data();
  view.device_type = device_cpu;
  view.ndim = static_cast<std::int32_t>(tensor_.shape().rank());
  view.type_code = known->code;
  view.type_bits = known->bits;
  view.type_lanes = 1;
  view.shape = shape_.data();
  view.strides = strides_.data();
  return view;
}

Value copy_of_view(webai_context& context, const webai_tensor_view& view) {
  const DType type = element_type(view);
  const Shape shape = checked_shape(context.core(), view);
  if (!view.data) return make_tensor(context, Tensor(context.core(), type, shape));
  Tensor tensor = Tensor::uninitialised(context.core(), type, shape);
  const std::byte* const first = first_byte(view);
  if (is_dense(view, shape)) {
    if (tensor.bytes()) std::memcpy(tensor.data(), first, tensor.bytes());
  } else {
    std::byte* at = static_cast<std::byte*>(tensor.data());
    gather(view, first, tensor, 0, at);
  }
  return make_tensor(context, std::move(tensor));
}

bool can_wrap(const webai_context& context, const webai_tensor_view& view) {
  const std::size_t size = size_of(element_type(view));
  return is_dense(view, checked_shape(context.core(), view)) && is_aligned(view, size);
}

Value wrap_view(webai_context& context, const webai_tensor_view& view, std::shared_ptr<void> last) {
  const DType type = element_type(view);
  const Shape shape = checked_shape(context.core(), view);
  const std::size_t size = size_of(type);
  if (static_cast<std::uint64_t>(shape.elements()) > context.core().limits().tensor_bytes / size)
    refuse(Code::limit_exceeded, "TENSOR_BYTES", "a tensor of " + shape.text() + " is larger than one may be");
  if (!is_dense(view, shape))
    refuse(Code::unsupported, "STRIDES", "only dense row-major memory can be wrapped",
           "create a tensor instead: it copies");
  if (!view.data && shape.elements()) missing("data");
  if (!is_aligned(view, size))
    refuse(Code::invalid_argument, "ALIGNMENT",
           "the memory to wrap is not aligned to its elements of " + std::to_string(size) + " bytes");
  return make_tensor(context, Tensor::wrap(first_byte(view), type, shape, [last = std::move(last)] {}));
}

Value make_tensor(webai_context& context, Tensor tensor) { return make<TensorValue>(context, 0, std::move(tensor)); }

}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_tensor_create(webai_context* ctx, const webai_tensor_view* view, webai_tensor** out,
                                 webai_error** err) {
  return produced(ctx, out, err, [&] { return copy_of_view(required(ctx, "ctx"), required(view, "view")); });
}

webai_status webai_tensor_wrap(webai_context* ctx, const webai_tensor_view* view, void* user_data,
                               webai_destroy destroy, webai_tensor** out, webai_error** err) {
  Received received(user_data, destroy);
  return produced(ctx, out, err, [&] {
    webai_context& context = required(ctx, "ctx");
    required(view, "view");
    std::shared_ptr<Finalizer> last;
    if (Finalizer::Handle finalizer = Finalizer::make(context, received)) last = std::move(finalizer);
    return wrap_view(context, *view, std::move(last));
  });
}

webai_status webai_tensor_get_view(webai_tensor* tensor, webai_tensor_view* out) {
  if (out) *out = webai_tensor_view{};
  return guarded(context_of(tensor), nullptr,
                 [&] { required(out, "out") = expect<TensorValue>(tensor, "tensor").view(); });
}

webai_status webai_tensor_copy(webai_tensor* to, webai_tensor* from, webai_cancel* cancel, webai_future** out,
                               webai_error** err) {
  webai_context* const context = context_of(to);
  return produced(context, out, err, [&] {
    auto& target = expect<TensorValue>(to, "to");
    auto& source = expect<TensorValue>(from, "from");
    check_context(*context, from);
    if (target.tensor().type() != source.tensor().type())
      refuse(webai::Code::type_mismatch, "TYPE", "tensors of different types cannot be copied");
    if (!(target.tensor().shape() == source.tensor().shape()))
      refuse(webai::Code::shape_mismatch, "SHAPE",
             "a tensor of " + source.tensor().shape().text() + " cannot be copied into one of " +
                 target.tensor().shape().text());
    return submit(*context,
                  std::make_unique<CopyJob>(Ref<TensorValue>::share(&target), Ref<TensorValue>::share(&source)),
                  cancel);
  });
}

}  // extern "C"
