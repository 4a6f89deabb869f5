// What is known of an elementwise operator, read from the one text (core/ops/elementwise.inc.h) under its meanings.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/op/term.h"

namespace webai {

class Registry;

/// One elementwise operator. All inputs are broadcast to one shape (NumPy's rule); inputs share one dtype (but for the
/// condition of `where`, which is boolean); the result has it too, or is boolean.
struct Elementwise {
  static constexpr int max_inputs = 3;
  static constexpr int max_attributes = 4;
  /// Which types it takes: floating ones; those and integers; those and booleans; booleans alone.
  enum class Domain : std::uint8_t { real, number, any, logic };
  struct Attribute {
    std::string_view name;
    double fallback = 0;
    std::string_view doc;
    bool flag = false;  ///< a boolean in JSON; 0 or 1 here
  };

  std::string_view name;
  std::string_view doc;      ///< one sentence
  std::string_view formula;  ///< in plain text
  int inputs = 1;
  std::string_view input_names[max_inputs];
  Domain domain = Domain::real;
  int attribute_count = 0;
  Attribute attribute[max_attributes];
  bool boolean_result = false;     ///< comparisons and logic
  bool boolean_condition = false;  ///< input 0 is boolean (`where`)
  bool activation = false;
  bool commutative = false;
  double low = -2.0, high = 2.0;        ///< range of inputs the tests draw from
  std::string_view not_differentiable;  ///< reason; empty when `gradient` is set

  /// One element with the C library's functions in double: the judge. Booleans are 0 and 1.
  double (*evaluate)(const double* inputs, const double* attributes) = nullptr;
  /// The same in 64-bit wrapping integers (is_unsigned: inputs are the bits of u64); nullptr where integers make no
  /// sense. Booleans are 0 and 1.
  std::int64_t (*evaluate_integer)(const std::int64_t* inputs, const double* attributes, bool is_unsigned) = nullptr;
  /// Gradient with respect to input `index`, before summing over broadcast dimensions; an invalid Term: none flows.
  Term (*gradient)(int index, std::span<const Term> inputs, Term output, Term output_gradient,
                   const double* attributes) = nullptr;

  std::span<const Attribute> attributes() const { return {attribute, static_cast<std::size_t>(attribute_count)}; }
};

/// All of them, in the order of the text.
std::span<const Elementwise> elementwise_operators();

/// Other spellings that models use: "leaky-relu" for "leakyRelu".
struct OperatorAlias {
  std::string_view alias;
  std::string_view name;
};
std::span<const OperatorAlias> elementwise_aliases();

/// A node's attributes as numbers in the order of the definition, as a ChainStep holds them; 0 past their count.
std::array<double, Elementwise::max_attributes> elementwise_attributes(const Elementwise& elementwise, const Attributes& attributes);

/// Turns each into an OpDef of the domain "core" and adds it.
void add_elementwise(Registry& registry);

}  // namespace webai
