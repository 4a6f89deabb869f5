// Elementwise operators on integers and booleans, their kinks, types and spellings.
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/op/broadcast.h"
#include "core/op/elementwise.h"
#include "support/sample_run.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

template <class T> std::vector<T> run_flat(const char* name, const std::vector<std::vector<T>>& operands) {
  Tape tape(context(), registry());
  std::vector<Ref> inputs;
  for (const std::vector<T>& values : operands) {
    Tensor tensor(context(), dtype_of<T>::value, Shape{static_cast<std::int64_t>(values.size())});
    std::copy(values.begin(), values.end(), tensor.span<T>().begin());
    inputs.push_back(tape.variable(tensor));
  }
  const Ref output = tape.emit(name, inputs);
  if (tape.dtype(output) == DType::boolean) {
    std::vector<T> result;
    for (const bool value : tape.value(output).span<bool>()) result.push_back(static_cast<T>(value));
    return result;
  }
  const auto values = tape.value(output).span<T>();
  return {values.begin(), values.end()};
}

using Bytes = std::vector<std::int8_t>;
using Longs = std::vector<std::int64_t>;
using Naturals = std::vector<std::uint64_t>;
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("integers wrap in their own width") {
  CHECK(run_flat<std::int8_t>("add", {{127, -128}, {1, -1}}) == Bytes{-128, 127});
  CHECK(run_flat<std::int8_t>("mul", {{16, 100}, {16, 100}}) == Bytes{0, 16});
  CHECK(run_flat<std::int8_t>("neg", {{-128, 5}}) == Bytes{-128, -5});
  CHECK(run_flat<std::int8_t>("abs", {{-128, -5}}) == Bytes{-128, 5});
  CHECK(run_flat<std::int64_t>("add", {{std::numeric_limits<std::int64_t>::max()}, {1}}) == Longs{lowest});
  CHECK(run_flat<std::uint64_t>("sub", {{0}, {1}}) == Naturals{greatest});
  CHECK(run_flat<std::uint64_t>("mul", {{greatest}, {greatest}}) == Naturals{1});
}

TEST_CASE("integer quotients go towards zero, remainders take the divisor's sign, and zero divides to zero") {
  CHECK(run_flat<std::int64_t>("div", {{7, -7, 7, -7, lowest, 5}, {2, 2, -2, -2, -1, 0}}) ==
        Longs{3, -3, -3, 3, lowest, 0});
  CHECK(run_flat<std::int64_t>("mod", {{7, -7, 7, -7, lowest, 5}, {3, 3, -3, -3, -1, 0}}) == Longs{1, 2, -2, -1, 0, 0});
  CHECK(run_flat<std::uint64_t>("div", {{greatest, 9}, {2, greatest}}) == Naturals{greatest / 2, 0});
  CHECK(run_flat<std::uint64_t>("mod", {{greatest, 9}, {10, greatest}}) == Naturals{5, 9});
}

TEST_CASE("64-bit integers beyond 2^53 compare exactly, with and without sign") {
  constexpr std::int64_t big = (std::int64_t{1} << 60) + 1;
  CHECK(run_flat<std::int64_t>("less", {{big, -1}, {big + 1, 1}}) == Longs{1, 1});
  CHECK(run_flat<std::int64_t>("max", {{big, lowest}, {big - 1, -1}}) == Longs{big, -1});
  CHECK(run_flat<std::uint64_t>("less", {{1, greatest}, {greatest, 1}}) == Naturals{1, 0});
  CHECK(run_flat<std::uint64_t>("min", {{greatest}, {greatest - 1}}) == Naturals{greatest - 1});
  CHECK(run_flat<std::uint64_t>("relu", {{greatest}}) == Naturals{greatest});
  CHECK(run_flat<std::uint64_t>("sign", {{greatest, 0}}) == Naturals{1, 0});
  CHECK(run_flat<std::uint64_t>("clip", {{greatest, 0}}) == Naturals{greatest, 0});
  CHECK(run_flat<std::int64_t>("clip", {{lowest, big}}) == Longs{lowest, big});
  CHECK(run_flat<std::int64_t>("round", {{big}}) == Longs{big});
}

TEST_CASE("every alias leads to an operator and hides none") {
  for (const OperatorAlias& alias : elementwise_aliases()) {
    INFO(alias.alias);
    const OpDef* const op = registry().find("core", alias.name);
    CHECK(op != nullptr);
    CHECK(registry().find("core", alias.alias) == op);
    CHECK(op->name == alias.name);
  }
}

TEST_CASE("every activation takes one input and has defaults for its attributes") {
  std::size_t count = 0;
  for (const OpDef* op : all_operators()) {
    if (!op->activation || !op->elementwise) continue;
    ++count;
    CHECK(op->inputs.size() == 1);
    for (const AttributeSpec& attribute : op->attributes) CHECK(attribute.fallback.has_value());
  }
  CHECK(count >= 24);
}

TEST_CASE("types are kept apart") {
  Tape tape(context(), registry());
  const Ref whole = tape.variable(Tensor(context(), DType::i32, Shape{2}));
  const Ref real = tape.variable(Tensor(context(), DType::fp32, Shape{2}));
  const Ref truth = tape.variable(Tensor(context(), DType::boolean, Shape{2}));
  CHECK_THROWS_AS(tape.emit("exp", {whole}), Error);
  CHECK_THROWS_AS(tape.emit("add", {whole, real}), Error);
  CHECK_THROWS_AS(tape.emit("add", {truth, truth}), Error);
  CHECK_THROWS_AS(tape.emit("logicalAnd", {real, real}), Error);
  CHECK_THROWS_AS(tape.emit("where", {real, real, real}), Error);
  CHECK(tape.dtype(tape.emit("equal", {truth, truth})) == DType::boolean);
  CHECK(tape.dtype(tape.emit("where", {truth, whole, whole})) == DType::i32);
}

TEST_CASE("shapes broadcast from the last axis, symbols only with themselves") {
  const Dimension n = Dimension::symbol(0), m = Dimension::symbol(1);
  CHECK(broadcast(Shape{n, 3}, Shape{3}) == Shape{n, 3});
  CHECK(broadcast(Shape{1, 3}, Shape{n, 1}) == Shape{n, 3});
  CHECK(broadcast(Shape{n}, Shape{n}) == Shape{n});
  CHECK_FALSE(broadcast(Shape{n}, Shape{m}).has_value());
  CHECK_FALSE(broadcast(Shape{n}, Shape{4}).has_value());
  CHECK(broadcast(Shape{0}, Shape{1}) == Shape{0});
  CHECK_FALSE(broadcast(Shape{0}, Shape{2}).has_value());
}
