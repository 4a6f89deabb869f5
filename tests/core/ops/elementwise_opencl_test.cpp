// What the printer of elementwise operators writes. (That devices give the CPU's bits is tested with the devices.)
#include <catch2/catch.hpp>
#include <string>

#include "core/op/expression_printer.h"
#include "support/sample_run.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

const Elementwise& find(std::string_view name) { return *registry().get(name).elementwise; }
ChainStep step(const char* name, std::vector<std::int32_t> operands, std::vector<double> attributes = {}) {
  return {&registry().get(name), std::move(operands), std::move(attributes)};
}

}  // namespace

TEST_CASE("an operator is printed one rounding a statement, constants as bits") {
  CHECK(print_operator_opencl(find("square"), {}, "f") ==
        "float f(float x) {\n  const float v0 = x * x;\n  return v0;\n}\n");
  const double alpha[] = {0.25};
  // C++ leaves open which argument of a call comes first: g++ begins with the last one, clang with the first.
  const std::string begin = "float leaky(float x) {\n  const float v0 = as_float(0x3e800000u);\n";
  const std::string last_first = begin +
                                 "  const float v1 = v0 * x;\n"
                                 "  const bool v2 = x < as_float(0x00000000u);\n"
                                 "  const float v3 = v2 ? v1 : x;\n"
                                 "  return v3;\n}\n";
  const std::string first_first = begin +
                                  "  const bool v1 = x < as_float(0x00000000u);\n"
                                  "  const float v2 = v0 * x;\n"
                                  "  const float v3 = v1 ? v2 : x;\n"
                                  "  return v3;\n}\n";
  const std::string leaky = print_operator_opencl(find("leakyRelu"), alpha, "leaky");
  INFO(leaky);
  CHECK((leaky == last_first || leaky == first_first));
  CHECK(print_operator_opencl(find("where"), {}, "w") ==
        "float w(bool condition, float a, float b) {\n"
        "  const float v0 = condition ? a : b;\n  return v0;\n}\n");
  CHECK(print_operator_opencl(find("logicalAnd"), {}, "both") ==
        "bool both(bool a, bool b) {\n  const bool v0 = a && b;\n  return v0;\n}\n");
}

TEST_CASE("where division is repaired, / and sqrt are calls of the prelude's functions") {
  CHECK(print_operator_opencl(find("rsqrt"), {}, "f", true) ==
        "float f(float x) {\n"
        "  const float v0 = rooted(x);\n"
        "  const float v1 = divided(as_float(0x3f800000u), v0);\n"
        "  return v1;\n}\n");
  const std::string prelude = opencl_prelude({.repaired = true});
  CHECK(prelude.find("float divided(const float a, const float b) {") != std::string::npos);
  CHECK(prelude.find("float rooted(const float a) {") != std::string::npos);
  CHECK(opencl_prelude().find("divided") == std::string::npos);
}

TEST_CASE("every operator is printed without the device's own functions") {
  for (const Elementwise& elementwise : elementwise_operators()) {
    std::vector<double> attributes;
    for (const Elementwise::Attribute& attribute : elementwise.attributes()) attributes.push_back(attribute.fallback);
    const std::string text = print_operator_opencl(elementwise, attributes, "own");
    INFO(text);
    for (const char* word : {"fma(", "mad(", "exp(", "log(", "native_", "fabs(", "floor(", "fmin(", "fmax("}) {
      CHECK(text.find(word) == std::string::npos);
    }
    CHECK(text.find("return") != std::string::npos);
  }
  CHECK(opencl_prelude().find("FP_CONTRACT OFF") != std::string::npos);
}

TEST_CASE("rare work stands in a branch") {
  const std::string text = print_operator_opencl(find("sin"), {}, "s");
  const auto branch = text.find("  if (");
  REQUIRE(branch != std::string::npos);
  CHECK(text.find("0xa2f9836eu") > branch);  // digits of 2 / pi
}

TEST_CASE("a chain prints a function for each operator and a variable for each slot") {
  const Chain chain{3,
                    {step("less", {0, 1}), step("where", {3, 0, 1}), step("leakyRelu", {4}, {0.5}),
                     step("leakyRelu", {5}, {0.5}), step("leakyRelu", {6}, {0.25}), step("logicalAnd", {3, 2})},
                    {7, 8}};
  const DType types[] = {DType::fp32, DType::fp16, DType::boolean};
  const ChainText text = print_chain_opencl(chain, types, "k3f");
  CHECK(text.body ==
        "  const bool s3 = k3f0_less(s0, s1);\n"
        "  const float s4 = k3f1_where(s3, s0, s1);\n"
        "  const float s5 = k3f2_leakyRelu(s4);\n"
        "  const float s6 = k3f2_leakyRelu(s5);\n"
        "  const float s7 = k3f3_leakyRelu(s6);\n"
        "  const bool s8 = k3f4_logicalAnd(s3, s2);\n");
  CHECK(text.functions.find("float k3f3_leakyRelu(float x)") != std::string::npos);
  CHECK(text.functions.find("k3f5") == std::string::npos);
}

TEST_CASE("chains of booleans stay boolean, and types that float does not hold are refused") {
  const Chain chain{2, {step("equal", {0, 1}), step("where", {2, 0, 1})}, {3}};
  const DType truths[] = {DType::boolean, DType::boolean};
  const std::string body = print_chain_opencl(chain, truths).body;
  CHECK(body ==
        "  const bool s2 = f0_equal(s0 ? 1.0f : 0.0f, s1 ? 1.0f : 0.0f);\n"
        "  const bool s3 = f1_where(s2, s0 ? 1.0f : 0.0f, s1 ? 1.0f : 0.0f) != 0.0f;\n");
  const DType whole[] = {DType::i32, DType::i32};
  CHECK_THROWS_AS(print_chain_opencl(chain, whole), Error);
}
