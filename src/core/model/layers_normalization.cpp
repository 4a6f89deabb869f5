// Layer types that bring values to mean 0 and variance 1.
#include "core/model/layer_builder.h"
#include "core/op/term.h"

namespace webai {
namespace {

std::int64_t channels_of(LayerBuilder& layer) {
  const Shape dims = layer.input_dims();
  if (dims.rank() == 0 || dims.dim(dims.rank() - 1).is_symbol())
    layer.fail(Code::invalid_model, "OPEN_SIZE", "the last dimension of the input has to be a number",
               "only dimensions before the last may be open (null)");
  return dims[dims.rank() - 1];
}

// What is multiplied and added afterwards. The operators take what all samples share; what a pipe brings for each sample
// comes behind them.
struct Affine {
  Affine(LayerBuilder& given, std::int64_t channels)
      : layer(given),
        scale(layer.parameter(
            {.name = "scale", .shape = {channels}, .start = Initial::number(1), .optional = true, .takes_pipe = true})),
        bias(layer.parameter(
            {.name = "bias", .shape = {channels}, .start = Initial::number(0), .optional = true, .takes_pipe = true})) {}

  bool apart() const { return layer.is_piped("scale") || layer.is_piped("bias"); }
  Ref scale_inside() const { return apart() ? Ref{} : scale; }
  Ref bias_inside() const { return apart() ? Ref{} : bias; }

  Ref applied(Ref value) const {
    if (!apart()) return value;
    const auto spread = [&](Ref channels, std::string_view name) {
      return layer.is_piped(name) ? layer.spread_over(channels, value) : channels;
    };
    if (scale) value = layer.emit("mul", {value, spread(scale, "scale")});
    return bias ? layer.emit("add", {value, spread(bias, "bias")}) : value;
  }

  LayerBuilder& layer;
  Ref scale, bias;
};

Ref build_layer_norm(LayerBuilder& layer) {
  const std::int64_t channels = channels_of(layer);
  const Affine affine(layer, channels);
  return affine.applied(layer.emit("layerNorm", {layer.input(), affine.scale_inside(), affine.bias_inside()},
                                   {{"epsilon", layer.number("epsilon")}}));
}

// In training the batch's own mean and variance count, and running averages of them are kept for later.
Ref build_batch_norm(LayerBuilder& layer) {
  const std::int64_t channels = channels_of(layer);
  const Affine affine(layer, channels);
  const Ref mean =
      layer.parameter({.name = "movingMean", .shape = {channels}, .start = Initial::number(0), .trainable = false});
  const Ref variance =
      layer.parameter({.name = "movingVariance", .shape = {channels}, .start = Initial::number(1), .trainable = false});
  const Attributes epsilon = {{"epsilon", layer.number("epsilon")}};
  const Ref scale = affine.scale_inside(), bias = affine.bias_inside();
  if (!layer.training())
    return affine.applied(layer.emit("batchNorm", {layer.input(), mean, variance, scale, bias}, epsilon));

  Builder& builder = layer.builder();
  const Ref input = layer.input();
  const std::vector<Ref> batch = builder.emit_all("batchStatistics", std::span(&input, 1));
  const double momentum = layer.number("momentum");
  const auto follow = [&](Ref average, Ref now) {
    layer.write(average, Term(builder, layer.latest(average)) * momentum + Term(builder, now) * (1 - momentum));
  };
  follow(mean, batch[0]);
  follow(variance, batch[1]);
  return affine.applied(layer.emit("batchNorm", {input, batch[0], batch[1], scale, bias}, epsilon));
}

constexpr PropertyDef layer_norm_properties[] = {
    {.name = "epsilon", .kind = PropertyKind::positive, .doc = "added to the variance", .fallback = "0.001"},
};
constexpr PropertyDef batch_norm_properties[] = {
    {.name = "epsilon", .kind = PropertyKind::positive, .doc = "added to the variance", .fallback = "0.001"},
    {.name = "momentum",
     .kind = PropertyKind::share,
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

constexpr LayerDef normalization_definitions[] = {
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

std::span<const LayerDef> normalization_layers() { return normalization_definitions; }

}  // namespace webai
