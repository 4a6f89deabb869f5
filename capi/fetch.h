// What the host's `fetch` gives.
#pragma once

#include <string>

#include "capi/context.h"
#include "webai/tensor.hpp"

namespace webai::capi {

/// The bytes of a file that a model names, relative to the model. Waits as a deferred call does. Throws DENIED where the
/// host has no fetch, and what the host fails with.
Tensor fetch_bytes(webai_context& context, const std::string& name);

}  // namespace webai::capi
