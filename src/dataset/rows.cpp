// Slots live in chunks of some 64 KB that never move, so a row stays where it is until it is given back.
#include "dataset/rows.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "webai/error.hpp"

namespace webai {

namespace {
constexpr std::size_t chunk_bytes = 64 << 10;
constexpr std::size_t alignment = 16;  // wide enough for every element type

std::size_t rounded(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }
}  // namespace

RowStore::RowStore(std::shared_ptr<const Table> table, const Description& description)
    : table_(std::move(table)),
      input_stride_(description.input_bytes()),
      output_stride_(description.output_bytes()) {
  if (table_->samples > std::numeric_limits<Handle>::max()) {
    throw Error(Code::limit_exceeded, {.message = "a dataset in memory holds too many samples to be reordered",
                                       .reason = "SAMPLES",
                                       .expected = "at most " + std::to_string(std::numeric_limits<Handle>::max()),
                                       .actual = std::to_string(table_->samples),
                                       .hint = "leave them in their order, or work in parts"});
  }
  // Rows of a table are only ever read; the pointer is not const because slots share the type.
  auto* inputs = static_cast<std::byte*>(const_cast<void*>(table_->inputs.data()));
  auto* outputs = static_cast<std::byte*>(const_cast<void*>(table_->outputs.data()));
  chunks_.push_back({inputs, outputs});
}

RowStore::RowStore(const Context& context, const Description& description)
    : context_(std::make_unique<Context>(context)),
      input_stride_(rounded(description.input_bytes())),
      output_stride_(rounded(description.output_bytes())) {
  const std::size_t slot = input_stride_ + output_stride_;
  const std::uint64_t most = context.limits().tensor_bytes;
  if (slot > most) {
    throw Error(Code::limit_exceeded, {.message = "one sample is larger than a tensor may be",
                                       .reason = "SAMPLE_BYTES",
                                       .expected = "at most " + std::to_string(most) + " bytes",
                                       .actual = std::to_string(slot) + " bytes",
                                       .hint = "raise the limit tensorBytes, or cut samples into parts"});
  }
  const std::size_t slots = slot == 0 ? 4096 : std::clamp<std::size_t>(chunk_bytes / slot, 1, 4096);
  shift_ = static_cast<unsigned>(std::bit_width(slots) - 1);
  mask_ = (Handle{1} << shift_) - 1;
}

RowStore::~RowStore() {
  if (!context_) return;
  const std::size_t bytes = (input_stride_ + output_stride_) << shift_;
  for (const Chunk& chunk : chunks_) context_->deallocate(chunk.input, bytes);
}

void RowStore::grow() {
  const std::size_t slots = std::size_t{1} << shift_;
  const std::size_t rows = (chunks_.size() + 1) << shift_;
  if (rows > std::numeric_limits<Handle>::max()) {
    throw Error(Code::limit_exceeded, {.message = "a shuffle buffer holds too many samples",
                                       .reason = "SAMPLES",
                                       .hint = "choose a smaller buffer: shuffle(10000)"});
  }
  chunks_.reserve(chunks_.size() + 1);
  free_.reserve(rows);
  numbers_.resize(rows);
  marks_.resize(rows);
  auto* memory = static_cast<std::byte*>(context_->allocate((input_stride_ + output_stride_) * slots));
  chunks_.push_back({memory, memory + input_stride_ * slots});
  for (std::size_t i = 0; i < slots; ++i) free_.push_back(static_cast<Handle>(rows - 1 - i));
}

}  // namespace webai
