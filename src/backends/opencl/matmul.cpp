// Matrix products: an operand that whole tiles do not cover, or whose rows cannot be read as vectors, is packed into panels
// (which transposes it and fills its edges with zeros); then each work-item computes one tile of the result in vector
// registers. A chain behind the product runs over the finished product.
#include <algorithm>

#include "backends/opencl/program_text.h"
#include "backends/opencl/session.h"
#include "core/op/broadcast.h"

namespace webai::opencl {
namespace {

struct Product {
  std::size_t batch = 1, batch_a = 1, batch_b = 1;  // matrices
  std::size_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  Shape leading, leading_a, leading_b;
  std::size_t rows = 8, columns = 32;  // of a tile
  std::size_t row_tiles() const { return (m + rows - 1) / rows; }
  std::size_t column_tiles() const { return (n + columns - 1) / columns; }
  std::size_t floats_a() const { return batch_a * row_tiles() * rows * k; }
  std::size_t floats_b() const { return batch_b * column_tiles() * columns * k; }
  // Read where it lies: a launch less, which costs a small product on a CPU more than its arithmetic.
  bool direct_a() const { return k > 0 && m % rows == 0; }
  bool direct_b() const { return k > 0 && !transpose_b && n % columns == 0; }
};

Shape first_axes(const Shape& shape) { return Shape(shape.dims().first(shape.rank() - 2)); }

Product product_of(const Graph& graph, const Node& node) {
  Shape a = graph.value(node.inputs[0]).type.shape, result = graph.value(node.outputs[0]).type.shape;
  const Shape& b = graph.value(node.inputs[1]).type.shape;
  Product product;
  product.transpose_a = node.attributes.boolean("transposeA");
  product.transpose_b = node.attributes.boolean("transposeB");
  if (b.rank() == 2 && a.rank() > 2 && !product.transpose_a) {  // many matrices over one: a tall one
    const std::int64_t rows = a.elements(0, a.rank() - 1);
    a = Shape{rows, a[a.rank() - 1]};
    result = Shape{rows, result[result.rank() - 1]};
  }
  product.m = static_cast<std::size_t>(result[result.rank() - 2]);
  product.n = static_cast<std::size_t>(result[result.rank() - 1]);
  product.k = static_cast<std::size_t>(a[a.rank() - (product.transpose_a ? 2 : 1)]);
  product.leading = first_axes(result);
  product.leading_a = first_axes(a);
  product.leading_b = first_axes(b);
  product.batch = static_cast<std::size_t>(product.leading.elements());
  product.batch_a = static_cast<std::size_t>(product.leading_a.elements());
  product.batch_b = static_cast<std::size_t>(product.leading_b.elements());
  while (product.rows > 1 && product.rows / 2 >= product.m) product.rows /= 2;
  if (product.n <= 16) product.columns = 16;
  return product;
}

// Panels of `width` lines along k: to[panel][k][line]. The element (line, k) lies at line * stride + k * step.
std::string pack_text(const std::string& name, std::size_t batch, std::size_t lines, std::size_t k, std::size_t width,
                      bool k_is_outer) {
  const std::size_t panels = (lines + width - 1) / width;
  const std::string line_stride = k_is_outer ? "1u" : number(k), step = k_is_outer ? number(lines) : "1u";
  return kernel_head(name, 2, group_size) + pointer_line(0, "uint", "from") + pointer_line(1, "uint", "to") +
         "  const uint i = get_global_id(0);\n  if (i >= " + number(batch * panels * k * width) + ") return;\n" +
         "  const uint k = i / " + number(width) + " % " + number(k) + ", panel = i / " + number(width * k) + ";\n" +
         "  const uint line = panel % " + number(panels) + " * " + number(width) + " + i % " + number(width) + ";\n" +
         "  const uint matrix = panel / " + number(panels) + ";\n" +
         "  to[i] = line < " + number(lines) + " ? from[matrix * " + number(lines * k) + " + line * " + line_stride +
         " + k * " + step + "] : 0u;\n}\n";
}

// Which matrix of an operand the product number `batch` reads.
std::string matrix_text(const Product& product, const Shape& leading) {
  const BroadcastStrides strides = broadcast_strides(leading, product.leading);
  std::string text = "0u", rest = "batch";
  for (std::size_t axis = product.leading.rank(); axis-- > 0;) {
    const std::string extent = std::to_string(product.leading[axis]) + "u";
    if (strides[axis] != 0) text += " + " + rest + " % " + extent + " * " + std::to_string(strides[axis]) + "u";
    rest = "(" + rest + " / " + extent + ")";
  }
  return text;
}

std::string tiles_text(const std::string& name, const Product& p, bool fuses, std::size_t group) {
  const std::size_t vectors = p.columns / 16;
  std::string text = kernel_head(name, 3, group) + pointer_line(0, "float", "panels_a") +
                     pointer_line(1, "float", "panels_b") + pointer_line(2, "float", "to");
  text += "  const uint i = get_global_id(0);\n  if (i >= " + number(p.batch * p.row_tiles() * p.column_tiles()) +
          ") return;\n";
  text += "  const uint tile_column = i % " + number(p.column_tiles()) + ", tile_row = i / " + number(p.column_tiles()) +
          " % " + number(p.row_tiles()) + ", batch = i / " + number(p.column_tiles() * p.row_tiles()) + ";\n";
  // One operand in a panel or in place: where its tile begins, from one line to the next, from one k to the next.
  const std::string matrix_a = "(" + matrix_text(p, p.leading_a) + ") * ", matrix_b = "(" + matrix_text(p, p.leading_b) + ") * ";
  const std::size_t line_a = !p.direct_a() || p.transpose_a ? 1 : p.k;
  const std::size_t step_a = !p.direct_a() ? p.rows : p.transpose_a ? p.m : 1;
  const std::size_t step_b = p.direct_b() ? p.n : p.columns;
  text += "  global const float* a = panels_a + " +
          (p.direct_a() ? matrix_a + number(p.m * p.k) + " + tile_row * " + number(p.rows * line_a)
                        : "(" + matrix_a + number(p.row_tiles()) + " + tile_row) * " + number(p.k * p.rows)) + ";\n";
  text += "  global const float* b = panels_b + " +
          (p.direct_b() ? matrix_b + number(p.k * p.n) + " + tile_column * " + number(p.columns)
                        : "(" + matrix_b + number(p.column_tiles()) + " + tile_column) * " + number(p.k * p.columns)) + ";\n";
  const auto sum = [](std::size_t row, std::size_t v) { return "c" + std::to_string(row) + "_" + std::to_string(v); };
  for (std::size_t row = 0; row < p.rows; ++row)
    for (std::size_t v = 0; v < vectors; ++v) text += "  float16 " + sum(row, v) + " = (float16)(0.0f);\n";
  text += "  for (uint k = 0u; k < " + number(p.k) + "; ++k, a += " + number(step_a) + ", b += " +
          number(step_b) + ") {\n";
  for (std::size_t v = 0; v < vectors; ++v)
    text += "    const float16 b" + std::to_string(v) + " = vload16(" + std::to_string(v) + ", b);\n";
  for (std::size_t row = 0; row < p.rows; ++row)
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::string left = "(float16)(a[" + number(row * line_a) + "])", right = "b" + std::to_string(v);
      text += "    " + sum(row, v) + " = " +
              (fuses ? "fma(" + left + ", " + right + ", " + sum(row, v) + ")" : sum(row, v) + " + " + left + " * " + right) +
              ";\n";
    }
  text += "  }\n  const uint row = tile_row * " + number(p.rows) + ", column = tile_column * " + number(p.columns) + ";\n";
  text += "  global float* const at = to + (batch * " + number(p.m) + " + row) * " + number(p.n) + " + column;\n";
  const bool whole = p.n % p.columns == 0;
  if (!whole) text += "  const uint width = min(" + number(p.columns) + ", " + number(p.n) + " - column);\n";
  for (std::size_t row = 0; row < p.rows; ++row) {
    const std::string offset = number(row * p.n);
    text += "  if (row + " + number(row) + " < " + number(p.m) + ") {\n";
    if (!whole) text += "    float values[" + std::to_string(p.columns) + "];\n";
    for (std::size_t v = 0; v < vectors; ++v)
      text += "    vstore16(" + sum(row, v) + ", " + std::to_string(v) + ", " + (whole ? "at + " + offset : "values") + ");\n";
    if (!whole) text += "    for (uint i = 0u; i < width; ++i) at[" + offset + " + i] = values[i];\n";
    text += "  }\n";
  }
  return text + "}\n";
}

std::optional<std::string> refuses_matmul(const Graph& graph, const Node& node) {
  if (graph.value(node.inputs[0]).type.type != DType::fp32) return "products are written for fp32";
  if (auto refusal = chain_refusal(graph, node)) return refusal;
  if (auto refusal = size_refusal(graph, node)) return refusal;
  const Product product = product_of(graph, node);
  if (std::max(product.floats_a(), product.floats_b()) >= static_cast<std::size_t>(most_elements))
    return "its kernels count elements with 31 bits";
  return std::nullopt;
}

void emit_matmul(const Graph& graph, const Node& node, ProgramText& text) {
  const Product p = product_of(graph, node);
  if (p.batch * p.m * p.n == 0) return;
  LaunchOperand a{node.inputs[0]}, b{node.inputs[1]};
  if (!p.direct_a()) {
    a = {no_value, text.take_scratch(p.floats_a() * sizeof(float))};
    const auto print = [&](const std::string& name) {
      return pack_text(name, p.batch_a, p.m, p.k, p.rows, p.transpose_a);
    };
    if (p.k > 0) text.launch(text.kernel(print), {{node.inputs[0]}, a}, p.floats_a(), group_size);
  }
  if (!p.direct_b()) {
    b = {no_value, text.take_scratch(p.floats_b() * sizeof(float))};
    const auto print = [&](const std::string& name) {
      return pack_text(name, p.batch_b, p.n, p.k, p.columns, !p.transpose_b);
    };
    if (p.k > 0) text.launch(text.kernel(print), {{node.inputs[1]}, b}, p.floats_b(), group_size);
  }
  LaunchOperand to{node.outputs[0]};
  if (node.chain) to = {no_value, text.take_scratch(p.batch * p.m * p.n * sizeof(float))};
  // A tile is work enough for a whole thread of a CPU, and one lane of many on a GPU.
  const std::size_t group = text.traits().is_processor ? 1 : 32;
  const std::size_t tiles =
      text.kernel([&](const std::string& name) { return tiles_text(name, p, text.traits().fuses, group); });
  text.launch(tiles, {a, b, to}, p.batch * p.row_tiles() * p.column_tiles(), group);
  if (node.chain) emit_chain(graph, node, text, to.scratch);
}

}  // namespace

void add_matmul_kernels(std::map<std::string, NodeKernels>& table) { table["core#matmul"] = {refuses_matmul, emit_matmul}; }

}  // namespace webai::opencl
