// An executor over its own std::threads, made for pieces of some microseconds: helpers that spin briefly, then sleep;
// a caller that takes back whatever no helper has started.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "webai/context.hpp"

namespace webai {

class ThreadsExecutor final : public Executor {
 public:
  /// Runs up to `width` pieces at once: the caller and width - 1 helper threads, which start at the first run or begin.
  explicit ThreadsExecutor(std::size_t width);
  ~ThreadsExecutor() override;
  ThreadsExecutor(const ThreadsExecutor&) = delete;
  ThreadsExecutor& operator=(const ThreadsExecutor&) = delete;

  std::size_t width() const noexcept override { return width_; }
  void run(std::size_t count, Task task, void* data) noexcept override;
  void begin() noexcept override;
  bool ready() const noexcept override;

 private:
  struct Helper;

  void start_helpers() noexcept;
  void wake(std::size_t helper, std::size_t wanted) noexcept;
  void serve(std::size_t number) noexcept;
  bool wait_for_work(Helper& helper, std::uint64_t& ticket) noexcept;
  bool spin_for_work(std::uint64_t& ticket) noexcept;
  bool is_in_callers_way() const noexcept;
  std::size_t take_pieces(std::uint64_t job) noexcept;
  void run_slice(std::size_t first, std::size_t count, Task task, void* data) noexcept;

  const std::size_t width_;
  const std::vector<int> processors_;  // where helpers may run
  const bool may_spin_;                // there is a processor for each thread
  std::unique_ptr<Helper[]> helpers_;
  std::size_t started_ = 0;            // helpers that have a thread; written by the holder of in_use_ only
  std::atomic<std::size_t> reachable_{0};  // the same number, for everybody

  // The job. Its fields are written only while ticket_ has no piece left, so whoever claims a piece by a
  // compare-and-swap of ticket_ has read the fields of that very job.
  alignas(64) std::atomic<std::uint64_t> ticket_{0};  // number of the job, and how many of its pieces nobody has claimed
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> data_{nullptr};
  std::atomic<std::size_t> end_{0};                   // index after the job's last piece
  std::atomic<int> caller_processor_{-1};
  std::atomic<std::size_t> wanted_{0};                // helpers that this job can use
  alignas(64) std::atomic<std::uint32_t> done_{0};    // pieces that helpers have finished
  alignas(64) std::atomic<std::uint32_t> asleep_{0};  // helpers that sleep or are about to
  std::atomic<bool> in_use_{false};                   // a caller is inside run or begin
  std::atomic<bool> stopping_{false};
};

}  // namespace webai
