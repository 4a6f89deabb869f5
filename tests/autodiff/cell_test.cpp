// Gradients through one step of a recurrent cell: from what it gives and what it will remember to its input, its memory
// and its parameters.
#include <cmath>
#include <map>

#include "autodiff/gradients.h"
#include "core/model/steps.h"

using namespace webai;
using test::Steps;
using test::World;
using Row = std::vector<double>;

namespace {

Row numbers(std::size_t count, double seed) {
  Row row(count);
  for (std::size_t i = 0; i < count; ++i) row[i] = std::sin(seed + 1.7 * static_cast<double>(i));
  return row;
}

std::string model_of(const std::string& cell) {
  return R"({"dataType": "fp64", "layers": [2, {"size": 3, )" + cell + "}]}";
}

}  // namespace

TEST_CASE("a gradient of a cell's step, its state among the sources, is what small differences say") {
  const World world;
  for (const char* cell : {R"("type": "rnn")", R"("type": "gru")", R"("type": "gru", "resetAfter": true)",
                           R"("type": "lstm", "peepholes": true)", R"("type": "lstm-n")", R"("type": "lstm-p")"}) {
    INFO(cell);
    BuiltModel built = world.build(model_of(cell), {.batch = 2});
    std::vector<Ref> sources{{built.inputs[0].value}};
    for (const BuiltState& state : built.states) sources.push_back({state.value});
    for (const BuiltParameter& one : built.parameters) sources.push_back({one.value});
    // The loss: the output and the next states, weighted; the weights differ, so that no symmetry hides an error.
    GraphBuilder builder(world.context, world.registry, built.graph);
    std::vector<Seed> seeds;
    std::vector<Row> weights;
    const auto count_in = [&](ValueId id) {
      return static_cast<std::size_t>(built.graph.value(id).type.shape.elements());
    };
    const auto seed = [&](ValueId value) {
      weights.push_back(numbers(count_in(value), 5 + static_cast<double>(weights.size())));
      const Tensor tensor =
          Tensor::from(world.context, DType::fp64, built.graph.value(value).type.shape, weights.back());
      seeds.push_back({{value}, builder.constant(tensor)});
    };
    seed(built.output);
    for (const Write& write : built.graph.writes) seed(write.value);
    const std::vector<Ref> slopes = gradients(builder, seeds, sources);
    std::vector<ValueId> ends;
    for (const Seed& one : seeds) ends.push_back(one.value.id);

    std::map<ValueId, Row> at;
    for (std::size_t i = 0; i < sources.size(); ++i)
      at[sources[i].id] = numbers(count_in(sources[i].id), 20 + static_cast<double>(i));
    Steps steps(world, built);
    const auto loss = [&] {
      for (const auto& [id, row] : at) steps.set(id, row);
      steps.compute();
      double sum = 0;
      for (std::size_t e = 0; e < ends.size(); ++e) {
        const Row row = steps.value(ends[e]);
        for (std::size_t k = 0; k < row.size(); ++k) sum += weights[e][k] * row[k];
      }
      return sum;
    };
    loss();
    std::vector<Row> found;
    for (const Ref slope : slopes) {
      REQUIRE(slope);
      found.push_back(steps.value(slope.id));
    }
    constexpr double step = 1e-6;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      Row& row = at[sources[i].id];
      for (std::size_t k = 0; k < row.size(); ++k) {
        const double middle = row[k];
        row[k] = middle + step;
        const double above = loss();
        row[k] = middle - step;
        const double below = loss();
        row[k] = middle;
        CHECK(found[i][k] == Approx((above - below) / (2 * step)).epsilon(1e-6).margin(1e-7));
      }
    }
  }
}
