// Iterating over a dataset as training does: long runs of samples side by side, in the element type the model wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/background.h"
#include "webai/dataset.hpp"

namespace webai {

/// How outputs are delivered.
enum class OutputForm : std::uint8_t {
  natural,  ///< labels for OutputKind::label, else values
  values,   ///< a label becomes the one value of its number
  labels,   ///< i32 class indices; a single value that is a whole number counts as a label
  one_hot   ///< `classes` values, 1 at the label, else 0
};

struct BatchOptions {
  DType type = DType::fp32;                 ///< of inputs and of outputs that are values
  DType held = DType::fp64;                 ///< what inputs are rounded to behind this: more than that holds is an error
  OutputForm outputs = OutputForm::natural;
  std::size_t classes = 0;                  ///< labels from here on are an error; 0: whatever the dataset counts
  std::vector<std::int32_t> label_map = {}; ///< class of the dataset -> class of the model; empty: the same
  std::uint64_t seed = 0;                   ///< of shuffles without their own
  /// For models with a memory: 0, or how many samples of a sequence a block holds. `lanes` sequences stand side by side;
  /// `batch` is the product of the two, and each block is one batch.
  std::size_t window = 0, lanes = 1;
  std::size_t batch = 1;                    ///< blocks are whole multiples of it, but for the last of an epoch
  std::size_t expected_inputs = 0;          ///< values a sample must have, 0: any; SHAPE_MISMATCH otherwise
  std::size_t expected_outputs = 0;         ///< the same for outputs delivered as values
  /// Asked now and again while samples are read, on whichever thread does that; true makes next() throw Interrupted.
  std::function<bool()> interrupted = {};
  BackgroundRunner* background = nullptr;   ///< for prefetch(); without one batches are made when asked for
};

/// What BatchIterator::next throws when BatchOptions::interrupted said so. The epoch cannot be gone on with.
struct Interrupted {};

/// Consecutive samples of an epoch, contiguous. Memory belongs to the iterator (or the dataset) and stays as it is
/// until the next call of next() or begin_epoch().
struct Block {
  std::size_t samples = 0;
  const void* inputs = nullptr;   ///< [samples, input_elements] of BatchOptions::type
  const void* outputs = nullptr;  ///< [samples, output_elements] of that type, or i32 [samples] for labels
  // Of windows of sequences, [window, lanes] samples:
  const void* judged = nullptr;   ///< [window, lanes] of BatchOptions::type: 1 where the output counts, else 0
  const void* present = nullptr;  ///< the same of samples that are there, judged or not; 0 where a lane has none left
  const void* kept = nullptr;     ///< [lanes] of that type: 0 where a sequence begins, so that its lane forgets
  std::size_t counted = 0;        ///< samples that count: those judged, or all
};

/// Walks over epochs. Allocates nothing once its buffers have grown to their size. Used by one thread at a time.
class BatchIterator {
 public:
  /// Throws what is wrong with data or options as far as it can be told before the first sample.
  BatchIterator(const Context& context, const Dataset& dataset, BatchOptions options);
  ~BatchIterator();
  BatchIterator(BatchIterator&&) noexcept;
  BatchIterator& operator=(BatchIterator&&) noexcept;

  /// Starts epoch `number` (from 0) from its first sample, also in the middle of another.
  void begin_epoch(std::uint64_t number);
  /// The next run of at most `max_samples` samples (at least BatchOptions::batch; rounded down to a multiple of it);
  /// false at the end of the epoch. Between the batches of an epoch no sample is left out or comes twice.
  bool next(Block& block, std::size_t max_samples);

  std::size_t input_elements() const noexcept;   ///< of one sample
  std::size_t output_elements() const noexcept;  ///< of one sample: 1 for labels
  bool outputs_are_labels() const noexcept;      ///< i32 indices rather than values
  /// Blocks are views of data that lie ready and are the same in each epoch: asking for all samples costs nothing.
  bool is_view() const noexcept;
  /// A good max_samples: all samples of a view, else a multiple of the batch that fills some 256 KB of inputs.
  std::size_t preferred_samples() const noexcept;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace webai
