// The fp32 functions as plain C++, compiled with contraction, which must show.
#include <concepts>
#include <cstdint>

#include "patterns.h"

namespace elementwise_test {
namespace {
namespace contracted {
#include "plain_functions.inc.h"
}
}  // namespace

std::uint64_t contracted_hash(int function, std::uint32_t step) { return contracted::hash_function(function, step); }

}  // namespace elementwise_test
