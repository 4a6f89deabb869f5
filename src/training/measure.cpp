#include "training/measure.h"

#include <array>
#include <cmath>
#include <string>

#include "core/base/names.h"
#include "core/op/term.h"
#include "webai/error.hpp"

namespace webai {
namespace {

struct Named {
  std::string_view name;
  Measure measure;
  bool bounded;
};
constexpr std::array<Named, 5> measures = {{{"mean-square", Measure::mean_square, true},
                                            {"root-mean-square", Measure::root_mean_square, true},
                                            {"mean-absolute", Measure::mean_absolute, true},
                                            {"cross-entropy", Measure::cross_entropy, false},
                                            {"binary-cross-entropy", Measure::binary_cross_entropy, false}}};

Term flat(Term value) {
  const std::int64_t batch = value.shape()[0];
  const std::int64_t rest = value.shape().elements(1, value.shape().rank());
  if (value.shape().rank() == 2) return value;
  return value.apply("reshape", {{"shape", std::vector<std::int64_t>{batch, rest}}});
}

Term sum(Term value) { return value.apply("reduceSum"); }

// The input of the operator that made `output`, when that operator is `name`.
Ref before(const Builder& builder, Ref output, std::string_view name) {
  const Graph& graph = builder.graph();
  const NodeId producer = graph.value(output.id).producer;
  if (producer < 0 || graph.node(producer).op->name != name) return {};
  return {graph.node(producer).inputs[0]};
}

[[noreturn]] void wrong_last(const Builder& builder, Ref output, std::string_view measure, std::string_view wanted) {
  const Graph& graph = builder.graph();
  const NodeId producer = graph.value(output.id).producer;
  ErrorDetails details;
  details.message = std::string(measure) + " takes the outputs as probabilities";
  details.reason = "LAST_ACTIVATION";
  details.expected = "a last layer with activation \"" + std::string(wanted) + "\"";
  details.actual = producer < 0 ? "none" : graph.node(producer).op->name;
  details.path = producer < 0 ? "" : graph.node(producer).path;
  details.hint = "add \"activation\": \"" + std::string(wanted) + "\" to the last layer";
  throw Error(Code::invalid_argument, std::move(details));
}

Term count_correct(Term scores, Term target) {
  const Attributes last{{"axis", std::int64_t{-1}}};
  const Term guess = scores.apply("argMax", last);
  const Term truth = is_integer(target.dtype()) ? target : flat(target).apply("argMax", last);
  return sum(guess.apply("equal", truth).apply("cast", {{"type", std::string(name_of(scores.dtype()))}}));
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
  const std::string near = nearest_name(name, names);
  throw Error(Code::invalid_argument,
              {.message = "there is no error measure \"" + std::string(name) + "\"", .reason = "ERROR_MEASURE",
               .path = "errorMeasureType", .expected = "one of " + known,
               .hint = near.empty() ? "" : "did you mean \"" + near + "\"?"});
}

bool is_bounded(Measure measure) { return measures[static_cast<std::size_t>(measure)].bounded; }
bool takes_labels(Measure measure) { return measure == Measure::cross_entropy; }
double reported(Measure measure, double mean) {
  return measure == Measure::root_mean_square ? std::sqrt(mean) : mean;
}

MeasureRefs append_measure(Builder& builder, Ref output, Ref target, Measure measure, bool counting) {
  const Term y(builder, output), t(builder, target);
  const double batch = static_cast<double>(y.shape()[0]);
  const double outputs = static_cast<double>(y.shape().elements(1, y.shape().rank()));
  MeasureRefs result;
  Term scores = flat(y);
  if (measure == Measure::cross_entropy) {
    const Ref logits = before(builder, output, "softmax");
    if (!logits) wrong_last(builder, output, "cross-entropy", "softmax");
    scores = Term(builder, logits);
    const Term loss = scores.apply("softmaxCrossEntropy", t);
    result.error = sum(loss);
  } else if (measure == Measure::binary_cross_entropy) {
    const Ref logits = before(builder, output, "sigmoid");
    if (!logits) wrong_last(builder, output, "binary-cross-entropy", "sigmoid");
    // softplus(z) - z t = -(t log p + (1 - t) log(1 - p)) for p = sigmoid(z), without overflow.
    const Term z(builder, logits);
    result.error = sum(z.apply("softplus") - z * t) * (1.0 / outputs);
    result.loss = sum(z.apply("softplus") - z * t) * (1.0 / batch);
  } else if (measure == Measure::mean_absolute) {
    const Term distance = sum((y - t).apply("abs"));
    result.error = distance * (1.0 / outputs);
    result.loss = distance * (1.0 / batch);
  } else {
    // One sample's loss is half the sum of squares (brain.js's delta), its reported error their mean.
    const Term difference = y - t;
    const Term squares = sum(difference * difference);
    result.error = squares * (1.0 / outputs);
    result.loss = squares * (0.5 / batch);
  }
  if (!result.loss) result.loss = Term(builder, result.error) * (1.0 / batch);
  if (counting && scores.shape()[1] > 1) result.correct = count_correct(scores, t);
  return result;
}

}  // namespace webai
