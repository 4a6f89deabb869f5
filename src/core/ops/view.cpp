// Views: the same elements in the same order under another shape. No kernel; the memory planner aliases them.
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

OpDef view_operator(std::string name, std::string doc, std::string formula) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.inputs = {{"input", "any shape"}};
  op.view = true;
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{
        reshape_to(context.builder, context.output_gradients[0], context.builder.shape(context.inputs[0]))};
  };
  return op;
}

/// The product of some dimensions: a number, or a single symbol times ones. Nothing when it is neither or too large.
std::optional<Dimension> product(std::span<const Dimension> dims) {
  std::int64_t length = 1;
  std::optional<Dimension> symbol;
  for (const Dimension dim : dims) {
    if (dim.is_symbol()) {
      if (symbol) return std::nullopt;
      symbol = dim;
    } else if (const auto next = multiply(length, dim.value())) {
      length = *next;
    } else {
      return std::nullopt;
    }
  }
  if (!symbol) return Dimension(length);
  if (length != 1) return std::nullopt;
  return symbol;
}

/// Known lengths multiplied, symbols counted.
struct Count {
  std::int64_t length = 1;
  bool fits = true;
  std::size_t symbols = 0;
  Dimension symbol;
  explicit Count(const Shape& shape) {
    for (const Dimension dim : shape.dims()) {
      if (dim.is_symbol()) {
        ++symbols;
        symbol = dim;
      } else if (const auto product = multiply(length, dim.value())) {
        length = *product;
      } else {
        fits = false;
      }
    }
  }
};

void reshape_shape(ShapeContext& context) {
  const Integers& wanted = context.attributes().integers("shape");
  const Count count(context.shape(0));
  context.require(count.fits, "C2", "the input has too many elements");
  std::int64_t known = 1;
  std::optional<std::size_t> open;
  Shape result;
  for (std::size_t axis = 0; axis < wanted.size(); ++axis) {
    context.require(wanted[axis] >= 0 || (wanted[axis] == -1 && !open), "C1",
                    "shape holds lengths of 0 or more and at most one -1");
    if (wanted[axis] == -1) {
      open = axis;
    } else {
      const auto product = multiply(known, wanted[axis]);
      context.require(product.has_value(), "C2", "shape has too many elements");
      known = *product;
    }
    result.append(wanted[axis] == -1 ? Dimension(0) : Dimension(wanted[axis]));
  }
  if (count.symbols > 0) {
    // The one unknown length can only be passed on as a whole: it stands where the -1 stands.
    context.require(count.symbols == 1 && open && known == count.length, "C3",
                    "with an open dimension the shape holds one -1 for it and the same lengths otherwise");
    result.set(*open, count.symbol);
  } else if (open) {
    context.require(known != 0 && count.length % known == 0, "C2",
                    std::to_string(count.length) + " elements do not divide into the lengths given");
    result.set(*open, count.length / known);
  } else {
    if (known != count.length)
      context.require(false, "C2",
                      "shape " + result.text() + " has " + std::to_string(known) + " elements, the input has " +
                          std::to_string(count.length));
  }
  context.output(context.type(0), result);
}

OpDef reshape() {
  OpDef op = view_operator("reshape", "The same elements in row-major order under another shape.",
                           "y[row-major i] = x[row-major i]");
  op.attributes = {
      {"shape", AttributeKind::integers, std::nullopt, "the wanted shape; one length may be -1 and is computed"}};
  op.constraints = {{"C1", "shape holds lengths of 0 or more and at most one -1"},
                    {"C2", "the number of elements stays the same"},
                    {"C3", "an open dimension of the input stands where the -1 stands, all else agrees in number"}};
  op.shape = reshape_shape;
  op.samples = {
      {{{3, 4}}, {{"shape", Integers{2, 6}}}},        {{{3, 4}}, {{"shape", Integers{-1}}}},
      {{{2, 3, 4}}, {{"shape", Integers{4, -1, 3}}}}, {{{1}}, {{"shape", Integers{}}}},
      {{{0, 3}}, {{"shape", Integers{3, 0, 2}}}},     {{{0, 3}}, {{"shape", Integers{-1, 3}}}},
  };
  return op;
}

OpDef flatten() {
  OpDef op = view_operator("flatten", "A matrix: the dimensions before the axis become rows, the rest columns.",
                           "shape = [product of lengths before axis, product of the rest]");
  op.attributes = {{"axis", AttributeKind::integer, 1, "first axis that goes into the columns; negative from the end"}};
  op.constraints = {{"C1", "the axis is between 0 and the rank"},
                    {"C2", "an open dimension is not multiplied with others"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const auto rank = static_cast<std::int64_t>(input.rank());
    std::int64_t axis = context.attributes().integer("axis");
    if (axis < 0) axis += rank;
    context.require(axis >= 0 && axis <= rank, "C1", "the axis is between 0 and the rank");
    const auto rows = product(input.dims().first(static_cast<std::size_t>(axis)));
    const auto columns = product(input.dims().subspan(static_cast<std::size_t>(axis)));
    context.require(rows && columns, "C2", "an open dimension cannot be multiplied with others");
    context.output(context.type(0), {*rows, *columns});
  };
  op.samples = {
      {{{3, 4, 5}}}, {{{3, 4, 5}}, {{"axis", 0}}}, {{{3, 4, 5}}, {{"axis", -1}}}, {{{7}}},
      {{{0, 3, 2}}}, {{Shape{}}, {{"axis", 0}}},
  };
  return op;
}

OpDef squeeze() {
  OpDef op = view_operator("squeeze", "Leaves out axes of length 1.", "y[i without the axes] = x[i]");
  op.attributes = {{"axes", AttributeKind::integers, Integers{},
                    "axes to leave out, negative from the end; empty: all of length 1"}};
  op.constraints = {{"C1", "axes are inside the rank, each named once"}, {"C2", "the axes left out have length 1"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const Integers& named = context.attributes().integers("axes");
    const auto axes = axes_of(named, input.rank());
    context.require(axes.has_value(), "C1", "an axis is outside the rank or named twice");
    Shape result;
    for (std::size_t axis = 0; axis < input.rank(); ++axis) {
      const bool one = input.dim(axis) == Dimension(1);
      if (!named.empty() && in(*axes, axis) && !one)
        context.require(false, "C2",
                        "axis " + std::to_string(axis) + " has length " + text_of(input.dim(axis)) + ", not 1");
      if (!in(*axes, axis) || !one) result.append(input.dim(axis));
    }
    context.output(context.type(0), result);
  };
  op.samples = {
      {{{3, 1, 4, 1}}}, {{{3, 1, 4, 1}}, {{"axes", Integers{1}}}}, {{{1, 1}}, {{"axes", Integers{-1}}}}, {{{1, 0}}}};
  return op;
}

OpDef unsqueeze() {
  OpDef op = view_operator("unsqueeze", "Puts in axes of length 1.", "y[i with 0 at the axes] = x[i]");
  op.attributes = {
      {"axes", AttributeKind::integers, std::nullopt, "where the new axes stand in the result, negative from its end"}};
  op.constraints = {{"C1", "axes are inside the result's rank, each named once"},
                    {"C2", "the result has at most 8 dimensions"}};
  op.shape = [](ShapeContext& context) {
    const Shape& input = context.shape(0);
    const Integers& named = context.attributes().integers("axes");
    const std::size_t rank = input.rank() + named.size();
    context.require(rank <= Shape::max_rank, "C2",
                    "the result would have " + std::to_string(rank) + " dimensions, at most 8 are possible");
    const auto axes = named.empty() ? std::optional<std::uint32_t>(0) : axes_of(named, rank);
    context.require(axes.has_value(), "C1", "an axis is outside the result's rank or named twice");
    Shape result;
    for (std::size_t axis = 0, from = 0; axis < rank; ++axis)
      result.append(in(*axes, axis) ? Dimension(1) : input.dim(from++));
    context.output(context.type(0), result);
  };
  op.samples = {{{{3, 4}}, {{"axes", Integers{0}}}},
                {{{3, 4}}, {{"axes", Integers{1, -1}}}},
                {{Shape{}}, {{"axes", Integers{0}}}},
                {{{0}}, {{"axes", Integers{0}}}}};
  return op;
}

}  // namespace

void add_view(Registry& registry) {
  registry.add(reshape());
  registry.add(flatten());
  registry.add(squeeze());
  registry.add(unsqueeze());
}

}  // namespace webai
