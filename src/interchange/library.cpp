#include "interchange/library.h"

#include <algorithm>
#include <cctype>

#include "webai/error.hpp"

namespace webai {
namespace {

struct Word {
  std::string_view name, python, c, javascript;
};

// C's names are those of double; float's end in f. Empty: the program brings its own.
constexpr Word words[] = {
    {"abs", "np.abs", "fabs", "Math.abs"},        {"floor", "np.floor", "floor", "Math.floor"},
    {"ceil", "np.ceil", "ceil", "Math.ceil"},     {"round", "np.rint", "rint", ""},
    {"sqrt", "np.sqrt", "sqrt", "Math.sqrt"},     {"exp", "np.exp", "exp", "Math.exp"},
    {"expm1", "np.expm1", "expm1", "Math.expm1"}, {"log", "np.log", "log", "Math.log"},
    {"log1p", "np.log1p", "log1p", "Math.log1p"}, {"sin", "np.sin", "sin", "Math.sin"},
    {"cos", "np.cos", "cos", "Math.cos"},         {"tan", "np.tan", "tan", "Math.tan"},
    {"atan", "np.arctan", "atan", "Math.atan"},   {"erf", "", "erf", ""},
    {"tanh", "np.tanh", "tanh", "Math.tanh"},     {"pow", "np.power", "pow", "Math.pow"},
    {"sign", "np.sign", "", "Math.sign"},         {"trunc", "np.trunc", "trunc", "Math.trunc"},
    {"logicalAnd", "np.logical_and", "", ""},     {"logicalOr", "np.logical_or", "", ""},
    {"logicalXor", "np.logical_xor", "", ""},     {"logicalNot", "np.logical_not", "", ""},
};

struct Function {
  std::string_view name, python, c, javascript;
};

// In C's texts REAL is the type, a number ends in $ and a function in @ where float needs an f.
constexpr Function functions[] = {
    {"sign", "", "static REAL sign(REAL x) { return x < 0 ? -1 : x > 0 ? 1 : x; }\n", ""},
    {"round", "", "",
     "function round(x) {  // halves to the even one\n"
     "  const low = Math.floor(x), rest = x - low;\n"
     "  return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 ? low + 1 : low;\n}\n"},
    {"sigmoid", "def sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n",
     "static REAL sigmoid(REAL x) { return 1 / (1 + exp@(-x)); }\n",
     "function sigmoid(x) { return 1 / (1 + Math.exp(-x)); }\n"},
    {"softplus", "def softplus(x):\n    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))\n",
     "static REAL softplus(REAL x) { return (x > 0 ? x : 0) + log1p@(exp@(-fabs@(x))); }\n",
     "function softplus(x) { return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))); }\n"},
    {"sinc", "def sinc(x):\n    return np.where(x == 0, 1, np.where(np.isinf(x), 0, np.sin(x) / x))\n",
     "static REAL sinc(REAL x) { return x == 0 ? 1 : isinf(x) ? 0 : sin@(x) / x; }\n",
     "function sinc(x) { return x === 0 ? 1 : Math.abs(x) === Infinity ? 0 : Math.sin(x) / x; }\n"},
    {"gauss", "def gauss(x):\n    return np.exp(-x * x)\n", "static REAL gauss(REAL x) { return exp@(-x * x); }\n",
     "function gauss(x) { return Math.exp(-x * x); }\n"},
    {"from_below",
     "def from_below(x):  # finite, so that its product with 0 is 0\n    return np.where(x < -3e38, -3e38, x)\n",
     "static REAL from_below(REAL x) { return x < -3e38$ ? -3e38$ : x; }  /* finite: its product with 0 is 0 */\n",
     "function from_below(x) { return x < -3e38 ? -3e38 : x; }  // finite: its product with 0 is 0\n"},
    {"mod", "def mod(x, y):\n    return np.mod(x, y)\n",
     "static REAL mod(REAL x, REAL y) {\n  const REAL rest = fmod@(x, y);\n  if (rest == 0) return 0;\n"
     "  return (rest < 0) != (y < 0) ? rest + y : rest;\n}\n",
     "function mod(x, y) {\n  const rest = x % y;\n  if (rest === 0) return 0;\n"
     "  return (rest < 0) !== (y < 0) ? rest + y : rest;\n}\n"},
    {"erf",
     "def erf(x):\n    x = np.asarray(x)\n    return np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype)\n",
     "",
     "function erf(x) {\n  const a = Math.abs(x);\n  if (a > 6) return Math.sign(x);\n"
     "  if (a < 2.5) {  // a sum of powers\n    let sum = a, term = a;\n"
     "    for (let n = 1; n < 60; ++n) {\n      term *= -a * a / n;\n      sum += term / (2 * n + 1);\n    }\n"
     "    return Math.sign(x) * 2 / Math.sqrt(Math.PI) * sum;\n  }\n  let rest = 0;  // a continued fraction\n"
     "  for (let n = 60; n > 0; --n) rest = n / 2 / (a + rest);\n"
     "  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + rest));\n}\n"},
    {"softmax",
     "def softmax(x, axis):\n    y = np.exp(x - x.max(axis, keepdims=True))\n    return y / y.sum(axis, "
     "keepdims=True)\n",
     "", ""},
    {"log_softmax",
     "def log_softmax(x, axis):\n    y = x - x.max(axis, keepdims=True)\n    return y - np.log(np.exp(y).sum(axis, "
     "keepdims=True))\n",
     "", ""},
    {"conv2d",
     "def conv2d(x, filters, strides, padding, dilations, groups):\n"
     "    top, bottom, left, right = padding\n"
     "    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))\n"
     "    height, width, channels, count = filters.shape\n"
     "    rows = (x.shape[1] - (height - 1) * dilations[0] - 1) // strides[0] + 1\n"
     "    columns = (x.shape[2] - (width - 1) * dilations[1] - 1) // strides[1] + 1\n"
     "    y = np.zeros((x.shape[0], rows, columns, count), x.dtype)\n"
     "    part = count // groups\n"
     "    for v in range(height):\n"
     "        for u in range(width):\n"
     "            top, left = v * dilations[0], u * dilations[1]\n"
     "            seen = x[:, top:top + (rows - 1) * strides[0] + 1:strides[0], left:left + (columns - 1) * strides[1] "
     "+ 1:strides[1]]\n"
     "            for g in range(groups):\n"
     "                y[..., g * part:(g + 1) * part] += seen[..., g * channels:(g + 1) * channels] @ filters[v, u, :, "
     "g * part:(g + 1) * part]\n"
     "    return y\n",
     "", ""},
    {"windows",
     "def windows(x, size, strides, padding, dilations, outside):\n"
     "    \"\"\"All that a window of this size sees: [taps, n, rows, columns, channels].\"\"\"\n"
     "    top, bottom, left, right = padding\n"
     "    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)\n"
     "    rows = (x.shape[1] - (size[0] - 1) * dilations[0] - 1) // strides[0] + 1\n"
     "    columns = (x.shape[2] - (size[1] - 1) * dilations[1] - 1) // strides[1] + 1\n"
     "    return np.stack([x[:, v * dilations[0]:v * dilations[0] + (rows - 1) * strides[0] + 1:strides[0],\n"
     "                       u * dilations[1]:u * dilations[1] + (columns - 1) * strides[1] + 1:strides[1]]\n"
     "                     for v in range(size[0]) for u in range(size[1])])\n",
     "", ""},
    {"mean_inside",
     "def mean_inside(seen):  # what is not a number lies outside\n    count = (~np.isnan(seen)).sum(0)\n    return "
     "(np.nansum(seen, 0) / np.maximum(count, 1)).astype(seen.dtype)\n",
     "", ""},
};

std::string_view text_in(Language language, const Function& function) {
  return language == Language::python ? function.python : language == Language::c ? function.c : function.javascript;
}

// What <math.h> and <stdint.h> declare, of such names as "weights_layer".
constexpr std::string_view names_of_c[] = {
    "float_t",      "double_t",     "lgamma_r",  "lgammaf_r",    "lgammal_r",    "HUGE_VAL",   "HUGE_VALF", "HUGE_VALL",
    "FP_NAN",       "FP_INFINITE",  "FP_ZERO",   "FP_SUBNORMAL", "FP_NORMAL",    "FP_ILOGB0",  "FP_FAST_FMA", "M_E",
    "M_LOG2E",      "M_LOG10E",     "M_LN2",     "M_LN10",       "M_PI",         "M_PI_2",     "M_PI_4",    "M_1_PI",
    "M_2_PI",       "M_2_SQRTPI",   "M_SQRT2",   "M_SQRT1_2",    "MATH_ERRNO",   "MATH_ERREXCEPT", "math_errhandling",
    "int8_t",       "int16_t",      "int32_t",   "int64_t",      "uint8_t",      "uint16_t",   "uint32_t",  "uint64_t",
    "intptr_t",     "uintptr_t",    "intmax_t",  "uintmax_t"};

constexpr std::string_view globals_of_javascript[] = {"Math", "Float32Array", "Float64Array", "Uint8Array", "atob",
                                                      "Infinity", "NaN", "undefined", "RangeError"};

}  // namespace

std::vector<std::string> names_of_programs(Language language) {
  std::vector<std::string> names;
  for (const Function& function : functions)
    if (!text_in(language, function).empty()) names.push_back(own_name(function.name));
  if (language == Language::c) names.insert(names.end(), std::begin(names_of_c), std::end(names_of_c));
  return names;
}

bool is_used_by_programs(Language language, std::string_view name) {
  return language == Language::javascript && std::ranges::find(globals_of_javascript, name) != std::end(globals_of_javascript);
}

std::string word_for(Language language, bool is_double, std::string_view function) {
  const auto word = std::ranges::find(words, function, &Word::name);
  if (word == std::end(words)) return {};
  const std::string_view name = language == Language::python ? word->python
                                : language == Language::c    ? word->c
                                                             : word->javascript;
  return std::string(name) + (language == Language::c && !is_double && !name.empty() ? "f" : "");
}

std::string library_text(Language language, bool is_double, std::string_view name) {
  const auto function = std::ranges::find(functions, name, &Function::name);
  if (function == std::end(functions) || text_in(language, *function).empty())
    throw Error(Code::internal, "generated programs have no function " + std::string(name));
  std::string text(text_in(language, *function));
  if (language != Language::c) return text;
  const auto replace = [&](std::string_view mark, std::string_view by) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size()))
      text.replace(at, mark.size(), by);
  };
  replace("REAL", is_double ? "double" : "float");
  replace("@", is_double ? "" : "f");
  replace("$", is_double ? "" : "f");
  return text;
}

std::string own_name(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) && !result.empty()) result += '_';
    result += std::isalnum(static_cast<unsigned char>(c))
                  ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                  : '_';
  }
  // Words of the languages.
  static constexpr std::string_view reserved[] = {"abs",   "min",    "max", "pow", "round",
                                                  "float", "double", "int", "not", "is_na_n"};
  if (result == "is_na_n") return "is_nan";
  if (std::ranges::find(reserved, result) != std::end(reserved) && result != "round") return result + "_of";
  return result;
}

}  // namespace webai
