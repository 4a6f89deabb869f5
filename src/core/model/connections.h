// How neurons are connected to their inputs: all to all, one to one, or by a mask. Private to core/model.
#pragma once

#include <cstdint>

#include "core/model/layer_builder.h"

namespace webai {

/// x U for `input` [batch, inputs] or [batch, steps, inputs]: [..., gates * neurons], with the parameter `name` of the
/// layer. One-to-one connections and a mask are the same for each gate.
Ref weighted_input(LayerBuilder& layer, Ref input, std::int64_t inputs, std::int64_t neurons, std::int64_t gates = 1,
                   std::string_view name = "weights");

}  // namespace webai
