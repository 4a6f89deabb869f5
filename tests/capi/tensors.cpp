#include "capi/support.h"

using namespace capi_test;

namespace {

webai_tensor_view view_of(void* data, std::int64_t* shape, int rank, int code, int bits) {
  webai_tensor_view view{};
  view.data = data;
  view.device_type = 1;
  view.ndim = rank;
  view.type_code = static_cast<std::uint8_t>(code);
  view.type_bits = static_cast<std::uint8_t>(bits);
  view.type_lanes = 1;
  view.shape = shape;
  return view;
}

webai_status create(webai_context* context, const webai_tensor_view& view, Handle& out) {
  return webai_tensor_create(context, &view, out.out(), nullptr);
}

}  // namespace

TEST_CASE("a tensor is zeros without data, else a copy") {
  const ContextHandle context = make_context();
  std::int64_t shape[] = {2, 3};
  Handle tensor;
  REQUIRE(create(context.get(), view_of(nullptr, shape, 2, 2, 32), tensor) == WEBAI_OK);
  CHECK(floats(tensor) == std::vector<float>(6, 0.f));
  float data[] = {1, 2, 3, 4, 5, 6};
  REQUIRE(create(context.get(), view_of(data, shape, 2, 2, 32), tensor) == WEBAI_OK);
  data[0] = 9;
  CHECK(floats(tensor) == std::vector<float>{1, 2, 3, 4, 5, 6});
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(tensor, &view) == WEBAI_OK);
  CHECK(view.ndim == 2);
  CHECK(view.shape[0] == 2);
  CHECK(view.shape[1] == 3);
  CHECK(view.strides[0] == 3);
  CHECK(view.strides[1] == 1);
  CHECK(view.device_type == 1);
  CHECK(view.byte_offset == 0);
  CHECK(webai_value_size(tensor) == 6);
}

TEST_CASE("strides and offset are followed when copying") {
  const ContextHandle context = make_context();
  float data[] = {0, 1, 2, 3, 4, 5, 6};
  std::int64_t shape[] = {3, 2}, strides[] = {1, 3};
  webai_tensor_view view = view_of(data, shape, 2, 2, 32);
  view.strides = strides;
  view.byte_offset = 4;
  Handle tensor;
  REQUIRE(create(context.get(), view, tensor) == WEBAI_OK);
  CHECK(floats(tensor) == std::vector<float>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("every element type has its code, others are UNSUPPORTED") {
  const ContextHandle context = make_context();
  std::int64_t shape[] = {1};
  double memory = 0;
  const std::pair<int, int> known[] = {{0, 8},  {0, 16}, {0, 32}, {0, 64}, {1, 8},  {1, 16}, {1, 32},
                                       {1, 64}, {2, 16}, {2, 32}, {2, 64}, {4, 16}, {6, 8}};
  for (const auto& [code, bits] : known) {
    Handle tensor;
    INFO(code << " " << bits);
    REQUIRE(create(context.get(), view_of(&memory, shape, 1, code, bits), tensor) == WEBAI_OK);
    webai_tensor_view view;
    REQUIRE(webai_tensor_get_view(tensor, &view) == WEBAI_OK);
    CHECK(view.type_code == code);
    CHECK(view.type_bits == bits);
    CHECK(view.type_lanes == 1);
  }
  for (const auto& [code, bits] : {std::pair{0, 4}, std::pair{2, 8}, std::pair{3, 64}, std::pair{5, 64}}) {
    Handle tensor;
    CHECK(create(context.get(), view_of(&memory, shape, 1, code, bits), tensor) == WEBAI_UNSUPPORTED);
  }
  webai_tensor_view view = view_of(&memory, shape, 1, 2, 32);
  Handle tensor;
  view.type_lanes = 4;
  CHECK(create(context.get(), view, tensor) == WEBAI_UNSUPPORTED);
  view = view_of(&memory, shape, 1, 2, 32);
  view.device_type = 4;
  CHECK(create(context.get(), view, tensor) == WEBAI_UNSUPPORTED);
}

TEST_CASE("hostile shapes are refused before memory is taken") {
  const ContextHandle context = make_context();
  Handle tensor;
  std::int64_t negative[] = {-1}, huge[] = {std::int64_t{1} << 40}, overflow[] = {INT64_MAX, INT64_MAX};
  std::int64_t many[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  CHECK(create(context.get(), view_of(nullptr, negative, 1, 2, 32), tensor) == WEBAI_SHAPE_MISMATCH);
  CHECK(create(context.get(), view_of(nullptr, huge, 1, 2, 32), tensor) == WEBAI_LIMIT_EXCEEDED);
  CHECK(create(context.get(), view_of(nullptr, overflow, 2, 2, 32), tensor) == WEBAI_LIMIT_EXCEEDED);
  CHECK(create(context.get(), view_of(nullptr, many, 9, 2, 32), tensor) == WEBAI_LIMIT_EXCEEDED);
  CHECK(create(context.get(), view_of(nullptr, many, -1, 2, 32), tensor) == WEBAI_INVALID_ARGUMENT);
  CHECK(create(context.get(), view_of(nullptr, nullptr, 1, 2, 32), tensor) == WEBAI_INVALID_ARGUMENT);
  CHECK(tensor == nullptr);
  std::int64_t none[] = {0, 5};
  CHECK(create(context.get(), view_of(nullptr, none, 2, 2, 32), tensor) == WEBAI_OK);
  CHECK(webai_value_size(tensor) == 0);
  CHECK(create(context.get(), view_of(nullptr, nullptr, 0, 2, 32), tensor) == WEBAI_OK);
  CHECK(webai_value_size(tensor) == 1);
}

TEST_CASE("wrapped memory is the caller's own") {
  const ContextHandle context = make_context();
  alignas(8) float data[] = {1, 2, 3, 4};
  std::int64_t shape[] = {4};
  webai_tensor_view view = view_of(data, shape, 1, 2, 32);
  Handle tensor;
  REQUIRE(webai_tensor_wrap(context.get(), &view, nullptr, nullptr, tensor.out(), nullptr) == WEBAI_OK);
  data[2] = 7;
  CHECK(floats(tensor) == std::vector<float>{1, 2, 7, 4});
  view.data = reinterpret_cast<char*>(data) + 1;
  CHECK(webai_tensor_wrap(context.get(), &view, nullptr, nullptr, tensor.out(), nullptr) == WEBAI_INVALID_ARGUMENT);
  view.data = nullptr;
  CHECK(webai_tensor_wrap(context.get(), &view, nullptr, nullptr, tensor.out(), nullptr) == WEBAI_INVALID_ARGUMENT);
  std::int64_t every_second[] = {2}, two[] = {2};
  view = view_of(data, two, 1, 2, 32);
  view.strides = every_second;
  CHECK(webai_tensor_wrap(context.get(), &view, nullptr, nullptr, tensor.out(), nullptr) == WEBAI_UNSUPPORTED);
}

TEST_CASE("tensors are copied into each other by a future") {
  const ContextHandle context = make_context();
  const Handle from = make_tensor(context.get(), {1, 2, 3}, {3}), to = make_tensor(context.get(), {0, 0, 0}, {3});
  webai_future* future = nullptr;
  REQUIRE(webai_tensor_copy(to, from, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(await(future) == nullptr);
  CHECK(floats(to) == std::vector<float>{1, 2, 3});
  const Handle other = make_tensor(context.get(), {0, 0, 0}, {3, 1});
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_tensor_copy(other, from, nullptr, o, e);
        }).status == WEBAI_SHAPE_MISMATCH);
}

TEST_CASE("IO-07 the numbers of a list come into a run, and leave it, as the model's type can hold them") {
  const ContextHandle context = make_context();
  const auto through = [&](const char* type, const char* numbers) {
    const Handle net = make_network(context.get(), (R"({"dataType":")" + std::string(type) + R"(","layers":[2,{"type":"identity"}]})").c_str());
    const Handle in = json(context.get(), numbers);
    Handle out;
    REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
    webai_tensor_view view;
    REQUIRE(webai_tensor_get_view(out, &view) == WEBAI_OK);
    CHECK(view.type_code == 2);
    return std::to_string(view.type_bits) + " " + to_json(out);
  };
  CHECK(through("fp64", "[0.1,1e300]") == "64 [0.1,1e+300]");
  CHECK(through("fp32", "[0.1,16777217]").starts_with("32 [0.1000000014901161"));
  CHECK(through("fp16", "[0.5,2049]") == "16 [0.5,2048]");
}
