// What training takes and tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webai/dataset.hpp"
#include "webai/export.hpp"

namespace webai {

/// How far training has come; given to the progress function once per epoch and, on long epochs, some times a second.
struct Progress {
  std::uint64_t iteration = 0;      ///< epoch under way or just finished, from 1
  std::uint64_t max_iterations = 0; ///< 0: no bound
  std::uint64_t samples = 0;        ///< of this epoch so far
  std::uint64_t total_samples = 0;  ///< of an epoch; 0 while unknown
  double error = 0;                 ///< mean of the error measure over the samples of this epoch so far
  std::optional<double> accuracy;   ///< share of right labels, 0..1, where outputs are classes
  std::optional<double> validation_error;     ///< of the held-out samples, at the end of an epoch where there are some
  std::optional<double> validation_accuracy;
  double learning_rate = 0;         ///< of the last step
  double samples_per_second = 0;    ///< since training began
  bool epoch_end = false;
};

/// How the learning rate goes on, epoch by epoch (e, from 0) with options.learning_rate (r) at first:
/// - "constant": r
/// - "linear", "cosine": down to `minimum` at the end of max_iterations epochs, which must be given
/// - "step": r x factor^(e / every), the quotient rounded down
/// - "exponential": r x factor^e
/// - "plateau": x factor whenever the error of the held-out samples (without such: of training) has not fallen by more
///   than min_delta for `patience` epochs
struct LearningRateSchedule {
  std::string type = "constant";
  std::optional<double> factor = {};  ///< 0..1; empty: 0.1 for step and plateau, 0.95 for exponential
  std::uint64_t every = 10;           ///< epochs; step
  std::uint64_t patience = 10;        ///< epochs; plateau
  double min_delta = 0;               ///< plateau
  double minimum = 0;                 ///< the rate does not fall below it
  /// Steps or epochs in which the rate rises from 0, in a straight line; epochs count from their end on.
  std::uint64_t warmup_steps = 0, warmup_epochs = 0;

  LearningRateSchedule() = default;
  LearningRateSchedule(std::string name) : type(std::move(name)) {}
  LearningRateSchedule(const char* name) : type(name) {}
};

/// Options of training, with the seeds' JSON names in snake_case. Numbers that must be finite and positive are checked.
struct TrainOptions {
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  std::uint64_t max_iterations = unlimited;  ///< epochs: how often the data is gone through
  double timeout = std::numeric_limits<double>::infinity();  ///< milliseconds
  /// "mean-square", "mean-absolute", "root-mean-square", "cross-entropy", "binary-cross-entropy", "huber", "hinge", "kl",
  /// "cosine"; for verify also "misclassification". Empty: cross-entropy where labels meet a last softmax, else
  /// mean-square.
  std::string error_measure_type = {};
  /// Training stops at the end of the first epoch whose error is at most this: percent (100 x error) for the bounded
  /// measures, the plain value for cross-entropies, or as error_threshold_unit says ("percent", "raw").
  double error_threshold = 0;
  std::string error_threshold_unit = {};
  /// 0..1; empty: the optimizer's own, 0.3 for sgd. That default is lowered where inputs or targets are far above 1.
  std::optional<double> learning_rate = {};
  LearningRateSchedule learning_rate_schedule = {};
  std::optional<double> momentum = {};       ///< empty: 0.1 for sgd (as brain.js), 0.9 for momentum and nesterov, else 0
  std::string type = "back-propagation";
  /// Default rates in brackets: "sgd" (0.3), "momentum" (0.03), "nesterov" (0.03), "adam" (0.001), "adamw" (0.001),
  /// "adamax" (0.002), "rmsprop" (0.001), "adagrad" (0.01), "adadelta" (1), "lion" (0.0001), "lamb" (0.001).
  std::string optimizer = "sgd";
  bool nesterov = false;
  double dampening = 0;
  std::optional<double> weight_decay = {};   ///< empty: 0.01 for adamw, 0 for the others
  double beta1 = 0.9;                        ///< adam and its kin, lion
  std::optional<double> beta2 = {};          ///< empty: 0.999, for lion 0.99
  std::optional<double> rho = {};            ///< decay of the mean square; empty: 0.99 for rmsprop, 0.9 for adadelta
  std::optional<double> epsilon = {};        ///< empty: 1e-8, for adadelta and lamb 1e-6
  bool amsgrad = false, centered = false;
  double learning_rate_decay = 0;            ///< adagrad
  double initial_accumulator = 0;            ///< adagrad
  std::vector<std::string> to_train = {};    ///< names of layers; empty: all
  std::vector<std::string> to_skip = {};
  std::size_t batch_size = 0;                ///< 0: the dataset's, else 1
  std::size_t bptt = 0;                      ///< models with a memory: steps that gradients go back; 0: a sequence, at most 64
  std::uint64_t accumulate = 1;              ///< batches whose gradients make one update
  std::optional<double> clip_norm = {};      ///< length that all gradients together have at most
  std::optional<double> clip_value = {};     ///< size that each element of a gradient has at most
  /// Weights of the classes in the loss (not in the reported error): one for each output, or for the 0 and 1 of a single
  /// output. By label instead: labels that are not named weigh 1.
  std::vector<double> class_weights = {};
  std::vector<std::pair<std::string, double>> label_weights = {};

  Dataset validation = {};                   ///< samples to measure on after each epoch, never trained on
  double validation_split = 0;               ///< or this share of the data, 0..1, drawn once by the seed and held out
  /// Training stops with "patience" when the error (of the held-out samples if there are some) has not fallen by more
  /// than min_delta for so many epochs; 0: never.
  std::uint64_t patience = 0;
  double min_delta = 0;
  std::optional<bool> restore_best = {};     ///< end with the weights of the best epoch; empty: where patience is given

  std::string checkpoint = {};               ///< file that keeps all of the training's state; empty: none
  /// Epochs from one writing to the next; 0: after each epoch that ends 5 seconds or more after the last writing. The end
  /// of training writes it as well.
  std::uint64_t checkpoint_every = 0;
  bool resume = false;                       ///< go on from that file, to the same bits as without the interruption

  std::function<void(const Progress&)> progress = {};
  std::uint64_t log_period = 0;              ///< epochs from one call of `progress` to the next; 0: see Progress
  double log_period_ms = 0;                  ///< or milliseconds
  bool accuracy = true;                      ///< count right labels where outputs are classes
};

/// What training ends with.
struct TrainInfo {
  std::uint64_t iterations = 0;   ///< epochs finished
  double error = 0;               ///< mean measure over the last finished epoch
  double error_percent = 0;       ///< 100 x error
  std::optional<double> accuracy;
  double elapsed_ms = 0;
  std::uint64_t samples = 0;      ///< all that were trained on
  std::optional<double> validation_error;     ///< after the last finished epoch, where samples are held out
  std::optional<double> validation_accuracy;
  std::uint64_t best_iteration = 0;           ///< epoch of the lowest error; 0: neither patience nor restore_best
  /// "errorThreshold", "maxIterations", "patience", "timeout", "stopTraining" or "cancelled"; "finished" where a
  /// training of the program's own did not say why it ended
  std::string stop_reason;
};

/// What verifying ends with.
struct VerifyInfo {
  double error = 0;
  double error_percent = 0;
  std::uint64_t samples = 0;
  std::optional<double> accuracy;
  /// Row: true class, column: the model's; empty where outputs are not classes.
  std::vector<std::vector<std::uint64_t>> confusion;
};

}  // namespace webai
