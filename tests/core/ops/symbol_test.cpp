// Shape rules over open dimensions: what passes through, by the batch symbol.
#include <catch2/catch.hpp>

#include "support/sample_run.h"
#include "types.h"

using namespace webai;
using namespace webai::test;

namespace {

struct Row {
  const char* op;
  std::vector<ValueType> inputs;
  Attributes attributes;
  Shape expected;
};

}  // namespace

TEST_CASE("an open batch dimension passes through the operators of a network") {
  const std::vector<Row> rows = {
      {"matmul", {of({n0, 3}), of({3, 2})}, {}, {n0, 2}},
      {"matmul", {of({n0, 4, 3}), of({3, 2})}, {}, {n0, 4, 2}},
      {"matmul", {of({n0, 3}), of({n0, 2})}, {{"transposeA", true}}, {3, 2}},
      {"fusedMatMul", {of({n0, 3}), of({3, 2}), of({2})}, {{"activation", "relu"}}, {n0, 2}},
      {"reduceSum", {of({n0, 3})}, {{"axes", Integers{1}}}, {n0}},
      {"reduceMean", {of({n0, 3})}, {}, {}},
      {"broadcastTo", {of({n0, 1})}, {{"shape", Integers{-1, 3}}}, {n0, 3}},
      {"sumTo", {of({n0, 3})}, {{"shape", Integers{3}}}, {3}},
      {"softmax", {of({n0, 3})}, {}, {n0, 3}},
      {"softmaxCrossEntropy", {of({n0, 3}), of({n0}, DType::i32)}, {}, {n0}},
      {"reshape", {of({n0, 3, 4})}, {{"shape", Integers{-1, 12}}}, {n0, 12}},
      {"reshape", {of({n0})}, {{"shape", Integers{-1, 1, 1}}}, {n0, 1, 1}},
      {"flatten", {of({n0, 3, 4})}, {}, {n0, 12}},
      {"squeeze", {of({n0, 1})}, {}, {n0}},
      {"unsqueeze", {of({n0})}, {{"axes", Integers{-1}}}, {n0, 1}},
      {"transpose", {of({n0, 3, 4})}, {{"permutation", Integers{0, 2, 1}}}, {n0, 4, 3}},
      {"concat", {of({n0, 3}), of({n0, 4})}, {}, {n0, 7}},
      {"split", {of({n0, 3})}, {{"sizes", Integers{1, 2}}}, {n0, 1}},
      {"tile", {of({n0, 3})}, {{"repetitions", Integers{1, 2}}}, {n0, 6}},
      {"slice", {of({n0, 3})}, {{"starts", Integers{0, 1}}, {"sizes", Integers{-1, 2}}}, {n0, 2}},
      {"pad", {of({n0, 3})}, {{"beginningPadding", Integers{0, 1}}, {"endingPadding", Integers{0, 2}}}, {n0, 6}},
      {"gather", {of({10, 3}), of({n0, 2}, DType::i32)}, {}, {n0, 2, 3}},
      {"oneHot", {of({n0}, DType::i32)}, {{"depth", 5}}, {n0, 5}},
      {"cast", {of({n0, 3})}, {{"type", "i32"}}, {n0, 3}},
      {"argMax", {of({n0, 3})}, {}, {n0}},
      {"conv2d", {of({n0, 5, 5, 3}), of({3, 3, 3, 2})}, {}, {n0, 3, 3, 2}},
      {"convTranspose2d", {of({n0, 5, 5, 3}), of({3, 3, 2, 3})}, {}, {n0, 7, 7, 2}},
      {"maxPool2d", {of({n0, 4, 4, 3})}, {}, {n0, 2, 2, 3}},
      {"averagePool2d", {of({n0, 4, 4, 3})}, {}, {n0, 2, 2, 3}},
      {"globalAveragePool2d", {of({n0, 4, 4, 3})}, {}, {n0, 3}},
      {"dropout", {of({n0, 3}), of(Shape{}, DType::u32)}, {}, {n0, 3}},
      {"normalLike", {of({n0, 3}), of(Shape{}, DType::u32)}, {}, {n0, 3}},
      {"layerNorm", {of({n0, 3}), of({3}), of({3})}, {}, {n0, 3}},
      {"batchNorm", {of({n0, 3}), of({3}), of({3})}, {}, {n0, 3}},
      {"batchStatistics", {of({n0, 3})}, {}, {3}},
  };
  for (const Row& row : rows) {
    INFO(row.op);
    Graph graph;
    GraphBuilder builder(context(), registry(), graph);
    std::vector<Ref> inputs;
    for (std::size_t i = 0; i < row.inputs.size(); ++i)
      inputs.push_back({graph.add_input("x" + std::to_string(i), row.inputs[i])});
    CHECK(builder.shape(builder.emit(row.op, inputs, row.attributes)) == row.expected);
  }
}
