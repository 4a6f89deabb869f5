// Counts the calls of operator new in this program, and can make one of them fail.
#pragma once

#include <cstddef>

namespace webai::test {

std::size_t allocations() noexcept;
/// The n-th call from now on fails, from 1; 0: none.
void fail_allocation(std::size_t number) noexcept;

class AllocationCount {
 public:
  std::size_t since() const noexcept { return allocations() - start_; }

 private:
  std::size_t start_ = allocations();
};

}  // namespace webai::test
