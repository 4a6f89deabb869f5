// A mutex that serves callers in the order they came, so that runs get their turn between two steps of a training that
// would otherwise take the lock again before they wake.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace webai {

class TurnMutex {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    const std::uint64_t turn = next_++;
    changed_.wait(guard, [&] { return turn == serving_; });
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      ++serving_;
      if (serving_ == next_) return;  // nobody waits
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0, serving_ = 0;
};

}  // namespace webai
