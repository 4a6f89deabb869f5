// setup.instructions: a table that says where in setup.data each parameter lies. Private to core/model.
#pragma once

#include "core/model/build.h"

namespace webai {

/// Whether the model has such a table; absent, "" and [] mean the positional order.
bool has_instructions(const Model& model);
/// Fills the stored parameters by the table. Throws INVALID_MODEL for a table that does not fit.
void fill_by_instructions(const Context& context, const Model& model, BuiltModel& built, const WeightFiles* files);

}  // namespace webai
