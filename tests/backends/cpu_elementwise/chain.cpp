// Fused chains against the reference, step by step: shapes, types, aliasing, threads, epilogues.
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "../cpu_kernels/support.h"
#include "backends/cpu/elementwise_chain.h"
#include "core/op/broadcast.h"
#include "core/op/evaluate.h"
#include "core/op/registry.h"
#include "support/sample_run.h"

using namespace webai;
using namespace webai::cpu;
using webai::test::registry;

namespace {

ChainStep step(const char* name, std::vector<std::int32_t> operands, std::vector<double> attributes = {}) {
  return {&registry().get(name), std::move(operands), std::move(attributes)};
}

/// Memory of one operand: filled with numbers of its type, and a guard behind.
struct Memory {
  Memory(const ValueType& type, std::uint32_t seed) : type(type) {
    const auto count = static_cast<std::size_t>(type.shape.elements());
    bytes.resize(count * size_of(type.type) + 64, std::byte{0x5a});
    const std::vector<float> values = kernel_test::numbers(count, seed);
    for (std::size_t i = 0; i < count; ++i) {
      store_double(type.type, bytes.data(), i, type.type == DType::boolean ? values[i] > 0 : values[i] * 4);
    }
  }
  bool guarded() const {
    for (std::size_t i = bytes.size() - 64; i < bytes.size(); ++i) {
      if (bytes[i] != std::byte{0x5a}) return false;
    }
    return true;
  }
  Operand operand() { return {bytes.data(), type.type, type.shape}; }
  std::size_t size() const { return bytes.size() - 64; }
  ValueType type;
  std::vector<std::byte> bytes;
};

struct ChainCase {
  Chain chain;
  std::vector<ChainOperand> inputs, results;
  std::vector<Memory> memory, expected;

  ChainCase(Chain steps, const std::vector<ValueType>& types, const std::vector<DType>& result_types)
      : chain(std::move(steps)) {
    Shape shape;
    for (const ValueType& type : types) {
      shape = broadcast(shape, type.shape).value();
      inputs.push_back({type});
      memory.emplace_back(type, static_cast<std::uint32_t>(memory.size() + 1));
    }
    for (const DType type : result_types) {
      results.push_back({{type, shape}});
      expected.emplace_back(results.back().type, 99);
    }
    std::vector<Operand> in, out;
    for (Memory& each : memory) in.push_back(each.operand());
    for (Memory& each : expected) out.push_back(each.operand());
    evaluate_chain(chain, in, out);
  }
  std::vector<const void*> pointers() const {
    std::vector<const void*> result;
    for (const Memory& each : memory) result.push_back(each.bytes.data());
    return result;
  }
  void check(Executor* executor = nullptr) const {
    REQUIRE_FALSE(ChainKernel::refuses(chain, inputs, results).has_value());
    const ChainKernel kernel(chain, inputs, results);
    std::vector<Memory> found;
    std::vector<void*> targets;
    for (const ChainOperand& result : results) found.emplace_back(result.type, 7);
    for (Memory& each : found) targets.push_back(each.bytes.data());
    kernel.run(pointers().data(), targets.data(), executor);
    for (std::size_t i = 0; i < found.size(); ++i) {
      REQUIRE(found[i].guarded());
      REQUIRE(std::memcmp(found[i].bytes.data(), expected[i].bytes.data(), found[i].size()) == 0);
    }
  }
};

/// (a + b) * a, then the positive part: operators that fp32 rounds once, so chain and reference have the same bits.
Chain three_steps() { return {2, {step("add", {0, 1}), step("mul", {2, 0}), step("relu", {3})}, {4}}; }
/// Two results, a condition, a value used late.
Chain two_results() {
  return {
      3,
      {step("sub", {0, 1}), step("less", {3, 2}), step("where", {4, 0, 3}), step("mul", {5, 1}), step("max", {6, 3})},
      {5, 7}};
}
ValueType floats(Shape shape) { return {DType::fp32, shape}; }

}  // namespace

TEST_CASE("chains broadcast as the reference does, whatever the shapes") {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{}, {}},
                                                       {{1}, {}},
                                                       {{3}, {3}},
                                                       {{3}, {}},
                                                       {{}, {3}},
                                                       {{16}, {16}},
                                                       {{64}, {64}},
                                                       {{65}, {65}},
                                                       {{1000}, {1000}},
                                                       {{4099}, {4099}},
                                                       {{4099}, {}},
                                                       {{32, 10}, {10}},
                                                       {{32, 10}, {32, 1}},
                                                       {{33, 100}, {100}},
                                                       {{5, 300}, {300}},
                                                       {{5, 300}, {5, 1}},
                                                       {{7, 2048}, {2048}},
                                                       {{7, 2050}, {7, 1}},
                                                       {{7, 1}, {1, 2050}},
                                                       {{3, 1, 5}, {4, 1}},
                                                       {{2, 3, 4, 5}, {3, 1, 5}},
                                                       {{6, 1, 40}, {6, 50, 1}},
                                                       {{2, 1, 3, 1, 2, 1}, {2, 1, 3, 1, 2}},
                                                       {{0, 4}, {4}},
                                                       {{4, 0}, {}},
                                                       {{1, 1, 1}, {1}},
                                                       {{2, 3, 64}, {2, 1, 64}},
                                                       {{64, 3}, {1, 3}},
                                                       {{17, 23}, {17, 23}}};
  for (const auto& [a, b] : shapes) {
    INFO(a.text() << " and " << b.text());
    ChainCase(three_steps(), {floats(a), floats(b)}, {DType::fp32}).check();
    ChainCase(two_results(), {floats(a), floats(b), floats({})}, {DType::fp32, DType::fp32}).check();
  }
}

TEST_CASE("every pair that is computed in one pass has the bits of two") {
  kernel_test::on_each_target([](const KernelTarget& target) {
    for (const TilePair& pair : tile_pairs()) {
      const int first = registry().get(pair.first).elementwise->inputs,
                all = registry().get(pair.second).elementwise->inputs;
      std::vector<std::int32_t> others;
      const std::int32_t inputs = first + all - 1;
      for (std::int32_t i = first; i < inputs; ++i) others.push_back(i);
      others.insert(others.begin() + pair.position, inputs);
      std::vector<std::int32_t> own;
      for (std::int32_t i = 0; i < first; ++i) own.push_back(i);
      const Chain chain{inputs,
                        {step(std::string(pair.first).c_str(), own), step(std::string(pair.second).c_str(), others)},
                        {inputs + 1}};
      // Both results: then they cannot be one pass.
      Chain apart = chain;
      apart.results.push_back(inputs);
      INFO(target.name << ": " << pair.first << " then " << pair.second << ", operand " << pair.position);
      for (const Shape& shape : {Shape{5}, Shape{500}}) {
        const std::vector<ValueType> types(static_cast<std::size_t>(inputs), floats(shape));
        ChainCase(chain, types, {DType::fp32}).check();
        if (pair.second != "where") ChainCase(apart, types, {DType::fp32, DType::fp32}).check();
      }
    }
  });
}

TEST_CASE("every processor target runs chains alike") {
  kernel_test::on_each_target([](const KernelTarget& target) {
    INFO(target.name);
    ChainCase(three_steps(), {floats({33, 100}), floats({100})}, {DType::fp32}).check();
    ChainCase(two_results(), {floats({3}), floats({3}), floats({})}, {DType::fp32, DType::fp32}).check();
    ChainCase(two_results(), {floats({1000}), floats({1000}), floats({})}, {DType::fp32, DType::fp32}).check();
  });
}

TEST_CASE("the number of threads does not change a bit") {
  for (const std::size_t width : {2, 3, 4}) {
    kernel_test::Threads threads(width);
    ChainCase(three_steps(), {floats({300007}), floats({300007})}, {DType::fp32}).check(&threads);
    ChainCase(three_steps(), {floats({3001, 100}), floats({100})}, {DType::fp32}).check(&threads);
    ChainCase(two_results(), {floats({101, 3001}), floats({101, 1}), floats({3001})}, {DType::fp32, DType::fp32})
        .check(&threads);
  }
}

TEST_CASE("one step over narrow types rounds as the reference does") {
  for (const DType type : {DType::fp16, DType::bf16}) {
    for (const Shape& shape : {Shape{5}, Shape{64}, Shape{1003}, Shape{33, 7}}) {
      INFO(name_of(type) << " " << shape.text());
      const Chain add{2, {step("add", {0, 1})}, {2}};
      ChainCase(add, {{type, shape}, {type, shape}}, {type}).check();
      ChainCase(add, {{type, shape}, {type, {}}}, {type}).check();
      ChainCase(add, {{type, shape}, {type, Shape{shape[shape.rank() - 1]}}}, {type}).check();
    }
  }
}

TEST_CASE("booleans go in and out of chains as bytes") {
  const Chain chain{3, {step("less", {0, 1}), step("logicalOr", {3, 2}), step("where", {4, 0, 1})}, {4, 5}};
  for (const Shape& shape : {Shape{3}, Shape{100}, Shape{20, 31}}) {
    ChainCase(chain, {floats(shape), floats({}), {DType::boolean, shape}}, {DType::boolean, DType::fp32}).check();
  }
}

TEST_CASE("a result may take the place of an input that is still read") {
  // The first result is ready after one step, and its place is that of input 0, which the last step reads.
  const Chain chain{2, {step("add", {0, 1}), step("mul", {2, 2}), step("sub", {3, 0})}, {2, 4}};
  for (const Shape& shape : {Shape{3}, Shape{64}, Shape{1000}, Shape{8, 256}}) {
    ChainCase one(chain, {floats(shape), floats(shape)}, {DType::fp32, DType::fp32});
    const ChainKernel kernel(one.chain, one.inputs, one.results);
    Memory other(one.results[1].type, 5);
    void* targets[] = {one.memory[0].bytes.data(), other.bytes.data()};
    kernel.run(one.pointers().data(), targets);
    INFO(shape.text());
    CHECK(std::memcmp(one.memory[0].bytes.data(), one.expected[0].bytes.data(), one.expected[0].size()) == 0);
    CHECK(std::memcmp(other.bytes.data(), one.expected[1].bytes.data(), other.size()) == 0);
    CHECK(one.memory[0].guarded());
  }
}

TEST_CASE("inputs and values appear as results, also twice") {
  const Chain chain{1, {step("neg", {0})}, {0, 1, 1}};
  for (const Shape& shape : {Shape{3}, Shape{1024}}) {
    ChainCase(chain, {floats(shape)}, {DType::fp32, DType::fp32, DType::fp32}).check();
  }
}

TEST_CASE("constants are taken when the chain is compiled") {
  ChainCase one(Chain{2, {step("mul", {0, 1})}, {2}}, {floats({100}), floats({})}, {DType::fp32});
  one.inputs[1].constant = one.memory[1].bytes.data();
  const ChainKernel kernel(one.chain, one.inputs, one.results);
  Memory found(one.results[0].type, 3);
  const void* inputs[] = {one.memory[0].bytes.data(), nullptr};
  void* targets[] = {found.bytes.data()};
  kernel.run(inputs, targets);
  CHECK(std::memcmp(found.bytes.data(), one.expected[0].bytes.data(), found.size()) == 0);
}

TEST_CASE("an epilogue gives what the chain over the whole matrix gives, block by block") {
  struct Form {
    Shape shape;
    std::vector<Shape> others;
  };
  for (const Form& form :
       {Form{{32, 128}, {{128}, {32, 128}}}, Form{{32, 10}, {{10}, {32, 1}}}, Form{{7, 100}, {{}, {7, 100}}},
        Form{{2, 3, 4, 24}, {{24}, {2, 3, 4, 24}}}, Form{{5, 1}, {{1}, {5, 1}}}}) {
    INFO(form.shape.text());
    ChainCase one(two_results(), {floats(form.shape), floats(form.others[0]), floats(form.others[1])},
             {DType::fp32, DType::fp32});
    const ChainKernel kernel(one.chain, one.inputs, one.results);
    REQUIRE(kernel.is_epilogue());
    const auto columns = static_cast<std::size_t>(form.shape[form.shape.rank() - 1]);
    const auto rows = static_cast<std::size_t>(form.shape.elements()) / columns;
    for (const std::size_t high : {std::size_t{1}, std::size_t{6}, rows}) {
      for (const std::size_t wide : {std::size_t{16}, std::size_t{64}, columns}) {
        Memory second(one.results[1].type, 5);
        Memory matrix = one.memory[0];
        void* targets[] = {matrix.bytes.data(), second.bytes.data()};
        const void* inputs[] = {nullptr, one.memory[1].bytes.data(), one.memory[2].bytes.data()};
        for (std::size_t i = 0; i < rows; i += high) {
          for (std::size_t j = 0; j < columns; j += wide) {
            const float* c = reinterpret_cast<const float*>(matrix.bytes.data()) + i * columns + j;
            kernel.run_block(inputs, targets, i, j, std::min(high, rows - i), std::min(wide, columns - j), c, columns);
          }
        }
        REQUIRE(std::memcmp(matrix.bytes.data(), one.expected[0].bytes.data(), matrix.size()) == 0);
        REQUIRE(std::memcmp(second.bytes.data(), one.expected[1].bytes.data(), second.size()) == 0);
        REQUIRE(matrix.guarded());
      }
    }
  }
  CHECK_FALSE(ChainKernel(three_steps(), std::vector<ChainOperand>{{floats({2, 3, 8})}, {floats({2, 1, 8})}},
                          std::vector<ChainOperand>{{floats({2, 3, 8})}})
                  .is_epilogue());
}

TEST_CASE("what a chain cannot hold is refused with a reason") {
  const Chain add{2, {step("add", {0, 1})}, {2}};
  const auto reason = [&](const ValueType& a, const ValueType& b, const ValueType& result) {
    return ChainKernel::refuses(add, std::vector<ChainOperand>{{a}, {b}}, std::vector<ChainOperand>{{result}})
        .value_or("");
  };
  CHECK(reason({DType::i32, {4}}, {DType::i32, {4}}, {DType::i32, {4}}) == "elements of type i32");
  CHECK(reason(floats({4}), floats({3}), floats({4})) == "shapes that do not broadcast");
  CHECK(reason(floats({4}), floats({4}), floats({1})) == "a result smaller than the common shape");
  CHECK(reason(floats({batch_symbol}), floats({4}), floats({4})) == "a shape with symbols");
  CHECK(reason(floats({4}), floats({4}), floats({4})).empty());
  Chain many{1, {}, {}};
  for (std::int32_t i = 0; i < 200; ++i) many.steps.push_back(step("neg", {i}));
  many.results = {200};
  CHECK(ChainKernel::refuses(many, std::vector<ChainOperand>{{floats({4})}}, std::vector<ChainOperand>{{floats({4})}}));
}
