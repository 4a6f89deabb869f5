// Guesses what a misspelt name was meant to be, for the hints of errors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace webai {

/// How many letters must be changed, added, removed or swapped with their neighbour to turn one word into the other;
/// letters that differ only in case count as equal when the words differ elsewhere. Words of more than 64 letters are
/// not compared: the result is then the longer one's length.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Whether two words differ at most in case.
bool same_but_for_case(std::string_view a, std::string_view b);

/// The largest distance at which one word may still be a misspelling of `word`.
std::size_t plausible_distance(std::string_view word);

/// The candidate nearest to `word` (the first of several), or "" when none is near. Candidates: any range of strings.
template <class Candidates> std::string nearest_name(std::string_view word, const Candidates& candidates) {
  std::string_view nearest;
  std::size_t smallest = plausible_distance(word) + 1;
  for (const auto& candidate : candidates) {
    if (same_but_for_case(word, std::string_view(candidate))) return std::string(std::string_view(candidate));
    const std::size_t distance = edit_distance(word, std::string_view(candidate));
    if (distance < smallest) {
      smallest = distance;
      nearest = std::string_view(candidate);
    }
  }
  return std::string(nearest);
}

/// The hint for a name that is none of the candidates: the nearest, or what to try where none is near.
template <class Candidates>
std::string did_you_mean(std::string_view word, const Candidates& candidates, std::string otherwise) {
  const std::string near = nearest_name(word, candidates);
  return near.empty() ? otherwise : "did you mean \"" + near + "\"?";
}

/// What may stand in place of a wrong name, for people: `one of: a, b`, each once. Of very many the first.
template <class Candidates> std::string one_of(const Candidates& candidates) {
  constexpr std::size_t most = 40;
  std::string text;
  std::vector<std::string_view> named;
  for (const auto& candidate : candidates) {
    const std::string_view name(candidate);
    if (name.empty() || std::find(named.begin(), named.end(), name) != named.end()) continue;
    if (named.size() == most) return text + ", ...";
    text += (named.empty() ? "one of: " : ", ") + std::string(name);
    named.push_back(name);
  }
  return text.empty() ? "a name (nothing here has one)" : text;
}

}  // namespace webai
