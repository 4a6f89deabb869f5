#include <catch2/catch.hpp>

#include <vector>

#include "code_of.h"
#include "test_host.h"
#include "webai/error.hpp"
#include "webai/tensor.hpp"

using namespace webai;
using webai::test::code_of;
using webai::testing::TestHost;

namespace {

struct Setup {
  std::shared_ptr<TestHost> host = std::make_shared<TestHost>();
  Context context;
  explicit Setup(Context::Options options = {}) : context(host, nullptr, options) {}
};

}  // namespace

TEST_CASE("a new tensor is zero, aligned, and gives its memory back") {
  Setup setup;
  {
    Tensor tensor(setup.context, DType::fp32, Shape{3, 5});
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64 == 0);
    for (const float value : tensor.span<float>()) CHECK(value == 0.0f);
    CHECK(tensor.bytes() == 60);
    CHECK(setup.context.allocated_bytes() == 64);
    const Tensor second = tensor;  // shares
    CHECK(second.data() == tensor.data());
    CHECK(setup.context.allocation_count() == 1);
  }
  CHECK(setup.context.allocated_bytes() == 0);
  CHECK(setup.host->live_bytes == 0);
}

TEST_CASE("a tensor outlives its context's handle") {
  Tensor tensor;
  {
    Setup setup;
    tensor = Tensor::from(setup.context, DType::i32, Shape{2}, std::vector<double>{1, 2});
  }
  CHECK(tensor.at(1) == 2);
}

TEST_CASE("10^12 elements are over the limit, and no memory is asked for") {
  Setup setup;
  CHECK(code_of([&] { Tensor(setup.context, DType::fp32, Shape{1'000'000, 1'000'000}); }) == Code::limit_exceeded);
  CHECK(code_of([&] { Tensor(setup.context, DType::i8, Shape{1'000'000'000'000}); }) == Code::limit_exceeded);
  CHECK(code_of([&] { Tensor(setup.context, DType::i8, Shape{1LL << 62, 1LL << 62}); }) == Code::limit_exceeded);
  CHECK(setup.host->calls == 0);
}

TEST_CASE("without limits a size past the address space is still refused") {
  Context::Options options;
  options.limits.tensor_bytes = options.limits.host_bytes = ~std::uint64_t{0};
  Setup setup(options);
  CHECK(code_of([&] { Tensor(setup.context, DType::fp64, Shape{1LL << 61}); }) == Code::limit_exceeded);
  CHECK(code_of([&] { setup.context.allocate(~std::size_t{0}); }) == Code::limit_exceeded);
  CHECK(setup.host->calls == 0);
}

TEST_CASE("limits are exact: the last allowed size works, one more does not") {
  Context::Options options;
  options.limits.tensor_bytes = 400;
  options.limits.host_bytes = 1024;
  options.limits.rank = 3;
  Setup setup(options);
  CHECK(Tensor(setup.context, DType::fp32, Shape{100}).elements() == 100);
  CHECK(code_of([&] { Tensor(setup.context, DType::fp32, Shape{101}); }) == Code::limit_exceeded);
  CHECK(code_of([&] { Tensor(setup.context, DType::fp32, Shape{1, 1, 1, 1}); }) == Code::limit_exceeded);
  const Tensor first(setup.context, DType::i8, Shape{400}), second(setup.context, DType::i8, Shape{400});
  CHECK(setup.context.allocated_bytes() == 896);
  CHECK(code_of([&] { Tensor(setup.context, DType::i8, Shape{129}); }) == Code::limit_exceeded);
  CHECK(Tensor(setup.context, DType::i8, Shape{128}).elements() == 128);
  CHECK(setup.context.allocated_bytes() == 896);
}

TEST_CASE("a host without memory ends in OUT_OF_MEMORY at each allocation, and the account stays right") {
  for (std::size_t refused = 1; refused <= 4; ++refused) {
    Setup setup;
    setup.host->refuse_call = refused;
    CHECK(code_of([&] {
            const Tensor a(setup.context, DType::fp32, Shape{10});
            const Tensor b = Tensor::from(setup.context, DType::fp16, Shape{2}, std::vector<double>{1, 2});
            const Tensor c = a.clone(setup.context);
            const Tensor d = b.converted(setup.context, DType::fp64);
          }) == Code::out_of_memory);
    CHECK(setup.host->calls == refused);
    CHECK(setup.context.allocated_bytes() == 0);
    CHECK(setup.host->live_bytes == 0);
  }
}

TEST_CASE("wrapped memory is used as it lies and released once, after the last handle") {
  float memory[6] = {1, 2, 3, 4, 5, 6};
  int released = 0;
  {
    Tensor kept;
    {
      const Tensor tensor = Tensor::wrap(memory, DType::fp32, Shape{2, 3}, [&] { ++released; });
      kept = tensor.rows(1, 2);
    }
    CHECK(released == 0);
    CHECK(kept.at(0) == 4);
    kept.set(0, 40);
  }
  CHECK(released == 1);
  CHECK(memory[3] == 40);
  CHECK(Tensor::wrap(memory, DType::fp32, Shape{6}).at(5) == 6);
}

TEST_CASE("wrapping fails cleanly, and still releases") {
  int released = 0;
  CHECK(code_of([&] { Tensor::wrap(nullptr, DType::fp32, Shape{1}, [&] { ++released; }); }) == Code::invalid_argument);
  CHECK(code_of([&] { Tensor::wrap(&released, DType::fp64, Shape{1LL << 61}, [&] { ++released; }); }) ==
        Code::limit_exceeded);
  CHECK(released == 2);
  CHECK(Tensor::wrap(nullptr, DType::fp32, Shape{0, 4}).empty());
}

TEST_CASE("views share memory and check their shape") {
  Setup setup;
  Tensor tensor = Tensor::from(setup.context, DType::fp64, Shape{3, 2}, std::vector<double>{0, 1, 2, 3, 4, 5});
  CHECK(tensor.reshaped(Shape{6}).at(5) == 5);
  CHECK(code_of([&] { tensor.reshaped(Shape{7}); }) == Code::shape_mismatch);
  Tensor rows = tensor.rows(1, 3);
  CHECK(rows.shape() == Shape{2, 2});
  rows.set(0, 20);
  CHECK(tensor.at(2) == 20);
  CHECK(tensor.rows(1, 1).empty());
  CHECK(code_of([&] { tensor.rows(2, 4); }) == Code::invalid_argument);
  CHECK(code_of([&] { tensor.rows(-1, 1); }) == Code::invalid_argument);
  CHECK(code_of([&] { tensor.rows(2, 1); }) == Code::invalid_argument);
  CHECK(code_of([&] { tensor.at(6); }) == Code::invalid_argument);
  CHECK(code_of([&] { tensor.set(6, 0); }) == Code::invalid_argument);
  CHECK(code_of([&] { tensor.span<float>(); }) == Code::type_mismatch);
  CHECK(code_of([&] { Tensor::from(setup.context, DType::fp32, Shape{2}, std::vector<double>{1}); }) ==
        Code::shape_mismatch);
}

TEST_CASE("clones and conversions own their memory") {
  Setup setup;
  const Tensor tensor = Tensor::from(setup.context, DType::fp32, Shape{2}, std::vector<double>{0.1, 300});
  Tensor clone = tensor.clone(setup.context);
  clone.set(0, 9);
  CHECK(tensor.at(0) == static_cast<double>(0.1f));
  CHECK(tensor.converted(setup.context, DType::u8).at(1) == 255);
  CHECK(tensor.converted(setup.context, DType::fp16).at(0) == static_cast<double>(to_float(to_fp16(0.1f))));
}

TEST_CASE("a default tensor and empty tensors can be used") {
  Setup setup;
  const Tensor none;
  CHECK(none.empty());
  CHECK(none.shape() == Shape{0});
  CHECK(none.clone(setup.context).empty());
  const Tensor empty(setup.context, DType::i64, Shape{0, 3});
  CHECK(empty.rows(0, 0).empty());
  CHECK(empty.reshaped(Shape{3, 0}).bytes() == 0);
}

TEST_CASE("a context logs at and below its level and needs a host") {
  Setup setup;
  setup.context.log(0, "error");
  setup.context.log(1, "warning");
  setup.context.log(2, "information");
  CHECK(setup.host->lines == "0error\n1warning\n");
  CHECK(code_of([] { Context(nullptr, nullptr, {}); }) == Code::invalid_argument);
}

TEST_CASE("a context without an executor runs everything on the caller") {
  Setup setup;
  CHECK(setup.context.executor().width() == 1);
  std::vector<std::size_t> order;
  setup.context.executor().each(4, [&](std::size_t index) { order.push_back(index); });
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 3});
}
