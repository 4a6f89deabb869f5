// An executor over oneTBB, for programs that use it themselves and want one pool of threads.
#pragma once

#include <memory>

#include "webai/context.hpp"

namespace webai {

/// Up to `width` threads of oneTBB's pool, the caller among them. Nothing of oneTBB is touched before the first run.
std::shared_ptr<Executor> make_tbb_executor(std::size_t width);

}  // namespace webai
