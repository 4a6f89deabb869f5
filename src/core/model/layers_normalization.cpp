// Layer types that bring values to mean 0 and variance 1.
#include "core/model/layer_builder.h"
#include "core/op/term.h"

namespace webai {
namespace {

std::int64_t channels_of(LayerBuilder& layer) {
  const Shape dims = layer.input_dims();
  if (dims.rank() == 0 || dims.dim(dims.rank() - 1).is_symbol())
    layer.fail(Code::invalid_model, "OPEN_SIZE", "the last dimension of the input has to be a number");
  return dims[dims.rank() - 1];
}

Ref scale_of(LayerBuilder& layer, std::int64_t channels) {
  return layer.parameter({.name = "scale", .shape = {channels}, .start = Initial::number(1), .optional = true});
}

Ref bias_of(LayerBuilder& layer, std::int64_t channels) {
  return layer.parameter({.name = "bias", .shape = {channels}, .start = Initial::number(0), .optional = true});
}

Ref build_layer_norm(LayerBuilder& layer) {
  const std::int64_t channels = channels_of(layer);
  const Ref scale = scale_of(layer, channels), bias = bias_of(layer, channels);
  return layer.emit("layerNorm", {layer.input(), scale, bias}, {{"epsilon", layer.number("epsilon")}});
}

// In training the batch's own mean and variance count, and running averages of them are kept for later.
Ref build_batch_norm(LayerBuilder& layer) {
  const std::int64_t channels = channels_of(layer);
  const Ref scale = scale_of(layer, channels), bias = bias_of(layer, channels);
  const Ref mean =
      layer.parameter({.name = "movingMean", .shape = {channels}, .start = Initial::number(0), .trainable = false});
  const Ref variance =
      layer.parameter({.name = "movingVariance", .shape = {channels}, .start = Initial::number(1), .trainable = false});
  const Attributes epsilon = {{"epsilon", layer.number("epsilon")}};
  if (!layer.training()) return layer.emit("batchNorm", {layer.input(), mean, variance, scale, bias}, epsilon);

  Builder& builder = layer.builder();
  const Ref input = layer.input();
  const std::vector<Ref> batch = builder.emit_all("batchStatistics", std::span(&input, 1));
  const double momentum = layer.number("momentum");
  const auto follow = [&](Ref average, Ref now) {
    layer.write(average, Term(builder, average) * momentum + Term(builder, now) * (1 - momentum));
  };
  follow(mean, batch[0]);
  follow(variance, batch[1]);
  return layer.emit("batchNorm", {input, batch[0], batch[1], scale, bias}, epsilon);
}

constexpr PropertyDef layer_norm_properties[] = {
    {.name = "epsilon", .kind = PropertyKind::number, .doc = "added to the variance", .fallback = "0.001"},
};
constexpr PropertyDef batch_norm_properties[] = {
    {.name = "epsilon", .kind = PropertyKind::number, .doc = "added to the variance", .fallback = "0.001"},
    {.name = "momentum",
     .kind = PropertyKind::number,
     .doc = "how much of the running averages stays",
     .fallback = "0.99"},
};
constexpr ParameterDef layer_norm_parameters[] = {
    {"scale", "[channels]; false or null: none"},
    {"bias", "[channels]; false or null: none"},
};
constexpr ParameterDef batch_norm_parameters[] = {
    {"scale", "[channels]; false or null: none"},
    {"bias", "[channels]; false or null: none"},
    {"movingMean", "[channels], kept by training"},
    {"movingVariance", "[channels], kept by training"},
};

constexpr LayerDef definitions[] = {
    {.name = "layerNorm",
     .doc = "Mean 0 and variance 1 over the last dimension, then scale and bias.",
     .properties = layer_norm_properties,
     .parameters = layer_norm_parameters,
     .build = build_layer_norm},
    {.name = "batchNorm",
     .doc = "Mean 0 and variance 1 of each channel over the batch, then scale and bias.",
     .properties = batch_norm_properties,
     .parameters = batch_norm_parameters,
     .build = build_batch_norm},
};

}  // namespace

std::span<const LayerDef> normalization_layers() { return definitions; }

}  // namespace webai
