// Exports as JSON: nothing that a model computes may change with its spelling.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "../support/random_model.h"
#include "support/values.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

NeuralNetwork judged(const std::string& model) { return NeuralNetwork::from_json(model, {.device = "reference"}); }

Tensor random_input(const NeuralNetwork& net, test::RandomModel& random, std::size_t samples = 2) {
  std::vector<double> values(net.input_size() * samples);
  for (double& value : values) value = 3 * random.real();
  return Tensor::from(net.context(), net.data_type(), Shape{static_cast<std::int64_t>(values.size())}, values);
}

Tensor raw(NeuralNetwork& net, const Tensor& input) { return net.run(input, {.denormalize = false}).tensor(); }

const std::vector<ExportOptions>& forms() {
  static const std::vector<ExportOptions> all = {{},
                                                 {.setup_data_as = "array", .indent = true},
                                                 {.optimize = "pretty"},
                                                 {.optimize = "minify"},
                                                 {.setup_data_as = "array", .optimize = "minify", .keep_names = false}};
  return all;
}

std::string exported(const std::string& model, ExportOptions options) {
  options.setup_data_as = options.setup_data_as == "base64" ? "given" : options.setup_data_as;
  return judged(model).export_model(options);
}

Error refusal(const std::string& model, const std::string& from, const std::string& upto) {
  try {
    exported(model, {.from = from, .upto = upto});
  } catch (const Error& error) {
    return error;
  }
  FAIL("was split: " << model);
  return Error(Code::internal, "unreachable");
}

}  // namespace

TEST_CASE("EXP-04 minify leaves only what has to be said") {
  const auto minified = [](const std::string& model) { return exported(model, {.optimize = "minify"}); };
  CHECK(
      minified(
          R"({"domain": "core", "dataType": "fp32", "activation": null, "type": "neurons", "meta": {"x": 1}, "layers": [
    {"size": 2, "type": "input", "name": "in"}, {"size": [3], "name": "unused", "connections": "all-to-all", "weights": true},
    {"type": "layerNorm", "size": 3, "epsilon": 1e-3}, {"size": 1, "activation": null, "x-color": "red", "to": []}]})") ==
      R"({"webai":1,"layers":[{"name":"in","size":2},3,{"type":"layerNorm"},1]})");
  CHECK(
      minified(R"({"activation": "tanh", "layers": [[4, 4, 1],
    {"type": "conv2d", "filters": 2, "kernelSize": [3, 3], "strides": [1, 1], "padding": "valid", "activation": "tanh", "groups": 1},
    {"type": "flatten", "to": 3}, {"size": 2, "activation": null}]})") ==
      R"({"webai":1,"activation":"tanh","layers":[[4,4,1],{"type":"conv2d","filters":2,"kernelSize":3},{"type":"flatten"},)"
      R"({"size":2,"activation":null}]})");
  // What is usual is what the root says.
  CHECK(minified(R"({"type": "rnn", "layers": [2, {"type": "rnn", "size": 3}, {"type": "neurons", "size": 1}]})") ==
        R"({"webai":1,"type":"rnn","layers":[2,3,{"type":"neurons","size":1}]})");
}

TEST_CASE("EXP-04 minify drops what reaches no output, and numbers targets") {
  std::vector<std::pair<std::string, std::string>> renamed;
  NeuralNetwork net =
      judged(R"({"layers": [{"size": 2, "name": "eyes", "pipes": [{"size": 1, "name": "ears", "to": "late"}]},
    {"size": 3, "pipes": [{"size": 9, "name": "nobody", "to": []}, {"size": 1, "name": "short cut", "to": ["ghost", "out pipe"]}]},
    {"size": 2, "to": "late"}, {"size": 5, "name": "ghost", "to": []}, {"size": 2, "name": "late"},
    {"size": 1, "name": "answer", "pipes": [{"size": 1, "name": "out pipe"}]}]})");
  // What is gone would have moved the start of the rest, so that is written down.
  const auto without_data = [](const std::string& text) { return text.substr(0, text.find(R"(,"setup")")) + "}"; };
  const std::string text = net.export_model({.setup_data_as = "given", .optimize = "minify"}, &renamed);
  CHECK(
      without_data(text) ==
      R"({"webai":1,"layers":[{"name":"eyes","size":2,"pipes":[{"name":"ears","size":1,"to":3}]},)"
      R"({"size":3,"pipes":[{"size":1,"to":"out pipe"}]},2,2,{"name":"answer","size":1,"pipes":[{"name":"out pipe","size":1}]}]})");
  CHECK(renamed == std::vector<std::pair<std::string, std::string>>{
                       {"nobody", ""}, {"short cut", ""}, {"ghost", ""}, {"late", ""}});
  const std::string brief =
      net.export_model({.setup_data_as = "given", .optimize = "minify", .keep_names = false}, &renamed);
  CHECK(without_data(brief) == R"({"webai":1,"layers":[{"size":2,"pipes":[{"size":1,"to":3}]},)"
                 R"({"size":3,"pipes":[{"size":1,"to":"a"}]},2,2,{"size":1,"pipes":[{"name":"a","size":1}]}]})");
  CHECK(renamed.back() == std::pair<std::string, std::string>{"out pipe", "a"});
}

TEST_CASE("EXP-08 a short name that minify gives is none of those that it keeps") {
  for (const bool keep : {true, false}) {
    NeuralNetwork net = judged(R"({"layers": [{"name": "a", "size": 2}, {"name": "middle", "size": 2}, {"name": "b", "size": 1, "pipeFrom": "middle"}]})");
    NeuralNetwork again = judged(net.export_model({.optimize = "minify", .keep_names = keep}));
    CHECK(same_bits(again.run({0.5, -1}).tensor(), net.run({0.5, -1}).tensor()));
    CHECK((again.inputs()[0].name == "a") == keep);
  }
}

TEST_CASE("EXP-04 minify keeps what the net of an iterator calls by name or by number") {
  const auto pulling = [](const std::string& from) {
    return R"({"webai":1,"layers":[{"size":2,"to":[1,2]},{"size":3,"to":[]},2,{"name":"far away","size":3},{"type":"iterator","steps":2,)"
           R"("state":[{"name":"x","size":1}],"net":{"layers":[{"name":"given","size":3,"to":"next"},)"
           R"({"type":"tanh","pipeFrom":")" + from + R"(","to":"next"},{"name":"next","size":1,"to":"x"}]}}]})";
  };
  // A number means a layer of that net first, and the layer that leads nowhere counts.
  const std::string named = pulling("far away"), counted = pulling("3");
  CHECK(exported(named, {.optimize = "minify"}).find(R"("name":"far away")") != std::string::npos);
  CHECK(exported(counted, {.optimize = "minify"}).find(R"("to":[])") != std::string::npos);
  for (const std::string& model : {named, counted}) {
    NeuralNetwork net = judged(model), again = judged(net.export_model({.optimize = "minify"}));
    CHECK(same_bits(again.run({0.5, -1}).tensor(), net.run({0.5, -1}).tensor()));
  }
}

TEST_CASE("EXP-04 minify keeps where an input says that it goes, since its hidden inputs stand elsewhere without") {
  NeuralNetwork net = judged(R"({"layers": [{"name": "in", "size": 1, "to": ["out"], "pipes": [{"name": "back", "size": 1, "to": ["in"]}, {"name": "on", "size": 1}]},
      {"name": "out", "size": 1, "weights": [[1], [10], [100]], "bias": false}]})");
  NeuralNetwork again = judged(net.export_model({.optimize = "minify"}));
  for (const double expected : {301, 321})  // the pipe back arrives one run later
    for (NeuralNetwork* one : {&net, &again}) CHECK(one->run({1, 2, 3})[0] == expected);
  // Also where all that it goes to leads nowhere, and the layer that comes next pulls from it.
  NeuralNetwork pulled = judged(R"({"layers": [{"name": "in", "size": 1, "to": 1, "pipes": [{"name": "back", "size": 1, "to": ["in", "out"]}]}, {"size": 2, "to": []},
      {"name": "out", "pipeFrom": "in", "size": 1, "weights": [[1], [10], [100]], "bias": false}]})");
  NeuralNetwork shorter = judged(pulled.export_model({.optimize = "minify"}));
  for (const double expected : {201, 221})
    for (NeuralNetwork* one : {&pulled, &shorter}) CHECK(one->run({1, 2})[0] == expected);
}

TEST_CASE("EXP-04 minify keeps the net that holds the weights of others, even where it leads nowhere") {
  NeuralNetwork net = judged(R"({"layers": [2, {"size": 2, "pipes": [
      {"type": "net", "share": "w", "to": [], "net": {"layers": [2, 3]}}, {"type": "net", "share": "w", "net": {"layers": [2, 3]}}]}, 1]})");
  const std::string text = net.export_model({.optimize = "minify"});
  NeuralNetwork again = judged(text);
  CHECK(same_bits(again.run({0.5, -1}).tensor(), net.run({0.5, -1}).tensor()));
  CHECK(again.export_model({.optimize = "minify"}) == text);
}

TEST_CASE("A-23 EXP-04 a table that leads nowhere does not make places of the inputs of an integer model") {
  NeuralNetwork net = judged(R"({"dataType": "i16", "layers": [{"size": 2, "to": [1, 2]},
      {"type": "embedding", "inputDim": 3, "outputDim": 2, "to": []}, 1]})");
  NeuralNetwork again = judged(net.export_model({.optimize = "minify"}));
  const Tensor codes = Tensor::from(net.context(), DType::i16, Shape{2}, std::vector<double>{20000, -1});
  CHECK(same_bits(again.run(codes, {.denormalize = false}).tensor(), net.run(codes, {.denormalize = false}).tensor()));
}

TEST_CASE("EXP-05 pretty has all values in the layers") {
  NeuralNetwork net =
      judged(R"({"layers": [2, 1, {"size": 1, "bias": [7]}], "setup": {"data": [1, 2, 3, 4], "x-tool": 1}})");
  const std::string text = net.export_model({.optimize = "pretty"});
  CHECK(
      read_json(text, net.context().limits()) ==
      read_json(
          R"({"layers": [2, {"size": 1, "weights": [[1], [2]], "bias": [3]}, {"size": 1, "bias": [7], "weights": [[4]]}],
                      "setup": {"x-tool": 1}, "webai": 1})",
          net.context().limits()));
  // Those of pipes too.
  NeuralNetwork piped = judged(R"({"layers": [2, {"size": 1, "pipes": [1, {"size": 1, "bias": false}]}], "setup": {"data": [1, 2, 3, 4, 5, 6, 7, 8]}})");
  CHECK(read_json(piped.export_model({.optimize = "pretty"}), net.context().limits()) ==
        read_json(R"({"layers": [2, {"size": 1, "pipes": [{"size": 1, "weights": [[4], [5]], "bias": [6]}, {"size": 1, "bias": false, "weights": [[7], [8]]}],
                      "weights": [[1], [2]], "bias": [3]}], "webai": 1})", net.context().limits()));
}

TEST_CASE("A-50 the parts of a model in a row compute what the whole does") {
  const std::string c = GENERATE("\"c\"", "3");  // an index moves with the layers
  const std::string model =
      R"({"activation": "tanh", "seed": 3, "layers": [{"size": 3, "name": "in"}, {"size": 4, "name": "a"},
    {"size": 2, "name": "b", "pipes": [{"size": 2, "to": [)" +
      c + R"(]}, 3]}, {"size": 5, "name": "c"}, 2],
    "io": {"input": {"normalize": {"type": "rescale-linear", "from": [0, 2], "to": [0, 1]}},
           "output": {"denormalize": {"type": "one-hot-to-label", "labels": ["yes", "no"]}}}})";
  NeuralNetwork net = judged(model);
  test::RandomModel random(7);
  const Tensor input = random_input(net, random, 1);
  const Tensor wanted = raw(net, input);
  for (const std::string optimize : {"", "pretty", "minify"})
    for (const auto& [end, begin] :
         {std::pair<std::string, std::string>{"in", "a"}, {"a", "b"}, {"2", "3"}, {"c", "4"}}) {
      NeuralNetwork front = judged(net.export_model({.optimize = optimize, .upto = end}));
      NeuralNetwork back = judged(net.export_model({.optimize = optimize, .from = begin}));
      CHECK(same_bits(raw(back, raw(front, input)), wanted));
    }
  NeuralNetwork middle = judged(net.export_model({.from = "a", .upto = "b"}));
  CHECK(middle.input_size() == 3);
  CHECK(middle.output_size() == 7);
  CHECK(middle.labels().empty());
}

TEST_CASE("A-50 a part of images takes an input of the cut tensor's dimensions") {
  NeuralNetwork net = judged(R"({"layers": [[6, 6, 1], {"type": "conv2d", "filters": 2, "kernelSize": 3},
    {"type": "maxPool2d"}, {"type": "flatten"}, 3]})");
  CHECK(judged(net.export_model({.from = "2"})).input_shape() == Shape{4, 4, 2});
  CHECK(judged(net.export_model({.from = "4", .upto = "4"})).input_shape() == Shape{8});
}

TEST_CASE("ERR-14 what crosses a cut beside the main flow is listed") {
  const std::string model =
      R"({"layers": [2, {"size": 2, "pipes": [{"size": 1, "name": "skip", "to": "end"}]}, 3, {"size": 1, "name": "end"}]})";
  const Error error = refusal(model, "0", "1");
  CHECK(error.code() == Code::invalid_argument);
  CHECK(error.reason() == "SPLIT");
  CHECK(error.path() == "/layers/1/pipes/0/to");
  CHECK_THAT(error.what(), Catch::Contains("\"skip\" -> \"end\" crosses the cut"));
  CHECK(refusal(model, "2", "").reason() == "SPLIT");
  CHECK(refusal(model, "2", "2").reason() == "SPLIT");
  CHECK(refusal(model, "3", "1").reason() == "SPLIT");
  // So does history, beside what its layer gives to the next one.
  const std::string remembers = R"({"layers": [2, {"name": "h", "size": 2, "history": 1}, 3, 1]})";
  for (const auto& [from, upto] : {std::pair{"0", "1"}, {"2", ""}}) {
    const Error history = refusal(remembers, from, upto);
    CHECK(history.reason() == "SPLIT");
    CHECK(history.path() == "/layers/1");
    CHECK_THAT(history.what(), Catch::Contains("\"h\" -> \"2\" (history) crosses the cut"));
  }
  CHECK(refusal(model, "9", "").reason() == "LAYER");
  CHECK(refusal(model, "ned", "").hint() == "did you mean \"end\"?");
}

TEST_CASE("EX-23 from input to output is the whole model, whether its layers are called so or not") {
  NeuralNetwork net = judged(R"({"layers": [2, {"size": 3, "activation": "tanh"}, 1]})");
  const auto part = [&](const char* from, const char* to) {
    return judged(net.export_model(export_options_from_json(
        Context::system(), R"({"setupDataAs": "base64", "optimize": "minify", "layers": {"from": ")" + std::string(from) + R"(", "to": ")" + to + "\"}}")));
  };
  CHECK(same_bits(part("input", "output").run({0.5, -1}).tensor(), net.run({0.5, -1}).tensor()));
  CHECK(part("input", "1").output_size() == 3);
  CHECK(part("2", "output").input_size() == 3);
  // Each option counts, also where the others are given.
  NeuralNetwork spoken = NeuralNetwork::from_json(R"({"layers": [2, {"size": 3, "label": "hidden"}, 1]})");
  const auto exported = [&](const std::string& options) {
    return spoken.export_model(
        export_options_from_json(Context::system(), "{" + options + R"("layers": {"from": "input", "to": 2}})"));
  };
  CHECK(exported("").find("hidden") != std::string::npos);
  CHECK(exported(R"("optimize": "minify", )").find("hidden") == std::string::npos);
  CHECK(exported(R"("optimize": "pretty", )").find('\n') != std::string::npos);
  const auto data = [&](const std::string& form) {
    return exported(R"("optimize": "minify", "setupDataAs": ")" + form + "\", ").find("\"data\":\"") != std::string::npos;
  };
  CHECK(data("base64"));
  CHECK_FALSE(data("array"));
}

TEST_CASE("EX-23 export options read as JSON, with the nearest name for a wrong one") {
  const ExportOptions options = export_options_from_json(
      Context::system(), R"({"setupDataAs": "base64", "optimize": "minify", "layers": {"from": "input", "to": 2}})");
  CHECK(options.optimize == "minify");
  CHECK(export_options_from_json(Context::system(), R"({"dataTypeAs": "array"})").setup_data_as == "array");  // its old name
  CHECK(options.from == "input");
  CHECK(options.upto == "2");
  const auto fails = [](const char* text) {
    try {
      export_options_from_json(Context::system(), text);
    } catch (const Error& error) {
      return error.hint() + error.reason();
    }
    return std::string();
  };
  CHECK(fails(R"({"dataTypeAs": "array", "setupDataAs": "base64"})") == "leave \"dataTypeAs\" outALIAS_CONFLICT");
  CHECK(fails(R"({"optimise": "minify"})") == "did you mean \"optimize\"?OPTION_UNKNOWN");
  CHECK(fails(R"({"layers": {"form": 1}})") == "did you mean \"layers.from\"?OPTION_UNKNOWN");
  CHECK(fails(R"({"layers": {"from": -1}})") == "docs/exports.md has a table of the optionsOPTION");
  CHECK(fails(R"({"to": 7})") == "docs/exports.md has a table of the optionsOPTION");
  CHECK_THROWS_AS(judged("{\"layers\": [1, 1]}").export_model({.optimize = "smallest"}), Error);
  CHECK_THROWS_AS(judged("{\"layers\": [1, 1]}").export_model({.to = "poem"}), Error);
}

TEST_CASE("A-51 pulls, outputs by name, ends of pipes, histories and cells keep their meaning in every spelling") {
  for (
      const std::string model : {
          R"({"layers": [{"size": 2, "name": "in"}, {"size": 3, "name": "gone"}, {"size": 1, "name": "b", "pipeFrom": "in"},
               {"size": 1, "name": "c", "bias": {"pipeFrom": "b"}}]})",
          R"({"layers": [2, {"size": 3, "name": "a"}, {"size": 2, "pipeFrom": "1", "name": "b"}, {"size": 9, "pipeFrom": "0"}],
               "outputs": [{"name": "left", "pipeFrom": "b"}, {"name": "right", "pipeFrom": "1"}]})",
          R"({"layers": [2, {"size": 2, "pipes": [{"size": 3, "to": "shift"}, {"size": 3, "to": "net.bias"}]}, {"size": 3, "bias": "shift"},
               {"size": 3, "name": "net"}, 1]})",
          R"({"activation": null, "layers": [2, {"type": "rnn", "size": 2}, {"type": "lstm", "size": 2, "activation": "tanh"}, 1]})",
          R"({"layers": [2, {"size": 2, "history": 2, "to": [3, 1]}, {"type": "tanh", "pipeFrom": "0", "to": []},
               {"size": 1, "history": 1, "historyTo": 1}]})",
          R"({"layers": [2, {"size": 2, "history": 1, "historyTo": 2, "to": 3}, {"size": 2, "to": [3]}, {"size": 1, "history": 2}]})",
          R"({"seed": 7, "layers": [2, {"type": "iterator", "steps": {"from": 2, "to": 0, "step": -1}, "state": [{"name": "x", "pipeFrom": "0"}],
               "net": {"layers": [{"pipeFrom": "x"}, {"size": 2, "to": "e"}, {"type": "ddpmUpdateStep", "noise": "e", "to": "x"}]}}, 1]})",
          R"({"layers": [2, 2, {"size": 3, "type": "input", "name": "late", "pipes": [2]}, {"size": 2, "name": "end", "pipes": [{"size": 1, "to": "end"}, 2]}]})"}) {
    INFO(model);
    try {
      NeuralNetwork net = judged(model);
      test::RandomModel random(3);
      const Tensor input = random_input(net, random);
      const Tensor first = raw(net, input), second = raw(net, input);
      for (const ExportOptions& form : forms()) {
        NeuralNetwork again = judged(net.export_model(form));
        INFO(net.export_model(form));
        CHECK(same_bits(raw(again, input), first));
        CHECK(same_bits(raw(again, input), second));
      }
    } catch (const Error& error) {
      FAIL(error.what());
    }
  }
}

TEST_CASE("A-50 pulls move with their layers, and delayed flows and histories may not cross") {
  NeuralNetwork net = judged(
      R"({"layers": [2, {"size": 3, "name": "a"}, {"size": 2, "pipeFrom": "a"}, {"size": 1, "pipeFrom": "2"}]})");
  test::RandomModel random(8);
  const Tensor input = random_input(net, random, 1);
  NeuralNetwork front = judged(net.export_model({.upto = "a"})), back = judged(net.export_model({.from = "2"}));
  CHECK(same_bits(raw(back, raw(front, input)), raw(net, input)));
  CHECK_THAT(
      refusal(R"({"layers": [2, {"size": 2, "name": "a"}, {"size": 2, "name": "b", "to": [3, "a"]}, 1]})", "", "1")
          .what(),
      Catch::Contains("\"b\" -> \"a\" (delivered in the next run) crosses the cut"));
  CHECK_THAT(refusal(R"({"layers": [2, {"size": 2, "name": "a", "history": 1}, 2]})", "", "1").what(),
             Catch::Contains("(history) crosses the cut"));
}

TEST_CASE("EXP-04 EXP-08 what starts by chance starts the same when it is minified, or a part") {
  NeuralNetwork net = judged(R"({"layers": [3, {"size": 4, "pipes": [{"name": "unused", "size": 9, "to": []}]}, {"size": 2, "activation": "tanh"}]})");
  const std::string brief = net.export_model({.setup_data_as = "given", .optimize = "minify"});
  CHECK(brief.find("unused") == std::string::npos);
  CHECK(same_bits(judged(brief).run({0.3, -0.4, 0.5}).tensor(), net.run({0.3, -0.4, 0.5}).tensor()));
  // Where nothing moves, nothing has to be written.
  CHECK(judged(R"({"layers": [3, 4, 2]})").export_model({.setup_data_as = "given", .optimize = "minify"}) == R"({"webai":1,"layers":[3,4,2]})");
  NeuralNetwork part = judged(net.export_model({.setup_data_as = "given", .from = "2", .upto = "2"}));
  CHECK(part.parameters()[0].second.span<float>()[0] == net.parameters().end()[-2].second.span<float>()[0]);
}

TEST_CASE("EXP-04 EXP-08 an open length alone stays an array when it is minified") {
  for (const char* layer : {R"([null])", R"({"size": [null]})", R"({"name": "s", "size": [null]})"}) {
    CAPTURE(layer);
    NeuralNetwork net = judged(R"({"layers": [)" + std::string(layer) + R"(, {"type": "recurrent", "cell": "gru", "units": 1}]})");
    NeuralNetwork again = judged(net.export_model({.optimize = "minify"}));
    const Tensor input = Tensor::from(net.context(), DType::fp32, Shape{1, 3}, std::vector<double>{1, -0.5, 2});
    CHECK(again.run(input)[0] == net.run(input)[0]);
  }
}

TEST_CASE("EXP-06 A-50 a part that begins behind the first of nets that share has the weights of that one") {
  const std::string net = R"("type": "net", "share": "s", "net": {"layers": [2, 2]})";
  NeuralNetwork whole = judged("{\"layers\": [2, {\"name\": \"a\", " + net + "}, {\"name\": \"b\", " + net + "}, {\"name\": \"c\", " + net + "}]}");
  NeuralNetwork first = judged(whole.export_model({.from = "0", .upto = "a"}));
  for (const char* form : {"", "pretty", "minify"})
    for (const char* last : {"b", "c"}) {
      CAPTURE(form, last);
      NeuralNetwork part = judged(whole.export_model({.optimize = form, .from = "b", .upto = last}));
      std::vector<double> values = first.run(first.run({1, -2}).values()).values();
      if (*last == 'c') values = first.run(values).values();
      CHECK(part.run(first.run({1, -2}).values()).values() == values);
    }
}

TEST_CASE("EXP-04 EXP-08 A-40 a net that stays one keeps its setup.data, and the weights that stand in its layers") {
  const std::string inner = R"({"layers": [1, {"size": 1, "weights": [2]}, {"type": "dropout"}], "setup": {"data": [3]}})";
  for (const std::string& net : {R"({"type": "net", "net": )" + inner + "}", R"({"type": "net", "share": "s", "net": )" + inner + "}",
                                 R"({"type": "net", "net": {"layers": [1, {"type": "net", "net": )" + inner + R"(}, {"size": 1, "weights": [5], "bias": false}, {"type": "dropout"}]}})"}) {
    NeuralNetwork whole = judged(R"({"layers": [1, )" + net + ", 1]}");
    for (const ExportOptions& form : forms()) {
      const std::string text = whole.export_model(form);
      CAPTURE(text);
      NeuralNetwork again = judged(text);
      CHECK(again.run({4})[0] == whole.run({4})[0]);
      if (!form.optimize.empty()) CHECK(again.export_model(form) == text);
    }
  }
}

TEST_CASE("EXP-02 weights as given are those of now, wherever they stand") {
  const std::string model = R"({"layers": [2, {"type": "net", "net": {"layers": [2, 2], "setup": {"data": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}}}, {"size": 1, "weights": [[1], [1]], "bias": [0.5]}]})";
  NeuralNetwork net = judged(model);
  for (const char* form : {"", "pretty", "minify"}) CHECK(judged(net.export_model({.setup_data_as = "given", .optimize = form})).run({1, 2})[0] == net.run({1, 2})[0]);
  net.train(Dataset::from({{{1, 2}, {-3}}, {{-1, 0.5}, {2}}}), {.max_iterations = 3});
  for (const char* form : {"", "pretty", "minify"}) {
    CAPTURE(form);
    const std::string text = net.export_model({.setup_data_as = "given", .optimize = form});
    CHECK(judged(text).run({1, 2})[0] == net.run({1, 2})[0]);
    CHECK(text.find("[0.1,") == std::string::npos);
  }
}

TEST_CASE("EXP-08 A-62 labels that io names are kept where other names are not") {
  NeuralNetwork net = judged(R"({"io": {"input": {"in/0": {"normalize": "round"}}, "output": {"o": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 10]}}}},
      "layers": [{"label": "in/0", "size": 1}, {"type": "identity", "label": "o"}]})");
  CHECK(judged(net.export_model({.optimize = "minify", .keep_names = false})).run({1.7})[0] == 20);
}
