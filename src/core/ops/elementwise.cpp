// Reads the elementwise operators as double precision with the C library's functions (the judge of every backend), as
// wrapping 64-bit integers, and as graph nodes (their gradients), and lists them.
#include "core/op/elementwise.h"

#include <cmath>
#include <limits>
#include <utility>

namespace webai {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

#define LET(name, value, expression) [&](auto name) { return expression; }(value)
#define ATTRIBUTE(name, fallback, doc) [[maybe_unused]] const double name = *attributes++;
#define FLAG(name, doc) ATTRIBUTE(name, 0, doc)

// ---- double --------------------------------------------------------------------------------------------------------
namespace in_double {

using std::abs, std::atan, std::ceil, std::cos, std::erf, std::exp, std::expm1, std::floor, std::log, std::log1p,
    std::pow, std::sin, std::sqrt, std::tan, std::tanh;

double where(bool condition, double a, double b) { return condition ? a : b; }
bool equal(double a, double b) { return a == b; }
bool logicalNot(bool a) { return !a; }
bool logicalAnd(bool a, bool b) { return a && b; }
bool logicalOr(bool a, bool b) { return a || b; }
bool logicalXor(bool a, bool b) { return a != b; }
double sign(double x) { return x < 0 ? -1 : x > 0 ? 1 : x; }
/// x, but for minus infinity: a finite number whose product with a vanishing factor vanishes.
double from_below(double x) { return x < -3e38 ? -3e38 : x; }
double round(double x) { return std::nearbyint(x); }
double sigmoid(double x) { return 1 / (1 + exp(-x)); }
double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
double sinc(double x) { return x == 0 ? 1 : std::isinf(x) ? 0 : sin(x) / x; }
double gauss(double x) { return exp(-x * x); }
/// C's remainder is exact; moved to the sign of b.
double mod(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder == 0) return 0;
  return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

using REAL = double;
using NUMBER = double;
using ANY = double;
using LOGIC = bool;

#define UNARY(name, domain, traits, settings, doc, formula, value, gradient)            \
  double evaluate_##name(const double* in, [[maybe_unused]] const double* attributes) { \
    const domain x = static_cast<domain>(in[0]);                                        \
    settings return value;                                                              \
  }
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  double evaluate_##name(const double* in, [[maybe_unused]] const double* attributes) {           \
    const domain a = static_cast<domain>(in[0]), b = static_cast<domain>(in[1]);                  \
    settings return value;                                                                        \
  }
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  double evaluate_##name(const double* in, [[maybe_unused]] const double* attributes) {               \
    const LOGIC c = in[0] != 0;                                                                       \
    const domain a = in[1], b = in[2];                                                                \
    settings return value;                                                                            \
  }
#include "core/ops/elementwise.inc.h"
#undef UNARY
#undef BINARY
#undef TERNARY

}  // namespace in_double

// ---- wrapping integers ---------------------------------------------------------------------------------------------
namespace in_integers {

/// 64 bits, signed or not. A literal of the text takes part as the mathematical number it is.
struct Integer {
  std::int64_t value = 0;
  bool is_unsigned = false;

  Integer(std::int64_t number, bool without_sign) : value(number), is_unsigned(without_sign) {}
  Integer(double literal) {
    if (!(literal < 0x1p63)) {
      value = -1;  // as large as can be
      is_unsigned = true;
    } else {
      value = literal < -0x1p63 ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(literal);
    }
  }
  std::uint64_t bits() const { return static_cast<std::uint64_t>(value); }
  bool negative() const { return !is_unsigned && value < 0; }
};

std::int64_t encode(Integer a) { return a.value; }
std::int64_t encode(bool a) { return a; }
Integer wrapped(std::uint64_t bits, Integer a, Integer b) {
  return {static_cast<std::int64_t>(bits), a.is_unsigned || b.is_unsigned};
}
Integer operator+(Integer a, Integer b) { return wrapped(a.bits() + b.bits(), a, b); }
Integer operator-(Integer a, Integer b) { return wrapped(a.bits() - b.bits(), a, b); }
Integer operator*(Integer a, Integer b) { return wrapped(a.bits() * b.bits(), a, b); }
Integer operator-(Integer a) { return wrapped(0 - a.bits(), a, a); }
bool equal(Integer a, Integer b) { return a.value == b.value && a.negative() == b.negative(); }
bool operator<(Integer a, Integer b) { return a.negative() != b.negative() ? a.negative() : a.bits() < b.bits(); }
bool operator>(Integer a, Integer b) { return b < a; }
bool operator<=(Integer a, Integer b) { return !(b < a); }
bool operator>=(Integer a, Integer b) { return !(a < b); }
Integer where(bool condition, Integer a, Integer b) { return condition ? a : b; }
Integer abs(Integer a) { return a.negative() ? -a : a; }
Integer floor(Integer a) { return a; }
Integer ceil(Integer a) { return a; }
Integer round(Integer a) { return a; }
/// Towards zero; 0 for a divisor of 0; the one quotient that does not fit wraps. Works on magnitudes.
Integer operator/(Integer a, Integer b) {
  if (b.value == 0) return {0, a.is_unsigned};
  const Integer quotient = wrapped(abs(a).bits() / abs(b).bits(), a, b);
  return a.negative() != b.negative() ? -quotient : quotient;
}
/// The sign of b; 0 for a divisor of 0.
Integer mod(Integer a, Integer b) {
  const Integer remainder = a - (a / b) * b;
  if (b.value == 0) return {0, a.is_unsigned};
  return remainder.value != 0 && remainder.negative() != b.negative() ? remainder + b : remainder;
}
bool logicalNot(bool a) { return !a; }
bool logicalAnd(bool a, bool b) { return a && b; }
bool logicalOr(bool a, bool b) { return a || b; }
bool logicalXor(bool a, bool b) { return a != b; }

using NUMBER = Integer;
using ANY = Integer;
struct LOGIC {
  bool value;
  LOGIC(std::int64_t bits, bool) : value(bits != 0) {}
  operator bool() const { return value; }
};

// One function for each operator that takes integers or booleans; the others have no such reading.
#define INTEGER_REAL(definition)
#define INTEGER_NUMBER(definition) definition
#define INTEGER_ANY(definition) definition
#define INTEGER_LOGIC(definition) definition
#define PROTECT(...) __VA_ARGS__
#define UNARY(name, domain, traits, settings, doc, formula, value, gradient)                                          \
  INTEGER_##domain(PROTECT(                                                                                           \
      std::int64_t evaluate_##name(const std::int64_t* in, [[maybe_unused]] const double* attributes, bool natural) { \
        const domain x(in[0], natural);                                                                               \
        settings return encode(value);                                                                                \
      }))
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b)                     \
  INTEGER_##domain(PROTECT(                                                                                           \
      std::int64_t evaluate_##name(const std::int64_t* in, [[maybe_unused]] const double* attributes, bool natural) { \
        const domain a(in[0], natural), b(in[1], natural);                                                            \
        settings return encode(value);                                                                                \
      }))
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b)                 \
  INTEGER_##domain(PROTECT(                                                                                           \
      std::int64_t evaluate_##name(const std::int64_t* in, [[maybe_unused]] const double* attributes, bool natural) { \
        const LOGIC c(in[0], natural);                                                                                \
        const domain a(in[1], natural), b(in[2], natural);                                                            \
        settings return encode(value);                                                                                \
      }))
#include "core/ops/elementwise.inc.h"
#undef UNARY
#undef BINARY
#undef TERNARY

}  // namespace in_integers

// ---- graph nodes ---------------------------------------------------------------------------------------------------
namespace in_graph {

// Every operator as a function of Terms.
#define UNARY(name, ...) \
  [[maybe_unused]] Term name(Term x) { return x.apply(#name); }
#define BINARY(name, a, b, ...) \
  [[maybe_unused]] Term name(Term a, Term b) { return a.apply(#name, b); }
#define TERNARY(name, c, a, b, ...) \
  Term name(Term c, Term a, Term b) { return {c.builder(), c.builder().emit(#name, {c.ref(), a.ref(), b.ref()})}; }
#include "core/ops/elementwise.inc.h"
#undef UNARY
#undef BINARY
#undef TERNARY

Term where(Term condition, double a, Term b) { return where(condition, b.number(a), b); }
Term where(Term condition, Term a, double b) { return where(condition, a, a.number(b)); }
Term equal(Term a, double b) { return equal(a, a.number(b)); }
Term operator<(Term a, Term b) { return less(a, b); }
Term operator<(Term a, double b) { return less(a, a.number(b)); }
Term operator>(Term a, double b) { return greater(a, a.number(b)); }
Term none() { return {}; }

#define UNARY(name, domain, traits, settings, doc, formula, value, gradient)                    \
  Term gradient_##name(int, [[maybe_unused]] std::span<const Term> in, [[maybe_unused]] Term y, \
                       [[maybe_unused]] Term g, [[maybe_unused]] const double* attributes) {    \
    [[maybe_unused]] const Term x = in[0];                                                      \
    settings return gradient;                                                                   \
  }
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b)                      \
  Term gradient_##name([[maybe_unused]] int index, [[maybe_unused]] std::span<const Term> in, [[maybe_unused]] Term y, \
                       [[maybe_unused]] Term g, [[maybe_unused]] const double* attributes) {                           \
    [[maybe_unused]] const Term a = in[0], b = in[1];                                                                  \
    settings if (index == 0) return gradient_a;                                                                        \
    return gradient_b;                                                                                                 \
  }
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  Term gradient_##name(int index, std::span<const Term> in, Term, Term g, const double*) {            \
    const Term c = in[0];                                                                             \
    if (index == 0) return none();                                                                    \
    if (index == 1) return gradient_a;                                                                \
    return gradient_b;                                                                                \
  }
#include "core/ops/elementwise.inc.h"
#undef UNARY
#undef BINARY
#undef TERNARY

}  // namespace in_graph

// ---- the list ------------------------------------------------------------------------------------------------------
#undef ATTRIBUTE
#undef FLAG
#undef INTEGER_REAL
#undef INTEGER_NUMBER
#undef INTEGER_ANY
#undef INTEGER_LOGIC

/// An Elementwise whose traits the text sets by name.
struct Row : Elementwise {
  constexpr Row(const Elementwise& row, std::initializer_list<Attribute> settings) : Elementwise(row) {
    for (const Attribute& each : settings) attribute[attribute_count++] = each;
  }
  constexpr Row& commutative() { return Elementwise::commutative = true, *this; }
  constexpr Row& activation() { return Elementwise::activation = true, *this; }
  constexpr Row& boolean_condition() { return Elementwise::boolean_condition = true, *this; }
  constexpr Row& range(double from, double to) { return low = from, high = to, *this; }
  constexpr Row& boolean_result() {
    Elementwise::boolean_result = true;
    not_differentiable = "its result is boolean";
    gradient = nullptr;
    return *this;
  }
};

constexpr auto REAL = Elementwise::Domain::real, NUMBER = Elementwise::Domain::number, ANY = Elementwise::Domain::any,
               LOGIC = Elementwise::Domain::logic;

#define INTEGER_REAL(name) nullptr
#define INTEGER_NUMBER(name) in_integers::evaluate_##name
#define INTEGER_ANY(name) in_integers::evaluate_##name
#define INTEGER_LOGIC(name) in_integers::evaluate_##name
#define ATTRIBUTE(name, fallback, doc) Elementwise::Attribute{#name, fallback, doc, false},
#define FLAG(name, doc) Elementwise::Attribute{#name, 0, doc, true},
#define ROW(name_, count, names, domain_, traits, doc_, formula_, ...) \
  Row({.name = #name_,                                                 \
       .doc = doc_,                                                    \
       .formula = formula_,                                            \
       .inputs = count,                                                \
       .input_names = {PROTECT names},                                 \
       .domain = domain_,                                              \
       .attribute = {},                                                \
       .not_differentiable = {},                                       \
       .evaluate = in_double::evaluate_##name_,                        \
       .evaluate_integer = INTEGER_##domain_(name_),                   \
       .gradient = in_graph::gradient_##name_},                        \
      {__VA_ARGS__}) traits,
#define UNARY(name, domain, traits, settings, doc, formula, value, gradient) \
  ROW(name, 1, ("x"), domain, traits, doc, formula, settings)
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  ROW(name, 2, (#a, #b), domain, traits, doc, formula, settings)
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  ROW(name, 3, (#c, #a, #b), domain, .boolean_condition() traits, doc, formula, settings)

constexpr Elementwise operators[] = {
#include "core/ops/elementwise.inc.h"
};

constexpr OperatorAlias aliases[] = {
    {"leaky-relu", "leakyRelu"}, {"swish", "silu"},         {"hard-sigmoid", "hardSigmoid"},
    {"hard-swish", "hardSwish"}, {"gelu-tanh", "geluTanh"}, {"bent-identity", "bentIdentity"},
    {"linear", "identity"},      {"gaussian", "gauss"},
};

}  // namespace

std::span<const Elementwise> elementwise_operators() { return operators; }

std::span<const OperatorAlias> elementwise_aliases() { return aliases; }

std::array<double, Elementwise::max_attributes> elementwise_attributes(const Elementwise& elementwise,
                                                                       const Attributes& attributes) {
  std::array<double, Elementwise::max_attributes> numbers{};
  for (std::size_t i = 0; i < elementwise.attributes().size(); ++i) {
    const Elementwise::Attribute& attribute = elementwise.attribute[i];
    if (attribute.flag) {
      numbers[i] = attributes.boolean(attribute.name) ? 1 : 0;
    } else {
      numbers[i] = attributes.number(attribute.name);
    }
  }
  return numbers;
}

}  // namespace webai
