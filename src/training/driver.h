// The training loop as a driver that suspends between segments: whoever owns it calls advance() until it says that it
// is done, from a blocking call, an event loop or a pool alike.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "dataset/iterator.h"
#include "training/best_weights.h"
#include "training/measure.h"
#include "training/schedule.h"
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
  /// Where the model has the layer of that name: "/layers/2". Empty: nowhere.
  std::function<std::string(std::string_view layer)> path_of_layer = {};
  /// Whether that layer stands in an iterator, whose steps all multiply by it. Empty: none does.
  std::function<bool(std::string_view layer)> is_iterated = {};
  std::string model_hash;                  ///< of layers, sizes and pipes: a checkpoint is of one model
  Measure measure = Measure::mean_square;
  BatchOptions batching;                   ///< batch: samples of a step
  /// That a parameter of the network stands for; empty where it has none of that name.
  std::function<Tensor(std::string_view name)> numbers;
  std::size_t total_samples = 0;           ///< of an epoch, 0: unknown
  /// Compiles the step for a batch of so many samples; called for the batch size and once for a smaller last batch.
  /// `learns`: else nothing but memories and averages changes; its states are among those of the step that learns.
  std::function<StepProgram(std::int64_t batch, bool learns)> compile;
  /// The network's buffer of a parameter or state by name; nullptr: not the network's.
  std::function<Buffer*(std::string_view name)> buffer;
  std::function<std::unique_ptr<Buffer>(std::size_t bytes)> allocate;
  /// What has to be learned from the data before the first step, in the first fetch(); may throw Interrupted where
  /// `interrupted` said yes. Empty: nothing.
  std::function<void(const std::function<bool()>& interrupted)> prepare = {};
  std::function<bool()> stopped;  ///< asked before each segment: true ends training with "stopTraining"
  std::string input_name = "input";
  NamedBuffers kept;              ///< all parameters and states of the network: what checkpoints and best weights hold
  /// Measures the held-out samples; nothing when `interrupted` said yes. Empty: none are held out.
  std::function<std::optional<VerifyInfo>(const std::function<bool()>& interrupted)> validate = {};
  /// The rate is a default, for steps as large as the gradient: large inputs (where they reach the model as they are) or
  /// targets lower it.
  bool default_rate = false, plain_inputs = false;
  bool ends_in_relu = false;  ///< the outputs may all come to where they have no slope
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
  /// Measures the held-out samples where the last segment ended an epoch; what follows from them comes with the next
  /// advance. Called without what protects the network. An epoch whose measuring is interrupted waits for it, in a
  /// checkpoint as well.
  void validate();
  /// The whole state as a file's text (training/checkpoint.h), at any time between two calls of the others.
  std::string checkpoint();
  /// Whether the last advance() made one because it was due, and that one.
  bool has_checkpoint() const { return !due_checkpoint_.empty(); }
  std::string take_checkpoint() { return std::exchange(due_checkpoint_, {}); }
  /// Goes on from a checkpoint, before the first advance. Throws INVALID_ARGUMENT, with nothing changed, for one that
  /// does not belong to this training. `given_rate`: the options name a learning rate, which then holds from here on.
  void restore(std::string_view text, bool given_rate);
  /// Calls the progress function where the last segment gave a reason to. Apart from advance, so that the caller can
  /// first let go of what it holds: the function may run and save the network.
  void tell();
  /// Compiles anew the steps that were compiled so far; all of them or, when it throws, none. Between two segments.
  void recompile();
  /// Ends training with this stop reason before the next segment.
  void finish(std::string_view reason);
  const TrainInfo& info() const { return info_; }

 private:
  struct Bound;  // an executable with its bindings
  bool advance(std::vector<NodeProfile>* times);
  /// What ends training now: "stopTraining", "timeout" or nothing. Asked from the thread that reads data as well.
  const char* reason_to_stop() const;
  Bound& bound_for(std::int64_t batch, bool learns = true);
  /// False when training begins again.
  bool run_steps(Bound& bound, const Block& block, std::size_t first_sample, std::size_t steps, std::size_t batch,
                 std::vector<NodeProfile>* times);
  void update_rate(std::size_t batch);  ///< for the step to come
  void lower_default_rate();
  /// A default rate is tried: what the network was before the first step is kept for a while, and once the error grows
  /// without bound training begins again from there, as if a quarter of the rate had been the default.
  void keep_start();
  bool grows_without_bound(double error);  ///< of the step that was the last one
  bool stands_still() const;               ///< at the end of an epoch: behind a relu no weight moves, nor will
  void begin_again(const char* why);
  void read_block();
  void end_epoch();
  void conclude_epoch();
  bool watches() const { return setup_.options.patience > 0 || *setup_.options.restore_best; }
  bool ended();  ///< false, once what the end of training asks for is done
  bool report_is_due(bool epoch_end) const;
  void report(bool epoch_end);
  /// The layer with the largest weight, and that; infinity where one is no number.
  std::pair<std::string, double> largest_weight(const Bound& bound) const;
  [[noreturn]] void blown_up(const Bound& bound, const Block& block, std::size_t samples) const;

  Context context_;
  DriverSetup setup_;
  BatchIterator iterator_;
  std::vector<std::unique_ptr<Bound>> bound_;
  std::vector<std::pair<std::string, std::unique_ptr<Buffer>>> optimizer_states_;
  std::vector<float> errors_, correct_;  // one per step of a segment
  TrainInfo info_;
  std::optional<Progress> news_;  // not told yet
  Schedule schedule_;
  Patience patience_;
  BestWeights best_, start_;
  std::string due_checkpoint_;
  double begun_rate_ = 0;                             // that training began with the last time ...
  int beginnings_ = 0;                                // ... after so many that were too large
  double first_error_ = 0, largest_target_ = 0;       // of the first step; of the first block, squared
  double rate_ = 0;                // of the last step, or of the next one where it is fresh
  bool rate_fresh_ = false;        // and holds until the epoch ends
  double started_ = 0, last_report_ = 0, last_checkpoint_ = 0;
  double elapsed_before_ = 0;           // milliseconds of training up to the checkpoint that it went on from ...
  std::uint64_t samples_before_ = 0;    // ... and samples
  double epoch_error_ = 0, epoch_correct_ = 0;
  std::uint64_t epoch_samples_ = 0, steps_ = 0;
  std::uint64_t epoch_windows_ = 0;  // of sequences: samples that are not judged count nowhere else
  Block block_;                    // that the iterator gave last ...
  std::size_t block_done_ = 0;     // ... and how many of its samples have been used
  bool epoch_read_ = false;        // no more of it is to come
  std::size_t segment_steps_ = 1;  // of the next segment at most: what takes some 10 ms on this machine
  int untimed_segments_ = 0;       // since the clock was last asked
  std::uint64_t skip_ = 0;         // samples, or windows, of the epoch under way that were used before the checkpoint
  bool in_epoch_ = false, counts_correct_ = false;
  bool seen_data_ = false;         // a block has been read
  bool epoch_ended_ = false, awaits_validation_ = false;
  bool closed_ = false;            // what the end asks for is done
};

}  // namespace webai
