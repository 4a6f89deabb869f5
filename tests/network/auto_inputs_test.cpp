// What "auto" learns of several inputs, and how exports write it.
#include <catch2/catch.hpp>

#include <initializer_list>
#include <string>

#include "network/seeded.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Inputs of two sizes, of ranges far apart; the first one tells the target.
Dataset far_apart() {
  return Dataset::from({{{0, 5, 9}, {0}}, {{30, 5.5, 8}, {0.3}}, {{70, 5.1, 6}, {0.7}}, {{100, 6, 7}, {1}}});
}

std::string model(const std::string& inputs, const std::string& io = R"({"normalize": "auto"})") {
  return R"({"io": {"input": )" + io + R"(}, "layers": [{"pipes": [)" + inputs + "]}, 1]}";
}

NeuralNetwork trained(const std::string& text) {
  NeuralNetwork net = make(text);
  net.train(far_apart(), {.max_iterations = 400, .learning_rate = 0.1});
  CHECK(net.verify(far_apart()).error < 1e-3);
  return net;
}

void check_exports(NeuralNetwork& net, std::initializer_list<bool> keep_names = {true, false}) {
  const double answer = net.run({30, 5.5, 8})[0];
  for (const bool names : keep_names)
    for (const char* form : {"", "minify", "pretty"}) {
      const std::string text = net.export_model({.optimize = form, .keep_names = names});
      INFO(text);
      CHECK(text.find("\"auto\"") == std::string::npos);
      CHECK(make(text).run({30, 5.5, 8})[0] == Approx(answer).epsilon(1e-4));
    }
  CHECK(make(net.to_json()).run({30, 5.5, 8})[0] == Approx(answer).epsilon(1e-4));
}

}  // namespace

TEST_CASE("EXP-01 A-29 what auto learned of several inputs is written for each of them, by name") {
  NeuralNetwork named = trained(model(R"({"name": "p", "size": 1}, {"name": "q", "size": 2})"));
  check_exports(named);
  CHECK(named.to_json().find(R"({"input":{"p":{"normalize":{"type":"standardize","mean":[50])") != std::string::npos);
  NeuralNetwork unnamed = trained(model(R"({"size": 1}, {"size": 2})",
                                        R"({"normalize": {"type": "chain", "steps": ["auto"]}})"));
  check_exports(unnamed);
  // The input of the net is called "0/1/p" here.
  NeuralNetwork slash = trained(model(R"({"name": "p", "size": 1},
    {"type": "net", "net": {"layers": [{"name": "p", "size": 2}, {"type": "identity"}]}})"));
  check_exports(slash, {true});
  // Under a label that they share.
  NeuralNetwork labelled = trained(model(R"({"name": "p", "label": "l", "size": 1}, {"name": "q", "label": "l", "size": 2})",
                                          R"({"l": {"normalize": "auto"}})"));
  check_exports(labelled);
  CHECK(labelled.to_json().find("\"l\":") == std::string::npos);
  // One input, or rules by name, keep their place.
  CHECK(trained(model(R"({"size": 3})")).to_json().find(R"({"input":{"normalize":{"type":"standardize","mean")") != std::string::npos);
}

TEST_CASE("EXP-01 A-29 auto of an input that io cannot name is refused before anything is learned") {
  for (const char* name : {"x-q", "meta", "normalize"}) {
    NeuralNetwork net = make(model(R"({"name": "p", "size": 1}, {"name": ")" + std::string(name) + R"(", "size": 2})"));
    const std::string before = net.to_json();
    try {
      net.train(far_apart(), {.max_iterations = 1});
      FAIL("trained");
    } catch (const Error& error) {
      CHECK(error.reason() == "IO_NAME");
      CHECK(error.path() == "/io/input");
      CHECK(error.actual() == "\"" + std::string(name) + "\"");
      CHECK(!error.expected().empty());
      CHECK(!error.hint().empty());
    }
    CHECK(net.to_json() == before);
    // By itself it needs no name.
    NeuralNetwork alone = trained(R"({"io": {"input": {"normalize": "auto"}}, "layers": [{"name": ")" + std::string(name) + R"(", "size": 3}, 1]})");
    check_exports(alone);
  }
}

TEST_CASE("EXP-01 A-67 notes of tools beside auto stay beside what it learned") {
  NeuralNetwork net = trained(model(R"({"name": "p", "size": 1}, {"name": "q", "size": 2})", R"({"x-note": "of a tool", "normalize": "auto"})"));
  check_exports(net);
  CHECK(net.to_json().find("of a tool") != std::string::npos);
}

TEST_CASE("EXP-01 A-23 A-29 what auto learned and what an export of it computes are the same bits in every type") {
  const Dataset data = Dataset::from({{{0, 5, 9, 1}, {0}}, {{3, 5.5, 8, 1}, {0.3}}, {{7, 5.1, 6.7, 1}, {0.7}}, {{10, 6, 7, 1}, {1}}});
  for (const char* type : {"fp16", "bf16", "fp32", "fp64", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"})
    for (const char* io : {R"({"normalize": "auto"})", R"({"b": {"normalize": "auto"}})"}) {
      NeuralNetwork net = make(R"({"dataType": ")" + std::string(type) + R"(", "io": {"input": )" + io +
                               R"(}, "layers": [{"pipes": [{"name": "a", "size": 1}, {"name": "b", "size": 3}]}, {"size": 3, "activation": "tanh"}, 1]})");
      net.train(data, {.max_iterations = 20, .learning_rate = 0.1});
      for (const char* form : {"", "minify", "pretty"}) {
        NeuralNetwork again = make(net.export_model({.optimize = form}));
        for (double x = -3; x < 12; x += 0.37) {
          const std::vector<double> input = {x, 5 + x / 11, 9 - x / 3, 1};
          INFO(type << " " << form << " " << io << " " << x);
          CHECK(again.run(input).values() == net.run(input).values());
        }
      }
    }
}

TEST_CASE("A-50 A-29 a part behind inputs of rules by name gives none of them to its new first input") {
  NeuralNetwork net = make(R"({"io": {"input": {"input": {"normalize": "round"}, "b": {"normalize": "round"}}},
    "layers": [1, {"type": "identity"}, {"name": "b", "type": "input", "size": 1}, {"type": "identity"}]})");
  NeuralNetwork part = make(net.export_model({.from = "1"}));
  CHECK(part.run({0.25, 0.75}).values() == std::vector<double>{1, 0.25});
}
