// Context: the services of the host, and the account of the memory taken from it.
#include "webai/context.hpp"

#include <atomic>
#include <string>

#include "core/base/caller_executor.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t alignment = 64;  // one cache line, one AVX-512 vector

// Whole cache lines, so that a kernel may read (not use) to the end of the last vector. On overflow less than `bytes`.
std::size_t whole_lines(std::size_t bytes) {
  if (bytes == 0) return alignment;
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

Host::~Host() = default;
Executor::~Executor() = default;

struct Context::State {
  std::shared_ptr<Host> host;
  std::shared_ptr<Executor> executor;
  Options options;
  std::atomic<std::uint64_t> allocated{0};
  std::atomic<std::uint64_t> allocations{0};
  std::atomic_flag operations_busy;  // held for as long as a short list is copied
  std::vector<std::shared_ptr<const void>> operations;
};

Context::Context(std::shared_ptr<Host> host, std::shared_ptr<Executor> executor, Options options) {
  if (!host) throw Error(Code::invalid_argument, "a context needs a host");
  if (!executor) executor = std::make_shared<CallerExecutor>();
  state_ = std::make_shared<State>();
  state_->host = std::move(host);
  state_->executor = std::move(executor);
  state_->options = options;
}

namespace {

class Hold {
 public:
  explicit Hold(std::atomic_flag& flag) noexcept : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Hold() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag& flag_;
};

}  // namespace

void Context::keep_operation(std::shared_ptr<const void> definition) const {
  const Hold hold(state_->operations_busy);
  state_->operations.push_back(std::move(definition));
}

std::vector<std::shared_ptr<const void>> Context::kept_operations() const {
  const Hold hold(state_->operations_busy);
  return state_->operations;
}

Host& Context::host() const noexcept { return *state_->host; }
Executor& Context::executor() const noexcept { return *state_->executor; }
const Limits& Context::limits() const noexcept { return state_->options.limits; }
const Context::Options& Context::options() const noexcept { return state_->options; }

void* Context::allocate(std::size_t bytes) const {
  const std::size_t taken = whole_lines(bytes);
  const std::uint64_t limit = limits().host_bytes;
  std::uint64_t before = state_->allocated.load(std::memory_order_relaxed);
  do {
    if (taken < bytes || taken > limit || before > limit - taken) {
      throw Error(Code::limit_exceeded,
                  {.message = "out of the context's memory: " + std::to_string(bytes) + " bytes wanted, " +
                              std::to_string(before) + " of " + std::to_string(limit) + " in use",
                   .reason = "HOST_BYTES",
                   .hint = "raise the limit hostBytes, or use a smaller model or batch"});
    }
  } while (!state_->allocated.compare_exchange_weak(before, before + taken, std::memory_order_relaxed));
  state_->allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = state_->host->allocate(taken, alignment);
  if (!memory) {
    state_->allocated.fetch_sub(taken, std::memory_order_relaxed);
    throw Error(Code::out_of_memory, {.message = "the host has no " + std::to_string(bytes) + " bytes of memory left",
                                      .reason = "HOST_MEMORY",
                                      .hint = "work on smaller batches, or let the host give more"});
  }
  return memory;
}

void Context::deallocate(void* memory, std::size_t bytes) const noexcept {
  if (!memory) return;
  const std::size_t taken = whole_lines(bytes);
  state_->host->deallocate(memory, taken, alignment);
  state_->allocated.fetch_sub(taken, std::memory_order_relaxed);
}

std::uint64_t Context::allocated_bytes() const noexcept { return state_->allocated.load(std::memory_order_relaxed); }
std::uint64_t Context::allocation_count() const noexcept { return state_->allocations.load(std::memory_order_relaxed); }

void Context::log(int level, std::string_view text) const noexcept {
  if (level <= state_->options.log_level) state_->host->log(level, text);
}

}  // namespace webai
