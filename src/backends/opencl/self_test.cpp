#include "backends/opencl/self_test.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "backends/opencl/built_program.h"
#include "backends/opencl/program_text.h"
#include "core/base/float_state.h"
#include "core/base/random.h"
#include "core/op/fp32_element.h"
#include "webai/error.hpp"

namespace webai::opencl {
namespace {

// What the other operators are made of. Each takes (a) or (a, b).
constexpr std::string_view tested[] = {"add",      "sub",   "mul",  "div",     "sqrt",  "round", "mod",
                                       "exp",      "expm1", "tanh", "sigmoid", "gauss", "log",   "log1p",
                                       "softplus", "erf",   "sin",  "cos",     "atan",  "pow"};
// And one line more: a * b + c, where c is so chosen that a fused multiply-add shows.
constexpr std::size_t rows = std::size(tested) + 1;
constexpr std::size_t count = 4096;

// Zeros, ones, infinities, not-a-number, the least and greatest denormal and normal numbers, halves that round to even,
// where exp, expm1 and gauss overflow or vanish, where functions change their formula, large angles, bits past a
// float's.
constexpr std::uint32_t edges[] = {0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
                                   0xffc12345, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000,
                                   0x7f7fffff, 0xff7fffff, 0x3f000000, 0xbf000000, 0x40200000, 0xc0200000, 0x42b17217,
                                   0x42b17218, 0xc2aeac50, 0xc2cff1b5, 0xc1200000, 0x41200000, 0x4b400000, 0x33800000,
                                   0x32800000, 0x39800000, 0x40490fdb, 0x45480000, 0x45480001, 0x7e967699, 0x3effffff,
                                   0x3f7fffff, 0x3f800001, 0x4b000001, 0xcb000001, 0x00000fff};

struct Inputs {
  std::vector<std::uint32_t> a, b, c;
};

Inputs inputs() {
  Inputs result;
  const RandomStream stream(5, 6);
  constexpr std::size_t pairs = std::size(edges) * std::size(edges);
  static_assert(pairs < count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t a = stream.word(2 * i), b = stream.word(2 * i + 1);  // any bits
    if (i < pairs) {
      a = edges[i / std::size(edges)];
      b = edges[i % std::size(edges)];
    } else if (i % 4 != 0) {  // most of everyday size: there fused and unfused functions differ
      a = std::bit_cast<std::uint32_t>((stream.uniform(2 * i) - 0.5F) * (i % 4 == 1 ? 200.0F : 8.0F));
      b = std::bit_cast<std::uint32_t>((stream.uniform(2 * i + 1) - 0.5F) * 8.0F);
    }
    result.a.push_back(a);
    result.b.push_back(b);
    result.c.push_back(std::bit_cast<std::uint32_t>(-(std::bit_cast<float>(a) * std::bit_cast<float>(b))));
  }
  return result;
}

const Elementwise& operator_of(std::string_view name) {
  const auto all = elementwise_operators();
  return *std::find_if(all.begin(), all.end(), [&](const Elementwise& each) { return each.name == name; });
}

// One kernel for all: row r of the results begins at element r * count.
std::string kernel_text(bool repairs_division) {
  std::string functions, body;
  const auto store = [&](std::size_t row, const std::string& value) {
    body += "  to[i + " + std::to_string(row * count) + "u] = as_uint(" + value + ");\n";
  };
  for (std::size_t row = 0; row < std::size(tested); ++row) {
    const Elementwise& elementwise = operator_of(tested[row]);
    const std::string name = "f_" + std::string(tested[row]);
    functions += print_operator_opencl(elementwise, {}, name, repairs_division);
    store(row, name + (elementwise.inputs == 1 ? "(a)" : "(a, b)"));
  }
  store(std::size(tested), "f_add(f_mul(a, b), c)");
  std::string loads;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    loads += pointer_line(static_cast<std::size_t>(i), "uint", "from_" + name);
    loads += "  const float " + name + " = as_float(from_" + name + "[i]);\n";
  }
  return functions + kernel_head("self_test", 4, group_size) + "  const uint i = get_global_id(0);\n" + loads +
         pointer_line(3, "uint", "to") + body + "}\n";
}

std::vector<std::uint32_t> on_device(const std::shared_ptr<Session>& session, const std::string& source,
                                     const Inputs& values) {
  BuiltProgram program(session, source);
  const cl_kernel kernel = program.kernel("self_test");
  constexpr std::size_t bytes = count * sizeof(std::uint32_t);
  DeviceBuffer from(session, 3 * bytes), to(session, rows * bytes);
  cl_uint operand = 0;
  for (const std::vector<std::uint32_t>* each : {&values.a, &values.b, &values.c}) {
    from.write(operand * bytes, std::as_bytes(std::span(*each)));
    program.set(kernel, operand, from.memory(), operand * bytes);
    ++operand;
  }
  program.set(kernel, operand, to.memory(), 0);
  program.start(kernel, count, group_size);
  std::vector<std::uint32_t> results(rows * count);
  to.read(0, std::as_writable_bytes(std::span(results)));
  return results;
}

std::vector<std::uint32_t> on_host(const Inputs& values) {
  const DefaultFloatState usual;
  std::vector<std::uint32_t> results;
  results.reserve(rows * count);
  for (const std::string_view name : tested) {
    const Elementwise& elementwise = operator_of(name);
    for (std::size_t i = 0; i < count; ++i) {
      const float operands[] = {std::bit_cast<float>(values.a[i]), std::bit_cast<float>(values.b[i])};
      results.push_back(std::bit_cast<std::uint32_t>(evaluate_fp32(elementwise, operands, nullptr)));
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const float product = std::bit_cast<float>(values.a[i]) * std::bit_cast<float>(values.b[i]);
    results.push_back(std::bit_cast<std::uint32_t>(product + std::bit_cast<float>(values.c[i])));
  }
  return results;
}

// The payload of a not-a-number is the hardware's choice.
bool same(std::uint32_t a, std::uint32_t b) {
  const auto is_nan = [](std::uint32_t word) { return (word & 0x7fffffffU) > 0x7f800000U; };
  return a == b || (is_nan(a) && is_nan(b));
}

}  // namespace

SelfTest self_test(const std::shared_ptr<Session>& session, const OpenclDivision& division, const std::string& before) {
  std::vector<std::uint32_t> found, expected;
  try {
    const Inputs values = [] {
      const DefaultFloatState usual;
      return inputs();
    }();
    found = on_device(session, opencl_prelude(division) + before + kernel_text(division.repaired), values);
    expected = on_host(values);
  } catch (const Error& error) {
    if (error.code() == Code::device_lost) throw;
    constexpr std::size_t longest_reason = 200;  // of a driver's log
    return {false, "other bits than the CPU's for all we know: " +
                       error.message().substr(0, std::min(error.message().find('\n'), longest_reason))};
  }
  std::string differing;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto first = static_cast<std::ptrdiff_t>(row * count), end = first + static_cast<std::ptrdiff_t>(count);
    if (std::equal(found.begin() + first, found.begin() + end, expected.begin() + first, same)) continue;
    differing += (differing.empty() ? "" : ", ") +
                 (row < std::size(tested) ? std::string(tested[row]) : std::string("a * b + c (fused)"));
  }
  const std::string work = std::to_string(rows) + " functions of " + std::to_string(count) + " inputs";
  if (differing.empty()) return {true, "the CPU's bits in " + work};
  return {false, "other bits than the CPU's in " + differing + " (of " + work + ")"};
}

}  // namespace webai::opencl
