// webai run --generate: tokens as they are made.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"
#include "webai/json.hpp"
#include "webai/stream.hpp"

namespace webai::cli {

/// Prints each token at once, or all of them as one JSON object with --json. Ctrl-C ends it after the current token.
void print_generated(NeuralNetwork& network, const Json& prompt, GenerateOptions options, const CommonOptions& common);

}  // namespace webai::cli
