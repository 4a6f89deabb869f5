// What a context keeps for a program that defines things of its own: one entry per definition, in order.
#pragma once

#include <memory>

#include "core/op/op_def.h"

namespace webai {

struct Kept {
  std::shared_ptr<const OpDef> op = {};            ///< an operator for the registry, or nothing
  std::shared_ptr<const void> definition = {};     ///< for core/model/definitions.h, or nothing
};

}  // namespace webai
