// A graph builder that also evaluates: every emit computes its result with the reference kernels at once.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "core/op/builder.h"

namespace webai {

/// A base of Tape, so that the graph exists before the Builder that refers to it.
struct TapeGraph {
  Graph own_graph;
};

/// Operators run on concrete tensors as they are emitted, and are remembered, so gradients(tape, ...) differentiates
/// what was computed; run over its own result it gives second derivatives. Not thread-safe.
class Tape final : private TapeGraph, public Builder {
 public:
  Tape(const Context& context, const Registry& registry);

  /// A tensor to compute with and to differentiate by; the tape shares its memory.
  Ref variable(Tensor value);
  /// What a Ref holds. Throws INVALID_ARGUMENT for one that is not on this tape.
  const Tensor& value(Ref ref) const;

 private:
  void appended(NodeId id) override;
  void appended_constant(ValueId id) override;
  void keep(ValueId id, Tensor value);
  std::deque<Tensor> values_;  // by ValueId; a deque: references stay valid while more is emitted
};

}  // namespace webai
