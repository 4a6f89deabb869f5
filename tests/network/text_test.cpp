// Texts in and out: vocabularies, embeddings, inputs by name, streams of runs.
#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "network/finite_differences.h"
#include "network/seeded.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "support/values.h"
#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

// Gives its inputs one after the other: image (3), coordinates (2), and 6 values without a name, of which 4 are the layer's.
const std::string mixed = R"({"layers": [{"type": "input", "size": 4, "pipes": [
    {"type": "input", "name": "imageData", "size": 3, "label": "image:0"}, {"type": "input", "name": "coordinates", "size": 2},
    {"type": "input", "size": 2}]}, {"type": "identity"}]})";

// Foretells the next of the letters a, b, c that go round.
std::string rounds(const std::string& first_layers) {
  return R"({"layers": [)" + first_layers + R"(, {"type": "gru", "size": 8}, {"type": "neurons", "size": 3, "activation": "softmax"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc")" +
         (first_layers.find("embedding") == std::string::npos ? R"(, "oneHot": true)" : "") + R"(}}, "output": {"denormalize": "lookup"}}})";
}
const std::string embedded = R"({"type": "input", "size": 1}, {"type": "embedding", "outputDim": 4})";

std::string said(RunStream stream) {
  std::string text;
  for (const StreamItem& item : stream) text += item.token;
  return text;
}

}  // namespace

TEST_CASE("EX-21 IO-06 a mixed value: objects name inputs, all else goes to the others in order of appearance") {
  NeuralNetwork net = make(mixed);
  const Tensor input = net.input_of(parsed("[{\"imageData\": [1, [2, 3]], \"coordinates\": [7, 8]}, [0.1, 0.2, [0.3]], 0.4, 0.5, 0.6]"));
  CHECK(as_numbers(net.run(input)).size() == 11);
  std::map<std::string, Row> by_name;
  std::size_t at = 0;
  for (const PortInfo& port : net.inputs())
    for (std::int64_t i = 0; i < port.shape.elements(); ++i) by_name[port.name].push_back(input.at(at++));
  CHECK(by_name["imageData"] == Row{1, 2, 3});
  CHECK(by_name["coordinates"] == Row{7, 8});
  Row others;
  for (const PortInfo& port : net.inputs())
    if (port.name != "imageData" && port.name != "coordinates") others.insert(others.end(), by_name[port.name].begin(), by_name[port.name].end());
  CHECK(others == Row{0.1, 0.2, 0.3, 0.4, 0.5, 0.6});
  // Names may stand anywhere, and texts are dealt out where they appear.
  CHECK(as_numbers(net.input_of(parsed(R"([0.1, {"coordinates": [7, 8]}, [[0.2, [0.3]], {"imageData": [1, [2, 3]]}], 0.4, 0.5, 0.6])"))) ==
        as_numbers(input));
  CHECK(InputValues::is_needed_for(parsed(R"([0.1, [0.2, {"coordinates": [7, 8]}]])")));
  CHECK_FALSE(InputValues::is_needed_for(parsed("[0.1, [0.2, true]]")));
  NeuralNetwork words = make(R"({"layers": [{"pipes": [{"name": "first", "size": 1}, {"name": "word", "size": 2}, {"name": "last", "size": 1}]},
      {"type": "identity"}], "io": {"input": {"word": {"normalize": {"type": "lookup", "vocabulary": "abc"}}}}})");
  CHECK(as_numbers(words.input_of(parsed(R"([5, "cb", 7])"))) == Row{5, 2, 1, 7});
  CHECK(as_numbers(words.input_of(parsed(R"([[5], ["cb", [7, 6]], "aa", 8])"))) == Row{5, 2, 1, 7, 6, 0, 0, 8});
}

TEST_CASE("IO-05 A-62 inputs by name or label: unknown names, values that are missing, too many, twice or inside another") {
  NeuralNetwork net = make(mixed);
  const auto fails = [&](std::string_view text) { return error_of([&] { net.input_of(parsed(text)); }); };
  const Error unknown = fails(R"({"imageDta": [1, 2, 3]})");
  CHECK(unknown.code() == Code::not_found);
  CHECK(unknown.details().reason == "INPUT_UNKNOWN");
  CHECK(unknown.details().hint == "did you mean \"imageData\"?");
  const Error missing = fails(R"([{"coordinates": [1, 2]}, 1, 2, 3, 4, 5, 6])");
  CHECK(missing.details().reason == "INPUT_SIZE");  // the unnamed values begin with the image
  const Error absent = fails(R"({"coordinates": [1, 2], "image:0": [1, 2, 3]})");
  CHECK(absent.details().reason == "INPUT_MISSING");
  CHECK(fails(R"([{"imageData": [1, 2]}, 1, 2, 3, 4, 5, 6, 7, 8])").details().path == "imageData");
  CHECK(fails(R"([{"imageData": [1, 2, 3]}, {"image:0": [1, 2, 3]}])").details().reason == "INPUT_TWICE");
  CHECK(fails(R"({"imageData": {"coordinates": [1, 2]}})").details().reason == "INPUT_NESTED");
  CHECK(fails(R"([{"imageData": [1, 2, 3]}, "text", 1])").details().reason == "INPUT_TEXT");
  CHECK(fails(R"([null])").details().reason == "INPUT_NULL");
  const Error labelled = fails(R"([{"imageData": [1], "coordinates": [1, 2]}, 1, 2, 3, 4, 5, 6])");
  CHECK(std::string(labelled.what()).find("image:0") != std::string::npos);  // errors show the label
  // Of one input the name has to be right, too; where it has none of its own it is called "input".
  CHECK(error_of([&] { make(R"({"layers": [{"name": "x", "size": 2}, 1]})").input_of(parsed(R"({"y": [1, 2]})")); }).details().reason == "INPUT_UNKNOWN");
  CHECK(error_of([&] { make(R"({"layers": [2, 1]})").input_of(parsed(R"({"inptu": [1, 2]})")); }).details().hint == "did you mean \"input\"?");
  CHECK(as_numbers(make(R"({"layers": [2, 1]})").input_of(parsed(R"({"input": [1, 2]})"))) == Row{1, 2});
  // Several samples: as many for each input.
  const Tensor two = net.input_of(parsed(R"([{"image:0": [[1, 2, 3], [4, 5, 6]], "coordinates": [1, 2, 3, 4]}, [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]])"));
  CHECK(two.shape() == Shape{2, 11});
  CHECK(fails(R"([{"imageData": [1, 2, 3, 4, 5, 6], "coordinates": [1, 2]}, 1, 2, 3, 4, 5, 6])").details().reason == "INPUT_SIZE");
}

TEST_CASE("IO-13 lookup: characters, words, the longest piece, unknown ones, and what an error names") {
  const auto net = [](const std::string& lookup, int size) {
    return make(R"({"layers": [{"type": "input", "size": )" + std::to_string(size) + R"(}, {"type": "identity"}],
      "io": {"input": {"normalize": {"type": "lookup", )" + lookup + "}}}}");
  };
  const auto tokens = [&](const std::string& lookup, const std::string& text) {
    return as_numbers(net(lookup, 1).input_of(Json::text(text)));
  };
  CHECK(tokens(R"("vocabulary": "abé ")", "é ba") == Row{2, 3, 1, 0});
  CHECK(tokens(R"("vocabulary": ["a", "b", "ab"], "level": "character")", "abba") == Row{2, 1, 0});
  CHECK(tokens(R"("vocabulary": ["the", "cat", "sat", "."])", " the  cat sat. ") == Row{0, 1, 2, 3});
  CHECK(tokens(R"("vocabulary": ["the", "cat", "?"], "unknown": "?")", "the dog") == Row{0, 2});
  const Error unmapped = error_of([&] { tokens(R"("vocabulary": "abc")", "abcüa"); });
  CHECK(unmapped.details().reason == "TEXT_UNMAPPED");
  CHECK(unmapped.details().actual == "ü");
  CHECK(unmapped.details().path == "/io/input/normalize");
  CHECK(error_of([&] { tokens(R"("vocabulary": ["the", "cat"])", "the cta"); }).details().hint == "did you mean \"cat\"?");
  // Too short a text is filled up in front where there is something to fill it with.
  NeuralNetwork three = net(R"("vocabulary": "_abc", "padding": "_")", 3);
  CHECK(as_numbers(three.run(three.input_of(Json::text("ab")))) == Row{0, 1, 2});
  NeuralNetwork strict = net(R"("vocabulary": "abc")", 3);
  CHECK(error_of([&] { strict.input_of(Json::text("ab")); }).details().reason == "INPUT_SIZE");
}

TEST_CASE("IO-13 lookup one-hot, labels on inputs, bits: one number in makes several") {
  NeuralNetwork hot = make(R"({"layers": [{"type": "input", "size": [2, 3]}, {"type": "identity"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}}}})");
  CHECK(hot.input_size() == 2);
  CHECK(as_numbers(hot.run(hot.input_of(Json::text("ca")))) == Row{0, 0, 1, 1, 0, 0});
  CHECK(as_numbers(hot.run({1, 2})) == Row{0, 1, 0, 0, 0, 1});
  CHECK(as_numbers(hot.run({1, 2, 3, 4, 5, 6}, {.normalize = false})) == Row{1, 2, 3, 4, 5, 6});
  NeuralNetwork label = make(R"({"layers": [{"type": "input", "size": 2}, {"type": "identity"}],
    "io": {"input": {"normalize": {"type": "label-to-one-hot", "labels": ["cat", "dog"]}}}})");
  CHECK(as_numbers(label.run(label.input_of(Json::text("dog")))) == Row{0, 1});
  NeuralNetwork bits = make(R"({"layers": [{"type": "input", "size": 4}, {"type": "identity"}],
    "io": {"input": {"normalize": {"type": "bits", "count": 4}}, "output": {"denormalize": {"type": "bits", "count": 4}}}})");
  CHECK(bits.input_size() == 1);
  CHECK(as_numbers(bits.run({11}, {.denormalize = false})) == Row{1, 0, 1, 1});
  CHECK(as_numbers(bits.run({11})) == Row{11});
  CHECK(as_numbers(bits.run({11, 6, 0})) == Row{11, 6, 0});
}

TEST_CASE("IO-13 bits are learned from numbers, which are no classes") {
  NeuralNetwork net = make(R"({"layers": [{"type": "input", "size": 3}, {"size": 3, "activation": "sigmoid"}],
    "io": {"input": {"normalize": {"type": "bits", "count": 3}}, "output": {"denormalize": {"type": "bits", "count": 3}}}})");
  std::vector<Example> examples;
  for (int i = 0; i < 8; ++i) examples.push_back({{double(i)}, {double(7 - i)}});
  net.train(Dataset::from(examples), R"({"optimizer": "adam", "learningRate": 0.1, "maxIterations": 200})");
  CHECK(as_numbers(net.run({0, 1, 2, 3, 4, 5, 6, 7})) == Row{7, 6, 5, 4, 3, 2, 1, 0});
  // What has no such digits is not cut off.
  for (const double wrong : {8.0, -1.0, 2.5}) {
    const Error error = error_of([&] { net.verify(Dataset::from(std::vector<Example>{{{1}, {wrong}}})); });
    CHECK(error.reason() == "IO_RANGE");
    CHECK(error.expected() == "a whole number from 0 to 7");
  }
  DataEncoder encoder(net);
  encoder.push(Json::number(5), Json::number(2));
  CHECK(as_numbers(encoder.pull()) == Row{3, 5, 2});
}

TEST_CASE("IO-13 what is wrong with a lookup, bits, a chain") {
  const auto reason = [](const std::string& io) {
    return error_of([&] { make(R"({"layers": [{"type": "input", "size": 3}, {"type": "identity"}], "io": )" + io + "}"); }).details().reason;
  };
  const auto input = [&](const std::string& step) { return reason(R"({"input": {"normalize": )" + step + "}}"); };
  CHECK(input(R"({"type": "lookup"})") == "IO_VOCABULARY");
  CHECK(input(R"({"type": "lookup", "vocabulary": "aba"})") == "IO_VOCABULARY");
  CHECK(input(R"({"type": "lookup", "vocabulary": ["a", ""]})") == "PROPERTY_VALUE");
  CHECK(input(R"({"type": "lookup", "vocabulary": []})") == "PROPERTY_VALUE");
  CHECK(input(R"({"type": "lookup", "vocabulary": "ab", "unknown": "c"})") == "PROPERTY_VALUE");
  CHECK(input(R"({"type": "lookup", "vocabulary": "ab", "level": "letter"})") == "PROPERTY_VALUE");
  CHECK(input(R"({"type": "lookup", "vocabulary": "ab", "onehot": true})") == "UNKNOWN_PROPERTY");
  CHECK(input(R"({"type": "lookup", "vocabulary": "ab", "oneHot": true})") == "IO_SIZE");
  CHECK(input(R"(["round", {"type": "lookup", "vocabulary": "ab"}])") == "IO_TYPE");
  CHECK(input(R"({"type": "bits", "count": 99})") == "PROPERTY_VALUE");
  CHECK(input(R"({"type": "chain", "steps": [{"type": "bits", "count": 3}, {"type": "bits", "count": 3}]})") == "IO_TYPE");
  CHECK(input(R"({"type": "chain"})") == "IO_TYPE");
  CHECK(reason(R"({"output": {"denormalize": "lookup"}})") == "IO_VOCABULARY");
}

TEST_CASE("A-29 io rules by the name of an input or output, of which there may be several, or only one") {
  NeuralNetwork net = make(R"({"layers": [{"type": "input", "name": "a", "size": 1, "pipes": [{"type": "input", "name": "b", "size": 1}]},
      {"type": "identity", "name": "sum"}],
    "outputs": [{"name": "x", "pipeFrom": "a"}, {"name": "y", "pipeFrom": "b"}],
    "io": {"input": {"a": {"normalize": {"type": "rescale-linear", "from": [0, 10], "to": [0, 1]}}},
           "output": {"y": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 100]}}}}})");
  CHECK(as_numbers(net.run({5, 2})) == Row{0.5, 200});
  NeuralNetwork one = make(R"({"layers": [1, {"type": "identity", "name": "answer"}],
    "io": {"output": {"answer": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 100]}}}}})");
  CHECK(as_numbers(one.run({0.5})) == Row{50});
}

TEST_CASE("A-68 an embedding is a table of rows that learns, in front of a memory as well") {
  NeuralNetwork net = make(R"({"layers": [{"type": "input", "size": 2}, {"type": "embedding", "inputDim": 3, "outputDim": 2,
    "weights": [[1, 2], [3, 4], [5, 6]]}]})");
  CHECK(as_numbers(net.run({2, 0})) == Row{5, 6, 1, 2});
  CHECK(net.output_shape() == Shape{2, 2});
  CHECK(as_numbers(net.run({7, 1})) == Row{5, 6, 3, 4});  // past the end: the last row
  const std::string missing = R"({"layers": [1, {"type": "embedding", "outputDim": 2}]})";
  CHECK(error_of([&] { make(missing); }).details().reason == "PROPERTY_MISSING");
  CHECK(error_of([] { make(R"({"dataType": "fp16", "layers": [1, {"type": "embedding", "inputDim": 3000, "outputDim": 2}]})"); }).details().reason ==
        "EMBEDDING_RANGE");
}

TEST_CASE("A-68 a network learns a text, foretells it, and says it on") {
  const bool hot = GENERATE(false, true);
  NeuralNetwork net = make(rounds(hot ? R"({"type": "input", "size": 3})" : embedded));
  const Dataset text = Dataset::text("abcabcabcabcabcabcabc", 2);
  CHECK(text.describe() == "texts, to be read by a network");
  const TrainInfo info = net.train(text, R"({"optimizer": "adam", "learningRate": 0.02, "maxIterations": 150})");
  CHECK(info.error < 0.1);
  CHECK(net.verify(text).accuracy.value() > 0.9);
  net.reset();
  CHECK(said(net.run_stream(Json::text("ab"), {.generate = GenerateOptions{.steps = 7, .temperature = 0}})) == "cabcabc");
  net.reset();
  CHECK(said(net.run_stream(Json::text("ab"), {.generate = GenerateOptions{.temperature = 0, .until = {"bc"}}})) == "cabc");
}

TEST_CASE("RUN-02 a stream gives a step of the sequence at a time, and the memory goes on with it") {
  NeuralNetwork net = make(R"({"layers": [1, {"name": "sum", "size": 1, "weights": [1, 1], "bias": false, "to": ["sum", 2]}, {"type": "identity"}]})");
  RunStream stream = net.run_stream(parsed("[1, 2, 4]"), {});
  CHECK(stream.next()->output[0] == 1);
  CHECK(stream.next()->output[0] == 3);
  const std::string state = net.get_internal_state();
  const auto last = stream.next();
  REQUIRE(last);
  CHECK(last->step == 2);
  CHECK(last->output[0] == 7);
  CHECK_FALSE(stream.next());
  CHECK_FALSE(stream.next());
  net.set_internal_state(state);
  CHECK(net.run({4})[0] == 7);
  net.reset();
  RunStream closed = net.run_stream(parsed("[1, 2, 4]"), {});
  closed.next();
  closed.close();
  CHECK_FALSE(closed.next());
  CHECK(net.run({4})[0] == 5);
}

TEST_CASE("RUN-02 a stream gives each step of the iterator that the output comes from, for each sample") {
  const auto iterator = [](int steps) {
    return R"({"dataType": "fp64", "layers": [{"name": "in", "size": 2}, {"type": "iterator", "steps": )" + std::to_string(steps) + R"(,
      "state": [{"name": "x", "pipeFrom": "in"}, {"name": "y", "size": 1}],
      "net": {"layers": [{"pipeFrom": "x"}, {"name": "next", "size": 2, "activation": "tanh", "to": ["x", "sum"]}, {"name": "sum", "size": 1, "to": "y"}]}}]})";
  };
  NeuralNetwork net = make(iterator(3));
  std::vector<Row> given;
  for (const StreamItem& item : net.run_stream(parsed("[1, 2, 3, 4]"), {})) {
    CHECK(item.step == given.size());
    given.push_back(item.output.values());
  }
  REQUIRE(given.size() == 6);
  for (int steps = 1; steps <= 3; ++steps) {
    NeuralNetwork shorter = make(iterator(steps));
    CHECK(given[static_cast<std::size_t>(steps) - 1] == shorter.run({1, 2}).values());
    CHECK(given[static_cast<std::size_t>(steps) + 2] == shorter.run({3, 4}).values());
  }
}

TEST_CASE("EX-24 runStream: a loop over what comes") {
  NeuralNetwork net = make(rounds(embedded));
  std::size_t count = 0;
  RunStream stream = net.run_stream(Json::text("a"), {.generate = GenerateOptions{.steps = 4}});
  for (const StreamItem& item : stream) {
    CHECK(item.step == count++);
    CHECK(item.token == std::string(1, static_cast<char>('a' + *item.index)));
    CHECK(item.output.size() == 3);
  }
  CHECK(count == 4);
  // The options of a run hold for each of its steps.
  NeuralNetwork percent = make(R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": [0]}],
    "io": {"output": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 100]}}}})");
  for (const bool denormalize : {true, false}) {
    Row given;
    for (const StreamItem& item : percent.run_stream(parsed("[0.5, 0.25]"), {.run = {.denormalize = denormalize}})) given.push_back(item.output[0]);
    CHECK(given == (denormalize ? Row{50, 25} : Row{0.5, 0.25}));
  }
}

TEST_CASE("A-68 tokens are drawn from seed and place: the same on one thread and many, others with another seed") {
  const auto tell = [](std::size_t threads, std::uint64_t seed, GenerateOptions options) {
    NeuralNetwork net = NeuralNetwork::from_json(rounds(embedded), Context::system({.threads = threads}), {.seed = 7});
    options.steps = 60;
    options.seed = seed;
    return said(net.run_stream(Json::text("a"), {.generate = options}));
  };
  const std::string first = tell(1, 3, {});
  CHECK(first.size() == 60);
  CHECK(std::set<char>(first.begin(), first.end()).size() == 3);
  CHECK(tell(4, 3, {}) == first);
  CHECK(tell(1, 4, {}) != first);
  CHECK(tell(1, 3, {.top_k = 1}) == tell(1, 4, {.temperature = 0}));
  const std::string two = tell(1, 3, {.temperature = 1e5, .top_k = 2});
  CHECK(std::set<char>(two.begin(), two.end()).size() >= 2);
  CHECK(tell(1, 3, {.top_p = 1e-9}) == tell(1, 3, {.top_k = 1}));
}

TEST_CASE("A-68 tokens come as often as they are likely; temperature, top k and top p change that as they say") {
  // Whatever is heard: a, b and c with probabilities 0.5, 0.3, 0.2.
  const auto tell = [](GenerateOptions options, const std::string& activation = R"("softmax")") {
    NeuralNetwork net = make(R"({"layers": [{"type": "input", "size": 3}, {"type": "neurons", "size": 3, "weights": [[0,0,0],[0,0,0],[0,0,0]],
        "bias": [-0.6931471805599453, -1.2039728043259361, -1.6094379124341003], "activation": )" + activation + R"(}],
      "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abc", "oneHot": true}}, "output": {"denormalize": "lookup"}}})");
    options.steps = 1000;
    options.seed = 11;
    const std::string text = said(net.run_stream(Json::text("a"), {.generate = options}));
    return std::vector<double>{std::count(text.begin(), text.end(), 'a') / 1000.0, std::count(text.begin(), text.end(), 'b') / 1000.0,
                               std::count(text.begin(), text.end(), 'c') / 1000.0};
  };
  const auto check = [](const Row& shares, const Row& expected) {
    for (std::size_t i = 0; i < 3; ++i) CHECK(shares[i] == Approx(expected[i]).margin(expected[i] == 0 ? 0 : 0.05));
  };
  check(tell({}), {0.5, 0.3, 0.2});
  CHECK(tell({}, "null") == tell({}));  // logarithms up to a constant
  check(tell({.temperature = 0.5}), {0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38});
  check(tell({.temperature = 0.5}, "null"), {0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38});
  check(tell({.temperature = 0}), {1, 0, 0});
  check(tell({.top_k = 2}), {0.625, 0.375, 0});
  check(tell({.top_p = 0.7}), {0.625, 0.375, 0});
  check(tell({.top_p = 0.4}), {1, 0, 0});
}

TEST_CASE("A-68 what generate refuses, the limit on steps, cancelling") {
  NeuralNetwork net = NeuralNetwork::from_json(rounds(embedded), Context::system({.threads = 1, .limits = {.run_steps = 10}}), {.seed = 7});
  const auto reason = [&](GenerateOptions options, std::string_view prompt = "a") {
    return error_of([&] { net.run_stream(Json::text(std::string(prompt)), {.generate = options}); }).details().reason;
  };
  CHECK(reason({.temperature = -1}) == "OPTION");
  CHECK(reason({.top_p = 0}) == "OPTION");
  CHECK(reason({.until = {""}}) == "OPTION");
  CHECK(reason({.steps = 10}) == "RUN_STEPS");
  CHECK(reason({}, "") == "INPUT_SIZE");
  CHECK(reason({}, "x") == "TEXT_UNMAPPED");
  CHECK(said(net.run_stream(Json::text("a"), {.generate = GenerateOptions{}})).size() == 9);  // as far as the limit goes
  std::stop_source stop;
  RunStream stream = net.run_stream(Json::text("a"), {.generate = GenerateOptions{.steps = 5}, .stop = stop.get_token()});
  CHECK(stream.next());
  stop.request_stop();
  const Error cancelled = error_of([&] { stream.next(); });
  CHECK(cancelled.code() == Code::cancelled);
  CHECK(cancelled.hint() == "items given before are whole; begin another stream for more");
  CHECK_FALSE(stream.next());
  NeuralNetwork plain = make(R"({"layers": [2, 3]})");
  CHECK(error_of([&] { plain.run_stream(parsed("[1, 2]"), {.generate = GenerateOptions{}}); }).details().reason == "GENERATE");
}

TEST_CASE("A-68 a model without a memory goes on from the last tokens that its input holds") {
  NeuralNetwork net = make(R"({"layers": [{"type": "input", "size": 2}, {"type": "embedding", "outputDim": 4}, {"type": "neurons", "size": 16, "activation": "tanh"},
      {"type": "neurons", "size": 5, "activation": "softmax"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": ["_", "one", "two", "three", "."], "padding": "_"}}, "output": {"denormalize": "lookup"}}})");
  const std::string text = "one two three. one two three. one two three. one two three.";
  const TrainInfo info = net.train(Dataset::text(text), R"({"optimizer": "adam", "learningRate": 0.02, "maxIterations": 200})");
  CHECK(info.error < 0.1);
  CHECK(said(net.run_stream(Json::text("one"), {.generate = GenerateOptions{.steps = 6, .temperature = 0}})) == " two three. one two three");
}

TEST_CASE("A-68 a token that is fed back as one of many stands alone: the one before is taken out") {
  NeuralNetwork net = make(R"({"layers": [3, {"size": 3, "activation": "softmax", "weights": [[0, 9, 0], [0, 0, 9], [9, 0, 0]], "bias": [0, 0, 0]}]})");
  std::vector<std::size_t> drawn;
  RunStream stream = net.run_stream(parsed("[1, 0, 0]"), {.generate = GenerateOptions{.steps = 6, .temperature = 0}});
  for (const StreamItem& item : stream) drawn.push_back(*item.index);
  CHECK(drawn == std::vector<std::size_t>{1, 2, 0, 1, 2, 0});
}

TEST_CASE("DATA-12 IO-01 IO-03 samples are pushed in, perhaps through a function, and records pulled out, in any measure") {
  NeuralNetwork net = make(R"({"layers": [2, 3], "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["x", "y", "z"]}}}})");
  DataEncoder encoder(net, [](const Json& value) { return Json::numbers({value.as_number(), 7}); });
  encoder.push(Json::number(1), Json::text("y"));
  encoder.reset();
  encoder.push_ignored(Json::number(2));
  encoder.push(Json::number(3), parsed("[1, 2, 3]"));
  encoder.push(Json::number(4), Json::number(2));
  const Row records = {3, 1, 7, 0, 1, 0, 0, 1, 2, 7, 3, 3, 7, 1, 2, 3, 3, 4, 7, 0, 0, 1};
  CHECK(encoder.waiting() == records.size());
  CHECK(error_of([&] { encoder.push(Json::number(1), Json::text("w")); }).details().reason == "LABEL");
  CHECK(error_of([&] { encoder.push(Json::number(1), parsed("[1, 2]")); }).details().reason == "OUTPUT_SIZE");
  CHECK(encoder.waiting() == records.size());
  Row pulled;
  for (Tensor part = encoder.pull(1); part.elements() > 0; part = encoder.pull(8)) {
    CHECK(part.elements() <= 8);
    CHECK(part.type() == DType::fp32);
    for (const double value : as_numbers(part)) pulled.push_back(value);
  }
  CHECK(pulled == records);
  CHECK(encoder.waiting() == 0);
  NeuralNetwork words = make(rounds(embedded));
  DataEncoder texts(words);
  texts.push(Json::text("ab"), Json::text("bc"));
  CHECK(as_numbers(texts.pull()) == Row{3, 0, 0, 1, 0, 3, 1, 0, 0, 1});
  // Of what a dataset gives a reset stands in front of its sample.
  const Context& context = net.context();
  const Tensor input = Tensor::from(context, DType::fp32, Shape{2}, Row{5, 6}), label = Tensor::from(context, DType::i32, Shape{}, Row{2});
  DataEncoder items(net);
  items.push(Item{input, label});
  items.push(Item{input, label, true});
  items.push(Item{input, {}, true, true});
  CHECK(as_numbers(items.pull()) == Row{3, 5, 6, 0, 0, 1, 0, 3, 5, 6, 0, 0, 1, 0, 1, 5, 6});
}

TEST_CASE("IO-05 samples name inputs and outputs, each with the rules of its own") {
  NeuralNetwork net = make(R"({"layers": [{"type": "input", "name": "a", "size": 1, "pipes": [{"type": "input", "name": "b", "size": 2}]}, {"type": "identity"}],
    "outputs": [{"name": "x", "pipeFrom": "a"}, {"name": "y", "pipeFrom": "b"}],
    "io": {"output": {"x": {"denormalize": {"type": "rescale-linear", "from": [0, 1], "to": [0, 100]}},
                      "y": {"denormalize": {"type": "one-hot-to-label", "labels": ["no", "yes"]}}}}})");
  const auto error = [&](const std::string& data) { return net.compute_gradients(Dataset::json(parsed(data))).error; };
  const auto verified = [&](const std::string& data) { return net.verify(Dataset::json(parsed(data))).error; };
  (void)error;
  CHECK(verified(R"([[{"a": 0.5, "b": [0, 1]}, {"x": 50, "y": "yes"}], [[{"b": [1, 0]}, 0.25], {"x": [25], "y": 0}]])") == Approx(0).margin(1e-12));
  CHECK(net.labels("y") == std::vector<std::string>{"no", "yes"});
  CHECK(net.labels("x").empty());
  const auto reason = [&](const std::string& data) { return error_of([&] { verified(data); }).details().reason; };
  CHECK(reason(R"([[{"a": 0.5, "b": [0, 1]}, {"x": 50}]])") == "OUTPUT_MISSING");
  CHECK(reason(R"([[{"a": 0.5, "b": [0, 1]}, {"x": 50, "z": 1}]])") == "OUTPUT_UNKNOWN");
  CHECK(reason(R"([[{"a": 0.5, "b": [0, 1]}, {"x": 50, "y": "maybe"}]])") == "LABEL");
  CHECK(reason(R"([[{"a": 0.5, "b": [0, 1]}, {"x": [50, 1], "y": "no"}]])") == "OUTPUT_SIZE");
  CHECK(reason(R"([[{"a": 0.5, "b": [0, 1]}, null]])") == "SAMPLES");
  const Error place = error_of([&] { verified(R"([[{"a": 0.5, "b": [0, 1]}, {"x": 50, "y": "no"}], [{"a": 0.5}, {"x": 50, "y": "no"}]])"); });
  CHECK(place.path().starts_with("data: /1"));
  CHECK(error_of([&] { Dataset::json(parsed(R"([["text", [1]]])")).item(one_thread(), 0); }).details().reason == "SAMPLES");
}

TEST_CASE("A-68 the gradient of an embedding is right, with a memory behind it too") {
  const std::string type = R"({"dataType": "fp64", "layers": [{"type": "input", "size": 2}, {"type": "embedding", "inputDim": 3, "outputDim": 2})";
  NeuralNetwork plain = make(type + R"(, {"size": 1, "activation": "tanh"}]})");
  CHECK(test::check_gradients(plain, Dataset::from({{{0, 1}, {0.3}}, {{2, 1}, {-0.2}}, {{1, 1}, {0.1}}})) == 3);
  NeuralNetwork recurrent = make(type + R"(, {"type": "gru", "size": 2}, {"size": 1, "activation": "tanh"}]})");
  CHECK(test::check_gradients(recurrent, Dataset::sequences({{{{0, 1}, {0.3}}, {{2, 1}, {-0.2}}, {{1, 1}, {0.1}}}, {{{2, 0}, {0.4}}}})) >= 5);
}

TEST_CASE("A-68 a small cell foretells a text better than its trigrams do") {
  // Who is told of at the beginning of a sentence does something at its end: no trigram sees that far.
  const char* const names[] = {"ann", "bob", "cat", "dan"};
  std::string learn, test;
  std::uint32_t state = 1;
  for (int i = 0; i < 500; ++i) {
    state = state * 1664525 + 1013904223;
    const std::string one = names[state >> 30], two = names[(state >> 28) & 3];
    (i % 10 == 9 ? test : learn) += one + " saw " + two + ", so " + two + " saw " + one + ".\n";
  }
  NeuralNetwork net = make(R"({"layers": [{"type": "input", "size": 15}, {"type": "gru", "size": 40}, {"size": 15, "activation": "softmax"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "abcdnostw ,.\nxy", "oneHot": true}}, "output": {"denormalize": "lookup"}}})");
  net.train(Dataset::text(learn, 16), R"({"optimizer": "adam", "learningRate": 0.01, "maxIterations": 30, "batchSize": 16})");
  const double cell = std::exp(net.verify(Dataset::text(test, 4)).error);
  // Trigrams, counted from the same text, one added to each count of what follows a known pair.
  std::map<std::string, double> counts;
  for (std::size_t i = 0; i + 2 < learn.size(); ++i) {
    ++counts[learn.substr(i, 2)];
    ++counts[learn.substr(i, 3)];
  }
  double sum = 0;
  for (std::size_t i = 2; i < test.size(); ++i)
    sum -= std::log((counts[test.substr(i - 2, 3)] + 0.01) / (counts[test.substr(i - 2, 2)] + 0.15));
  const double trigrams = std::exp(sum / static_cast<double>(test.size() - 2));
  INFO("cell " << cell << ", trigrams " << trigrams);
  CHECK(cell < 0.8 * trigrams);
}

TEST_CASE("A-62 an output goes by the label that it is given, else by that of its layer") {
  NeuralNetwork net = make(R"({"layers": [2, {"name": "g", "label": "inner:0", "size": 2}, {"name": "h", "label": "inner:1", "size": 1, "pipeFrom": "g"}],
      "outputs": [{"name": "o", "label": "out:0", "pipeFrom": "g"}, {"pipeFrom": "h"}]})");
  CHECK(net.outputs()[0].label == "out:0");
  CHECK(net.outputs()[1].label == "inner:1");
  NeuralNetwork again = make(net.export_model({.optimize = "minify"}));
  CHECK(again.outputs()[0].label == "out:0");
  CHECK(again.outputs()[1].label == "inner:1");
  // It is asked for by either, and samples name it by either.
  NeuralNetwork answers = make(R"({"layers": [{"name": "a", "size": 2}], "outputs": [
      {"name": "o", "label": "out:0", "pipeFrom": "a"}, {"name": "p", "label": "out:1", "pipeFrom": "a"}],
      "io": {"output": {"out:1": {"denormalize": {"type": "one-hot-to-label", "labels": ["no", "yes"]}}}}})");
  CHECK(answers.labels("out:1") == std::vector<std::string>{"no", "yes"});
  CHECK(answers.labels("p") == answers.labels("out:1"));
  CHECK(answers.labels("out:0").empty());
  CHECK(answers.verify(Dataset::json(parsed(R"([[[0, 1], {"out:0": [0, 1], "out:1": "yes"}], [[1, 0], {"p": "no", "out:0": [1, 0]}]])"))).error == 0);
  const Error unknown = error_of([&] { answers.labels("out:2"); });
  CHECK(unknown.reason() == "OUTPUT_UNKNOWN");
  CHECK(unknown.expected() == R"("out:0", "out:1")");
}
