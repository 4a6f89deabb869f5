// Each step in the words of elementwise operators; a step that changes nothing leaves no node.
#include "core/model/io_graph.h"

#include <algorithm>
#include <cmath>

#include "core/model/io_image.h"
#include "core/op/term.h"
#include "webai/error.hpp"

namespace webai {
namespace {

Term clipped(Term x, std::optional<double> low, std::optional<double> high) {
  Attributes bounds;
  if (low) bounds.set("min", *low);
  if (high) bounds.set("max", *high);
  return x.apply("clip", std::move(bounds));
}

Term rescaled(Term x, const IoStep& step) {
  if (step.from[0] != 0) x = x - step.from[0];
  if (step.from[1] - step.from[0] != 1) x = x / (step.from[1] - step.from[0]);
  if (step.to[1] - step.to[0] != 1) x = x * (step.to[1] - step.to[0]);
  if (step.to[0] != 0) x = x + step.to[0];
  if (step.clamp) x = clipped(x, std::min(step.to[0], step.to[1]), std::max(step.to[0], step.to[1]));
  return x;
}

// One number for all, or one for each element of the last dimension.
Term spread(Term x, const std::vector<double>& values, const IoStep& step) {
  if (values.size() == 1) return x.number(values[0]);
  const Dimension last = x.shape().dim(x.shape().rank() - 1);
  if (last != Dimension(static_cast<std::int64_t>(values.size())))
    throw Error(Code::shape_mismatch,
                {.message = "\"" + step.type + "\" has " + std::to_string(values.size()) +
                            " numbers for inputs whose last dimension is " +
                            (last.is_symbol() ? std::string("open") : std::to_string(last.value())),
                 .reason = "IO_SIZE",
                 .path = step.path,
                 .hint = "one number for all, or one for each place of the last dimension"});
  Builder& builder = x.builder();
  return {builder, builder.constant(Tensor::from(builder.context(), x.dtype(), Shape{last}, values))};
}

// Numbers of tokens arrive in the model's type: a narrow one cannot tell large ones apart.
void check_countable(Term x, const IoStep& step) {
  const double most = x.dtype() == DType::fp16 ? 2048 : x.dtype() == DType::bf16 ? 256 : x.dtype() == DType::fp32 ? 16777216 : 9007199254740992;
  const double count = step.type == "bits" ? std::ldexp(1.0, static_cast<int>(step.width)) : static_cast<double>(step.lookup->size());
  if (count <= most) return;
  throw Error(Code::invalid_model, {.message = std::string(name_of(x.dtype())) + " cannot count so far",
                                    .reason = "IO_RANGE",
                                    .path = step.path,
                                    .expected = "at most " + std::to_string(static_cast<std::int64_t>(most)),
                                    .actual = std::to_string(static_cast<std::int64_t>(count)),
                                    .hint = "a wider \"dataType\""});
}

// One row of the last dimension for each number: [..., n] -> [..., n, width], then under the size of the input.
Term widened(Term x, const IoStep& step, const Shape& dims) {
  Builder& builder = x.builder();
  Term wide;
  if (step.type == "bits") {
    std::vector<double> places;
    for (std::int64_t bit = step.width - 1; bit >= 0; --bit) places.push_back(std::ldexp(1.0, static_cast<int>(bit)));
    std::vector<std::int64_t> column;
    const Shape row = x.shape().without(0);
    for (const Dimension dim : row.dims()) column.push_back(dim.value());
    column.insert(column.begin(), -1);
    column.push_back(1);
    const Term places_of_bits(builder, builder.constant(Tensor::from(builder.context(), x.dtype(), Shape{step.width}, places)));
    const Term shifted = (x.apply("reshape", {{"shape", column}}) / places_of_bits).apply("floor");
    wide = shifted - (shifted / 2.0).apply("floor") * 2.0;
  } else {
    wide = x.apply("cast", {{"type", "i32"}}).apply("oneHot", {{"depth", step.width}, {"type", std::string(name_of(x.dtype()))}});
  }
  if (wide.shape().without(0) == dims) return wide;
  std::vector<std::int64_t> lengths = {-1};
  for (const Dimension dim : dims.dims()) lengths.push_back(dim.value());
  return wide.apply("reshape", {{"shape", lengths}});
}

Term standardized(Term x, const std::string& name, const IoStep& step, std::vector<AutoNormalize>& learned) {
  const Dimension last = x.shape().dim(x.shape().rank() - 1);
  if (last.is_symbol())
    throw Error(Code::invalid_model, {.message = "\"auto\" needs an input whose last dimension is a number",
                                      .reason = "OPEN_SIZE",
                                      .path = step.path,
                                      .hint = "give the last size a number, or name the range: {\"type\": \"rescale-linear\", \"from\": [0, 255], \"to\": [0, 1]}"});
  Builder& builder = x.builder();
  AutoNormalize entry;
  entry.input = name;
  entry.shape = {last};
  entry.path = step.path;
  entry.mean = builder.graph().add_state(name + ".normalize.mean", {x.dtype(), entry.shape});
  entry.deviation = builder.graph().add_state(name + ".normalize.std", {x.dtype(), entry.shape});
  learned.push_back(entry);
  // As "standardize" does, which exports write instead: to the same bits.
  return (x - Term(builder, {entry.mean})) / Term(builder, {entry.deviation});
}

}  // namespace

Ref emit_normalize(Builder& builder, const IoRules& rules, const std::string& name, Ref input, const Shape& dims,
                   std::vector<AutoNormalize>& learned) {
  Term x(builder, input);
  const std::string place = builder.path();
  for (const IoStep& step : rules.normalize) {
    builder.set_path(step.path);
    if (step.image) {
      x = pictured(x, step, dims);
      if (step.mean != std::vector<double>{0}) x = x - spread(x, step.mean, step);
      if (step.deviation != std::vector<double>{1}) x = x / spread(x, step.deviation, step);
    } else if (step.width > 0 || step.lookup) {
      check_countable(x, step);
      if (step.width > 0) x = widened(x, step, dims);
    } else if (step.type == "rescale-linear")
      x = rescaled(x, step);
    else if (step.type == "standardize")
      x = (x - spread(x, step.mean, step)) / spread(x, step.deviation, step);
    else if (step.type == "log")
      x = (step.offset == 0 ? x : x + step.offset).apply("log");
    else if (step.type == "clip")
      x = clipped(x, step.low, step.high);
    else if (step.type == "round")
      x = x.apply("round");
    else if (step.type == "auto")
      x = standardized(x, name, step, learned);
    else
      throw Error(Code::invalid_model, {.message = "\"" + step.type + "\" is no step of inputs: it makes a text of numbers",
                                        .reason = "IO_TYPE",
                                        .path = step.path,
                                        .hint = "put it into io.output"});
  }
  builder.set_path(place);
  return x.ref();
}

}  // namespace webai
