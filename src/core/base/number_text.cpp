#include "core/base/number_text.h"

#include <array>
#include <charconv>

namespace webai {

std::string number_text(double value, int digits) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits).ptr;
  return {text.data(), end};
}

}  // namespace webai
