// Windows of sequences, for models with a memory: lanes of sequences side by side, cut into stretches of time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/base/random.h"
#include "dataset/convert.h"
#include "dataset/stream.h"

namespace webai {

/// How a table's samples fall into sequences.
struct SequenceCount {
  std::size_t count = 0;    ///< of sequences
  std::size_t longest = 0;  ///< samples
};
/// Nothing where the samples are not in memory.
std::optional<SequenceCount> count_sequences(const Context& context, const Dataset& dataset);

/// Reads whole sequences from a stream, each into the lane that is free first, and cuts windows from the lanes. A
/// window holds samples of one sequence only in each lane; what a short one leaves free is not judged. Shuffles of the
/// dataset change the order of sequences.
class SequenceAssembler {
 public:
  /// `stream` was opened for sequences.
  SequenceAssembler(std::unique_ptr<Stream> stream, const Dataset::State& dataset, const Description& description,
                    const BatchOptions& options);
  ~SequenceAssembler() { drop(); }
  SequenceAssembler(const SequenceAssembler&) = delete;
  SequenceAssembler& operator=(const SequenceAssembler&) = delete;

  void begin(std::uint64_t epoch);
  /// The next window; false at the end of the epoch. Inputs and outputs are [window, lanes, elements], judged and present
  /// [window, lanes] and kept [lanes], all of the options' type.
  bool fill(void* inputs, void* outputs, void* judged, void* present, void* kept, std::size_t& counted);

 private:
  /// Rows that are read and not used. Their memory stays for the next sequence.
  class Sequence {
   public:
    std::size_t size() const { return rows_.size() - first_; }
    bool empty() const { return size() == 0; }
    Handle front() const { return rows_[first_]; }
    void push_back(Handle row) { rows_.push_back(row); }
    void pop_front() {
      if (++first_ == rows_.size()) clear();
    }
    void clear() {
      rows_.clear();
      first_ = 0;
    }

   private:
    std::vector<Handle> rows_;
    std::size_t first_ = 0;
  };
  struct Lane {
    Sequence rows;
    bool in_use = false;
  };
  struct Shuffle {
    std::uint64_t buffer = 0, seed = 0;
    bool each_epoch = true;
  };
  bool read_row(Handle& row, bool& begins);
  void read_into(Lane& lane, std::size_t wanted);
  bool start_sequence(Lane& lane);
  bool read_sequence(Sequence& sequence);
  void write_row(Handle row, std::size_t place, void* inputs, void* outputs, void* judged, std::size_t& counted);
  void drop() noexcept;

  std::unique_ptr<Stream> stream_;
  Converter inputs_;
  OutputWriter outputs_;
  DType type_;
  std::size_t window_, input_elements_, input_bytes_;
  std::vector<Lane> lanes_;
  std::optional<Shuffle> shuffle_;
  std::vector<Sequence> held_;       // of the shuffle; behind so many that are in use, empty ones
  std::size_t held_count_ = 0;
  RandomStream random_{0, 0};
  std::uint64_t drawn_ = 0;
  Lane* open_ = nullptr;             // whose sequence the stream is in the middle of
  std::optional<Handle> waiting_;    // first row of the next sequence
  bool any_read_ = false, ended_ = false;
};

}  // namespace webai
