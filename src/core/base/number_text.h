// Numbers as people read them in messages.
#pragma once

#include <string>

namespace webai {

/// With so many significant digits at most, and an exponent where that is shorter: "0.125", "1e+09".
std::string number_text(double value, int digits);

}  // namespace webai
