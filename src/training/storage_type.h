// Training of models whose numbers are stored in 16 bits: products, gradients, weights and the optimizer's states are
// fp32 while they learn; what the model computes and keeps has the rounding of its own type.
#pragma once

#include "training/step_graph.h"

namespace webai {

/// What steps of a model of this type are computed in.
DType step_type(DType model) noexcept;

/// Makes of a step in fp32 (built from `forward`, the model's graph in fp32) one for a model stored as `storage`:
/// - each result of the model's own nodes, its inputs and constants are rounded to `storage`; gradients are not;
/// - parameters and states of the model are `storage` outside; what the step updates also has an fp32 master, a state
///   that starts as the parameter. The model computes with the rounded master, the optimizer with the master itself.
StepGraph stored_as(const Context& context, const Registry& registry, const StepGraph& step, const Graph& forward,
                    DType storage);

}  // namespace webai
