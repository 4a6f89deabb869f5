// Matrix products: matmul (batched, either side transposed) and fusedMatMul, its form with bias and activation.
#include "core/base/names.h"
#include "core/op/cost.h"
#include "core/op/registry.h"
#include "core/ops/families.h"
#include "core/ops/support.h"
#include "webai/error.hpp"

namespace webai {
namespace {

using namespace ops;

/// Shared by both operators: checks C1 to C4 and returns the shape of the product.
Shape product_shape(const ShapeContext& context) {
  const Shape &a = context.shape(0), &b = context.shape(1);
  context.require_type(context.type(0) == context.type(1) && context.type(0) != DType::boolean, "C1",
                       "both operands have one numeric type");
  context.require(a.rank() >= 2 && b.rank() >= 2, "C2",
                  "operands have two dimensions or more (reshape a vector to 1xN or Nx1)");
  const bool transpose_a = context.attributes().boolean("transposeA");
  const bool transpose_b = context.attributes().boolean("transposeB");
  const Dimension rows = a.dim(a.rank() - (transpose_a ? 1 : 2)), inner_a = a.dim(a.rank() - (transpose_a ? 2 : 1));
  const Dimension inner_b = b.dim(b.rank() - (transpose_b ? 1 : 2)), columns = b.dim(b.rank() - (transpose_b ? 2 : 1));
  if (inner_a != inner_b)
    context.require(false, "C3", "a has " + text_of(inner_a) + " columns, b has " + text_of(inner_b) + " rows");
  const auto batch = broadcast(leading(a, a.rank() - 2), leading(b, b.rank() - 2));
  context.require(batch.has_value(), "C4", "leading dimensions do not broadcast");
  Shape result = *batch;
  result.append(rows);
  result.append(columns);
  return result;
}

template <class T> void multiply_matrices(const KernelContext& context) {
  const Operand &a = context.inputs[0], &b = context.inputs[1], &output = context.outputs[0];
  const bool transpose_a = context.attributes.boolean("transposeA");
  const bool transpose_b = context.attributes.boolean("transposeB");
  const std::size_t rank = output.shape.rank();
  const std::int64_t rows = output.shape[rank - 2], columns = output.shape[rank - 1];
  const std::int64_t inner = a.shape[a.shape.rank() - (transpose_a ? 2 : 1)];
  const std::int64_t a_row = transpose_a ? 1 : inner, a_inner = transpose_a ? rows : 1;
  const std::int64_t b_inner = transpose_b ? 1 : columns, b_column = transpose_b ? inner : 1;

  // The batch is walked as if each matrix were one element, so the offsets count matrices.
  const Shape batch = leading(output.shape, rank - 2);
  const Strides b_batch = broadcast_strides(leading(b.shape, b.shape.rank() - 2), batch);
  const Strides a_batch = broadcast_strides(leading(a.shape, a.shape.rank() - 2), batch);
  const auto product = [&](std::int64_t a_start, std::int64_t b_start, std::int64_t output_start) {
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < columns; ++column) {
        T sum = 0;
        for (std::int64_t k = 0; k < inner; ++k)
          sum = plus(sum, times(load<T>(a, a_start + row * a_row + k * a_inner),
                                load<T>(b, b_start + k * b_inner + column * b_column)));
        store<T>(output, output_start + row * columns + column, sum);
      }
  };
  walk(batch, a_batch, [&](std::int64_t index, std::int64_t a_matrix) {
    std::int64_t b_matrix = 0, rest = index;
    for (std::size_t axis = batch.rank(); axis-- > 0; rest /= batch[axis])
      b_matrix += rest % batch[axis] * b_batch[axis];
    product(a_matrix * rows * inner, b_matrix * inner * columns, index * rows * columns);
  });
}

double product_operations(const Graph& graph, const Node& node) {
  const Shape& a = graph.value(node.inputs[0]).type.shape;
  const Dimension inner = a.dim(a.rank() - (node.attributes.boolean("transposeA") ? 2 : 1));
  return 2 * elements_of_one(graph.value(node.outputs[0]).type.shape) * elements_of_one(Shape{inner});
}

Attributes transposes(bool a, bool b) { return {{"transposeA", a}, {"transposeB", b}}; }

std::vector<Ref> matmul_gradient(GradientContext& context) {
  Builder& builder = context.builder;
  const Ref a = context.inputs[0], b = context.inputs[1], dy = context.output_gradients[0];
  const bool transpose_a = context.attributes.boolean("transposeA");
  const bool transpose_b = context.attributes.boolean("transposeB");
  // With A and B the factors after transposition: dA = dy B^T, dB = A^T dy; transposed factors want the transpose.
  const Ref da = transpose_a ? builder.emit("matmul", {b, dy}, transposes(transpose_b, true))
                             : builder.emit("matmul", {dy, b}, transposes(false, !transpose_b));
  const Ref db = transpose_b ? builder.emit("matmul", {dy, a}, transposes(true, transpose_a))
                             : builder.emit("matmul", {a, dy}, transposes(!transpose_a, false));
  return {sum_to(builder, da, builder.shape(a)), sum_to(builder, db, builder.shape(b))};
}

/// Rows of A times one matrix are the rows of one product; else the rows are a stack of matrices.
std::vector<Ref> matmul_rows(RowsContext& context) {
  Builder& builder = context.builder;
  const Shape &a = context.shape(0), &b = context.shape(1);
  if (context.has_rows[0] && !context.has_rows[1] && b.rank() == 2 && !context.attributes.boolean("transposeA")) {
    const std::int64_t inner = a[a.rank() - 1];
    const Ref tall = context.reshaped(context.all(0), Shape{context.rows * a.elements(0, a.rank() - 1), inner});
    const Ref y = builder.emit("matmul", {tall, context.all(1)}, context.attributes);
    return {context.reshaped(y, context.with_rows(context.outputs[0].shape))};
  }
  const std::size_t rank = std::max(a.rank(), b.rank());
  const auto stack = [&](std::size_t i) {
    return context.has_rows[i] ? context.reshaped(context.all(i), context.with_rows(context.shape(i), rank)) : context.all(i);
  };
  const Ref left = stack(0), right = stack(1);
  return {builder.emit("matmul", {left, right}, context.attributes)};
}

/// Sum over t of A[t]^T B[t]: one product over steps and inner dimension together.
Ref matmul_rows_sum(RowsContext& context) {
  Builder& builder = context.builder;
  const Shape &a = context.shape(0), &b = context.shape(1);
  if (!context.has_rows[1]) return builder.emit("matmul", {context.summed(0), context.all(1)}, context.attributes);
  if (!context.has_rows[0]) return builder.emit("matmul", {context.all(0), context.summed(1)}, context.attributes);
  if (a.rank() != 2 || b.rank() != 2 || !context.attributes.boolean("transposeA") || context.attributes.boolean("transposeB"))
    return {};
  const Ref left = context.reshaped(context.all(0), Shape{context.rows * a[0], a[1]});
  const Ref right = context.reshaped(context.all(1), Shape{context.rows * b[0], b[1]});
  return builder.emit("matmul", {left, right}, context.attributes);
}

std::vector<AttributeSpec> transpose_attributes() {
  return {{"transposeA", AttributeKind::boolean, false, "use a with its last two dimensions exchanged"},
          {"transposeB", AttributeKind::boolean, false, "use b with its last two dimensions exchanged"}};
}

std::vector<Constraint> product_constraints() {
  return {{"C1", "both operands have one numeric type"},
          {"C2", "both operands have rank 2 or more"},
          {"C3", "the inner dimensions agree: columns of a = rows of b, after transposition"},
          {"C4", "the leading dimensions broadcast"}};
}

OpDef matmul() {
  OpDef op =
      operation("matmul", "Product of two matrices, or of two stacks of matrices whose leading dimensions broadcast.",
                "y[..., i, j] = sum over k of A[..., i, k] * B[..., k, j]");
  op.inputs = {{"a", "[..., m, k], or [..., k, m] with transposeA"},
               {"b", "[..., k, n], or [..., n, k] with transposeB"}};
  op.attributes = transpose_attributes();
  op.constraints = product_constraints();
  op.shape = [](ShapeContext& context) { context.output(context.type(0), product_shape(context)); };
  op.reference = [](const KernelContext& context) {
    by_arithmetic(context.inputs[0].type, [&](auto zero) { multiply_matrices<decltype(zero)>(context); });
  };
  op.gradient = matmul_gradient;
  op.operations = product_operations;
  op.rows = matmul_rows;
  op.rows_sum = matmul_rows_sum;
  op.takes_epilogue = true;
  op.samples = {
      {{{3, 5}, {5, 7}}},
      {{{1, 1}, {1, 1}}},
      {{{5, 3}, {5, 7}}, {{"transposeA", true}}},
      {{{3, 5}, {7, 5}}, {{"transposeB", true}}},
      {{{5, 3}, {7, 5}}, {{"transposeA", true}, {"transposeB", true}}},
      {{{2, 3, 4}, {2, 4, 5}}},
      {{{2, 1, 3, 4}, {5, 4, 2}}},
      {{{5, 4}, {3, 4, 2}}},
      {{{3, 4, 3}, {2, 4}}, {{"transposeA", true}, {"transposeB", true}}},
      {{{0, 4}, {4, 3}}},
      {{{3, 0}, {0, 2}}},
      {{{2, 3}, {0, 3, 2}}},
      {{{17, 33}, {33, 19}}},
  };
  return op;
}

// An operator that gives another shape or type than it takes would not fit what is said of the result.
void check_activation(const ShapeContext& context) {
  const std::string& name = context.attributes().text("activation");
  const Registry& registry = context.builder().registry();
  const OpDef* op = name == "linear" ? nullptr : registry.find("core", name);
  if (name == "linear" || (op && op->activation)) return;
  std::vector<std::string_view> known = {"linear"};
  for (const OpDef* other : registry.all("core"))
    if (other->activation) known.push_back(other->name);
  const std::string near = nearest_name(name, known);
  throw Error(op ? Code::invalid_argument : Code::not_found,
              {.message = "fusedMatMul: \"" + name + "\" is no activation",
               .reason = "NOT_ACTIVATION",
               .path = std::string(context.path()),
               .operation = "fusedMatMul",
               .expected = "the name of an activation, or \"linear\" for none",
               .actual = "\"" + name + "\"",
               .hint = near.empty() ? "\"tanh\", for example" : "did you mean \"" + near + "\"?"});
}

OpDef fused_matmul() {
  OpDef op = operation("fusedMatMul", "Matrix product with an optional bias and activation in one step.",
                       "y = activation(matmul(a, b) + bias)");
  op.inputs = {
      {"a", "as for matmul"}, {"b", "as for matmul"}, {"bias", "broadcast to the product", InputSpec::optional}};
  op.attributes = transpose_attributes();
  op.attributes.push_back(
      {"activation", AttributeKind::text, "linear", "name of an activation, or \"linear\" for none"});
  op.constraints = product_constraints();
  op.constraints.push_back({"C5", "the bias has the operands' type and broadcasts to the product"});
  op.shape = [](ShapeContext& context) {
    const Shape shape = product_shape(context);
    check_activation(context);
    if (context.has(2))
      context.require(context.type(2) == context.type(0) && broadcast(shape, context.shape(2)) == shape, "C5",
                      "bias has another type or does not broadcast to " + shape.text());
    context.output(context.type(0), shape);
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    Ref y = builder.emit("matmul", {inputs[0], inputs[1]},
                         transposes(attributes.boolean("transposeA"), attributes.boolean("transposeB")));
    if (inputs.size() > 2 && inputs[2]) y = builder.emit("add", {y, inputs[2]});
    const std::string& activation = attributes.text("activation");
    if (activation != "linear") y = builder.emit(activation, {y});
    return std::vector<Ref>{y};
  };
  op.operations = product_operations;
  op.samples = {
      {{{3, 5}, {5, 7}}},
      {{{3, 5}, {5, 7}, {7}}, {{"activation", "tanh"}}},
      {{{5, 3}, {7, 5}, {3, 1}}, {{"transposeA", true}, {"transposeB", true}, {"activation", "sigmoid"}}},
      {{{0, 5}, {5, 2}, {2}}},
  };
  return op;
}

}  // namespace

void add_matmul(Registry& registry) {
  registry.add(matmul());
  registry.add(fused_matmul());
}

}  // namespace webai
