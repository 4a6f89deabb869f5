#include "training/measure.h"

#include <array>
#include <cmath>
#include <string>

#include "core/base/names.h"
#include "core/op/op_def.h"
#include "core/op/term.h"
#include "webai/error.hpp"

namespace webai {
namespace {

struct Named {
  std::string_view name;
  Measure measure;
  bool bounded;
};
constexpr std::array<Named, 10> measures = {{{"mean-square", Measure::mean_square, true},
                                             {"root-mean-square", Measure::root_mean_square, true},
                                             {"mean-absolute", Measure::mean_absolute, true},
                                             {"cross-entropy", Measure::cross_entropy, false},
                                             {"binary-cross-entropy", Measure::binary_cross_entropy, false},
                                             {"huber", Measure::huber, false},
                                             {"hinge", Measure::hinge, false},
                                             {"misclassification", Measure::misclassification, true},
                                             {"kl", Measure::kl, false},
                                             {"cosine", Measure::cosine, false}}};

Term flat(Term value) {
  const std::int64_t batch = value.shape()[0];
  const std::int64_t rest = value.shape().elements(1, value.shape().rank());
  if (value.shape().rank() == 2) return value;
  return value.apply("reshape", {{"shape", std::vector<std::int64_t>{batch, rest}}});
}

Term sum(Term value) { return value.apply("reduceSum"); }
Term last_sum(Term value) { return value.apply("reduceSum", {{"axes", std::vector<std::int64_t>{-1}}}); }
Term square(Term value) { return value * value; }
Term scaled(Term value, double factor) { return factor == 1 ? value : value * factor; }
Term cast(Term value, DType type) { return value.apply("cast", {{"type", std::string(name_of(type))}}); }

// 1 / |row| of [batch, n]; rows of (nearly) no length have none and count as at right angles to everything.
Term reciprocal_length(Term rows) {
  const Term squares = last_sum(square(rows));
  return squares.apply("max", squares.number(1e-12)).apply("rsqrt");
}

// The input of the operator that made `output`, when that operator is `name`.
Ref before(const Builder& builder, Ref output, std::string_view name) {
  const Graph& graph = builder.graph();
  const NodeId producer = graph.value(output.id).producer;
  if (producer < 0 || graph.node(producer).op->name != name) return {};
  return {graph.node(producer).inputs[0]};
}

[[noreturn]] void wrong_last(const Builder& builder, Ref output, std::string_view measure, std::string_view wanted) {
  const Graph& graph = builder.graph();
  NodeId producer = graph.value(output.id).producer;
  while (producer >= 0 && definition(graph.node(producer)).view) producer = graph.value(graph.node(producer).inputs[0]).producer;
  const bool parts = producer >= 0 && graph.node(producer).op->name == "concat";
  ErrorDetails details;
  details.message = std::string(measure) + " takes the outputs as probabilities";
  details.reason = "LAST_ACTIVATION";
  details.expected = "a last layer with activation \"" + std::string(wanted) + "\"";
  const OpDef* const last = producer < 0 ? nullptr : &definition(graph.node(producer));
  details.actual = parts ? "several parts joined" : last && last->activation ? last->name : last && last->loop ? "another" : "none";
  details.path = producer < 0 ? "" : graph.node(producer).path;
  if (last && last->name == wanted) {  // only its shape was changed behind it
    details.actual = "\"" + std::string(wanted) + "\", and another shape given to its values behind it";
    details.hint = "let \"" + std::string(wanted) + "\" come last: give its layer the shape, or leave the flatten or reshape out";
    throw Error(Code::invalid_argument, std::move(details));
  }
  details.hint = parts ? "one layer without pipes gives them all, or take mean-square"
                       : "add \"activation\": \"" + std::string(wanted) + "\" to the last layer";
  throw Error(Code::invalid_argument, std::move(details));
}

// 1 for each sample whose largest output is at the target's class, else 0: [batch].
Term correct_samples(Term scores, Term target) {
  const Attributes last{{"axis", std::int64_t{-1}}};
  const Term guess = scores.apply("argMax", last);
  const Term truth = is_integer(target.dtype()) ? target : flat(target).apply("argMax", last);
  return cast(guess.apply("equal", truth), scores.dtype());
}

// With one output the classes are the sides of a half.
Term same_side(Term output, Term target) {
  const Term half = output.number(0.5);
  return cast(output.apply("greater", half).apply("equal", target.apply("greater", half)), output.dtype());
}

// Numbers of samples or of single outputs, [batch] or [batch, ...], with those of samples that do not count as zeros.
Term only(Term values, Ref judged) {
  if (!judged) return values;
  std::vector<std::int64_t> ones(values.shape().rank(), 1);
  ones[0] = values.shape()[0];
  return values * Term(values.builder(), judged).apply("reshape", {{"shape", std::move(ones)}});
}

// Losses times the weight of their sample's class: of the label, of the mixture that a dense target is, or of the sides
// 0 and 1 of a single output.
Term weighted(Term losses, Term target, std::span<const double> weights) {
  Builder& builder = losses.builder();
  const std::int64_t batch = losses.shape()[0];
  const auto column = [batch](Term value) {
    return value.apply("reshape", {{"shape", std::vector<std::int64_t>{batch, 1}}});
  };
  Term of_sample;
  if (!is_integer(target.dtype()) && flat(target).shape()[1] == 1) {
    of_sample = flat(target) * (weights[1] - weights[0]) + weights[0];
  } else {
    const std::int64_t classes = static_cast<std::int64_t>(weights.size());
    const Term all(builder, builder.constant(Tensor::from(builder.context(), losses.dtype(), Shape{classes}, weights)));
    const Term shares = is_integer(target.dtype())
                            ? target.apply("oneHot", {{"depth", classes}, {"type", std::string(name_of(losses.dtype()))}})
                            : flat(target);
    of_sample = column(last_sum(shares * all));
  }
  return (losses.shape().rank() == 1 ? column(losses) : flat(losses)) * of_sample;
}

}  // namespace

Measure measure_from_name(std::string_view name) {
  std::string known;
  std::vector<std::string_view> names;
  for (const Named& entry : measures) {
    if (entry.name == name) return entry.measure;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
    names.push_back(entry.name);
  }
  throw Error(Code::invalid_argument,
              {.message = "there is no error measure \"" + std::string(name) + "\"", .reason = "ERROR_MEASURE",
               .path = "errorMeasureType", .expected = "one of " + known,
               .actual = "\"" + std::string(name) + "\"",
               .hint = did_you_mean(name, names, "take one of those, or leave it out")});
}

std::string_view name_of(Measure measure) { return measures[static_cast<std::size_t>(measure)].name; }
bool is_bounded(Measure measure) { return measures[static_cast<std::size_t>(measure)].bounded; }
bool takes_labels(Measure measure) { return measure == Measure::cross_entropy; }
double reported(Measure measure, double mean) {
  return measure == Measure::root_mean_square ? std::sqrt(mean) : mean;
}

MeasureRefs append_measure(Builder& builder, Ref output, Ref target, Measure measure, bool counting,
                           std::span<const double> class_weights, Ref judged) {
  const Term y(builder, output), t(builder, target);
  const double batch = static_cast<double>(y.shape()[0]);
  const double outputs = static_cast<double>(y.shape().elements(1, y.shape().rank()));
  Term scores = flat(y);
  // Losses of samples [batch] or of single outputs [batch, ...], and what their sum is multiplied with.
  Term losses;
  double error_scale = 1 / outputs, loss_scale = 1;
  switch (measure) {
    case Measure::mean_square:
    case Measure::root_mean_square:  // the root is taken of the reported mean alone
      // One sample's loss is half the sum of squares (brain.js's delta), its reported error their mean.
      losses = square(y - t);
      loss_scale = 0.5;
      break;
    case Measure::mean_absolute:
      losses = (y - t).apply("abs");
      break;
    case Measure::huber: {
      // A square up to a distance of 1, a straight line from there on: q (a - q / 2) with q = min(a, 1).
      const Term a = (y - t).apply("abs"), q = a.apply("min", a.number(1));
      losses = q * (a - q * 0.5);
      break;
    }
    case Measure::hinge: {
      // The wanted sign is + for targets above 0, so that 0 and 1 do as well as -1 and 1.
      const Term sign = cast(t.apply("greater", t.number(0)), t.dtype()) * 2.0 - 1.0;
      losses = (1.0 - sign * y).apply("relu");
      break;
    }
    case Measure::cross_entropy:
    case Measure::kl: {
      const Ref logits = before(builder, output, "softmax");
      if (!logits) wrong_last(builder, output, name_of(measure), "softmax");
      scores = Term(builder, logits);
      losses = scores.apply("softmaxCrossEntropy", t);
      // Less the target's own entropy; what has no share (0) adds nothing.
      if (measure == Measure::kl) losses = losses + last_sum(t * t.apply("max", t.number(1e-37)).apply("log"));
      error_scale = 1;
      break;
    }
    case Measure::binary_cross_entropy: {
      const Ref logits = before(builder, output, "sigmoid");
      if (!logits) wrong_last(builder, output, "binary-cross-entropy", "sigmoid");
      // softplus(z) - z t = -(t log p + (1 - t) log(1 - p)) for p = sigmoid(z), without overflow.
      const Term z(builder, logits);
      losses = z.apply("softplus") - z * t;
      break;
    }
    case Measure::cosine: {
      const Term a = flat(y), b = flat(t);
      losses = 1.0 - last_sum(a * b) * reciprocal_length(a) * reciprocal_length(b);
      error_scale = 1;
      break;
    }
    case Measure::misclassification: {
      MeasureRefs result;
      const Term correct = sum(only(outputs > 1 ? correct_samples(scores, t) : same_side(y, t), judged));
      result.error = (judged ? sum(Term(builder, judged)) : y.number(batch)) - correct;
      if (counting && outputs > 1) result.correct = correct;
      return result;
    }
  }
  MeasureRefs result;
  const Term total = sum(only(losses, judged));
  result.error = scaled(total, error_scale);
  const Term weighed = class_weights.empty() ? total : sum(only(weighted(losses, t, class_weights), judged));
  if (judged) {
    const Term count = sum(Term(builder, judged));
    result.loss = scaled(weighed, loss_scale) / count.apply("max", count.number(1));
  } else {
    result.loss = weighed * (loss_scale / batch);
  }
  if (counting && scores.shape()[1] > 1) result.correct = sum(only(correct_samples(scores, t), judged));
  return result;
}

}  // namespace webai
