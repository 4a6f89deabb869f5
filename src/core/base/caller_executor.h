// The executor of a context without threads: everything runs on the calling thread, in order.
#pragma once

#include "core/base/float_state.h"
#include "webai/context.hpp"

namespace webai {

class CallerExecutor final : public Executor {
 public:
  std::size_t width() const noexcept override { return 1; }
  void run(std::size_t count, Task task, void* data) noexcept override {
    const DefaultFloatState float_state;
    for (std::size_t index = 0; index < count; ++index) task(data, index);
  }
};

}  // namespace webai
