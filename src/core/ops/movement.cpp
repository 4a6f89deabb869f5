// Operators that move elements without looking at them: transpose, reverse, concat, split, tile. Kernels copy words as
// wide as an element.
#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

/// Copies input[start + walk with strides] to the output in order.
void gather_strided(const Operand& input, const Operand& output, const Strides& strides, std::int64_t start) {
  by_element_size(input.type, [&](auto zero) {
    using Word = decltype(zero);
    const auto* from = static_cast<const Word*>(input.data) + start;
    auto* to = static_cast<Word*>(output.data);
    walk(output.shape, strides, [&](std::int64_t index, std::int64_t offset) { to[index] = from[offset]; });
  });
}

// ---- transpose

/// For each axis of a result the axis of the input it is. Takes no memory: kernels ask for it in every run.
class Permutation {
 public:
  void push_back(std::size_t axis) { axes_[size_++] = axis; }
  std::size_t size() const { return size_; }
  std::size_t operator[](std::size_t axis) const { return axes_[axis]; }
  const std::size_t* begin() const { return axes_.data(); }
  const std::size_t* end() const { return axes_.data() + size_; }

 private:
  std::array<std::size_t, Shape::max_rank> axes_{};
  std::size_t size_ = 0;
};

/// The permutation as axes, an empty list being the reversal; nothing when it is none.
std::optional<Permutation> permutation_of(const Integers& named, std::size_t rank) {
  Permutation result;
  for (std::size_t i = 0; named.empty() && i < rank; ++i) result.push_back(rank - 1 - i);
  if (named.empty()) return result;
  if (named.size() != rank || !axes_of(named, rank)) return std::nullopt;
  for (const std::int64_t axis : named) result.push_back(*axis_of(axis, rank));
  return result;
}

OpDef transpose() {
  OpDef op = operation("transpose", "Reorders the axes.", "y[i] = x[j] with i[k] = j[permutation[k]]");
  op.inputs = {{"input", "any shape"}};
  op.attributes = {{"permutation", AttributeKind::integers, Integers{},
                    "for each axis of the result the axis of the input it is; empty: the axes in reverse"}};
  op.constraints = {{"C1", "the permutation names every axis of the input once"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto permutation = permutation_of(context.attributes().integers("permutation"), input.rank());
    context.require(permutation.has_value(), "C1", "the permutation names every axis of the input once");
    Shape result;
    for (const std::size_t axis : *permutation) result.append(input.dim(axis));
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const Strides own = strides_of(input.shape);
    const auto permutation = *permutation_of(context.attributes.integers("permutation"), input.shape.rank());
    Strides strides{};
    for (std::size_t axis = 0; axis < permutation.size(); ++axis) strides[axis] = own[permutation[axis]];
    gather_strided(input, output, strides, 0);
  };
  op.gradient = [](GradientContext& context) {
    const auto permutation =
        *permutation_of(context.attributes.integers("permutation"), context.builder.shape(context.inputs[0]).rank());
    Integers inverse(permutation.size());
    for (std::size_t axis = 0; axis < permutation.size(); ++axis)
      inverse[permutation[axis]] = static_cast<std::int64_t>(axis);
    return std::vector<Ref>{
        context.builder.emit("transpose", {context.output_gradients[0]}, {{"permutation", inverse}})};
  };
  op.operations = no_operations;
  op.rows = [](RowsContext& context) {
    Integers permutation = {0};
    const auto axes = permutation_of(context.attributes.integers("permutation"), context.shape(0).rank());
    for (const std::size_t axis : *axes)
      permutation.push_back(static_cast<std::int64_t>(axis) + 1);
    return std::vector<Ref>{context.builder.emit("transpose", {context.all(0)}, {{"permutation", permutation}})};
  };
  op.rows_sum = [](RowsContext& context) { return context.builder.emit("transpose", {context.summed(0)}, context.attributes); };
  op.samples = {
      {{{3, 5}}},
      {{{2, 3, 4}}, {{"permutation", Integers{1, 2, 0}}}},
      {{{2, 3, 4, 5}}, {{"permutation", Integers{0, 3, 1, 2}}}},
      {{{2, 3, 4}}, {{"permutation", Integers{-1, 0, 1}}}, {DType::i16}, -100, 100},
      {{Shape{}}},
      {{{7}}},
      {{{0, 3}}},
      {{{33, 65}}, {}, {DType::fp64}},
  };
  return op;
}

// ---- reverse

OpDef reverse() {
  OpDef op =
      operation("reverse", "Turns the order of elements around along axes.", "y[i] = x[length - 1 - i] on the axes");
  op.inputs = {{"input", "any shape"}};
  op.attributes = {{"axes", AttributeKind::integers, Integers{}, "axes to turn, negative from the end; empty: all"}};
  op.constraints = {{"C1", "axes are inside the rank, each named once"}};
  op.shape = [](ShapeContext& context) {
    context.require(axes_of(context.attributes().integers("axes"), context.shape(0).rank()).has_value(), "C1",
                    "an axis is outside the rank or named twice");
    context.output(context.type(0), context.shape(0));
  };
  op.reference = [](const KernelContext& context) {
    const Operand& input = context.inputs[0];
    const std::uint32_t axes = *axes_of(context.attributes.integers("axes"), input.shape.rank());
    Strides strides = strides_of(input.shape);
    std::int64_t start = 0;
    for (std::size_t axis = 0; axis < input.shape.rank(); ++axis) {
      if (!in(axes, axis)) continue;
      start += (input.shape[axis] - 1) * strides[axis];
      strides[axis] = -strides[axis];
    }
    if (input.shape.elements() != 0) gather_strided(input, context.outputs[0], strides, start);
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{context.builder.emit("reverse", {context.output_gradients[0]}, context.attributes)};
  };
  op.operations = no_operations;
  op.samples = {
      {{{3, 5}}}, {{{2, 3, 4}}, {{"axes", Integers{1, -1}}}}, {{{0, 2}}}, {{Shape{}}}, {{{9}}, {}, {DType::u8}, 0, 9}};
  return op;
}

// ---- concat and split

/// Dimensions other than the axis agree.
bool same_but(const Shape& a, const Shape& b, std::size_t axis) {
  return a.rank() == b.rank() && a.with(axis, 0) == b.with(axis, 0);
}

OpDef concat() {
  OpDef op = operation("concat", "Puts the inputs one after the other along an axis.",
                       "y = x1 then x2 then ... along the axis");
  op.inputs = {{"inputs", "one or more of one type, equal in all dimensions but the axis", InputSpec::variadic}};
  op.attributes = {{"axis", AttributeKind::integer, -1, "negative from the end"}};
  op.constraints = {{"C1", "the axis is inside the rank"},
                    {"C2", "all inputs have one type"},
                    {"C3", "all inputs agree in every dimension but the axis"},
                    {"C4", "an open dimension is not added to others"}};
  op.shape = [](ShapeContext& context) {
    const Shape& first = context.shape(0);
    const auto axis = axis_of(context.attributes().integer("axis"), first.rank());
    context.require(axis.has_value(), "C1", "the axis is outside the rank");
    std::int64_t length = 0;
    bool open = false;
    for (std::size_t i = 0; i < context.input_count(); ++i) {
      const std::string which = "input " + std::to_string(i);
      context.require_type(context.type(i) == context.type(0), "C2", which + " has another type than input 0");
      context.require(same_but(context.shape(i), first, *axis), "C3",
                      which + " differs from input 0 in more than the axis");
      const Dimension dim = context.shape(i).dim(*axis);
      open = open || dim.is_symbol();
      if (!dim.is_symbol()) length += dim.value();
      context.require(length <= largest_length, "C3", "the inputs are too long together");
    }
    context.require(!open || context.input_count() == 1, "C4", "an open dimension cannot be added to others");
    context.output(context.type(0), open ? first : first.with(*axis, length));
  };
  op.reference = [](const KernelContext& context) {
    const Operand& output = context.outputs[0];
    const AxisView view(output.shape, *axis_of(context.attributes.integer("axis"), output.shape.rank()));
    const std::size_t element = size_of(output.type);
    const auto row = static_cast<std::size_t>(view.length * view.inner) * element;
    std::size_t start = 0;
    for (const Operand& input : context.inputs) {
      const std::size_t part =
          view.outer == 0 ? 0 : static_cast<std::size_t>(input.shape.elements() / view.outer) * element;
      for (std::int64_t outer = 0; part != 0 && outer < view.outer; ++outer)
        std::memcpy(static_cast<std::byte*>(output.data) + static_cast<std::size_t>(outer) * row + start,
                    static_cast<const std::byte*>(input.data) + static_cast<std::size_t>(outer) * part, part);
      start += part;
    }
  };
  op.gradient = [](GradientContext& context) {
    Builder& builder = context.builder;
    const std::size_t rank = builder.shape(context.inputs[0]).rank();
    const std::size_t axis = *axis_of(context.attributes.integer("axis"), rank);
    std::vector<Ref> result;
    Integers starts(rank, 0);
    for (const Ref input : context.inputs) {
      const Integers sizes = integers_of(builder.shape(input));
      result.push_back(builder.emit("slice", {context.output_gradients[0]}, {{"starts", starts}, {"sizes", sizes}}));
      starts[axis] += sizes[axis];
    }
    return result;
  };
  op.operations = no_operations;
  op.rows = [](RowsContext& context) {
    std::vector<Ref> parts;
    for (std::size_t i = 0; i < context.inputs.size(); ++i)
      parts.push_back(broadcast_to(context.builder, context.all(i), context.with_rows(context.shape(i))));
    const auto axis = static_cast<std::int64_t>(*axis_of(context.attributes.integer("axis"), context.shape(0).rank()));
    return std::vector<Ref>{context.builder.emit("concat", parts, {{"axis", axis + 1}})};
  };
  op.samples = {
      {{{3, 2}, {3, 5}}},
      {{{2, 3}, {4, 3}, {1, 3}}, {{"axis", 0}}},
      {{{2, 3, 4}, {2, 1, 4}}, {{"axis", 1}}},
      {{{3, 0}, {3, 2}}},
      {{{0, 2}, {0, 1}}},
      {{{5}}},
      {{{3, 2}, {3, 5}}, {}, {DType::i16, DType::i16}, -9, 9},
  };
  return op;
}

OpDef split() {
  OpDef op = operation("split", "Cuts the input into parts along an axis: one output per part.",
                       "y1 then y2 then ... along the axis = x");
  op.inputs = {{"input", "rank 1 or more"}};
  op.attributes = {{"sizes", AttributeKind::integers, std::nullopt, "length of each part along the axis"},
                   {"axis", AttributeKind::integer, -1, "negative from the end"}};
  op.output_names = {"parts"};
  op.constraints = {
      {"C1", "the axis is inside the rank and its length is known"},
      {"C2", "there are one or more parts, of length 0 or more, and together they are as long as the axis"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto axis = axis_of(context.attributes().integer("axis"), input.rank());
    context.require(axis && !input.dim(*axis).is_symbol(), "C1", "the axis is outside the rank or open");
    const Integers& sizes = context.attributes().integers("sizes");
    std::int64_t left = input[*axis];
    for (const std::int64_t size : sizes) {
      context.require(size >= 0 && size <= left, "C2", "the parts do not make up the axis");
      left -= size;
    }
    context.require(left == 0 && !sizes.empty(), "C2", "the parts do not make up the axis");
    for (const std::int64_t size : sizes) context.output(context.type(0), input.with(*axis, size));
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const Shape shape = builder.shape(inputs[0]);
    const std::size_t axis = *axis_of(attributes.integer("axis"), shape.rank());
    Integers starts(shape.rank(), 0), sizes(shape.rank(), -1);
    std::vector<Ref> parts;
    for (const std::int64_t size : attributes.integers("sizes")) {
      sizes[axis] = size;
      parts.push_back(builder.emit("slice", {inputs[0]}, {{"starts", starts}, {"sizes", sizes}}));
      starts[axis] += size;
    }
    return parts;
  };
  op.operations = no_operations;
  op.samples = {
      {{{3, 7}}, {{"sizes", Integers{2, 5}}}},
      {{{6, 2}}, {{"sizes", Integers{1, 2, 3}}, {"axis", 0}}},
      {{{4}}, {{"sizes", Integers{4}}}},
      {{{0, 3}}, {{"sizes", Integers{3, 0}}}},
  };
  return op;
}

// ---- tile

std::vector<Ref> tile_gradient(GradientContext& context) {
  // Axis by axis the copies are summed: [outer, copies, length, inner] -> [outer, length, inner].
  Builder& builder = context.builder;
  const Shape shape = builder.shape(context.inputs[0]);
  const Integers& repetitions = context.attributes.integers("repetitions");
  Shape current = builder.shape(context.outputs[0]);
  Ref dy = context.output_gradients[0];
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (repetitions[axis] == 1) continue;
    const std::int64_t outer = current.elements(0, axis), inner = current.elements(axis + 1, current.rank());
    dy = reshape_to(builder, dy, {outer, repetitions[axis], shape[axis], inner});
    dy = builder.emit("reduceSum", {dy}, {{"axes", Integers{1}}});
    current.set(axis, shape[axis]);
  }
  return {reshape_to(builder, dy, shape)};
}

OpDef tile() {
  OpDef op = operation("tile", "Repeats the whole input along each axis.", "y[i] = x[i mod length]");
  op.inputs = {{"input", "any shape"}};
  op.attributes = {{"repetitions", AttributeKind::integers, std::nullopt, "how many times, one number per axis"}};
  op.constraints = {{"C1", "there is one repetition count of 0 or more per axis"},
                    {"C2", "an open dimension is repeated once only"}};
  op.shape = [](ShapeContext& context) {
    const Integers& repetitions = context.attributes().integers("repetitions");
    const Shape& input = context.shape(0);
    context.require(repetitions.size() == input.rank(), "C1", "there is one repetition count per axis");
    Shape result = input;
    for (std::size_t axis = 0; axis < input.rank(); ++axis) {
      context.require(repetitions[axis] >= 0 && repetitions[axis] <= largest_length, "C1",
                      "repetition counts are 0 or more");
      context.require(!input.dim(axis).is_symbol() || repetitions[axis] == 1, "C2",
                      "an open dimension is repeated once only");
      if (repetitions[axis] == 1) continue;
      const auto length = multiply(input[axis], repetitions[axis]);
      context.require(length && *length <= largest_length, "C1", "the result is too long");
      result.set(axis, *length);
    }
    context.output(context.type(0), result);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const Strides own = strides_of(input.shape);
    const Shape& shape = output.shape;
    by_element_size(input.type, [&](auto zero) {
      using Word = decltype(zero);
      const auto* from = static_cast<const Word*>(input.data);
      auto* to = static_cast<Word*>(output.data);
      const std::int64_t total = shape.elements();
      for (std::int64_t index = 0; index < total; ++index) {
        std::int64_t offset = 0, rest = index;
        for (std::size_t axis = shape.rank(); axis-- > 0; rest /= shape[axis])
          offset += rest % shape[axis] % input.shape[axis] * own[axis];
        to[index] = from[offset];
      }
    });
  };
  op.gradient = tile_gradient;
  op.operations = no_operations;
  op.samples = {
      {{{3, 2}}, {{"repetitions", Integers{2, 3}}}},
      {{{2, 1, 3}}, {{"repetitions", Integers{1, 4, 2}}}},
      {{{5}}, {{"repetitions", Integers{1}}}},
      {{{3, 2}}, {{"repetitions", Integers{0, 1}}}},
      {{{0}}, {{"repetitions", Integers{3}}}},
      {{Shape{}}, {{"repetitions", Integers{}}}},
      {{{3}}, {{"repetitions", Integers{2}}}, {DType::u8}, 0, 9},
  };
  return op;
}

}  // namespace

void add_movement(Registry& registry) {
  registry.add(transpose());
  registry.add(reverse());
  registry.add(concat());
  registry.add(split());
  registry.add(tile());
}

}  // namespace webai
