// The reverse of a loop: a loop that runs backwards.
#pragma once

#include <span>
#include <vector>

#include "core/op/builder.h"

namespace webai {

/// The gradients that flow to a loop's inputs: one Ref each, invalid where none was wanted or none flows. The steps are
/// computed again from what was carried into each, going backwards. Nothing when that was not collected: then the
/// loop's body written out has the gradient.
std::vector<Ref> loop_gradients(Builder& builder, const Node& node, std::span<const Ref> outputs, std::span<const Ref> arriving,
                                const std::vector<bool>& wanted);

}  // namespace webai
