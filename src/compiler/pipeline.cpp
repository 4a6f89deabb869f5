// The recipe: what happens to a graph between the model and the machine.
#include "compiler/compile.h"
#include "compiler/passes.h"
#include "compiler/plan.h"
#include "compiler/place.h"
#include "core/ir/verifier.h"

namespace webai {
namespace {

// A composite stays whole where a device has a kernel for it.
bool taken_whole(std::span<Device* const> devices, const Graph& graph, const Node& node) {
  for (const Device* device : devices)
    if (!device->refuses(graph, node)) return true;
  return false;
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
  stage("expand", expand(context, registry, graph,
                         [&](const Graph& g, const Node& node) { return taken_whole(devices, g, node); }));
  stage("fold", fold_constants(context, graph));
  stage("simplify", simplify(context, registry, graph));
  stage("merge", merge_common(graph));
  stage("drop", drop_dead(graph));
  stage("fuse", fuse(registry, graph));
  stage("separate", separate_outputs(registry, graph));
  stage("place", place(graph, devices));
  return assemble(context, std::move(graph), devices);
}

}  // namespace webai
