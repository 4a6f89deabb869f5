// The bits of every operator on every processor target, against hashes: a changed hash is a changed function, which
// belongs in the release notes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "backends/cpu/elementwise_tiles.h"
#include "backends/cpu/kernels/targets.h"
#include "patterns.h"

using namespace webai;
using namespace webai::cpu;
using namespace elementwise_test;

namespace elementwise_test {
std::uint64_t plain_hash(int function, std::uint32_t step);       // plain_functions.cpp
std::uint64_t contracted_hash(int function, std::uint32_t step);  // the same compiled with contraction
}  // namespace elementwise_test

namespace {

constexpr std::uint32_t fine = 1021, coarse = 65521;

std::uint64_t hash_of(const Elementwise& elementwise, std::uint32_t step) {
  const TileFunction function = tile_function(elementwise);
  const auto attributes = default_attributes(elementwise);
  const std::uint64_t samples = (std::uint64_t{1} << 32) / step;
  constexpr std::size_t tile = 512;
  alignas(64) float memory[Elementwise::max_inputs][tile], output[tile];
  const float* inputs[] = {memory[0], memory[1], memory[2]};
  Hash hash;
  for (std::uint64_t first = 0; first < samples; first += tile) {
    for (int operand = 0; operand < elementwise.inputs; ++operand) {
      for (std::size_t i = 0; i < tile; ++i) memory[operand][i] = sample(elementwise, operand, first + i, step);
    }
    const std::size_t count = std::min<std::uint64_t>(tile, samples - first);
    function(inputs, output, count, attributes.data());
    for (std::size_t i = 0; i < count; ++i) hash.add(output[i]);
  }
  return hash.state;
}

/// Of 4.2 million samples each.
const std::map<std::string_view, std::uint64_t> expected = {
#include "hashes.inc.h"
};

}  // namespace

TEST_CASE("every elementwise operator has the bits that its hash says") {
  std::string found;
  for (const Elementwise& elementwise : elementwise_operators()) {
    const std::uint64_t hash = hash_of(elementwise, fine);
    const auto entry = expected.find(elementwise.name);
    if (entry == expected.end() || entry->second != hash) {
      char line[96];
      std::snprintf(line, sizeof line, "{\"%s\", 0x%016llx},\n", std::string(elementwise.name).c_str(),
                    static_cast<unsigned long long>(hash));
      found += line;
    }
  }
  INFO("differing:\n" << found);
  REQUIRE(found.empty());
  REQUIRE(expected.size() == elementwise_operators().size());
}

TEST_CASE("every processor target gives the same bits") {
  std::map<std::string_view, std::uint64_t> best;
  for (const Elementwise& elementwise : elementwise_operators()) {
    best[elementwise.name] = hash_of(elementwise, coarse);
  }
  for (const KernelTarget& target : supported_targets()) {
    use_target(target.bits);
    for (const Elementwise& elementwise : elementwise_operators()) {
      const std::uint64_t hash = hash_of(elementwise, coarse);
      INFO(target.name << ", " << elementwise.name);
      CHECK(hash == best[elementwise.name]);
    }
  }
  use_target(0);
}

TEST_CASE("the functions give the same bits as plain C++") {
  const std::string_view functions[] = {"exp", "log", "tanh", "erf", "sin"};
  for (int i = 0; i < 5; ++i) {
    INFO(functions[i]);
    CHECK(plain_hash(i, coarse) == hash_of(find(functions[i]), coarse));
  }
}

TEST_CASE("a build that contracts gives other bits, so the tests above would see one") {
  const auto targets = supported_targets();
  if (std::none_of(targets.begin(), targets.end(), [](const KernelTarget& target) { return target.fused; })) {
    WARN("this processor has no fused multiply-add: not tried");
    return;
  }
#ifdef __SANITIZE_ADDRESS__
  WARN("checks between the operations keep the compiler from contracting: not tried");
  return;
#endif
  for (int i = 0; i < 5; ++i) {
    INFO("function " << i);
    CHECK(contracted_hash(i, coarse) != plain_hash(i, coarse));
  }
}
