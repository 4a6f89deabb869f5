// Datasets as values.
#pragma once

#include <atomic>
#include <cstdint>

#include "capi/object.h"
#include "webai/dataset.hpp"

namespace webai::capi {

class DatasetValue final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_DATASET;
  DatasetValue(Dataset given, bool loop_thread_only, std::uint32_t step_count, bool inside = false, bool in_sequences = false)
      : webai_value(kind_code), dataset(std::move(given)), loop_thread(loop_thread_only), steps(step_count), inner(inside),
        sequences(in_sequences) {}
  void destroy() noexcept override { delete this; }
  const Dataset dataset;
  const bool loop_thread;     ///< it calls functions of the host that live on the loop thread
  const std::uint32_t steps;  ///< length of the chain it ends: bounded, chains are walked recursively
  const bool inner;           ///< handed to a callback: its items come while that runs
  const bool sequences;       ///< batches count whole sequences
  /// Of each pass over it another one, from 0: shuffles give another order.
  std::uint64_t next_epoch() noexcept { return epochs_.fetch_add(1); }

 private:
  ~DatasetValue() = default;
  std::atomic<std::uint64_t> epochs_{0};
};

}  // namespace webai::capi
