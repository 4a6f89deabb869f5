// Layer types that change the shape of what flows, or nothing but in training.
#include <algorithm>

#include "core/model/layer_builder.h"

namespace webai {
namespace {

Ref build_flatten(LayerBuilder& layer) { return layer.flattened(layer.input()); }

Ref build_reshape(LayerBuilder& layer) {
  Shape size = *layer.layer().size;
  const Shape dims = layer.input_dims();
  // One null takes what the numbers leave.
  if (const auto open = std::ranges::find_if(size.dims(), &Dimension::is_symbol); open != size.dims().end()) {
    const std::size_t axis = static_cast<std::size_t>(open - size.dims().begin());
    const Shape others = size.without(axis);
    if (!others.is_concrete())
      layer.fail(Code::invalid_model, "OPEN_SIZE", "reshape can find out one open dimension (null), the size has more",
                 "give all lengths but one", "size");
    size.set(axis, std::max<std::int64_t>(1, dims.elements() / others.elements()));
  }
  if (size.elements() != dims.elements())
    layer.fail(Code::shape_mismatch, "OP_OUTPUT_SIZE",
               "reshape keeps the number of values: the input " + dims.text() + " has " +
                   std::to_string(dims.elements()) + ", the size " + size.text() + " " +
                   std::to_string(size.elements()),
               "the product of the sizes stays the same", "size");
  return layer.reshaped(layer.input(), size);
}

Ref build_dropout(LayerBuilder& layer) {
  return layer.emit("dropout", {layer.input(), layer.random_step()},
                    {{"rate", layer.number("rate")},
                     {"seed", static_cast<std::int64_t>(layer.seed())},
                     {"id", std::int64_t{layer.layer().id}},
                     {"training", layer.training()}});
}

constexpr PropertyDef dropout_properties[] = {
    {.name = "rate",
     .kind = PropertyKind::part,
     .doc = "share of the values that is dropped in training",
     .fallback = "0.5"},
};

constexpr LayerDef shape_definitions[] = {
    {.name = "flatten", .doc = "All values of a sample in one dimension, row-major.", .build = build_flatten},
    {.name = "reshape",
     .doc = "The same values under another size.",
     .size = SizeRule::required,
     .build = build_reshape},
    {.name = "dropout",
     .doc = "In training a random share of the values becomes 0.",
     .properties = dropout_properties,
     .build = build_dropout},
};

}  // namespace

std::span<const LayerDef> shape_layers() { return shape_definitions; }

}  // namespace webai
