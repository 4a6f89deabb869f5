// Drawing one of several outputs by their probabilities. Private to src/network.
#pragma once

#include <cstddef>
#include <vector>

#include "webai/stream.hpp"

namespace webai {

/// Throws INVALID_ARGUMENT for options outside their range.
void check_generate_options(const GenerateOptions& options);

/// One of the outputs. They are probabilities, or the logarithms of such up to a constant (`logarithmic`). `drawn` is
/// uniform in [0, 1). Of equal outputs the first counts as the likelier one. Throws NOT_FINITE where nothing can be drawn.
std::size_t draw(std::vector<double> outputs, bool logarithmic, const GenerateOptions& options, double drawn);

}  // namespace webai
