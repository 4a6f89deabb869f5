// The steps of a dataset at work: each stream pulls row numbers from the one before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "dataset/rows.h"
#include "dataset/state.h"

namespace webai {

class Stream {
 public:
  explicit Stream(RowStore& store) : store_(store) {}
  virtual ~Stream() = default;
  /// Starts over with the order of that epoch.
  virtual void begin(std::uint64_t epoch) = 0;
  /// Fills `into`; fewer rows than asked for mean the end. The caller gives rows back to store(), but for a call that
  /// throws: that one has given back its own.
  virtual std::size_t next(std::span<Handle> into) = 0;
  RowStore& store() const noexcept { return store_; }

 private:
  RowStore& store_;
};

/// Rows that a call of next() has ready: given back unless the call comes to its end.
class Filling {
 public:
  Filling(RowStore& store, std::span<Handle> into) : store_(store), into_(into) {}
  ~Filling() {
    for (const Handle row : into_.first(count_)) store_.release(row);
  }
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;
  bool full() const noexcept { return count_ == into_.size(); }
  std::span<Handle> rest() const noexcept { return into_.subspan(count_); }
  void push(Handle row) noexcept { into_[count_++] = row; }
  void add(std::size_t count) noexcept { count_ += count; }  // rows that were written into rest()
  std::size_t finish() noexcept { return std::exchange(count_, 0); }

 private:
  RowStore& store_;
  std::span<Handle> into_;
  std::size_t count_ = 0;
};

/// The same samples, each in a place of its own, so that what is said of them can change.
std::unique_ptr<Stream> copies_of(const Context& context, std::unique_ptr<Stream> before, const Description& description);
/// Whole sequences in the order of a shuffle, of rows that can be marked: each begins with a reset, whatever came before it.
std::unique_ptr<Stream> shuffled_sequences(std::unique_ptr<Stream> before, const Step& step, std::uint64_t seed);

/// What is shuffled: samples, or whole sequences, which whoever reads the stream does (dataset/sequences.h). `sample` leaves
/// out those that are ignored, `any_sample` does not.
enum class Unit : std::uint8_t { sample, any_sample, sequence };

/// The streams of a dataset, one in the other. `seed` is that of shuffles without their own; while samples are read,
/// `interrupted` (which may be empty) is asked now and again, and a yes ends the call with Interrupted.
std::unique_ptr<Stream> open_stream(const Context& context, const Dataset::State& dataset, std::uint64_t seed,
                                    const std::function<bool()>& interrupted = {}, Unit unit = Unit::sample);

}  // namespace webai
