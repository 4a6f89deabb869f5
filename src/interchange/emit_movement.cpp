// What moves elements or makes them: no arithmetic but on positions.
#include <cmath>

#include "core/ops/support.h"
#include "interchange/writer.h"

namespace webai {
namespace {

using ops::AxisView;
using ops::Integers;

/// For each element of the result in turn: the input's strides along the result's axes, and where it begins.
void pick(LoopWriter& writer, const Node& node, std::span<const std::int64_t> strides, std::int64_t offset = 0) {
  const Shape& y = writer.output_shape(node);
  const std::vector<std::string> at = writer.loops(y);
  Index from;
  from.offset = offset;
  for (std::size_t axis = 0; axis < y.rank(); ++axis) from.add(at[axis], strides[axis]);
  writer.write(node, writer.row_major(y, at), writer.read(node, 0, from));
  writer.close(y.rank());
}

std::vector<std::int64_t> turned(const Node& node, std::size_t rank) {
  Integers order = node.attributes.integers("permutation");
  for (std::size_t k = 0; order.size() < rank; ++k) order.push_back(static_cast<std::int64_t>(rank - 1 - k));
  return order;
}

Text transpose_numpy(NumpyWriter& writer, const Node& node) {
  return {writer.input(node, 0).at(3) + ".transpose" +
          NumpyWriter::tuple(turned(node, writer.input_shape(node, 0).rank()))};
}
void transpose_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const auto own = strides_of(x);
  std::vector<std::int64_t> strides;
  for (const std::int64_t axis : turned(node, x.rank())) strides.push_back(own[static_cast<std::size_t>(axis)]);
  pick(writer, node, strides);
}

Text reverse_numpy(NumpyWriter& writer, const Node& node) {
  const Integers& axes = node.attributes.integers("axes");
  return {"np.flip(" + writer.input(node, 0).text + (axes.empty() ? "" : ", " + NumpyWriter::tuple(axes)) + ")"};
}
void reverse_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const std::uint32_t axes = *ops::axes_of(node.attributes.integers("axes"), x.rank());
  auto strides = strides_of(x);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < x.rank(); ++axis)
    if (ops::in(axes, axis)) {
      offset += (x[axis] - 1) * strides[axis];
      strides[axis] = -strides[axis];
    }
  pick(writer, node, strides, offset);
}

Text spread_numpy(NumpyWriter& writer, const Node& node) {
  return {"np.broadcast_to(" + writer.input(node, 0).text + ", " + NumpyWriter::tuple(writer.shape(node.outputs[0])) +
          ")"};
}
void spread_loops(LoopWriter& writer, const Node& node) {
  pick(writer, node, broadcast_strides(writer.input_shape(node, 0), writer.output_shape(node)));
}

// Where on an axis of length `length` a slice begins; and every how many-th it takes.
struct Cut {
  std::int64_t start, stride;
};
Cut cut_of(const Node& node, std::size_t axis, std::int64_t length) {
  const Integers& strides = node.attributes.integers("strides");
  const std::int64_t start = node.attributes.integers("starts")[axis];
  return {start < 0 ? start + length : start, strides.empty() ? 1 : strides[axis]};
}
Text slice_numpy(NumpyWriter& writer, const Node& node) {
  const Shape &x = writer.input_shape(node, 0), &y = writer.shape(node.outputs[0]);
  std::string text = writer.input(node, 0).at(3) + "[";
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    const Cut cut = cut_of(node, axis, x[axis]);
    text += axis ? ", " : "";
    if (y[axis] == x[axis])
      text += ":";
    else if (cut.stride == 1)
      text += std::to_string(cut.start) + ":" + std::to_string(cut.start + y[axis]);
    else
      text += std::to_string(cut.start) + ":" + std::to_string(cut.start + (y[axis] - 1) * cut.stride + 1) + ":" +
              std::to_string(cut.stride);
  }
  return {x.rank() == 0 ? writer.input(node, 0).text : text + "]"};
}
void slice_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  auto strides = strides_of(x);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    const Cut cut = cut_of(node, axis, x[axis]);
    offset += cut.start * strides[axis];
    strides[axis] *= cut.stride;
  }
  pick(writer, node, strides, offset);
}

Text concat_numpy(NumpyWriter& writer, const Node& node) {
  std::string list;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) list += (i ? ", " : "") + writer.input(node, i).text;
  return {"np.concatenate([" + list + "], " + std::to_string(node.attributes.integer("axis")) + ")"};
}
void concat_loops(LoopWriter& writer, const Node& node) {
  const Shape& y = writer.output_shape(node);
  const std::size_t axis = axis_of(node, y);
  const AxisView to(y, axis);
  std::int64_t begin = 0;
  for (std::size_t input = 0; input < node.inputs.size(); ++input) {
    const std::int64_t row = writer.input_shape(node, input)[axis] * to.inner;
    const std::string o = writer.loop("o", to.outer), i = writer.loop("i", row);
    Index target;
    target.offset = begin;
    writer.write(node, target.add(o, to.length * to.inner).add(i, 1),
                 writer.read(node, input, Index().add(o, row).add(i, 1)));
    writer.close(2);
    begin += row;
  }
}

Text tile_numpy(NumpyWriter& writer, const Node& node) {
  return {"np.tile(" + writer.input(node, 0).text + ", " + NumpyWriter::tuple(node.attributes.integers("repetitions")) +
          ")"};
}
void tile_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const Shape& y = writer.output_shape(node);
  const Integers& times = node.attributes.integers("repetitions");
  const auto from_strides = strides_of(x), to_strides = strides_of(y);
  Index from, to;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    const std::string t = writer.loop("t", times[axis]), i = writer.loop("i", x[axis]);
    from.add(i, from_strides[axis]);
    to.add(t, to_strides[axis] * x[axis]).add(i, to_strides[axis]);
  }
  writer.write(node, to, writer.read(node, 0, from));
  writer.close(2 * x.rank());
}

Text pad_numpy(NumpyWriter& writer, const Node& node) {
  const Integers &before = node.attributes.integers("beginningPadding"),
                 &after = node.attributes.integers("endingPadding");
  std::string widths = "(";
  for (std::size_t axis = 0; axis < before.size(); ++axis)
    widths += "(" + std::to_string(before[axis]) + ", " + std::to_string(after[axis]) + "), ";
  const std::string& mode = node.attributes.text("mode");
  const std::string words = mode == "constant"
                                ? "constant_values=" + writer.words().number(node.attributes.number("value")).text
                            : mode == "edge"       ? "mode=\"edge\""
                            : mode == "reflection" ? "mode=\"reflect\""
                                                   : "mode=\"symmetric\"";
  return {"np.pad(" + writer.input(node, 0).text + ", " + widths + "), " + words + ")"};
}
void pad_loops(LoopWriter& writer, const Node& node) {
  if (node.attributes.text("mode") != "constant")
    writer.refuse(node, "padding with mode \"" + node.attributes.text("mode") + "\"");
  const Shape &x = writer.input_shape(node, 0), &y = writer.output_shape(node);
  const std::string all = writer.loop("i", y.elements());
  writer.write(node, Index().add(all, 1), writer.words().number(node.attributes.number("value")));
  writer.close();
  const std::vector<std::string> at = writer.loops(x);
  const auto strides = strides_of(y);
  Index to = Index();
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    to.add(at[axis], strides[axis]);
    to.offset += node.attributes.integers("beginningPadding")[axis] * strides[axis];
  }
  writer.write(node, to, writer.read(node, 0, writer.row_major(x, at)));
  writer.close(x.rank());
}

Text gather_numpy(NumpyWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const std::size_t axis = axis_of(node, x);
  const std::string length = std::to_string(x[axis]),
                    index = "np.asarray(" + writer.input(node, 1).text + ").astype(np.int64)";
  return {"np.take(" + writer.input(node, 0).text + ", np.clip(np.where(" + index + " < 0, " + index + " + " + length +
          ", " + index + "), 0, " + length + " - 1), " + std::to_string(axis) + ")"};
}
// The row that loop k asks for: from the end where it is negative, else within the table.
std::string gathered_row(LoopWriter& writer, const Node& node, const std::string& k, const std::string& length,
                         const std::string& last) {
  std::string given = writer.read(node, 1, Index().add(k, 1)).text;
  if (writer.is_c()) {  // what an int cannot hold lies outside in any case
    given = writer.variable("given", given);
    given += " >= " + length + " ? " + length + " : " + given + " < -" + length + " ? -" + length + " : (int)" + given;
  }
  const std::string whole = writer.integer("chosen", given);
  const std::string from_end = writer.integer("index", whole + " < 0 ? " + whole + " + " + length + " : " + whole);
  return writer.integer(
      "bounded", from_end + " < 0 ? 0 : " + from_end + " >= " + length + " ? " + last + " : " + from_end);
}
void gather_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const AxisView view(x, axis_of(node, x));
  const std::int64_t count = writer.input_shape(node, 1).elements();
  const std::string o = writer.loop("o", view.outer), k = writer.loop("k", count);
  Index source = Index().add(o, view.length * view.inner);
  if (view.length > 1)  // else all ask for the same row
    source.add(gathered_row(writer, node, k, std::to_string(view.length), std::to_string(view.length - 1)), view.inner);
  const std::string i = writer.loop("i", view.inner);
  writer.write(node, Index().add(o, count * view.inner).add(k, view.inner).add(i, 1),
               writer.read(node, 0, source.add(i, 1)));
  writer.close(3);
}

// What an integer type holds, as far as a double can say it and be turned back.
struct Range {
  double low, high;
};
Range range_of(DType type) {
  const int bits = static_cast<int>(8 * size_of(type)) - (is_signed(type) ? 1 : 0);
  const double end = std::ldexp(1.0, bits);
  return {is_signed(type) ? -end : 0, bits > 53 ? std::nextafter(end, 0.0) : end - 1};
}

// Numbers become whole towards zero, ends where the type has no more, and 0 where they are none.
Text cast_numpy(NumpyWriter& writer, const Node& node) {
  const DType from = writer.graph().value(node.inputs[0]).type.type,
              to = writer.graph().value(node.outputs[0]).type.type;
  const std::string type = to == DType::boolean         ? "np.bool_"
                           : to == DType::u64           ? "np.uint64"
                           : is_integer(to)             ? "np.int64"
                           : writer.words().is_double() ? "np.float64"
                                                        : "np.float32";
  const std::string x = writer.input(node, 0).text;
  if (!is_integer(to) || !is_floating(from)) return {"np.asarray(" + x + ").astype(" + type + ")"};
  const Range range = range_of(to);
  return {"np.clip(np.nan_to_num(np.asarray(" + x + ", np.float64)), " +
          std::to_string(static_cast<std::int64_t>(range.low)) + ".0, " +
          std::to_string(static_cast<std::uint64_t>(range.high)) + ".0).astype(" + type + ")"};
}
void cast_loops(LoopWriter& writer, const Node& node) {
  const DType from = writer.graph().value(node.inputs[0]).type.type,
              to = writer.graph().value(node.outputs[0]).type.type;
  const std::string i = writer.loop("i", writer.output_shape(node).elements());
  const Text x = writer.read(node, 0, Index().add(i, 1));
  if (to == DType::boolean) {
    writer.write(node, Index().add(i, 1), x.at(1) + " != 0 ? 1 : 0");
  } else if (is_integer(to) && is_floating(from)) {
    const Range range = range_of(to);
    const std::string low = writer.words().number(range.low).text, high = writer.words().number(range.high).text,
                      given = writer.variable("given", x.text);
    writer.write(node, Index().add(i, 1), given + " > " + high + " ? " + high + " : " + given + " >= " + low + " ? " +
                                              writer.words().call("trunc", {given}).text + " : " + given + " < " +
                                              low + " ? " + low + " : 0");
  } else {
    writer.write(node, Index().add(i, 1), x);
  }
  writer.close();
}

Text copy_numpy(NumpyWriter& writer, const Node& node) { return writer.input(node, 0); }
void copy_loops(LoopWriter& writer, const Node& node) {
  const std::string i = writer.loop("i", writer.output_shape(node).elements());
  writer.write(node, Index().add(i, 1), writer.read(node, 0, Index().add(i, 1)));
  writer.close();
}

Text one_hot_numpy(NumpyWriter& writer, const Node& node) {
  const std::int64_t depth = node.attributes.integer("depth");
  return {"(np.asarray(" + writer.input(node, 0).text + ")[..., None] == np.arange(" + std::to_string(depth) +
          ")).astype(" + (writer.words().is_double() ? "np.float64" : "np.float32") + ")"};
}
void one_hot_loops(LoopWriter& writer, const Node& node) {
  const std::int64_t depth = node.attributes.integer("depth");
  const std::string i = writer.loop("i", writer.input_shape(node, 0).elements()), k = writer.loop("k", depth);
  writer.write(node, Index().add(i, depth).add(k, 1),
               writer.read(node, 0, Index().add(i, 1)).at(1) + " == " + k + " ? 1 : 0");
  writer.close(2);
}

Text range_numpy(NumpyWriter& writer, const Node& node) {
  const DType type = writer.graph().value(node.outputs[0]).type.type;
  return {"(" + writer.words().number(node.attributes.number("start")).text + " + np.arange(" +
          std::to_string(node.attributes.integer("size")) + ") * " +
          writer.words().number(node.attributes.number("step")).at(2) + ").astype(" +
          (is_integer(type)             ? "np.int64"
           : writer.words().is_double() ? "np.float64"
                                        : "np.float32") +
          ")"};
}
void range_loops(LoopWriter& writer, const Node& node) {
  const std::string i = writer.loop("i", node.attributes.integer("size"));
  writer.write(node, Index().add(i, 1),
               Text{writer.words().number(node.attributes.number("start")).text + " + " + i + " * " +
                        writer.words().number(node.attributes.number("step")).at(2),
                    1});
  writer.close();
}

Text triangular_numpy(NumpyWriter& writer, const Node& node) {
  return {std::string(node.attributes.boolean("upper") ? "np.triu(" : "np.tril(") + writer.input(node, 0).text + ", " +
          std::to_string(node.attributes.integer("diagonal")) + ")"};
}
void triangular_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const std::vector<std::string> at = writer.loops(x);
  const Index index = writer.row_major(x, at);
  writer.write(node, index,
               at[x.rank() - 1] + " - " + at[x.rank() - 2] + (node.attributes.boolean("upper") ? " >= " : " <= ") +
                   std::to_string(node.attributes.integer("diagonal")) + " ? " + writer.read(node, 0, index).at(1) +
                   " : 0");
  writer.close(x.rank());
}

constexpr Emitter movement_table[] = {
    {"transpose", transpose_numpy, transpose_loops},
    {"reverse", reverse_numpy, reverse_loops},
    {"broadcastTo", spread_numpy, spread_loops},
    {"slice", slice_numpy, slice_loops},
    {"concat", concat_numpy, concat_loops},
    {"tile", tile_numpy, tile_loops},
    {"pad", pad_numpy, pad_loops},
    {"gather", gather_numpy, gather_loops},
    {"cast", cast_numpy, cast_loops},
    {"copy", copy_numpy, copy_loops},
    {"oneHot", one_hot_numpy, one_hot_loops},
    {"range", range_numpy, range_loops},
    {"triangular", triangular_numpy, triangular_loops},
};

}  // namespace

std::span<const Emitter> movement_emitters() { return movement_table; }

}  // namespace webai
