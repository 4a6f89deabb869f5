// What is known of an elementwise operator, read from the one text (core/ops/elementwise.inc.h) under its meanings.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/op/term.h"

namespace webai {

/// One elementwise operator. All inputs are broadcast to one shape (NumPy's rule); inputs share one dtype (but for the
/// condition of `where`, which is boolean); the result has it too, or is boolean.
struct Elementwise {
  static constexpr int max_inputs = 3;
  static constexpr int max_attributes = 4;

  std::string_view name;
  std::string_view doc;      ///< one sentence
  std::string_view formula;  ///< in plain text
  int inputs = 1;
  std::span<const std::string_view> input_names;
  struct Attribute {
    std::string_view name;
    double fallback;
    std::string_view doc;
  };
  std::span<const Attribute> attributes;
  bool boolean_result = false;    ///< comparisons and logic
  bool boolean_condition = false; ///< input 0 is boolean (`where`)
  bool activation = false;
  bool commutative = false;
  double low = -2.0, high = 2.0;  ///< range of inputs the tests draw from
  std::string_view not_differentiable;  ///< reason; empty when `gradient` is set

  /// One element with the C library's functions in double: the judge.
  double (*evaluate)(const double* inputs, const double* attributes) = nullptr;
  /// The same in 64-bit wrapping integers (is_unsigned: inputs are the bits of u64); nullptr where integers make no
  /// sense.
  std::int64_t (*evaluate_integer)(const std::int64_t* inputs, const double* attributes, bool is_unsigned) = nullptr;
  /// Gradient with respect to input `index`, before summing over broadcast dimensions; an invalid Term: none flows.
  Term (*gradient)(int index, std::span<const Term> inputs, Term output, Term output_gradient,
                   const double* attributes) = nullptr;
};

/// All of them, in the order of the text.
std::span<const Elementwise> elementwise_operators();

}  // namespace webai
