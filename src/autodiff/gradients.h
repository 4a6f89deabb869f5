// Reverse-mode differentiation: one walk over the nodes that lead to a value.
#pragma once

#include <span>
#include <vector>

#include "core/op/builder.h"

namespace webai {

/// A value and the gradient that arrives at it.
struct Seed {
  Ref value;
  Ref gradient;  ///< same type as the value; invalid: ones
};

/// The gradients of the sum over all seeds of sum(value * gradient) with respect to each source: appended to the
/// builder, one Ref per source, of the source's type; an invalid Ref means that nothing flows there (zeros). The new
/// nodes are ordinary ones: compile them, or differentiate them again. Over a Tape everything is evaluated on the way.
/// Throws NOT_DIFFERENTIABLE naming operator and path when a gradient reaches an operator that has none.
/// Shapes must be concrete.
std::vector<Ref> gradients(Builder& builder, std::span<const Seed> seeds, std::span<const Ref> sources);

}  // namespace webai
