// Options as JSON text.
#pragma once

#include <string_view>

#include "webai/context.hpp"
#include "webai/training.hpp"

namespace webai {

/// Reads {"errorThreshold": 0.5, ...} with the seeds' names; an unknown name is an error with the nearest one.
TrainOptions train_options_from_json(const Context& context, std::string_view text);

}  // namespace webai
