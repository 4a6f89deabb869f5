// The pair broadcastTo and sumTo, each of which is the other's gradient.
#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/groups.h"

namespace webai {
namespace {

using namespace ops;

/// Axes of `shape` that repeat an array of shape `target` (right-aligned).
std::uint32_t repeated_axes(const Shape& shape, const Shape& target) {
  std::uint32_t axes = 0;
  const std::size_t shift = shape.rank() - target.rank();
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (axis < shift || (target.dim(axis - shift) == Dimension(1) && shape.dim(axis) != Dimension(1)))
      axes |= std::uint32_t{1} << axis;
  return axes;
}

/// The shape attribute with -1 replaced by the input's dimension at the same place, counted from the end.
Shape wanted_shape(const ShapeContext& context) {
  const Shape& input = context.shape(0);
  const Integers& wanted = context.attributes().integers("shape");
  Shape result;
  for (std::size_t axis = 0; axis < wanted.size(); ++axis) {
    const std::size_t from_end = wanted.size() - axis;
    const bool keeps = wanted[axis] == -1 && from_end <= input.rank();
    context.require(keeps || wanted[axis] >= 0, "C1", "shape holds lengths of 0 or more, or -1 to keep the input's");
    result.append(keeps ? input.dim(input.rank() - from_end) : Dimension(wanted[axis]));
  }
  return result;
}

OpDef broadcast_to_operator() {
  OpDef op = operation("broadcastTo", "Repeats the input along axes of length 1 and new leading axes.",
                       "y[i] = x[i, with 0 for axes of length 1]");
  op.inputs = {{"input", "any shape that broadcasts to the wanted one"}};
  op.attributes = {{"shape", AttributeKind::integers, std::nullopt, "the wanted shape; -1 keeps the input's length"}};
  op.constraints = {
      {"C1", "shape holds lengths of 0 or more, or -1 where the input has a dimension"},
      {"C2", "the input broadcasts to the shape: aligned at the end, lengths are equal or the input's is 1"}};
  op.shape = [](ShapeContext& context) {
    const Shape result = wanted_shape(context);
    context.require(broadcast(result, context.shape(0)) == result, "C2",
                    "input does not broadcast to " + result.text());
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    by_element_size(input.type, [&](auto zero) {
      using Word = decltype(zero);
      const auto* from = static_cast<const Word*>(input.data);
      auto* to = static_cast<Word*>(output.data);
      walk(output.shape, broadcast_strides(input.shape, output.shape),
           [&](std::int64_t index, std::int64_t offset) { to[index] = from[offset]; });
    });
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{
        sum_to(context.builder, context.output_gradients[0], context.builder.shape(context.inputs[0]))};
  };
  op.operations = no_operations;
  op.rows = [](RowsContext& context) {
    const Shape result = context.outputs[0].shape;
    const Ref rows = context.reshaped(context.all(0), context.with_rows(context.shape(0), result.rank()));
    return std::vector<Ref>{broadcast_to(context.builder, rows, context.with_rows(result))};
  };
  op.rows_sum = [](RowsContext& context) { return broadcast_to(context.builder, context.summed(0), context.outputs[0].shape); };
  op.samples = {
      {{{3, 1}}, {{"shape", Integers{3, 5}}}},  {{{5}}, {{"shape", Integers{2, 3, 5}}}},
      {{Shape{}}, {{"shape", Integers{3, 2}}}}, {{{1, 4, 1}}, {{"shape", Integers{2, 3, -1, 7}}}},
      {{{1}}, {{"shape", Integers{0}}}},
  };
  return op;
}

OpDef sum_to_operator() {
  OpDef op = operation(
      "sumTo", "Sums over the axes along which an array of the given shape would repeat: back from a broadcast.",
      "y = sum of x over the axes where shape has length 1 or no axis");
  op.inputs = {{"input", "a shape to which the wanted one broadcasts"}};
  op.attributes = {{"shape", AttributeKind::integers, std::nullopt, "the wanted shape; -1 keeps the input's length"}};
  op.constraints = {{"C1", "shape holds lengths of 0 or more, or -1 where the input has a dimension"},
                    {"C2", "the shape broadcasts to the input's"},
                    {"C3", "the input is numeric"}};
  op.shape = [](ShapeContext& context) {
    const Shape result = wanted_shape(context);
    context.require(broadcast(context.shape(0), result) == context.shape(0), "C2",
                    "input is no broadcast of " + result.text());
    context.require_type(context.type(0) != DType::boolean, "C3", "the input is numeric");
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    sum_kernel(context, repeated_axes(context.inputs[0].shape, context.outputs[0].shape));
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{
        broadcast_to(context.builder, context.output_gradients[0], context.builder.shape(context.inputs[0]))};
  };
  op.rows = [](RowsContext& context) {
    const Shape result = context.outputs[0].shape;
    const Ref rows = sum_to(context.builder, context.all(0), context.with_rows(result, context.shape(0).rank()));
    return std::vector<Ref>{context.reshaped(rows, context.with_rows(result))};
  };
  // The rows are one more dimension that the wanted shape does not have.
  op.rows_sum = [](RowsContext& context) {
    return context.has_rows[0] ? sum_to(context.builder, context.all(0), context.outputs[0].shape) : Ref{};
  };
  op.samples = {
      {{{3, 5}}, {{"shape", Integers{3, 1}}}}, {{{2, 3, 5}}, {{"shape", Integers{5}}}},
      {{{3, 2}}, {{"shape", Integers{}}}},     {{{2, 3, 4, 7}}, {{"shape", Integers{1, -1, 1}}}},
      {{{0, 3}}, {{"shape", Integers{1, 3}}}}, {{{65, 129}}, {{"shape", Integers{129}}}},
  };
  return op;
}

}  // namespace

void add_broadcast(Registry& registry) {
  registry.add(broadcast_to_operator());
  registry.add(sum_to_operator());
}

}  // namespace webai
