// The hand-over between caller and helpers. docs/performance.md, section Threads, has the measurements behind it.
#include "host/threads_executor.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "core/base/float_state.h"
#include "host/processors.h"

namespace webai {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto spin_time = std::chrono::microseconds(50);

// A ticket: the job's number above, unclaimed pieces below. Numbers repeat after 2^40 jobs, days of nothing but jobs;
// a helper would have to be stopped that long between two instructions to mistake one job for another.
constexpr int piece_bits = 24;
constexpr std::uint64_t piece_mask = (std::uint64_t{1} << piece_bits) - 1;
constexpr std::uint64_t number_mask = ~std::uint64_t{0} >> piece_bits;
constexpr std::size_t largest_slice = std::size_t{1} << 20;
constexpr std::uint64_t number_of(std::uint64_t ticket) { return ticket >> piece_bits; }
constexpr std::uint64_t pieces_left(std::uint64_t ticket) { return ticket & piece_mask; }

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

struct alignas(64) ThreadsExecutor::Helper {
  std::atomic<bool> is_asleep{false};       // whoever turns it to false owes the helper a call
  std::atomic<std::uint32_t> calls{0};      // the helper sleeps until this changes
  std::thread thread;
};

ThreadsExecutor::ThreadsExecutor(std::size_t width)
    : width_(std::max<std::size_t>(width, 1)),
      processors_(allowed_processors()),
      may_spin_(width_ <= usable_processors()),
      helpers_(std::make_unique<Helper[]>(width_ - 1)) {}

ThreadsExecutor::~ThreadsExecutor() {
  stopping_.store(true);
  for (std::size_t i = 0; i < started_; ++i) {
    helpers_[i].calls.fetch_add(1);
    helpers_[i].calls.notify_one();
  }
  for (std::size_t i = 0; i < started_; ++i) helpers_[i].thread.join();
}

void ThreadsExecutor::start_helpers() noexcept {
  while (started_ < width_ - 1) {
    try {
      helpers_[started_].thread = std::thread([this, number = started_] { serve(number); });
    } catch (...) {
      return;  // the system has no more threads or memory: those that run, and the caller, do the work
    }
    reachable_.store(++started_);
  }
}

// Wakes helper `helper` if it sleeps, and through it (or here, if it is awake) those below it in a binary tree: waking
// costs the waker some microseconds, which many wakers share.
void ThreadsExecutor::wake(std::size_t helper, std::size_t wanted) noexcept {
  if (helper >= wanted) return;
  if (helpers_[helper].is_asleep.load() && helpers_[helper].is_asleep.exchange(false)) {
    asleep_.fetch_sub(1);
    helpers_[helper].calls.fetch_add(1);
    helpers_[helper].calls.notify_one();
    return;
  }
  wake(2 * helper + 1, wanted);
  wake(2 * helper + 2, wanted);
}

void ThreadsExecutor::begin() noexcept {
  if (width_ == 1 || in_use_.exchange(true, std::memory_order_acquire)) return;
  start_helpers();
  caller_processor_.store(current_processor(), std::memory_order_relaxed);
  wanted_.store(started_, std::memory_order_relaxed);
  if (asleep_.load() != 0) wake(0, started_);
  in_use_.store(false, std::memory_order_release);
}

bool ThreadsExecutor::ready() const noexcept {
  return may_spin_ && asleep_.load(std::memory_order_relaxed) < reachable_.load(std::memory_order_relaxed);
}

void ThreadsExecutor::run(std::size_t count, Task task, void* data) noexcept {
  const DefaultFloatState float_state;
  // Another thread's run has the helpers, or this is a run inside a piece: the caller does its pieces alone.
  if (count < 2 || width_ == 1 || in_use_.exchange(true, std::memory_order_acquire)) {
    for (std::size_t index = 0; index < count; ++index) task(data, index);
    return;
  }
  start_helpers();
  for (std::size_t first = 0; first < count; first += largest_slice) {
    run_slice(first, std::min(largest_slice, count - first), task, data);
  }
  in_use_.store(false, std::memory_order_release);
}

void ThreadsExecutor::run_slice(std::size_t first, std::size_t count, Task task, void* data) noexcept {
  task_.store(task, std::memory_order_relaxed);
  data_.store(data, std::memory_order_relaxed);
  end_.store(first + count, std::memory_order_relaxed);
  caller_processor_.store(current_processor(), std::memory_order_relaxed);
  const std::size_t wanted = std::min(count - 1, started_);
  wanted_.store(wanted, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  const std::uint64_t job = (number_of(ticket_.load(std::memory_order_relaxed)) + 1) & number_mask;
  // Sequentially consistent, as are a helper's mark that it sleeps and its last look at the ticket: one of the two
  // sides sees the other.
  ticket_.store((job << piece_bits) | count);
  if (asleep_.load() != 0) wake(0, wanted);

  const auto left_to_helpers = static_cast<std::uint32_t>(count - take_pieces(job));
  // Every piece is claimed now, so helpers are at work on the rest: no waiting for one that has not begun.
  std::uint32_t done = done_.load(std::memory_order_acquire);
  for (auto deadline = Clock::now() + spin_time; done != left_to_helpers; done = done_.load(std::memory_order_acquire)) {
    if (may_spin_ && Clock::now() < deadline) {
      for (int i = 0; i < 16 && done_.load(std::memory_order_relaxed) != left_to_helpers; ++i) relax();
    } else {
      done_.wait(done, std::memory_order_acquire);
    }
  }
}

// Claims and runs pieces of one job until none is left; returns how many.
std::size_t ThreadsExecutor::take_pieces(std::uint64_t job) noexcept {
  std::size_t taken = 0;
  std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (number_of(ticket) == job && pieces_left(ticket) != 0) {
    const Task task = task_.load(std::memory_order_relaxed);
    void* const data = data_.load(std::memory_order_relaxed);
    const std::size_t end = end_.load(std::memory_order_relaxed);
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      continue;
    }
    task(data, end - static_cast<std::size_t>(pieces_left(ticket)));
    ++taken;
    ticket = ticket_.load(std::memory_order_acquire);
  }
  return taken;
}

// The life of a helper.
void ThreadsExecutor::serve(std::size_t number) noexcept {
  const DefaultFloatState float_state;  // a new thread inherits its starter's
  Helper& helper = helpers_[number];
  std::uint64_t ticket = 0;
  while (wait_for_work(helper, ticket)) {
    const auto taken = static_cast<std::uint32_t>(take_pieces(number_of(ticket)));
    if (taken != 0) {
      done_.fetch_add(taken, std::memory_order_release);
      done_.notify_one();  // no system call unless the caller sleeps
    }
  }
}

// Returns with the ticket of a job that has pieces left, or false when the executor ends.
bool ThreadsExecutor::wait_for_work(Helper& helper, std::uint64_t& ticket) noexcept {
  for (;;) {
    if (spin_for_work(ticket)) return true;
    const std::uint32_t calls = helper.calls.load();
    asleep_.fetch_add(1);
    helper.is_asleep.store(true);
    ticket = ticket_.load();
    if (pieces_left(ticket) != 0 && !is_in_callers_way()) {
      if (helper.is_asleep.exchange(false)) asleep_.fetch_sub(1);
      continue;
    }
    if (!stopping_.load()) helper.calls.wait(calls);
    if (stopping_.load()) return false;
    const auto number = static_cast<std::size_t>(&helper - helpers_.get());
    const std::size_t wanted = wanted_.load(std::memory_order_relaxed);
    wake(2 * number + 1, wanted);
    wake(2 * number + 2, wanted);
  }
}

// Looks for work for a while. Never on the caller's processor, where a spinning helper only keeps the caller from
// working: the kernel likes to wake a short sleeper on its waker's processor.
bool ThreadsExecutor::spin_for_work(std::uint64_t& ticket) noexcept {
  const auto deadline = Clock::now() + spin_time;
  for (int round = 0;; ++round) {
    if (is_in_callers_way() && !avoid_processor(processors_, current_processor())) return false;
    ticket = ticket_.load(std::memory_order_acquire);
    if (pieces_left(ticket) != 0) return true;
    if (!may_spin_ || stopping_.load(std::memory_order_relaxed)) return false;
    if (round % 16 == 15 && Clock::now() >= deadline) return false;
    relax();
  }
}

bool ThreadsExecutor::is_in_callers_way() const noexcept {
  const int processor = current_processor();
  return processor >= 0 && processor == caller_processor_.load(std::memory_order_relaxed);
}

}  // namespace webai
