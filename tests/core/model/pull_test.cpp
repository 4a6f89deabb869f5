// The pull form: layers and parameters say where they take their values from; the root says what its outputs are.
#include "core/ir/text.h"
#include "steps.h"
#include "webai/operation.hpp"

using namespace webai;
using test::Row;
using test::Steps;
using test::World;

namespace {

struct Refusal {
  const char* model;
  const char* reason;
  const char* path;
  const char* hint;
};

void fails(const Refusal& wanted) {
  INFO(wanted.model);
  const Error error = World().error_of(wanted.model);
  CHECK(error.reason() == wanted.reason);
  CHECK(error.path() == wanted.path);
  CHECK_THAT(error.hint(), Catch::Contains(wanted.hint));
}

}  // namespace

TEST_CASE("A-61 pull and push build one graph") {
  const World world;
  const auto graph = [&](const char* text) { return print(world.build(text).graph); };
  CHECK(
      graph(
          R"({"layers": [{"name": "a", "size": 2, "to": "c"}, {"name": "b", "type": "input", "size": 1, "to": "c"}, {"name": "c", "size": 3}]})") ==
      graph(
          R"({"layers": [{"name": "a", "size": 2, "to": []}, {"name": "b", "type": "input", "size": 1, "to": ["c"]}, {"name": "c", "size": 3, "pipeFrom": "a"}]})"));
  CHECK(graph(R"({"layers": [{"name": "a", "size": 3, "to": ["c", "c.bias"]}, {"name": "c", "size": 3}]})") ==
        graph(R"({"layers": [{"name": "a", "size": 3}, {"name": "c", "size": 3, "bias": {"pipeFrom": "a"}}]})"));
}

TEST_CASE("A-69 a layer, a pipe or an input with an empty to leads nowhere by itself") {
  const World world;
  Steps steps(world, R"({"layers": [{"size": 1, "to": [], "name": "a", "pipes": [{"size": 1, "name": "b"}, {"size": 1, "to": []}]},
      {"type": "identity", "size": 1, "to": [], "pipes": [{"size": 1, "weights": [10], "bias": false}]}, {"name": "end", "type": "identity"}]})");
  CHECK(steps.run({{1}, {2}, {3}}) == Row{20});
  Steps pulled(world, R"({"layers": [{"size": 1, "to": [], "name": "a", "pipes": [{"size": 1}]},
      {"type": "identity", "to": []}, {"type": "identity", "pipeFrom": "a"}]})");
  CHECK(pulled.run({{1}, {2}}) == Row{1});
}

TEST_CASE("A-61 with pull, layers stand in any order, and parameters keep that of the document") {
  const World world;
  Steps steps(world,
              R"({"layers": [1, {"name": "last", "size": 1, "weights": [10], "bias": {"size": 1}, "pipeFrom": "middle"},
      {"name": "middle", "size": 1, "weights": [3], "bias": [1], "pipeFrom": "first"},
      {"name": "first", "size": 1, "weights": [2], "bias": false, "pipeFrom": "0"}],
      "outputs": [{"name": "y", "pipeFrom": "last"}, {"pipeFrom": "first:0"}]})");
  const BuiltModel& built = steps.built();
  REQUIRE(built.outputs.size() == 2);
  CHECK(built.outputs[0].name == "y");
  CHECK(built.outputs[1].name == "1");
  REQUIRE(built.parameters.size() == 5);
  CHECK(built.parameters[0].name == "last.weights");
  CHECK(built.parameters[4].name == "first.weights");
  CHECK(built.layers[1].id == 2);
  CHECK(steps.run({{5}}) == Row{310, 10});
}

TEST_CASE("A-72 a layer that pulls gets no implicit flow; being pulled does not end the default one") {
  const World world;
  Steps steps(world, R"({"layers": [{"name": "a", "size": 1}, {"name": "b", "type": "identity"},
      {"name": "c", "type": "identity", "pipeFrom": "a", "to": "end"}, {"name": "end", "type": "identity", "pipeFrom": "b"}]})");
  CHECK(steps.run({{7}}) == Row{7, 7});  // b by pull, c by push
  CHECK(steps.built().layers[2].input == Shape{1});
}

TEST_CASE("A-72 what takes parameters alone and pulls them gets no implicit flow either") {
  const World world;
  define_operation(world.context, R"({"name": "difference", "model": {"defineParams": ["*a", "*b", {"name": "size", "default": ":a"}]},
                                      "body": {"steps": [{"op": "sub", "inputs": ["a", "b"]}]}})");
  const auto model = [](const char* b) {
    return R"({"layers": [{"name": "x", "size": 1}, {"name": "y", "type": "identity"},
        {"type": "difference", "a": {"pipeFrom": "x"}, "b": )" + std::string(b) + R"(}, {"type": "relu"}]})";
  };
  Steps steps(world, model(R"({"pipeFrom": "y"})"));
  CHECK(steps.run({{7}}) == Row{0});
  CHECK(World().error_of(R"({"layers": [1, {"type": "ddpmUpdateStep", "betaStart": 0.1, "betaEnd": 0.2, "steps": 2}]})").code() ==
        Code::invalid_model);
}

TEST_CASE("A-61 a pull may name one source twice") {
  const World world;
  Steps steps(world, R"({"layers": [{"pipes": [{"name": "x", "size": 2}, {"name": "p", "size": 2, "to": []}]},
      {"size": 2, "weights": {"pipeFrom": "p"}, "bias": {"pipeFrom": "p"}, "connections": "one-to-one"}]})");
  CHECK(steps.built().parameters.empty());
  CHECK(steps.run({{2, 3}, {10, 20}}) == Row{30, 80});
}

TEST_CASE("a pull takes the hidden inputs too, as a push does") {
  const World world;
  Steps steps(
      world,
      R"({"layers": [{"name": "in", "size": 1, "history": 1, "historyTo": "in", "to": []}, {"type": "identity", "pipeFrom": "in"}]})");
  steps.run({{1}});
  CHECK(steps.run({{2}}) == Row{2, 1});
}

TEST_CASE("ERR-23 pulls name what is there, and no circles") {
  fails({R"({"layers": [{"name": "source", "size": 1}, {"size": 1, "pipeFrom": "sorce"}]})", "TARGET_UNKNOWN",
         "/layers/1/pipeFrom", "\"source\""});
  fails({R"({"layers": [{"name": "source", "size": 1}, {"size": 1, "pipeFrom": "source:1"}]})", "TARGET_UNKNOWN",
         "/layers/1/pipeFrom", "\"source\""});
  fails({R"({"layers": [{"name": "source", "size": 1}, {"size": 1, "bias": {"pipeFrom": "bias"}}]})", "TARGET_UNKNOWN",
         "/layers/1/bias/pipeFrom", ""});
  fails({R"({"layers": [1, {"size": 1, "bias": {"pipeFrom": 3}}]})", "PROPERTY_VALUE", "/layers/1/bias/pipeFrom", ""});
  fails(
      {R"({"layers": [1, {"name": "x", "size": 1, "pipeFrom": "x"}]})", "FLOW_CYCLE", "/layers/1/pipeFrom", "\"to\""});
  fails({R"({"layers": [1, {"name": "a", "size": 1, "pipeFrom": "b"}, {"name": "b", "size": 1, "pipeFrom": "a"}]})",
         "FLOW_CYCLE", "/layers/2/pipeFrom", "\"to\""});
  fails({R"({"layers": [1, {"name": "a", "size": 1, "pipeFrom": "b"}, {"name": "b", "size": 1}]})", "FLOW_CYCLE",
         "/layers/1/pipeFrom", "\"to\""});
  fails({R"({"layers": [{"name": "only", "pipes": [{"size": 1}]}, {"size": 1, "pipeFrom": "only"}]})", "TARGET_UNKNOWN",
         "/layers/1/pipeFrom", "pipes"});
}

TEST_CASE("the outputs of the root are checked") {
  fails({R"({"layers": [1, 1], "outputs": []})", "PROPERTY_VALUE", "/outputs", ""});
  fails({R"({"layers": [1, 1], "outputs": ["x"]})", "PROPERTY_VALUE", "/outputs/0", ""});
  fails({R"({"layers": [1, 1], "outputs": [{"name": "x"}]})", "PROPERTY_MISSING", "/outputs/0", "layer"});
  fails({R"({"layers": [1, 1], "outputs": [{"pipeFrm": "x"}]})", "UNKNOWN_PROPERTY", "/outputs/0/pipeFrm", "pipeFrom"});
  fails({R"({"layers": [1, 1], "outputs": [{"pipeFrom": "x"}]})", "TARGET_UNKNOWN", "/outputs/0/pipeFrom", ""});
  fails({R"({"layers": [1, 1], "outputs": [{"name": "y", "pipeFrom": "1"}, {"name": "y", "pipeFrom": "0"}]})",
         "DUPLICATE_NAME", "/outputs/1/name", ""});
}

TEST_CASE("a long chain of pulls backwards is ordered without recursion") {
  const World world;
  std::string text = R"({"layers": [{"name": "x", "size": 1})";
  constexpr int layers = 3000;
  for (int i = 1; i <= layers; ++i)
    text += R"(, {"type": "identity", "name": "l)" + std::to_string(i) + R"(", "pipeFrom": ")" +
            (i == layers ? "x" : "l" + std::to_string(i + 1)) + R"("})";
  const Model model = world.parse(text + R"(], "outputs": [{"name": "y", "pipeFrom": "l1"}]})");
  CHECK(model.order.size() == 2 * (layers + 1));
  CHECK(build_model(world.context, world.registry, model).layers.size() == layers + 1);
}
