// Reading and adding by index (gather, scatterAdd), positions of extremes, and running sums.
#include <cmath>

#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

/// An index as the operators of this file take it: negative from the end, then kept inside, so that no input can reach
/// outside memory. A length of 0 is excluded by the shape rules.
std::int64_t bounded(std::int64_t index, std::int64_t length) {
  return std::clamp<std::int64_t>(index < 0 ? index + length : index, 0, length - 1);
}

/// The shape that gather gives: the axis replaced by the indices' dimensions. Checks C1 to C4.
Shape gathered_shape(const ShapeContext& context) {
  const Shape &input = context.shape(0), &indices = context.shape(1);
  const auto axis = axis_of(context.attributes().integer("axis"), input.rank());
  context.require(axis.has_value(), "C1", "the axis is outside the rank");
  context.require_type(is_integer(context.type(1)), "C2", "indices are integers");
  context.require(input.rank() - 1 + indices.rank() <= Shape::max_rank, "C3", "the result has more than 8 dimensions");
  const bool none = std::find(indices.dims().begin(), indices.dims().end(), Dimension(0)) != indices.dims().end();
  context.require(input.dim(*axis) != Dimension(0) || none, "C4",
                  "there is nothing to choose from: the axis has length 0");
  Shape result = leading(input, *axis);
  for (const Dimension dim : indices.dims()) result.append(dim);
  for (std::size_t i = *axis + 1; i < input.rank(); ++i) result.append(input.dim(i));
  return result;
}

std::vector<AttributeSpec> gather_attributes() {
  return {{"axis", AttributeKind::integer, 0, "which axis the indices count along, negative from the end"}};
}

std::vector<Constraint> gather_constraints() {
  return {{"C1", "the axis is inside the rank"},
          {"C2", "indices are integers"},
          {"C3", "the result has at most 8 dimensions"},
          {"C4", "the axis has elements, unless there are no indices"}};
}

OpDef gather() {
  OpDef op = operation(
      "gather",
      "Elements chosen along an axis by index. A negative index counts from the end; one outside is moved to the "
      "nearest element.",
      "y[..., i..., ...] = x[..., indices[i...], ...]");
  op.inputs = {{"input", "rank 1 or more"},
               {"indices", "any shape of an integer type", InputSpec::required, InputSpec::indices}};
  op.attributes = gather_attributes();
  op.constraints = gather_constraints();
  op.shape = [](ShapeContext& context) { context.output(context.type(0), gathered_shape(context)); };
  op.operations = no_operations;
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &indices = context.inputs[1], &output = context.outputs[0];
    const AxisView view(input.shape, *axis_of(context.attributes.integer("axis"), input.shape.rank()));
    const std::int64_t count = indices.shape.elements();
    const std::size_t row = static_cast<std::size_t>(view.inner) * size_of(input.type);
    if (row == 0) return;
    for (std::int64_t outer = 0; outer < view.outer; ++outer)
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t from = outer * view.length + bounded(load<std::int64_t>(indices, i), view.length);
        std::memcpy(static_cast<std::byte*>(output.data) + static_cast<std::size_t>(outer * count + i) * row,
                    static_cast<const std::byte*>(input.data) + static_cast<std::size_t>(from) * row, row);
      }
  };
  op.gradient = [](GradientContext& context) {
    Builder& builder = context.builder;
    const ValueType type = builder.type(context.inputs[0]);
    const Ref zeros = filled(builder, 0, type.type, type.shape);
    return std::vector<Ref>{
        builder.emit("scatterAdd", {zeros, context.inputs[1], context.output_gradients[0]}, context.attributes), Ref{}};
  };
  op.rows = [](RowsContext& context) {  // rows of indices into one table
    if (context.has_rows[0] || axis_of(context.attributes.integer("axis"), context.shape(0).rank()) != 0) return std::vector<Ref>();
    return std::vector<Ref>{context.builder.emit("gather", {context.all(0), context.all(1)}, context.attributes)};
  };
  op.samples = {
      {{{5, 3}, {4}}, {}, {DType::fp32, DType::i32}, -4.99, 4.99},
      {{{2, 5, 3}, {2, 2}}, {{"axis", 1}}, {DType::fp32, DType::i64}, 0, 4.99},
      {{{2, 5}, Shape{}}, {{"axis", -1}}, {DType::fp32, DType::u8}, 0, 4.99},
      {{{7}, {5}}, {}, {DType::fp32, DType::i32}, -20, 20},
      {{{0, 3}, {0}}, {}, {DType::fp32, DType::i32}},
      {{{4, 3}, {0}}, {}, {DType::fp32, DType::i32}},
      {{{4, 0}, {2}}, {}, {DType::fp32, DType::i32}},
      {{{6, 2}, {3}}, {}, {DType::i16, DType::i32}, 0, 5.99},
  };
  return op;
}

/// In the elements' own type: a sum of two of them is the same in a wider type once it is rounded.
template <class T> void add_rows(const KernelContext& context, const AxisView& view, std::int64_t count) {
  const auto* input = static_cast<const T*>(context.inputs[0].data);
  const auto* update = static_cast<const T*>(context.inputs[2].data);
  auto* output = static_cast<T*>(context.outputs[0].data);
  if (output != input) std::copy_n(input, context.outputs[0].shape.elements(), output);
  for (std::int64_t outer = 0; outer < view.outer; ++outer)
    for (std::int64_t i = 0; i < count; ++i, update += view.inner) {
      T* const row = output + (outer * view.length + bounded(load<std::int64_t>(context.inputs[1], i), view.length)) * view.inner;
      for (std::int64_t inner = 0; inner < view.inner; ++inner) row[inner] += update[inner];
    }
}

OpDef scatter_add() {
  OpDef op = operation(
      "scatterAdd",
      "The input with rows added at the places that indices name along an axis, in their order. Indices as for gather.",
      "y = x; y[..., indices[i...], ...] += updates[..., i..., ...]");
  op.inputs = {{"input", "rank 1 or more"},
               {"indices", "any shape of an integer type", InputSpec::required, InputSpec::indices},
               {"updates", "shaped like gather(input, indices)"}};
  op.attributes = gather_attributes();
  op.constraints = gather_constraints();
  op.constraints.push_back({"C5", "updates have the shape of gather(input, indices)"});
  op.constraints.push_back({"C6", "input and updates have one numeric type"});
  op.shape = [](ShapeContext& context) {
    const Shape expected = gathered_shape(context);
    context.require(context.shape(2) == expected, "C5", "updates expect shape " + expected.text());
    context.require_type(context.type(0) == context.type(2) && context.type(0) != DType::boolean, "C6",
                         "input and updates have one numeric type");
    context.output(context.type(0), context.shape(0));
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &indices = context.inputs[1], &updates = context.inputs[2],
                  &output = context.outputs[0];
    const AxisView view(input.shape, *axis_of(context.attributes.integer("axis"), input.shape.rank()));
    const std::int64_t count = indices.shape.elements();
    if (input.type == DType::fp32) return add_rows<float>(context, view, count);
    if (input.type == DType::fp64) return add_rows<double>(context, view, count);
    by_arithmetic(input.type, [&](auto zero) {
      using T = decltype(zero);
      const std::int64_t total = output.shape.elements();
      for (std::int64_t at = 0; at < total; ++at) store<T>(output, at, load<T>(input, at));
      for (std::int64_t outer = 0; outer < view.outer; ++outer)
        for (std::int64_t i = 0; i < count; ++i) {
          const std::int64_t row = outer * view.length + bounded(load<std::int64_t>(indices, i), view.length);
          for (std::int64_t inner = 0; inner < view.inner; ++inner)
            store<T>(output, row * view.inner + inner,
                     plus(load<T>(output, row * view.inner + inner),
                          load<T>(updates, (outer * count + i) * view.inner + inner)));
        }
    });
  };
  op.gradient = [](GradientContext& context) {
    const Ref dy = context.output_gradients[0];
    return std::vector<Ref>{dy, Ref{}, context.builder.emit("gather", {dy, context.inputs[1]}, context.attributes)};
  };
  op.rows_sum = [](RowsContext& context) {  // all rows' updates are added to one table
    if (!context.has_rows[1] || !context.has_rows[2] || axis_of(context.attributes.integer("axis"), context.shape(0).rank()) != 0)
      return Ref{};
    return context.builder.emit("scatterAdd", {context.summed(0), context.all(1), context.all(2)}, context.attributes);
  };
  op.samples = {
      {{{5, 3}, {4}, {4, 3}}, {}, {DType::fp32, DType::i32, DType::fp32}, -4.99, 4.99},
      {{{2, 3, 2}, {2, 2}, {2, 2, 2, 2}}, {{"axis", 1}}, {DType::fp32, DType::i64, DType::fp32}, 0, 2.99},
      {{{4}, Shape{}, Shape{}}, {}, {DType::fp32, DType::u8, DType::fp32}, 0, 3.99},
      {{{3, 2}, {0}, {0, 2}}, {}, {DType::fp32, DType::i32, DType::fp32}},
      {{{4}, {9}, {9}}, {}, {DType::i32, DType::i32, DType::i32}, -20, 20},
  };
  return op;
}

// ---- positions of extremes

OpDef arg_extreme(bool greatest) {
  OpDef op =
      operation(greatest ? "argMax" : "argMin",
                std::string("Position of the ") + (greatest ? "greatest" : "least") +
                    " element along an axis, the first of equals; not-a-number wins.",
                std::string("y = the least i with x[i] = ") + (greatest ? "max" : "min") + " of x along the axis");
  op.inputs = {{"input", "rank 1 or more"}};
  op.attributes = {{"axis", AttributeKind::integer, -1, "negative from the end"},
                   {"keepDimensions", AttributeKind::boolean, false, "leave the axis with length 1"}};
  op.constraints = {{"C1", "the axis is inside the rank"},
                    {"C2", "the axis has one element or more, at most 2147483647"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto axis = axis_of(context.attributes().integer("axis"), input.rank());
    context.require(axis.has_value(), "C1", "the axis is outside the rank");
    const Dimension dim = input.dim(*axis);
    context.require(dim.is_symbol() || (dim.value() > 0 && dim.value() <= std::numeric_limits<std::int32_t>::max()),
                    "C2", "there is no extreme of " + text_of(dim) + " elements that fits an i32");
    context.output(DType::i32,
                   context.attributes().boolean("keepDimensions") ? input.with(*axis, 1) : input.without(*axis));
  };
  op.reference = [greatest](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const AxisView view(input.shape, *axis_of(context.attributes.integer("axis"), input.shape.rank()));
    by_arithmetic(input.type, [&](auto zero) {
      using T = decltype(zero);
      for (std::int64_t outer = 0; outer < view.outer; ++outer)
        for (std::int64_t inner = 0; inner < view.inner; ++inner) {
          std::int64_t best = 0;
          T value = load<T>(input, outer * view.length * view.inner + inner);
          for (std::int64_t i = 1; i < view.length; ++i) {
            const T next = load<T>(input, (outer * view.length + i) * view.inner + inner);
            bool better = greatest ? next > value : next < value;
            if constexpr (std::is_same_v<T, double>) better = !std::isnan(value) && (better || std::isnan(next));
            if (!better) continue;
            best = i;
            value = next;
          }
          store<std::int64_t>(output, outer * view.inner + inner, best);
        }
    });
  };
  op.not_differentiable = "its result is a whole number";
  op.samples = {
      {{{3, 5}}}, {{{3, 5, 2}}, {{"axis", 1}, {"keepDimensions", true}}}, {{{7}}},
      {{{0, 3}}}, {{{4, 6}}, {{"axis", 0}}, {DType::i32}, -3, 3},
  };
  return op;
}

// ---- running sums

OpDef cumulative_sum() {
  OpDef op = operation("cumulativeSum", "Running sum along an axis; integers wrap.", "y[i] = sum of x[j] for j <= i");
  op.inputs = {{"input", "rank 1 or more"}};
  op.attributes = {{"axis", AttributeKind::integer, -1, "negative from the end"},
                   {"exclusive", AttributeKind::boolean, false, "leave out the element itself: j < i"},
                   {"reversed", AttributeKind::boolean, false, "sum from the end: j >= i"}};
  op.constraints = {{"C1", "the axis is inside the rank"}, {"C2", "the input is numeric"}};
  op.shape = [](ShapeContext& context) {
    context.require(axis_of(context.attributes().integer("axis"), context.shape(0).rank()).has_value(), "C1",
                    "the axis is outside the rank");
    context.require_type(context.type(0) != DType::boolean, "C2", "the input is numeric");
    context.output(context.type(0), context.shape(0));
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const AxisView view(input.shape, *axis_of(context.attributes.integer("axis"), input.shape.rank()));
    const bool exclusive = context.attributes.boolean("exclusive"), reversed = context.attributes.boolean("reversed");
    by_arithmetic(input.type, [&](auto zero) {
      using T = decltype(zero);
      for (std::int64_t outer = 0; outer < view.outer; ++outer)
        for (std::int64_t inner = 0; inner < view.inner; ++inner) {
          T sum = 0;
          for (std::int64_t i = 0; i < view.length; ++i) {
            const std::int64_t at = (outer * view.length + (reversed ? view.length - 1 - i : i)) * view.inner + inner;
            const T next = plus(sum, load<T>(input, at));
            store<T>(output, at, exclusive ? sum : next);
            sum = next;
          }
        }
    });
  };
  op.gradient = [](GradientContext& context) {
    Attributes attributes = context.attributes;
    attributes.set("reversed", !context.attributes.boolean("reversed"));
    return std::vector<Ref>{context.builder.emit("cumulativeSum", {context.output_gradients[0]}, attributes)};
  };
  op.samples = {
      {{{3, 5}}},
      {{{3, 5}}, {{"axis", 0}, {"exclusive", true}}},
      {{{2, 3, 4}}, {{"axis", 1}, {"reversed", true}}},
      {{{7}}, {{"exclusive", true}, {"reversed", true}}},
      {{{0, 3}}},
      {{{5}}, {}, {DType::i32}, -9, 9},
  };
  return op;
}

}  // namespace

void add_gather(Registry& registry) {
  registry.add(gather());
  registry.add(scatter_add());
  registry.add(arg_extreme(true));
  registry.add(arg_extreme(false));
  registry.add(cumulative_sum());
}

}  // namespace webai
