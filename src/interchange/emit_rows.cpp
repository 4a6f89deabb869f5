// Products, reductions, softmax, positions of extremes, running sums.
#include <cmath>

#include "core/ops/support.h"
#include "interchange/writer.h"

namespace webai {

std::size_t axis_of(const Node& node, const Shape& shape) {
  return *ops::axis_of(node.attributes.integer("axis"), shape.rank());
}

namespace {

using ops::AxisView;
using ops::Integers;

bool flag(const Node& node, std::string_view name) { return node.attributes.boolean(name); }

// ---- matmul

Text matmul_numpy(NumpyWriter& writer, const Node& node) {
  const auto operand = [&](std::size_t index, std::string_view transposed) {
    const Text text = writer.input(node, index);
    return flag(node, transposed) ? Text{text.at(3) + ".swapaxes(-1, -2)"} : text;
  };
  return {operand(0, "transposeA").at(2) + " @ " + operand(1, "transposeB").at(3), 2};
}

void matmul_loops(LoopWriter& writer, const Node& node) {
  const Shape &a = writer.input_shape(node, 0), &b = writer.input_shape(node, 1), &y = writer.output_shape(node);
  const std::size_t rank = y.rank();
  const bool a_turned = flag(node, "transposeA"), b_turned = flag(node, "transposeB");
  const std::int64_t rows = y[rank - 2], columns = y[rank - 1], length = a[a.rank() - (a_turned ? 2 : 1)];
  const Shape stack = ops::leading(y, rank - 2);
  const auto a_stack = broadcast_strides(ops::leading(a, a.rank() - 2), stack);
  const auto b_stack = broadcast_strides(ops::leading(b, b.rank() - 2), stack);
  std::vector<std::string> outer = writer.loops(stack);
  const std::string i = writer.loop("r", rows), j = writer.loop("c", columns);
  const std::string sum = writer.variable("sum", writer.words().number(0).text), k = writer.loop("k", length);
  Index at_a, at_b;
  for (std::size_t axis = 0; axis < outer.size(); ++axis) {
    at_a.add(outer[axis], a_stack[axis] * rows * length);
    at_b.add(outer[axis], b_stack[axis] * length * columns);
  }
  at_a.add(i, a_turned ? 1 : length).add(k, a_turned ? rows : 1);
  at_b.add(k, b_turned ? 1 : columns).add(j, b_turned ? length : 1);
  writer.line(sum + " += " + writer.read(node, 0, at_a).at(2) + " * " + writer.read(node, 1, at_b).at(2) + ";");
  writer.close();
  outer.insert(outer.end(), {i, j});
  writer.write(node, writer.row_major(y, outer), sum);
  writer.close(rank);
}

// ---- reductions

Text reduced_numpy(NumpyWriter& writer, const Node& node, const char* function) {
  const Integers& axes = node.attributes.integers("axes");
  return {"np." + std::string(function) + "(" + writer.input(node, 0).text + ", " +
          (axes.empty() ? "None" : NumpyWriter::tuple(axes)) +
          (flag(node, "keepDimensions") ? ", keepdims=True)" : ")")};
}

/// `begin` and `step` of an accumulator; `end` of its result.
template <class Step, class End>
void reduce_loops(LoopWriter& writer, const Node& node, const std::string& begin, Step step, End end) {
  const Shape& x = writer.input_shape(node, 0);
  const std::uint32_t axes = *ops::axes_of(node.attributes.integers("axes"), x.rank());
  const auto strides = strides_of(x);
  std::vector<std::int64_t> kept;
  Index from;
  std::vector<std::string> outer;
  for (std::size_t axis = 0; axis < x.rank(); ++axis)
    if (!ops::in(axes, axis)) {
      kept.push_back(x[axis]);
      outer.push_back(writer.loop("i", x[axis]));
      from.add(outer.back(), strides[axis]);
    }
  const std::string total = writer.variable("total", begin);
  std::int64_t count = 1;
  std::size_t inner = 0;
  for (std::size_t axis = 0; axis < x.rank(); ++axis)
    if (ops::in(axes, axis)) {
      from.add(writer.loop("k", x[axis]), strides[axis]);
      count *= x[axis];
      ++inner;
    }
  step(total, writer.read(node, 0, from));
  writer.close(inner);
  writer.write(node, writer.row_major(Shape(kept), outer), end(total, count));
  writer.close(outer.size());
}

const auto as_it_is = [](const std::string& total, std::int64_t) { return Text{total}; };

void sum_loops(LoopWriter& writer, const Node& node) {
  reduce_loops(
      writer, node, writer.words().number(0).text,
      [&](const std::string& total, const Text& x) { writer.line(total + " += " + x.text + ";"); }, as_it_is);
}
void mean_loops(LoopWriter& writer, const Node& node) {
  reduce_loops(
      writer, node, writer.words().number(0).text,
      [&](const std::string& total, const Text& x) { writer.line(total + " += " + x.text + ";"); },
      [&](const std::string& total, std::int64_t count) {
        return Text{total + " / " + writer.words().number(static_cast<double>(count)).text, 2};
      });
}
void product_loops(LoopWriter& writer, const Node& node) {
  reduce_loops(
      writer, node, writer.words().number(1).text,
      [&](const std::string& total, const Text& x) { writer.line(total + " *= " + x.at(1) + ";"); }, as_it_is);
}
template <bool greatest> void extreme_loops(LoopWriter& writer, const Node& node) {
  reduce_loops(
      writer, node, writer.words().number(greatest ? -HUGE_VAL : HUGE_VAL).text,
      [&](const std::string& total, const Text& x) {
        writer.line("if (!(" + x.at(1) + (greatest ? " <= " : " >= ") + total + ")) " + total + " = " + x.text + ";");
      },
      as_it_is);
}

// ---- softmax

template <bool logarithm> Text softmax_numpy(NumpyWriter& writer, const Node& node) {
  return writer.words().call(logarithm ? "log_softmax" : "softmax",
                             {writer.input(node, 0).text, std::to_string(node.attributes.integer("axis"))});
}

template <bool logarithm> void softmax_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const AxisView view(x, axis_of(node, x));
  Words& words = writer.words();
  const std::string o = writer.loop("o", view.outer), n = writer.loop("n", view.inner);
  const auto place = [&](const std::string& i) {
    Index index;
    return index.add(o, view.length * view.inner).add(i, view.inner).add(n, 1);
  };
  const std::string largest = writer.variable("largest", words.number(-HUGE_VAL).text);
  const std::string sum = writer.variable("sum", words.number(0).text);
  const auto over = [&](const auto& body) {
    const std::string i = writer.loop("i", view.length);
    body(place(i));
    writer.close();
  };
  const auto less = [&](const Index& at) {
    return words.call("exp", {writer.read(node, 0, at).at(1) + " - " + largest});
  };
  over([&](const Index& at) {
    const std::string value = writer.read(node, 0, at).text;
    writer.line("if (" + value + " > " + largest + ") " + largest + " = " + value + ";");
  });
  over([&](const Index& at) { writer.line(sum + " += " + less(at).text + ";"); });
  over([&](const Index& at) {
    if (logarithm)
      writer.write(node, at,
                   Text{writer.read(node, 0, at).at(1) + " - " + largest + " - " + words.call("log", {sum}).text, 1});
    else
      writer.write(node, at, Text{less(at).text + " / " + sum, 2});
  });
  writer.close(2);
}

// ---- positions of extremes

template <bool greatest> Text position_numpy(NumpyWriter& writer, const Node& node) {
  return {std::string(greatest ? "np.argmax(" : "np.argmin(") + writer.input(node, 0).text + ", " +
          std::to_string(node.attributes.integer("axis")) + ").reshape(" +
          NumpyWriter::tuple(writer.shape(node.outputs[0])) + ")"};
}

template <bool greatest> void position_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const AxisView view(x, axis_of(node, x));
  const std::string o = writer.loop("o", view.outer), n = writer.loop("n", view.inner);
  const std::string best = writer.variable("best", writer.words().number(0).text);
  const std::string found =
      writer.variable("found", writer.read(node, 0, Index().add(o, view.length * view.inner).add(n, 1)).text);
  const std::string i = writer.loop("i", view.length);
  const std::string value =
      writer.read(node, 0, Index().add(o, view.length * view.inner).add(i, view.inner).add(n, 1)).text;
  writer.when(value + (greatest ? " > " : " < ") + found);
  writer.line(found + " = " + value + ";");
  writer.line(best + " = " + (view.length == 1 ? "0" : i) + ";");
  writer.close(2);
  writer.write(node, Index().add(o, view.inner).add(n, 1), best);
  writer.close(2);
}

// ---- running sums

Text running_numpy(NumpyWriter& writer, const Node& node) {
  const std::string axis = std::to_string(node.attributes.integer("axis"));
  const Text x = writer.input(node, 0);
  const bool turned = flag(node, "reversed");
  const std::string given = turned ? "np.flip(" + x.text + ", " + axis + ")" : x.text;
  std::string sum = "np.cumsum(" + given + ", " + axis + ")";
  if (flag(node, "exclusive")) sum += " - " + given;
  return turned ? Text{"np.flip(" + sum + ", " + axis + ")"} : Text{sum, flag(node, "exclusive") ? 1 : 3};
}

void running_loops(LoopWriter& writer, const Node& node) {
  const Shape& x = writer.input_shape(node, 0);
  const AxisView view(x, axis_of(node, x));
  const std::string o = writer.loop("o", view.outer), n = writer.loop("n", view.inner);
  const std::string sum = writer.variable("sum", writer.words().number(0).text), i = writer.loop("i", view.length);
  Index at;
  at.add(o, view.length * view.inner).add(n, 1);
  if (flag(node, "reversed")) {
    at.offset = (view.length - 1) * view.inner;
    at.add(i, -view.inner);
  } else {
    at.add(i, view.inner);
  }
  const std::string add = sum + " += " + writer.read(node, 0, at).text + ";";
  if (!flag(node, "exclusive")) writer.line(add);
  if (flag(node, "exclusive")) {
    const std::string value = writer.variable("value", writer.read(node, 0, at).text);  // the place may be written over
    writer.write(node, at, sum);
    writer.line(sum + " += " + value + ";");
  } else {
    writer.write(node, at, sum);
  }
  writer.close(3);
}

constexpr Emitter row_table[] = {
    {"matmul", matmul_numpy, matmul_loops},
    {"reduceSum", [](NumpyWriter& w, const Node& n) { return reduced_numpy(w, n, "sum"); }, sum_loops},
    {"reduceMean", [](NumpyWriter& w, const Node& n) { return reduced_numpy(w, n, "mean"); }, mean_loops},
    {"reduceProduct", [](NumpyWriter& w, const Node& n) { return reduced_numpy(w, n, "prod"); }, product_loops},
    {"reduceMax", [](NumpyWriter& w, const Node& n) { return reduced_numpy(w, n, "max"); }, extreme_loops<true>},
    {"reduceMin", [](NumpyWriter& w, const Node& n) { return reduced_numpy(w, n, "min"); }, extreme_loops<false>},
    {"softmax", softmax_numpy<false>, softmax_loops<false>},
    {"logSoftmax", softmax_numpy<true>, softmax_loops<true>},
    {"argMax", position_numpy<true>, position_loops<true>},
    {"argMin", position_numpy<false>, position_loops<false>},
    {"cumulativeSum", running_numpy, running_loops},
};

}  // namespace

std::span<const Emitter> row_emitters() { return row_table; }

}  // namespace webai
