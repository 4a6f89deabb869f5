// Prints elementwise operators as OpenCL C, from the same text that the CPU's vector kernels are compiled from: each
// operation is one statement, rounded once, so a device that rounds as IEEE 754 says gives the CPU's bits.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/ir/graph.h"
#include "core/op/elementwise.h"
#include "webai/dtype.hpp"

namespace webai {

/// What a device makes of / and sqrt. Where they are only near, functions of the prelude round them.
struct OpenclDivision {
  bool repaired = false;
  /// What is repaired: of a and b in 1 .. 2, and of a in 1 .. 4. Tests put worse guesses here.
  std::string_view quotient = "a / b", root = "sqrt(a)";
};

/// Goes before everything else, once per program: the pragma against contraction, and the repair where it is needed.
/// The program then writes divided(a, b) and rooted(a).
std::string opencl_prelude(const OpenclDivision& division = {});

/// `float name(float x, ...)` of one operator (`bool` in place of `float` for booleans). Attributes as a ChainStep
/// holds them.
std::string print_operator_opencl(const Elementwise& elementwise, std::span<const double> attributes,
                                  std::string_view name, bool repairs_division = false);

struct ChainText {
  std::string functions;  ///< one per different operator, for the top of the program
  std::string body;       ///< statements: from variables s0, s1, ... of the chain's inputs to one per step
};
/// Slots are variables `s<slot>`: `bool` for booleans, else `float` (fp16 and bf16 are converted around the chain).
/// Functions are called `<prefix>0_<operator>`, ..., so that several chains fit into one program. Throws UNSUPPORTED
/// for element types that float does not hold.
ChainText print_chain_opencl(const Chain& chain, std::span<const DType> inputs, std::string_view prefix = "f",
                             bool repairs_division = false);

}  // namespace webai
