// Random numbers inside a graph, and dropout. A draw is a pure function of seed, id, step and position, so it is the
// same on every device and for any number of threads; the step is an input that the training loop counts up.
#include <cmath>

#include "core/base/random.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

std::vector<AttributeSpec> stream_attributes() {
  return {{"seed", AttributeKind::integer, 0, "which family of streams"},
          {"id", AttributeKind::integer, 0, "which stream of the family: another one for each node"}};
}

/// Calls draw(stream, index into the stream) for each element and stores the result. A step has `each` numbers of the
/// stream; 0: as many as there are elements.
template <class Draw> void draw_all(const KernelContext& context, Draw&& draw, std::int64_t each = 0) {
  const Operand& output = context.outputs[0];
  const RandomStream stream(static_cast<std::uint64_t>(context.attributes.integer("seed")),
                            static_cast<std::uint64_t>(context.attributes.integer("id")));
  const std::int64_t elements = output.shape.elements();
  if (elements == 0) return;
  const std::uint64_t first = load<std::uint64_t>(context.inputs[0], 0) * static_cast<std::uint64_t>(each > 0 ? each : elements);
  for (std::int64_t i = 0; i < elements; ++i) output.store(i, draw(stream, first + static_cast<std::uint64_t>(i)));
}

OpDef random_operator(std::string name, std::string doc, std::string formula) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.inputs = {{"step", "one integer: each step draws anew", InputSpec::required, InputSpec::indices}};
  op.attributes = stream_attributes();
  op.attributes.push_back({"shape", AttributeKind::integers, std::nullopt, "shape of the result"});
  op.attributes.push_back({"type", AttributeKind::text, "fp32", "floating-point type of the result"});
  op.constraints = {{"C1", "the step is a single integer"},
                    {"C2", "shape holds lengths of 0 or more"},
                    {"C3", "type names a floating-point type"}};
  op.shape = [](ShapeContext& context) {
    context.require(is_integer(context.type(0)) && context.shape(0) == Shape{}, "C1", "the step is a single integer");
    const Integers& wanted = context.attributes().integers("shape");
    context.require(std::all_of(wanted.begin(), wanted.end(),
                                [](std::int64_t length) { return length >= 0 && length <= largest_length; }),
                    "C2", "shape holds lengths of 0 or more");
    const auto type = dtype_from_name(context.attributes().text("type"));
    context.require_type(type && is_floating(*type), "C3",
                         "\"" + context.attributes().text("type") + "\" is no floating-point type");
    context.output(*type, Shape(std::span<const std::int64_t>(wanted)));
  };
  op.not_differentiable = "a draw does not depend on its input smoothly";
  op.random = true;
  const auto draws = [](Integers shape, std::int64_t seed = 0) {
    return Attributes{{"shape", shape}, {"seed", seed}, {"id", 3}};
  };
  op.samples = {
      {{Shape{}}, draws({3, 5}), {DType::u32}, 0, 9},
      {{Shape{}}, draws({257}, 42), {DType::i64}, 0, 9},
      {{Shape{}}, draws({}), {DType::u32}, 0, 9},
      {{Shape{}}, draws({0, 3}), {DType::u32}, 0, 9},
  };
  return op;
}

OpDef random_uniform() {
  OpDef op =
      random_operator("randomUniform", "Uniform random numbers between two bounds. Bits are the same on every device.",
                      "y[i] = low + (high - low) * u with u = uniform(seed, id, step * elements + i) in [0, 1)");
  op.attributes.push_back({"low", AttributeKind::number, 0.0, "lower bound, included"});
  op.attributes.push_back({"high", AttributeKind::number, 1.0, "upper bound, excluded but for rounding"});
  op.reference = [](const KernelContext& context) {
    const double low = context.attributes.number("low"), high = context.attributes.number("high");
    if (context.outputs[0].type == DType::fp64)
      return draw_all(context, [&](const RandomStream& stream, std::uint64_t i) {
        return low + (high - low) * stream.uniform_double(i);
      });
    // In fp32 step by step, as devices compute it.
    const auto first = static_cast<float>(low), range = static_cast<float>(high) - first;
    draw_all(context, [&](const RandomStream& stream, std::uint64_t i) {
      const float product = range * stream.uniform(i);
      return static_cast<double>(first + product);
    });
  };
  op.samples.push_back(
      {{Shape{}}, {{"shape", Integers{9}}, {"low", -2.0}, {"high", 3.0}, {"type", "fp64"}}, {DType::u32}, 0, 9});
  return op;
}

OpDef random_normal() {
  OpDef op = random_operator("randomNormal", "Normally distributed random numbers.",
                             "y[i] = mean + deviation * normal(seed, id, step * (each > 0 ? each : elements) + i)");
  op.attributes.push_back({"mean", AttributeKind::number, 0.0, "mean of the distribution"});
  op.attributes.push_back({"deviation", AttributeKind::number, 1.0, "standard deviation"});
  op.attributes.push_back({"each", AttributeKind::integer, 0, "numbers that a step has; 0: as many as elements"});
  op.reference = [](const KernelContext& context) {
    const double mean = context.attributes.number("mean"), deviation = context.attributes.number("deviation");
    draw_all(context, [&](const RandomStream& stream, std::uint64_t i) { return mean + deviation * stream.normal(i); },
             context.attributes.integer("each"));
  };
  return op;
}

OpDef random_bernoulli() {
  OpDef op = random_operator("randomBernoulli",
                             "Ones with a given probability, else zeros. Bits are the same on every device.",
                             "y[i] = 1 if uniform(seed, id, step * elements + i) < probability, else 0");
  op.attributes.push_back({"probability", AttributeKind::number, 0.5, "of a one, between 0 and 1"});
  op.constraints.push_back({"C4", "the probability is between 0 and 1"});
  op.shape = [inherited = op.shape](ShapeContext& context) {
    const double probability = context.attributes().number("probability");
    context.require(probability >= 0 && probability <= 1, "C4", "the probability is between 0 and 1");
    inherited(context);
  };
  op.reference = [](const KernelContext& context) {
    const auto probability = static_cast<float>(context.attributes.number("probability"));
    draw_all(context,
             [&](const RandomStream& stream, std::uint64_t i) { return stream.uniform(i) < probability ? 1.0 : 0.0; });
  };
  op.samples.push_back({{Shape{}}, {{"shape", Integers{64}}, {"probability", 0.1}}, {DType::u32}, 0, 9});
  return op;
}

OpDef dropout() {
  OpDef op = operation(
      "dropout",
      "In training a share of the elements is set to 0 and the rest scaled up to keep the mean; else the input.",
      "y = x * bernoulli(1 - rate) / (1 - rate)");
  op.inputs = {{"input", "any shape of a floating-point type"},
               {"step", "one integer: each step drops others", InputSpec::required, InputSpec::indices}};
  op.attributes = stream_attributes();
  op.attributes.push_back(
      {"rate", AttributeKind::number, 0.5, "share of elements that is dropped, 0 or more and below 1"});
  op.attributes.push_back({"training", AttributeKind::boolean, true, "false: the result is the input"});
  op.constraints = {{"C1", "the input is floating-point"},
                    {"C2", "the step is a single integer"},
                    {"C3", "the rate is 0 or more and below 1"}};
  op.shape = [](ShapeContext& context) {
    context.require_type(is_floating(context.type(0)), "C1", "the input is floating-point");
    context.require(is_integer(context.type(1)) && context.shape(1) == Shape{}, "C2", "the step is a single integer");
    const double rate = context.attributes().number("rate");
    context.require(rate >= 0 && rate < 1, "C3", "the rate is 0 or more and below 1");
    context.output(context.type(0), context.shape(0));
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    const double keep = 1 - attributes.number("rate");
    if (!attributes.boolean("training") || keep == 1) return std::vector<Ref>{inputs[0]};
    const Term x(builder, inputs[0]);
    const Term mask(builder, builder.emit("randomBernoulli", {inputs[1]},
                                          {{"seed", attributes.integer("seed")},
                                           {"id", attributes.integer("id")},
                                           {"shape", integers_of(x.shape())},
                                           {"type", std::string(name_of(x.dtype()))},
                                           {"probability", keep}}));
    return std::vector<Ref>{x * (mask * (1 / keep))};
  };
  op.mode_dependent = true;
  op.random = true;
  op.samples = {
      {{{3, 5}, Shape{}}, {}, {DType::fp32, DType::u32}, 0, 5},
      {{{33}, Shape{}}, {{"rate", 0.2}, {"seed", 7}}, {DType::fp32, DType::i64}, 0, 5},
      {{{3, 5}, Shape{}}, {{"training", false}}, {DType::fp32, DType::u32}, 0, 5},
      {{{0}, Shape{}}, {}, {DType::fp32, DType::u32}, 0, 5},
  };
  return op;
}

// Shapes of models are open until they run; this draws for whatever comes. Each step has room for 2^32 numbers of its own,
// so that what an element gets does not depend on how many stand beside it.
OpDef normal_like() {
  OpDef op = operation("normalLike", "Normally distributed random numbers of the shape of another array.",
                       "y[i] = normal(seed, id, step * 2^32 + i)");
  op.inputs = {{"like", "any shape of a floating-point type; its values do not count"},
               {"step", "one integer: each step draws anew", InputSpec::required, InputSpec::indices}};
  op.attributes = stream_attributes();
  op.constraints = {{"C1", "the array is floating-point"}, {"C2", "the step is a single integer"}};
  op.shape = [](ShapeContext& context) {
    context.require_type(is_floating(context.type(0)), "C1", "the array is floating-point");
    context.require(is_integer(context.type(1)) && context.shape(1) == Shape{}, "C2", "the step is a single integer");
    context.output(context.type(0), context.shape(0));
  };
  op.body = [](Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
    return std::vector<Ref>{builder.emit("randomNormal", {inputs[1]},
                                         {{"seed", attributes.integer("seed")},
                                          {"id", attributes.integer("id")},
                                          {"shape", integers_of(builder.shape(inputs[0]))},
                                          {"each", std::int64_t{1} << 32},
                                          {"type", std::string(name_of(builder.dtype(inputs[0])))}})};
  };
  op.random = true;
  op.samples = {
      {{{3, 5}, Shape{}}, {}, {DType::fp32, DType::u32}, 0, 5},
      {{{33}, Shape{}}, {{"seed", 7}}, {DType::fp32, DType::i64}, 0, 5},
      {{{0}, Shape{}}, {}, {DType::fp32, DType::u32}, 0, 5},
  };
  return op;
}

}  // namespace

void add_random(Registry& registry) {
  registry.add(random_uniform());
  registry.add(random_normal());
  registry.add(normal_like());
  registry.add(random_bernoulli());
  registry.add(dropout());
}

}  // namespace webai
