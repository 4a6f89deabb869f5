// Optimizers, short enough to read beside their papers: each writes the update of one parameter as operators.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/op/term.h"
#include "webai/training.hpp"

namespace webai {

/// Names a state of the parameter being updated (made on first use, filled with `initial`) and what it becomes.
class UpdateStates {
 public:
  virtual ~UpdateStates() = default;
  /// A state of the parameter's shape.
  virtual Term like_parameter(std::string_view name, double initial) = 0;
  /// A number shared by all parameters of the step.
  virtual Term shared(std::string_view name, double initial) = 0;
  virtual void write(Term state, Term value) = 0;
};

/// The numbers of a step that may change from call to call are inputs of the graph.
struct StepInputs {
  Term learning_rate;  ///< rank 0
};

/// Answers the new weights.
using Update = Term (*)(const TrainOptions& options, const StepInputs& inputs, Term weights, Term gradient,
                        UpdateStates& states);

struct Optimizer {
  std::string_view name;
  double learning_rate;  ///< default
  double momentum;       ///< default
  Update update;
  bool proportional = false;  ///< its steps grow with the gradient, so the scale of the data bears on the rate
};

/// Throws INVALID_ARGUMENT with the known names.
const Optimizer& find_optimizer(std::string_view name);

}  // namespace webai
