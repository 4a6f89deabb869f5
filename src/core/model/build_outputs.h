// The outputs of a built model: their names, and all of them as one. Private to core/model.
#pragma once

#include <vector>

#include "core/model/build.h"
#include "core/op/builder.h"

namespace webai {

/// Names those of `outputs` that have no name, checks the names and labels of the `io` block, and joins several outputs
/// into one.
void finish_outputs(Builder& builder, const Model& model, BuiltModel& built, std::vector<NamedValue> outputs,
                    bool with_labels);

}  // namespace webai
