// The update step of diffusion models, which is made to stand in the net of an iterator.
#include <cmath>

#include "core/model/layer_builder.h"
#include "core/op/term.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

/// Column `values[t]` for each sample, to multiply what has `rank` dimensions.
Term looked_up(LayerBuilder& layer, const std::vector<double>& values, Ref t, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(values.size());
  const Ref table =
      layer.builder().constant(Tensor::from(layer.builder().context(), layer.type(), Shape{count}, values));
  Integers shape(rank, 1);
  shape[0] = -1;
  return Term(layer.builder(), layer.emit("gather", {table, t})).apply("reshape", {{"shape", std::move(shape)}});
}

// x' = (x - beta / sqrt(1 - alphabar) * noise) / sqrt(alpha) + sigma * z, each at t, with beta rising from betaStart to
// betaEnd over trainSteps, alpha = 1 - beta, alphabar the product of all alphas up to t, sigma^2 = beta, and 0 at t =
// 0.
Ref build_ddpm_update(LayerBuilder& layer) {
  const auto need = [&](std::string_view name, const std::string& hint) {
    if (const Ref value = layer.piped(name)) return value;
    layer.fail(Code::invalid_model, "NO_INPUT", "nothing is piped to the " + std::string(name) + " of this update step",
               hint);
  };
  const Ref noise =
      need("noise", "name the end of a pipe: \"noise\": \"predicted_noise\", and let a layer go \"to\" it");
  const Ref x = need("x", "let it write a state: \"to\": \"x\"");
  const Ref t = need("t", "pull it: \"t\": {\"pipeFrom\": \"iterator:step\"}");
  if (layer.dims(x) != layer.dims(noise))
    layer.fail(Code::shape_mismatch, "DDPM_SIZE",
               "x is " + layer.dims(x).text() + ", the noise " + layer.dims(noise).text(),
               "both come from layers of one size");
  if (layer.dims(t) != Shape{1})
    layer.fail(Code::shape_mismatch, "DDPM_SIZE", "t is one number, got " + layer.dims(t).text(),
               "pipe \"iterator:step\" into t");
  const std::int64_t steps = layer.integer("trainSteps");
  const double first = layer.number("betaStart"), last = layer.number("betaEnd");
  if (!(first > 0 && first < 1) || !(last > 0 && last < 1))
    layer.fail(Code::invalid_model, "PROPERTY_VALUE", "betaStart and betaEnd are between 0 and 1",
               "the share of noise that a step adds: 0.0001 and 0.02 are common",
               first > 0 && first < 1 ? "betaEnd" : "betaStart");
  if (static_cast<std::uint64_t>(steps) > layer.builder().context().limits().run_steps)
    layer.fail(Code::limit_exceeded, "RUN_STEPS", "there are too many trainSteps",
               "raise the limit \"runSteps\" if this is meant", "trainSteps");
  std::vector<double> scale, share, deviation;
  double product = 1;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double beta =
        steps == 1 ? first : first + (last - first) * static_cast<double>(i) / static_cast<double>(steps - 1);
    product *= 1 - beta;
    scale.push_back(1 / std::sqrt(1 - beta));
    share.push_back(beta / std::sqrt(1 - product));
    deviation.push_back(i == 0 ? 0 : std::sqrt(beta));
  }
  const std::size_t rank = layer.builder().shape(x).rank();
  const Ref at = Term(layer.builder(), t)
                     .apply("reshape", {{"shape", Integers{-1}}})
                     .apply("cast", {{"type", std::string("i64")}});
  const Term z(layer.builder(),
               layer.emit("normalLike", {x, layer.random_step()},
                          {{"seed", static_cast<std::int64_t>(layer.seed())}, {"id", std::int64_t{layer.layer().id}}}));
  const Term now(layer.builder(), x), predicted(layer.builder(), noise);
  return (now - looked_up(layer, share, at, rank) * predicted) * looked_up(layer, scale, at, rank) +
         looked_up(layer, deviation, at, rank) * z;
}

constexpr PropertyDef ddpm_properties[] = {
    {.name = "betaStart",
     .kind = PropertyKind::number,
     .doc = "variance of the noise of the first training step",
     .fallback = "0.0001"},
    {.name = "betaEnd",
     .kind = PropertyKind::number,
     .doc = "variance of the noise of the last one",
     .fallback = "0.02"},
    {.name = "trainSteps",
     .kind = PropertyKind::count,
     .doc = "how many steps of noise the model learned from",
     .fallback = "1000"},
};

constexpr ParameterDef ddpm_parameters[] = {
    {"x", "what is still noisy; the state that the layer writes", "state"},
    {"noise", "the noise that the model sees in x"},
    {"t", "the number of the step, from trainSteps - 1 down to 0", "iterator:step"},
};

constexpr LayerDef diffusion_definitions[] = {
    {.name = "ddpmUpdateStep",
     .doc = "One step back of a denoising diffusion model: a little less noise.",
     .properties = ddpm_properties,
     .parameters = ddpm_parameters,
     .has_default_input = false,
     .build = build_ddpm_update},
};

}  // namespace

std::span<const LayerDef> diffusion_layers() { return diffusion_definitions; }

}  // namespace webai
