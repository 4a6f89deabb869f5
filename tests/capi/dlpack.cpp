// Tensors that cross by DLPack: memory is shared where it can be, and given back once.
#include "capi/support.h"

using namespace capi_test;

// As a program that includes dlpack.h would see it.
struct DLManagedTensorVersioned {
  std::uint32_t major, minor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);
  std::uint64_t flags;
  webai_tensor_view dl_tensor;
};

namespace {

struct Foreign {
  DLManagedTensorVersioned managed{};
  alignas(8) float data[6] = {1, 2, 3, 4, 5, 6};
  std::int64_t shape[2] = {2, 3}, strides[2] = {3, 1};
  int deleted = 0;

  Foreign() {
    managed.major = 1;
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensorVersioned* self) { ++static_cast<Foreign*>(self->manager_ctx)->deleted; };
    managed.dl_tensor.data = data;
    managed.dl_tensor.device_type = 1;
    managed.dl_tensor.ndim = 2;
    managed.dl_tensor.type_code = 2;
    managed.dl_tensor.type_bits = 32;
    managed.dl_tensor.type_lanes = 1;
    managed.dl_tensor.shape = shape;
    managed.dl_tensor.strides = strides;
  }
};

}  // namespace

TEST_CASE("a dlpack tensor is taken over with its memory") {
  const ContextHandle context = make_context();
  Foreign foreign;
  Handle tensor;
  REQUIRE(webai_tensor_from_dlpack(context.get(), &foreign.managed, tensor.out(), nullptr) == WEBAI_OK);
  foreign.data[0] = 9;
  CHECK(floats(tensor) == std::vector<float>{9, 2, 3, 4, 5, 6});
  CHECK(foreign.deleted == 0);
  tensor = Handle();
  CHECK(foreign.deleted == 1);
}

TEST_CASE("read-only and strided dlpack tensors are copied and given back at once") {
  const ContextHandle context = make_context();
  Foreign constant, strided;
  constant.managed.flags = 1;
  Handle tensor;
  REQUIRE(webai_tensor_from_dlpack(context.get(), &constant.managed, tensor.out(), nullptr) == WEBAI_OK);
  CHECK(constant.deleted == 1);
  constant.data[0] = 9;
  CHECK(floats(tensor)[0] == 1);
  strided.shape[0] = 3;
  strided.shape[1] = 2;
  strided.strides[0] = 1;
  strided.strides[1] = 3;
  REQUIRE(webai_tensor_from_dlpack(context.get(), &strided.managed, tensor.out(), nullptr) == WEBAI_OK);
  CHECK(strided.deleted == 1);
  CHECK(floats(tensor) == std::vector<float>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("a dlpack tensor that is refused stays the caller's") {
  const ContextHandle context = make_context();
  const auto refused = [&](auto&& change) {
    Foreign foreign;
    change(foreign);
    const Failure failure = failing([&](webai_value** o, webai_error** e) {
      return webai_tensor_from_dlpack(context.get(), &foreign.managed, o, e);
    });
    CHECK(foreign.deleted == 0);
    return failure.status;
  };
  CHECK(refused([](Foreign& f) { f.managed.major = 2; }) == WEBAI_UNSUPPORTED);
  CHECK(refused([](Foreign& f) { f.managed.dl_tensor.device_type = 2; }) == WEBAI_UNSUPPORTED);
  CHECK(refused([](Foreign& f) { f.managed.dl_tensor.type_code = 9; }) == WEBAI_UNSUPPORTED);
  CHECK(refused([](Foreign& f) { f.managed.dl_tensor.data = nullptr; }) == WEBAI_INVALID_ARGUMENT);
  CHECK(refused([](Foreign& f) { f.shape[0] = -2; }) == WEBAI_SHAPE_MISMATCH);
}

TEST_CASE("a tensor handed out by dlpack lives as long as its taker wants") {
  ContextHandle context = make_context();
  DLManagedTensorVersioned* out = nullptr;
  {
    const Handle tensor = make_tensor(context.get(), {1, 2, 3, 4}, {2, 2});
    REQUIRE(webai_tensor_to_dlpack(tensor, &out, nullptr) == WEBAI_OK);
  }
  context.reset();
  REQUIRE(out != nullptr);
  CHECK(out->major == 1);
  CHECK(out->dl_tensor.ndim == 2);
  CHECK(out->dl_tensor.shape[1] == 2);
  CHECK(static_cast<const float*>(out->dl_tensor.data)[3] == 4);
  out->deleter(out);
}
