// Chains over a few numbers, where only the cost of each step's call counts: every value has its own place on the
// stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/cpu/elementwise_tiles.h"

namespace webai::cpu {

/// A chain of at most `most_elements` fp32 elements, as run() reads it. Places are offsets in floats.
struct SmallChain {
  static constexpr std::size_t most_elements = 64, most_floats = 4096;

  enum class Access : std::uint8_t { whole, single, picked, constant };
  struct Input {
    Access access = Access::whole;
    std::uint8_t picks[most_elements] = {};  ///< picked: which element of the input each element is
    float constant = 0;
  };
  struct Step {
    TileFunction function = nullptr;
    std::uint32_t operands[TilePair::most_operands] = {};
    std::uint32_t value = 0;
    std::uint32_t attributes = 0;  ///< index into attributes
  };
  std::size_t elements = 0;  ///< 0: there is no small form
  std::size_t room = 0;      ///< floats of a place: whole vectors
  std::vector<Input> inputs;
  std::vector<Step> steps;
  std::vector<std::uint32_t> results;  ///< places
  std::vector<float> attributes;

  using Run = void (*)(const SmallChain& chain, const void* const* inputs, const void* first, void* const* results);
  Run run = nullptr;  ///< inputs[0] is at `first`
};

/// For the best target of this processor.
SmallChain::Run small_chain_run();

}  // namespace webai::cpu
