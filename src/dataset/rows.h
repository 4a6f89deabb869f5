// Memory of samples under way: rows of a table, or slots that are taken and given back while a file streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataset/source.h"

namespace webai {

/// Number of a row. Streams pass these, not samples: a sample is written once and converted once.
using Handle = std::uint32_t;

class RowStore {
 public:
  /// The rows of a table; taking and giving back mean nothing.
  explicit RowStore(std::shared_ptr<const Table> table, const Description& description);
  /// Slots from the context's memory, as many as were ever in use at once.
  RowStore(const Context& context, const Description& description);
  ~RowStore();
  RowStore(const RowStore&) = delete;
  RowStore& operator=(const RowStore&) = delete;

  bool is_table() const noexcept { return table_ != nullptr; }
  std::byte* input(Handle row) const noexcept {
    return chunks_[static_cast<std::uint64_t>(row) >> shift_].input + (row & mask_) * input_stride_;
  }
  std::byte* output(Handle row) const noexcept {
    return chunks_[static_cast<std::uint64_t>(row) >> shift_].output + (row & mask_) * output_stride_;
  }
  /// Takes a slot for the sample of that number.
  Handle acquire(std::uint64_t number, Marks marks = 0) {
    if (free_.empty()) grow();
    const Handle row = free_.back();
    free_.pop_back();
    numbers_[row] = number;
    marks_[row] = marks;
    return row;
  }
  Marks marks(Handle row) const noexcept {
    return !table_ ? marks_[row] : table_->marks.empty() ? Marks{0} : table_->marks[row];
  }
  void mark(Handle row, Marks marks) noexcept { marks_[row] = marks; }
  /// Which sample of the source the row holds, from 0: what messages call it.
  std::uint64_t number(Handle row) const noexcept { return table_ ? row : numbers_[row]; }
  void release(Handle row) noexcept {
    if (!table_) free_.push_back(row);  // never allocates: grow() reserved room for every slot
  }

 private:
  void grow();
  struct Chunk {
    std::byte* input;
    std::byte* output;
  };
  std::shared_ptr<const Table> table_;
  std::unique_ptr<Context> context_;  // of the slots
  std::vector<Chunk> chunks_;
  std::vector<Handle> free_;
  std::vector<std::uint64_t> numbers_;                // of the slots
  std::vector<Marks> marks_;                          // likewise
  std::size_t input_stride_ = 0, output_stride_ = 0;  // bytes
  unsigned shift_ = 32;                               // 2^shift_ rows in a chunk
  Handle mask_ = ~Handle{0};
};

}  // namespace webai
