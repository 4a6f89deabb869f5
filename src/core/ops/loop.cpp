// The one loop of a graph: a body that runs a fixed number of times, with values carried from step to step. Iterators,
// recurrent cells over a sequence and back-propagation through time are all this node.
#include "core/op/loop.h"

#include "core/op/cost.h"
#include "core/ops/families.h"
#include "core/ops/support.h"

namespace webai {
namespace {

using namespace ops;

Shape stacked_shape(std::int64_t steps, const Shape& shape) { return shape.inserted(0, steps); }

std::string input_text(std::size_t index, const ValueType& wanted, const ValueType& actual) {
  const auto text = [](const ValueType& type) { return std::string(name_of(type.type)) + "[" + type.shape.text() + "]"; };
  return "input " + std::to_string(index) + " is " + text(actual) + ", the body takes " + text(wanted);
}

void loop_shape(ShapeContext& context) {
  const LoopView loop(context.attributes());
  const Graph& body = *loop.body;
  const std::size_t count = context.input_count();
  context.require(loop.steps >= 1 && loop.steps <= largest_length, "C1", "there is at least one step");
  context.require(loop.carried + loop.stacked <= count && body.inputs.size() - count <= 1 && body.inputs.size() >= count &&
                      body.outputs.size() >= loop.carried && body.parameters.empty() && body.states.empty() &&
                      body.writes.empty(),
                  "C2", "the body takes each input, perhaps the index, and gives back what is carried");
  context.require(loop.ends >= -1 && loop.ends < static_cast<std::int64_t>(loop.carried), "C5", "what ends it is carried");
  const auto inner = [&](std::size_t i) -> const ValueType& { return body.value(body.inputs[i]).type; };
  for (std::size_t i = 0; i < count; ++i) {
    ValueType wanted = inner(i);
    if (loop.is_stacked(i)) {
      context.require(wanted.shape.rank() < Shape::max_rank, "C3", "one more dimension fits");
      wanted.shape = stacked_shape(loop.steps, wanted.shape);
    }
    const ValueType actual{context.type(i), context.shape(i)};
    context.require(wanted == actual, "C3", input_text(i, wanted, actual));
  }
  context.require(body.inputs.size() == count || inner(count) == ValueType{DType::i64, Shape{}}, "C2",
                  "the index is one i64");
  for (std::size_t i = 0; i < body.outputs.size(); ++i) {
    ValueType type = body.value(body.outputs[i].value).type;
    if (i < loop.carried) {
      context.require(type == inner(i), "C4", "what is carried keeps its type: output " + std::to_string(i));
    } else {
      context.require(type.shape.rank() < Shape::max_rank, "C3", "one more dimension fits");
      type.shape = stacked_shape(loop.steps, type.shape);
    }
    context.output(type.type, type.shape);
  }
}

/// Row `step` of a stacked value, without the leading dimension.
Ref row(Builder& builder, Ref stacked, std::int64_t step) {
  const Shape shape = builder.shape(stacked);
  Integers starts(shape.rank(), 0), sizes = integers_of(shape);
  starts[0] = step;
  sizes[0] = 1;
  const Ref part = builder.emit("slice", {stacked}, {{"starts", starts}, {"sizes", sizes}});
  return builder.emit("reshape", {part}, {{"shape", integers_of(shape.without(0))}});
}

/// The steps written out one after the other: what the loop means, and what runs where no device takes loops.
std::vector<Ref> unroll(Builder& builder, std::span<const Ref> inputs, const Attributes& attributes) {
  const LoopView loop(attributes);
  const Graph& body = *loop.body;
  const std::string path = builder.path();
  std::vector<Ref> carried(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(loop.carried));
  std::vector<std::vector<Ref>> rows(body.outputs.size() - loop.carried);
  for (std::int64_t i = 0; i < loop.steps; ++i) {
    const std::int64_t step = loop.reverse ? loop.steps - 1 - i : i;
    std::vector<Ref> given = carried;
    for (std::size_t k = loop.carried; k < inputs.size(); ++k)
      given.push_back(loop.is_stacked(k) ? row(builder, inputs[k], step) : inputs[k]);
    if (body.inputs.size() > inputs.size()) given.push_back(builder.scalar(static_cast<double>(step), DType::i64));
    const std::vector<Ref> results = inline_graph(builder, body, given);
    carried.assign(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(loop.carried));
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const Ref result = results[loop.carried + k];
      rows[k].push_back(
          builder.emit("reshape", {result}, {{"shape", integers_of(stacked_shape(1, builder.shape(result)))}}));
    }
  }
  builder.set_path(path);
  std::vector<Ref> outputs = carried;
  for (std::vector<Ref>& list : rows) {
    if (loop.reverse) std::reverse(list.begin(), list.end());
    outputs.push_back(builder.emit("concat", list, {{"axis", std::int64_t{0}}}));
  }
  return outputs;
}

double loop_operations(const Graph&, const Node& node) {
  const LoopView loop(node.attributes);
  double sum = 0;
  for (const Node& inner : loop.body->nodes) sum += operations_of(*loop.body, inner);
  return sum * static_cast<double>(loop.steps);
}

// y = tanh(state + x * w), carried and collected; the index is added, so that it is seen to count.
std::shared_ptr<const Graph> sample_body(const Registry& registry, const Shape& shape) {
  const ValueType type{DType::fp64, shape};
  Graph body;
  const ValueId state = body.add_input("state", type), x = body.add_input("x", type), w = body.add_input("w", type);
  const ValueId index = body.add_input("index", {DType::i64, Shape{}});
  const auto emit = [&](const char* op, std::vector<ValueId> inputs, const ValueType& result, Attributes attributes = {}) {
    Node node;
    node.op = &registry.get(op);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    return body.node(body.add_node(std::move(node), {result})).outputs[0];
  };
  const ValueId counted = emit("cast", {index}, {DType::fp64, Shape{}}, {{"type", std::string("fp64")}});
  const ValueId sum = emit("add", {emit("add", {state, emit("mul", {x, w}, type)}, type), counted}, type);
  const ValueId next = emit("tanh", {sum}, type);
  body.outputs = {{"state", next}, {"sum", sum}, {"before", state}};
  return std::make_shared<const Graph>(std::move(body));
}

}  // namespace

void add_loop(Registry& registry) {
  OpDef op = operation("loop", "Runs a body a fixed number of times and carries values from step to step.",
                       "(carried', rows[t]) = body(carried, stacked[t], shared, t) for t = 0 .. steps - 1");
  op.inputs = {{"values", "what is carried, then what is stacked (one row a step), then what all steps share",
                InputSpec::variadic}};
  op.attributes = {
      {"body", AttributeKind::graph, std::nullopt, "the graph of one step; may take the index of the step as a last i64"},
      {"steps", AttributeKind::integer, std::nullopt, "how often it runs"},
      {"carried", AttributeKind::integer, std::nullopt, "how many inputs are carried"},
      {"stacked", AttributeKind::integer, 0, "how many inputs come row by row along their first dimension"},
      {"reverse", AttributeKind::boolean, false, "whether the last row comes first"},
      {"recompute", AttributeKind::boolean, false, "whether its reverse computes the steps again one by one: slower, in less memory"},
      {"ends", AttributeKind::integer, -1, "which carried value, once all of it is 0, says that nothing changes any more: what is left of the steps need not be computed"},
  };
  op.constraints = {{"C1", "there is at least one step"},
                    {"C2", "the body takes each input, perhaps the index, and gives back what is carried"},
                    {"C3", "inputs have the types that the body takes, stacked ones with a leading dimension of steps"},
                    {"C4", "what is carried keeps its type"},
                    {"C5", "what ends it is carried"}};
  op.output_names = {"carried and stacked"};
  op.shape = loop_shape;
  op.body = unroll;
  op.operations = loop_operations;
  op.loop = true;
  for (const bool reverse : {false, true})
    for (const auto& [shape, steps] : {std::pair{Shape{2, 3}, std::int64_t{4}}, {Shape{1}, 1}, {Shape{0, 3}, 2}})
      op.samples.push_back({{shape, stacked_shape(steps, shape), shape},
                            {{"body", Subgraph{sample_body(registry, shape)}}, {"steps", steps}, {"carried", 1}, {"stacked", 1},
                             {"reverse", reverse}},
                            {DType::fp64, DType::fp64, DType::fp64}});
  registry.add(std::move(op));
}

}  // namespace webai
