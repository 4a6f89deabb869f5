#include "network/device_speed.h"

#include <algorithm>
#include <limits>

#include "compiler/compile.h"
#include "core/op/builder.h"
#include "core/op/kept.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::int64_t side = 256;  // of the matrices: two of them fit into a core's own cache
constexpr int repetitions = 3;      // the best counts: what else the machine does only ever slows one down

std::optional<double> measure(const Context& context, const Registry& registry, Device& device, DType type) {
  Graph graph;
  Builder builder(context, registry, graph);
  const ValueType square{type, Shape{side, side}};
  const Ref a{graph.add_input("a", square)}, b{graph.add_input("b", square)};
  graph.outputs.push_back({"product", builder.emit("matmul", {a, b}).id});
  for (const Node& node : graph.nodes)
    if (device.refuses(graph, node)) return {};
  Device* const only = &device;
  const auto executable = compile(context, registry, graph, std::span(&only, 1));
  Tensor values(context, type, square.shape);
  Tensor product(context, type, square.shape);
  std::vector<HostWindow> windows(executable->slots().size());
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Tensor& bound = executable->slots()[i].role == Slot::output ? product : values;
    windows[i].look_at(bound.data(), bound.bytes());
    bindings.push_back({&windows[i], 0, 0});
  }
  double best = std::numeric_limits<double>::infinity();  // milliseconds
  for (int i = 0; i <= repetitions; ++i) {
    const double before = context.host().now();
    executable->run(bindings, 1);
    device.wait();
    const double taken = context.host().now() - before;
    if (i > 0) best = std::min(best, taken);  // the first one wakes everything up
  }
  constexpr double operations = 2.0 * side * side * side;
  return operations / std::max(best, 1e-6) / 1000;
}

}  // namespace

std::optional<double> measured_mops(const Context& context, const Registry& registry, Device& device, DType type) {
  const std::string& name = device.info().name;
  for (const auto& entry : context.kept_operations()) {
    const auto& speed = static_cast<const Kept*>(entry.get())->speed;
    if (speed && speed->device == name && speed->type == type) return speed->mops;
  }
  const std::optional<double> mops = measure(context, registry, device, type);
  if (mops)
    context.keep_operation(std::make_shared<const Kept>(
        Kept{.speed = std::make_shared<const MeasuredSpeed>(MeasuredSpeed{name, type, *mops})}));
  return mops;
}

}  // namespace webai
