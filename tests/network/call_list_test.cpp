// What a call list hands over: dimensions, producers, counts, offsets, sources, ids; and words of a description.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "network/operations.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

TEST_CASE("SH-01 to SH-06 A-37 OP-10 RES-06 prefixes hand over dimensions, producers, counts, offsets and sources") {
  const Context context = with_domain();
  std::vector<std::vector<double>> seen;
  define_composed_operation(
      context, {.name = "probe", .domain = "mine", .params = {"*input", "*table", "value", "*data"},
                .call_with = {":input", "&input", "$input", "#size", "^table", "%input", "%table", "%value", "%data",
                              "&table", "id", "size", ":value", "^data", "input", "input"}},
      0, [&seen](Arguments given) -> Variable {
        seen.clear();
        for (std::size_t i = 0; i + 2 < given.size(); ++i)
          seen.emplace_back(given[i].numbers().begin(), given[i].numbers().end());
        return Variable(given[14]) + Variable(given[15]);
      });
  NeuralNetwork network = NeuralNetwork::from_json(
      R"({"domain": "mine", "layers": [{"size": [2, 3], "pipes": [{"size": [2, 1]}]}, {"type": "core#neurons", "size": [2, 4]},
          {"type": "probe", "size": [2, 4], "table": {"size": [3, 5]}, "value": 7, "data": [1, 2]}]})", context);
  using List = std::vector<double>;
  REQUIRE(seen.size() == 14);
  CHECK(seen[0] == List{2, 4});
  CHECK(seen[1] == List{3});
  CHECK(seen[2] == List{8});
  CHECK(seen[3] == List{8});
  CHECK(seen[4] == List{8 * 8 + 8});  // behind the weights and biases of the layer before
  CHECK(seen[5] == List{0});          // from another layer
  CHECK(seen[6] == List{1});          // setup
  CHECK(seen[7] == List{3});          // the model
  CHECK(seen[8] == List{3});
  REQUIRE(seen[9].size() == 1);
  CHECK(seen[9][0] < 0);
  CHECK(seen[10] == List{4});
  CHECK(seen[11] == List{2, 4});
  CHECK(seen[12] == List{1});
  CHECK(seen[13] == List{0});
}

TEST_CASE("SH-02 the producers of an array are all that flow into it, and into it alone") {
  const Context context = with_domain();
  std::vector<std::vector<double>> seen;
  define_composed_operation(context, {.name = "probe", .domain = "mine", .params = {"*input", "*table"},
                                      .call_with = {"&input", "&table", "input", "table"}},
                            0, [&seen](Arguments given) -> Variable {
                              seen.clear();
                              for (const Argument& ids : given.first(2)) seen.emplace_back(ids.numbers().begin(), ids.numbers().end());
                              return Variable(given[2]) + Variable(given[3]);
                            });
  NeuralNetwork::from_json(R"({"domain": "mine", "layers": [
      {"size": 1, "pipes": [{"size": 1}, {"size": 1, "to": "p.table"}, {"size": 1, "to": "p.table"}]},
      {"name": "p", "type": "probe", "size": 2}]})", context);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == std::vector<double>{1, 2});
  CHECK(seen[1] == std::vector<double>{3, 4});
  // A pipe gets what comes to its layer, and behind it what comes to itself.
  NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"size": 1, "pipes": [{"size": 1, "to": "p"}]},
      {"pipes": [{"name": "p", "type": "probe", "size": 2, "table": [5, 6]}]}]})", context);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == std::vector<double>{1, 2});
}

TEST_CASE("SH-06 what inputs bring is io, that of their pipes too; a default is told from what the model gives") {
  const Context context = with_domain();
  std::vector<double> seen;
  define_composed_operation(
      context, {.name = "probe", .domain = "mine", .params = {"*input", OperationParameter("value").defaults_to(Json::number(7)),
                OperationParameter("size").defaults_to(Json::text(":input"))}, .call_with = {"%input", "%value", "input"}}, 0,
      [&seen](Arguments given) -> Variable {
        seen = {given[0].number(), given[1].number()};
        return Variable(given[2]);
      });
  const auto sources = [&](const std::string& first, const std::string& value = "") {
    NeuralNetwork::from_json(R"({"domain": "mine", "layers": [)" + first + R"(, {"type": "probe")" + value + "}]}", context);
    return seen;
  };
  constexpr double internal = 0, io = 2, model = 3, fallback = 4;
  CHECK(sources("2") == std::vector{io, fallback});
  CHECK(sources(R"({"size": 2, "pipes": [2]})", R"(, "value": 7)") == std::vector{io, model});
  CHECK(sources(R"({"pipes": [2, {"size": 2}]})") == std::vector{io, fallback});
  CHECK(sources(R"({"size": 2, "pipes": [{"size": 2, "to": 2}]}, {"type": "core#neurons", "size": 2})") == std::vector{internal, fallback});
}

TEST_CASE("ARR-01 one name at two arrays is the end of both, whoever pipes there") {
  const Context context = with_domain();
  define_affine(context, "*scale", "*shift");
  NeuralNetwork network = NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"pipes": [{"size": 2, "to": "both"}, {"size": 2, "to": "x"}]},
      {"name": "x", "type": "affine", "scale": "both", "shift": "both"}]})", context);
  CHECK(network.run({1, 2, 50, 70}).values() == std::vector<double>{51, 142});
}

TEST_CASE("PARAM-10 a flag that a description leaves out is not set, whichever others are") {
  const Context context = with_domain();
  const std::vector<std::string> names = {"internalState", "arrayType", "noSetup", "subjectOfTraining", "trainOnlyIfNotInModel"};
  for (std::size_t set = 0; set <= names.size(); ++set) {
    const std::string flag = set < names.size() ? ", \"" + names[set] + "\": true" : std::string();
    const OperationDefinition definition = OperationDefinition::from_json(
        context, R"({"name": "op", "domain": "mine", "model": {"defineParams": [{"name": "a")" + flag + "}]}}");
    const OperationParameter& a = definition.params.front();
    const bool flags[] = {a.internal_state, a.array_type, a.no_setup, a.subject_of_training, a.train_only_if_not_in_model};
    for (std::size_t i = 0; i < names.size(); ++i) {
      CAPTURE(flag, names[i]);
      CHECK(flags[i] == (i == set));
    }
    CHECK_FALSE((definition.activation.value_or(true) || definition.allowed_on_first_layer || definition.fit_output));
  }
}

TEST_CASE("RES-06 layers and pipes are numbered from 1 in their order, data below 0, and no two have one id") {
  const Context context = with_domain();
  std::map<double, std::vector<double>> data_of;  // by the id of the layer
  std::vector<std::pair<double, double>> flows;   // from where, to where
  define_composed_operation(
      context, {.name = "probe", .domain = "mine", .params = {"*input", "*table", "value", OperationParameter("size").defaults_to(Json::text(":input"))},
                .call_with = {"id", "&input", "&table", "&value", "input"}}, 0,
      [&](Arguments given) -> Variable {
        const double id = given[0].number();
        flows.emplace_back(given[1].numbers()[0], id);
        data_of[id] = {given[2].numbers()[0], given[3].numbers()[0]};
        return Variable(given[4]);
      });
  const std::string probe = R"({"type": "probe", "table": [1], "value": 7)";
  NeuralNetwork::from_json(R"({"domain": "mine", "layers": [{"size": 2, "pipes": [{"size": 2, "to": 2}]}, )" + probe + R"(, "pipes": [)" + probe +
                               R"(, "to": 2}]}, )" + probe + "}]}", context);
  REQUIRE(data_of.size() == 3);
  std::set<double> ids;
  for (const auto& [id, data] : data_of) {
    CHECK((id == 3 || id == 4 || id == 5));  // behind the input layer and its pipe
    for (const double one : data) {
      CHECK(one < 0);
      CHECK(ids.insert(one).second);
    }
  }
  for (const auto& [from, to] : flows) CHECK(from == (to == 5 ? 2 : 1));
}
