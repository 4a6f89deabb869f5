// The io block: what is read, and what it does to numbers and labels on the host; the rows of `info`.
#include "steps.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/model/describe.h"
#include "core/model/io.h"

using namespace webai;
using test::World;

namespace {

IoBlock io(std::string_view text) { return parse_io(read_json(text, Limits{})); }

Error io_error(std::string_view text) {
  try {
    io(text);
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error for " << text);
  return Error(Code::internal, "unreachable");
}

using Numbers = std::vector<double>;

Numbers target(const IoRules& rules, Numbers values, std::size_t outputs) {
  normalize_target(rules, values, outputs);
  return values;
}

Numbers normalized(std::string_view step, Numbers values) {
  const IoBlock block = io("{\"input\":{\"normalize\":" + std::string(step) + "}}");
  apply_steps(block.input_rules("").normalize, values);
  return values;
}

}  // namespace

TEST_CASE("A-29 rescale-linear maps ends to ends, clamps only when told to") {
  CHECK(normalized(R"({"type":"rescale-linear","from":[0,255],"to":[0,1]})", {0, 255, 510}) == Numbers{0, 1, 2});
  CHECK(normalized(R"({"type":"rescale-linear","from":[10,20],"to":[-1,1],"clamp":true})", {10, 15, 30}) ==
        Numbers{-1, 0, 1});
}

TEST_CASE("A-29 label-to-one-hot does not denormalize") {
  const Error error = io_error(R"({"output": {"denormalize": [{"type": "label-to-one-hot", "labels": ["a", "b"]}]}})");
  CHECK(error.reason() == "IO_TYPE");
  CHECK(error.path() == "/io/output/denormalize/0/type");
  CHECK(error.hint() == "did you mean \"one-hot-to-label\"?");
}

TEST_CASE("IO-13 steps: standardize, log, clip, round, and chains of them") {
  CHECK(normalized(R"({"type":"standardize","mean":[1,2],"std":[2,4]})", {3, 10}) == Numbers{1, 2});
  CHECK(normalized(R"({"type":"standardize","mean":[816496551957595777],"std":[9007199254740993]})", {816496551957595777.0})[0] == 0);
  CHECK(normalized(R"({"type":"rescale-linear","from":[0,816496551957595777],"to":[0,1]})", {816496551957595777.0})[0] == 1);
  CHECK(normalized(R"({"type":"log","offset":1})", {0})[0] == 0);
  CHECK(normalized(R"([{"type":"clip","min":0,"max":2.6},"round"])", {-5, 9, 2.5}) == Numbers{0, 3, 2});
  // Backwards, for targets, the last step is undone first.
  const IoBlock chain = io(R"({"output":{"denormalize":[{"type":"rescale-linear","from":[0,1],"to":[0,200]},{"type":"standardize","mean":[10],"std":[2]}]}})");
  CHECK(denormalize(chain.output_rules(""), Numbers{0.5}).numbers == Numbers{45});
  CHECK(target(chain.output_rules(""), Numbers{45}, 1) == Numbers{0.5});
}

TEST_CASE("IO-13 a step gives the number of its formula: in a graph, on the host, for outputs, and back for targets") {
  using Function = std::function<double(double)>;
  const Function half_steps = [](double x) { return (x - 1) / 2 * 4 + 10; }, deviations = [](double x) { return (x - 2) / 4; };
  const Function logarithm = [](double x) { return std::log(x); }, above = [](double x) { return std::log(x + 3); };
  const Function even = [](double x) { return std::nearbyint(x); };
  struct Case {
    std::string step;
    Function formula;
    bool back;  // whether targets go the way back
  };
  const Case cases[] = {
      {R"({"type": "rescale-linear", "from": [1, 3], "to": [10, 14]})", half_steps, true},
      {R"({"type": "rescale-linear", "from": [1, 3], "to": [10, 14], "clamp": true})", [=](double x) { return std::clamp(half_steps(x), 10.0, 14.0); }, false},
      {R"({"type": "standardize", "mean": 2, "std": 4})", deviations, true},
      {R"({"type": "log"})", logarithm, true},
      {R"({"type": "log", "offset": 3})", above, true},
      {R"({"type": "clip", "min": 1})", [](double x) { return std::max(x, 1.0); }, false},
      {R"({"type": "clip", "max": 2})", [](double x) { return std::min(x, 2.0); }, false},
      {R"({"type": "clip", "min": 1, "max": 2})", [](double x) { return std::clamp(x, 1.0, 2.0); }, false},
      {R"("round")", even, false},
      {R"([{"type": "log"}, {"type": "standardize", "mean": 2, "std": 4}])", [=](double x) { return deviations(logarithm(x)); }, true},
      {R"([{"type": "standardize", "mean": 2, "std": 4}, {"type": "log", "offset": 3}, {"type": "rescale-linear", "from": [1, 3], "to": [10, 14]}])",
       [=](double x) { return half_steps(above(deviations(x))); }, true},
      {R"([{"type": "rescale-linear", "from": [1, 3], "to": [10, 14]}, "round", {"type": "clip", "max": 13}])",
       [=](double x) { return std::min(even(half_steps(x)), 13.0); }, false},
  };
  const World world;
  const Numbers given = {0.25, 0.5, 1, 1.5, 2.5, 2.718281828459045, 10, 1000};
  for (const auto& [step, formula, back] : cases) {
    INFO(step);
    test::Steps steps(world, R"({"dataType": "fp64", "io": {"input": {"normalize": )" + step + R"(}}, "layers": [8, {"type": "identity"}]})");
    const Numbers graph = steps.run({given}), host = normalized(step, given);
    const IoBlock block = io(R"({"output": {"denormalize": )" + step + "}}");
    const Numbers output = denormalize(block.output_rules(""), given).numbers;
    const Numbers undone = back ? target(block.output_rules(""), output, given.size()) : given;
    for (std::size_t i = 0; i < given.size(); ++i) {
      INFO(given[i]);
      const auto wanted = Catch::Detail::Approx(formula(given[i])).epsilon(1e-12).margin(1e-12);
      CHECK(graph.at(i) == wanted);
      CHECK(host.at(i) == wanted);
      CHECK(output.at(i) == wanted);
      CHECK(undone.at(i) == Catch::Detail::Approx(given[i]).epsilon(1e-12));
    }
  }
}

TEST_CASE("A-29 one-hot-to-label answers the label of the largest output, its index when the labels end before it") {
  const IoBlock block = io(R"({"output":{"denormalize":{"type":"one-hot-to-label","labels":["cat","dog"]}}})");
  const IoRules& rules = block.output_rules("output");
  const Answer dog = denormalize(rules, Numbers{0.1, 0.9, 0.2});
  CHECK(dog.label == "dog");
  CHECK(dog.index == 1);
  const Answer beyond = denormalize(rules, Numbers{0.1, 0.2, 0.9});
  CHECK(beyond.label.empty());
  CHECK(beyond.index == 2);
  CHECK(dog.numbers.size() == 3);
  CHECK(denormalize(rules, Numbers{-3, -1, -2}).label == "dog");
}

TEST_CASE("A-29 one output that is the number of a label gives the nearest label") {
  const IoBlock block = io(R"({"output":{"denormalize":{"type":"label-to-index","labels":["a","b","c"]}}})");
  const IoRules& rules = block.output_rules("");
  for (const auto& [number, label] : {std::pair{-7.0, "a"}, {0.4, "a"}, {1.2, "b"}, {9.0, "c"}, {std::nan(""), "a"}})
    CHECK(denormalize(rules, Numbers{number}).label == label);
  CHECK(denormalize(rules, Numbers{0, 0, 1}).label == "c");
}

TEST_CASE("A-29 targets are normalised by the inverse of the output's denormalize") {
  const IoBlock labels = io(R"({"output":{"denormalize":{"type":"one-hot-to-label","labels":["cat","dog"]}}})");
  const IoRules& rules = labels.output_rules("");
  CHECK(normalize_label(rules, "dog", 3) == Numbers{0, 1, 0});
  CHECK(target(rules, Numbers{2}, 3) == Numbers{0, 0, 1});
  CHECK(target(rules, Numbers{0, 0.5, 0.5}, 3) == Numbers{0, 0.5, 0.5});
  CHECK_THROWS_AS(target(rules, Numbers{3}, 3), Error);
  CHECK_THROWS_AS(target(rules, Numbers{0.5}, 3), Error);
  CHECK_THROWS_AS(target(rules, Numbers{std::nan("")}, 3), Error);
  try {
    normalize_label(rules, "dgo", 3);
    FAIL("an unknown label was taken");
  } catch (const Error& error) {
    CHECK(error.reason() == "LABEL");
    CHECK(error.hint() == "did you mean \"dog\"?");
  }
  const IoBlock scaled =
      io(R"({"output":{"denormalize":[{"type":"rescale-linear","from":[0,1],"to":[0,200]},{"type":"clip","min":0}]}})");
  CHECK(denormalize(scaled.output_rules(""), Numbers{0.5}).numbers == Numbers{100});
  CHECK(target(scaled.output_rules(""), Numbers{100}, 1) == Numbers{0.5});
  const IoBlock chain =
      io(R"({"output":{"denormalize":[{"type":"rescale-linear","from":[0,1],"to":[0,200]},{"type":"standardize","mean":1,"std":2}]}})");
  CHECK(denormalize(chain.output_rules(""), Numbers{0.5}).numbers == Numbers{49.5});
  CHECK(target(chain.output_rules(""), Numbers{49.5}, 1) == Numbers{0.5});  // the last step is undone first
  const IoBlock own = io(R"({"output":{"normalize":{"type":"rescale-linear","from":[0,10],"to":[0,1]}}})");
  CHECK(target(own.output_rules(""), Numbers{5}, 1) == Numbers{0.5});
  CHECK_THROWS_AS(normalize_label(own.output_rules(""), "cat", 2), Error);
}

TEST_CASE("io rules may be given per named input and output") {
  const World world;
  const char* text =
      R"({"io": {"input": {"rgb": {"normalize": {"type": "rescale-linear", "from": [0, 2], "to": [0, 1]}}}},
      "layers": [{"size": 2, "pipes": [{"name": "rgb", "size": 3}]}, 1]})";
  const BuiltModel built = world.build(text);
  CHECK(built.graph.nodes[0].op->name == "div");
  CHECK(built.graph.nodes[0].inputs[0] == built.inputs[1].value);
  CHECK(
      world.error_of(R"({"io": {"input": {"rbg": {"normalize": "auto"}}}, "layers": [{"name": "rgb", "size": 3}, 1]})")
          .hint() == "did you mean \"rgb\"?");
}

TEST_CASE("A-29 more labels than outputs is an error, fewer a warning: the seeds' 8 outputs with 2 labels load") {
  const World world;
  const char* seed = R"({"domain":"core","dataType":"fp16","minMops":300,"activation":"tanh",
    "io":{"input":{"normalize":{"type":"rescale-linear","from":[0,255],"to":[0,1]}},
          "output":{"denormalize":{"type":"one-hot-to-label","labels":["cat","dog"]}}},"layers":[8,14,8],"setup":{"data":""}})";
  CHECK_NOTHROW(world.build(seed));
  REQUIRE(world.host->lines.size() == 1);
  CHECK_THAT(world.host->lines[0], Catch::Contains("2 labels for 8 outputs"));
  const Error error = world.error_of(
      R"({"io":{"output":{"denormalize":{"type":"one-hot-to-label","labels":["a","b","c"]}}},"layers":[2,2]})");
  CHECK(error.reason() == "LABELS");
  CHECK(error.path() == "/io/output/denormalize/labels");
}

TEST_CASE("mistakes in the io block are named by place") {
  CHECK(io_error(R"({"inputs":{}})").hint() == "did you mean \"input\"?");
  CHECK(io_error(R"({"input":{"normalise":3}})").hint() == "did you mean \"normalize\"?");
  CHECK(io_error(R"({"input":{"denormalize":"round"}})").reason() == "UNKNOWN_PROPERTY");
  CHECK(io_error(R"({"input":{"normalize":{"type":"rescale"}}})").path() == "/io/input/normalize/type");
  CHECK(io_error(R"({"input":{"normalize":{"type":"rescale-linear","from":[1,1]}}})").reason() == "IO_RANGE");
  CHECK(io_error(R"({"input":{"normalize":{"type":"rescale-linear","from":[1]}}})").path() ==
        "/io/input/normalize/from");
  CHECK(io_error(R"({"input":{"normalize":{"type":"clip","low":1}}})").path() == "/io/input/normalize/low");
  CHECK(io_error(R"({"input":{"normalize":[{"type":"clip","min":2,"max":1}]}})").path() == "/io/input/normalize/0");
  CHECK(io_error(R"({"input":{"normalize":["auto","round"]}})").reason() == "IO_TYPE");
  CHECK(io_error(R"({"output":{"normalize":"auto"}})").reason() == "IO_TYPE");
  CHECK(io_error(R"({"output":{"denormalize":{"type":"one-hot-to-label"}}})").reason() == "IO_LABELS");
  CHECK(io_error(R"({"output":{"denormalize":{"type":"one-hot-to-label","labels":["a","a"]}}})").path() ==
        "/io/output/denormalize/labels/1");
  CHECK(io_error(R"({"input":{"normalize":{"type":"standardize","std":[1,0]}}})").reason() == "IO_RANGE");
  CHECK(io_error("3").path() == "/io");
}

TEST_CASE("info shows a row for each layer and the totals, as in the first five minutes") {
  const World world;
  const Model model = world.parse(R"({"activation": "tanh", "io": {"input": {"normalize": {"type": "rescale-linear",
      "from": [0, 255], "to": [0, 1]}}, "output": {"denormalize": {"type": "one-hot-to-label",
      "labels": ["0","1","2","3","4","5","6","7","8","9"]}}},
      "layers": [{"name": "image", "size": 784}, 128, {"size": 10, "activation": "softmax"}]})");
  const ModelSummary summary = summarise(model, build_model(world.context, world.registry, model));
  CHECK(text_of(summary) ==
        "input   image (input)  784                                              normalised 0..255 -> 0..1\n"
        "1       neurons        784 -> 128  tanh     100,480 parameters  392 kB\n"
        "output  neurons        128 -> 10   softmax    1,290 parameters  5.0 kB  as one of 10 labels\n"
        "101,770 parameters, 0.20 MFLOP a run, 398 kB, memory for one run 3.6 kB\n");
  CHECK(summary.parameters == 101770);
  CHECK(summary.bytes == 407080);
  CHECK(summary.operations > 2 * 101632);
  CHECK(summary.operations < 1.05 * 2 * 101632);
  const Json json = json_of(summary);
  CHECK(json.find("layers")->at(1).find("output")->at(0).as_integer() == 128);
}

TEST_CASE("info counts convolutions and names pipes by their numbers") {
  const World world;
  const Model model = world.parse(R"({"layers": [[8, 8, 1], {"type": "conv2d", "filters": 4, "kernelSize": 3},
      {"type": "flatten"}, {"size": 2, "pipes": [3]}]})");
  const ModelSummary summary = summarise(model, build_model(world.context, world.registry, model));
  REQUIRE(summary.rows.size() == 5);
  CHECK(summary.rows[4].place == "3/0");
  CHECK(summary.rows[1].parameters == 40);
  CHECK(summary.operations >= 2 * (6 * 6 * 4 * 9 + 144 * 5));
}
