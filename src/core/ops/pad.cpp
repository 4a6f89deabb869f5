// pad in its four modes, and the operator that sums a padded gradient back.
#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

enum class Mode { constant, edge, reflection, symmetric };

std::optional<Mode> mode_of(const Attributes& attributes) {
  const std::string& text = attributes.text("mode");
  if (text == "constant") return Mode::constant;
  if (text == "edge") return Mode::edge;
  if (text == "reflection") return Mode::reflection;
  if (text == "symmetric") return Mode::symmetric;
  return std::nullopt;
}

/// The input's position that a padded position (relative to the input's first element) shows.
std::int64_t mirrored(Mode mode, std::int64_t position, std::int64_t length) {
  if (position >= 0 && position < length) return position;
  switch (mode) {
    case Mode::edge:
      return position < 0 ? 0 : length - 1;
    case Mode::reflection:
      return position < 0 ? -position : 2 * (length - 1) - position;
    case Mode::symmetric:
      return position < 0 ? -1 - position : 2 * length - 1 - position;
    default:
      return -1;  // the constant
  }
}

/// The most that can be added on one side.
std::int64_t most(Mode mode, std::int64_t length) {
  switch (mode) {
    case Mode::edge:
      return length == 0 ? 0 : largest_length;
    case Mode::reflection:
      return std::max<std::int64_t>(length - 1, 0);
    case Mode::symmetric:
      return length;
    default:
      return largest_length;
  }
}

/// Calls visit(index in the padded array, index in the inner one, or -1 for the constant).
template <class Visit>
void each_padded(Mode mode, const Integers& beginning, const Shape& inner, const Shape& padded, Visit&& visit) {
  const Strides own = strides_of(inner);
  const std::int64_t total = padded.elements();
  for (std::int64_t index = 0; index < total; ++index) {
    std::int64_t offset = 0, rest = index;
    for (std::size_t axis = padded.rank(); axis-- > 0; rest /= padded[axis]) {
      const std::int64_t position = mirrored(mode, rest % padded[axis] - beginning[axis], inner[axis]);
      offset = position < 0 || offset < 0 ? -1 : offset + position * own[axis];
    }
    visit(index, offset);
  }
}

std::vector<AttributeSpec> pad_attributes() {
  return {{"beginningPadding", AttributeKind::integers, std::nullopt, "elements added before, one number per axis"},
          {"endingPadding", AttributeKind::integers, std::nullopt, "elements added after, one number per axis"},
          {"mode", AttributeKind::text, "constant",
           "constant; edge: the nearest element; reflection: mirrored at it; symmetric: mirrored beside it"}};
}

/// Checks C1 to C4 and returns the padded shape; with `inwards` the input is the padded array.
Shape padded_shape(const ShapeContext& context, bool inwards) {
  const Shape& input = context.shape(0);
  const Integers& beginning = context.attributes().integers("beginningPadding");
  const Integers& ending = context.attributes().integers("endingPadding");
  const auto mode = mode_of(context.attributes());
  context.require(
      mode.has_value(), "C1",
      "mode \"" + context.attributes().text("mode") + "\" is unknown: constant, edge, reflection or symmetric");
  context.require(beginning.size() == input.rank() && ending.size() == input.rank(), "C2",
                  "the paddings have one number per axis");
  Shape result = input;
  for (std::size_t axis = 0; axis < input.rank(); ++axis) {
    const std::int64_t before = beginning[axis], after = ending[axis];
    context.require(before >= 0 && after >= 0 && before <= largest_length && after <= largest_length, "C2",
                    "paddings are 0 or more");
    if (before == 0 && after == 0) continue;
    context.require(!input.dim(axis).is_symbol(), "C4", "an open dimension is not padded");
    const std::int64_t length = inwards ? input[axis] - before - after : input[axis];
    if (length < 0 || before > most(*mode, length) || after > most(*mode, length) || length > largest_length)
      context.require(false, "C3",
                      "axis " + std::to_string(axis) + " is too short for a padding of " + std::to_string(before) +
                          " and " + std::to_string(after) + " in mode " + context.attributes().text("mode"));
    result.set(axis, inwards ? length : length + before + after);
  }
  return result;
}

std::vector<Constraint> pad_constraints() {
  return {{"C1", "mode is constant, edge, reflection or symmetric"},
          {"C2", "the paddings have one number of 0 or more per axis"},
          {"C3",
           "there is enough to mirror: reflection needs a length above the padding, symmetric one as long, edge one "
           "element"},
          {"C4", "an open dimension is not padded"}};
}

/// The axis-wise window that undoes the padding.
Ref unpadded(Builder& builder, Ref value, const Integers& beginning, Shape shape) {
  return builder.emit("slice", {value}, {{"starts", beginning}, {"sizes", integers_of(shape)}});
}

OpDef pad() {
  OpDef op =
      operation("pad", "Adds elements around the input.", "y[i + beginningPadding] = x[i], around it as the mode says");
  op.inputs = {{"input", "any shape"}};
  op.attributes = pad_attributes();
  op.attributes.push_back({"value", AttributeKind::number, 0.0, "what the constant mode adds"});
  op.constraints = pad_constraints();
  op.shape = [](ShapeContext& context) { context.output(context.type(0), padded_shape(context, false)); };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    by_element_size(input.type, [&](auto zero) {
      using Word = decltype(zero);
      Word value{};
      store_double(input.type, &value, 0, context.attributes.number("value"));
      const auto* from = static_cast<const Word*>(input.data);
      auto* to = static_cast<Word*>(output.data);
      each_padded(*mode_of(context.attributes), context.attributes.integers("beginningPadding"), input.shape,
                  output.shape,
                  [&](std::int64_t index, std::int64_t source) { to[index] = source < 0 ? value : from[source]; });
    });
  };
  op.gradient = [](GradientContext& context) {
    Builder& builder = context.builder;
    const Ref dy = context.output_gradients[0];
    if (mode_of(context.attributes) == Mode::constant)
      return std::vector<Ref>{
          unpadded(builder, dy, context.attributes.integers("beginningPadding"), builder.shape(context.inputs[0]))};
    Attributes attributes = context.attributes;
    attributes.erase("value");
    return std::vector<Ref>{builder.emit("padGradient", {dy}, attributes)};
  };
  const auto around = [](Integers beginning, Integers ending, const char* mode) {
    return Attributes{{"beginningPadding", beginning}, {"endingPadding", ending}, {"mode", mode}};
  };
  op.operations = no_operations;
  op.samples = {
      {{{3, 5}}, around({1, 2}, {0, 3}, "constant")},
      {{{3, 5}}, around({1, 2}, {4, 3}, "edge")},
      {{{3, 5}}, around({2, 2}, {1, 4}, "reflection")},
      {{{3, 5}}, around({3, 2}, {1, 5}, "symmetric")},
      {{{0, 2}}, around({1, 0}, {1, 1}, "constant")},
      {{{0, 2}}, around({0, 1}, {0, 1}, "edge")},
      {{Shape{}}, around({}, {}, "constant")},
      {{{2, 3}}, around({0, 1}, {1, 1}, "constant"), {DType::i32}, -9, 9},
  };
  op.samples[0].attributes.set("value", 1.5);
  op.samples[7].attributes.set("value", -7);
  return op;
}

OpDef pad_gradient() {
  OpDef op = operation("padGradient", "Sums every element of a padded array into the element that it shows.",
                       "y[j] = sum of x[i] over the i that pad fills from j");
  op.inputs = {{"input", "shaped like the padded array"}};
  op.attributes = pad_attributes();
  op.constraints = pad_constraints();
  op.constraints.push_back({"C5", "the input is numeric"});
  op.shape = [](ShapeContext& context) {
    context.require_type(context.type(0) != DType::boolean, "C5", "the input is numeric");
    context.output(context.type(0), padded_shape(context, true));
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const Mode mode = *mode_of(context.attributes);
    const Integers& beginning = context.attributes.integers("beginningPadding");
    // A mirrored element is read from both sides and itself: the sums stay in the result, in its own type. To keep one
    // rounding each, sum in double over all sources of one element.
    const std::int64_t count = output.shape.elements();
    const Strides padded = strides_of(input.shape);
    for (std::int64_t index = 0; index < count; ++index) {
      std::array<std::int64_t, Shape::max_rank> position{};
      std::int64_t rest = index;
      for (std::size_t axis = output.shape.rank(); axis-- > 0; rest /= output.shape[axis])
        position[axis] = rest % output.shape[axis];
      double sum = 0;
      const auto visit = [&](auto&& self, std::size_t axis, std::int64_t offset) -> void {
        if (axis == output.shape.rank()) {
          sum += input.load(offset);
          return;
        }
        for (std::int64_t i = 0; i < input.shape[axis]; ++i)
          if (mirrored(mode, i - beginning[axis], output.shape[axis]) == position[axis])
            self(self, axis + 1, offset + i * padded[axis]);
      };
      visit(visit, 0, 0);
      output.store(index, sum);
    }
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{context.builder.emit("pad", {context.output_gradients[0]}, context.attributes)};
  };
  const auto around = [](Integers beginning, Integers ending, const char* mode) {
    return Attributes{{"beginningPadding", beginning}, {"endingPadding", ending}, {"mode", mode}};
  };
  op.samples = {
      {{{4, 10}}, around({1, 2}, {0, 3}, "constant")},   {{{8, 10}}, around({1, 2}, {4, 3}, "edge")},
      {{{6, 11}}, around({2, 2}, {1, 4}, "reflection")}, {{{7, 12}}, around({3, 2}, {1, 5}, "symmetric")},
      {{{0, 4}}, around({0, 1}, {0, 1}, "edge")},
  };
  return op;
}

}  // namespace

void add_pad(Registry& registry) {
  registry.add(pad());
  registry.add(pad_gradient());
}

}  // namespace webai
