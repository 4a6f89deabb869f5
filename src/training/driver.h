// The training loop as a driver that suspends between segments: whoever owns it calls advance() until it says that it
// is done, from a blocking call, an event loop or a pool alike.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "dataset/iterator.h"
#include "training/measure.h"
#include "training/step_graph.h"
#include "webai/training.hpp"

namespace webai {

/// A compiled step for one batch size.
struct StepProgram {
  std::unique_ptr<Executable> executable;
  std::vector<StepState> states;
};

struct DriverSetup {
  TrainOptions options;                    ///< defaults filled in: learning_rate and so on are set
  Measure measure = Measure::mean_square;
  BatchOptions batching;                   ///< batch: samples of a step
  DType parameter_type = DType::fp32;      ///< of the network's buffers; batches and the step may be wider
  std::size_t total_samples = 0;           ///< of an epoch, 0: unknown
  /// Compiles the step for a batch of so many samples; called for the batch size and once for a smaller last batch.
  std::function<StepProgram(std::int64_t batch)> compile;
  /// The network's buffer of a parameter or state by name; nullptr: not the network's.
  std::function<Buffer*(std::string_view name)> buffer;
  std::function<std::unique_ptr<Buffer>(std::size_t bytes)> allocate;
  std::function<bool()> stopped;  ///< asked before each segment: true ends training with "stopTraining"
  std::string input_name = "input";
};

class TrainingDriver {
 public:
  TrainingDriver(const Context& context, const Dataset& dataset, DriverSetup setup);
  ~TrainingDriver();

  /// Reads the data of the next segment where none are left. Touches nothing of the network, so the functions of the
  /// dataset may use it. Throws what the dataset throws; ends early, with nothing read, once training is to stop.
  void fetch();
  /// Runs one segment (some steps, a few milliseconds as a rule) on what fetch() read; false when training has ended.
  /// Throws NOT_A_NUMBER (INVALID_ARGUMENT) at the step whose loss is not finite.
  bool advance() { return advance(nullptr); }
  /// The same, with a segment of one step whose nodes are timed; `times` is empty where none was run.
  bool advance_timed(std::vector<NodeProfile>& times) {
    times.clear();
    return advance(&times);
  }
  /// Calls the progress function where the last segment gave a reason to. Apart from advance, so that the caller can
  /// first let go of what it holds: the function may run and save the network.
  void tell();
  /// Ends training with this stop reason before the next segment.
  void finish(std::string_view reason);
  const TrainInfo& info() const { return info_; }

 private:
  struct Bound;  // an executable with its bindings
  bool advance(std::vector<NodeProfile>* times);
  /// What ends training now: "stopTraining", "timeout" or nothing. Asked from the thread that reads data as well.
  const char* reason_to_stop() const;
  Bound& bound_for(std::int64_t batch);
  void run_steps(Bound& bound, const Block& block, std::size_t first_sample, std::size_t steps, std::size_t batch,
                 std::vector<NodeProfile>* times);
  double learning_rate() const;  ///< of the epoch under way
  void set_learning_rate(const Bound& bound);
  void end_epoch();
  void report(bool epoch_end);
  [[noreturn]] void blown_up(const Bound& bound, const Block& block, std::size_t samples) const;

  Context context_;
  DriverSetup setup_;
  BatchIterator iterator_;
  std::vector<std::unique_ptr<Bound>> bound_;
  std::vector<std::pair<std::string, std::unique_ptr<Buffer>>> optimizer_states_;
  std::vector<float> errors_, correct_;  // one per step of a segment
  TrainInfo info_;
  std::optional<Progress> news_;  // not told yet
  double started_ = 0, last_report_ = 0;
  double epoch_error_ = 0, epoch_correct_ = 0;
  std::uint64_t epoch_samples_ = 0, steps_ = 0;
  Block block_;                    // that the iterator gave last ...
  std::size_t block_done_ = 0;     // ... and how many of its samples have been used
  bool epoch_read_ = false;        // no more of it is to come
  std::size_t segment_steps_ = 1;  // of the next segment at most: what takes some 10 ms on this machine
  int untimed_segments_ = 0;       // since the clock was last asked
  bool in_epoch_ = false, counts_correct_ = false;
};

}  // namespace webai
