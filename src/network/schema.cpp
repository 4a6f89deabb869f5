// The schema of the model language, as text.
#include "core/model/schema.h"
#include "core/op/registry.h"
#include "webai/network.hpp"

namespace webai {

std::string model_schema(const Context& context) {
  return write_json(model_schema(context, make_registry(context)), true);
}

}  // namespace webai
