// What training takes and tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

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
  double samples_per_second = 0;    ///< since training began
  bool epoch_end = false;
};

/// Options of training, with the seeds' JSON names in snake_case. Numbers that must be finite and positive are checked.
struct TrainOptions {
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  std::uint64_t max_iterations = unlimited;  ///< epochs: how often the data is gone through
  double timeout = std::numeric_limits<double>::infinity();  ///< milliseconds
  /// "mean-square", "mean-absolute", "root-mean-square", "cross-entropy", "binary-cross-entropy"; empty: cross-entropy
  /// where labels meet a last softmax, else mean-square.
  std::string error_measure_type = {};
  /// Training stops at the end of the first epoch whose error is at most this: percent (100 x error) for the bounded
  /// measures, the plain value for cross-entropies, or as error_threshold_unit says ("percent", "raw").
  double error_threshold = 0;
  std::string error_threshold_unit = {};
  /// 0..1; empty: 0.3 for sgd, 0.001 for the others.
  std::optional<double> learning_rate = {};
  /// How the rate goes on: "constant", or over max_iterations epochs down to 0 in a "linear" or "cosine" way.
  std::string learning_rate_schedule = "constant";
  std::optional<double> momentum = {};       ///< empty: 0.1 for sgd (as brain.js), 0 for rmsprop
  std::string type = "back-propagation";
  std::string optimizer = "sgd";             ///< "sgd", "adam", "adamw", "rmsprop", "adagrad"
  bool nesterov = false;
  double dampening = 0;
  std::optional<double> weight_decay = {};   ///< empty: 0.01 for adamw, 0 for the others
  double beta1 = 0.9, beta2 = 0.999;         ///< adam, adamw
  double rho = 0.99;                         ///< rmsprop: decay of the mean square
  double epsilon = 1e-8;
  bool amsgrad = false, centered = false;
  double learning_rate_decay = 0;            ///< adagrad
  double initial_accumulator = 0;            ///< adagrad
  std::vector<std::string> to_train = {};    ///< names of layers; empty: all
  std::vector<std::string> to_skip = {};
  std::size_t batch_size = 0;                ///< 0: the dataset's, else 1
  std::function<void(const Progress&)> progress = {};
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
  /// "errorThreshold", "maxIterations", "timeout", "stopTraining" or "cancelled"
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
