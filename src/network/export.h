// Private to src/network.
#pragma once

#include "webai/network.hpp"

namespace webai {

/// Throws NOT_FOUND for an exporter, INVALID_ARGUMENT for a form that there is not.
void check_export(const ExportOptions& options);

}  // namespace webai
