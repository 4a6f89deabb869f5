// Convolution, its transpose and pools.
#include "core/ops/pool.h"
#include "interchange/writer.h"

namespace webai {
namespace {

using ops::ConvGeometry;
using ops::Integers;

// NumPy's helpers see channels last and filters as height, width, in, out.
Text image_numpy(NumpyWriter& writer, const Node& node, std::string_view layout) {
  const Text x = writer.input(node, 0);
  return node.attributes.text(layout) == "nchw" ? Text{x.at(3) + ".transpose(0, 2, 3, 1)"} : x;
}
Text answered(const Node& node, std::string_view layout, Text y) {
  return node.attributes.text(layout) == "nchw" ? Text{y.at(3) + ".transpose(0, 3, 1, 2)"} : y;
}

Text conv_numpy(NumpyWriter& writer, const Node& node) {
  const ops::Layout f = *ops::filter_layout(node.attributes);
  Text filter = writer.input(node, 1);
  if (node.attributes.text("filterLayout") != "hwio") {
    const std::int64_t order[] = {static_cast<std::int64_t>(f[0]), static_cast<std::int64_t>(f[1]),
                                  static_cast<std::int64_t>(f[2]), static_cast<std::int64_t>(f[3])};
    filter = {filter.at(3) + ".transpose" + NumpyWriter::tuple(order)};
  }
  Text y = writer.words().call(
      "conv2d",
      {image_numpy(writer, node, "inputLayout").text, filter.text,
       NumpyWriter::tuple(node.attributes.integers("strides")), NumpyWriter::tuple(node.attributes.integers("padding")),
       NumpyWriter::tuple(node.attributes.integers("dilations")), std::to_string(node.attributes.integer("groups"))});
  if (node.inputs.size() > 2 && node.inputs[2] != no_value) y = {y.text + " + " + writer.input(node, 2).at(1), 1};
  return answered(node, "inputLayout", y);
}

/// Opens the loops over a window's taps that lie inside the image; answers how many blocks are open.
struct Taps {
  std::string row, column;  // in the image
  std::string v, u;         // in the window
  std::size_t open = 0;
};
Taps taps_of(LoopWriter& writer, const ops::Side (&side)[2], const std::int64_t (&window)[2],
             const std::int64_t (&image)[2], const std::string& p, const std::string& q) {
  Taps taps;
  const auto one = [&](std::size_t k, const std::string& position, const char* prefix, const char* name,
                       std::string& tap) {
    tap = writer.loop(prefix, window[k]);
    ++taps.open;
    Index index;
    index.offset = -side[k].before;
    index.add(position, side[k].stride).add(tap, side[k].dilation);
    if (index.terms.size() == 1 && index.offset == 0 && index.terms[0].second == 1 &&
        side[k].before + side[k].after == 0)
      return index.terms[0].first;
    const std::string at = writer.integer(name, index.text());
    if (side[k].before + side[k].after == 0) return at;
    writer.when(at + " >= 0 && " + at + " < " + std::to_string(image[k]));
    ++taps.open;
    return at;
  };
  taps.row = one(0, p, "v", "row", taps.v);
  taps.column = one(1, q, "u", "column", taps.u);
  return taps;
}

void conv_loops(LoopWriter& writer, const Node& node) {
  const ConvGeometry g(node.attributes, writer.input_shape(node, 0), writer.input_shape(node, 1),
                       writer.output_shape(node));
  const std::string n = writer.loop("n", g.batch), p = writer.loop("p", g.output[0]), q = writer.loop("q", g.output[1]);
  const std::int64_t per_group = g.filters / g.groups;
  const std::string group = writer.loop("g", g.groups), o = writer.loop("o", per_group);
  Index filter;
  filter.add(group, g.filter_strides[3] * per_group).add(o, g.filter_strides[3]);
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != no_value;
  const std::string sum =
      writer.variable("sum", biased ? writer.read(node, 2, Index().add(group, per_group).add(o, 1)).text
                                    : writer.words().number(0).text);
  const Taps taps = taps_of(writer, g.side, g.filter, g.input, p, q);
  const std::string i = writer.loop("i", g.group_channels);
  filter.add(taps.v, g.filter_strides[0]).add(taps.u, g.filter_strides[1]).add(i, g.filter_strides[2]);
  Index image;
  image.add(n, g.input_strides[0]).add(taps.row, g.input_strides[1]).add(taps.column, g.input_strides[2]);
  image.add(group, g.input_strides[3] * g.group_channels).add(i, g.input_strides[3]);
  writer.line(sum + " += " + writer.read(node, 0, image).at(2) + " * " + writer.read(node, 1, filter).at(2) + ";");
  writer.close(1 + taps.open);
  Index result;
  result.add(n, g.output_strides[0]).add(p, g.output_strides[1]).add(q, g.output_strides[2]);
  writer.write(node, result.add(group, g.output_strides[3] * per_group).add(o, g.output_strides[3]), sum);
  writer.close(5);
}

// The transposed convolution: each element of the small image adds its filter to the large one.
void conv_back_loops(LoopWriter& writer, const Node& node) {
  const ConvGeometry g(node.attributes, writer.output_shape(node), writer.input_shape(node, 1),
                       writer.input_shape(node, 0));
  std::string i = writer.loop("i", writer.output_shape(node).elements());
  writer.write(node, Index().add(i, 1), writer.words().number(0));
  writer.close();
  const std::string n = writer.loop("n", g.batch), p = writer.loop("p", g.output[0]), q = writer.loop("q", g.output[1]);
  const std::int64_t per_group = g.filters / g.groups;
  const std::string group = writer.loop("g", g.groups), o = writer.loop("o", per_group);
  Index small;
  small.add(n, g.output_strides[0]).add(p, g.output_strides[1]).add(q, g.output_strides[2]);
  small.add(group, g.output_strides[3] * per_group).add(o, g.output_strides[3]);
  const Taps taps = taps_of(writer, g.side, g.filter, g.input, p, q);
  i = writer.loop("i", g.group_channels);
  Index filter, large;
  filter.add(group, g.filter_strides[3] * per_group).add(o, g.filter_strides[3]);
  filter.add(taps.v, g.filter_strides[0]).add(taps.u, g.filter_strides[1]).add(i, g.filter_strides[2]);
  large.add(n, g.input_strides[0]).add(taps.row, g.input_strides[1]).add(taps.column, g.input_strides[2]);
  large.add(group, g.input_strides[3] * g.group_channels).add(i, g.input_strides[3]);
  writer.add_to(node, large, Text{writer.read(node, 0, small).at(2) + " * " + writer.read(node, 1, filter).at(2), 2});
  writer.close(6 + taps.open);
}

// ---- pools

Text windows_numpy(NumpyWriter& writer, const Node& node, const char* outside) {
  return writer.words().call(
      "windows", {image_numpy(writer, node, "layout").text, NumpyWriter::tuple(node.attributes.integers("poolSize")),
                  NumpyWriter::tuple(ops::strides_or_size(node.attributes)),
                  NumpyWriter::tuple(node.attributes.integers("padding")),
                  NumpyWriter::tuple(node.attributes.integers("dilations")), outside});
}

Text max_numpy(NumpyWriter& writer, const Node& node) {
  return answered(node, "layout", {windows_numpy(writer, node, "-np.inf").text + ".max(0)"});
}

Text average_numpy(NumpyWriter& writer, const Node& node) {
  if (node.attributes.boolean("countIncludePadding"))
    return answered(node, "layout", {windows_numpy(writer, node, "0").text + ".mean(0)"});
  return answered(node, "layout", writer.words().call("mean_inside", {windows_numpy(writer, node, "np.nan").text}));
}

template <bool average> void pool_loops(LoopWriter& writer, const Node& node) {
  const ops::Pool pool(node.attributes, writer.input_shape(node, 0), writer.output_shape(node));
  const bool fixed = average && node.attributes.boolean("countIncludePadding");
  Words& words = writer.words();
  const std::string n = writer.loop("n", pool.batch), p = writer.loop("p", pool.output[0]);
  const std::string q = writer.loop("q", pool.output[1]), c = writer.loop("c", pool.channels);
  const std::string found = writer.variable(average ? "sum" : "largest", words.number(average ? 0 : -HUGE_VAL).text);
  const std::string count = average && !fixed ? writer.variable("count", words.number(0).text) : "";
  const Taps taps = taps_of(writer, pool.side, pool.window, pool.input, p, q);
  Index image;
  image.add(n, pool.input_strides[0]).add(taps.row, pool.input_strides[1]).add(taps.column, pool.input_strides[2]);
  const std::string value = writer.read(node, 0, image.add(c, pool.input_strides[3])).text;
  if (average)
    writer.line(found + " += " + value + ";");
  else
    writer.line("if (!(" + value + " <= " + found + ")) " + found + " = " + value + ";");
  if (!count.empty()) writer.line(count + " += 1;");
  writer.close(taps.open);
  Index result;
  result.add(n, pool.output_strides[0])
      .add(p, pool.output_strides[1])
      .add(q, pool.output_strides[2])
      .add(c, pool.output_strides[3]);
  if (!average)
    writer.write(node, result, found);
  else if (fixed)
    writer.write(node, result, found + " / " + words.number(static_cast<double>(pool.window[0] * pool.window[1])).text);
  else
    writer.write(node, result, count + " > 0 ? " + found + " / " + count + " : 0");
  writer.close(4);
}

constexpr Emitter window_table[] = {
    {"conv2d", conv_numpy, conv_loops},
    {"conv2dInputGradient", nullptr, conv_back_loops},
    {"maxPool2d", max_numpy, pool_loops<false>},
    {"averagePool2d", average_numpy, pool_loops<true>},
};

}  // namespace

std::span<const Emitter> window_emitters() { return window_table; }

}  // namespace webai
