// A compiled step with the memory that it is bound to.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "training/driver.h"

namespace webai {

struct TrainingDriver::Bound {
  std::int64_t batch = 0;
  bool learns = true;
  StepProgram program;
  std::vector<Binding> bindings;
  HostWindow inputs, targets, errors, correct, judged, kept, present;
  std::unique_ptr<Buffer> learning_rate;
  std::size_t input_slot = 0, target_slot = 0, error_slot = 0, correct_slot = ~std::size_t{0};
};

}  // namespace webai
