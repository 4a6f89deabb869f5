// Error measures: what is minimised, and what is reported.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/op/builder.h"

namespace webai {

enum class Measure : std::uint8_t {
  mean_square,
  root_mean_square,
  mean_absolute,
  cross_entropy,
  binary_cross_entropy,
  huber,
  hinge,
  misclassification,  ///< only reported: it has no slope to go down
  kl,
  cosine
};

/// Throws INVALID_ARGUMENT with the known names.
Measure measure_from_name(std::string_view name);
std::string_view name_of(Measure measure);
/// Whether errors are shares of 1, so that a threshold is a percentage.
bool is_bounded(Measure measure);
bool takes_labels(Measure measure);
/// The reported number from the mean over samples: the root for root-mean-square, else itself.
double reported(Measure measure, double mean);

/// What append_measure writes. All scalars are sums over the batch of per-sample numbers, fp32 (fp64 for fp64 models).
struct MeasureRefs {
  /// Rank 0: mean over the batch of one sample's loss, times its class's weight; what gradients start from.
  /// Invalid where the measure can only be reported.
  Ref loss;
  Ref error;    ///< rank 0: sum over the batch of the reported measure
  Ref correct;  ///< rank 0: how many samples have their largest output at the target's class; invalid if not asked
};

/// Appends loss and error of `output` [batch, ...] against `target`: values of the same shape, or i32 labels [batch]
/// where the measure takes them. Cross-entropies and kl use the input of a last softmax or sigmoid; another last
/// activation is INVALID_ARGUMENT with a hint. `class_weights`: none, or one for each output (one output: of 0 and 1).
/// `judged` [batch], where given, is 1 for samples that count and 0 for those that do not; means are over the former.
MeasureRefs append_measure(Builder& builder, Ref output, Ref target, Measure measure, bool count_correct,
                           std::span<const double> class_weights = {}, Ref judged = {});

}  // namespace webai
