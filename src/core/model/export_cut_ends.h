// What a part of a model needs at its ends that the whole has elsewhere. Private to core/model.
#pragma once

#include "core/model/build.h"
#include "core/model/json.h"

namespace webai {

/// Whether layer `last`, with nothing behind it, would give other values than those that flow into the layer behind it.
/// `joined`: what flows there, without batch.
bool gives_other_values(const Model& model, int last, const Shape& joined);

/// The rules of outputs in a model's `io`, each "lookup" among them with the vocabulary that an input shares with it.
Json with_own_vocabularies(const Json& rules, const Json& io, const IoBlock& block);

}  // namespace webai
