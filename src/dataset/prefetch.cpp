// Waiting is done on a condition variable: neither side ever spins.
#include "dataset/prefetch.h"

namespace webai {

BlockBuffer::BlockBuffer(const Context& context, std::size_t input_bytes, std::size_t output_bytes)
    : context_(context), input_room_((input_bytes + 63) / 64 * 64), bytes_(input_room_ + output_bytes),
      memory_(context_.allocate(bytes_)) {}

BlockBuffer::~BlockBuffer() { context_.deallocate(memory_, bytes_); }

Prefetcher::Prefetcher(const Context& context, BackgroundRunner& runner, std::unique_ptr<BlockAssembler> assembler,
                       std::size_t slot_samples, std::size_t ahead, std::size_t input_bytes, std::size_t output_bytes)
    : assembler_(std::move(assembler)), slot_samples_(slot_samples) {
  for (std::size_t i = 0; i < ahead + 1; ++i) {
    slots_.push_back({std::make_unique<BlockBuffer>(context, slot_samples * input_bytes, slot_samples * output_bytes)});
  }
  task_ = runner.start([this] { make_all(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  task_.reset();  // waits for it
}

void Prefetcher::begin(std::uint64_t epoch) {
  std::unique_lock lock(mutex_);
  wanted_ = false;
  changed_.wait(lock, [this] { return !making_; });
  epoch_ = epoch;
  made_ = used_ = 0;
  failure_ = nullptr;
  wanted_ = fresh_ = true;
  changed_.notify_all();
}

Block Prefetcher::block_of(const Slot& slot) const noexcept {
  Block block;
  block.samples = slot.samples;
  block.inputs = slot.buffer->inputs();
  block.outputs = slot.buffer->outputs();
  return block;
}

Block Prefetcher::next() {
  std::unique_lock lock(mutex_);
  if (!task_) {  // no thread to be had: make it here
    if (!wanted_) return {};
    if (fresh_) assembler_->begin(epoch_);
    fresh_ = false;
    Slot& slot = slots_[0];
    wanted_ = false;
    slot.samples = assembler_->fill(slot.buffer->inputs(), slot.buffer->outputs(), slot_samples_);
    wanted_ = slot.samples == slot_samples_;
    return block_of(slot);
  }
  // Slot used_ - 1, handed out by the last call, is free from here on.
  ++used_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return made_ >= used_ || !wanted_; });
  if (made_ >= used_) return block_of(slots_[(used_ - 1) % slots_.size()]);
  --used_;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return {};
}

void Prefetcher::make_all() {
  std::unique_lock lock(mutex_);
  for (;;) {
    // The slot in use is used_ - 1 (none before the first call): it and those ready must leave one free.
    changed_.wait(lock, [this] {
      const std::size_t done_with = used_ == 0 ? 0 : used_ - 1;
      return stop_ || (wanted_ && made_ - done_with < slots_.size());
    });
    if (stop_) return;
    Slot& slot = slots_[made_ % slots_.size()];
    const bool fresh = std::exchange(fresh_, false);
    making_ = true;
    lock.unlock();
    std::exception_ptr failure;
    slot.samples = 0;
    try {
      if (fresh) assembler_->begin(epoch_);
      slot.samples = assembler_->fill(slot.buffer->inputs(), slot.buffer->outputs(), slot_samples_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    making_ = false;
    if (wanted_) {  // else begin() was called meanwhile, and nobody wants this slot
      if (slot.samples > 0) ++made_;
      if (failure || slot.samples < slot_samples_) wanted_ = false;
      failure_ = failure;
    }
    changed_.notify_all();
  }
}

}  // namespace webai
