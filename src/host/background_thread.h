// Work beside the caller's thread, on threads of the system: one for each task.
#pragma once

#include "core/base/background.h"

namespace webai {

/// Stateless: may be used from any thread and destroyed while its tasks run.
class BackgroundThreads final : public BackgroundRunner {
 public:
  std::unique_ptr<BackgroundTask> start(std::function<void()> work) override;
};

}  // namespace webai
