// A graph as text and back: what `inspect` shows, what pass tests compare.
//
//   input %0 "x" fp32[n0, 2]
//   parameter %1 "1.weights" fp32[2, 3] trainable
//   constant %2 fp32[] = [0.5]
//   %3: fp32[n0, 3] = core#matmul(%0, %1) {transposeA: false, transposeB: false} @ "/layers/1"
//   %4: fp32[n0, 3] = core#fused(%3, %2) chain 2 {core#add(0, 1), core#tanh(2)} -> (3) @ "/layers/1"
//   output "output" %4
//   write %1 <- %9
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/ir/graph.h"

namespace webai {

std::string print(const Graph& graph);

/// Reads what print wrote: parse_graph(print(g)) prints the same. `resolve` finds an operator by "domain#name" and
/// throws when there is none. Throws INVALID_ARGUMENT with "line N" as the path.
Graph parse_graph(const Context& context, std::string_view text,
                  const std::function<const Operator&(std::string_view)>& resolve);

}  // namespace webai
