// In the formulas x is the input, s the state, U the weights, W the recurrent weights, b the bias, f the activation.
#include "core/model/cells.h"

#include <algorithm>
#include <cctype>

#include "core/model/connections.h"

namespace webai {

Term CellParts::block(Term value, std::int64_t first, std::int64_t count) const {
  const std::size_t rank = value.shape().rank();
  if (value.shape()[rank - 1] == count * units) return value;
  std::vector<std::int64_t> starts(rank, 0), sizes(rank, -1);
  starts.back() = first * units;
  sizes.back() = count * units;
  return value.apply("slice", {{"starts", std::move(starts)}, {"sizes", std::move(sizes)}});
}

Term CellParts::recurrent(Term state, std::int64_t first, std::int64_t count) const {
  const Term part = block(weights, first, count);
  if (!own_weights) return state.apply("matmul", part);
  const auto shaped = [](Term value, std::vector<std::int64_t> shape) {
    return value.apply("reshape", {{"shape", std::move(shape)}});
  };
  return shaped(shaped(state, {-1, 1, units}).apply("matmul", part), {-1, count * units});
}

namespace {

Term plus(Term value, Term bias) { return bias ? value + bias : value; }

// s' = f(x U + s W + b)
CellStep rnn(const CellParts& cell, Term x, std::span<const Term> memory) {
  const Term next = cell.activated(x + cell.recurrent(memory[0], 0, 1));
  return {{next}, next};
}

// z, r = sigmoid(x U + s W + b), n = f((r s) W + x U + b), s' = z s + (1 - z) n
CellStep gru(const CellParts& cell, Term x, std::span<const Term> memory) {
  const Term s = memory[0];
  // With resetAfter one product serves all gates, and r scales its last block, bias included.
  const bool after = cell.reset_after;
  const Term all = after ? plus(cell.recurrent(s, 0, 3), cell.recurrent_bias) : Term();
  const Term gates = (cell.block(x, 0, 2) + (after ? cell.block(all, 0, 2) : cell.recurrent(s, 0, 2))).apply("sigmoid");
  const Term z = cell.block(gates, 0), r = cell.block(gates, 1);
  const Term remembered = after ? r * cell.block(all, 2) : cell.recurrent(r * s, 2, 1);
  const Term n = cell.activated(remembered + cell.block(x, 2));
  const Term next = z * s + (1.0 - z) * n;
  return {{next}, next};
}

// i, o, f, g = x U + h W + b, c' = sigmoid(f) c + sigmoid(i) f(g), h' = sigmoid(o) f(c')
CellStep lstm(const CellParts& cell, Term x, std::span<const Term> memory) {
  const Term c = memory[0], h = memory[1];
  const Term all = x + cell.recurrent(h, 0, 4);
  const auto gate = [&](std::int64_t index, Term seen) {
    const Term sum = cell.block(all, index);
    return (cell.peepholes ? sum + seen * cell.block(cell.peepholes, index) : sum).apply("sigmoid");
  };
  const Term next = gate(2, c) * c + gate(0, c) * cell.activated(cell.block(all, 3));
  const Term output = gate(1, next) * cell.activated(next);
  return {{next, output}, output};
}

// The prototype's new memory, before it is normalised or activated: i, o, f = sigmoid(x U + read W + b),
// f s + i f((o read) W + x U + b), where `read` is what the gates see of the state s.
Term prototype(const CellParts& cell, Term x, Term s, Term read) {
  const Term gates = (cell.block(x, 0, 3) + cell.recurrent(read, 0, 3)).apply("sigmoid");
  const Term i = cell.block(gates, 0), o = cell.block(gates, 1), f = cell.block(gates, 2);
  return f * s + i * cell.activated(cell.recurrent(o * read, 3, 1) + cell.block(x, 3));
}

// The memory is brought to mean 0 and divided by sqrt(variance + 1) over the units.
CellStep lstm_n(const CellParts& cell, Term x, std::span<const Term> memory) {
  const Term next = prototype(cell, x, memory[0], memory[0]).apply("layerNorm", {{"epsilon", 1.0}});
  return {{next}, next};
}

// Wherever the memory is read its activation is read instead.
CellStep lstm_p(const CellParts& cell, Term x, std::span<const Term> memory) {
  const Term next = prototype(cell, x, memory[0], cell.activated(memory[0]));
  return {{next}, cell.activated(next)};
}

constexpr std::string_view one_state[] = {"state"}, state_and_output[] = {"state", "output"};
constexpr CellKind cell_kinds[] = {{"rnn", 1, one_state, false, rnn},
                              {"gru", 3, one_state, false, gru},
                              {"lstm", 4, state_and_output, true, lstm},
                              {"lstm-n", 4, one_state, true, lstm_n},
                              {"lstm-p", 4, one_state, true, lstm_p}};

// "bias" and "backward": "backwardBias".
std::string named(std::string_view prefix, std::string_view name) {
  std::string whole = std::string(prefix) + std::string(name);
  if (!prefix.empty())
    whole[prefix.size()] = static_cast<char>(std::toupper(static_cast<unsigned char>(whole[prefix.size()])));
  return whole;
}

}  // namespace

const CellKind& cell_kind(std::string_view name) {
  const auto found = std::ranges::find(cell_kinds, name, &CellKind::name);
  if (found == std::end(cell_kinds)) throw Error(Code::internal, "there is no cell \"" + std::string(name) + "\"");
  return *found;
}

CellWeights::CellWeights(LayerBuilder& layer, const CellKind& kind, Ref input, std::int64_t inputs, std::int64_t units,
                         std::string_view prefix) {
  Builder& builder = layer.builder();
  const auto bias = [&](std::string_view name, Initial start) {
    const std::string whole = named(prefix, name);
    const Ref value = layer.parameter({.name = whole,
                                       .shape = {kind.gates * units},
                                       .start = start,
                                       .optional = true,
                                       .takes_number = true,
                                       .takes_pipe = true});
    const bool spread = value && layer.is_piped(whole) && builder.shape(input).rank() == 3 && name == "bias";
    return spread ? layer.spread_over(value, x) : value;
  };
  const std::string input_name = named(prefix, "weights"), recurrent_name = named(prefix, "recurrentWeights");
  x = Term(builder, weighted_input(layer, input, inputs, units, kind.gates, input_name));
  parts.units = units;
  parts.weights = Term(builder, layer.parameter({.name = recurrent_name,
                                                 .shape = {units, kind.gates * units},
                                                 .start = Initial::uniform(units, units),
                                                 .takes_pipe = true}));
  parts.own_weights = layer.is_piped(recurrent_name);
  parts.activated = [&layer](Term value) { return Term(layer.builder(), layer.activated(value)); };
  const Ref own = bias("bias", kind.forgets ? Initial::number_within(1, 2 * units, 3 * units) : Initial::number(0));
  if (own) x = x + Term(builder, own);
  parts.reset_after = kind.name == "gru" && layer.boolean("resetAfter");
  parts.peeps = kind.name == "lstm" && layer.boolean("peepholes");
  if (parts.reset_after) parts.recurrent_bias = Term(builder, bias("recurrentBias", Initial::number(0)));
  if (parts.peeps)
    parts.peepholes = Term(builder, layer.parameter({.name = named(prefix, "peepholeWeights"),
                                                     .shape = {3 * units},
                                                     .start = Initial::number(0),
                                                     .takes_pipe = true}));
}

}  // namespace webai
