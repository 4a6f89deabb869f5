// Softmax, its logarithm, and the two cross-entropies that are computed from logits.
#include <cmath>

#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

/// Greatest value and sum of exp(x - greatest) over one line along the axis.
struct Line {
  double greatest, sum;
  double log_sum() const { return greatest + std::log(sum); }
};
Line line_of(const Operand& input, std::int64_t start, std::int64_t length, std::int64_t stride) {
  Line line{-std::numeric_limits<double>::infinity(), 0};
  for (std::int64_t i = 0; i < length; ++i) {
    const double value = input.load(start + i * stride);
    if (value > line.greatest || std::isnan(value)) line.greatest = value;
  }
  for (std::int64_t i = 0; i < length; ++i) line.sum += std::exp(input.load(start + i * stride) - line.greatest);
  return line;
}

/// Writes finish(x, line) for each element, line by line along the axis.
template <class Finish> void by_line(const KernelContext& context, Finish&& finish) {
  const Operand &input = context.inputs[0], &output = context.outputs[0];
  const AxisView view(input.shape, *axis_of(context.attributes.integer("axis"), input.shape.rank()));
  for (std::int64_t outer = 0; outer < view.outer; ++outer)
    for (std::int64_t inner = 0; inner < view.inner; ++inner) {
      const std::int64_t start = outer * view.length * view.inner + inner;
      const Line line = line_of(input, start, view.length, view.inner);
      for (std::int64_t i = 0; i < view.length; ++i) {
        const std::int64_t at = start + i * view.inner;
        output.store(at, finish(input.load(at), line));
      }
    }
}

OpDef softmax_like(std::string name, std::string doc, std::string formula) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.inputs = {{"input", "rank 1 or more"}};
  op.attributes = {{"axis", AttributeKind::integer, -1, "along which the results sum to 1, negative from the end"}};
  op.constraints = {{"C1", "the axis is inside the rank"}, {"C2", "the input is floating-point"}};
  op.shape = [](ShapeContext& context) {
    context.require(axis_of(context.attributes().integer("axis"), context.shape(0).rank()).has_value(), "C1",
                    "axis " + std::to_string(context.attributes().integer("axis")) + " is outside the rank");
    context.require_type(is_floating(context.type(0)), "C2", "the input is floating-point");
    context.output(context.type(0), context.shape(0));
  };
  op.activation = true;
  op.rows = [name = op.name](RowsContext& context) {
    const auto axis = static_cast<std::int64_t>(*axis_of(context.attributes.integer("axis"), context.shape(0).rank()));
    return std::vector<Ref>{context.builder.emit(name, {context.all(0)}, {{"axis", axis + 1}})};
  };
  op.samples = {
      {{{3, 5}}},
      {{{7}}},
      {{{1}}},
      {{{2, 3, 4}}, {{"axis", 1}}},
      {{{3, 5}}, {{"axis", 0}}},
      {{{0, 5}}},
      {{{5, 0}}},
      {{{3, 33}}, {}, {}, -50, 50},
  };
  return op;
}

Term sum_along(Term value, const Attributes& attributes) {
  return value.apply("reduceSum", {{"axes", Integers{attributes.integer("axis")}}, {"keepDimensions", true}});
}

OpDef softmax() {
  OpDef op = softmax_like("softmax", "Exponentials divided by their sum along an axis.",
                          "y = exp(x - max) / sum of exp(x - max)");
  op.reference = [](const KernelContext& context) {
    by_line(context, [](double x, const Line& line) { return std::exp(x - line.greatest) / line.sum; });
  };
  op.gradient = [](GradientContext& context) {
    const Term y(context.builder, context.outputs[0]), dy = gradient_term(context);
    return std::vector<Ref>{y * (dy - sum_along(y * dy, context.attributes))};
  };
  return op;
}

OpDef log_softmax() {
  OpDef op =
      softmax_like("logSoftmax", "Logarithm of softmax along an axis.", "y = x - max - log(sum of exp(x - max))");
  op.reference = [](const KernelContext& context) {
    by_line(context, [](double x, const Line& line) { return x - line.greatest - std::log(line.sum); });
  };
  op.gradient = [](GradientContext& context) {
    const Term y(context.builder, context.outputs[0]), dy = gradient_term(context);
    return std::vector<Ref>{dy - y.apply("exp") * sum_along(dy, context.attributes)};
  };
  return op;
}

// ---- softmaxCrossEntropy: logits [..., n]; target [..., n] of the same type, or labels [...] of an integer type

void cross_entropy_shape(ShapeContext& context) {
  const Shape &logits = context.shape(0), &target = context.shape(1);
  context.require(logits.rank() >= 1, "C1", "logits have one dimension or more");
  context.require_type(is_floating(context.type(0)), "C2", "logits are floating-point");
  const Shape samples = leading(logits, logits.rank() - 1);
  const bool labels = is_integer(context.type(1));
  context.require_type(labels || context.type(1) == context.type(0), "C3",
                       "target has the logits' type, or an integer type for labels");
  if (target != (labels ? samples : logits))
    context.require(false, "C4",
                    (labels ? "labels expect shape " + samples.text() : "target expects shape " + logits.text()) +
                        ", got " + target.text());
  context.output(context.type(0), samples);
  context.output(context.type(0), logits);
}

void cross_entropy_kernel(const KernelContext& context) {
  const Operand &logits = context.inputs[0], &target = context.inputs[1];
  const Operand &loss = context.outputs[0], &probability = context.outputs[1];
  const std::size_t last = logits.shape.rank() - 1;
  const std::int64_t classes = logits.shape[last], samples = logits.shape.elements(0, last);
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    const std::int64_t start = sample * classes;
    const Line line = line_of(logits, start, classes, 1);
    double result = 0;
    for (std::int64_t i = 0; i < classes; ++i) {
      const double x = logits.load(start + i);
      probability.store(start + i, std::exp(x - line.greatest) / line.sum);
      const double weight =
          is_integer(target.type) ? (load<std::int64_t>(target, sample) == i ? 1.0 : 0.0) : target.load(start + i);
      // A weight of zero adds nothing even where the probability is zero.
      if (weight != 0) result -= weight * (x - line.log_sum());
    }
    loss.store(sample, result);
  }
}

Term along_last(Term value) {
  return value.apply("reduceSum", {{"axes", Integers{-1}}, {"keepDimensions", true}});
}

std::vector<Ref> cross_entropy_gradient(GradientContext& context) {
  Builder& builder = context.builder;
  const Ref logits = context.inputs[0], target = context.inputs[1];
  const Term p(builder, context.outputs[1]);
  Term gradient, target_gradient;
  if (const Ref arriving = context.output_gradients[0]) {
    gradient = Term(builder, builder.emit("softmaxCrossEntropyGradient", {p, target, arriving}));
    const Shape shape = p.shape();
    const Term dy(builder, reshape_to(builder, arriving, shape.with(shape.rank() - 1, 1)));
    if (!is_integer(builder.dtype(target))) target_gradient = -dy * Term(builder, logits).apply("logSoftmax");
  }
  if (context.output_gradients[1]) {
    const Term dp(builder, context.output_gradients[1]);
    const Term through = p * (dp - along_last(p * dp));
    gradient = gradient ? gradient + through : through;
  }
  return {gradient, target_gradient};
}

OpDef softmax_cross_entropy_gradient() {
  OpDef op = operation("softmaxCrossEntropyGradient",
                       "The gradient of softmaxCrossEntropy's loss with respect to the logits.",
                       "dx = (probabilities * sum of target - target) * dy, sums along the last axis");
  op.inputs = {{"probabilities", "[..., n], softmaxCrossEntropy's second result"},
               {"target", "as for softmaxCrossEntropy"},
               {"lossGradient", "[...], one per sample"}};
  op.constraints = {{"C1", "probabilities have rank 1 or more"},
                    {"C2", "probabilities and the loss gradient are floating-point of one type"},
                    {"C3", "the target has their type, or an integer type"},
                    {"C4", "a dense target has the shape of the probabilities, "
                           "labels and loss gradient have it without the last axis"}};
  op.shape = [](ShapeContext& context) {
    const Shape& shape = context.shape(0);
    context.require(shape.rank() >= 1, "C1", "probabilities have one dimension or more");
    context.require_type(is_floating(context.type(0)) && context.type(2) == context.type(0), "C2",
                         "probabilities and the loss gradient are floating-point of one type");
    const Shape samples = leading(shape, shape.rank() - 1);
    const bool labels = is_integer(context.type(1));
    context.require_type(labels || context.type(1) == context.type(0), "C3",
                         "target has the probabilities' type, or an integer type for labels");
    context.require(context.shape(1) == (labels ? samples : shape) && context.shape(2) == samples, "C4",
                    "target and loss gradient do not fit the probabilities");
    context.output(context.type(0), shape);
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes&) {
    const Term p(builder, inputs[0]);
    const Shape shape = p.shape();
    const Term dy(builder, reshape_to(builder, inputs[2], shape.with(shape.rank() - 1, 1)));
    Term t(builder, inputs[1]);
    if (is_integer(t.dtype()))
      t = t.apply("oneHot", {{"depth", shape[shape.rank() - 1]}, {"type", std::string(name_of(p.dtype()))}});
    return std::vector<Ref>{(p * along_last(t) - t) * dy};
  };
  op.samples = {
      {{{3, 5}, {3, 5}, {3}}, {}, {}, 0.0, 1.0},
      {{{7}, {7}, {}}, {}, {}, 0.0, 1.0},
      {{{0, 5}, {0, 5}, {0}}},
      {{{5, 4}, {5}, {5}}, {}, {DType::fp32, DType::i32, DType::fp32}, 0.0, 3.99},
      {{{5, 4}, {5}, {5}}, {}, {DType::fp32, DType::i64, DType::fp32}, -1.99, 6.0},
  };
  return op;
}

OpDef softmax_cross_entropy() {
  OpDef op = operation(
      "softmaxCrossEntropy",
      "Cross-entropy of softmax(logits) against a target distribution or integer labels, one loss per sample. "
      "A label outside 0..n-1 stands for no target: its loss and gradient are zero.",
      "loss = -sum of target * logSoftmax(logits) along the last axis");
  op.inputs = {{"logits", "[..., n], before softmax"},
               {"target", "[..., n] of the same type, or integer labels [...]"}};
  op.output_names = {"loss", "probabilities"};
  op.constraints = {{"C1", "logits have rank 1 or more"},
                    {"C2", "logits are floating-point"},
                    {"C3", "the target has the logits' type, or an integer type"},
                    {"C4", "a dense target has the logits' shape, labels have it without the last axis"}};
  op.shape = cross_entropy_shape;
  op.reference = cross_entropy_kernel;
  op.gradient = cross_entropy_gradient;
  op.samples = {
      {{{3, 5}, {3, 5}}},
      {{{1, 1}, {1, 1}}},
      {{{7}, {7}}},
      {{{2, 3, 4}, {2, 3, 4}}, {}, {}, 0.0, 1.0},
      {{{0, 5}, {0, 5}}},
      {{{5, 4}, {5}}, {}, {DType::fp32, DType::i32}, 0.0, 3.99},
      {{{5, 4}, {5}}, {}, {DType::fp32, DType::i64}, -1.99, 6.0},
      {{{33, 10}, {33}}, {}, {DType::fp32, DType::u8}, 0.0, 9.99},
  };
  return op;
}

OpDef sigmoid_cross_entropy() {
  OpDef op = operation("sigmoidCrossEntropy",
                       "Binary cross-entropy of sigmoid(logits) against targets between 0 and 1, element by element.",
                       "y = softplus(x) - x * t = -(t * log(sigmoid(x)) + (1 - t) * log(1 - sigmoid(x)))");
  op.inputs = {{"logits", "before sigmoid"}, {"target", "the same shape and type"}};
  op.constraints = {{"C1", "logits and target are floating-point of one type"},
                    {"C2", "logits and target have one shape"}};
  op.shape = [](ShapeContext& context) {
    context.require_type(is_floating(context.type(0)) && context.type(0) == context.type(1), "C1",
                         "logits and target are floating-point of one type");
    context.require(context.shape(0) == context.shape(1), "C2", "logits and target have one shape");
    context.output(context.type(0), context.shape(0));
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes&) {
    const Term x(builder, inputs[0]), t(builder, inputs[1]);
    return std::vector<Ref>{x.apply("softplus") - x * t};
  };
  op.samples = {{{{3, 5}, {3, 5}}}, {{{0}, {0}}}, {{{33}, {33}}, {}, {}, -30, 30}, {{Shape{}, Shape{}}}};
  return op;
}

}  // namespace

void add_softmax(Registry& registry) {
  registry.add(softmax());
  registry.add(log_softmax());
  registry.add_alias("log-softmax", "logSoftmax");
  registry.add(softmax_cross_entropy());
  registry.add(softmax_cross_entropy_gradient());
  registry.add(sigmoid_cross_entropy());
}

}  // namespace webai
