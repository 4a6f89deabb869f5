// The forward graph of a model with a memory over a window of time: its step runs in a loop that carries its states.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/op/registry.h"

namespace webai {

/// A state that a sequence starts anew.
struct SequenceState {
  std::string name;
  std::vector<double> initial = {0};  ///< where a sequence begins: one for all its elements, or one for each of a lane
};

/// Names of the inputs that say what the samples of a window are (Block::judged, Block::kept, Block::present). The last one
/// is there only where statistics of a batch are taken.
inline constexpr std::string_view judged_name = "$judged";
inline constexpr std::string_view kept_name = "$kept";
inline constexpr std::string_view present_name = "$present";

/// `forward` is concrete: one input [lanes, ...], first output [lanes, ...], writes of its states. The result takes
/// [window, lanes, ...] and answers all steps in one batch [window * lanes, ...]; its states are those of `forward`,
/// taken where $kept is 1 and started anew where it is 0, and written as they are behind the last step: gradients go back
/// to the start of the window. Statistics of a batch, and the averages that are kept of them, are those of the samples that
/// are there: 1 in $present [window, lanes]. A last softmax or sigmoid stands behind the loop, where error measures look for it.
Graph over_window(const Context& context, const Registry& registry, const Graph& forward, std::span<const SequenceState> states,
                  std::int64_t window);

}  // namespace webai
