// webai run --lines: a server over standard input and output.
#pragma once

#include "cli/common.h"

namespace webai::cli {

/// Answers one job per line until standard input ends. A bad job is answered and never ends the process.
int answer_lines(const CommonOptions& common);

}  // namespace webai::cli
