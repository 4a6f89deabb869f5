// Pipes and histories over several runs, against numbers worked out by hand. The layers are identities or sums, so that
// what flows where can be read from the outputs.
#include "core/ir/text.h"
#include "steps.h"

using namespace webai;
using test::Row;
using test::Steps;
using test::World;

namespace {

// "name fp32 shape" of each state
std::string states_of(const BuiltModel& built) {
  std::string text;
  for (const BuiltState& state : built.states)
    text += (text.empty() ? "" : ", ") + state.name + " " + state.type.shape.text();
  return text;
}

Shape input_of(const BuiltModel& built, int id) {
  for (const BuiltLayer& layer : built.layers)
    if (layer.id == id) return layer.input;
  return {};
}

}  // namespace

TEST_CASE("A-16 a pipe to an earlier layer arrives in the next run") {
  const World world;
  Steps steps(world, R"({"layers": [1, {"name": "sum", "size": 1, "weights": [[1], [1]], "bias": false},
      {"type": "identity", "size": 1, "pipes": [{"type": "identity", "size": 1, "to": "sum"}]}]})");
  CHECK(states_of(steps.built()) == "2/0.delayed 1x1");
  CHECK(steps.run({{1}}) == Row{1});
  CHECK(steps.run({{10}}) == Row{11});
  CHECK(steps.run({{100}}) == Row{111});
}

TEST_CASE("A-16 a layer that pipes to itself sees its last output") {
  const World world;
  for (const char* target : {R"("sum")", "1", R"(["sum"])", R"("sum.input")"}) {
    INFO(target);
    Steps steps(world, R"({"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false,
        "pipes": [{"size": 1, "weights": [1, 1], "bias": false, "to": )" +
                           std::string(target) + R"(}]}, {"type": "identity"}]})");
    CHECK(states_of(steps.built()) == "1/0.delayed 1x1");
    CHECK(steps.run({{1}}) == Row{1});
    CHECK(steps.run({{2}}) == Row{3});
    CHECK(steps.run({{3}}) == Row{6});
  }
  Steps steps(world, R"({"layers": [1, {"name": "sum", "size": 1, "weights": [[1], [1]], "bias": false, "to": [1, 2]},
      {"type": "identity"}]})");
  CHECK(states_of(steps.built()) == "sum.delayed 1x1");
  CHECK(steps.run({{1}}) == Row{1});
  CHECK(steps.run({{2}}) == Row{3});
  CHECK(steps.run({{3}}) == Row{6});
}

TEST_CASE("A-16 what a layer or a pipe pipes to a pipe of the same layer arrives in the next run") {
  const World world;
  Steps steps(world, R"({"layers": [1, {"name": "sum", "type": "identity", "size": 1, "to": "q", "pipes": [
      {"name": "p", "size": 1, "weights": [2], "bias": false, "to": "q"},
      {"name": "q", "size": 1, "weights": [[1], [10], [100]], "bias": false}]}]})");
  CHECK(steps.run({{1}}) == Row{1, 1});
  CHECK(steps.run({{2}}) == Row{2, 2 + 10 * 1 + 100 * 2});
  CHECK(steps.run({{3}}) == Row{3, 3 + 10 * 2 + 100 * 4});
}

TEST_CASE("A-15 values piped into the input layer become hidden inputs behind its own") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "input", "size": 2}, {"type": "identity"},
      {"size": 1, "weights": [1, 1, 0], "bias": false,
       "pipes": [{"size": 1, "weights": [0, 0, 0], "bias": 7, "to": "input"}]}]})");
  CHECK(input_of(steps.built(), 2) == Shape{3});
  CHECK(steps.run({{1, 2}}) == Row{3});
  CHECK(steps.value("2/0.delayed") == Row{7});
}

TEST_CASE("EX-05 pipes backward to the input and by index") {
  const World world;
  const BuiltModel built =
      world.build(R"({"dataType": "fp32", "activation": "tanh", "layers": [{"name": "input", "size": 8},
      8, 10, {"size": 4, "pipes": [{"activation": "isrlu", "size": 16, "to": ["input", 1]}]}]})");
  CHECK(input_of(built, 2) == Shape{40});
  CHECK(states_of(built) == "3/0.delayed n0x16");
  CHECK(built.outputs.size() == 1);
  CHECK(built.graph.value(built.output).type.shape == Shape{batch_symbol, 4});
  CHECK(built.inputs.size() == 1);
  CHECK(built.states[0].path == "/layers/3/pipes/0/to/0");
}

TEST_CASE("M-PIPE-14 a target is the name of a layer or of a pipe, or the index of a layer") {
  const World world;
  const auto values = [&](const char* target) {
    INFO(target);
    Steps steps(world, R"({"layers": [1, {"type": "identity",
        "pipes": [{"size": 1, "weights": [10], "bias": false, "to": )" +
                           std::string(target) + R"(}]},
        {"name": "end", "type": "identity", "pipes": [{"name": "side", "type": "identity"}]}]})");
    return steps.run({{1}});
  };
  // What comes to a layer comes to its pipes as well; what comes to a pipe stays there.
  CHECK(values(R"("end")") == Row{1, 10, 1, 10});
  CHECK(values("2") == Row{1, 10, 1, 10});
  CHECK(values(R"("side")") == Row{1, 1, 10});
}

TEST_CASE("A-18 history comes newest first, zeros until filled, in the same run") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "in", "size": 2, "history": 2}, {"type": "identity"}]})");
  CHECK(states_of(steps.built()) == "in.history 1x4");
  CHECK(steps.run({{1, 2}}) == Row{1, 2, 0, 0, 0, 0});
  CHECK(steps.run({{3, 4}}) == Row{3, 4, 1, 2, 0, 0});
  CHECK(steps.run({{5, 6}}) == Row{5, 6, 3, 4, 1, 2});
  CHECK(steps.run({{7, 8}}) == Row{7, 8, 5, 6, 3, 4});
  // A layer and its pipe keep as many as each of them says.
  Steps beside(world, R"({"layers": [{"name": "in", "size": 1, "history": 2,
      "pipes": [{"name": "side", "size": 1, "history": 1}]}, {"type": "identity"}]})");
  CHECK(states_of(beside.built()) == "in.history 1x2, side.history 1x1");
  beside.run({{1}, {10}});
  beside.run({{2}, {20}});
  CHECK(beside.run({{3}, {30}}) == Row{3, 2, 1, 30, 20});
}

TEST_CASE("A-18 history of one run, past the activation") {
  const World world;
  Steps steps(world, R"({"layers": [1, {"type": "identity", "name": "r", "size": 1, "activation": "relu", "history": 1},
      {"type": "identity"}]})");
  CHECK(steps.run({{-3}}) == Row{0, 0});
  CHECK(steps.run({{2}}) == Row{2, 0});
  CHECK(steps.run({{5}}) == Row{5, 2});
}

TEST_CASE("A-18 historyTo reaches any layer in the same run, backward too") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "in", "size": 1}, {"type": "identity", "name": "mid"},
      {"size": 1, "weights": [1, 10], "bias": false, "history": 1, "historyTo": "mid"}]})");
  CHECK(steps.run({{1}}) == Row{1});   // 1 + 10 * 0
  CHECK(steps.run({{2}}) == Row{12});  // 2 + 10 * 1
  CHECK(steps.run({{3}}) == Row{123});
  // Whatever `to` says.
  Steps apart(world, R"({"layers": [{"name": "in", "size": 1, "history": 1, "to": "mid", "historyTo": "end"},
      {"name": "mid", "size": 1, "weights": [10], "bias": false}, {"name": "end", "type": "identity"}]})");
  CHECK(apart.run({{1}}) == Row{0, 10});
  CHECK(apart.run({{2}}) == Row{1, 20});
}

TEST_CASE("A-18 history of multidimensional values grows the last dimension") {
  const World world;
  Steps steps(world, R"({"layers": [{"size": [2, 1], "history": 2}, {"type": "identity"}]})");
  steps.run({{1, 2}});
  CHECK(steps.run({{3, 4}}) == Row{3, 1, 0, 4, 2, 0});
  CHECK(steps.built().states[0].type.shape == Shape{1, 2, 2});
}

TEST_CASE("EX-06 history of an input pipe goes through the input layer to the next one") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "input", "pipes": [
      {"name": "rgb", "size": 3, "history": 2, "historyTo": ["input"]}, {"name": "coordinates", "size": 2}]},
      {"type": "identity", "size": 11}]})");
  CHECK(states_of(steps.built()) == "rgb.history 1x6");
  CHECK(steps.run({{1, 2, 3}, {10, 20}}) == Row{1, 2, 3, 10, 20, 0, 0, 0, 0, 0, 0});
  CHECK(steps.run({{4, 5, 6}, {30, 40}}) == Row{4, 5, 6, 30, 40, 1, 2, 3, 0, 0, 0});
  CHECK(steps.run({{7, 8, 9}, {50, 60}}) == Row{7, 8, 9, 50, 60, 4, 5, 6, 1, 2, 3});
}

TEST_CASE("EX-07 history on the input layer itself becomes its hidden inputs") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "input", "size": 3, "history": 2, "historyTo": ["input"]},
      {"type": "identity", "size": 9}]})");
  steps.run({{1, 2, 3}});
  CHECK(steps.run({{4, 5, 6}}) == Row{4, 5, 6, 1, 2, 3, 0, 0, 0});
}

TEST_CASE("A-70 history on the last layer is a model output right after its source") {
  const World world;
  Steps steps(world, R"({"layers": [1, {"name": "out", "type": "identity", "size": 1, "history": 2}]})");
  REQUIRE(steps.built().outputs.size() == 2);
  CHECK(steps.built().outputs[0].name == "out");
  CHECK(steps.built().outputs[1].name == "out.history");
  steps.run({{1}});
  CHECK(steps.run({{2}}) == Row{2, 1, 0});
  // In front of the layer's pipes, of whose values it holds none.
  Steps beside(world, R"({"layers": [1, {"name": "out", "type": "identity", "size": 1, "history": 1,
      "pipes": [{"size": 1, "weights": [10], "bias": false}]}]})");
  CHECK(beside.run({{1}}) == Row{1, 0, 10});
  CHECK(beside.run({{2}}) == Row{2, 1, 20});
}

TEST_CASE("A-70 historyTo needs history, and an input layer's activation leaves hidden inputs as they are") {
  const World world;
  const Error alone = world.error_of(R"({"layers": [1, {"size": 1, "historyTo": [1]}]})");
  CHECK(alone.reason() == "HISTORY_TO");
  CHECK(alone.path() == "/layers/1/historyTo");
  Steps steps(world, R"({"layers": [{"name": "in", "size": 1, "activation": "relu", "history": 1}, {"type": "identity",
      "pipes": [{"size": 1, "weights": [-1, 0, 0], "bias": false, "to": "in"}]}]})");
  CHECK(steps.run({{2}}) == Row{2, 0, 0});
  CHECK(steps.run({{-3}}) == Row{0, 2, -2});  // what it takes, its history, what is hidden
}

TEST_CASE("A-17 streams join in the order of their sources, history behind its source, delayed ones in their place") {
  const World world;
  Steps steps(
      world,
      R"({"layers": [{"name": "a", "size": 1, "history": 1, "to": "end", "pipes": [{"name": "b", "size": 1, "to": ["end", "late"]}]},
      {"name": "end", "type": "identity", "size": 4, "to": "late"},
      {"name": "late", "type": "identity", "size": 5, "pipes": [{"name": "back", "size": 1, "weights": [1, 1, 1, 1, 1], "bias": false, "to": "end"}]}]})");
  // end: a, history of a, b, what back gave in the last run; late: b, end
  CHECK(steps.run({{1}, {2}}) == Row{2, 1, 0, 2, 0});
  CHECK(steps.run({{3}, {4}}) == Row{4, 3, 1, 4, 5});
  CHECK(steps.run({{5}, {6}}) == Row{6, 5, 3, 6, 17});
}

TEST_CASE("A-17 what is pulled joins where its source stands, before or behind what is delivered in the next run") {
  const World world;
  const auto model = [](const char* b_to, const char* pulled) {
    return R"({"layers": [{"name": "a", "size": 1, "to": "end", "pipes": [{"name": "b", "size": 1, "to": [)" + std::string(b_to) +
           R"(]}]}, {"name": "end", "type": "identity", "size": 3, "pipeFrom": ")" + pulled +
           R"(", "pipes": [{"name": "back", "size": 1, "weights": [1, 0, 0], "bias": false, "to": "end"}]},
           {"name": "late", "size": 1, "weights": [10], "bias": false, "pipeFrom": "b"}], "outputs": [{"name": "joined", "pipeFrom": "end"}]})";
  };
  Steps early(world, model("", "b"));  // a, b, what back gave in the last run
  CHECK(early.run({{1}, {2}}) == Row{1, 2, 0});
  CHECK(early.run({{3}, {4}}) == Row{3, 4, 1});
  Steps late(world, model("", "late"));  // a, what back gave, late
  CHECK(late.run({{1}, {2}}) == Row{1, 0, 20});
  CHECK(late.run({{3}, {4}}) == Row{3, 1, 40});
}

TEST_CASE("A-17 a target that stands twice in one list is an error, however it is spelt") {
  const World world;
  for (const char* targets : {R"("to": ["end", "end"])", R"("to": [2, "end"])", R"("to": ["end.input", 1, "end"])",
                              R"("history": 1, "historyTo": ["end", 2])", R"("to": ["end.bias", "shift"])"}) {
    INFO(targets);
    const Error error = world.error_of(R"({"layers": [{"size": 1, )" + std::string(targets) +
                                       R"(}, {"size": 1}, {"name": "end", "size": 1, "bias": "shift"}]})");
    CHECK(error.reason() == "TARGET_TWICE");
  }
}

TEST_CASE("A-69 hidden inputs take the layer's to, behind its own values") {
  const World world;
  Steps steps(world,
              R"({"layers": [{"name": "in", "size": 1, "to": "end", "pipes": [{"name": "p", "size": 1, "to": ["end"]}]},
      {"name": "other", "type": "input", "size": 1},
      {"name": "end", "type": "identity", "size": 4}, {"size": 1, "weights": [0, 1, 0, 0], "bias": 5, "to": "in"}]})");
  steps.run({{1}, {2}, {3}});
  CHECK(steps.run({{1}, {2}, {3}}) == Row{10});  // end is 1, 5, 2, 3
}

TEST_CASE("M-PIPE-02 what flows back into an input goes on to all the layers that the input leads to") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "in", "size": 1, "to": ["first", "second"]}, {"name": "first", "type": "identity"},
      {"name": "second", "type": "identity", "size": 4}, {"size": 1, "weights": [0, 0, 0, 0], "bias": 7, "to": "in"}],
      "outputs": [{"name": "seen", "pipeFrom": "second"}]})");
  CHECK(steps.run({{1}}) == Row{1, 0, 1, 0});  // the input and what is hidden in it, then both by way of the first layer
  CHECK(steps.run({{2}}) == Row{2, 7, 2, 7});
}

TEST_CASE("A-69 values piped into a named input pipe follow its own and take its route") {
  const World world;
  Steps steps(world,
              R"({"layers": [{"name": "in", "size": 1, "pipes": [{"name": "p", "size": 1}, {"name": "q", "size": 1}]},
      {"type": "identity", "size": 4}, {"size": 1, "weights": [1, 0, 0, 0], "bias": false, "to": "p"}]})");
  steps.run({{1}, {2}, {3}});
  CHECK(steps.run({{4}, {5}, {6}}) == Row{4});
  CHECK(steps.value("2.delayed") == Row{4});
  CHECK(input_of(steps.built(), 4) == Shape{4});
}

TEST_CASE("A-69 an inner pipe sees the layer's joined input first, then what is piped to it") {
  const World world;
  Steps steps(world, R"({"layers": [{"size": 2, "pipes": [{"name": "x", "size": 1, "to": "inner"}]},
      {"pipes": [{"type": "identity", "size": 2}, {"name": "inner", "type": "identity", "size": 3}]}, {"type": "identity"}]})");
  CHECK(steps.run({{1, 2}, {3}}) == Row{1, 2, 1, 2, 3});
  // What such a layer pulls is its joined input as well.
  Steps pulls(world, R"({"layers": [{"name": "in", "size": 1}, {"type": "identity", "to": 3},
      {"pipeFrom": "in", "pipes": [{"type": "identity"}, {"size": 1, "weights": [2], "bias": false}]}, {"type": "identity"}]})");
  CHECK(pulls.run({{3}}) == Row{3, 3, 6});
}

TEST_CASE("sizes of what flows back are found where they are not given") {
  const World world;
  Steps steps(world,
              R"({"layers": [2, {"type": "identity", "name": "mid"}, {"size": 1, "weights": [1, 1, 1], "bias": false},
      {"type": "identity"}, {"type": "identity", "to": "mid"}]})");
  CHECK(states_of(steps.built()) == "4.delayed 1x1");
  CHECK(steps.run({{1, 2}}) == Row{3});
  CHECK(steps.run({{1, 2}}) == Row{6});
  CHECK(steps.run({{1, 2}}) == Row{9});
}

TEST_CASE("a size that depends on itself asks for a size") {
  const World world;
  for (
      const char* model :
      {R"({"layers": [2, {"type": "identity", "name": "x", "to": ["x", 2]}, 1]})",
       R"({"layers": [{"name": "x", "size": 2, "to": ["x", 1]}, 1]})",
       R"({"layers": [2, {"name": "x", "type": "neurons", "to": ["x", 2]}, 1]})",
       R"({"layers": [2, {"name": "x", "type": "identity"}, {"type": "identity", "history": 3, "historyTo": "x"}]})",
       R"({"layers": [2, {"pipes": [{"name": "a", "type": "identity", "to": "b"}, {"name": "b", "type": "identity", "to": ["a", 2]}]}, 1]})"}) {
    INFO(model);
    const Error error = world.error_of(model);
    CHECK(error.code() == Code::invalid_model);
    CHECK(error.reason() == "SIZE_LOOP");
    CHECK_THAT(error.hint(), Catch::Contains("give size"));
  }
}

TEST_CASE("an error that hides the size of what flows back is told itself") {
  const World world;
  const Error error = world.error_of(R"({"layers": [2, {"type": "identity", "name": "mid"},
      {"type": "maxPool2d"}, {"type": "identity", "to": "mid"}]})");
  CHECK(error.path() == "/layers/2");
  CHECK(error.reason() != "SIZE_LOOP");
}

TEST_CASE("ERR-10 joins with delayed values check dimensions too") {
  const World world;
  const Error error =
      world.error_of(R"({"layers": [[2, 3], {"type": "identity", "name": "x"}, {"size": [3, 3], "to": "x"}]})");
  CHECK(error.reason() == "JOIN_DIMS");
  CHECK(error.path() == "/layers/1");
}

TEST_CASE("lanes of a batch keep their own values") {
  const World world;
  Steps steps(world, R"({"layers": [{"size": 1, "history": 1}, {"type": "identity"}]})", 2);
  steps.run({{1, 10}});
  CHECK(steps.run({{2, 20}}) == Row{2, 1, 20, 10});
}

TEST_CASE("M-PROP-13 spellings of one recurrent model build one graph") {
  const World world;
  const auto graph = [&](const char* text) { return print(world.build(text).graph); };
  const std::string expected = graph(
      R"({"layers": [{"name": "input", "size": 2, "history": 2, "historyTo": ["input"]}, {"size": 3, "pipes": [{"size": 2, "to": [1]}]}, 1]})");
  for (
      const char* text :
      {R"({"layers": [{"name": "input", "size": [2], "history": 2, "historyTo": 0}, {"type": "neurons", "size": 3, "pipes": [{"size": 2, "to": 1}]}, {"size": 1}]})",
       R"({"layers": [{"name": "input", "count": 2, "history": 2, "historyTo": "input.input"}, {"connections": "all-to-all", "size": 3, "pipes": [{"size": 2, "toLayers": [1]}]}, 1]})"})
    CHECK(graph(text) == expected);
}

TEST_CASE("a huge history is refused before anything is allocated") {
  const World world;
  const Error error = world.error_of(R"({"layers": [{"size": [4000, 4000], "history": 65535}, 1]})");
  CHECK(error.code() == Code::limit_exceeded);
  CHECK(error.path() == "/layers/0/history");
}

TEST_CASE("A-14 a pipe into a bias adds what each sample brings") {
  const World world;
  // By "layer.param", by a label that the parameter is given, by a pull.
  for (
      const char* ends :
      {R"("to": "sum.bias"}, {"name": "a", "size": 1}]}, {"name": "sum", "size": 2, "weights": [1, 1])",
       // Of a pipe.
       R"("to": "sum.bias"}, {"name": "a", "size": 1}]}, {"pipes": [{"name": "sum", "size": 2, "weights": [1, 1]}])",
       R"("to": "end"}, {"name": "a", "size": 1}]}, {"name": "sum", "size": 2, "weights": [1, 1], "bias": "end")",
       // The label of a pipe's end goes before a layer of that name.
       R"("to": "end"}, {"name": "a", "size": 1}]}, {"name": "sum", "size": 2, "weights": [1, 1], "bias": "end"}, {"name": "end", "type": "identity")",
       R"("to": []}, {"name": "a", "size": 1}]}, {"name": "sum", "size": 2, "weights": [1, 1], "bias": {"pipeFrom": "b"})",
       R"("to": []}, {"name": "a", "size": 1}]}, {"name": "sum", "size": 2, "weights": [1, 1], "bias": {"pipeFrom": "b:0"})"}) {
    INFO(ends);
    Steps steps(world, R"({"layers": [{"pipes": [{"name": "b", "size": 2, )" + std::string(ends) + "}]}", 2);
    REQUIRE(steps.built().parameters.size() == 1);
    CHECK(steps.run({{10, 20, 30, 40}, {1, 2}}) == Row{11, 21, 32, 42});
  }
  // A label may stand at several ends.
  Steps twice(world, R"({"layers": [{"pipes": [{"name": "b", "size": 2, "to": "end"}, {"name": "a", "size": 1}]},
      {"size": 2, "weights": [1, 1], "bias": "end"}, {"size": 2, "weights": [[1, 0], [0, 1]], "bias": "end"}]})", 2);
  CHECK(twice.run({{10, 20, 30, 40}, {1, 2}}) == Row{21, 41, 62, 82});
  // What several bring is joined in their order, as it is in front of a layer.
  Steps both(world, R"({"layers": [{"pipes": [{"name": "b", "size": 1, "to": "sum.bias"}, {"name": "c", "size": 1, "to": "sum.bias"},
      {"name": "a", "size": 1}]}, {"name": "sum", "size": 2, "weights": [1, 1]}]})", 2);
  CHECK(both.run({{10, 30}, {20, 40}, {1, 2}}) == Row{11, 21, 32, 42});
}

TEST_CASE("A-14 weights from a pipe are one matrix per sample") {
  const World world;
  Steps steps(world, R"({"layers": [{"size": 2, "pipes": [{"name": "w", "size": [2, 3], "to": "dense.weights"}]},
      {"name": "dense", "size": 3, "bias": false}]})",
              2);
  CHECK(steps.built().parameters.empty());
  CHECK(steps.run({{1, 2, 10, 20}, {1, 2, 3, 4, 5, 6, 1, 0, 0, 0, 1, 0}}) == Row{9, 12, 15, 10, 20, 0});
}

TEST_CASE("A-16 what is piped back into a parameter arrives in the next run") {
  const World world;
  Steps steps(
      world,
      R"({"layers": [1, {"name": "x", "size": 1, "weights": [1]}, {"size": 1, "weights": [2], "bias": false, "pipes": [{"size": 1, "weights": [2], "bias": false, "to": "x.bias"}]}]})");
  CHECK(steps.run({{1}}) == Row{2});
  CHECK(steps.run({{1}}) == Row{6});
  CHECK(steps.run({{1}}) == Row{14});
  // Also into a parameter of the pipe's own layer.
  Steps own(world, R"({"layers": [1, {"name": "x", "size": 1, "weights": [1], "pipes": [{"size": 1, "weights": [2], "bias": false, "to": "x.bias"}]}]})");
  CHECK(own.run({{1}}) == Row{1});
  CHECK(own.run({{10}}) == Row{12});
  CHECK(own.run({{100}}) == Row{120});
}

TEST_CASE("ERR-11 a pipe into a parameter has its size") {
  const World world;
  const Error size = world.error_of(R"({"layers": [{"size": 3, "to": ["x.bias", 1]}, {"name": "x", "size": 2}]})");
  CHECK(size.reason() == "PIPE_SIZE");
  CHECK(size.path() == "/layers/0/to/0");
  CHECK(size.expected() == "2");
  CHECK(size.actual() == "3");
  const Error turned = world.error_of(R"({"layers": [{"size": 2, "pipes": [{"size": [3, 2], "to": "x.weights"}]}, {"name": "x", "size": 3}]})");
  CHECK(turned.reason() == "PIPE_SIZE");
  CHECK(turned.expected() == "2x3");
  CHECK(turned.actual() == "3x2");
  const Error image =
      world.error_of(R"({"layers": [{"size": [4, 4, 1], "pipes": [{"name": "k", "size": 1, "to": "c.movingVariance"}]},
      {"type": "batchNorm", "name": "c"}]})");
  CHECK(image.code() == Code::unsupported);
  CHECK(image.reason() == "PARAM_PIPE");
  const Error nothing = world.error_of(R"({"layers": [3, {"size": 2, "bias": "end"}]})");
  CHECK(nothing.reason() == "NO_INPUT");
  CHECK(nothing.path() == "/layers/1/bias");
  const Error both =
      world.error_of(R"({"layers": [{"size": 2, "to": ["x.bias", 1]}, {"name": "x", "size": 2, "bias": [1, 2]}]})");
  CHECK(both.reason() == "PARAM_VALUE");
}
