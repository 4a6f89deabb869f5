// Layer types that are known and checked, but whose graph needs states or loops.
#include "core/model/layer_def.h"

namespace webai {
namespace {

constexpr PropertyDef cell_properties[] = {
    {"connections", PropertyKind::any, "as on neurons", "all-to-all"},
};
constexpr PropertyDef gru_properties[] = {
    {"connections", PropertyKind::any, "as on neurons", "all-to-all"},
    {"resetAfter", PropertyKind::boolean, "apply the reset gate behind the recurrent product", "false"},
};
constexpr ParameterDef cell_parameters[] = {
    {"weights", "[inputs, gates * units]"},
    {"recurrentWeights", "[units, gates * units]"},
    {"bias", "[gates * units]"},
};
constexpr ParameterDef gru_parameters[] = {
    {"weights", "[inputs, 3 * units]: z, r, n"},
    {"recurrentWeights", "[units, 3 * units]"},
    {"bias", "[3 * units]"},
    {"recurrentBias", "[3 * units], with resetAfter"},
};
constexpr PropertyDef net_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the inner model", .required = true},
    {.name = "share", .kind = PropertyKind::text, .doc = "nets of one name share their weights"},
};
constexpr PropertyDef iterator_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the model that each step runs", .required = true},
    {.name = "steps", .kind = PropertyKind::any, .doc = "a number, or {from, to, step}", .required = true},
    {.name = "state", .kind = PropertyKind::any, .doc = "what is carried from step to step"},
    {.name = "checkpoint", .kind = PropertyKind::boolean, .doc = "recompute steps while training", .fallback = "false"},
};

constexpr LayerDef definitions[] = {
    {.name = "rnn",
     .doc = "A plain recurrent layer.",
     .properties = cell_properties,
     .parameters = cell_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true},
    {.name = "gru",
     .doc = "Gated recurrent units.",
     .properties = gru_properties,
     .parameters = gru_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true},
    {.name = "lstm",
     .doc = "Long short-term memory.",
     .properties = cell_properties,
     .parameters = cell_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true},
    {.name = "lstm-n",
     .doc = "The normalised prototype of long short-term memory.",
     .properties = cell_properties,
     .parameters = cell_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true},
    {.name = "lstm-p",
     .doc = "Pseudo long short-term memory.",
     .properties = cell_properties,
     .parameters = cell_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true},
    {.name = "net", .doc = "A whole model as a layer.", .properties = net_properties, .on_first_layer = true},
    {.name = "iterator",
     .doc = "Runs a model step by step.",
     .properties = iterator_properties,
     .on_first_layer = true},
};

}  // namespace

std::span<const LayerDef> later_layers() { return definitions; }

}  // namespace webai
