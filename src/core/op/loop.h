// Loops as those see them who write, differentiate or run them.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/op/builder.h"
#include "core/op/op_def.h"

namespace webai {

/// The attributes of a loop node. Inputs: what is carried, what is stacked, what all steps share. The body's inputs are
/// one row of each, in that order, and perhaps the index of the step; its outputs: what is carried on, then one row of
/// each stacked output.
struct LoopView {
  const Graph* body;
  std::int64_t steps;
  std::size_t carried, stacked;
  bool reverse;
  bool recompute;  ///< steps are computed again in the reverse, one by one, rather than kept for all of them
  std::int64_t ends;  ///< the carried value that, once it is 0 throughout, says that nothing changes any more; -1: none

  explicit LoopView(const Attributes& attributes);
  bool is_stacked(std::size_t input) const noexcept { return input >= carried && input < carried + stacked; }
  bool takes_index(std::size_t inputs) const noexcept { return body->inputs.size() > inputs; }
};

inline bool is_loop(const Node& node) { return definition(node).loop; }

/// Steps of all loops in the graph, those in the bodies of others counted as often as they run.
double steps_inside(const Graph& graph);

struct LoopInputs {
  std::span<const Ref> carried;
  std::span<const Ref> stacked = {};
  std::span<const Ref> shared = {};
};

/// Emits a loop over `body`. What is carried into each step is collected as well, behind the body's own outputs, since
/// its gradient needs it; the compiler leaves out what nobody reads.
std::vector<Ref> emit_loop(Builder& builder, Graph body, const LoopInputs& inputs, std::int64_t steps, bool reverse = false,
                           bool recompute = false, std::int64_t ends = -1);

/// Writes the nodes of a graph without parameters and states, with its inputs replaced; returns its outputs.
std::vector<Ref> inline_graph(Builder& builder, const Graph& graph, std::span<const Ref> inputs);

/// Names of the slots of a loop's body once it is compiled, where what is carried has become states (step_form).
std::string loop_input_name(std::size_t input);
std::string loop_output_name(std::size_t output);
inline constexpr std::string_view loop_index_name = "index";

/// The body with what is carried as states that each step reads and writes, inputs and outputs under the names above.
Graph step_form(const LoopView& loop, std::size_t inputs);

}  // namespace webai
