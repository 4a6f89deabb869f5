// The elementwise operators and the functions under them read as printed OpenCL C: F, I and M are names of variables,
// each word prints one statement.
#include <algorithm>
#include <bit>
#include <concepts>
#include <limits>
#include <vector>

#include "core/op/expression_printer.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {
namespace {

/// Where statements go.
struct Sink {
  std::string text;
  std::string indent = "  ";
  int count = 0;
  bool repairs = false;  // / and sqrt are the prelude's functions

  std::string next() { return "v" + std::to_string(count++); }
  std::string define(const char* type, const std::string& expression) {
    const std::string name = next();
    text += indent + "const " + type + " " + name + " = " + expression + ";\n";
    return name;
  }
};

std::string hexadecimal(std::uint32_t word) {
  std::string digits = "0x00000000u";
  for (std::size_t i = 0; i < 8; ++i) digits[9 - i] = "0123456789abcdef"[(word >> (4 * i)) & 15];
  return digits;
}

/// A float, a 32-bit word, a choice. Literals have no sink; whatever they meet has one.
struct F {
  Sink* sink = nullptr;
  std::string name;
  F(Sink* own, std::string variable) : sink(own), name(std::move(variable)) {}
  template <std::floating_point Number>
  F(Number number) : name("as_float(" + hexadecimal(std::bit_cast<std::uint32_t>(static_cast<float>(number))) + ")") {}
};
struct I {
  Sink* sink = nullptr;
  std::string name;
  I(Sink* own, std::string variable) : sink(own), name(std::move(variable)) {}
  template <std::integral Number> I(Number number) : name(hexadecimal(static_cast<std::uint32_t>(number))) {}
};
struct M {
  Sink* sink = nullptr;
  std::string name;
};

#define FUNCTION [[maybe_unused]] static
#define RARE_FUNCTION [[maybe_unused]] static

template <class A, class B> Sink* sink_of(const A& a, const B& b) { return a.sink ? a.sink : b.sink; }
FUNCTION F number(Sink* sink, const std::string& text) { return {sink, sink->define("float", text)}; }
FUNCTION I word(Sink* sink, const std::string& text) { return {sink, sink->define("uint", text)}; }
FUNCTION M choice(Sink* sink, const std::string& text) { return {sink, sink->define("bool", text)}; }

FUNCTION I bits(F a) {
  const std::string text = "as_uint(" + a.name + ")";
  return a.sink ? word(a.sink, text) : I(nullptr, text);
}
FUNCTION F flt(I a) {
  const std::string text = "as_float(" + a.name + ")";
  return a.sink ? number(a.sink, text) : F(nullptr, text);
}
FUNCTION F i2f(I a) { return number(a.sink, "convert_float(as_int(" + a.name + "))"); }

FUNCTION F operator+(F a, F b) { return number(sink_of(a, b), a.name + " + " + b.name); }
FUNCTION F operator-(F a, F b) { return number(sink_of(a, b), a.name + " - " + b.name); }
FUNCTION F operator*(F a, F b) { return number(sink_of(a, b), a.name + " * " + b.name); }
FUNCTION F operator/(F a, F b) {
  Sink* const sink = sink_of(a, b);
  return number(sink, sink->repairs ? "divided(" + a.name + ", " + b.name + ")" : a.name + " / " + b.name);
}
FUNCTION F sqrt(F a) { return number(a.sink, (a.sink->repairs ? "rooted(" : "sqrt(") + a.name + ")"); }
FUNCTION F guess_quotient(F a, F b) { return number(sink_of(a, b), "guess_quotient(" + a.name + ", " + b.name + ")"); }
FUNCTION F guess_root(F a) { return number(a.sink, "guess_root(" + a.name + ")"); }
FUNCTION M operator<(F a, F b) { return choice(sink_of(a, b), a.name + " < " + b.name); }
FUNCTION M operator>(F a, F b) { return choice(sink_of(a, b), a.name + " > " + b.name); }
FUNCTION M operator<=(F a, F b) { return choice(sink_of(a, b), a.name + " <= " + b.name); }
FUNCTION M operator>=(F a, F b) { return choice(sink_of(a, b), a.name + " >= " + b.name); }
FUNCTION M equal(F a, F b) { return choice(sink_of(a, b), a.name + " == " + b.name); }
FUNCTION F where(M m, F a, F b) { return number(m.sink, m.name + " ? " + a.name + " : " + b.name); }

FUNCTION I operator+(I a, I b) { return word(sink_of(a, b), a.name + " + " + b.name); }
FUNCTION I operator-(I a, I b) { return word(sink_of(a, b), a.name + " - " + b.name); }
FUNCTION I operator*(I a, I b) { return word(sink_of(a, b), a.name + " * " + b.name); }
FUNCTION I operator&(I a, I b) { return word(sink_of(a, b), a.name + " & " + b.name); }
FUNCTION I operator|(I a, I b) { return word(sink_of(a, b), a.name + " | " + b.name); }
FUNCTION I operator^(I a, I b) { return word(sink_of(a, b), a.name + " ^ " + b.name); }
template <int count> FUNCTION I shl(I a) { return word(a.sink, a.name + " << " + std::to_string(count)); }
template <int count> FUNCTION I shr(I a) { return word(a.sink, a.name + " >> " + std::to_string(count)); }
template <int count> FUNCTION I sar(I a) {
  return word(a.sink, "as_uint(as_int(" + a.name + ") >> " + std::to_string(count) + ")");
}
FUNCTION I shlv(I a, I count) { return word(sink_of(a, count), a.name + " << " + count.name); }
FUNCTION I shrv(I a, I count) { return word(sink_of(a, count), a.name + " >> " + count.name); }
FUNCTION M operator<(I a, I b) { return choice(sink_of(a, b), "as_int(" + a.name + ") < as_int(" + b.name + ")"); }
FUNCTION M operator>(I a, I b) { return b < a; }
FUNCTION M equal(I a, I b) { return choice(sink_of(a, b), a.name + " == " + b.name); }
FUNCTION I where(M m, I a, I b) { return word(m.sink, m.name + " ? " + a.name + " : " + b.name); }

FUNCTION M logicalAnd(M a, M b) { return choice(a.sink, a.name + " && " + b.name); }
FUNCTION M logicalOr(M a, M b) { return choice(a.sink, a.name + " || " + b.name); }
FUNCTION M logicalXor(M a, M b) { return choice(a.sink, a.name + " != " + b.name); }
FUNCTION M logicalNot(M a) { return choice(a.sink, "!" + a.name); }

FUNCTION F operator-(F a) { return flt(bits(a) ^ 0x80000000); }
FUNCTION F abs(F a) { return flt(bits(a) & 0x7fffffff); }

FUNCTION F rare(M m, F (*function)(F), F argument, F otherwise) {
  Sink& sink = *m.sink;
  const std::string name = sink.next();
  sink.text += sink.indent + "float " + name + " = " + otherwise.name + ";\n";
  sink.text += sink.indent + "if (" + m.name + ") {\n";
  sink.indent += "  ";
  const F value = function(argument);
  sink.text += sink.indent + name + " = " + value.name + ";\n";
  sink.indent.resize(sink.indent.size() - 2);
  sink.text += sink.indent + "}\n";
  return {&sink, name};
}

#include "core/ops/functions.inc.h"
#include "core/ops/division.inc.h"

// ---- operators -----------------------------------------------------------------------------------------------------

constexpr float infinity = std::numeric_limits<float>::infinity();

using REAL = F;
using NUMBER = F;
using ANY = F;
using LOGIC = M;

/// An operator's parameters and statements, and the variable that holds its value.
struct Printing {
  Sink sink;
  const double* attributes = nullptr;
  std::string value;
};
FUNCTION void finish(Printing& body, const F& value) { body.value = value.name; }
FUNCTION void finish(Printing& body, const M& value) { body.value = value.name; }
FUNCTION F attribute(Printing& body) { return number(&body.sink, F(*body.attributes++).name); }

#define LET(name, value, expression) [&](auto name) { return expression; }(value)
#define ATTRIBUTE(name, fallback, doc) [[maybe_unused]] const F name = attribute(body);
#define FLAG(name, doc) ATTRIBUTE(name, 0, doc)
#define UNARY(name, domain, traits, settings, doc, formula, value, gradient) \
  void body_##name(Printing& body) {                                         \
    const domain x{&body.sink, "x"};                                         \
    settings finish(body, value);                                            \
  }
#define BINARY(name, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  void body_##name(Printing& body) {                                                              \
    const domain a{&body.sink, #a}, b{&body.sink, #b};                                            \
    settings finish(body, value);                                                                 \
  }
#define TERNARY(name, c, a, b, domain, traits, settings, doc, formula, value, gradient_a, gradient_b) \
  void body_##name(Printing& body) {                                                                  \
    const M c{&body.sink, #c};                                                                        \
    const domain a{&body.sink, #a}, b{&body.sink, #b};                                                \
    settings finish(body, value);                                                                     \
  }
#include "core/ops/elementwise.inc.h"

#undef UNARY
#undef BINARY
#undef TERNARY
#define UNARY(name, ...) body_##name,
#define BINARY(name, ...) body_##name,
#define TERNARY(name, ...) body_##name,
constexpr void (*bodies[])(Printing&) = {
#include "core/ops/elementwise.inc.h"
};

const char* type_text(bool boolean) { return boolean ? "bool" : "float"; }

}  // namespace

std::string opencl_prelude(const OpenclDivision& division) {
  std::string text = "#pragma OPENCL FP_CONTRACT OFF\n";
  if (!division.repaired) return text;
  const auto function = [&](std::string_view head, const std::string& body, const std::string& value) {
    text += "float " + std::string(head) + " {\n" + body + "  return " + value + ";\n}\n";
  };
  function("guess_quotient(const float a, const float b)", "", std::string(division.quotient));
  function("guess_root(const float a)", "", std::string(division.root));
  Sink sink;
  const std::string quotient = rounded_quotient({&sink, "a"}, {&sink, "b"}).name;
  function("divided(const float a, const float b)", sink.text, quotient);
  Sink other;
  const std::string root = rounded_root({&other, "a"}).name;
  function("rooted(const float a)", other.text, root);
  return text;
}

std::string print_operator_opencl(const Elementwise& elementwise, std::span<const double> attributes,
                                  std::string_view name, bool repairs_division) {
  Printing body;
  body.sink.repairs = repairs_division;
  body.attributes = attributes.data();
  // Both lists are read from the same text, so they have the same order.
  bodies[&elementwise - elementwise_operators().data()](body);
  std::string parameters;
  for (int i = 0; i < elementwise.inputs; ++i) {
    const bool boolean = elementwise.domain == Elementwise::Domain::logic || (elementwise.boolean_condition && i == 0);
    if (i > 0) parameters += ", ";
    parameters += std::string(type_text(boolean)) + " " + std::string(elementwise.input_names[i]);
  }
  return std::string(type_text(elementwise.boolean_result)) + " " + std::string(name) + "(" + parameters + ") {\n" +
         body.sink.text + "  return " + body.value + ";\n}\n";
}

ChainText print_chain_opencl(const Chain& chain, std::span<const DType> inputs, std::string_view prefix,
                             bool repairs_division) {
  ChainText text;
  std::vector<bool> boolean;  // by slot
  for (const DType type : inputs) {
    if (type != DType::boolean && type != DType::fp32 && type != DType::fp16 && type != DType::bf16) {
      throw Error(Code::unsupported,
                  "fused chain: OpenCL C is printed for floats of up to 32 bits and booleans, not for " +
                      std::string(name_of(type)));
    }
    boolean.push_back(type == DType::boolean);
  }
  struct Printed {
    const ChainStep* step;
    std::string name;
  };
  std::vector<Printed> printed;
  for (const ChainStep& step : chain.steps) {
    const Elementwise& elementwise = *definition(*step.op).elementwise;
    auto function = std::find_if(printed.begin(), printed.end(), [&](const Printed& each) {
      return each.step->op == step.op && each.step->attributes == step.attributes;
    });
    if (function == printed.end()) {
      const std::string name =
          std::string(prefix) + std::to_string(printed.size()) + "_" + std::string(elementwise.name);
      text.functions += print_operator_opencl(elementwise, step.attributes, name, repairs_division);
      function = printed.insert(printed.end(), {&step, name});
    }
    // Booleans and numbers meet where a comparison of booleans is asked for.
    std::string arguments;
    for (std::size_t i = 0; i < step.operands.size(); ++i) {
      const std::string slot = "s" + std::to_string(step.operands[i]);
      const bool wanted = elementwise.domain == Elementwise::Domain::logic || (elementwise.boolean_condition && i == 0);
      const bool is = boolean[static_cast<std::size_t>(step.operands[i])];
      arguments += (i > 0 ? ", " : "") + (is && !wanted   ? slot + " ? 1.0f : 0.0f"
                                          : wanted && !is ? slot + " != 0.0f"
                                                          : slot);
    }
    const bool numbers_of_booleans = elementwise.domain == Elementwise::Domain::any && !elementwise.boolean_result &&
                                     boolean[static_cast<std::size_t>(step.operands.back())];
    const std::string call = function->name + "(" + arguments + ")";
    const bool result = elementwise.boolean_result || numbers_of_booleans;
    text.body += std::string("  const ") + type_text(result) + " s" + std::to_string(boolean.size()) + " = " + call +
                 (numbers_of_booleans ? " != 0.0f" : "") + ";\n";
    boolean.push_back(result);
  }
  return text;
}

}  // namespace webai
