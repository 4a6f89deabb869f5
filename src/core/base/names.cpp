// Edit distance by dynamic programming over three rows.
#include "core/base/names.h"

#include <algorithm>
#include <array>

namespace webai {
namespace {

constexpr std::size_t longest = 64;

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.size() > longest || b.size() > longest) return std::max(a.size(), b.size());
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};  // distances of prefixes: two rows back, one back, now
  for (std::size_t j = 0; j <= b.size(); ++j) rows[1][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    rows[2][0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool equal = lower(a[i - 1]) == lower(b[j - 1]);
      std::size_t best = std::min({rows[1][j] + 1, rows[2][j - 1] + 1, rows[1][j - 1] + (equal ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) best = std::min(best, rows[0][j - 2] + 1);
      rows[2][j] = best;
    }
    std::rotate(rows.begin(), rows.begin() + 1, rows.end());
  }
  return std::max<std::size_t>(rows[1][b.size()], 1);  // words that differ in case only are one step apart
}

bool same_but_for_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::size_t plausible_distance(std::string_view word) {
  // Of a single letter nothing would be left but its case.
  return word.size() < 3 ? (word.size() < 2 ? 0 : 1) : std::max<std::size_t>(1, (word.size() + 1) / 3);
}

}  // namespace webai
