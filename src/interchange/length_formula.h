// How a number of a program depends on the lengths of open dimensions, found from programs for several lengths. Private to
// src/interchange.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interchange/program.h"

namespace webai {

/// floor((scale * length + offset) / divisor) of one length.
struct LengthFactor {
  std::size_t dimension = 0;
  std::int64_t scale = 1, offset = 0, divisor = 1;
  std::int64_t operator()(const std::vector<std::int64_t>& lengths) const;
  std::string text(Language language) const;
  friend bool operator==(const LengthFactor&, const LengthFactor&) = default;
};

/// coefficient * factor * factor ... + offset.
struct LengthFormula {
  std::int64_t coefficient = 1, offset = 0;
  std::vector<LengthFactor> factors;
  std::int64_t operator()(const std::vector<std::int64_t>& lengths) const;
  std::string text(Language language) const;
};

/// The name that a length has in programs.
std::string length_name(std::size_t dimension);

/// Finds formulas that hold for all of some lengths. What it found helps with what comes next.
class FormulaFinder {
 public:
  /// The lengths of each example. Examples differ in one length or in several.
  explicit FormulaFinder(std::vector<std::vector<std::int64_t>> examples);
  /// Of values by example.
  std::optional<LengthFormula> find(const std::vector<std::int64_t>& values);

 private:
  std::optional<LengthFormula> of_one(const std::vector<std::int64_t>& values, std::size_t dimension);
  std::optional<LengthFormula> product(const std::vector<std::int64_t>& values) const;
  std::optional<LengthFactor> factor(const std::vector<std::int64_t>& values, std::size_t dimension) const;
  bool holds(const LengthFormula& formula, const std::vector<std::int64_t>& values) const;
  void remember(const LengthFactor& factor);

  std::vector<std::vector<std::int64_t>> examples_;
  std::vector<LengthFactor> known_;
};

}  // namespace webai
