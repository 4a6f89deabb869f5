// Work beside the caller's thread. The core starts no threads: src/host has a runner, a program may bring its own.
#pragma once

#include <functional>
#include <memory>

namespace webai {

/// A piece of work under way; its destructor waits until the work has returned.
class BackgroundTask {
 public:
  virtual ~BackgroundTask() = default;
};

class BackgroundRunner {
 public:
  virtual ~BackgroundRunner() = default;
  /// Starts `work`, which may run for long and must not throw, on a thread of its own; nullptr when there is none.
  virtual std::unique_ptr<BackgroundTask> start(std::function<void()> work) = 0;
};

}  // namespace webai
