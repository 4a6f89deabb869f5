// The list of operator families.
#include "core/op/kept.h"
#include "core/op/registry.h"
#include "core/ops/families.h"
#include "webai/context.hpp"

namespace webai {

Registry make_registry() {
  Registry registry;
  add_elementwise(registry);
  add_matmul(registry);
  add_reduce(registry);
  add_broadcast(registry);
  add_softmax(registry);
  add_view(registry);
  add_movement(registry);
  add_slice(registry);
  add_pad(registry);
  add_gather(registry);
  add_generate(registry);
  add_conv(registry);
  add_conv_transpose(registry);
  add_max_pool(registry);
  add_average_pool(registry);
  add_random(registry);
  add_normalise(registry);
  add_fused(registry);
  add_loop(registry);
  return registry;
}

Registry make_registry(const Context& context) {
  Registry registry = make_registry();
  for (const auto& entry : context.kept_operations())
    if (const Kept& kept = *static_cast<const Kept*>(entry.get()); kept.op) registry.add(*kept.op);
  return registry;
}

}  // namespace webai
