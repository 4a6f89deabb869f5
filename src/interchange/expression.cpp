#include "interchange/expression.h"

#include <array>
#include <charconv>
#include <cmath>

#include "interchange/library.h"

namespace webai {
namespace {

/// An expression under construction: the elementwise text computes with these.
struct E {
  Words* words = nullptr;
  Text text;
  std::string* statements = nullptr;  // where LET writes

  E() = default;
  E(Words* own, Text expression, std::string* where = nullptr)
      : words(own), text(std::move(expression)), statements(where) {}
  E(double value) : literal(value), is_literal(true) {}
  E(Words* own, double value) : words(own), literal(value), is_literal(true) {}
  const Text piece() const { return is_literal ? words->number(literal) : text; }
  double literal = 0;
  bool is_literal = false;
};

struct Pair {
  Words& words;
  Text a, b;
  std::string* statements;
  Pair(const E& x, const E& y)
      : words(x.words ? *x.words : *y.words),
        a(x.is_literal ? words.number(x.literal) : x.text),
        b(y.is_literal ? words.number(y.literal) : y.text),
        statements(x.statements ? x.statements : y.statements) {}
  E infix(const char* sign, int level, int left, int right) const {
    return {&words, {a.at(left) + " " + sign + " " + b.at(right), level}, statements};
  }
  // Comparisons bind loosely everywhere, and NumPy's logic needs parentheses around them.
  E compare(const char* sign) const { return infix(sign, 0, 1, 1); }
};

E operator+(E a, E b) { return Pair(a, b).infix("+", 1, 1, 1); }
E operator-(E a, E b) { return Pair(a, b).infix("-", 1, 1, 2); }
E operator*(E a, E b) { return Pair(a, b).infix("*", 2, 2, 3); }
E operator/(E a, E b) { return Pair(a, b).infix("/", 2, 2, 3); }
E operator-(E a) { return {a.words, {"-" + a.text.at(3), 1}, a.statements}; }
E operator<(E a, E b) { return Pair(a, b).compare("<"); }
E operator>(E a, E b) { return Pair(a, b).compare(">"); }
E operator<=(E a, E b) { return Pair(a, b).compare("<="); }
E operator>=(E a, E b) { return Pair(a, b).compare(">="); }
E equal(E a, E b) { return Pair(a, b).compare(a.words && a.words->language() == Language::javascript ? "===" : "=="); }
bool is_python(const Words& words) { return words.language() == Language::python; }

E logic(const char* function, const char* sign, E a, E b) {
  const Pair pair(a, b);
  if (is_python(pair.words))
    return {&pair.words, pair.words.call(function, {pair.a.text, pair.b.text}), pair.statements};
  return pair.infix(sign, 0, 1, 1);
}
E logicalAnd(E a, E b) { return logic("logicalAnd", "&&", a, b); }
E logicalOr(E a, E b) { return logic("logicalOr", "||", a, b); }
E logicalXor(E a, E b) { return logic("logicalXor", "!=", a, b); }
E logicalNot(E a) {
  if (is_python(*a.words)) return {a.words, a.words->call("logicalNot", {a.text.text}), a.statements};
  return {a.words, {"!" + a.text.at(3), 2}, a.statements};
}
E where(E condition, E a, E b) {
  Words& words = *condition.words;
  const auto text = [&](const E& e) { return e.is_literal ? words.number(e.literal) : e.text; };
  return {&words, words.choice(condition.text, text(a), text(b)), condition.statements};
}
E called(const char* function, E a) { return {a.words, a.words->call(function, {a.piece().text}), a.statements}; }
E called(const char* function, E a, E b) {
  const Pair pair(a, b);
  return {&pair.words, pair.words.call(function, {pair.a.text, pair.b.text}), pair.statements};
}
#define WORD(name) \
  [[maybe_unused]] E name(E a) { return called(#name, a); }
WORD(abs)
WORD(floor)
WORD(ceil) WORD(round) WORD(sqrt) WORD(exp) WORD(expm1) WORD(log) WORD(log1p) WORD(sin) WORD(cos) WORD(tan) WORD(atan)
    WORD(erf) WORD(tanh) WORD(sign) WORD(sigmoid) WORD(softplus) WORD(sinc) WORD(gauss) WORD(from_below)
#undef WORD
        E pow(E a, E b) {
  return called("pow", a, b);
}
E mod(E a, E b) { return called("mod", a, b); }

constexpr double infinity = HUGE_VAL;

/// A name for a value that an expression uses several times.
E let(const char* name, E value) {
  const Words& words = *value.words;
  const bool python = is_python(words);
  const std::string begin = python ? "" : words.language() == Language::c ? "const " + words.type() + " " : "const ";
  *value.statements += (python ? "    " : "  ") + begin + name + " = " + value.text.text + (python ? "\n" : ";\n");
  return {value.words, {name}, value.statements};
}

struct Meaning {
  std::string_view name;
  E (*print)(const E* in, const double* attributes);
};

#define LET(name, value, expression) [&](E name) { return expression; }(let(#name, value))
#define ATTRIBUTE(name, fallback, doc) [[maybe_unused]] const E name(in[0].words, *attributes++);
#define FLAG(name, doc) [[maybe_unused]] const double name = *attributes++;
#define PRINTED(name, declarations, settings, value) \
  {#name, [](const E* in, [[maybe_unused]] const double* attributes) -> E { declarations settings return value; }},
#define UNARY(name, domain, traits, settings, doc, formula, value, gradient) \
  PRINTED(name, const E x = in[0];, settings, value)
#define TWO(a, b) const E a = in[0], b = in[1];
#define THREE(c, a, b) const E c = in[0], a = in[1], b = in[2];
#define PROTECT(...) __VA_ARGS__
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  PRINTED(name, PROTECT(TWO(a, b)), settings, value)
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  PRINTED(name, PROTECT(THREE(c, a, b)), settings, value)
constexpr Meaning meanings[] = {
#include "core/ops/elementwise.inc.h"
};
#undef UNARY
#undef BINARY
#undef TERNARY

E printed(Words& words, const Elementwise& elementwise, std::span<const double> attributes,
          std::span<const Text> operands, std::string& statements) {
  std::array<E, Elementwise::max_inputs> in;
  for (std::size_t i = 0; i < operands.size(); ++i) in[i] = {&words, operands[i], &statements};
  for (const Meaning& meaning : meanings) {
    if (meaning.name != elementwise.name) continue;
    E result = meaning.print(in.data(), attributes.data());
    if (result.is_literal) result = {&words, words.number(result.literal), &statements};
    return result;
  }
  return {};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace

Text Words::number(double value) const {
  const bool python = language_ == Language::python;
  if (std::isnan(value)) return {python ? "np.nan" : language_ == Language::c ? "NAN" : "NaN"};
  if (std::isinf(value)) {
    const std::string name = python ? "np.inf" : language_ == Language::c ? "INFINITY" : "Infinity";
    return value > 0 ? Text{name} : Text{"-" + name, 1};
  }
  char digits[40];
  const char* end = is_double_ ? std::to_chars(digits, digits + sizeof digits, value).ptr
                               : std::to_chars(digits, digits + sizeof digits, static_cast<float>(value)).ptr;
  std::string text(digits, static_cast<std::size_t>(end - digits));
  if (language_ != Language::javascript && text.find_first_of(".e") == std::string::npos) text += ".0";
  if (language_ == Language::c && !is_double_) text += 'f';
  return {text, text.front() == '-' ? 1 : 3};
}

Text Words::call(std::string_view function, std::initializer_list<std::string> arguments) {
  std::string text = word_for(language_, is_double_, function);
  if (text.empty()) {
    need(function);
    text = own_name(function);
  }
  text += '(';
  bool first = true;
  for (const std::string& argument : arguments) {
    text += (first ? "" : ", ") + argument;
    first = false;
  }
  return {text + ")"};
}

Text Words::choice(const Text& condition, const Text& a, const Text& b) const {
  if (language_ == Language::python) return {"np.where(" + condition.text + ", " + a.text + ", " + b.text + ")"};
  return {condition.at(0) + " ? " + a.at(0) + " : " + b.text, -1};
}

void Words::need(std::string_view function) {
  for (const std::string& known : library_)
    if (known == function) return;
  library_.emplace_back(function);
  taken_.insert(own_name(function));
}

Text Words::apply(const Elementwise& elementwise, std::span<const double> attributes, std::span<const Text> operands) {
  // Marks that no text contains, to see how often each operand is used.
  std::vector<Text> marks;
  for (std::size_t i = 0; i < operands.size(); ++i)
    marks.push_back({"\x01" + std::string(1, static_cast<char>('a' + i))});
  std::string statements;
  const Text trial = printed(*this, elementwise, attributes, marks, statements).text;
  bool once = statements.empty() && !(elementwise.boolean_result && language_ == Language::javascript);
  for (const Text& mark : marks) once = once && count_of(trial.text, mark.text) <= 1;
  if (once) return printed(*this, elementwise, attributes, operands, statements).text;
  std::string text = define(elementwise, attributes) + "(";
  for (std::size_t i = 0; i < operands.size(); ++i) text += (i ? ", " : "") + operands[i].text;
  return {text + ")"};
}

std::string Words::define(const Elementwise& elementwise, std::span<const double> attributes) {
  std::string key(elementwise.name);
  for (const double attribute : attributes) key += " " + number(attribute).text;
  for (const auto& [known, name] : names_)
    if (known == key) return name;
  std::string name = own_name(elementwise.name);
  for (int i = 2; !taken_.insert(name).second; ++i) name = own_name(elementwise.name) + "_" + std::to_string(i);
  std::vector<Text> operands;
  std::string parameters;
  static constexpr std::string_view letters[] = {"x", "y", "z"};
  for (int i = 0; i < elementwise.inputs; ++i) {
    operands.push_back({std::string(letters[i])});
    parameters += (i ? ", " : "") + (language_ == Language::c ? type() + " " : std::string()) + operands.back().text;
  }
  std::string statements;
  Text value = printed(*this, elementwise, attributes, operands, statements).text;
  const std::string sentence(elementwise.formula);
  std::string text;
  switch (language_) {
    case Language::python:
      text = "def " + name + "(" + parameters + "):  # " + sentence + "\n" + statements + "    return " + value.text +
             "\n";
      break;
    case Language::c:
      text = "static " + type() + " " + name + "(" + parameters + ") {  /* " + sentence + " */\n" + statements +
             "  return " + value.text + ";\n}\n";
      break;
    case Language::javascript:
      if (elementwise.boolean_result) value = {value.at(1) + " ? 1 : 0"};
      text = "function " + name + "(" + parameters + ") {  // " + sentence + "\n" + statements + "  return " +
             value.text + ";\n}\n";
      break;
  }
  own_.push_back(std::move(text));
  names_.emplace_back(std::move(key), name);
  return name;
}

std::string Words::functions() const {
  std::string text;
  for (const std::string& function : library_) text += library_text(language_, is_double_, function) + "\n";
  for (const std::string& function : own_) text += function + "\n";
  return text;
}

}  // namespace webai
