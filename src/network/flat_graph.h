// A model's graph behind one flat input and one flat output, which is how programs, batches and datasets see it.
#pragma once

#include <span>

#include "core/model/build.h"
#include "core/op/registry.h"

namespace webai {

inline constexpr std::string_view flat_input = "input";
inline constexpr std::string_view flat_output = "output";

struct FlatForm {
  bool training = false;  ///< counts random_step on
  bool codes = true;      ///< parameters of integer types are what is kept, beside a state for the scale; else numbers
  bool rounds = true;     ///< the output of a model of an integer type has only the values that the type has
  std::span<const NamedValue> also = {};  ///< values of the built graph that become further outputs
};

/// Input "input" [batch, all inputs of a sample], first output "output": the model's output as the model shapes it. Of a
/// model without a batch a whole tensor is one sample: [1, all inputs], [1, output], states [1, dims...].
Graph flat_graph(const Context& context, const Registry& registry, const BuiltModel& built, const FlatForm& form = {});

}  // namespace webai
