#include "interchange/length_formula.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace webai {
namespace {

constexpr std::int64_t most_divisor = 8;

std::int64_t floor_of(std::int64_t value, std::int64_t divisor) {
  return value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor);
}

// "3 * dim_1 + 2"
std::string linear(const std::string& value, std::int64_t scale, std::int64_t offset) {
  std::string text = (scale == 1 ? "" : std::to_string(scale) + " * ") + value;
  if (offset != 0) text += (offset < 0 ? " - " : " + ") + std::to_string(offset < 0 ? -offset : offset);
  return text;
}

}  // namespace

std::string length_name(std::size_t dimension) { return "dim_" + std::to_string(dimension + 1); }

std::int64_t LengthFactor::operator()(const std::vector<std::int64_t>& lengths) const {
  return floor_of(scale * lengths[dimension] + offset, divisor);
}

std::string LengthFactor::text(Language language) const {
  const std::string inner = linear(length_name(dimension), scale, offset);
  if (divisor == 1) return scale == 1 && offset == 0 ? inner : "(" + inner + ")";
  const std::string by = std::to_string(divisor), above = offset == 0 && scale == 1 ? inner : "(" + inner + ")";
  if (language == Language::javascript) return "Math.floor(" + above + " / " + by + ")";
  return "(" + above + (language == Language::python ? " // " : " / ") + by + ")";
}

std::int64_t LengthFormula::operator()(const std::vector<std::int64_t>& lengths) const {
  std::int64_t product = coefficient;
  for (const LengthFactor& factor : factors) product *= factor(lengths);
  return product + offset;
}

std::string LengthFormula::text(Language language) const {
  std::string text;
  for (const LengthFactor& factor : factors) text += (text.empty() ? "" : " * ") + factor.text(language);
  return linear(text, coefficient, offset);
}

FormulaFinder::FormulaFinder(std::vector<std::vector<std::int64_t>> examples) : examples_(std::move(examples)) {
  for (std::size_t i = 0; i < examples_.front().size(); ++i) known_.push_back({.dimension = i});
}

void FormulaFinder::remember(const LengthFactor& factor) {
  if (std::ranges::find(known_, factor) == known_.end()) known_.push_back(factor);
}

bool FormulaFinder::holds(const LengthFormula& formula, const std::vector<std::int64_t>& values) const {
  for (std::size_t s = 0; s < values.size(); ++s)
    if (formula(examples_[s]) != values[s]) return false;
  return true;
}

std::optional<LengthFactor> FormulaFinder::factor(const std::vector<std::int64_t>& values, std::size_t dimension) const {
  const auto length = [&](std::size_t s) { return examples_[s][dimension]; };
  for (std::int64_t divisor = 1; divisor <= most_divisor; ++divisor) {
    // Its slope, from two examples that lie so far apart.
    std::optional<std::int64_t> scale;
    for (std::size_t s = 0; s < values.size() && !scale; ++s)
      for (std::size_t other = 0; other < values.size() && !scale; ++other)
        if (length(other) - length(s) == divisor) scale = values[other] - values[s];
    if (!scale || *scale == 0) continue;
    std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
    for (std::size_t s = 0; s < values.size(); ++s) {
      const std::int64_t from = divisor * values[s] - *scale * length(s);
      least = std::max(least, from);
      most = std::min(most, from + divisor - 1);
    }
    if (least > most) continue;
    const LengthFactor found{dimension, *scale, least, divisor};
    // Languages round towards zero below it.
    if (std::ranges::all_of(examples_, [&](const auto& lengths) { return found.scale * lengths[dimension] + found.offset >= 0 || divisor == 1; }))
      return found;
  }
  return {};
}

std::optional<LengthFormula> FormulaFinder::of_one(const std::vector<std::int64_t>& values, std::size_t dimension) {
  if (const auto found = factor(values, dimension); found && found->divisor == 1) {
    if (found->offset % found->scale == 0) remember({dimension, 1, found->offset / found->scale, 1});
    return LengthFormula{found->scale, found->offset, {{dimension}}};
  }
  // A multiple of a quotient, and a number beside it.
  std::int64_t step = 0;
  for (const std::int64_t value : values) step = std::gcd(step, value - values.front());
  if (step == 0) return {};
  const std::int64_t beside = values.front() - step * floor_of(values.front(), step);
  std::vector<std::int64_t> reduced;
  for (const std::int64_t value : values) reduced.push_back((value - beside) / step);
  const auto found = factor(reduced, dimension);
  if (!found) return {};
  remember(*found);
  return LengthFormula{step, beside, {*found}};
}

std::optional<LengthFormula> FormulaFinder::product(const std::vector<std::int64_t>& values) const {
  // values = coefficient * product + offset, from two examples whose products differ.
  const auto fitted = [&](std::vector<LengthFactor> factors) -> std::optional<LengthFormula> {
    const LengthFormula plain{1, 0, factors};
    for (std::size_t s = 1; s < values.size(); ++s) {
      const std::int64_t apart = plain(examples_[s]) - plain(examples_[0]);
      if (apart == 0) continue;
      if ((values[s] - values[0]) % apart != 0) return {};
      const std::int64_t coefficient = (values[s] - values[0]) / apart;
      const LengthFormula formula{coefficient, values[0] - coefficient * plain(examples_[0]), factors};
      if (coefficient != 0 && holds(formula, values)) return formula;
      return {};
    }
    return {};
  };
  const std::size_t count = known_.size();
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = a; b < count; ++b)
      if (auto found = fitted({known_[a], known_[b]})) return found;
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = a; b < count; ++b)
      for (std::size_t c = b; c < count; ++c)
        if (auto found = fitted({known_[a], known_[b], known_[c]})) return found;
  return {};
}

std::optional<LengthFormula> FormulaFinder::find(const std::vector<std::int64_t>& values) {
  for (std::size_t i = 0; i < examples_.front().size(); ++i) {
    // Whether it alone decides.
    bool alone = true;
    for (std::size_t s = 0; s < values.size(); ++s)
      for (std::size_t other = 0; other < s && alone; ++other) alone = examples_[s][i] != examples_[other][i] || values[s] == values[other];
    if (!alone) continue;
    if (auto found = of_one(values, i); found && holds(*found, values)) return found;
  }
  return product(values);
}

}  // namespace webai
