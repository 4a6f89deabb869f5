// What the operators compute, in numbers small enough to check by hand.
#include <catch2/catch.hpp>

#include <limits>

#include "support/sample_run.h"
#include "types.h"

using namespace webai;
using namespace webai::test;

namespace {

using Numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

Tensor tensor(Shape shape, Numbers values, DType type = DType::fp64) {
  return Tensor::from(context(), type, shape, values);
}
/// 1, 2, 3, ...
Tensor counted(Shape shape, DType type = DType::fp64) {
  Tensor result(context(), type, shape);
  for (std::size_t i = 0; i < result.elements(); ++i) result.set(i, static_cast<double>(i + 1));
  return result;
}

std::vector<Tensor> run_all(const char* op, const std::vector<Tensor>& inputs, const Attributes& attributes = {}) {
  Run run(registry().get(op), inputs, attributes);
  std::vector<Tensor> results;
  for (const Ref output : run.outputs) results.push_back(run.tape.value(output));
  return results;
}
Tensor run(const char* op, const std::vector<Tensor>& inputs, const Attributes& attributes = {}) {
  return run_all(op, inputs, attributes)[0];
}

void expect(const Tensor& found, Shape shape, const Numbers& values) {
  REQUIRE(found.shape() == shape);
  REQUIRE(found.elements() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    INFO("element " << i << ": " << found.at(i) << ", expected " << values[i]);
    if (std::isnan(values[i]))
      CHECK(std::isnan(found.at(i)));
    else if (std::isinf(values[i]))
      CHECK(found.at(i) == values[i]);
    else
      CHECK(found.at(i) == Approx(values[i]).epsilon(1e-12).margin(1e-12));
  }
}

}  // namespace

TEST_CASE("matmul multiplies plain, transposed, batched and integer matrices") {
  const Tensor a = counted({2, 3}), b = counted({3, 2});
  expect(run("matmul", {a, b}), {2, 2}, {22, 28, 49, 64});
  expect(run("matmul", {a, a}, {{"transposeB", true}}), {2, 2}, {14, 32, 32, 77});
  expect(run("matmul", {a, a}, {{"transposeA", true}}), {3, 3}, {17, 22, 27, 22, 29, 36, 27, 36, 45});
  expect(run("matmul", {b, a}, {{"transposeA", true}, {"transposeB", true}}), {2, 2}, {22, 49, 28, 64});
  expect(run("matmul", {counted({2, 1, 1, 2}), counted({1, 2, 2, 1})}), {2, 2, 1, 1}, {5, 11, 11, 25});
  expect(run("matmul", {tensor({1, 0}, {}), tensor({0, 2}, {})}), {1, 2}, {0, 0});
  const double big = 4611686018427387904.0;  // 2^62: twice its double wraps
  expect(run("matmul", {tensor({1, 2}, {big, big}, DType::i64), tensor({2, 1}, {2, 2}, DType::i64)}), {1, 1}, {0});
}

TEST_CASE("fusedMatMul adds the bias before the activation") {
  expect(run("fusedMatMul", {counted({1, 2}), tensor({2, 2}, {1, -1, 1, -1}), tensor({2}, {-5, 9})},
             {{"activation", "relu"}}),
         {1, 2}, {0, 6});
}

TEST_CASE("reductions reduce the axes they are told") {
  const Tensor x = counted({2, 3});
  expect(run("reduceSum", {x}), {}, {21});
  expect(run("reduceSum", {x}, {{"axes", Integers{0}}}), {3}, {5, 7, 9});
  expect(run("reduceSum", {x}, {{"axes", Integers{-1}}, {"keepDimensions", true}}), {2, 1}, {6, 15});
  expect(run("reduceMean", {x}, {{"axes", Integers{1}}}), {2}, {2, 5});
  expect(run("reduceMax", {x}, {{"axes", Integers{1}}}), {2}, {3, 6});
  expect(run("reduceMin", {x}, {{"axes", Integers{0}}}), {3}, {1, 2, 3});
  expect(run("reduceProduct", {x}, {{"axes", Integers{0}}}), {3}, {4, 10, 18});
  expect(run("reduceSumSquare", {x}), {}, {91});
  expect(run("reduceL1", {tensor({3}, {-1, 2, -3})}), {}, {6});
  expect(run("reduceL2", {tensor({2}, {-3, 4})}), {}, {5});
  expect(run("reduceLogSumExp", {tensor({2}, {1000, 1000})}), {}, {1000 + std::log(2.0)});
  expect(run("reduceLogSumExp", {tensor({2}, {-infinity, -infinity})}), {}, {-infinity});
}

TEST_CASE("reductions of nothing give the neutral element, and not-a-number is not lost") {
  const Tensor none = tensor({0}, {});
  expect(run("reduceSum", {none}), {}, {0});
  expect(run("reduceProduct", {none}), {}, {1});
  expect(run("reduceMean", {none}), {}, {not_a_number});
  expect(run("reduceMax", {none}), {}, {-infinity});
  expect(run("reduceMin", {none}), {}, {infinity});
  expect(run("reduceMax", {tensor({0}, {}, DType::i8)}), {}, {-128});
  expect(run("reduceMax", {tensor({3}, {1, not_a_number, 5})}), {}, {not_a_number});
  expect(run("argMax", {tensor({3}, {1, not_a_number, 5})}), {}, {1});
}

TEST_CASE("integer sums wrap in their own width and 64-bit extremes are exact") {
  expect(run("reduceSum", {tensor({2}, {127, 1}, DType::i8)}), {}, {-128});
  Tensor x(context(), DType::i64, {2});
  x.span<std::int64_t>()[0] = 9007199254740993;  // 2^53 + 1, which no double holds
  x.span<std::int64_t>()[1] = 9007199254740992;
  CHECK(run("reduceMax", {x}).span<std::int64_t>()[0] == 9007199254740993);
  CHECK(run("argMax", {x}).at(0) == 0);
  Tensor u(context(), DType::u64, {2});
  u.span<std::uint64_t>()[0] = ~std::uint64_t{0};
  u.span<std::uint64_t>()[1] = 1;
  CHECK(run("reduceMax", {u}).span<std::uint64_t>()[0] == ~std::uint64_t{0});
}

TEST_CASE("broadcastTo repeats and sumTo sums back") {
  expect(run("broadcastTo", {tensor({2, 1}, {1, 2})}, {{"shape", Integers{2, 2, 3}}}), {2, 2, 3},
         {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  expect(run("sumTo", {counted({2, 2, 3})}, {{"shape", Integers{2, 1}}}), {2, 1}, {30, 48});
}

TEST_CASE("positions of extremes are the first of equals") {
  expect(run("argMax", {tensor({2, 3}, {1, 5, 5, 7, 2, 7})}), {2}, {1, 0});
  expect(run("argMin", {tensor({2, 3}, {1, 5, 0, 7, 2, 2})}, {{"axis", 0}, {"keepDimensions", true}}), {1, 3},
         {0, 1, 0});
  CHECK(run("argMax", {counted({3})}).type() == DType::i32);
}

TEST_CASE("softmax and its logarithm stand large numbers") {
  const double e = std::exp(1.0);
  expect(run("softmax", {tensor({1, 2}, {1000, 1001})}), {1, 2}, {1 / (1 + e), e / (1 + e)});
  expect(run("softmax", {tensor({2, 1}, {-1000, -1001})}, {{"axis", 0}}), {2, 1}, {e / (1 + e), 1 / (1 + e)});
  expect(run("logSoftmax", {tensor({2}, {-1000, 0})}), {2}, {-1000, 0});
}

TEST_CASE("softmaxCrossEntropy takes distributions and labels") {
  const Tensor logits = tensor({2, 2}, {0, std::log(3.0), 0, 0});
  const std::vector<Tensor> dense = run_all("softmaxCrossEntropy", {logits, tensor({2, 2}, {0, 1, 0.5, 0.5})});
  expect(dense[0], {2}, {-std::log(0.75), std::log(2.0)});
  expect(dense[1], {2, 2}, {0.25, 0.75, 0.5, 0.5});
  const std::vector<Tensor> labels = run_all("softmaxCrossEntropy", {logits, tensor({2}, {0, 7}, DType::i32)});
  expect(labels[0], {2}, {-std::log(0.25), 0});
  expect(run("softmaxCrossEntropy", {tensor({1, 2}, {0, -infinity}), tensor({1, 2}, {1, 0})}), {1}, {0});
  expect(run("sigmoidCrossEntropy", {tensor({3}, {0, 1000, -1000}), tensor({3}, {1, 1, 1})}), {3},
         {std::log(2.0), 0, 1000});
}

TEST_CASE("views keep the elements and change the shape") {
  const Tensor x = counted({2, 3});
  expect(run("reshape", {x}, {{"shape", Integers{3, -1}}}), {3, 2}, {1, 2, 3, 4, 5, 6});
  expect(run("flatten", {counted({1, 2, 2})}), {1, 4}, {1, 2, 3, 4});
  expect(run("squeeze", {counted({1, 2, 1})}, {{"axes", Integers{0}}}), {2, 1}, {1, 2});
  expect(run("unsqueeze", {counted({2})}, {{"axes", Integers{0, -1}}}), {1, 2, 1}, {1, 2});
}

TEST_CASE("elements are moved where they belong") {
  const Tensor x = counted({2, 3});
  expect(run("transpose", {x}), {3, 2}, {1, 4, 2, 5, 3, 6});
  expect(run("transpose", {counted({1, 2, 3})}, {{"permutation", Integers{1, 2, 0}}}), {2, 3, 1}, {1, 2, 3, 4, 5, 6});
  expect(run("reverse", {x}, {{"axes", Integers{1}}}), {2, 3}, {3, 2, 1, 6, 5, 4});
  expect(run("concat", {x, counted({2, 1})}), {2, 4}, {1, 2, 3, 1, 4, 5, 6, 2});
  expect(run("concat", {x, counted({1, 3})}, {{"axis", 0}}), {3, 3}, {1, 2, 3, 4, 5, 6, 1, 2, 3});
  const std::vector<Tensor> parts = run_all("split", {x}, {{"sizes", Integers{1, 2}}});
  expect(parts[0], {2, 1}, {1, 4});
  expect(parts[1], {2, 2}, {2, 3, 5, 6});
  expect(run("tile", {counted({1, 2})}, {{"repetitions", Integers{2, 2}}}), {2, 4}, {1, 2, 1, 2, 1, 2, 1, 2});
  expect(run("slice", {x}, {{"starts", Integers{0, -2}}, {"sizes", Integers{2, 1}}}), {2, 1}, {2, 5});
  expect(run("slice", {counted({7})}, {{"starts", Integers{1}}, {"sizes", Integers{5}}, {"strides", Integers{2}}}), {3},
         {2, 4, 6});
  expect(run("sliceGradient", {counted({2})},
             {{"starts", Integers{1}}, {"sizes", Integers{3}}, {"strides", Integers{2}}, {"shape", Integers{5}}}),
         {5}, {0, 1, 0, 2, 0});
  expect(run("copy", {x}), {2, 3}, {1, 2, 3, 4, 5, 6});
}

TEST_CASE("pad fills as its mode says") {
  const auto padded = [](const char* mode) {
    return run("pad", {counted({3})},
               {{"beginningPadding", Integers{2}}, {"endingPadding", Integers{2}}, {"mode", mode}, {"value", 9}});
  };
  expect(padded("constant"), {7}, {9, 9, 1, 2, 3, 9, 9});
  expect(padded("edge"), {7}, {1, 1, 1, 2, 3, 3, 3});
  expect(padded("reflection"), {7}, {3, 2, 1, 2, 3, 2, 1});
  expect(padded("symmetric"), {7}, {2, 1, 1, 2, 3, 3, 2});
  expect(run("padGradient", {counted({5})},
             {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{1}}, {"mode", "edge"}}),
         {3}, {3, 3, 9});
}

TEST_CASE("gather, scatterAdd and oneHot read and write by index") {
  const Tensor x = counted({3, 2}), indices = tensor({3}, {2, -3, 9}, DType::i32);
  expect(run("gather", {x, indices}), {3, 2}, {5, 6, 1, 2, 5, 6});
  expect(run("gather", {x, tensor({}, {1}, DType::u8)}, {{"axis", 1}}), {3}, {2, 4, 6});
  expect(run("scatterAdd", {tensor({3}, {10, 20, 30}), tensor({3}, {0, 2, 0}, DType::i32), counted({3})}), {3},
         {14, 20, 32});
  expect(run("oneHot", {tensor({3}, {1, 0, 5}, DType::i64)}, {{"depth", 2}}), {3, 2}, {0, 1, 1, 0, 0, 0});
}

TEST_CASE("range, triangular, cumulativeSum and cast") {
  expect(run("range", {}, {{"size", 3}, {"start", 1}, {"step", -0.5}}), {3}, {1, 0.5, 0});
  const Tensor x = counted({2, 3});
  expect(run("triangular", {x}), {2, 3}, {1, 2, 3, 0, 5, 6});
  expect(run("triangular", {x}, {{"upper", false}, {"diagonal", 1}}), {2, 3}, {1, 2, 0, 4, 5, 6});
  expect(run("cumulativeSum", {x}), {2, 3}, {1, 3, 6, 4, 9, 15});
  expect(run("cumulativeSum", {counted({3})}, {{"exclusive", true}, {"reversed", true}}), {3}, {5, 3, 0});
  expect(run("cast", {tensor({4}, {-1.7, 2.7, 1e30, not_a_number})}, {{"type", "i8"}}), {4}, {-1, 2, 127, 0});
}

TEST_CASE("conv2d slides its filter without turning it around") {
  const Tensor x = counted({1, 3, 3, 1}), f = tensor({2, 2, 1, 1}, {1, 0, 0, -1});
  expect(run("conv2d", {x, f}), {1, 2, 2, 1}, {-4, -4, -4, -4});
  expect(run("conv2d", {x, f, tensor({1}, {10})}, {{"strides", Integers{2, 2}}, {"padding", Integers{1, 0, 1, 0}}}),
         {1, 2, 2, 1}, {9, 7, 3, 6});
  expect(run("conv2d", {x, f}, {{"dilations", Integers{2, 2}}}), {1, 1, 1, 1}, {-8});
  // Two groups: each channel has its own filter.
  expect(run("conv2d", {tensor({1, 1, 2, 2}, {1, 10, 2, 20}), tensor({1, 2, 1, 2}, {1, 2, 3, 4})}, {{"groups", 2}}),
         {1, 1, 1, 2}, {7, 100});
  // The same in the other layouts.
  expect(run("conv2d", {tensor({1, 2, 1, 2}, {1, 2, 10, 20}), tensor({2, 1, 1, 2}, {1, 3, 2, 4})},
             {{"groups", 2}, {"inputLayout", "nchw"}, {"filterLayout", "oihw"}}),
         {1, 2, 1, 1}, {7, 100});
}

TEST_CASE("convTranspose2d spreads each element over a filter") {
  expect(run("convTranspose2d", {tensor({1, 1, 2, 1}, {1, 2}), tensor({1, 3, 1, 1}, {1, 2, 3}), tensor({1}, {100})},
             {{"strides", Integers{1, 2}}}),
         {1, 1, 5, 1}, {101, 102, 105, 104, 106});
}

TEST_CASE("pooling takes the greatest or the mean of each window") {
  const Tensor x = counted({1, 3, 4, 1});
  expect(run("maxPool2d", {x}), {1, 1, 2, 1}, {6, 8});
  expect(run("averagePool2d", {x}), {1, 1, 2, 1}, {3.5, 5.5});
  const Attributes padded = {{"padding", Integers{1, 0, 1, 1}}, {"strides", Integers{2, 3}}};
  expect(run("maxPool2d", {x}, padded), {1, 2, 2, 1}, {1, 4, 9, 12});
  expect(run("averagePool2d", {x}, padded), {1, 2, 2, 1}, {1, 3.5, 7, 9.5});
  Attributes counting = padded;
  counting.set("countIncludePadding", true);
  expect(run("averagePool2d", {x}, counting), {1, 2, 2, 1}, {0.25, 1.75, 3.5, 9.5});
  expect(run("maxPool2dGradient", {tensor({1, 2, 2, 1}, {1, 3, 3, 2}), tensor({1, 1, 1, 1}, {5})}), {1, 2, 2, 1},
         {0, 5, 0, 0});
  expect(run("maxPool2dSelect", {tensor({1, 2, 2, 1}, {1, 3, 3, 2}), counted({1, 2, 2, 1})}), {1, 1, 1, 1}, {2});
  expect(run("globalAveragePool2d", {counted({1, 2, 1, 2})}), {1, 2}, {2, 3});
  expect(run("globalMaxPool2d", {counted({1, 2, 2, 1})}, {{"layout", "nchw"}, {"keepDimensions", true}}), {1, 2, 1, 1},
         {2, 4});
}

TEST_CASE("random numbers follow seed, id and step, and no two steps are alike") {
  const auto draw = [](const char* op, double step, std::int64_t seed, std::int64_t id) {
    return run(op, {tensor({}, {step}, DType::u32)}, {{"shape", Integers{64}}, {"seed", seed}, {"id", id}});
  };
  const RandomStream stream(5, 6);
  const Tensor uniform = draw("randomUniform", 2, 5, 6);
  for (std::size_t i = 0; i < 64; ++i) REQUIRE(uniform.span<float>()[i] == stream.uniform(2 * 64 + i));
  const Tensor normal = draw("randomNormal", 1, 5, 6);
  for (std::size_t i = 0; i < 64; ++i) REQUIRE(normal.span<float>()[i] == static_cast<float>(stream.normal(64 + i)));
  for (const auto& [step, seed, id] : {std::array{1, 5, 6}, std::array{2, 6, 6}, std::array{2, 5, 7}})
    REQUIRE(draw("randomUniform", step, seed, id).at(0) != uniform.at(0));
  const Tensor bernoulli =
      run("randomBernoulli", {tensor({}, {0}, DType::u32)}, {{"shape", Integers{10000}}, {"probability", 0.3}});
  double sum = 0;
  for (std::size_t i = 0; i < bernoulli.elements(); ++i) sum += bernoulli.at(i);
  CHECK(sum / 10000 == Approx(0.3).margin(0.02));
}

TEST_CASE("dropout drops in training only and keeps the mean") {
  Tensor ones(context(), DType::fp32, {10000});
  for (float& one : ones.span<float>()) one = 1;
  const Tensor step = tensor({}, {3}, DType::u32);
  const Tensor trained = run("dropout", {ones, step}, {{"rate", 0.25}});
  double sum = 0;
  for (std::size_t i = 0; i < trained.elements(); ++i) {
    REQUIRE((trained.at(i) == 0 || trained.at(i) == Approx(1 / 0.75)));
    sum += trained.at(i);
  }
  CHECK(sum / 10000 == Approx(1).margin(0.03));
  const Tensor kept = run("dropout", {ones, step}, {{"rate", 0.25}, {"training", false}});
  for (std::size_t i = 0; i < kept.elements(); ++i) REQUIRE(kept.at(i) == 1);
}

TEST_CASE("normalisations give mean 0 and variance 1, then scale and bias") {
  const Attributes exact = {{"epsilon", 0.0}};
  expect(run("layerNorm", {tensor({2, 2}, {1, 3, 10, 20}), tensor({2}, {2, 3}), tensor({2}, {1, 1})}, exact), {2, 2},
         {-1, 4, -1, 4});
  expect(
      run("batchNorm",
          {tensor({1, 2}, {5, 6}), tensor({2}, {1, 2}), tensor({2}, {4, 16}), tensor({2}, {3, 3}), tensor({2}, {1, 2})},
          exact),
      {1, 2}, {7, 5});
  const std::vector<Tensor> statistics = run_all("batchStatistics", {tensor({2, 2}, {1, 10, 3, 30})});
  expect(statistics[0], {2}, {2, 20});
  expect(statistics[1], {2}, {1, 100});
}
