// Recurrent cells, one step of each: what they compute from the input and from what they remember, in any graph.
// Private to core/model.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/layer_builder.h"
#include "core/op/term.h"

namespace webai {

/// What a step reads beside its input and its memory.
struct CellParts {
  std::int64_t units = 0;
  Term weights;              ///< recurrent: [units, gates * units]; with a leading batch where `own_weights`
  bool own_weights = false;  ///< each sample brings its own
  bool reset_after = false, peeps = false;
  Term recurrent_bias = {}, peepholes = {};
  std::function<Term(Term)> activated = {};

  /// The columns of `count` gates from `first` on.
  Term block(Term value, std::int64_t first, std::int64_t count = 1) const;
  /// s W of `count` gates from `first` on.
  Term recurrent(Term state, std::int64_t first, std::int64_t count) const;
};

/// What a cell remembers behind a step, and what it gives.
struct CellStep {
  std::vector<Term> memory;
  Term output;
};

struct CellKind {
  std::string_view name;
  std::int64_t gates = 1;
  std::span<const std::string_view> memory;  ///< what it remembers, by name
  bool forgets = false;  ///< its bias starts at 1 for the forget gate, block 2 of i, o, f, g: a new cell remembers
  /// `x` is x U + b of all gates.
  CellStep (*step)(const CellParts& parts, Term x, std::span<const Term> memory) = nullptr;
};

/// The kind of that name: "rnn", "gru", "lstm", "lstm-n", "lstm-p".
const CellKind& cell_kind(std::string_view name);

/// Declares the parameters of a cell whose names begin with `prefix`, and gives x U + b of all gates for `input`,
/// [batch, inputs] or [batch, steps, inputs].
struct CellWeights {
  CellWeights(LayerBuilder& layer, const CellKind& kind, Ref input, std::int64_t inputs, std::int64_t units,
              std::string_view prefix = {});
  Term x;
  CellParts parts;  ///< in the layer's graph
};

}  // namespace webai
