// Ways of training, running, verifying and exporting of your own, by name and domain: functions over an InternalModel.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webai/json.hpp"
#include "webai/network.hpp"

namespace webai {

/// A layer or pipe as such functions see it, in document order.
struct InternalLayer {
  std::string title;  ///< its name, or its place: "1", "1/0" for a pipe
  std::string name, domain, type, activation;
  Json properties;                      ///< as the model has them, shorthands written out
  Shape input, output;                  ///< without the batch
  std::vector<std::string> parameters;  ///< names for InternalModel::parameter
};

/// A network from inside, for the time of one call of such a function.
class WEBAI_EXPORT InternalModel {
 public:
  explicit InternalModel(NeuralNetwork network) : network_(std::move(network)) {}

  std::vector<InternalLayer> layers() const;
  std::vector<std::pair<std::string, Tensor>> parameters() const { return network_.parameters(); }  ///< copies
  Tensor parameter(std::string_view name) const;  ///< a copy; throws NOT_FOUND
  void set_parameter(const std::string& name, const Tensor& value) { network_.set_parameter(name, value); }

  /// Calls `take` with one batch of an epoch after the other, each a dataset of its own, until it answers false; false
  /// where it did. `batch` 0: the dataset's own, else 1.
  bool each_batch(const Dataset& data, std::uint64_t epoch, std::size_t batch,
                  const std::function<bool(const Dataset& batch)>& take) const;
  Gradients compute_gradients(const Dataset& batch, const VerifyOptions& options = {}) {
    return network_.compute_gradients(batch, options);
  }
  /// W <- W - gradient, whatever the gradient has been made into (or as options say).
  void apply_gradients(const Gradients& gradients, const ApplyOptions& options = {}) {
    network_.apply_gradients(gradients, options);
  }
  /// The library's own run and verification. Where the model was handed to a runner, its runs (those of network() too)
  /// give what the layers give: `io` acts on what the runner gives.
  Output run(const Tensor& input, const RunOptions& options = {});
  VerifyInfo verify(const Dataset& data, const VerifyOptions& options = {});

  std::string json() const { return network_.to_json({.setup_data_as = "given"}); }  ///< the model as it was given
  const Context& context() const { return network_.context(); }
  NeuralNetwork& network() { return network_; }

 private:
  NeuralNetwork network_;
};

/// How a training in progress is told to end, and tells how far it is.
class WEBAI_EXPORT ControlSignal {
 public:
  ControlSignal(std::function<bool()> stopped, std::function<void(const Progress&)> progress)
      : stopped_(std::move(stopped)), progress_(std::move(progress)) {}
  /// Whether stop_training was called, or the time is up.
  bool stopped() const { return stopped_ && stopped_(); }
  void progress(const Progress& news) const {
    if (progress_) progress_(news);
  }

 private:
  std::function<bool()> stopped_;
  std::function<void(const Progress&)> progress_;
};

/// What a run gives: the output as the model's layers give it, and the internal state that follows (text as
/// get_internal_state gives it, or empty). `io.output.denormalize` is applied to an output of the model's size by the run
/// that named the runner; several outputs stand behind each other, sample by sample.
struct RunResult {
  Tensor output;
  std::string new_state = {};
  bool denormalized = false;  ///< the output is what the caller shall have, and `io` leaves it alone
};

using TrainFunction =
    std::function<TrainInfo(InternalModel& model, const Dataset& data, const TrainOptions& options, ControlSignal& control)>;
using RunFunction = std::function<RunResult(InternalModel& model, const Tensor& input, std::string_view state)>;
using VerifyFunction =
    std::function<VerifyInfo(InternalModel& model, const Dataset& data, const VerifyOptions& options)>;
using ExportFunction = std::function<std::string(InternalModel& model, const Json& options)>;

struct AlgorithmDefinition {
  std::string name;
  std::string domain = "core";
};

// Networks of the context use them where options name them: `type` of TrainOptions, RunOptions and VerifyOptions, the
// first argument of export_as. The model's domain is searched first, then "core"; a definition stands before the
// library's own of that name. Throws ALREADY_EXISTS (ALGORITHM_EXISTS), NOT_FOUND (DOMAIN).
WEBAI_EXPORT void define_train(const Context& context, AlgorithmDefinition definition, TrainFunction function);
WEBAI_EXPORT void define_run(const Context& context, AlgorithmDefinition definition, RunFunction function);
WEBAI_EXPORT void define_verify(const Context& context, AlgorithmDefinition definition, VerifyFunction function);
WEBAI_EXPORT void define_export(const Context& context, AlgorithmDefinition definition, ExportFunction function);

}  // namespace webai
