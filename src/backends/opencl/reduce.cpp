// Reductions in the fixed order that the CPU has, so that sums have its bits: along neighbouring elements blocks of 4096
// with 64 partials and halves that are joined; across rows blocks of 64 rows with 4 partials.
#include <algorithm>
#include <bit>

#include "backends/opencl/program_text.h"
#include "backends/opencl/session.h"

namespace webai::opencl {
namespace {

struct Kind {
  const char* neutral;
  const char* combine;  // of a and b
  std::uint32_t nothing;  // bits of the result where nothing is reduced
  bool mean = false;
};
constexpr Kind sum{"0.0f", "a + b", 0};
constexpr Kind mean{"0.0f", "a + b", 0x7fc00000, true};
constexpr Kind product{"1.0f", "a * b", 0x3f800000};
constexpr Kind greatest{"-INFINITY", "(a >= b || a != a) ? a : b", 0xff800000};
constexpr Kind least{"INFINITY", "(a <= b || a != a) ? a : b", 0x7f800000};

// Elements outside x reduced x inside, taken in blocks along the middle.
struct Pass {
  std::size_t outside = 1, reduced = 1, inside = 1;
  std::size_t block() const { return inside == 1 ? 4096 : 64; }
  std::size_t blocks() const { return (reduced + block() - 1) / block(); }
  std::size_t results() const { return outside * blocks() * inside; }
};

// From the innermost reduced axes outwards, each group of neighbours until one block is left.
std::vector<Pass> passes_of(const Shape& shape, std::uint32_t axes) {
  std::vector<std::size_t> extents;
  std::vector<bool> reduced;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const bool now = ((axes >> axis) & 1U) != 0;
    if (extents.empty() || reduced.back() != now) {
      extents.push_back(1);
      reduced.push_back(now);
    }
    extents.back() *= static_cast<std::size_t>(shape[axis]);
  }
  std::vector<Pass> passes;
  for (std::size_t group = extents.size(); group-- > 0;) {
    if (!reduced[group]) continue;
    Pass pass;
    pass.reduced = extents[group];
    for (std::size_t i = 0; i < group; ++i) pass.outside *= extents[i];
    for (std::size_t i = group + 1; i < extents.size(); ++i) pass.inside *= extents[i];
    for (bool more = true; more;) {
      passes.push_back(pass);
      pass.reduced = pass.blocks();
      more = pass.reduced > 1;
    }
    extents[group] = 1;
  }
  return passes;
}

std::string pass_text(const std::string& name, const Kind& kind, const Pass& pass, float divisor,
                      bool repairs_division) {
  const auto result = [&](const std::string& value) {
    if (divisor == 1) return value;
    const std::string by = "as_float(" + number(std::bit_cast<std::uint32_t>(divisor)) + ")";
    return repairs_division ? "divided(" + value + ", " + by + ")" : value + " / " + by;
  };
  std::string text = "float " + name + "_combine(const float a, const float b) {\n  return " + kind.combine + ";\n}\n";
  text += kernel_head(name, 2, group_size) + pointer_line(0, "float", "from") + pointer_line(1, "float", "to");
  const std::string combine = name + "_combine";
  if (pass.inside == 1) {
    // A group per block, a work-item per partial.
    return text + "  local float values[64];\n  const uint piece = get_group_id(0), k = get_local_id(0);\n" +
           "  const uint first = piece % " + number(pass.blocks()) + " * 4096u;\n" +
           "  const uint count = min(4096u, " + number(pass.reduced) + " - first);\n" +
           "  global const float* const start = from + (ulong)(piece / " + number(pass.blocks()) + ") * " +
           number(pass.reduced) + " + first;\n" +
           "  float value = k < count ? start[k] : " + kind.neutral + ";\n" +
           "  for (uint i = k + 64u; i < count; i += 64u) value = " + combine + "(value, start[i]);\n" +
           "  values[k] = value;\n  barrier(CLK_LOCAL_MEM_FENCE);\n" +
           "  uint used = 1u;\n  while (used < count && used < 64u) used *= 2u;\n" +
           "  for (uint width = 32u; width > 0u; width /= 2u) {\n" +
           "    if (width < used && k < width) values[k] = " + combine + "(values[k], values[k + width]);\n" +
           "    barrier(CLK_LOCAL_MEM_FENCE);\n  }\n" +
           "  if (k == 0u) to[piece] = " + result("values[0]") + ";\n}\n";
  }
  // A work-item per column of a block of rows.
  return text + "  const uint i = get_global_id(0);\n  if (i >= " + number(pass.results()) + ") return;\n" +
         "  const uint column = i % " + number(pass.inside) + ", piece = i / " + number(pass.inside) + ";\n" +
         "  const uint first = piece % " + number(pass.blocks()) + " * 64u;\n" +
         "  const uint rows = min(64u, " + number(pass.reduced) + " - first);\n" +
         "  global const float* const start = from + ((ulong)(piece / " + number(pass.blocks()) + ") * " +
         number(pass.reduced) + " + first) * " + number(pass.inside) + " + column;\n" +
         "  float values[4] = {" + kind.neutral + ", " + kind.neutral + ", " + kind.neutral + ", " + kind.neutral + "};\n" +
         "  for (uint row = 0u; row < rows; ++row)\n    values[row % 4u] = " + combine +
         "(values[row % 4u], start[(ulong)row * " + number(pass.inside) + "]);\n" +
         "  to[i] = " +
         result(combine + "(" + combine + "(values[0], values[1]), " + combine + "(values[2], values[3]))") + ";\n}\n";
}

// No pass at all: a value for every result, or the input itself.
std::string plain_text(const std::string& name, std::size_t results, const std::string& value) {
  return kernel_head(name, 2, group_size) + pointer_line(0, "uint", "from") + pointer_line(1, "uint", "to") +
         "  const uint i = get_global_id(0);\n  if (i < " + number(results) + ") to[i] = " + value + ";\n}\n";
}

void emit_reduction(const Graph& graph, const Node& node, const Kind& kind, std::uint32_t axes, ProgramText& text) {
  const Shape& shape = graph.value(node.inputs[0]).type.shape;
  const auto results = static_cast<std::size_t>(graph.value(node.outputs[0]).type.shape.elements());
  if (results == 0) return;
  const auto elements = static_cast<std::size_t>(shape.elements());
  const std::vector<Pass> passes = elements ? passes_of(shape, axes) : std::vector<Pass>{};
  if (passes.empty()) {
    const std::string value = elements ? "from[i]" : number(kind.nothing);
    const std::size_t kernel = text.kernel([&](const std::string& name) { return plain_text(name, results, value); });
    return text.launch(kernel, {{node.inputs[0]}, {node.outputs[0]}}, results, group_size);
  }
  const float divisor = kind.mean ? static_cast<float>(elements / results) : 1.0F;
  LaunchOperand from{node.inputs[0]};
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Pass& pass = passes[i];
    const bool last = i + 1 == passes.size();
    const std::size_t kernel = text.kernel(
        [&](const std::string& name) { return pass_text(name, kind, pass, last ? divisor : 1.0F, text.traits().division.repaired); });
    const LaunchOperand to = last ? LaunchOperand{node.outputs[0]}
                                  : LaunchOperand{no_value, text.take_scratch(pass.results() * sizeof(float))};
    text.launch(kernel, {from, to}, pass.inside == 1 ? pass.results() * group_size : pass.results(), group_size);
    from = to;
  }
}

std::optional<std::string> refuses_reduction(const Graph& graph, const Node& node) {
  if (graph.value(node.inputs[0]).type.type != DType::fp32) return "reductions are written for fp32";
  return size_refusal(graph, node);
}

template <const Kind& kind> void emit_over_axes(const Graph& graph, const Node& node, ProgramText& text) {
  const auto rank = static_cast<std::int64_t>(graph.value(node.inputs[0]).type.shape.rank());
  std::uint32_t axes = 0;
  for (const std::int64_t axis : node.attributes.integers("axes")) axes |= 1U << (axis < 0 ? axis + rank : axis);
  emit_reduction(graph, node, kind, axes == 0 ? ~0U : axes, text);
}

void emit_sum_to(const Graph& graph, const Node& node, ProgramText& text) {
  const Shape &from = graph.value(node.inputs[0]).type.shape, &to = graph.value(node.outputs[0]).type.shape;
  const std::size_t missing = from.rank() - to.rank();
  std::uint32_t axes = 0;
  for (std::size_t axis = 0; axis < from.rank(); ++axis)
    if (axis < missing || (to[axis - missing] == 1 && from[axis] != 1)) axes |= 1U << axis;
  emit_reduction(graph, node, sum, axes, text);
}

}  // namespace

void add_reduce_kernels(std::map<std::string, NodeKernels>& table) {
  table["core#reduceSum"] = {refuses_reduction, emit_over_axes<sum>};
  table["core#reduceMean"] = {refuses_reduction, emit_over_axes<mean>};
  table["core#reduceProduct"] = {refuses_reduction, emit_over_axes<product>};
  table["core#reduceMax"] = {refuses_reduction, emit_over_axes<greatest>};
  table["core#reduceMin"] = {refuses_reduction, emit_over_axes<least>};
  table["core#sumTo"] = {refuses_reduction, emit_sum_to};
}

}  // namespace webai::opencl
