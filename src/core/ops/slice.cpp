// slice, and its counterpart that puts a slice back into zeros.
#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

/// One axis of a slice: elements start, start + stride, ... below start + size.
struct Cut {
  std::int64_t start, size, stride;
  std::int64_t count() const { return size == 0 ? 0 : (size - 1) / stride + 1; }
};

/// A cut of an axis with a known length. A size of -1 goes to the end.
Cut cut_of(const Attributes& attributes, std::size_t axis, std::int64_t length) {
  const Integers& strides = attributes.integers("strides");
  Cut cut{attributes.integers("starts")[axis], attributes.integers("sizes")[axis], strides.empty() ? 1 : strides[axis]};
  if (cut.start < 0) cut.start += length;
  if (cut.size == -1) cut.size = length - cut.start;
  return cut;
}

/// Checks C1 to C3 and returns the shape of the slice of an array of shape `whole`.
Shape slice_shape(const ShapeContext& context, const Shape& whole) {
  const Attributes& attributes = context.attributes();
  const Integers& strides = attributes.integers("strides");
  context.require(attributes.integers("starts").size() == whole.rank() &&
                      attributes.integers("sizes").size() == whole.rank() &&
                      (strides.empty() || strides.size() == whole.rank()),
                  "C1", "starts, sizes and strides have one number per axis");
  Shape result;
  for (std::size_t axis = 0; axis < whole.rank(); ++axis) {
    const std::string which = "axis " + std::to_string(axis) + ": ";
    context.require(strides.empty() || strides[axis] >= 1, "C2", which + "the stride is 1 or more");
    if (whole.dim(axis).is_symbol()) {
      context.require(attributes.integers("starts")[axis] == 0 && attributes.integers("sizes")[axis] == -1 &&
                          (strides.empty() || strides[axis] == 1),
                      "C4", which + "an open dimension is taken whole (start 0, size -1, stride 1)");
      result.append(whole.dim(axis));
      continue;
    }
    const std::int64_t length = whole[axis], start = attributes.integers("starts")[axis];
    context.require(start >= -length && start <= length, "C3",
                    which + "start " + std::to_string(start) + " is outside 0.." + std::to_string(length));
    const Cut cut = cut_of(attributes, axis, length);
    context.require(cut.size >= 0 && cut.size <= length - cut.start, "C3",
                    which + "start " + std::to_string(cut.start) + " and size " + std::to_string(cut.size) +
                        " reach outside 0.." + std::to_string(length));
    result.append(cut.count());
  }
  return result;
}

/// Calls visit(index in the slice, index in the whole, count) for runs of elements that lie side by side in both.
template <class Visit>
void each_run(const Attributes& attributes, const Shape& whole, const Shape& part, Visit&& visit) {
  const Strides own = strides_of(whole);
  Strides strides{};
  std::int64_t first = 0, run = 1;
  std::size_t outer = whole.rank();  // axes in front of the runs
  bool joins = true;                 // whether runs of the axes behind lie side by side
  for (std::size_t axis = whole.rank(); axis-- > 0;) {
    const Cut cut = cut_of(attributes, axis, whole[axis]);
    first += cut.start * own[axis];
    strides[axis] = cut.stride * own[axis];
    if (!joins || cut.stride != 1) {
      joins = false;
      continue;
    }
    run *= part[axis];
    outer = axis;
    joins = part[axis] == whole[axis];
  }
  walk(leading(part, outer), strides, [&](std::int64_t index, std::int64_t offset) { visit(index * run, first + offset, run); });
}

std::vector<AttributeSpec> cut_attributes() {
  return {
      {"starts", AttributeKind::integers, std::nullopt, "first element on each axis; negative from the end"},
      {"sizes", AttributeKind::integers, std::nullopt, "length of the window on each axis; -1: to the end"},
      {"strides", AttributeKind::integers, Integers{}, "every how many-th element of the window; empty: every one"}};
}

std::vector<Constraint> cut_constraints() {
  return {{"C1", "starts, sizes and strides (unless empty) have one number per axis"},
          {"C2", "strides are 1 or more"},
          {"C3", "the window lies inside the input"},
          {"C4", "an open dimension is taken whole"}};
}

/// The same cut of every row. Both operators are linear: sums of rows are cut as rows are.
void add_rows_rules(OpDef& op) {
  const std::string name = op.name;
  op.rows = [name](RowsContext& context) {
    Attributes attributes = context.attributes;
    const auto put = [&](const char* key, std::int64_t first) {
      Integers list = attributes.integers(key);
      list.insert(list.begin(), first);
      attributes.set(key, list);
    };
    put("starts", 0);
    put("sizes", context.rows);
    if (!attributes.integers("strides").empty()) put("strides", 1);
    if (name == "sliceGradient") put("shape", context.rows);
    return std::vector<Ref>{context.builder.emit(name, {context.all(0)}, attributes)};
  };
  op.rows_sum = [name](RowsContext& context) { return context.builder.emit(name, {context.summed(0)}, context.attributes); };
}

OpDef slice() {
  OpDef op =
      operation("slice", "A window of the input, every stride-th element of it.", "y[i] = x[starts + i * strides]");
  op.inputs = {{"input", "any shape"}};
  op.attributes = cut_attributes();
  op.constraints = cut_constraints();
  op.shape = [](ShapeContext& context) { context.output(context.type(0), slice_shape(context, context.shape(0))); };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    by_element_size(input.type, [&](auto zero) {
      using Word = decltype(zero);
      const auto* from = static_cast<const Word*>(input.data);
      auto* to = static_cast<Word*>(output.data);
      each_run(context.attributes, input.shape, output.shape,
               [&](std::int64_t part, std::int64_t whole, std::int64_t count) { std::copy_n(from + whole, count, to + part); });
    });
  };
  op.gradient = [](GradientContext& context) {
    Attributes attributes = context.attributes;
    attributes.set("shape", integers_of(context.builder.shape(context.inputs[0])));
    return std::vector<Ref>{context.builder.emit("sliceGradient", {context.output_gradients[0]}, attributes)};
  };
  op.operations = no_operations;
  add_rows_rules(op);
  op.samples = {
      {{{5, 7}}, {{"starts", Integers{1, 2}}, {"sizes", Integers{3, 4}}}},
      {{{5, 7}}, {{"starts", Integers{1, 0}}, {"sizes", Integers{-1, 7}}, {"strides", Integers{2, 3}}}},
      {{{9}}, {{"starts", Integers{-4}}, {"sizes", Integers{2}}}},
      {{{4, 3}}, {{"starts", Integers{4, 0}}, {"sizes", Integers{0, -1}}}},
      {{{0, 3}}, {{"starts", Integers{0, 1}}, {"sizes", Integers{0, 2}}}},
      {{Shape{}}, {{"starts", Integers{}}, {"sizes", Integers{}}}},
      {{{6}}, {{"starts", Integers{1}}, {"sizes", Integers{5}}, {"strides", Integers{2}}}, {DType::i8}, -9, 9},
  };
  return op;
}

OpDef slice_gradient() {
  OpDef op = operation("sliceGradient", "Zeros of a given shape with the input put where a slice took it from.",
                       "y[starts + i * strides] = x[i], 0 elsewhere");
  op.inputs = {{"input", "shaped like the slice"}};
  op.attributes = cut_attributes();
  op.attributes.push_back(
      {"shape", AttributeKind::integers, std::nullopt, "shape of the result, which the slice was taken from"});
  op.constraints = cut_constraints();
  op.constraints[3] = {"C4", "shape holds lengths of 0 or more"};
  op.constraints.push_back({"C5", "the input has the shape of the slice"});
  op.shape = [](ShapeContext& context) {
    const Integers& wanted = context.attributes().integers("shape");
    context.require(std::all_of(wanted.begin(), wanted.end(),
                                [](std::int64_t length) { return length >= 0 && length <= largest_length; }),
                    "C4", "shape holds lengths of 0 or more");
    const Shape whole{std::span<const std::int64_t>(wanted)};
    const Shape part = slice_shape(context, whole);
    context.require(part == context.shape(0), "C5", "the slice of " + whole.text() + " has shape " + part.text());
    context.output(context.type(0), whole);
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    by_element_size(input.type, [&](auto zero) {
      using Word = decltype(zero);
      const auto* from = static_cast<const Word*>(input.data);
      auto* to = static_cast<Word*>(output.data);
      std::fill_n(to, output.shape.elements(), Word{0});
      each_run(context.attributes, output.shape, input.shape,
               [&](std::int64_t part, std::int64_t whole, std::int64_t count) { std::copy_n(from + part, count, to + whole); });
    });
  };
  op.gradient = [](GradientContext& context) {
    Attributes attributes = context.attributes;
    attributes.erase("shape");
    return std::vector<Ref>{context.builder.emit("slice", {context.output_gradients[0]}, attributes)};
  };
  op.operations = no_operations;
  add_rows_rules(op);
  op.samples = {
      {{{3, 4}}, {{"starts", Integers{1, 2}}, {"sizes", Integers{3, 4}}, {"shape", Integers{5, 7}}}},
      {{{2, 3}},
       {{"starts", Integers{1, 0}},
        {"sizes", Integers{-1, 7}},
        {"strides", Integers{2, 3}},
        {"shape", Integers{5, 7}}}},
      {{{0}}, {{"starts", Integers{0}}, {"sizes", Integers{0}}, {"shape", Integers{3}}}},
  };
  return op;
}

}  // namespace

void add_slice(Registry& registry) {
  registry.add(slice());
  registry.add(slice_gradient());
}

}  // namespace webai
