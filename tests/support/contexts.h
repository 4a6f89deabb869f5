// The contexts that tests work in.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "host/system_host.h"
#include "host/threads_executor.h"
#include "webai/context.hpp"

namespace webai::test {

inline Context with_threads(std::size_t threads) { return Context::system({.threads = threads}); }
inline Context one_thread() { return with_threads(1); }

/// The library's threads, which count how often work was shared among them: a test of threads that shares none shows nothing.
class CountingExecutor final : public Executor {
 public:
  explicit CountingExecutor(std::size_t threads) : threads_(threads) {}
  std::size_t width() const noexcept override { return threads_.width(); }
  void run(std::size_t count, Task task, void* data) noexcept override {
    if (count > 1) shared.fetch_add(1);
    threads_.run(count, task, data);
  }
  void begin() noexcept override { threads_.begin(); }
  bool ready() const noexcept override { return threads_.ready(); }

  std::atomic<int> shared{0};

 private:
  ThreadsExecutor threads_;
};
inline Context with_executor(std::shared_ptr<CountingExecutor> executor) {
  const std::size_t threads = executor->width();
  return Context(make_system_host(), std::move(executor), {.threads = threads});
}

/// One that a whole program shares.
inline Context& context() {
  static Context instance = one_thread();
  return instance;
}

}  // namespace webai::test
