// Operators that make or retype elements one by one: cast, copy, oneHot, range, triangular.
#include <cmath>

#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

AttributeSpec type_spec(std::string fallback) {
  return {"type", AttributeKind::text, std::move(fallback),
          "element type of the result: bool, i8 ... u64, fp16, bf16, fp32, fp64"};
}

DType required_type(const ShapeContext& context, std::string_view label) {
  const auto type = dtype_from_name(context.attributes().text("type"));
  context.require_type(type.has_value(), label, "\"" + context.attributes().text("type") + "\" is no element type");
  return *type;
}

/// For operators that look at one element at a time, wherever it stands.
RowsRule same_for_rows(std::string name) {
  return [name = std::move(name)](RowsContext& context) {
    return std::vector<Ref>{context.builder.emit(name, {context.all(0)}, context.attributes)};
  };
}

OpDef cast() {
  OpDef op =
      operation("cast",
                "Converts elements to another type. Floats round to nearest even; from float to integer truncates and "
                "saturates, not-a-number gives 0; between integers wraps; to bool is x != 0.",
                "y = (type) x");
  op.inputs = {{"input", "any shape and type"}};
  op.attributes = {type_spec("")};
  op.attributes[0].fallback.reset();
  op.constraints = {{"C1", "type names an element type"}};
  op.shape = [](ShapeContext& context) { context.output(required_type(context, "C1"), context.shape(0)); };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    convert(input.type, input.data, output.type, output.data, static_cast<std::size_t>(output.shape.elements()));
  };
  op.gradient = [](GradientContext& context) {
    const DType from = context.builder.dtype(context.inputs[0]), to = context.builder.dtype(context.outputs[0]);
    if (!is_floating(from) || !is_floating(to)) return no_gradients(context);
    return std::vector<Ref>{cast_to(context.builder, context.output_gradients[0], from)};
  };
  const auto to = [](const char* type) { return Attributes{{"type", type}}; };
  op.operations = no_operations;
  op.rows = same_for_rows("cast");
  op.samples = {
      {{{3, 5}}, to("fp64")},
      {{{3, 5}}, to("i32"), {}, -1000, 1000},
      {{{7}}, to("fp32"), {DType::i8}, -100, 100},
      {{{7}}, to("u8"), {DType::i64}, -1000, 1000},
      {{{7}}, to("bool")},
      {{{7}}, to("fp32"), {DType::boolean}, 0, 1},
      {{{7}}, to("bf16")},
      {{{7}}, to("fp16")},
      {{{0, 3}}, to("fp64")},
  };
  return op;
}

OpDef copy() {
  OpDef op = operation("copy", "The input in memory of its own.", "y = x");
  op.inputs = {{"input", "any shape and type"}};
  op.shape = [](ShapeContext& context) { context.output(context.type(0), context.shape(0)); };
  op.reference = [](const KernelContext& context) {
    const Operand& output = context.outputs[0];
    const std::size_t bytes = static_cast<std::size_t>(output.shape.elements()) * size_of(output.type);
    if (bytes != 0) std::memmove(output.data, context.inputs[0].data, bytes);
  };
  op.gradient = [](GradientContext& context) { return std::vector<Ref>{context.output_gradients[0]}; };
  op.operations = no_operations;
  op.rows = same_for_rows("copy");
  op.rows_sum = [](RowsContext& context) { return context.summed(0); };
  op.samples = {{{{3, 5}}}, {{{0}}}, {{Shape{}}}, {{{7}}, {}, {DType::i16}, -100, 100}};
  return op;
}

OpDef one_hot() {
  OpDef op =
      operation("oneHot", "Rows that are 1 at the place an index names and 0 elsewhere; all 0 for an index outside.",
                "y[..., j] = 1 if indices[...] = j, else 0");
  op.inputs = {{"indices", "any shape of an integer type", InputSpec::required, InputSpec::indices}};
  op.attributes = {{"depth", AttributeKind::integer, std::nullopt, "length of the new last axis"}, type_spec("fp32")};
  op.constraints = {{"C1", "indices are integers"},
                    {"C2", "depth is 0 or more"},
                    {"C3", "type names an element type"},
                    {"C4", "the result has at most 8 dimensions"}};
  op.shape = [](ShapeContext& context) {
    const std::int64_t depth = context.attributes().integer("depth");
    context.require_type(is_integer(context.type(0)), "C1", "indices are integers");
    context.require(depth >= 0 && depth <= largest_length, "C2", "depth is 0 or more, got " + std::to_string(depth));
    const DType type = required_type(context, "C3");
    context.require(context.shape(0).rank() < Shape::max_rank, "C4",
                    "the result would have 9 dimensions, at most 8 are possible");
    context.output(type, context.shape(0).inserted(context.shape(0).rank(), depth));
  };
  op.reference = [](const KernelContext& context) {
    const Operand &indices = context.inputs[0], &output = context.outputs[0];
    const std::int64_t depth = output.shape[output.shape.rank() - 1], count = indices.shape.elements();
    for (std::int64_t i = 0; i < count; ++i) {
      const auto hot = load<std::int64_t>(indices, i);
      for (std::int64_t j = 0; j < depth; ++j) output.store(i * depth + j, hot == j ? 1 : 0);
    }
  };
  op.not_differentiable = "its input is made of whole numbers";
  op.operations = no_operations;
  op.rows = same_for_rows("oneHot");
  op.samples = {
      {{{5}}, {{"depth", 4}}, {DType::i32}, -1, 5},
      {{{2, 3}}, {{"depth", 3}, {"type", "fp64"}}, {DType::i64}, 0, 2.99},
      {{{0}}, {{"depth", 4}}, {DType::u8}, 0, 3},
      {{{3}}, {{"depth", 0}}, {DType::i32}, 0, 3},
      {{Shape{}}, {{"depth", 3}, {"type", "i32"}}, {DType::i32}, 0, 2.99},
  };
  return op;
}

OpDef range() {
  OpDef op = operation("range", "Evenly spaced numbers.", "y[i] = start + i * step");
  op.attributes = {{"start", AttributeKind::number, 0.0, "first number"},
                   {"step", AttributeKind::number, 1.0, "distance between neighbours"},
                   {"size", AttributeKind::integer, std::nullopt, "how many"},
                   type_spec("fp32")};
  op.constraints = {{"C1", "size is 0 or more"}, {"C2", "type names an element type other than bool"}};
  op.shape = [](ShapeContext& context) {
    const std::int64_t size = context.attributes().integer("size");
    context.require(size >= 0 && size <= largest_length, "C1", "size is 0 or more, got " + std::to_string(size));
    const DType type = required_type(context, "C2");
    context.require_type(type != DType::boolean, "C2", "a range of bool makes no sense");
    context.output(type, {size});
  };
  op.reference = [](const KernelContext& context) {
    const Operand& output = context.outputs[0];
    const double start = context.attributes.number("start"), step = context.attributes.number("step");
    for (std::int64_t i = 0; i < output.shape[0]; ++i) output.store(i, start + static_cast<double>(i) * step);
  };
  op.not_differentiable = "it has no inputs";
  op.samples = {
      {{}, {{"size", 7}}},
      {{}, {{"size", 0}}},
      {{}, {{"size", 5}, {"start", 0.5}, {"step", -0.25}, {"type", "fp64"}}},
      {{}, {{"size", 5}, {"start", -2}, {"step", 3}, {"type", "i32"}}},
  };
  return op;
}

OpDef triangular() {
  OpDef op = operation("triangular", "Keeps the upper or lower triangle of matrices and puts 0 elsewhere.",
                       "upper: y[i, j] = x[i, j] if j >= i + diagonal else 0; lower: if j <= i + diagonal");
  op.inputs = {{"input", "[..., rows, columns]"}};
  op.attributes = {
      {"upper", AttributeKind::boolean, true, "keep the upper triangle, else the lower"},
      {"diagonal", AttributeKind::integer, 0, "where the border lies: 0 the main diagonal, positive above it"}};
  op.constraints = {{"C1", "the input has two dimensions or more"}};
  op.shape = [](ShapeContext& context) {
    context.require(context.shape(0).rank() >= 2, "C1", "the input has two dimensions or more");
    context.output(context.type(0), context.shape(0));
  };
  op.reference = [](const KernelContext& context) {
    const Operand &input = context.inputs[0], &output = context.outputs[0];
    const std::size_t rank = input.shape.rank();
    const std::int64_t rows = input.shape[rank - 2], columns = input.shape[rank - 1], total = input.shape.elements();
    const bool upper = context.attributes.boolean("upper");
    const std::int64_t diagonal = std::clamp(context.attributes.integer("diagonal"), -largest_length, largest_length);
    by_element_size(input.type, [&](auto zero) {
      using Word = decltype(zero);
      const auto* from = static_cast<const Word*>(input.data);
      auto* to = static_cast<Word*>(output.data);
      for (std::int64_t i = 0; i < total; ++i) {
        const std::int64_t above = i % columns - i / columns % rows - diagonal;
        to[i] = (upper ? above >= 0 : above <= 0) ? from[i] : Word{0};
      }
    });
  };
  op.gradient = [](GradientContext& context) {
    return std::vector<Ref>{context.builder.emit("triangular", {context.output_gradients[0]}, context.attributes)};
  };
  op.operations = no_operations;
  op.samples = {
      {{{3, 5}}},
      {{{5, 3}}, {{"upper", false}}},
      {{{2, 4, 4}}, {{"diagonal", 1}}},
      {{{4, 4}}, {{"upper", false}, {"diagonal", -2}}},
      {{{0, 4}}},
      {{{3, 3}}, {}, {DType::i32}, -9, 9},
  };
  return op;
}

}  // namespace

void add_generate(Registry& registry) {
  registry.add(cast());
  registry.add(copy());
  registry.add(one_hot());
  registry.add(range());
  registry.add(triangular());
}

}  // namespace webai
