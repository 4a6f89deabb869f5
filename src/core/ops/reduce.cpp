// Reductions over axes.
#include <cmath>

#include "core/ops/families.h"
#include "core/ops/groups.h"

namespace webai {
namespace {

using namespace ops;

std::uint32_t reduced_axes(const Attributes& attributes, std::size_t rank) {
  return axes_of(attributes.integers("axes"), rank).value_or(0);
}

Shape reduced_shape(const Shape& shape, std::uint32_t axes, bool keep) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (!in(axes, axis))
      result.append(shape.dim(axis));
    else if (keep)
      result.append(1);
  }
  return result;
}

/// The greatest (or least) element; not-a-number wins, so that it is never lost.
template <class T> bool beats(T candidate, T best, bool greatest) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(best)) return false;
    if (std::isnan(candidate)) return true;
  }
  return greatest ? candidate > best : candidate < best;
}

void extreme_kernel(const KernelContext& context, bool greatest) {
  const std::uint32_t axes = reduced_axes(context.attributes, context.inputs[0].shape.rank());
  by_arithmetic(context.inputs[0].type, [&](auto zero) {
    using T = decltype(zero);
    using Limit = std::numeric_limits<T>;
    // Of the element type: the 64-bit limits shifted down to its width.
    const std::size_t unused = 64 - 8 * size_of(context.inputs[0].type);
    T low = Limit::has_infinity ? -Limit::infinity() : Limit::lowest();
    T high = Limit::has_infinity ? Limit::infinity() : Limit::max();
    if constexpr (Limit::is_integer) {
      low >>= unused;
      high >>= unused;
    }
    reduce(context, axes, greatest ? low : high,
           [&](T best, T value) { return beats(value, best, greatest) ? value : best; });
  });
}

// ---- the common block of the reductions

const char* const floating_text = "the input is floating-point";

OpDef reduction(std::string name, std::string doc, std::string formula, bool floating) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.inputs = {{"input", "any shape"}};
  op.attributes = {{"axes", AttributeKind::integers, Integers{}, "axes to reduce, negative from the end; empty: all"},
                   {"keepDimensions", AttributeKind::boolean, false, "leave reduced axes with length 1"}};
  op.constraints = {{"C1", "axes are inside the rank, each named once"},
                    {"C2", floating ? floating_text : "the input is numeric"}};
  op.shape = [floating](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto axes = axes_of(context.attributes().integers("axes"), input.rank());
    context.require(axes.has_value(), "C1", "an axis is outside the rank or named twice");
    context.require_type(floating ? is_floating(context.type(0)) : context.type(0) != DType::boolean, "C2",
                         floating ? floating_text : "the input is numeric");
    context.output(context.type(0), reduced_shape(input, *axes, context.attributes().boolean("keepDimensions")));
  };
  op.rows = [name = op.name](RowsContext& context) {
    const std::size_t rank = context.shape(0).rank();
    if (rank == 0) return std::vector<Ref>();  // no axes would be all of them
    Integers axes;
    const std::uint32_t reduced = *axes_of(context.attributes.integers("axes"), rank);
    for (std::size_t axis = 0; axis < rank; ++axis)
      if (in(reduced, axis)) axes.push_back(static_cast<std::int64_t>(axis) + 1);
    const Attributes attributes = {{"axes", axes}, {"keepDimensions", context.attributes.boolean("keepDimensions")}};
    return std::vector<Ref>{context.builder.emit(name, {context.all(0)}, attributes)};
  };
  op.samples = {
      {{{3, 5, 7}}},
      {{{3, 5, 7}}, {{"axes", Integers{1}}}},
      {{{3, 5, 7}}, {{"axes", Integers{0, -1}}, {"keepDimensions", true}}},
      {{{2, 3, 4, 3}}, {{"axes", Integers{1, 2}}}},
      {{Shape{}}},
      {{{1}}},
      {{{0, 3}}, {{"axes", Integers{1}}}},
      {{{130, 33}}, {{"axes", Integers{0}}}},
  };
  return op;
}

/// The gradient of one output, spread over the input's shape.
Term spread_gradient(GradientContext& context) {
  const Shape shape = context.builder.shape(context.inputs[0]);
  const std::uint32_t axes = reduced_axes(context.attributes, shape.rank());
  return {context.builder, spread(context.builder, context.output_gradients[0], axes, shape)};
}
Term spread_output(GradientContext& context) {
  const Shape shape = context.builder.shape(context.inputs[0]);
  const std::uint32_t axes = reduced_axes(context.attributes, shape.rank());
  return {context.builder, spread(context.builder, context.outputs[0], axes, shape)};
}

double group_size(const Shape& shape, std::uint32_t axes) {
  double count = 1;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (in(axes, axis)) count *= static_cast<double>(shape[axis]);
  return count;
}

OpDef reduce_sum() {
  OpDef op = reduction("reduceSum", "Sum over axes; integers wrap.", "y = sum of x over the axes", false);
  op.reference = [](const KernelContext& context) {
    sum_kernel(context, reduced_axes(context.attributes, context.inputs[0].shape.rank()));
  };
  op.gradient = [](GradientContext& context) { return std::vector<Ref>{spread_gradient(context)}; };
  op.samples.push_back({{{3, 0}}, {{"axes", Integers{1}}}});
  op.samples.push_back({{{3, 4}}, {{"axes", Integers{1}}}, {DType::i32}, -100, 100});
  return op;
}

OpDef reduce_mean() {
  OpDef op = reduction("reduceMean", "Mean over axes; not-a-number where there is nothing.",
                       "y = sum of x over the axes / count", true);
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const std::uint32_t axes = reduced_axes(context.attributes, input.shape.rank());
    const double count = group_size(input.shape, axes);
    each_group(input.shape, axes,
               [&](std::int64_t index, std::int64_t start, const Shape& inner, const Strides& strides) {
                 double sum = 0;
                 walk(inner, strides, [&](std::int64_t, std::int64_t offset) { sum += input.load(start + offset); });
                 output.store(index, sum / count);
               });
  };
  op.gradient = [](GradientContext& context) {
    const Shape shape = context.builder.shape(context.inputs[0]);
    const double count = group_size(shape, reduced_axes(context.attributes, shape.rank()));
    if (count == 0) return std::vector<Ref>{spread_gradient(context)};
    // Scaled before it is spread, so the division sees the smaller tensor.
    const Term dy = gradient_term(context) * (1.0 / count);
    return std::vector<Ref>{spread(context.builder, dy, reduced_axes(context.attributes, shape.rank()), shape)};
  };
  op.samples.push_back({{{3, 0}}, {{"axes", Integers{1}}}});
  return op;
}

/// The gradient goes to the elements equal to the extreme, in equal parts.
std::vector<Ref> extreme_gradient(GradientContext& context) {
  Builder& builder = context.builder;
  const Term x(builder, context.inputs[0]);
  const Term hit(builder, cast_to(builder, x.apply("equal", spread_output(context)), x.dtype()));
  const std::uint32_t axes = reduced_axes(context.attributes, x.shape().rank());
  const Term count = hit.apply("reduceSum", {{"axes", context.attributes.integers("axes")}, {"keepDimensions", true}});
  const Term share = hit / Term(builder, spread(builder, count, axes, x.shape()));
  return {spread_gradient(context) * share};
}

OpDef reduce_extreme(bool greatest) {
  OpDef op =
      greatest
          ? reduction(
                "reduceMax",
                "Greatest element over axes; not-a-number wins; the least value of the type where there is nothing.",
                "y = max of x over the axes", false)
          : reduction(
                "reduceMin",
                "Least element over axes; not-a-number wins; the greatest value of the type where there is nothing.",
                "y = min of x over the axes", false);
  op.reference = [greatest](const KernelContext& context) { extreme_kernel(context, greatest); };
  op.gradient = extreme_gradient;
  op.samples.push_back({{{4, 5}}, {{"axes", Integers{0}}}, {DType::i64}, -100, 100});
  return op;
}

OpDef reduce_product() {
  OpDef op = reduction(
      "reduceProduct",
      "Product over axes; integers wrap. Second derivatives at zeros count only the factors that are not zero.",
      "y = product of x over the axes", false);
  op.reference = [](const KernelContext& context) {
    const std::uint32_t axes = reduced_axes(context.attributes, context.inputs[0].shape.rank());
    by_arithmetic(context.inputs[0].type, [&](auto zero) {
      using T = decltype(zero);
      reduce(context, axes, T{1}, [](T a, T b) { return times(a, b); });
    });
  };
  op.gradient = [](GradientContext& context) {
    // The product of all other factors, without dividing by zero: P is the product of the non-zero factors. No zero
    // in the group: P / x. One zero: P at the zero, 0 elsewhere. More: 0 everywhere.
    Builder& builder = context.builder;
    const Term x(builder, context.inputs[0]);
    const std::uint32_t axes = reduced_axes(context.attributes, x.shape().rank());
    const Attributes kept = {{"axes", context.attributes.integers("axes")}, {"keepDimensions", true}};
    const Term is_zero = x.apply("equal", x.number(0));
    const Term zero(builder, cast_to(builder, is_zero, x.dtype()));
    const Term factor(builder, builder.emit("where", {is_zero, x.number(1), x}));
    const Term product(builder, spread(builder, factor.apply("reduceProduct", kept), axes, x.shape()));
    const Term zeros(builder, spread(builder, zero.apply("reduceSum", kept), axes, x.shape()));
    const Term others = zeros - zero;  // zeros among the other factors
    const Term none(builder, cast_to(builder, others.apply("equal", others.number(0)), x.dtype()));
    return std::vector<Ref>{spread_gradient(context) * (product / factor * none)};
  };
  return op;
}

// ---- reductions spelled with the others

Attributes reduction_attributes(const Attributes& attributes, bool keep) {
  return {{"axes", attributes.integers("axes")}, {"keepDimensions", keep}};
}
Attributes reduction_attributes(const Attributes& attributes) {
  return reduction_attributes(attributes, attributes.boolean("keepDimensions"));
}

OpDef reduce_sum_square() {
  OpDef op = reduction("reduceSumSquare", "Sum of squares over axes.", "y = sum of x * x", false);
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Term x(builder, inputs[0]);
    return std::vector<Ref>{(x * x).apply("reduceSum", reduction_attributes(attributes))};
  };
  return op;
}

OpDef reduce_l1() {
  OpDef op = reduction("reduceL1", "Sum of absolute values over axes.", "y = sum of |x|", false);
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    return std::vector<Ref>{Term(builder, inputs[0]).apply("abs").apply("reduceSum", reduction_attributes(attributes))};
  };
  return op;
}

OpDef reduce_l2() {
  OpDef op =
      reduction("reduceL2", "Euclidean norm over axes; its gradient at zero is zero.", "y = sqrt(sum of x * x)", true);
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    return std::vector<Ref>{
        Term(builder, inputs[0]).apply("reduceSumSquare", reduction_attributes(attributes)).apply("sqrt")};
  };
  op.gradient = [](GradientContext& context) {
    const Term x(context.builder, context.inputs[0]), y(context.builder, context.outputs[0]);
    const Term divisor(context.builder, context.builder.emit("where", {y.apply("equal", y.number(0)), y.number(1), y}));
    const std::uint32_t axes = reduced_axes(context.attributes, x.shape().rank());
    const Term scale = gradient_term(context) / divisor;
    return std::vector<Ref>{x * Term(context.builder, spread(context.builder, scale, axes, x.shape()))};
  };
  return op;
}

OpDef reduce_log_sum_exp() {
  OpDef op = reduction("reduceLogSumExp", "Logarithm of the sum of exponentials over axes, without overflow.",
                       "y = m + log(sum of exp(x - m)), m = max of x", true);
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Term x(builder, inputs[0]);
    const std::uint32_t axes = reduced_axes(attributes, x.shape().rank());
    // Kept finite, for infinity minus infinity is not a number.
    const double bound = x.dtype() == DType::fp16 ? 65504.0 : 3.3e38;
    const Term greatest = x.apply("reduceMax", reduction_attributes(attributes, true))
                              .apply("max", x.number(-bound))
                              .apply("min", x.number(bound));
    const Term sum = (x - greatest).apply("exp").apply("reduceSum", reduction_attributes(attributes, true));
    const Term result = sum.apply("log") + greatest;
    return std::vector<Ref>{
        reshape_to(builder, result, reduced_shape(x.shape(), axes, attributes.boolean("keepDimensions")))};
  };
  op.gradient = [](GradientContext& context) {
    const Term x(context.builder, context.inputs[0]);
    return std::vector<Ref>{spread_gradient(context) * (x - spread_output(context)).apply("exp")};
  };
  return op;
}

}  // namespace

void add_reduce(Registry& registry) {
  registry.add(reduce_sum());
  registry.add(reduce_mean());
  registry.add(reduce_extreme(true));
  registry.add(reduce_extreme(false));
  registry.add(reduce_product());
  registry.add(reduce_sum_square());
  registry.add(reduce_l1());
  registry.add(reduce_l2());
  registry.add(reduce_log_sum_exp());
}

}  // namespace webai
