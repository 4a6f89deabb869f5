// Context::system: memory from operator new, the steady clock, the system's entropy, the executor chosen at build time.
#include "host/system_host.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <new>
#include <random>

#if defined(__unix__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "core/base/caller_executor.h"
#include "host/processors.h"
#include "host/tbb_executor.h"
#include "host/threads_executor.h"

namespace webai {
namespace {

// Threads beyond this number are a mistake, not a wish.
constexpr std::size_t most_threads = 1024;

// Blocks from this size on lie in pages of 2 MiB where the system has them: touching fresh 4 KiB pages costs more than
// filling them.
constexpr std::size_t large_block = std::size_t{8} << 20;
constexpr std::size_t large_page = std::size_t{2} << 20;

class SystemHost final : public Host {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    void* memory = ::operator new(bytes, std::align_val_t(alignment_of(bytes, alignment)), std::nothrow);
#if defined(MADV_HUGEPAGE)
    if (memory && bytes >= large_block) {
      // Whole large pages only, so that none of a neighbour's memory is meant. Advice: failure does not matter.
      (void)madvise(memory, bytes / large_page * large_page, MADV_HUGEPAGE);
    }
#endif
    return memory;
  }

  void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    ::operator delete(memory, std::align_val_t(alignment_of(bytes, alignment)));
  }

  double now() noexcept override {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    return Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  bool entropy(void* bytes, std::size_t size) noexcept override {
#if defined(__unix__)
    constexpr std::size_t most_at_once = 256;  // what getentropy gives in one call
    auto* position = static_cast<std::byte*>(bytes);
    while (size != 0) {
      const std::size_t step = std::min(size, most_at_once);
      if (getentropy(position, step) != 0) return false;
      position += step;
      size -= step;
    }
    return true;
#else
    try {
      std::random_device device;
      auto* position = static_cast<unsigned char*>(bytes);
      for (std::size_t i = 0; i < size; ++i) position[i] = static_cast<unsigned char>(device());
      return true;
    } catch (...) {
      return false;
    }
#endif
  }

  void log(int, std::string_view) noexcept override {}

 private:
  static std::size_t alignment_of(std::size_t bytes, std::size_t alignment) noexcept {
    return bytes >= large_block ? std::max(alignment, large_page) : alignment;
  }
};

}  // namespace

std::shared_ptr<Host> make_system_host() { return std::make_shared<SystemHost>(); }

std::shared_ptr<Executor> make_system_executor(std::size_t threads) {
  const std::size_t width = std::min(threads == 0 ? usable_processors() : threads, most_threads);
  if (width == 1) return std::make_shared<CallerExecutor>();
#if WEBAI_WITH_TBB
  return make_tbb_executor(width);
#else
  return std::make_shared<ThreadsExecutor>(width);
#endif
}

Context Context::system(Options options) {
  return Context(make_system_host(), make_system_executor(options.threads), options);
}

}  // namespace webai
