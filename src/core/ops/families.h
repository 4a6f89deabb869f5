// The operator families by name; each file of this folder adds one or a few.
#pragma once

namespace webai {

class Registry;

void add_elementwise(Registry& registry);
void add_matmul(Registry& registry);
void add_reduce(Registry& registry);
void add_broadcast(Registry& registry);
void add_softmax(Registry& registry);
void add_view(Registry& registry);
void add_movement(Registry& registry);
void add_slice(Registry& registry);
void add_pad(Registry& registry);
void add_gather(Registry& registry);
void add_generate(Registry& registry);
void add_conv(Registry& registry);
void add_conv_transpose(Registry& registry);
void add_max_pool(Registry& registry);
void add_average_pool(Registry& registry);
void add_random(Registry& registry);
void add_normalise(Registry& registry);
void add_fused(Registry& registry);
void add_loop(Registry& registry);

}  // namespace webai
