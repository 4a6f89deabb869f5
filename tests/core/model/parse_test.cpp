// What the reader of models refuses, in which words and where; aliases; names and targets.
#include "support.h"

#include <chrono>

#include "core/ir/text.h"
#include "support/processor_time.h"
#include "webai/operation.hpp"

using namespace webai;
using test::World;

namespace {

struct Mistake {
  const char* text;
  Code code;
  const char* reason;
  const char* path;
};

}  // namespace

TEST_CASE("bad input: each mistake has its code, reason and place") {
  const World world;
  const Mistake mistakes[] = {
      {"[1, 2]", Code::invalid_model, "PROPERTY_VALUE", ""},
      {R"({"webai": 2, "layers": [1, 1]})", Code::unsupported, "VERSION", "/webai"},
      {R"({"webai": 0, "layers": [1, 1]})", Code::invalid_model, "PROPERTY_VALUE", "/webai"},
      {R"({"domain": "corn", "layers": [1, 1]})", Code::not_found, "DOMAIN", "/domain"},
      {R"({"dataType": "fp31", "layers": [1, 1]})", Code::unsupported, "DATATYPE", "/dataType"},
      {R"({"dataType": "bool", "layers": [1, 1]})", Code::unsupported, "DATATYPE", "/dataType"},
      {R"({"layers": [1, {"size": 1, "quantization": {"scale": 1}}]})", Code::invalid_model, "QUANTIZATION", "/layers/1/quantization"},
      {R"({"minMops": "fast", "layers": [1, 1]})", Code::invalid_model, "PROPERTY_VALUE", "/minMops"},
      {R"({"activation": "tnah", "layers": [1, 1]})", Code::not_found, "NOT_ACTIVATION", "/activation"},
      {R"({"activation": "matmul", "layers": [1, 1]})", Code::invalid_model, "NOT_ACTIVATION", "/activation"},
      {R"({"activation": 3, "layers": [1, 1]})", Code::invalid_model, "PROPERTY_VALUE", "/activation"},
      {R"({"type": "neuron", "layers": [1, 1]})", Code::not_found, "OPERATION", "/type"},
      {R"({"seed": 0.5, "layers": [1, 1]})", Code::invalid_model, "PROPERTY_VALUE", "/seed"},
      {R"({"layers": []})", Code::invalid_model, "PROPERTY_VALUE", "/layers"},
      {R"({"layers": 3})", Code::invalid_model, "PROPERTY_VALUE", "/layers"},
      {R"({})", Code::invalid_model, "NOT_BUILT", "/layers"},
      {R"({"layers": [2, {"size": 0}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/size"},
      {R"({"layers": [2, {"size": -1}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/size"},
      {R"({"layers": [2, 2.5]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/size"},
      {R"({"layers": [2, {"size": [2, "x"]}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/size/1"},
      {R"({"layers": [2, {"size": [1,1,1,1,1,1,1,1]}]})", Code::limit_exceeded, "RANK", "/layers/1/size"},
      {R"({"layers": [2, {"type": "nurons", "size": 1}]})", Code::not_found, "OPERATION", "/layers/1/type"},
      {R"({"layers": [2, {"type": "matmul"}]})", Code::unsupported, "OPERATION_AS_LAYER", "/layers/1/type"},
      {R"({"layers": [{"type": "neurons", "size": 1}, 1]})", Code::invalid_model, "FIRST_LAYER_TYPE", "/layers/0/type"},
      {R"({"layers": [{"name": "x"}, 1]})", Code::invalid_model, "NO_SIZE", "/layers/0"},
      {R"({"layers": [2, {"type": "conv2d", "filters": 1}]})", Code::invalid_model, "PROPERTY_MISSING", "/layers/1"},
      {R"({"layers": [2, {"size": 1, "name": "a.b"}]})", Code::invalid_model, "NAME", "/layers/1/name"},
      {R"({"layers": [2, {"size": 1, "name": "*a"}]})", Code::invalid_model, "NAME", "/layers/1/name"},
      {R"({"layers": [2, {"size": 1, "name": ""}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/name"},
      {R"({"layers": [{"size": 2, "name": "a"}, {"size": 1, "name": "a"}]})", Code::invalid_model, "DUPLICATE_NAME",
       "/layers/1/name"},
      {R"({"layers": [2, {"size": 1, "to": "nowhere"}, 1]})", Code::invalid_model, "TARGET_UNKNOWN", "/layers/1/to"},
      {R"({"layers": [2, {"size": 1, "to": ["x", 7]}, {"name": "x", "size": 1}]})", Code::invalid_model,
       "TARGET_UNKNOWN", "/layers/1/to/1"},
      {R"({"layers": [2, {"size": 1, "to": -1}, 1]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/to"},
      {R"({"layers": [2, {"size": 1, "to": ["x", "x"]}, {"name": "x", "size": 1}]})", Code::invalid_model,
       "TARGET_TWICE", "/layers/1/to/1"},
      {R"({"layers": [2, {"size": 1, "to": ["x", 2]}, {"name": "x", "size": 1}]})", Code::invalid_model, "TARGET_TWICE",
       "/layers/1/to/1"},
      {R"({"layers": [2, {"size": 1, "to": "x.biass"}, {"name": "x", "size": 1}]})", Code::invalid_model,
       "TARGET_UNKNOWN", "/layers/1/to"},
      {R"({"layers": [2, {"size": 1, "to": []}, 3]})", Code::invalid_model, "NO_INPUT", "/layers/2"},
      {R"({"layers": [2, {"size": 1, "history": 0}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/history"},
      {R"({"layers": [2, {"size": 1, "history": 65536}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/history"},
      {R"({"layers": [2, {"size": 1, "historyTo": 0}]})", Code::invalid_model, "HISTORY_TO", "/layers/1/historyTo"},
      {R"({"layers": [2, {"pipes": [1], "activation": "tanh"}]})", Code::invalid_model, "PIPES_ONLY",
       "/layers/1/activation"},
      {R"({"layers": [2, {"size": 1, "pipes": 3}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/pipes"},
      {R"({"layers": [2, {"size": 1, "pipes": ["x"]}]})", Code::invalid_model, "LAYER_KIND", "/layers/1/pipes/0"},
      {R"({"layers": [2, {"type": "dropout", "rate": 1}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/rate"},
      {R"({"layers": [2, {"size": 1, "activation": ""}]})", Code::invalid_model, "PROPERTY_VALUE", "/layers/1/activation"},
      {R"({"layers": [2, {"size": 1, "bias": 1e300}]})", Code::invalid_model, "PARAM_VALUE", "/layers/1/bias"},
      {R"({"dataType": "fp16", "layers": [2, {"size": 1, "bias": 70000}]})", Code::invalid_model, "PARAM_VALUE", "/layers/1/bias"},
      {R"({"layers": [2, {"size": 1, "weights": 3}]})", Code::invalid_model, "PARAM_VALUE", "/layers/1/weights"},
      {R"({"layers": [2, {"size": 1, "weights": false}]})", Code::invalid_model, "PARAM_VALUE", "/layers/1/weights"},
      {R"({"layers": [2, 1], "setup": 3})", Code::invalid_model, "PROPERTY_VALUE", "/setup"},
      {R"({"layers": [2, 1], "setup": {"data": 3}})", Code::invalid_model, "PROPERTY_VALUE", "/setup/data"},
      {R"({"layers": [2, 1], "setup": {"data": {"file": "w"}}})", Code::denied, "SETUP_FILE", "/setup/data"},
      {R"({"layers": [2, {"type": "softmax", "axis": 0}]})", Code::invalid_model, "UNKNOWN_PROPERTY", "/layers/1/axis"},
      {R"({"layers": [2, 1], "setup": {"date": ""}})", Code::invalid_model, "UNKNOWN_PROPERTY", "/setup/date"},
      {R"({"layers": [[null, 2], 1]})", Code::invalid_model, "OPEN_SIZE", "/layers/1"},
      {R"({"layers": [2, {"type": "net", "net": {"dataType": "fp64", "layers": [2, 2]}}]})", Code::invalid_model,
       "NET_MISMATCH", "/layers/1/net/dataType"},
      {R"({"layers": [2, {"type": "net", "net": {"layers": [2, {"size": 0}]}}]})", Code::invalid_model,
       "PROPERTY_VALUE", "/layers/1/net/layers/1/size"},
  };
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.text);
    const Error error = world.error_of(mistake.text);
    INFO(error.what());
    CHECK(error.code() == mistake.code);
    CHECK(error.reason() == mistake.reason);
    CHECK(error.path() == mistake.path);
    CHECK_FALSE(error.message().empty());
  }
}

TEST_CASE("A-67 an unknown property is answered with the nearest one, as the first five minutes show") {
  const World world;
  CHECK(std::string(world.error_of(R"({"layers":[4,{"size":8,"activaton":"tanh"},3]})").what()) ==
        "/layers/1/activaton: no such property of a layer; did you mean \"activation\"?");
  CHECK(std::string(world.error_of(R"({"layerz":[4,3]})").what()) ==
        "/layerz: no such property of a model; did you mean \"layers\"?");
  CHECK(world.error_of(R"({"layers":[4,{"pipes":[{"size":1,"weigths":[1]}]}]})").hint() == "did you mean \"weights\"?");
  CHECK(world.error_of(R"({"layers":[[4,4,1],{"type":"conv2d","filters":1,"kernelSize":1,"stride":2}]})").hint() ==
        "did you mean \"strides\"?");
  CHECK(world.error_of(R"({"layers":[4,{"size":8,"activation":"tahn"},3]})").hint() == "did you mean \"tanh\"?");
  CHECK(world.error_of(R"({"layers":[4,{"size":8,"activation":"ReLU"},3]})").hint() == "did you mean \"relu\"?");
  CHECK(world.error_of(R"({"io":{"input":{"normalise":{"type":"round"}}},"layers":[4,3]})").hint() == "did you mean \"normalize\"?");
  CHECK(world.error_of(R"({"layers":[4,{"size":8,"to":"ouput"},{"name":"output","size":1}]})").hint() ==
        "did you mean \"output\"?");
}

TEST_CASE("A-67 webai 1, meta and x- keys are kept and ignored") {
  const World world;
  CHECK_NOTHROW(world.build(R"({"webai": 1, "meta": {"anything": [1, {}]}, "x-tool": 3,
                                "layers": [2, {"size": 1, "meta": null, "x-at": [3, 4]}]})"));
  CHECK_NOTHROW(world.build(R"({"dataType": "u8", "layers": [2, {"size": 1, "quantization": {"scale": 2, "x-of": {}, "bias": {"scale": 3, "meta": {}}}}]})"));
  CHECK_NOTHROW(world.build(R"({"layers": [2, {"size": 1, "weights": {"size": [2, 1], "x-of": 3}}]})"));
}

TEST_CASE("A-01 A-02 aliases are read with one warning each, refused when strict") {
  const World world;
  const char* text = R"({"layers": [{"count": 2}, {"count": 3, "pipe": [{"count": 1, "toLayers": "x"}]},
                         {"name": "x", "type": "standard", "count": 1}]})";
  CHECK_NOTHROW(world.build(text));
  REQUIRE(world.host->lines.size() == 4);  // count, pipe, toLayers, standard: once each
  CHECK(world.host->lines[0] == "/layers/0/count: \"count\" is an old name for \"size\"");
  try {
    world.parse(text, {.strict = true});
    FAIL("a strict reader took an alias");
  } catch (const Error& error) {
    CHECK(error.reason() == "ALIAS");
  }
}

TEST_CASE("A-02 the place of an error is told in the words of the text") {
  const World world;
  const auto place = [&](const char* text) { return world.error_of(text).path(); };
  CHECK(place(R"({"layers": [2, {"count": "x"}]})") == "/layers/1/count");
  CHECK(place(R"({"layers": [2, {"pipe": [1, {"count": -1}]}]})") == "/layers/1/pipe/1/count");
  CHECK(place(R"({"layers": [2, {"pipe": [{"size": 1, "toLayers": ["nowhere"]}]}, 1]})") == "/layers/1/pipe/0/toLayers/0");
  CHECK(place(R"({"layers": [2, {"pipes": [{"size": -1}]}, {"size": 1, "pipe": [1]}]})") == "/layers/1/pipes/0/size");
}

TEST_CASE("A-01 A-02 old words of the model's operations and of values are aliases like others") {
  const auto text = [](const std::string& params, const std::string& rest = "") {
    return R"({"operations": [{"name": "half", "model": {)" + params + "}" +
           R"(, "body": {"steps": [{"op": "div", "inputs": ["input", "by"]}]}}], "layers": [2, {"type": "half", "size": 2)" + rest + "}, 2]}";
  };
  const auto by = [](const std::string& more) { return R"("defineParams": ["*input", {"name": "by", "default": 2)" + more + "}]"; };
  const World world;
  CHECK_NOTHROW(world.build(
      text(R"("params": ["*input", "*by", {"name": "count", "paramsForDefault": [":input"], "default": ":input"}])",
           R"(, "by": {"count": 2}}, {"size": 2, "connections": "every-to-every")")));
  REQUIRE(world.host->lines.size() == 4);
  CHECK(world.host->lines[0] == R"(/operations/0/model/params: "params" is an old name for "defineParams")");
  CHECK(world.host->lines[1] == R"(/operations/0/model/defineParams/2/paramsForDefault: "paramsForDefault" is an old name for "callDefaultWith")");
  CHECK(world.host->lines[2] == R"(/operations/0/model/defineParams/2/name: "count" is an old name for "size")");
  CHECK(world.host->lines[3] == R"(/layers/2/connections: "every-to-every" is an old name for "all-to-all")");
  for (const std::string& old :
       {text(R"("params": ["*input", {"name": "by", "default": 2}])"), text(by(R"(, "paramsForDefault": [])")),
        text(R"("defineParams": ["*input", {"name": "by", "default": 2}, "count"])"),
        text(R"("defineParams": {"input": "*", "by": {"default": 2, "paramsForDefault": []}})"),
        text(R"("defineParams": ["*input", "*by"])", R"(, "by": {"count": 2})"),
        std::string(R"({"layers": [2, {"size": 2, "connections": "every-to-every"}]})")}) {
    CAPTURE(old);
    try {
      world.parse(old, {.strict = true});
      FAIL("a strict reader took an alias");
    } catch (const Error& error) {
      CHECK(error.reason() == "ALIAS");
    }
  }
  CHECK_NOTHROW(world.build(text(by(R"(, "callDefaultWith": [":input"], "paramsForDefault": [":input"])"))));
  const Error conflict = world.error_of(text(by(R"(, "callDefaultWith": [":input"], "paramsForDefault": ["input"])")));
  CHECK(conflict.reason() == "ALIAS_CONFLICT");
  CHECK(conflict.path() == "/operations/0/model/defineParams/1/paramsForDefault");
  CHECK(conflict.hint() == "keep \"callDefaultWith\" alone");
  CHECK(world.error_of(text(by("") + R"(, "callWith": ["input"], "operation": ["by"])")).reason() == "ALIAS_CONFLICT");
}

TEST_CASE("A-73 an alias beside its canonical name is fine when equal, ALIAS_CONFLICT when not") {
  const World world;
  CHECK_NOTHROW(world.build(R"({"layers": [2, {"count": 3, "size": 3}]})"));
  const Error error = world.error_of(R"({"layers": [2, {"count": 3, "size": 4}]})");
  CHECK(error.reason() == "ALIAS_CONFLICT");
  CHECK(error.path() == "/layers/1/count");
  CHECK(world.error_of(R"({"layers": [1, 1], "setupData": [1], "setup": {"data": [2]}})").reason() == "ALIAS_CONFLICT");
}

TEST_CASE("ROOT-10 setupData at the root is setup.data") {
  const World world;
  const BuiltModel built = world.build(R"({"layers": [1, 1], "setupData": [3, 4]})");
  CHECK(built.parameters[0].initial.at(0) == 3);
  CHECK(built.parameters[1].initial.at(0) == 4);
  // Beside what else "setup" says, or where that says nothing.
  const BuiltModel placed = world.build(R"({"layers": [1, 1], "setupData": "AABAQAAAgEA=", "setup": {"instructions":
      [826889047, 2, 2, 0, 8194, 1, 0, 1, 2, 1, 8194, 0, 0, 1]}})");
  CHECK(placed.parameters[0].initial.at(0) == 4);
  CHECK(placed.parameters[1].initial.at(0) == 3);
  CHECK(world.build(R"({"layers": [1, 1], "setupData": [3, 4], "setup": null})").parameters[1].initial.at(0) == 4);
  CHECK(world.error_of(R"({"layers": [1, 1], "setupData": [3, 4], "setup": 7})").path() == "/setup");
}

TEST_CASE("ROOT-01 ROOT-02 ROOT-03 what the root leaves out is core, fp32 and no activation") {
  const World world;
  const Model model = world.parse(R"({"layers": [2, 1]})");
  CHECK(model.domain == "core");
  CHECK(model.type == DType::fp32);
  CHECK(world.build(R"({"layers": [2, 1]})").graph.nodes.size() == 2);  // a product and its bias, nothing behind
  CHECK(world.error_of("{}").reason() == "NOT_BUILT");
  // A domain of the program may have a type of its own. The root's goes before it, and without both there is none.
  define_domain(world.context, {.name = "wide", .default_data_type = "fp64"});
  define_domain(world.context, {.name = "bare"});
  const auto with = [](const std::string& root) { return "{" + root + R"(, "layers": [2, {"type": "core#neurons", "size": 1}]})"; };
  CHECK(world.parse(with(R"("domain": "wide")")).type == DType::fp64);
  CHECK(world.parse(with(R"("domain": "wide", "dataType": "fp16")")).type == DType::fp16);
  CHECK(world.parse(with(R"("domain": "bare", "dataType": "i8")")).type == DType::i8);
  const Error none = world.error_of(with(R"("domain": "bare")"));
  CHECK(none.reason() == "NO_DATATYPE");
  CHECK(none.path() == "/dataType");
}

TEST_CASE("ROOT-04 minMops is a hint that changes nothing") {
  const World world;
  const BuiltModel plain = world.build(R"({"layers": [2, 1]})");
  for (const char* mops : {"300", "0", "0.5"})
    CHECK(print(plain.graph) == print(world.build(R"({"minMops": )" + std::string(mops) + R"(, "layers": [2, 1]})").graph));
  for (const char* mops : {"-1", "\"300\"", "null"})
    CHECK(world.error_of(R"({"minMops": )" + std::string(mops) + R"(, "layers": [2, 1]})").path() == "/minMops");
}

TEST_CASE("ROOT-12 ROOT-13 the root's type is the default type of layers; old words name cells") {
  const World world;
  CHECK(world.parse(R"({"type": "GRU", "layers": [1, 2]})").layers[1].type == "gru");
  CHECK(world.parse(R"({"type": "NN", "timeStep": false, "layers": [1, 2]})").layers[1].type == "neurons");
  CHECK(world.host->lines[1] == "/timeStep: an old property, ignored");
  const BuiltModel built = world.build(R"({"type": "tanh", "layers": [3, {"meta": 0}]})");
  CHECK(built.graph.nodes.size() == 1);
  CHECK(world.parse(R"({"type": "GRU", "layers": [1, {"size": 2, "pipes": [3]}]})").layers[1].pipes[0].type == "gru");
}

TEST_CASE("A-21 a model without layers is inferred from the data") {
  const World world;
  const Model model = world.parse("{}");
  CHECK(model.layers.empty());
  const Model inferred = infer_layers(world.context, world.registry, model, 2, 1);
  REQUIRE(inferred.layers.size() == 3);
  CHECK(inferred.layers[1].size == Shape{3});
  CHECK(inferred.activation == "sigmoid");
  CHECK(infer_layers(world.context, world.registry, world.parse(R"({"activation": "tanh"})"), 20, 4).layers[1].size ==
        Shape{10});
}

TEST_CASE("flows back are read, and hidden inputs flow on behind the layer they are piped into") {
  const World world;
  const Model model = world.parse(
      R"({"layers": [{"name": "input", "size": 8}, 8, 10, {"size": 4, "pipes": [{"activation": "isrlu", "size": 16, "to": ["input", 1]}]}]})");
  REQUIRE(model.routes.size() == 7);
  CHECK(model.routes[1].hidden);
  CHECK(model.routes[1].target == 2);
  CHECK(model.routes[5].delayed);
  CHECK(model.routes[5].target == 1);
  CHECK(world.parse(R"({"layers": [8, 8]})").routes.size() == 2);
}

TEST_CASE("A-16 a flow to the same layer or an earlier one is for the next run, to a later one for this run") {
  const World world;
  const Model model = world.parse(R"({"layers": [2, {"name": "a", "size": 2, "to": [1, 0, 2, "p"]},
      {"size": 2, "pipes": [{"name": "p", "size": 1, "to": "p"}]}]})");
  std::vector<std::pair<int, bool>> flows;  // of layer 1 (id 2) and of the pipe (id 4)
  for (const Route& route : model.routes)
    if (route.source == 2 || route.source == 4) flows.emplace_back(route.target, route.delayed);
  CHECK(flows == std::vector<std::pair<int, bool>>{{2, true}, {1, true}, {3, false}, {4, false}, {4, true}});
}

TEST_CASE("A-13 a pipe with to on the last layer is no output; a model needs some output") {
  const World world;
  const Model model = world.parse(R"({"layers": [2, {"size": 1, "pipes": [{"size": 2, "to": 0}]}]})");
  int outputs = 0;
  for (const Route& route : model.routes) outputs += route.target == 0;
  CHECK(outputs == 1);
  CHECK(world.error_of(R"({"layers": [2, {"pipes": [{"size": 1, "to": []}]}]})").reason() == "NO_OUTPUT");
}

TEST_CASE("A-12 A-18 seed examples with pipes, history and nets are read whole") {
  const World world;
  const Model history = world.parse(R"({"dataType": "fp32", "activation": "tanh", "layers": [
      {"name": "input", "pipes": [{"name": "rgb", "size": 3, "history": 2, "historyTo": ["input"]}, {"name": "coordinates", "size": 2}]},
      {"connections": "all-to-all", "type": "gru", "size": 3}, 18, 3]})");
  CHECK_FALSE(history.layers[0].operates());
  CHECK(history.layers[0].pipes[0].history == 2);
  const Model nets = world.parse(R"({"activation": "relu", "layers": [8, 8,
      {"type": "net", "net": {"layers": [8, 8, 8], "setup": {"data": "", "instructions": ""}}}]})");
  REQUIRE(nets.layers[2].net);
  CHECK(nets.layers[2].net->layers.size() == 3);
  CHECK_NOTHROW(world.parse(R"({"layers": [{"type": "iterator", "steps": {"from": 9, "to": 0, "step": -1},
      "state": [{"name": "x", "pipeFrom": "noise"}], "net": {"layers": [{"name": "x_input", "pipeFrom": "x"},
      {"name": "t_input", "pipeFrom": "iterator:step"}, {"type": "neurons", "size": 3, "to": "x"}]}}]})"));
}

TEST_CASE("a million layers or pipes, and sizes that overflow, end quickly and before memory is taken") {
  const World world;
  const auto start = std::chrono::steady_clock::now();
  std::string numbers = "{\"layers\":[2", objects = "{\"layers\":[2", pipes = "{\"layers\":[2,{\"size\":2,\"pipes\":[1";
  for (int i = 0; i < 1'000'000; ++i) {
    numbers += ",2";
    objects += ",{\"size\":1}";
    pipes += ",1";
  }
  CHECK(world.error_of(numbers + "]}").code() == Code::limit_exceeded);
  CHECK(world.error_of(objects + "]}").code() == Code::limit_exceeded);
  CHECK(world.error_of(pipes + "]}]}").code() == Code::limit_exceeded);
  for (const char* text :
       {R"({"layers": [2, 1000000000000]})", R"({"layers": [1000000000000, 2]})", R"({"layers": [1000000, 1000000]})",
        R"({"layers": [1e300, 2]})", R"({"layers": [[1000000, 1000000, 1000000, 1000000], 2]})",
        R"({"layers": [[4, 4, 1], {"type": "conv2d", "filters": 9007199254740992, "kernelSize": 3}]})",
        R"({"layers": [[4, 4, 1], {"type": "conv2d", "filters": 1, "kernelSize": 9007199254740992}]})",
        R"({"layers": [40000, 40000, 40000, 40000, 40000]})"}) {
    INFO(text);
    const Error error = world.error_of(text);
    CHECK(error.code() == Code::limit_exceeded);
    CHECK(error.path().substr(0, 8) == "/layers/");
  }
  CHECK(world.host->largest < 1'000'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("parts of a model are counted over all layers and inner nets before any is read") {
  Context::Options options;
  options.limits.nodes = 20;
  const World world(options);
  const auto check = [&](const std::string& text, const std::string& path) {
    CAPTURE(text);
    const Error error = world.error_of(text);
    CHECK(error.code() == Code::limit_exceeded);
    CHECK(error.reason() == "NODES");
    CHECK(error.path() == path);
    CHECK(error.expected() == "at most 20");
  };
  check(R"({"layers": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]})", "/layers");
  check(R"({"layers": [1, {"size": 1, "pipes": [1,1,1,1,1,1,1,1,1,1]}, {"size": 1, "pipe": [1,1,1,1,1,1,1,1,1,1]}]})",
        "/layers/2/pipe");
  check(R"({"layers": [1, {"type": "net", "net": {"layers": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}}, {"type": "net", "net": {"layers": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}}]})",
        "/layers/2/net/layers");
  check(R"({"layers": [1, {"size": 1, "pipes": [{"type": "net", "net": {"layers": [1, {"size": 1, "pipes": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}]}}]}]})",
        "/layers/1/pipes/0/net/layers/1/pipes");
  check(R"({"layers": [1, {"size": 1, "to": [2,2,2,2,2,2,2,2,2,2,2]}, {"size": 1, "historyTo": [0,0,0,0,0,0,0,0,0,0]}]})",
        "/layers/2/historyTo");
  check(R"({"layers": [1, 1], "outputs": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]})", "/outputs");
  check(R"({"layers": [{"type": "iterator", "state": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}]})", "/layers/0/state");
}

TEST_CASE("thousands of layers build in a time that grows with their number, not its square") {
  const World world;
  std::string text = "{\"layers\":[1";
  for (int i = 0; i < 10'000; ++i) text += ",1";
  const double start = test::processor_seconds();
  CHECK(world.build(text + "]}").parameters.size() == 20'000);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // several times slower
  constexpr double bound = 20;
#else
  constexpr double bound = 5;
#endif
  CHECK(test::processor_seconds() - start < bound);
}

TEST_CASE("nets in nets end at a depth") {
  const World world;
  std::string text = R"({"layers": [1, 1]})";
  for (int i = 0; i < 70; ++i) text = R"({"layers": [1, {"type": "net", "net": )" + text + "}]}";
  CHECK(world.error_of(text).reason() == "NET_DEPTH");
}
