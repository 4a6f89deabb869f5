// Matrix products, one thread: operations per second and their share of the fused multiply-add loop of fma_peak.h,
// measured in turns with the kernel. --benchmark_filter chooses; names are m x k x n.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "backends/cpu/kernels/gemm.h"
#include "backends/cpu/kernels/targets.h"
#include "kernel_bench.h"

namespace {

using webai::cpu::GemmPlan;
using webai::cpu::GemmShape;
using webai_bench::Floats;
using webai_bench::report;

void product(benchmark::State& state, GemmShape shape) {
  const GemmPlan plan(shape);
  const Floats a(shape.m * shape.k), b(shape.prepacked ? plan.packed_floats() : shape.k * shape.n),
      c(shape.m * shape.n), scratch(plan.scratch_floats);
  for (auto _ : state) {
    plan.run(a.get(), b.get(), c.get(), scratch.get());
    benchmark::ClobberMemory();
  }
  const double floats = static_cast<double>(shape.k * shape.n + shape.m * shape.k) +
                        static_cast<double>(shape.m * shape.n) * (shape.accumulate ? 2 : 1);
  report(state, 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.k) * static_cast<double>(shape.n),
         4.0 * floats);
}

void add_product(std::size_t m, std::size_t k, std::size_t n, const std::string& options) {
  GemmShape shape;
  shape.m = m, shape.n = n, shape.k = k;
  shape.transpose_a = options.find("transposed_a") != std::string::npos;
  shape.transpose_b = options.find("transposed_b") != std::string::npos;
  shape.accumulate = options.find("accumulate") != std::string::npos;
  shape.prepacked = options.find("prepacked") != std::string::npos;
  const std::string name = "gemm/" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) +
                           (options.empty() ? "" : "/" + options);
  benchmark::RegisterBenchmark(name.c_str(), product, shape);
}

void add_products() {
  add_product(1, 2, 3, "");
  add_product(1, 3, 1, "");
  add_product(1, 784, 128, "");
  add_product(1, 784, 128, "prepacked");
  add_product(1, 128, 10, "");
  add_product(784, 1, 128, "transposed_a accumulate");
  add_product(1, 10, 128, "transposed_b");
  add_product(1, 1024, 1024, "");
  add_product(1, 1024, 1024, "transposed_b");
  add_product(32, 784, 128, "");
  add_product(32, 784, 128, "prepacked");
  add_product(784, 32, 128, "transposed_a");
  add_product(784, 32, 128, "transposed_a accumulate");
  add_product(32, 128, 10, "");
  add_product(128, 32, 10, "transposed_a accumulate");
  add_product(32, 10, 128, "transposed_b");
  add_product(32, 400, 120, "");
  add_product(32, 120, 84, "");
  add_product(400, 32, 120, "transposed_a");
  add_product(32, 120, 400, "transposed_b");
  for (const std::size_t size : {64, 128, 256, 512, 1024}) {
    add_product(size, size, size, "");
    if (size >= 256) add_product(size, size, size, "prepacked");
  }
  add_product(256, 256, 256, "transposed_b");
  add_product(512, 512, 512, "transposed_a");
  add_product(64, 1024, 1024, "");
  add_product(128, 768, 3072, "");
  add_product(128, 768, 3072, "prepacked");
}

}  // namespace

int main(int argc, char** argv) {
  // --target=AVX2 measures that target instead of the best.
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    for (const webai::cpu::KernelTarget& target : webai::cpu::supported_targets()) {
      if (argument == "--target=" + target.name) {
        webai::cpu::use_target(target.bits);
        std::swap(argv[i], argv[argc - 1]);
        --argc;
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  add_products();
  webai_bench::add_convolutions();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
