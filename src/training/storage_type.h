// Training of models whose numbers are stored in 16 bits or as codes of an integer type: products, gradients, weights
// and the optimizer's states are fp32 (fp64 for integers of 32 bits and more) while they learn; what the model computes
// and keeps has the rounding of its own type.
#pragma once

#include "core/model/build.h"
#include "training/step_graph.h"

namespace webai {

/// What steps of a model of this type are computed in.
DType step_type(DType model) noexcept;
/// The state of a step that holds the exact numbers of a parameter is called so, with the parameter's name behind.
inline constexpr std::string_view master_prefix = "$master of ";

/// Makes of a step in step_type (built from `forward`, the model's graph in that type) one for the model as it is kept;
/// of a model that is kept as it computes the same step. What the step updates also has a master, a state that starts as
/// the parameter: the model computes with the rounded master, the optimizer with the master itself, so that gradients
/// pass the rounding as if it were not there.
/// - 16 bits: each result of the model's own nodes, its inputs and constants are rounded as well; gradients are not.
///   Parameters and states of the model have its type outside.
/// - integers: parameters are codes outside, beside the scale they are in (core/model/integer_code.h), which an update
///   widens so that no weight is clipped.
StepGraph stored_as(const Context& context, const Registry& registry, StepGraph step, const Graph& forward,
                    const BuiltModel& model);

}  // namespace webai
