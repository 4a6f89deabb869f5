// What a context keeps: one entry per definition of a program's own, in order, and the speeds that were measured.
#pragma once

#include <memory>
#include <string>

#include "core/op/op_def.h"

namespace webai {

/// Million operations a second.
struct MeasuredSpeed {
  std::string device;
  DType type = DType::fp32;
  double mops = 0;
};

struct Kept {
  std::shared_ptr<const OpDef> op = {};            ///< an operator for the registry, or nothing
  std::shared_ptr<const void> definition = {};     ///< for core/model/definitions.h, or nothing
  std::shared_ptr<const MeasuredSpeed> speed = {};  ///< for network/device_speed.h, or nothing
};

}  // namespace webai
