// The layer type iterator.
#include "core/model/iteration.h"

namespace webai {
namespace {

Ref build_iterator(LayerBuilder& layer) { return Iteration(layer).run(); }

constexpr PropertyDef iterator_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the model that each step runs", .required = true},
    {.name = "steps", .kind = PropertyKind::any, .doc = "a number, or {from, to, step}", .required = true},
    {.name = "state", .kind = PropertyKind::any, .doc = "what is carried from step to step", .required = true},
    {.name = "checkpoint",
     .kind = PropertyKind::boolean,
     .doc = "compute steps again while training, in less memory, rather than keep them",
     .fallback = "false"},
    {.name = "until",
     .kind = PropertyKind::any,
     .doc = "ends a sample behind the step in which this layer or state passes 0.5, or {pipeFrom, above} or {pipeFrom, "
            "below}"},
    {.name = "collect",
     .kind = PropertyKind::any,
     .doc = "states and layers that it gives of all steps, instead of the final states; true: all states"},
};

constexpr LayerDef iterator_definitions[] = {
    {.name = "iterator",
     .doc = "Runs a model step by step within one run.",
     .properties = iterator_properties,
     .on_first_layer = true,
     .build = build_iterator},
};

}  // namespace

std::span<const LayerDef> iterator_layers() { return iterator_definitions; }

}  // namespace webai
