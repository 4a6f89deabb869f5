// Every labelled constraint of every operator has a case that violates it and is refused with that label in its text.
// A constraint without a case fails the suite. The cases are data: operator, label, inputs, attributes.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "core/op/elementwise.h"
#include "support/sample_run.h"
#include "types.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

constexpr DType fp32 = DType::fp32, fp64 = DType::fp64, i32 = DType::i32, boolean = DType::boolean;

struct Violation {
  const char* op;
  const char* label;
  std::vector<ValueType> inputs;
  Attributes attributes = {};
};

Attributes window(Integers size, Integers strides, Integers padding, const char* layout = "nhwc") {
  return {{"poolSize", size}, {"strides", strides}, {"padding", padding}, {"layout", layout}};
}

std::vector<Violation> violations() {
  const ValueType image = of({1, 5, 5, 4}), filter = of({3, 3, 4, 2});
  const Shape one{};
  const Integers none{};
  return {
      {"matmul", "C1", {of({2, 3}), of({3, 2}, fp64)}},
      {"matmul", "C1", {of({2, 3}, boolean), of({3, 2}, boolean)}},
      {"matmul", "C2", {of({3}), of({3, 2})}},
      {"matmul", "C3", {of({2, 3}), of({4, 2})}},
      {"matmul", "C3", {of({2, 3}), of({3, 2})}, {{"transposeA", true}}},
      {"matmul", "C3", {of({2, n0}), of({3, 2})}},
      {"matmul", "C4", {of({2, 2, 3}), of({3, 3, 2})}},
      {"fusedMatMul", "C1", {of({2, 3}, i32), of({3, 2})}},
      {"fusedMatMul", "C2", {of({2, 3}), of({3})}},
      {"fusedMatMul", "C3", {of({2, 3}), of({2, 3})}},
      {"fusedMatMul", "C4", {of({2, 2, 3}), of({3, 3, 2})}},
      {"fusedMatMul", "C5", {of({2, 3}), of({3, 2}), of({3})}},
      {"fusedMatMul", "C5", {of({2, 3}), of({3, 2}), of({5, 2, 2})}},
      {"fusedMatMul", "C5", {of({2, 3}), of({3, 2}), of({2}, fp64)}},

      {"reduceSum", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceSum", "C1", {of({2, 3})}, {{"axes", Integers{1, -1}}}},
      {"reduceSum", "C2", {of({2}, boolean)}},
      {"reduceMean", "C1", {of({2, 3})}, {{"axes", Integers{-3}}}},
      {"reduceMean", "C2", {of({2}, i32)}},
      {"reduceMax", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceMax", "C2", {of({2}, boolean)}},
      {"reduceMin", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceMin", "C2", {of({2}, boolean)}},
      {"reduceProduct", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceProduct", "C2", {of({2}, boolean)}},
      {"reduceSumSquare", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceSumSquare", "C2", {of({2}, boolean)}},
      {"reduceL1", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceL1", "C2", {of({2}, boolean)}},
      {"reduceL2", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceL2", "C2", {of({2}, i32)}},
      {"reduceLogSumExp", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"reduceLogSumExp", "C2", {of({2}, i32)}},
      {"broadcastTo", "C1", {of({2})}, {{"shape", Integers{-1, 2}}}},
      {"broadcastTo", "C1", {of({2})}, {{"shape", Integers{-2}}}},
      {"broadcastTo", "C2", {of({2})}, {{"shape", Integers{3}}}},
      {"broadcastTo", "C2", {of({2, 3})}, {{"shape", Integers{3}}}},
      {"sumTo", "C1", {of({2})}, {{"shape", Integers{-2}}}},
      {"sumTo", "C2", {of({2})}, {{"shape", Integers{3}}}},
      {"sumTo", "C2", {of({2})}, {{"shape", Integers{2, 2}}}},
      {"sumTo", "C3", {of({2}, boolean)}, {{"shape", Integers{1}}}},

      {"softmax", "C1", {of({2, 3})}, {{"axis", 2}}},
      {"softmax", "C1", {of(one)}},
      {"softmax", "C2", {of({2}, i32)}},
      {"logSoftmax", "C1", {of({2, 3})}, {{"axis", -3}}},
      {"logSoftmax", "C2", {of({2}, i32)}},
      {"softmaxCrossEntropy", "C1", {of(one), of(one)}},
      {"softmaxCrossEntropy", "C2", {of({2, 3}, i32), of({2}, i32)}},
      {"softmaxCrossEntropy", "C3", {of({2, 3}), of({2, 3}, fp64)}},
      {"softmaxCrossEntropy", "C4", {of({2, 3}), of({2, 4})}},
      {"softmaxCrossEntropy", "C4", {of({2, 3}), of({3}, i32)}},
      {"softmaxCrossEntropyGradient", "C1", {of(one), of(one), of(one)}},
      {"softmaxCrossEntropyGradient", "C2", {of({2, 3}, i32), of({2}, i32), of({2})}},
      {"softmaxCrossEntropyGradient", "C3", {of({2, 3}), of({2, 3}, fp64), of({2})}},
      {"softmaxCrossEntropyGradient", "C4", {of({2, 3}), of({2}, i32), of({3})}},
      {"sigmoidCrossEntropy", "C1", {of({2}), of({2}, fp64)}},
      {"sigmoidCrossEntropy", "C2", {of({2}), of({3})}},

      {"reshape", "C1", {of({2, 3})}, {{"shape", Integers{-1, -1}}}},
      {"reshape", "C1", {of({2, 3})}, {{"shape", Integers{-2, 3}}}},
      {"reshape", "C2", {of({2, 3})}, {{"shape", Integers{4}}}},
      {"reshape", "C2", {of({2, 3})}, {{"shape", Integers{4, -1}}}},
      {"reshape", "C2", {of({0, 3})}, {{"shape", Integers{0, -1}}}},
      {"reshape", "C2", {of({2})}, {{"shape", Integers{std::int64_t{1} << 40, std::int64_t{1} << 40}}}},
      {"reshape", "C2", {of({std::int64_t{1} << 40, std::int64_t{1} << 40})}, {{"shape", Integers{-1}}}},
      {"reshape", "C3", {of({n0, 4})}, {{"shape", Integers{-1, 2}}}},
      {"reshape", "C3", {of({n0, 4})}, {{"shape", Integers{4}}}},
      {"reshape", "C3", {of({n0, n0})}, {{"shape", Integers{-1}}}},
      {"flatten", "C1", {of({2, 3})}, {{"axis", 3}}},
      {"flatten", "C2", {of({n0, 3})}, {{"axis", 0}}},
      {"squeeze", "C1", {of({1, 3})}, {{"axes", Integers{2}}}},
      {"squeeze", "C2", {of({1, 3})}, {{"axes", Integers{1}}}},
      {"unsqueeze", "C1", {of({2})}, {{"axes", Integers{3}}}},
      {"unsqueeze", "C1", {of({2})}, {{"axes", Integers{0, 0}}}},
      {"unsqueeze", "C2", {of({1, 1, 1, 1, 1, 1, 1, 1})}, {{"axes", Integers{0}}}},

      {"transpose", "C1", {of({2, 3})}, {{"permutation", Integers{0, 0}}}},
      {"transpose", "C1", {of({2, 3})}, {{"permutation", Integers{0}}}},
      {"reverse", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"concat", "C1", {of({2, 3})}, {{"axis", 2}}},
      {"concat", "C2", {of({2, 3}), of({2, 3}, fp64)}},
      {"concat", "C3", {of({2, 3}), of({3, 3})}},
      {"concat", "C3", {of({2, 3}), of({3})}},
      {"concat", "C3", {of({std::int64_t{1} << 47}), of({std::int64_t{1} << 47}), of({1})}},
      {"concat", "C4", {of({n0, 3}), of({n0, 3})}, {{"axis", 0}}},
      {"split", "C1", {of({2, 3})}, {{"sizes", Integers{3}}, {"axis", 2}}},
      {"split", "C1", {of({n0, 3})}, {{"sizes", Integers{1, 1}}, {"axis", 0}}},
      {"split", "C2", {of({2, 3})}, {{"sizes", Integers{2, 2}}}},
      {"split", "C2", {of({2, 3})}, {{"sizes", Integers{2}}}},
      {"split", "C2", {of({2, 0})}, {{"sizes", none}}},
      {"tile", "C1", {of({2, 3})}, {{"repetitions", Integers{2}}}},
      {"tile", "C1", {of({2, 3})}, {{"repetitions", Integers{2, -1}}}},
      {"tile", "C1", {of({std::int64_t{1} << 40})}, {{"repetitions", Integers{std::int64_t{1} << 40}}}},
      {"tile", "C2", {of({n0, 3})}, {{"repetitions", Integers{2, 1}}}},

      {"slice", "C1", {of({2, 3})}, {{"starts", Integers{0}}, {"sizes", Integers{1, 1}}}},
      {"slice", "C2", {of({3})}, {{"starts", Integers{0}}, {"sizes", Integers{1}}, {"strides", Integers{0}}}},
      {"slice", "C3", {of({3})}, {{"starts", Integers{4}}, {"sizes", Integers{0}}}},
      {"slice", "C3", {of({3})}, {{"starts", Integers{1}}, {"sizes", Integers{3}}}},
      {"slice",
       "C3",
       {of({3})},
       {{"starts", Integers{1}}, {"sizes", Integers{std::numeric_limits<std::int64_t>::max()}}}},
      {"slice", "C3", {of({3})}, {{"starts", Integers{1}}, {"sizes", Integers{-2}}}},
      {"slice", "C4", {of({n0})}, {{"starts", Integers{0}}, {"sizes", Integers{2}}}},
      {"sliceGradient", "C1", {of({2})}, {{"starts", Integers{0}}, {"sizes", Integers{1, 1}}, {"shape", Integers{3}}}},
      {"sliceGradient",
       "C2",
       {of({2})},
       {{"starts", Integers{0}}, {"sizes", Integers{2}}, {"strides", Integers{-1}}, {"shape", Integers{3}}}},
      {"sliceGradient", "C3", {of({2})}, {{"starts", Integers{2}}, {"sizes", Integers{2}}, {"shape", Integers{3}}}},
      {"sliceGradient", "C4", {of({2})}, {{"starts", Integers{0}}, {"sizes", Integers{2}}, {"shape", Integers{-1}}}},
      {"sliceGradient", "C5", {of({1})}, {{"starts", Integers{0}}, {"sizes", Integers{2}}, {"shape", Integers{3}}}},

      {"pad", "C1", {of({3})}, {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{1}}, {"mode", "wrap"}}},
      {"pad", "C2", {of({3})}, {{"beginningPadding", Integers{1, 1}}, {"endingPadding", Integers{1}}}},
      {"pad", "C2", {of({3})}, {{"beginningPadding", Integers{-1}}, {"endingPadding", Integers{1}}}},
      {"pad",
       "C3",
       {of({3})},
       {{"beginningPadding", Integers{3}}, {"endingPadding", Integers{0}}, {"mode", "reflection"}}},
      {"pad",
       "C3",
       {of({3})},
       {{"beginningPadding", Integers{0}}, {"endingPadding", Integers{4}}, {"mode", "symmetric"}}},
      {"pad", "C3", {of({0})}, {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{0}}, {"mode", "edge"}}},
      {"pad", "C4", {of({n0})}, {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{0}}}},
      {"padGradient",
       "C1",
       {of({3})},
       {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{1}}, {"mode", "wrap"}}},
      {"padGradient", "C2", {of({3})}, {{"beginningPadding", Integers{-1}}, {"endingPadding", Integers{1}}}},
      {"padGradient", "C3", {of({3})}, {{"beginningPadding", Integers{2}}, {"endingPadding", Integers{2}}}},
      {"padGradient", "C4", {of({n0})}, {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{0}}}},
      {"padGradient", "C5", {of({3}, boolean)}, {{"beginningPadding", Integers{1}}, {"endingPadding", Integers{0}}}},

      {"gather", "C1", {of({3}), of({2}, i32)}, {{"axis", 1}}},
      {"gather", "C2", {of({3}), of({2})}},
      {"gather", "C3", {of({1, 1, 1, 1, 1}), of({1, 1, 1, 1, 1}, i32)}},
      {"gather", "C4", {of({0}), of({2}, i32)}},
      {"scatterAdd", "C1", {of({3}), of({2}, i32), of({2})}, {{"axis", 1}}},
      {"scatterAdd", "C2", {of({3}), of({2}), of({2})}},
      {"scatterAdd", "C3", {of({1, 1, 1, 1, 1}), of({1, 1, 1, 1, 1}, i32), of({1})}},
      {"scatterAdd", "C4", {of({0}), of({2}, i32), of({2})}},
      {"scatterAdd", "C5", {of({3, 2}), of({2}, i32), of({2, 3})}},
      {"scatterAdd", "C6", {of({3}), of({2}, i32), of({2}, fp64)}},
      {"argMax", "C1", {of({3})}, {{"axis", 1}}},
      {"argMax", "C2", {of({3, 0})}},
      {"argMin", "C1", {of({3})}, {{"axis", 1}}},
      {"argMin", "C2", {of({3, 0})}},
      {"cumulativeSum", "C1", {of({3})}, {{"axis", 1}}},
      {"cumulativeSum", "C2", {of({3}, boolean)}},

      {"cast", "C1", {of({3})}, {{"type", "float"}}},
      {"oneHot", "C1", {of({3})}, {{"depth", 3}}},
      {"oneHot", "C2", {of({3}, i32)}, {{"depth", -1}}},
      {"oneHot", "C3", {of({3}, i32)}, {{"depth", 3}, {"type", "float"}}},
      {"oneHot", "C4", {of({1, 1, 1, 1, 1, 1, 1, 1}, i32)}, {{"depth", 3}}},
      {"range", "C1", {}, {{"size", -1}}},
      {"range", "C2", {}, {{"size", 3}, {"type", "bool"}}},
      {"triangular", "C1", {of({3})}},

      {"conv2d", "C1", {image, filter}, {{"inputLayout", "chwn"}}},
      {"conv2d", "C1", {image, filter}, {{"filterLayout", "hwoi"}}},
      {"conv2d", "C2", {image, filter}, {{"strides", Integers{0, 1}}}},
      {"conv2d", "C2", {image, filter}, {{"padding", Integers{0, 0}}}},
      {"conv2d", "C2", {image, filter}, {{"dilations", Integers{1, std::int64_t{1} << 62}}}},
      {"conv2d", "C2", {image, filter}, {{"groups", 0}}},
      {"conv2d", "C3", {of({5, 5, 4}), filter}},
      {"conv2d", "C3", {of({1, n0, 5, 4}), filter}},
      {"conv2d", "C4", {of({1, 5, 5, 3}), filter}},
      {"conv2d", "C4", {image, filter}, {{"groups", 2}}},
      {"conv2d", "C5", {image, of({3, 3, 2, 3})}, {{"groups", 2}}},
      {"conv2d", "C6", {image, of({6, 3, 4, 2})}},
      {"conv2d", "C6", {image, of({0, 3, 4, 2})}},
      {"conv2d", "C7", {image, of({3, 3, 4, 2}, fp64)}},
      {"conv2d", "C7", {of({1, 5, 5, 4}, i32), of({3, 3, 4, 2}, i32)}},
      {"conv2d", "C8", {image, filter, of({3})}},
      {"conv2dInputGradient", "C1", {of({1, 3, 3, 2}), filter}, {{"inputSize", Integers{5, 5}}, {"inputLayout", "n"}}},
      {"conv2dInputGradient",
       "C2",
       {of({1, 3, 3, 2}), filter},
       {{"inputSize", Integers{5, 5}}, {"strides", Integers{1}}}},
      {"conv2dInputGradient", "C3", {of({3, 3, 2}), filter}, {{"inputSize", Integers{5, 5}}}},
      {"conv2dInputGradient",
       "C4",
       {of({1, 3, 3, 2}), of({3, 3, std::int64_t{1} << 40, 2})},
       {{"inputSize", Integers{5, 5}}, {"groups", std::int64_t{1} << 40}}},
      {"conv2dInputGradient",
       "C5",
       {of({1, 3, 3, 3}), of({3, 3, 2, 3})},
       {{"inputSize", Integers{5, 5}}, {"groups", 2}}},
      {"conv2dInputGradient", "C6", {of({1, 3, 3, 2}), filter}, {{"inputSize", Integers{2, 5}}}},
      {"conv2dInputGradient", "C7", {of({1, 3, 3, 2}), of({3, 3, 4, 2}, fp64)}, {{"inputSize", Integers{5, 5}}}},
      {"conv2dInputGradient", "C8", {of({1, 3, 3, 2}), filter}, {{"inputSize", Integers{5, 6}}}},
      {"conv2dInputGradient", "C8", {of({1, 3, 3, 2}), filter}, {{"inputSize", Integers{5}}}},
      {"conv2dFilterGradient",
       "C1",
       {image, of({1, 3, 3, 2})},
       {{"filterSize", Integers{3, 3}}, {"filterLayout", "hw"}}},
      {"conv2dFilterGradient", "C2", {image, of({1, 3, 3, 2})}, {{"filterSize", Integers{3, 3}}, {"groups", -1}}},
      {"conv2dFilterGradient", "C3", {of({5, 5, 4}), of({1, 3, 3, 2})}, {{"filterSize", Integers{3, 3}}}},
      {"conv2dFilterGradient", "C4", {image, of({1, 3, 3, 3})}, {{"filterSize", Integers{3, 3}}, {"groups", 3}}},
      {"conv2dFilterGradient", "C5", {image, of({1, 3, 3, 3})}, {{"filterSize", Integers{3, 3}}, {"groups", 2}}},
      {"conv2dFilterGradient", "C6", {image, of({1, 3, 3, 2})}, {{"filterSize", Integers{7, 3}}}},
      {"conv2dFilterGradient", "C7", {image, of({1, 3, 3, 2}, fp64)}, {{"filterSize", Integers{3, 3}}}},
      {"conv2dFilterGradient", "C8", {image, of({1, 3, 3, 2})}, {{"filterSize", Integers{2, 3}}}},
      {"convTranspose2d", "C1", {image, of({3, 3, 2, 4})}, {{"filterLayout", "hwio"}}},
      {"convTranspose2d", "C2", {image, of({3, 3, 2, 4})}, {{"strides", Integers{1}}}},
      {"convTranspose2d", "C3", {image, of({3, 2, 4})}},
      {"convTranspose2d", "C3", {of({1, n0, 5, 4}), of({3, 3, 2, 4})}},
      {"convTranspose2d", "C4", {image, of({3, 3, 2, 3})}},
      {"convTranspose2d", "C4", {image, of({3, 3, 2, 4})}, {{"groups", 3}}},
      {"convTranspose2d", "C5", {image, of({3, 3, 2, 4})}, {{"outputPadding", Integers{0, 1}}}},
      {"convTranspose2d", "C5", {image, of({3, 3, 2, 4})}, {{"outputPadding", Integers{0}}}},
      {"convTranspose2d", "C5", {image, of({3, 3, 2, 4})}, {{"padding", Integers{9, 9, 0, 0}}}},
      {"convTranspose2d", "C6", {image, of({3, 3, 2, 4}, fp64)}},
      {"convTranspose2d", "C7", {image, of({3, 3, 2, 4}), of({4})}},

      {"maxPool2d", "C1", {image}, {{"layout", "hwnc"}}},
      {"maxPool2d", "C2", {image}, window({2}, {}, {0, 0, 0, 0})},
      {"maxPool2d", "C2", {image}, window({2, 2}, {1, 0}, {0, 0, 0, 0})},
      {"maxPool2d", "C2", {image}, window({2, 2}, {}, {0, 0, 0, -1})},
      {"maxPool2d", "C3", {of({5, 5, 4})}},
      {"maxPool2d", "C4", {image}, window({6, 2}, {}, {0, 0, 0, 0})},
      {"maxPool2d", "C5", {of({1, 5, 5, 4}, i32)}},
      {"maxPool2dGradient", "C1", {image, of({1, 2, 2, 4})}, {{"layout", "hwnc"}}},
      {"maxPool2dGradient", "C2", {image, of({1, 2, 2, 4})}, {{"dilations", Integers{1}}}},
      {"maxPool2dGradient", "C3", {of({5, 5, 4}), of({1, 2, 2, 4})}},
      {"maxPool2dGradient", "C4", {of({1, 1, 5, 4}), of({1, 2, 2, 4})}},
      {"maxPool2dGradient", "C5", {image, of({1, 2, 2, 4}, fp64)}},
      {"maxPool2dGradient", "C6", {image, of({1, 2, 3, 4})}},
      {"maxPool2dSelect", "C1", {image, image}, {{"layout", "hwnc"}}},
      {"maxPool2dSelect", "C2", {image, image}, {{"dilations", Integers{1}}}},
      {"maxPool2dSelect", "C3", {of({5, 5, 4}), image}},
      {"maxPool2dSelect", "C4", {of({1, 1, 5, 4}), image}},
      {"maxPool2dSelect", "C5", {image, of({1, 5, 5, 4}, fp64)}},
      {"maxPool2dSelect", "C6", {image, of({1, 2, 2, 4})}},
      {"averagePool2d", "C1", {image}, {{"layout", "hwnc"}}},
      {"averagePool2d", "C2", {image}, window({0, 2}, {}, {0, 0, 0, 0})},
      {"averagePool2d", "C3", {of({1, n0, 5, 4})}},
      {"averagePool2d", "C4", {image}, window({2, 6}, {}, {0, 0, 0, 0})},
      {"averagePool2d", "C5", {of({1, 5, 5, 4}, i32)}},
      {"averagePool2dGradient", "C1", {of({1, 2, 2, 4})}, {{"inputSize", Integers{5, 5}}, {"layout", "hwnc"}}},
      {"averagePool2dGradient", "C2", {of({1, 2, 2, 4})}, {{"inputSize", Integers{5, 5}}, {"poolSize", Integers{2}}}},
      {"averagePool2dGradient", "C3", {of({2, 2, 4})}, {{"inputSize", Integers{5, 5}}}},
      {"averagePool2dGradient", "C4", {of({1, 2, 2, 4})}, {{"inputSize", Integers{1, 5}}}},
      {"averagePool2dGradient", "C5", {of({1, 2, 2, 4}, i32)}, {{"inputSize", Integers{5, 5}}}},
      {"averagePool2dGradient", "C6", {of({1, 2, 2, 4})}, {{"inputSize", Integers{6, 5}}}},
      {"averagePool2dGradient", "C6", {of({1, 2, 2, 4})}, {{"inputSize", Integers{-5, 5}}}},
      {"globalAveragePool2d", "C1", {image}, {{"layout", "hwnc"}}},
      {"globalAveragePool2d", "C2", {of({5, 5, 4})}},
      {"globalAveragePool2d", "C3", {of({1, 5, 5, 4}, i32)}},
      {"globalMaxPool2d", "C1", {image}, {{"layout", "hwnc"}}},
      {"globalMaxPool2d", "C2", {of({5, 5, 4})}},
      {"globalMaxPool2d", "C3", {of({1, 5, 5, 4}, i32)}},

      {"randomUniform", "C1", {of(one)}, {{"shape", Integers{3}}}},
      {"randomUniform", "C2", {of(one, i32)}, {{"shape", Integers{-3}}}},
      {"randomUniform", "C3", {of(one, i32)}, {{"shape", Integers{3}}, {"type", "i32"}}},
      {"randomNormal", "C1", {of({2}, i32)}, {{"shape", Integers{3}}}},
      {"randomNormal", "C2", {of(one, i32)}, {{"shape", Integers{-3}}}},
      {"randomNormal", "C3", {of(one, i32)}, {{"shape", Integers{3}}, {"type", "i32"}}},
      {"randomBernoulli", "C1", {of(one)}, {{"shape", Integers{3}}}},
      {"randomBernoulli", "C2", {of(one, i32)}, {{"shape", Integers{-3}}}},
      {"randomBernoulli", "C3", {of(one, i32)}, {{"shape", Integers{3}}, {"type", "i32"}}},
      {"randomBernoulli", "C4", {of(one, i32)}, {{"shape", Integers{3}}, {"probability", 1.5}}},
      {"randomBernoulli", "C4", {of(one, i32)}, {{"shape", Integers{3}}, {"probability", std::nan("")}}},
      {"normalLike", "C1", {of({2}, i32), of(one, i32)}},
      {"normalLike", "C2", {of({2}), of({2}, i32)}},
      {"dropout", "C1", {of({2}, i32), of(one, i32)}},
      {"dropout", "C2", {of({2}), of({2}, i32)}},
      {"dropout", "C3", {of({2}), of(one, i32)}, {{"rate", 1.0}}},

      {"layerNorm", "C1", {of({2, 3})}, {{"axes", Integers{2}}}},
      {"layerNorm", "C2", {of({2, 3}), of({3}, fp64)}},
      {"layerNorm", "C2", {of({2, 3}, i32)}},
      {"layerNorm", "C3", {of({2, 3}), of({2})}},
      {"layerNorm", "C3", {of({2, 3}), of({3}), of({2})}},
      {"batchNorm", "C1", {of({2, 3}), of({3}), of({3})}, {{"axis", 2}}},
      {"batchNorm", "C2", {of({2, 3}), of({3}), of({3}, fp64)}},
      {"batchNorm", "C3", {of({2, 3}), of({3}), of({2})}},
      {"batchStatistics", "C1", {of({3})}},
      {"batchStatistics", "C2", {of({2, 3}, i32)}},
  };
}

/// Those of the elementwise operators follow from what they are.
void add_elementwise_violations(const OpDef& op, std::vector<Violation>& cases) {
  const bool condition = op.elementwise->boolean_condition;
  const bool logic = op.elementwise->domain == Elementwise::Domain::logic;
  for (const Constraint& constraint : op.constraints) {
    Violation violation{op.name.c_str(), constraint.label.c_str(), {}};
    for (std::size_t i = 0; i < op.inputs.size(); ++i)
      violation.inputs.push_back(of({2}, logic || (condition && i == 0) ? boolean : fp32));
    if (constraint.label == "C1") violation.inputs.back().shape = {3};
    if (constraint.label == "C2") violation.inputs.back().type = fp64;
    if (constraint.label == "C3")
      for (ValueType& input : violation.inputs) input.type = condition || logic ? fp32 : boolean;
    cases.push_back(violation);
  }
}

/// The loop's first sample with one thing wrong.
void add_loop_violations(std::vector<Violation>& cases) {
  const Sample& sample = registry().get("loop").samples[0];
  const auto add = [&](const char* label, const char* attribute, AttributeValue value, std::vector<ValueType> inputs = {}) {
    Violation violation{"loop", label, std::move(inputs), sample.attributes};
    if (violation.inputs.empty())
      for (const Shape& shape : sample.shapes) violation.inputs.push_back({fp64, shape});
    violation.attributes.set(attribute, std::move(value));
    cases.push_back(std::move(violation));
  };
  add("C1", "steps", std::int64_t{0});
  add("C2", "carried", std::int64_t{9});
  add("C2", "carried", std::int64_t{1}, {of({2, 3}, fp64)});
  add("C5", "ends", std::int64_t{9});
  add("C3", "steps", std::int64_t{5});
  add("C3", "stacked", std::int64_t{0});
  Graph other = sample.attributes.graph("body");
  other.outputs[0].value = other.inputs.back();
  add("C4", "body", Subgraph{std::make_shared<const Graph>(std::move(other))});
}

/// What emitting the case says, or nothing when it is accepted.
std::string refusal(const Violation& violation) {
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  std::vector<Ref> inputs;
  for (std::size_t i = 0; i < violation.inputs.size(); ++i)
    inputs.push_back({graph.add_input("x" + std::to_string(i), violation.inputs[i])});
  try {
    builder.set_path("/layers/2");
    builder.emit_all(violation.op, inputs, violation.attributes);
  } catch (const Error& error) {
    REQUIRE((error.code() == Code::shape_mismatch || error.code() == Code::type_mismatch));
    REQUIRE(error.path() == "/layers/2");
    REQUIRE(error.operation() == violation.op);
    return error.message();
  }
  return "";
}

}  // namespace

TEST_CASE("every labelled constraint refuses a case that violates it and says its label") {
  std::vector<Violation> cases = violations();
  for (const OpDef* op : all_operators())
    if (op->elementwise) add_elementwise_violations(*op, cases);
  add_loop_violations(cases);
  std::map<std::string, std::set<std::string>> covered;
  for (const Violation& violation : cases) {
    INFO(violation.op << " " << violation.label);
    const std::string message = refusal(violation);
    INFO("it says: " << message);
    const OpDef& op = registry().get(violation.op);
    const bool any = op.elementwise && op.elementwise->domain == Elementwise::Domain::any;
    if (any && std::string(violation.label) == "C3" && op.inputs.size() < 3) {
      covered[violation.op].insert(violation.label);  // takes every type: nothing can violate it
      continue;
    }
    CHECK(message.find("[" + std::string(violation.label) + "]") != std::string::npos);
    CHECK(message.rfind(std::string(violation.op) + ": ", 0) == 0);
    covered[violation.op].insert(violation.label);
  }
  for (const OpDef* op : all_operators())
    for (const Constraint& constraint : op->constraints) {
      INFO(operation_name(*op) << " " << constraint.label << " (" << constraint.text << ") has no violating case");
      CHECK(covered[op->name].contains(constraint.label));
    }
}

TEST_CASE("every case of the table names a constraint that exists") {
  for (const Violation& violation : violations()) {
    const OpDef& op = registry().get(violation.op);
    INFO(violation.op << " " << violation.label);
    CHECK(std::any_of(op.constraints.begin(), op.constraints.end(),
                      [&](const Constraint& constraint) { return constraint.label == violation.label; }));
  }
}
