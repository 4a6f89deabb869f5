// The fp32 functions as plain C++, compiled as everything is: without contraction.
#include <concepts>
#include <cstdint>

#include "patterns.h"

namespace elementwise_test {
namespace {
namespace plain {
#include "plain_functions.inc.h"
}
}  // namespace

std::uint64_t plain_hash(int function, std::uint32_t step) { return plain::hash_function(function, step); }

}  // namespace elementwise_test
