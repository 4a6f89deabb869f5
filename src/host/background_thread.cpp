// A thread that lives as long as its task.
#include "host/background_thread.h"

#include <system_error>
#include <thread>

namespace webai {

namespace {

class ThreadTask final : public BackgroundTask {
 public:
  explicit ThreadTask(std::function<void()> work) : thread_(std::move(work)) {}
  ~ThreadTask() override { thread_.join(); }
  ThreadTask(const ThreadTask&) = delete;
  ThreadTask& operator=(const ThreadTask&) = delete;

 private:
  std::thread thread_;
};

}  // namespace

std::unique_ptr<BackgroundTask> BackgroundThreads::start(std::function<void()> work) {
  try {
    return std::make_unique<ThreadTask>(std::move(work));
  } catch (const std::system_error&) {
    return nullptr;  // no thread to be had; the caller knows what to do without
  }
}

}  // namespace webai
