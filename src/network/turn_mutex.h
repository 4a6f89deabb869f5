// A mutex that serves callers in the order they came, so that runs get their turn between two steps of a training that
// would otherwise take the lock again before they wake.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "webai/error.hpp"

namespace webai {

class TurnMutex {
 public:
  /// Throws BUSY on the thread that holds it: waiting would never end.
  void lock() {
    std::unique_lock guard(mutex_);
    if (owner_ == std::this_thread::get_id())
      throw Error(Code::busy, {.message = "the network is at work on this thread: a function that it called, such as a map of "
                                          "its data, cannot use it", .reason = "BUSY", .hint = "use it from a progress function"});
    const std::uint64_t turn = next_++;
    changed_.wait(guard, [&] { return turn == serving_; });
    owner_ = std::this_thread::get_id();
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      ++serving_;
      owner_ = {};
      if (serving_ == next_) return;  // nobody waits
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0, serving_ = 0;
  std::thread::id owner_;  // of no thread while nobody holds it
};

}  // namespace webai
