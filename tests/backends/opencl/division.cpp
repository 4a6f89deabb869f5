// Division and square root repaired from near guesses: the host's bits, for a device that does not round them itself.
#include <bit>
#include <cmath>

#include "backends/opencl/built_program.h"
#include "backends/opencl/program_text.h"
#include "backends/opencl/self_test.h"
#include "backends/opencl/support.h"

using namespace webai;
using namespace webai::test;

namespace {

// Guesses that are wrong by `reach` units either way, by bits of the operands; exact where reach is 0.
struct Guesses {
  std::string quotient, root;
  OpenclDivision division() const { return {true, quotient, root}; }
};
Guesses wrong_by(int reach) {
  const std::string span = std::to_string(2 * reach + 1) + "u", shift = std::to_string(reach) + "u";
  return {"as_float(as_uint(a / b) + (as_uint(a) ^ as_uint(b) >> 3) % " + span + " - " + shift + ")",
          "as_float(as_uint(sqrt(a)) + (as_uint(a) >> 1) % " + span + " - " + shift + ")"};
}

// The same number of pairs of each kind: any bits, everyday numbers, edges against any bits, and quotients near or
// below the least normal number.
std::vector<std::uint32_t> operands(std::size_t pairs) {
  constexpr std::uint32_t edges[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 1,
                                     2,          3,          0x80000001, 0x007fffff, 0x00400000, 0x00800000,
                                     0x00800001, 0x3f800000, 0x3f7fffff, 0x3f800001, 0x40000000, 0x7f7fffff,
                                     0xff7fffff, 0x7f000000, 0x3f000000};
  const RandomStream stream(11, 12);
  std::vector<std::uint32_t> words(2 * pairs);
  stream.words(0, words);
  for (std::size_t i = 0; i < pairs; ++i) {
    std::uint32_t &a = words[2 * i], &b = words[2 * i + 1];
    const auto everyday = [](std::uint32_t word) { return (word & 0x80ffffffU) + 0x3e000000U; };
    if (i % 4 == 1) a = everyday(a), b = everyday(b);
    if (i % 4 == 2) (i % 8 == 2 ? a : b) = edges[i / 8 % std::size(edges)];
    if (i % 32 == 2) b = edges[i / 32 % std::size(edges)];
    if (i % 4 == 3) a = a & 0x01ffffffU, b = everyday(b);
  }
  return words;
}

// Elements whose bits differ from the host's, not-a-number counted as one value.
std::size_t differences(const std::shared_ptr<opencl::Session>& connection, const Guesses& guesses, std::size_t pairs) {
  const std::string source = opencl_prelude(guesses.division()) + opencl::kernel_head("repaired", 3, 64) +
                             "  const uint i = get_global_id(0);\n" + opencl::pointer_line(0, "uint", "from") +
                             opencl::pointer_line(1, "uint", "quotients") + opencl::pointer_line(2, "uint", "roots") +
                             "  const float a = as_float(from[2 * i]), b = as_float(from[2 * i + 1]);\n"
                             "  quotients[i] = as_uint(divided(a, b));\n  roots[i] = as_uint(rooted(a));\n}\n";
  opencl::BuiltProgram program(connection, source);
  const std::vector<std::uint32_t> words = operands(pairs);
  std::vector<std::uint32_t> quotients(pairs), roots(pairs);
  opencl::DeviceBuffer from(connection, 8 * pairs), one(connection, 4 * pairs), other(connection, 4 * pairs);
  from.write(0, std::as_bytes(std::span(words)));
  const cl_kernel kernel = program.kernel("repaired");
  program.set(kernel, 0, from.memory(), 0);
  program.set(kernel, 1, one.memory(), 0);
  program.set(kernel, 2, other.memory(), 0);
  program.start(kernel, pairs, 64);
  one.read(0, std::as_writable_bytes(std::span(quotients)));
  other.read(0, std::as_writable_bytes(std::span(roots)));
  std::size_t count = 0;
  const auto compare = [&](float expected, std::uint32_t found) {
    const bool same = std::isnan(expected) ? found == 0x7fc00000 : std::bit_cast<std::uint32_t>(expected) == found;
    if (!same) ++count;
  };
  for (std::size_t i = 0; i < pairs; ++i) {
    const auto a = std::bit_cast<float>(words[2 * i]), b = std::bit_cast<float>(words[2 * i + 1]);
    compare(a / b, quotients[i]);
    compare(std::sqrt(a), roots[i]);
  }
  return count;
}

}  // namespace

TEST_CASE("repaired quotients and roots have the host's bits from guesses up to seven units wrong, and not beyond") {
  const auto connection = opencl_session();
  if (!connection) return;
  constexpr std::size_t pairs = 1 << 21;
  CHECK(differences(connection, {"a / b", "sqrt(a)"}, pairs) == 0);
  CHECK(differences(connection, wrong_by(3), pairs) == 0);
  CHECK(differences(connection, wrong_by(7), pairs) == 0);
  CHECK(differences(connection, wrong_by(20), pairs) > pairs / 10);
}

TEST_CASE("a device whose quotients are near passes the self-test when they are repaired, and else fails it") {
  const auto connection = opencl_session();
  if (!connection) return;
  const Guesses near = wrong_by(4), far = wrong_by(20);
  const opencl::SelfTest repaired = opencl::self_test(connection, near.division());
  INFO(repaired.text);
  CHECK(repaired.same_bits);
  const opencl::SelfTest failed = opencl::self_test(connection, far.division());
  INFO(failed.text);
  CHECK(!failed.same_bits);
  CHECK(failed.text.find("div, sqrt") != std::string::npos);
  CHECK(failed.text.find("tanh") != std::string::npos);
  CHECK(failed.text.find("exp,") == std::string::npos);
}

TEST_CASE("means are divided by the repair where the device needs it") {
  for (const bool repaired : {false, true}) {
    Graph graph;
    GraphBuilder builder(context(), registry(), graph);
    const Ref x{graph.add_input("x", {DType::fp32, Shape{3, 5}})};
    const Ref mean = builder.emit("reduceMean", {x});
    graph.outputs.push_back({"y", mean.id});
    opencl::ProgramText text({.division = {.repaired = repaired}});
    opencl::node_kernels().at("core#reduceMean").emit(graph, graph.nodes.back(), text);
    CHECK((text.source().find("= divided(") != std::string::npos) == repaired);
  }
}
