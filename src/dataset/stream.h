// The steps of a dataset at work: each stream pulls row numbers from the one before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

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

/// What is shuffled: samples, or whole sequences, which whoever reads the stream does (dataset/sequences.h). `sample` leaves
/// out those that are ignored, `any_sample` does not.
enum class Unit : std::uint8_t { sample, any_sample, sequence };

/// The streams of a dataset, one in the other. `seed` is that of shuffles without their own; while samples are read,
/// `interrupted` (which may be empty) is asked now and again, and a yes ends the call with Interrupted.
std::unique_ptr<Stream> open_stream(const Context& context, const Dataset::State& dataset, std::uint64_t seed,
                                    const std::function<bool()>& interrupted = {}, Unit unit = Unit::sample);

}  // namespace webai
