// Normalisations, spelled with reductions and elementwise operators.
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

/// Mean and mean square distance from it over axes, which keep length 1.
struct Moments {
  Term mean, variance;
};
Moments moments(Term x, const Integers& axes) {
  const Attributes over = {{"axes", axes}, {"keepDimensions", true}};
  const Term mean = x.apply("reduceMean", over);
  return {mean, (x - mean).apply("square").apply("reduceMean", over)};
}

/// An input of one number per element of the named axes, shaped so that it broadcasts against `shape`.
Ref along(Builder& builder, Ref value, std::uint32_t axes, const Shape shape) {
  Shape wanted;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    wanted.append(in(axes, axis) ? shape.dim(axis) : Dimension(1));
  return reshape_to(builder, value, wanted);
}

bool given(std::span<const Ref> inputs, std::size_t index) { return index < inputs.size() && inputs[index]; }

/// Dimensions of the named axes.
Shape restricted(const Shape& shape, std::uint32_t axes) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (in(axes, axis)) result.append(shape.dim(axis));
  return result;
}

// ---- layerNorm

OpDef layer_norm() {
  OpDef op = operation("layerNorm",
                       "Shifts and scales each sample to mean 0 and variance 1 over axes, then by scale and bias.",
                       "y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + bias");
  op.inputs = {{"input", "rank 1 or more, floating-point"},
               {"scale", "lengths of the axes", InputSpec::optional},
               {"bias", "lengths of the axes", InputSpec::optional}};
  op.attributes = {
      {"axes", AttributeKind::integers, Integers{-1}, "axes to normalise over, negative from the end; empty: all"},
      {"epsilon", AttributeKind::number, 1e-5, "added to the variance"}};
  op.constraints = {{"C1", "axes are inside the rank, each named once"},
                    {"C2", "all operands have one floating-point type"},
                    {"C3", "scale and bias have the lengths of the axes, in the input's order"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto axes = axes_of(context.attributes().integers("axes"), input.rank());
    context.require(axes.has_value(), "C1", "an axis is outside the rank or named twice");
    context.require_type(is_floating(context.type(0)), "C2", "the input is floating-point");
    const Shape expected = restricted(input, *axes);
    for (std::size_t i = 1; i <= 2; ++i) {
      if (!context.has(i)) continue;
      context.require_type(context.type(i) == context.type(0), "C2", "all operands have one type");
      context.require(context.shape(i) == expected, "C3",
                      std::string(i == 1 ? "scale" : "bias") + " expects shape " + expected.text());
    }
    context.output(context.type(0), input);
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Term x(builder, inputs[0]);
    const std::uint32_t axes = *axes_of(attributes.integers("axes"), x.shape().rank());
    const auto [mean, variance] = moments(x, attributes.integers("axes"));
    Term y = (x - mean) * (variance + attributes.number("epsilon")).apply("rsqrt");
    if (given(inputs, 1)) y = y * Term(builder, along(builder, inputs[1], axes, x.shape()));
    if (given(inputs, 2)) y = y + Term(builder, along(builder, inputs[2], axes, x.shape()));
    return std::vector<Ref>{y};
  };
  op.samples = {
      {{{3, 5}}},
      {{{3, 5}, {5}, {5}}},
      {{{2, 3, 4}, {3, 4}}, {{"axes", Integers{1, 2}}, {"epsilon", 0.01}}},
      {{{4, 3}, {4}, {4}}, {{"axes", Integers{0}}}},
      {{{0, 5}, {5}, {5}}},
  };
  return op;
}

// ---- batchNorm

OpDef batch_norm() {
  OpDef op =
      operation("batchNorm", "Shifts and scales each channel by a given mean and variance, then by scale and bias.",
                "y = (x - mean) / sqrt(variance + epsilon) * scale + bias");
  op.inputs = {{"input", "rank 1 or more, floating-point"},
               {"mean", "[channels]"},
               {"variance", "[channels]"},
               {"scale", "[channels]", InputSpec::optional},
               {"bias", "[channels]", InputSpec::optional}};
  op.attributes = {{"axis", AttributeKind::integer, -1, "axis of the channels, negative from the end"},
                   {"epsilon", AttributeKind::number, 1e-5, "added to the variance"}};
  op.constraints = {{"C1", "the axis is inside the rank"},
                    {"C2", "all operands have one floating-point type"},
                    {"C3", "mean, variance, scale and bias have one number per channel"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto axis = axis_of(context.attributes().integer("axis"), input.rank());
    context.require(axis.has_value(), "C1", "the axis is outside the rank");
    context.require_type(is_floating(context.type(0)), "C2", "the input is floating-point");
    for (std::size_t i = 1; i < context.input_count(); ++i) {
      if (!context.has(i)) continue;
      context.require_type(context.type(i) == context.type(0), "C2", "all operands have one type");
      context.require(
          context.shape(i) == Shape{input.dim(*axis)}, "C3",
          "mean, variance, scale and bias have one number for each of " + text_of(input.dim(*axis)) + " channels");
    }
    context.output(context.type(0), input);
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Term x(builder, inputs[0]);
    const std::uint32_t axis = std::uint32_t{1} << *axis_of(attributes.integer("axis"), x.shape().rank());
    const auto channel = [&](std::size_t i) { return Term(builder, along(builder, inputs[i], axis, x.shape())); };
    // The factor is made per channel, so the large tensor sees one subtraction, one product and one sum.
    Term factor = (channel(2) + attributes.number("epsilon")).apply("rsqrt");
    if (given(inputs, 3)) factor = factor * channel(3);
    Term y = (x - channel(1)) * factor;
    if (given(inputs, 4)) y = y + channel(4);
    return std::vector<Ref>{y};
  };
  op.samples = {
      {{{3, 5}, {5}, {5}}, {}, {}, 0.25, 2},
      {{{2, 3, 4, 5}, {5}, {5}, {5}, {5}}, {}, {}, 0.25, 2},
      {{{2, 3, 4}, {3}, {3}, {3}, {3}}, {{"axis", 1}, {"epsilon", 0.1}}, {}, 0.25, 2},
      {{{0, 2}, {2}, {2}}, {}, {}, 0.25, 2},
  };
  return op;
}

OpDef batch_statistics() {
  OpDef op = operation("batchStatistics", "Mean and (biased) variance of each channel over everything else.",
                       "mean[c] = mean of x[..., c]; variance[c] = mean of (x[..., c] - mean[c])^2");
  op.inputs = {{"input", "rank 1 or more, floating-point"}};
  op.attributes = {{"axis", AttributeKind::integer, -1, "axis of the channels, negative from the end"}};
  op.output_names = {"mean", "variance"};
  op.constraints = {{"C1", "the axis is inside the rank, which is 2 or more"}, {"C2", "the input is floating-point"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto axis = axis_of(context.attributes().integer("axis"), input.rank());
    context.require(axis.has_value() && input.rank() >= 2, "C1", "the axis is inside the rank, which is 2 or more");
    context.require_type(is_floating(context.type(0)), "C2", "the input is floating-point");
    for (int output = 0; output < 2; ++output) context.output(context.type(0), {input.dim(*axis)});
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Term x(builder, inputs[0]);
    const std::size_t rank = x.shape().rank(), axis = *axis_of(attributes.integer("axis"), rank);
    Integers others;
    for (std::size_t i = 0; i < rank; ++i)
      if (i != axis) others.push_back(static_cast<std::int64_t>(i));
    const auto [mean, variance] = moments(x, others);
    return std::vector<Ref>{mean.apply("squeeze", {{"axes", others}}), variance.apply("squeeze", {{"axes", others}})};
  };
  op.samples = {{{{7, 5}}}, {{{2, 3, 4, 5}}}, {{{2, 3, 4}}, {{"axis", 1}}}, {{{4, 0}}}};
  return op;
}

}  // namespace

void add_normalise(Registry& registry) {
  registry.add(layer_norm());
  registry.add(batch_norm());
  registry.add(batch_statistics());
}

}  // namespace webai
