// Recurrent cells: layers that remember. Each run is one step; the memory is a state of the graph.
// In the formulas x is the input, s the state, U the weights, W the recurrent weights, b the bias, f the activation.
#include "core/model/connections.h"
#include "core/op/term.h"

namespace webai {
namespace {

// What the cells have in common: sizes, parameters, blocks of columns that belong to gates.
class Cell {
 public:
  Cell(LayerBuilder& layer, std::int64_t gates)
      : layer_(layer), size_(layer.layer().size.value_or(layer.input_dims())) {
    const std::int64_t inputs = layer.input_count();
    if (!size_.is_concrete())
      layer.fail(Code::invalid_model, "OPEN_SIZE", "the number of neurons cannot be open (null)",
                 "only inputs may have open dimensions", "size");
    units_ = size_.elements();
    input_ = term(weighted_input(layer, layer.flattened(layer.input()), inputs, units_, gates));
    weights_ = term(layer.parameter(
        {.name = "recurrentWeights", .shape = {units_, gates * units_}, .start = Initial::uniform(units_, units_)}));
  }

  Term term(Ref ref) const { return {layer_.builder(), ref}; }
  Term state(std::string_view name) { return term(layer_.state(name, {units_})); }
  Term activated(Term value) { return term(layer_.activated(value)); }
  void write(Term state, Term value) { layer_.write(state, value); }
  /// A layer gives what has the shape of its size.
  Ref output(Term value) { return layer_.reshaped(value, size_); }

  /// A parameter added to all gates, or nothing.
  Ref bias(std::string_view name, std::int64_t gates, Initial start = Initial::number(0)) {
    return layer_.parameter({.name = name,
                             .shape = {gates * units_},
                             .start = start,
                             .optional = true,
                             .takes_number = true,
                             .takes_pipe = true});
  }
  /// Starts at 1 for the forget gate, block 2 of i, o, f, g: a new cell remembers.
  Ref forgetful_bias() { return bias("bias", 4, Initial::number_within(1, 2 * units_, 3 * units_)); }
  Term peephole_weights() {
    return term(layer_.parameter(
        {.name = "peepholeWeights", .shape = {3 * units_}, .start = Initial::number(0), .takes_pipe = true}));
  }
  Term plus(Term value, Ref bias) const { return bias ? value + term(bias) : value; }

  /// x U + b of all gates.
  Term input(Ref bias) const { return plus(input_, bias); }
  /// s W of `count` gates from `first` on.
  Term recurrent(Term state, std::int64_t first, std::int64_t count) const {
    return state.apply("matmul", block(weights_, first, count));
  }
  /// The columns of `count` gates from `first` on.
  Term block(Term value, std::int64_t first, std::int64_t count = 1) const {
    const std::size_t rank = value.shape().rank();
    if (value.shape()[rank - 1] == count * units_) return value;
    std::vector<std::int64_t> starts(rank, 0), sizes(rank, -1);
    starts.back() = first * units_;
    sizes.back() = count * units_;
    return value.apply("slice", {{"starts", std::move(starts)}, {"sizes", std::move(sizes)}});
  }

 private:
  LayerBuilder& layer_;
  Shape size_;
  std::int64_t units_ = 0;
  Term input_, weights_;
};

// s' = f(x U + s W + b)
Ref build_rnn(LayerBuilder& layer) {
  Cell cell(layer, 1);
  const Ref bias = cell.bias("bias", 1);
  const Term s = cell.state("state");
  const Term next = cell.activated(cell.input(bias) + cell.recurrent(s, 0, 1));
  cell.write(s, next);
  return cell.output(next);
}

// z, r = sigmoid(x U + s W + b), n = f((r s) W + x U + b), s' = z s + (1 - z) n
Ref build_gru(LayerBuilder& layer) {
  Cell cell(layer, 3);
  const Ref bias = cell.bias("bias", 3);
  const bool after = layer.boolean("resetAfter");
  const Ref recurrent_bias = after ? cell.bias("recurrentBias", 3) : Ref{};
  const Term s = cell.state("state");
  const Term x = cell.input(bias);
  // With resetAfter one product serves all gates, and r scales its last block, bias included.
  const Term all = after ? cell.plus(cell.recurrent(s, 0, 3), recurrent_bias) : Term();
  const Term gates = (cell.block(x, 0, 2) + (after ? cell.block(all, 0, 2) : cell.recurrent(s, 0, 2))).apply("sigmoid");
  const Term z = cell.block(gates, 0), r = cell.block(gates, 1);
  const Term remembered = after ? r * cell.block(all, 2) : cell.recurrent(r * s, 2, 1);
  const Term n = cell.activated(remembered + cell.block(x, 2));
  const Term next = z * s + (1.0 - z) * n;
  cell.write(s, next);
  return cell.output(next);
}

// i, o, f, g = x U + h W + b, c' = sigmoid(f) c + sigmoid(i) f(g), h' = sigmoid(o) f(c')
Ref build_lstm(LayerBuilder& layer) {
  Cell cell(layer, 4);
  const Ref bias = cell.forgetful_bias();
  const bool peeps = layer.boolean("peepholes");
  const Term peepholes = peeps ? cell.peephole_weights() : Term();
  const Term c = cell.state("state"), h = cell.state("output");
  const Term all = cell.input(bias) + cell.recurrent(h, 0, 4);
  const auto gate = [&](std::int64_t index, Term seen) {
    const Term sum = cell.block(all, index);
    return (peepholes ? sum + seen * cell.block(peepholes, index) : sum).apply("sigmoid");
  };
  const Term next = gate(2, c) * c + gate(0, c) * cell.activated(cell.block(all, 3));
  const Term output = gate(1, next) * cell.activated(next);
  cell.write(c, next);
  cell.write(h, output);
  return cell.output(output);
}

// The prototype's new memory, before it is normalised or activated: i, o, f = sigmoid(x U + read W + b),
// f s + i f((o read) W + x U + b), where `read` is what the gates see of the state s.
Term prototype(Cell& cell, Ref bias, Term s, Term read) {
  const Term x = cell.input(bias);
  const Term gates = (cell.block(x, 0, 3) + cell.recurrent(read, 0, 3)).apply("sigmoid");
  const Term i = cell.block(gates, 0), o = cell.block(gates, 1), f = cell.block(gates, 2);
  return f * s + i * cell.activated(cell.recurrent(o * read, 3, 1) + cell.block(x, 3));
}

// The memory is brought to mean 0 and divided by sqrt(variance + 1) over the units.
Ref build_lstm_n(LayerBuilder& layer) {
  Cell cell(layer, 4);
  const Ref bias = cell.forgetful_bias();
  const Term s = cell.state("state");
  const Term next = prototype(cell, bias, s, s).apply("layerNorm", {{"epsilon", 1.0}});
  cell.write(s, next);
  return cell.output(next);
}

// Wherever the memory is read its activation is read instead.
Ref build_lstm_p(LayerBuilder& layer) {
  Cell cell(layer, 4);
  const Ref bias = cell.forgetful_bias();
  const Term s = cell.state("state");
  const Term next = prototype(cell, bias, s, cell.activated(s));
  cell.write(s, next);
  return cell.output(cell.activated(next));
}

constexpr PropertyDef connections = {"connections", PropertyKind::any, "as on neurons, from the input to each gate",
                                     "all-to-all"};
constexpr PropertyDef cell_properties[] = {connections};
constexpr PropertyDef gru_properties[] = {
    connections,
    {"resetAfter", PropertyKind::boolean, "apply the reset gate behind the recurrent product", "false"},
};
constexpr PropertyDef lstm_properties[] = {
    connections,
    {"peepholes", PropertyKind::boolean, "let the gates see the memory", "false"},
};
constexpr ParameterDef rnn_parameters[] = {
    {"weights", "[inputs, units]"},
    {"recurrentWeights", "[units, units]"},
    {"bias", "[units]; false or null: none, a number: this constant"},
};
constexpr ParameterDef gru_parameters[] = {
    {"weights", "[inputs, 3 * units]: z, r, n"},
    {"recurrentWeights", "[units, 3 * units]: z, r, n"},
    {"bias", "[3 * units]; false or null: none, a number: this constant"},
    {"recurrentBias", "[3 * units], with resetAfter; as bias"},
};
constexpr ParameterDef lstm_parameters[] = {
    {"weights", "[inputs, 4 * units]: i, o, f, g"},
    {"recurrentWeights", "[units, 4 * units]: i, o, f, g"},
    {"bias", "[4 * units], starts at 1 for f and 0 else; false or null: none, a number: this constant"},
    {"peepholeWeights", "[3 * units]: i, o, f, with peepholes"},
};
constexpr std::span prototype_parameters(lstm_parameters, 3);

constexpr LayerDef definitions[] = {
    {.name = "rnn",
     .doc = "A plain recurrent layer: neurons that also see their own last outputs.",
     .properties = cell_properties,
     .parameters = rnn_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_rnn},
    {.name = "gru",
     .doc = "Gated recurrent units: gates say how much of the memory to read and to replace.",
     .properties = gru_properties,
     .parameters = gru_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_gru},
    {.name = "lstm",
     .doc = "Long short-term memory: a memory behind input, output and forget gates.",
     .properties = lstm_properties,
     .parameters = lstm_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_lstm},
    {.name = "lstm-n",
     .doc = "The prototype of long short-term memory, its memory normalised over the units.",
     .properties = cell_properties,
     .parameters = prototype_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_lstm_n},
    {.name = "lstm-p",
     .doc = "Pseudo long short-term memory: the prototype with its memory read through the activation.",
     .properties = cell_properties,
     .parameters = prototype_parameters,
     .size = SizeRule::optional,
     .takes_default_activation = true,
     .own_activation = "tanh",
     .build = build_lstm_p},
};

}  // namespace

std::span<const LayerDef> recurrent_layers() { return definitions; }

}  // namespace webai
