// Chains of elementwise operators, reductions and row kernels: elements per second in cache and in memory, and the cost
// of a step on a tensor of three numbers.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "backends/cpu/elementwise_chain.h"
#include "backends/cpu/reduce_kernels.h"
#include "backends/cpu/reduce_rows.h"
#include "core/op/registry.h"

namespace {

using namespace webai;
using namespace webai::cpu;

const Registry& registry() {
  static const Registry instance = make_registry();
  return instance;
}

struct Named {
  const char* name;
  std::vector<const char*> operators;
};

/// A chain in which each operator takes the last value, and a second or third input where it needs one.
Chain chain_of(const std::vector<const char*>& names, std::vector<ChainOperand>& inputs, const Shape& shape,
               const Shape& second) {
  Chain chain;
  inputs = {{{DType::fp32, shape}}};
  for (const char* name : names) {
    if (registry().get(name).elementwise->inputs > 1) {
      if (inputs.size() == 1) inputs.push_back({{DType::fp32, second}});
    }
  }
  chain.inputs = static_cast<std::int32_t>(inputs.size());
  std::int32_t last = 0;
  for (const char* name : names) {
    const Elementwise& elementwise = *registry().get(name).elementwise;
    ChainStep step{&registry().get(name), {last}, {}};
    for (int i = 1; i < elementwise.inputs; ++i) step.operands.push_back(1);
    for (const Elementwise::Attribute& attribute : elementwise.attributes())
      step.attributes.push_back(attribute.fallback);
    last = chain.inputs + static_cast<std::int32_t>(chain.steps.size());
    chain.steps.push_back(std::move(step));
  }
  chain.results = {last};
  return chain;
}

void run_chain(benchmark::State& state, const std::vector<const char*>& names, const Shape& shape,
               const Shape& second) {
  std::vector<ChainOperand> inputs;
  const Chain chain = chain_of(names, inputs, shape, second);
  const std::vector<ChainOperand> results = {{{DType::fp32, shape}}};
  const ChainKernel kernel(chain, inputs, results);
  const auto count = static_cast<std::size_t>(shape.elements());
  std::vector<float> a(count + 16, 0.3f), b(count + 16, 0.7f), c(count + 16);
  const void* pointers[] = {a.data(), b.data()};
  void* targets[] = {c.data()};
  for (auto _ : state) {
    kernel.run(pointers, targets);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * shape.elements());
}

void register_chains() {
  const Named chains[] = {{"relu", {"relu"}},
                          {"add", {"add"}},
                          {"add_relu", {"add", "relu"}},
                          {"add_relu_mul_sub", {"add", "relu", "mul", "sub"}},
                          {"exp", {"exp"}},
                          {"log", {"log"}},
                          {"tanh", {"tanh"}},
                          {"sigmoid", {"sigmoid"}},
                          {"softplus", {"softplus"}},
                          {"erf", {"erf"}},
                          {"gelu", {"gelu"}},
                          {"sin", {"sin"}},
                          {"pow", {"pow"}},
                          {"div", {"div"}},
                          {"sqrt", {"sqrt"}}};
  for (const Named& chain : chains) {
    for (const std::int64_t count : {3, 64, 4096, 1 << 22}) {
      benchmark::RegisterBenchmark(
          ("chain/" + std::string(chain.name) + "/" + std::to_string(count)).c_str(),
          [=](benchmark::State& state) { run_chain(state, chain.operators, Shape{count}, Shape{count}); });
    }
  }
  struct Broadcast {
    const char* name;
    Shape shape, second;
  };
  for (const Broadcast& each :
       {Broadcast{"row_32x10", {32, 10}, {10}}, Broadcast{"row_32x128", {32, 128}, {128}},
        Broadcast{"row_1024x512", {1024, 512}, {512}}, Broadcast{"column_1024x512", {1024, 512}, {1024, 1}},
        Broadcast{"number_4096", {4096}, {}}, Broadcast{"middle_64x32x64", {64, 32, 64}, {64, 1, 64}}}) {
    benchmark::RegisterBenchmark(("broadcast/add_relu/" + std::string(each.name)).c_str(),
                                 [=](benchmark::State& state) {
                                   run_chain(state, {"add", "relu"}, each.shape, each.second);
                                 });
  }
}

void reduce(benchmark::State& state, const Shape& shape, std::uint32_t axes) {
  const ReducePlan plan(ReduceKind::sum, shape, axes);
  std::vector<float> input(static_cast<std::size_t>(shape.elements()), 0.3f), output(input.size() + 1),
      scratch(plan.scratch_floats() + 1);
  for (auto _ : state) {
    plan.run(input.data(), output.data(), scratch.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * shape.elements());
}
BENCHMARK_CAPTURE(reduce, all_4096, Shape{4096}, 1);
BENCHMARK_CAPTURE(reduce, all_4194304, Shape{1 << 22}, 1);
BENCHMARK_CAPTURE(reduce, rows_32x10, Shape{32, 10}, 2);
BENCHMARK_CAPTURE(reduce, rows_1024x512, Shape{1024, 512}, 2);
BENCHMARK_CAPTURE(reduce, columns_32x10, Shape{32, 10}, 1);
BENCHMARK_CAPTURE(reduce, columns_32x128, Shape{32, 128}, 1);
BENCHMARK_CAPTURE(reduce, columns_100000x32, Shape{100000, 32}, 1);
BENCHMARK_CAPTURE(reduce, columns_1024x512, Shape{1024, 512}, 1);

void softmax(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0)), length = static_cast<std::size_t>(state.range(1));
  std::vector<float> x(count * length, 0.3f), y(x.size());
  for (auto _ : state) {
    softmax_rows({count, length, nullptr}, x.data(), y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(softmax)->Args({32, 10})->Args({32, 128})->Args({64, 1000})->Args({16, 50000});

void cross_entropy(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0)), length = static_cast<std::size_t>(state.range(1));
  std::vector<float> x(count * length, 0.3f), p(x.size()), loss(count), dy(count, 1.0f), dx(x.size());
  const std::vector<std::int32_t> labels(count, 1);
  const Targets targets{nullptr, labels.data(), DType::i32};
  for (auto _ : state) {
    cross_entropy_rows({count, length, nullptr}, x.data(), targets, loss.data(), p.data());
    cross_entropy_gradient_rows({count, length, nullptr}, p.data(), targets, dy.data(), dx.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(cross_entropy)->Args({1, 10})->Args({32, 10})->Args({32, 1000});

void epilogue(benchmark::State& state) {
  const Shape shape{32, state.range(0)};
  std::vector<ChainOperand> inputs;
  const Chain chain = chain_of({"add", "relu"}, inputs, shape, Shape{state.range(0)});
  const ChainKernel kernel(chain, inputs, std::vector<ChainOperand>{{{DType::fp32, shape}}});
  const auto columns = static_cast<std::size_t>(state.range(0)), rows = static_cast<std::size_t>(state.range(1)),
             wide = static_cast<std::size_t>(state.range(2));
  std::vector<float> c(static_cast<std::size_t>(shape.elements())), bias(columns);
  const void* pointers[] = {nullptr, bias.data()};
  void* targets[] = {c.data()};
  for (auto _ : state) {
    kernel.run_block(pointers, targets, 0, 0, rows, wide, c.data(), columns);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(1) * state.range(2));
}
BENCHMARK(epilogue)->Args({128, 6, 64})->Args({10, 32, 10})->Args({128, 1, 128});

const bool registered = (register_chains(), true);

}  // namespace
