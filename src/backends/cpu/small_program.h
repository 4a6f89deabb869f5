// Programs over a few numbers, where addresses, calls and copies would cost more than the arithmetic: every value has a
// place of its own in one small block of memory, and a step is one list of instructions whose operands are known.
// Parameters stay in their places for all steps of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/cpu/elementwise_chain.h"
#include "backends/host/executable.h"

namespace webai::cpu {

struct SmallInstruction;

/// What an instruction does where it is no tile function.
using SmallFunction = void (*)(const SmallInstruction& instruction);

struct SmallInstruction {
  TileFunction tile = nullptr;  ///< over `count` elements; where there is none, `other` is called
  const float* operands[TilePair::most_operands] = {};
  float* value = nullptr;
  std::size_t count = 0;
  const float* attributes = nullptr;
  SmallFunction other = nullptr;
  const void* detail = nullptr;  ///< what `other` knows
};

/// c[i][j] = sum over k of a[i * a_row + k * a_step] * b[k * columns + j], one chain of multiply-adds each.
struct SmallProduct {
  std::size_t rows = 0, columns = 0, depth = 0, a_row = 0, a_step = 0;
};

/// The instructions that are written for each processor target. Like tiles they compute in whole vectors.
struct SmallFunctions {
  SmallFunction product;  ///< operands a and b; detail: a SmallProduct
  SmallFunction spread;   ///< the first number of operand 0 into `count` elements
  SmallFunction move;     ///< `count` elements of operand 0
};
const SmallFunctions& small_functions();

/// Between a slot's memory and its place.
struct SmallCopy {
  std::size_t slot = 0, bytes = 0;
  void* place = nullptr;
};

/// A kernel that knows nothing of places.
struct SmallCall {
  HostKernel* kernel = nullptr;
  std::vector<void*> operands;
  void* scratch = nullptr;
};

/// What the builder makes of a program. Instructions point into it, so its parts do not move once they are made.
struct SmallCode {
  static constexpr std::size_t memory_bytes = 24 * 1024;  ///< of all places: most of a first-level cache
  static constexpr std::size_t padding_bytes = 64;        ///< behind each place: what whole vectors may touch

  std::unique_ptr<Buffer> memory, scratch;
  std::vector<SmallInstruction> first;   ///< what depends on inputs alone that are mostly the same in every step
  std::vector<std::size_t> first_slots;  ///< those inputs
  std::vector<SmallInstruction> step;
  std::vector<SmallCopy> kept, inputs, outputs, written;
  std::vector<std::unique_ptr<ChainKernel>> chains;
  std::vector<std::unique_ptr<SmallProduct>> products;
  std::vector<std::unique_ptr<SmallCall>> calls;
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> picks;
};

/// False where the program is not small, or has too little that instructions could do.
bool build_small_code(const Context& context, const HostExecutable& ready, SmallCode& code);

}  // namespace webai::cpu
