// Blocks made ahead on another thread: a ring of slots between one maker and one user.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/background.h"
#include "dataset/assembler.h"

namespace webai {

/// Memory of one block: inputs, then outputs.
class BlockBuffer {
 public:
  BlockBuffer(const Context& context, std::size_t input_bytes, std::size_t output_bytes);
  ~BlockBuffer();
  BlockBuffer(const BlockBuffer&) = delete;
  BlockBuffer& operator=(const BlockBuffer&) = delete;
  void* inputs() const noexcept { return memory_; }
  void* outputs() const noexcept { return static_cast<std::byte*>(memory_) + input_room_; }

 private:
  Context context_;
  std::size_t input_room_, bytes_;
  void* memory_;
};

class Prefetcher {
 public:
  /// `ahead` slots are ready while one is in use. Without a thread of `runner` every call of next() makes its own.
  Prefetcher(const Context& context, BackgroundRunner& runner, std::unique_ptr<BlockAssembler> assembler,
             std::size_t slot_samples, std::size_t ahead, std::size_t input_bytes, std::size_t output_bytes);
  ~Prefetcher();

  void begin(std::uint64_t epoch);
  /// The next block, valid until the next call; 0 samples at the end of the epoch. Rethrows what making it threw.
  Block next();

 private:
  struct Slot {
    std::unique_ptr<BlockBuffer> buffer;
    std::size_t samples = 0;
  };
  void make_all();  // the work of the other thread
  Block block_of(const Slot& slot) const noexcept;

  std::unique_ptr<BlockAssembler> assembler_;
  std::size_t slot_samples_;
  std::vector<Slot> slots_;

  std::mutex mutex_;  // of everything below but task_; a slot's contents belong to its side without it
  std::condition_variable changed_;
  std::uint64_t epoch_ = 0;
  std::size_t made_ = 0, used_ = 0;  // slots since the start of the epoch; slot k is slots_[k % size]
  bool wanted_ = false;              // an epoch is under way and not made whole yet
  bool making_ = false;              // the other thread is writing into a slot
  bool fresh_ = false;               // the epoch has to begin yet
  bool stop_ = false;
  std::exception_ptr failure_;
  std::unique_ptr<BackgroundTask> task_;
};

}  // namespace webai
