// What the library asks of its host: memory, threads, time, randomness, a place for log lines; and the limits it keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "webai/export.hpp"

namespace webai {

/// Bounds on what input may ask for; all finite by default. ~0 means no limit.
struct Limits {
  std::uint64_t json_bytes = std::uint64_t{1} << 30;     ///< text of one JSON document
  std::uint32_t json_depth = 512;                        ///< nesting of one JSON document
  std::uint64_t nodes = 100'000;                         ///< layers and pipes of a model, nodes of a graph
  std::uint32_t rank = 8;                                ///< dimensions of a tensor
  std::uint64_t tensor_bytes = std::uint64_t{4} << 30;   ///< one tensor
  std::uint64_t host_bytes = std::uint64_t{16} << 30;    ///< all tensors and buffers of a context
  std::uint64_t device_bytes = std::uint64_t{16} << 30;  ///< the same on one device
  std::uint64_t program_bytes = std::uint64_t{1} << 30;  ///< kept by a network's compiled runs; one may pass it alone
  std::uint64_t run_steps = 1'000'000;                   ///< iterations inside one run
};

/// The services of the surrounding program. Every member may be called from any thread and must not throw.
class WEBAI_EXPORT Host {
 public:
  virtual ~Host();
  /// Uninitialised memory, or nullptr when there is none. `alignment` is a power of two.
  virtual void* allocate(std::size_t bytes, std::size_t alignment) noexcept = 0;
  virtual void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept = 0;
  virtual double now() noexcept = 0;  ///< milliseconds of a monotonic clock
  virtual bool entropy(void* bytes, std::size_t size) noexcept = 0;  ///< true when filled
  virtual void log(int level, std::string_view text) noexcept = 0;   ///< 0 error, 1 warning, 2 information, 3 detail
};

/// Runs independent pieces of work. Results never depend on how many threads take part.
class WEBAI_EXPORT Executor {
 public:
  virtual ~Executor();
  using Task = void (*)(void* data, std::size_t index);
  /// How many pieces can run at once, 1 or more.
  virtual std::size_t width() const noexcept = 0;
  /// Calls task(data, i) once for each i in [0, count) and returns when all have returned. The calling thread takes
  /// part. Tasks must not throw and must not call run of the same executor.
  virtual void run(std::size_t count, Task task, void* data) noexcept = 0;
  /// Announces a stretch of many short runs (worth it from about 100 microseconds of shared work): helpers are woken
  /// now and stay awake while runs follow each other closely. May do nothing.
  virtual void begin() noexcept {}
  virtual void end() noexcept {}
  /// True while helpers are awake: then pieces of about 5 microseconds are worth handing out, otherwise only pieces of
  /// about 50, because run has to wake somebody. A hint that may be out of date.
  virtual bool ready() const noexcept { return false; }

  /// run() for a callable.
  template <class Callable> void each(std::size_t count, Callable&& callable) {
    using Plain = std::remove_reference_t<Callable>;
    run(count, [](void* data, std::size_t index) { (*static_cast<Plain*>(data))(index); },
        const_cast<std::remove_const_t<Plain>*>(&callable));
  }
};

/// An isolated runtime: host, executor, limits, seed. A cheap handle, passed explicitly; there are no globals. Two
/// contexts share nothing.
class WEBAI_EXPORT Context {
 public:
  struct Options {
    std::size_t threads = 0;    ///< 0: as many as the machine has; 1: the caller's alone
    std::uint64_t seed = 0;     ///< added to the seed of every model that does not set its own
    int log_level = 1;          ///< lines above it are not formatted
    Limits limits = {};
  };
  /// The surrounding process's memory, clock and threads. (Implemented in src/host: the core itself asks no system.)
  static Context system(Options options);
  static Context system() { return system(Options{}); }
  /// A context over the caller's own services; without an executor everything runs on the calling thread.
  Context(std::shared_ptr<Host> host, std::shared_ptr<Executor> executor, Options options);

  Host& host() const noexcept;
  Executor& executor() const noexcept;
  const Limits& limits() const noexcept;
  const Options& options() const noexcept;

  /// Memory counted against limits().host_bytes; throws LIMIT_EXCEEDED or OUT_OF_MEMORY. Aligned to 64 bytes.
  void* allocate(std::size_t bytes) const;
  void deallocate(void* memory, std::size_t bytes) const noexcept;
  std::uint64_t allocated_bytes() const noexcept;
  std::uint64_t allocation_count() const noexcept;  ///< calls of allocate since the start

  void log(int level, std::string_view text) const noexcept;

  /// For define_operation: definitions that networks of this context know besides the library's own.
  void keep_operation(std::shared_ptr<const void> definition) const;
  std::vector<std::shared_ptr<const void>> kept_operations() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace webai
