// One task_arena per executor; pieces are claimed from a counter, so that a failure inside oneTBB loses none.
#if WEBAI_WITH_TBB || defined(WEBAI_TEST_TBB)

#include "host/tbb_executor.h"

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/base/float_state.h"

namespace webai {
namespace {

class TbbExecutor final : public Executor {
 public:
  explicit TbbExecutor(std::size_t width) : width_(std::max<std::size_t>(width, 1)) {}

  std::size_t width() const noexcept override { return width_; }

  void run(std::size_t count, Task task, void* data) noexcept override {
    const DefaultFloatState caller_state;
    std::atomic<std::size_t> next{0};
    const auto take_pieces = [&]() noexcept {
      for (std::size_t index; (index = next.fetch_add(1, std::memory_order_relaxed)) < count;) task(data, index);
    };
    const std::size_t threads = std::min(width_, count);
    if (threads > 1) {
      try {
        std::call_once(prepared_, [this] { prepare(); });
        arena_.execute([&] {
          tbb::parallel_for(
              std::size_t{0}, threads,
              [&](std::size_t) {
                const DefaultFloatState float_state;
                take_pieces();
              },
              tbb::simple_partitioner());
        });
      } catch (...) {
        // No memory for oneTBB's own tasks. parallel_for has waited for those that ran; the caller does the rest.
      }
    }
    take_pieces();
  }

 private:
  // Asking oneTBB for more threads than it has processors makes it print a warning.
  void prepare() {
    const auto most = static_cast<std::size_t>(std::max(tbb::info::default_concurrency(), 1));
    arena_.initialize(static_cast<int>(std::min(width_, most)));
  }

  std::size_t width_;
  std::once_flag prepared_;
  tbb::task_arena arena_;
};

}  // namespace

std::shared_ptr<Executor> make_tbb_executor(std::size_t width) { return std::make_shared<TbbExecutor>(width); }

}  // namespace webai

#endif
