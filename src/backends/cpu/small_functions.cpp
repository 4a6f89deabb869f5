// Instructions of small programs, compiled once per processor target. They compute in whole vectors: places have room.
#include "backends/cpu/small_program.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/small_functions.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 8>;  // rows are short
constexpr std::size_t lanes = hn::MaxLanes(Floats());

/// Rows are written in order, so that the zeros behind one are overwritten by the next.
void product(const SmallInstruction& instruction) {
  const SmallProduct& shape = *static_cast<const SmallProduct*>(instruction.detail);
  const Floats d;
  const float* a = instruction.operands[0];
  float* c = instruction.value;
  for (std::size_t row = 0; row < shape.rows; ++row, a += shape.a_row, c += shape.columns) {
    for (std::size_t column = 0; column < shape.columns; column += lanes) {
      const float* left = a;
      const float* right = instruction.operands[1] + column;
      auto sum = hn::Zero(d);
      for (std::size_t k = 0; k < shape.depth; ++k, left += shape.a_step, right += shape.columns) {
        sum = hn::MulAdd(hn::Set(d, *left), hn::LoadU(d, right), sum);
      }
      // Nothing is left in the lanes behind the row that later steps could stumble over.
      const auto own = hn::FirstN(d, shape.columns - column);
      hn::StoreU(hn::IfThenElseZero(own, sum), d, c + column);
    }
  }
}

void spread(const SmallInstruction& instruction) {
  const Floats d;
  const auto number = hn::Set(d, *instruction.operands[0]);
  for (std::size_t i = 0; i < instruction.count; i += lanes) hn::StoreU(number, d, instruction.value + i);
}

void move(const SmallInstruction& instruction) {
  const Floats d;
  for (std::size_t i = 0; i < instruction.count; i += lanes) {
    hn::StoreU(hn::LoadU(d, instruction.operands[0] + i), d, instruction.value + i);
  }
}

constexpr SmallFunctions functions = {product, spread, move};

const SmallFunctions* find_functions() { return &functions; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_functions);
}
const SmallFunctions& small_functions() { return *HWY_DYNAMIC_DISPATCH(find_functions)(); }
}  // namespace webai::cpu
#endif
