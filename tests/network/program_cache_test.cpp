// Which compiled runs a network keeps: seen by what making one takes from the context.
#include <catch2/catch.hpp>

#include "webai/webai.hpp"

using namespace webai;

namespace {

// Keeps about a thousand bytes of scratch for each sample of a batch.
class Runner {
 public:
  explicit Runner(std::uint64_t program_bytes)
      : context_(Context::system({.threads = 1, .limits = {.program_bytes = program_bytes}})),
        network_(NeuralNetwork::from_json(R"({"layers": [8, 128, 128, 4], "activation": "tanh"})", context_)) {}

  /// Whether the run had to be compiled.
  bool compiles(std::size_t batch) {
    const std::vector<float> input(8 * batch, 0.5f);
    std::vector<float> output(4 * batch);
    const std::uint64_t before = context_.allocation_count();
    network_.run_into(input, output);
    return context_.allocation_count() != before;
  }
  std::uint64_t bytes() const { return context_.allocated_bytes(); }

 private:
  Context context_;
  NeuralNetwork network_;
};

std::uint64_t bytes_of_run(std::size_t batch) {
  Runner runner(~std::uint64_t{0});
  const std::uint64_t before = runner.bytes();
  runner.compiles(batch);
  return runner.bytes() - before;
}

}  // namespace

TEST_CASE("compiled runs are kept as long as they fit") {
  Runner runner(~std::uint64_t{0});
  for (const std::size_t batch : {100, 101, 102}) CHECK(runner.compiles(batch));
  for (const std::size_t batch : {100, 101, 102}) CHECK_FALSE(runner.compiles(batch));
}

TEST_CASE("the least recently used run goes when all together hold too many bytes") {
  const std::uint64_t one = bytes_of_run(102);
  REQUIRE(one > 102 * 128 * sizeof(float));
  Runner runner(one * 5 / 2);  // room for two
  CHECK(runner.compiles(100));
  CHECK(runner.compiles(101));
  CHECK_FALSE(runner.compiles(100));
  CHECK(runner.compiles(102));
  CHECK_FALSE(runner.compiles(100));
  CHECK_FALSE(runner.compiles(102));
  CHECK(runner.compiles(101));
}

TEST_CASE("a run larger than the bound stays alone") {
  Runner runner(1);
  const std::uint64_t before = runner.bytes();
  CHECK(runner.compiles(100));
  CHECK_FALSE(runner.compiles(100));
  CHECK(runner.compiles(50));
  CHECK(runner.bytes() - before <= bytes_of_run(50));
  CHECK(runner.compiles(100));
}

TEST_CASE("at most eight runs are kept, however small") {
  Runner runner(~std::uint64_t{0});
  for (std::size_t batch = 1; batch <= 9; ++batch) CHECK(runner.compiles(batch));
  CHECK_FALSE(runner.compiles(2));
  CHECK(runner.compiles(1));
}
