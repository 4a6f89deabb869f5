// A cell over a whole sequence that stands in one input: forward, backward, or both ways.
#include "core/model/cells.h"
#include "core/op/loop.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

class Sequence {
 public:
  explicit Sequence(LayerBuilder& layer)
      : layer_(layer),
        kind_(cell_kind(layer.text("cell"))),
        units_(layer.integer("units")),
        all_(layer.boolean("returnSequence")) {
    const Shape dims = layer.input_dims();
    if (dims.rank() == 0 || !dims.is_concrete())
      layer.fail(Code::shape_mismatch, "INPUT_DIMS", "a cell over a sequence takes [steps, ...], got " + dims.text(),
                 "give the input such a size: [10, 3]");
    steps_ = dims[0];
    inputs_ = dims.without(0).elements();
    if (static_cast<std::uint64_t>(steps_) > layer.builder().context().limits().run_steps)
      layer.fail(Code::limit_exceeded, "RUN_STEPS", "the sequence has " + std::to_string(steps_) + " steps",
                 "raise the limit \"runSteps\" if this is meant");
    if (layer.layer().custom_activation)
      layer.fail(Code::unsupported, "CELL_ACTIVATION",
                 "an operation of a program or model cannot be the activation of a cell over a sequence",
                 "use an activation of the library", "activation");
  }

  Ref run() {
    const std::string direction = layer_.text("direction");
    for (const ParameterDef& parameter : layer_.layer().definition->parameters)
      if (direction != "both" && parameter.name.starts_with("backward") && layer_.property(parameter.name))
        layer_.fail(Code::invalid_model, "PARAM_VALUE",
                    "only cells that go both ways have " + std::string(parameter.name), "\"direction\": \"both\"",
                    parameter.name);
    const Ref input = layer_.reshaped(layer_.input(), Shape{steps_, inputs_});
    std::vector<Ref> ways;
    if (direction != "backward") ways.push_back(over(input, {}, false));
    if (direction != "forward") ways.push_back(over(input, direction == "both" ? "backward" : "", true));
    return ways.size() == 1 ? ways.front() : layer_.builder().emit("concat", ways, {{"axis", std::int64_t{-1}}});
  }

 private:
  /// [batch, units], or [batch, steps, units] of all steps.
  Ref over(Ref input, std::string_view prefix, bool reverse) {
    Builder& builder = layer_.builder();
    const CellWeights weights(layer_, kind_, input, inputs_, units_, prefix);
    const Term rows = weights.x.apply("transpose", {{"permutation", Integers{1, 0, 2}}});
    const std::vector<Ref> carried(kind_.memory.size(), layer_.filled(0, Shape{units_}, input));
    std::vector<Ref> shared = {weights.parts.weights};
    for (const Term& part : {weights.parts.recurrent_bias, weights.parts.peepholes})
      if (part) shared.push_back(part);
    const Ref stacked = rows;
    const std::vector<Ref> results = emit_loop(builder, body(weights.parts, rows, carried, shared),
                                               {carried, std::span(&stacked, 1), shared}, steps_, reverse);
    const Ref outputs = results[carried.size()];  // [steps, batch, units]
    if (all_) return builder.emit("transpose", {outputs}, {{"permutation", Integers{1, 0, 2}}});
    const Ref last = builder.emit(
        "slice", {outputs}, {{"starts", Integers{reverse ? 0 : steps_ - 1, 0, 0}}, {"sizes", Integers{1, -1, -1}}});
    return builder.emit("reshape", {last}, {{"shape", Integers{-1, units_}}});
  }

  // One step: what is remembered, a row of the input, and the weights go in; what is remembered and the output come
  // out.
  Graph body(const CellParts& around, Term rows, std::span<const Ref> carried, std::span<const Ref> shared) {
    Graph step;
    Builder& outer = layer_.builder();
    GraphBuilder builder(outer.context(), outer.registry(), step);
    builder.set_path(layer_.layer().path);
    const auto input = [&](const ValueType& type) {
      return Term(builder, Ref{step.add_input("in " + std::to_string(step.inputs.size()), type)});
    };
    std::vector<Term> memory;
    for (const Ref value : carried) memory.push_back(input(outer.type(value)));
    const ValueType row = outer.type(rows);
    const Term x = input({row.type, row.shape.without(0)});
    CellParts parts = around;
    std::vector<Term> weights;
    for (const Ref value : shared) weights.push_back(input(outer.type(value)));
    parts.weights = weights[0];
    std::size_t next = 1;
    if (parts.recurrent_bias) parts.recurrent_bias = weights[next++];
    if (parts.peepholes) parts.peepholes = weights[next++];
    parts.activated = [&](Term value) { return Term(builder, LayerBuilder::activate(builder, layer_.layer(), value)); };
    const CellStep result = kind_.step(parts, x, memory);
    for (const Term& value : result.memory)
      step.outputs.push_back({"out " + std::to_string(step.outputs.size()), value.ref().id});
    step.outputs.push_back({"out " + std::to_string(step.outputs.size()), result.output.ref().id});
    return step;
  }

  LayerBuilder& layer_;
  const CellKind& kind_;
  std::int64_t units_, steps_ = 0, inputs_ = 0;
  bool all_;
};

Ref build_recurrent(LayerBuilder& layer) { return Sequence(layer).run(); }

constexpr PropertyDef properties[] = {
    {.name = "cell",
     .kind = PropertyKind::text,
     .doc = "rnn, gru, lstm, lstm-n or lstm-p",
     .required = true,
     .choices = "rnn gru lstm lstm-n lstm-p"},
    {.name = "units", .kind = PropertyKind::count, .doc = "how many of them, each way", .required = true},
    {.name = "direction",
     .kind = PropertyKind::text,
     .doc = "forward, backward (the last step first), or both, side by side",
     .fallback = "forward",
     .choices = "forward backward both"},
    {.name = "returnSequence",
     .kind = PropertyKind::boolean,
     .doc = "give what comes of every step, not of the last alone",
     .fallback = "false"},
    {.name = "connections",
     .kind = PropertyKind::any,
     .doc = "as on neurons, from the input of a step to each gate",
     .fallback = "all-to-all"},
    {.name = "resetAfter",
     .kind = PropertyKind::boolean,
     .doc = "of gru: apply the reset gate behind the recurrent product",
     .fallback = "false"},
    {.name = "peepholes",
     .kind = PropertyKind::boolean,
     .doc = "of lstm: let the gates see the memory",
     .fallback = "false"},
};

constexpr ParameterDef parameters[] = {
    {"weights", "[inputs of a step, gates * units], as of the cell"},
    {"recurrentWeights", "[units, gates * units]"},
    {"bias", "[gates * units]; false or null: none, a number: this constant"},
    {"recurrentBias", "[gates * units], with resetAfter; as bias"},
    {"peepholeWeights", "[3 * units], with peepholes"},
    {"backwardWeights", "as weights, of the way back where both are gone"},
    {"backwardRecurrentWeights", "as recurrentWeights"},
    {"backwardBias", "as bias"},
    {"backwardRecurrentBias", "as recurrentBias"},
    {"backwardPeepholeWeights", "as peepholeWeights"},
};

constexpr LayerDef sequence_definitions[] = {
    {.name = "recurrent",
     .doc = "A cell over a whole sequence, [steps, ...], that stands in one input; its memory begins at zeros in each "
            "run.",
     .properties = properties,
     .parameters = parameters,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_recurrent},
};

}  // namespace

std::span<const LayerDef> sequence_layers() { return sequence_definitions; }

}  // namespace webai
