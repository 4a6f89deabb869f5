// A model's graph behind one flat input and one flat output, which is how programs, batches and datasets see it.
#pragma once

#include <span>

#include "core/model/build.h"
#include "core/op/registry.h"

namespace webai {

inline constexpr std::string_view flat_input = "input";
inline constexpr std::string_view flat_output = "output";

/// Input "input" [batch, all inputs of a sample], first output "output": the model's output as the model shapes it.
/// Values of the built graph in `also` become further outputs. A training graph also counts random_step on.
Graph flat_graph(const Context& context, const Registry& registry, const BuiltModel& built, bool training,
                 std::span<const NamedValue> also = {});

}  // namespace webai
