// A training step as one graph: the forward graph, loss, gradients and the optimizer's updates of parameters.
#pragma once

#include <string>
#include <vector>

#include "core/op/registry.h"
#include "training/measure.h"
#include "webai/training.hpp"

namespace webai {

/// A state that the step needs and what it holds at first.
struct StepState {
  std::string name;
  ValueType type;
  std::vector<double> initial = {0};  ///< one for all its elements, or one for each of a lane
  std::string starts_as = {};  ///< the parameter whose content it starts with, instead of `initial`
};

struct StepGraph {
  Graph graph;
  std::vector<StepState> states;  ///< the optimizer's; states of the model are not among them
  std::size_t updates = 0;        ///< the first node of the optimizer's updates
};

/// Names of what step graphs add to the model's interface.
inline constexpr std::string_view target_name = "$target";
inline constexpr std::string_view learning_rate_name = "$learningRate";
inline constexpr std::string_view error_name = "$error";
inline constexpr std::string_view correct_name = "$correct";

struct MeasureRequest {
  Measure measure = Measure::mean_square;
  bool labels = false;   ///< targets are i32 class indices
  bool accuracy = true;
  std::vector<double> class_weights = {};  ///< of the loss: none, or one for each output (one output: of 0 and 1)
};

/// `forward` is concrete (batch included), in training mode, and its first output is the model's. Outputs of the result:
/// $error, $correct. Parameters named in `train` get updates; none: INVALID_ARGUMENT.
StepGraph training_step(const Context& context, const Registry& registry, const Graph& forward,
                        const MeasureRequest& request, const TrainOptions& options,
                        const std::vector<std::string>& train);

/// What it leaves where no sample is judged: no updates, but what the forward graph writes, and the same outputs.
StepGraph idle_step(const Context& context, const Registry& registry, const Graph& forward, const MeasureRequest& request);

/// The training step without gradients and updates; outputs also the model's first output.
Graph verification_step(const Context& context, const Registry& registry, const Graph& forward,
                        const MeasureRequest& request);

/// Outputs the gradient of each parameter under its name, and $error. `learns`: what the forward graph writes to
/// parameters in training (moving averages) is written.
Graph gradient_step(const Context& context, const Registry& registry, const Graph& forward,
                    const MeasureRequest& request, const std::vector<std::string>& parameters, bool learns = false);

/// New parameters from given gradients (inputs named as the parameters): the optimizer's update alone.
StepGraph update_step(const Context& context, const Registry& registry, const std::vector<StepState>& parameters,
                      const TrainOptions& options);

}  // namespace webai
