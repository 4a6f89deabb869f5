// The declarative `io` block: what is done to inputs before the first layer and to outputs after the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/model/json.h"
#include "core/model/text_lookup.h"
#include "webai/context.hpp"
#include "webai/dtype.hpp"
#include "webai/shape.hpp"

namespace webai {

/// How pictures of one size become those that the input takes.
struct ImageStep {
  std::int64_t height = 0, width = 0, channels = 0;  ///< of what comes in; channels 0: the input has no such dimension
  bool channels_first = false;  ///< what comes in is [channels, height, width]
  bool center = false;          ///< crop to the largest part in the middle that is as wide and high as the input, in proportion
  std::vector<std::int64_t> crop = {};  ///< else to {top, left, height, width}; none: all of it
  bool nearest = false;         ///< else linear, with neighbours weighed by how near they are
};

struct IoStep {
  /// "rescale-linear", "standardize", "log", "clip", "round", "auto", "one-hot-to-label", "label-to-one-hot",
  /// "label-to-index", "lookup", "bits", "image"
  std::string type;
  std::string path;
  double from[2] = {0, 1}, to[2] = {0, 1};  ///< rescale-linear
  bool clamp = false;                       ///< rescale-linear: keep results inside `to`
  std::vector<double> mean, deviation;      ///< standardize, image: one number, or one per element of the last dimension
  double offset = 0;                        ///< log: ln(x + offset)
  std::optional<double> low, high;          ///< clip
  std::vector<std::string> labels;     ///< on outputs also the tokens of a lookup
  std::shared_ptr<const TextLookup> lookup = {};  ///< of lookup, and of labels on inputs: texts become numbers before a run
  std::shared_ptr<const ImageStep> image = {};
  std::int64_t width = 0;  ///< one number becomes so many, in a last dimension of their own: one-hot, or bits
};

/// The rules of one input or output; several steps form a chain.
struct IoRules {
  std::string name;  ///< of the input or output; empty: the whole
  std::vector<IoStep> normalize = {};
  std::vector<IoStep> denormalize = {};
  bool empty() const noexcept { return normalize.empty() && denormalize.empty(); }
};

struct IoBlock {
  std::vector<IoRules> input, output;
  /// The rules of an input or output by its name, else by its label, else those of the whole, else empty ones.
  const IoRules& input_rules(std::string_view name, std::string_view label = {}) const;
  const IoRules& output_rules(std::string_view name, std::string_view label = {}) const;
};

/// A kind of step and the words it takes, separated by spaces; `needed` is the one that it cannot go without.
struct IoStepKind {
  std::string_view name, words, needed = {};
};
std::span<const IoStepKind> io_step_kinds();

/// Reads the block at /io. Unknown keys and types, equal `from` bounds, doubled labels and numbers that `type`, in which
/// the model computes, cannot hold are errors.
IoBlock parse_io(const Json& json, std::string_view path = "/io", DType type = DType::fp64);

/// What denormalising gives: numbers, or a label (its index when the labels end before it).
struct Answer {
  std::vector<double> numbers;
  std::optional<std::int64_t> index;  ///< the largest output, when the rules ask for a label
  std::string label;                  ///< empty when the index has no label
};

/// The step that turns the texts of an input into numbers; nullptr when there is none.
const IoStep* text_step(const IoRules& rules);
/// How many tokens the largest vocabulary of the inputs has; 0 when there is none.
std::int64_t vocabulary_size(const IoBlock& io);
/// Dimensions of what comes in for an input of size `dims`: without the last one where a step makes it.
Shape raw_dims(const IoRules& rules, const Shape& dims);

/// Applies the steps on the host, in order. Throws for a step that needs text.
void apply_steps(std::span<const IoStep> steps, std::vector<double>& values);
Answer denormalize(const IoRules& rules, std::span<const double> output);
/// The training target for a label: `output.normalize`, or the inverse of `output.denormalize`. Throws for an unknown
/// label, naming the nearest.
std::vector<double> normalize_label(const IoRules& rules, std::string_view label, std::size_t outputs);
/// The place of a label among those of the rules. Throws as normalize_label does.
std::size_t label_index(const IoRules& rules, std::string_view label);
/// Makes numbers the training target: `output.normalize`, or the inverse of `output.denormalize`. One number where the
/// rules speak of labels and there are several outputs is the index of the label.
void normalize_target(const IoRules& rules, std::vector<double>& values, std::size_t outputs);
/// Labels the rules speak of, or none.
std::span<const std::string> labels_of(const IoRules& rules);
/// Checks the labels against the number of outputs: more labels is an error, fewer a warning.
void check_labels(const Context& context, const IoRules& rules, std::size_t outputs);

}  // namespace webai
