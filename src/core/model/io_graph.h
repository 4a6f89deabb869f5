// Normalisation as nodes in front of the first layer. Private to core/model.
#pragma once

#include <string>
#include <vector>

#include "core/model/build.h"
#include "core/model/io.h"
#include "core/op/builder.h"

namespace webai {

/// Writes the steps of rules.normalize behind `input`, which gives [batch, dims...]; "auto" adds two states named after
/// the input. What turns texts into numbers has been done by then.
Ref emit_normalize(Builder& builder, const IoRules& rules, const std::string& name, Ref input, const Shape& dims,
                   std::vector<AutoNormalize>& learned);

}  // namespace webai
