// The model language as a JSON schema (draft 2020-12), for editors and for other implementations.
#pragma once

#include "core/model/json.h"
#include "webai/context.hpp"

namespace webai {

class Registry;

/// Drawn from the tables that the parser reads: layer types, their properties and parameters, activations, steps of io,
/// old names, and what the program defined in the domain "core". Models of other domains, and of operations that come
/// with the model, are checked in their frame; their layers may have any property.
Json model_schema(const Context& context, const Registry& registry);

}  // namespace webai
