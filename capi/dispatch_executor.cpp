// An executor over webai_host.dispatch: tickets are handed to the host's threads; whoever comes takes the next piece.
#include <condition_variable>
#include <mutex>
#include <vector>

#include "capi/host_bridge.h"

namespace webai::capi {
namespace {

// Shared by the executor and the tickets that the host holds: a ticket may come back after the executor has gone.
struct SharedState {
  std::mutex mutex;
  std::condition_variable finished;
  Executor::Task task = nullptr;
  void* data = nullptr;
  std::size_t next = 0, count = 0, done = 0;
  bool in_use = false;

  /// Takes pieces until none is left.
  void help(std::unique_lock<std::mutex>& lock) {
    while (next < count) {
      const std::size_t index = next++;
      const Executor::Task piece = task;
      void* const argument = data;
      lock.unlock();
      piece(argument, index);
      lock.lock();
      if (++done == count) finished.notify_all();
    }
  }
};

// One per thread that may help; given to the host again only after it came back.
struct Ticket final : webai_task {
  std::shared_ptr<SharedState> while_out;  // keeps both alive while the host has it
  std::shared_ptr<std::vector<Ticket>> all;

  void run() noexcept override {
    const std::shared_ptr<SharedState> shared = std::move(while_out);
    const std::shared_ptr<std::vector<Ticket>> keep = std::move(all);
    std::unique_lock lock(shared->mutex);
    shared->help(lock);
    out = false;
  }
  bool out = false;  // guarded by SharedState::mutex
};

class DispatchExecutor final : public Executor {
 public:
  DispatchExecutor(std::shared_ptr<HostBridge> bridge, std::size_t width)
      : bridge_(std::move(bridge)),
        shared_(std::make_shared<SharedState>()),
        tickets_(std::make_shared<std::vector<Ticket>>(width - 1)) {}

  std::size_t width() const noexcept override { return tickets_->size() + 1; }

  void run(std::size_t count, Task task, void* data) noexcept override {
    std::unique_lock lock(shared_->mutex);
    if (count < 2 || shared_->in_use) {  // another thread's job is under way: this one needs nobody's help
      lock.unlock();
      for (std::size_t i = 0; i < count; ++i) task(data, i);
      return;
    }
    shared_->in_use = true;
    shared_->task = task;
    shared_->data = data;
    shared_->next = shared_->done = 0;
    shared_->count = count;
    std::size_t wanted = count - 1;
    for (Ticket& ticket : *tickets_) {
      if (wanted == 0) break;
      --wanted;
      if (ticket.out) continue;  // still on its way from an earlier job: it helps with this one when it arrives
      ticket.out = true;
      ticket.while_out = shared_;
      ticket.all = tickets_;
      lock.unlock();
      bridge_->given().dispatch(bridge_->given().user_data, &ticket);
      lock.lock();
    }
    shared_->help(lock);
    shared_->finished.wait(lock, [&] { return shared_->done == shared_->count; });
    shared_->next = shared_->count = 0;
    shared_->in_use = false;
  }

 private:
  std::shared_ptr<HostBridge> bridge_;
  std::shared_ptr<SharedState> shared_;
  std::shared_ptr<std::vector<Ticket>> tickets_;
};

}  // namespace

std::shared_ptr<Executor> make_dispatch_executor(std::shared_ptr<HostBridge> bridge, std::size_t width) {
  return std::make_shared<DispatchExecutor>(std::move(bridge), width);
}

}  // namespace webai::capi
