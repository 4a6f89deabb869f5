// Time that this process worked, all its threads together: what else the machine does is not in it.
#pragma once

#include <ctime>

namespace webai::test {

inline double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace webai::test
