// Layer types that are known and checked, but whose graph needs loops.
#include "core/model/layer_def.h"

namespace webai {
namespace {

constexpr PropertyDef iterator_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the model that each step runs", .required = true},
    {.name = "steps", .kind = PropertyKind::any, .doc = "a number, or {from, to, step}", .required = true},
    {.name = "state", .kind = PropertyKind::any, .doc = "what is carried from step to step"},
    {.name = "checkpoint", .kind = PropertyKind::boolean, .doc = "recompute steps while training", .fallback = "false"},
};

constexpr LayerDef definitions[] = {
    {.name = "iterator",
     .doc = "Runs a model step by step.",
     .properties = iterator_properties,
     .on_first_layer = true},
};

}  // namespace

std::span<const LayerDef> later_layers() { return definitions; }

}  // namespace webai
