// Errors against double precision, and the edges: zeros, infinities, denormals, not-a-number.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../cpu_kernels/support.h"
#include "backends/cpu/elementwise_tiles.h"
#include "patterns.h"

using namespace webai;
using namespace webai::cpu;
using namespace elementwise_test;
using kernel_test::infinity;
using kernel_test::nothing;

namespace {

/// A unit of the last place of an fp32 number of this size.
double unit_of(double size) {
  size = std::abs(size);
  if (size < 0x1p-126) return 0x1p-149;
  int exponent;
  std::frexp(std::min(size, 0x1.fffffep127), &exponent);
  return std::ldexp(1.0, exponent - 24);
}

float compute(const Elementwise& elementwise, std::vector<float> operands, std::vector<float> attributes = {}) {
  alignas(64) float memory[Elementwise::max_inputs][16] = {}, output[16];
  const float* inputs[] = {memory[0], memory[1], memory[2]};
  for (std::size_t i = 0; i < operands.size(); ++i) memory[i][0] = operands[i];
  if (attributes.empty()) {
    const auto fallback = default_attributes(elementwise);
    attributes.assign(fallback.begin(), fallback.end());
  }
  tile_function(elementwise)(inputs, output, 1, attributes.data());
  return output[0];
}
float compute(std::string_view name, std::vector<float> operands, std::vector<float> attributes = {}) {
  return compute(find(name), std::move(operands), std::move(attributes));
}

/// In units of what the error is measured.
enum class Unit { result, input, one };
struct Bound {
  std::string_view name;
  double bound;
  Unit unit = Unit::result;
};
const Bound bounds[] = {
    {"add", 0.5},
    {"sub", 0.5},
    {"mul", 0.5},
    {"div", 0.5},
    {"sqrt", 0.5},
    {"reciprocal", 0.5},
    {"square", 0.5},
    {"neg", 0},
    {"abs", 0},
    {"sign", 0},
    {"floor", 0},
    {"ceil", 0},
    {"round", 0},
    {"identity", 0},
    {"min", 0},
    {"max", 0},
    {"clip", 0},
    {"relu", 0},
    {"relu6", 0},
    {"where", 0},
    {"binary", 0},
    {"leakyRelu", 0.5},
    {"prelu", 0.5},
    {"rsqrt", 1.5},
    {"exp", 0.97},
    {"expm1", 1.55},
    {"log", 0.75},
    {"log1p", 0.85},
    {"tanh", 2.5},
    {"sigmoid", 2.5},
    {"softplus", 1.5},
    {"erf", 1.3},
    {"sin", 1.7},
    {"cos", 1.7},
    {"tan", 3.5},
    {"atan", 1.9},
    {"arctan", 1.9},
    {"sinc", 2.2},
    {"gauss", 1.1},
    {"softsign", 1.5},
    {"elu", 1.55},
    {"celu", 2.1},
    {"selu", 2.2},
    {"isru", 2.2},
    {"isrlu", 2.2},
    {"bentIdentity", 2},
    {"hardSwish", 2},
    {"softclip", 3, Unit::one},
    {"hardSigmoid", 1.2, Unit::one},
    {"gelu", 1.5, Unit::input},
    {"geluTanh", 2.6, Unit::input},
    {"silu", 2.6, Unit::input},
    {"mish", 3, Unit::input},
    {"pow", 2},
};

}  // namespace

TEST_CASE("every operator on numbers keeps its error bound") {
  for (const Elementwise& elementwise : elementwise_operators()) {
    if (elementwise.boolean_result || elementwise.name == "mod") continue;
    const auto bound = std::find_if(std::begin(bounds), std::end(bounds),
                                    [&](const Bound& each) { return each.name == elementwise.name; });
    INFO(elementwise.name);
    REQUIRE(bound != std::end(bounds));
    const auto attributes = default_attributes(elementwise);
    const std::vector<double> numbers(attributes.begin(), attributes.end());
    const TileFunction function = tile_function(elementwise);
    double worst = 0;
    float where_worst = 0;
    constexpr std::uint32_t step = 16381;
    constexpr std::size_t tile = 256;
    alignas(64) float memory[Elementwise::max_inputs][tile], output[tile];
    const float* inputs[] = {memory[0], memory[1], memory[2]};
    for (std::uint64_t first = 0; first < (std::uint64_t{1} << 32) / step; first += tile) {
      for (int operand = 0; operand < elementwise.inputs; ++operand) {
        for (std::size_t i = 0; i < tile; ++i) memory[operand][i] = sample(elementwise, operand, first + i, step);
      }
      function(inputs, output, tile, attributes.data());
      for (std::size_t i = 0; i < tile; ++i) {
        const double x[] = {memory[0][i], memory[1][i], memory[2][i]};
        const double exact = elementwise.evaluate(x, numbers.data());
        const auto rounded = static_cast<float>(exact);
        if (std::isnan(rounded) || std::isinf(rounded) || std::isnan(output[i]) || std::isinf(output[i])) {
          const bool alike = std::isnan(rounded) ? std::isnan(output[i]) : rounded == output[i];
          INFO("at " << x[0] << ", " << x[1] << ": expected " << rounded << ", got " << output[i]);
          REQUIRE(alike);
          continue;
        }
        double size = std::abs(exact);
        if (bound->unit == Unit::input) size = std::max(size, std::abs(x[0]));
        if (bound->unit == Unit::one) size = 0.75;
        const double error = std::abs(output[i] - exact) / unit_of(size);
        if (error > worst) worst = error, where_worst = memory[0][i];
      }
    }
    INFO("largest error " << worst << " at " << where_worst);
    CHECK(worst <= bound->bound);
  }
}

TEST_CASE("mod is exact and has the sign of the divisor") {
  const Elementwise& mod = find("mod");
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const float b = sample(mod, 1, i, 1021);
    const float a = sample(mod, 1, i * 7 + 3, 1021) * static_cast<float>(i % 4096);
    if (!(std::abs(a / b) < 0x1p22f) || b != b || std::isinf(b) || std::abs(b) < 1e-30f) continue;
    const double x[] = {a, b};
    INFO(a << " mod " << b);
    REQUIRE(compute(mod, {a, b}) == static_cast<float>(mod.evaluate(x, nullptr)));
  }
  CHECK(compute("mod", {-7, 3}) == 2);
  CHECK(compute("mod", {7, -3}) == -2);
  CHECK(compute("mod", {-1, infinity}) == infinity);
  CHECK(std::isnan(compute("mod", {1, 0})));
}

TEST_CASE("pow has the special cases of C") {
  const float values[] = {
      0.0f,      -0.0f,   1.0f,    -1.0f,     0.5f,           -0.5f,           2.0f,  -2.0f,  3.0f,
      -3.0f,     1e-45f,  -1e-45f, 0x1p24f,   0x1.000002p23f, -0x1.000002p23f, 3e38f, -3e38f, infinity,
      -infinity, nothing, 1e9f,    0.9999999f};
  for (const float a : values) {
    for (const float b : values) {
      const auto exact = static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
      const float got = compute("pow", {a, b});
      INFO(a << " ^ " << b << ": expected " << exact << ", got " << got);
      if (std::isnan(exact)) {
        CHECK(std::isnan(got));
      } else if (std::isinf(exact) || exact == 0) {
        CHECK((got == exact && std::signbit(got) == std::signbit(exact)));
      } else {
        CHECK(std::abs(got - exact) <= 2 * unit_of(exact));
      }
    }
  }
}

TEST_CASE("zeros keep their sign where the function is odd") {
  for (const char* name : {"sin", "tan", "atan", "arctan", "tanh", "erf", "expm1", "log1p", "sqrt", "floor", "ceil",
                           "round", "sign", "softsign", "isru", "isrlu", "elu", "leakyRelu", "identity"}) {
    INFO(name);
    CHECK(to_bits(compute(name, {-0.0f})) == 0x80000000u);
    CHECK(to_bits(compute(name, {0.0f})) == 0u);
  }
}

TEST_CASE("infinities give limits") {
  struct Case {
    const char* name;
    float below, above;
  };
  for (const Case& each :
       {Case{"exp", 0, infinity}, Case{"tanh", -1, 1}, Case{"sigmoid", 0, 1}, Case{"softplus", 0, infinity},
        Case{"erf", -1, 1}, Case{"silu", 0, infinity}, Case{"gelu", 0, infinity}, Case{"geluTanh", 0, infinity},
        Case{"mish", 0, infinity}, Case{"hardSwish", 0, infinity}, Case{"softsign", -1, 1}, Case{"softclip", 0, 1},
        Case{"isru", -1, 1}, Case{"sinc", 0, 0}, Case{"gauss", 0, 0}, Case{"relu", 0, infinity},
        Case{"bentIdentity", -infinity, infinity}, Case{"expm1", -1, infinity}}) {
    INFO(each.name);
    CHECK(compute(each.name, {-infinity}) == each.below);
    CHECK(compute(each.name, {infinity}) == each.above);
  }
  CHECK(std::isnan(compute("sin", {infinity})));
  CHECK(std::isnan(compute("log", {-1.0f})));
  CHECK(compute("log", {0.0f}) == -infinity);
  CHECK(compute("log1p", {-1.0f}) == -infinity);
}

TEST_CASE("not-a-number goes through everything that is not a question") {
  for (const Elementwise& elementwise : elementwise_operators()) {
    if (elementwise.boolean_result || elementwise.boolean_condition) continue;
    for (int operand = 0; operand < elementwise.inputs; ++operand) {
      if (elementwise.name == "pow" || (elementwise.name == "prelu" && operand == 1)) continue;
      std::vector<float> operands(static_cast<std::size_t>(elementwise.inputs), 2.0f);
      operands[static_cast<std::size_t>(operand)] = nothing;
      INFO(elementwise.name << ", operand " << operand);
      CHECK(std::isnan(compute(elementwise, operands)));
    }
  }
  CHECK(compute("equal", {nothing, nothing}) == 0);
  CHECK(compute("notEqual", {nothing, nothing}) == 1);
  CHECK(compute("less", {nothing, 1}) == 0);
  CHECK(compute("greaterEqual", {nothing, 1}) == 0);
  CHECK(compute("isNaN", {nothing}) == 1);
  CHECK(compute("isNaN", {infinity}) == 0);
  CHECK(compute("isInfinite", {-infinity}) == 1);
  CHECK(compute("isInfinite", {nothing}) == 0);
}

TEST_CASE("denormals are numbers") {
  CHECK(compute("exp", {-100.0f}) == static_cast<float>(std::exp(-100.0)));
  CHECK(compute("log", {1e-45f}) == static_cast<float>(std::log(0x1p-149)));
  for (const char* name : {"tanh", "sin", "atan", "expm1", "log1p", "softsign"}) {
    INFO(name);
    CHECK(compute(name, {1e-41f}) == 1e-41f);
  }
  CHECK(compute("erf", {1e-41f}) == static_cast<float>(std::erf(static_cast<double>(1e-41f))));
  CHECK(compute("sqrt", {1e-41f}) == static_cast<float>(std::sqrt(static_cast<double>(1e-41f))));
}

TEST_CASE("attributes reach the vectors") {
  CHECK(compute("clip", {5.0f}, {-1.0f, 2.0f}) == 2.0f);
  CHECK(compute("clip", {-5.0f}, {-1.0f, 2.0f}) == -1.0f);
  CHECK(compute("clip", {0.5f}, {2.0f, 1.0f}) == 1.0f);  // crossing bounds: the upper one
  CHECK(compute("leakyRelu", {-4.0f}, {0.25f}) == -1.0f);
  CHECK(compute("hardSigmoid", {1.0f}, {0.125f, 0.25f}) == 0.375f);
  CHECK(compute("binary", {-1.0f}) == 0.0f);
  CHECK(compute("binary", {0.0f}) == 1.0f);
}
