// What handing half of some work to another thread costs: two equal pieces of g microseconds, p microseconds after the
// last run. Perfect sharing shows g, no sharing 2 g. Counter "shared": the part of runs in which a helper took a piece.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <thread>

#include "core/base/caller_executor.h"
#include "host/threads_executor.h"
#if WEBAI_WITH_TBB
#include "host/tbb_executor.h"
#endif

namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// One chain of dependent additions: the time depends on the clock alone, not on memory or on the other core.
double chain(long length) {
  double value = 1.0;
  for (long i = 0; i < length; ++i) benchmark::DoNotOptimize(value += 1e-9);
  return value;
}

long links_per_microsecond() {
  const auto start = Clock::now();
  constexpr long length = 20'000'000;
  benchmark::DoNotOptimize(chain(length));
  return static_cast<long>(length / microseconds_since(start));
}

void hand_over(benchmark::State& state, webai::Executor& executor) {
  static const long links = links_per_microsecond();
  const long length = links * state.range(0);
  const auto pause = std::chrono::microseconds(state.range(1));
  const auto caller = std::this_thread::get_id();
  double shared = 0;
  for (auto _ : state) {
    if (pause.count() >= 100) {
      std::this_thread::sleep_for(pause);
    } else {
      for (const auto start = Clock::now(); Clock::now() - start < pause;) {}
    }
    bool by_helper[16] = {};
    const auto start = Clock::now();
    executor.each(2, [&](std::size_t index) {
      benchmark::DoNotOptimize(chain(length));
      by_helper[index] = std::this_thread::get_id() != caller;
    });
    state.SetIterationTime(microseconds_since(start) * 1e-6);
    shared += by_helper[0] || by_helper[1];
  }
  state.counters["shared"] = shared / static_cast<double>(state.iterations());
}

void cases(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"g", "p"})->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.05);
  for (const long pause : {20, 300}) {
    for (const long grain : {2, 5, 10, 20, 50, 100, 300}) benchmark->Args({grain, pause});
  }
}

void caller(benchmark::State& state) {
  webai::CallerExecutor executor;
  hand_over(state, executor);
}
BENCHMARK(caller)->Apply(cases);

void threads(benchmark::State& state) {
  webai::ThreadsExecutor executor(2);
  executor.begin();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  hand_over(state, executor);
}
BENCHMARK(threads)->Apply(cases);

#if WEBAI_WITH_TBB
void tbb(benchmark::State& state) {
  const auto executor = webai::make_tbb_executor(2);
  executor->each(2, [](std::size_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  hand_over(state, *executor);
}
BENCHMARK(tbb)->Apply(cases);
#endif

}  // namespace

BENCHMARK_MAIN();
