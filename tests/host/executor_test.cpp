#include <catch2/catch.hpp>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <ctime>
#include <numeric>
#include <thread>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "core/base/caller_executor.h"
#include "host/tbb_executor.h"
#include "host/threads_executor.h"

using namespace webai;

namespace {

std::vector<std::shared_ptr<Executor>> all_executors() {
  std::vector<std::shared_ptr<Executor>> result{std::make_shared<CallerExecutor>()};
  for (const std::size_t width : {1, 2, 3, 4}) {
    result.push_back(std::make_shared<ThreadsExecutor>(width));
#if WEBAI_WITH_TBB || defined(WEBAI_TEST_TBB)
    result.push_back(make_tbb_executor(width));
#endif
  }
  return result;
}

double processor_milliseconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

void busy_for(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {}
}

}  // namespace

TEST_CASE("each index runs exactly once, for any count and width") {
  for (const auto& executor : all_executors()) {
    for (const std::size_t count : {0, 1, 2, 3, 4, 5, 17, 1000}) {
      std::vector<std::atomic<int>> calls(count);
      executor->each(count, [&](std::size_t index) { ++calls[index]; });
      for (const auto& number : calls) REQUIRE(number == 1);
    }
  }
}

TEST_CASE("more pieces than one ticket can hold run once each") {
  ThreadsExecutor executor(2);
  constexpr std::size_t count = (std::size_t{1} << 20) + 3;
  std::vector<std::uint8_t> calls(count, 0);
  executor.each(count, [&](std::size_t index) { ++calls[index]; });
  CHECK(std::accumulate(calls.begin(), calls.end(), std::size_t{0}) == count);
  CHECK(*std::max_element(calls.begin(), calls.end()) == 1);
}

TEST_CASE("what pieces write is there when run returns, over many short runs with late helpers") {
  for (const std::size_t width : {2, 3, 4}) {
    ThreadsExecutor executor(width);
    std::vector<std::uint64_t> plain(7, 0);  // no atomics: the executor alone must order the accesses
    for (std::uint64_t round = 1; round <= 20'000; ++round) {
      const std::size_t count = 1 + round % plain.size();
      std::fill(plain.begin(), plain.end(), 0);
      executor.each(count, [&](std::size_t index) { plain[index] = round + index; });
      for (std::size_t i = 0; i < count; ++i) REQUIRE(plain[i] == round + i);
      // Now and then long enough that helpers have gone to sleep, or are about to.
      if (round % 64 == 0) busy_for(std::chrono::microseconds(round % 128 == 0 ? 50 : 150));
      if (round % 4096 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

TEST_CASE("helpers take part in long pieces, and the caller does not wait for those who have not begun") {
  ThreadsExecutor executor(2);
  std::atomic<int> elsewhere{0};
  const auto caller = std::this_thread::get_id();
  executor.begin();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // helpers sleep: each run has to wake one
  for (int round = 0; round < 20; ++round) {
    executor.each(2, [&](std::size_t) {
      if (std::this_thread::get_id() != caller) ++elsewhere;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    });
  }
  CHECK(elsewhere > 0);
  // Pieces that are nothing: whether helpers wake or not, this many runs end at once.
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < 1000; ++round) executor.each(2, [](std::size_t) {});
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

TEST_CASE("runs from several threads, and inside pieces, all complete") {
  for (const auto& executor : {std::shared_ptr<Executor>(std::make_shared<ThreadsExecutor>(3))}) {
    std::atomic<int> total{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int round = 0; round < 500; ++round) executor->each(5, [&](std::size_t) { ++total; });
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(total == 4 * 500 * 5);
    total = 0;
    executor->each(4, [&](std::size_t) { executor->each(4, [&](std::size_t) { ++total; }); });
    CHECK(total == 16);
  }
}

TEST_CASE("an idle pool uses next to no processor time, whether its helpers may spin or not") {
  for (const std::size_t width : {2, 4}) {
    ThreadsExecutor executor(width);
    executor.begin();
    executor.each(100, [](std::size_t) { busy_for(std::chrono::microseconds(20)); });
    executor.end();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time to fall asleep
    CHECK_FALSE(executor.ready());
    const double before = processor_milliseconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    CHECK(processor_milliseconds() - before < 15.0);
  }
}

TEST_CASE("a pool that is made and dropped without work starts no thread and ends at once") {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    ThreadsExecutor executor(64);
    executor.each(1, [](std::size_t) {});
    CHECK_FALSE(executor.ready());
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

TEST_CASE("a pool ends while its helpers spin, sleep, or have just been woken") {
  for (int round = 0; round < 50; ++round) {
    ThreadsExecutor executor(4);
    executor.begin();
    if (round % 3 == 1) executor.each(8, [](std::size_t) {});
    if (round % 3 == 2) std::this_thread::sleep_for(std::chrono::microseconds(100 * (round % 10)));
  }
  SUCCEED();
}

TEST_CASE("pieces see the default rounding on every thread, and the caller's own comes back") {
  for (const auto& executor : all_executors()) {
    REQUIRE(std::fesetround(FE_UPWARD) == 0);
    executor->begin();  // helpers that start here inherit the caller's state
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040);  // flush subnormal results and operands
#endif
    std::atomic<int> wrong{0};
    executor->each(32, [&](std::size_t) {
      volatile float one = 1.0f, tiny = 1e-10f, small = 1e-20f;
      if (one + tiny != 1.0f) ++wrong;
      volatile float product = small * small;
      if (product == 0.0f) ++wrong;
      busy_for(std::chrono::microseconds(50));
    });
    CHECK(wrong == 0);
    CHECK(std::fegetround() == FE_UPWARD);
#if defined(__SSE__)
    CHECK((_mm_getcsr() & 0x8040) == 0x8040);
    _mm_setcsr(0x1f80);
#endif
    std::fesetround(FE_TONEAREST);
  }
}
