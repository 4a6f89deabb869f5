#include <catch2/catch.hpp>

#include <limits>
#include <vector>

#include "code_of.h"
#include "webai/error.hpp"
#include "webai/shape.hpp"

using webai::batch_symbol;
using webai::Code;
using webai::Dimension;
using webai::Error;
using webai::Shape;
using webai::test::code_of;

TEST_CASE("a shape counts, prints and compares") {
  const Shape shape{3, 224, 224};
  CHECK(shape.rank() == 3);
  CHECK(shape.elements() == 150528);
  CHECK(shape.elements(1, 3) == 50176);
  CHECK(shape.text() == "3x224x224");
  CHECK(Shape().text() == "scalar");
  CHECK(Shape().elements() == 1);
  CHECK(Shape{0}.elements() == 0);
  CHECK(shape == Shape{3, 224, 224});
  CHECK_FALSE(shape == Shape{3, 224});
  CHECK_FALSE(shape == Shape{3, 224, 225});
  CHECK_FALSE(Shape{0} == Shape());
}

TEST_CASE("symbols print and refuse to be counted") {
  const Shape shape{batch_symbol, 10, Dimension::symbol(3)};
  CHECK(shape.text() == "n0x10xn3");
  CHECK_FALSE(shape.is_concrete());
  CHECK(Dimension::symbol(3).symbol_number() == 3);
  CHECK(code_of([&] { shape.elements(); }) == Code::internal);
  CHECK(shape.elements(1, 2) == 10);
  CHECK(shape.with(0, 4).with(2, 2).is_concrete());
}

TEST_CASE("products that overflow 63 bits are refused, unless a length is 0") {
  constexpr std::int64_t big = std::int64_t{1} << 32;
  CHECK(code_of([] { Shape{big, big}.elements(); }) == Code::limit_exceeded);
  CHECK(code_of([] { Shape{big, big / 2}.elements(); }) == Code::limit_exceeded);
  CHECK(Shape{big, big / 4}.elements() == std::int64_t{1} << 62);
  CHECK(Shape{std::numeric_limits<std::int64_t>::max()}.elements() == std::numeric_limits<std::int64_t>::max());
  CHECK(Shape{big, big, 0}.elements() == 0);
  CHECK(Shape{0, big, big}.elements() == 0);
  CHECK(strides_of(Shape{0, big, big})[0] == 0);
}

TEST_CASE("ranks past eight and negative lengths are refused") {
  CHECK(Shape{1, 2, 3, 4, 5, 6, 7, 8}.elements() == 40320);
  CHECK(code_of([] { Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}; }) == Code::limit_exceeded);
  CHECK(code_of([] { Shape{1, 2, 3, 4, 5, 6, 7, 8}.append(1); }) == Code::limit_exceeded);
  CHECK(code_of([] { Shape{1, 2, 3, 4, 5, 6, 7, 8}.inserted(0, 1); }) == Code::limit_exceeded);
  const std::vector<std::int64_t> negative{2, -1};
  CHECK(code_of([&] { Shape shape{std::span<const std::int64_t>(negative)}; }) == Code::invalid_argument);
}

TEST_CASE("dimensions are replaced, removed and inserted") {
  const Shape shape{2, 3, 4};
  CHECK(shape.with(1, 7) == Shape{2, 7, 4});
  CHECK(shape.without(0) == Shape{3, 4});
  CHECK(shape.without(2) == Shape{2, 3});
  CHECK(shape.inserted(0, 9) == Shape{9, 2, 3, 4});
  CHECK(shape.inserted(3, 9) == Shape{2, 3, 4, 9});
}

TEST_CASE("strides are row-major") {
  const auto strides = strides_of(Shape{2, 3, 4});
  CHECK(strides[0] == 12);
  CHECK(strides[1] == 4);
  CHECK(strides[2] == 1);
}
