// Thousands of damaged models: each ends in a clear error or a graph, never in anything else.
#include "support.h"

#include <chrono>
#include <string>

#include "core/base/random.h"
#include "core/ir/text.h"

using namespace webai;
using test::World;

namespace {

const char* const models[] = {
    R"({"domain":"core","dataType":"fp32","activation":"tanh","layers":[2,{"size":3,"bias":[1,2,3],"name":"h"},1],"setup":{"data":[1,2,3,4,5,6,7,8,9,1]}})",
    R"({"io":{"input":{"normalize":{"type":"rescale-linear","from":[0,255],"to":[0,1]}},"output":{"denormalize":{"type":"one-hot-to-label","labels":["cat","dog"]}}},"layers":[[6,6,1],{"type":"conv2d","filters":2,"kernelSize":3,"padding":"same"},{"type":"maxPool2d"},{"type":"flatten"},{"type":"dropout","rate":0.5},2]})",
    R"({"layers":[{"name":"in","size":3,"pipes":[{"name":"a","size":2,"to":["x",1]}]},{"size":4,"pipes":[{"size":2,"to":"x"}]},{"name":"x","size":2,"history":2,"historyTo":["in"]}]})",
    R"({"activation":"relu","seed":3,"layers":[8,{"count":8,"connections":"one-to-one"},{"type":"net","net":{"layers":[8,4],"setup":{"data":"","instructions":""}}}],"setupData":""})",
    R"({"layers":[4,{"type":"layerNorm"},{"type":"reshape","size":[2,2]},{"size":[2,2],"weights":[[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4]],"bias":false}],"setup":{"data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}})",
};

const char* const pieces[] = {"null",
                              "true",
                              "-1",
                              "0",
                              "1e300",
                              "1e18",
                              "9007199254740993",
                              "\"\"",
                              "[]",
                              "{}",
                              "[[]]",
                              "\"tanh\"",
                              "\"x\"",
                              "[1,[2]]",
                              "{\"size\":1}",
                              "{\"type\":\"gru\",\"size\":2}",
                              ",",
                              "}",
                              "]",
                              "\"same\"",
                              "2",
                              "\\",
                              "\xff",
                              "\"h.bias\"",
                              "[null,2]",
                              "\"input\"",
                              "0.5"};

std::string damaged(std::string text, const RandomStream& random, std::uint64_t& draw) {
  const std::uint64_t changes = 1 + random.below(draw++, 3);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::size_t at = random.below(draw++, text.size());
    switch (random.below(draw++, 5)) {
      case 0:
        text.erase(at, 1 + random.below(draw++, 4));
        break;
      case 1:
        text[at] = static_cast<char>(random.below(draw++, 256));
        break;
      case 2:
        text.insert(at, pieces[random.below(draw++, std::size(pieces))]);
        break;
      case 3: {  // another value where one stood
        const std::size_t end = text.find_first_of(",]}", at);
        if (end != std::string::npos) text.replace(at, end - at, pieces[random.below(draw++, std::size(pieces))]);
        break;
      }
      default: {  // a part twice
        const std::size_t length = 1 + random.below(draw++, 30);
        text.insert(at, text.substr(at, length));
      }
    }
    if (text.empty()) text = "0";
  }
  return text;
}

std::size_t count_values(const Json& json) {
  std::size_t count = 1;
  if (json.is_object())
    for (const auto& [key, value] : json.members()) count += count_values(value);
  if (json.is_array())
    for (std::size_t i = 0; i < json.size(); ++i) count += count_values(json.at(i));
  return count;
}

// Replaces, removes or doubles the value number `target`, or renames its key: what comes out is JSON again.
Json mutated(const Json& json, std::size_t& target, const RandomStream& random, std::uint64_t& draw) {
  static constexpr std::string_view valid[] = {"null", "true",     "-1",    "0",         "1e18",         "[]",
                                               "{}",   "\"tanh\"", "\"x\"", "[1,[2]]",   "{\"size\":1}", "2",
                                               "3",    "\"same\"", "[2,2]", "\"input\"", "0.5",          "[0,2]"};
  if (target-- == 0) return read_json(valid[random.below(draw++, std::size(valid))], Limits{});
  if (json.is_array()) {
    std::vector<Json> items;
    for (std::size_t i = 0; i < json.size(); ++i) {
      const bool here = target == 0;
      items.push_back(mutated(json.at(i), target, random, draw));
      if (here && random.below(draw++, 4) == 0) items.back() = json.at(i), items.push_back(json.at(i));
      if (here && random.below(draw++, 6) == 0) items.pop_back();
    }
    return Json::array(std::move(items));
  }
  if (!json.is_object()) return json;
  std::vector<Json::Member> members;
  for (const auto& [key, value] : json.members()) {
    const bool here = target == 0;
    members.emplace_back(key, mutated(value, target, random, draw));
    if (here && random.below(draw++, 4) == 0) members.back() = {"bias", value};
    if (here && random.below(draw++, 4) == 0) members.pop_back();
  }
  return Json::object(std::move(members));
}

}  // namespace

TEST_CASE("thousands of models with one wrong value end in an error with words, or in a graph") {
  Context::Options options;
  options.limits.tensor_bytes = 1 << 20;
  options.limits.host_bytes = 16 << 20;
  const World world(options);
  const RandomStream random(2025, 2);
  std::uint64_t draw = 0;
  int built = 0, refused = 0;
  for (int round = 0; round < 1500; ++round)
    for (const char* model : models) {
      const Json json = read_json(model, Limits{});
      std::size_t target = random.below(draw++, count_values(json));
      const Json changed = mutated(json, target, random, draw);
      try {
        build_model(world.context, world.registry, parse_model(world.context, world.registry, changed));
        ++built;
      } catch (const Error& error) {
        ++refused;
        const bool clear = !error.message().empty() && !error.reason().empty() && error.code() != Code::internal &&
                           (error.path().empty() || error.path()[0] == '/');
        if (!clear) {
          INFO(write_json(changed));
          INFO(error.what());
          CHECK(clear);
        }
      }
    }
  CHECK(built > 500);
  CHECK(refused > 3000);
}

TEST_CASE("thousands of damaged models end in an error with words, or in a graph") {
  Context::Options options;
  options.limits.tensor_bytes = 1 << 20;
  options.limits.host_bytes = 16 << 20;
  const World world(options);
  const RandomStream random(2024, 1);
  std::uint64_t draw = 0;
  int built = 0, refused = 0;
  for (int round = 0; round < 1600; ++round)
    for (const char* model : models) {
      const std::string text = damaged(model, random, draw);
      for (const bool json5 : {false, true}) {
        try {
          build_model(world.context, world.registry, world.parse(text, {.json5 = json5}));
          ++built;
        } catch (const Error& error) {
          ++refused;
          const bool clear = !error.message().empty() && !error.reason().empty() && error.code() != Code::internal;
          if (!clear) {
            INFO(text);
            INFO(error.what());
            CHECK(clear);
          }
        }
      }
    }
  CHECK(built > 20);
  CHECK(refused > 5000);
  CHECK(world.host->largest <= 1 << 20);
}

TEST_CASE("a model cut off anywhere is refused as JSON with a place") {
  const World world;
  for (const char* model : models) {
    const std::string text = model;
    for (std::size_t length = 0; length < text.size(); ++length) {
      const Error error = world.error_of(text.substr(0, length));
      CHECK(error.code() == Code::invalid_json);
      CHECK(error.path().substr(0, 5) == "line ");
    }
  }
}

TEST_CASE("the five models that get damaged are themselves right, or wait for what comes later") {
  const World world;
  for (const char* model : models) {
    try {
      world.build(model);
    } catch (const Error& error) {
      INFO(error.what());
      CHECK(error.code() == Code::unsupported);
    }
  }
}

TEST_CASE("iterators in iterators whose sizes are found by trial end at a limit, not after years") {
  // Each of them is tried several times for each trial of the one around it.
  std::string layer = R"({"name": "n", "size": 2, "to": "x"})";
  for (int depth = 0; depth < 14; ++depth)
    layer = R"({"type": "iterator", "steps": 2, "state": [{"name": "x", "size": 2}], "to": "x", "net": {"layers": [{"pipeFrom": "x"},)"
            R"({"type": "tanh", "name": "b", "to": ["c"], "pipes": [{"type": "tanh", "to": "b"}]}, {"name": "c", "type": "tanh"}, )" +
            layer + "]}}";
  layer.replace(layer.find(R"("to": "x", )"), 11, "");
  const World world;
  const auto start = std::chrono::steady_clock::now();
  const Error error = world.error_of(R"({"layers": [2, )" + layer + ", 2]}");
  CHECK((error.details().reason == "BUILDS" || error.details().reason == "SIZE_LOOP"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
}

TEST_CASE("iterators in iterators take no more than their number: the text of a graph in a graph does not double") {
  const auto nested = [](int depth) {
    std::string inner = R"({"layers": [{"pipeFrom": "x"}, {"size": 1, "to": "x"}]})";
    for (int i = 1; i < depth; ++i)
      inner = R"({"layers": [{"name": "a", "pipeFrom": "x"}, {"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "a"}], "to": "x", "net": )" + inner + "}]}";
    return R"({"layers": [{"name": "in", "size": 1}, {"type": "iterator", "steps": 1, "state": [{"name": "x", "pipeFrom": "in"}], "net": )" + inner + "}]}";
  };
  const World world;
  const std::size_t ten = print(world.build(nested(10)).graph).size(), twenty = print(world.build(nested(20)).graph).size();
  CHECK(twenty < 16 * ten);
  CHECK(print(world.build(nested(60)).graph).size() < 8'000'000);
}
