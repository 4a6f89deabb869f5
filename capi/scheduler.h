// The operations of a context that are not finished, and how whoever waits works on them, slice by slice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

#include "capi/finalizer.h"
#include "capi/object.h"

namespace webai::capi {

class Future;

/// The order of the operations on one network: they start as they were submitted. Guarded by the context's mutex.
struct Lane {
  std::deque<Future*> waiting;  ///< not started yet
  std::size_t unfinished = 0;
  bool training = false;  ///< one of the unfinished is a training
};

class Scheduler {
 public:
  explicit Scheduler(webai_context& context) : context_(context), drive_(*this) {}

  /// Takes a future over until it is finished. Throws LIMIT_EXCEEDED past the limit of pending operations.
  void submit(Future& future);
  /// Works on it (and on what must start before it) for at most about `timeout_ms`; true when it is finished.
  bool wait(Future& future, std::uint32_t timeout_ms);
  /// One slice of the next operation that nobody else works on; false when there is none.
  bool work() noexcept;
  std::size_t unfinished() const noexcept { return unfinished_; }  ///< under the context's mutex
  /// Ends every operation with CANCELLED: at once, or after the slice that another thread is in.
  void cancel_all() noexcept;
  /// Asks the host for a turn on the loop thread if there is something to do there.
  void ask_for_turn() noexcept;

 private:
  enum class Step { worked, blocked, finished };
  struct Drive final : webai_task {
    explicit Drive(Scheduler& owner) : scheduler(owner) {}
    void run() noexcept override;
    Scheduler& scheduler;
  };

  Future* first_step_for(Future& future) noexcept;
  Step step(Future& future, std::unique_lock<std::mutex>& lock, double budget_ms) noexcept;
  void finish(Ref<Future> ended, std::unique_lock<std::mutex>& lock) noexcept;

  webai_context& context_;
  Future* first_ = nullptr;  // all unfinished, in order of submission
  Future* last_ = nullptr;
  std::size_t unfinished_ = 0;
  Drive drive_;
  bool drive_posted_ = false;
};

}  // namespace webai::capi
