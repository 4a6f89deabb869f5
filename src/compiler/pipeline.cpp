// The recipe: what happens to a graph between the model and the machine.
#include "compiler/compile.h"

#include <algorithm>

#include "compiler/passes.h"
#include "compiler/plan.h"
#include "compiler/place.h"
#include "core/ir/verifier.h"
#include "core/op/loop.h"

namespace webai {
namespace {

// A composite stays whole where a device has a kernel for it.
bool taken_whole(std::span<Device* const> devices, const Graph& graph, const Node& node) {
  for (const Device* device : devices)
    if (!device->refuses(graph, node)) return true;
  return false;
}

using Observer = std::function<void(std::string_view pass, const Graph& graph)>;

// What happens to a concrete graph, and to the bodies of its loops likewise.
Graph optimise(const Context& context, const Registry& registry, Graph graph, std::span<Device* const> devices,
               const Observer& observe) {
  const auto stage = [&](std::string_view name, Graph next) {
    verify(next, name, true);
    graph = std::move(next);
    if (observe) observe(name, graph);
  };
  if (std::any_of(graph.nodes.begin(), graph.nodes.end(), is_loop)) {
    stage("trim", drop_dead(trim_loops(drop_dead(graph))));
    stage("lift", drop_dead(lift_from_loops(context, registry, graph)));
  }
  stage("expand", expand(context, registry, graph,
                         [&](const Graph& g, const Node& node) { return taken_whole(devices, g, node); }));
  stage("fold", fold_constants(context, graph));
  stage("simplify", simplify(context, registry, graph));
  stage("merge", merge_common(graph));
  stage("drop", drop_dead(graph));
  if (std::any_of(graph.nodes.begin(), graph.nodes.end(), is_loop)) {
    for (Node& node : graph.nodes) {
      if (!is_loop(node)) continue;
      Graph body = optimise(context, registry, step_form(LoopView(node.attributes), node.inputs.size()), devices, {});
      node.attributes.set("body", Subgraph{std::make_shared<const Graph>(std::move(body))});
    }
    if (observe) observe("loops", graph);
  }
  stage("fuse", fuse(registry, graph));
  stage("separate", separate_outputs(registry, graph));
  return graph;
}

}  // namespace

std::unique_ptr<Executable> compile(const Context& context, const Registry& registry, const Graph& source,
                                    std::span<Device* const> devices, const CompileOptions& options) {
  Graph graph = source;
  const auto stage = [&](std::string_view name, Graph next) {
    verify(next, name, true);
    graph = std::move(next);
    if (options.observe) options.observe(name, graph);
  };
  stage("specialise", specialise(context, registry, graph, options.sizes));
  stage("mode", set_mode(graph, options.training));
  graph = optimise(context, registry, std::move(graph), devices, options.observe);
  stage("place", place(graph, devices));
  return assemble(context, std::move(graph), devices);
}

}  // namespace webai
