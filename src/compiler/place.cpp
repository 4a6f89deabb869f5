#include "compiler/place.h"

#include <algorithm>

#include "compiler/partition.h"
#include "compiler/plan.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {
namespace {

Device* device_of(const Node& node, std::span<Device* const> devices) {
  const auto at = std::find_if(devices.begin(), devices.end(),
                               [&](const Device* device) { return device->info().name == node.device; });
  return *at;
}

}  // namespace

Graph place(Graph graph, std::span<Device* const> devices) {
  for (Node& node : graph.nodes) {
    if (definition(node).view) continue;
    std::string refusals;
    for (Device* const device : devices) {
      const std::optional<std::string> refusal = device->refuses(graph, node);
      if (!refusal) {
        node.device = device->info().name;
        break;
      }
      refusals += (refusals.empty() ? "" : "; ") + device->info().name + ": " + *refusal;
    }
    node.reason = refusals;
    if (node.device.empty())
      throw Error(Code::unsupported, {.message = node.op->name + ": no device takes it (" + refusals + ")",
                                      .reason = "NO_KERNEL", .path = node.path, .operation = node.op->name,
                                      .hint = "without naming the device it runs wherever it can"});
  }
  // A view belongs to whoever made what it looks at; a view of an input or weight to its first reader.
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    Node& node = graph.nodes[n];
    if (!definition(node).view) continue;
    const NodeId producer = graph.value(node.inputs[0]).producer;
    if (producer >= 0 && !graph.node(producer).device.empty()) {
      node.device = graph.node(producer).device;
      continue;
    }
    for (std::size_t r = n + 1; r < graph.nodes.size() && node.device.empty(); ++r) {
      const auto& inputs = graph.nodes[r].inputs;
      if (std::find(inputs.begin(), inputs.end(), node.outputs[0]) != inputs.end()) node.device = graph.nodes[r].device;
    }
    if (node.device.empty()) node.device = devices.back()->info().name;
  }
  return graph;
}

std::unique_ptr<Executable> assemble(const Context& context, Graph graph, std::span<Device* const> devices) {
  if (graph.nodes.empty() && devices.back()->info().host_memory)
    return devices.back()->compile(plan(context, std::move(graph)));
  const std::string first = graph.nodes.empty() ? std::string() : graph.nodes.front().device;
  const bool one = std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.device == first; });
  if (graph.nodes.empty() || !one || !device_of(graph.nodes.front(), devices)->info().host_memory)
    return partition(context, std::move(graph), devices);
  return device_of(graph.nodes.front(), devices)->compile(plan(context, std::move(graph)));
}

}  // namespace webai
